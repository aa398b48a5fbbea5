package hooks

import (
	"context"
	"reflect"
	"time"
)

// A hookContext is the context of one Execute, with the frame of the attempt. It costs
// nothing until it is asked, and answers as one of context.WithDeadlineCause would whose
// parent is the caller's context.
//
// Why a type of our own: a real context takes some 700ns and four allocations a hook, and
// most hooks never look at theirs. The price is paid by children: those made directly of
// it register themselves through AfterFunc, but between it and a child made through
// context.WithValue the standard library starts a goroutine, as for every type that it
// does not know, which ends with the child or with the hook.
//
// It is part of the memory of its run and is never used again, so that a hook which keeps
// it gets the answers of its own execution for ever.
type hookContext struct {
	frame    frame         // written before Execute starts; frame.mu guards what follows, too
	begun    time.Duration // written before Execute starts; both since run.started
	deadline time.Duration // likewise; NoLimit: none

	ended *ending       // nil as long as the context is alive
	done  chan struct{} // nil until asked for
	*answers
}

// answers are what few hooks ask for.
type answers struct {
	scope *scope                     // of the call
	after map[*registration]struct{} // to be called at the end
}

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

// Deadline returns when the context ends by itself.
func (c *hookContext) Deadline() (time.Time, bool) {
	r := c.frame.run
	if c.deadline == r.until { // that of the caller's context, to the letter, or TotalTimeout
		if at, ok := r.parent.Deadline(); ok && len(r.limits) > 0 && r.limits[0].at.Sub(r.started) == r.until {
			return at, true
		}
	}
	if c.deadline == NoLimit {
		return time.Time{}, false
	}
	return r.started.Add(c.deadline), true
}

// Done returns a channel that is closed when the context has ended.
func (c *hookContext) Done() <-chan struct{} {
	c.frame.mu.Lock()
	defer c.frame.mu.Unlock()
	if c.done == nil {
		if c.ended != nil {
			c.done = closed
		} else {
			c.done = make(chan struct{})
		}
	}
	return c.done
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
	r := c.frame.run
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

func (c *hookContext) settled() *ending {
	c.frame.mu.Lock()
	defer c.frame.mu.Unlock()
	return c.ended
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
	return c.frame.run.values.Value(key)
}

// witness returns a context of package context that has ended with the cause of e.
func (e *ending) witness() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(e.cause)
	return ctx
}

// inside returns the scope of the call.
func (c *hookContext) inside() *scope {
	c.frame.mu.Lock()
	defer c.frame.mu.Unlock()
	a := c.asked()
	if a.scope == nil {
		a.scope = &scope{run: c.frame.run, info: c.frame.info(), frame: &c.frame}
	}
	return a.scope
}

// asked returns the answers. The lock must be held.
func (c *hookContext) asked() *answers {
	if c.answers == nil {
		c.answers = new(answers)
	}
	return c.answers
}

// String returns the name of the caller's context and the hook's. Nothing is read by
// reflection: the fields change while a hook prints its context.
func (c *hookContext) String() string {
	parent := c.frame.run.values
	name := reflect.TypeOf(parent).String()
	if s, ok := parent.(interface{ String() string }); ok {
		name = s.String()
	}
	return name + ".WithHook(" + c.frame.hook() + ")"
}

// AfterFunc calls fn on a goroutine of its own when the context has ended, unless stop is
// called before. Package context uses it for the children of contexts that it does not know.
func (c *hookContext) AfterFunc(fn func()) (stop func() bool) {
	c.frame.mu.Lock()
	defer c.frame.mu.Unlock()
	if c.ended != nil {
		go fn()
		return func() bool { return false }
	}
	a, r := c.asked(), &registration{fn}
	if a.after == nil {
		a.after = map[*registration]struct{}{}
	}
	a.after[r] = struct{}{}
	return func() bool {
		c.frame.mu.Lock()
		defer c.frame.mu.Unlock()
		_, waiting := a.after[r]
		delete(a.after, r)
		return waiting
	}
}

// end ends the context, unless it has ended.
func (c *hookContext) end(how *ending) {
	c.frame.mu.Lock()
	defer c.frame.mu.Unlock()
	c.finish(how)
}

// close ends the context of a hook that has returned or was given up, and seals its frame.
func (c *hookContext) close(how *ending) {
	c.frame.mu.Lock()
	c.frame.sealed = true
	c.finish(how)
	c.frame.mu.Unlock()
}

// finish is end with the lock held.
func (c *hookContext) finish(how *ending) {
	if c.ended != nil {
		return
	}
	c.ended = how
	if c.done != nil {
		close(c.done)
	}
	if c.answers == nil {
		return
	}
	for r := range c.after {
		go r.fn()
	}
	c.after = nil
}
