package deep

import (
	"cmp"
	"slices"
)

// An extent is where a region lies.
type extent struct{ start, end uintptr }

// Regions with others in them are compared with all others one by one if there are no more than these, else by sorting.
const fewHolders = 4

// overlaps reports whether memory that was met lies in other memory that was met, and notes it. Values of one type never
// overlap, unless they are elements of slices; memory that no type allows others to lie in need not be compared.
func (r *runner) overlaps() bool {
	r.overlap = r.overlap || r.places == nil && overlapping(&r.memo, &r.arrays, &r.spans)
	return r.overlap
}

// A crowd is regions to be compared.
type crowd struct {
	all     []extent
	holders [fewHolders]extent // those that others may lie in
	n       int                // how many there are, beyond fewHolders too
}

func (c *crowd) add(p pointer, size uintptr, holds bool) {
	e := extent{number(p), number(p) + size}
	c.all = append(c.all, e)
	if holds {
		if c.n < fewHolders {
			c.holders[c.n] = e
		}
		c.n++
	}
}

func overlapping(m *memo, a *arrayMemo, room *[]extent) bool {
	c := crowd{all: (*room)[:0]}
	for i := range m.list {
		if x := &m.list[i]; x.plan.variable() && x.plan.lies && x.plan.size > 0 {
			c.add(x.src, x.plan.size, x.plan.holds)
		}
	}
	for i := range a.list {
		if x := &a.list[i]; x.plan.lies {
			c.add(x.src, x.size(), x.plan.spread)
		}
	}
	*room = c.all
	switch {
	case m.clash:
		return true
	case c.n == 0 || len(c.all) <= 1:
		return false
	case c.n <= fewHolders:
		return anyTouch(c.holders[:c.n], c.all)
	}
	return anyOverlap(c.all)
}

// anyTouch reports whether one of the holders has memory in common with another extent than itself.
func anyTouch(holders, all []extent) bool {
	for _, h := range holders {
		same := 0
		for _, e := range all {
			if e == h {
				same++
			} else if e.start < h.end && h.start < e.end {
				return true
			}
		}
		if same > 1 {
			return true
		}
	}
	return false
}

func anyOverlap(all []extent) bool {
	slices.SortFunc(all, func(a, b extent) int { return cmp.Compare(a.start, b.start) })
	for i := 1; i < len(all); i++ {
		if all[i].start < all[i-1].end {
			return true
		}
	}
	return false
}
