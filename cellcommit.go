package hooks

// How a footprint becomes a commit. All methods here are the driver's, once no hook of its
// execution runs any more.
//
//	claim ─┬─▶ prepared ─┬─ publish ──▶ the new versions are the cells', at one instant
//	       │             └─ release ──▶ nothing has changed
//	       └─▶ the same at once
//
// While a commit is prepared, nobody else changes what it has read, or commits having read what
// it is going to change. Whoever wants to waits; he has prepared nothing while he does, so
// nobody waits in a circle.

// change writes down that a cell is to get a new version.
func (f *footprint) change(c *cell, v *cellVersion) { f.read.find(c).next = v }

// changes reports whether anything is to be changed.
func (f *footprint) changes() bool {
	for i := range f.read.list {
		if f.read.list[i].it.next != nil {
			return true
		}
	}
	return false
}

// An obstacle is the prepared commit that another one has to wait for, because of a cell.
type obstacle struct {
	*cell
	prepared <-chan struct{}
}

// claim commits, or only prepares that. It returns an obstacle if there is one, and false if the
// round is lost.
func (f *footprint) claim(prepare bool) (way *obstacle, ok bool) {
	commits.mu.Lock()
	defer commits.mu.Unlock()
	if way := f.inTheWay(); way != nil {
		return way, true
	}
	if !f.isCurrent() {
		return nil, false
	}
	if !prepare {
		f.store()
		return nil, true
	}
	f.prepared = make(chan struct{})
	for i := range f.read.list {
		c := f.read.list[i].cell
		c.claims = append(c.claims, f)
	}
	return nil, true
}

// publish makes the new versions of a prepared footprint those of the cells.
func (f *footprint) publish() {
	commits.mu.Lock()
	defer commits.mu.Unlock()
	f.store()
	f.letGo()
}

// release gives up what was prepared.
func (f *footprint) release() {
	commits.mu.Lock()
	defer commits.mu.Unlock()
	f.letGo()
}

// store stores the versions, and moves the clock then: see commits for why.
func (f *footprint) store() {
	instant := commits.clock.Load() + 1
	for i := range f.read.list {
		if e := &f.read.list[i]; e.it.next != nil {
			e.it.next.instant, e.it.next.number = instant, e.it.read.number+1
			e.current.Store(e.it.next)
		}
	}
	commits.clock.Store(instant)
}

func (f *footprint) letGo() {
	for i := range f.read.list {
		c := f.read.list[i].cell
		for j, claim := range c.claims {
			if claim == f {
				last := len(c.claims) - 1
				c.claims[j], c.claims[last] = c.claims[last], nil
				c.claims = c.claims[:last]
				break
			}
		}
	}
	close(f.prepared)
	f.prepared = nil
}

// inTheWay returns an obstacle if somebody has prepared a change of what was read, or has read
// what is to be changed.
func (f *footprint) inTheWay() *obstacle {
	for i := range f.read.list {
		e := &f.read.list[i]
		for _, other := range e.claims {
			if e.it.next != nil || other.read.find(e.cell).next != nil {
				return &obstacle{e.cell, other.prepared}
			}
		}
	}
	return nil
}
