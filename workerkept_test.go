package hooks_test

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// goroutineID is the number of the calling goroutine, which no other one ever has.
func goroutineID() string {
	var stack [64]byte
	return string(bytes.Fields(stack[:runtime.Stack(stack[:], false)])[1])
}

// Of a goroutine that a hook has kept for itself, or that has panicked or exited, no other hook
// is served, during the chain, after it, or once the hook has ended.
func TestGoroutineOfAFailedHookServesNobody(t *testing.T) {
	stays := func(_ func(), release chan struct{}) error { <-release; return nil }
	for _, tt := range []struct {
		reason string
		limit  time.Duration
		do     func(cancel func(), release chan struct{}) error
		err    error
	}{
		{"it was given up at its limit", time.Millisecond, stays, hooks.ErrTimeout},
		{"it was given up, and then panics", time.Millisecond, func(_ func(), release chan struct{}) error { <-release; panic("late") }, hooks.ErrTimeout},
		{"it was given up, and then exits", time.Millisecond, func(_ func(), release chan struct{}) error { <-release; runtime.Goexit(); return nil }, hooks.ErrTimeout},
		{"it was given up because its caller ended", 0, func(cancel func(), release chan struct{}) error { cancel(); <-release; return nil }, context.Canceled},
		{"it panics", 0, func(func(), chan struct{}) error { panic("at once") }, hooks.ErrPanic},
		{"it panics with nothing", 0, func(func(), chan struct{}) error { panic(nil) }, hooks.ErrPanic},
		{"it exits", 0, func(func(), chan struct{}) error { runtime.Goexit(); return nil }, hooks.ErrExited},
		{"it exits while it panics", 0, func(func(), chan struct{}) error { defer runtime.Goexit(); panic("at once") }, hooks.ErrExited},
		{"it returns an error", 0, func(func(), chan struct{}) error { return errBroken }, errBroken},
	} {
		for _, where := range []string{"Execute", "ValidateEvent", "ValidateResult", "a validator"} {
			t.Run(tt.reason+", in "+where, func(t *testing.T) {
				baseline := runtime.NumGoroutine()
				var bad atomic.Value // given up, the hook may be writing still
				release := make(chan struct{})
				parent, cancel := context.WithCancel(t.Context())
				defer cancel()
				act := func(here string) error {
					if here != where {
						return nil
					}
					bad.Store(goroutineID())
					return tt.do(cancel, release)
				}
				x := build(t, hooks.Config{}, hooks.ValidatorFunc("v", func(_ context.Context, c hooks.StateChange[int]) hooks.ValidationResult {
					if c.Hook != "bad" {
						return hooks.ValidationResult{}
					}
					return hooks.ValidationResult{Err: act("a validator")}
				}))
				h := continuing(hooks.Define(hooks.Funcs[int]{
					Name: "bad", Options: hooks.Options{Timeout: tt.limit},
					ValidateEvent:  func(context.Context, *int) error { return act("ValidateEvent") },
					Execute:        func(context.Context, *int) (any, error) { return nil, act("Execute") },
					ValidateResult: func(context.Context, any) error { return act("ValidateResult") },
				}))
				served := func(when string) hooks.Hook[int] {
					return hooks.Func(when, func(context.Context, *int) error {
						if goroutineID() == bad.Load() {
							return fmt.Errorf("%s: it is the goroutine of the bad hook", when)
						}
						return nil
					})
				}
				report, err := x.Execute(parent, new(int), h, served("in the same chain"))
				require.ErrorIs(t, report.Results()[0].Err, tt.err)
				if parent.Err() == nil {
					require.NoError(t, err)
				}
				later := func(n int, when string) {
					for range n {
						_, err := x.Execute(t.Context(), new(int), served(when), served("second "+when))
						require.NoError(t, err)
					}
				}
				later(100, "afterwards")
				close(release)
				later(100, "when it has ended")
				require.NoError(t, x.Shutdown(t.Context()))
				backTo(t, baseline)
			})
		}
	}
}

// Idle goroutines end soon although the executor goes on being used: only those that were needed
// lately stay.
func TestGoroutinesThatAreNotNeededEnd(t *testing.T) {
	const many = 50
	x := build[int](t, hooks.Config{})
	baseline := runtime.NumGoroutine()
	var inside, group sync.WaitGroup
	inside.Add(many)
	for range many {
		group.Go(func() {
			_, err := x.Execute(t.Context(), new(int), hooks.Func("h", func(context.Context, *int) error { inside.Done(); inside.Wait(); return nil }))
			assert.NoError(t, err)
		})
	}
	group.Wait()
	quick := hooks.Func("quick", func(context.Context, *int) error { return nil })
	for deadline := time.Now().Add(20 * time.Second); runtime.NumGoroutine() > baseline+2; runtime.Gosched() { // the worker, and the sweep
		_, err := x.Execute(t.Context(), new(int), quick)
		require.NoError(t, err)
		require.False(t, time.Now().After(deadline), "there are %d goroutines, %d before", runtime.NumGoroutine(), baseline)
	}
	require.NoError(t, x.Shutdown(t.Context()))
	backTo(t, baseline)
}

// A context that is asked for a million children, or callbacks, each of which ends, holds none
// of them.
func TestContextDoesNotGrowWithItsChildren(t *testing.T) {
	many := 1_000_000
	if raceEnabled || testing.Short() {
		many = 50_000
	}
	ask := map[string]func(ctx context.Context){
		"AfterFunc and stop": func(ctx context.Context) { context.AfterFunc(ctx, func() {})() },
		"WithCancel":         func(ctx context.Context) { _, cancel := context.WithCancel(ctx); cancel() },
		"a child's child": func(ctx context.Context) {
			child, cancel := context.WithCancel(ctx)
			_, cancelToo := context.WithCancel(child)
			cancel()
			cancelToo()
		},
		"the method": func(ctx context.Context) { ctx.(interface{ AfterFunc(func()) func() bool }).AfterFunc(func() {})() },
		"Done, Value, Info, String": func(ctx context.Context) {
			_, _ = ctx.Done(), ctx.Value(userKey{})
			_, _ = hooks.InfoFrom(ctx)
		},
	}
	for what, once := range ask {
		t.Run(strings.ReplaceAll(what, " ", "_"), func(t *testing.T) {
			_, err := build[int](t, hooks.Config{}).Execute(t.Context(), new(int), limited(hooks.Func("h", func(ctx context.Context, _ *int) error {
				for range 100 {
					once(ctx)
				}
				before := liveBytes()
				for range many / len(ask) {
					once(ctx)
				}
				after := liveBytes()
				runtime.KeepAlive(ctx)
				if grown := int64(after) - int64(before); grown > 1<<18 {
					return fmt.Errorf("it has grown by %d bytes", grown)
				}
				return nil
			}), hooks.NoLimit))
			require.NoError(t, err)
		})
	}
}

// liveBytes is the memory that is reachable.
func liveBytes() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
