package deep

import (
	"reflect"
	"sync"
)

// A comparer compares two values by plans, as a comparison does by rules.
//
// Two references that are met side by side are taken for equal when they are met again. That is needed for cycles to
// end, and for values that many paths lead to; it costs more than comparing most values, so that pairs are remembered
// from stepsToNote steps on only. Recursion goes to maxDepth, what is deeper waits in a queue.
type comparer struct {
	steps int
	depth int
	queue []twoJobs
	pairs pairSet
	odd   bool // only the obvious engine can tell
}

const stepsToNote = 1024

// A twoJobs is memory that waits to be compared.
type twoJobs struct {
	a, b pointer
	plan *plan
	n    int // values, or aMap
}

const aBox = -2

var comparers = sync.Pool{New: func() any { return new(comparer) }}

func newComparer() *comparer { return comparers.Get().(*comparer) }

// equalByPlan is Equal by plans. It reports false if that is for the obvious engine to do.
func equalByPlan(a, b pointer, p *plan) (equal, done bool) {
	switch {
	case p.odd:
		return false, false
	case a == b:
		return true, true
	case p.flat:
		return (*comparer)(nil).parts(a, b, p.compare), true
	}
	c := newComparer()
	defer c.release()
	equal = c.pointers(a, b, p) && c.work()
	return equal, !c.odd
}

func (c *comparer) release() {
	if cap(c.queue) > maxQueue {
		c.queue = nil
	}
	clear(c.queue)
	c.pairs.reset()
	*c = comparer{queue: c.queue[:0], pairs: c.pairs}
	comparers.Put(c)
}

// work compares what waits.
func (c *comparer) work() bool {
	for len(c.queue) > 0 {
		j := c.queue[len(c.queue)-1]
		c.queue[len(c.queue)-1] = twoJobs{}
		c.queue = c.queue[:len(c.queue)-1]
		if j.n == aMap {
			if !c.entries(j.a, j.b, j.plan) {
				return false
			}
		} else if !c.elems(j.a, j.b, j.plan, j.n) {
			return false
		}
	}
	return true
}

// conclude ends one comparison of several: equal is what it has come to, but for what waits. After one that has failed all
// pairs are forgotten, for some of them were taken for equal and are not.
func (c *comparer) conclude(equal bool) bool {
	if equal && c.work() {
		return true
	}
	clear(c.queue)
	c.queue, c.steps = c.queue[:0], 0
	c.pairs.reset()
	return false
}

func (c *comparer) giveUp() bool {
	c.odd = true
	return false
}

// known reports whether a and b are taken for equal: they have been met before. What is behind them has so many parts.
func (c *comparer) known(a, b pointer, p *plan, n, parts int) bool {
	c.steps += parts
	return c.steps >= stepsToNote && c.pairs.put(sideBySide{a, b, p, n})
}

// parts compares the parts of two values.
func (c *comparer) parts(a, b pointer, checks []check) bool {
	for i := range checks {
		x := &checks[i]
		p, q := add(a, x.off), add(b, x.off)
		var same bool
		switch x.kind {
		case checkWord:
			same = sameWord(p, q)
		case checkBytes:
			same = sameBytes(p, q, x.size)
		case checkString:
			same = sameString(p, q)
		case checkPointer:
			same = c.pointers(load(p), load(q), x.plan)
		case checkSlice:
			same = c.slices(*headerAt(p), *headerAt(q), x.plan)
		case checkMap:
			same = c.mappings(load(p), load(q), x.plan)
		case checkFace:
			same = c.faces(*faceAt(p), *faceAt(q), x.typ)
		default:
			same = c.rare(p, q, x)
		}
		if !same {
			return false
		}
	}
	return true
}

// rare compares parts that are seldom seen.
func (c *comparer) rare(a, b pointer, x *check) bool {
	switch x.kind {
	case checkRepeat:
		for i := range x.n {
			off := uintptr(i) * x.size
			if !c.parts(add(a, off), add(b, off), x.repeat) {
				return false
			}
		}
	case checkSame:
		return identical(at(x.typ, a), at(x.typ, b))
	case checkAtomic:
		return identical(variable(loadAtomic(at(x.typ, a))), variable(loadAtomic(at(x.typ, b))))
	case checkAtomicPointer:
		v, w := new(pointer), new(pointer)
		*v, *w = loadPointer(a, x.rule.word), loadPointer(b, x.rule.word)
		return c.parts(addrOf(v), addrOf(w), x.plan.compare)
	}
	return true
}

func (c *comparer) pointers(a, b pointer, e *plan) bool {
	switch {
	case a == b:
		return true
	case a == nil || b == nil:
		return false
	case e.odd:
		return c.giveUp()
	case e.little(a):
		return c.parts(a, b, e.compare)
	}
	return c.known(a, b, e, 1, 1) || c.descend(a, b, e, 1)
}

func (c *comparer) slices(a, b header, e *plan) bool {
	switch {
	case a.n != b.n || (a.p == nil) != (b.p == nil):
		return false
	case a.p == b.p || a.n == 0 || e.size == 0:
		return true
	case e.odd:
		return c.giveUp()
	case e.solid:
		return c.solid(a.p, b.p, e, a.n)
	}
	return c.known(a.p, b.p, e, a.n, a.n) || c.descend(a.p, b.p, e, a.n)
}

