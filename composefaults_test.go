package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// Whatever the members of a group do, each effect is in the state, or has been undone.
func TestEffectsBalanceInGroups(t *testing.T) {
	faults := []func(context.Context) error{
		func(context.Context) error { panic("x") },
		func(context.Context) error { runtime.Goexit(); return nil },
		func(context.Context) error { return errBroken },
		func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		func(context.Context) error { return hooks.SkipRest },
		func(context.Context) error { return nil },
	}
	x := build[board](t, hooks.Config{})
	var group sync.WaitGroup
	for c := range 4 {
		group.Go(func() {
			for i := c; i < 216*3; i += 4 {
				var done, undone atomic.Int64
				mk := func(name string, f func(context.Context) error) hooks.Hook[board] {
					return limited(hooks.FuncUndo(name, func(ctx context.Context, b *board) error {
						err := f(ctx)
						b.Cells[name] = 1
						if err == nil || errors.Is(err, hooks.SkipRest) {
							done.Add(1)
						}
						return err
					}, func(context.Context, *board) error { undone.Add(1); return nil }), time.Millisecond)
				}
				b := newBoard()
				g := hooks.Parallel("p", mk("a", faults[i%6]), hooks.Sequence("s", mk("b", faults[i/6%6]), mk("b2", faults[5])), mk("c", faults[i/36%6]))
				if i%2 == 0 {
					g = hooks.Retry(g, hooks.RetryPolicy{Attempts: 2})
				}
				if i%3 == 0 {
					g = continuing(g)
				}
				report, err := x.Execute(t.Context(), b, g)
				kept := int64(len(b.Cells) - 1)
				if done.Load()-undone.Load() != kept {
					t.Errorf("%d: done %d undone %d kept %d: %v %s", i, done.Load(), undone.Load(), kept, err, treeOf(report.Results()))
				}
			}
		})
	}
	group.Wait()
	require.NoError(t, x.Shutdown(t.Context()))
	requireReconciled(t, x.Metrics())
}

// A group that says Continue is dropped although one of its members has not ended. That one is
// undone when it has.
func TestAGroupIsDroppedWithAMemberThatWasGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var undone []string
		var mu sync.Mutex
		mk := func(name string, d time.Duration, err error) hooks.Hook[board] {
			return hooks.FuncUndo(name, func(ctx context.Context, b *board) error {
				step := func(ctx context.Context) error {
					info, _ := hooks.InfoFrom(ctx)
					mu.Lock()
					defer mu.Unlock()
					undone = append(undone, fmt.Sprint("step of ", info.Hook, " ", info.Late))
					return nil
				}
				if name == "slow" {
					err = hooks.OnRollback(ctx, step)
				}
				time.Sleep(d)
				b.Cells[name] = 1
				return err
			}, func(ctx context.Context, _ *board) error {
				info, _ := hooks.InfoFrom(ctx)
				mu.Lock()
				defer mu.Unlock()
				undone = append(undone, fmt.Sprint(info.Hook, " ", info.Late))
				return nil
			})
		}
		x := build[board](t, limits(time.Second))
		b := newBoard()
		report, err := x.Execute(t.Context(), b,
			continuing(hooks.Parallel("p", mk("a", 0, nil), mk("slow", 5*time.Second, nil), hooks.Sequence("s", mk("c", 0, nil), mk("d", 0, nil)))),
			mk("after", 0, nil))
		require.NoError(t, err)
		requireBoard(t, b, "after")
		require.Equal(t, "p timed out (p/a succeeded, p/slow timed out, p/s succeeded (p/s/c succeeded, p/s/d succeeded)), after succeeded", treeOf(report.Results()))
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, []string{"p/s/d false", "p/s/c false", "p/a false", "p/slow true", "step of p/slow true"}, undone)
		require.NoError(t, x.Shutdown(t.Context()))
	})
}

// The end of the caller's context is that of a group, and nobody gets over it: neither a retry,
// nor Continue. Members that do not look are undone when they end.
func TestTheCallerEndsAmidAParallelGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("why")
		ctx, cancel := context.WithCancelCause(t.Context())
		var undone diary
		mk := func(name string, d time.Duration) hooks.Hook[board] {
			return hooks.FuncUndo(name, func(context.Context, *board) error { time.Sleep(d); return nil },
				func(context.Context, *board) error { undone.add("%s", name); return nil })
		}
		time.AfterFunc(time.Second, func() { cancel(why) })
		b := newBoard()
		begun := time.Now()
		report, err := build[board](t, hooks.Config{}).Execute(ctx, b,
			continuing(hooks.Retry(hooks.ParallelN(2, "p", mk("a", 0), mk("b", 3*time.Second), hooks.Sequence("s", mk("c", 0), mk("d", 5*time.Second)), mk("never", 0)), hooks.RetryPolicy{Attempts: 5, AfterAbandoned: true, AfterTimeout: true})),
			mk("after", 0))
		require.ErrorIs(t, err, why)
		require.Equal(t, time.Second, time.Since(begun))
		require.Equal(t, "p cancelled (p/a succeeded, p/b cancelled, p/s cancelled (p/s/c succeeded, p/s/d cancelled), p/never skipped), after skipped", treeOf(report.Results()))
		undone.require(t, "c", "a")
		time.Sleep(time.Minute)
		synctest.Wait()
		require.ElementsMatch(t, []string{"c", "a", "b", "d"}, undone.read())
	})
}
