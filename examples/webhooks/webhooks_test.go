package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hooktx/hooks"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStoresRedactedAndEnriched(t *testing.T) {
	w := newWorld(t, nil, nil)
	body, err := os.ReadFile("testdata/issues.opened.json")
	require.NoError(t, err)

	code, a := w.do(w.request(t.Context(), "issues", "d-1", string(body)))
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, Answer{Delivery: "d-1", Execution: w.next().Report.Execution, Status: "stored"}, a)
	w.holds("d-1")

	var stored, derived, event, key string
	require.NoError(t, w.store.db.QueryRow(`SELECT body, derived, event, key FROM deliveries`).Scan(&stored, &derived, &event, &key))
	assert.JSONEq(t, `{"action":"opened","issue":{"id":9007199254740993,"number":7,"title":"Gate & <fence> broken",
		"body":"Ask [address], or use [secret] to look","assignees":[]},
		"repository":{"full_name":"ann/garden","ssh_url":"git@github.com:ann/garden.git"},
		"sender":{"login":"ann","email":"[address]"}}`, stored)
	assert.Contains(t, stored, "9007199254740993", "a large number must not lose digits")
	assert.Contains(t, stored, "Gate & <fence>", "no escapes that were not there")
	assert.JSONEq(t, `{"action":"opened","actor":"ann","repository":"ann/garden","summary":"issues opened by ann in ann/garden"}`, derived)
	assert.Equal(t, "issues", event)

	notes, takenBack := w.receiver.Taken()
	assert.Equal(t, []Note{{"d-1", "issues", "issues opened by ann in ann/garden"}}, slices.Collect(maps.Values(notes)))
	assert.Zero(t, takenBack)
	assert.True(t, strings.HasPrefix(key, a.Execution+"/store"), "the row has the key of the hook that wrote it: %s", key)
}

func TestRefuses(t *testing.T) {
	const good = `{"action":"opened"}`
	deep := strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000)
	for _, test := range []struct {
		reason string
		body   string
		edit   func(*http.Request)
		code   int
		status string // part of it
	}{
		{"nothing is wrong", good, nil, 200, "stored"},
		{"the signature is another body's", good, header("X-Hub-Signature-256", sign([]byte("test"), []byte("{}"))), 401, "signature"},
		{"the signature is another secret's", good, header("X-Hub-Signature-256", sign([]byte("guess"), []byte(good))), 401, "signature"},
		{"the signature is cut short", good, header("X-Hub-Signature-256", sign([]byte("test"), []byte(good))[:30]), 401, "signature"},
		{"the signature is missing", good, header("X-Hub-Signature-256", ""), 401, "signature"},
		{"the signature is checked before the body is decoded", `{"a`, header("X-Hub-Signature-256", ""), 401, "signature"},
		{"the body is cut short", `{"action":"op`, nil, 400, "JSON"},
		{"the body is empty", ``, nil, 400, "JSON"},
		{"the body is no object", `[{"action":"opened"}]`, nil, 400, "JSON"},
		{"the body is null", `null`, nil, 400, "JSON"},
		{"something follows the object", good + ` {}`, nil, 400, "JSON"},
		{"the body is nested too deep", deep, nil, 400, "JSON"},
		{"the event is not named", good, header("X-GitHub-Event", ""), 400, "X-GitHub-Event"},
		{"the delivery is not named", good, header("X-GitHub-Delivery", ""), 400, "X-GitHub-Delivery"},
		{"the method is another", good, func(r *http.Request) { r.Method = http.MethodPut }, 405, "POST"},
		{"the body is too large", `{"a":"` + strings.Repeat("x", 200_000) + `"}`, nil, 413, "too large"},
		{"the event is too large in memory, though its body is not", `{"a":[` + strings.Repeat("{},", 60_000) + `{}]}`, nil, 413, "too large"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			w := newWorld(t, nil, func(s *Settings) { s.MaxBody, s.MaxState = 190_000, 1_000_000 })
			req := w.request(t.Context(), "issues", "d-1", test.body)
			if test.edit != nil {
				test.edit(req)
			}
			code, a := w.do(req)
			assert.Equal(t, test.code, code)
			assert.Contains(t, a.Status, test.status)
			if test.code == http.StatusOK {
				w.holds("d-1")
			} else {
				w.holds()
			}
		})
	}
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func TestReceiverFails(t *testing.T) {
	for _, test := range []struct {
		fault   Fault
		code    int
		outcome hooks.Outcome
		undone  string
		reason  string
	}{
		{FaultRefuse, 502, hooks.OutcomeFailed, "store done", "a refused note is no effect: there is nothing to take back"},
		{FaultBreak, 502, hooks.OutcomeFailed, "notify unknown, store done", "a broken receiver may have taken it"},
		{FaultCut, 502, hooks.OutcomeFailed, "notify unknown, store done", "so may one that is cut off"},
		{FaultHang, 504, hooks.OutcomeTimedOut, "notify unknown, store done", "and one that does not answer"},
	} {
		t.Run(string(test.fault), func(t *testing.T) {
			w := newWorld(t, always(test.fault), func(s *Settings) {
				if test.fault == FaultHang {
					s.Notifier.Timeout = 50 * time.Millisecond
				}
			})
			code, _ := w.post("issues", "d-1")
			assert.Equal(t, test.code, code)
			w.holds()

			v := w.next()
			assert.Equal(t, test.outcome, outcome(t, v, "notify").Outcome)
			var undone []string
			for _, u := range v.Report.Rollbacks {
				assert.NoError(t, u.Err)
				undone = append(undone, fmt.Sprint(u.Hook, " ", u.Effect))
			}
			assert.Equal(t, test.undone, strings.Join(undone, ", "), test.reason)
		})
	}
}

