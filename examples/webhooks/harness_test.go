package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/hooktx/hooks"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// limit is how long a test waits for what must come. It is no part of any verdict.
const limit = 30 * time.Second

// A world is a service with all that it needs, on loopback ports of its own.
type world struct {
	t        *testing.T
	store    *Store
	receiver *Receiver
	service  *Service
	url      string
	verdicts chan Verdict // of each execution, in the order of their ends

	client *http.Client
	stop   context.CancelFunc // begins the drain
	served chan error         // what Serve returned
}

// newWorld starts a world; edit changes its settings before. The receiver works
// unless fault says otherwise.
func newWorld(t *testing.T, fault func(string) Fault, edit func(*Settings)) *world {
	t.Helper()
	if fault == nil {
		fault = always(FaultNone)
	}
	w := &world{
		t: t, verdicts: make(chan Verdict, 1000), served: make(chan error, 1),
		client: &http.Client{Transport: new(http.Transport)},
	}
	var err error
	w.store, err = OpenStore(t.Context(), filepath.Join(t.TempDir(), "what?100%.db"))
	require.NoError(t, err)
	w.receiver, err = NewReceiver(fault)
	require.NoError(t, err)
	settings := Settings{
		Store: w.store, Secret: []byte("test"),
		Notifier: &Notifier{Client: &http.Client{Transport: new(http.Transport)}, URL: w.receiver.URL(), Timeout: limit},
		Observe:  func(v Verdict) { w.verdicts <- v },
	}
	if edit != nil {
		edit(&settings)
	}
	w.service, err = NewService(settings)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w.url = "http://" + l.Addr().String() + "/"
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	go func() { w.served <- Serve(ctx, l, w.service, limit) }()
	t.Cleanup(w.end)
	return w
}

// end stops everything in order. Tests that stop it themselves call it earlier.
func (w *world) end() {
	if w.stop == nil {
		return
	}
	w.stop()
	w.stop = nil
	w.client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	require.NoError(w.t, <-w.served)
	require.NoError(w.t, w.service.Close(ctx))
	require.NoError(w.t, w.receiver.Close(ctx))
	require.NoError(w.t, w.store.Close())
}

// request makes a signed request.
func (w *world) request(ctx context.Context, event, delivery, body string) *http.Request {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader([]byte(body)))
	require.NoError(w.t, err)
	req.Header.Set("X-GitHub-Event", event)
	req.Header.Set("X-GitHub-Delivery", delivery)
	req.Header.Set("X-Hub-Signature-256", sign([]byte("test"), []byte(body)))
	return req
}

// do sends a request and returns the answer; code 0 means that there was none.
func (w *world) do(req *http.Request) (code int, a Answer) {
	resp, err := w.client.Do(req)
	if err != nil {
		return 0, a
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		return 0, a
	}
	return resp.StatusCode, a
}

// post sends a good webhook.
func (w *world) post(event, delivery string) (code int, a Answer) {
	return w.do(w.request(context.Background(), event, delivery, `{"action":"test","mail":"ann@example.com"}`))
}

// posting is post on a goroutine; the channel gets the code.
func (w *world) posting(event, delivery string) <-chan int {
	answered := make(chan int, 1)
	go func() {
		code, _ := w.post(event, delivery)
		answered <- code
	}()
	return answered
}

// holds requires that database and receiver have these deliveries, and no other.
func (w *world) holds(deliveries ...string) {
	w.t.Helper()
	rows, err := w.store.rows(context.Background())
	require.NoError(w.t, err)
	var stored, noted []string
	for delivery, row := range rows {
		require.True(w.t, row.settled, "the row of %s is pending", delivery)
		stored = append(stored, delivery)
	}
	notes, _ := w.receiver.Taken()
	for _, note := range notes {
		noted = append(noted, note.Delivery)
	}
	require.ElementsMatch(w.t, deliveries, stored, "rows in the database")
	require.ElementsMatch(w.t, deliveries, noted, "notes that the receiver has")
}

// next returns the next verdict.
func (w *world) next() Verdict {
	w.t.Helper()
	return recv(w.t, w.verdicts, "a verdict")
}

// outcome returns how a hook of the chain ended.
func outcome(t *testing.T, v Verdict, hook string) hooks.Result {
	t.Helper()
	for _, r := range v.Report.Results() {
		if r.Hook == hook {
			return r
		}
	}
	require.Fail(t, "no such hook", "%s in %v", hook, v.Report)
	return hooks.Result{}
}

func always(f Fault) func(string) Fault { return func(string) Fault { return f } }

// recv receives from c, but not for ever.
func recv[V any](t *testing.T, c <-chan V, what string) V {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(limit):
		require.FailNow(t, "never came: "+what)
		panic("unreachable")
	}
}

// A gate is a transport in which notes stop until they are let through. Requests
// that take a note back pass.
type gate struct {
	http.RoundTripper
	deaf    bool               // does not hear that a request's context has ended
	entered chan *http.Request // gets each note that has stopped
	open    chan struct{}      // closed to let them through
}

func newGate(deaf bool) *gate {
	return &gate{new(http.Transport), deaf, make(chan *http.Request, 100), make(chan struct{})}
}

func (g *gate) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodPost {
		return g.RoundTripper.RoundTrip(req)
	}
	g.entered <- req
	if g.deaf {
		<-g.open
		return g.RoundTripper.RoundTrip(req.WithContext(context.WithoutCancel(req.Context())))
	}
	select {
	case <-g.open:
		return g.RoundTripper.RoundTrip(req)
	case <-req.Context().Done():
		return nil, context.Cause(req.Context())
	}
}

// CloseIdleConnections lets http.Client find the transport's own.
func (g *gate) CloseIdleConnections() { g.RoundTripper.(*http.Transport).CloseIdleConnections() }

// install has the notifier of a world use the gate.
func (g *gate) install(s *Settings) { s.Notifier.Client = &http.Client{Transport: g} }
