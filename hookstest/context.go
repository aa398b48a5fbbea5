package hookstest

import (
	"cmp"
	"context"
	"fmt"
	"testing"

	"github.com/hooktx/hooks"
	"github.com/hooktx/hooks/internal/bridge"
)

// A Call is the context of a call of user code that the test itself makes.
type Call struct {
	context.Context
	info hooks.Info
	call bridge.Call
}

// Context returns the context of the call that info describes, as an executor would make it: for
// InfoFrom, Warn, OnRollback, BeforeCommit, OnCommit, ExecutionContext, and Edit and Read of
// cells, whose edits are dropped. It ends with the test's context, or by End.
//
// What info leaves out is that of a hook named "hook" which is executed for the first time, in an
// execution with the id "test". PhasePrepare, in which no hook is called, is what it leaves out,
// too. Of an undo call, see [Call.Undo].
func Context(t testing.TB, info hooks.Info) *Call {
	t.Helper()
	return newCall(t, t.Context(), info)
}

func newCall(t testing.TB, parent context.Context, info hooks.Info) *Call {
	info = complete(info)
	c := &Call{info: info, call: bridge.NewCall(parent, info)}
	c.Context = c.call.Context()
	t.Cleanup(c.End)
	return c
}

// complete fills in what info leaves out.
func complete(info hooks.Info) hooks.Info {
	info.Execution = cmp.Or(info.Execution, "test")
	info.Hook = cmp.Or(info.Hook, "hook")
	info.Attempt, info.Round = max(info.Attempt, 1), max(info.Round, 1)
	if info.Phase == hooks.PhasePrepare {
		info.Phase = hooks.PhaseExecute
	}
	key := fmt.Sprintf("%s/%s#1", info.Execution, info.Hook)
	switch info.Phase {
	case hooks.PhaseRollback, hooks.PhaseOnRollback:
		info.Undoes = cmp.Or(info.Undoes, key)
		info.IdempotencyKey = cmp.Or(info.IdempotencyKey, info.Undoes+"/undo")
	default:
		info.IdempotencyKey = cmp.Or(info.IdempotencyKey, key)
	}
	return info
}

// Undo returns the context of the Rollback that belongs to an Execute which had the context c:
// it knows the effect, and what Execute returned.
func (c *Call) Undo(t testing.TB, effect hooks.Effect, result any) *Call {
	t.Helper()
	info := c.info
	info.Phase, info.Undoes, info.IdempotencyKey = hooks.PhaseRollback, c.info.IdempotencyKey, ""
	info.Effect, info.Result = effect, result
	return newCall(t, t.Context(), info)
}

// End ends the context, as an executor does when the call has returned. What is registered later
// is refused.
func (c *Call) End() { c.call.End() }

// AfterFunc is for package context, which starts no goroutine for the children of a context that
// has it.
func (c *Call) AfterFunc(fn func()) (stop func() bool) { return context.AfterFunc(c.Context, fn) }

// Warnings returns what was said by Warn.
func (c *Call) Warnings() []string { return c.call.Said().Warnings }

// OnRollback returns the undo steps that were registered, in order. An executor calls them last
// first.
func (c *Call) OnRollback() []func(ctx context.Context) error { return c.call.Said().OnRollback }

// BeforeCommit returns the functions that were registered by BeforeCommit, in order.
func (c *Call) BeforeCommit() []func(ctx context.Context) error { return c.call.Said().BeforeCommit }

// OnCommit returns the functions that were registered by OnCommit, in order.
func (c *Call) OnCommit() []func(ctx context.Context) error { return c.call.Said().OnCommit }
