package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// A hook that is dropped under Continue is undone at once, before the next one
// starts, and never again; what it registered for the commit is dropped with it, what
// it warned of stays.
func TestDroppedHookIsUndoneAtOnce(t *testing.T) {
	for _, later := range []error{nil, errBroken} {
		var d diary
		x := build[cart](t, hooks.Config{})
		dropped := continuing(hooks.Define(hooks.Funcs[cart]{
			Name: "dropped",
			Execute: func(ctx context.Context, c *cart) (any, error) {
				scribble(c)
				hooks.Warn(ctx, "careful: %d", 7)
				note := func(text string) func(context.Context) error {
					return func(context.Context) error { d.add("%s", text); return nil }
				}
				return "value", errors.Join(
					hooks.OnRollback(ctx, note("step 1")), hooks.OnRollback(ctx, note("step 2")),
					hooks.BeforeCommit(ctx, note("before commit")), hooks.OnCommit(ctx, note("on commit")))
			},
			Rollback:       func(_ context.Context, c *cart) error { d.add("undo dropped %s", c.Name); return nil },
			ValidateResult: func(context.Context, any) error { return errors.New("invalid") },
		}))
		state := newCart()
		report, err := x.Execute(t.Context(), state, noting(&d, "first", nil), dropped, noting(&d, "last", later))
		want := []string{"do first", "undo dropped scribbled", "step 2", "step 1", "do last"}
		if later != nil {
			require.ErrorIs(t, err, later)
			want = append(want, "undo first")
			requireCart(t, newCart(), state)
		} else {
			require.NoError(t, err)
			assert.Equal(t, 2, state.N)
		}
		d.require(t, want...)
		assert.Equal(t, []string{"careful: 7"}, report.Results()[1].Warnings)
		assert.Equal(t, hooks.OutcomeInvalid, report.Results()[1].Outcome)
		require.ErrorIs(t, report.Results()[1].Err, hooks.ErrInvalidResult)
	}
}

// Continue ends where what failed cannot be taken back.
func TestContinueEndsWithAFailedUndo(t *testing.T) {
	var d diary
	x := build[cart](t, hooks.Config{})
	errUndo := errors.New("cannot undo")
	report, err := x.Execute(t.Context(), newCart(), noting(&d, "first", nil),
		continuing(hooks.FuncUndo("dropped",
			func(context.Context, *cart) error { return hooks.Unknown(errBroken) },
			func(context.Context, *cart) error { return errUndo })),
		noting(&d, "last", nil))
	require.ErrorIs(t, err, errBroken)
	require.ErrorIs(t, err, errUndo)
	require.ErrorIs(t, err, hooks.ErrRollback)
	assert.Equal(t, "dropped", failureOf(t, err).Hook)
	assert.Equal(t, []hooks.Outcome{hooks.OutcomeSucceeded, hooks.OutcomeFailed, hooks.OutcomeSkipped}, outcomesOf(report))
	d.require(t, "do first", "undo first")
	assert.Zero(t, x.Metrics().ContinuedFailures)
}

// Where nothing is to be undone, Continue goes on.
func TestDisableRollback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		cfg := limits(time.Second)
		cfg.Execution.DisableRollback = true
		x := build[cart](t, cfg)
		step := func(name string, end func() error) hooks.Hook[cart] {
			return hooks.FuncUndo(name, func(ctx context.Context, c *cart) error {
				c.N++
				return errors.Join(hooks.OnRollback(ctx, func(context.Context) error { d.add("step %s", name); return nil }), end())
			}, func(context.Context, *cart) error { d.add("undo %s", name); return nil })
		}
		state := newCart()
		_, err := x.Execute(t.Context(), state, step("one", func() error { return nil }),
			continuing(step("two", func() error { time.Sleep(time.Minute); return nil })),
			continuing(step("three", func() error { return hooks.Unknown(errBroken) })),
			step("four", func() error { return errBroken }))
		require.ErrorIs(t, err, errBroken)
		requireCart(t, newCart(), state)
		require.NoError(t, x.Shutdown(t.Context()))
		d.require(t)
		assert.Zero(t, x.Metrics().Rollbacks+x.Metrics().LateCompensations)
	})
}