func TestReceiverIsGone(t *testing.T) {
	w := newWorld(t, nil, func(s *Settings) { s.Notifier.URL = "http://127.0.0.1:1/notes" })
	code, _ := w.post("issues", "d-1")
	assert.Equal(t, http.StatusBadGateway, code)
	w.holds()
	rollbacks := w.next().Report.Rollbacks
	require.Len(t, rollbacks, 1, "what was never sent need not be taken back")
	assert.Equal(t, "store", rollbacks[0].Hook)
}

// A notification that does not even hear that its time is up: the sender is
// answered and the row gone at the deadline; the note arrives long after, and is
// taken back.
func TestLateNoteIsTakenBack(t *testing.T) {
	g := newGate(true)
	w := newWorld(t, nil, func(s *Settings) {
		g.install(s)
		s.Notifier.Timeout = 300 * time.Millisecond
	})
	code, _ := w.post("issues", "d-1")
	require.Equal(t, http.StatusGatewayTimeout, code)
	w.holds()

	v := w.next()
	res := outcome(t, v, "notify")
	assert.Equal(t, hooks.OutcomeTimedOut, res.Outcome)
	assert.True(t, res.Abandoned)
	abandoned := w.service.executor.Abandoned()
	require.Len(t, abandoned, 1)
	assert.Equal(t, "notify", abandoned[0].Hook)

	// The same delivery again, while the first one's notification is on its way.
	close(g.open)
	code, _ = w.post("issues", "d-1")
	require.Equal(t, http.StatusOK, code)

	w.end() // waits for what is late
	_, takenBack := w.receiver.Taken()
	assert.Equal(t, 1, takenBack)
	notes, _ := w.receiver.Taken()
	assert.Len(t, notes, 1, "the note of the second execution, under its own key, stays")
	m := w.service.Metrics()
	assert.EqualValues(t, 1, m.AbandonedEver)
	assert.EqualValues(t, 1, m.LateEnds)
	assert.EqualValues(t, 1, m.LateCompensations)
	assert.Zero(t, m.AbandonedNow)
	_, err := w.service.executor.Execute(context.Background(), new(hooks.Event))
	assert.ErrorIs(t, err, hooks.ErrClosed, "Close shuts the executor down")
}

func TestRedelivery(t *testing.T) {
	w := newWorld(t, nil, nil)
	for i := range 3 {
		code, a := w.post("issues", "d-1")
		assert.Equal(t, http.StatusOK, code)
		assert.Equal(t, i > 0, a.Status == "was stored before", a.Status)
		v := w.next()
		assert.Equal(t, i == 0, outcome(t, v, "notify").Success(), "a duplicate must not notify again")
		w.holds("d-1")
	}
}

func TestRedeliveryAfterFailure(t *testing.T) {
	faults := make(chan Fault, 2)
	faults <- FaultCut
	faults <- FaultNone
	w := newWorld(t, func(string) Fault { return <-faults }, nil)
	code, _ := w.post("issues", "d-1")
	require.Equal(t, http.StatusBadGateway, code)
	w.holds()
	code, a := w.post("issues", "d-1")
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "stored", a.Status)
	w.holds("d-1")
}

// While a delivery is under way, nobody can say of its copy that it is stored.
func TestCopyInFlight(t *testing.T) {
	g := newGate(false)
	w := newWorld(t, nil, g.install)
	first := w.posting("issues", "d-1")
	recv(t, g.entered, "the first note")
	code, _ := w.post("issues", "d-1")
	assert.Equal(t, http.StatusConflict, code)
	close(g.open)
	assert.Equal(t, http.StatusOK, recv(t, first, "the first answer"))
	w.holds("d-1")
}

