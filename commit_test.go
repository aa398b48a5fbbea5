package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// registering is a hook that registers functions for the commit.
func registering(d *diary, name string, before, after []func(context.Context) error) hooks.Hook[cart] {
	return hooks.FuncUndo(name, func(ctx context.Context, c *cart) error {
		c.N++
		d.add("do %s", name)
		var errs []error
		for i, fn := range before {
			errs = append(errs, hooks.BeforeCommit(ctx, func(ctx context.Context) error { d.add("before %s %d", name, i+1); return fn(ctx) }))
		}
		for i, fn := range after {
			errs = append(errs, hooks.OnCommit(ctx, func(ctx context.Context) error { d.add("after %s %d", name, i+1); return fn(ctx) }))
		}
		return errors.Join(errs...)
	}, func(context.Context, *cart) error { d.add("undo %s", name); return nil })
}

type commitFuncs = []func(context.Context) error

func fine(context.Context) error { return nil }

// The functions run in the order of their hooks, before the commit and after it.
func TestCommitOrder(t *testing.T) {
	var d diary
	state := newCart()
	seen := func(want int) func(context.Context) error {
		return func(ctx context.Context) error {
			assert.Equal(t, want, state.N)
			assert.NoError(t, ctx.Err())
			return nil
		}
	}
	report, err := build[cart](t, hooks.Config{}).Execute(t.Context(), state,
		registering(&d, "a", commitFuncs{seen(0), seen(0)}, commitFuncs{seen(2)}),
		registering(&d, "b", commitFuncs{seen(0)}, commitFuncs{seen(2), seen(2)}))
	require.NoError(t, err)
	d.require(t, "do a", "do b", "before a 1", "before a 2", "before b 1", "after a 1", "after b 1", "after b 2")
	assert.True(t, report.Committed)
	assert.Empty(t, report.AfterCommit)
}

// A BeforeCommit function that goes wrong fails the chain: everything is undone in
// the order of the chain, and no OnCommit function runs.
func TestBeforeCommitFails(t *testing.T) {
	tests := []struct {
		why    string
		fn     func(context.Context) error
		is     error
		effect hooks.Effect
	}{
		{"error", func(context.Context) error { return errBroken }, errBroken, hooks.EffectDone},
		{"reject", func(context.Context) error { return hooks.Reject("no") }, hooks.ErrRejected, hooks.EffectDone},
		{"panic", func(context.Context) error { panic(io.EOF) }, hooks.ErrPanic, hooks.EffectDone},
		{"exit", func(context.Context) error { runtime.Goexit(); return nil }, hooks.ErrExited, hooks.EffectDone},
		{"hang", func(context.Context) error { time.Sleep(time.Minute); return nil }, hooks.ErrTimeout, hooks.EffectUnknown},
		{"late", func(ctx context.Context) error { <-ctx.Done(); return nil }, hooks.ErrTimeout, hooks.EffectDone},
	}
	for _, last := range []bool{false, true} {
		for _, tt := range tests {
			t.Run(fmt.Sprintf("%s last %v", tt.why, last), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					defer time.Sleep(2 * time.Minute)
					cfg := limits(time.Hour)
					cfg.Execution.RollbackTimeout, cfg.Execution.Grace = time.Second, time.Second
					x := build[cart](t, cfg)
					var d diary
					state := newCart()
					chain := []hooks.Hook[cart]{
						registering(&d, "a", commitFuncs{fine}, commitFuncs{fine}),
						registering(&d, "b", commitFuncs{tt.fn}, commitFuncs{fine}),
						noting(&d, "c", nil),
					}
					if !last {
						chain = append(chain, registering(&d, "d", commitFuncs{fine}, nil))
					}
					report, err := x.Execute(t.Context(), state, chain...)
					require.ErrorIs(t, err, tt.is)
					requireCart(t, newCart(), state)
					xe := failureOf(t, err)
					assert.Equal(t, hooks.PhaseBeforeCommit, xe.Phase)
					assert.Equal(t, "b", xe.Hook)
					assert.Equal(t, 1, xe.Index)
					want := []string{"do a", "do b", "do c", "before a 1", "before b 1", "undo c", "undo b", "undo a"}
					if !last {
						want = []string{"do a", "do b", "do c", "do d", "before a 1", "before b 1", "undo d", "undo c", "undo b", "undo a"}
					}
					d.require(t, want...)
					assert.False(t, report.Committed)
					assert.Nil(t, report.Values())
					assert.Equal(t, tt.effect, report.Rollbacks[len(report.Rollbacks)-2].Effect)
				})
			})
		}
	}
}

