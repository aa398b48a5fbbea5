package hooks_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// hooksInARow has n hooks, each after the one before.
func hooksInARow(n int) []placed {
	all := make([]placed, n)
	for i := range all {
		all[i] = placed{fmt.Sprint("hook", i), behind(fmt.Sprint("hook", i-1))}
	}
	return all
}

func BenchmarkRegistryResolve(b *testing.B) {
	for _, n := range []int{5, 1000} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			r := registryOf(b, hooksInARow(n)...)
			b.ReportAllocs()
			for b.Loop() {
				if chain, err := r.Resolve(); len(chain) != n || err != nil {
					b.Fatalf("got %d hooks, error %v", len(chain), err)
				}
			}
		})
	}
}

// One call of Register and one of Remove, in a registry of n hooks.
func BenchmarkRegistryChange(b *testing.B) {
	for _, n := range []int{5, 100, 1000} {
		for _, order := range []string{"none", "row"} {
			b.Run(fmt.Sprintf("n=%d/order=%s", n, order), func(b *testing.B) {
				all, at := hooksInARow(n), behind("hook0")
				if order == "none" {
					at = anywhere
					for i := range all {
						all[i].at = anywhere
					}
				}
				r, last := registryOf(b, all...), idle("last")
				b.ReportAllocs()
				for b.Loop() {
					if err := errors.Join(r.Register(last, at), r.Remove("last")); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// From nothing to n hooks.
func BenchmarkRegistryFill(b *testing.B) {
	for _, n := range []int{10, 1000} {
		all := hooksInARow(n)
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				registryOf(b, all...)
			}
		})
	}
}

// Resolve is for every event: it allocates nothing.
func TestRegistryResolveAllocatesNothing(t *testing.T) {
	r := registryOf(t, hooksInARow(10)...)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if _, err := r.Resolve(); err != nil {
			t.Fatal(err)
		}
	}))
}
