package hooks

import (
	"context"
	"fmt"
	"time"

	"github.com/hooktx/hooks/internal/call"
	"github.com/hooktx/hooks/internal/deep"
	"github.com/hooktx/hooks/internal/show"
)

// An attempt is one start of one hook, from the copy that it gets to the version
// that it leaves.
type attempt[T any] struct {
	e     *execution[T]
	step  *step[T]
	frame *frame
	info  Info
	res   *Result

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
	a.info = Info{
		Execution: e.id, Hook: st.name, Index: st.index, Attempt: 1, Round: 1,
		Phase: PhaseExecute, DryRun: e.dry, IdempotencyKey: e.key(st.name),
	}
	a.frame = &frame{info: a.info}
	return a
}

// perform makes the attempt, and seals its frame. What it leaves is a new version, a
// frame that says how to undo the hook, and the hook's result.
func (a *attempt[T]) perform() *failure {
	a.base = a.e.startHook(a.e.ctx, a.info)
	stages := [...]func() *failure{
		a.prepare, a.validateEvent, a.execute, a.validateResult, a.copyOut, a.validateState,
	}
	var f *failure
	for _, stage := range stages {
		if f = stage(); f != nil {
			break
		}
	}
	a.frame.seal()
	for _, b := range [...]*budget{a.budget, a.second} {
		if b != nil {
			b.end(errHookEnded)
		}
	}
	a.record(f)
	return f
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
func (a *attempt[T]) timeout() time.Duration {
	if d := a.step.options.Timeout; d != 0 {
		return d
	}
	return a.e.core.cfg.Execution.DefaultTimeout
}

func (a *attempt[T]) validateEvent() *failure {
	validate := a.step.validateEvent
	if validate == nil {
		return nil
	}
	m := a.e.do(a.scope(PhaseValidateEvent), a.budget, func(ctx context.Context) error { return validate(ctx, a.before) })
	a.ran = time.Since(a.begun)
	if m == nil {
		return nil
	}
	f := &failure{phase: PhaseValidateEvent, outcome: OutcomeInvalid, err: &classed{ErrInvalidEvent, m.err}, stack: m.stack, abandoned: m.abandoned}
	a.e.versions.taint() // what did not end well, or its error, may still hold the view
	if m.late != nil {   // it shares the hook's deadline, and the hook's verdict
		f.late, f.outcome, f.err = m.late, m.late.outcome(), m.err
	}
	return f
}

// returned is what Execute returns.
type returned struct {
	value any
	err   error
}

func (a *attempt[T]) execute() *failure {
	a.res.Attempts++
	s := a.scope(PhaseExecute)
	s.frame = a.frame
	// The goroutine of a hook that never ends must hold the hook's own memory alone.
	do, work := a.step.execute, a.work
	body := func(ctx context.Context) returned {
		value, err := do(ctx, work)
		return returned{value, err}
	}
	out, late := invoke(a.e.run, s, a.budget, body, a.e.endedLate(a.frame, s))
	a.frame.seal()
	defer a.budget.end(errHookEnded)
	if a.step.options.ReadOnly && (out == nil || late != nil || out.How != call.Returned || out.Value.err != nil) {
		a.e.versions.taint() // what did not end well, or its error, may still hold the view
	}
	if out == nil {
		a.ran = time.Since(a.begun)
		return &failure{phase: PhaseExecute, outcome: late.outcome(), err: late.cause, late: late, abandoned: true, running: true}
	}
	a.ran = out.At.Sub(a.begun)
	m := a.e.judge(s, a.budget, out.How, out.Value.err, out.Panic, out.Stack, late)
	a.frame.settle(m, out.Value.value)
	if m == nil || m.skipRest && m.late == nil {
		a.value, a.skipRest = out.Value.value, m != nil
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

// endedLate returns what is called on the hook's goroutine when an abandoned Execute has
// ended. It knows no more of the execution than that takes, since a hook that never ends
// keeps it for ever.
func (r *run) endedLate(f *frame, s *scope) func(*call.Outcome[returned]) {
	return func(out *call.Outcome[returned]) {
		f.seal()
		r.compensate(f, func() {
			d, of := r.lateUndoLimit()
			b := r.newDetached(r.values, d, of)
			defer b.end(errHookEnded)
			f.settle(r.judge(s, b, out.How, out.Value.err, out.Panic, out.Stack, nil), out.Value.value)
		})
	}
}

// judges starts the second budget, if it has not started.
func (a *attempt[T]) judges() *budget {
	if a.second == nil {
		a.second = a.e.newBudget(a.base, a.timeout(), `validating hook "`+a.step.name+`"`)
	}
	return a.second
}

func (a *attempt[T]) validateResult() *failure {
	validate := a.step.validateResult
	if validate == nil {
		return nil
	}
	m := a.e.do(a.scope(PhaseValidateResult), a.judges(), func(ctx context.Context) error { return validate(ctx, a.value) })
	if m == nil {
		return nil
	}
	return &failure{
		phase: PhaseValidateResult, outcome: OutcomeInvalid,
		err: &classed{ErrInvalidResult, m.err}, stack: m.stack, late: m.late, abandoned: m.abandoned,
	}
}

// copyOut makes the next version of what the hook left.
func (a *attempt[T]) copyOut() *failure {
	v := &a.e.versions
	if a.step.options.ReadOnly || v.live {
		return nil
	}
	begun := time.Now()
	err := v.advance(a.work)
	a.copying += time.Since(begun)
	if err != nil {
		return a.copyFailed(err)
	}
	a.res.StateSize = v.current.size
	if a.tracks() {
		a.res.Changes = diff(a.prior.state, v.current.state)
	}
	return nil
}

// validateState asks the validators, in order. They share a budget, and the views of
// the versions before and after.
func (a *attempt[T]) validateState() *failure {
	if a.step.options.ReadOnly || len(a.e.x.validators) == 0 {
		return nil
	}
	after, err := a.e.versions.look()
	if err != nil {
		return a.refused(a.copyFailed(err))
	}
	change := StateChange[T]{Hook: a.step.name, After: after, Size: a.res.StateSize}
	if !a.e.versions.live {
		change.Before = a.before
	}
	for i := range a.e.x.validators {
		if f := a.ask(&a.e.x.validators[i], change); f != nil {
			return a.refused(f)
		}
	}
	return nil
}

// refused takes the new version back.
func (a *attempt[T]) refused(f *failure) *failure {
	if !a.e.versions.live {
		a.e.versions.retreat(a.prior)
	}
	return f
}

func (a *attempt[T]) ask(v *namedValidator[T], change StateChange[T]) *failure {
	s := a.scope(PhaseValidateState)
	judge := func(ctx context.Context) ValidationResult { return v.Validate(ctx, change) }
	out, late := invoke(a.e.run, s, a.judges(), judge, nil)
	var m *mishap
	if out == nil {
		m = &mishap{err: late.cause, late: late, abandoned: true}
	} else {
		for _, w := range out.Value.Warnings {
			a.res.Warnings = append(a.res.Warnings, show.Text(w, maxErrorText))
		}
		m = a.e.judge(s, a.judges(), out.How, out.Value.Err, out.Panic, out.Stack, late)
	}
	if m == nil {
		return nil
	}
	a.e.versions.taint()
	return &failure{
		phase: PhaseValidateState, outcome: OutcomeInvalid, stack: m.stack, late: m.late, abandoned: m.abandoned,
		err: &classed{ErrInvalidState, fmt.Errorf("validator %q: %w", v.name, m.err)},
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
	res.Warnings = append(a.frame.warnings, res.Warnings...)
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

// copyOptions returns the bounds of one copy of the execution's state: it stops when
// the execution has to, and DeepCopy methods, which are user code, share a budget.
func (e *execution[T]) copyOptions() (deep.Options, func()) {
	var b *budget
	call := func(fn func()) error {
		if b == nil {
			b = e.newBudget(e.ctx, e.core.cfg.Execution.DefaultTimeout, "copying the state")
		}
		s := &scope{run: e.run, info: Info{Execution: e.id, Hook: e.at, Phase: PhaseCopy, DryRun: e.dry}}
		m := e.do(s, b, func(context.Context) error { fn(); return nil })
		if m == nil {
			return nil
		}
		e.lost = e.lost || m.abandoned
		return m.err
	}
	stop := func() error {
		if late := e.dead(); late != nil {
			return late.cause
		}
		return nil
	}
	opts := deep.Options{Stop: stop, Call: call}
	if limit := e.core.cfg.Execution.MaxStateSize; limit != NoLimit {
		opts.Limit = limit
	}
	return opts, func() {
		if b != nil {
			b.end(errHookEnded)
		}
	}
}
