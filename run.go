package hooks

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hooktx/hooks/internal/show"
)

// A run is the part of an execution that does not depend on the state's type. Its
// fields are written before the first hook starts, but for those that say otherwise.
// It is never used again: whatever user code kept, such as a context, may lead to it.
type run struct {
	core *core
	*outline
	id      string
	outer   *scope    // what the execution was begun in, nil if in no hook
	started time.Time // at entry

	parent     context.Context // the caller's; its end is the caller's wish
	parentDone <-chan struct{} // its Done
	values     context.Context // what all contexts of the execution take their values from
	limits     []limit         // the parent's deadline and TotalTimeout
	until      time.Duration   // the earliest of them, since started; NoLimit: none
	hooks      []hookContext   // one for each step
	undoing    atomic.Int64    // nanoseconds that the chain's undo calls have taken so far

	footprint atomic.Pointer[footprint] // of the round; nil as long as no cell has been touched

	active, overdue int32 // guarded by core.mu: itself and its late compensations; its abandoned calls

	dry    bool
	traced bool        // values is of the Trace's making
	late   atomic.Bool // set once, when the execution's own undoing is over

	mu       sync.Mutex     // guards what follows; never held while user code runs
	cause    error          // why parent has ended, once somebody had to know
	nested   map[string]int // executions begun inside, by path of the hook
	undone   map[int32]int  // effects that have been undone, by the hook's place
	held     map[int32]int  // which effect was committed, likewise; only of hooks that were retried
	contexts *contexts      // nil until somebody asks
	ended    bool           // and so have they

	// Undo work for hooks that ended late. It may begin when the execution's own undoing is
	// over, and from then on one goroutine at a time works it off, so that undo calls of one
	// execution never overlap.
	mayUndo bool
	working bool
	queue   []func()
}

// begin makes the run of an execution that was asked for under ctx. It fails if the id
// that was asked for is malformed.
func (r *run) begin(ctx context.Context, newID func() string) error {
	r.parent, r.values = ctx, ctx
	r.parentDone, r.limits = ctx.Done(), deadlineOf(ctx, r.started)
	r.outer = scopeFrom(ctx)
	switch outer := r.outer; {
	case outer == nil:
		r.id = newID()
	case outer.requested != nil:
		r.id = *outer.requested
		if err := checkExecutionID(r.id); err != nil {
			return err
		}
	default:
		r.id = outer.run.nextNested(outer.info.Hook)
	}
	return nil
}

// start starts the clocks.
func (r *run) start() {
	if total := r.core.cfg.Execution.TotalTimeout; total != NoLimit {
		r.limits = append(r.limits, limit{at: r.started.Add(total), cause: &timeLimit{"the execution (TotalTimeout)", total}})
		r.context() // now: it tells later whether the caller's context ended before
	}
	r.until = NoLimit
	if first := earliest(r.limits); first != nil {
		r.until = first.at.Sub(r.started)
	}
}

// contexts are the contexts of an execution. Most executions need none.
type contexts struct {
	ctx  context.Context // ends with the parent, at TotalTimeout, or with the execution
	life context.Context // ends with the execution alone
	end  func(cause error)
}

// context returns the context of all that the execution waits for.
func (r *run) context() context.Context { return r.ask().ctx }

// ask returns the contexts of the execution; if it has ended, so have they. Any
// goroutine may ask.
func (r *run) ask() *contexts {
	if c := r.made(); c != nil {
		return c
	}
	fresh := r.makeContexts()
	r.mu.Lock()
	if r.contexts == nil {
		r.contexts = fresh
	}
	c, ended := r.contexts, r.ended
	r.mu.Unlock()
	if ended || c != fresh {
		fresh.end(errExecutionEnded)
	}
	return c
}

// made returns the contexts if there are any.
func (r *run) made() *contexts {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.contexts
}

func (r *run) makeContexts() *contexts {
	base, stop := r.parent, context.CancelFunc(func() {})
	if r.traced {
		base = &valued{r.parent, r.values}
	}
	for _, l := range r.limits {
		if l.cause != errParentDeadline {
			base, stop = context.WithDeadlineCause(base, l.at, l.cause)
		}
	}
	ctx, cancel := context.WithCancelCause(base)
	life, end := context.WithCancelCause(context.WithoutCancel(r.values))
	s := &scope{run: r, info: Info{Execution: r.id, DryRun: r.dry}}
	return &contexts{
		ctx: s.in(ctx), life: s.in(life),
		end: func(cause error) { cancel(cause); end(cause); stop() },
	}
}

// renew replaces the contexts: what runs from now on has the values of the trace's context.
func (r *run) renew(values context.Context) {
	r.mu.Lock()
	old := r.contexts
	r.contexts, r.values, r.traced = nil, values, true
	r.mu.Unlock()
	if old != nil {
		old.end(errExecutionEnded)
	}
	if len(r.limits) > 0 {
		r.context()
	}
}

// end ends the contexts of the execution.
func (r *run) end() {
	r.mu.Lock()
	c := r.contexts
	r.ended = true
	r.mu.Unlock()
	if c != nil {
		c.end(errExecutionEnded)
	}
}

// A valued context ends like the context inside and has the values of another: of one
// that a Trace callback returned, which may have been derived from anything.
type valued struct {
	context.Context
	values context.Context
}

func (v *valued) Value(key any) any { return v.values.Value(key) }

