package nemesis

import (
	"time"

	"pgregory.net/rapid"
)

// Drawing plans. What is drawn first is the simplest, so that failures shrink to it.

// Every instant of a plan is a whole number of units, plus offsets that tell apart what could
// tie: each duration has one of its own, and sums of them never meet.
const unit = 4 * time.Minute

// offset is one of many numbers of 32 bits that have nothing to do with each other.
func offset(k int) time.Duration {
	x := uint64(k+1) * 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return time.Duration(x>>33 | 1)
}

var upTo = func() (all [32]*rapid.Generator[int]) {
	for n := 1; n < len(all); n++ {
		all[n] = rapid.IntRange(0, n-1)
	}
	return all
}()

type drawer struct {
	*rapid.T
	*plan
	timed     int // durations drawn
	nodes     int
	wildness  int // a fault occurs in one of so many places
	alongside int // parallel groups around
	branch    int
}

func (d *drawer) pick(n int, label string) int         { return upTo[n].Draw(d.T, label) }
func (d *drawer) half(label string) bool               { return d.pick(2, label) == 1 }
func (d *drawer) oneIn(n int, label string) bool       { return d.pick(n, label) == n-1 }
func (d *drawer) fault(label string) bool              { return d.oneIn(d.wildness, label) }
func (d *drawer) rare(label string) bool               { return d.oneIn(3, label) && d.oneIn(4, label) }
func choose[V any](d *drawer, label string, of ...V) V { return of[d.pick(len(of), label)] }

// lasts returns a duration of so many units; none if it need not be told apart.
func (d *drawer) lasts(units int) time.Duration {
	if units == 0 && d.alongside == 0 {
		return 0
	}
	d.timed++
	return time.Duration(units)*unit + offset(d.timed)
}

func draw(t *rapid.T) *plan {
	d := &drawer{T: t, plan: &plan{parent: limit{at: never}, total: limit{at: never}, rollbackTotal: never}}
	p := d.plan
	d.wildness = choose(d, "wildness", 20, 9, 4)
	p.rich, p.judged = d.half("rich"), d.half("judged")
	switch d.pick(12, "mode") {
	case 9:
		p.dry = true
	case 10:
		p.live = true
	case 11:
		p.noRollback = true
	}
	d.limits()
	p.root = &node{kind: sequenceNode, timeout: never}
	d.add(p.root, 0)
	d.some(p.root, 3, "")
	p.chain = earlier(p.parent, p.total)
	d.listeners()
	p.settle()
	return p
}

func (d *drawer) limits() {
	p := d.plan
	d.alongside++ // these are to be told apart from all others
	p.grace = choose(d, "grace", 2*unit, 0)
	p.rollbackTimeout, p.defaultTimeout = d.lasts(15), d.lasts(30)
	switch d.pick(14, "ended by") {
	case 8, 9:
		p.parent = limit{at: d.lasts(choose(d, "deadline", 40, 17, 5)), cause: expired}
	case 10, 11:
		p.parent = limit{at: d.lasts(choose(d, "cancelled", 40, 17, 5)), cause: cancelled}
	case 12:
		p.total = limit{at: d.lasts(choose(d, "total", 40, 17, 5)), cause: overTotal}
	case 13:
		p.rollbackTotal = d.lasts(choose(d, "all rollbacks", 4, 2, 20))
	}
	d.alongside--
}

func (d *drawer) listeners() {
	switch d.pick(8, "listeners") {
	case 4, 5:
		d.trace = listener(1 + d.pick(3, "trace"))
	case 6:
		d.logger, d.detailed = listener(1+d.pick(3, "logger")), d.half("detailed")
	case 7:
		d.trace, d.logger, d.tracked = listener(1+d.pick(3, "trace")), listener(1+d.pick(3, "logger")), true
	}
}

// add gives a node its place.
func (d *drawer) add(n *node, index int) {
	n.id, n.index, n.branch = len(d.plan.nodes), index, d.branch
	d.plan.nodes = append(d.plan.nodes, n)
}

// some draws the members of a group.
func (d *drawer) some(n *node, depth int, prefix string) {
	outer := d.branch
	for i := range 1 + d.pick(3, "members") {
		if i > 0 && len(d.leaves) >= maxLeaves-1 {
			break
		}
		if n.kind == parallelNode {
			d.branch = len(d.plan.nodes)
		}
		n.members = append(n.members, d.node(depth-1, i, string(rune('a'+i)), prefix))
	}
	d.branch = outer
}