// The caller's context is looked at for the last time before the last BeforeCommit
// function starts. Once that has returned nil in time, the chain commits.
func TestPointOfNoReturn(t *testing.T) {
	why := errors.New("the user left")
	tests := []struct {
		why    string
		hooks  func(d *diary, cancel func()) []hooks.Hook[cart]
		commit bool
		phase  hooks.Phase
	}{
		{"during the last function", func(d *diary, cancel func()) []hooks.Hook[cart] {
			return []hooks.Hook[cart]{registering(d, "a", commitFuncs{fine, func(ctx context.Context) error {
				cancel()
				time.Sleep(time.Second - 1)
				return ctx.Err()
			}}, nil)}
		}, true, 0},
		{"during the one before it", func(d *diary, cancel func()) []hooks.Hook[cart] {
			return []hooks.Hook[cart]{registering(d, "a", commitFuncs{func(context.Context) error { cancel(); return nil }, fine}, nil)}
		}, false, hooks.PhaseBeforeCommit},
		{"during the one before it, in another hook", func(d *diary, cancel func()) []hooks.Hook[cart] {
			return []hooks.Hook[cart]{
				registering(d, "a", commitFuncs{func(ctx context.Context) error { cancel(); <-ctx.Done(); return nil }}, nil),
				registering(d, "b", commitFuncs{fine}, nil),
			}
		}, false, hooks.PhaseBeforeCommit},
		{"after the last hook, in its validation", func(d *diary, cancel func()) []hooks.Hook[cart] {
			return []hooks.Hook[cart]{hooks.Define(hooks.Funcs[cart]{Name: "a",
				Execute:        func(context.Context, *cart) (any, error) { return nil, nil },
				ValidateResult: func(context.Context, any) error { cancel(); return nil }})}
		}, false, hooks.PhaseValidateResult},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := limits(time.Hour)
				cfg.Execution.RollbackTimeout = time.Second
				ctx, cancel := context.WithCancelCause(t.Context())
				var d diary
				report, err := build[cart](t, cfg).Execute(ctx, newCart(), tt.hooks(&d, func() { cancel(why) })...)
				assert.Equal(t, tt.commit, report.Committed)
				if tt.commit {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, why)
				assert.Equal(t, tt.phase, failureOf(t, err).Phase)
			})
		})
	}
}

// Without such a function the last look is before the commit itself. Once the
// context has ended, neither a hook nor a function is started.
func TestLastLook(t *testing.T) {
	why := errors.New("the user left")
	tests := []struct {
		why   string
		chain func(d *diary) []hooks.Hook[cart]
		phase hooks.Phase
	}{
		{"before the commit", func(d *diary) []hooks.Hook[cart] { return []hooks.Hook[cart]{noting(d, "a", nil)} }, hooks.PhaseCommit},
		{"before a function", func(d *diary) []hooks.Hook[cart] {
			return []hooks.Hook[cart]{registering(d, "a", commitFuncs{fine}, nil)}
		}, hooks.PhaseCommit},
		{"before a hook", func(d *diary) []hooks.Hook[cart] {
			return []hooks.Hook[cart]{noting(d, "a", nil), noting(d, "b", nil)}
		}, hooks.PhaseExecute},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			var d diary
			cfg := hooks.Config{Trace: &hooks.Trace{HookEnd: func(context.Context, hooks.Info, *hooks.Result) { cancel(why) }}}
			state := newCart()
			report, err := build[cart](t, cfg).Execute(ctx, state, tt.chain(&d)...)
			require.ErrorIs(t, err, why)
			xe := failureOf(t, err)
			assert.Equal(t, tt.phase, xe.Phase)
			assert.Empty(t, xe.Hook)
			assert.Equal(t, -1, xe.Index)
			assert.True(t, report.Results()[0].Success())
			d.require(t, "do a", "undo a")
			requireCart(t, newCart(), state)
		})
	}
}

