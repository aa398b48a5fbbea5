package hooks_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/hooktx/hooks"
)

// A limit that has passed before anything runs refuses the execution, whether it has
// hooks or not, and no hook is blamed for it.
func TestLimitThatPassesInPreparationBlamesNoHook(t *testing.T) {
	tests := []struct {
		why   string
		cfg   hooks.ExecutionConfig
		chain []hooks.Hook[cart]
	}{
		{"TotalTimeout, no hooks", hooks.ExecutionConfig{TotalTimeout: 1}, nil},
		{"DefaultTimeout, no hooks", hooks.ExecutionConfig{DefaultTimeout: 1}, nil},
		{"TotalTimeout, two hooks", hooks.ExecutionConfig{TotalTimeout: 1}, []hooks.Hook[cart]{hooks.Func("a", doCart), hooks.Func("b", doCart)}},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			x := build[cart](t, hooks.Config{Execution: tt.cfg})
			_, err := x.Execute(t.Context(), newCart(), tt.chain...)
			require.ErrorIs(t, err, hooks.ErrTimeout)
			require.NotErrorIs(t, err, hooks.ErrInvalidHook)
			assert.Equal(t, -1, failureOf(t, err).Index)
			require.NoError(t, x.Shutdown(t.Context()), "nothing counts as under way")
		})
	}
}

// A limit that is farther away than a time.Duration can say ends nothing.
func TestFarLimitEndsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, cancel := context.WithDeadline(t.Context(), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))
		defer cancel()
		huge := hooks.Config{Execution: hooks.ExecutionConfig{TotalTimeout: math.MaxInt64 - 1}}
		h := limited(hooks.Func("h", func(ctx context.Context, _ *cart) error {
			time.Sleep(time.Minute)
			return context.Cause(ctx)
		}), hooks.NoLimit)
		_, err := build[cart](t, hooks.Config{}).Execute(far, newCart(), h)
		require.NoError(t, err, "the caller's deadline")
		_, err = build[cart](t, huge).Execute(t.Context(), newCart(), h)
		require.NoError(t, err, "TotalTimeout")
	})
}

// Nor does a timeout that is nearly NoLimit, though it would end after the end of time: of a hook that does not begin at
// once, and of a group.
func TestFarTimeoutEndsNothing(t *testing.T) {
	for _, late := range []hooks.Hook[cart]{
		sleeps[cart]("h", time.Minute),
		hooks.Sequence("g", sleeps[cart]("h", time.Minute)),
		hooks.Retry(sleeps[cart]("h", time.Minute), hooks.RetryPolicy{Attempts: 2, Budget: hooks.NoLimit - 1}),
	} {
		synctest.Test(t, func(t *testing.T) {
			h := limited(hooks.Func("first", func(context.Context, *cart) error { time.Sleep(time.Hour); return nil }), hooks.NoLimit)
			x := build[cart](t, limits(hooks.NoLimit))
			_, err := x.Execute(t.Context(), newCart(), h, limited(late, hooks.NoLimit-1))
			require.NoError(t, err)
		})
	}
}

// Shutdown of an executor with nothing under way succeeds even if its context has
// ended.
func TestShutdownOfAnIdleExecutorNeedsNoTime(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range 200 { // a choice between two ready channels is random
		require.NoError(t, build[cart](t, hooks.Config{}).Shutdown(ended))
	}
}

// Shutdown without a context is refused, not a panic.
func TestShutdownWithoutContextIsRefused(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	require.ErrorIs(t, x.Shutdown(nil), hooks.ErrInvalidArgument) //nolint:staticcheck // what is tested
	_, err := x.Execute(t.Context(), newCart())
	require.NoError(t, err, "it did not shut down")
}

