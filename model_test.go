package hooks_test

import (
	"time"

	"github.com/hooktx/hooks"
)

// The model says what must come of a plan. It is sequential: a call of user code moves
// the clock, to its end or to where it is given up. Plans are made so that no two
// instants tie. One race is left, and the model admits both ends of it: whether a hook
// that returns just as its context ends is caught, late but known, or was given up.
type model struct {
	*plan
	forecast
	now    time.Duration       // since the execution began
	state  *page               // the version reached
	log    []*entry            // what is to be undone
	late   []*entry            // whose Execute was given up: undone when it has ended
	gaveUp func(hook int) bool // what was seen of that race
}

func predict(p *plan, gaveUp func(hook int) bool) forecast {
	m := newModel(p, gaveUp)
	m.forward()
	if m.cause == nil && !m.dry {
		m.commit()
	}
	if !m.Committed && !m.undo(0, &m.Undone) && m.cause == nil { // a dry run
		m.fail(nil, verdict{phase: hooks.PhaseOnRollback, errs: []error{hooks.ErrRollback}})
	}
	m.returns()
	for _, e := range byEnd(m.late) { // late compensation: serial, after all the rest
		m.now, m.log = max(m.now, e.ended), []*entry{e}
		m.undo(0, &m.LateUndone)
	}
	return m.forecast
}

func (m *model) forward() {
	for i := range m.hooks {
		h, r, savepoint := &m.hooks[i], &m.Results[i], len(m.log)
		if !m.alive(hooks.PhaseExecute) {
			return
		}
		if m.dry && h.undo != nil && !h.DryRunnable {
			r.Kinds = kinds(hooks.ErrUnsupported)
			continue
		}
		v := m.attempt(h, r)
		switch r.settle(h, v); {
		case v.errs == nil && h.run.ends == skipsRest:
			return
		case v.errs == nil: // kept
		case h.OnFailure == hooks.Continue && m.undo(savepoint, &m.Undone) && v.late != m.chain.why: // dropped
			m.Continued++
		default:
			m.fail(h, v)
			return
		}
	}
}

// attempt runs one hook. What judges it has its Timeout once more.
func (m *model) attempt(h *plannedHook, r *resultSeen) verdict {
	begun, e := m.now, m.push(h)
	v := m.call(hooks.PhaseValidateEvent, h, h.event, m.state.String(), begun+h.Timeout, true)
	if v.errs == nil {
		v = m.call(hooks.PhaseExecute, h, &h.run, e.work.String(), begun+h.Timeout, true)
		r.Attempts, r.Warnings = 1, m.ran(e, v)
	}
	r.Took, begun = m.now-begun, m.now
	if v.errs == nil {
		v = m.call(hooks.PhaseValidateResult, h, h.judge, h.value(), begun+h.Timeout, true)
	}
	next := m.copy(e.work)
	if v.errs == nil && h.tooLarge {
		v = tooLarge
	} else if v.errs == nil {
		v = m.call(hooks.PhaseValidateState, h, h.check, m.change(m.state, next), begun+h.Timeout, true)
	}
	if v.errs == nil && !h.ReadOnly {
		m.state = next
	}
	return v
}

// undo undoes all since the savepoint, newest first: Rollback if due, then the steps.
func (m *model) undo(savepoint int, into *[]undoSeen) bool {
	ok := true
	for ; len(m.log) > savepoint; m.log = m.log[:len(m.log)-1] {
		e := m.log[len(m.log)-1]
		for step, t := range e.undoing(m.plan) {
			begun := m.now
			v := m.call(undoPhase(step), e.plannedHook, t, e.undoText(step), begun+m.rollbackTimeout, false)
			*into = append(*into, undoSeen{e.name, step, e.effect, kinds(v.errs...), v.gone, m.now - begun})
			ok = ok && v.errs == nil
		}
	}
	return ok
}

// commit calls the BeforeCommit functions, the last of which settles it, then OnCommit.
func (m *model) commit() {
	for _, f := range m.registered() {
		if f.phase == hooks.PhaseBeforeCommit && !m.alive(hooks.PhaseCommit) {
			return
		}
		v := m.call(f.phase, f.plannedHook, f.task, "", m.now+m.rollbackTimeout, f.bound)
		switch {
		case f.phase == hooks.PhaseOnCommit:
			m.afterwards(f, v)
		case v.errs != nil:
			m.failCommit(f, v)
			return
		case !f.bound:
			m.Committed = true
		}
	}
}

// alive says whether the chain may go on: the caller wants it, and TotalTimeout.
func (m *model) alive(p hooks.Phase) bool {
	if m.now >= m.chain.at {
		m.fail(nil, verdict{phase: p, errs: []error{m.chain.why}})
	}
	return m.now < m.chain.at
}

// call is one call of user code, with a limit of its own and, if bound, the chain's.
func (m *model) call(p hooks.Phase, h *plannedHook, t *task, seen string, until time.Duration, bound bool) verdict {
	if t == nil {
		return verdict{}
	}
	v, cut := verdict{phase: p, ended: m.now + t.takes}, limit{until, hooks.ErrTimeout}
	if bound && m.chain.at < until {
		cut = m.chain
	}
	m.Log = append(m.Log, logText(p, h, seen))
	if m.now = v.ended; v.ended >= cut.at {
		v.late = cut.why
		if t.obeys {
			v.ended, m.now, v.gone = cut.at, cut.at, m.grace == 0 && m.gaveUp(h.index)
		} else if v.ended >= cut.at+m.grace {
			m.now, v.gone = cut.at+m.grace, true
		}
	}
	m.note(&v, t)
	return v
}
