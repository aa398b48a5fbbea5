package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/hooktx/hooks"
)

// benchState is a state of about 100 bytes.
type benchState struct {
	A, B, C, D, E, F, G, H int64
	Name                   string
	List                   [4]int64
}

func bump(_ context.Context, s *benchState) error { s.A++; return nil }

// BenchmarkChain compares a chain of trivial hooks with the loop that one would write
// by hand, which copies nothing, restores nothing and undoes nothing.
func BenchmarkChain(b *testing.B) {
	x, err := hooks.New[benchState](hooks.Config{})
	if err != nil {
		b.Fatal(err)
	}
	ballast := make([]byte, 64<<20) // programs hold memory; without, the collector never rests
	defer runtime.KeepAlive(ballast)
	for _, n := range []int{1, 5, 20} {
		chain := make([]hooks.Hook[benchState], n)
		for i := range chain {
			chain[i] = hooks.Func(fmt.Sprint("hook", i), bump)
		}
		check := func(b *testing.B, err error, got int64) {
			if err != nil || got != int64(n) {
				b.Fatalf("got A = %d, error %v; want %d, nil", got, err, n)
			}
		}
		b.Run(fmt.Sprintf("n=%d/impl=textbook", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var s benchState
				check(b, textbook(context.Background(), &s, n), s.A)
			}
		})
		b.Run(fmt.Sprintf("n=%d/impl=hooks", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var s benchState
				_, err := x.Execute(context.Background(), &s, chain...)
				check(b, err, s.A)
			}
		})
	}
}

// textbook is the usual pattern: per hook a goroutine, a timeout, a channel, a select.
func textbook(ctx context.Context, s *benchState, n int) error {
	one := func() error {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		done := make(chan error, 1)
		go func() {
			defer func() {
				if p := recover(); p != nil {
					done <- fmt.Errorf("panic: %v", p)
				}
			}()
			done <- bump(ctx, s)
		}()
		select {
		case err := <-done:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for range n {
		if err := one(); err != nil {
			return errors.Join(errors.New("hook failed"), err)
		}
	}
	return nil
}