// Of the context that a Trace callback for a whole execution or an undo returns, the
// values count alone: it neither frees a hook from the caller's end nor ends anything.
func TestTraceContextLendsItsValuesAlone(t *testing.T) {
	why := errors.New("the user left")
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for name, from := range map[string]func(context.Context) context.Context{
		"freed":    context.WithoutCancel,
		"not ours": func(context.Context) context.Context { return context.Background() },
		"ended":    func(context.Context) context.Context { return ended },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				trace := &hooks.Trace{
					ExecutionStart: func(ctx context.Context, _ string) context.Context { return span(from(ctx), "execution") },
					RollbackStart:  func(ctx context.Context, _ hooks.Info) context.Context { return span(from(ctx), "undo") },
				}
				ctx, cancel := context.WithCancelCause(t.Context())
				timer := time.AfterFunc(time.Second, func() { cancel(why) })
				defer timer.Stop()
				begun := time.Now()
				report, err := build[cart](t, hooks.Config{Trace: trace}).Execute(ctx, newCart(),
					hooks.FuncUndo("a", func(ctx context.Context, _ *cart) error {
						assert.Equal(t, ">execution", spanOf(ctx))
						return ctx.Err()
					}, func(ctx context.Context, _ *cart) error {
						assert.Contains(t, spanOf(ctx), ">undo")
						return ctx.Err()
					}),
					hooks.Func("b", func(ctx context.Context, _ *cart) error { <-ctx.Done(); return context.Cause(ctx) }))
				require.ErrorIs(t, err, why)
				require.NotErrorIs(t, err, hooks.ErrRollback)
				assert.Equal(t, []hooks.Outcome{hooks.OutcomeSucceeded, hooks.OutcomeCancelled}, outcomesOf(report))
				assert.Equal(t, time.Second, time.Since(begun))
			})
		})
	}
}

// A hook's context ends with its Execute, before its result and its state are looked
// at, so that a goroutine that watches it writes no more by then.
func TestHookContextEndsBeforeTheHookIsJudged(t *testing.T) {
	var kept context.Context
	judged := 0
	judge := func() { judged++; assert.ErrorIs(t, kept.Err(), context.Canceled) }
	x := build(t, hooks.Config{}, hooks.ValidatorFunc("v", func(context.Context, hooks.StateChange[cart]) hooks.ValidationResult {
		judge()
		return hooks.ValidationResult{}
	}))
	_, err := x.Execute(t.Context(), newCart(), hooks.Define(hooks.Funcs[cart]{Name: "h",
		Execute:        func(ctx context.Context, _ *cart) (any, error) { kept = ctx; return nil, ctx.Err() },
		ValidateResult: func(context.Context, any) error { judge(); return nil }}))
	require.NoError(t, err)
	assert.Equal(t, 2, judged)
}

// oddError is an error that must not be compared.
type oddError struct{ parts []int }

func (oddError) Error() string          { return "odd" }
func (e oddError) Is(target error) bool { return error(e) == target } //nolint:errorlint // it is meant to be odd

// Unknown and Reject count whatever the error that they wrap does in its methods.
func TestMarksOfHostileErrorsCount(t *testing.T) {
	errs := map[string]func(over chan struct{}) error{
		"not comparable": func(chan struct{}) error { return oddError{[]int{1}} },
		"Error hangs":    func(over chan struct{}) error { return &hostile{"Error", func() { <-over }} },
		"Is hangs":       func(over chan struct{}) error { return &hostile{"Is", func() { <-over }} },
		"Is panics":      func(chan struct{}) error { return &hostile{"Is", panicString} },
		"Unwrap panics":  func(chan struct{}) error { return &hostile{"Unwrap", panicString} },
		"Unwrap exits":   func(chan struct{}) error { return &hostile{"Unwrap", runtime.Goexit} },
	}
	for why, odd := range errs {
		t.Run(why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := build[cart](t, limits(time.Second))
				over := make(chan struct{})
				err := odd(over)
				var effects []hooks.Effect
				_, got := x.Execute(t.Context(), newCart(), hooks.FuncUndo("pay",
					func(context.Context, *cart) error { return hooks.Unknown(err) },
					func(ctx context.Context, _ *cart) error {
						info, _ := hooks.InfoFrom(ctx)
						effects = append(effects, info.Effect)
						return nil
					}))
				require.Error(t, got)
				assert.Equal(t, []hooks.Effect{hooks.EffectUnknown}, effects)
				if why != "Error hangs" { // Reject would format it, inside the hook
					report, got := x.Execute(t.Context(), newCart(), failing("gate", hooks.Reject("no: %w", err)))
					require.ErrorIs(t, got, hooks.ErrRejected)
					assert.Equal(t, []hooks.Outcome{hooks.OutcomeRejected}, outcomesOf(report))
				}
				close(over)
				require.NoError(t, x.Shutdown(t.Context()))
			})
		})
	}
}

