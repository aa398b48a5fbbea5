package deep

import "math/bits"

// A memo knows which variables, maps and boxes have been met, and what they became. It is a list of what was met, in
// order, and an index of it by address.
type memo struct {
	list  []met
	clash bool // two variables of different types begin at one address
	index
}

// A met is memory that has been met.
type met struct {
	src, dst pointer
	plan     *plan // of the variable; the mark of a map or a box
}

// claim returns the position of what is at p. If it is met for the first time, it is added, and what it becomes is for
// the caller to note.
func (m *memo) claim(p pointer, e *plan) (at int, fresh bool) {
	if m.crowded(len(m.list)) {
		m.enlarge()
	}
	h, mask := scatter(number(p)), uint64(len(m.table)-1)
	i, tag := m.place(h), m.tag(h)
	for ; m.table[i] != 0; i = (i + 1) & mask {
		if at, ok := m.position(m.table[i], tag); ok {
			if x := &m.list[at]; x.src == p {
				if x.plan == e || x.plan.markOf != nil && e.markOf != nil { // one map, whatever its type is called
					return at, false
				}
				m.clash = m.clash || e.variable() && x.plan.variable()
			}
		}
	}
	m.list = append(m.list, met{src: p, plan: e})
	m.table[i] = tag | uint32(len(m.list))
	return len(m.list) - 1, true
}

func (m *memo) enlarge() {
	m.grow()
	for at := range m.list {
		m.put(number(m.list[at].src), at)
	}
}

// expect makes room for n, before any is claimed.
func (m *memo) expect(n int) {
	if n > cap(m.list) {
		m.list = make([]met, 0, n+n/4)
		m.makeTable(2 * n)
	}
}

// variable reports whether p, of a met, is that of a variable: marks have no type.
func (p *plan) variable() bool { return p.typ != nil }

// reset forgets everything.
func (m *memo) reset() {
	m.clash = false
	if len(m.list) > 0 {
		m.index.reset(len(m.list))
		clear(m.list)
		m.list = m.list[:0]
	}
}

// An arrayMemo knows which slices have been met. A slice is known by a word that its user chooses: mostly the end of its
// capacity, which all ordinary slices of one array have in common, so that one that lies within another is found at once.
type arrayMemo struct {
	list []metArray
	index
}

// A metArray is what a slice covers.
type metArray struct {
	src, dst pointer
	plan     *plan   // of the elements
	n        int     // of them
	end      uintptr // by which it is known
}

func (m *metArray) size() uintptr { return m.plan.size * uintptr(m.n) }

// find returns the position of a slice of the same array, or -1. There may be several: it is one that covers all of n
// values from p on, if there is any.
func (m *arrayMemo) find(p pointer, n int, end uintptr, e *plan) (at int, covered bool) {
	at = -1
	if len(m.list) == 0 {
		return at, false
	}
	h, mask := scatter(end), uint64(len(m.table)-1)
	tag := m.tag(h)
	for i := m.place(h); m.table[i] != 0; i = (i + 1) & mask {
		j, ok := m.position(m.table[i], tag)
		if !ok {
			continue
		}
		x := &m.list[j]
		if x.end != end || x.plan != e {
			continue
		}
		at = j
		if number(x.src) <= number(p) && number(p)+uintptr(n)*e.size <= number(x.src)+x.size() {
			return at, true
		}
	}
	return at, false
}

// add notes a slice.
func (m *arrayMemo) add(x metArray) {
	if m.crowded(len(m.list)) {
		m.grow()
		for at := range m.list {
			m.put(m.list[at].end, at)
		}
	}
	m.list = append(m.list, x)
	m.put(x.end, len(m.list)-1)
}

// reset forgets everything.
func (m *arrayMemo) reset() {
	if len(m.list) > 0 {
		m.index.reset(len(m.list))
		clear(m.list)
		m.list = m.list[:0]
	}
}

// An index finds positions in a list by keys, with open addressing. A table of 1<<b words has in the lower b bits of a
// word a position plus one, which at half load fit, and above them as many bits of the key's hash as there is room for,
// other ones than those that make the place: so that most words of other keys are told without a look at the list. (Go
// shifts by a number that may be too large in four instructions, by one that cannot in one: hence %.)
type index struct {
	table []uint32 // 0 is free
	b     uint
}

// place is where a hash belongs in the table, and then the next places.
func (x *index) place(h uint64) uint64 { return h >> (-x.b % 64) }

// tag is the upper bits of the words for a hash.
func (x *index) tag(h uint64) uint32 { return uint32(h<<(x.b%64)>>((32+x.b)%64)) << (x.b % 32) }

// position is what a word with the given tag leads to, if that is its tag.
func (x *index) position(word, tag uint32) (at int, ok bool) {
	low := uint32(1)<<(x.b%32) - 1
	return int(word&low) - 1, word&^low == tag
}

// scatter makes a hash of an address. Its high bits are the better ones.
func scatter(p uintptr) uint64 { return uint64(p>>3) * 0x9E3779B97F4A7C15 }

// crowded reports whether an index of n positions has to grow for one more.
func (x *index) crowded(n int) bool { return 2*n >= len(x.table) }

// grow empties the table and doubles it.
func (x *index) grow() { x.makeTable(2 * len(x.table)) }

// makeTable makes an empty table of at least n words.
func (x *index) makeTable(n int) {
	x.b = uint(max(6, bits.Len(uint(max(n, 1)-1))))
	x.table = make([]uint32, 1<<x.b)
}

// put makes key lead to a position, and others that it may lead to already.
func (x *index) put(key uintptr, at int) {
	h, mask := scatter(key), uint64(len(x.table)-1)
	i := x.place(h)
	for x.table[i] != 0 {
		i = (i + 1) & mask
	}
	x.table[i] = x.tag(h) | uint32(at+1)
}

// reset empties the table after use for n positions. One that was far too large gives way to a smaller one.
func (x *index) reset(n int) {
	if len(x.table) > 64*n+64 {
		x.table = nil
	}
	clear(x.table)
}
