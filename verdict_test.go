package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// The caller's deadline is as sharp as the hook's own, also if the context has not
// noticed yet that it has passed, and what is told is the caller's.
func TestParentDeadlineIsSharp(t *testing.T) {
	const limit = time.Second
	parents := map[string]func(context.Context) (context.Context, context.CancelFunc){
		"of package context": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, limit)
		},
		"of a type of its own, without Err, Done and Cause": func(context.Context) (context.Context, context.CancelFunc) {
			return &foreignContext{deadline: time.Now().Add(limit)}, func() {}
		},
	}
	for why, parent := range parents {
		for _, ends := range []time.Duration{limit - 1, limit, limit + 1, time.Minute} {
			t.Run(fmt.Sprintf("%s ends %v", why, ends), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					defer time.Sleep(2 * time.Minute)
					ctx, cancel := parent(t.Context())
					defer cancel()
					state, begun := newCart(), time.Now()
					report, err := build[cart](t, limits(time.Hour)).Execute(ctx, state, hooks.Func("h", func(_ context.Context, c *cart) error {
						time.Sleep(ends)
						c.N = 1
						return nil
					}))
					if ends < limit {
						require.NoError(t, err)
						assert.Equal(t, 1, state.N)
						return
					}
					require.ErrorIs(t, err, context.DeadlineExceeded)
					require.NotErrorIs(t, err, hooks.ErrTimeout)
					assert.Equal(t, hooks.OutcomeCancelled, report.Results()[0].Outcome)
					requireCart(t, newCart(), state)
					assert.LessOrEqual(t, time.Since(begun), limit+time.Millisecond, "a foreign context may cost a millisecond")
				})
			})
		}
	}
}

// The end of a foreign context is seen, and its Err is its cause.
func TestForeignContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := &foreignContext{done: make(chan struct{})}
		why := errors.New("foreign end")
		begun := time.Now()
		report, err := build[cart](t, limits(time.Hour)).Execute(ctx, newCart(), hooks.Func("h", func(inside context.Context, _ *cart) error {
			time.Sleep(time.Second)
			ctx.err.Store(&why)
			close(ctx.done)
			<-inside.Done()
			return nil
		}))
		require.ErrorIs(t, err, why)
		assert.Equal(t, hooks.OutcomeCancelled, report.Results()[0].Outcome)
		assert.Equal(t, time.Second, time.Since(begun))
	})
}

// Who ended first is told, not who was asked first.
func TestWhoEndedFirst(t *testing.T) {
	why := errors.New("the user left")
	tests := []struct {
		why       string
		cancelled time.Duration
		ends      time.Duration
		want      error
		outcome   hooks.Outcome
	}{
		{"the caller, then the hook", time.Second, 1500 * time.Millisecond, why, hooks.OutcomeCancelled},
		{"the caller, then the hook's limit, then the hook", time.Second, 3 * time.Second, why, hooks.OutcomeCancelled},
		{"the hook's limit, then the caller, then the hook", 3 * time.Second, 4 * time.Second, hooks.ErrTimeout, hooks.OutcomeTimedOut},
		{"the hook's limit, then the hook", time.Hour, 4 * time.Second, hooks.ErrTimeout, hooks.OutcomeTimedOut},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := limits(2 * time.Second)
				cfg.Execution.Grace = 5 * time.Second
				ctx, cancel := context.WithCancelCause(t.Context())
				timer := time.AfterFunc(tt.cancelled, func() { cancel(why) })
				defer timer.Stop()
				report, err := build[cart](t, cfg).Execute(ctx, newCart(), hooks.Func("h", func(context.Context, *cart) error {
					time.Sleep(tt.ends)
					return nil
				}))
				require.ErrorIs(t, err, tt.want)
				assert.Equal(t, tt.want == hooks.ErrTimeout, errors.Is(err, hooks.ErrTimeout))
				assert.Equal(t, tt.outcome, report.Results()[0].Outcome)
				assert.False(t, report.Results()[0].Abandoned)
			})
		})
	}
}

// A hook that watches its context is late, but known, as a rule: the order remains a
// race.
func TestPoliteHooksAreKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := build[cart](t, limits(time.Second))
		for range 300 {
			report, err := x.Execute(t.Context(), newCart(), hooks.Func("h", func(ctx context.Context, _ *cart) error { <-ctx.Done(); return ctx.Err() }))
			require.ErrorIs(t, err, hooks.ErrTimeout)
			require.Equal(t, hooks.OutcomeTimedOut, report.Results()[0].Outcome)
		}
		assert.Less(t, x.Metrics().AbandonedEver, int64(150))
	})
}

