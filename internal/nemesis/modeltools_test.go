package nemesis

import (
	"cmp"
	"slices"
	"time"

	"github.com/hooktx/hooks"
)

// A stretch is what came of a part of the tree.
type stretch struct {
	now     time.Duration
	version version
	log     []*entry // what is to be undone, oldest first
	undone  []undoSeen
	fail    *failure
	skip    bool // the rest of the chain
	lost    bool // a copy was given up
}

// A version is a state and the cells with it. Each that a hook makes has a number of its own.
type version struct {
	number int
	state  sheet
	cells  [cells]sheet
	edited [cells]bool
}

// An entry is one attempt of a hook in the undo log.
type entry struct {
	*node
	key, attempt int
	seen         sheet   // what the hook was shown
	work         version // its own copy
	awake        bool    // it did all that it wanted to
	due, valued  bool    // its Rollback is to be called; Execute returned a result
	effect       hooks.Effect
	late         bool
	ended        time.Duration

	warnings                    int
	kept, keptBefore, keptAfter []task // as registered
}

// A failure is why a hook or group failed. Nobody is to blame if its node is nil.
type failure struct {
	*node
	phase   hooks.Phase
	outcome hooks.Outcome
	kinds   kinds
	late    limit // its cause is inTime if it was not late
	gone    bool  // a call was given up
	stuck   bool  // something could not be undone
}

// Bounds end the calls at a place of the tree: the limits of groups around it, and the failure
// of a member beside it.
type bounds struct {
	group limit
	cut   time.Duration
}

// ties reports whether a member fails just as the limit of a group ends others: what begins then
// is stopped by the one or the other.
func (b *bounds) ties(cut, grace time.Duration) bool {
	return cut == b.group.at || cut == b.group.at+grace
}

// A verdict is how a call of user code went: well if there are no errors.
type verdict struct {
	phase   hooks.Phase
	outcome hooks.Outcome
	kinds   kinds
	late    limit
	begun   bool
	cut     bool          // the end of its context ended it
	gone    bool          // it was given up
	at      time.Duration // when it began
	ended   time.Duration
}

func (v *verdict) good() bool { return v.kinds == 0 }

func newModel(p *plan, gaveUp func(leaf, start int) bool) *model {
	m := &model{plan: p, gaveUp: gaveUp}
	for i := range m.Results {
		m.Results[i].Outcome = hooks.OutcomeSkipped
	}
	return m
}

// trial is a model that can be played without leaving a trace.
func (m *model) trial() *model {
	t := *m
	t.Log, t.late, t.ends = nil, nil, nil
	return &t
}

// ends says whether f is the end of more than n.
func (f *failure) ends(n *node) bool {
	return f.late.cause > overOwn && (f.late.cause != overGroup || f.late.of.id < n.id)
}

// stop is the failure of what has to stop.
func stop(l limit) *failure {
	return &failure{phase: hooks.PhaseExecute, outcome: l.outcome(), kinds: l.kinds(), late: l}
}

// also says that there might have been another attempt, but for stop.
func (f *failure) also(stop *failure) {
	if stop != nil {
		f.late = stop.late
		f.kinds |= stop.kinds
	}
}

func (l limit) outcome() hooks.Outcome {
	if l.cause <= overTotal {
		return hooks.OutcomeTimedOut
	}
	return hooks.OutcomeCancelled
}

func (l limit) kinds() kinds {
	return [...]kinds{
		overOwn: timeout | deadlineExceeded, overGroup: timeout | deadlineExceeded, overTotal: timeout | deadlineExceeded,
		cancelled: callersCause, expired: deadlineExceeded, tied: canceled,
	}[l.cause]
}

// again says whether the policy allows another attempt. If nothing may start, nobody is asked.
func (n *node) again(f *failure, try int, stop *failure) bool {
	switch {
	case try == n.policy.attempts || f.ends(n), f.gone && !n.policy.afterAbandoned:
		return false
	case f.outcome == hooks.OutcomeRejected || f.outcome == hooks.OutcomeInvalid || f.outcome == hooks.OutcomeConflict:
		return false
	case f.late.cause != inTime && !f.gone && !n.policy.afterTimeout:
		return false
	}
	return stop != nil || n.policy.asks == noQuestion || n.policy.asks == saysYes
}

// forget drops the results of an attempt.
func (m *model) forget(n *node) {
	r := &m.Results[n.id]
	*r = resultSeen{Outcome: hooks.OutcomeSkipped, Attempts: r.Attempts}
	for _, member := range n.members {
		m.forget(member)
	}
}

