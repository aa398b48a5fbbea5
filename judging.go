package hooks

import (
	"slices"

	"github.com/hooktx/hooks/internal/show"
)

// What judges an attempt: before its Execute the hook's own ValidateEvent, after it the
// hook's ValidateResult, the copy that counts the size, and the executor's validators.

// judges are the contexts of what judges a hook. Like the hook's own they are never used
// again, and are written before the call is opened.
type judges struct{ event, result, state *hookContext }

// newJudge returns the context of a call which has the budget that was started at begun.
func (e *execution[T]) newJudge(p Phase) *hookContext {
	a := &e.attempt
	c := &hookContext{record{run: e.run, index: int32(e.next), phase: p}}
	c.agree(a.terms)
	if p == PhaseValidateEvent {
		c.begun = a.begun
		return c
	}
	if !a.judged {
		a.judged, a.judging = true, e.now
	}
	c.begun = a.judging
	return c
}

// close ends the contexts that have not ended.
func (j *judges) close() {
	for _, c := range [...]*hookContext{j.event, j.result, j.state} {
		if c != nil {
			c.close()
		}
	}
}

// contextOf returns the context of a call by its number: of one that was opened.
func (e *execution[T]) contextOf(call int) *hookContext {
	i := call / callsPerHook
	switch Phase(call%callsPerHook) + PhaseValidateEvent {
	case PhaseValidateEvent:
		return e.judges[i].event
	case PhaseValidateResult:
		return e.judges[i].result
	case PhaseValidateState:
		return e.judges[i].state
	}
	return &e.contexts[i]
}

// callsPerHook is how many calls there are for a hook at most. Those of the validators
// count as one: they share their budget, so whoever has to cut one may cut another.
const callsPerHook = int(PhaseValidateState-PhaseValidateEvent) + 1

// call is the number of the context's call.
func (c *hookContext) call() int {
	return int(c.index)*callsPerHook + int(c.phase-PhaseValidateEvent)
}

// validatorsOf is how many validators judge what a hook makes of the state.
func (e *execution[T]) validatorsOf(st *step[T]) int {
	if st.options.ReadOnly {
		return 0
	}
	return len(e.validators)
}

// judgeCell lets the validators of the cell whose value is the state judge it, too.
func (e *execution[T]) judgeCell() {
	if of := e.job.cell.validators; len(of) > 0 && !e.core.cfg.Validation.SkipState {
		e.validators = slices.Concat(e.validators, of)
		e.needJudges()
	}
}

// needsBefore reports whether somebody will look at the version before the hook.
func (e *execution[T]) needsBefore(st *step[T]) bool {
	return st.validateEvent != nil || !e.versions.live && e.validatorsOf(st) > 0
}

func (e *execution[T]) eventTask(st *step[T]) task[T] {
	c := e.newJudge(PhaseValidateEvent)
	e.judges[e.next].event = c
	return task[T]{hookContext: c, event: st.validateEvent, state: e.attempt.before}
}

func (e *execution[T]) resultTask(st *step[T]) task[T] {
	c := e.newJudge(PhaseValidateResult)
	e.judges[e.next].result = c
	return task[T]{hookContext: c, result: st.validateResult, value: e.attempt.value}
}

// lookAfter sees to it that there is a view of the version that the hook made. It returns
// false if that could not be copied.
func (e *execution[T]) lookAfter() bool {
	copies := e.versions.copies
	_, e.attempt.copyErr = e.versions.look()
	if e.versions.copies > copies {
		e.timeCopy()
	}
	return e.attempt.copyErr == nil
}

// stateTask asks the next validator. All that judge a hook share their context.
func (e *execution[T]) stateTask(st *step[T]) task[T] {
	a := &e.attempt
	change := &StateChange[T]{Hook: st.name, After: e.versions.view, Size: a.size}
	if !e.versions.live {
		change.Before = a.before
	}
	return task[T]{hookContext: e.stateJudge(), validator: e.validators[a.asked].Validator, change: change}
}

// cellTask asks the next validator of a cell.
func (e *execution[T]) cellTask(judge cellJudge) task[T] {
	e.needJudges()
	return task[T]{hookContext: e.stateJudge(), validator: cellValidator[T]{judge}, change: new(StateChange[T])}
}

// stateJudge is the context of the hook's validators.
func (e *execution[T]) stateJudge() *hookContext {
	j := &e.judges[e.next]
	if j.state == nil {
		j.state = e.newJudge(PhaseValidateState)
	}
	return j.state
}

// needJudges makes the list of judges that nothing of the chain itself needs. The caller, who may
// be looking at a call meanwhile, looks at the list only once there has been a judge.
func (e *execution[T]) needJudges() {
	if len(e.judges) == 0 {
		e.judges = make([]judges, len(e.steps))
	}
}

// judgeName is the name of the validator that is being asked.
func (e *execution[T]) judgeName() string {
	if asked := e.attempt.asked; asked < len(e.validators) {
		return e.validators[asked].name
	} else {
		return e.attempt.cellJudges()[asked-len(e.validators)].name
	}
}

// warn keeps the warnings of a validator.
func (a *attempt[T]) warn(warnings []string) {
	for _, w := range warnings {
		a.warnings = append(a.warnings, show.Text(w, maxErrorText))
	}
}