// Grace is how long one that takes its time is waited for.
func TestGrace(t *testing.T) {
	tests := []struct {
		why       string
		grace     time.Duration
		took      time.Duration
		abandoned bool
	}{
		{"enough", 20 * time.Millisecond, 10 * time.Millisecond, false},
		{"too little", 5 * time.Millisecond, 5 * time.Millisecond, true},
		{"none", 0, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := limits(time.Second)
				cfg.Execution.Grace = tt.grace
				x, begun := build[cart](t, cfg), time.Now()
				report, err := x.Execute(t.Context(), newCart(), hooks.Func("h", func(ctx context.Context, _ *cart) error {
					<-ctx.Done()
					time.Sleep(10 * time.Millisecond)
					return nil
				}))
				require.ErrorIs(t, err, hooks.ErrTimeout)
				assert.Equal(t, tt.abandoned, report.Results()[0].Abandoned)
				assert.Equal(t, time.Second+tt.took, time.Since(begun))
				require.NoError(t, x.Shutdown(t.Context()))
			})
		})
	}
}

func latePanic(ctx context.Context) { <-ctx.Done(); panic(io.ErrClosedPipe) }

// Lateness wins the verdict; what the hook itself has to say is joined.
func TestLatenessIsJoined(t *testing.T) {
	tests := []struct {
		why   string
		end   func(context.Context) error
		is    []error
		text  string
		stack string
	}{
		{"with nothing", func(ctx context.Context) error { <-ctx.Done(); return nil }, nil, `hook "h" exceeded`, ""},
		{"with its error", func(ctx context.Context) error { <-ctx.Done(); return io.EOF }, []error{io.EOF}, `hook "h" exceeded; it ended late with: EOF`, ""},
		{"with its refusal", func(ctx context.Context) error { <-ctx.Done(); return hooks.Reject("no") }, []error{hooks.ErrRejected}, "it ended late with: no", ""},
		{"with its panic", func(ctx context.Context) error { latePanic(ctx); return nil }, []error{hooks.ErrPanic, io.ErrClosedPipe}, "it ended late with: panic: io: read/write on closed pipe", "hooks_test.latePanic"},
		{"with its exit", func(ctx context.Context) error { <-ctx.Done(); runtime.Goexit(); return nil }, []error{hooks.ErrExited}, "it ended late with: goroutine exited", "hooks_test."},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := limits(time.Second)
				cfg.Execution.Grace = time.Second
				report, err := build[cart](t, cfg).Execute(t.Context(), newCart(),
					hooks.Func("h", func(ctx context.Context, _ *cart) error { return tt.end(ctx) }))
				for _, is := range append(tt.is, hooks.ErrTimeout) {
					require.ErrorIs(t, err, is)
				}
				require.ErrorContains(t, err, tt.text)
				assert.Equal(t, hooks.OutcomeTimedOut, report.Results()[0].Outcome)
				if tt.stack == "" {
					assert.Empty(t, report.Results()[0].Stack)
				} else {
					assert.Contains(t, report.Results()[0].Stack, tt.stack)
				}
			})
		})
	}
}

// A ValidateEvent that is late never starts Execute, whether it returns or not, and
// whatever it returns.
func TestLateValidateEventStartsNothing(t *testing.T) {
	tests := []struct {
		why string
		fn  func(context.Context) error
	}{
		{"it returns late", func(ctx context.Context) error { <-ctx.Done(); return nil }},
		{"it refuses late", func(ctx context.Context) error { <-ctx.Done(); return errBroken }},
		{"it is abandoned", func(context.Context) error { time.Sleep(time.Minute); return nil }},
		{"it returns when the limit is reached", func(context.Context) error { time.Sleep(time.Second); return nil }},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := build[cart](t, limits(time.Second))
				var started atomic.Bool
				report, err := x.Execute(t.Context(), newCart(), hooks.Define(hooks.Funcs[cart]{
					Name:          "h",
					Execute:       func(context.Context, *cart) (any, error) { started.Store(true); return nil, nil },
					ValidateEvent: func(ctx context.Context, _ *cart) error { return tt.fn(ctx) },
				}))
				require.ErrorIs(t, err, hooks.ErrTimeout)
				assert.Equal(t, hooks.PhaseValidateEvent, failureOf(t, err).Phase)
				assert.Equal(t, hooks.OutcomeTimedOut, report.Results()[0].Outcome)
				assert.Zero(t, report.Results()[0].Attempts)
				require.NoError(t, x.Shutdown(t.Context()))
				assert.False(t, started.Load())
			})
		})
	}
}

