package hooks

import (
	"fmt"
	"slices"
	"time"
)

// An Outcome is how one hook's run ended.
type Outcome uint8

// The outcomes. Whether the chain committed is another matter: see Report.Committed.
const (
	OutcomeSucceeded Outcome = iota // kept, though the chain may have been rolled back later
	OutcomeFailed                   // Execute returned an error
	OutcomeRejected                 // Execute returned an error made by Reject
	OutcomeTimedOut                 // it was late: past its own limit or TotalTimeout
	OutcomeCancelled                // the caller's context ended before the hook did
	OutcomePanicked                 // Execute panicked
	OutcomeExited                   // Execute ended its goroutine
	OutcomeInvalid                  // the event, the result or the state it left was not accepted
	OutcomeConflict                 // what it did cannot be put together with what was done at the same time
	OutcomeSkipped                  // it did not run: not counted as a run
)

var outcomeNames = [...]string{
	"succeeded", "failed", "rejected", "timed out", "cancelled", "panicked", "exited", "invalid", "conflict", "skipped",
}

// String returns the outcome in plain words, such as "timed out".
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return fmt.Sprintf("Outcome(%d)", uint8(o))
}

// MarshalText returns the outcome's name.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// A Report says what an execution did. It is never nil, is complete when Execute
// returns, does not change after that, and is safe for concurrent use. It prints as a tree and
// marshals to JSON.
type Report struct {
	Execution string           // the execution's id
	Committed bool             // the caller's state is the hooks' result
	DryRun    bool             // made by DryRun
	Rollbacks []RollbackResult // the undo calls, in the order they were made; of parallel members, in theirs

	// AfterCommit are the OnCommit functions that failed. They undo nothing.
	AfterCommit []StepFailure

	Duration time.Duration // wall clock, to the end of the last call or copy that takes time
	Rounds   int           // how often the chain ran

	failed  bool
	outline *outline // of the chain; nil if it was refused
	hooks   []brief  // one for each step
}

// A brief is what there is to say of a hook. For most hooks that is little, and a report is
// made for every execution, but read for few.
type brief struct {
	full     *Result // the whole of it, if it does not fit below
	value    any
	ran      time.Duration
	copying  time.Duration
	size     uint32
	finished bool // it succeeded; else it did not run
}

// Results returns a result for each hook of the chain, in order; none if the execution was
// refused before anything ran. All slices are the caller's.
func (r *Report) Results() []Result {
	return r.results(0, len(r.steps()))
}

// steps returns the names of the chain's steps, none if it was refused.
func (r *Report) steps() []string {
	if r.outline == nil {
		return nil
	}
	return r.outline.names
}

// results returns those of the steps from first to last.
func (r *Report) results(first, last int) []Result {
	var all []Result
	for i := first; i < last; i++ {
		if r.outline.shows(i) {
			res := r.result(i)
			if r.outline.isGroup(i) {
				end := int(r.outline.places[i].last)
				if res.Outcome != OutcomeSkipped {
					res.Members = r.results(i+1, end)
				}
				i = end
			}
			all = append(all, res)
		}
	}
	return all
}

func (r *Report) result(i int) Result {
	b := &r.hooks[i]
	switch {
	case b.full != nil:
		res := *b.full
		res.Warnings, res.Changes = slices.Clone(res.Warnings), slices.Clone(res.Changes)
		return res
	case !b.finished:
		return Result{Hook: r.outline.names[i], Outcome: OutcomeSkipped}
	}
	return Result{
		Hook: r.outline.names[i], Value: b.value, Duration: b.ran, CopyDuration: b.copying,
		StateSize: int64(b.size), Attempts: 1,
	}
}

// outcome is the Outcome of hook i.
func (r *Report) outcome(i int) Outcome {
	switch b := &r.hooks[i]; {
	case b.full != nil:
		return b.full.Outcome
	case b.finished:
		return OutcomeSucceeded
	}
	return OutcomeSkipped
}

// duration is the Duration of hook i.
func (r *Report) duration(i int) time.Duration {
	if full := r.hooks[i].full; full != nil {
		return full.Duration
	}
	return r.hooks[i].ran
}

