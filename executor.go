package hooks

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"

	"github.com/hooktx/hooks/internal/deep"
)

// An Executor runs chains of hooks over states of type T. It is safe for concurrent
// use, and hooks may use the executor that runs them. Make it with New; there is no
// need to shut it down.
type Executor[T any] struct {
	core       *core
	validators []namedValidator[T] // those that run, in order
	mover      *deep.Mover[T]      // nil if a copy of a T may take its time, whatever its size
	idle       pool[T]
}

// namedValidator is a validator whose name was asked.
type namedValidator[T any] struct {
	Validator[T]
	name string
}

// New makes an executor. validators judge every change of the state; Config can
// select and order them by name. The error matches ErrInvalidConfig and names
// everything that is wrong.
func New[T any](cfg Config, validators ...Validator[T]) (*Executor[T], error) {
	chosen, err := selectValidators(cfg.Validation, validators)
	if cfg.Validation.SkipState {
		chosen = nil
	}
	if bad := errors.Join(cfg.Validate(), err); bad != nil {
		return nil, bad
	}
	x := &Executor[T]{core: &core{cfg: cfg.withDefaults()}, validators: chosen, mover: deep.MoverOf[T]()}
	x.idle.x = x
	return x, nil
}

// selectValidators returns the validators that cfg wants, in its order.
func selectValidators[T any](cfg ValidationConfig, given []Validator[T]) ([]namedValidator[T], error) {
	bad := func(format string, args ...any) error {
		return invalidConfig(fmt.Errorf(format, args...))
	}
	all := make([]namedValidator[T], 0, len(given))
	places := make(map[string]int, len(given))
	for i, v := range given {
		name, err := validatorName(v)
		if err != nil {
			return nil, bad("validator %d %w", i, err)
		}
		if _, twice := places[name]; twice {
			return nil, bad("validator %d has the name %q, which another has already", i, name)
		}
		places[name] = i
		all = append(all, namedValidator[T]{v, name})
	}
	if len(cfg.Validators) == 0 {
		return all, nil
	}
	chosen := make([]namedValidator[T], 0, len(cfg.Validators))
	for i, name := range cfg.Validators {
		place, known := places[name]
		if !known {
			return nil, bad("validation.validators[%d] names %q, which was not given to New", i, name)
		}
		chosen = append(chosen, all[place])
	}
	return chosen, nil
}

// validatorName asks a validator for its name.
func validatorName[T any](v Validator[T]) (string, error) {
	if v == nil {
		return "", errors.New("is nil")
	}
	if f, ok := v.(*validatorFunc[T]); ok && f.validate == nil {
		return "", fmt.Errorf("(%q) has a nil function", f.name)
	}
	name, err := askContained("the Name method of the validator", v.Name)
	switch {
	case err != nil:
		return "", fmt.Errorf("has a Name method that did not return: %w", err)
	case name == "":
		return "", errors.New("has an empty name")
	}
	return name, nil
}

// Execute runs the hooks over *state, in order, as one transaction.
//
// If it returns nil, *state is the result of all hooks that were kept, in order. If
// it returns an error, an *ExecutionError, *state is what it was, deeply, now and for
// ever after, and each hook that was kept has been undone, newest first. In both
// cases nothing that a hook, a validator or a rollback still does can change it.
//
// Execute needs *state for itself while it runs. It returns when the hooks' limits, and
// those of the BeforeCommit, OnCommit and undo calls that were started, have passed at
// the latest, whatever user code does (the methods of an error that comes at its limit
// have 10ms more; a ctx whose deadline has passed has 100ms to say why it ended). One
// exception: a DeepCopy method that does not return is abandoned at DefaultTimeout, and
// *state is in its hands until it ends; see Abandoned.
//
// Pointers to, or into, the root of the state stay right. Locks of package sync held
// by value in *state keep their own state (the caller may hold them), and so do
// fields tagged `hooks:"zero"`. What *state refers to is new memory after a commit:
// pointers that the application kept into the old inside of the state keep pointing
// to the old values.
//
// Called with the context of a hook, it is a transaction of its own: what it commits stays, even
// if the hook then fails. Its id is made of the hook's path and a number that counts such calls, so
// a hook that is tried again gives other idempotency keys. Hooks that are to stand or fall
// together are one chain, as by [Sequence].
func (x *Executor[T]) Execute(ctx context.Context, state *T, hooks ...Hook[T]) (*Report, error) {
	return x.execute(ctx, job[T]{state: state}, hooks)
}

// DryRun runs the hooks over a copy of *state and commits nothing: the report has
// the verdicts and, for each hook, its changes.
//
// Hooks with a Rollback have effects; they are skipped, with an error in their Result
// that says so, unless their options say DryRunnable. BeforeCommit and OnCommit
// functions are dropped, no Rollback is called, and OnRollback steps run at the end.
// A hook without a Rollback runs for real, and so does a chain that a hook begins inside:
// whatever has effects must look at Info.DryRun.
func (x *Executor[T]) DryRun(ctx context.Context, state *T, hooks ...Hook[T]) (*Report, error) {
	return x.execute(ctx, job[T]{state: state, dry: true}, hooks)
}

// Isolate runs one function under the same protection as a chain: on a private copy
// of *state, with a limit, and with *state as it was if the function fails, panics,
// exits or is late.
func (x *Executor[T]) Isolate(ctx context.Context, state *T, name string, fn func(ctx context.Context, state *T) error) error {
	_, err := x.Execute(ctx, state, Func(name, fn))
	return err
}

// Metrics returns the executor's counts.
func (x *Executor[T]) Metrics() Metrics { return x.core.metrics.read() }

// Abandoned returns the calls of user code that are past their limit and have not
// ended, oldest first.
func (x *Executor[T]) Abandoned() []AbandonedHook { return x.core.abandoned() }

// Shutdown refuses new executions with ErrClosed (but not those begun inside running
// ones), and waits for the executions under way, the abandoned calls, and the late
// compensations. It returns nil when all have ended. If ctx ends first, the error
// has its cause and names what is still running; that goes on, and is still undone
// when it ends. Called with the context of one of the executor's own hooks it
// returns ErrReentrant, without waiting. It may be called more than once.
func (x *Executor[T]) Shutdown(ctx context.Context) error {
	if ctx != nil {
		x.idle.close()
	}
	return x.core.shutdown(ctx)
}

// Run is Execute on a default executor: the one of the zero Config, made for the
// type T when it is first used.
func Run[T any](ctx context.Context, state *T, hooks ...Hook[T]) (*Report, error) {
	return defaultExecutor[T]().Execute(ctx, state, hooks...)
}

// defaults holds the executors of Run, by the type of their state.
var defaults sync.Map // reflect.Type → *Executor[T]

func defaultExecutor[T any]() *Executor[T] {
	t := reflect.TypeFor[T]()
	if x, ok := defaults.Load(t); ok {
		return x.(*Executor[T])
	}
	x, err := New[T](Config{})
	if err != nil {
		panic(err) // the zero Config is valid
	}
	actual, _ := defaults.LoadOrStore(t, x)
	return actual.(*Executor[T])
}
