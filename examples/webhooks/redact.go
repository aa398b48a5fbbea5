package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hooktx/hooks"
)

// Redacted is the result of redact: what it has removed.
type Redacted struct{ Addresses, Secrets int }

// redact removes e-mail addresses and secrets from e.Data, at any depth.
func redact() hooks.Hook[hooks.Event] {
	return hooks.Define(hooks.Funcs[hooks.Event]{
		Name: "redact",
		Execute: func(_ context.Context, e *hooks.Event) (any, error) {
			var r Redacted
			r.object(e.Data)
			e.Context[keyRedacted] = true
			return r, nil
		},
	})
}

// stayRedacted is a validator of the whole chain: once redact has run, no hook may
// leave an address or a token in the event. It finds a redact that missed one as
// well as a later hook that brings one back.
func stayRedacted() hooks.Validator[hooks.Event] {
	return hooks.ValidatorFunc("stay-redacted",
		func(_ context.Context, change hooks.StateChange[hooks.Event]) (v hooks.ValidationResult) {
			if change.After.Context[keyRedacted] != true {
				return v
			}
			var left Redacted
			left.object(change.After.Data) // a view: what this changes in it is lost
			if left.Addresses+left.Secrets > 0 {
				v.Err = fmt.Errorf("%d addresses and %d secrets are left", left.Addresses, left.Secrets)
			}
			return v
		})
}

var (
	// The last group is for git@github.com:owner/name.git, which is a place and no
	// person's address.
	address = regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}(:[A-Za-z0-9_./-]+)?`)

	secret = regexp.MustCompile(`\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,}|AKIA[0-9A-Z]{16}|xox[abprs]-[\w-]{10,}` +
		`|eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+|(?i:bearer) [\w.~+/-]{16,}=*)`)

	// secretFields are the fields whose value is a secret whatever it looks like.
	secretFields = []string{"secret", "token", "password", "authorization", "access_token", "refresh_token", "client_secret", "private_key", "api_key"}
)

const (
	noAddress = "[address]"
	noSecret  = "[secret]"
)

// object redacts a JSON object in place. Names of fields are left alone: they come
// from the protocol, not from people.
func (r *Redacted) object(o map[string]any) {
	for name, v := range o {
		if s, ok := v.(string); ok && s != "" && s != noSecret && slices.Contains(secretFields, strings.ToLower(name)) {
			r.Secrets++
			o[name] = noSecret
			continue
		}
		o[name] = r.value(v)
	}
}

func (r *Redacted) value(v any) any {
	switch v := v.(type) {
	case string:
		return r.text(v)
	case map[string]any:
		r.object(v)
	case []any:
		for i := range v {
			v[i] = r.value(v[i])
		}
	}
	return v
}

func (r *Redacted) text(s string) string {
	s = secret.ReplaceAllStringFunc(s, func(string) string {
		r.Secrets++
		return noSecret
	})
	if !strings.Contains(s, "@") {
		return s
	}
	return address.ReplaceAllStringFunc(s, func(found string) string {
		person, place, _ := strings.Cut(found, ":")
		if strings.HasSuffix(place, ".git") {
			return found
		}
		r.Addresses++
		return noAddress + found[len(person):]
	})
}