// value is the Value of hook i.
func (r *Report) value(i int) any {
	if full := r.hooks[i].full; full != nil {
		return full.Value
	}
	return r.hooks[i].value
}

// dropValue forgets the Value of hook i.
func (r *Report) dropValue(i int) {
	r.hooks[i].value = nil
	if full := r.hooks[i].full; full != nil {
		full.Value = nil
	}
}

// expand returns the Result of hook i to be written to.
func (r *Report) expand(i int) *Result {
	b := &r.hooks[i]
	if b.full == nil {
		full := r.result(i)
		b.full = &full
	}
	return b.full
}

// A Result says what one hook did.
type Result struct {
	Hook     string // its path
	Outcome  Outcome
	Value    any      // what Execute returned; nil if the hook failed or the chain was rolled back
	Err      error    // why it failed; in a dry run also why it was skipped
	Stack    string   // of the goroutine, if the hook panicked or exited
	Warnings []string // from Warn and the validators

	Duration     time.Duration // of ValidateEvent and Execute, wall clock
	CopyDuration time.Duration // of copying the state for it; 0 if that takes less than reading the clock
	StateSize    int64         // bytes of the state that it left, 0 if none was copied
	Changes      []Change      // if Config.Monitoring.TrackChanges is set, and in a dry run

	Abandoned bool // it was still running when the executor went on
	Attempts  int  // how often Execute was started

	// Members are the results of a group's members, in order; its own Outcome, Err and
	// Duration are those of all of them together, and StateSize, Changes and Warnings come
	// of merging what the members of a [Parallel] group did.
	Members []Result
}

// Success reports whether the hook succeeded.
func (r Result) Success() bool { return r.Outcome == OutcomeSucceeded }

// A RollbackResult says how one undo call went: a hook's Rollback, or a step that it
// registered with OnRollback.
type RollbackResult struct {
	Hook      string // the path of the hook that was undone
	Step      int    // 0: its Rollback; else the number of the step, as registered, from 1
	Effect    Effect // what was known of the effect
	Round     int    // of the chain in which the hook ran, from 1: see Report.Rounds
	Attempt   int    // of the hook in that round, from 1: see Retry
	Err       error  // why it failed, nil if it did not
	Stack     string // of the goroutine, if the call panicked or exited
	Duration  time.Duration
	Abandoned bool // it was still running when the executor went on
	Late      bool // made for a hook that ended late; only a Trace sees such a result
}

// describe returns `rollback "hook": error`.
func (r *RollbackResult) describe() string {
	text := fmt.Sprintf("rollback %q", r.Hook)
	if r.Step > 0 {
		text = fmt.Sprintf("rollback %q step %d", r.Hook, r.Step)
	}
	if r.Err != nil {
		text += ": " + r.Err.Error()
	}
	return text
}

// A StepFailure says how an OnCommit function failed.
type StepFailure struct {
	Hook      string // the path of the hook that registered it
	Step      int    // its number among the hook's OnCommit functions, from 1
	Err       error
	Stack     string
	Duration  time.Duration
	Abandoned bool
}

// Values returns the results of the hooks that succeeded, in chain order; nil if the
// chain failed.
func (r *Report) Values() []any {
	if r.failed || !r.Committed && !r.DryRun {
		return nil
	}
	var values []any
	for i := range r.steps() {
		if r.outline.isHook(i) && r.outcome(i) == OutcomeSucceeded {
			values = append(values, r.value(i))
		}
	}
	return values
}

// ResultOf returns the result of the hook with the given path. It is false if the
// chain was rolled back, if the hook did not succeed, or if its result is no V.
func ResultOf[V any](r *Report, hook string) (V, bool) {
	for i := 0; r != nil && i < len(r.steps()); i++ {
		if r.outline.names[i] == hook && r.outline.isHook(i) && r.outcome(i) == OutcomeSucceeded {
			v, ok := r.value(i).(V)
			return v, ok
		}
	}
	var none V
	return none, false
}
