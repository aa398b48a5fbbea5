package hooks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hooktx/hooks/internal/call"
)

// A failure is why an attempt did not succeed.
type failure struct {
	phase     Phase
	outcome   Outcome
	err       error
	stack     string
	late      *lateness // nil if it was in time
	abandoned bool      // a call of the hook did not end
	running   bool      // that call was its Execute
	stuck     bool      // something could not be undone, so nobody gets over it
}

// settle goes on after a call that did not go well, or a copy that could not be made, and
// says whether the chain does. over is why the call was cut, if it was.
func (e *execution[T]) settle(out *outcome, over *lateness) bool {
	a := &e.attempt
	if a.copyErr != nil {
		if a.stage == stageLend && e.mustStop() != nil && !e.watched {
			return e.rewound()
		}
		return e.concluded(e.refused(e.copyFailed(a.copyErr)))
	}
	c := e.underWay()
	if out.err == errNeverBegun && (e.dead() != nil || e.tether.cutBy() != nil) && !e.watched && e.untouched() {
		return e.rewound()
	}
	late := e.lateness(c, out)
	if late != nil && over != nil {
		late = over // what came after the cut is no reason
	}
	if late != nil {
		c.end(late.ending(e.run))
	}
	m := e.mishapOf(c, out, late)
	if c.phase == PhaseExecute {
		e.frames[e.next].settle(m, out.value)
		if m.skipRest && m.late == nil {
			e.executed(c, out)
			a.bad, a.skipRest = false, true
			return true
		}
	}
	if c.phase <= PhaseExecute {
		a.ran = out.at - a.begun
	}
	return e.concluded(e.blame(c, m))
}

// untouched reports whether no call of the hook has been made.
func (e *execution[T]) untouched() bool {
	a, st := &e.attempt, &e.steps[e.next]
	return a.stage == stageEvent || a.stage == stageExecute && st.validateEvent == nil
}

// rewound takes the start of an untouched hook back, of which nobody has been told: the
// execution had to stop before it. The chain goes on, to find that out for itself.
func (e *execution[T]) rewound() bool {
	c := &e.contexts[e.next]
	e.log.pop(e.log.savepoint() - 1)
	c.close()
	if len(e.judges) > 0 {
		e.judges[e.next].close()
	}
	e.attempt = attempt[T]{}
	return true
}

// giveUp goes on after a call that was given up, and says whether the chain does.
func (e *execution[T]) giveUp(why *lateness) bool {
	c := e.underWay()
	if c.phase <= PhaseExecute {
		e.attempt.ran = time.Since(e.started) - e.attempt.begun
	}
	f := e.blame(c, &mishap{err: why.cause, late: why, abandoned: true})
	f.running = c.phase == PhaseExecute
	return e.concluded(f)
}

// underWay is the context of the call of the attempt's stage.
func (e *execution[T]) underWay() *hookContext {
	switch e.attempt.stage {
	case stageEvent:
		return e.judges[e.next].event
	case stageResult:
		return e.judges[e.next].result
	case stageState:
		return e.judges[e.next].state
	}
	return &e.contexts[e.next]
}

// mishapOf says what to make of a call that has ended.
func (e *execution[T]) mishapOf(c *hookContext, out *outcome, late *lateness) *mishap {
	if out.err == errNeverBegun {
		if late == nil {
			late = e.stoppedBy()
		}
		return &mishap{err: late.cause, late: late}
	}
	b := e.askingBudget(c, out)
	if b != nil {
		defer b.end(errHookEnded)
	}
	m := e.judge(c.inside(), b, out.how, out.err, out.panic, out.stack, late)
	if cause := e.tether.cutBy(); cause != nil && m != nil && late == nil && !m.returned && errors.Is(m.err, context.Canceled) {
		m.err, m.late = cause, &lateness{cause: cause, cancelled: true, tied: true}
	}
	return m
}

// stoppedBy is why a call was not begun that was not late.
func (e *execution[T]) stoppedBy() *lateness {
	if cause := e.tether.cutBy(); cause != nil {
		return &lateness{cause: cause, cancelled: true, tied: true}
	}
	return &lateness{cause: e.parentCause(), cancelled: true} // his context has changed its mind
}

// askingBudget is what is left of the call's time for the methods of its error, nil if they
// are harmless.
func (e *execution[T]) askingBudget(c *hookContext, out *outcome) *budget {
	err := out.err
	if out.how == call.Panicked {
		err, _ = out.panic.(error)
	}
	if left := maxErrorNodes; err == nil || harmless(err, &left) {
		return nil
	}
	st := &e.steps[c.index]
	d := st.timeout
	if d != NoLimit {
		d -= out.at - c.begun
	}
	return e.newBudget(d, st.budget(c.phase))
}

// budget names a hook's budget of a phase.
func (st *step[T]) budget(p Phase) string {
	if p > PhaseExecute {
		return `validating hook "` + st.name + `"`
	}
	return `hook "` + st.name + `"`
}

