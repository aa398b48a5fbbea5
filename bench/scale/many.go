package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/hooktx/hooks"
	"github.com/hooktx/hooks/bench/runners"
	"github.com/hooktx/hooks/bench/session"
	"github.com/hooktx/hooks/bench/stats"
	"github.com/hooktx/hooks/bench/suite"
)

// bare is a goroutine that waits, and does nothing else.
const bare = "goroutine"

// patience is how long is waited for what should happen at once.
const patience = 20 * time.Second

// moment is how long goroutines have to end that have nothing more to do.
const moment = 500 * time.Millisecond

var errPatience = errors.New("not within " + patience.String())

// wait measures the memory of executions of which all wait inside a hook.
func (t *trial) wait(note session.Note) error {
	return t.Shuffled([]string{bare, suite.Textbook, suite.Hooks}, []int{t.waiting}, func(impl string, n int) error {
		before := settled()
		used, err := hold(impl, n, before)
		if err != nil {
			return err
		}
		return errors.Join(note("waiting-heap", impl, n, used.heap/float64(n)), note("waiting-stack", impl, n, used.stack/float64(n)),
			note("waiting-goroutines", impl, n, float64(used.goroutines)/float64(n)))
	})
}

// hold lets n executions wait, and says what they use beside what was used before.
func hold(impl string, n int, before memory) (used memory, err error) {
	var running sync.WaitGroup
	if impl == bare {
		open := make(chan struct{})
		for range n {
			running.Go(func() { <-open })
		}
		used = settled().minus(before)
		close(open)
		running.Wait()
		return used, nil
	}
	gate, err := runners.NewGate(impl, chainLength, time.Hour)
	if err != nil {
		return used, err
	}
	defer gate.Close()
	failed := make(chan error, n)
	for range n {
		running.Go(func() { failed <- gate.Caller().Run() })
	}
	if err := until(func() bool { return gate.Waiting() == n }); err != nil {
		return used, fmt.Errorf("hooks that wait: %w", err)
	}
	used = settled().minus(before)
	gate.Open()
	running.Wait()
	for range n {
		if err := <-failed; err != nil {
			return used, err
		}
	}
	return used, nil
}

// abandon measures hooks that go on after their limit, all at once.
func (t *trial) abandon(note session.Note) error {
	return t.Shuffled([]string{suite.Textbook, suite.Hooks}, []int{t.abandoned}, func(impl string, n int) error {
		before := settled()
		gate, err := runners.NewGate(impl, chainLength, abandonedLimit)
		if err != nil {
			return err
		}
		defer gate.Close()
		alone, err := serve(gate)
		if err != nil {
			return err
		}
		late, err := overrun(gate, n)
		if err != nil {
			return err
		}
		used := settled().minus(before)
		meanwhile, err := serve(gate)
		if err != nil {
			return fmt.Errorf("an execution meanwhile: %w", err)
		}
		begun := time.Now()
		gate.Open()
		if err := until(func() bool { return gate.Waiting() == 0 && gate.Left() == 0 }); err != nil {
			return fmt.Errorf("the end of abandoned hooks: %w", err)
		}
		gone := time.Since(begun)
		time.Sleep(moment)
		per := func(x float64) float64 { return x / float64(n) }
		return errors.Join(
			note("abandoned-p50", impl, n, stats.Median(late)), note("abandoned-max", impl, n, slices.Max(late)),
			note("abandoned-heap", impl, n, per(used.heap)), note("abandoned-stack", impl, n, per(used.stack)),
			note("abandoned-goroutines", impl, n, per(float64(used.goroutines))),
			note("abandoned-alone", impl, n, alone), note("abandoned-meanwhile", impl, n, meanwhile),
			note("abandoned-gone", impl, n, float64(gone.Nanoseconds())),
			note("abandoned-left", impl, n, float64(runtime.NumGoroutine()-before.goroutines)))
	})
}

// overrun has n hooks overrun their limit at the same time, and returns by how many nanoseconds more than it each
// execution took.
func overrun(gate *runners.Gate, n int) (late []float64, err error) {
	type end struct {
		took time.Duration
		err  error
	}
	ends := make(chan end, n)
	for range n {
		go func() {
			caller := gate.Caller()
			begun := time.Now()
			err := caller.Run()
			ends <- end{time.Since(begun), err}
		}()
	}
	for range n {
		e := <-ends
		if !errors.Is(e.err, hooks.ErrTimeout) && !errors.Is(e.err, context.DeadlineExceeded) {
			return nil, fmt.Errorf("a hook that overran its limit: %w", e.err)
		}
		late = append(late, float64((e.took - abandonedLimit).Nanoseconds()))
	}
	if gate.Waiting() != n {
		return nil, fmt.Errorf("%d hooks are still running instead of %d", gate.Waiting(), n)
	}
	return late, nil
}

// serve returns the median time of an execution that does not wait, in nanoseconds.
func serve(gate *runners.Gate) (float64, error) {
	caller := gate.Free()
	var took []float64
	for range 500 {
		begun := time.Now()
		if err := caller.Run(); err != nil {
			return 0, err
		}
		took = append(took, float64(time.Since(begun).Nanoseconds()))
	}
	return stats.Median(took), nil
}

// until waits for something to be so.
func until(so func() bool) error {
	for begun := time.Now(); !so(); time.Sleep(100 * time.Microsecond) {
		if time.Since(begun) > patience {
			return errPatience
		}
	}
	return nil
}

// A memory is what the process uses.
type memory struct {
	heap, stack float64 // bytes
	goroutines  int
}

// settled collects what is left over, twice as pools are emptied by halves, and says what is used then.
func settled() memory {
	time.Sleep(10 * time.Millisecond) // who is on the way to wait, waits
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return memory{float64(m.HeapAlloc), float64(m.StackInuse), runtime.NumGoroutine()}
}

func (m memory) minus(o memory) memory {
	return memory{m.heap - o.heap, m.stack - o.stack, m.goroutines - o.goroutines}
}
