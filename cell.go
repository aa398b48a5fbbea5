package hooks

import (
	"context"
	"sync"
	"sync/atomic"
)

// How cells commit. Every commit that changes a cell has a number, its instant, from a clock
// that all cells share. A version knows its own instant, and is never written again.
//
// Writers take turns under one lock, held for as long as it takes to compare and store a few
// pointers. They store the versions first and move the clock then. Readers take no lock: they
// read the clock first and the cell then. A version whose instant the clock had reached was the
// current one at the clock's instant: one that replaced it before that would have been stored,
// and read instead. A later one means that the reader has to look again at what it has read.

// A cell is the part of a Shared that does not depend on the type of its value.
type cell struct {
	current atomic.Pointer[cellVersion]
	holders []*claim // of claims that have been prepared; guarded by commits.mu
	turns   turns
}

// A cellVersion is a value that a cell has, or is to have.
type cellVersion struct {
	state   any // a *V, seen by the library alone
	size    int64
	refs    bool
	instant uint64 // 0: since the cell was made, or not committed yet
	number  uint64 // what Shared.Version says, likewise
}

// commits is what the commits of all cells share.
var commits struct {
	clock atomic.Uint64 // the instant of the last one
	mu    sync.Mutex    // held by who commits or looks again, never while user code runs
}

// touched is what an execution has read in a round, by Edit too. Any goroutine of a hook that is
// running may add to it.
type touched struct {
	state *cell // whose value is the state of the execution, nil if it is no cell's

	mu       sync.Mutex // guards what follows
	instant  uint64     // when all of reads were current
	reads    []cellRead
	index    map[*cell]int // of reads, if there are many
	conflict bool          // there is no instant at which all were: the round is lost
}

type cellRead struct {
	*cell
	version *cellVersion
}

// fewCells is how many are looked for one by one.
const fewCells = 16

// find returns the version that was read of a cell, nil if none was. The lock must be held.
func (t *touched) find(c *cell) *cellVersion {
	if t.index != nil {
		if i, ok := t.index[c]; ok {
			return t.reads[i].version
		}
		return nil
	}
	for i := range t.reads {
		if t.reads[i].cell == c {
			return t.reads[i].version
		}
	}
	return nil
}

// read returns the version of a cell that belongs to the instant of the round: the same each
// time. It is nil if there is no such instant.
func (t *touched) read(c *cell) *cellVersion {
	t.mu.Lock()
	defer t.mu.Unlock()
	if v := t.find(c); v != nil {
		return v
	}
	if t.conflict {
		return nil
	}
	if len(t.reads) == 0 {
		t.instant = commits.clock.Load()
	}
	v := c.current.Load()
	if v.instant > t.instant {
		if v = t.lookAgain(c); v == nil {
			return nil
		}
	}
	t.add(c, v)
	return v
}

// lookAgain moves the instant to now, if all that was read is still current, and returns the
// version that c has now.
func (t *touched) lookAgain(c *cell) *cellVersion {
	commits.mu.Lock()
	defer commits.mu.Unlock()
	if !t.isCurrent() {
		t.conflict = true
		return nil
	}
	t.instant = commits.clock.Load()
	return c.current.Load()
}

func (t *touched) add(c *cell, v *cellVersion) {
	t.reads = append(t.reads, cellRead{c, v})
	switch {
	case t.index != nil:
		t.index[c] = len(t.reads) - 1
	case len(t.reads) > fewCells:
		t.index = make(map[*cell]int, 2*len(t.reads))
		for i := range t.reads {
			t.index[t.reads[i].cell] = i
		}
	}
}

// isCurrent reports whether all that was read still is. The lock of commits must be held.
func (t *touched) isCurrent() bool {
	for i := range t.reads {
		if r := &t.reads[i]; r.current.Load() != r.version {
			return false
		}
	}
	return true
}

// lost reports whether the round is.
func (t *touched) lost() bool {
	if t == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.conflict
}

