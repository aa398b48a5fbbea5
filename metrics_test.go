package hooks_test

import (
	"context"
	"fmt"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

func TestHistogramBounds(t *testing.T) {
	var h hooks.Histogram
	assert.Equal(t, time.Microsecond, h.Bound(0))
	for i := 1; i < len(h.Counts)-1; i++ {
		assert.Equal(t, 2*h.Bound(i-1), h.Bound(i))
	}
	assert.Equal(t, 67108864*time.Microsecond, h.Bound(len(h.Counts)-2))
	assert.Equal(t, time.Duration(hooks.NoLimit), h.Bound(len(h.Counts)-1))
	assert.Equal(t, time.Duration(hooks.NoLimit), h.Bound(1000))
}

// Durations are counted in the bucket whose bound they do not exceed.
func TestHistogramCounts(t *testing.T) {
	tests := []struct {
		took   time.Duration
		bucket int
	}{
		{0, 0}, {1, 0}, {time.Microsecond, 0}, {time.Microsecond + 1, 1}, {2 * time.Microsecond, 1}, {2*time.Microsecond + 1, 2},
		{67108864 * time.Microsecond, 26}, {67108864*time.Microsecond + 1, 27}, {time.Hour, 27},
	}
	synctest.Test(t, func(t *testing.T) {
		x := build[cart](t, limits(hooks.NoLimit))
		var sum time.Duration
		for i, tt := range tests {
			before := x.Metrics().Hooks["h"].Latency
			_, err := x.Execute(t.Context(), newCart(), hooks.Func("h", func(context.Context, *cart) error { time.Sleep(tt.took); return nil }))
			require.NoError(t, err)
			sum += tt.took
			before.Counts[tt.bucket]++
			before.Sum += tt.took
			got := x.Metrics().Hooks["h"].Latency
			require.Equal(t, before, got, "%v", tt.took)
			require.Equal(t, int64(i+1), got.Count())
		}
		assert.Equal(t, sum, x.Metrics().Hooks["h"].Latency.Sum)
	})
}

func TestHistogramQuantiles(t *testing.T) {
	var h hooks.Histogram
	for _, q := range []float64{0, 0.5, 1} {
		assert.Zero(t, h.Quantile(q))
	}
	h.Counts[3], h.Counts[5], h.Counts[27] = 50, 49, 1
	for q, want := range map[float64]time.Duration{
		0: 8 * time.Microsecond, 0.5: 8 * time.Microsecond, 0.501: 32 * time.Microsecond, 0.99: 32 * time.Microsecond,
		0.991: hooks.NoLimit, 1: hooks.NoLimit,
	} {
		assert.Equal(t, want, h.Quantile(q), "q %v", q)
	}
	h.Counts[27] = 0
	assert.Equal(t, time.Duration(hooks.NoLimit), h.Quantile(2), "there is no bound for more than all")
}

func TestRates(t *testing.T) {
	var none hooks.Metrics
	assert.Zero(t, none.FailureRate()+none.TimeoutRate()+none.RollbackRate())
	m := hooks.Metrics{Executions: 12, Commits: 6, Failures: 2, DryRuns: 4, RolledBack: 3, Runs: hooks.Runs{Succeeded: 7, TimedOut: 1}}
	assert.InDelta(t, 25, m.FailureRate(), 1e-9, "dry runs apart")
	assert.InDelta(t, 12.5, m.TimeoutRate(), 1e-9)
	assert.InDelta(t, 25, m.RollbackRate(), 1e-9)
	assert.Equal(t, int64(36), hooks.Runs{Succeeded: 1, Failed: 2, Rejected: 3, TimedOut: 4, Cancelled: 5, Panicked: 6, Exited: 7, Invalid: 8}.Total())
}

// However many names are made up, the memory for their counts is bounded, and nothing
// is lost from the sums.
func TestHookMetricsAreBounded(t *testing.T) {
	x := build[int](t, hooks.Config{})
	chain := make([]hooks.Hook[int], 1200)
	for i := range chain {
		chain[i] = hooks.FuncUndo(fmt.Sprint("h", i), func(context.Context, *int) error { return nil }, func(context.Context, *int) error { return nil })
	}
	_, err := x.Execute(t.Context(), new(int), append(chain, hooks.Func("end", func(context.Context, *int) error { return errBroken }))...)
	require.ErrorIs(t, err, errBroken)
	m := x.Metrics()
	assert.Len(t, m.Hooks, 1001)
	assert.Equal(t, hooks.Runs{Succeeded: 200, Failed: 1}, m.Hooks["(other)"].Runs)
	assert.Equal(t, int64(200), m.Hooks["(other)"].Rollbacks)
	assert.Equal(t, hooks.Runs{Succeeded: 1}, m.Hooks["h999"].Runs)
	requireReconciled(t, m)
	m.Hooks["h0"] = hooks.HookMetrics{}
	assert.Equal(t, int64(1), x.Metrics().Hooks["h0"].Runs.Succeeded, "what is read is a copy")
}

// requireReconciled fails unless the sums agree.
func requireReconciled(t *testing.T, m hooks.Metrics) {
	t.Helper()
	require.Equal(t, m.Executions, m.Commits+m.Failures+m.DryRuns)
	require.Equal(t, m.AbandonedEver, m.AbandonedNow+m.LateEnds)
	var runs hooks.Runs
	var undos, failures int64
	for _, h := range m.Hooks {
		r := h.Runs
		runs = hooks.Runs{
			Succeeded: runs.Succeeded + r.Succeeded, Failed: runs.Failed + r.Failed, Rejected: runs.Rejected + r.Rejected,
			TimedOut: runs.TimedOut + r.TimedOut, Cancelled: runs.Cancelled + r.Cancelled, Panicked: runs.Panicked + r.Panicked,
			Exited: runs.Exited + r.Exited, Invalid: runs.Invalid + r.Invalid,
		}
		undos += h.Rollbacks
		failures += h.RollbackFailures
		require.Equal(t, r.Total(), h.Latency.Count())
	}
	require.Equal(t, m.Runs, runs)
	require.Equal(t, undos, m.Rollbacks+m.LateCompensations)
	require.Equal(t, failures, m.RollbackFailures+m.LateFailures)
}

// The sums agree at every instant, whatever goes on.
func TestMetricsReconcile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := halfExecutor(t)
		var d diary
		stop := make(chan struct{})
		var readers, wg sync.WaitGroup
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(100 * time.Millisecond):
					requireReconciled(t, x.Metrics())
				}
			}
		})
		for i := range 8 {
			wg.Go(func() {
				for j := range 24 {
					time.Sleep(time.Duration(i*j) * time.Millisecond)
					chain := append(halfChain(halves[(i+j)%len(halves)].end, hooks.FailurePolicy(j%2), new(cart)), noting(&d, "note", nil), failing("end", []error{nil, errBroken}[(i+j)%2]))
					if j%7 == 0 {
						_, _ = x.DryRun(t.Context(), newCart(), chain...)
					} else {
						_, _ = x.Execute(t.Context(), newCart(), chain...)
					}
					requireReconciled(t, x.Metrics())
				}
			})
		}
		wg.Wait()
		require.NoError(t, x.Shutdown(t.Context()))
		close(stop)
		readers.Wait()
		m := x.Metrics()
		requireReconciled(t, m)
		assert.Equal(t, int64(8*24), m.Executions)
		assert.Positive(t, min(m.Commits, m.Failures, m.DryRuns, m.ContinuedFailures, m.LateEnds, m.Rollbacks))
	})
}

