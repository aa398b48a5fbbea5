package hooks_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hooktx/hooks"
)

// BenchmarkShared compares a chain over a cell with one over a state of the caller's.
func BenchmarkShared(b *testing.B) {
	x, err := hooks.New[benchState](hooks.Config{})
	if err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{1, 5} {
		chain := make([]hooks.Hook[benchState], n)
		for i := range chain {
			chain[i] = hooks.Func(fmt.Sprint("hook", i), bump)
		}
		b.Run(fmt.Sprintf("n=%d/impl=Execute", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var s benchState
				if _, err := x.Execute(context.Background(), &s, chain...); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("n=%d/impl=ExecuteShared", n), func(b *testing.B) {
			b.ReportAllocs()
			cell := newShared(b, benchState{})
			for b.Loop() {
				if _, err := x.ExecuteShared(context.Background(), cell, chain...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkContention adds to one value from many goroutines.
func BenchmarkContention(b *testing.B) {
	for _, n := range []int{1, 4, 16, 64} {
		many := func(b *testing.B, add func() error) {
			var left atomic.Int64
			left.Store(int64(b.N))
			b.ResetTimer()
			var all sync.WaitGroup
			for range n {
				all.Go(func() {
					for left.Add(-1) >= 0 {
						if err := add(); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			all.Wait()
		}
		b.Run(fmt.Sprintf("goroutines=%d/impl=Mutex", n), func(b *testing.B) {
			var mu sync.Mutex
			var s benchState
			many(b, func() error { mu.Lock(); defer mu.Unlock(); return bump(context.Background(), &s) })
		})
		b.Run(fmt.Sprintf("goroutines=%d/impl=ExecuteShared", n), func(b *testing.B) {
			cell := newShared(b, benchState{})
			many(b, func() error { return cell.Update(context.Background(), bump) })
			if got := cell.Load().A; got != int64(b.N) {
				b.Fatalf("%d of %d", got, b.N)
			}
		})
		b.Run(fmt.Sprintf("goroutines=%d/impl=Edit", n), func(b *testing.B) {
			cell := newShared(b, benchState{})
			many(b, func() error {
				return hooks.Atomically(context.Background(), func(ctx context.Context) error {
					s, err := cell.Edit(ctx)
					if err != nil {
						return err
					}
					return bump(ctx, s)
				})
			})
			if got := cell.Load().A; got != int64(b.N) {
				b.Fatalf("%d of %d", got, b.N)
			}
		})
		b.Run(fmt.Sprintf("goroutines=%d/impl=Read", n), func(b *testing.B) {
			cell := newShared(b, benchState{})
			many(b, func() error {
				return hooks.Atomically(context.Background(), func(ctx context.Context) error { _, err := cell.Read(ctx); return err })
			})
		})
	}
}
