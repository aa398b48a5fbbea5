package hooks

import (
	"context"
	"time"

	"github.com/hooktx/hooks/internal/call"
)

// An attempt is one start of one hook, from the copy that it gets to the version
// that it leaves.
type attempt[T any] struct {
	e     *execution[T]
	step  *step[T]
	frame *frame
	info  Info
	res   *Result

	context *hookContext // of a plain hook

	base   context.Context // what the attempt's contexts derive from
	budget *budget         // of ValidateEvent and Execute
	second *budget         // of what judges them

	work   *T         // the hook's copy, or its view if it only reads
	before *T         // the view of the version before, for validators
	prior  version[T] // that version; its state is nil if it was given away

	begun    time.Time     // when the hook's budget was started
	ran      time.Duration // ValidateEvent and Execute
	copying  time.Duration
	value    any
	skipRest bool
}

// A failure is why an attempt did not succeed.
type failure struct {
	phase     Phase
	outcome   Outcome
	err       error
	stack     string
	late      *lateness // nil if it was in time
	abandoned bool      // a call of the hook did not end
	running   bool      // that call was its Execute
}

func (e *execution[T]) newAttempt(st *step[T], res *Result) *attempt[T] {
	a := &attempt[T]{e: e, step: st, res: res}
	a.frame = &frame{record: &record{run: e.run, index: int32(st.index)}}
	a.info = a.frame.info()
	return a
}

// perform makes the attempt, and seals its frame. What it leaves is a new version, a
// frame that says how to undo the hook, and the hook's result.
func (a *attempt[T]) perform() *failure {
	a.base = a.e.startHook(a.e.context(), a.info)
	stages := [...]func() *failure{
		a.prepare, a.validateEvent, a.execute, a.validateResult, a.copyOut, a.validateState,
	}
	var f *failure
	for _, stage := range stages {
		if f = stage(); f != nil {
			break
		}
	}
	a.seal(f)
	return f
}

// seal ends all contexts of the attempt, and completes the hook's Result.
func (a *attempt[T]) seal(f *failure) {
	a.frame.seal()
	a.e.log.told = true
	if a.context != nil {
		a.context.close()
	}
	for _, b := range [...]*budget{a.budget, a.second} {
		if b != nil {
			b.end(errHookEnded)
		}
	}
	a.record(f)
}

// at returns the Info of a phase.
func (a *attempt[T]) at(p Phase) Info {
	info := a.info
	info.Phase = p
	return info
}

func (a *attempt[T]) scope(p Phase) *scope { return &scope{run: a.e.run, info: a.at(p)} }

// tracks reports whether the version before the hook must survive it.
func (a *attempt[T]) tracks() bool {
	return !a.step.options.ReadOnly && (a.e.core.cfg.Monitoring.TrackChanges || a.e.dry)
}

// prepare gets the memory that the attempt needs, then starts the hook's clock.
func (a *attempt[T]) prepare() *failure {
	begun := time.Now()
	err := a.memory()
	a.copying = time.Since(begun)
	if err != nil {
		return a.copyFailed(err)
	}
	if late := a.e.dead(); late != nil {
		return &failure{phase: PhaseExecute, outcome: late.outcome(), err: late.cause, late: late}
	}
	a.begun = time.Now()
	a.budget = a.e.newBudget(a.base, a.timeout(), `hook "`+a.step.name+`"`)
	return nil
}

func (a *attempt[T]) memory() (err error) {
	v, opts := &a.e.versions, &a.step.options
	if a.step.validateEvent != nil || !opts.ReadOnly && len(a.e.x.validators) > 0 && !v.live {
		if a.before, err = v.look(); err != nil {
			return err
		}
	}
	switch {
	case opts.ReadOnly && a.step.rollback == nil:
		a.work, err = v.look()
	case opts.ReadOnly:
		a.work, err = v.private()
	default:
		a.work, err = v.take(opts.OnFailure == Continue || a.tracks())
		a.prior = v.current
	}
	if rollback := a.step.rollback; rollback != nil {
		work := a.work
		a.frame.rollback = func(ctx context.Context) error { return rollback(ctx, work) }
	}
	return err
}

