package deep

import "reflect"

// This file is how a survey treats slices. Many slices may cover one array, in any order and with any capacity. They must
// not cost their product, as they would if each was noted for itself and all its elements were looked at again.

// cover notes the slice h, and looks at those of its elements that no other slice has shown.
func (s *scanner) cover(h header, e *plan) bool {
	s.stretch(h, e)
	if s.bare(e) {
		return true
	}
	return s.shown.elems(number(h.p), e.size, h.n, e.typ, func(from, n int) bool {
		return s.descend(add(h.p, uintptr(from)*e.size), e, n)
	})
}

// stretch notes where h lies. Slices of one array mostly follow each other: one that overlaps what was noted last makes
// that longer. All others that overlap are found when all that was noted is sorted.
func (s *scanner) stretch(h header, e *plan) {
	from := number(h.p)
	to, end := from+uintptr(h.n)*e.size, from+uintptr(h.c)*e.size
	if last := len(s.plain) - 1; last >= 0 && s.plain[last].plan == e {
		x := &s.plain[last]
		if start := number(x.src); from >= start && to <= start+x.size() {
			s.joined = s.joined || end != x.end // else it is for arrayMemo.find too
			return
		}
		if x.widen(h.p, to) {
			s.joined = true
			return
		}
	}
	s.plain = append(s.plain, metArray{h.p, nil, e, h.n, end})
}

// widen makes m cover what lies from p up to to as well, if they overlap as slices of one array do. Arrays of arrays may
// be covered by slices of several types: they are for block.take.
func (m *metArray) widen(p pointer, to uintptr) bool {
	from, start, size := number(p), number(m.src), m.plan.size
	end := start + m.size()
	if from >= end || to <= start || m.plan.rule.act == actArray {
		return false
	}
	bytes := max(to, end) - min(from, start)
	n := bytes / size
	if n*size != bytes {
		return false
	}
	if from < start {
		m.src = p
	}
	m.n = int(n)
	return true
}

// shown knows which elements of slices have been looked at: for each type and page of memory, the bytes of those
// elements that begin there. A page has few slices, so that adding one more is quick.
type shown struct {
	sets []spans
	at   map[shownKey]int // → position in sets
	last shownKey         // that was asked for last, at
	in   int              // this position
}

type shownKey struct {
	typ  reflect.Type
	page uintptr
}

const pageBits = 16

// elems calls do for each row of elements that has not been shown, of the n elements of the given size at p. It reports
// false if do does, or if the elements do not lie as the others on their page do: slices of one array never do that.
func (x *shown) elems(p, size uintptr, n int, t reflect.Type, do func(from, n int) bool) bool {
	for i := 0; i < n; {
		at := p + uintptr(i)*size
		off := at & (1<<pageBits - 1)
		here := min(n-i, int((1<<pageBits-off+size-1)/size)) // begin on this page
		var room [4]span
		for _, f := range x.page(t, at>>pageBits).add(int(off), int(off+uintptr(here)*size), room[:0]) {
			from, bytes := uintptr(f.from)-off, uintptr(f.to-f.from)
			if from%size != 0 || bytes%size != 0 || !do(i+int(from/size), int(bytes/size)) {
				return false
			}
		}
		i += here
	}
	return true
}

// page returns the set of a page.
func (x *shown) page(t reflect.Type, page uintptr) *spans {
	key := shownKey{t, page}
	if len(x.sets) > 0 && x.last == key {
		return &x.sets[x.in]
	}
	i, ok := x.at[key]
	if !ok {
		if x.at == nil {
			x.at = map[shownKey]int{}
		}
		i = len(x.at)
		x.at[key] = i
		if i == len(x.sets) {
			x.sets = append(x.sets, spans{})
		}
	}
	x.last, x.in = key, i
	return &x.sets[i]
}

// forget forgets everything, and keeps some room.
func (x *shown) forget() {
	if len(x.sets) > maxSets {
		*x = shown{}
	}
	for i := range x.sets {
		x.sets[i].list = x.sets[i].list[:0]
	}
	clear(x.at)
	x.last = shownKey{}
}

const maxSets = 64 // of a scanner that is kept
