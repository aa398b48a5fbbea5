package main

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hooktx/hooks/bench/runners"
	"github.com/hooktx/hooks/bench/suite"
)

// load measures executions at the same time: how many there are, and how long each takes.
func (t *trial) load(note figures) error {
	return t.shuffled([]string{suite.Textbook, suite.Hooks}, t.callers, func(impl string, n int) error {
		rate, took, err := t.under(impl, n)
		if err != nil {
			return err
		}
		return errors.Join(note("rate", impl, n, rate), note("p50", impl, n, took.quantile(0.5)),
			note("p99", impl, n, took.quantile(0.99)), note("p999", impl, n, took.quantile(0.999)))
	})
}

// processors measures what a second processor brings.
func (t *trial) processors(note figures) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	return t.shuffled([]string{suite.Textbook, runners.Same, suite.Hooks}, []int{1, 2}, func(impl string, n int) error {
		runtime.GOMAXPROCS(n)
		rate, _, err := t.under(impl, procsCallers)
		if err != nil {
			return err
		}
		return note("procs", impl, n, rate)
	})
}

// under lets n callers run a chain over and over. rate is executions per second of all together.
func (t *trial) under(impl string, n int) (rate float64, took *histogram, err error) {
	r, ok := runners.Find(impl)
	if !ok {
		return 0, nil, errors.New("no runner " + impl)
	}
	chain, err := r.New(chainLength)
	if err != nil {
		return 0, nil, err
	}
	defer chain.Close()
	runtime.GC()
	var (
		ready, done sync.WaitGroup
		start       = make(chan struct{})
		stop        atomic.Bool
		count       atomic.Int64
		failed      = make(chan error, n)
	)
	took = new(histogram)
	ready.Add(n)
	for i := range n {
		caller := chain.Caller()
		done.Go(func() {
			ready.Done()
			<-start
			runs := int64(0)
			for ; !stop.Load(); runs++ {
				begun := time.Now()
				if err := caller.Run(); err != nil {
					failed <- err
					return
				}
				took.add(i, time.Since(begun))
			}
			count.Add(runs)
		})
	}
	ready.Wait()
	begun := time.Now()
	close(start)
	time.Sleep(t.length)
	stop.Store(true)
	done.Wait()
	passed := time.Since(begun)
	close(failed)
	return float64(count.Load()) / passed.Seconds(), took, <-failed
}
