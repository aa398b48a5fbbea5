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

// A chain that goes well takes a fixed number of allocations besides the copies of the state:
// the report, and the run with the contexts of the hooks; two more if there are many hooks.
// (The ids of 32 executions share one.)
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates, too")
	}
	x := build[benchState](t, hooks.Config{})
	for n, want := range map[int]int{1: 2, 2: 2, 5: 2, 6: 4, 20: 4, 100: 4} {
		chain := make([]hooks.Hook[benchState], n)
		for i := range chain {
			chain[i] = hooks.Func(fmt.Sprint("hook", i), bump)
		}
		state := new(benchState)
		got := testing.AllocsPerRun(200, func() {
			if _, err := x.Execute(context.Background(), state, chain...); err != nil {
				t.Fatal(err)
			}
		})
		assert.Equal(t, want, int(got)-(n+1), "with %d hooks, besides the copies", n)
	}
}