func TestCopiesAtOnce(t *testing.T) {
	w := newWorld(t, nil, nil)
	var answers []<-chan int
	for range 20 {
		answers = append(answers, w.posting("issues", "d-1"))
	}
	for _, a := range answers {
		assert.Contains(t, []int{http.StatusOK, http.StatusConflict}, recv(t, a, "an answer"))
	}
	w.holds("d-1")
}

func TestQueueFull(t *testing.T) {
	g := newGate(false)
	w := newWorld(t, nil, func(s *Settings) {
		g.install(s)
		s.Workers, s.Queue = 1, 1
	})
	first := w.posting("issues", "d-1")
	recv(t, g.entered, "the first note") // the worker is busy
	queued, err := w.service.loop.submit(func() {})
	require.NoError(t, err) // the queue is full

	resp, err := w.client.Do(w.request(t.Context(), "issues", "d-2", `{}`))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	assert.NotEmpty(t, resp.Header.Get("Retry-After"))

	close(g.open)
	assert.Equal(t, http.StatusOK, recv(t, first, "the first answer"))
	recv(t, queued, "the end of the queued job")
	w.holds("d-1")
	code, _ := w.post("issues", "d-2")
	assert.Equal(t, http.StatusOK, code, "it heals")
}

// The sender hangs up while its event is under way: nobody will have heard
// "stored", and nothing is.
func TestSenderHangsUp(t *testing.T) {
	g := newGate(false)
	w := newWorld(t, nil, g.install)
	ctx, hangUp := context.WithCancel(t.Context())
	answered := make(chan int, 1)
	go func() {
		code, _ := w.do(w.request(ctx, "issues", "d-1", `{}`))
		answered <- code
	}()
	recv(t, g.entered, "the note")
	hangUp()
	assert.Zero(t, recv(t, answered, "the end of the request"))
	v := w.next()
	assert.ErrorIs(t, v.Err, context.Canceled)
	assert.Equal(t, hooks.OutcomeCancelled, outcome(t, v, "notify").Outcome)
	w.holds()
}

func TestDrain(t *testing.T) {
	g := newGate(false)
	w := newWorld(t, nil, g.install)
	first := w.posting("issues", "d-1")
	recv(t, g.entered, "the note")

	w.stop()
	// The drain has begun once no new connection is taken.
	for refused := false; !refused; {
		code, _ := w.do(w.request(t.Context(), "", "", `{}`))
		refused = code == 0
		w.client.CloseIdleConnections()
	}
	close(g.open)
	assert.Equal(t, http.StatusOK, recv(t, first, "the answer to what was under way"))
	w.holds("d-1")
}

// Patience ends before the request does: it is cut off, and rolled back.
func TestDrainOutOfPatience(t *testing.T) {
	g := newGate(false)
	w := newWorld(t, nil, g.install)
	l := listen(t)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, l, w.service, time.Millisecond) }()

	w.url = "http://" + l.Addr().String() + "/"
	first := w.posting("issues", "d-1")
	recv(t, g.entered, "the note")
	stop()
	assert.ErrorIs(t, recv(t, served, "the end of Serve"), context.DeadlineExceeded)
	assert.Zero(t, recv(t, first, "the end of the request"))
	assert.ErrorIs(t, w.next().Err, context.Canceled)
	w.holds()
}

// The last step before the commit fails: the note has long been taken, and is taken
// back.
func TestSettleFails(t *testing.T) {
	w := newWorld(t, nil, nil)
	_, err := w.store.db.Exec(`CREATE TRIGGER no BEFORE UPDATE ON deliveries BEGIN SELECT RAISE(ABORT, 'disk on fire'); END`)
	require.NoError(t, err)
	code, _ := w.post("issues", "d-1")
	assert.Equal(t, http.StatusInternalServerError, code)
	v := w.next()
	assert.ErrorContains(t, v.Err, `before commit "store"`)
	assert.ErrorContains(t, v.Err, "disk on fire")
	w.holds()
	_, takenBack := w.receiver.Taken()
	assert.Equal(t, 1, takenBack)
}

func TestTakeBackFails(t *testing.T) {
	w := newWorld(t, always(FaultRefuse), nil)
	_, err := w.store.db.Exec(`CREATE TRIGGER no BEFORE DELETE ON deliveries BEGIN SELECT RAISE(ABORT, 'stuck'); END`)
	require.NoError(t, err)
	code, a := w.post("issues", "d-1")
	assert.Equal(t, http.StatusInternalServerError, code)
	assert.Contains(t, a.Status, "not everything could be undone")
	v := w.next()
	assert.ErrorIs(t, v.Err, hooks.ErrRollback)
	assert.ErrorIs(t, v.Err, errNotify, "the cause comes first")
}

