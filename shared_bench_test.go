package hooks_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/hooktx/hooks"
)

// What it costs that many may work on a state, when nobody else does.
func BenchmarkExecuteShared(b *testing.B) {
	for _, n := range []int{1, 5} {
		chain := make([]hooks.Hook[benchState], n)
		for i := range chain {
			chain[i] = hooks.Func(fmt.Sprint("hook", i), bump)
		}
		x, err := hooks.New[benchState](hooks.Config{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("hooks=%d/impl=Execute", n), func(b *testing.B) {
			state := new(benchState)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := x.Execute(context.Background(), state, chain...); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("hooks=%d/impl=ExecuteShared", n), func(b *testing.B) {
			cell := newCell(b, benchState{})
			b.ReportAllocs()
			for b.Loop() {
				if _, err := x.ExecuteShared(context.Background(), cell, chain...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Many goroutines count in one cell, beside many that count under a mutex.
func BenchmarkContention(b *testing.B) {
	for _, n := range []int{1, 4, 16, 64} {
		share := func(b *testing.B, do func() error) {
			var group sync.WaitGroup
			left := make(chan struct{}, n)
			for range n {
				group.Go(func() {
					for range left {
						if err := do(); err != nil {
							b.Error(err)
						}
					}
				})
			}
			for b.Loop() {
				left <- struct{}{}
			}
			close(left)
			group.Wait()
		}
		b.Run(fmt.Sprintf("goroutines=%d/impl=mutex", n), func(b *testing.B) {
			var mu sync.Mutex
			count := 0
			share(b, func() error { mu.Lock(); defer mu.Unlock(); count++; return nil })
		})
		b.Run(fmt.Sprintf("goroutines=%d/impl=Update", n), func(b *testing.B) {
			cell := newCell(b, 0)
			share(b, func() error {
				return cell.Update(context.Background(), func(_ context.Context, v *int) error { *v++; return nil })
			})
		})
		b.Run(fmt.Sprintf("goroutines=%d/impl=Edit", n), func(b *testing.B) {
			cell := newCell(b, 0)
			x, err := hooks.New[struct{}](hooks.Config{Execution: hooks.ExecutionConfig{MaxRounds: hooks.NoLimit}})
			if err != nil {
				b.Fatal(err)
			}
			hook := hooks.Func("count", func(ctx context.Context, _ *struct{}) error { return add(ctx, cell, 1) })
			share(b, func() error { _, err := x.Execute(context.Background(), new(struct{}), hook); return err })
		})
	}
}

// Chains that only read do not wait for each other.
func BenchmarkReaders(b *testing.B) {
	x, err := hooks.New[benchState](hooks.Config{})
	if err != nil {
		b.Fatal(err)
	}
	look := hooks.With(hooks.Func("look", func(context.Context, *benchState) error { return nil }),
		func(o *hooks.Options) { o.ReadOnly = true })
	cell := newCell(b, benchState{})
	b.Run("impl=one", func(b *testing.B) {
		for b.Loop() {
			if _, err := x.ExecuteShared(context.Background(), cell, look); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("impl=parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := x.ExecuteShared(context.Background(), cell, look); err != nil {
					b.Error(err)
				}
			}
		})
	})
}
