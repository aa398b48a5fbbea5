package hooks

import "time"

// What an execution does with turns and commits of cells.

// enterCell is called before anything of a chain runs whose state is the value of a cell. Chains
// that only read take no turn.
func (e *execution[T]) enterCell() error {
	c := e.job.home()
	if err := e.mayEnter(c); err != nil {
		return err
	}
	if e.reads || e.queue(c, NoLimit) {
		return nil
	}
	return e.stoppedNow().cause
}

// queue waits for the turn of a cell, for at most so long. It returns false if the execution has
// to stop before.
//
// An execution that has a turn never waits for another one, nor does one that was begun inside of
// such an execution: else two could wait for each other. It goes on without.
func (e *execution[T]) queue(c *cell, limit time.Duration) bool {
	if e.turn != nil {
		return true
	}
	if e.inUser() {
		if c.turns.try() {
			e.turn = c
		}
		return true
	}
	place := c.turns.queue()
	if place == nil || e.waitFor(place, limit) {
		e.turn = c
		return true
	}
	c.turns.leave(place)
	return e.mustStop() == nil && limit != NoLimit
}

// queueAgain queues before another round. Who has lost a round over a cell is less likely to lose
// the next one if it is its turn; but it does not wait for long, since what takes the turn may.
func (e *execution[T]) queueAgain(c *cell, limit time.Duration) bool {
	return e.reads || e.queue(c, limit)
}

// inUser reports whether the execution was begun inside of one that uses cells: it may have a turn,
// or be about to commit.
func (e *execution[T]) inUser() bool {
	for outer := e.around(); outer != nil; outer = outer.around() {
		if outer.footprint.Load() != nil {
			return true
		}
	}
	return false
}

// waitFor waits until done is closed. It returns false if the limit, or the time at which the
// execution has to stop, comes first.
func (e *execution[T]) waitFor(done <-chan struct{}, limit time.Duration) bool {
	var over <-chan time.Time
	if limit != NoLimit {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-done:
		return true
	case <-e.context().Done():
	case <-over:
	}
	return false
}

// toChange writes down what the chain is going to change of cells, and says whether it is
// anything.
func (e *execution[T]) toChange(f *footprint) bool {
	v := &e.versions
	if edits := v.current.cells; edits != nil {
		for i := range edits.list {
			f.change(edits.list[i].cell, edits.list[i].it.version)
		}
	}
	if v.cell && v.current.state != v.caller {
		f.change(f.home, &cellVersion{state: v.current.state, size: v.current.size})
	}
	return f.changes()
}

// claim prepares the commit of cells, or makes it if nothing can fail any more. It waits for
// commits that are prepared and in the way, but no longer than RollbackTimeout.
func (e *execution[T]) claim(f *footprint, prepare bool) bool {
	limit := e.core.cfg.Execution.RollbackTimeout
	for {
		way, ok := f.claim(prepare)
		if !ok {
			e.loseRound(f)
			return false
		}
		if way == nil {
			return true
		}
		e.look()
		begun := e.now
		free := e.waitFor(way.prepared, limit)
		e.look()
		if !e.mayCommit() {
			return false
		}
		if !free {
			f.lostOver = way.cell
			e.loseRound(f)
			return false
		}
		if limit != NoLimit {
			limit = max(0, limit-(e.now-begun))
		}
	}
}

// forgetCells drops the footprint: the round is over. What is called from now on, to undo it or
// after its commit, may begin executions that use the same cells, the one aside whose turn this
// one keeps.
func (e *execution[T]) forgetCells() {
	f := e.footprint.Load()
	if f == nil {
		return
	}
	if f.prepared != nil {
		f.release()
	}
	if f = nil; e.turn != nil {
		f = newFootprint(nil, e.turn)
	}
	e.footprint.Store(f)
}

// letGoOfCells gives up what the execution holds of cells, its turn included.
func (e *execution[T]) letGoOfCells() {
	if e.turn != nil {
		e.turn.turns.give()
		e.turn = nil
	}
	e.forgetCells()
}
