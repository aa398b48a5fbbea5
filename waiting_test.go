package hooks_test

import (
	"context"
	"errors"
	"math"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// sleeps is a hook that needs d and never looks at its context.
func sleeps[T any](name string, d time.Duration) hooks.Hook[T] {
	return hooks.Func(name, func(context.Context, *T) error { time.Sleep(d); return nil })
}

// waits is a hook that returns when its context ends.
func waits[T any](name string) hooks.Hook[T] {
	return hooks.Func(name, func(ctx context.Context, _ *T) error { <-ctx.Done(); return ctx.Err() })
}

// A late is a hook whose Name takes its time.
type late struct {
	hooks.Hook[int]
	name time.Duration
}

func (h late) Name() string { time.Sleep(h.name); return h.Hook.Name() }

// Each hook is cut at its own deadline, whatever the limits of those before and after it.
func TestEachHookIsCutAtItsOwnDeadline(t *testing.T) {
	const ms, s = time.Millisecond, time.Second
	total := hooks.Config{Execution: hooks.ExecutionConfig{TotalTimeout: time.Second, DefaultTimeout: 10 * time.Second}}
	for _, tt := range []struct {
		reason string
		cfg    hooks.Config
		chain  []hooks.Hook[int]
		took   time.Duration
	}{
		{"the alarm was set for a hook that had more time", hooks.Config{}, []hooks.Hook[int]{
			limited(sleeps[int]("a", 5*s), 10*s), limited(waits[int]("b"), 20*ms)}, 5*s + 20*ms},
		{"so it was, twice", hooks.Config{}, []hooks.Hook[int]{
			limited(sleeps[int]("a", 5*s), time.Hour), limited(sleeps[int]("b", 5*s), time.Minute), limited(waits[int]("c"), 2*s)}, 12 * s},
		{"the shortest limit is not the next one", hooks.Config{}, []hooks.Hook[int]{
			limited(sleeps[int]("a", 5*s), 10*s), limited(waits[int]("b"), 3*s), limited(sleeps[int]("c", 0), 1)}, 8 * s},
		{"a hook without a limit was before", hooks.Config{}, []hooks.Hook[int]{
			limited(sleeps[int]("a", 48*time.Hour), hooks.NoLimit), limited(waits[int]("b"), ms)}, 48*time.Hour + ms},
		{"a limit of 1ns does not make the caller look all the time", hooks.Config{}, []hooks.Hook[int]{
			limited(sleeps[int]("a", 48*time.Hour), hooks.NoLimit), limited(waits[int]("b"), 1)}, 48*time.Hour + 1},
		{"the time before the first hook is the execution's", total, []hooks.Hook[int]{
			late{waits[int]("a"), 900 * ms}}, s},
		{"it is none of the hook's", hooks.Config{}, []hooks.Hook[int]{
			limited[int](late{waits[int]("a"), 900 * ms}, s)}, 1900 * ms},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				_, err := build[int](t, tt.cfg).Execute(t.Context(), new(int), tt.chain...)
				require.ErrorIs(t, err, hooks.ErrTimeout)
				assert.Equal(t, tt.took, time.Since(begun))
			})
		})
	}
}

// A hook that fails is no late one because its limit is farther away than a time.Duration can say.
func TestFarLimitMakesNoFailureLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		report, err := build[int](t, hooks.Config{}).Execute(t.Context(), new(int), sleeps[int]("a", time.Second),
			limited(hooks.Func("b", func(context.Context, *int) error { return errBroken }), math.MaxInt64-1))
		require.ErrorIs(t, err, errBroken)
		assert.Equal(t, []hooks.Outcome{hooks.OutcomeSucceeded, hooks.OutcomeFailed}, outcomesOf(report))
	})
}

// A slow is a state that calls the next of some functions when it is copied.
type slow struct {
	N    int
	Part slowPart
}

type slowPart struct{ copying *[]func() }

func (p slowPart) DeepCopy() slowPart {
	if next := *p.copying; len(next) > 0 {
		*p.copying = next[1:]
		next[0]()
	}
	return p
}

