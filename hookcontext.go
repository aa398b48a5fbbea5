package hooks

import (
	"context"
	"reflect"
	"time"
)

// A hookContext is the context of one Execute, or of what judges a hook. It costs nothing until it is asked, and
// answers as one of context.WithDeadlineCause would whose parent is the caller's context.
//
// Why a type of our own: a real context takes some 700ns and four allocations a hook, and
// most hooks never look at theirs. The price is paid by children: those made directly of
// it register themselves through AfterFunc, but between it and a child made through
// context.WithValue the standard library starts a goroutine, as for every type that it
// does not know, which ends with the child or with the hook.
//
// It is a record, and so never used again: a hook which keeps it gets the answers of its own
// execution for ever.
type hookContext struct{ record }

// An ending is how a context ended.
type ending struct {
	err, cause error
}

// endedWithHook is the ending of the context of a hook that has returned.
var endedWithHook = &ending{context.Canceled, errHookEnded}

// A registration is a function to be called when a context ends.
type registration struct{ fn func() }

// closed is the Done of contexts that have ended before they were asked.
var closed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// deadline is when the hook is over its limit, or the execution over one of its own, since
// run.started; NoLimit: never.
func (c *hookContext) deadline() time.Duration {
	until := c.run.until
	if l := c.groupLimit(); l != nil {
		until = min(until, l.until)
	}
	own := c.run.traits[c.index].timeout
	if own >= NoLimit-c.begun {
		return until
	}
	return min(until, c.begun+own)
}

// groupLimit is the limit of the groups that the call is in, nil if there is none.
func (c *hookContext) groupLimit() *groupLimit {
	if m := c.more.Load(); m != nil {
		return m.limit
	}
	return nil
}

// over reports whether the call need not begin. It is asked when it has been opened: the
// caller, who looks the other way round, either sees that call or is seen by it.
func (c *hookContext) over() bool {
	if c.run.over() {
		return true
	}
	m := c.more.Load()
	return m != nil && (m.tether.cutBy() != nil || m.limit != nil && time.Since(c.run.started) >= m.limit.until)
}

// Deadline returns when the context ends by itself.
func (c *hookContext) Deadline() (time.Time, bool) {
	r, d := c.run, c.deadline()
	if at, ok := r.parent.Deadline(); ok && d == r.until && len(r.limits) > 0 && r.limits[0].at.Sub(r.started) == d {
		return at, true // to the letter
	}
	if d == NoLimit {
		return time.Time{}, false
	}
	return r.started.Add(d), true
}

// Done returns a channel that is closed when the context has ended.
func (c *hookContext) Done() <-chan struct{} {
	c.ending() // a child that is made of a context that has ended is to know
	m := c.need()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.done == nil {
		if c.sealed.Load() || m.ended != nil {
			m.done = closed
		} else {
			m.done = make(chan struct{})
		}
	}
	return m.done
}

// Err returns nil until the context has ended.
func (c *hookContext) Err() error {
	if e := c.ending(); e != nil {
		return e.err
	}
	return nil
}

// ending returns how the context ended, nil if it is alive. The end of the caller's
// context is seen at once, by whoever looks first; a hook that only waits for Done is
// told by the executor.
func (c *hookContext) ending() *ending {
	if e := c.settled(); e != nil {
		return e
	}
	r := c.run
	if cause := c.terms().tether.cutBy(); cause != nil {
		c.end(&ending{context.Canceled, cause})
		return c.settled()
	}
	if r.parentDone == nil {
		return nil
	}
	err := r.parent.Err()
	if err == nil {
		return nil
	}
	c.end(&ending{err, context.Cause(r.parent)})
	return c.settled()
}

// settled is ending without a look at the caller's context.
func (c *hookContext) settled() *ending {
	sealed, m := c.sealed.Load(), c.more.Load()
	if m == nil {
		if sealed {
			return endedWithHook
		}
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if sealed {
		m.end(endedWithHook) // as who has sealed it is about to do
	}
	return m.ended
}

// Value returns what the caller's context has for key, and to this package the scope of
// the call. Package context asks by a key of its own, a *int, for the context that has the
// cause: one that has ended in the same way is shown to it, but only once ours has ended.
func (c *hookContext) Value(key any) any {
	switch key.(type) {
	case scopeKey:
		return c.inside()
	case *int:
		if e := c.settled(); e != nil {
			if v := e.witness().Value(key); v != nil {
				return v
			}
		}
	}
	return c.values().Value(key)
}

// values is the context that has the values.
func (c *hookContext) values() context.Context {
	if v := c.terms().values; v != nil {
		return v
	}
	return c.run.values
}

// witness returns a context of package context that has ended with the cause of e.
func (e *ending) witness() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(e.cause)
	return ctx
}

// inside returns the scope of the call.
func (c *hookContext) inside() *scope {
	m := c.need()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.scope == nil {
		m.scope = &scope{run: c.run, info: c.info()}
		if c.phase == PhaseExecute {
			m.scope.record = &c.record
		}
	}
	return m.scope
}

// String returns the name of the caller's context and the hook's. Nothing is read by
// reflection: the fields change while a hook prints its context.
func (c *hookContext) String() string {
	parent := c.values()
	name := reflect.TypeOf(parent).String()
	if s, ok := parent.(interface{ String() string }); ok {
		name = s.String()
	}
	return name + ".WithHook(" + c.hook() + ")"
}

// AfterFunc calls fn on a goroutine of its own when the context has ended, unless stop is
// called before. Package context uses it for the children of contexts that it does not know.
func (c *hookContext) AfterFunc(fn func()) (stop func() bool) {
	m, r := c.need(), &registration{fn}
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.sealed.Load() || m.ended != nil {
		go fn()
		return func() bool { return false }
	}
	if m.after == nil {
		m.after = map[*registration]struct{}{}
	}
	m.after[r] = struct{}{}
	return func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		_, waiting := m.after[r]
		delete(m.after, r)
		return waiting
	}
}

// end ends the context, unless it has ended.
func (c *hookContext) end(how *ending) {
	m := c.need()
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.sealed.Load() {
		how = endedWithHook // somebody may have been told so
	}
	m.end(how)
}

// close ends the context of a hook that has returned or was given up, and seals its record.
func (c *hookContext) close() {
	c.sealed.Store(true)
	if m := c.more.Load(); m != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.end(endedWithHook)
	}
}

// end is hookContext.end with the lock held.
func (m *more) end(how *ending) {
	if m.ended != nil {
		return
	}
	m.ended = how
	if m.done != nil && m.done != closed {
		close(m.done)
	}
	for r := range m.after {
		go r.fn()
	}
	m.after = nil
}