// An error that wraps a great many others takes no longer than the call that returned
// it may.
func TestWideErrorKeepsTheLimit(t *testing.T) {
	wide := io.EOF
	for range 4 {
		format, args := "x", []any{}
		for range 30 {
			format, args = format+"%.0w", append(args, wide)
		}
		wide = fmt.Errorf(format, args...)
	}
	const limit = 5 * time.Millisecond
	x := build[cart](t, limits(limit))
	begun := time.Now()
	_, err := x.Execute(t.Context(), newCart(), failing("h", wide))
	require.Error(t, err)
	assert.Less(t, time.Since(begun), limit+time.Second)
	require.NoError(t, x.Shutdown(t.Context()))
}

// The methods of an error that comes late have the time of an undo call, though the
// hook had no limit: they do not keep the hook from being undone.
func TestLateHostileErrorDoesNotHoldUpTheUndo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := hooks.Config{Execution: hooks.ExecutionConfig{RollbackTimeout: time.Minute}}
		x := build[cart](t, cfg)
		ctx, cancel := context.WithCancel(t.Context())
		end, over := make(chan struct{}), make(chan struct{})
		var undone time.Time
		timer := time.AfterFunc(time.Second, cancel)
		defer timer.Stop()
		_, err := x.Execute(ctx, newCart(), limited(hooks.Func("h", func(ctx context.Context, _ *cart) error {
			defer func() { <-end }()
			err := hooks.OnRollback(ctx, func(context.Context) error { undone = time.Now(); return nil })
			return errors.Join(err, &hostile{"Error", func() { <-over }})
		}), hooks.NoLimit))
		require.ErrorIs(t, err, context.Canceled)
		ended := time.Now()
		close(end)
		time.Sleep(time.Hour)
		synctest.Wait()
		assert.WithinRange(t, undone, ended, ended.Add(time.Minute+time.Second))
		assert.Len(t, x.Abandoned(), 1, "the method of the error is listed")
		close(over)
		require.NoError(t, x.Shutdown(t.Context()))
	})
}

// Nothing of a hook starts once the caller's context has ended, even if it ends while
// the hook is being prepared and no copy has to be made for it.
func TestNothingStartsForACallerThatHasGone(t *testing.T) {
	why := errors.New("the user left")
	var d diary
	for name, h := range map[string]hooks.Hook[cart]{
		"with nothing before Execute": noting(&d, "h", nil),
		"with a ValidateEvent": hooks.Define(hooks.Funcs[cart]{Name: "h",
			ValidateEvent: func(context.Context, *cart) error { d.add("event"); return nil },
			Execute:       func(context.Context, *cart) (any, error) { d.add("execute"); return nil, nil }}),
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			trace := &hooks.Trace{HookStart: func(context.Context, hooks.Info) context.Context { cancel(why); return nil }}
			report, err := build[cart](t, hooks.Config{Trace: trace}).Execute(ctx, newCart(), h)
			require.ErrorIs(t, err, why)
			assert.Equal(t, []hooks.Outcome{hooks.OutcomeCancelled}, outcomesOf(report))
			assert.Zero(t, report.Results()[0].Attempts)
			d.require(t)
		})
	}
}

// The cause with which the caller's context ends is somebody's error: its methods are
// contained, and neither the log, the report nor the returned error calls them again.
func TestHostileCauseOfTheCallerIsContained(t *testing.T) {
	ways := map[string]func(over chan struct{}) func(){
		"hangs":  func(over chan struct{}) func() { return func() { <-over } },
		"panics": func(chan struct{}) func() { return panicString },
		"exits":  func(chan struct{}) func() { return runtime.Goexit },
	}
	logger := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(io.Discard), zap.DebugLevel))
	for why, way := range ways {
		t.Run(why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				over := make(chan struct{})
				x := build[cart](t, hooks.Config{Logger: logger})
				ctx, cancel := context.WithCancelCause(t.Context())
				state, begun := newCart(), time.Now()
				report, err := x.Execute(ctx, state, hooks.Func("h", func(ctx context.Context, c *cart) error {
					c.N = 1
					cancel(&hostile{"Error", way(over)})
					<-ctx.Done()
					return nil
				}))
				require.Error(t, err)
				assert.NotEmpty(t, err.Error())
				assert.NotEmpty(t, report.String())
				assert.Less(t, time.Since(begun), time.Second)
				assert.Equal(t, []hooks.Outcome{hooks.OutcomeCancelled}, outcomesOf(report))
				requireCart(t, newCart(), state)
				close(over)
				require.NoError(t, x.Shutdown(t.Context()))
			})
		})
	}
}