// Late compensation: whatever way an abandoned hook ends, it is undone as its end
// deserves, once, with its own copy.
func TestLateCompensation(t *testing.T) {
	tests := []struct {
		why  string
		end  func() error
		want []string
	}{
		{"nil", func() error { return nil }, []string{"undo late: done", "step 1: done"}},
		{"an error", func() error { return errBroken }, []string{"step 1: failed"}},
		{"Unknown", func() error { return hooks.Unknown(errBroken) }, []string{"undo late: unknown", "step 1: unknown"}},
		{"Reject", func() error { return hooks.Reject("no") }, []string{"step 1: failed"}},
		{"a panic", func() error { panic("late") }, []string{"step 1: failed"}},
		{"an exit", func() error { runtime.Goexit(); return nil }, []string{"step 1: failed"}},
		{"SkipRest", func() error { return hooks.SkipRest }, []string{"undo late: done", "step 1: done"}},
	}
	for _, policy := range []hooks.FailurePolicy{hooks.Abort, hooks.Continue} {
		for _, tt := range tests {
			t.Run(tt.why+" "+policy.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					x := build[cart](t, limits(time.Second))
					var d diary
					gate := make(chan struct{})
					late := hooks.Define(hooks.Funcs[cart]{
						Name: "late", Options: hooks.Options{OnFailure: policy},
						Execute: func(ctx context.Context, c *cart) (any, error) {
							c.Name = "before"
							err := hooks.OnRollback(ctx, func(ctx context.Context) error {
								info, _ := hooks.InfoFrom(ctx)
								d.add("step 1: %v", info.Effect)
								assert.NoError(t, ctx.Err())
								return nil
							})
							assert.NoError(t, err)
							<-gate
							c.Name = "after"
							return 1, tt.end()
						},
						Rollback: func(ctx context.Context, c *cart) error {
							info, _ := hooks.InfoFrom(ctx)
							d.add("undo late: %v", info.Effect)
							assert.Equal(t, "after", c.Name, "it is the hook's own copy")
							assert.True(t, info.Late)
							assert.Equal(t, info.Effect == hooks.EffectDone, info.Result == 1)
							return nil
						},
					})
					ctx, cancel := context.WithCancel(t.Context())
					state := newCart()
					report, err := x.Execute(ctx, state, late, noting(&d, "next", nil))
					cancel()
					assert.Equal(t, policy == hooks.Abort, err != nil)
					assert.Equal(t, policy == hooks.Continue, report.Committed)
					assert.Empty(t, report.Rollbacks)
					close(gate)
					synctest.Wait()
					if policy == hooks.Continue {
						tt.want = append([]string{"do next"}, tt.want...)
					}
					d.require(t, tt.want...)
					assert.Empty(t, report.Rollbacks, "the report does not change")
					assert.Equal(t, "cart", state.Name)
					require.NoError(t, x.Shutdown(t.Context()))
					m := x.Metrics()
					assert.Equal(t, int64(strings.Count(strings.Join(tt.want, "|"), ":")), m.LateCompensations)
					assert.Zero(t, m.Rollbacks)
				})
			})
		}
	}
}

// The undo calls of one execution never overlap, and late ones come after its own.
func TestUndoIsSerial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := build[cart](t, limits(time.Second))
		var d diary
		var running atomic.Int64
		slow := func(name string, do func(context.Context, *cart) error) hooks.Hook[cart] {
			return hooks.FuncUndo(name, do, func(context.Context, *cart) error {
				assert.Equal(t, int64(1), running.Add(1), "%s overlaps", name)
				d.add("undo %s", name)
				time.Sleep(10 * time.Second)
				running.Add(-1)
				return nil
			})
		}
		until := func(after time.Duration) func(context.Context, *cart) error {
			return func(context.Context, *cart) error { time.Sleep(after); return nil }
		}
		begun := time.Now()
		_, err := x.Execute(t.Context(), newCart(),
			slow("one", until(0)), continuing(slow("zombie 1", until(5*time.Second))), slow("two", until(0)),
			continuing(slow("zombie 2", until(3*time.Second))), continuing(slow("zombie 3", until(24*time.Second))), failing("end", errBroken))
		require.ErrorIs(t, err, errBroken)
		assert.Equal(t, 23*time.Second, time.Since(begun))
		require.NoError(t, x.Shutdown(t.Context()))
		assert.Equal(t, 53*time.Second, time.Since(begun), "Shutdown waits for late compensations")
		d.require(t, "undo two", "undo one", "undo zombie 2", "undo zombie 1", "undo zombie 3")
	})
}