// has reports whether a cell was read.
func (t *touched) has(c *cell) bool {
	if t == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.find(c) != nil
}

// cellWrites are the versions that the hooks of a chain have made of cells. They are part of a
// version of the state: whoever goes back to one goes back to these. They are never written.
type cellWrites struct{ list []cellWrite }

type cellWrite struct {
	kindOf
	version *cellVersion
}

// find returns the version of a cell, nil if there is none.
func (w *cellWrites) find(c *cell) *cellVersion {
	if w != nil {
		for i := range w.list {
			if w.list[i].base() == c {
				return w.list[i].version
			}
		}
	}
	return nil
}

// with returns w with another version of a cell.
func (w *cellWrites) with(kind kindOf, v *cellVersion) *cellWrites {
	fresh := &cellWrites{}
	if w != nil {
		fresh.list = append(make([]cellWrite, 0, len(w.list)+1), w.list...)
	}
	for i := range fresh.list {
		if fresh.list[i].base() == kind.base() {
			fresh.list[i].version = v
			return fresh
		}
	}
	fresh.list = append(fresh.list, cellWrite{kind, v})
	return fresh
}

// A claim is a commit that is under way. While it is prepared, no other commit changes what it
// has read, or looks away from what it is going to change.
type claim struct {
	read   *touched // not written any more
	writes []cellWrite
	over   chan struct{} // closed when it is not prepared any more
}

// prepare makes sure that the claim can be published. It returns a channel to wait for if
// another claim is in the way, and false if something that was read is not current any more.
func (c *claim) prepare() (wait <-chan struct{}, ok bool) {
	commits.mu.Lock()
	defer commits.mu.Unlock()
	if wait := c.inTheWay(); wait != nil {
		return wait, true
	}
	if !c.read.isCurrent() {
		return nil, false
	}
	c.over = make(chan struct{})
	for i := range c.read.reads {
		r := c.read.reads[i].cell
		r.holders = append(r.holders, c)
	}
	return nil, true
}

// commit is prepare and publish in one.
func (c *claim) commit() (wait <-chan struct{}, ok bool) {
	commits.mu.Lock()
	defer commits.mu.Unlock()
	if wait := c.inTheWay(); wait != nil {
		return wait, true
	}
	if !c.read.isCurrent() {
		return nil, false
	}
	c.store()
	return nil, true
}

// publish makes the versions of a prepared claim current.
func (c *claim) publish() {
	commits.mu.Lock()
	defer commits.mu.Unlock()
	c.store()
	c.letGo()
}

// release gives a prepared claim up.
func (c *claim) release() {
	commits.mu.Lock()
	defer commits.mu.Unlock()
	c.letGo()
}

// store makes the versions current, and only then moves the clock. See above for why.
func (c *claim) store() {
	instant := commits.clock.Load() + 1
	for _, w := range c.writes {
		w.version.instant, w.version.number = instant, w.base().current.Load().number+1
		w.base().current.Store(w.version)
	}
	commits.clock.Store(instant)
}

func (c *claim) letGo() {
	for i := range c.read.reads {
		r := c.read.reads[i].cell
		for j, h := range r.holders {
			if h == c {
				r.holders = append(r.holders[:j], r.holders[j+1:]...)
				break
			}
		}
	}
	close(c.over)
}

// inTheWay returns what to wait for, if a prepared claim writes what this one has read, or has
// read what this one writes. Whoever waits holds nothing, so nobody waits in a circle.
func (c *claim) inTheWay() <-chan struct{} {
	for i := range c.read.reads {
		r := c.read.reads[i].cell
		for _, h := range r.holders {
			if h.changes(r) || c.changes(r) {
				return h.over
			}
		}
	}
	return nil
}

// changes reports whether the claim writes a cell.
func (c *claim) changes(x *cell) bool {
	for _, w := range c.writes {
		if w.base() == x {
			return true
		}
	}
	return false
}

