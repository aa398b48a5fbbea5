package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/hooktx/hooks"
)

var errMalformed = errors.New("the body is not one JSON object")

// decode turns the body into e.Data. The body itself goes: nothing behind this hook
// sees what redact is about to remove.
func decode() hooks.Hook[hooks.Event] {
	return hooks.Func("decode", func(_ context.Context, e *hooks.Event) error {
		body, _ := e.Context[keyBody].([]byte)
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber() // a float64 would bend ids beyond 2^53
		if err := d.Decode(&e.Data); err != nil {
			return hooks.Reject("%w: %w", errMalformed, err)
		}
		if _, err := d.Token(); err != io.EOF || e.Data == nil {
			return hooks.Reject("%w", errMalformed)
		}
		delete(e.Context, keyBody)
		return nil
	})
}
