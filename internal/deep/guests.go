package deep

import "math/bits"

// Guests are references to memory that may lie in other memory, and that refers to nothing itself: numbers and texts. A
// patient attempt leaves them until all else has been met: nothing is behind them that would be met by them alone. Then
// the hosts are known, whatever their order. Guests that lie in none, and overlap, are slices of one array, or lead into
// a variable that another guest leads to: what they cover together is one lot.
//
// Maps wait too, until the guests have been settled. What their entries lead to cannot wait, as an entry passes through a
// variable that others use after it.
type guests struct {
	list       []guest
	stretches  []metArray           // what they cover, in the order in which they were met
	near       [1 << nearBits]int32 // the last stretch that began hereabouts, plus one
	maps       []job
	all, spare []extent
}

const nearBits = 8

// A guest is a reference in a copy, which leads to the original still: into a stretch.
type guest struct {
	slot    pointer
	stretch int
}

// late is the kind of o in patient attempts.
func (o *op) late() opKind {
	switch {
	case o.kind == opPointer && o.plan.waits():
		return opLatePointer
	case o.kind == opSlice && o.plan.waits():
		return opLateSlice
	case o.kind == opFace:
		return opLateFace
	}
	return o.kind
}

// waits reports whether references to p can wait.
func (p *plan) waits() bool { return p.plain && p.lies && !p.tagged && p.size > 0 }

// forget lets go of all memory but the room.
func (x *guests) forget() {
	clear(x.maps[:cap(x.maps)])
	x.maps = x.maps[:0]
	if cap(x.list) > maxQueue {
		*x = guests{}
	}
	x.settled()
}

// settled forgets the guests.
func (x *guests) settled() {
	clear(x.list)
	clear(x.stretches)
	clear(x.near[:])
	x.list, x.stretches = x.list[:0], x.stretches[:0]
}

// cover returns the position of the stretch that has the n values at src, and whether it has more than these. Of slices of
// one array, those that are near each other mostly become one stretch; what overlaps besides is found by sorting.
func (x *guests) cover(src pointer, e *plan, n int) (at int, more bool) {
	from, to := number(src), number(src)+e.size*uintptr(n)
	granule := bits.Len(uint(to-from)) - 1 // not more than this slice has, so that all of its size that begin there overlap
	near := &x.near[from>>granule%(1<<nearBits)]
	if at := int(*near) - 1; at >= 0 && x.stretches[at].plan == e {
		m := &x.stretches[at]
		switch start := number(m.src); {
		case from == start && n == m.n:
			return at, false
		case from >= start && to <= start+m.size() || m.widen(src, to):
			return at, true
		}
	}
	x.stretches = append(x.stretches, metArray{src: src, plan: e, n: n})
	*near = int32(len(x.stretches))
	return len(x.stretches) - 1, false
}

// guest returns where the copy of the n values at src is, to which slot refers, or notes the reference and returns src. It
// reports false if the reference must be resolved in another way: it is part of an entry of a map, or of a box, which must
// be complete.
func (r *runner) guest(slot, src pointer, e *plan, n int) (dst pointer, ok bool) {
	if h := r.holding(src, e, n); h != nil && h.plan.admits(e) {
		return r.host(h, src), true
	}
	if r.passing || r.open > 0 {
		return nil, false
	}
	at, more := r.guests.cover(src, e, n)
	r.hosts.used = r.hosts.used || more
	r.guests.list = append(r.guests.list, guest{slot, at})
	return src, true
}

func (r *runner) latePointer(dst, src pointer, o *op) bool {
	slot := add(dst, o.off)
	p := load(slot)
	switch {
	case p == nil:
		return true
	case number(p)-number(src) < uintptr(o.reach):
		if q := r.inner(dst, src, p, o.plan.size, o); q != nil {
			store(slot, q)
			return true
		}
	}
	q, ok := r.guest(slot, p, o.plan, 1)
	if !ok {
		q, ok = r.pointer(p, o.plan)
	}
	store(slot, q)
	return ok
}

func (r *runner) lateSlice(dst, src pointer, o *op) (ok bool) {
	h := headerAt(add(dst, o.off))
	switch {
	case h.p == nil:
		return true
	case number(h.p)-number(src) < uintptr(o.reach):
		h.p, ok = r.innerSlice(dst, src, *h, o)
		h.c = h.n
		return ok
	}
	return r.lateHeader(h, o.plan)
}

