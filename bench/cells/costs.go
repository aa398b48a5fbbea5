package main

import (
	"context"
	"fmt"
	"time"

	"github.com/hooktx/hooks"
	"github.com/hooktx/hooks/bench/measure"
	"github.com/hooktx/hooks/bench/session"
)

// The ways to run a chain when nobody else does anything.
const (
	execute    = "execute"
	atomically = "atomically"
)

// alone measures chains over a state, and over a cell that nobody else works on.
func (t *trial) alone(note session.Note) error {
	ctx := context.Background()
	x, cell, err := newTally(hooks.Config{})
	if err != nil {
		return err
	}
	add := func(_ context.Context, t *tally) error { t.add(); return nil }
	return t.Shuffled([]string{execute, shared, edit, update, atomically}, []int{1, 5}, func(impl string, n int) error {
		var chain []hooks.Hook[tally]
		for i := range n {
			do := add
			if impl == edit {
				do = func(ctx context.Context, _ *tally) error { return addIn(ctx, cell) }
			}
			chain = append(chain, hooks.Func(fmt.Sprint("hook", i), do))
		}
		state := new(tally)
		run := map[string]func() error{
			execute: func() error { _, err := x.Execute(ctx, state, chain...); return err },
			edit:    func() error { _, err := x.Execute(ctx, state, chain...); return err },
			shared:  func() error { _, err := x.ExecuteShared(ctx, cell, chain...); return err },
			update:  func() error { return cell.Update(ctx, add) },
			atomically: func() error {
				return hooks.Atomically(ctx, func(ctx context.Context) error { return addIn(ctx, cell) })
			},
		}[impl]
		return t.spend(note, "alone", impl, n, run)
	})
}

func addIn(ctx context.Context, cell *hooks.Shared[tally]) error {
	v, err := cell.Edit(ctx)
	if err == nil {
		v.add()
	}
	return err
}

// spend notes the CPU time of one run.
func (t *trial) spend(note session.Note, name, impl string, at int, run func() error) error {
	ns, err := measure.Spend(t.Slice, run)
	if err != nil {
		return err
	}
	return note(name, impl, at, ns)
}

// Cells that a chain changes, and cells that there are besides.
const (
	changed = "changed"
	exist   = "exist"
)

// touched measures a hook that changes so many cells, and one that changes a single one of so many.
func (t *trial) touched(note session.Note) error {
	return t.Shuffled([]string{changed, exist}, []int{1, 4, 16, 64, 256}, func(impl string, n int) error {
		cells := make([]*hooks.Shared[tally], n)
		for i := range cells {
			var err error
			if cells[i], err = hooks.NewShared(tally{}); err != nil {
				return err
			}
		}
		if impl == exist {
			cells = cells[:1]
		}
		x, err := hooks.New[struct{}](hooks.Config{})
		if err != nil {
			return err
		}
		hook := hooks.Func("change", func(ctx context.Context, _ *struct{}) error {
			for _, c := range cells {
				if err := addIn(ctx, c); err != nil {
					return err
				}
			}
			return nil
		})
		return t.spend(note, "touched", impl, n, func() error {
			_, err := x.Execute(context.Background(), new(struct{}), hook)
			return err
		})
	})
}

// pause is how long the members of a parallel group take.
const pause = 5 * time.Millisecond

// The ways to run hooks that take a while.
const (
	inOrder = "in-order"
	atOnce  = "at-once"
)

// parallel measures the time that passes while hooks of equal length run.
func (t *trial) parallel(note session.Note) error {
	x, err := hooks.New[map[int]int](hooks.Config{})
	if err != nil {
		return err
	}
	return t.Shuffled([]string{inOrder, atOnce}, []int{1, 2, 4, 8, 16}, func(impl string, n int) error {
		var chain []hooks.Hook[map[int]int]
		for i := range n {
			chain = append(chain, hooks.Func(fmt.Sprint("hook", i), func(_ context.Context, m *map[int]int) error {
				time.Sleep(pause)
				(*m)[i]++
				return nil
			}))
		}
		if impl == atOnce {
			chain = []hooks.Hook[map[int]int]{hooks.Parallel("group", chain...)}
		}
		state := map[int]int{}
		begun := time.Now()
		if _, err := x.Execute(context.Background(), &state, chain...); err != nil {
			return err
		}
		took := time.Since(begun)
		if len(state) != n {
			return fmt.Errorf("%d hooks have left %v", n, state)
		}
		return note("parallel", impl, n, float64(took)/float64(pause))
	})
}
