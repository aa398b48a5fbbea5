package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// Shutdown waits for executions, for abandoned calls and for late compensations, and
// refuses new ones at once.
func TestShutdownWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := build[cart](t, limits(10*time.Second))
		begun := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := x.Execute(t.Context(), newCart(), hooks.Func("slow", func(context.Context, *cart) error { time.Sleep(9 * time.Second); return nil }))
			assert.NoError(t, err, "what is under way is not cut")
		})
		wg.Go(func() {
			_, err := x.Execute(t.Context(), newCart(), hooks.FuncUndo("late",
				func(context.Context, *cart) error { time.Sleep(20 * time.Second); return nil },
				func(context.Context, *cart) error { time.Sleep(5 * time.Second); return nil }))
			assert.ErrorIs(t, err, hooks.ErrTimeout)
		})
		synctest.Wait()
		for range 3 {
			wg.Go(func() {
				assert.NoError(t, x.Shutdown(t.Context()))
				assert.Equal(t, 25*time.Second, time.Since(begun))
			})
		}
		synctest.Wait()
		_, err := x.Execute(t.Context(), newCart())
		require.ErrorIs(t, err, hooks.ErrClosed)
		assert.Zero(t, time.Since(begun))
		wg.Wait()
	})
}

// Shutdown that has stopped waiting says why, and what is still running.
func TestShutdownGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := build[cart](t, limits(time.Second))
		gate := make(chan struct{})
		zombie := hooks.Func("zombie", func(context.Context, *cart) error { <-gate; return nil })
		for i := range 12 {
			_, err := x.Execute(hooks.WithExecutionID(t.Context(), fmt.Sprint("id", i)), newCart(), zombie)
			require.ErrorIs(t, err, hooks.ErrTimeout)
		}
		why := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, why)
		defer cancel()
		err := x.Shutdown(ctx)
		require.ErrorIs(t, err, why)
		require.ErrorContains(t, err, `hooks: shutdown: enough; still running: 0 executions or late compensations, abandoned execute "zombie" of execution id0, `)
		require.ErrorContains(t, err, "of execution id9, and 2 abandoned calls more")
		close(gate)
		require.NoError(t, x.Shutdown(t.Context()))
	})
}

// Every call of user code that is past its limit counts, is listed with what it is,
// and stops counting when it ends.
func TestAbandonedAreListed(t *testing.T) {
	for _, place := range calls {
		t.Run(place.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := limits(time.Second)
				cfg.Execution.RollbackTimeout, cfg.Execution.MaxAbandoned = time.Second, 1
				over := make(chan struct{})
				end := sync.OnceFunc(func() { close(over) })
				defer end()
				chain, validators := place.chain(func() { <-over })
				x := build(t, cfg, validators...)
				begun := time.Now()
				report, _ := x.Execute(t.Context(), &doer{}, chain...)
				require.Len(t, x.Abandoned(), 1)
				want := hooks.AbandonedHook{Execution: report.Execution, Hook: "h", Phase: place.phase, Since: begun.Add(time.Second)}
				assert.Equal(t, want, x.Abandoned()[0])
				assert.Equal(t, fmt.Sprintf(`%v "h" of execution %s`, place.phase, report.Execution), want.String())
				m := x.Metrics()
				assert.Equal(t, []int64{1, 1, 0}, []int64{m.AbandonedNow, m.AbandonedEver, m.LateEnds})
				_, err := x.Execute(t.Context(), &doer{})
				require.ErrorIs(t, err, hooks.ErrTooManyAbandoned)
				require.ErrorContains(t, err, "MaxAbandoned is 1; see Executor.Abandoned")
				end()
				synctest.Wait()
				require.Empty(t, x.Abandoned())
				m = x.Metrics()
				assert.Equal(t, []int64{0, 1, 1}, []int64{m.AbandonedNow, m.AbandonedEver, m.LateEnds})
				_, err = x.Execute(t.Context(), &doer{})
				require.NoError(t, err)
			})
		})
	}
}

// The list has the oldest first.
func TestAbandonedAreSorted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := build[cart](t, limits(time.Second))
		for i := range 5 {
			_, _ = x.Execute(t.Context(), newCart(), hooks.Func(fmt.Sprint("h", i), func(context.Context, *cart) error { time.Sleep(time.Minute); return nil }))
		}
		var list []string
		for _, a := range x.Abandoned() {
			list = append(list, a.Hook)
		}
		assert.Equal(t, []string{"h0", "h1", "h2", "h3", "h4"}, list)
		assert.Equal(t, "copy of execution x", hooks.AbandonedHook{Execution: "x", Phase: hooks.PhaseCopy}.String())
		require.NoError(t, x.Shutdown(t.Context()))
	})
}
