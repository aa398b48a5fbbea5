package hookstest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hooktx/hooks"
	"github.com/hooktx/hooks/internal/deep"
)

// succeeds checks that the hook succeeds, and twice in the same way.
func (c *checker[T]) succeeds() bool {
	c.t.Helper()
	one := c.run(&trial[T]{})
	if one.err != nil {
		c.wrong("fails on the state that newState makes: %v", one.failure())
		return false
	}
	for _, f := range one.report.AfterCommit {
		c.wrong("fails in its OnCommit function: %v", f.Err)
	}
	two := c.run(&trial[T]{})
	if two.err != nil {
		c.wrong("fails the second time, with everything made anew: %v", two.failure())
		return false
	}
	if c.alike(one, two, "is not the same each time, with everything made anew (if it must not be, say MayVary)"); len(c.found) > 0 {
		c.varies = true // it is told once
	}
	c.checkCompany(one)
	return true
}

// checkCompany checks that the failure of another hook does nothing to this one: neither if that is dropped before it, nor
// if it makes a group be undone and tried again.
func (c *checker[T]) checkCompany(alone *trial[T]) {
	c.t.Helper()
	after := c.run(&trial[T]{before: true})
	if after.err != nil {
		c.wrong("fails if a hook before it has failed: %v", after.failure())
	}
	c.alike(alone, after, "is not the same if a hook before it has failed")
	if again := c.run(&trial[T]{again: true}); again.err != nil && !errors.Is(again.err, errSpoilt) { // else its undo has failed, which is told elsewhere
		c.wrong("fails if it is tried again after it was undone: %v", again.failure())
	}
}

// alike checks that two trials have come to the same.
func (c *checker[T]) alike(one, two *trial[T], complaint string) {
	c.t.Helper()
	if c.varies || one.err != nil || two.err != nil {
		return
	}
	if d := differences(one.value(), two.value()); len(d) > 0 {
		c.wrong("%s: its result: %v", complaint, d)
	}
	if d := differences(*one.state, *two.state); len(d) > 0 {
		c.wrong("%s: the state: %v", complaint, d)
	}
}

// checkReading checks that who only looks changes nothing.
func (c *checker[T]) checkReading() {
	c.t.Helper()
	c.run(&trial[T]{around: func(ctx context.Context, state *T, next nextFunc) (any, error) {
		info, _ := hooks.InfoFrom(ctx)
		if info.Phase != hooks.PhaseValidateEvent && (info.Phase != hooks.PhaseExecute || !c.what.Options.ReadOnly) {
			return next(ctx)
		}
		before, err := hooks.TakeSnapshot(state, "hookstest")
		if err != nil {
			return nil, err
		}
		defer func() {
			if d := changed(before.Changes(state)); len(d) > 0 {
				c.wrong("changes the state where it should only look, in %s: %v", info.Phase, d)
			}
		}()
		return next(ctx)
	}})
}

// checkKeeping checks that the hook lets go of its state: one and the same hook runs twice, and what
// it had the first time is overwritten in between.
func (c *checker[T]) checkKeeping() {
	c.t.Helper()
	if len(c.what.Members) > 0 {
		return // members have states of their own; check them one by one
	}
	second := func(between func(kept *T)) *trial[T] {
		var kept *T
		var left *hooks.Snapshot[T]
		first := &trial[T]{around: func(ctx context.Context, state *T, next nextFunc) (any, error) {
			v, err := next(ctx)
			if info, _ := hooks.InfoFrom(ctx); info.Phase == hooks.PhaseExecute {
				kept = state
				left, _ = hooks.TakeSnapshot(state, "hookstest")
			}
			return v, err
		}}
		c.run(first)
		if kept == nil || left == nil || first.err != nil {
			return nil
		}
		if d := changed(left.Changes(kept)); len(d) > 0 {
			c.wrong("keeps the state, and writes to it after it has returned: %v", d)
		}
		between(kept)
		was, _ := hooks.TakeSnapshot(kept, "hookstest")
		again := c.run(&trial[T]{hook: first.hook})
		if d := changed(was.Changes(kept)); len(d) > 0 {
			c.wrong("keeps the state, and writes to it after it has returned: %v", d)
		}
		return again
	}
	plain := second(func(*T) {})
	scribbled := second(deep.Scribble[T])
	if plain != nil && scribbled != nil {
		c.alike(plain, scribbled, "keeps the state: what it does to another one is no longer the same once the first was overwritten")
	}
}