// Comparing fewer bytes than these costs less than to ask whether they have been met.
const fewBytes = 1024

// little reports whether the value at a refers to nothing but texts, and has no more bytes than these, with them.
func (p *plan) little(a pointer) bool {
	if !p.flat {
		return false
	}
	bytes := p.size
	for i := range p.compare {
		if x := &p.compare[i]; x.kind == checkString {
			bytes += uintptr(stringLen(add(a, x.off)))
		}
	}
	return bytes <= fewBytes
}

// solid compares n values that are their bytes.
func (c *comparer) solid(a, b pointer, e *plan, n int) bool {
	size := uintptr(n) * e.size
	return size > fewBytes && c.known(a, b, e, n, int(size/fewBytes)) || sameBytes(a, b, size)
}

// descend compares n values, now or later.
func (c *comparer) descend(a, b pointer, e *plan, n int) bool {
	if c.depth >= maxDepth {
		c.queue = append(c.queue, twoJobs{a, b, e, n})
		return true
	}
	c.depth++
	same := c.elems(a, b, e, n)
	c.depth--
	return same
}

func (c *comparer) elems(a, b pointer, e *plan, n int) bool {
	if e.flat {
		return flatElems(a, b, e, n)
	}
	for i := range n {
		off := uintptr(i) * e.size
		if !c.parts(add(a, off), add(b, off), e.compare) {
			return false
		}
	}
	return true
}

// flatElems is elems for values that follow no reference: of these there are the most.
func flatElems(a, b pointer, e *plan, n int) bool {
	checks, end := e.compare, e.size*uintptr(n)
	for from := uintptr(0); from < end; from += e.size {
		for i := range checks {
			x := &checks[i]
			p, q := add(a, from+x.off), add(b, from+x.off)
			switch x.kind {
			case checkWord:
				if !sameWord(p, q) {
					return false
				}
			case checkString:
				if !sameString(p, q) {
					return false
				}
			default:
				if !sameBytes(p, q, x.size) {
					return false
				}
			}
		}
	}
	return true
}

// references compares two pointers, or two maps, with plan p.
func (c *comparer) references(a, b pointer, p *plan) bool {
	if p.target != nil {
		return c.pointers(a, b, p.target)
	}
	return c.mappings(a, b, p)
}

func (c *comparer) mappings(a, b pointer, p *plan) bool {
	switch {
	case a == b:
		return true
	case a == nil || b == nil || mapLen(a) != mapLen(b):
		return false
	case p.odd || p.elem.odd:
		return c.giveUp()
	case c.known(a, b, p, aMap, mapLen(a)+1):
		return true
	case c.depth >= maxDepth:
		c.queue = append(c.queue, twoJobs{a, b, p, aMap})
		return true
	}
	c.depth++
	same := c.entries(a, b, p)
	c.depth--
	return same
}

// entries compares maps of one length, of which the keys are found by looking them up.
func (c *comparer) entries(a, b pointer, p *plan) bool {
	if p.table != nil {
		return p.table.equal(c, a, b, p)
	}
	w := p.passage(a, b)
	for w.it.Next() {
		w.key.from.SetIterKey(&w.it)
		other := w.to.MapIndex(w.key.from)
		if !other.IsValid() {
			return false
		}
		if !c.values(w, other) {
			return false
		}
	}
	w.leave()
	return true
}

// values compares what the iterator of w is at with another value.
func (c *comparer) values(w *passage, other reflect.Value) bool {
	switch p := w.elem.plan; p.rule.act {
	case actPointer:
		return c.pointers(w.it.Value().UnsafePointer(), other.UnsafePointer(), p.target)
	case actMap:
		return c.mappings(w.it.Value().UnsafePointer(), other.UnsafePointer(), p)
	}
	w.elem.from.SetIterValue(&w.it)
	w.elem.to.Set(other)
	return c.parts(w.elem.src, w.elem.dst, w.elem.plan.compare)
}

// faces compares two interfaces of the given type.
func (c *comparer) faces(a, b face, static reflect.Type) bool {
	switch {
	case a.t != b.t:
		return false
	case a.d == b.d || a.t == 0:
		return true
	}
	d := dynamicOf(a, static)
	switch {
	case d.kind == heldShared || d.kind == heldRefused:
		return d.identical(a, b, static)
	case d.kind == heldPointer:
		return c.pointers(a.d, b.d, d.plan.target)
	case d.kind == heldMap:
		return c.mappings(a.d, b.d, d.plan)
	case d.plan.odd || d.kind == heldAlien:
		return c.giveUp()
	case d.direct:
		return c.words(a.d, b.d, d.plan)
	case d.kind == heldPlain:
		return c.parts(a.d, b.d, d.plan.compare)
	}
	return c.known(a.d, b.d, d.plan, aBox, 1) || c.descend(a.d, b.d, d.plan, 1)
}

// words compares structs that are one pointer.
func (c *comparer) words(a, b pointer, p *plan) bool {
	v, w := new(pointer), new(pointer)
	*v, *w = a, b
	return c.parts(addrOf(v), addrOf(w), p.compare)
}

// identical compares values that copies share.
func (d *dynamic) identical(a, b face, static reflect.Type) bool {
	return identical(variable(held(a, static)), variable(held(b, static)))
}
