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
	r.overlap = r.overlap || r.places == nil && r.memo.overlapping(&r.spans)
	return r.overlap
}

func (m *memo) overlapping(spans *[]extent) bool {
	var holders [fewHolders]extent
	n, all := 0, (*spans)[:0]
	for i := range m.list {
		x := &m.list[i]
		if x.n < 0 || !x.plan.lies || x.plan.size == 0 {
			continue
		}
		e := extent{number(x.src), number(x.src) + uintptr(x.count())*x.plan.size}
		all = append(all, e)
		if x.plan.holds || x.n > 0 && x.plan.spread {
			if n < fewHolders {
				holders[n] = e
			}
			n++
		}
	}
	*spans = all
	switch {
	case n == 0 || len(all) <= 1:
		return false
	case n <= fewHolders:
		return anyTouch(holders[:n], all)
	}
	return anyOverlap(all)
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
