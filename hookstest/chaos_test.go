package hookstest_test

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
	"github.com/hooktx/hooks/hookstest"
)

// shop is a chain over a bank whose books can be checked.
func shop(b *bank) []hooks.Hook[order] {
	s := &site{bank: b}
	pay := func(name string) hooks.Hook[order] {
		f := good(s)
		f.Name, f.Timeout = name, time.Second
		return hooks.Define(f)
	}
	return []hooks.Hook[order]{
		pay("deposit"),
		hooks.Parallel("both", pay("left"), hooks.Retry(pay("right"), hooks.RetryPolicy{Attempts: 3, AfterTimeout: true})),
		pay("rest"),
	}
}

// Whatever goes wrong, the books are right: four payments for each order that was committed.
func TestChaosLeavesTheBooksRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bank{booked: map[string]int{}}
		rest := &watch{TB: t}
		chain := hookstest.Chaos(rest, hookstest.Faults{Seed: 1}, shop(b)...)
		x, err := hooks.New[order](hooks.Config{})
		require.NoError(t, err)
		committed := 0
		for range 2000 {
			if _, err := x.Execute(t.Context(), newOrder(), chain...); err == nil {
				committed++
			}
		}
		require.NoError(t, x.Shutdown(t.Context()))
		assert.Equal(t, 4*5*committed, b.balance)
		assert.Greater(t, committed, 500)
		assert.Less(t, committed, 1900)
	})
}

// watch counts as a test that has failed, to see what is logged then.
type watch struct {
	testing.TB
	mu       sync.Mutex
	cleanups []func()
	log      string
}

func (w *watch) Cleanup(f func())             { w.cleanups = append(w.cleanups, f) }
func (w *watch) Failed() bool                 { return true }
func (w *watch) Log(args ...any)              { w.log = fmt.Sprint(args...) }
func (w *watch) finish() string               { w.cleanups[0](); return w.log }
func (w *watch) Helper()                      {}
func (w *watch) Fatalf(f string, args ...any) { panic(fmt.Sprintf(f, args...)) }

func play(t *testing.T, faults hookstest.Faults) (log string, errs []string) {
	w := &watch{TB: t}
	synctest.Test(t, func(t *testing.T) {
		chain := shop(&bank{booked: map[string]int{}})
		chain[1] = hooks.Sequence("all", chain[0], chain[2]) // no two at the same time
		chain = hookstest.Chaos(w, faults, chain...)
		for range 20 {
			_, err := hooks.Run(t.Context(), newOrder(), chain...)
			errs = append(errs, fmt.Sprint(err))
		}
		time.Sleep(time.Hour)
	})
	return w.finish(), errs
}

// The seed that a failed test shows plays the same faults again.
func TestChaosReplays(t *testing.T) {
	log, errs := play(t, hookstest.Faults{Rate: 0.3})
	var seed uint64
	_, err := fmt.Sscanf(log, "hookstest.Chaos: seed %d;", &seed)
	require.NoError(t, err, "%s", log)
	again, errsAgain := play(t, hookstest.Faults{Rate: 0.3, Seed: seed})
	assert.Equal(t, errs, errsAgain)
	assert.Equal(t, log, again)
	_, other := play(t, hookstest.Faults{Rate: 0.3, Seed: seed + 1})
	assert.NotEqual(t, errs, other)
}

// Each fault comes about, and shows as what it is.
func TestChaosFaults(t *testing.T) {
	effects := map[hookstest.Fault]string{
		hookstest.Fail: "failed", hookstest.Refuse: "rejected", hookstest.Panic: "panicked", hookstest.Exit: "exited",
		hookstest.Stall: "timed out", hookstest.Overrun: "timed out", hookstest.LoseReply: "failed", hookstest.LoseRequest: "failed",
		hookstest.UndoTwice: "succeeded",
	}
	for _, fault := range hookstest.AllFaults() {
		t.Run(string(fault), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var calls []hooks.Phase
				h := hooks.With(hooks.FuncUndo("h",
					func(context.Context, *order) error { calls = append(calls, hooks.PhaseExecute); return nil },
					func(context.Context, *order) error { calls = append(calls, hooks.PhaseRollback); return nil },
				), func(o *hooks.Options) { o.Timeout = time.Second })
				chain := hookstest.Chaos(t, hookstest.Faults{Rate: 1, Kinds: []hookstest.Fault{fault}}, h)
				report, err := hooks.Run(t.Context(), newOrder(), append(chain, do("end", assert.AnError))...)
				require.Error(t, err)
				assert.Equal(t, effects[fault], report.Results()[0].Outcome.String())
				var want []hooks.Phase
				switch fault {
				case hookstest.LoseReply, hookstest.Overrun:
					want = []hooks.Phase{hooks.PhaseExecute, hooks.PhaseRollback}
				case hookstest.LoseRequest:
					want = []hooks.Phase{hooks.PhaseRollback}
				case hookstest.UndoTwice:
					want = []hooks.Phase{hooks.PhaseExecute, hooks.PhaseRollback, hooks.PhaseRollback}
				}
				assert.Equal(t, want, calls)
			})
		})
	}
	for _, rate := range []float64{-0.1, 1.1, math.NaN()} {
		assert.Panics(t, func() { hookstest.Chaos(&watch{TB: t}, hookstest.Faults{Rate: rate}, do("a", nil)) })
	}
	assert.Panics(t, func() {
		hookstest.Chaos(&watch{TB: t}, hookstest.Faults{Kinds: []hookstest.Fault{"rain"}}, do("a", nil))
	})
}
