package deep

// This file is the heart of a runner: what it does with each kind of part.

// mend mends the parts ops of the value at dst, to which the value at src was moved.
func (r *runner) mend(dst, src pointer, ops []op) bool {
	if r.steps--; r.steps < 0 && !r.poll() {
		return false
	}
	ok := true
	for i := range ops {
		o := &ops[i]
		slot := add(dst, o.off)
		switch o.kind {
		case opString:
			r.bytes += stringLen(slot)
		case opPointer:
			if p := load(slot); p != nil {
				if number(p)-number(src) < uintptr(o.reach) {
					p, ok = r.innerPointer(dst, src, p, o)
				} else {
					p, ok = r.pointer(p, o.plan)
				}
				store(slot, p)
			}
		case opSlice:
			if h := headerAt(slot); h.p != nil {
				if number(h.p)-number(src) < uintptr(o.reach) {
					h.p, ok = r.innerSlice(dst, src, *h, o)
				} else {
					h.p, ok = r.slice(*h, o.plan)
				}
				h.c = h.n
			}
		case opMap:
			if m := load(slot); m != nil {
				m, ok = r.mapping(m, o.plan)
				store(slot, m)
			}
		case opFace:
			if f := faceAt(slot); f.t != 0 {
				f.d, ok = r.dynamic(*f, o.plan.typ)
			}
		default:
			ok = r.rare(dst, src, o)
		}
		if !ok {
			return false
		}
	}
	return true
}

// rare mends a part of the value at dst that is seldom seen.
func (r *runner) rare(dst, src pointer, o *op) bool {
	switch o.kind {
	case opLatePointer:
		return r.latePointer(dst, src, o)
	case opLateSlice:
		return r.lateSlice(dst, src, o)
	case opLateFace:
		return r.lateFace(faceAt(add(dst, o.off)), o)
	}
	dst, src = add(dst, o.off), add(src, o.off)
	x := o.rare
	switch o.kind {
	case opRepeat:
		for i := range x.n {
			off := uintptr(i) * x.size
			if !r.mend(add(dst, off), add(src, off), x.repeat) {
				return false
			}
		}
	case opAtomic:
		r.knotted = true
		moveAtomicAt(dst, src, x.atom)
	case opAtomicPointer:
		r.knotted = true
		p, ok := loadPointer(src, x.rule.word), true
		if p != nil && o.plan != nil {
			p, ok = r.pointer(p, o.plan)
		}
		storePointer(dst, x.rule.word, p)
		return ok
	case opRefuse:
		return at(x.typ, src).IsZero() || r.giveUp()
	case opOwn:
		return r.own(dst, src, x)
	case opAtomicValue:
		r.knotted = true
		return r.atomicValue(dst, src)
	case opSyncMap:
		r.knotted = true
		return r.syncMap(dst, src)
	}
	return true
}

// pointer returns where the copy of the variable at src is.
func (r *runner) pointer(src pointer, e *plan) (pointer, bool) {
	if !e.easy || r.attempt != straight {
		return r.otherPointer(src, e)
	}
	i, fresh := r.known.claim(src, e)
	switch {
	case !fresh:
		r.knotted, r.rootRefs = true, r.rootRefs || i == 0 && r.rootMet
		return r.known.list[i].dst, true
	case !r.charge(int64(e.size)):
		return nil, false
	}
	dst := e.dup(src)
	r.known.list[i].dst = dst
	ops := e.mend[r.mode]
	if len(ops) == 0 || r.depth >= maxDepth {
		return dst, r.descend(dst, src, e, 1)
	}
	r.depth++ // as descend does it, at one call less
	ok := r.mend(dst, src, ops)
	r.depth--
	return dst, ok
}

// otherPointer is pointer for the less common variables: those with a DeepCopy method, without a size, or that only one
// reference can lead to; and for all of them in attempts that know what lies in what.
func (r *runner) otherPointer(src pointer, e *plan) (dst pointer, ok bool) {
	if h := r.holding(src, e, 1); h != nil {
		return r.within(h, src, e)
	}
	switch {
	case e.easy && !r.inLots(e):
		return r.hosting(src, e)
	case e.alien:
		return nil, r.giveUp()
	case e.size == 0 && e.rule.own == nil:
		r.knotted = true
		return e.make(), true
	case r.inLots(e):
		return r.placed(src, e, 1)
	case e.rule.own != nil:
		return r.ownVariable(src, e)
	case !r.charge(int64(e.size)):
		return nil, false
	}
	dst = e.dup(src)
	return dst, r.descend(dst, src, e, 1)
}

