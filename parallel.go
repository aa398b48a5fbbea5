package hooks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/hooktx/hooks/internal/deep"
)

// A tether is what ends the members of a parallel group early: the failure of one of them. A
// nil tether never does.
type tether struct {
	done chan struct{}

	mu    sync.Mutex // guards what follows
	cause error      // not written again
	inner []*tether  // of the groups inside
}

// newTether returns one that is cut when outer is, at the latest.
func newTether(outer *tether) *tether {
	t := &tether{done: make(chan struct{})}
	if outer != nil {
		outer.mu.Lock()
		cause := outer.cause
		outer.inner = append(outer.inner, t)
		outer.mu.Unlock()
		if cause != nil {
			t.cut(cause)
		}
	}
	return t
}

// cut ends the members, unless that has been done.
func (t *tether) cut(cause error) {
	t.mu.Lock()
	first := t.cause == nil
	inner := t.inner
	if first {
		t.cause = cause
		close(t.done)
	}
	t.mu.Unlock()
	if first {
		for _, in := range inner {
			in.cut(cause)
		}
	}
}

// cutBy returns the cause, nil if it has not been cut.
func (t *tether) cutBy() error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.cause
}

// ends returns a channel that is closed when it is cut.
func (t *tether) ends() <-chan struct{} {
	if t == nil {
		return nil
	}
	return t.done
}

// A memberFailed is the cause with which the contexts of the other members end.
type memberFailed struct{ path string }

func (m *memberFailed) Error() string {
	return fmt.Sprintf("cancelled: %q, which ran beside it, has failed", m.path)
}
func (m *memberFailed) Unwrap() error { return context.Canceled }

// parallel runs the parallel group that is the next step, and says whether the chain goes on.
//
// Each member is an execution of its own, with a driver and a worker, over a copy of the
// version that all begin with. They share the run, the list of steps, and what there is for
// each step: contexts, frames, results; of these each touches those of its own steps alone.
// While they run, the group's own driver, which waits for them, touches none.
func (e *execution[T]) parallel() bool {
	g := e.enter()
	st := &e.steps[g.first]
	ties := newTether(e.tether)
	members := e.members(g, ties)
	width := st.group.width
	if width == 0 || width > len(members) {
		width = len(members)
	}
	runAll(members, width, ties)
	for _, m := range members {
		if m.broken != nil {
			panic(m.broken)
		}
	}
	e.collect(members)
	if f, blamed := culprit(members); f != nil {
		e.conflict(f)
		return e.groupFailed(f, blamed)
	}
	return e.mergeMembers(g, members)
}

// members makes the executions of a group's members.
func (e *execution[T]) members(g *openGroup[T], ties *tether) []*execution[T] {
	var all []*execution[T]
	last := int(e.steps[g.first].other)
	for at := g.first + 1; at < last; {
		end := at + 1
		if e.steps[at].group != nil {
			end = int(e.steps[at].other) + 1
		}
		all = append(all, e.member(at, end, g.limit, ties))
		at = end
	}
	return all
}

func (e *execution[T]) member(from, to int, limit *groupLimit, ties *tether) *execution[T] {
	m := &execution[T]{
		run: e.run, x: e.x, worker: newWorker[T](e.x.core),
		steps: e.steps, shortest: e.shortest, next: from, upTo: to, whole: to,
		contexts: e.contexts, frames: e.frames, judges: e.judges,
		report:  &Report{outline: e.outline, hooks: e.report.hooks, Rounds: e.report.Rounds},
		outside: limit, tether: ties,
		validators: e.validators, tracked: e.tracked, watched: e.watched, again: e.again, now: e.now,
	}
	m.worker.e = m
	base := e.versions.current
	m.versions = versions[T]{caller: base.state, current: base, ready: e.versions.ready, copier: m, mover: e.versions.mover}
	e.versions.ready = nil
	return m
}

// runAll runs the members, so many at a time.
func runAll[T any](members []*execution[T], width int, ties *tether) {
	var group sync.WaitGroup
	free := make(chan struct{}, width)
	for _, m := range members {
		free <- struct{}{}
		group.Go(func() {
			defer func() { <-free }()
			m.runMember(ties)
		})
	}
	group.Wait()
}

// runMember runs one member. What panics here is not a hook, and is the caller's.
func (e *execution[T]) runMember(ties *tether) {
	defer func() {
		if e.broken = recover(); e.broken != nil {
			ties.cut(errors.New("panicked"))
		}
		e.worker.dismiss()
	}()
	from := e.next
	e.forward()
	if e.failed != nil && !e.why.ends(from) { // what ends more than this member ends the others by itself
		ties.cut(&memberFailed{e.failed.Hook})
	}
}

// collect takes what the members did into the group's own execution, in their order.
func (e *execution[T]) collect(members []*execution[T]) {
	for _, m := range members {
		e.log.frames = append(e.log.frames, m.log.frames...)
		e.log.told = e.log.told || m.log.told
		e.report.Rollbacks = append(e.report.Rollbacks, m.report.Rollbacks...)
		e.continued += m.continued
		e.lost = e.lost || m.lost
		e.forsaken = e.forsaken || m.forsaken
		e.again = e.again || m.again
	}
}

// culprit returns why a group has failed, nil if it has not: because of the first of its
// members that did not fail because another one had. The errors of others are joined, if one of
// their hooks is to blame: members that did not get so far all have the same to say.
func culprit[T any](members []*execution[T]) (f *failure, blamed *step[T]) {
	stuck := false
	for _, m := range members {
		stuck = stuck || m.failed != nil && m.why.stuck
		switch {
		case m.failed == nil || f != nil && (m.why.tied() || m.blamed == nil):
		case f == nil || f.tied():
			why := *m.why
			f, blamed = &why, m.blamed
		default:
			f.err = &joined{f.err, m.failed, "; beside it: "}
		}
	}
	if f != nil {
		f.stuck = stuck
	}
	return f, blamed
}

