package hooks

import (
	"context"
	"fmt"
)

// A cellUse is what one attempt has of one cell. The attempt's record holds it, and so it is
// sealed with the record: what Edit gave is then read once, and made a version of the chain's.
//
//	cell ──▶ footprint ──▶ version ─copy▶ edit ─hook▶ edit' ─copy▶ version ─▶ later hooks, commit
//	                          └────copy▶ view
type cellUse struct {
	shared
	record     *record
	version    *cellVersion // what the attempt began with
	edit, view any          // *V: what Edit and Read gave, nil if they have not; guarded by the lock of record.more
}

// cellEdits are the versions that a chain has made of cells, each by the cell. They are not written
// any more: they are part of a version of the state, and who goes back to that goes back to them.
type cellEdits = cellMap[cellEdit]

type cellEdit struct {
	shared
	version *cellVersion
}

// useOf returns what the attempt whose hook was given ctx has of a cell.
func useOf(ctx context.Context, s shared, edit bool) (*cellUse, error) {
	if ctx == nil {
		return nil, invalidArgument("the context is nil; pass the one that the hook was given")
	}
	in := scopeFrom(ctx)
	if in == nil || in.record == nil {
		return nil, fmt.Errorf("the context is not that of a hook's Execute: %w; use Load, Update, Atomically or ExecuteShared elsewhere", ErrEnded)
	}
	if edit && in.record.readOnly() {
		return nil, &said{ErrUnsupported, fmt.Sprintf("hook %q is ReadOnly, so it can only Read", in.record.hook())}
	}
	if err := in.run.mayUse(s.base()); err != nil {
		return nil, err
	}
	return in.record.use(s)
}

// mayUse refuses the cells that this execution must not use in this way.
func (r *run) mayUse(c *cell) error {
	if f := r.footprint.Load(); f != nil && f.home == c {
		return &said{ErrReentrant, "it is the state that this very execution works on; use the state"}
	}
	return r.mayEnter(c)
}

// mayEnter refuses a cell that an execution uses inside of which this one was begun. What this one
// would commit, the other one would have to wait for, or would lose its round to.
func (r *run) mayEnter(c *cell) error {
	for outer := r.around(); outer != nil; outer = outer.around() {
		if !outer.isOver() && outer.footprint.Load().uses(c) {
			return &said{ErrReentrant, "execution " + outer.id + ", inside of which this one was begun, uses it; make their hooks one chain, as by Sequence"}
		}
	}
	return nil
}

// around is the execution inside of which this one was begun, nil if there is none.
func (r *run) around() *run {
	if r.outer == nil {
		return nil
	}
	return r.outer.run
}

func (r *run) isOver() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended
}

// touch is footprint.look.
func (r *run) touch(c *cell) *cellVersion {
	f := r.footprint.Load()
	if f == nil {
		r.footprint.CompareAndSwap(nil, newFootprint(nil, nil))
		f = r.footprint.Load()
	}
	return f.look(c)
}

// errConflict is what Edit and Read say to a hook whose round is lost.
var errConflict error = &said{ErrConflict, "another execution has meanwhile changed what this one has read; the chain is run again"}

// use returns what the attempt has of a cell: the same each time.
func (r *record) use(s shared) (u *cellUse, err error) {
	open := r.write(func(g *registrations) {
		if known := g.cells.find(s.base()); known != nil {
			u = *known
			return
		}
		version := r.run.touch(s.base())
		if version == nil {
			err = errConflict
			return
		}
		if later := r.terms().cells.find(s.base()); later != nil {
			version = later.version
		}
		u = &cellUse{shared: s, record: r, version: version}
		g.cells.add(s.base(), u)
	})
	if !open {
		err = ErrEnded
	}
	return u, err
}

// edited returns what Edit gave, nil if it has not.
func (u *cellUse) edited() any {
	m := u.record.need()
	m.mu.Lock()
	defer m.mu.Unlock()
	return u.edit
}

// copied returns the copy that is at place, or one made by fresh, without the lock: that may call
// user code. If several goroutines make one, the first counts.
func (u *cellUse) copied(place *any, fresh func() (any, error)) (v any, err error) {
	get := func() (open bool) { return u.record.write(func(*registrations) { v = *place }) }
	put := func(made any) (open bool) {
		return u.record.write(func(*registrations) {
			if *place == nil {
				*place = made
			}
			v = *place
		})
	}
	if open := get(); !open {
		return nil, ErrEnded
	}
	if v != nil {
		return v, nil
	}
	made, err := fresh()
	if err != nil {
		return nil, err
	}
	if open := put(made); !open {
		return nil, ErrEnded
	}
	return v, nil
}

// A sealedCells is what an attempt leaves of cells.
type sealedCells struct {
	edits  *cellEdits // of the chain, with those of the attempt
	judges []cellJudge
}

// A cellJudge is a validator of a cell, ready to be asked.
type cellJudge struct {
	name string
	ask  func(ctx context.Context) ValidationResult
}

// sealCells makes versions of what the attempt, which has ended, has edited.
func (e *execution[T]) sealCells(st *step[T]) error {
	if e.footprint.Load().lost() {
		return errConflict
	}
	uses := &e.contexts[e.next].said().cells
	for i := range uses.list {
		if u := uses.list[i].it; u.edit != nil {
			if err := e.sealCell(st, u); err != nil {
				return &prefixed{u.title() + ": ", err}
			}
		}
	}
	if e.attempt.sealed != nil {
		before := e.now
		e.look()
		e.attempt.copying += e.now - before
	}
	return nil
}

func (e *execution[T]) sealCell(st *step[T], u *cellUse) error {
	o := e.copyOptions()
	defer e.copied()
	v, err := u.seal(u.edit, o)
	if err != nil {
		return err
	}
	return e.leaves(st, u.shared, u.version, v)
}

// leaves adds a version of a cell to what the attempt leaves.
func (e *execution[T]) leaves(st *step[T], s shared, before, after *cellVersion) error {
	sealed := e.left()
	sealed.edits.set(s.base(), cellEdit{s, after})
	if e.core.cfg.Validation.SkipState {
		return nil
	}
	judges, err := s.judges(st.name, before, after, e.copyOptions())
	sealed.judges = append(sealed.judges, judges...)
	return err
}

// left is what the attempt leaves, made of what the hooks before have left.
func (e *execution[T]) left() *sealedCells {
	if e.attempt.sealed == nil {
		e.attempt.sealed = &sealedCells{edits: e.versions.current.cells.clone()}
	}
	return e.attempt.sealed
}

// cellJudges are the validators of the cells that the attempt has edited.
func (a *attempt[T]) cellJudges() []cellJudge {
	if a.sealed == nil {
		return nil
	}
	return a.sealed.judges
}

// A cellValidator is a validator of a cell, to be called like one of the state.
type cellValidator[T any] struct{ cellJudge }

func (v cellValidator[T]) Name() string { return v.name }

func (v cellValidator[T]) Validate(ctx context.Context, _ StateChange[T]) ValidationResult {
	return v.ask(ctx)
}

// A prefixed error is one with something before its text.
type prefixed struct {
	prefix string
	err    error
}

func (p *prefixed) Error() string { return p.prefix + p.err.Error() }
func (p *prefixed) Unwrap() error { return p.err }
