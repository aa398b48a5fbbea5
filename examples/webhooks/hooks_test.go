package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hooktx/hooks"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The hooks on their own: what is not seen from outside the server.

func TestDecodeTakesTheBodyAway(t *testing.T) {
	e := &hooks.Event{Context: map[string]any{keyBody: []byte(`{"from":"ann@example.com"}`), keySignature: "s"}}
	_, err := hooks.Run(t.Context(), e, decode())
	require.NoError(t, err)
	assert.Equal(t, map[string]any{keySignature: "s"}, e.Context)
}

func TestEnrich(t *testing.T) {
	for _, test := range []struct {
		reason string
		data   map[string]any
		want   map[string]any
		warned bool
	}{
		{"all is there", map[string]any{
			"action": "opened", "sender": map[string]any{"login": "ann"},
			"repository": map[string]any{"full_name": "ann/garden"}, "organization": map[string]any{"login": "gardeners"},
		}, map[string]any{
			"action": "opened", "actor": "ann", "repository": "ann/garden", "owner": "gardeners",
			"summary": "issues opened by ann in ann/garden",
		}, false},
		{"nothing is there", map[string]any{}, map[string]any{"summary": "issues"}, true},
		{"all has another shape", map[string]any{"action": 1, "sender": "ann", "repository": map[string]any{"full_name": nil}},
			map[string]any{"summary": "issues"}, true},
	} {
		e := &hooks.Event{Type: "issues", Data: test.data, Context: map[string]any{}}
		report, err := hooks.Run(t.Context(), e, enrich())
		require.NoError(t, err, test.reason)
		assert.Equal(t, test.want, e.Context[keyDerived], test.reason)
		assert.Equal(t, test.warned, len(report.Results()[0].Warnings) > 0, test.reason)
	}
}

// A note that arrives behind its own withdrawal is not taken.
func TestReceiverKeepsDeadKeysDead(t *testing.T) {
	r, err := NewReceiver(always(FaultNone))
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close(t.Context())) }()
	n := &Notifier{Client: &http.Client{Transport: new(http.Transport)}, URL: r.URL()}
	defer n.Client.CloseIdleConnections()
	require.NoError(t, n.send(t.Context(), http.MethodDelete, "k-1", nil))
	require.ErrorContains(t, n.send(t.Context(), http.MethodPost, "k-1", []byte(`{"delivery":"d-1"}`)), "410 Gone")
	require.NoError(t, n.send(t.Context(), http.MethodPost, "k-2", []byte(`{"delivery":"d-1"}`)))
	require.NoError(t, n.send(t.Context(), http.MethodPost, "k-2", []byte(`{"delivery":"d-1"}`)), "the same key again is the same note")
	notes, dead := r.Taken()
	assert.Equal(t, map[string]Note{"k-2": {Delivery: "d-1"}}, notes)
	assert.Equal(t, 1, dead)
}

// Closing a receiver ends the requests that hang in it.
func TestReceiverClose(t *testing.T) {
	entered := make(chan struct{})
	r, err := NewReceiver(func(string) Fault { close(entered); return FaultHang })
	require.NoError(t, err)
	n := &Notifier{Client: &http.Client{Transport: new(http.Transport)}, URL: r.URL()}
	sent := make(chan error, 1)
	go func() { sent <- n.send(context.Background(), http.MethodPost, "k-1", []byte(`{}`)) }()
	recv(t, entered, "the note")
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	require.NoError(t, r.Close(ctx))
	require.ErrorIs(t, recv(t, sent, "the end of the request"), errNotify)
}

// Close lets what is in the queue run, and refuses what comes behind.
func TestLoopClose(t *testing.T) {
	l := NewLoop(1, 10)
	hold := make(chan struct{})
	ran := 0 // by the one worker; read behind Close
	_, err := l.submit(func() { <-hold; ran++ })
	require.NoError(t, err)
	for range 5 {
		_, err := l.submit(func() { ran++ })
		require.NoError(t, err)
	}
	time.AfterFunc(10*time.Millisecond, func() { close(hold) }) // behind the call of Close, most likely
	l.Close()
	assert.Equal(t, 6, ran)
	assert.ErrorIs(t, l.Do(func() { ran++ }), errClosing)
	l.Close() // a second time is no harm
	assert.Equal(t, 6, ran)
}

func TestStatusNeverTellsInternals(t *testing.T) {
	for _, err := range []error{errSignature, errMalformed, errFull, errClosing, errInFlight, errNotify, hooks.ErrTimeout,
		hooks.ErrClosed, hooks.ErrTooManyAbandoned, hooks.ErrStateTooLarge, hooks.ErrRollback, hooks.ErrPanic} {
		code, text := status(hooks.Reject("%w: open /home/ann/secret.db", err))
		assert.Less(t, 399, code, err)
		assert.False(t, strings.Contains(text, "secret.db"), text)
	}
}