func (d *drawer) node(depth, index int, name, prefix string) *node {
	n := &node{name: name, path: prefix + name, timeout: never}
	if depth > 0 && len(d.leaves) < maxLeaves-1 && len(d.plan.nodes) < maxNodes-8 {
		n.kind = choose(d, "kind", leafNode, leafNode, leafNode, parallelNode, retryNode, sequenceNode)
	}
	if d.live && n.kind != sequenceNode {
		n.kind = leafNode
	}
	d.add(n, index)
	n.continues = d.oneIn(4, "continue") && !d.live
	if n.kind != leafNode && d.oneIn(6, "group timeout") {
		n.timeout = d.lastsApart(choose(d, "lasts", 25, 8, 2))
	}
	switch n.kind {
	case sequenceNode:
		d.some(n, depth, n.path+"/")
	case parallelNode:
		d.alongside++
		n.width = d.pick(3, "width")
		d.some(n, depth, n.path+"/")
		d.alongside--
		if d.judged {
			n.check = d.task("check", 0, false)
		}
	case retryNode:
		n.policy = retrying{1 + d.pick(3, "attempts"), d.half("after timeout"), d.oneIn(3, "after abandoned"), asking(d.pick(4, "asks"))}
		inner := d.node(depth-1, index, name, prefix)
		inner.continues = false // it would be the retry's
		n.members = []*node{inner}
	default:
		d.leaf(n)
	}
	return n
}

func (d *drawer) lastsApart(units int) time.Duration {
	d.alongside++
	defer func() { d.alongside-- }()
	return d.lasts(units)
}

func (d *drawer) leaf(n *node) {
	l := &leaf{number: len(d.leaves)}
	n.leaf, d.leaves = l, append(d.leaves, n)
	n.timeout, n.inherits = d.defaultTimeout, true
	if d.alongside > 0 || d.oneIn(3, "timeout") { // two that begin together must not end together
		n.inherits, n.timeout = false, never
		if units := choose(d, "lasts", 30, 6, 60, 0); units > 0 {
			n.timeout = d.lastsApart(units)
		}
	}
	n.readOnly, n.dryRunnable = d.oneIn(6, "read-only"), d.dry && d.half("dry-runnable")
	l.runs = append(l.runs, *d.run())
	for range d.pick(3, "more runs") {
		l.runs = append(l.runs, *d.run())
	}
	if d.half("undo") {
		units := 0
		if d.rollbackTotal < never { // or it would hardly ever be used up
			units = 3
		}
		l.undo = d.task("undo", units, true)
	}
	if d.oneIn(6, "event") {
		l.event = d.task("event", 0, false)
	}
	if d.oneIn(6, "judge") {
		l.judge = d.task("judge", 0, false)
	}
	if d.judged && !n.readOnly {
		l.verify = d.task("verify", 0, false)
	}
	if !n.readOnly && !d.live && d.oneIn(3, "copying") && d.fault("copying") {
		d.copies(l)
	}
	if d.oneIn(3, "registers") {
		l.steps, l.before, l.after = d.list("steps"), d.list("before"), d.list("after")
	}
	for range d.pick(4, "uses") / 2 {
		l.uses = append(l.uses, use{d.pick(cells, "cell"), d.half("edits"), d.oneIn(5, "clashes")})
	}
	l.clashes = d.oneIn(8, "clashes")
}

func (d *drawer) copies(l *leaf) {
	l.copying = tooLarge
	if d.rich {
		l.copying = choose(d, "copy fault", tooLarge, copyPanics, copyExits, copyIsNil, copyIsSlow)
		l.copyTakes = d.lastsApart(choose(d, "copy takes", 1, 7, 50))
	}
}

func (d *drawer) list(label string) (all []task) {
	for range d.pick(3, label) {
		all = append(all, *d.task(label, 0, true))
	}
	return all
}

// run draws what an Execute does.
func (d *drawer) run() *task {
	t := d.task("run", choose(d, "takes", 0, 0, 1, 3, 9), true)
	if d.fault("hangs") {
		t.takes = d.lasts(choose(d, "hangs", 35, 90, 1000))
	}
	if t.ends == returnsNil && d.fault("run") {
		t.ends = choose(d, "ends", fails, skipsRest, unknown, rejects, panicsText)
	}
	return t
}

// task draws what a call does.
func (d *drawer) task(label string, units int, mayVary bool) *task {
	t := &task{}
	if d.fault(label) {
		switch d.pick(4, label) {
		case 3:
			units = choose(d, label, 4, 18, 45)
		default:
			t.ends = choose(d, label, fails, panicsText, panicsError, panicsNil, writesNilMap, exits)
		}
	}
	t.takes = d.lasts(units)
	if t.takes > 0 && mayVary || units > 0 {
		t.manner = manner(d.pick(3, label))
	}
	return t
}

// settle makes a plan that the model can say all of.
func (p *plan) settle() {
	parallel := p.parallel()
	for _, n := range p.leaves {
		l := n.leaf
		others := []*task{l.event, l.judge, l.verify, l.undo}
		for _, list := range [][]task{l.steps, l.before, l.after} {
			for i := range list {
				others = append(others, &list[i])
			}
		}
		for _, t := range others {
			if t != nil && (p.grace == 0 || t.takes == 0) {
				t.manner = deaf // else whether it is given up would be a race
			}
		}
		for i := range l.runs {
			if t := &l.runs[i]; parallel && p.grace == 0 || t.takes == 0 {
				t.manner = deaf
			}
		}
	}
	for _, n := range p.nodes {
		if n.check != nil && (p.grace == 0 || n.check.takes == 0) {
			n.check.manner = deaf
		}
	}
	if parallel {
		p.rollbackTotal = never // what is left of it depends on all that runs at the same time
	}
}
