package deep

// Places say where memory goes that lies in other memory: the knowledge with which a runner makes a surveyed attempt.
// A scanner has noted what was met; what overlaps is one lot, which is copied as a whole when the first reference to any
// part of it turns up; every reference to a part becomes one to the same part of the copy.
type places struct {
	all, spare []extent
	lots       []lot // in order of address
	last       int   // the lot that was asked for last
	root       int   // the lot that the root is in
	src        pointer
}

// A lot is what is allocated at once, as block is to the obvious engine.
type lot struct {
	extent
	src, copy pointer
	plan      *plan
	n         int // values by the plan
}

// find makes lots of what was met, the root first. It reports false if that is for the obvious engine to do.
func (x *places) find(s *scanner) bool {
	tagged := x.collect(s)
	if len(x.all) == 0 {
		return false
	}
	x.src, x.last = s.metAt(x.all[0].i).src, 0
	all := inOrder(x.all, &x.spare)
	return x.join(s, all) && (!tagged || !x.hides(s, all))
}

// collect notes where memory is that was met, and may lie in other memory or have such memory in it, and where the root is.
// It reports whether some of it is tagged.
func (x *places) collect(s *scanner) (tagged bool) {
	x.all, x.lots = x.all[:0], x.lots[:0]
	for i := range s.met() {
		if m := s.metAt(i); m.plan.variable() && m.plan.size > 0 && (m.plan.lies || m.plan == s.root) {
			start := number(m.src)
			x.all = append(x.all, extent{start, start + m.plan.size*uintptr(m.n), i})
			tagged = tagged || m.plan.tagged
		}
	}
	return tagged
}

// join makes the lots.
func (x *places) join(s *scanner, all []extent) bool {
	for _, e := range all {
		last := len(x.lots) - 1
		switch {
		case s.tick() != nil:
			return false
		case last < 0 || e.start >= x.lots[last].end:
			m := s.metAt(e.i)
			x.lots = append(x.lots, lot{extent: e, src: m.src, plan: m.plan, n: m.n})
			last++
		case e.end < x.lots[last].end:
		case !x.lots[last].take(e, s.metAt(e.i)):
			return false
		}
		if e.i == 0 {
			x.root = last
		}
	}
	return true
}

// take makes m, which starts in the lot and goes to its end or beyond, a part of it, by the rules of blocks.
func (l *lot) take(e extent, m metArray) bool {
	if m.plan == l.plan && m.plan.rule.act != actArray {
		bytes := e.end - l.start
		if n := bytes / m.plan.size; n*m.plan.size == bytes { // as most often: elements of one slice
			l.n, l.end = int(n), e.end
			return true
		}
	}
	b := block{region: region{addr: l.src, typ: l.plan.typ, n: l.n}}
	if !b.take(&region{addr: m.src, typ: m.plan.typ, n: m.n}) {
		return false
	}
	if b.typ != l.plan.typ {
		l.plan = l.plan.set.find(b.typ)
	}
	l.n, l.end = b.n, max(l.end, e.end)
	return true
}

// hides reports whether a lot has tagged fields and other references into it: those may lead to what the tags keep a
// copy from seeing.
func (x *places) hides(s *scanner, all []extent) bool {
	at := 0
	for _, e := range all {
		for e.start >= x.lots[at].end {
			at++
		}
		if l, m := &x.lots[at], s.metAt(e.i); l.plan.typ != m.plan.typ && (l.plan.tagged || m.plan.tagged) {
			return true
		}
	}
	return false
}

// forget lets go of all memory but the room.
func (x *places) forget() {
	if len(x.lots) > 0 {
		clear(x.lots)
		x.lots, x.src = x.lots[:0], nil
	}
}

// holding returns the position of the lot that has the size bytes from p on, or -1.
func (x *places) holding(p pointer, size uintptr) int {
	start := number(p)
	if x.lots[x.last].has(start, size) {
		return x.last
	}
	next := x.last + 1 // memory is often met in the order in which it was made
	if next == len(x.lots) || !x.lots[next].has(start, size) {
		if next = x.lastUpTo(start); !x.lots[next].has(start, size) {
			return -1
		}
	}
	x.last = next
	return next
}

// lastUpTo returns the position of the last lot that begins at start or before, 0 if none does.
func (x *places) lastUpTo(start uintptr) int {
	from, to := 0, len(x.lots)
	for to-from > 1 {
		if middle := (from + to) / 2; x.lots[middle].start <= start {
			from = middle
		} else {
			to = middle
		}
	}
	return from
}

func (e *extent) has(start, size uintptr) bool { return start >= e.start && start+size <= e.end }

// inLots reports whether the attempt has lots for values of e. What cannot lie in other memory is copied as in a straight
// attempt, unless it may be the root.
func (r *runner) inLots(e *plan) bool { return r.attempt == surveyed && (e.lies || e == r.root) }

// placed returns where the copy of the n values at src is.
func (r *runner) placed(src pointer, e *plan, n int) (pointer, bool) {
	size := e.size * uintptr(n)
	i := r.places.holding(src, size)
	if i < 0 {
		return nil, r.giveUp() // not seen by the scanner: an atomic has been given another value
	}
	l := &r.places.lots[i]
	if l.copy == nil && !r.place(l) {
		return nil, false
	}
	if i == r.places.root {
		if off, ok := r.inRoot(src, size); ok {
			return add(r.home, off), true
		}
	}
	return add(l.copy, number(src)-l.start), true
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

// place makes the copy of l, and mends it now or later.
func (r *runner) place(l *lot) bool {
	switch {
	case l.plan.alien:
		return r.giveUp()
	case !r.charge(int64(l.end - l.start)):
		return false
	case l.n == 1:
		l.copy = l.plan.dup(l.src)
	default:
		l.copy = l.plan.dupN(l.src, l.n)
	}
	return r.descend(l.copy, l.src, l.plan, l.n)
}

// runPlaced copies the root at src.
func (r *runner) runPlaced(src pointer) bool {
	l := &r.places.lots[r.places.root]
	if !r.place(l) || !r.work() || !r.fits() {
		return false
	}
	r.out = add(l.copy, number(src)-l.start)
	return true
}
