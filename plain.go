package hooks

import (
	"context"
	"math"
	"time"

	"github.com/hooktx/hooks/internal/call"
)

// Most hooks are plain: nobody but their Execute has a say in what comes of them, and
// nobody looks on. A worker runs one after the other, as long as they succeed. Everything
// else is an attempt, which the caller makes or, of a plain hook, ends.

// plain reports whether the hooks of an execution can be plain.
func (x *Executor[T]) plain(dry bool) bool {
	m := &x.core.cfg.Monitoring
	return !dry && x.core.cfg.Trace == nil && !m.TrackChanges && !m.DetailedLogging
}

// plain reports whether the hook is plain in an execution in which hooks can be.
func (st *step[T]) plain(validated bool) bool {
	return st.validateEvent == nil && st.validateResult == nil && (!validated || st.options.ReadOnly)
}

// executeFunc is the Execute of a hook.
type executeFunc[T any] = func(ctx context.Context, state *T) (any, error)

// A pass is what the driver knows of the plain hook that is under way.
type pass[T any] struct {
	prior   version[T] // before the hook
	work    *T         // the hook's copy, or its view
	copying time.Duration
	copyErr error // why the state could not be copied
	started bool  // its Execute was called
	ended   bool  // and has ended well: only copying can have failed
}

// beginHook makes all ready for the next hook and opens its call. The context is nil if
// there is none, or if the caller has to see to it. The function is nil if the call was
// given up at once: then it must not begin.
func (e *execution[T]) beginHook(gate *call.Gate) (*hookContext, executeFunc[T], *T) {
	if e.next == len(e.steps) || !e.steps[e.next].isPlain || !e.allPlain {
		return nil, nil, nil
	}
	st, c := &e.steps[e.next], &e.hooks[e.next]
	e.pass = pass[T]{prior: e.versions.current}
	c.run, c.index = e.run, int32(e.next)
	f := &e.frames[e.next]
	f.record = &c.record
	e.log.push(f)
	if !e.lend(st, f) {
		return nil, nil, nil
	}
	c.begun = e.now
	r, i, execute, work := e.run, e.next, st.execute, e.pass.work
	e.pass.started = true
	gate.Enter(i) // from here on e may be the caller's
	if !r.over() {
		return c, execute, work
	}
	if !gate.Leave(i) {
		return c, nil, nil
	}
	e.pass.started = false
	e.log.pop(len(e.log.frames) - 1)
	return nil, nil, nil
}

// over reports whether the execution has to stop. It is asked when the call has begun: the
// caller, who looks the other way round, either sees that call or is seen by it.
func (r *run) over() bool {
	return r.parentErr() != nil ||
		r.until != NoLimit && time.Since(r.started) >= r.until
}

// lend gets the hook's memory. It returns false if the state could not be copied. The time
// that a copy takes is not the hook's.
func (e *execution[T]) lend(st *step[T], f *frame) bool {
	p, v := &e.pass, &e.versions
	copies := v.copies
	switch keep := st.options.OnFailure == Continue; {
	case !st.options.ReadOnly:
		p.work, p.copyErr = v.take(keep)
		p.prior = v.current
	case st.rollback == nil:
		p.work, p.copyErr = v.look()
	default:
		p.work, p.copyErr = v.private()
	}
	if rollback, work := st.rollback, p.work; rollback != nil {
		f.rollback = func(ctx context.Context) error { return rollback(ctx, work) }
	}
	if v.copies > copies {
		e.timeCopy()
	}
	return p.copyErr == nil
}

// passHook goes on after the hook that has just ended, if all is well. If not, the
// execution is for the caller, who finds how it ended in the worker.
func (e *execution[T]) passHook(out *outcome) bool {
	st, c := &e.steps[e.next], &e.hooks[e.next]
	e.now = out.at
	if out.err != nil || out.at >= c.deadline() || out.parentErr != nil {
		return false
	}
	e.pass.ended = true
	c.close()
	e.log.told = e.log.told || c.more.Load() != nil
	f := &e.frames[e.next]
	f.due, f.effect, f.result = true, EffectDone, out.value
	if !st.options.ReadOnly && !e.versions.live {
		if e.pass.copyErr = e.advance(); e.pass.copyErr != nil {
			return false
		}
	}
	e.note(c, out)
	e.pass.started = false
	e.next++
	return true
}

