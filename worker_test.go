package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// A trapContext panics when it is asked for the key of that type.
type trapContext struct {
	context.Context
	key string
}

func (c trapContext) Value(key any) any {
	if fmt.Sprintf("%T", key) == c.key {
		panic("trapped")
	}
	return c.Context.Value(key)
}

// What panics on a worker outside of any hook, such as a context of the caller's, panics in
// the caller's goroutine, where he may recover: it does not end the process. The executor
// goes on.
func TestPanicOutsideOfHooksIsTheCallers(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	ran := hooks.Func("ran", doCart)
	for range 3 {
		state := newCart()
		assert.Panics(t, func() { _, _ = x.Execute(trapContext{t.Context(), "pprof.labelContextKey"}, state, ran) })
		requireCart(t, newCart(), state)
		_, err := x.Execute(t.Context(), state, ran)
		require.NoError(t, err)
	}
	require.NoError(t, x.Shutdown(t.Context()), "nothing counts as under way")
}

// goroutineLabels is the goroutine profile, with the labels of all goroutines.
func goroutineLabels(t *testing.T) string {
	var b strings.Builder
	require.NoError(t, pprof.Lookup("goroutine").WriteTo(&b, 1))
	return b.String()
}

// Profiler labels are those of the caller's context, whatever hooks before have set on the
// goroutine.
func TestProfilerLabels(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	leaks := hooks.Func("leaks", func(ctx context.Context, _ *cart) error {
		pprof.SetGoroutineLabels(pprof.WithLabels(ctx, pprof.Labels("leak", "yes")))
		require.Contains(t, goroutineLabels(t), `"leak":"yes"`)
		return nil
	})
	var seen string
	looks := hooks.Func("looks", func(context.Context, *cart) error { seen = goroutineLabels(t); return nil })
	for range 3 {
		_, err := x.Execute(t.Context(), newCart(), leaks)
		require.NoError(t, err)
		_, err = x.Execute(pprof.WithLabels(t.Context(), pprof.Labels("mine", "yes")), newCart(), looks)
		require.NoError(t, err)
		assert.NotContains(t, seen, `"leak":"yes"`)
		assert.Contains(t, seen, `"mine":"yes"`)
	}
	require.NoError(t, x.Shutdown(t.Context()))
}

// inheritsLabels is a goroutine that has the labels of the one that starts it.
func inheritsLabels(started, done chan struct{}) {
	close(started)
	<-done
}

// What undoes and commits has the labels of the caller's context, too.
func TestProfilerLabelsOfUndoAndCommit(t *testing.T) {
	labels := func(ctx context.Context) {
		started, done := make(chan struct{}), make(chan struct{})
		defer close(done)
		go inheritsLabels(started, done)
		<-started
		var b strings.Builder
		assert.NoError(t, pprof.Lookup("goroutine").WriteTo(&b, 1))
		info, _ := hooks.InfoFrom(ctx)
		assert.True(t, slices.ContainsFunc(strings.Split(b.String(), "\n\n"), func(stack string) bool {
			return strings.Contains(stack, "inheritsLabels") && strings.Contains(stack, `"mine":"`+info.Execution+`"`)
		}), "in %v", info.Phase)
	}
	asks := func(ctx context.Context) error { labels(ctx); return nil }
	h := hooks.FuncUndo("h", func(ctx context.Context, _ *cart) error {
		return errors.Join(hooks.OnRollback(ctx, asks), hooks.BeforeCommit(ctx, asks), hooks.OnCommit(ctx, asks))
	}, func(ctx context.Context, _ *cart) error { labels(ctx); return nil })
	run := func(id string, chain ...hooks.Hook[cart]) error {
		ctx := pprof.WithLabels(hooks.WithExecutionID(t.Context(), id), pprof.Labels("mine", id))
		_, err := hooks.Run(ctx, newCart(), chain...)
		return err
	}
	require.NoError(t, run("commits", h))
	require.ErrorIs(t, run("fails", h, failing("end", errBroken)), errBroken)
}