// A hook that is past its limit is still inside its execution: Shutdown does not wait
// for the call that it is in.
func TestShutdownFromAnOverdueHook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := build[cart](t, limits(time.Second))
		_, err := x.Execute(t.Context(), newCart(), hooks.Func("h", func(ctx context.Context, _ *cart) error {
			time.Sleep(time.Minute)
			begun := time.Now()
			assert.ErrorIs(t, x.Shutdown(context.WithoutCancel(ctx)), hooks.ErrReentrant)
			assert.Zero(t, time.Since(begun))
			return nil
		}))
		require.ErrorIs(t, err, hooks.ErrTimeout)
		time.Sleep(time.Hour)
		require.NoError(t, x.Shutdown(t.Context()))
	})
}

// erring is a context whose Err calls a function first.
type erring struct {
	context.Context //nolint:containedctx // it is one
	fn              func()
}

func (c erring) Err() error { c.fn(); return c.Context.Err() }

// A context whose Err panics hurts the call that it was given to, not the process.
func TestContextThatPanicsIsContained(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	state, inner := newCart(), newCart()
	_, err := x.Execute(t.Context(), state, hooks.Func("outer", func(ctx context.Context, c *cart) error {
		c.N = 1
		var on atomic.Bool
		trap := erring{ctx, func() {
			if on.Load() {
				panic("Err of a context")
			}
		}}
		_, err := x.Execute(trap, inner, hooks.Func("inner", func(_ context.Context, c *cart) error { on.Store(true); c.N = 1; return nil }))
		return err
	}))
	require.ErrorContains(t, err, "Err of a context")
	requireCart(t, newCart(), state)
	requireCart(t, newCart(), inner)
	require.NoError(t, x.Shutdown(t.Context()))
}

// An execution that was asked for inside another one, which has ended before it could
// be admitted, is refused if Shutdown has returned.
func TestNothingIsAdmittedAfterShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := build[cart](t, hooks.Config{})
		down, refused := make(chan struct{}), make(chan error, 1)
		_, err := x.Execute(t.Context(), newCart(), hooks.Func("outer", func(ctx context.Context, _ *cart) error {
			late := erring{context.WithoutCancel(hooks.ExecutionContext(ctx)), func() { <-down }}
			go func() {
				_, err := x.Execute(late, newCart(), hooks.Func("inner", func(context.Context, *cart) error { t.Error("it ran"); return nil }))
				refused <- err
			}()
			synctest.Wait() // it is on its way, but not admitted
			return nil
		}))
		require.NoError(t, err)
		require.NoError(t, x.Shutdown(t.Context()))
		close(down)
		require.ErrorIs(t, <-refused, hooks.ErrClosed)
	})
}

// SkipRest is an error like any other for every call but Execute, and stays one in the
// error of a nested chain: a hook that returns that has failed.
func TestSkipRestMeansNothingOutsideExecute(t *testing.T) {
	skip := func(context.Context) error { return hooks.SkipRest }
	skipState := func(context.Context, *cart) error { return hooks.SkipRest }
	define := func(f hooks.Funcs[cart]) []hooks.Hook[cart] {
		f.Name = "h"
		if f.Execute == nil {
			f.Execute = func(context.Context, *cart) (any, error) { return nil, nil }
		}
		return []hooks.Hook[cart]{hooks.Define(f)}
	}
	registering := func(register func(context.Context, func(context.Context) error) error) []hooks.Hook[cart] {
		return define(hooks.Funcs[cart]{Execute: func(ctx context.Context, _ *cart) (any, error) { return nil, register(ctx, skip) }})
	}
	end := failing("end", errBroken)
	tests := []struct {
		why      string
		chain    []hooks.Hook[cart]
		validate error
		phase    hooks.Phase
	}{
		{"ValidateEvent", define(hooks.Funcs[cart]{ValidateEvent: skipState}), nil, hooks.PhaseValidateEvent},
		{"ValidateResult", define(hooks.Funcs[cart]{ValidateResult: func(ctx context.Context, _ any) error { return skip(ctx) }}), nil, hooks.PhaseValidateResult},
		{"a validator", define(hooks.Funcs[cart]{}), hooks.SkipRest, hooks.PhaseValidateState},
		{"BeforeCommit", registering(hooks.BeforeCommit), nil, hooks.PhaseBeforeCommit},
		{"Rollback", append(define(hooks.Funcs[cart]{Rollback: skipState}), end), nil, hooks.PhaseExecute},
		{"OnRollback", append(registering(hooks.OnRollback), end), nil, hooks.PhaseExecute},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			x := build(t, hooks.Config{}, hooks.ValidatorFunc("v", func(context.Context, hooks.StateChange[cart]) hooks.ValidationResult {
				return hooks.ValidationResult{Err: tt.validate}
			}))
			_, err := x.Execute(t.Context(), newCart(), tt.chain...)
			require.Error(t, err)
			assert.Equal(t, tt.phase, failureOf(t, err).Phase)

			plain, state := build[cart](t, hooks.Config{}), newCart()
			report, err := plain.Execute(t.Context(), state, hooks.Func("outer", func(ctx context.Context, c *cart) error {
				c.N = 1
				_, err := x.Execute(ctx, newCart(), tt.chain...)
				return fmt.Errorf("inside: %w", err)
			}), hooks.Func("next", doCart))
			require.ErrorContains(t, err, "inside: ")
			assert.Equal(t, []hooks.Outcome{hooks.OutcomeFailed, hooks.OutcomeSkipped}, outcomesOf(report))
			requireCart(t, newCart(), state)
		})
	}
}