// ValidateEvent and Execute share the hook's limit.
func TestEventAndExecuteShareALimit(t *testing.T) {
	for _, second := range []time.Duration{400 * time.Millisecond, 401 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			report, err := build[cart](t, limits(time.Second+1)).Execute(t.Context(), newCart(), hooks.Define(hooks.Funcs[cart]{
				Name:          "h",
				ValidateEvent: func(context.Context, *cart) error { time.Sleep(600 * time.Millisecond); return nil },
				Execute:       func(context.Context, *cart) (any, error) { time.Sleep(second); return nil, nil },
			}))
			assert.Equal(t, second > 400*time.Millisecond, errors.Is(err, hooks.ErrTimeout))
			assert.Equal(t, min(600*time.Millisecond+second, time.Second+1), report.Results()[0].Duration)
			time.Sleep(time.Second)
		})
	}
}

// What judges a hook has a second limit of the same length. To exceed it makes the
// hook invalid, and undone first.
func TestJudgesShareASecondLimit(t *testing.T) {
	why := errors.New("the user left")
	tests := []struct {
		why            string
		result, v1, v2 time.Duration
		cancel         bool
		class, is      error
		phase          hooks.Phase
	}{
		{"in time: the limit begins when Execute has ended", 500 * time.Millisecond, 250 * time.Millisecond, 250*time.Millisecond - 1, false, nil, nil, 0},
		{"ValidateResult is late", time.Second, 0, 0, false, hooks.ErrInvalidResult, hooks.ErrTimeout, hooks.PhaseValidateResult},
		{"a validator is late", 500 * time.Millisecond, 250 * time.Millisecond, 250 * time.Millisecond, false, hooks.ErrInvalidState, hooks.ErrTimeout, hooks.PhaseValidateState},
		{"a validator is abandoned", 0, time.Minute, 0, false, hooks.ErrInvalidState, hooks.ErrTimeout, hooks.PhaseValidateState},
		{"ValidateResult is abandoned", time.Minute, 0, 0, false, hooks.ErrInvalidResult, hooks.ErrTimeout, hooks.PhaseValidateResult},
		{"the caller leaves during ValidateResult", 0, 0, 0, true, hooks.ErrInvalidResult, why, hooks.PhaseValidateResult},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				defer time.Sleep(2 * time.Minute)
				wait := func(name string, d time.Duration) hooks.Validator[cart] {
					return hooks.ValidatorFunc(name, func(_ context.Context, c hooks.StateChange[cart]) hooks.ValidationResult {
						if c.Hook == "two" {
							time.Sleep(d)
						}
						return hooks.ValidationResult{}
					})
				}
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				var d diary
				x := build(t, limits(time.Second), wait("v1", tt.v1), wait("v2", tt.v2))
				report, err := x.Execute(ctx, newCart(), noting(&d, "one", nil), hooks.Define(hooks.Funcs[cart]{
					Name:     "two",
					Execute:  func(context.Context, *cart) (any, error) { time.Sleep(900 * time.Millisecond); return nil, nil },
					Rollback: func(context.Context, *cart) error { d.add("undo two"); return nil },
					ValidateResult: func(context.Context, any) error {
						time.Sleep(tt.result)
						if tt.cancel {
							cancel(why)
						}
						return nil
					},
				}))
				if tt.class == nil {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, tt.class)
				require.ErrorIs(t, err, tt.is)
				assert.Equal(t, tt.phase, failureOf(t, err).Phase)
				assert.Equal(t, []hooks.Outcome{hooks.OutcomeSucceeded, hooks.OutcomeInvalid}, outcomesOf(report))
				d.require(t, "do one", "undo two", "undo one")
			})
		})
	}
}

