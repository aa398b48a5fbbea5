package deep

import "math/bits"

// Hosts are memory that other memory may lie in, and that an attempt which looks for it has met. Mostly a host is met
// before its guests (a slice, and then pointers to its elements), and then one pass is enough: whatever leads into a host
// leads into its copy. What is met in the other order is noticed in the end, as in a straight attempt; in the next one
// references wait if they can: see guests.go.
type hosts struct {
	list  []host
	index        // → position in list by granules, if there are more than fewHosts
	sizes uint64 // bit k is set if the granules of some host have 1<<k bytes
	pages pages  // that hosts are on
	used  bool   // something lay in one of them
}

// A host is values at start, and where their copies are. It is found by granules, which are stretches of memory of as many
// bytes as it has, or a few more: it has a part in two of these at most, and few other hosts have a part in them.
type host struct {
	start, end uintptr
	dst        pointer
	plan       *plan
}

const (
	fewHosts    = 8 // are looked through
	minGranules = 5
)

// size is how large h's granules are, as a power of 2.
func (h *host) size() int { return max(minGranules, bits.Len(uint(h.end-h.start-1))) }

// granule is a key for the granule of a size in which an address lies.
func granule(at uintptr, size int) uintptr { return at>>(uint(size)%64)<<9 | uintptr(size)<<3 }

func (x *hosts) add(src, dst pointer, e *plan, n int) {
	start := number(src)
	x.list = append(x.list, host{start, start + e.size*uintptr(n), dst, e})
	x.pages.add(start, start+e.size*uintptr(n))
	from := len(x.list) - 1
	switch {
	case from < fewHosts:
		return
	case x.crowded(2 * len(x.list)):
		x.makeTable(8 * len(x.list))
		from = 0
	case from == fewHosts:
		from = 0
	}
	for i := from; i < len(x.list); i++ {
		x.enter(i)
	}
}

// enter makes host i one that is found.
func (x *hosts) enter(i int) {
	h := &x.list[i]
	size := h.size()
	x.sizes |= 1 << size
	first, last := granule(h.start, size), granule(h.end-1, size)
	x.put(first, i)
	if last != first {
		x.put(last, i)
	}
}

// find returns the one of many hosts that has the bytes from start to end, if there is one.
func (x *hosts) find(start, end uintptr) *host {
	for sizes := x.sizes; sizes != 0; sizes &= sizes - 1 {
		if h := x.among(granule(start, bits.TrailingZeros64(sizes)), start, end); h != nil {
			return h
		}
	}
	return nil
}

// among is find for hosts in a granule.
func (x *hosts) among(key, start, end uintptr) *host {
	hash, mask := scatter(key), uint64(len(x.table)-1)
	tag := x.tag(hash)
	for i := x.place(hash); x.table[i] != 0; i = (i + 1) & mask {
		if at, ok := x.position(x.table[i], tag); ok {
			if h := &x.list[at]; start >= h.start && end <= h.end {
				return h
			}
		}
	}
	return nil
}

func (x *hosts) forget() {
	if len(x.list) > 0 {
		x.pages = pages{}
	}
	if len(x.list) > fewHosts {
		x.reset(2 * len(x.list))
	}
	if cap(x.list) > maxQueue {
		x.list = nil
	}
	clear(x.list)
	x.list, x.sizes, x.used = x.list[:0], 0, false
}

// holding returns the host that has the n values at src, if there is one that is known.
func (r *runner) holding(src pointer, e *plan, n int) *host {
	if !e.inner || !r.hosts.pages.has(number(src)) {
		return nil
	}
	return r.hosts.holding(number(src), e.size*uintptr(n))
}

// holding returns the host that has the size bytes from start on, if there is one.
func (x *hosts) holding(start, size uintptr) *host {
	end := start + size
	switch {
	case size == 0:
		return nil
	case len(x.list) > fewHosts:
		return x.find(start, end)
	}
	for i := range x.list {
		if h := &x.list[i]; start >= h.start && end <= h.end {
			return h
		}
	}
	return nil
}

// within returns where the copy of what is at src, in h, is. It is for the obvious engine if tags may keep a copy from
// seeing what the reference sees.
func (r *runner) within(h *host, src pointer, e *plan) (pointer, bool) {
	if !h.plan.admits(e) {
		return nil, r.giveUp()
	}
	return r.host(h, src), true
}

// admits reports whether a reference to values of plan e sees nothing in one of p that tags keep a copy from seeing.
func (p *plan) admits(e *plan) bool { return p == e || !p.tagged && !e.tagged }

// host returns where the copy of what is at src, in h, is.
func (r *runner) host(h *host, src pointer) pointer {
	r.hosts.used = true
	r.rootRefs = r.rootRefs || r.rootMet && h == &r.hosts.list[0]
	return add(h.dst, number(src)-h.start)
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
	ops := e.mend[r.mode]
	if len(ops) == 0 || r.depth >= maxDepth {
		return dst, r.descend(dst, src, e, 1)
	}
	r.depth++ // as descend does it, at two calls less
	ok := r.mend(dst, src, ops)
	r.depth--
	return dst, ok
}