// grouped writes down what came of a group.
func (m *model) grouped(n *node, f *failure, took time.Duration) {
	if n.kind != sequenceNode && n.kind != parallelNode {
		return
	}
	r := &m.Results[n.id]
	*r = resultSeen{Took: took}
	if f != nil {
		r.Outcome, r.Kinds = f.outcome, f.kinds
	}
}

// blamed is the failure of the first member that did not fail because of another, with those of
// the others whose hooks are to blame.
func blamed(all []stretch) (f *failure) {
	stuck := false
	for _, s := range all {
		stuck = stuck || s.fail != nil && s.fail.stuck
		switch {
		case s.fail == nil || f != nil && (s.fail.late.cause == tied || s.fail.node == nil):
		case f == nil || f.late.cause == tied:
			own := *s.fail
			f = &own
		default:
			f.kinds |= s.fail.kinds
		}
	}
	if f != nil {
		f.stuck = stuck
	}
	return f
}

// changedSince lists the versions of the members that have made one.
func changedSince(base version, all []stretch) (changed []version) {
	for _, s := range all {
		if s.version.number != base.number {
			changed = append(changed, s.version)
		}
	}
	return changed
}

// merge returns false if two members have changed one place in different ways.
func (m *model) merge(s *stretch, changed []version) bool {
	fine, merged := true, s.version
	for _, v := range changed {
		fine = merged.state.merge(s.version.state, v.state) && fine
		for i := range cells {
			fine = merged.cells[i].merge(s.version.cells[i], v.cells[i]) && fine
			merged.edited[i] = merged.edited[i] || v.edited[i]
		}
	}
	if fine {
		s.version = m.number(merged)
	}
	return fine
}

// merge takes over what v has changed of base.
func (s *sheet) merge(base, v sheet) bool {
	for i := range s.Wrote {
		if v.Wrote[i] != base.Wrote[i] {
			s.Wrote[i] = v.Wrote[i]
		}
	}
	if v.Clash == base.Clash {
		return true
	}
	fine := s.Clash == base.Clash || s.Clash == v.Clash
	s.Clash = v.Clash
	return fine
}

// merged makes one version of those of several members, and lets the validator judge it.
func (m *model) merged(s *stretch, n *node, changed []version, b bounds) *failure {
	base := s.version
	if s.now >= m.chain.at {
		return stop(m.chain)
	}
	if !m.merge(s, changed) {
		return &failure{node: n, phase: hooks.PhaseMerge, outcome: hooks.OutcomeConflict, kinds: conflict}
	}
	e := &entry{node: n, seen: base.state, work: s.version}
	return m.call(s, hooks.PhaseValidateState, e, 0, n.check, s.now+m.defaultTimeout, &b).failure(n)
}

func (m *model) number(v version) version {
	m.numbers++
	v.number = m.numbers
	return v
}

// push begins an attempt of a hook.
func (m *model) push(n *node, s *stretch) *entry {
	e := &entry{
		node: n, key: m.keys[n.number] + 1, attempt: m.Results[n.id].Attempts + 1,
		seen: s.version.state, work: s.version, effect: hooks.EffectFailed,
	}
	s.log = append(slices.Clip(s.log), e)
	m.callback(s.now, hookStarts, e)
	return e
}

// executed does what the hook's Execute has done. One that was given up can register nothing
// more, and its undo is put off until it has ended.
func (m *model) executed(e *entry, s *stretch, v verdict) {
	if !v.begun {
		return
	}
	m.Results[e.id].Attempts++
	t := e.run(e.attempt)
	switch {
	case v.cut && t.manner == frank:
	case t.ends == returnsNil || t.ends == skipsRest:
		e.due, e.valued, e.effect = true, true, hooks.EffectDone
	case t.ends == unknown:
		e.due, e.effect = true, hooks.EffectUnknown
	}
	m.write(e, v)
	e.kept, e.warnings = e.steps[:min(1, len(e.steps))], 1
	if e.awake && !v.gone {
		e.kept, e.keptBefore, e.keptAfter, e.warnings = e.steps, e.before, e.after, 2
	}
	if v.gone {
		e.ended, s.log, m.late = v.ended, s.log[:len(s.log)-1], append(m.late, e)
	}
}