// TotalTimeout is counted from the start of the execution to its commit. Its end is
// told as its own, and its parts are cut by it.
func TestTotalTimeout(t *testing.T) {
	sleep := func(name string, d time.Duration) hooks.Hook[cart] {
		return hooks.FuncUndo(name, func(context.Context, *cart) error { time.Sleep(d); return nil },
			func(context.Context, *cart) error { time.Sleep(time.Minute); return nil })
	}
	tests := []struct {
		why   string
		chain []hooks.Hook[cart]
		phase hooks.Phase // PhasePrepare: it commits
		took  time.Duration
	}{
		{"in time", []hooks.Hook[cart]{sleep("a", 5*time.Second), sleep("b", 5*time.Second-1)}, hooks.PhasePrepare, 10*time.Second - 1},
		{"a hook is cut", []hooks.Hook[cart]{sleep("a", 9*time.Second), sleep("b", 9*time.Second)}, hooks.PhaseExecute, 10*time.Second + time.Minute},
		{"Continue does not help", []hooks.Hook[cart]{sleep("a", 9*time.Second), continuing(sleep("b", 9*time.Second)), sleep("c", 0)}, hooks.PhaseExecute, 10*time.Second + time.Minute},
		{"a BeforeCommit function is cut", []hooks.Hook[cart]{
			hooks.Func("a", func(ctx context.Context, _ *cart) error {
				wait := func(context.Context) error { time.Sleep(30 * time.Second); return nil }
				return errors.Join(hooks.BeforeCommit(ctx, wait), hooks.BeforeCommit(ctx, wait))
			})}, hooks.PhaseBeforeCommit, 10 * time.Second},
		{"no BeforeCommit function starts too late", []hooks.Hook[cart]{
			hooks.Func("a", func(ctx context.Context, _ *cart) error {
				wait := func(context.Context) error { time.Sleep(10*time.Second - 1); return nil }
				then := func(context.Context) error { time.Sleep(time.Second); return nil }
				return errors.Join(hooks.BeforeCommit(ctx, wait), hooks.BeforeCommit(ctx, then), hooks.BeforeCommit(ctx, then))
			})}, hooks.PhaseBeforeCommit, 10 * time.Second},
		{"OnCommit functions come on top", []hooks.Hook[cart]{
			hooks.Func("a", func(ctx context.Context, _ *cart) error {
				return hooks.OnCommit(ctx, func(ctx context.Context) error { time.Sleep(time.Minute); return ctx.Err() })
			})}, hooks.PhasePrepare, time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				defer time.Sleep(time.Hour)
				cfg := limits(time.Hour)
				cfg.Execution.TotalTimeout, cfg.Execution.RollbackTimeout = 10*time.Second, time.Hour
				x, begun := build[cart](t, cfg), time.Now()
				report, err := x.Execute(t.Context(), newCart(), tt.chain...)
				assert.Equal(t, tt.took, time.Since(begun))
				assert.Empty(t, report.AfterCommit)
				if tt.phase == hooks.PhasePrepare {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, hooks.ErrTimeout)
				require.ErrorContains(t, err, "TotalTimeout")
				assert.Equal(t, tt.phase, failureOf(t, err).Phase)
			})
		})
	}
}

// Hooks are asked for their names and options once, and an error for its text.
func TestAskedOnce(t *testing.T) {
	var names, options, texts atomic.Int64
	h := asking{
		name:    func() string { names.Add(1); return fmt.Sprint("name ", names.Load()) },
		options: func() hooks.Options { options.Add(1); return hooks.Options{Version: "v"} },
	}
	x := build[cart](t, hooks.Config{})
	report, err := x.Execute(t.Context(), newCart(), h, failing("end", &hostile{"Error", func() { texts.Add(1) }}))
	require.Error(t, err)
	assert.Equal(t, int64(1), names.Load())
	assert.Equal(t, int64(1), options.Load())
	assert.Equal(t, "name 1", report.Results()[0].Hook)
	_, _, _ = err.Error(), report.String(), x.Metrics()
	_, jsonErr := report.MarshalJSON()
	require.NoError(t, jsonErr)
	assert.Equal(t, int64(1), texts.Load())
}

