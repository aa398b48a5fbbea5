package hooks

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/hooktx/hooks/internal/show"
)

// How a Report is rendered. Values that hooks returned are rendered without calling
// any of their methods, to a bounded depth and length: a cyclic value given to fmt
// overflows the stack, which no recover can stop.

// String returns the report as a tree: a line for the execution, one for each hook,
// and under it what went wrong, what was undone and what changed.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "execution %s: %s in %v\n", r.Execution, r.verdict(), round(r.Duration))
	results := r.Results()
	n := len(results) + len(r.Rollbacks) + len(r.AfterCommit)
	branch := func() (mark, indent string) {
		if n--; n == 0 {
			return "└─ ", "   "
		}
		return "├─ ", "│  "
	}
	for i := range results {
		mark, indent := branch()
		results[i].write(&b, mark, indent)
	}
	for i := range r.Rollbacks {
		mark, _ := branch()
		fmt.Fprintf(&b, "%s%s\n", mark, r.Rollbacks[i].String())
	}
	for i := range r.AfterCommit {
		mark, _ := branch()
		fmt.Fprintf(&b, "%s%s\n", mark, r.AfterCommit[i].String())
	}
	return b.String()
}

func (r Report) verdict() string {
	switch {
	case r.Committed:
		return "committed"
	case r.DryRun:
		return "dry run"
	case len(r.steps()) == 0:
		return "refused"
	}
	return "rolled back"
}

// String returns the result as its part of the report's tree.
func (r Result) String() string {
	var b strings.Builder
	r.write(&b, "", "")
	return strings.TrimSuffix(b.String(), "\n")
}

// String returns the failure in one line.
func (f StepFailure) String() string {
	text := fmt.Sprintf("after commit %q step %d", f.Hook, f.Step)
	if f.Err != nil {
		text += ": " + errorLine(f.Err)
	}
	return text
}

// MarshalJSON returns the result as it stands in a report.
func (r Result) MarshalJSON() ([]byte, error) { return json.Marshal(r.object()) }

// MarshalJSON returns the result as it stands in a report.
func (r RollbackResult) MarshalJSON() ([]byte, error) { return json.Marshal(r.object()) }

// MarshalJSON returns the failure as it stands in a report.
func (f StepFailure) MarshalJSON() ([]byte, error) { return json.Marshal(f.object()) }

// write writes the hook's line, and what there is to say under it.
func (r *Result) write(b *strings.Builder, mark, indent string) {
	fmt.Fprintf(b, "%s%s: %v", mark, r.Hook, r.Outcome)
	if r.Outcome != OutcomeSkipped {
		fmt.Fprintf(b, " in %v", round(r.Duration))
	}
	if r.Attempts > 1 {
		fmt.Fprintf(b, ", %d attempts", r.Attempts)
	}
	if r.Abandoned {
		b.WriteString(", abandoned")
	}
	if r.Value != nil {
		fmt.Fprintf(b, ", result %s", show.Value(r.Value))
	}
	b.WriteString("\n")
	if r.Err != nil && !r.ofMember() {
		fmt.Fprintf(b, "%s  %s\n", indent, errorLine(r.Err))
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(b, "%s  warning: %s\n", indent, oneLine(w))
	}
	for _, c := range r.Changes {
		fmt.Fprintf(b, "%s  %v\n", indent, c)
	}
	for i := range r.Members {
		if i == len(r.Members)-1 {
			r.Members[i].write(b, indent+"└─ ", indent+"   ")
		} else {
			r.Members[i].write(b, indent+"├─ ", indent+"│  ")
		}
	}
}

// ofMember reports whether the error is that of a member, under which it stands.
func (r *Result) ofMember() bool {
	text := r.Err.Error()
	return slices.ContainsFunc(r.Members, func(m Result) bool { return m.Err != nil && m.Err.Error() == text })
}

// String returns the undo call in one line.
func (r RollbackResult) String() string {
	what := fmt.Sprintf("rollback %q", r.Hook)
	if r.Step > 0 {
		what += fmt.Sprintf(" step %d", r.Step)
	}
	if r.Round > 1 {
		what += fmt.Sprintf(", round %d", r.Round)
	}
	if r.Attempt > 1 {
		what += fmt.Sprintf(", attempt %d", r.Attempt)
	}
	switch r.Effect {
	case EffectFailed:
		what += " (the hook had failed)"
	case EffectUnknown:
		what += " (effect unknown)"
	}
	if r.Err != nil {
		return what + ": " + errorLine(r.Err)
	}
	return fmt.Sprintf("%s: done in %v", what, round(r.Duration))
}

