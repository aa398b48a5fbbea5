package hooks

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// The classes of failure, for errors.Is. Of an error of Execute they match the
// cause alone: the timeout of a rollback does not make it match ErrTimeout.
var (
	// ErrTimeout says that a limit was exceeded: of a hook, or TotalTimeout. It
	// also matches context.DeadlineExceeded. If the caller's context ended first,
	// the cause is its context.Cause instead.
	ErrTimeout error = &class{"time limit exceeded", context.DeadlineExceeded}

	// ErrPanic says that user code panicked; see [PanicError].
	ErrPanic error = &class{text: "panic"}

	// ErrExited says that user code ended its goroutine with runtime.Goexit
	// (testing's FailNow does) instead of returning.
	ErrExited error = &class{text: "goroutine exited without returning"}

	// ErrRejected says that a hook said no; see [Reject].
	ErrRejected error = &class{text: "rejected"}

	// ErrInvalidEvent says that a hook's ValidateEvent did not accept the state.
	ErrInvalidEvent error = &class{text: "invalid event"}

	// ErrInvalidResult says that a hook's ValidateResult did not accept the result.
	ErrInvalidResult error = &class{text: "invalid result"}

	// ErrInvalidState says that the state as a hook left it was not accepted: a
	// Validator refused it, it is too large, or it cannot be copied.
	ErrInvalidState error = &class{text: "invalid state"}

	// ErrStateTooLarge says that a state is larger than MaxStateSize.
	ErrStateTooLarge error = &class{text: "state too large"}

	// ErrNotCopyable says that a state holds a value that cannot be copied. The
	// error's text names the path and says what to do.
	ErrNotCopyable error = &class{text: "state cannot be copied"}

	// ErrConflict says that what was done at the same time cannot be put together. Two
	// members of a parallel group changed one place of the state, or of a cell, in different
	// ways: the text names the place and both. Or a cell that the chain had read was changed
	// by another execution each time that the chain was run: see Shared and MaxRounds.
	ErrConflict error = &class{text: "conflict"}

	// ErrTooManyAbandoned says that an executor refused work because MaxAbandoned
	// calls are past their limit and have not ended. It heals as they end.
	ErrTooManyAbandoned error = &class{text: "too many abandoned calls"}

	// ErrDuplicateHook says that two hooks of a chain, or of a Registry, have the same name.
	ErrDuplicateHook error = &class{text: "duplicate hook"}

	// ErrInvalidHook says that a hook is nil or malformed, or its Placement is.
	ErrInvalidHook error = &class{text: "invalid hook"}

	// ErrUnknownHook says that a Registry has no hook of the name that it was asked to change.
	ErrUnknownHook error = &class{text: "unknown hook"}

	// ErrMissingHook says that a hook of a Registry requires another that is not registered, or
	// is disabled. The text names both.
	ErrMissingHook error = &class{text: "required hook is missing"}

	// ErrHookCycle says that hooks of a Registry would have to run before each other. The text
	// has the way around: `a before b before a`. Each of its steps is in Before of the first, or
	// in After or Requires of the second.
	ErrHookCycle error = &class{text: "hooks in a circle"}

	// ErrEnded is returned by OnRollback, BeforeCommit and OnCommit, and by Edit and Read of
	// a Shared, when their context is not that of a running Execute: nothing was done.
	ErrEnded error = &class{text: "not inside a running hook"}

	// ErrReentrant says that something was asked for from inside of a hook that would have to
	// wait for that hook: Shutdown of its executor, or a Shared that the hook's execution
	// uses already.
	ErrReentrant error = &class{text: "called from inside a hook that it would wait for"}

	// ErrUnsupported says that the configuration, or the hook's Options, exclude what was
	// asked for.
	ErrUnsupported error = &class{text: "not supported by this configuration"}

	// ErrInvalidConfig says that a Config, or a validator given with it, is malformed.
	ErrInvalidConfig error = &class{text: "invalid configuration"}

	// ErrInvalidArgument says that a context or a state is nil, or an execution id
	// malformed.
	ErrInvalidArgument error = &class{text: "invalid argument"}

	// ErrClosed says that the executor was shut down.
	ErrClosed error = &class{text: "executor is shut down"}

	// ErrRollback says that something could not be undone. It matches beside the
	// cause, not instead of it.
	ErrRollback error = &class{text: "rollback failed"}
)

// A class is an error that stands for a kind of failure.
type class struct {
	text string
	also error // matched too, nil if none
}

func (c *class) Error() string { return c.text }
func (c *class) Unwrap() error { return c.also }

// An ExecutionError says why an execution failed, and what could not be undone.
// Every error of Execute, ExecuteShared, DryRun, Isolate, Run, Update and Atomically is one:
//
//	var xe *hooks.ExecutionError
//	switch {
//	case errors.Is(err, hooks.ErrRejected): // a hook said no
//	case errors.Is(err, hooks.ErrRollback): // somebody has to look after it
//		errors.As(err, &xe)
//		log.Println(xe.Hook, xe.Rollbacks)
//	}
type ExecutionError struct {
	Execution string // the execution's id; empty if it was refused before it had one
	Hook      string // the hook's path; empty if no hook is to blame
	Index     int    // the hook's place in the chain, or in its group, from 0; -1 if no hook is to blame
	Phase     Phase  // what was being done
	Err       error  // the cause, never nil

	// Rollbacks are the undo calls that failed, in the order they were made.
	Rollbacks []RollbackResult
}

// Error returns `hooks: phase "hook": cause`, and then what could not be undone.
func (e *ExecutionError) Error() string { return e.text(error.Error) }

