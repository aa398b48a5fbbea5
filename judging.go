package hooks

import (
	"context"
	"fmt"
	"time"

	"github.com/hooktx/hooks/internal/show"
)

// What judges an attempt: before its Execute the hook's own ValidateEvent, after it the
// hook's ValidateResult, the copy that counts the size, and the executor's validators.

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