// Late compensation is not lost because Shutdown has given up.
func TestLateCompensationAfterShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := build[cart](t, limits(time.Second))
		var d diary
		gate := make(chan struct{})
		_, err := x.Execute(t.Context(), newCart(), hooks.FuncUndo("late",
			func(context.Context, *cart) error { <-gate; return nil },
			func(ctx context.Context, _ *cart) error { d.add("undo late: %v", ctx.Err()); return nil }))
		require.ErrorIs(t, err, hooks.ErrTimeout)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err = x.Shutdown(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, `abandoned execute "late" of execution `)
		d.require(t)
		close(gate)
		synctest.Wait()
		d.require(t, "undo late: <nil>")
		require.NoError(t, x.Shutdown(t.Context()))
		assert.Equal(t, int64(1), x.Metrics().LateCompensations)
	})
}

// A failing late compensation is counted apart.
func TestLateCompensationFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := limits(time.Second)
		cfg.Execution.RollbackTimeout = time.Second
		x := build[cart](t, cfg)
		for _, undo := range []func() error{
			func() error { return errBroken }, func() error { panic("undo") }, func() error { runtime.Goexit(); return nil },
			func() error { time.Sleep(time.Minute); return nil },
		} {
			_, err := x.Execute(t.Context(), newCart(), hooks.FuncUndo("late",
				func(context.Context, *cart) error { time.Sleep(2 * time.Second); return nil },
				func(context.Context, *cart) error { return undo() }))
			require.ErrorIs(t, err, hooks.ErrTimeout)
			require.NotErrorIs(t, err, hooks.ErrRollback)
		}
		require.NoError(t, x.Shutdown(t.Context()))
		m := x.Metrics()
		assert.Equal(t, []int64{4, 4, 0, 0}, []int64{m.LateCompensations, m.LateFailures, m.Rollbacks, m.RollbackFailures})
		assert.Equal(t, int64(4), m.Hooks["late"].RollbackFailures)
	})
}

// A Rollback that hangs keeps its copy; the next undo goes on; its end is only
// noted.
func TestHangingRollback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := limits(time.Hour)
		cfg.Execution.RollbackTimeout = time.Second
		x := build[cart](t, cfg)
		var d diary
		gate := make(chan struct{})
		begun := time.Now()
		report, err := x.Execute(t.Context(), newCart(), noting(&d, "one", nil),
			hooks.FuncUndo("hangs", func(_ context.Context, c *cart) error { c.Name = "own"; return nil },
				func(ctx context.Context, c *cart) error {
					<-gate
					d.add("hangs ends: %s, %v", c.Name, context.Cause(ctx))
					scribble(c)
					return nil
				}),
			failing("end", errBroken))
		require.ErrorIs(t, err, errBroken)
		require.NotErrorIs(t, err, hooks.ErrTimeout)
		require.NotErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(begun))
		require.Len(t, report.Rollbacks, 2)
		assert.True(t, report.Rollbacks[0].Abandoned)
		require.ErrorIs(t, report.Rollbacks[0].Err, hooks.ErrTimeout)
		require.ErrorContains(t, err, `rollback "hangs": time limit of 1s for an undo call (RollbackTimeout) exceeded`)
		require.NoError(t, report.Rollbacks[1].Err)
		before := x.Metrics()
		assert.Equal(t, []int64{2, 1, 1}, []int64{before.Rollbacks, before.RollbackFailures, before.AbandonedNow})
		close(gate)
		synctest.Wait()
		d.require(t, "do one", "undo one", "hangs ends: own, time limit of 1s for an undo call (RollbackTimeout) exceeded")
		before.AbandonedNow, before.LateEnds = 0, 1
		if diff := cmp.Diff(before, x.Metrics()); diff != "" {
			t.Errorf("metrics (-want +got):\n%s", diff)
		}
	})
}