// What copying takes is told apart from what the hook takes, whenever the copy is made: it is no part of its limit.
func TestCopyingIsNoTimeOfTheHook(t *testing.T) {
	const copying, runs = 700 * time.Millisecond, 400 * time.Millisecond
	nap := func() { time.Sleep(copying) }
	for name, options := range map[string]hooks.Options{
		"continue":  {OnFailure: hooks.Continue, Timeout: time.Second},
		"read only": {ReadOnly: true, Timeout: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first := sleeps[slow]("a", time.Second)
				second := hooks.With(hooks.Func("b", func(ctx context.Context, _ *slow) error {
					at, _ := ctx.Deadline()
					assert.Equal(t, time.Second, time.Until(at))
					time.Sleep(runs)
					return nil
				}), func(o *hooks.Options) { *o = options })
				x := build[slow](t, hooks.Config{})

				steps := []func(){nap, nap, nap, nap}
				report, err := x.Execute(t.Context(), &slow{Part: slowPart{&steps}}, first, second)
				require.NoError(t, err)
				made := 2 * copying // for the hook, and of what it left
				if options.ReadOnly {
					made = copying
				}
				assert.Equal(t, runs, report.Results()[1].Duration)
				assert.Equal(t, made, report.Results()[1].CopyDuration)

				steps = []func(){nap, nap, func() { nap(); panic("no copy") }}
				report, err = x.Execute(t.Context(), &slow{Part: slowPart{&steps}}, first, second)
				if options.OnFailure == hooks.Abort {
					require.ErrorIs(t, err, hooks.ErrInvalidState)
				}
				res := report.Results()[1]
				assert.Equal(t, hooks.OutcomeInvalid, res.Outcome)
				assert.Zero(t, res.Attempts, "it never began")
				assert.Zero(t, res.Duration, "the hook before it took a second, and is no concern of it")
				assert.Equal(t, copying, res.CopyDuration)
				assert.Equal(t, runs, x.Metrics().Hooks["b"].Latency.Sum)
			})
		})
	}
}

// A hush is a context that says by a function of its own whether it has ended.
type hush struct {
	context.Context
	err func() error
}

func (h hush) Err() error { return h.err() }

// The caller's context may end just while the waiter looks at a hook, and that hook may be over by then. The waiter
// must not take the next one for it: the next one's context ends with the caller's, and it is given time to return.
func TestParentEndsBetweenTwoHooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parent, cancel := context.WithCancelCause(t.Context())
		var armed atomic.Bool
		first, second := make(chan struct{}), make(chan struct{})
		asked := hush{parent, func() error {
			if armed.CompareAndSwap(true, false) { // the waiter's question, as long as the first hook runs
				close(first)
				<-second
				cancel(errBroken)
			}
			return parent.Err()
		}}
		polite := hooks.Config{Execution: hooks.ExecutionConfig{Grace: time.Second}}
		report, err := build[int](t, polite).Execute(asked, new(int),
			limited(hooks.Func("a", func(context.Context, *int) error { armed.Store(true); <-first; return nil }), time.Minute),
			limited(hooks.Func("b", func(ctx context.Context, _ *int) error {
				done := ctx.Done()
				close(second)
				<-done
				assert.Equal(t, errBroken, context.Cause(ctx))
				return nil
			}), time.Hour),
			limited(sleeps[int]("c", 0), time.Second)) // lets the waiter look early
		require.ErrorIs(t, err, errBroken)
		assert.Equal(t, []hooks.Outcome{hooks.OutcomeSucceeded, hooks.OutcomeCancelled, hooks.OutcomeSkipped}, outcomesOf(report))
		assert.False(t, report.Results()[1].Abandoned)
	})
}

// A caller's context that panics when it is asked fails the execution that has it, and no other: the worker that runs
// the hook is not given to somebody else.
func TestParentThatPanicsPoisonsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := build[int](t, hooks.Config{})
		parent, cancel := context.WithCancel(t.Context())
		var broken atomic.Bool
		trap := hush{parent, func() error {
			if broken.Load() {
				panic(errors.New("a trap"))
			}
			return parent.Err()
		}}
		release := make(chan struct{})
		state := 0
		_, err := x.Execute(trap, &state, hooks.Func("a", func(_ context.Context, n *int) error {
			*n = 1
			broken.Store(true)
			cancel()
			<-release
			return nil
		}))
		require.ErrorContains(t, err, "a trap")
		assert.Zero(t, state)
		for range 10 {
			_, err = x.Execute(t.Context(), &state, hooks.Func("b", func(context.Context, *int) error { return nil }))
			require.NoError(t, err)
		}
		close(release)
		require.NoError(t, x.Shutdown(t.Context()))
	})
}
