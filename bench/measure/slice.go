package measure

import (
	"runtime"
	"time"

	"github.com/hooktx/hooks/bench/record"
	"github.com/hooktx/hooks/bench/suite"
)

// A slicer measures tasks by running each for the same time.
type slicer struct {
	length time.Duration
	warm   bool // it has run a slice, so that the process is past its slow beginning
}

// chunks is how many times a slice looks at the clock, about.
const chunks = 8

// measure runs the task until it has used a slice of CPU time, after some runs that warm it up. The heap is collected
// before: that is not counted, the collections that the task itself causes are.
func (s *slicer) measure(sub suite.Subject, t suite.Task) (record.Sample, error) {
	if !s.warm {
		s.warm = true
		if _, err := s.measure(sub, t); err != nil {
			return record.Sample{}, err
		}
	}
	chunk, err := s.fit(sub, t)
	if err != nil {
		return record.Sample{}, err
	}
	sub.Drop()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begun := time.Now()
	count, used, err := s.spend(sub, t, chunk)
	passed := time.Since(begun)
	runtime.ReadMemStats(&after)
	sub.Drop()
	runtime.GC() // what a copier broke shows now, and not as a fault of the next one
	n := float64(count)
	return record.Sample{
		Task: t, Count: count, Nanos: float64(used.Nanoseconds()) / n,
		Allocs: float64(after.Mallocs-before.Mallocs) / n,
		Bytes:  float64(after.TotalAlloc-before.TotalAlloc) / n,
		Wall:   float64(passed.Nanoseconds()) / n,
	}, err
}

// spend runs the task in chunks until a slice of CPU time is used.
func (s *slicer) spend(sub suite.Subject, t suite.Task, chunk int) (count int, used time.Duration, err error) {
	for start := cpuTime(); used < s.length; used = cpuTime() - start {
		if err := sub.Run(t, chunk); err != nil {
			return count, used, err
		}
		count += chunk
	}
	return count, used, nil
}

// fit returns how many runs take about a chunk, at least one.
func (s *slicer) fit(sub suite.Subject, t suite.Task) (int, error) {
	for n := 1; ; n *= 2 {
		start := cpuTime()
		if err := sub.Run(t, n); err != nil {
			return 0, err
		}
		if used := cpuTime() - start; used >= s.length/chunks {
			return max(1, int(float64(n)*float64(s.length/chunks)/float64(used))), nil
		}
	}
}