// TotalRollbackTimeout is for all undo calls together; what is left when it is used
// up is not called, and that is said.
func TestTotalRollbackTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer time.Sleep(time.Hour)
		cfg := limits(time.Hour)
		cfg.Execution.RollbackTimeout, cfg.Execution.TotalRollbackTimeout = time.Minute, 100*time.Second
		x := build[cart](t, cfg)
		var d diary
		slow := func(name string, took time.Duration) hooks.Hook[cart] {
			return hooks.FuncUndo(name, func(ctx context.Context, _ *cart) error {
				return hooks.OnRollback(ctx, func(context.Context) error { d.add("step %s", name); return nil })
			}, func(ctx context.Context, _ *cart) error {
				deadline, _ := ctx.Deadline()
				d.add("undo %s: %v left", name, time.Until(deadline))
				time.Sleep(took)
				return nil
			})
		}
		dropped := continuing(hooks.FuncUndo("dropped",
			func(context.Context, *cart) error { return hooks.Unknown(errBroken) },
			func(context.Context, *cart) error { time.Sleep(20 * time.Second); return nil }))
		begun := time.Now()
		report, err := x.Execute(t.Context(), newCart(), dropped, hooks.Func("wait", func(context.Context, *cart) error { time.Sleep(10 * time.Minute); return nil }),
			slow("one", 0), slow("two", 50*time.Second), slow("three", 50*time.Second), failing("end", errBroken))
		require.ErrorIs(t, err, errBroken)
		require.NotErrorIs(t, err, hooks.ErrTimeout)
		assert.Equal(t, 10*time.Minute+100*time.Second, time.Since(begun), "what a hook takes does not count")
		d.require(t, "undo three: 1m0s left", "step three", "undo two: 30s left")
		require.Len(t, report.Rollbacks, 7)
		for i, want := range []string{"", "", "", "exceeded", "not called", "not called", "not called"} {
			r := report.Rollbacks[i]
			assert.Equal(t, want != "", r.Err != nil, "%d: %v", i, r)
			if want != "" {
				assert.ErrorIs(t, r.Err, hooks.ErrTimeout)
				assert.ErrorContains(t, r.Err, want)
				assert.ErrorContains(t, r.Err, "TotalRollbackTimeout")
			}
		}
	})
}

