package hooks

import (
	"context"
	"fmt"
	"time"
)

// What becomes of the cells that an attempt, the members of a group or a chain have changed.

// sealCells returns the writes with what the attempt has made of cells, whose versions have been
// copied and judged.
func (e *execution[T]) sealCells(r *record, writes *cellWrites) (*cellWrites, error) {
	if e.touched.Load().lost() {
		return nil, errLost
	}
	for _, u := range r.said().cells {
		if u.edit == nil {
			continue
		}
		v, err := u.seal(u.edit, e.copyOptions())
		e.copied()
		if err == nil {
			err = e.judgeCell(r.hook(), u.kindOf, u.version, v)
		}
		if err != nil {
			return nil, err
		}
		writes = writes.with(u.kindOf, v)
	}
	return writes, nil
}

// A cellRefused is why the validators of a cell did not accept a change.
type cellRefused struct{ *mishap }

func (c *cellRefused) Error() string { return c.err.Error() }

// judgeCell asks the validators of a cell. They share one budget.
func (e *execution[T]) judgeCell(hook string, kind kindOf, before, after *cellVersion) error {
	if e.core.cfg.Validation.SkipState {
		return nil
	}
	judges, err := kind.judges(hook, before, after, e.copyOptions())
	e.copied()
	if err != nil || len(judges) == 0 {
		return err
	}
	b := e.newBudget(e.context(), e.steps[e.next].timeout, `validating `+kind.title()+` after hook "`+hook+`"`)
	defer b.end(errHookEnded)
	s := &scope{run: e.run, info: Info{Execution: e.id, Hook: hook, Phase: PhaseValidateState, DryRun: e.dry}}
	for _, j := range judges {
		m := e.do(s, b, func(ctx context.Context) error {
			res := j.call(ctx)
			e.attempt.warn(res.Warnings)
			return res.Err
		})
		if m != nil {
			m.err = &classed{ErrInvalidState, fmt.Errorf("validator %q of %s: %w", j.name, kind.title(), m.err)}
			return &cellRefused{m}
		}
	}
	return nil
}

// mergeCells merges what the members of a group have made of cells, the names of which stand
// in the order of the versions.
func (e *execution[T]) mergeCells(g *openGroup[T], members []version[T], names []string) (*cellWrites, *failure) {
	writes := g.base.cells
	for _, w := range changedCells(members, g.base.cells) {
		before := e.cellBefore(g.base.cells, w.base())
		var versions []*cellVersion
		var by []string
		for i, m := range members {
			if v := m.cells.find(w.base()); v != nil && v != before {
				versions, by = append(versions, v), append(by, names[i])
			}
		}
		merged := versions[0]
		if len(versions) > 1 {
			var err error
			merged, err = w.merge(before, versions, e.copyOptions())
			e.copied()
			if err != nil {
				return nil, e.mergeFailed(err, by)
			}
			if err := e.judgeCell(e.names[g.first], w.kindOf, before, merged); err != nil {
				return nil, e.copyFailed(err)
			}
		}
		writes = writes.with(w.kindOf, merged)
	}
	return writes, nil
}

// changedCells lists each cell once that a member has changed.
func changedCells[T any](members []version[T], base *cellWrites) []cellWrite {
	var all *cellWrites
	for _, m := range members {
		if m.cells == nil || m.cells == base {
			continue
		}
		for _, w := range m.cells.list {
			if base.find(w.base()) != w.version {
				all = all.with(w.kindOf, w.version)
			}
		}
	}
	if all == nil {
		return nil
	}
	return all.list
}

// cellBefore is the version of a cell that the members of a group began with.
func (e *execution[T]) cellBefore(writes *cellWrites, c *cell) *cellVersion {
	if v := writes.find(c); v != nil {
		return v
	}
	return e.touched.Load().find(c) // no hook is running
}

// claim returns what the chain has to commit of cells, nil if that is nothing.
func (e *execution[T]) claim() *claim {
	t := e.touched.Load()
	if t == nil {
		return nil
	}
	c := &claim{read: t}
	if v := &e.versions.current; v.cells != nil {
		c.writes = v.cells.list
	}
	if v := &e.versions.current; e.cell != nil && v.state != e.base.state {
		own := cellWrite{e.cell, &cellVersion{state: v.state, size: v.size, refs: v.refs}}
		c.writes = append(c.writes[:len(c.writes):len(c.writes)], own)
	}
	if len(c.writes) == 0 {
		return nil // all was read at one instant
	}
	return c
}

// win tries to prepare or commit a claim, and waits for others that are in the way. It returns
// false if the chain cannot commit.
func (e *execution[T]) win(try func() (wait <-chan struct{}, ok bool)) bool {
	var timeout *time.Timer
	for {
		wait, ok := try()
		if !ok {
			e.loseRound()
			return false
		}
		if wait == nil {
			return true
		}
		if timeout == nil {
			timeout = time.NewTimer(min(e.core.cfg.Execution.RollbackTimeout, never))
			defer timeout.Stop()
		}
		select {
		case <-wait:
		case <-timeout.C:
			e.loseRound()
			return false
		case <-e.context().Done():
			if e.mayCommit() { // his context has changed its mind
				e.loseRound()
			}
			return false
		}
	}
}
