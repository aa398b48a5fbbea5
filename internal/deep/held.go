package deep

import "reflect"

// This file copies what interfaces hold.

// dynamic returns the data word of the copy of what f, an interface of the given type, holds.
func (r *runner) dynamic(f face, static reflect.Type) (pointer, bool) {
	return r.content(f, dynamicOf(f, static), static)
}

// faces is mend for n interfaces, one in each so many bytes. Neighbours mostly hold values of one type, and most of these
// can be shared.
func (r *runner) faces(at pointer, static reflect.Type, n int, every uintptr) bool {
	d := &dynamic{}
	for i := range n {
		if r.steps--; r.steps < 0 && !r.poll() {
			return false
		}
		f := faceAt(add(at, uintptr(i)*every))
		switch {
		case f.t == 0:
			continue
		case f.t != d.word:
			d = dynamicOf(*f, static)
		}
		if d.kind == heldPlain && !r.counts() {
			continue
		}
		var ok bool
		if f.d, ok = r.content(*f, d, static); !ok {
			return false
		}
	}
	return true
}

// content is dynamic for a value of the type that d is about.
func (r *runner) content(f face, d *dynamic, static reflect.Type) (pointer, bool) {
	switch d.kind {
	case heldShared:
		return f.d, true
	case heldPlain:
		r.bytes += d.weigh(f.d, r.mode)
		return f.d, true
	case heldPointer:
		if f.d == nil {
			return nil, true
		}
		return r.pointer(f.d, d.plan.target)
	case heldMap:
		if f.d == nil {
			return nil, true
		}
		return r.mapping(f.d, d.plan)
	case heldBox, heldWord:
		return r.box(f.d, d)
	case heldRefused:
		if d.zero(f, static) {
			return f.d, true
		}
	}
	return nil, r.giveUp()
}

// weigh is what a plain value with data word p counts.
func (d *dynamic) weigh(p pointer, mode int) int64 {
	ops := d.plan.mend[mode]
	if len(ops) == 0 || p == nil {
		return int64(d.plan.size)
	}
	return int64(d.plan.size) + countStrings(p, ops)
}

// countStrings adds up the strings at p. There is nothing else to mend.
func countStrings(p pointer, ops []op) int64 { return countAll(p, ops, 1, 0) }

// countAll adds up the strings of n values of the given size from p on.
func countAll(p pointer, ops []op, n int, size uintptr) (sum int64) {
	for i := range ops {
		o := &ops[i]
		if o.kind == opString {
			for j := range n {
				sum += stringLen(add(p, o.off+uintptr(j)*size))
			}
			continue
		}
		for j := range n { // an array of strings
			sum += countAll(add(p, o.off+uintptr(j)*size), o.rare.repeat, o.rare.n, o.rare.size)
		}
	}
	return sum
}

// box returns the data word for a copy of the value in an interface with the data word src.
func (r *runner) box(src pointer, d *dynamic) (pointer, bool) {
	i, fresh := r.known.claim(src, d.plan.box)
	r.knotted = r.knotted || !fresh
	switch {
	case r.known.list[i].dst != nil:
		return r.known.list[i].dst, true
	case r.depth > maxBoxes:
		return nil, r.giveUp()
	case fresh && !r.charge(int64(d.plan.size)):
		return nil, false
	case d.kind == heldWord:
		return r.boxWord(src, d, i)
	}
	dst := d.plan.dup(src)
	r.known.list[i].dst = dst
	return dst, r.mendBox(dst, src, d.plan)
}

// boxWord is box for a value that is itself the data word. What it refers to can lead back to it before it has been
// made, and then makes it.
func (r *runner) boxWord(src pointer, d *dynamic, i int) (pointer, bool) {
	was, is := new(pointer), new(pointer)
	*was = src
	d.plan.move(addrOf(is), addrOf(was))
	ok := r.mendBox(addrOf(is), addrOf(was), d.plan)
	r.known.list[i].dst = *is
	return *is, ok
}

// mendBox mends a box at once. Until that is done the box is open: it must not become the key of a map, whose place in
// the map its content decides.
func (r *runner) mendBox(dst, src pointer, p *plan) bool {
	r.depth++
	r.open++
	ok := r.mend(dst, src, p.mend[r.mode])
	r.open--
	r.depth--
	return ok
}
