package hooks_test

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hooktx/hooks"
)

// The model of groups: what must come of a tree of hooks. It is a recursive walk over the tree,
// one hook after the other, also where they run at the same time: there it is told when each
// begins, and when the failure of one stops the others. No two instants of a tree tie.
type treeModel struct {
	starts   map[string]int // by path; so are all others
	undone   map[string]int // effects
	outcomes map[string]hooks.Outcome
	keys     map[string][]int // the generation of each start's key
}

// A stretch is what came of a part of the tree.
type stretch struct {
	now    time.Duration
	state  map[string]string
	log    []leafFrame // what is to be undone, oldest first
	undone []string    // the undo calls that were made
	fail   *treeFailure
	skip   bool // the rest of the chain
}

type leafFrame struct {
	*treeNode
	path       string
	due        bool
	generation int
}

type treeFailure struct {
	path    string // who is to blame, "" if nobody
	outcome hooks.Outcome
	tied    bool // it failed because another member did
	stuck   bool // something could not be undone
}

// run runs one node at s.now. Nothing starts from cut on.
func (m *treeModel) run(n *treeNode, path string, s stretch, cut time.Duration) stretch {
	if s.now >= cut {
		s.fail = &treeFailure{outcome: hooks.OutcomeCancelled, tied: true}
		return s
	}
	before := stretch{state: s.state, log: s.log}
	switch n.kind {
	case leafNode:
		s = m.leaf(n, path, s, cut)
	case sequenceNode:
		s = m.sequence(n.members, path+"/", s, cut)
	case parallelNode:
		s = m.parallel(n, path, s, cut)
	case retryNode:
		for try := 1; ; try++ {
			s = m.run(n.members[0], path, s, cut)
			again := s.fail != nil && !s.fail.tied && try < n.attempts &&
				!slices.Contains([]hooks.Outcome{hooks.OutcomeRejected, hooks.OutcomeInvalid, hooks.OutcomeConflict, hooks.OutcomeCancelled}, s.fail.outcome)
			if !again || !m.undo(&s, before) {
				break
			}
			if s.now >= cut {
				s.fail.tied = true
				break
			}
			m.forget(n.members[0], path)
			s.fail = nil
		}
	}
	if n.kind == sequenceNode || n.kind == parallelNode {
		m.outcomes[path] = hooks.OutcomeSucceeded
		if s.fail != nil {
			m.outcomes[path] = s.fail.outcome
		}
	}
	if s.fail != nil && n.continues() && !s.fail.tied && m.undo(&s, before) {
		s.fail = nil
	}
	return s
}

func (m *treeModel) sequence(members []*treeNode, prefix string, s stretch, cut time.Duration) stretch {
	for _, n := range members {
		if s = m.run(n, prefix+n.name, s, cut); s.fail != nil || s.skip {
			break
		}
	}
	return s
}

func (m *treeModel) leaf(n *treeNode, path string, s stretch, cut time.Duration) stretch {
	m.starts[path]++
	m.keys[path] = append(m.keys[path], m.undone[path]+1)
	end := n.ends[min(m.starts[path], len(n.ends))-1]
	f := leafFrame{n, path, end == returnsNil || end == skipsRest || end == unknown, m.undone[path] + 1}
	s.log = append(slices.Clone(s.log), f)
	if s.now += n.takes; n.obeys && s.now > cut {
		s.now, m.outcomes[path] = cut, hooks.OutcomeCancelled
		s.log[len(s.log)-1].due = false
		s.fail = &treeFailure{path: path, outcome: hooks.OutcomeCancelled, tied: true}
		return s
	}
	if m.outcomes[path] = end.outcome(); m.outcomes[path] != hooks.OutcomeSucceeded {
		s.fail = &treeFailure{path: path, outcome: m.outcomes[path]}
		return s
	}
	s.state = maps.Clone(s.state)
	s.state[path] = fmt.Sprint("start ", m.starts[path])
	if n.clashes {
		s.state["clash"] = path
	}
	s.skip = end == skipsRest
	return s
}