// A process that died within a chain left a row that nobody was promised.
func TestPendingRowsGoOnOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "what? 100%.db")
	s, err := OpenStore(t.Context(), path)
	require.NoError(t, err)
	require.FileExists(t, path)
	_, err = s.db.Exec(`INSERT INTO deliveries (delivery, key, event, received, derived, body, settled)
		VALUES ('whole', 'k1', 'e', '', '', '', 1), ('half', 'k2', 'e', '', '', '', 0)`)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	s, err = OpenStore(t.Context(), path)
	require.NoError(t, err)
	rows, err := s.rows(t.Context())
	require.NoError(t, err)
	assert.Len(t, rows, 1)
	assert.Contains(t, rows, "whole")
	require.NoError(t, s.Close())
}

// By the time an execution takes its row back, the row of the same delivery may be
// another execution's.
func TestTakeBackLeavesTheRowsOfOthers(t *testing.T) {
	s, err := OpenStore(t.Context(), filepath.Join(t.TempDir(), "w.db"))
	require.NoError(t, err)
	defer s.Close()
	replace := hooks.Func("replace", func(ctx context.Context, _ *hooks.Event) error {
		_, err := s.db.ExecContext(ctx, `UPDATE deliveries SET key = 'another'`)
		return errors.Join(err, errors.New("no"))
	})
	report, err := hooks.Run(t.Context(), &hooks.Event{ID: "d-1"}, s.Hook(), replace)
	require.Error(t, err)
	require.Len(t, report.Rollbacks, 1)
	require.NoError(t, report.Rollbacks[0].Err)
	rows, err := s.rows(t.Context())
	require.NoError(t, err)
	assert.Contains(t, rows, "d-1")
}

// A hook that brings back what redact removed is refused by the validator.
func TestStayRedacted(t *testing.T) {
	x, err := hooks.New(hooks.Config{}, stayRedacted())
	require.NoError(t, err)
	e := &hooks.Event{Data: map[string]any{"from": "ann@example.com"}, Context: map[string]any{}}
	talk := hooks.Func("talk", func(_ context.Context, e *hooks.Event) error {
		e.Data["reply-to"] = []any{"bob@example.com"}
		return nil
	})
	_, err = x.Execute(t.Context(), e, redact(), talk)
	assert.ErrorIs(t, err, hooks.ErrInvalidState)
	assert.ErrorContains(t, err, "1 addresses")
	assert.Equal(t, map[string]any{"from": "ann@example.com"}, e.Data, "the event is as it was")

	_, err = x.Execute(t.Context(), e, redact())
	assert.NoError(t, err)
	assert.Equal(t, map[string]any{"from": "[address]"}, e.Data)
}

func TestRedact(t *testing.T) {
	for _, test := range []struct {
		in, want string
		reason   string
	}{
		{"nothing here", "nothing here", "no match"},
		{"ann@example.com", "[address]", "an address"},
		{"Ann <ann.b+c@mail.example.co.uk>, bob@x.io", "Ann <[address]>, [address]", "two of them"},
		{"ask ann@example.com: she knows", "ask [address]: she knows", "a colon is not a place"},
		{"git@github.com:ann/garden.git", "git@github.com:ann/garden.git", "a place is no person"},
		{"ann@example.com:about", "[address]:about", "nor is everything with a colon a place"},
		{"@ann in a@b", "@ann in a@b", "no domain"},
		{"ghp_0123456789abcdefghijABCDEFGHIJ012345", "[secret]", "a token"},
		{"Authorization: Bearer abcdefghijklmnop==", "Authorization: [secret]", "a bearer token"},
		{"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "[secret]", "a JSON web token"},
		{"AKIAABCDEFGHIJKLMNOP", "[secret]", "a cloud key"},
	} {
		var r Redacted
		got := r.text(test.in)
		assert.Equal(t, test.want, got, test.reason)
		assert.Equal(t, got, new(Redacted).text(got), "a second time changes nothing")
	}

	var r Redacted
	o := map[string]any{
		"password": "hunter2", "Token": "t", "secret": "", "token": map[string]any{"kind": "ann@example.com"},
		"list": []any{[]any{"a@example.com", 1.5, nil, true}},
	}
	r.object(o)
	assert.Equal(t, map[string]any{
		"password": "[secret]", "Token": "[secret]", "secret": "", "token": map[string]any{"kind": "[address]"},
		"list": []any{[]any{"[address]", 1.5, nil, true}},
	}, o)
	assert.Equal(t, Redacted{Addresses: 2, Secrets: 2}, r)
}
