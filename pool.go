package hooks

import (
	"sync"
	"time"
)

// A pool keeps what executions can use again: their own memory, and idle workers with their
// goroutines. It keeps nothing for long: whatever was not needed for an interval is let go
// of, so that an executor that is not used has no goroutine. The zero pool is ready.
//
// In a bubble of testing/synctest nothing is kept, since the bubble's time would stand still
// for a goroutine of ours that waits, and nothing is taken that was made outside.
type pool[T any] struct {
	x *Executor[T]

	mu      sync.Mutex // guards what follows
	idle    []*execution[T]
	unused  int  // the fewest that were idle at a time in this interval
	closed  bool // keep nothing
	sweeper *time.Timer
	ticking bool
}

// idleTime is the interval.
const idleTime = 50 * time.Millisecond

// take returns an execution of so many hooks that begins at now.
func (p *pool[T]) take(now time.Time, hooks int) *execution[T] {
	e := p.idleOne(now)
	if e == nil {
		e = &execution[T]{x: p.x, worker: newWorker[T](p.x.core), ledger: p.x.core.metrics.open()}
	}
	e.run, e.report = newRun(hooks), newReport(hooks)
	e.core, e.started = p.x.core, now
	e.worker.e = e
	return e
}

func (p *pool[T]) idleOne(now time.Time) *execution[T] {
	if inBubble(now) {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle) - 1
	if n < 0 {
		return nil
	}
	e := p.idle[n]
	p.idle[n] = nil
	p.idle = p.idle[:n]
	p.unused = min(p.unused, n)
	return e
}

// inBubble reports whether now was read in a bubble of testing/synctest: such times have no
// monotonic reading, so that removing it changes nothing.
func inBubble(now time.Time) bool { return now == now.Round(0) } //nolint:staticcheck // Equal ignores the reading

// replace returns another worker for e, whose own was lost to a hook.
func (p *pool[T]) replace(e *execution[T]) *worker[T] {
	w := newWorker[T](p.x.core)
	w.e = e
	return w
}

// release gives e back when its execution is over.
func (e *execution[T]) release() {
	e.letGoOfCells()
	p := &e.x.idle
	bubble := inBubble(e.started)
	e.reset()
	if bubble || !p.put(e) {
		e.letGo()
	}
}

// letGo ends what e holds.
func (e *execution[T]) letGo() {
	e.worker.dismiss()
	e.x.core.metrics.close(e.ledger)
}

// reset forgets the execution that is over.
func (e *execution[T]) reset() {
	log, frames, judges, groups, options := e.log.frames, e.frames, e.judges, e.groups, e.options
	clear(log)
	clear(frames)
	clear(judges)
	clear(groups[:cap(groups)])
	*e = execution[T]{x: e.x, worker: e.worker, ledger: e.ledger, options: options}
	e.log.frames, e.frames, e.judges, e.groups = log[:0], frames[:0], judges[:0], groups[:0]
	e.worker.out, e.worker.over = outcome{}, nil
}

// put keeps e, if it may.
func (p *pool[T]) put(e *execution[T]) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.idle = append(p.idle, e)
	if !p.ticking {
		p.ticking, p.unused = true, len(p.idle)
		if p.sweeper == nil {
			p.sweeper = time.AfterFunc(idleTime, p.sweep)
		} else {
			p.sweeper.Reset(idleTime)
		}
	}
	return true
}

// sweep lets go of what was idle during the whole of an interval: the oldest ones, since
// the newest is taken first.
func (p *pool[T]) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.idle[:p.unused] {
		e.letGo()
	}
	n := copy(p.idle, p.idle[p.unused:])
	clear(p.idle[n:])
	p.idle = p.idle[:n]
	p.unused = n
	if p.ticking = n > 0; p.ticking {
		p.sweeper.Reset(idleTime)
	}
}

// close lets go of everything, now and later.
func (p *pool[T]) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, e := range p.idle {
		e.letGo()
	}
	p.idle = nil
	p.unused = 0
}
