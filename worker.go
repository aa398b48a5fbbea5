package hooks

import (
	"errors"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"sync/atomic"
	"time"

	"github.com/hooktx/hooks/internal/call"
)

// A worker runs hooks, and what judges them, on a goroutine of its own: all calls of a chain,
// as long as all goes well, for one hand-over there and one back. While it does, it drives
// the execution, and the caller waits for it; see await. Whoever drives may touch the
// execution, the other may not. Three things move the wheel:
//
//   - the caller hands over: it sends on in;
//   - the worker hands back: it parks, and wakes the caller. It does so at the end of the
//     chain, and when something did not go well;
//   - the caller gives the running call up. From then on the worker is that call's. It has
//     lost the execution, undoes the hook when the call has ended, and ends.
//
// So a worker that comes back to the pool has made calls that returned, and nothing else.
type worker[T any] struct {
	core *core
	in   chan struct{} // one place
	wake chan struct{} // one place; to be woken for nothing is harmless
	gate call.Gate
	due  atomic.Int64 // by the caller: when he looks at the running call, since run.started; 0: early enough

	e       *execution[T] // the driver's; nil after the call was given up
	calling *hookContext  // the worker's: of the call that is running
	telling bool          // the worker's: a logger or a trace callback is running
	out     outcome       // of its last call
	lost    bool          // that call was given up
	broken  bool          // there was no call: out has a panic of the driver's
	noted   chan struct{} // made by the caller before it gives up, closed when it has written
	entry   *overdueCall  // that down here, and
	late    *frame        // how to undo the hook

	// The caller's.
	kept  bool // the goroutine is there
	alarm alarm
	over  *lateness // why it cut the running call
	chains[T]
	idSource
}

func newWorker[T any](c *core) *worker[T] {
	w := &worker[T]{core: c, in: make(chan struct{}, 1), wake: make(chan struct{}, 1)}
	w.alarm.ring = w.signal
	return w
}

// signal wakes the caller. If it has a signal that it has not seen, one is enough: it looks
// at the gate afterwards.
func (w *worker[T]) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// handOver lets the goroutine go on with e, which must be the worker's.
func (w *worker[T]) handOver() {
	w.gate.Open()
	if w.due.Load() != 0 {
		w.due.Store(0)
	}
	if !w.kept {
		w.kept = true
		go w.work(w.in)
	}
	w.in <- struct{}{}
}

// dismiss ends the goroutine, which is idle.
func (w *worker[T]) dismiss() {
	w.alarm.stop()
	if w.kept {
		w.kept = false
		close(w.in)
		w.in = make(chan struct{}, 1)
	}
}

// work is the goroutine. A nil recover is no proof of an exit: panic(nil) gives one under
// GODEBUG=panicnil=1. But after a recovered panic serve returns, and after an exit it never
// does.
func (w *worker[T]) work(in <-chan struct{}) {
	ended, back := false, false
	defer func() {
		if ended {
			return // another goroutine may be at work
		}
		if !back {
			w.out.how = call.Exited
		}
		w.broke()
	}()
	ended = w.serve(in)
	back = true
	if !ended && w.out.panic == nil {
		w.out.panic = new(runtime.PanicNilError)
	}
}

// serve drives until there is nothing more to do; it returns false if a hook has panicked.
// One defer serves all hooks: the goroutine is not used again then.
func (w *worker[T]) serve(in <-chan struct{}) (ended bool) {
	defer func() {
		if ended {
			return
		}
		w.out = outcome{how: call.Panicked}
		if w.calling != nil {
			w.leave()
		}
		w.out.stack = string(debug.Stack())
		w.out.panic = recover()
	}()
	for range in {
		pprof.SetGoroutineLabels(w.e.parent) // not those of the hooks before
		w.e.now = time.Since(w.e.started)
		if !w.drive() {
			break
		}
		w.gate.Park()
		w.signal()
	}
	return true
}

// drive runs hooks until the execution is for the caller to go on with. It returns false
// if it was lost: to a caller that gave the running hook up.
//
// While user code runs, this goroutine must hold nothing but the hook's own memory, since
// it may hold it for ever: so the execution is looked up again afterwards.
func (w *worker[T]) drive() bool {
	var t task[T]
	for w.e.nextCall(w, &t) {
		c := t.hookContext
		w.calling = c
		if c.over() {
			w.out = outcome{err: errNeverBegun}
		} else {
			if due := w.due.Load(); due != 0 && int64(c.deadline()) < due {
				w.signal()
			}
			t.do(&w.out)
		}
		mine := w.leave()
		w.calling = nil
		if !mine {
			w.endedLate(c)
			return false
		}
		if !w.e.passed(c, &w.out) {
			break
		}
	}
	return true
}

// beside runs a logger or a trace callback here. Such code is trusted not to block, but it may
// panic, or exit: then this goroutine ends, and the caller goes on with another.
func (w *worker[T]) beside(fn func()) {
	w.telling = true
	contained(fn)
	w.telling = false
}

func contained(fn func()) {
	defer func() { _ = recover() }()
	fn()
}

// leave claims the end of the running call, then stamps it, then asks whether the caller
// still wants it; see package call for the order. It returns false if it was given up.
func (w *worker[T]) leave() bool {
	c := w.calling
	mine := w.gate.Leave(c.call())
	w.out.at = time.Since(c.run.started)
	w.out.parentErr = c.run.parentErr()
	w.lost = !mine
	return mine
}

// broke is called last on a goroutine on which a call has panicked or exited. If it was a
// logger or a trace callback that exited, the caller just goes on; if none was running, it was
// the driver that panicked, and the caller is to go on with that.
func (w *worker[T]) broke() {
	c := w.calling
	w.calling = nil
	switch {
	case w.lost:
		w.endedLate(c)
		return
	case c != nil:
		w.e.attempt.bad = true
	case w.telling:
		w.telling = false
	default:
		w.broken = true
	}
	w.kept = false
	w.gate.Park()
	w.signal()
}

// endedLate is called when a call that was given up has ended.
func (w *worker[T]) endedLate(c *hookContext) {
	<-w.noted
	c.run.lateEnd(w.entry.AbandonedHook, w.out.how)
	if c.phase == PhaseExecute {
		c.run.endedLate(w.late, c.inside(), &w.out)
	}
	w.core.ended(w.entry)
}

// errNeverBegun stands for the end of a call that was given up before it began: there is no
// effect to undo.
var errNeverBegun = errors.New("hooks: the call was given up before it began")

// An outcome is how a call ended.
type outcome struct {
	how       call.How
	value     any // of Execute
	err       error
	warnings  []string // of a validator
	panic     any
	stack     string
	at        time.Duration // since run.started
	parentErr error         // what the caller's context said just after that
}