// copyFailed is the failure of an attempt whose state could not be copied, or whose
// execution had to stop meanwhile.
func (a *attempt[T]) copyFailed(err error) *failure {
	if late := a.e.dead(); late != nil {
		return &failure{phase: PhaseCopy, outcome: late.outcome(), err: late.cause, late: late}
	}
	return &failure{phase: PhaseCopy, outcome: OutcomeInvalid, err: &classed{ErrInvalidState, err}}
}

// timeout is the length of each of the hook's two budgets.
func (a *attempt[T]) timeout() time.Duration { return a.step.timeout }

// returned is what Execute returns.
type returned struct {
	value any
	err   error
}

func (a *attempt[T]) execute() *failure {
	a.res.Attempts++
	s := a.scope(PhaseExecute)
	s.record = a.frame.record
	// The goroutine of a hook that never ends must hold the hook's own memory alone.
	do, work := a.step.execute, a.work
	body := func(ctx context.Context) returned {
		value, err := do(ctx, work)
		return returned{value, err}
	}
	r, f := a.e.run, a.frame
	out, late := invoke(r, s, a.budget, body, func(o *call.Outcome[returned]) {
		r.endedLate(f, s, &outcome{how: o.How, value: o.Value.value, err: o.Value.err, panic: o.Panic, stack: o.Stack})
	})
	a.frame.seal()
	defer a.budget.end(errHookEnded)
	if out == nil {
		if a.step.options.ReadOnly {
			a.e.versions.taint()
		}
		a.ran = time.Since(a.begun)
		return &failure{phase: PhaseExecute, outcome: late.outcome(), err: late.cause, late: late, abandoned: true, running: true}
	}
	a.ran = out.At.Sub(a.begun)
	return a.judged(a.e.judge(s, a.budget, out.How, out.Value.err, out.Panic, out.Stack, late), out.Value.value)
}

// judged is what comes of an Execute that ended, once its error has been asked.
func (a *attempt[T]) judged(m *mishap, value any) *failure {
	if a.step.options.ReadOnly && m != nil {
		a.e.versions.taint() // what did not end well, or its error, may still hold the view
	}
	a.frame.settle(m, value)
	if m == nil || m.skipRest && m.late == nil {
		a.value, a.skipRest = value, m != nil
		return nil
	}
	return &failure{phase: PhaseExecute, outcome: m.outcome(), err: m.err, stack: m.stack, late: m.late}
}

// settle writes down what is known of the effect of an Execute that ended.
func (f *frame) settle(m *mishap, value any) {
	switch {
	case m == nil || m.returned:
		f.due, f.effect, f.result = true, EffectDone, value
	case m.unknown:
		f.due, f.effect = true, EffectUnknown
	default:
		f.due, f.effect = false, EffectFailed
	}
}

// record completes the hook's Result.
func (a *attempt[T]) record(f *failure) {
	res := a.res
	res.Outcome, res.Value = OutcomeSucceeded, a.value
	if f != nil {
		res.Outcome, res.Value = f.outcome, nil
		res.Err, res.Stack, res.Abandoned = f.err, f.stack, f.abandoned
		a.info.Phase = f.phase
	}
	res.Warnings = append(a.frame.said().warnings, res.Warnings...)
	if !a.e.core.cfg.Monitoring.SkipTiming {
		res.Duration, res.CopyDuration = a.ran, a.copying
	}
	a.e.endHook(a.base, a.info, res)
}

// outcome is the outcome of an Execute that ended.
func (m *mishap) outcome() Outcome {
	switch {
	case m.late != nil:
		return m.late.outcome()
	case m.how == call.Panicked:
		return OutcomePanicked
	case m.how == call.Exited:
		return OutcomeExited
	case m.rejected:
		return OutcomeRejected
	}
	return OutcomeFailed
}
