package deep

import "math/bits"

// A memo knows which memory has been met, and what it became. It is a list of what was met, in order, and a table of
// positions in that list, by open addressing.
//
// A pointer, a map or a box is known by its address. A slice is known by the end of its capacity, which all ordinary
// slices of one array have in common: so one that lies within another is found at once.
type memo struct {
	list  []met
	table []uint64 // position in list plus one, and above it bits of the hash; 0 is free
	shift uint     // what a hash is shifted by to become an index of the table
}

// A met is memory that has been met.
type met struct {
	src, dst pointer
	plan     *plan
	n        int     // values of a slice, or a kind
	key      uintptr // by which it is known
}

// Kinds of what is met beside slices.
const (
	oneKind = 0 // a pointer
	mapKind = -1
	boxKind = -2
)

// count is how many values the region has.
func (m *met) count() int { return max(m.n, 1) }

// spread makes a hash of an address. Its high bits are the better ones.
func spread(p uintptr) uint64 { return uint64(p>>3) * 0x9E3779B97F4A7C15 }

// The lower half of a table's word is a position plus one, the upper half is bits of the hash that its index does not
// use: so that a word of another key is told without a look at the list.
const lowerHalf = 1<<32 - 1

func upperHalf(h uint64) uint64 { return h << 24 &^ lowerHalf }

// claim returns the position of what a pointer, map or box leads to. If it is met for the first time, it is added, and
// what it becomes is for the caller to note. A map is one map, whatever its type is called.
func (m *memo) claim(p pointer, e *plan, kind int) (at int, fresh bool) {
	m.reserve()
	h, mask := spread(number(p)), uint64(len(m.table)-1)
	i := h >> m.shift
	for ; m.table[i] != 0; i = (i + 1) & mask {
		if w := m.table[i]; w&^lowerHalf == upperHalf(h) {
			at := int(w&lowerHalf) - 1
			if x := &m.list[at]; x.src == p && x.n == kind && (x.plan == e || kind == mapKind) {
				return at, false
			}
		}
	}
	m.list = append(m.list, met{src: p, plan: e, n: kind, key: number(p)})
	m.table[i] = upperHalf(h) | uint64(len(m.list))
	return len(m.list) - 1, true
}

// findSlice returns the position of a slice of the same array, by the end of its capacity, or -1. There may be several:
// it is one that covers all of n values from p on, if there is any.
func (m *memo) findSlice(p pointer, n int, end uintptr, e *plan) (at int, covered bool) {
	at = -1
	if len(m.list) == 0 {
		return at, false
	}
	h, mask := spread(end), uint64(len(m.table)-1)
	for i := h >> m.shift; m.table[i] != 0; i = (i + 1) & mask {
		w := m.table[i]
		if w&^lowerHalf != upperHalf(h) {
			continue
		}
		x := &m.list[w&lowerHalf-1]
		if x.key != end || x.plan != e || x.n <= 0 {
			continue
		}
		at = int(w&lowerHalf) - 1
		if number(x.src) <= number(p) && number(p)+uintptr(n)*e.size <= number(x.src)+uintptr(x.n)*e.size {
			return at, true
		}
	}
	return at, false
}

// add notes what is known not to be in the memo yet.
func (m *memo) add(x met) {
	m.reserve()
	m.list = append(m.list, x)
	m.index(len(m.list) - 1)
}

// index makes the table lead to a position of the list.
func (m *memo) index(at int) {
	h, mask := spread(m.list[at].key), uint64(len(m.table)-1)
	i := h >> m.shift
	for m.table[i] != 0 {
		i = (i + 1) & mask
	}
	m.table[i] = upperHalf(h) | uint64(at+1)
}

// reserve makes room for one more.
func (m *memo) reserve() {
	if 2*len(m.list) < len(m.table) {
		return
	}
	m.table = make([]uint64, max(64, 2*len(m.table)))
	m.shift = uint(64 - bits.TrailingZeros(uint(len(m.table))))
	for at := range m.list {
		m.index(at)
	}
}

// reset forgets everything. A table that was much too large for what was met gives way to a smaller one.
func (m *memo) reset() {
	used := len(m.list)
	if used == 0 {
		return
	}
	clear(m.list)
	m.list = m.list[:0]
	if len(m.table) > 64*used {
		m.table, m.list = nil, nil
		return
	}
	clear(m.table)
}
