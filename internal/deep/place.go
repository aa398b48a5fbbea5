package deep

import (
	"slices"
)

// Places say where memory goes that lies in other memory: the knowledge with which a runner makes its second attempt.
// A scanner has noted all regions; those that overlap are one block, which is copied as a whole when the first reference
// to any part of it turns up; every reference to a part becomes one to the same part of the copy.
type places struct {
	starts []uintptr // of blocks, in order
	blocks []*block
	root   *block
	src    pointer // the root
}

// placesOf makes blocks of what was met, the root first. It returns nil if Go's types do not allow memory to lie so.
func placesOf(s *scanner, o Options) *places {
	c := copier{opts: o, regions: make([]region, 0, len(s.known.list)+len(s.arrays.list)+len(s.plain))}
	for i := range s.known.list {
		if x := &s.known.list[i]; x.plan.variable() && x.plan.size > 0 {
			c.regions = append(c.regions, region{addr: x.src, typ: x.plan.typ, n: 1})
		}
	}
	for _, list := range [...][]metArray{s.arrays.list, s.plain} {
		for i := range list {
			c.regions = append(c.regions, region{addr: list[i].src, typ: list[i].plan.typ, n: list[i].n})
		}
	}
	if len(c.regions) == 0 || c.merge() != nil || c.tagged(s) {
		return nil
	}
	p := &places{root: c.regions[0].block, src: c.regions[0].addr, blocks: c.blocks}
	p.starts = make([]uintptr, len(p.blocks))
	for i, b := range p.blocks {
		p.starts[i] = b.start()
	}
	return p
}

// tagged reports whether a block has tagged fields and other references into it: those may lead to what the tags keep
// a copy from seeing.
func (c *copier) tagged(s *scanner) bool {
	for i := range c.regions {
		r := &c.regions[i]
		if b := r.block; b.typ != r.typ && (s.root.set.find(b.typ).tagged || s.root.set.find(r.typ).tagged) {
			return true
		}
	}
	return false
}

// block returns the block that has the size bytes from p on, nil if none has.
func (x *places) block(p pointer, size uintptr) *block {
	i, exact := slices.BinarySearch(x.starts, number(p))
	if !exact {
		i--
	}
	if i < 0 || number(p)+size > x.blocks[i].end() {
		return nil
	}
	return x.blocks[i]
}

// placed returns where the copy of the n values at src is.
func (r *runner) placed(src pointer, e *plan, n int) (pointer, bool) {
	size := e.size * uintptr(n)
	b := r.places.block(src, size)
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
	p := r.root.set.find(b.typ)
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
