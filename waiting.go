package hooks

import (
	"context"
	"runtime"
	"time"

	"github.com/hooktx/hooks/internal/call"
)

// await waits until the worker hands e back. It returns false if it had to give the running
// call up: then e is the caller's, and the worker is the hook's.
//
// It is woken by the worker, at the earliest time at which a call can be over its limit,
// and by the end of the caller's context. The clock is read and that context is asked before
// the gate: a call that still runs then will be stamped later, and asks later, so what is
// cut here is late by every clock.
//
// The alarm is set for a hook that may have ended meanwhile, and the next one may have less
// time. So both sides look: the worker, who has begun a call, at the alarm's time; we, who
// have written that down, at the call. One of the two sees the other.
func (w *worker[T]) await(e *execution[T]) bool {
	parentDone, cut := e.parentDone, e.tether.ends()
	w.alarm.set(e.nextLimit(e.started)) // early enough for all hooks
	for {
		if parentDone == nil && cut == nil {
			<-w.wake
		} else {
			select {
			case <-w.wake:
			case <-parentDone:
				parentDone = nil // from now on the worker sees it before each hook
			case <-cut:
				cut = nil // likewise
			}
		}
		if w.gate.Parked() {
			return true
		}
		now, parentErr := time.Now(), e.parentErr()
		i, running := w.gate.Running()
		if !running {
			w.wakeAt(e, e.nextLimit(now))
			continue
		}
		c := e.contextOf(i)
		if cause := e.tether.cutBy(); cause != nil {
			c.end(&ending{context.Canceled, cause}) // but it may run to its limit
		}
		if e.dueToCut(c, now, parentErr) {
			if w.cut(e, c, now, parentErr) {
				return false
			}
			if w.gate.Parked() {
				return true
			}
		}
		w.wakeAt(e, e.limitOf(c, now))
		if j, running := w.gate.Running(); running && j != i {
			w.signal()
		}
	}
}

// wakeAt sets the alarm, and tells the worker.
func (w *worker[T]) wakeAt(e *execution[T], at time.Time) {
	w.due.Store(int64(at.Sub(e.started)))
	w.alarm.set(at)
}

// nextLimit is the earliest time at which a hook that has not begun at now can be over its
// limit.
func (e *execution[T]) nextLimit(now time.Time) time.Time {
	own := after(now, e.shortest)
	if all := after(e.started, e.until); all.Before(own) && all.After(now) {
		return all
	}
	return own
}

// limitOf is the time at which the running hook is over its limit, or has to be looked at
// again.
func (e *execution[T]) limitOf(c *hookContext, now time.Time) time.Time {
	at := after(e.started, c.deadline())
	if !at.After(now) {
		at = now.Add(lag) // the deadline of a context that does not say that it has ended
	}
	return at
}

// never is a time that does not come.
const never = 1 << 62

// after returns the time d after t; NoLimit is never.
func after(t time.Time, d time.Duration) time.Time { return t.Add(min(d, never)) }

// dueToCut reports whether the running hook's time was up at now, when the caller's context
// said parentErr. If it is the caller's deadline that has passed, his context has a moment to
// say so itself.
func (e *execution[T]) dueToCut(c *hookContext, now time.Time, parentErr error) bool {
	if parentErr != nil {
		return true
	}
	over := now.Sub(e.started) - c.deadline()
	if over >= 0 && c.deadline() == e.until && earliest(e.limits).cause == errParentDeadline {
		over -= lag
	}
	return over >= 0
}

// cut ends the context of the running hook, gives it grace to end by itself, and gives it
// up. It returns false if the hook ended first.
func (w *worker[T]) cut(e *execution[T], c *hookContext, now time.Time, parentErr error) bool {
	if w.over == nil {
		w.over = e.latenessAt(c, now, parentErr)
		c.end(w.over.ending(e.run))
	}
	w.linger(c.call(), e.core.cfg.Execution.Grace)
	w.noted = make(chan struct{})
	if !w.gate.Abandon(c.call()) {
		return false
	}
	w.e, w.kept = nil, false
	w.alarm.stop()
	if c.phase == PhaseExecute {
		w.late = new(frame)
		*w.late = e.frames[c.index]
	}
	w.entry = &overdueCall{AbandonedHook{Execution: e.id, Hook: c.hook(), Phase: c.phase, Since: time.Now()}, e.run}
	e.core.abandon(w.entry)
	e.gaveUp(w.entry.AbandonedHook)
	close(w.noted)
	return true
}

// linger gives a hook that obeys its context a moment to end by itself, so that it is late,
// but known, instead of abandoned.
func (w *worker[T]) linger(i int, grace time.Duration) {
	running := func() bool { at, ok := w.gate.Running(); return ok && at == i }
	if grace <= 0 {
		for n := 0; n < call.Yields && running(); n++ {
			runtime.Gosched()
		}
		return
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	for running() {
		select {
		case <-w.wake:
		case <-timer.C:
			return
		}
	}
}

// ending is how a context ends that is ended for this reason.
func (l *lateness) ending(r *run) *ending {
	if err := r.askParent(); l.cancelled && err != nil {
		return &ending{err, r.askCause()}
	}
	return &ending{context.DeadlineExceeded, l.cause}
}
