package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/hooktx/hooks"
)

var errNotify = errors.New("the notification failed")

// A Note is what the receiver is told of an event.
type Note struct {
	Delivery string `json:"delivery"`
	Event    string `json:"event"`
	Summary  string `json:"summary"`
}

// A Notifier tells another program of events, and takes it back if the chain fails.
//
// The idempotency key goes with each note. A receiver that honours it takes a note
// once, however often it comes; and a key that was taken back is dead, so that a
// note still on its way cannot arrive behind its own withdrawal.
type Notifier struct {
	Client  *http.Client
	URL     string
	Timeout time.Duration // of one note
}

// Hook returns the hook that sends the note.
func (n *Notifier) Hook() hooks.Hook[hooks.Event] {
	return hooks.Define(hooks.Funcs[hooks.Event]{
		Name:    "notify",
		Options: hooks.Options{ReadOnly: true, Timeout: n.Timeout},
		Execute: func(ctx context.Context, e *hooks.Event) (any, error) {
			info, _ := hooks.InfoFrom(ctx)
			derived, _ := e.Context[keyDerived].(map[string]any)
			text, _ := derived["summary"].(string)
			note, err := json.Marshal(Note{Delivery: e.ID, Event: e.Type, Summary: text})
			if err != nil {
				return nil, err
			}
			return nil, n.send(ctx, http.MethodPost, info.IdempotencyKey, note)
		},
		Rollback: func(ctx context.Context, _ *hooks.Event) error {
			info, _ := hooks.InfoFrom(ctx)
			return n.send(ctx, http.MethodDelete, info.Undoes, nil)
		},
	})
}

// send makes one request. Its error says whether the request may have had effect:
// no if it was never sent or was refused, and otherwise nobody here can know.
func (n *Notifier) send(ctx context.Context, method, key string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, method, n.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)
	resp, err := n.Client.Do(req)
	if err != nil {
		err = fmt.Errorf("%w: %w", errNotify, err)
		if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
			return err
		}
		return hooks.Unknown(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16)) // so that the connection can be used again
	switch {
	case resp.StatusCode < 300:
		return nil
	case resp.StatusCode < 500:
		return fmt.Errorf("%w: %s", errNotify, resp.Status)
	}
	return hooks.Unknown(fmt.Errorf("%w: %s", errNotify, resp.Status))
}
