package hooks

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// A run is the part of an execution that does not depend on the state's type. Its
// fields are written before the first hook starts, but for those that say otherwise.
type run struct {
	core    *core
	id      string
	dry     bool
	outer   *scope    // what the execution was begun in, nil if in no hook
	started time.Time // at entry

	parent context.Context         // the caller's; its end is the caller's wish
	ctx    context.Context         // ends with parent, at TotalTimeout, or with the execution
	cancel context.CancelCauseFunc // ends ctx
	values context.Context         // what ctx and undo contexts take their values from
	limits []limit                 // the parent's deadline and TotalTimeout

	late atomic.Bool // set once, when the execution's own undoing is over

	undoing time.Duration // by the driver: what its undo calls have taken so far

	mu     sync.Mutex
	nested map[string]int // executions begun inside, by path of the hook

	queue lateWork // undo work for hooks that ended late
}

// newRun makes the run of an execution that was asked for under ctx. It fails if the
// id that was asked for is malformed.
func newRun(c *core, ctx context.Context, dry bool) (*run, error) {
	r := &run{core: c, dry: dry, started: time.Now(), parent: ctx, values: ctx}
	outer := scopeFrom(ctx)
	r.outer = outer
	switch {
	case outer == nil:
		r.id = rand.Text()
	case outer.requested != nil:
		r.id = *outer.requested
		if err := checkExecutionID(r.id); err != nil {
			return r, err
		}
	default:
		r.id = outer.run.nextNested(outer.info.Hook)
	}
	return r, nil
}

// begin starts the clocks and makes the contexts.
func (r *run) begin() {
	r.limits = deadlineOf(r.parent, r.started)
	total := r.core.cfg.Execution.TotalTimeout
	base, stop := r.values, context.CancelFunc(func() {})
	if total != NoLimit {
		l := limit{r.started.Add(total), &timeLimit{"the execution (TotalTimeout)", total}}
		r.limits = append(r.limits, l)
		base, stop = context.WithDeadlineCause(base, l.at, l.cause)
	}
	ctx, cancel := context.WithCancelCause(base)
	s := &scope{run: r, call: ctx, info: Info{Execution: r.id, DryRun: r.dry}}
	r.ctx = s.in(ctx)
	r.cancel = func(cause error) { cancel(cause); stop() }
}

// deadlineOf returns the deadline of the caller's context as a limit. It is made
// monotonic: from now on no change of the wall clock moves it.
func deadlineOf(parent context.Context, now time.Time) []limit {
	at, ok := parent.Deadline()
	if !ok {
		return nil
	}
	return []limit{{now.Add(at.Sub(now)), errParentDeadline}}
}

// dead returns why the execution has to stop, nil if it need not: the caller's
// context or TotalTimeout has ended.
func (r *run) dead() *lateness {
	return judge(r.limits, r.parent, time.Now(), r.parent.Err())
}

// nextNested returns the id of the next execution begun inside this one, by the hook
// with the given path.
func (r *run) nextNested(path string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.nested == nil {
		r.nested = map[string]int{}
	}
	r.nested[path]++
	if path == "" {
		return fmt.Sprintf("%s#%d", r.id, r.nested[path])
	}
	return fmt.Sprintf("%s/%s#%d", r.id, path, r.nested[path])
}

// key returns the idempotency key of the effect of the hook with the given path.
// A hook is started once in an execution, so its effect has one generation.
func (r *run) key(path string) string { return r.id + "/" + path + "#1" }

// A lateWork is a queue of undo work for hooks that ended late. It is opened when
// the execution's own undoing is over, and from then on one goroutine at a time works
// it off, so that undo calls of one execution never overlap.
type lateWork struct {
	mu      sync.Mutex // never held while work is done
	opened  bool
	working bool
	queue   []func()
}

func (l *lateWork) add(work func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = append(l.queue, work)
	l.start()
}

func (l *lateWork) open() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.opened = true
	l.start()
}

// start starts the worker if there is work, it may begin, and nobody does it yet.
func (l *lateWork) start() {
	if l.opened && !l.working && len(l.queue) > 0 {
		l.working = true
		go l.work()
	}
}

func (l *lateWork) work() {
	for {
		l.mu.Lock()
		if len(l.queue) == 0 {
			l.working = false
			l.mu.Unlock()
			return
		}
		next := l.queue[0]
		l.queue = l.queue[1:]
		l.mu.Unlock()
		next()
	}
}
