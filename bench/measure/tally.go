package measure

import (
	"runtime"
	"runtime/debug"

	"github.com/hooktx/hooks/bench/record"
	"github.com/hooktx/hooks/bench/suite"
)

// What a tally stops at, whichever comes first.
const (
	tallyRuns  = 500
	tallyBytes = 256 << 20
)

// tally counts what a run of the task allocates. The collector is off, as it empties pools, which would then be filled
// again at another's expense; runs that fill them go before.
func tally(sub suite.Subject, t suite.Task) (record.Tally, error) {
	const warmUp, chunk = 20, 50
	if err := sub.Run(t, warmUp); err != nil {
		return record.Tally{}, err
	}
	sub.Drop()
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	if err := sub.Run(t, warmUp); err != nil { // the collection has emptied pools
		return record.Tally{}, err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	count := 0
	for after = before; count < tallyRuns && after.TotalAlloc-before.TotalAlloc < tallyBytes; count += chunk {
		if err := sub.Run(t, chunk); err != nil {
			return record.Tally{}, err
		}
		runtime.ReadMemStats(&after)
	}
	n := float64(count)
	return record.Tally{
		Task: t, Count: count,
		Allocs: float64(after.Mallocs-before.Mallocs) / n,
		Bytes:  float64(after.TotalAlloc-before.TotalAlloc) / n,
	}, nil
}