// Steps run after the hook's Rollback, newest first, also those of a hook that
// failed; each knows what it undoes.
func TestStepsAndKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		see := func(ctx context.Context, what string) {
			info, ok := hooks.InfoFrom(ctx)
			require.True(t, ok)
			d.add("%s: %v %s %d, key %s, undoes %q, effect %v, result %v", what, info.Phase, info.Hook, info.Index,
				info.IdempotencyKey, info.Undoes, info.Effect, info.Result)
			assert.Equal(t, "order-1", info.Execution)
			assert.Equal(t, 1, info.Attempt)
			assert.Equal(t, 1, info.Round)
			assert.False(t, info.DryRun)
			assert.False(t, info.Late)
		}
		step := func(what string) func(context.Context) error {
			return func(ctx context.Context) error { see(ctx, what); return nil }
		}
		h := func(name string, err error) hooks.Hook[cart] {
			return hooks.Define(hooks.Funcs[cart]{
				Name:          name,
				ValidateEvent: func(ctx context.Context, _ *cart) error { see(ctx, "event"); return nil },
				Execute: func(ctx context.Context, _ *cart) (any, error) {
					see(ctx, "execute")
					return len(name), errors.Join(err,
						hooks.OnRollback(ctx, step("step")), hooks.OnRollback(ctx, step("step")), hooks.BeforeCommit(ctx, step("before")))
				},
				Rollback: func(ctx context.Context, _ *cart) error { see(ctx, "undo"); return nil },
			})
		}
		x := build(t, hooks.Config{}, hooks.ValidatorFunc("v", func(ctx context.Context, _ hooks.StateChange[cart]) hooks.ValidationResult {
			see(ctx, "validator")
			return hooks.ValidationResult{}
		}))
		ctx := hooks.WithExecutionID(t.Context(), "order-1")
		report, err := x.Execute(ctx, newCart(), h("a", nil), h("bb", errBroken))
		require.ErrorIs(t, err, errBroken)
		assert.Equal(t, "order-1", report.Execution)
		assert.Equal(t, "order-1", failureOf(t, err).Execution)
		d.require(t,
			`event: validate event a 0, key order-1/a#1, undoes "", effect done, result <nil>`,
			`execute: execute a 0, key order-1/a#1, undoes "", effect done, result <nil>`,
			`validator: validate state a 0, key order-1/a#1, undoes "", effect done, result <nil>`,
			`event: validate event bb 1, key order-1/bb#1, undoes "", effect done, result <nil>`,
			`execute: execute bb 1, key order-1/bb#1, undoes "", effect done, result <nil>`,
			`step: on rollback bb 1, key order-1/bb#1/undo/2, undoes "order-1/bb#1", effect failed, result <nil>`,
			`step: on rollback bb 1, key order-1/bb#1/undo/1, undoes "order-1/bb#1", effect failed, result <nil>`,
			`undo: rollback a 0, key order-1/a#1/undo, undoes "order-1/a#1", effect done, result 1`,
			`step: on rollback a 0, key order-1/a#1/undo/2, undoes "order-1/a#1", effect done, result 1`,
			`step: on rollback a 0, key order-1/a#1/undo/1, undoes "order-1/a#1", effect done, result 1`)
		var undone []string
		for _, r := range report.Rollbacks {
			undone = append(undone, fmt.Sprintf("%s %d %v", r.Hook, r.Step, r.Effect))
		}
		assert.Equal(t, []string{"bb 2 failed", "bb 1 failed", "a 0 done", "a 2 done", "a 1 done"}, undone)

		d = diary{}
		_, err = x.Execute(ctx, newCart(), h("c", nil))
		require.NoError(t, err)
		assert.Contains(t, d.read(), `before: before commit c 0, key order-1/c#1, undoes "", effect done, result <nil>`)
	})
}

// Every execution has an id of its own, unless it is given one.
func TestExecutionIDs(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	seen := map[string]bool{}
	for range 100 {
		report, err := x.Execute(t.Context(), newCart())
		require.NoError(t, err)
		require.NotEmpty(t, report.Execution)
		require.False(t, seen[report.Execution])
		require.NotContains(t, report.Execution, "/")
		require.NotContains(t, report.Execution, "#")
		seen[report.Execution] = true
	}
	_, ok := hooks.InfoFrom(t.Context())
	assert.False(t, ok)
	_, ok = hooks.InfoFrom(hooks.WithExecutionID(t.Context(), "x"))
	assert.False(t, ok)
}

// A hook may fail and say that its effect may have happened: it is undone, knowing
// that.
func TestUnknown(t *testing.T) {
	var info hooks.Info
	x := build[cart](t, hooks.Config{})
	report, err := x.Execute(t.Context(), newCart(), hooks.Define(hooks.Funcs[cart]{
		Name: "charge",
		Execute: func(context.Context, *cart) (any, error) {
			return "receipt", fmt.Errorf("charge: %w", hooks.Unknown(errBroken))
		},
		Rollback: func(ctx context.Context, _ *cart) error { info, _ = hooks.InfoFrom(ctx); return nil },
	}))
	require.EqualError(t, err, `hooks: execute "charge": charge: broken`)
	require.ErrorIs(t, err, errBroken)
	assert.Equal(t, hooks.EffectUnknown, info.Effect)
	assert.Nil(t, info.Result)
	assert.Equal(t, hooks.OutcomeFailed, report.Results()[0].Outcome)
	assert.Equal(t, hooks.EffectUnknown, report.Rollbacks[0].Effect)
	require.EqualError(t, hooks.Unknown(nil), "outcome unknown")
}

func TestReject(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	report, err := x.Execute(t.Context(), newCart(), failing("gate", hooks.Reject("limit %d: %w", 5, errBroken)))
	require.EqualError(t, err, `hooks: execute "gate": limit 5: broken`)
	require.ErrorIs(t, err, hooks.ErrRejected)
	require.ErrorIs(t, err, errBroken)
	assert.Equal(t, hooks.OutcomeRejected, report.Results()[0].Outcome)
	assert.Equal(t, hooks.Runs{Rejected: 1}, x.Metrics().Runs)
}