// write does what the hook does to its copy and to cells.
func (m *model) write(e *entry, v verdict) {
	if !m.looks(e.node) {
		e.work.state.write(e.node)
	}
	for _, u := range e.uses {
		c := callSeen{At: v.at, What: cellRead, Node: e.id, Step: u.cell, Attempt: e.attempt, Key: e.key}
		if u.edits {
			c.What, c.Refused = cellEdit, e.readOnly
		}
		if !c.Refused {
			c.Sheet = e.work.cells[u.cell]
		}
		m.Log = append(m.Log, c)
		if u.edits && !c.Refused {
			e.work.cells[u.cell].edit(e.node, u)
			e.work.edited[u.cell] = true
		}
	}
	if e.awake = !v.cut; e.awake && !m.live && !m.looks(e.node) {
		e.work.state.write(e.node)
	}
}

// looks says whether the hook leaves the state alone: a view belongs to all who look.
func (p *plan) looks(n *node) bool { return n.readOnly && (p.live || n.undo == nil) }

func (s *sheet) write(n *node) {
	s.Wrote[n.number]++
	if n.clashes {
		s.Clash = int8(n.number + 1)
	}
}

func (s *sheet) edit(n *node, u use) {
	s.Wrote[n.number]++
	if u.clashes {
		s.Clash = int8(n.number + 1)
	}
}

// copyOut makes the next version of what the hook left. That is not on the budget of judges, which
// begins as much later.
func (m *model) copyOut(s *stretch, e *entry, judging *time.Duration) verdict {
	*judging -= s.now
	defer func() { *judging += s.now }()
	v := verdict{phase: hooks.PhaseCopy, outcome: hooks.OutcomeInvalid}
	if !e.awake {
		return v
	}
	switch e.copying {
	case tooLarge:
		v.kinds = invalidState | stateTooLarge
	case copyPanics:
		v.kinds = invalidState | notCopyable | panicked
	case copyExits:
		v.kinds = invalidState | notCopyable | exited
	case copyIsNil:
		v.kinds = invalidState | notCopyable
	case copyIsSlow:
		v = m.call(s, hooks.PhaseCopy, e, 0, &task{takes: e.copyTakes}, s.now+m.defaultTimeout, &bounds{limit{at: never}, never})
		s.lost = s.lost || v.gone
		switch {
		case v.good():
		case s.now >= m.chain.at: // the chain had to stop meanwhile
			v.late, v.kinds, v.outcome = m.chain, m.chain.kinds(), m.chain.outcome()
		default:
			v.late, v.outcome = limit{}, hooks.OutcomeInvalid
			v.kinds |= invalidState | notCopyable
		}
	}
	return v
}

func (m *model) settle(e *entry, now time.Duration, v verdict) {
	r := &m.Results[e.id]
	r.Outcome, r.Kinds, r.Valued, r.Warnings = v.outcome, v.kinds, v.good(), e.warnings
	r.Abandoned = v.gone && v.phase != hooks.PhaseCopy
	if v.good() {
		r.Outcome = hooks.OutcomeSucceeded
	}
	m.callback(now, hookEnds, e)
}

func (v verdict) failure(n *node) *failure {
	if v.good() {
		return nil
	}
	return &failure{node: n, phase: v.phase, outcome: v.outcome, kinds: v.kinds, late: v.late, gone: v.gone && v.phase != hooks.PhaseCopy}
}

// undoing yields what undoes the entry: its Rollback as step 0, if it is due, then the steps,
// newest first.
func (e *entry) undoing(p *plan) func(yield func(int, *task) bool) {
	return func(yield func(int, *task) bool) {
		if p.noRollback || e.due && e.undo != nil && !p.dry && !yield(0, e.undo) {
			return
		}
		for i := len(e.kept) - 1; i >= 0; i-- {
			if !yield(i+1, &e.kept[i]) {
				return
			}
		}
	}
}

func undoPhase(step int) hooks.Phase {
	if step == 0 {
		return hooks.PhaseRollback
	}
	return hooks.PhaseOnRollback
}

// undoLimit is what an undo call may take.
func (m *model) undoLimit(late bool) time.Duration {
	if late {
		return m.rollbackTimeout
	}
	return min(m.rollbackTimeout, m.rollbackTotal-m.undoing)
}

// A registration is a function to call around the commit.
type registration struct {
	*entry
	task *task
	step int
}

// registered lists the BeforeCommit functions, a stand-in that does nothing if there are none,
// and the OnCommit functions.
func registered(log []*entry) (before, after []registration) {
	for _, e := range log {
		for i := range e.keptBefore {
			before = append(before, registration{e, &e.keptBefore[i], i + 1})
		}
		for i := range e.keptAfter {
			after = append(after, registration{e, &e.keptAfter[i], i + 1})
		}
	}
	if before == nil {
		before = []registration{{entry: &entry{}}}
	}
	return before, after
}

