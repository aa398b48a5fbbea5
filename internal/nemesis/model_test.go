package nemesis

import (
	"slices"
	"time"

	"github.com/hooktx/hooks"
)

// The model says what must come of a plan. It is a recursive walk over the tree, one call after
// the other, also where hooks run at the same time: there it is told when each begins, and when
// the failure of one stops the others. A call moves the clock to its end, or to where it is given
// up. No two instants of a plan tie. One race is left, and the model is told how it went: whether
// a hook that returns just as its context ends is late but known, or was given up.
type model struct {
	*plan
	seen
	gaveUp  func(leaf, start int) bool
	keys    [maxLeaves]int  // effects that were undone
	late    []*entry        // whose Execute was given up: undone when it has ended
	ends    []time.Duration // of calls that were given up
	undoing time.Duration   // what undo calls have taken
	numbers int             // of versions
	tie     bool            // two instants that count are one
}

func predict(p *plan, gaveUp func(leaf, start int) bool) (s seen, tie bool) {
	m := newModel(p, gaveUp)
	r := m.sequence(p.root, stretch{}, bounds{limit{at: never}, never})
	if r.fail == nil && !m.dry {
		r.fail = m.commit(&r)
	}
	kept := r.log
	if !m.Committed && !m.undoAll(&r, 0) && r.fail == nil { // a dry run
		r.fail = &failure{phase: hooks.PhaseOnRollback, kinds: rollbackFailed}
	}
	m.returns(&r)
	for _, e := range byEnd(m.late) { // late compensation: serial, after all the rest
		r.now, r.undone = max(r.now, e.ended), nil
		if !m.Committed || !holds(kept, e) {
			m.undoEntry(&r, e, true)
		}
		m.LateUndone = append(m.LateUndone, r.undone...)
	}
	return m.seen, m.tie
}

func (m *model) run(n *node, s stretch, b bounds) stretch {
	if s.fail = m.stopped(s.now, b); s.fail != nil {
		return s
	}
	before := s
	if n.kind != leafNode {
		b.group = earlier(b.group, limit{s.now + n.timeout, overGroup, n})
	}
	switch n.kind {
	case leafNode:
		s = m.attempt(n, s, b)
	case sequenceNode:
		s = m.sequence(n, s, b)
	case parallelNode:
		s = m.parallel(n, s, b)
	case retryNode:
		s = m.retry(n, s, b)
	}
	m.grouped(n, s.fail, s.now-before.now)
	if s.fail != nil && n.continues && !s.fail.ends(n) && !s.lost && m.undo(&s, before) {
		m.Metrics.ContinuedFailures++
		s.fail, s.version = nil, before.version
	}
	return s
}

// stopped says why nothing more may start, nil if it may.
func (m *model) stopped(now time.Duration, b bounds) *failure {
	switch {
	case now >= m.chain.at:
		return stop(m.chain)
	case now >= b.cut:
		return stop(limit{at: b.cut, cause: tied})
	}
	return nil
}

func (m *model) sequence(n *node, s stretch, b bounds) stretch {
	for _, member := range n.members {
		if s = m.run(member, s, b); s.fail != nil || s.skip {
			break
		}
	}
	return s
}

func (m *model) retry(n *node, s stretch, b bounds) stretch {
	before := s
	for try := 1; ; try++ {
		s = m.run(n.members[0], s, b)
		if s.fail == nil || s.lost || !n.again(s.fail, try, m.stopped(s.now, b)) || !m.undo(&s, before) {
			return s
		}
		if stop := m.stopped(s.now, b); s.now >= b.group.at || stop != nil {
			s.fail.also(stop)
			return s
		}
		m.forget(n.members[0])
		s.version = before.version
	}
}

// parallel is played twice: first to find out when the first member fails, which is not changed
// by what comes of that.
func (m *model) parallel(n *node, s stretch, b bounds) stretch {
	first, cut, base := -1, b.cut, s.version
	for i, member := range m.trial().members(n, s, b, -1, cut) {
		if member.fail != nil && !member.fail.ends(n.members[i]) && member.now < cut {
			first, cut = i, member.now
		}
	}
	m.tie = m.tie || first >= 0 && b.ties(cut, m.grace)
	all := m.members(n, s, b, first, cut)
	for _, member := range all {
		s.now = max(s.now, member.now)
		s.log = append(slices.Clip(s.log), member.log...)
		s.undone = append(slices.Clip(s.undone), member.undone...)
		s.lost = s.lost || member.lost
	}
	if s.fail = blamed(all); s.fail != nil {
		return s
	}
	switch changed := changedSince(base, all); {
	case len(changed) == 1:
		s.version = changed[0] // it has been judged
	case len(changed) > 1:
		s.fail = m.merged(&s, n, changed, b)
	}
	s.skip = s.fail == nil && slices.ContainsFunc(all, func(s stretch) bool { return s.skip })
	return s
}

// members runs each member from the time on at which there is room for it. All but the first to
// fail end by that cut.
func (m *model) members(n *node, s stretch, b bounds, first int, cut time.Duration) (all []stretch) {
	var busy []time.Duration // until when the places are
	for i, member := range n.members {
		begin, b := stretch{now: s.now, version: s.version}, b
		if i != first {
			b.cut = cut
		}
		if n.width > 0 && len(busy) == n.width {
			slices.Sort(busy)
			begin.now, busy = max(s.now, busy[0]), busy[1:]
		}
		end := m.run(member, begin, b)
		busy = append(busy, end.now)
		all = append(all, end)
	}
	return all
}

