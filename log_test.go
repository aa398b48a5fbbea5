package hooks_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/hooktx/hooks"
)

func logged(logs *observer.ObservedLogs) (lines []string) {
	for _, e := range logs.All() {
		f := e.ContextMap()
		line := fmt.Sprintf("%v %s: %v %v %v", e.Level, e.Message, f["execution"], f["hook"], f["phase"])
		if f["error"] != nil {
			line += fmt.Sprintf(": %v", f["error"])
		}
		lines = append(lines, line)
	}
	return lines
}

// isLateEnd picks what comes when it comes.
func isLateEnd(line string) bool { return strings.HasPrefix(line, "info abandoned call ended") }

// Every failure is logged, once, with execution, hook and phase.
func TestFailuresAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.DebugLevel)
		cfg := limits(time.Second)
		cfg.Name, cfg.Logger = "orders", zap.New(core)
		cfg.Execution.RollbackTimeout, cfg.Execution.TotalRollbackTimeout = time.Second, time.Second
		x := build[cart](t, cfg)
		ctx := hooks.WithExecutionID(t.Context(), "id")

		_, err := x.Execute(ctx, newCart(),
			hooks.FuncUndo("not undone", doCart, doCart),
			hooks.FuncUndo("hangs in undo", doCart, func(context.Context, *cart) error { time.Sleep(time.Minute); return nil }),
			hooks.FuncUndo("undo fails", doCart, func(context.Context, *cart) error { return errors.New("cannot") }),
			continuing(hooks.FuncUndo("late", func(context.Context, *cart) error { time.Sleep(10 * time.Second); panic("late") }, doCart)),
			continuing(hooks.FuncUndo("late and done", func(context.Context, *cart) error { time.Sleep(30 * time.Second); return nil }, doCart)),
			hooks.Func("panics", func(context.Context, *cart) error { panicString(); return nil }))
		require.ErrorIs(t, err, hooks.ErrPanic)
		require.NoError(t, x.Shutdown(t.Context()))
		assert.Equal(t, []string{
			`warn call abandoned: past its limit and still running: id late execute`,
			`warn hook failed: id late execute: time limit of 1s for hook "late" exceeded`,
			`warn call abandoned: past its limit and still running: id late and done execute`,
			`warn hook failed: id late and done execute: time limit of 1s for hook "late and done" exceeded`,
			`warn hook failed: id panics execute: panic: a string`,
			`warn rollback failed: id undo fails rollback: cannot`,
			`warn call abandoned: past its limit and still running: id hangs in undo rollback`,
			`warn rollback failed: id hangs in undo rollback: time limit of 1s for an undo call (RollbackTimeout) exceeded`,
			`warn rollback not called: id not undone rollback: not called: all undo calls (TotalRollbackTimeout 1s) was used up`,
			`warn execution failed: id panics execute: ` + err.Error(),
			`info late compensation: id late and done <nil>`,
		}, slices.DeleteFunc(logged(logs), isLateEnd))
		assert.Equal(t, []string{
			`info abandoned call ended: id late execute`,
			`info abandoned call ended: id late and done execute`,
			`info abandoned call ended: id hangs in undo rollback`,
		}, slices.DeleteFunc(logged(logs), func(line string) bool { return !isLateEnd(line) }))
		for _, e := range logs.All() {
			assert.Equal(t, "orders", e.ContextMap()["executor"])
		}
		panicked := logs.FilterMessage("hook failed").FilterField(zap.String("hook", "panics")).All()
		assert.Contains(t, panicked[0].ContextMap()["stack"], "hooks_test.panicString")
		assert.Equal(t, "panicked", logs.FilterMessage("abandoned call ended").All()[0].ContextMap()["how"])

		logs.TakeAll()
		_, err = x.Execute(ctx, newCart())
		require.ErrorIs(t, err, hooks.ErrClosed)
		assert.Equal(t, []string{`warn execution refused: id  prepare: hooks: prepare: executor is shut down`}, logged(logs))

		logs.TakeAll()
		x = build[cart](t, cfg)
		_, err = x.Execute(ctx, newCart(), hooks.Func("h", func(ctx context.Context, _ *cart) error {
			return hooks.OnCommit(ctx, func(context.Context) error { return errBroken })
		}))
		require.NoError(t, err)
		assert.Equal(t, []string{`warn on commit failed: id h on commit: broken`}, logged(logs))
	})
}

// Success is silent, unless more is asked for.
func TestDetailedLogging(t *testing.T) {
	for _, detailed := range []bool{false, true} {
		core, logs := observer.New(zap.DebugLevel)
		cfg := hooks.Config{Logger: zap.New(core), Monitoring: hooks.MonitoringConfig{DetailedLogging: detailed}}
		var d diary
		_, err := build[cart](t, cfg).Execute(hooks.WithExecutionID(t.Context(), "id"), newCart(), noting(&d, "h", nil))
		require.NoError(t, err)
		if !detailed {
			assert.Empty(t, logged(logs))
			continue
		}
		assert.Equal(t, []string{
			"debug execution started: id <nil> <nil>",
			"debug hook started: id h <nil>",
			"debug hook ended: id h <nil>",
			"debug execution ended: id <nil> <nil>",
		}, logged(logs))
		assert.Equal(t, true, logs.FilterMessage("execution ended").All()[0].ContextMap()["committed"])
		assert.Positive(t, logs.FilterMessage("hook ended").All()[0].ContextMap()["state_size"])
	}
}

