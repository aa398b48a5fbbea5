package hooks

import (
	"context"
	"fmt"
	"time"
)

// A Hook is one step of a chain over a state of type T.
//
// Execute may change state as it likes but must not keep it: it is a deep copy
// that nothing else touches until Execute returns, and it is read exactly once
// after that. (If the hook's Options say ReadOnly, it is a view shared with other
// readers, and what the hook changes in it is lost.) The next hook sees the
// changes only if Execute returns a nil error, in time, and the result and the
// new state are valid.
//
// ctx ends at the hook's deadline, with the caller's context, and when Execute
// has returned. Execute should return when ctx ends; nobody waits for it. A hook
// that goes on is abandoned: it is listed by [Executor.Abandoned] until it ends,
// and it can then change nothing but its own copy.
//
// The result is kept in the hook's [Result]; a result that comes with an error (other
// than SkipRest) is dropped. An error that wraps one made by [Reject] is a wilful no, one made by
// [Unknown] says that an effect outside may have happened all the same, and
// [SkipRest] ends the chain early and well. Any other error is a failure.
//
// A hook may end its goroutine's luck in any way it likes: panics of every kind
// and runtime.Goexit are contained. What one process cannot contain: a panic in a
// goroutine that the hook started, os.Exit, stack overflow, exhausted memory.
//
// Hooks that succeed may leave their goroutine to other hooks, of this execution or a later
// one. What a hook changes of it (runtime.LockOSThread, debug.SetPanicOnFault)
// it changes back before it returns nil.
//
// Name must be unique within a chain, stable across releases, and must not be
// empty or contain "/" or "#". It is asked at most once per execution, before
// anything runs, and must be pure and quick: an executor may remember the answer.
type Hook[T any] interface {
	Name() string
	Execute(ctx context.Context, state *T) (result any, err error)
}

// A Rollbacker is a Hook with effects outside the state, such as a reserved seat.
//
// Rollback undoes a success. An Execute that returns a plain error says that it left
// no effect, and its Rollback is not called: a hook that can fail half way undoes its
// own half, registers a step with [OnRollback] before it begins, or returns an
// [Unknown] error.
//
// If the chain fails after the hook's Execute returned nil (in time, late, or with
// a result or state that was then refused) or an [Unknown] error, Rollback is
// called, at most once per idempotency key (but see [RetryPolicy] on AfterAbandoned). state is the hook's own copy as its
// Execute left it. Hooks are undone newest first, one at a time.
//
// ctx is alive though the caller's may have ended: it carries the caller's values
// and a limit of its own, Config.Execution.RollbackTimeout. Rollback should be
// idempotent and harmless if there is nothing to undo: [InfoFrom] tells it the key
// it undoes, the result of Execute, and whether the effect is certain. Its error
// is recorded and joined to the chain's error; the next hook is undone all the same.
type Rollbacker[T any] interface {
	Rollback(ctx context.Context, state *T) error
}

// An EventValidator looks at the state before its hook's Execute. An error, a
// panic or an exit fails the hook with [ErrInvalidEvent], and Execute is not
// called. state is a view shared with other readers. The call shares the hook's
// deadline: if it returns late, Execute never starts.
type EventValidator[T any] interface {
	ValidateEvent(ctx context.Context, state *T) error
}

// A ResultValidator judges the result that its hook's Execute returned. An error,
// a panic or an exit fails the hook with [ErrInvalidResult]; the hook is then
// undone first. It runs under a second budget, as long as the hook's own, which it
// shares with the state validators.
type ResultValidator interface {
	ValidateResult(ctx context.Context, result any) error
}

// An Optioner is a Hook with options of its own. Options is asked at most once per
// execution, before anything runs, and must be pure and quick: an executor may
// remember the answer.
type Optioner interface {
	Options() Options
}

// Options are what a hook says of itself. The zero Options are those of a hook
// that modifies the state, aborts the chain if it fails, and takes the executor's
// default timeout.
type Options struct {
	// Timeout limits ValidateEvent and Execute together, wall clock. It may be
	// longer than the executor's default. 0 means that default, NoLimit none.
	Timeout time.Duration

	// OnFailure says what a failure of this hook means for its chain.
	OnFailure FailurePolicy

	// ReadOnly says that the hook only looks at the state. It costs no copy of
	// its own then, and its changes, should it make any, are lost.
	ReadOnly bool

	// DryRunnable says that Execute has no effects if Info.DryRun is set. A hook
	// with a Rollback is skipped in a dry run unless it says so.
	DryRunnable bool

	// Version is for operators; the library only shows it.
	Version string
}

// A FailurePolicy says what the failure of one hook means for its chain. It holds
// for every cause of failure alike.
type FailurePolicy uint8

const (
	// Abort fails the chain: everything is undone and the state restored.
	Abort FailurePolicy = iota
	// Continue drops the hook's changes, undoes its effects at once and goes on
	// with the next hook. The chain fails even so if that undo fails, or if the
	// caller's context or Config.Execution.TotalTimeout has ended. A group that says
	// so is dropped as a whole.
	Continue
)

// String returns "abort" or "continue".
func (p FailurePolicy) String() string {
	switch p {
	case Abort:
		return "abort"
	case Continue:
		return "continue"
	}
	return fmt.Sprintf("FailurePolicy(%d)", uint8(p))
}

// MarshalText returns the policy's name.
func (p FailurePolicy) MarshalText() ([]byte, error) { return []byte(p.String()), nil }