// What a hook finds in its context.
func TestHookContext(t *testing.T) {
	type key struct{}
	synctest.Test(t, func(t *testing.T) {
		x := build[cart](t, limits(time.Second))
		ctx := context.WithValue(t.Context(), key{}, "value")
		var kept context.Context
		_, err := x.Execute(ctx, newCart(), hooks.Func("first", func(ctx context.Context, _ *cart) error {
			kept = ctx
			assert.Equal(t, "value", ctx.Value(key{}))
			deadline, ok := ctx.Deadline()
			assert.True(t, ok)
			assert.Equal(t, time.Second, time.Until(deadline))
			before, _ := bubbleGoroutines()
			child, cancel := context.WithCancel(ctx)
			defer cancel()
			requireNoMoreGoroutines(t, before) // a child starts none
			assert.NoError(t, child.Err())
			return nil
		}), hooks.Func("second", func(ctx context.Context, _ *cart) error {
			assert.ErrorIs(t, kept.Err(), context.Canceled, "a hook's context ends with the hook")
			assert.NoError(t, ctx.Err())
			free := context.WithoutCancel(ctx)
			child, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			stopped := make(chan time.Time, 1)
			context.AfterFunc(ctx, func() { stopped <- time.Now() })
			begun := time.Now()
			<-child.Done()
			assert.Equal(t, time.Second, time.Since(begun), "its children end with it")
			assert.ErrorIs(t, context.Cause(child), hooks.ErrTimeout)
			assert.ErrorContains(t, context.Cause(child), `hook "second"`)
			assert.ErrorIs(t, ctx.Err(), context.DeadlineExceeded)
			<-stopped
			assert.NoError(t, free.Err())
			assert.Equal(t, "value", free.Value(key{}))
			return nil
		}))
		require.ErrorIs(t, err, hooks.ErrTimeout)
	})
}

// The deadline that a hook sees is the earliest of all.
func TestHookSeesTheEarliestDeadline(t *testing.T) {
	tests := []struct {
		why                  string
		own, total, callers  time.Duration
		want                 time.Duration
		is                   error
		timeouts, cancelling int64
	}{
		{"its own", 1, 2, 3, 1, hooks.ErrTimeout, 1, 0},
		{"the total", 2, 1, 3, 1, hooks.ErrTimeout, 1, 0},
		{"the caller's", 2, 3, 1, 1, context.DeadlineExceeded, 0, 1},
		{"there is none of its own", hooks.NoLimit / time.Second, 2, 3, 2, hooks.ErrTimeout, 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := limits(tt.own * time.Second)
				if tt.own > 10 {
					cfg.Execution.DefaultTimeout = hooks.NoLimit
				}
				cfg.Execution.TotalTimeout = tt.total * time.Second
				ctx, cancel := context.WithTimeout(t.Context(), tt.callers*time.Second)
				defer cancel()
				x, begun := build[cart](t, cfg), time.Now()
				_, err := x.Execute(ctx, newCart(), hooks.Func("h", func(ctx context.Context, _ *cart) error {
					deadline, _ := ctx.Deadline()
					assert.Equal(t, tt.want*time.Second, time.Until(deadline))
					<-ctx.Done()
					assert.ErrorIs(t, ctx.Err(), context.DeadlineExceeded)
					assert.ErrorIs(t, context.Cause(ctx), tt.is)
					return nil
				}))
				require.ErrorIs(t, err, tt.is)
				assert.Equal(t, tt.want*time.Second, time.Since(begun))
				m := x.Metrics()
				assert.Equal(t, tt.timeouts, m.Runs.TimedOut)
				assert.Equal(t, tt.cancelling, m.Runs.Cancelled)
			})
		})
	}
}

// A Name that returns late, but in its grace, is an execution that is refused for time.
func TestNameThatIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := limits(time.Second)
		cfg.Execution.Grace = time.Minute
		h := asking{name: func() string { time.Sleep(2 * time.Second); return "slow" }, options: func() hooks.Options { return hooks.Options{} }}
		begun := time.Now()
		_, err := build[cart](t, cfg).Execute(t.Context(), newCart(), h)
		require.ErrorIs(t, err, hooks.ErrTimeout)
		require.ErrorContains(t, err, "the Name and Options methods of the hooks")
		assert.Equal(t, hooks.PhasePrepare, failureOf(t, err).Phase)
		assert.Equal(t, 2*time.Second, time.Since(begun))
	})
}

// What is no hook is cut at the caller's deadline as well if his context never says that it
// has passed: here RetryPolicy.If, whose silence is a no.
func TestSilentDeadlineCutsWhatIsNoHook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer time.Sleep(time.Hour)
		begun := time.Now()
		ctx := &foreignContext{deadline: begun.Add(time.Second)}
		_, err := build[cart](t, limits(time.Hour)).Execute(ctx, newCart(), hooks.Retry(failing("h", errBroken), hooks.RetryPolicy{
			Attempts: 2, If: func(error) bool { time.Sleep(time.Minute); return true },
		}))
		require.ErrorIs(t, err, errBroken)
		assert.LessOrEqual(t, time.Since(begun), time.Second+time.Millisecond)
	})
}