// tied reports whether a member failed because another one had.
func (f *failure) tied() bool { return f.late != nil && f.late.tied }

// groupFailed goes on after the innermost group, which is parallel, has failed.
func (e *execution[T]) groupFailed(f *failure, blamed *step[T]) bool {
	g := e.groups[len(e.groups)-1]
	e.groupDone(&g, f)
	e.groups = e.groups[:len(e.groups)-1]
	return e.getOver(f, blamed, g.first, g.savepoint, g.base)
}

// What members of a group have left, those that changed something: versions, their states, and
// the members' names.
type changed[T any] struct {
	versions []version[T]
	states   []*T
	names    []string
}

// changedSince returns what the members have made of base.
func (e *execution[T]) changedSince(base *T, members []*execution[T]) (c changed[T]) {
	for _, m := range members {
		if v := m.versions.current; v.state != base {
			c.versions, c.states = append(c.versions, v), append(c.states, v.state)
			c.names = append(c.names, e.names[m.whole-1])
		}
	}
	return c
}

// trees reports whether all versions are known to be trees.
func (c *changed[T]) trees() bool {
	return !slices.ContainsFunc(c.versions, func(v version[T]) bool { return !v.tree })
}

// sizes lists the sizes of base and of all versions.
func (c *changed[T]) sizes(base version[T]) []int64 {
	all := []int64{base.size}
	for _, v := range c.versions {
		all = append(all, v.size)
	}
	return all
}

// mergeMembers makes one version of those that the members left.
func (e *execution[T]) mergeMembers(g *openGroup[T], members []*execution[T]) bool {
	e.restSkipped = slices.ContainsFunc(members, func(m *execution[T]) bool { return m.skipped })
	e.next = int(e.steps[g.first].other)
	left := e.changedSince(g.base.state, members)
	switch len(left.versions) {
	case 0:
		e.endGroup()
		return true
	case 1: // it has been judged
		e.versions.reach(left.versions[0])
		e.endGroup()
		return true
	}
	if late := e.dead(); late != nil { // whatever the merge would have to call
		e.stop(late)
		return false
	}
	if f := e.merge(g, left); f != nil {
		e.attempt = attempt[T]{}
		return e.groupFailed(f, &e.steps[g.first])
	}
	return true
}

// merge makes one version of several, and lets what judges it begin.
func (e *execution[T]) merge(g *openGroup[T], left changed[T]) *failure {
	o := e.copyOptions()
	o.Adopt = true // nobody else has these versions
	o.Trees = g.base.tree && left.trees()
	o.Sizes = left.sizes(g.base)
	merged, info, err := deep.Merge(g.base.state, left.states, o)
	e.copied()
	if err != nil {
		return e.mergeFailed(err, left.names)
	}
	e.attempt = attempt[T]{stage: stageState, prior: g.base, size: info.Size}
	if len(e.validators) > 0 {
		if e.attempt.before, err = e.versions.look(); err != nil {
			return e.copyFailed(err)
		}
	}
	e.versions.reach(version[T]{state: merged, size: info.Size, refs: info.RootRefs, tree: info.Tree, cells: g.base.cells})
	if f := e.mergeCells(g, left.versions, left.names); f != nil {
		return f
	}
	if e.tracked {
		e.attempt.changes = diff(g.base.state, merged)
	}
	e.look()
	c := &e.contexts[e.next]
	c.run, c.index, c.phase = e.run, int32(e.next), PhaseExecute
	e.attempt.terms = e.termsNow()
	return nil
}

// endGroup leaves the parallel group whose last step is the next one.
func (e *execution[T]) endGroup() {
	g := &e.groups[len(e.groups)-1]
	if len(e.judges) > 0 {
		e.judges[e.next].close()
	}
	if full := e.report.expand(g.first); e.attempt.stage != stageStart {
		full.Changes, full.Warnings, full.StateSize = e.attempt.changes, e.attempt.warnings, e.attempt.size
		e.attempt = attempt[T]{}
	}
	e.leave()
	if e.restSkipped {
		e.leaveEarly()
	}
}

// mergeFailed is the failure of a group whose members' changes could not be merged.
func (e *execution[T]) mergeFailed(err error, names []string) *failure {
	conflict, ok := err.(*deep.ConflictError) // not errors.As: what is inside may be an error of user code
	if !ok {
		return e.copyFailed(copyError(err))
	}
	return conflictOf(&mergeConflict{conflict, names[conflict.First], names[conflict.Second], ""})
}

func conflictOf(m *mergeConflict) *failure {
	return &failure{phase: PhaseMerge, outcome: OutcomeConflict, err: &classed{ErrConflict, m}}
}

// A mergeConflict says which members of a group changed one place in different ways.
type mergeConflict struct {
	*deep.ConflictError
	first, second string
	cell          string // whose value it is, "" if it is the state
}

func (m *mergeConflict) Error() string { return m.text(m.Path, true) }

// Redacted is Error without content of the state.
func (m *mergeConflict) Redacted() string { return m.text(m.Shape, false) }

func (m *mergeConflict) text(path string, values bool) string {
	if m.cell != "" {
		path += " of a " + m.cell
	}
	text := fmt.Sprintf("%q and %q changed %s, or what it leads to, in different ways; let only one of them change it, or run them one after the other",
		m.first, m.second, path)
	if values {
		text += fmt.Sprintf(": it was %s, the one made it %s, the other %s", orNothing(m.Before), orNothing(m.Left), orNothing(m.Right))
	}
	return text
}

func orNothing(text string) string {
	if text == "" {
		return "nothing"
	}
	return text
}
