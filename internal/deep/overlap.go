package deep

import (
	"math/bits"
	"slices"
)

// An extent is where a region lies, and which one of a list it is.
type extent struct {
	start, end uintptr
	i          int
}

// Regions with others in them are compared with all others one by one if there are no more than these, else by sorting.
const fewHolders = 4

// overlaps reports whether memory that was met lies in other memory that was met, and notes it. Values of one type never
// overlap, unless they are elements of slices; memory that no type allows others to lie in need not be compared.
func (r *runner) overlaps() bool {
	r.overlap = r.overlap || r.attempt != surveyed && r.root.set.holds && overlapping(&r.known, &r.crowd, r.arrays.list, nil)
	return r.overlap
}

// A crowd is regions to be compared.
type crowd struct {
	all     []extent
	spare   []extent
	holders [fewHolders]extent // those that others may lie in
	n       int                // how many there are, beyond fewHolders too
	plan    *plan              // of the first region
	pages   pages              // that holders are on
	mixed   bool               // not all are variables of one type, or they are arrays, which slices convert to
}

func (c *crowd) add(p pointer, size uintptr, holds bool) {
	e := extent{number(p), number(p) + size, len(c.all)}
	c.all = append(c.all, e)
	if holds {
		if c.n < fewHolders {
			c.holders[c.n] = e
		}
		c.n++
		c.pages.add(e.start, e.end)
	}
}

// near is those regions that may be on one page with a region that others may lie in, in place of all. If most of them are
// such a region, it is all.
func (c *crowd) near() []extent {
	if 2*c.n > len(c.all) {
		return c.all
	}
	kept := c.all[:0]
	for _, e := range c.all {
		if c.pages.any(e.start, e.end) {
			kept = append(kept, e)
		}
	}
	return kept
}

// overlapping reports whether regions of m and of slices overlap. c lends its memory.
func overlapping(m *memo, c *crowd, arrays, more []metArray) bool {
	c.all, c.n, c.plan, c.mixed, c.pages = c.all[:0], 0, nil, false, pages{}
	for i := range m.list {
		if x := &m.list[i]; x.plan.variable() && x.plan.lies && x.plan.size > 0 {
			c.mixed = c.mixed || c.plan != nil && c.plan != x.plan || x.plan.rule.act == actArray
			c.plan = x.plan
			c.add(x.src, x.plan.size, x.plan.holds)
		}
	}
	for _, list := range [...][]metArray{arrays, more} {
		for i := range list {
			if x := &list[i]; x.plan.lies {
				c.mixed = true
				c.add(x.src, x.size(), x.plan.spread)
			}
		}
	}
	switch {
	case m.clash:
		return true
	case c.n == 0 || len(c.all) <= 1 || !c.mixed:
		return false
	case c.n <= fewHolders:
		return anyTouch(c.holders[:c.n], c.all)
	}
	return anyOverlap(c.near(), &c.spare)
}

// anyTouch reports whether one of the holders has memory in common with another extent than itself.
func anyTouch(holders, all []extent) bool {
	for _, h := range holders {
		for _, e := range all {
			if e.i != h.i && e.start < h.end && h.start < e.end {
				return true
			}
		}
	}
	return false
}

func anyOverlap(all []extent, spare *[]extent) bool {
	all = inOrder(all, spare)
	for i := 1; i < len(all); i++ {
		if all[i].start < all[i-1].end {
			return true
		}
	}
	return false
}

// inOrder sorts all by where they start; of those that start together, what covers more goes first. It may use the
// memory of spare, and return it.
func inOrder(all []extent, spare *[]extent) []extent {
	switch {
	case len(all) < fewExtents:
		insert(all)
		return all
	case slices.IsSortedFunc(all, extent.compare):
		return all
	case len(all) < manyExtents:
		slices.SortFunc(all, extent.compare)
		return all
	}
	*spare = slices.Grow((*spare)[:0], len(all))[:len(all)]
	all = radixSort(all, *spare)
	for from := 0; from < len(all); {
		to := from + 1
		for to < len(all) && all[to].start == all[from].start {
			to++
		}
		if to-from > 1 {
			slices.SortFunc(all[from:to], extent.compare)
		}
		from = to
	}
	return all
}

// Fewer extents than these are sorted by inserting one after the other, more than those digit by digit.
const (
	fewExtents  = 32
	manyExtents = 128
)

func (e extent) compare(f extent) int {
	switch {
	case e.start != f.start:
		return compare(e.start, f.start)
	case e.end != f.end:
		return compare(f.end, e.end)
	}
	return compare(e.i, f.i) // the same: as found
}

// insert sorts a few.
func insert(all []extent) {
	for i := 1; i < len(all); i++ {
		e, j := all[i], i
		for ; j > 0 && e.compare(all[j-1]) < 0; j-- {
			all[j] = all[j-1]
		}
		all[j] = e
	}
}

// radixSort sorts by start, digit by digit from the lowest on, as many digits as tell the starts apart. It returns all or
// spare, which must be as long.
func radixSort(all, spare []extent) []extent {
	low, high, some := all[0].start, all[0].start, uintptr(0)
	for _, e := range all {
		low, high, some = min(low, e.start), max(high, e.start), some|e.start
	}
	const digit = 11
	var counts [1 << digit]int
	for shift := bits.TrailingZeros64(uint64(some)); (high-low)>>shift > 0; shift += digit { // from where all are zero
		clear(counts[:])
		for _, e := range all {
			counts[(e.start-low)>>shift&(1<<digit-1)]++
		}
		at := 0
		for i, n := range counts {
			counts[i], at = at, at+n
		}
		for _, e := range all {
			d := (e.start - low) >> shift & (1<<digit - 1)
			spare[counts[d]] = e
			counts[d]++
		}
		all, spare = spare, all
	}
	return all
}
