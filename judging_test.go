package hooks_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// judged is a hook with everything that judges it. see gets the context of each call; the
// one of the phase bad fails.
func judged(see func(ctx context.Context), bad hooks.Phase) (hooks.Hook[cart], hooks.Validator[cart]) {
	call := func(ctx context.Context, p hooks.Phase) error {
		see(ctx)
		if p == bad {
			return errBroken
		}
		return nil
	}
	h := hooks.Define(hooks.Funcs[cart]{
		Name:           "h",
		ValidateEvent:  func(ctx context.Context, _ *cart) error { return call(ctx, hooks.PhaseValidateEvent) },
		Execute:        func(ctx context.Context, _ *cart) (any, error) { return nil, call(ctx, hooks.PhaseExecute) },
		ValidateResult: func(ctx context.Context, _ any) error { return call(ctx, hooks.PhaseValidateResult) },
	})
	return h, hooks.ValidatorFunc("v", func(ctx context.Context, _ hooks.StateChange[cart]) hooks.ValidationResult {
		return hooks.ValidationResult{Err: call(ctx, hooks.PhaseValidateState)}
	})
}

var judgedPhases = []hooks.Phase{hooks.PhaseValidateEvent, hooks.PhaseExecute, hooks.PhaseValidateResult, hooks.PhaseValidateState}

// Each call of a hook has a context of its own, in every execution: it knows its execution
// and its phase, is alive while the call runs, and has ended when the execution has, whatever
// came of it.
func TestContextsOfWhatJudges(t *testing.T) {
	for _, bad := range append([]hooks.Phase{hooks.PhasePrepare}, judgedPhases...) { // none fails in PhasePrepare
		var kept []context.Context
		h, v := judged(func(ctx context.Context) {
			assert.NoError(t, ctx.Err())
			kept = append(kept, ctx)
		}, bad)
		x := build(t, hooks.Config{}, v)
		for range 2 * 3 { // more than once on the same worker
			kept = kept[:0]
			report, err := x.Execute(t.Context(), newCart(), h)
			require.Equal(t, bad != hooks.PhasePrepare, err != nil)
			for i, ctx := range kept {
				info, ok := hooks.InfoFrom(ctx)
				assert.True(t, ok)
				assert.Equal(t, report.Execution, info.Execution)
				assert.Equal(t, judgedPhases[i], info.Phase)
				require.ErrorIs(t, ctx.Err(), context.Canceled, "%v, when %v failed", info.Phase, bad)
				require.ErrorContains(t, context.Cause(ctx), "the hook has ended")
			}
			assert.Equal(t, bad, hooks.PhasePrepare+lastPhase(kept, bad))
		}
		require.NoError(t, x.Shutdown(t.Context()))
	}
}

// lastPhase is the phase of the last context if one was to fail.
func lastPhase(kept []context.Context, bad hooks.Phase) hooks.Phase {
	if bad == hooks.PhasePrepare || len(kept) == 0 {
		return 0
	}
	info, _ := hooks.InfoFrom(kept[len(kept)-1])
	return info.Phase
}

// The context of a call ends when the call has returned, not when the hook has.
func TestContextOfAJudgeEndsWithIt(t *testing.T) {
	var before context.Context
	h, v := judged(func(ctx context.Context) {
		if before != nil {
			require.Error(t, before.Err())
		}
		before = ctx
	}, hooks.PhasePrepare)
	_, err := build(t, hooks.Config{}, v).Execute(t.Context(), newCart(), h)
	require.NoError(t, err)
}

// The context of a hook that returns at its deadline says that the deadline has passed,
// whether the executor was woken first or the hook has returned first.
func TestContextOfALateHook(t *testing.T) {
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			keep := make(chan context.Context, 1) // given up, the hook is not waited for
			_, err := build[cart](t, limits(time.Second)).Execute(t.Context(), newCart(), hooks.Func("h", func(ctx context.Context, _ *cart) error {
				keep <- ctx
				time.Sleep(time.Second)
				return nil
			}))
			require.ErrorIs(t, err, hooks.ErrTimeout)
			kept := <-keep
			require.ErrorIs(t, kept.Err(), context.DeadlineExceeded)
			require.ErrorIs(t, context.Cause(kept), hooks.ErrTimeout)
		})
	}
}

// The methods of an error have what is left of the time of the call that returned it, and the
// moment more that every error has.
func TestHostileErrorHasTheRestOfTheTime(t *testing.T) {
	for _, bad := range judgedPhases {
		synctest.Test(t, func(t *testing.T) {
			over := make(chan struct{})
			defer close(over)
			h, v := hostileIn(bad, &hostile{"Error", func() { <-over }})
			begun := time.Now()
			_, err := build(t, limits(time.Second), v).Execute(t.Context(), newCart(), h)
			require.Error(t, err)
			assert.Equal(t, time.Second+10*time.Millisecond, time.Since(begun), "%v", bad)
		})
	}
}

// hostileIn is like judged, but takes most of a second and then fails with err.
func hostileIn(bad hooks.Phase, err error) (hooks.Hook[cart], hooks.Validator[cart]) {
	call := func(p hooks.Phase) error {
		if p != bad {
			return nil
		}
		time.Sleep(900 * time.Millisecond)
		return err
	}
	h := hooks.Define(hooks.Funcs[cart]{
		Name:           "h",
		ValidateEvent:  func(context.Context, *cart) error { return call(hooks.PhaseValidateEvent) },
		Execute:        func(context.Context, *cart) (any, error) { return nil, call(hooks.PhaseExecute) },
		ValidateResult: func(context.Context, any) error { return call(hooks.PhaseValidateResult) },
	})
	return h, hooks.ValidatorFunc("v", func(context.Context, hooks.StateChange[cart]) hooks.ValidationResult {
		return hooks.ValidationResult{Err: call(hooks.PhaseValidateState)}
	})
}