// A state with references to its own root is made once more for the caller; if that
// goes wrong, nothing is committed.
func TestLastCopyFails(t *testing.T) {
	type tied struct {
		Self   *tied
		N      int
		Copied copied
	}
	copies := 0
	state := &tied{Copied: copied{func() {
		if copies++; copies == 3 { // the first copy, what the hook left, and what is for the caller
			panic("no more")
		}
	}}}
	state.Self = state
	var d diary
	x := build[tied](t, hooks.Config{})
	report, err := x.Execute(t.Context(), state, hooks.FuncUndo("h", func(ctx context.Context, s *tied) error {
		s.N = 1
		return hooks.BeforeCommit(ctx, func(context.Context) error { d.add("before"); return nil })
	}, func(context.Context, *tied) error { d.add("undo"); return nil }))
	require.ErrorIs(t, err, hooks.ErrNotCopyable)
	require.ErrorIs(t, err, hooks.ErrPanic)
	assert.Equal(t, hooks.PhaseCommit, failureOf(t, err).Phase)
	assert.False(t, report.Committed)
	d.require(t, "undo")
	assert.Zero(t, state.N)
	assert.Same(t, state, state.Self)
}

// All OnCommit functions run, each with its own time, though one fails and the
// caller leaves; what fails is told, and undoes nothing.
func TestOnCommitFunctionsAllRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer time.Sleep(time.Hour)
		type key struct{}
		cfg := limits(time.Hour)
		cfg.Execution.RollbackTimeout, cfg.Execution.TotalTimeout = time.Minute, time.Second
		x := build[cart](t, cfg)
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
		var d diary
		state, begun := newCart(), time.Now()
		report, err := x.Execute(ctx, state,
			registering(&d, "a", nil, commitFuncs{
				func(context.Context) error { cancel(); return errBroken },
				func(context.Context) error { panic("after") },
				func(ctx context.Context) error {
					deadline, _ := ctx.Deadline()
					assert.Equal(t, time.Minute, time.Until(deadline))
					assert.Equal(t, "value", ctx.Value(key{}))
					time.Sleep(time.Minute - 1)
					return ctx.Err()
				},
			}),
			registering(&d, "b", nil, commitFuncs{func(context.Context) error { time.Sleep(time.Hour); return nil },
				func(context.Context) error { runtime.Goexit(); return nil }, fine}))
		require.NoError(t, err)
		assert.Equal(t, 2*time.Minute-1, time.Since(begun))
		assert.Equal(t, 2, state.N)
		d.require(t, "do a", "do b", "after a 1", "after a 2", "after a 3", "after b 1", "after b 2", "after b 3")
		var failed []string
		for _, f := range report.AfterCommit {
			failed = append(failed, fmt.Sprintf("%s %d %v", f.Hook, f.Step, f.Abandoned))
		}
		assert.Equal(t, []string{"a 1 false", "a 2 false", "b 1 true", "b 2 false"}, failed)
		require.ErrorIs(t, report.AfterCommit[0].Err, errBroken)
		require.ErrorIs(t, report.AfterCommit[1].Err, hooks.ErrPanic)
		assert.Contains(t, report.AfterCommit[1].Stack, "hooks_test.")
		require.ErrorIs(t, report.AfterCommit[2].Err, hooks.ErrTimeout)
		assert.Equal(t, time.Minute, report.AfterCommit[2].Duration)
		require.ErrorIs(t, report.AfterCommit[3].Err, hooks.ErrExited)
		m := x.Metrics()
		assert.Equal(t, []int64{4, 1, 0}, []int64{m.AfterCommitFailures, m.Commits, m.Failures})
	})
}

