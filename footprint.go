package hooks

import (
	"sync"
	"sync/atomic"
)

// A cell is the part of a Shared that does not depend on the type of its value.
type cell struct {
	title   string // in texts
	current atomic.Pointer[cellVersion]
	claims  []*footprint // of commits that are prepared; guarded by commits.mu
	turns   turns
}

// A cellVersion is a value that a cell has, or is to have. It is not written once it is the
// cell's.
type cellVersion struct {
	state   any // a *V, seen by the library alone
	size    int64
	instant uint64 // when it became the cell's value, or the cell was made; 0: not yet
	number  uint64 // what Shared.Version says
}

// commits is what the commits of all cells share. Each has a number, its instant.
//
// Writers are alone, under a lock that is held for as long as it takes to compare and store some
// pointers. They store the versions first and move the clock then. Readers take no lock: they
// read the clock first and the cell then. So a version whose instant is not after the one that
// was read was the cell's value at that instant: one that had replaced it by then would have
// been stored before, and been found instead.
var commits struct {
	clock atomic.Uint64 // the instant of the last one
	mu    sync.Mutex    // never held while user code runs, or across a wait
}

// A footprint is what an execution has to do with cells in one round: what it has read, and in
// the end what it is going to change. While hooks run, each of their goroutines may read more.
// Once the last has ended, it belongs to the driver.
type footprint struct {
	home *cell // the state of the execution is its value, nil: of none
	turn *cell // the execution has its turn, likewise

	mu       sync.Mutex     // guards what follows, while hooks run
	instant  uint64         // when all that was read was current
	read     cellMap[trace] // Edit reads, too
	room     [2]cellEntry[trace]
	lostOver *cell // there is no such instant, because this cell has changed: the round is lost

	prepared chan struct{} // closed when the commit is not prepared any more; nil if it is not
}

// A trace is what an execution has read of a cell, and what it makes of it.
type trace struct {
	read *cellVersion
	next *cellVersion // nil if it leaves it as it is
}

func newFootprint(home, turn *cell) *footprint {
	f := &footprint{home: home, turn: turn}
	f.read.list = f.room[:0]
	return f
}

// look returns the version of a cell at the instant of the round: the same each time. It is nil
// if there is no instant for this cell and all that was read before.
func (f *footprint) look(c *cell) *cellVersion {
	f.mu.Lock()
	defer f.mu.Unlock()
	if known := f.read.find(c); known != nil {
		return known.read
	}
	if f.lostOver != nil {
		return nil
	}
	if len(f.read.list) == 0 {
		f.instant = commits.clock.Load()
	}
	v := c.current.Load()
	for v.instant > f.instant {
		if !f.catchUp() {
			return nil
		}
		v = c.current.Load()
	}
	f.read.add(c, trace{read: v})
	return v
}

// catchUp moves the instant to now. It returns false if something that was read has changed.
//
// What is current after the clock was read, and was so before, was so at the time that it showed.
func (f *footprint) catchUp() bool {
	commits.mu.Lock() // a writer who has stored versions has moved the clock when he lets go
	now := commits.clock.Load()
	commits.mu.Unlock()
	if !f.isCurrent() {
		return false
	}
	f.instant = now
	return true
}

// isCurrent reports whether all that was read is still current. If it is not, the round is lost.
func (f *footprint) isCurrent() bool {
	for i := range f.read.list {
		if e := &f.read.list[i]; e.current.Load() != e.it.read {
			f.lostOver = e.cell
			return false
		}
	}
	return true
}

// lost reports whether the round is. A nil footprint's is not.
func (f *footprint) lost() bool {
	if f == nil {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lostOver != nil
}

// uses reports whether the execution has anything to do with a cell.
func (f *footprint) uses(c *cell) bool {
	if f == nil {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.home == c || f.turn == c || f.read.find(c) != nil
}