// A fickle context tells package context that it has ended, and denies it to all others.
type fickleContext struct{ context.Context } //nolint:containedctx // that is what it is

func (c fickleContext) Value(key any) any {
	if reflect.TypeOf(key).Kind() == reflect.Pointer { // package context asks whether it is one of its own
		return nil
	}
	return c.Context.Value(key)
}

func (c fickleContext) Err() error {
	callers := make([]uintptr, 4)
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers)])
	for more := true; more; {
		var frame runtime.Frame
		if frame, more = frames.Next(); strings.HasPrefix(frame.Function, "context.") {
			return c.Context.Err()
		}
	}
	return nil
}

// A context of the caller's that has ended and denies it does not hold up anybody.
func TestContextThatDeniesItsEnd(t *testing.T) {
	last := func(ctx context.Context) error {
		return hooks.BeforeCommit(ctx, func(context.Context) error { return nil })
	}
	calls := map[string]func(ctx context.Context, end func()) error{
		"Execute": func(ctx context.Context, end func()) error { end(); <-ctx.Done(); return nil },
		"BeforeCommit": func(ctx context.Context, end func()) error {
			return errors.Join(hooks.BeforeCommit(ctx, func(ctx context.Context) error { end(); <-ctx.Done(); return nil }), last(ctx))
		},
		"hangs in BeforeCommit": func(ctx context.Context, end func()) error {
			return errors.Join(hooks.BeforeCommit(ctx, func(context.Context) error { end(); time.Sleep(time.Hour); return nil }), last(ctx))
		},
		"the next hook": func(_ context.Context, end func()) error { end(); return nil },
	}
	for why, do := range calls {
		t.Run(why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				defer time.Sleep(2 * time.Hour)
				parent, cancel := context.WithCancel(t.Context())
				begun, state := time.Now(), newCart()
				report, err := build[cart](t, limits(time.Second)).Execute(fickleContext{parent}, state,
					hooks.Func("h", func(ctx context.Context, c *cart) error { c.N = 1; return do(ctx, cancel) }), hooks.Func("next", doCart))
				t.Log(err, time.Since(begun))
				assert.LessOrEqual(t, time.Since(begun), 30*time.Second)
				assert.Equal(t, err == nil, report.Committed)
				assert.Equal(t, err == nil, state.N == 1)
			})
		})
	}
}

// A flickering context says once that it has ended, and takes it back.
type flickeringContext struct {
	context.Context //nolint:containedctx // that is what it is
	done            chan struct{}
	left            *atomic.Int64
}

func (c flickeringContext) Done() <-chan struct{} { return c.done }
func (c flickeringContext) Err() error {
	if c.left.Add(-1) == 0 {
		return context.Canceled
	}
	return nil
}

// A context that ends for a moment, whenever that is, ends the chain or does not: nothing is
// in between.
func TestContextThatEndsForAMoment(t *testing.T) {
	ended := 0
	for at := int64(1); at < 40; at++ {
		synctest.Test(t, func(t *testing.T) {
			var d diary
			left := new(atomic.Int64)
			left.Store(at)
			state, begun := newCart(), time.Now()
			_, err := build[cart](t, hooks.Config{}).Execute(flickeringContext{t.Context(), make(chan struct{}), left}, state,
				noting(&d, "a", nil), registering(&d, "b", commitFuncs{fine, fine}, nil), hooks.Parallel("p", noting(&d, "c", nil)))
			assert.LessOrEqual(t, time.Since(begun), 100*time.Millisecond, "it has a moment to say why")
			lines := d.read()
			done, undone := 0, 0
			for _, line := range lines {
				if strings.HasPrefix(line, "do ") {
					done++
				} else if strings.HasPrefix(line, "undo ") {
					undone++
				}
			}
			if err == nil {
				assert.Equal(t, []int{3, 3, 0}, []int{state.N, done, undone}, "at %d: %v", at, lines)
				return
			}
			ended++
			if !errors.Is(err, context.Canceled) {
				require.ErrorIs(t, err, context.DeadlineExceeded, "it does not say why any more")
			}
			requireCart(t, newCart(), state)
			assert.Equal(t, done, undone, "at %d: %v", at, lines)
		})
	}
	assert.Greater(t, ended, 3)
}