// note writes down that the hook has succeeded.
func (e *execution[T]) note(c *hookContext, out *outcome) {
	b := &e.report.hooks[e.next]
	b.value, b.finished = out.value, true
	if !e.core.cfg.Monitoring.SkipTiming {
		b.ran, b.copying = out.at-c.begun, e.pass.copying
	}
	var size int64
	if !e.steps[e.next].options.ReadOnly {
		size = e.versions.current.size // 0 if nothing was copied
	}
	b.size = uint32(min(size, math.MaxUint32))
	if warnings := c.said().warnings; warnings != nil || size > math.MaxUint32 {
		full := e.report.expand(e.next)
		full.StateSize, full.Warnings = size, warnings
	}
}

// advance makes the next version.
func (e *execution[T]) advance() error {
	err := e.versions.advance(e.pass.work)
	e.timeCopy()
	return err
}

// timeCopy adds the time since the driver looked last to what copying has taken. Copies
// that take less than reading the clock are not timed; the next hook's time begins where
// this one's has ended.
func (e *execution[T]) timeCopy() {
	if e.x.mover == nil || e.versions.current.size > untimedSize {
		now := time.Since(e.started)
		e.pass.copying += now - e.now
		e.now = now
	}
}

// untimedSize is the size of a state that is copied in less time than it takes to read the
// clock twice.
const untimedSize = 1 << 10

// resume is the attempt that the worker began.
func (e *execution[T]) resume() *attempt[T] {
	st, c := &e.steps[e.next], &e.hooks[e.next]
	a := &attempt[T]{e: e, step: st, res: e.report.expand(e.next), context: c, frame: &e.frames[e.next], info: c.info()}
	a.work, a.prior, a.copying = e.pass.work, e.pass.prior, e.pass.copying
	if e.pass.started {
		a.res.Attempts = 1
	}
	return a
}

// settle ends the attempt of the hook that the worker could not pass, and says whether the
// chain goes on.
func (e *execution[T]) settle(out *outcome, over *lateness) bool {
	a := e.resume()
	if e.pass.started { // else out is of the hook before
		a.ran = out.at - a.context.begun
	}
	f := e.failureOf(a, out, over)
	if f == nil && !e.pass.ended { // a success all the same: SkipRest
		f = a.copyOut()
	}
	a.seal(f)
	return e.concluded(a, f)
}

func (e *execution[T]) failureOf(a *attempt[T], out *outcome, over *lateness) *failure {
	if e.pass.copyErr != nil {
		if e.pass.ended {
			a.value = out.value
		}
		return a.copyFailed(e.pass.copyErr)
	}
	late := e.lateness(a.context, e.started.Add(out.at), out.parentErr)
	if late != nil && over != nil {
		late = over // what came after the cut is no reason
	}
	if late != nil {
		a.context.end(late.ending(e.run))
	}
	b := e.askingBudget(a, out)
	if b != nil {
		defer b.end(errHookEnded)
	}
	return a.judged(e.judge(a.context.inside(), b, out.how, out.err, out.panic, out.stack, late), out.value)
}

// askingBudget is what is left of the hook's time for the methods of its error, nil if they
// are harmless.
func (e *execution[T]) askingBudget(a *attempt[T], out *outcome) *budget {
	err := out.err
	if out.how == call.Panicked {
		err, _ = out.panic.(error)
	}
	if left := maxErrorNodes; err == nil || harmless(err, &left) {
		return nil
	}
	d := a.step.timeout
	if d != NoLimit {
		d -= out.at - a.context.begun
	}
	return e.newBudget(e.context(), d, `hook "`+a.step.name+`"`)
}

// giveUp ends the attempt of the hook whose call was given up, and says whether the chain
// goes on.
func (e *execution[T]) giveUp(why *lateness) bool {
	a := e.resume()
	a.ran = time.Since(e.started) - a.context.begun
	if a.step.options.ReadOnly {
		e.versions.taint()
	}
	f := &failure{phase: PhaseExecute, outcome: why.outcome(), err: why.cause, late: why, abandoned: true, running: true}
	a.seal(f)
	return e.concluded(a, f)
}