// String returns the change as `path: before → after`.
func (c Change) String() string {
	before, after := c.Before, c.After
	if before == "" {
		before = "(nothing)"
	}
	if after == "" {
		after = "(nothing)"
	}
	return c.Path + ": " + before + " → " + after
}

func errorLine(err error) string { return oneLine(err.Error()) }

// oneLine keeps a text from breaking the tree.
func oneLine(s string) string {
	return strings.NewReplacer("\r\n", " ⏎ ", "\n", " ⏎ ").Replace(s)
}

// round cuts a duration to three or four digits.
func round(d time.Duration) time.Duration {
	for unit := time.Second; unit > time.Nanosecond; unit /= 1000 {
		if d >= unit {
			return d.Round(unit / 100)
		}
	}
	return d
}

// MarshalJSON returns the report as an object. Durations are strings such as "1.5ms",
// errors their texts. Values that are strings, numbers or booleans stand as
// themselves, all others as a bounded text.
func (r Report) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{
		"execution": r.Execution, "committed": r.Committed, "dry_run": r.DryRun,
		"results": each(r.Results(), Result.object), "rollbacks": each(r.Rollbacks, RollbackResult.object),
		"after_commit": each(r.AfterCommit, StepFailure.object),
		"duration":     r.Duration.String(), "rounds": r.Rounds,
	})
}

func (r Result) object() map[string]any {
	o := map[string]any{
		"hook": r.Hook, "outcome": r.Outcome, "duration": r.Duration.String(),
		"copy_duration": r.CopyDuration.String(), "state_size": r.StateSize, "attempts": r.Attempts,
	}
	set(o, "value", r.Value != nil, plain(r.Value))
	setFailure(o, r.Err, r.Stack, r.Abandoned)
	set(o, "warnings", r.Warnings != nil, r.Warnings)
	set(o, "changes", r.Changes != nil, r.Changes)
	set(o, "members", r.Members != nil, each(r.Members, Result.object))
	return o
}

func (r RollbackResult) object() map[string]any {
	o := map[string]any{
		"hook": r.Hook, "step": r.Step, "effect": r.Effect, "round": r.Round, "attempt": r.Attempt, "duration": r.Duration.String(),
	}
	set(o, "late", r.Late, true)
	setFailure(o, r.Err, r.Stack, r.Abandoned)
	return o
}

func (f StepFailure) object() map[string]any {
	o := map[string]any{"hook": f.Hook, "step": f.Step, "duration": f.Duration.String()}
	setFailure(o, f.Err, f.Stack, f.Abandoned)
	return o
}

func setFailure(o map[string]any, err error, stack string, abandoned bool) {
	if err != nil {
		o["error"] = err.Error()
	}
	set(o, "stack", stack != "", stack)
	set(o, "abandoned", abandoned, true)
}

func set(o map[string]any, key string, present bool, value any) {
	if present {
		o[key] = value
	}
}

// each never returns nil, so that an empty list is [] in JSON.
func each[E any](list []E, object func(E) map[string]any) []map[string]any {
	objects := make([]map[string]any, len(list))
	for i, e := range list {
		objects[i] = object(e)
	}
	return objects
}

// float returns a floating-point number in its own precision.
func float(x reflect.Value) any {
	if x.Kind() == reflect.Float32 {
		return float32(x.Float())
	}
	return x.Float()
}

// plain returns what stands for a hook's value in JSON. No method of it is called.
func plain(v any) any {
	switch x := reflect.ValueOf(v); x.Kind() {
	case reflect.Bool:
		return x.Bool()
	case reflect.String:
		return show.Text(x.String(), maxErrorText)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if d, ok := v.(time.Duration); ok {
			return d.String()
		}
		return x.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return x.Uint()
	case reflect.Float32, reflect.Float64:
		if f := x.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Sprint(f)
		}
		return float(x)
	case reflect.Invalid:
		return nil
	}
	return show.Value(v)
}
