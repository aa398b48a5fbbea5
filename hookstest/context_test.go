package hookstest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
	"github.com/hooktx/hooks/hookstest"
)

func nothing(context.Context) error { return nil }

func TestContextInfo(t *testing.T) {
	info, ok := hooks.InfoFrom(hookstest.Context(t, hooks.Info{}))
	require.True(t, ok)
	assert.Equal(t, hooks.Info{
		Execution: "test", Hook: "hook", Attempt: 1, Round: 1, Phase: hooks.PhaseExecute, IdempotencyKey: "test/hook#1",
	}, info)

	full := hooks.Info{Execution: "e", Hook: "a/b", Index: 3, Attempt: 2, Round: 4, Phase: hooks.PhaseValidateEvent, DryRun: true, IdempotencyKey: "k"}
	info, _ = hooks.InfoFrom(hookstest.Context(t, full))
	assert.Equal(t, full, info)

	call := hookstest.Context(t, hooks.Info{Hook: "pay"})
	info, _ = hooks.InfoFrom(call.Undo(t, hooks.EffectUnknown, 5))
	assert.Equal(t, hooks.Info{
		Execution: "test", Hook: "pay", Attempt: 1, Round: 1, Phase: hooks.PhaseRollback, IdempotencyKey: "test/pay#1/undo",
		Undoes: "test/pay#1", Effect: hooks.EffectUnknown, Result: 5,
	}, info)
	info, _ = hooks.InfoFrom(hookstest.Context(t, hooks.Info{Phase: hooks.PhaseOnRollback, Hook: "x"}))
	assert.Equal(t, "test/x#1", info.Undoes)
	assert.Equal(t, "test/x#1/undo", info.IdempotencyKey)
}

func TestContextRegisters(t *testing.T) {
	call := hookstest.Context(t, hooks.Info{})
	assert.Empty(t, call.Warnings())
	ctx, cancel := context.WithTimeout(call, time.Hour)
	defer cancel()
	hooks.Warn(ctx, "low on %s", "tea")
	one := errors.New("one")
	require.NoError(t, hooks.OnRollback(ctx, func(context.Context) error { return one }))
	require.NoError(t, hooks.OnRollback(ctx, nothing))
	require.NoError(t, hooks.BeforeCommit(ctx, nothing))
	require.NoError(t, hooks.OnCommit(ctx, nothing))
	assert.Equal(t, []string{"low on tea"}, call.Warnings())
	assert.Len(t, call.OnRollback(), 2)
	assert.Equal(t, one, call.OnRollback()[0](ctx))
	assert.Len(t, call.BeforeCommit(), 1)
	assert.Len(t, call.OnCommit(), 1)

	life := hooks.ExecutionContext(ctx)
	call.End()
	<-ctx.Done()
	require.ErrorIs(t, life.Err(), context.Canceled)
	require.ErrorIs(t, hooks.OnRollback(ctx, nothing), hooks.ErrEnded)
	require.ErrorIs(t, hooks.OnCommit(call.Undo(t, hooks.EffectDone, nil), nothing), hooks.ErrEnded)
}

// What is an end for the test's context is one for the hook's.
func TestContextEnds(t *testing.T) {
	var call *hookstest.Call
	t.Run("a test", func(t *testing.T) {
		call = hookstest.Context(t, hooks.Info{})
		require.NoError(t, call.Err())
	})
	<-call.Done()
	require.ErrorIs(t, call.Err(), context.Canceled)
}

func TestContextOfCells(t *testing.T) {
	cell, err := hooks.NewShared(1)
	require.NoError(t, err)
	call := hookstest.Context(t, hooks.Info{})
	v, err := cell.Edit(call)
	require.NoError(t, err)
	*v = 2
	got, err := cell.Read(call)
	require.NoError(t, err)
	assert.Equal(t, 2, got)
	call.End()
	assert.Equal(t, 1, cell.Load(), "edits are dropped")
	_, err = cell.Edit(call)
	require.ErrorIs(t, err, hooks.ErrEnded)
}

// An execution begun inside has an id that tells so.
func TestContextOfNestedExecutions(t *testing.T) {
	call := hookstest.Context(t, hooks.Info{Hook: "outer"})
	report, err := hooks.Run(call, newOrder(), do("a", nil))
	require.NoError(t, err)
	assert.Equal(t, "test/outer#1", report.Execution)
}