// What a hook of a nested chain said of its effect is not said by the outer hook that
// returns the chain's error.
func TestUnknownOfANestedChainStaysInside(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	var d diary
	_, err := x.Execute(t.Context(), newCart(), hooks.FuncUndo("outer", func(ctx context.Context, c *cart) error {
		_, err := x.Execute(ctx, c, noting(&d, "inner", hooks.Unknown(errBroken)))
		return err
	}, func(context.Context, *cart) error { d.add("undo outer"); return nil }))
	require.ErrorIs(t, err, errBroken)
	d.require(t, "do inner", "undo inner")
}

// A view that the error of a looker refers to is shown to nobody else, since a method
// of the error that was given up may write there.
func TestViewOfAHostileErrorIsReplaced(t *testing.T) {
	lookers := map[string]func(look func(*cart) error) (hooks.Hook[cart], []hooks.Validator[cart]){
		"read-only": func(look func(*cart) error) (hooks.Hook[cart], []hooks.Validator[cart]) {
			return hooks.With(hooks.Func("h", func(_ context.Context, c *cart) error { return look(c) }), func(o *hooks.Options) { o.ReadOnly = true }), nil
		},
		"ValidateEvent": func(look func(*cart) error) (hooks.Hook[cart], []hooks.Validator[cart]) {
			return hooks.Define(hooks.Funcs[cart]{Name: "h", Options: hooks.Options{ReadOnly: true},
				Execute:       func(context.Context, *cart) (any, error) { return nil, nil },
				ValidateEvent: func(_ context.Context, c *cart) error { return look(c) }}), nil
		},
		"Before of a validator": func(look func(*cart) error) (hooks.Hook[cart], []hooks.Validator[cart]) {
			return hooks.Func("h", doCart), []hooks.Validator[cart]{hooks.ValidatorFunc("v",
				func(_ context.Context, c hooks.StateChange[cart]) hooks.ValidationResult {
					return hooks.ValidationResult{Err: look(c.Before)}
				})}
		},
	}
	for why, looker := range lookers {
		t.Run(why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				write, written := make(chan struct{}), make(chan struct{})
				h, validators := looker(func(c *cart) error {
					return &hostile{"Error", sync.OnceFunc(func() { <-write; scribble(c); close(written) })}
				})
				x, state, name := build(t, limits(time.Second), validators...), newCart(), ""
				_, err := x.Execute(t.Context(), state, continuing(h),
					hooks.Define(hooks.Funcs[cart]{Name: "reader", Options: hooks.Options{ReadOnly: true},
						Execute: func(_ context.Context, c *cart) (any, error) {
							close(write)
							<-written
							name = c.Name
							return nil, nil
						}}))
				require.NoError(t, err)
				assert.Equal(t, "cart", name)
				requireCart(t, newCart(), state)
				require.NoError(t, x.Shutdown(t.Context()))
			})
		})
	}
}

// clinging is copied by a method that sees what it copies.
type clinging struct {
	N  int
	on func(*clinging)
}

func (c *clinging) DeepCopy() *clinging { c.on(c); return &clinging{c.N, c.on} }

