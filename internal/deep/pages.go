package deep

// pages is a set of pages of memory, by a few bits of their numbers: it may seem to have more than were added. Memory that
// lies in other memory is on its pages, and Go has no variables of different sizes on one page: so most of what lies in
// nothing is told by a look at pages.
type pages [pageWords]uint64

const (
	pageWords = 64
	pageSize  = 13 // as a power of 2
)

// has reports whether the page with an address may be in the set.
func (x *pages) has(at uintptr) bool {
	page := at >> pageSize
	return x[page/64%pageWords]>>(page%64)&1 != 0
}

// add adds the pages from start up to end.
func (x *pages) add(start, end uintptr) {
	first, last := start>>pageSize, (end-1)>>pageSize
	for page := first; page <= min(last, first+64*pageWords); page++ { // which is all of them
		x[page/64%pageWords] |= 1 << (page % 64)
	}
}

// any reports whether some page from start up to end may be in the set.
func (x *pages) any(start, end uintptr) bool {
	for page := start >> pageSize; page <= (end-1)>>pageSize; page++ {
		if x.has(page << pageSize) {
			return true
		}
	}
	return false
}
