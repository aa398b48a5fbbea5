package hooks

import (
	"context"
	"fmt"
	"time"
)

// A limit is a point in time past which a call is late, and why it is then.
type limit struct {
	at    time.Time
	cause error
	own   bool        // of one call; else of the whole execution, or of
	group *groupLimit // a group
}

// earliest returns the first of the limits to be reached, nil if there is none.
func earliest(limits []limit) *limit {
	var first *limit
	for i := range limits {
		if first == nil || limits[i].at.Before(first.at) {
			first = &limits[i]
		}
	}
	return first
}

// past returns the earliest of the limits that a call which ended at at has reached,
// nil if there is none. A tie is late: two runs of one program should not differ
// because a clock is coarse.
func past(limits []limit, at time.Time) *limit {
	if first := earliest(limits); first != nil && !at.Before(first.at) {
		return first
	}
	return nil
}

// A timeLimit is the error of class ErrTimeout: it says whose limit was exceeded.
type timeLimit struct {
	of    string
	limit time.Duration
}

func (t *timeLimit) Error() string {
	return fmt.Sprintf("time limit of %v for %s exceeded", t.limit, t.of)
}

func (t *timeLimit) Unwrap() error { return ErrTimeout }

// A budget is the time that a call of user code has, or several calls together. Its
// context tells the code; its verdict settles whether an end was in time.
type budget struct {
	run    *run
	ctx    context.Context
	cancel context.CancelCauseFunc
	stops  []func() // what else to release
	grace  time.Duration

	limits []limit         // the call's own last
	parent context.Context // ends the call too; nil if the call outlives its caller's context

	over *lateness // by the waiter: why it cut the call, if it did
}

// lag is how much later than a deadline of the caller's context a call is cut if
// that context has not said by itself that it ended, as one of a foreign type may
// fail to. It delays a return, never a verdict.
const lag = time.Millisecond

// newBudget makes a budget of length d from now (NoLimit: none of its own) for a call
// that the execution waits for: it also ends with the caller's context and at
// TotalTimeout. of names the call in the error.
func (r *run) newBudget(d time.Duration, of string) *budget {
	b := r.emptyBudget(r.context())
	b.parent, b.limits = r.parent, append(b.limits, r.limits...)
	b.arm(d, of)
	return b
}

// newDetached makes a budget of length d from now for a call that outlives the caller's
// context: undoing, the last steps of a commit. It takes base's values alone.
func (r *run) newDetached(base context.Context, d time.Duration, of string) *budget {
	b := r.emptyBudget(context.WithoutCancel(base))
	b.arm(d, of)
	return b
}

func (r *run) emptyBudget(base context.Context) *budget {
	b := &budget{run: r, grace: r.core.cfg.Execution.Grace}
	b.ctx, b.cancel = context.WithCancelCause(base)
	return b
}

// arm adds the budget's own limit, and sees to it that the context ends at the
// earliest one.
func (b *budget) arm(d time.Duration, of string) {
	now := time.Now()
	if d != NoLimit {
		b.limits = append(b.limits, limit{at: now.Add(d), cause: &timeLimit{of, d}, own: true})
	}
	first := earliest(b.limits)
	if first == nil {
		return
	}
	if d != NoLimit && first == &b.limits[len(b.limits)-1] {
		ctx, stop := context.WithDeadlineCause(b.ctx, first.at, first.cause)
		b.ctx, b.stops = ctx, append(b.stops, stop)
		return
	}
	if wait := first.at.Sub(now); wait < NoLimit-lag {
		t := time.AfterFunc(wait+lag, func() { b.cancel(first.cause) })
		b.stops = append(b.stops, func() { t.Stop() })
	}
}

// alive is asked by a call's goroutine right after it has taken its stamp.
func (b *budget) alive() error {
	if b.parent == nil {
		return nil
	}
	return b.parent.Err()
}

// errParentDeadline marks the limit that is the deadline of the caller's context.
var errParentDeadline error = &class{"the caller's deadline", context.DeadlineExceeded}

// A lateness is why a call was late.
type lateness struct {
	cause     error
	cancelled bool        // by the end of the caller's context; else a limit of ours was exceeded
	own       bool        // the call's own limit was, which is no reason for the execution to stop
	group     *groupLimit // the limit of a group was
	tied      bool        // cancelled because another member of a parallel group has failed
}

// outcome is the outcome of a hook that was late.
func (l *lateness) outcome() Outcome {
	if l.cancelled {
		return OutcomeCancelled
	}
	return OutcomeTimedOut
}

// verdict settles whether a call that ended at at was in time. If it was not, and had
// been cut before it ended, the reason is the one for which it was cut: what came
// later is no reason.
func (b *budget) verdict(at time.Time, parentErr error) *lateness {
	late := b.run.lateAt(b.limits, at, parentErr)
	if late != nil && b.over != nil {
		return b.over
	}
	return late
}

// now is the verdict on a call that has not ended though its context has.
func (b *budget) now() *lateness {
	if l := b.verdict(time.Now(), b.alive()); l != nil {
		return l
	}
	return &lateness{cause: context.Cause(b.ctx), cancelled: true}
}

// cut tells the call that its time is up.
func (b *budget) cut() {
	b.over = b.now()
	b.end(b.over.cause)
}

// end ends the context, with the given cause if it has none yet, and releases what
// the budget holds. It may be called more than once.
func (b *budget) end(cause error) {
	b.cancel(cause)
	for _, stop := range b.stops {
		stop()
	}
}
