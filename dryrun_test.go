package hooks_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// A dry run has verdicts and changes, and no effects.
func TestDryRun(t *testing.T) {
	var d diary
	x := build[cart](t, hooks.Config{})
	note := func(text string) func(context.Context) error {
		return func(context.Context) error { d.add("%s", text); return nil }
	}
	plain := hooks.Define(hooks.Funcs[cart]{Name: "plain", Execute: func(ctx context.Context, c *cart) (any, error) {
		info, _ := hooks.InfoFrom(ctx)
		d.add("plain: dry %v", info.DryRun)
		c.N = 1
		return "plain value", errors.Join(
			hooks.OnRollback(ctx, note("step 1")), hooks.OnRollback(ctx, note("step 2")),
			hooks.BeforeCommit(ctx, note("before commit")), hooks.OnCommit(ctx, note("on commit")))
	}})
	effect := hooks.FuncUndo("effect", func(context.Context, *cart) error { d.add("effect"); return nil },
		func(context.Context, *cart) error { d.add("undo effect"); return nil })
	aware := hooks.With(hooks.FuncUndo("aware", func(ctx context.Context, c *cart) error {
		info, _ := hooks.InfoFrom(ctx)
		d.add("aware: dry %v, sees %d", info.DryRun, c.N)
		c.Lines[0].Qty = 7
		return nil
	}, func(context.Context, *cart) error { d.add("undo aware"); return nil }), func(o *hooks.Options) { o.DryRunnable = true })

	state := newCart()
	report, err := x.DryRun(t.Context(), state, plain, effect, aware)
	require.NoError(t, err)
	requireCart(t, newCart(), state)
	d.require(t, "plain: dry true", "aware: dry true, sees 1", "step 2", "step 1")
	assert.True(t, report.DryRun)
	assert.False(t, report.Committed)
	assert.Equal(t, []hooks.Outcome{hooks.OutcomeSucceeded, hooks.OutcomeSkipped, hooks.OutcomeSucceeded}, outcomesOf(report))
	require.ErrorContains(t, report.Results()[1].Err, "skipped in the dry run: the hook has a Rollback")
	assert.Equal(t, []hooks.Change{{Path: "N", Before: "0", After: "1"}}, report.Results()[0].Changes)
	assert.Equal(t, []hooks.Change{{Path: "Lines[0].Qty", Before: "1", After: "7"}}, report.Results()[2].Changes)
	assert.Equal(t, []any{"plain value", nil}, report.Values())
	value, ok := hooks.ResultOf[string](report, "plain")
	assert.True(t, ok)
	assert.Equal(t, "plain value", value)
	m := x.Metrics()
	assert.Equal(t, []int64{1, 1, 0, 0}, []int64{m.Executions, m.DryRuns, m.Commits, m.Failures})
	assert.Zero(t, m.FailureRate())
	assert.Contains(t, report.String(), "dry run")
}

// A dry run that fails says so, as a chain does.
func TestDryRunFails(t *testing.T) {
	var d diary
	x := build[cart](t, hooks.Config{})
	state := newCart()
	report, err := x.DryRun(t.Context(), state,
		hooks.With(noting(&d, "one", nil), func(o *hooks.Options) { o.DryRunnable = true }),
		continuing(failing("two", errors.New("second"))), failing("three", errBroken), failing("four", nil))
	require.ErrorIs(t, err, errBroken)
	assert.Equal(t, "three", failureOf(t, err).Hook)
	requireCart(t, newCart(), state)
	d.require(t, "do one")
	assert.Nil(t, report.Values(), "nil if the chain failed")
	m := x.Metrics()
	assert.Equal(t, []int64{1, 1, 0}, []int64{m.Executions, m.DryRuns, m.Failures})
}

// An undo step that fails fails the dry run.
func TestDryRunStepFails(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	report, err := x.DryRun(t.Context(), newCart(), hooks.Func("h", func(ctx context.Context, _ *cart) error {
		return hooks.OnRollback(ctx, func(context.Context) error { return errBroken })
	}))
	require.ErrorIs(t, err, hooks.ErrRollback)
	require.ErrorIs(t, err, errBroken)
	assert.Equal(t, hooks.PhaseOnRollback, failureOf(t, err).Phase)
	assert.Len(t, report.Rollbacks, 1)
}
