// Package crowd lets many do something at the same time, over and over.
package crowd

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A Load is what came of it.
type Load struct {
	Rate    float64 // runs per second, of all callers together
	Took    *Histogram
	Longest time.Duration // that a run took
	Runs    []int64       // of each caller

	// How many runs of others ended during a run. Unlike time that does not depend on how busy the machine is.
	Between     *Histogram // of numbers, written as durations
	MostBetween int64
}

// Run lets the callers run for so long, all from the same moment.
func Run(length time.Duration, callers []func() error) (Load, error) {
	runtime.GC()
	var (
		ready, done sync.WaitGroup
		start       = make(chan struct{})
		stop        atomic.Bool
		failed      = make(chan error, len(callers))
		ended       atomic.Int64
		load        = Load{Took: new(Histogram), Between: new(Histogram), Runs: make([]int64, len(callers))}
		longest     = make([]time.Duration, len(callers))
		most        = make([]int64, len(callers))
	)
	ready.Add(len(callers))
	for i, call := range callers {
		done.Go(func() {
			ready.Done()
			<-start
			for !stop.Load() {
				before, begun := ended.Load(), time.Now()
				if err := call(); err != nil {
					failed <- err
					return
				}
				took, between := time.Since(begun), ended.Add(1)-before-1
				load.Took.Add(i, took)
				load.Between.Add(i, time.Duration(between))
				longest[i], most[i] = max(longest[i], took), max(most[i], between)
				load.Runs[i]++
			}
		})
	}
	ready.Wait()
	begun := time.Now()
	close(start)
	time.Sleep(length)
	stop.Store(true)
	done.Wait()
	passed := time.Since(begun)
	close(failed)
	total := int64(0)
	for _, n := range load.Runs {
		total += n
	}
	load.Rate, load.Longest, load.MostBetween = float64(total)/passed.Seconds(), slices.Max(longest), slices.Max(most)
	return load, <-failed
}