// A DeepCopy method that was given up holds memory of the version that it was to copy,
// so that version is never committed: the chain fails even if the hook may.
func TestStateOfAnAbandonedDeepCopyIsNotCommitted(t *testing.T) {
	type root struct{ C *clinging }
	synctest.Test(t, func(t *testing.T) {
		x := build[root](t, limits(time.Second))
		over, copies := make(chan struct{}), 0
		state := &root{&clinging{1, func(c *clinging) {
			if c.N != 7 {
				return
			}
			if copies++; copies == 2 { // the first one makes the version
				<-over
				c.N = 666
			}
		}}}
		report, err := x.Execute(t.Context(), state,
			continuing(hooks.Func("a", func(_ context.Context, r *root) error { r.C.N = 7; return nil })),
			continuing(hooks.Func("b", func(context.Context, *root) error { return nil })))
		require.ErrorIs(t, err, hooks.ErrTimeout)
		assert.False(t, report.Committed)
		require.Len(t, x.Abandoned(), 1)
		assert.Equal(t, hooks.PhaseCopy, x.Abandoned()[0].Phase)
		close(over)
		require.NoError(t, x.Shutdown(t.Context()))
		assert.Equal(t, 1, state.C.N)
	})
}

// A hook that never ends keeps its own copy alive, not the caller's state.
func TestAbandonedHookKeepsItsOwnMemoryAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, over := build[cart](t, limits(time.Second)), make(chan struct{})
		var freed atomic.Bool
		func() {
			state := newCart()
			runtime.AddCleanup(state, func(*atomic.Bool) { freed.Store(true) }, &freed)
			_, err := x.Execute(t.Context(), state, hooks.FuncUndo("h", func(context.Context, *cart) error { <-over; return nil }, doCart))
			require.ErrorIs(t, err, hooks.ErrTimeout)
		}()
		for i := 0; i < 100 && !freed.Load(); i++ {
			runtime.GC()
			runtime.Gosched()
		}
		assert.True(t, freed.Load())
		close(over)
		require.NoError(t, x.Shutdown(t.Context()))
	})
}

// A report and its parts print and marshal alike by value and by pointer: bounded
// though a result holds itself, and with the text of every error.
func TestReportsAndTheirPartsPrintByValue(t *testing.T) {
	self := map[string]any{}
	self["self"] = self
	x := build[cart](t, hooks.Config{})
	good, err := x.Execute(t.Context(), newCart(), hooks.Define(hooks.Funcs[cart]{Name: "h",
		Execute: func(ctx context.Context, _ *cart) (any, error) {
			return self, hooks.OnCommit(ctx, func(context.Context) error { return errBroken })
		}}))
	require.NoError(t, err)
	bad, err := x.Execute(t.Context(), newCart(),
		hooks.FuncUndo("h", doCart, func(context.Context, *cart) error { return errBroken }), failing("end", errBroken))
	require.ErrorIs(t, err, errBroken)
	for _, part := range []any{
		*good, good, good.Results(), good.AfterCommit[0], &good.AfterCommit[0], *bad, bad, bad.Results()[1], &bad.Results()[1],
		bad.Rollbacks[0], &bad.Rollbacks[0], bad.Rollbacks,
	} {
		text := fmt.Sprintf("%v %+v", part, part)
		assert.Less(t, len(text), 2000)
		js, err := json.Marshal(part)
		require.NoError(t, err)
		assert.Less(t, len(js), 2000)
		if _, ok := part.([]hooks.Result); !ok { // those went well
			assert.Contains(t, text, errBroken.Error())
			assert.Contains(t, string(js), errBroken.Error())
		}
	}
	assert.Equal(t, good.String(), fmt.Sprint(*good))
}

// A validator that a configuration names must exist, also if validation is off.
func TestUnknownValidatorIsRefusedThoughSkipped(t *testing.T) {
	_, err := hooks.New[cart](hooks.Config{Validation: hooks.ValidationConfig{SkipState: true, Validators: []string{"nope"}}})
	require.ErrorIs(t, err, hooks.ErrInvalidConfig)
	require.ErrorContains(t, err, `"nope"`)
}

// A name or an id with a control character is refused, since it could forge lines of a
// report or a log.
func TestNamesCannotForgeLines(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	for _, name := range []string{"a\n└─ forged: succeeded", "a\r", "a\x1b[2J", "a\x00"} {
		report, err := x.Execute(t.Context(), newCart(), hooks.Func(name, doCart))
		require.ErrorIs(t, err, hooks.ErrInvalidHook)
		assert.NotContains(t, report.String()+err.Error(), name)
		report, err = x.Execute(hooks.WithExecutionID(t.Context(), name), newCart())
		require.ErrorIs(t, err, hooks.ErrInvalidArgument)
		assert.NotContains(t, report.String()+err.Error(), name)
	}
}