// lateness is why a call is late that has ended, nil if it is in time.
func (e *execution[T]) lateness(c *hookContext, out *outcome) *lateness {
	return e.latenessAt(c, e.started.Add(out.at), out.parentErr)
}

func (e *execution[T]) latenessAt(c *hookContext, at time.Time, parentErr error) *lateness {
	st := &e.steps[c.index]
	limits := append([]limit(nil), e.limits...)
	if st.timeout != NoLimit {
		limits = append(limits, limit{at: e.started.Add(c.begun).Add(st.timeout), cause: &timeLimit{st.budget(c.phase), st.timeout}, own: true})
	}
	if l := c.groupLimit(); l != nil {
		limits = append(limits, limit{at: e.started.Add(l.until), cause: l.cause, group: l})
	}
	return e.lateAt(limits, at, parentErr)
}

// blame makes a failure of a mishap. What did not end well, or its error, may still hold the
// view that it was given.
func (e *execution[T]) blame(c *hookContext, m *mishap) *failure {
	f := &failure{phase: c.phase, outcome: OutcomeInvalid, err: m.err, stack: m.stack, late: m.late, abandoned: m.abandoned}
	switch c.phase {
	case PhaseValidateEvent:
		e.versions.taint()
		if m.late != nil { // it shares the hook's deadline, and the hook's verdict
			f.outcome = m.late.outcome()
		} else {
			f.err = &classed{ErrInvalidEvent, m.err}
		}
	case PhaseExecute:
		f.outcome = m.outcome()
		if e.steps[c.index].options.ReadOnly {
			e.versions.taint()
		}
	case PhaseValidateResult:
		f.err = &classed{ErrInvalidResult, m.err}
	case PhaseValidateState:
		f.err = &classed{ErrInvalidState, fmt.Errorf("validator %q: %w", e.judgeName(), m.err)}
	}
	return e.refused(f)
}

// refused takes the new version back, if there is one.
func (e *execution[T]) refused(f *failure) *failure {
	if e.attempt.stage == stageState && !e.versions.live {
		e.versions.retreat(e.attempt.prior)
	}
	return f
}

// copyFailed is the failure of an attempt whose state could not be copied, or whose
// execution had to stop meanwhile.
func (e *execution[T]) copyFailed(err error) *failure {
	if late := e.dead(); late != nil {
		return &failure{phase: PhaseCopy, outcome: late.outcome(), err: late.cause, late: late}
	}
	if err == errConflict {
		return &failure{phase: PhaseExecute, outcome: OutcomeConflict, err: err}
	}
	return &failure{phase: PhaseCopy, outcome: OutcomeInvalid, err: &classed{ErrInvalidState, err}}
}

// concluded ends the attempt that has failed, and says whether the chain goes on.
func (e *execution[T]) concluded(f *failure) bool {
	e.conflict(f)
	at, savepoint := e.next, e.log.savepoint()-1
	st := &e.steps[at]
	if st.role == lastStep { // it was the merged version that was refused
		e.judges[at].close()
		e.attempt = attempt[T]{}
		return e.groupFailed(f, st)
	}
	e.seal(f)
	e.attempt = attempt[T]{}
	if f.running {
		e.log.pop(savepoint) // its undo comes when it ends: see endedLate
	}
	return e.getOver(f, st, at, savepoint, version[T]{})
}

// seal ends all contexts of the attempt, and completes the hook's Result.
func (e *execution[T]) seal(f *failure) {
	a, c := &e.attempt, &e.contexts[e.next]
	c.close()
	if len(e.judges) > 0 {
		e.judges[e.next].close()
	}
	e.log.told = true
	res := e.report.expand(e.next)
	res.Outcome, res.Value = f.outcome, nil
	res.Err, res.Stack, res.Abandoned = f.err, f.stack, f.abandoned
	res.Warnings = slices.Concat(c.said().warnings, a.warnings)
	res.StateSize, res.Changes = a.size, a.changes
	if !e.core.cfg.Monitoring.SkipTiming {
		res.Duration, res.CopyDuration = a.ran, a.copying
	}
	if a.stage > stageExecute || a.stage == stageExecute && e.worker.out.err != errNeverBegun {
		res.Attempts++
	}
	info := c.info()
	info.Phase = f.phase
	e.endHook(aside, a.values, info, res)
}

// settle writes down what is known of the effect of an Execute that ended.
func (f *frame) settle(m *mishap, value any) {
	switch {
	case m == nil || m.returned:
		f.due, f.effect, f.result = true, EffectDone, value
	case m.unknown:
		f.due, f.effect = true, EffectUnknown
	default:
		f.due, f.effect = false, EffectFailed
	}
}

// outcome is the outcome of an Execute that ended.
func (m *mishap) outcome() Outcome {
	switch {
	case m.late != nil:
		return m.late.outcome()
	case m.how == call.Panicked:
		return OutcomePanicked
	case m.how == call.Exited:
		return OutcomeExited
	case m.rejected:
		return OutcomeRejected
	}
	return OutcomeFailed
}
