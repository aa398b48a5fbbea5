package deep

// Hosts are memory that other memory may lie in, and that a guided attempt has met. Mostly a host is met before its guests
// (a slice, and then pointers to its elements), and then one pass is enough: whatever leads into a host leads into its
// copy. What is met in the other order is noticed in the end, as in a straight attempt.
type hosts struct {
	list [maxHosts]host
	n    int
	used bool // something lay in one of them
}

// A host is values at start, and where their copies are.
type host struct {
	start, end uintptr
	dst        pointer
	plan       *plan
}

// Every reference looks through all hosts. If there are more of them, and they have guests, a survey is better.
const maxHosts = 8

func (x *hosts) add(src, dst pointer, e *plan, n int) {
	if x.n == maxHosts {
		return
	}
	start := number(src)
	x.list[x.n] = host{start, start + e.size*uintptr(n), dst, e}
	x.n++
}

func (x *hosts) forget() {
	clear(x.list[:x.n])
	x.n, x.used = 0, false
}

// holding returns the host that has the n values at src, if there is one and the attempt is one that knows.
func (r *runner) holding(src pointer, e *plan, n int) *host {
	if r.attempt != guided || !e.lies || e.size == 0 {
		return nil
	}
	start := number(src)
	end := start + e.size*uintptr(n)
	for i := range r.hosts.n {
		if h := &r.hosts.list[i]; start >= h.start && end <= h.end {
			return h
		}
	}
	return nil
}

// within returns where the copy of what is at src, in h, is. It is for the obvious engine if tags may keep a copy from
// seeing what the reference sees.
func (r *runner) within(h *host, src pointer, e *plan) (pointer, bool) {
	if h.plan != e && (h.plan.tagged || e.tagged) {
		return nil, r.giveUp()
	}
	r.hosts.used = true
	r.rootRefs = r.rootRefs || r.rootMet && h == &r.hosts.list[0]
	return add(h.dst, number(src)-h.start), true
}

// hosting returns where the copy of the variable at src is, which lies in no host and may be one. It is what pointer does
// in a straight attempt, where every call counts.
func (r *runner) hosting(src pointer, e *plan) (pointer, bool) {
	i, fresh := r.known.claim(src, e)
	switch {
	case !fresh:
		r.rootRefs = r.rootRefs || i == 0 && r.rootMet
		return r.known.list[i].dst, true
	case !r.charge(int64(e.size)):
		return nil, false
	}
	dst := e.dup(src)
	r.known.list[i].dst = dst
	if e.holds {
		r.hosts.add(src, dst, e, 1)
	}
	return dst, r.descend(dst, src, e, 1)
}
