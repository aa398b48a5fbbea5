package deep

import (
	"slices"
)

// Places say where memory goes that lies in other memory: the knowledge with which a runner makes its second attempt.
// A scanner has noted all regions; those that overlap are one block, which is copied as a whole when the first reference
// to any part of it turns up; every reference to a part becomes one to the same part of the copy.
type places struct {
	joiner
	starts []uintptr // of blocks, in order
	root   *block
	src    pointer // the root
}

// find makes blocks of what was met, the root first. It reports false if that is for the obvious engine to do.
func (x *places) find(s *scanner) bool {
	for i := range s.known.list {
		if m := &s.known.list[i]; m.plan.variable() && m.plan.size > 0 {
			x.regions = append(x.regions, region{addr: m.src, typ: m.plan.typ, plan: m.plan, n: 1})
		}
	}
	for _, list := range [...][]metArray{s.arrays.list, s.plain} {
		for i := range list {
			m := &list[i]
			x.regions = append(x.regions, region{addr: m.src, typ: m.plan.typ, plan: m.plan, n: m.n})
		}
	}
	if bad, err := x.join(s.tick); bad != nil || err != nil || len(x.regions) == 0 || x.tagged() {
		return false
	}
	x.root, x.src = x.regions[0].block, x.regions[0].addr
	for i := range x.blocks {
		x.starts = append(x.starts, x.blocks[i].start())
	}
	return true
}

// forget lets go of all memory but the room.
func (x *places) forget() {
	x.joiner.forget()
	x.starts, x.root, x.src = x.starts[:0], nil, nil
}

// tagged reports whether a block has tagged fields and other references into it: those may lead to what the tags keep
// a copy from seeing.
func (x *places) tagged() bool {
	for i := range x.regions {
		r := &x.regions[i]
		if b := r.block; b.typ != r.typ && (b.planned().tagged || r.plan.tagged) {
			return true
		}
	}
	return false
}

// planned returns the plan of what the block is made of, which may have become that of an array's elements.
func (b *block) planned() *plan {
	if b.plan.typ != b.typ {
		b.plan = b.plan.set.find(b.typ)
	}
	return b.plan
}

// holding returns the block that has the size bytes from p on, nil if none has.
func (x *places) holding(p pointer, size uintptr) *block {
	i, exact := slices.BinarySearch(x.starts, number(p))
	if !exact {
		i--
	}
	if i < 0 || number(p)+size > x.blocks[i].end() {
		return nil
	}
	return &x.blocks[i]
}

// placed returns where the copy of the n values at src is.
func (r *runner) placed(src pointer, e *plan, n int) (pointer, bool) {
	size := e.size * uintptr(n)
	b := r.places.holding(src, size)
	if b == nil {
		return nil, r.giveUp() // not seen by the scanner: an atomic has been given another value
	}
	if b.copy == nil && !r.place(b) {
		return nil, false
	}
	if b == r.places.root {
		if off, ok := r.inRoot(src, size); ok {
			return add(r.home, off), true
		}
	}
	return add(b.copy, number(src)-b.start()), true
}

// inRoot tells whether the size bytes at src are to lie in the root's home, and where. A region that only has bytes in
// common with the root counts as a reference to it too.
func (r *runner) inRoot(src pointer, size uintptr) (off uintptr, ok bool) {
	start, end := number(r.places.src), number(r.places.src)+r.root.size
	if number(src) >= end || number(src)+size <= start {
		return 0, false
	}
	r.rootRefs = true
	return number(src) - start, r.home != nil && number(src) >= start && number(src)+size <= end
}

// place makes the copy of b, and mends it now or later.
func (r *runner) place(b *block) bool {
	p := b.planned()
	switch {
	case p.alien:
		return r.giveUp()
	case !r.charge(int64(b.size())):
		return false
	case b.n == 1:
		b.copy = p.dup(b.addr)
	default:
		b.copy = p.dupN(b.addr, b.n)
	}
	return r.descend(b.copy, b.addr, p, b.n)
}

// runPlaced copies the root at src.
func (r *runner) runPlaced(src pointer) bool {
	b := r.places.root
	if !r.place(b) || !r.work() || !r.fits() {
		return false
	}
	r.out = add(b.copy, number(src)-b.start())
	return true
}
