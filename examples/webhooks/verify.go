package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/hooktx/hooks"
)

var errSignature = errors.New("the signature is missing or wrong")

// verify refuses an event whose signature is not that of its body under secret. It
// only looks at the state, so it costs no copy of its own; and it is a hook like
// the others, so nothing runs, and nothing is kept, of an event that it refuses.
func verify(secret []byte) hooks.Hook[hooks.Event] {
	return hooks.Define(hooks.Funcs[hooks.Event]{
		Name:    "verify",
		Options: hooks.Options{ReadOnly: true},
		Execute: func(_ context.Context, e *hooks.Event) (any, error) {
			body, _ := e.Context[keyBody].([]byte)
			claimed, _ := e.Context[keySignature].(string)
			// Equal takes the same time wherever the two differ, so that its time
			// tells a forger nothing.
			if !hmac.Equal([]byte(claimed), []byte(sign(secret, body))) {
				return nil, hooks.Reject("%w", errSignature)
			}
			return nil, nil
		},
	})
}

// sign returns the value of the X-Hub-Signature-256 header for a body.
func sign(secret, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}
