package main

import (
	"context"
	"strings"

	"github.com/hooktx/hooks"
)

// enrich adds what the hooks behind it, and people who search the database, want to
// know without knowing the shape of each event.
func enrich() hooks.Hook[hooks.Event] {
	return hooks.Func("enrich", func(ctx context.Context, e *hooks.Event) error {
		derived := map[string]any{}
		for name, path := range map[string]string{
			"action":     "action",
			"actor":      "sender.login",
			"repository": "repository.full_name",
			"owner":      "organization.login",
		} {
			if s, ok := at(e.Data, path).(string); ok {
				derived[name] = s
			}
		}
		if derived["actor"] == nil {
			hooks.Warn(ctx, "%s events do not say who sent them", e.Type)
		}
		derived["summary"] = summary(e.Type, derived)
		e.Context[keyDerived] = derived
		return nil
	})
}

// at returns what stands at a dotted path, nil if nothing does.
func at(o map[string]any, path string) any {
	name, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		return o[name]
	}
	inner, _ := o[name].(map[string]any)
	return at(inner, rest)
}

// summary returns a line such as "issues assigned by ann in ann/garden".
func summary(event string, derived map[string]any) string {
	var b strings.Builder
	b.WriteString(event)
	for _, part := range []struct{ before, name string }{{" ", "action"}, {" by ", "actor"}, {" in ", "repository"}} {
		if s, ok := derived[part.name].(string); ok {
			b.WriteString(part.before + s)
		}
	}
	return b.String()
}
