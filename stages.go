package hooks

import (
	"context"
	"math"
	"slices"
	"time"
)

// The stages of an attempt, but for those that judge it.

// skip skips a hook that must not run in a dry run.
func (e *execution[T]) skip(st *step[T]) bool {
	if !e.dry || st.rollback == nil || st.options.DryRunnable {
		return false
	}
	e.report.expand(e.next).Err = &said{ErrUnsupported, "skipped in the dry run: the hook has a Rollback, so it has effects, and does not say DryRunnable"}
	e.next++
	return true
}

// startAttempt begins the attempt of the next hook.
func (e *execution[T]) startAttempt(w *worker[T]) {
	c, f := &e.contexts[e.next], &e.frames[e.next]
	e.attempt.prior = e.versions.current
	c.run, c.index, c.phase = e.run, int32(e.next), PhaseExecute
	*f = frame{record: &c.record}
	e.log.push(f)
	e.attempt.stage = stageLend
	if e.again || e.tether != nil || len(e.groups) > 0 || e.versions.current.cells != nil {
		e.attempt.terms = e.termsNow()
		c.agree(e.attempt.terms)
	}
	if e.watched {
		e.startHook(w.beside, c.info(), &e.attempt.values)
		e.look()
	}
}

// termsNow are the terms of the next hook.
func (e *execution[T]) termsNow() terms {
	t := terms{limit: e.limit(), tether: e.tether, cells: e.versions.current.cells}
	if !e.again {
		return t
	}
	t.round, t.undone = e.report.Rounds-1, e.undoneOf(int32(e.next))
	if full := e.report.hooks[e.next].full; full != nil {
		t.attempt = full.Attempts
	}
	return t
}

// goBack lets the chain go on from an earlier hook, on a version that was reached before. The
// hooks from there on have been undone. Contexts are never used again, so they get new ones.
func (e *execution[T]) goBack(to int, v version[T]) {
	e.contexts = make([]hookContext, len(e.steps))
	if len(e.judges) > 0 {
		clear(e.judges[to:e.whole])
	}
	e.next, e.upTo, e.again = to, e.whole, true
	e.attempt = attempt[T]{}
	e.versions.retreat(v)
}

// look reads the clock.
func (e *execution[T]) look() { e.now = time.Since(e.started) }

// lend gets the memory that the hook needs. It returns false if the state could not be
// copied. The time that a copy takes is not the hook's.
func (e *execution[T]) lend(st *step[T]) bool {
	a, v := &e.attempt, &e.versions
	copies := v.copies
	if e.needsBefore(st) {
		if a.before, a.copyErr = v.look(); a.copyErr != nil {
			return false
		}
	}
	switch {
	case !st.options.ReadOnly:
		a.work, a.copyErr = v.take(e.keeps(st))
		a.prior = v.current
	case st.rollback == nil:
		a.work, a.copyErr = v.look()
	default:
		a.work, a.copyErr = v.private()
	}
	if rollback, work := st.rollback, a.work; rollback != nil {
		e.frames[e.next].rollback = func(ctx context.Context) error { return rollback(ctx, work) }
	}
	if v.copies > copies {
		e.timeCopy()
	}
	a.begun = e.now
	if a.copyErr != nil {
		return false
	}
	a.stage = stageEvent
	return true
}

func (e *execution[T]) executeTask(st *step[T]) task[T] {
	c := &e.contexts[e.next]
	c.begun = e.attempt.begun
	c.agree(e.attempt.terms)
	return task[T]{hookContext: c, execute: st.execute, state: e.attempt.work}
}

// copyOut makes the next version of what the hook left. It returns false if that could not
// be copied.
func (e *execution[T]) copyOut(st *step[T]) bool {
	a, v := &e.attempt, &e.versions
	a.stage = stageCopy
	if e.footprint.Load() != nil {
		if a.copyErr = e.sealCells(st); a.copyErr != nil {
			return false
		}
	}
	if !st.options.ReadOnly && !v.live {
		a.copyErr = v.advance(a.work)
		e.timeCopy()
		if a.copyErr != nil {
			return false
		}
		a.size = v.current.size
		if e.tracked {
			a.changes = diff(a.prior.state, v.current.state)
			e.look()
		}
	}
	if a.sealed != nil {
		v.current.cells = a.sealed.edits
	}
	a.stage = stageState
	return true
}

// timeCopy adds the time since the driver looked last to what copying has taken. Copies
// that take less than reading the clock are not timed; the next hook's time begins where
// this one's has ended. Nor is it the time of those who judge the hook.
func (e *execution[T]) timeCopy() {
	if e.x.mover == nil || e.versions.current.size > untimedSize {
		before := e.now
		e.look()
		e.attempt.copying += e.now - before
		e.attempt.judging += e.now - before
	}
}

// untimedSize is the size of a state that is copied in less time than it takes to read the
// clock twice.
const untimedSize = 1 << 10

// endAttempt ends the attempt of a hook that has succeeded.
func (e *execution[T]) endAttempt(w *worker[T]) {
	i, base := e.next, e.attempt.values
	e.note()
	if len(e.judges) > 0 {
		e.judges[i].close()
	}
	e.next++
	skipRest := e.attempt.skipRest
	e.attempt = attempt[T]{}
	if skipRest {
		e.leaveEarly()
	}
	if e.watched {
		res := e.report.result(i)
		e.endHook(w.beside, base, e.contexts[i].info(), &res)
	}
}

// note writes down that the hook has succeeded.
func (e *execution[T]) note() {
	a, c, b := &e.attempt, &e.contexts[e.next], &e.report.hooks[e.next]
	b.value, b.finished = a.value, true
	if !e.core.cfg.Monitoring.SkipTiming {
		b.ran, b.copying = a.ran, a.copying
	}
	size := a.size
	b.size = uint32(min(size, math.MaxUint32))
	if before := b.full; before != nil { // an attempt that failed
		b.full = nil
		e.report.expand(e.next).Attempts = before.Attempts + 1
	}
	said := c.said().warnings
	if said != nil || a.warnings != nil || a.changes != nil || size > math.MaxUint32 {
		full := e.report.expand(e.next)
		full.StateSize, full.Changes = size, a.changes
		full.Warnings = slices.Concat(said, a.warnings)
	}
}