// attempt runs a hook. What judges it has its timeout once more.
func (m *model) attempt(n *node, s stretch, b bounds) stretch {
	r := &m.Results[n.id]
	if m.dry && n.undo != nil && !n.dryRunnable {
		r.Kinds = unsupported
		return s
	}
	e := m.push(n, &s)
	begun := s.now
	v := m.call(&s, hooks.PhaseValidateEvent, e, 0, n.event, begun+n.timeout, &b)
	if v.good() {
		v = m.call(&s, hooks.PhaseExecute, e, 0, n.run(e.attempt), begun+n.timeout, &b)
		m.executed(e, &s, v)
	}
	r.Took, begun = s.now-begun, s.now
	if v.good() {
		v = m.call(&s, hooks.PhaseValidateResult, e, 0, n.judge, begun+n.timeout, &b)
	}
	if v.good() && !n.readOnly && !m.live {
		v = m.copyOut(&s, e, &begun)
	}
	if v.good() {
		v = m.call(&s, hooks.PhaseValidateState, e, 0, n.verify, begun+n.timeout, &b)
	}
	if v.good() && !n.readOnly {
		s.version = m.number(e.work)
	} else if m.live {
		s.version.state = e.work.state
	}
	s.fail, s.skip = v.failure(n), v.good() && n.run(e.attempt).ends == skipsRest
	m.settle(e, s.now, v)
	return s
}

// undo takes back what came since before, newest first. It returns false if that did not go well,
// now or earlier.
func (m *model) undo(s *stretch, before stretch) bool {
	if s.fail.stuck {
		return false
	}
	s.fail.stuck = !m.undoAll(s, len(before.log))
	return !s.fail.stuck
}

func (m *model) undoAll(s *stretch, savepoint int) bool {
	ok := true
	for len(s.log) > savepoint {
		e := s.log[len(s.log)-1]
		s.log = s.log[:len(s.log)-1]
		ok = m.undoEntry(s, e, false) && ok
	}
	return ok
}

// undoEntry undoes one attempt: its Rollback if that is due, then its steps, newest first.
func (m *model) undoEntry(s *stretch, e *entry, late bool) bool {
	ok, called := true, false
	e.late = late
	for step, t := range e.undoing(m.plan) {
		u := undoSeen{Hook: e.path, Step: step, Effect: e.effect, Attempt: e.attempt, Kinds: timeout | deadlineExceeded}
		if d := m.undoLimit(late); d > 0 {
			begun := s.now
			v := m.call(s, undoPhase(step), e, step, t, begun+d, nil)
			u.Kinds, u.Abandoned, u.Took = v.kinds, v.gone, s.now-begun
		}
		m.undoing += u.Took
		s.undone = append(slices.Clip(s.undone), u)
		ok, called = ok && u.Kinds == 0, true
	}
	if called {
		m.keys[e.number]++
	}
	return ok
}

// commit calls the BeforeCommit functions, the last of which settles it, then OnCommit.
func (m *model) commit(s *stretch) *failure {
	before, after := registered(s.log)
	none := bounds{limit{at: never}, never}
	for i, f := range before {
		if stop := m.stopped(s.now, none); stop != nil {
			stop.phase = hooks.PhaseCommit
			return stop
		}
		bound := &none
		if i == len(before)-1 {
			bound = nil
		}
		if v := m.call(s, hooks.PhaseBeforeCommit, f.entry, f.step, f.task, s.now+m.rollbackTimeout, bound); !v.good() {
			if v.gone {
				f.effect = hooks.EffectUnknown
			}
			return v.failure(f.node)
		}
	}
	m.Committed = true
	for _, f := range after {
		if v := m.call(s, hooks.PhaseOnCommit, f.entry, f.step, f.task, s.now+m.rollbackTimeout, nil); !v.good() {
			m.After = append(m.After, undoSeen{Hook: f.path, Step: f.step, Kinds: v.kinds, Abandoned: v.gone})
		}
	}
	return nil
}

// call is one call of user code, with a limit of its own and, if there are any, the bounds of its
// place and the end of the chain.
func (m *model) call(s *stretch, p hooks.Phase, e *entry, step int, t *task, own time.Duration, b *bounds) verdict {
	if t == nil {
		return verdict{}
	}
	v, cut, tie := verdict{phase: p, ended: s.now + t.takes}, limit{at: own, cause: overOwn}, never
	if b != nil {
		cut, tie = earlier(cut, earlier(b.group, m.chain)), b.cut
	}
	switch {
	case s.now >= cut.at: // it does not begin
		return v.not(cut)
	case s.now >= tie:
		return v.not(limit{at: tie, cause: tied})
	}
	m.note(s, e, p, step)
	v.begun, v.at, s.now = true, s.now, v.ended
	switch {
	case t.manner != deaf && tie < min(v.ended, cut.at):
		v.ended, s.now, v.cut = tie, tie, true
		if t.manner == frank {
			v.late = limit{at: tie, cause: tied}
		}
	case v.ended < cut.at:
	case t.manner != deaf:
		v.late, v.cut, v.ended, s.now = cut, true, cut.at, cut.at
		v.gone = m.grace == 0 && m.gaveUp(e.number, e.attempt)
	default:
		v.late = cut
		s.now = min(v.ended, cut.at+m.grace)
		v.gone = v.ended >= cut.at+m.grace
	}
	m.judge(&v, t)
	return v
}