// What a hook's attempt registers is sealed when the attempt is over, also for the
// goroutines that it left; nothing is registered then, and the caller is told.
func TestRegistrationsAreSealed(t *testing.T) {
	tries := func(ctx context.Context, d *diary, when string) (errs []error) {
		for _, name := range []string{"OnRollback", "BeforeCommit", "OnCommit"} {
			errs = append(errs, registers[name](ctx, func(context.Context) error { d.add("%s %s", name, when); return nil }))
		}
		hooks.Warn(ctx, "%s", when)
		return errs
	}
	refused := func(t *testing.T, ctx context.Context, d *diary, when string) {
		t.Helper()
		for _, err := range tries(ctx, d, when) {
			assert.ErrorIs(t, err, hooks.ErrEnded, when)
		}
		assert.Equal(t, ctx, hooks.ExecutionContext(ctx), when)
	}
	t.Run("after it returned", func(t *testing.T) {
		var d diary
		var first context.Context
		write, written := make(chan struct{}), make(chan struct{})
		v := hooks.ValidatorFunc("v", func(ctx context.Context, _ hooks.StateChange[cart]) hooks.ValidationResult {
			refused(t, ctx, &d, "in a validator")
			return hooks.ValidationResult{}
		})
		report, err := build(t, hooks.Config{}, v).Execute(t.Context(), newCart(),
			hooks.Define(hooks.Funcs[cart]{
				Name:          "first",
				ValidateEvent: func(ctx context.Context, _ *cart) error { refused(t, ctx, &d, "in ValidateEvent"); return nil },
				Execute: func(ctx context.Context, _ *cart) (any, error) {
					first = ctx
					var wg sync.WaitGroup
					wg.Go(func() { assert.NoError(t, errors.Join(tries(ctx, &d, "from a goroutine")...)) })
					wg.Wait()
					go func() { <-write; refused(t, ctx, &d, "from a goroutine that it left"); close(written) }()
					assert.NotEqual(t, ctx, hooks.ExecutionContext(ctx))
					return nil, nil
				},
				ValidateResult: func(ctx context.Context, _ any) error { refused(t, ctx, &d, "in ValidateResult"); return nil },
				Rollback:       func(ctx context.Context, _ *cart) error { refused(t, ctx, &d, "in Rollback"); return nil },
			}),
			hooks.Func("second", func(ctx context.Context, _ *cart) error {
				refused(t, first, &d, "from the next hook")
				close(write)
				<-written
				return hooks.BeforeCommit(ctx, func(ctx context.Context) error {
					refused(t, ctx, &d, "in BeforeCommit")
					return errBroken
				})
			}))
		require.ErrorIs(t, err, errBroken)
		refused(t, first, &d, "after the execution")
		d.require(t, "BeforeCommit from a goroutine", "OnRollback from a goroutine")
		assert.Equal(t, []string{"from a goroutine"}, report.Results()[0].Warnings)
	})
	t.Run("after it was abandoned", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var d diary
			x := build[cart](t, limits(time.Second))
			report, err := x.Execute(t.Context(), newCart(), continuing(hooks.Func("late", func(ctx context.Context, _ *cart) error {
				assert.NoError(t, errors.Join(tries(ctx, &d, "in time")...))
				<-ctx.Done()
				time.Sleep(time.Second)
				refused(t, ctx, &d, "late")
				return nil
			})), hooks.Func("next", func(context.Context, *cart) error { time.Sleep(500 * time.Millisecond); return nil }))
			require.NoError(t, err)
			require.NoError(t, x.Shutdown(t.Context()))
			d.require(t, "OnRollback in time")
			assert.Equal(t, []string{"in time"}, report.Results()[0].Warnings)
		})
	})
	t.Run("outside", func(t *testing.T) {
		var d diary
		refused(t, context.Background(), &d, "outside")
		require.EqualError(t, hooks.OnRollback(context.Background(), func(context.Context) error { return nil }),
			"hooks: OnRollback: not inside a running hook")
	})
}