// The content of a state is never logged, in whatever way an execution ends.
func TestStateIsNeverLogged(t *testing.T) {
	const secret = "5ecret"
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.DebugLevel)
		cfg := limits(time.Second)
		cfg.Logger = zap.New(core)
		cfg.Monitoring = hooks.MonitoringConfig{DetailedLogging: true, TrackChanges: true}
		cfg.Execution.MaxStateSize = 1 << 15
		x := build(t, cfg, hooks.ValidatorFunc("name", func(_ context.Context, c hooks.StateChange[cart]) hooks.ValidationResult {
			if c.After.Name == "refuse me" {
				return hooks.ValidationResult{Err: errors.New("refused"), Warnings: []string{"careful"}}
			}
			return hooks.ValidationResult{}
		}))
		for _, policy := range []hooks.FailurePolicy{hooks.Abort, hooks.Continue} {
			for _, half := range halves {
				state := newCart()
				state.Name, state.note, state.Shared["value"] = secret, secret, []any{secret, &line{SKU: secret}}
				tell := hooks.Define(hooks.Funcs[cart]{Name: "tell",
					Execute:  func(_ context.Context, c *cart) (any, error) { c.Lines[0].SKU = secret + "!"; return c, nil },
					Rollback: func(_ context.Context, c *cart) error { c.Lines[0].SKU = secret + "?"; return nil }})
				_, _ = x.Execute(t.Context(), state, append([]hooks.Hook[cart]{tell}, halfChain(half.end, policy, new(cart))...)...)
				_, _ = x.DryRun(t.Context(), state, halfChain(half.end, policy, new(cart))...)
			}
		}
		bad := newCart()
		bad.Name, bad.Shared[secret] = secret, &net.TCPConn{}
		_, err := x.Execute(t.Context(), bad, hooks.Func("h", doCart))
		require.ErrorIs(t, err, hooks.ErrNotCopyable)
		require.NoError(t, x.Shutdown(t.Context()))
		require.Greater(t, logs.Len(), 100)
		enc := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
		for _, e := range logs.All() {
			text, err := enc.EncodeEntry(e.Entry, e.Context)
			require.NoError(t, err)
			require.True(t, json.Valid(text.Bytes()))
			require.False(t, strings.Contains(text.String(), secret), "%s", text)
		}
	})
}

// Nor is it if members of a group have changed one place in different ways: the error says
// which, the log does not.
func TestConflictsAreLoggedWithoutContent(t *testing.T) {
	const secret = "5ecret"
	core, logs := observer.New(zap.DebugLevel)
	x := build[cart](t, hooks.Config{Logger: zap.New(core)})
	cell := newCell(t, map[string]string{})
	put := func(name string) hooks.Hook[cart] {
		return hooks.Func(name, func(_ context.Context, c *cart) error { c.Shared[secret] = secret + name; return nil })
	}
	edit := func(name string) hooks.Hook[cart] {
		return onCart(name, func(ctx context.Context) error {
			m, err := cell.Edit(ctx)
			if err == nil {
				(*m)[secret] = secret + name
			}
			return err
		})
	}
	for _, members := range [][]hooks.Hook[cart]{{put("a"), put("b")}, {edit("a"), edit("b")}} {
		logs.TakeAll()
		_, err := x.Execute(t.Context(), newCart(), hooks.Parallel("p", members...))
		require.ErrorIs(t, err, hooks.ErrConflict)
		require.ErrorContains(t, err, secret, "it is for the caller")
		require.Positive(t, logs.Len())
		for _, line := range logged(logs) {
			assert.NotContains(t, line, secret)
			assert.Contains(t, line, `"p/a" and "p/b" changed `)
		}
	}
}

// Why a chain that was beaten to a cell is not run again stands in the log as in the error.
func TestLostRoundsAreLogged(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	cfg := hooks.Config{Logger: zap.New(core), Execution: hooks.ExecutionConfig{MaxRounds: 2}}
	_, err := build[cart](t, cfg).Execute(hooks.WithExecutionID(t.Context(), "id"), newCart(), losing(t, newCell(t, 0)))
	require.ErrorIs(t, err, hooks.ErrConflict)
	assert.Equal(t, []string{"warn execution failed: id  commit: " + err.Error()}, logged(logs))
	assert.Contains(t, err.Error(), "; given up after 2 rounds (MaxRounds)")
}

// Nor is it if the value of a cell cannot be copied.
func TestCellsAreLoggedWithoutContent(t *testing.T) {
	const secret = "5ecret"
	core, logs := observer.New(zap.DebugLevel)
	x := build[cart](t, hooks.Config{Logger: zap.New(core)})
	cell := newCell(t, map[string]any{})
	_, err := x.Execute(t.Context(), newCart(), onCart("h", func(ctx context.Context) error {
		m, err := cell.Edit(ctx)
		if err == nil {
			(*m)[secret] = &net.TCPConn{}
		}
		return err
	}))
	require.ErrorIs(t, err, hooks.ErrNotCopyable)
	require.ErrorContains(t, err, secret)
	require.Positive(t, logs.Len())
	for _, line := range logged(logs) {
		assert.NotContains(t, line, secret)
		assert.Contains(t, line, "cannot copy ")
	}
}
