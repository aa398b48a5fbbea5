package hooks

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// An AbandonedHook is a call of user code that is past its limit and has not ended.
type AbandonedHook struct {
	Execution string
	Hook      string    // its path; empty if the call belongs to no hook
	Phase     Phase     // what was called
	Since     time.Time // when it was given up
}

// String returns the call as `phase "hook" of execution id`.
func (a AbandonedHook) String() string {
	if a.Hook == "" {
		return fmt.Sprintf("%v of execution %s", a.Phase, a.Execution)
	}
	return fmt.Sprintf("%v %q of execution %s", a.Phase, a.Hook, a.Execution)
}

// A core is the part of an executor that does not depend on its state type: its
// configuration, what is under way, and the counts.
type core struct {
	cfg    Config // with defaults
	ledger ledger

	mu      sync.Mutex // guards what follows; never held while user code runs or across a wait
	shut    bool
	active  int // executions, and late compensations
	overdue map[*AbandonedHook]struct{}
	waiters []chan struct{} // each closed when next nothing is under way
}

// enter admits one execution, or says why not. nested is for an execution that was
// begun inside one that this executor still runs: Shutdown waits for the outer one
// anyway.
func (c *core) enter(nested bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shut && !nested {
		return ErrClosed
	}
	if n := int64(len(c.overdue)); n >= c.cfg.Execution.MaxAbandoned {
		return &said{ErrTooManyAbandoned, fmt.Sprintf(
			"too many abandoned calls: %d are past their limit and still running, and MaxAbandoned is %d; see Executor.Abandoned",
			n, c.cfg.Execution.MaxAbandoned)}
	}
	c.active++
	return nil
}

func (c *core) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.active--
	c.wake()
}

// join counts a late compensation as under way; leave ends it. It is called while
// the abandoned call is still listed, so that Shutdown sees no gap between the two.
func (c *core) join() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.active++
}

func (c *core) abandon(a *AbandonedHook) {
	c.mu.Lock()
	if c.overdue == nil {
		c.overdue = map[*AbandonedHook]struct{}{}
	}
	c.overdue[a] = struct{}{}
	c.mu.Unlock()
	c.ledger.update(func(m *Metrics) { m.AbandonedNow++; m.AbandonedEver++ })
}

func (c *core) ended(a *AbandonedHook) {
	c.ledger.update(func(m *Metrics) { m.AbandonedNow--; m.LateEnds++ })
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.overdue, a)
	c.wake()
}

// wake tells the waiters if nothing is under way. The lock must be held.
func (c *core) wake() {
	if c.active > 0 || len(c.overdue) > 0 {
		return
	}
	for _, w := range c.waiters {
		close(w)
	}
	c.waiters = nil
}

// abandoned lists the calls past their limit, oldest first.
func (c *core) abandoned() []AbandonedHook {
	c.mu.Lock()
	list := make([]AbandonedHook, 0, len(c.overdue))
	for a := range c.overdue {
		list = append(list, *a)
	}
	c.mu.Unlock()
	slices.SortFunc(list, func(a, b AbandonedHook) int { return a.Since.Compare(b.Since) })
	return list
}

// close refuses new work and returns a channel that is closed once nothing is under
// way.
func (c *core) close() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shut = true
	w := make(chan struct{})
	c.waiters = append(c.waiters, w)
	c.wake()
	return w
}

// forget takes a waiter back that has stopped waiting.
func (c *core) forget(w <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiters = slices.DeleteFunc(c.waiters, func(x chan struct{}) bool { return x == w })
}

// shutdown is Executor.Shutdown.
func (c *core) shutdown(ctx context.Context) error {
	idle := c.close()
	if scopeFrom(ctx).inside(c) {
		c.forget(idle)
		return fmt.Errorf("hooks: shutdown: %w; new work is refused from now on", ErrReentrant)
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
	}
	c.forget(idle)
	c.mu.Lock()
	active := c.active
	c.mu.Unlock()
	return &unfinished{cause: context.Cause(ctx), active: active, calls: c.abandoned()}
}

// unfinished is what Shutdown returns when it has stopped waiting.
type unfinished struct {
	cause  error
	active int
	calls  []AbandonedHook
}

func (u *unfinished) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "hooks: shutdown: %v; still running: %d executions or late compensations", u.cause, u.active)
	for i, a := range u.calls {
		if i == 10 {
			fmt.Fprintf(&b, ", and %d abandoned calls more", len(u.calls)-i)
			break
		}
		fmt.Fprintf(&b, ", abandoned %v", a)
	}
	return b.String()
}

func (u *unfinished) Unwrap() error { return u.cause }
