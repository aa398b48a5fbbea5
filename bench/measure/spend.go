package measure

import (
	"runtime"
	"time"
)

// Spend runs do, after some runs that warm it up, until it has used some CPU time. It returns how much one run has used,
// in nanoseconds, the collections that it causes included.
func Spend(length time.Duration, do func() error) (float64, error) {
	chunk, err := fitting(length/chunks, do)
	if err != nil {
		return 0, err
	}
	runtime.GC()
	count, start := 0, cpuTime()
	for used := time.Duration(0); ; count += chunk {
		if used = cpuTime() - start; used >= length && count > 0 {
			return float64(used.Nanoseconds()) / float64(count), nil
		}
		if err := times(chunk, do); err != nil {
			return 0, err
		}
	}
}

// SpendPrepared is Spend for what has to be prepared anew for each run, at no cost: prepare returns what is to be run.
func SpendPrepared(length time.Duration, prepare func() (func() error, error)) (float64, error) {
	runtime.GC()
	count, used := 0, time.Duration(0)
	for used < length || count == 0 {
		do, err := prepare()
		if err != nil {
			return 0, err
		}
		start := cpuTime()
		if err := do(); err != nil {
			return 0, err
		}
		used += cpuTime() - start
		count++
	}
	return float64(used.Nanoseconds()) / float64(count), nil
}

// fitting returns how many runs use about so much, at least one.
func fitting(length time.Duration, do func() error) (int, error) {
	for n := 1; ; n *= 2 {
		start := cpuTime()
		if err := times(n, do); err != nil {
			return 0, err
		}
		if used := cpuTime() - start; used >= length {
			return max(1, int(float64(n)*float64(length)/float64(max(used, 1)))), nil
		}
	}
}

func times(n int, do func() error) error {
	for range n {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}