// lateHeader is lateSlice for one that does not begin in its own value.
func (r *runner) lateHeader(h *header, e *plan) (ok bool) {
	p := h.p
	if h.n > 0 {
		p, ok = r.guest(addrOf(&h.p), p, e, h.n)
	}
	if !ok {
		p, ok = r.slice(*h, e)
	}
	h.p, h.c = p, h.n
	return ok
}

// lateSlices is lateSlice for n slices, one in each so many bytes.
func (r *runner) lateSlices(at pointer, e *plan, n int, every uintptr) bool {
	for i := range n {
		if r.steps--; r.steps < 0 && !r.poll() {
			return false
		}
		if h := headerAt(add(at, uintptr(i)*every)); h.p != nil && !r.lateHeader(h, e) {
			return false
		}
	}
	return true
}

func (r *runner) lateFace(f *face, o *op) (ok bool) {
	if f.t == 0 {
		return true
	}
	d := dynamicOf(*f, o.plan.typ)
	p := f.d
	if d.kind == heldPointer && p != nil && d.plan.target.waits() {
		p, ok = r.guest(addrOf(&f.d), p, d.plan.target, 1)
	}
	if !ok {
		p, ok = r.content(*f, d, o.plan.typ)
	}
	f.d = p
	return ok
}

// settle resolves what waits, and what is met then.
func (r *runner) settle() bool {
	for x := &r.guests; len(x.list)+len(x.maps) > 0; {
		if !r.lodge() {
			return false
		}
		for len(x.maps) > 0 {
			j := x.maps[len(x.maps)-1]
			x.maps = x.maps[:len(x.maps)-1]
			if !r.perform(j) || !r.work() {
				return false
			}
		}
	}
	return true
}

// lodge resolves the guests, stretch by stretch.
func (r *runner) lodge() bool {
	x := &r.guests
	x.all = x.all[:0]
	for i := range x.stretches {
		if r.steps--; r.steps < 0 && !r.poll() {
			return false
		}
		m := &x.stretches[i]
		start := number(m.src)
		if h := r.holding(m.src, m.plan, m.n); h != nil && h.plan.admits(m.plan) {
			m.dst = r.host(h, m.src)
			continue
		}
		x.all = append(x.all, extent{start, start + m.size(), i})
	}
	if !r.lots(inOrder(x.all, &x.spare)) {
		return false
	}
	for _, g := range x.list {
		m := &x.stretches[g.stretch]
		store(g.slot, add(m.dst, number(load(g.slot))-number(m.src)))
	}
	x.settled()
	return true
}

// lots makes lots of the stretches that are in no host, in the order in which they lie.
func (r *runner) lots(all []extent) bool {
	for len(all) > 0 {
		if r.steps--; r.steps < 0 && !r.poll() {
			return false
		}
		l, n, ok := r.lot(all)
		if !ok || !r.house(&l) {
			return r.giveUp()
		}
		for _, e := range all[:n] {
			r.guests.stretches[e.i].dst = add(l.copy, e.start-l.start)
		}
		all = all[n:]
	}
	return true
}

// lot returns the lot at the beginning of all, and how many stretches it has. It is for the obvious engine to say what is
// wrong if there is none.
func (r *runner) lot(all []extent) (l lot, n int, ok bool) {
	list := r.guests.stretches
	first := &list[all[0].i]
	l = lot{extent: all[0], src: first.src, plan: first.plan, n: first.n}
	for n = 1; n < len(all) && all[n].start < l.end; n++ {
		e, m := all[n], &list[all[n].i]
		if e.start == all[0].start && e.end == all[0].end && m.plan == first.plan {
			continue // the same once more
		}
		r.hosts.used = true
		if e.end >= l.end && !l.take(e, *m) {
			return l, n, false
		}
	}
	return l, n, true
}

// house copies a lot, and makes it a host.
func (r *runner) house(l *lot) bool {
	at := len(r.arrays.list)
	r.arrays.add(metArray{l.src, nil, l.plan, l.n, l.end}) // first: see slice
	switch {
	case !r.charge(int64(l.end - l.start)):
		return false
	case l.n == 1:
		l.copy = l.plan.dup(l.src)
	default:
		l.copy = l.plan.dupN(l.src, l.n)
	}
	r.arrays.list[at].dst = l.copy
	r.hosts.add(l.src, l.copy, l.plan, l.n)
	return r.descend(l.copy, l.src, l.plan, l.n)
}