// parallel is played twice: first to find out when the first member fails, which is not changed
// by what comes of that.
func (m *treeModel) parallel(n *treeNode, path string, s stretch, cut time.Duration) stretch {
	for _, member := range m.clone().members(n, path, s, cut) {
		if member.fail != nil {
			cut = min(cut, member.now)
		}
	}
	all := m.members(n, path, s, cut)
	base := s.state
	s.state = maps.Clone(base)
	for _, member := range all {
		s.now = max(s.now, member.now)
		s.log = append(slices.Clone(s.log), member.log...)
		s.undone = append(slices.Clone(s.undone), member.undone...)
		s.skip = s.skip || member.skip
	}
	if s.fail = blamed(all); s.fail != nil {
		s.skip = false
		return s
	}
	for _, member := range all {
		if clash := member.state["clash"]; clash != base["clash"] && s.state["clash"] != base["clash"] && s.state["clash"] != clash {
			s.state, s.skip, s.fail = base, false, &treeFailure{path: path, outcome: hooks.OutcomeConflict}
			return s
		}
		for k, v := range member.state {
			if v != base[k] {
				s.state[k] = v
			}
		}
	}
	return s
}

// members runs each member from the time on at which there is room for it.
func (m *treeModel) members(n *treeNode, path string, s stretch, cut time.Duration) (all []stretch) {
	var busy []time.Duration // until when the places are
	for _, member := range n.members {
		begin := stretch{now: s.now, state: s.state}
		if n.width > 0 && len(busy) == n.width {
			slices.Sort(busy)
			begin.now, busy = max(s.now, busy[0]), busy[1:]
		}
		end := m.run(member, path+"/"+member.name, begin, cut)
		busy = append(busy, end.now)
		all = append(all, end)
	}
	return all
}

// blamed is the failure of the first member that did not fail because of another.
func blamed(all []stretch) (f *treeFailure) {
	stuck := false
	for _, s := range all {
		stuck = stuck || s.fail != nil && s.fail.stuck
		if s.fail != nil && (f == nil || f.tied && !s.fail.tied) {
			f = &treeFailure{path: s.fail.path, outcome: s.fail.outcome, tied: s.fail.tied}
		}
	}
	if f != nil {
		f.stuck = stuck
	}
	return f
}

// undo takes back what came since before, newest first. It returns false if that did not go
// well, now or earlier.
func (m *treeModel) undo(s *stretch, before stretch) bool {
	if s.fail != nil && s.fail.stuck {
		return false
	}
	ok := true
	for len(s.log) > len(before.log) {
		f := s.log[len(s.log)-1]
		s.log = s.log[:len(s.log)-1]
		if f.due && f.undo != nil {
			s.undone = append(s.undone, fmt.Sprintf("%s rollback of #%d", f.path, f.generation))
			ok = ok && *f.undo == returnsNil
		}
		for step := f.steps; step > 0; step-- {
			s.undone = append(s.undone, fmt.Sprintf("%s step %d of #%d", f.path, step, f.generation))
		}
		if f.due && f.undo != nil || f.steps > 0 {
			m.undone[f.path]++
		}
	}
	s.state = before.state
	if s.fail != nil {
		s.fail.stuck = !ok
	}
	return ok
}

// forget drops the outcomes of an attempt.
func (m *treeModel) forget(n *treeNode, path string) {
	for p := range m.outcomes {
		if p == path || len(p) > len(path) && p[:len(path)+1] == path+"/" {
			delete(m.outcomes, p)
		}
	}
}

func (m *treeModel) clone() *treeModel {
	c := &treeModel{maps.Clone(m.starts), maps.Clone(m.undone), maps.Clone(m.outcomes), maps.Clone(m.keys)}
	for k, v := range c.keys {
		c.keys[k] = slices.Clone(v)
	}
	return c
}
