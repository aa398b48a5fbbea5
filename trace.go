package hooks

import "context"

// A Trace is a set of callbacks, each optional, that are called as an execution goes
// on, in the way of net/http/httptrace. Those that begin something return the
// context under which it runs, so that spans nest; nil means the one given. Its
// values alone count: its end ends nothing, and it lifts no limit.
//
// Callbacks run one at a time within an execution, off the caller's goroutine, with two
// exceptions: LateEnd and the callbacks of a late compensation come when they come, and
// those for members of a [Parallel] group run when these do. They may panic, but must not
// block: an execution waits for them. A group has no callbacks besides its members'. What they
// are given must not be changed; a report may be kept.
type Trace struct {
	ExecutionStart func(ctx context.Context, execution string) context.Context
	ExecutionEnd   func(ctx context.Context, report *Report, err error)

	// HookStart is called before a hook's ValidateEvent or Execute, HookEnd when its
	// outcome is known: after validation, before anything is undone.
	HookStart func(ctx context.Context, info Info) context.Context
	HookEnd   func(ctx context.Context, info Info, result *Result)

	// RollbackStart and RollbackEnd surround each undo call, late ones included.
	RollbackStart func(ctx context.Context, info Info) context.Context
	RollbackEnd   func(ctx context.Context, info Info, result *RollbackResult)

	// Abandoned is called when a call is given up, LateEnd when it ends after all.
	Abandoned func(ctx context.Context, call AbandonedHook)
	LateEnd   func(ctx context.Context, call AbandonedHook)
}