// not is the verdict on a call that did not begin.
func (v verdict) not(l limit) verdict {
	v.late, v.kinds, v.outcome = l, l.kinds(), l.outcome()
	v.classify()
	return v
}

// judge says what came of a call.
func (m *model) judge(v *verdict, t *task) {
	switch {
	case v.gone:
		m.ends = append(m.ends, v.ended)
		m.Metrics.AbandonedEver++
		m.Metrics.LateEnds++
	case v.cut && t.manner == frank && (v.late.cause == cancelled || v.late.cause == tied):
		v.kinds = canceled
	case v.cut && t.manner == frank:
		v.kinds = deadlineExceeded
	case t.ends < ending(len(endingKinds)):
		v.kinds, v.outcome = endingKinds[t.ends], endingOutcomes[t.ends]
	}
	if v.kinds&boom != 0 && (v.phase == hooks.PhaseRollback || v.phase == hooks.PhaseOnRollback) {
		v.kinds ^= boom | undoBoom
	}
	if v.late.cause != inTime {
		v.outcome = v.late.outcome()
		v.kinds |= v.late.kinds()
	}
	v.classify()
}

// classify adds the class of what judges a hook. A ValidateEvent that is late makes its hook late.
func (v *verdict) classify() {
	class := map[hooks.Phase]kinds{
		hooks.PhaseValidateEvent: invalidEvent, hooks.PhaseValidateResult: invalidResult, hooks.PhaseValidateState: invalidState,
	}[v.phase]
	if v.kinds != 0 && class != 0 && (v.phase != hooks.PhaseValidateEvent || v.late.cause == inTime) {
		v.kinds |= class
		v.outcome = hooks.OutcomeInvalid
	}
}

// note writes a call down, with what it is shown.
func (m *model) note(s *stretch, e *entry, p hooks.Phase, step int) {
	c := callSeen{At: s.now, What: what(p), Node: e.id, Step: step, Attempt: e.attempt, Key: e.key}
	switch p {
	case hooks.PhaseValidateEvent, hooks.PhaseExecute:
		c.Sheet = e.seen
	case hooks.PhaseValidateResult:
		c.Valued = true
	case hooks.PhaseValidateState:
		c.Sheet = e.work.state
		if !m.live {
			c.Before = e.seen
		}
	case hooks.PhaseRollback:
		if c.Sheet = e.work.state; m.live {
			c.Sheet = s.version.state
		}
		fallthrough
	case hooks.PhaseOnRollback:
		c.Effect, c.Late, c.Valued = e.effect, e.late, e.valued
	}
	m.Log = append(m.Log, c)
}

// callback writes down that a trace was told of a hook.
func (m *model) callback(now time.Duration, w what, e *entry) {
	if m.trace != absent {
		m.Log = append(m.Log, callSeen{At: now, What: w, Node: e.id, Attempt: e.attempt, Key: e.key})
	}
}

// returns completes what is seen as the execution returns.
func (m *model) returns(s *stretch) {
	m.Took, m.Undone, m.Index = s.now, s.undone, -1
	if m.live || m.Committed {
		m.State = s.version.state
	}
	for i := range m.Cells {
		m.Cells[i].Version = 1
		if m.Committed {
			m.Cells[i].Value = s.version.cells[i]
			if s.version.edited[i] {
				m.Cells[i].Version++
			}
		}
	}
	for _, end := range m.ends {
		if end > m.Took {
			m.Running++
		}
	}
	if s.fail != nil {
		m.fails(s.fail)
	}
}

func (m *model) fails(f *failure) {
	m.Kinds, m.Phase = f.kinds, f.phase
	if f.node != nil {
		m.Hook, m.Index = f.path, f.index
	}
	for _, u := range m.Undone {
		if u.Kinds != 0 {
			m.Undoing++
			m.Kinds |= rollbackFailed | u.Kinds&(undoBoom|runtimeError) // but none of the library's classes
		}
	}
	for i := range m.Results {
		m.Results[i].Valued = false
	}
}

// holds says whether an effect that an attempt may have had was committed by another one.
func holds(kept []*entry, late *entry) bool {
	return slices.ContainsFunc(kept, func(e *entry) bool { return e.node == late.node && e.key == late.key })
}

func byEnd(late []*entry) []*entry {
	slices.SortFunc(late, func(a, b *entry) int { return cmp.Compare(a.ended, b.ended) })
	return late
}
