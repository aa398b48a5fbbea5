// Package hooks runs other people's callbacks as transactions.
//
// An application hands an [Executor] a state and a chain of hooks. Each hook works on
// a private deep copy of the state, under a timeout. If all goes well, the state
// becomes the hooks' result. If a hook fails, panics, exits, overruns its limit or
// leaves an invalid state, the state is what it was, and the hooks that had succeeded
// are undone, newest first:
//
//	report, err := hooks.Run(ctx, &order, reserve, charge, confirm)
//
// # What is promised
//
// Atomic: if Execute returns nil, the caller's state is the result of all hooks that
// were kept, in order. If it returns an error, the caller's state is what it was,
// deeply, at return and for ever after, and each kept hook had its Rollback called
// once, newest first. For ever after means all that a copy copies (see [Explain]):
// what is shared, such as functions, channels and fields tagged `hooks:"share"`, is
// reached as before.
//
// Consistent: event, result, state change and size are validated, and exactly what
// was validated is committed.
//
// Isolated: a hook that modifies works on a copy that nothing else touches; hooks that
// only read share a view. Nothing ever handed to a hook, a validator or a rollback
// becomes the caller's state. A hook abandoned at its deadline, or a goroutine that a
// hook left behind, cannot change the caller's state, another hook's copy, the verdict
// or a count.
//
// Contained: nothing that a hook, a validator, a rollback, a DeepCopy method or an
// error value does (a panic of any kind, runtime.Goexit, a hang) escapes Execute or
// delays it past its limits. Loggers and [Trace] callbacks may panic or exit, but are
// trusted not to block.
//
// # What is not promised
//
// A goroutine cannot be killed. A hook that ignores its context goes on after its
// deadline, in its own copy; it is listed by [Executor.Abandoned] and limited by
// MaxAbandoned, but the memory it holds is not.
//
// One process cannot contain a panic in a goroutine that a hook started, os.Exit,
// stack overflow, exhausted memory, a goroutine left behind that writes its hook's
// own copy just while that is being read, or a state that the application itself
// changes while Execute runs.
//
// Effects outside the state are undone by Rollback, which can fail, and are seen by
// others until then. See [Rollbacker], [OnRollback] and [Unknown] for what a hook can
// do about it.
//
// # The verdict
//
// Whether a hook was in time is settled once. As it returns, its goroutine first claims
// the return, then reads the clock; it was in time if that reading lies before its
// deadline (a tie is late) and the caller's context was alive. When the executor woke up
// has no say in it. A hook that overruns has its context ended first and is given a
// moment to return, so that a polite hook is late but known, and undone in its turn;
// whether one that returns just then is known or abandoned is a race, and either
// answer is a timeout.
//
// A hook that was abandoned may yet take effect (the card is charged after we gave
// up). Its undo runs when it ends, however it ends, after the chain's own rollback:
// its Rollback if it returned nil or Unknown, then its OnRollback steps. That is
// reported by log, metrics and trace, since the report has been returned long since.
//
// # Undoing
//
// What was kept is undone newest first, one call at a time: a hook's Rollback with its
// own copy as it left it, then its OnRollback steps, newest first. Each call has a live
// context with the caller's values and RollbackTimeout. A hook is undone if its Execute
// returned nil, in time or late, even if its result or state was then refused (it is
// first in line), or if it returned an Unknown error. Of a hook that failed otherwise
// only the steps run. All of it has ended, or was given up at its limit, when Execute
// returns.
//
// # Groups
//
// [Sequence], [Parallel] and [Retry] make one hook of others, to any depth (of up to 100). Their
// members are hooks like all others, but have paths for names (`checkout/charge`), and what
// holds of a chain holds of a group within it: it is kept as a whole, or dropped as a whole. A
// failure goes outward until somebody gets over it: a hook or group that says Continue, or a
// retry that has attempts left; if nobody does, the chain fails.
//
// Members of a parallel group do not see each other's changes, which are merged by path: see
// [ErrConflict]. Nothing of the result depends on which of them was faster.
//
// # Registries
//
// Execute takes a list of hooks and runs them as they stand. A [Registry] makes that list for
// an application whose plugins come and go: each is registered by name with a [Placement],
// which says what it must run before and after, and what it requires.
//
// # Errors
//
// Every error of Execute is an [*ExecutionError]. Its text is `hooks: phase "hook":
// cause`, and its cause answers errors.Is for the classes of this package
// ([ErrTimeout], [ErrPanic], [ErrRejected] and so on) and for whatever the hook
// returned. The caller's own cancellation comes through as context.Cause. Undo calls
// that failed are joined after the cause and match [ErrRollback].
//
// # States
//
// A state can be of any type; [Event] is a ready-made one. Copies keep the shape of the
// memory: aliasing, cycles, interior pointers, unexported fields. Handles, such as
// files, connections or loggers, cannot be copied, and a state that holds one is
// refused before anything runs, with the path in the error, unless the field is tagged:
//
//	Conn net.Conn    `hooks:"share"` // the same value in every copy
//	Cache *Cache     `hooks:"zero"`  // zero in copies; the caller keeps its own
//	Log  *zap.Logger `hooks:"-"`     // as share, and no part of sizes and changes
//
// A type's own DeepCopy method is honoured at any depth.
//
// # Goroutines
//
// Hooks never run on the goroutine that called Execute. The hooks of a chain run one after
// the other on one that belongs to the executor and is used again by later executions, as
// long as they succeed; a goroutine whose hook failed, panicked, exited or was late is not.
// So a hook must undo what it does to its goroutine: runtime.LockOSThread and
// debug.SetPanicOnFault last beyond it. Profiler labels are those of the caller's context.
// Goroutines without work end within a tenth of a second, and with Shutdown. In a bubble of
// testing/synctest none is kept.
//
// The context of a hook behaves like one made by context.WithTimeoutCause, but is of a type
// of this package: package context starts a goroutine for a child made through
// context.WithValue, which ends with the child or with the hook.
//
// # Concurrency
//
// An Executor is safe for concurrent use, and so are a Registry and the functions that a hook
// calls with its context. One Execute needs its state for itself.
package hooks
