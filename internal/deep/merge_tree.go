package deep

import (
	"math/bits"
	"sync"
)

// A grafter merges trees by plans: values in which no memory is met twice, as most values are. In them a place has one
// path, an object's partner is what is at the same place, and nothing needs to be numbered, paired off or linked. It
// walks the base and all versions side by side, once, and makes the merged value of what there is: what nobody changed
// is the base's memory, what one version put somewhere is that version's, and only what lies on the way to a change is
// new. A copy of that is the result.
//
// If the versions may be used up, the first one takes the place of the base as what the merged value is made of: then
// it shares no memory with the base, and is the result. What has to be written into maps of that version is noted, and
// done when nothing can go wrong any more.
//
// It knows no conflicts. Whatever could be one, or is not simple, it leaves to a merger, which starts anew: two versions
// that changed one place, or of which one changed something in what the other replaced; objects that may have changed
// places; a value that is no tree, or is too deep.
type grafter struct {
	opts    Options
	steps   int       // until Stop is asked
	n       int       // how many versions there are
	stand   int       // which of them the merged value is made of; -1: of the base
	later   []func()  // changes of maps of that version
	aloof   bool      // of the map to be merged next, that version is looked at only where others have changed something
	room    []pointer // for groups, one at each depth
	depth   int
	deepest int

	changed sides
	pairs   []couple                 // objects on the way to a change
	loose   [2][maxVersions]*scanner // objects without a partner: lost ones and found ones, by version
	err     error
}

// sides is a set of versions, which are numbered from 0.
type sides uint32

// maxVersions is how many versions a grafter takes.
const maxVersions = 32

func side(i int) sides { return 1 << i }

// several reports whether the set has more than one version.
func (s sides) several() bool { return s&(s-1) != 0 }

// first is the lowest version of the set.
func (s sides) first() int { return bits.TrailingZeros32(uint32(s)) }

// mergeTrees is mergeRoots by a grafter. It reports false if that is for a merger to do.
func mergeTrees(p *plan, base pointer, versions []pointer, own bool, o Options) (root pointer, done bool, err error) {
	if len(versions) > maxVersions || p.size == 0 || own && (len(versions) == 0 || versions[0] == base) {
		return nil, false, nil
	}
	g := newGrafter(len(versions), o)
	stand := base
	if own {
		stand, g.stand = versions[0], 0
	}
	defer g.release()
	defer func() { // memory changed meanwhile, or there is a mistake in here
		if recover() != nil {
			root, done, err = nil, false, nil
		}
	}()
	group, _ := g.enter()
	for i, v := range versions {
		group[i] = nil
		if v != base {
			group[i] = v
		}
	}
	if p.set.trees || o.Trees || g.survey(p, base, group) {
		root, g.changed, done = g.object(base, stand, group, p, 1)
		done = done && !g.doubtful()
	}
	if done {
		for _, change := range g.later {
			change()
		}
	}
	return root, done || g.err != nil, g.err
}

var grafters = sync.Pool{New: func() any { return new(grafter) }}

func newGrafter(n int, o Options) *grafter {
	g := grafters.Get().(*grafter)
	g.opts, g.steps, g.n, g.stand = o, stepsToStop, n, -1
	if room := n * maxDepth; len(g.room) < room {
		g.room = make([]pointer, room)
	}
	return g
}

// release forgets everything that belongs to the merge, and keeps the room.
func (g *grafter) release() {
	clear(g.room[:g.n*g.deepest])
	g.letGo()
	if cap(g.pairs) > maxQueue {
		g.pairs = nil
	}
	clear(g.pairs)
	*g = grafter{room: g.room, pairs: g.pairs[:0]}
	grafters.Put(g)
}

// survey reports whether the base and the versions are trees, and have no memory in common.
func (g *grafter) survey(p *plan, base pointer, versions []pointer) bool {
	s := newTreeSurveyor(g.opts)
	defer s.release()
	ok := s.run(base, p)
	for _, v := range versions {
		ok = ok && (v == nil || s.run(v, p))
	}
	g.err = s.err
	return ok && !s.overlapping()
}

// enter goes one level down, and returns room for a group there: what the versions have at one place, nil where there is
// nothing, or what the base has. It reports false if that is too deep.
func (g *grafter) enter() (group []pointer, ok bool) {
	if g.depth == maxDepth {
		return nil, false
	}
	group = g.room[g.depth*g.n : (g.depth+1)*g.n]
	g.depth++
	g.deepest = max(g.deepest, g.depth)
	return group, true
}

func (g *grafter) leave() { g.depth-- }

// tick counts a step. It reports false if there is a reason to stop.
func (g *grafter) tick() bool {
	if g.steps--; g.steps >= 0 {
		return true
	}
	g.steps = stepsToStop
	if g.opts.Stop != nil {
		g.err = g.opts.Stop()
	}
	return g.err == nil
}

// giveUp leaves the merge to a merger.
func (g *grafter) giveUp() bool { return false }