// What is begun under the execution's context outlives the hook and ends with the
// execution.
func TestExecutionContext(t *testing.T) {
	type key struct{}
	why := errors.New("the user left")
	t.Run("lives to the end", func(t *testing.T) {
		ctx := context.WithValue(t.Context(), key{}, "value")
		var kept context.Context
		_, err := build[cart](t, hooks.Config{}).Execute(ctx, newCart(),
			hooks.Func("a", func(ctx context.Context, _ *cart) error {
				kept = hooks.ExecutionContext(ctx)
				assert.Equal(t, "value", kept.Value(key{}))
				return nil
			}),
			hooks.Func("b", func(ctx context.Context, _ *cart) error {
				assert.NoError(t, kept.Err())
				return errors.Join(
					hooks.BeforeCommit(ctx, func(context.Context) error { return kept.Err() }),
					hooks.OnCommit(ctx, func(context.Context) error { return kept.Err() }))
			}))
		require.NoError(t, err)
		require.Error(t, kept.Err())
		require.EqualError(t, context.Cause(kept), "hooks: the execution has ended")
	})
	// What an ended caller's context had rolled back on its own could neither be undone
	// in its turn nor committed by the last BeforeCommit function.
	t.Run("outlives the caller and the limits, to the end of the undoing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			cfg := limits(time.Second)
			cfg.Execution.TotalTimeout = time.Minute
			ctx, cancel := context.WithCancelCause(context.WithValue(t.Context(), key{}, "value"))
			var kept context.Context
			alive := func(context.Context) error {
				_, limited := kept.Deadline()
				assert.False(t, limited)
				return kept.Err()
			}
			report, err := build[cart](t, cfg).Execute(ctx, newCart(), hooks.Func("a", func(ctx context.Context, _ *cart) error {
				kept = hooks.ExecutionContext(ctx)
				return hooks.OnRollback(ctx, alive)
			}), limited(hooks.Func("b", func(ctx context.Context, _ *cart) error {
				cancel(why)
				<-ctx.Done()
				return alive(ctx)
			}), time.Hour))
			require.ErrorIs(t, err, why)
			require.NotErrorIs(t, err, hooks.ErrRollback)
			require.Len(t, report.Rollbacks, 1)
			require.EqualError(t, context.Cause(kept), "hooks: the execution has ended")
		})
	})
}

// SkipRest ends the chain early and well.
func TestSkipRest(t *testing.T) {
	for _, skip := range []error{hooks.SkipRest, fmt.Errorf("enough: %w", hooks.SkipRest), errors.Join(hooks.SkipRest, errBroken)} {
		var d diary
		x := build[cart](t, hooks.Config{})
		state := newCart()
		report, err := x.Execute(t.Context(), state, noting(&d, "a", nil),
			hooks.Define(hooks.Funcs[cart]{Name: "b", Execute: func(ctx context.Context, c *cart) (any, error) {
				c.N = 5
				return "value", errors.Join(skip, hooks.OnCommit(ctx, func(context.Context) error { d.add("after b"); return nil }))
			}}), noting(&d, "c", nil))
		require.NoError(t, err)
		assert.Equal(t, 5, state.N)
		d.require(t, "do a", "after b")
		assert.Equal(t, []hooks.Outcome{hooks.OutcomeSucceeded, hooks.OutcomeSucceeded, hooks.OutcomeSkipped}, outcomesOf(report))
		require.NoError(t, report.Results()[1].Err)
		assert.Equal(t, []any{nil, "value"}, report.Values())
		m := x.Metrics()
		assert.Equal(t, int64(2), m.Runs.Total(), "a skipped hook is no run")
		assert.NotContains(t, m.Hooks, "c")
	}
}

// An empty chain commits what is there.
func TestEmptyChain(t *testing.T) {
	state := newCart()
	report, err := hooks.Run[cart](t.Context(), state)
	require.NoError(t, err)
	assert.True(t, report.Committed)
	assert.Empty(t, report.Results())
	requireCart(t, newCart(), state)
}