// What a trace callback takes is not the hook's time, neither in its limit nor in its Result.
func TestTimeOfTheTraceIsNotTheHooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := limits(time.Second)
		cfg.Trace = &hooks.Trace{
			HookStart: func(context.Context, hooks.Info) context.Context { time.Sleep(time.Minute); return nil },
			HookEnd:   func(context.Context, hooks.Info, *hooks.Result) { time.Sleep(time.Minute) },
		}
		nap := func(name string) hooks.Hook[cart] {
			return hooks.Func(name, func(context.Context, *cart) error { time.Sleep(time.Second / 2); return nil })
		}
		report, err := build[cart](t, cfg).Execute(t.Context(), newCart(), nap("a"), nap("b"))
		require.NoError(t, err)
		for _, res := range report.Results() {
			assert.Equal(t, time.Second/2, res.Duration)
			assert.Zero(t, res.CopyDuration)
		}
	})
}

// A weighty state takes a second to copy.
type weighty struct{ N int }

func (w *weighty) DeepCopy() *weighty { time.Sleep(time.Second); return &weighty{w.N} }

// What a copy takes is not the time of the hook, nor of what judges it.
func TestTimeOfCopiesIsNotTheHooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nap := func() { time.Sleep(900 * time.Millisecond) }
		x := build(t, limits(time.Minute), hooks.ValidatorFunc("v", func(context.Context, hooks.StateChange[*weighty]) hooks.ValidationResult {
			nap()
			return hooks.ValidationResult{}
		}))
		state := &weighty{}
		add := func(_ context.Context, w **weighty) error { (*w).N++; nap(); return nil }
		report, err := x.Execute(t.Context(), &state, limited(hooks.Func("a", add), time.Second), limited(hooks.Func("b", add), time.Second))
		require.NoError(t, err)
		assert.Equal(t, 2, state.N)
		for _, res := range report.Results() {
			assert.Equal(t, 900*time.Millisecond, res.Duration)
			assert.GreaterOrEqual(t, res.CopyDuration, 2*time.Second, "the version, and the views of the validator")
		}
	})
}

// ValidateResult and the validators share one budget, from whatever instant on: under
// testing/synctest that is often the very first one.
func TestTheBudgetOfJudgesFromTheFirstInstant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := hooks.ValidatorFunc("slow", func(ctx context.Context, _ hooks.StateChange[board]) hooks.ValidationResult {
			<-ctx.Done()
			return hooks.ValidationResult{}
		})
		x := build[board](t, hooks.Config{Execution: hooks.ExecutionConfig{DefaultTimeout: 10 * time.Second, Grace: time.Second}}, slow)
		begun := time.Now()
		_, err := x.Execute(t.Context(), newBoard(), hooks.Define(hooks.Funcs[board]{
			Name:           "h",
			Execute:        func(context.Context, *board) (any, error) { return nil, nil },
			ValidateResult: func(context.Context, any) error { time.Sleep(4 * time.Second); return nil },
		}))
		require.ErrorIs(t, err, hooks.ErrInvalidState)
		require.Equal(t, 10*time.Second, time.Since(begun))
	})
}

// A copy between them, however slow, is not on their budget.
func TestACopyIsNotOnTheBudgetOfJudges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fine := hooks.ValidatorFunc("fine", func(context.Context, hooks.StateChange[slowlyCopied]) hooks.ValidationResult {
			time.Sleep(4 * time.Second)
			return hooks.ValidationResult{}
		})
		x := build[slowlyCopied](t, hooks.Config{Execution: hooks.ExecutionConfig{DefaultTimeout: 10 * time.Second}}, fine)
		_, err := x.Execute(t.Context(), new(slowlyCopied), hooks.Define(hooks.Funcs[slowlyCopied]{
			Name:           "h",
			Execute:        func(context.Context, *slowlyCopied) (any, error) { return nil, nil },
			ValidateResult: func(context.Context, any) error { time.Sleep(4 * time.Second); return nil },
		}))
		require.NoError(t, err)
	})
}

// slowlyCopied is a state of which a copy takes long.
type slowlyCopied struct{ N int }

func (s *slowlyCopied) DeepCopy() *slowlyCopied {
	time.Sleep(7 * time.Second)
	return &slowlyCopied{s.N}
}

// A hook that has to be given a copy when nothing more may start does not start: it is skipped,
// also if the copy would have had to call a method.
func TestNoCopyForAHookThatMayNotStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeoutCause(t.Context(), 30*time.Second, errCause)
		defer cancel()
		deaf := hooks.Define(hooks.Funcs[slowlyCopied]{
			Name: "deaf", Options: hooks.Options{Timeout: time.Second, OnFailure: hooks.Continue},
			Execute: func(context.Context, *slowlyCopied) (any, error) { time.Sleep(time.Minute); return nil, nil },
		})
		x := build[slowlyCopied](t, hooks.Config{Execution: hooks.ExecutionConfig{Grace: time.Hour}})
		report, err := x.Execute(ctx, new(slowlyCopied), hooks.Sequence("s", deaf), hooks.Func("next", func(context.Context, *slowlyCopied) error { return nil }))
		require.EqualError(t, err, "hooks: execute: the caller's cause")
		require.Equal(t, "s succeeded (s/deaf timed out), next skipped", treeOf(report.Results()))
		require.Equal(t, hooks.Runs{TimedOut: 1}, x.Metrics().Runs)
	})
}