// nothing is what empty slices are over.
var nothing struct{}

// slice returns where the copy of the array that h covers is.
func (r *runner) slice(h header, e *plan) (pointer, bool) {
	end := number(h.p) + uintptr(h.c)*e.size
	switch {
	case h.n == 0:
		return addrOf(&nothing), true
	case e.alien:
		return nil, r.giveUp()
	case e.size == 0 && e.rule.own == nil:
		r.knotted = true
		return e.make(), true
	case r.inLots(e):
		return r.placed(h.p, e, h.n)
	case e.shared:
		if x := r.holding(h.p, e, h.n); x != nil {
			return r.within(x, h.p, e)
		}
		i, covered := r.arrays.find(h.p, h.n, end, e)
		if covered {
			r.knotted = true
			x := &r.arrays.list[i]
			return add(x.dst, number(h.p)-number(x.src)), true
		}
		if i >= 0 {
			r.overlap = true
			return nil, false
		}
	}
	at := len(r.arrays.list)
	if e.shared { // noted first: it counts in telling whether memory was counted twice
		r.arrays.add(metArray{h.p, nil, e, h.n, end})
	}
	if !r.charge(int64(h.n) * int64(e.size)) {
		return nil, false
	}
	dst := e.dupN(h.p, h.n)
	if e.shared {
		r.arrays.list[at].dst = dst
		if r.attempt.guides() && e.spread {
			r.hosts.add(h.p, dst, e, h.n)
		}
	}
	return dst, r.descend(dst, h.p, e, h.n)
}

// descend mends the n values at dst, now or later.
func (r *runner) descend(dst, src pointer, e *plan, n int) bool {
	if len(e.mend[r.mode]) == 0 {
		return true
	}
	if r.depth >= maxDepth {
		r.queue = append(r.queue, job{dst, src, e, n})
		return true
	}
	r.depth++
	ok := r.elems(dst, src, e, n)
	r.depth--
	return ok
}

func (r *runner) elems(dst, src pointer, e *plan, n int) bool {
	ops := e.mend[r.mode]
	if len(e.mend[copying]) == 0 {
		r.bytes += countAll(src, ops, n, e.size)
		return true
	}
	if len(ops) == 1 && ops[0].reach == 0 {
		switch o := &ops[0]; o.kind {
		case opPointer:
			return r.pointers(add(dst, o.off), o.plan, n, e.size)
		case opSlice:
			return r.slices(add(dst, o.off), o.plan, n, e.size)
		case opFace:
			return r.faces(add(dst, o.off), o.plan.typ, n, e.size)
		case opLateSlice:
			return r.lateSlices(add(dst, o.off), o.plan, n, e.size)
		}
	}
	for i := range n {
		off := uintptr(i) * e.size
		if !r.mend(add(dst, off), add(src, off), ops) {
			return false
		}
	}
	return true
}

// pointers is mend for n pointers, one in each so many bytes: most values of which there are many are, or have, just one.
func (r *runner) pointers(at pointer, e *plan, n int, every uintptr) bool {
	for i := range n {
		if r.steps--; r.steps < 0 && !r.poll() {
			return false
		}
		slot := add(at, uintptr(i)*every)
		if p := load(slot); p != nil {
			p, ok := r.pointer(p, e)
			if store(slot, p); !ok {
				return false
			}
		}
	}
	return true
}

// slices is pointers for slices.
func (r *runner) slices(at pointer, e *plan, n int, every uintptr) bool {
	placed := r.inLots(e) && e.size > 0 && !e.alien // for all of them
	for i := range n {
		if r.steps--; r.steps < 0 && !r.poll() {
			return false
		}
		h := headerAt(add(at, uintptr(i)*every))
		if h.p == nil {
			continue
		}
		var ok bool
		if placed && h.n > 0 {
			h.p, ok = r.placed(h.p, e, h.n)
		} else {
			h.p, ok = r.slice(*h, e)
		}
		if h.c = h.n; !ok {
			return false
		}
	}
	return true
}