// Refused executions are counted apart.
func TestRefusalsCountApart(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	_, err := x.Execute(t.Context(), nil)
	require.Error(t, err)
	m := x.Metrics()
	assert.Equal(t, hooks.Metrics{Refused: 1, Hooks: map[string]hooks.HookMetrics{}}, m)
	assert.False(t, math.IsNaN(m.FailureRate()))
}

// The failures that a chain got over are counted wherever they were, and once: those of a round that was lost are not.
func TestEachFailureThatWasGotOverCountsOnce(t *testing.T) {
	bad := func(name string) hooks.Hook[cart] { return continuing(failing(name, errBroken)) }
	cell := newCell(t, 0)
	losingOnce := onCart("losing once", func(ctx context.Context) error {
		err := add(ctx, cell, 1)
		if info, _ := hooks.InfoFrom(ctx); info.Round == 1 {
			bumpOutside(t, cell, 100)
		}
		return err
	})
	for _, tt := range []struct {
		name  string
		chain []hooks.Hook[cart]
		want  int64
	}{
		{"before and in a parallel group", []hooks.Hook[cart]{bad("a"), hooks.Parallel("p", bad("b"), bad("c"), hooks.Func("d", doCart))}, 3},
		{"in two rounds", []hooks.Hook[cart]{bad("a"), losingOnce}, 1},
	} {
		x := build[cart](t, hooks.Config{})
		_, err := x.Execute(t.Context(), newCart(), tt.chain...)
		require.NoError(t, err, tt.name)
		assert.Equal(t, tt.want, x.Metrics().ContinuedFailures, tt.name)
	}
}
