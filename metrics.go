package hooks

import (
	"math/bits"
	"time"
)

// Metrics are an executor's counts since it was made. The counts of an execution are
// published together when it ends, so that at every instant
//
//	Executions = Commits + Failures + DryRuns
//	Runs.Total() = the sum of the outcomes, and the sum of the hooks' totals
//
// What ends after its execution has counts of its own and moves no other.
type Metrics struct {
	Executions int64 // that ended; refused ones apart
	Commits    int64
	Failures   int64 // rolled back, dry runs apart
	DryRuns    int64 // whatever their verdict
	Refused    int64 // executions that were refused before anything ran

	Runs              Runs  // of hooks, not of groups; one that was tried again counts once, by its last outcome
	ContinuedFailures int64 // hooks and groups that failed under Continue, so that the chain went on

	Conflicts int64 // rounds that were lost because a cell had changed; see Shared

	RolledBack       int64 // executions in which something was undone
	Rollbacks        int64 // undo calls, OnRollback steps included
	RollbackFailures int64 // of these

	AfterCommitFailures int64 // OnCommit functions that failed

	AbandonedNow      int64 // calls past their limit that have not ended
	AbandonedEver     int64
	LateEnds          int64 // abandoned calls that ended after all
	LateCompensations int64 // undo calls made for hooks that ended late
	LateFailures      int64 // of these, how many failed

	Hooks map[string]HookMetrics // by path; of more than 1000, the rest counts as "(other)"
}

// HookMetrics are the counts of one hook.
type HookMetrics struct {
	Runs             Runs
	Rollbacks        int64 // undo calls, OnRollback steps and late ones included
	RollbackFailures int64
	Latency          Histogram // of ValidateEvent and Execute; empty if SkipTiming is set
}

// Runs are hook runs by outcome.
type Runs struct {
	Succeeded, Failed, Rejected, TimedOut, Cancelled, Panicked, Exited, Invalid, Conflict int64
}

// Total returns the number of runs.
func (r Runs) Total() int64 {
	return r.Succeeded + r.Failed + r.Rejected + r.TimedOut + r.Cancelled + r.Panicked + r.Exited + r.Invalid + r.Conflict
}

// count returns the counter of an outcome, nil for OutcomeSkipped.
func (r *Runs) count(o Outcome) *int64 {
	switch o {
	case OutcomeSucceeded:
		return &r.Succeeded
	case OutcomeFailed:
		return &r.Failed
	case OutcomeRejected:
		return &r.Rejected
	case OutcomeTimedOut:
		return &r.TimedOut
	case OutcomeCancelled:
		return &r.Cancelled
	case OutcomePanicked:
		return &r.Panicked
	case OutcomeExited:
		return &r.Exited
	case OutcomeInvalid:
		return &r.Invalid
	case OutcomeConflict:
		return &r.Conflict
	}
	return nil
}

// FailureRate returns the percentage of executions that were rolled back, dry runs
// apart; 0 if there were none.
func (m Metrics) FailureRate() float64 { return percent(m.Failures, m.Executions-m.DryRuns) }

// TimeoutRate returns the percentage of hook runs that timed out.
func (m Metrics) TimeoutRate() float64 { return percent(m.Runs.TimedOut, m.Runs.Total()) }

// RollbackRate returns the percentage of executions in which something was undone.
func (m Metrics) RollbackRate() float64 { return percent(m.RolledBack, m.Executions) }

func percent(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}

// A Histogram counts durations in buckets that double: bucket i counts those up to
// Bound(i), and not up to the bound before.
type Histogram struct {
	Counts [28]int64
	Sum    time.Duration
}

// Bound returns the upper bound of bucket i: 1µs for the first, doubling from there
// to 67s; the last bucket has none and returns NoLimit.
func (h Histogram) Bound(i int) time.Duration {
	if i >= len(h.Counts)-1 {
		return NoLimit
	}
	return time.Microsecond << i
}

// Count returns the number of durations counted.
func (h Histogram) Count() int64 {
	var n int64
	for _, c := range h.Counts {
		n += c
	}
	return n
}

// Quantile returns the upper bound of the bucket in which the q-quantile lies, for q
// from 0 to 1; 0 if the histogram is empty.
func (h Histogram) Quantile(q float64) time.Duration {
	total := h.Count()
	if total == 0 {
		return 0
	}
	rank, seen := q*float64(total), int64(0)
	for i, c := range h.Counts {
		if seen += c; seen > 0 && float64(seen) >= rank {
			return h.Bound(i)
		}
	}
	return NoLimit
}

func (h *Histogram) observe(d time.Duration) {
	i := bits.Len64(uint64(max(d-1, 0) / time.Microsecond))
	h.Counts[min(i, len(h.Counts)-1)]++
	h.Sum += d
}
