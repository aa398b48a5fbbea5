package hooks_test

import (
	"context"
	"fmt"
	"runtime/pprof"
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