// text is Error with the cause rendered by the given function.
func (e *ExecutionError) text(cause func(error) string) string {
	var b strings.Builder
	b.WriteString("hooks: ")
	b.WriteString(e.Phase.String())
	if e.Hook != "" {
		fmt.Fprintf(&b, " %q", e.Hook)
	}
	b.WriteString(": ")
	b.WriteString(cause(e.Err))
	for i := range e.Rollbacks {
		b.WriteString("; ")
		b.WriteString(e.Rollbacks[i].describe())
	}
	return b.String()
}

// Unwrap returns the cause first, then one error for each failed undo call. The
// latter match ErrRollback and what the undo call itself returned, but none of the
// classes of this package, nor an end of a context: those are the cause's.
func (e *ExecutionError) Unwrap() []error {
	errs := make([]error, 1, 1+len(e.Rollbacks))
	errs[0] = e.Err
	for i := range e.Rollbacks {
		errs = append(errs, &undoFailure{&e.Rollbacks[i]})
	}
	return errs
}

// An undoFailure is a failed undo call inside an ExecutionError. It answers
// errors.Is and errors.As itself, so that the classes stay the cause's.
type undoFailure struct{ r *RollbackResult }

func (f *undoFailure) Error() string { return f.r.describe() }

func (f *undoFailure) Is(target error) bool {
	if target == ErrRollback {
		return true
	}
	if _, ours := target.(*class); ours || target == context.DeadlineExceeded || target == context.Canceled {
		return false
	}
	return errors.Is(f.r.Err, target)
}

func (f *undoFailure) As(target any) bool {
	switch target.(type) {
	case **PanicError, **ExecutionError:
		return false
	}
	return errors.As(f.r.Err, target)
}

// A PanicError is the cause when user code panicked. If the value is an error,
// errors.Is and errors.As reach it.
type PanicError struct {
	Value any    // what panic was called with; *runtime.PanicNilError for nil
	Stack string // the stack of the goroutine as it panicked
	text  string // Value, rendered once, without calling any method unguarded

	opaque bool // Value is an error whose methods do not behave
}

// Error returns "panic: " and the value.
func (e *PanicError) Error() string { return "panic: " + e.text }

// Unwrap returns ErrPanic and, if the value is an error, the value.
func (e *PanicError) Unwrap() []error {
	if err, ok := e.Value.(error); ok && !e.opaque {
		return []error{ErrPanic, err}
	}
	return []error{ErrPanic}
}

// Reject returns an error by which a hook says no on purpose: its outcome is
// OutcomeRejected, the error matches ErrRejected. The text is formatted as by
// fmt.Errorf, and %w wraps. (What the error of an execution that the hook itself has begun
// wraps was said by another hook: it matches, and does not count.)
//
// A hook that is late or cancelled failed by that, whatever it then says: the error
// matches what it said, too. Where the difference counts, ask for the Outcome.
func Reject(format string, args ...any) error {
	return &marked{class: ErrRejected, err: fmt.Errorf(format, args...)}
}

// Unknown returns an error by which a hook says that it failed and that its effect
// may have happened all the same (the connection broke after the request was
// sent). The hook's Rollback is called then, with EffectUnknown. err should not be
// nil; if it is, the error returned says that the outcome is unknown. The error matches
// ErrUnknown.
func Unknown(err error) error {
	if err == nil {
		err = errors.New("outcome unknown")
	}
	return &marked{class: ErrUnknown, err: err}
}

// ErrUnknown says that a hook failed and that its effect may have happened all the same; see
// [Unknown].
var ErrUnknown error = &class{text: "outcome unknown"}

// SkipRest is returned by a hook to say that the chain is done: the hook has
// succeeded, its result counts, the hooks after it are skipped, and the chain
// commits. An error that wraps SkipRest does the same, whatever else it wraps.
var SkipRest error = errors.New("skip the remaining hooks") //nolint:staticcheck,errname // named as io/fs.SkipAll: it is no failure

// marked is an error with a class that its text need not mention.
type marked struct {
	class error
	err   error
}

func (m *marked) Error() string   { return m.err.Error() }
func (m *marked) Unwrap() []error { return []error{m.class, m.err} }

// classed is an error of a class, with its cause: "class: cause".
type classed struct {
	class error
	err   error
}

func (c *classed) Error() string   { return c.class.Error() + ": " + c.err.Error() }
func (c *classed) Unwrap() []error { return []error{c.class, c.err} }

// said is an error with a text of its own and a class.
type said struct {
	class error
	text  string
}

func (s *said) Error() string { return s.text }
func (s *said) Unwrap() error { return s.class }

func invalidHook(text string) error { return &said{ErrInvalidHook, "hook " + text} }

func invalidConfig(err error) error { return fmt.Errorf("hooks: %w", &classed{ErrInvalidConfig, err}) }

func invalidArgument(text string) error { return &said{ErrInvalidArgument, text} }

// joined is a cause and what came with it, the cause first.
type joined struct {
	cause error
	also  error
	how   string // between the two in the text
}

func (j *joined) Error() string   { return j.cause.Error() + j.how + j.also.Error() }
func (j *joined) Unwrap() []error { return []error{j.cause, j.also} }

// foreign is an error of user code. Its text was rendered once, when it was safe to
// call its methods, so that neither a report nor a log calls them again.
type foreign struct {
	err  error
	text string
}

func (f *foreign) Error() string { return f.text }
func (f *foreign) Unwrap() error { return f.err }
