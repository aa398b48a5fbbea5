package deep

import "math/bits"

// A sideBySide is two references that have been met side by side.
type sideBySide struct {
	a, b pointer
	plan *plan
	n    int // values, aMap or aBox
}

// A pairSet is a set, by open addressing.
type pairSet struct {
	table []sideBySide
	used  int
	shift uint
}

func (s *pairSet) slot(x sideBySide) uint64 {
	return (scatter(number(x.a)) ^ bits.RotateLeft64(scatter(number(x.b)), 29)) * 0x9E3779B97F4A7C15 >> s.shift
}

// put adds x, and reports whether it was there.
func (s *pairSet) put(x sideBySide) bool {
	if 2*s.used >= len(s.table) {
		s.grow()
	}
	mask := uint64(len(s.table) - 1)
	i := s.slot(x)
	for ; s.table[i].plan != nil; i = (i + 1) & mask {
		if s.table[i] == x {
			return true
		}
	}
	s.table[i] = x
	s.used++
	return false
}

func (s *pairSet) grow() {
	old := s.table
	s.table = make([]sideBySide, max(256, 2*len(old)))
	s.shift = uint(64 - bits.TrailingZeros(uint(len(s.table))))
	s.used = 0
	for _, x := range old {
		if x.plan != nil {
			s.put(x)
		}
	}
}

// reset empties the set.
func (s *pairSet) reset() {
	switch {
	case s.used == 0:
		return
	case len(s.table) > 64*s.used:
		s.table = nil
	default:
		clear(s.table)
	}
	s.used = 0
}
