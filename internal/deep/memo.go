package deep

import "math/bits"

// A memo knows which memory has been met, and what it became. It is a list of what was met, in order, and a table of
// positions in that list, by open addressing.
//
// A pointer, a map or a box is known by its address. A slice is known by the end of its capacity, which all ordinary
// slices of one array have in common: so one that lies within another is found at once.
type memo struct {
	list  []met
	table []uint32 // position in list plus one; 0 is free
	shift uint     // what a hash is shifted by to become an index of the table
}

// A met is memory that has been met.
type met struct {
	src, dst pointer
	plan     *plan
	n        int // values: 1 for a pointer, mapKind for a map, boxKind for a box, else of a slice
	end      uintptr
	block    *block // of a copy made in two passes
}

// Kinds of what is met, beside numbers of values.
const (
	mapKind = -1
	boxKind = -2
	oneKind = 0 // a pointer
)

// count is how many values the region has.
func (m *met) count() int { return max(m.n, 1) }

func spread(p uintptr) uint64 { return uint64(p>>3) * 0x9E3779B97F4A7C15 }

// find returns the position of what a pointer, map or box leads to, or -1. A map is one map, whatever its type is called.
func (m *memo) find(p pointer, e *plan, kind int) int {
	if len(m.list) == 0 {
		return -1
	}
	mask := uint64(len(m.table) - 1)
	for i := spread(number(p)) >> m.shift; ; i = (i + 1) & mask {
		at := m.table[i]
		if at == 0 {
			return -1
		}
		if x := &m.list[at-1]; x.src == p && x.n == kind && (x.plan == e || kind == mapKind) {
			return int(at - 1)
		}
	}
}

// findSlice returns the position of a slice of the same array, by the end of its capacity. There may be several: it is
// one that covers all of n values from p on, if there is any.
func (m *memo) findSlice(p pointer, n int, end uintptr, e *plan) (at int, covered bool) {
	at = -1
	if len(m.list) == 0 {
		return at, false
	}
	mask := uint64(len(m.table) - 1)
	for i := spread(end) >> m.shift; m.table[i] != 0; i = (i + 1) & mask {
		x := &m.list[m.table[i]-1]
		if x.end != end || x.plan != e || x.n <= 0 {
			continue
		}
		at = int(m.table[i] - 1)
		if number(x.src) <= number(p) && number(p)+uintptr(n)*e.size <= number(x.src)+uintptr(x.n)*e.size {
			return at, true
		}
	}
	return at, false
}

// add notes what is not yet known.
func (m *memo) add(x met) int {
	if 2*len(m.list) >= len(m.table) {
		m.grow()
	}
	m.list = append(m.list, x)
	m.place(len(m.list) - 1)
	return len(m.list) - 1
}

func (m *memo) place(at int) {
	x := &m.list[at]
	key := number(x.src)
	if x.n > 0 {
		key = x.end
	}
	mask := uint64(len(m.table) - 1)
	i := spread(key) >> m.shift
	for m.table[i] != 0 {
		i = (i + 1) & mask
	}
	m.table[i] = uint32(at + 1)
}

func (m *memo) grow() {
	size := max(64, 2*len(m.table))
	m.table = make([]uint32, size)
	m.shift = uint(64 - bits.TrailingZeros(uint(size)))
	for i := range m.list {
		m.place(i)
	}
}

// A memo that is kept for the next copy may have room for so many.
const keptMets = 1 << 14

// reset forgets everything. A table that was much too large for what was met gives way to a smaller one.
func (m *memo) reset() {
	used := len(m.list)
	if used == 0 {
		return
	}
	clear(m.list)
	m.list = m.list[:0]
	switch {
	case cap(m.list) > keptMets:
		*m = memo{}
	case len(m.table) > 64*max(used, 1):
		m.table = nil
	default:
		clear(m.table)
	}
}