// A cellUse is what one attempt has of one cell. It belongs to the attempt's record.
type cellUse struct {
	kindOf
	record  *record
	version *cellVersion // that the attempt began with

	// Guarded by the lock of the record's more:
	edit, view any           // *V: the copies that Edit and Read give, nil if there are none
	making     chan struct{} // closed when the copy has been made that is being made
}

// useOf returns what the attempt that ctx belongs to has of a cell.
func useOf(ctx context.Context, kind kindOf, edit bool) (*cellUse, error) {
	if ctx == nil {
		return nil, invalidArgument("the context is nil; pass that of the hook")
	}
	s := scopeFrom(ctx)
	if s == nil || s.record == nil {
		return nil, ErrEnded
	}
	if edit && s.record.readOnly {
		return nil, &said{ErrUnsupported, "the hook is ReadOnly"}
	}
	if err := s.run.mayTouch(kind.base()); err != nil {
		return nil, err
	}
	return s.record.use(kind)
}

// mayTouch refuses a cell that an execution around this one uses: it would wait for itself, or
// commit what the other one knows nothing of.
func (r *run) mayTouch(c *cell) error {
	if t := r.touched.Load(); t != nil && t.state == c {
		return &said{ErrReentrant, "the cell is the state of this very execution; use the state"}
	}
	for outer := r.outer; outer != nil && outer.run != nil; outer = outer.run.outer {
		if outer.run.touched.Load().has(c) {
			return &said{ErrReentrant, "an execution around this one uses the cell; make its hooks one chain, as by Sequence"}
		}
	}
	return nil
}

// use returns what the attempt has of a cell.
func (r *record) use(kind kindOf) (u *cellUse, err error) {
	c := kind.base()
	err = ErrEnded
	r.write(func(g *registrations) {
		err = nil
		for _, known := range g.cells {
			if known.base() == c {
				u = known
				return
			}
		}
		v := r.run.touch(c)
		if v == nil {
			err = errLost
			return
		}
		if later := r.terms().cells.find(c); later != nil {
			v = later
		}
		u = &cellUse{kindOf: kind, record: r, version: v}
		g.cells = append(g.cells, u)
	})
	return u, err
}

// errLost is why a round is lost.
var errLost error = &said{ErrConflict, "conflict: another execution has changed what this one has read"}

// touch is touched.read.
func (r *run) touch(c *cell) *cellVersion {
	t := r.touched.Load()
	if t == nil {
		r.touched.CompareAndSwap(nil, new(touched))
		t = r.touched.Load()
	}
	return t.read(c)
}

// editing returns what Edit has given, if it has.
func (u *cellUse) editing() (v any, ok bool) {
	m := u.record.need()
	m.mu.Lock()
	defer m.mu.Unlock()
	return u.edit, u.edit != nil
}

// get returns what is at slot, made by fresh if there is nothing. Of several goroutines one
// makes it.
func (u *cellUse) get(ctx context.Context, slot *any, fresh func() (any, error)) (any, error) {
	m := u.record.need()
	for {
		m.mu.Lock()
		switch {
		case !u.record.open():
			m.mu.Unlock()
			return nil, ErrEnded
		case *slot != nil:
			defer m.mu.Unlock()
			return *slot, nil
		case u.making == nil:
			u.making = make(chan struct{})
			m.mu.Unlock()
			return u.fill(m, slot, fresh)
		}
		made := u.making
		m.mu.Unlock()
		select {
		case <-made:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// fill makes what is to be at slot. It may panic or exit, as it may call user code.
func (u *cellUse) fill(m *more, slot *any, fresh func() (any, error)) (v any, err error) {
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		close(u.making)
		u.making = nil
		switch {
		case v == nil || err != nil:
		case !u.record.open():
			v, err = nil, ErrEnded
		default:
			*slot = v
		}
	}()
	return fresh()
}