// checkContext checks what the hook does when its context ends, or is about to.
func (c *checker[T]) checkContext() {
	c.t.Helper()
	parent, cancel := context.WithCancel(c.t.Context())
	defer cancel()
	ended := c.run(&trial[T]{parent: parent, around: func(ctx context.Context, _ *T, next nextFunc) (any, error) {
		if info, _ := hooks.InfoFrom(ctx); info.Phase == hooks.PhaseExecute {
			cancel()
		}
		return next(ctx)
	}})
	c.undone(ended, "if its context has ended")
	c.undone(c.run(&trial[T]{limit: time.Millisecond}), "if its context ends soon")
}

// undone checks that a chain that failed has left nothing in the world.
func (c *checker[T]) undone(tr *trial[T], when string) {
	c.t.Helper()
	if tr.err == nil {
		return
	}
	for _, err := range tr.undoFailures() {
		c.wrong("fails in Rollback %s: %v", when, err)
	}
	if len(tr.world) == 0 {
		return
	}
	if len(tr.report.Rollbacks) > 0 {
		c.wrong("is not undone by Rollback %s: %v", when, tr.world)
	} else {
		c.wrong("has an effect that nothing undoes %s: %v", when, tr.world)
	}
}

var errUnsure = errors.New("hookstest: the reply was lost")

// checkUndoing checks Rollback in all the ways in which it can be called.
func (c *checker[T]) checkUndoing() {
	c.t.Helper()
	c.undone(c.run(&trial[T]{spoilt: true}), "after a success")
	c.undone(c.run(&trial[T]{lately: true}), "if a later BeforeCommit function fails")
	if !c.what.Rollback {
		return
	}
	c.undone(c.run(&trial[T]{around: onExecute[T](func(ctx context.Context, next nextFunc) (any, error) {
		return nil, unsure(ctx, errUnsure, next)
	})}), "after an unknown outcome")
	c.undone(c.run(&trial[T]{around: onExecute[T](func(context.Context, nextFunc) (any, error) {
		return nil, hooks.Unknown(errUnsure)
	})}), "if there is nothing to undo")
	c.undone(c.run(&trial[T]{spoilt: true, around: func(ctx context.Context, _ *T, next nextFunc) (any, error) {
		v, err := next(ctx)
		if info, _ := hooks.InfoFrom(ctx); err != nil || info.Phase != hooks.PhaseRollback {
			return v, err
		}
		return next(ctx)
	}}), "the second time")
}

// onExecute surrounds Execute alone.
func onExecute[T any](do func(ctx context.Context, next nextFunc) (any, error)) aroundFunc[T] {
	return func(ctx context.Context, _ *T, next nextFunc) (any, error) {
		if info, _ := hooks.InfoFrom(ctx); info.Phase != hooks.PhaseExecute {
			return next(ctx)
		}
		return do(ctx, next)
	}
}

// checkDryRun checks that a dry run has no effects.
func (c *checker[T]) checkDryRun() {
	c.t.Helper()
	tr := c.run(&trial[T]{dry: true})
	if len(tr.world) > 0 {
		c.wrong("has effects in a dry run: %v", tr.world)
	}
}

// checkTwoAtOnce checks that two executions of the hook at the same time do not disturb each other.
func (c *checker[T]) checkTwoAtOnce() {
	c.t.Helper()
	alone := c.run(&trial[T]{})
	h, x, meet := c.newHook(), c.executor(), newMeeting(c.patience)
	trials := [2]trial[T]{{name: c.what.Name, hook: h, state: c.newState()}, {name: c.what.Name, hook: h, state: c.newState()}}
	var done sync.WaitGroup
	for i := range trials {
		tr, arrive := &trials[i], sync.OnceFunc(meet.arrive)
		tr.around = onExecute[T](func(ctx context.Context, next nextFunc) (any, error) {
			arrive()
			return next(ctx)
		})
		done.Go(func() { tr.report, tr.err = x.Execute(c.t.Context(), tr.state, tr.chain()...) })
	}
	done.Wait()
	c.ended(x)
	for i := range trials {
		c.alike(alone, &trials[i], "is disturbed by another execution at the same time")
		if err := trials[i].failure(); err != nil && !errors.Is(err, hooks.ErrRejected) {
			c.wrong("fails if another execution runs it at the same time (a hook that must say no returns a Reject): %v", err)
		}
	}
}

// A meeting lets two go on when both are there.
type meeting struct {
	patience time.Duration
	arrived  atomic.Int32
	both     chan struct{}
}

func newMeeting(patience time.Duration) *meeting {
	return &meeting{patience: patience, both: make(chan struct{})}
}

func (m *meeting) arrive() {
	if m.arrived.Add(1) == 2 {
		close(m.both)
	}
	select {
	case <-m.both:
	case <-time.After(m.patience): // the other one has not come that far
	}
}
