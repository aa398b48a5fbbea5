package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/hooktx/hooks"
	"github.com/hooktx/hooks/bench/crowd"
	"github.com/hooktx/hooks/bench/session"
)

// A tally is what goroutines count in, of about the size of the small state of chains.
type tally struct {
	Count int64
	Rest  [11]int64
}

func (t *tally) add() { t.Count++ }

// newTally makes an executor and a cell.
func newTally(cfg hooks.Config) (x *hooks.Executor[tally], cell *hooks.Shared[tally], err error) {
	if x, err = hooks.New[tally](cfg); err == nil {
		cell, err = hooks.NewShared(tally{})
	}
	return x, cell, err
}

// The ways to count in one place from many goroutines.
const (
	mutex  = "mutex"
	update = "update" // of the cell
	shared = "shared" // ExecuteShared
	edit   = "edit"   // Execute, whose hook calls Edit
)

// A counter adds one, and says how often that was done and how many rounds were lost.
type counter struct {
	add    func() error
	count  func() int64
	rounds func() int64
}

func newCounter(impl string) (c counter, err error) {
	ctx := context.Background()
	if impl == mutex {
		var mu sync.Mutex
		var t tally
		return counter{
			add:    func() error { mu.Lock(); defer mu.Unlock(); t.add(); return nil },
			count:  func() int64 { return t.Count },
			rounds: func() int64 { return 0 },
		}, nil
	}
	x, cell, err := newTally(hooks.Config{Execution: hooks.ExecutionConfig{MaxRounds: hooks.NoLimit}})
	if err != nil {
		return c, err
	}
	c.count = func() int64 { return cell.Load().Count }
	c.rounds = func() int64 { return x.Metrics().Conflicts }
	chain := []hooks.Hook[tally]{hooks.Func("add", func(_ context.Context, t *tally) error { t.add(); return nil })}
	switch impl {
	case update:
		c.add = func() error {
			return cell.Update(ctx, func(_ context.Context, t *tally) error { t.add(); return nil })
		}
	case shared:
		c.add = func() error { _, err := x.ExecuteShared(ctx, cell, chain...); return err }
	case edit:
		chain[0] = hooks.Func("add", func(ctx context.Context, _ *tally) error {
			t, err := cell.Edit(ctx)
			if err == nil {
				t.add()
			}
			return err
		})
		c.add = func() error { _, err := x.Execute(ctx, new(tally), chain...); return err }
	}
	return c, nil
}

// contention measures goroutines that all count in one place.
func (t *trial) contention(note session.Note) error {
	return t.Shuffled([]string{mutex, update, shared, edit}, []int{1, 4, 16, 64}, func(impl string, n int) error {
		c, err := newCounter(impl)
		if err != nil {
			return err
		}
		load, err := crowd.Run(t.length, slices.Repeat([]func() error{c.add}, n))
		if err != nil {
			return err
		}
		total := int64(0)
		for _, runs := range load.Runs {
			total += runs
		}
		if c.count() != total {
			return fmt.Errorf("%s by %d goroutines: %d instead of %d", impl, n, c.count(), total)
		}
		least, most := slices.Min(load.Runs), slices.Max(load.Runs)
		return errors.Join(
			note("rate", impl, n, load.Rate), note("p50", impl, n, load.Took.Quantile(0.5)), note("p99", impl, n, load.Took.Quantile(0.99)),
			note("longest", impl, n, float64(load.Longest)), note("between-p50", impl, n, load.Between.Quantile(0.5)),
			note("between-p99", impl, n, load.Between.Quantile(0.99)), note("between-most", impl, n, float64(load.MostBetween)),
			note("share", impl, n, float64(least)/float64(max(most, 1))), note("lost", impl, n, 100*float64(c.rounds())/float64(total)))
	})
}

// The ways to read.
const (
	ownState = "own"  // a read-only chain over a state of each goroutine's own
	oneCell  = "cell" // over the value of one cell
)

// readers measures read-only chains on one processor and on two.
func (t *trial) readers(note session.Note) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	x, cell, err := newTally(hooks.Config{})
	if err != nil {
		return err
	}
	look := hooks.With(hooks.Func("look", func(context.Context, *tally) error { return nil }),
		func(o *hooks.Options) { o.ReadOnly = true })
	return t.Shuffled([]string{ownState, oneCell}, []int{1, 2}, func(impl string, procs int) error {
		runtime.GOMAXPROCS(procs)
		callers := make([]func() error, 8)
		for i := range callers {
			own := new(tally)
			callers[i] = func() error { _, err := x.Execute(context.Background(), own, look); return err }
			if impl == oneCell {
				callers[i] = func() error { _, err := x.ExecuteShared(context.Background(), cell, look); return err }
			}
		}
		load, err := crowd.Run(t.length, callers)
		if err != nil {
			return err
		}
		return note("readers", impl, procs, load.Rate)
	})
}
