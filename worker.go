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

// A worker runs hooks on a goroutine of its own: all hooks of a chain, as long as all goes
// well, for one hand-over there and one back. While it does, it drives the execution, and
// the caller waits for it; see await. Whoever drives may touch the execution, the other may
// not. Three things move the wheel:
//
//   - the caller hands over: it sends on in;
//   - the worker hands back: it parks, and wakes the caller. It does so at the end of the
//     chain, and at whatever is not plain: a hook that failed, or one that has validators;
//   - the caller gives the running call up. From then on the worker is its hook's. It has
//     lost the execution, undoes the hook when that has ended, and ends.
//
// So a worker that comes back to the pool has run hooks that returned, and nothing else.
type worker[T any] struct {
	core *core
	in   chan struct{} // one place
	wake chan struct{} // one place; to be woken for nothing is harmless
	gate call.Gate
	due  atomic.Int64 // by the caller: when he looks at the running call, since run.started; 0: early enough

	e       *execution[T] // the driver's; nil after the call was given up
	calling *hookContext  // the worker's: whose Execute is running
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
	for {
		c, execute, work := w.e.beginHook(&w.gate)
		if c == nil {
			return true
		}
		if execute == nil {
			w.out = outcome{err: errNeverBegun}
			w.endedLate(c)
			return false
		}
		if due := w.due.Load(); due != 0 && int64(c.deadline()) < due {
			w.signal()
		}
		w.calling = c
		value, err := execute(c, work)
		w.out = outcome{value: value, err: err}
		if !w.leave() {
			w.calling = nil
			w.endedLate(c)
			return false
		}
		w.calling = nil
		if !w.e.passHook(&w.out) {
			return true
		}
	}
}

// leave claims the end of the running call, then stamps it, then asks whether the caller
// still wants it; see package call for the order. It returns false if it was given up.
func (w *worker[T]) leave() bool {
	c := w.calling
	mine := w.gate.Leave(int(c.index))
	w.out.at = time.Since(c.run.started)
	w.out.parentErr = c.run.parentErr()
	w.lost = !mine
	return mine
}

// broke is called last on a goroutine on which a hook has panicked or exited. If no hook was
// running, it was the driver that panicked: the caller is to go on with that.
func (w *worker[T]) broke() {
	c := w.calling
	w.calling = nil
	if w.lost {
		w.endedLate(c)
		return
	}
	w.kept, w.broken = false, c == nil
	w.gate.Park()
	w.signal()
}

// endedLate is called when an Execute that was given up has ended.
func (w *worker[T]) endedLate(c *hookContext) {
	<-w.noted
	c.run.lateEnd(w.entry.AbandonedHook, w.out.how)
	c.run.endedLate(w.late, c.inside(), &w.out)
	w.core.ended(w.entry)
}

// errNeverBegun stands for the end of a call that was given up before it began: there is no
// effect to undo.
var errNeverBegun = errors.New("hooks: the call was given up before it began")

// An outcome is how an Execute ended.
type outcome struct {
	how       call.How
	value     any
	err       error
	panic     any
	stack     string
	at        time.Duration // since run.started
	parentErr error         // what the caller's context said just after that
}