// deadlineOf returns the deadline of the caller's context as a limit. It is made
// monotonic: from now on no change of the wall clock moves it.
func deadlineOf(parent context.Context, now time.Time) []limit {
	at, ok := parent.Deadline()
	if !ok {
		return nil
	}
	return []limit{{at: now.Add(at.Sub(now)), cause: errParentDeadline}}
}

// dead returns why the execution has to stop, nil if it need not: the caller's
// context or TotalTimeout has ended. If both have, it is the one that did first.
func (r *run) dead() *lateness {
	parentErr := r.askParent()
	if parentErr == nil && len(r.limits) == 0 {
		return nil
	}
	late := r.lateAt(r.limits, time.Now(), parentErr)
	if late == nil || late.cancelled {
		return late
	}
	if c := r.made(); c != nil && c.ctx.Err() != nil && context.Cause(c.ctx) != late.cause {
		return &lateness{cause: r.parentCause(), cancelled: true}
	}
	return late
}

// parentErr asks the caller's context whether it has ended, if it ever can.
func (r *run) parentErr() error {
	if r.parentDone == nil {
		return nil
	}
	return r.askParent()
}

// over reports whether the execution has to stop.
func (r *run) over() bool {
	return r.parentErr() != nil || r.until != NoLimit && time.Since(r.started) >= r.until
}

// askParent asks. If that panics, nobody can want an answer any more.
func (r *run) askParent() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = parentPanicked(p)
		}
	}()
	return r.parent.Err()
}

// askCause asks it why.
func (r *run) askCause() (cause error) {
	defer func() {
		if p := recover(); p != nil {
			cause = parentPanicked(p)
		}
	}()
	return context.Cause(r.parent)
}

func parentPanicked(with any) error {
	return fmt.Errorf("the caller's context panicked when it was asked whether it had ended: %s", show.Value(with))
}

// lateAt returns nil if a call that ended at at, when the parent's Err was parentErr,
// was in time, and why it was late otherwise.
func (r *run) lateAt(limits []limit, at time.Time, parentErr error) *lateness {
	l := past(limits, at)
	switch {
	case l != nil && l.cause != errParentDeadline:
		return &lateness{cause: l.cause, own: l.own, group: l.group}
	case l != nil || parentErr != nil:
		return &lateness{cause: r.parentCause(), cancelled: true}
	}
	return nil
}

// parentCause is why the parent has ended. The cause is an error of somebody's, so its
// text is rendered once.
func (r *run) parentCause() error {
	r.mu.Lock()
	cause := r.cause
	r.mu.Unlock()
	if cause != nil {
		return cause
	}
	r.awaitParent()
	cause = r.renderCause(r.askCause())
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cause == nil {
		r.cause = cause
	}
	return r.cause
}

// dueGrace is how long a context may take to end once its deadline has passed. Its timer
// is due, but on a busy machine nobody may have run it yet; and a context of somebody's
// own may never end.
const dueGrace = 100 * time.Millisecond

// awaitParent waits until the parent, whose time is up, knows that it has ended, so that
// it can say why.
func (r *run) awaitParent() {
	done := r.parent.Done()
	if done == nil || r.askParent() != nil {
		return
	}
	timer := time.NewTimer(dueGrace)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

func (r *run) renderCause(cause error) error {
	if cause == nil {
		return context.DeadlineExceeded
	}
	if left := maxErrorNodes; harmless(cause, &left) {
		return cause
	}
	b := r.newDetached(context.Background(), errorGrace, "the cause of the caller's context")
	defer b.end(errHookEnded)
	return r.classify(&scope{run: r, info: Info{Execution: r.id}}, b, cause).err
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

// key returns the idempotency key of an effect of the hook with the given path: every start
// means the same effect until that has been undone.
func (r *run) key(path string, generation int) string {
	return r.id + "/" + path + "#" + strconv.Itoa(generation)
}

// undid counts that an effect of a hook has been undone, or was tried to be.
func (r *run) undid(hook int32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.undone == nil {
		r.undone = map[int32]int{}
	}
	r.undone[hook]++
}

// holds writes down that the effect that r names was committed.
func (r *run) holds(effect *record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held == nil {
		r.held = map[int32]int{}
	}
	r.held[effect.index] = effect.terms().undone
}

// settled reports whether nothing is to be undone of an attempt that was given up: another
// one of the same effect was committed. To a provider that tells effects apart by their keys,
// the two are one.
//
// If another one of the same effect has been undone meanwhile, this one is undone as well: the
// effect may have come after that. The two undo calls have the same key, so that they are one
// to the provider, too, if the first did anything.
func (r *run) settled(effect *record) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	held, ok := r.held[effect.index]
	return ok && held == effect.terms().undone
}

// undoneOf returns how many effects of a hook have been undone.
func (r *run) undoneOf(hook int32) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.undone[hook]
}

// addLate queues undo work for a hook that ended late.
func (r *run) addLate(work func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue = append(r.queue, work)
	r.undoLate()
}

// openLate lets that work begin.
func (r *run) openLate() {
	r.late.Store(true)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mayUndo = true
	r.undoLate()
}

// undoLate starts the work if there is any, it may begin, and nobody does it yet. The lock
// must be held.
func (r *run) undoLate() {
	if r.mayUndo && !r.working && len(r.queue) > 0 {
		r.working = true
		go r.workLate()
	}
}

func (r *run) workLate() {
	for {
		r.mu.Lock()
		if len(r.queue) == 0 {
			r.working = false
			r.mu.Unlock()
			return
		}
		next := r.queue[0]
		r.queue = r.queue[1:]
		r.mu.Unlock()
		next()
	}
}
