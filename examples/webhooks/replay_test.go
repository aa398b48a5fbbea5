package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func listen(t *testing.T) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return l
}

// replay runs Replay over testdata with the program's own faults. sabotage is run
// on the database before.
func replay(t *testing.T, sabotage string) (output string, err error) {
	store, err := OpenStore(t.Context(), filepath.Join(t.TempDir(), "w.db"))
	require.NoError(t, err)
	defer store.Close()
	_, err = store.db.Exec(sabotage)
	require.NoError(t, err)
	receiver, err := NewReceiver(FaultOf)
	require.NoError(t, err)
	defer receiver.Close(context.Background())
	var out bytes.Buffer
	err = Replay(t.Context(), "testdata", listen(t), Settings{
		Store: store, Secret: []byte("test"), Workers: 2,
		Notifier: &Notifier{Client: &http.Client{Transport: new(http.Transport)}, URL: receiver.URL(), Timeout: 500 * time.Millisecond},
	}, receiver, &out)
	return out.String(), err
}

func TestReplay(t *testing.T) {
	out, err := replay(t, "")
	require.NoError(t, err, out)
	for _, want := range []string{
		"posted       7 webhooks",
		"answered     3 × 200 OK, 3 × 502 Bad Gateway, 1 × 504 Gateway Timeout",
		"redelivered  3 × 200 OK: 3 × committed",
		"hostile      3 × 400 Bad Request, 4 × 401 Unauthorized: 7 × rejected",
		"redacted     4 addresses and 2 secrets",
		`redact  Data["sender"]["email"]: "ann@example.com" → "[address]"`,
		"17 executions = 6 commits + 11 failures",
		"3 rows and 3 notes: all agree",
	} {
		assert.Contains(t, out, want)
	}
}

// An audit that cannot fail proves nothing.
func TestReplayFindsWhatIsWrong(t *testing.T) {
	for _, test := range []struct{ reason, sabotage, want string }{
		{"a stored row vanishes", `CREATE TRIGGER bad AFTER UPDATE ON deliveries WHEN NEW.event = 'ping'
			BEGIN DELETE FROM deliveries WHERE delivery = NEW.delivery; END`, "ping: committed, but it has no row"},
		{"a row that was taken back stays", `CREATE TRIGGER bad AFTER DELETE ON deliveries WHEN OLD.event = 'meta'
			BEGIN INSERT INTO deliveries VALUES (OLD.delivery, OLD.key, OLD.event, '', '', '', 0); END`,
			"meta.deleted: rolled back, but it has a row"},
		{"a row has another body", `CREATE TRIGGER bad AFTER UPDATE ON deliveries WHEN NEW.event = 'push'
			BEGIN UPDATE deliveries SET body = '"bob@example.org"' WHERE delivery = NEW.delivery; END`, "push.main: committed as"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			out, err := replay(t, test.sabotage)
			require.ErrorContains(t, err, "do not agree", out)
			assert.Contains(t, out, "WRONG: "+test.want)
		})
	}
}

func TestReplayNeedsFiles(t *testing.T) {
	_, err := load(t.TempDir())
	assert.ErrorContains(t, err, "no JSON files")
}
