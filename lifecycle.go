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
	cfg     Config // with defaults
	metrics books

	mu      sync.Mutex // guards what follows; never held while user code runs or across a wait
	shut    bool
	active  int // executions, and late compensations
	overdue map[*overdueCall]struct{}
	waiters []chan struct{} // each closed when next nothing is under way
}

// An overdueCall is an abandoned call and the execution that it belongs to.
type overdueCall struct {
	AbandonedHook
	run *run
}

// enter admits one execution, or says why not. One that was begun inside an execution
// that is still under way is admitted after Shutdown too, which waits for the outer one
// anyway.
func (c *core) enter(r *run) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shut && !c.inside(r.outer, false) {
		return ErrClosed
	}
	if n := int64(len(c.overdue)); n >= c.cfg.Execution.MaxAbandoned {
		return &said{ErrTooManyAbandoned, fmt.Sprintf(
			"too many abandoned calls: %d are past their limit and still running, and MaxAbandoned is %d; see Executor.Abandoned",
			n, c.cfg.Execution.MaxAbandoned)}
	}
	c.active++
	r.active++
	return nil
}

// inside reports whether a call with this scope is, at any depth, part of an execution
// that is under way on this executor; or, if overdue is set, of one that has ended and
// has calls past their limit. The lock must be held.
func (c *core) inside(s *scope, overdue bool) bool {
	for ; s != nil && s.run != nil; s = s.run.outer {
		if s.run.core == c && (s.run.active > 0 || overdue && s.run.overdue > 0) {
			return true
		}
	}
	return false
}

func (c *core) leave(r *run) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.active--
	r.active--
	c.wake()
}

// join counts a late compensation as under way; leave ends it. It is called while
// the abandoned call is still listed, so that Shutdown sees no gap between the two.
func (c *core) join(r *run) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.active++
	r.active++
}

func (c *core) abandon(a *overdueCall) {
	c.mu.Lock()
	if c.overdue == nil {
		c.overdue = map[*overdueCall]struct{}{}
	}
	c.overdue[a] = struct{}{}
	a.run.overdue++
	c.mu.Unlock()
	c.metrics.update(func(m *Metrics) { m.AbandonedNow++; m.AbandonedEver++ })
}

func (c *core) ended(a *overdueCall) {
	c.metrics.update(func(m *Metrics) { m.AbandonedNow--; m.LateEnds++ })
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.overdue, a)
	a.run.overdue--
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
	defer c.mu.Unlock()
	return c.listOverdue()
}

// listOverdue is abandoned with the lock held.
func (c *core) listOverdue() []AbandonedHook {
	list := make([]AbandonedHook, 0, len(c.overdue))
	for a := range c.overdue {
		list = append(list, a.AbandonedHook)
	}
	slices.SortFunc(list, func(a, b AbandonedHook) int { return a.Since.Compare(b.Since) })
	return list
}

// stopAdmitting refuses new work and returns a channel that is closed once nothing is
// under way, nil if s is inside of what it would wait for.
func (c *core) stopAdmitting(s *scope) chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shut = true
	if c.inside(s, true) {
		return nil
	}
	w := make(chan struct{})
	c.waiters = append(c.waiters, w)
	c.wake()
	return w
}

// giveUp takes back a waiter that has stopped waiting, and says what is still under
// way: nil if nothing is, since all may have ended just then.
func (c *core) giveUp(w chan struct{}, cause error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.active == 0 && len(c.overdue) == 0 {
		return nil
	}
	c.waiters = slices.DeleteFunc(c.waiters, func(x chan struct{}) bool { return x == w })
	return &unfinished{cause: cause, active: c.active, calls: c.listOverdue()}
}

// shutdown is Executor.Shutdown.
func (c *core) shutdown(ctx context.Context) error {
	if ctx == nil {
		return fmt.Errorf("hooks: shutdown: %w", invalidArgument("the context is nil; pass context.Background() to wait without limit"))
	}
	idle := c.stopAdmitting(scopeFrom(ctx))
	if idle == nil {
		return fmt.Errorf("hooks: shutdown: %w; new work is refused from now on", ErrReentrant)
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return c.giveUp(idle, context.Cause(ctx))
	}
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
