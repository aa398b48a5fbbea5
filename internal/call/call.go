// Package call runs one piece of user code so that its caller can go on at a
// deadline whatever that code does: return, panic, exit its goroutine, or hang.
//
// A goroutine cannot be killed. What can be done is to settle, once and for all,
// which side of the deadline a call is on. A call is settled by whoever moves its
// state first:
//
//	running ── the function ends ──▶ ended       the waiter reads the outcome
//	   └────── the waiter gives up ─▶ abandoned   the outcome belongs to Late
//
// Losing that race is right for both. A function that ends second finds itself
// abandoned and goes to Late; nobody else ever reads what it returned. A waiter
// that comes second finds an outcome, and has it judged by At, the time at which
// the function ended, because when the waiter woke up says nothing about that.
//
// The claim comes before the stamp. The other way round a function could take a
// punctual stamp, be abandoned before it claims, and so be punctual and abandoned
// at once. This way abandoned implies late: the waiter gives up only after the
// deadline has passed, and a function that was not yet stamped then would have been
// stamped later still.
package call

import (
	"errors"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// How says how a function ended.
type How uint8

// The ways to end.
const (
	Returned How = iota
	Panicked
	Exited // by runtime.Goexit
)

const (
	running int32 = iota
	ended
	abandoned
)

// An Outcome is how a function ended, when, and what it returned.
type Outcome[R any] struct {
	How   How
	Value R      // what the function returned, if it returned
	Panic any    // what it panicked with; a *runtime.PanicNilError for nil
	Stack string // the goroutine's stack, if it panicked or exited

	At  time.Time // when it ended
	Err error     // what Alive said just after At
}

// A Call is one function on its way. Make it with Start.
type Call[R any] struct {
	fn     func() R
	alive  func() error
	late   func(*Outcome[R])
	within *Guard // if not nil: who says when the call may be given up

	state atomic.Int32  // running, then ended or abandoned
	done  chan struct{} // closed by the function's goroutine after its last write to out, if ended
	noted chan struct{} // closed by the waiter after it gave up and wrote that down

	out Outcome[R] // written by the function's goroutine alone; the waiter reads it after done
}

// Start runs fn on a goroutine of its own. alive (nil: nothing to ask) is asked as
// soon as fn has ended, and its answer kept in Outcome.Err; it must not block. late
// gets the outcome, on fn's goroutine, if the waiter gave up before fn ended.
func Start[R any](fn func() R, alive func() error, late func(*Outcome[R])) *Call[R] {
	return StartGuarded(nil, fn, alive, late)
}

// StartGuarded is Start for a function that can be given up between an Enter and a Leave of
// g alone.
func StartGuarded[R any](g *Guard, fn func() R, alive func() error, late func(*Outcome[R])) *Call[R] {
	c := &Call[R]{fn: fn, alive: alive, late: late, within: g, done: make(chan struct{}), noted: make(chan struct{})}
	go c.run()
	return c
}

// run tells the three ways to end apart. A nil recover is no proof of an exit:
// panic(nil) gives one under GODEBUG=panicnil=1. But after a recovered panic guard
// returns to run, and after an exit it never does.
func (c *Call[R]) run() {
	back := false
	defer func() {
		if !back {
			c.out.How = Exited
		}
		c.finish()
	}()
	c.guard()
	back = true
	if c.out.How == Panicked && c.out.Panic == nil {
		c.out.Panic = new(runtime.PanicNilError)
	}
}

func (c *Call[R]) guard() {
	c.out.How = Panicked // until fn has returned
	defer func() {
		c.claim()
		if c.out.How != Returned {
			c.out.Stack = string(debug.Stack())
			c.out.Panic = recover()
		}
	}()
	c.out.Value = c.fn()
	c.out.How = Returned
}

// claim moves the state, then stamps, then asks whether the world outside still
// wants an answer. See the package comment for the order.
func (c *Call[R]) claim() {
	c.state.CompareAndSwap(running, ended)
	c.out.At = time.Now()
	if c.alive != nil {
		c.out.Err = c.stillAlive()
	}
}

// stillAlive asks alive. If that panics, nobody can want the answer any more.
func (c *Call[R]) stillAlive() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errAlivePanicked
		}
	}()
	return c.alive()
}

var errAlivePanicked = errors.New("the question whether the caller is still there panicked")

func (c *Call[R]) finish() {
	if c.state.Load() == ended {
		close(c.done)
		return
	}
	<-c.noted
	if c.late != nil {
		c.late(&c.out)
	}
}

// Wait waits until the function has ended or over says that its time has. Then it
// calls cut, which tells the function so, gives it grace to end by itself, and gives
// it up: note writes that down before late can be called. Wait returns nil if it
// gave up.
//
// The outcome may well be late: that is for the caller to judge.
func (c *Call[R]) Wait(over <-chan struct{}, cut func(), grace time.Duration, note func()) *Outcome[R] {
	select {
	case <-c.done:
		return &c.out
	case <-over:
	}
	cut()
	c.linger(grace)
	if c.within != nil && !c.within.giveUp() {
		return c.Join()
	}
	if c.state.CompareAndSwap(running, abandoned) {
		note()
		close(c.noted)
		return nil
	}
	return c.Join()
}

// Join waits until the function has ended, however long that takes.
func (c *Call[R]) Join() *Outcome[R] {
	<-c.done
	return &c.out
}

// Yields is how often Wait lets other goroutines run before it gives up, if no
// grace was given. A function that returns when its context ends was seen to be
// late but known after three.
const Yields = 32

// linger gives a function that obeys its context a moment to end by itself, so that
// it is late, but known, instead of abandoned.
func (c *Call[R]) linger(grace time.Duration) {
	if grace > 0 {
		t := time.NewTimer(grace)
		defer t.Stop()
		select {
		case <-c.done:
		case <-t.C:
		}
		return
	}
	for range Yields {
		if c.state.Load() != running {
			return
		}
		runtime.Gosched()
	}
}
