package check

import (
	"cmp"
	"fmt"
	"slices"
	"unsafe"
)

// A memory is what a walk came through: pieces of the original, each with the piece of the copy that stands for it.
type memory struct{ pieces []piece }

// A piece is size bytes at src, of which the copy is at got. The two values are alive while the walk lasts, and the heap
// does not move, so addresses will do.
type piece struct{ src, got, size uintptr }

func (m *memory) note(src, got unsafe.Pointer, size uintptr) {
	if size > 0 { // nothing can be written where there is nothing
		m.pieces = append(m.pieces, piece{uintptr(src), uintptr(got), size})
	}
}

// judge compares how the pieces lie on both sides.
func (m *memory) judge() error {
	if err := m.apart(); err != nil {
		return err
	}
	bySrc := func(p piece) uintptr { return p.src }
	byGot := func(p piece) uintptr { return p.got }
	if !m.together(bySrc) {
		return fmt.Errorf("%w: what was one object is several", ErrAliases)
	}
	if !m.together(byGot) {
		return fmt.Errorf("%w: what were several objects is one", ErrAliases)
	}
	return nil
}

// together reports whether pieces that overlap on one side lie in the same way on the other.
func (m *memory) together(side func(piece) uintptr) bool {
	slices.SortFunc(m.pieces, func(a, b piece) int { return cmp.Compare(side(a), side(b)) })
	var end, delta uintptr // of the pieces so far that hang together
	for _, p := range m.pieces {
		if at := side(p); at >= end {
			end, delta = at+p.size, p.got-p.src
		} else if p.got-p.src != delta {
			return false
		} else {
			end = max(end, at+p.size)
		}
	}
	return true
}

// apart checks that no piece of the original overlaps one of the copy.
func (m *memory) apart() error {
	type span struct {
		from, to uintptr
		copied   bool
	}
	var spans []span
	for _, p := range m.pieces {
		spans = append(spans, span{p.src, p.src + p.size, false}, span{p.got, p.got + p.size, true})
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var ends [2]uintptr // how far original and copy reach
	for _, s := range spans {
		own, other := 0, 1
		if s.copied {
			own, other = 1, 0
		}
		if s.from < ends[other] {
			return ErrShared
		}
		ends[own] = max(ends[own], s.to)
	}
	return nil
}
