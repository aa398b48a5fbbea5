//go:build !race && !obvious

package hooks_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hooktx/hooks"
)

// A chain that goes well takes a fixed number of allocations besides the copies of the state:
// the report, and the run with the contexts of the hooks; two more if there are many hooks.
// (The ids of 32 executions share one.)
func TestAllocations(t *testing.T) {
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
