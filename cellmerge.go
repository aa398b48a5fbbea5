package hooks

import (
	"github.com/hooktx/hooks/internal/deep"
)

// What the members of a parallel group have made of cells is put together as what they made of
// the state is: a cell that one of them has edited is as that one left it, one that several have
// edited is merged three-way.

// A cellMerge is what the members have made of one cell.
type cellMerge struct {
	shared
	versions []*cellVersion
	names    []string // of the members that made them
}

// gatherCells lists the cells that the members, with the given names, have edited since base.
func gatherCells[T any](base *cellEdits, members []version[T], names []string) *cellMap[*cellMerge] {
	all := new(cellMap[*cellMerge])
	for i, m := range members {
		if m.cells == nil {
			continue
		}
		for _, e := range m.cells.list {
			if before := base.find(e.cell); before != nil && before.version == e.it.version {
				continue
			}
			if all.find(e.cell) == nil {
				all.add(e.cell, &cellMerge{shared: e.it.shared})
			}
			c := *all.find(e.cell)
			c.versions, c.names = append(c.versions, e.it.version), append(c.names, names[i])
		}
	}
	return all
}

// mergeCells makes versions of cells of those that the members left. It returns the failure if
// they cannot be merged.
func (e *execution[T]) mergeCells(g *openGroup[T], members []version[T], names []string) *failure {
	st := &e.steps[e.next]
	for _, c := range gatherCells(g.base.cells, members, names).list {
		if err := e.mergeCell(st, c.it); err != nil {
			return e.cellMergeFailed(c.it, err)
		}
	}
	if sealed := e.attempt.sealed; sealed != nil {
		e.versions.current.cells = sealed.edits
	}
	return nil
}

func (e *execution[T]) mergeCell(st *step[T], c *cellMerge) error {
	if len(c.versions) == 1 { // it has been judged
		e.left().edits.set(c.base(), cellEdit{c.shared, c.versions[0]})
		return nil
	}
	before := e.touch(c.base())
	if edit := e.versions.current.cells.find(c.base()); edit != nil {
		before = edit.version
	}
	o := e.copyOptions()
	defer e.copied()
	merged, err := c.merge(before, c.versions, o)
	if err != nil {
		return err
	}
	return e.leaves(st, c.shared, before, merged)
}

func (e *execution[T]) cellMergeFailed(c *cellMerge, err error) *failure {
	if conflict, ok := err.(*deep.ConflictError); ok { // not errors.As: what is inside may be an error of user code
		return conflictOf(&mergeConflict{conflict, c.names[conflict.First], c.names[conflict.Second], c.title()})
	}
	return e.copyFailed(&prefixed{c.title() + ": ", copyError(err)})
}
