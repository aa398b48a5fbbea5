package hooks

import (
	"context"
	"time"
)

// An attempt is one start of one hook, from the copy that it gets to the version that it
// leaves: what the driver knows of the hook that is under way.
type attempt[T any] struct {
	stage   stage
	bad     bool  // the call of this stage did not go well, so the caller has to settle it
	copyErr error // why the state could not be copied at this stage: likewise

	work   *T         // the hook's copy, or its view if it only reads
	before *T         // the view of the version before, for validators
	prior  version[T] // that version; its state is nil if it was given away

	begun   time.Duration // when the budget of ValidateEvent and Execute was started
	judged  bool          // somebody has judged it
	judging time.Duration // when the budget of those who do was started, likewise
	ran     time.Duration // ValidateEvent and Execute
	copying time.Duration

	value    any
	skipRest bool
	size     int64 // of the version that it made
	changes  []Change

	sealed *sealedCells // what it left of cells, nil if nothing

	asked    int      // how many validators have been, those of the cells last
	warnings []string // theirs
	terms
}

// A stage is where an attempt stands: what is to be done next, or is being done. The stages
// of a hook are passed in order, but for those that it does not need.
type stage uint8

const (
	stageStart stage = iota
	stageLend        // getting the memory that the hook needs
	stageEvent       // its ValidateEvent
	stageExecute
	stageResult // its ValidateResult
	stageCopy   // making the next version
	stageState  // the executor's validators
	stageEnd
)

// A task is a call of user code. It has what that code may see and nothing more: the
// goroutine that makes the call may hold it for ever.
type task[T any] struct {
	*hookContext
	execute   func(ctx context.Context, state *T) (any, error)
	event     func(ctx context.Context, state *T) error
	result    func(ctx context.Context, result any) error
	validator Validator[T]

	state  *T
	value  any
	change *StateChange[T]
}

// do makes the call. How it ended is written where it is to stay: an outcome is too large to be
// handed around.
func (t *task[T]) do(out *outcome) {
	*out = outcome{}
	switch t.phase {
	case PhaseExecute:
		out.value, out.err = t.execute(t.hookContext, t.state)
	case PhaseValidateEvent:
		out.err = t.event(t.hookContext, t.state)
	case PhaseValidateResult:
		out.err = t.result(t.hookContext, t.value)
	case PhaseValidateState:
		said := t.validator.Validate(t.hookContext, *t.change)
		out.err, out.warnings = said.Err, said.Warnings
	}
}

// nextCall goes on to the next call of user code, writes it to t and opens it. It returns false
// if there is none: because the chain is at its end or at a parallel group, or because the state
// could not be copied.
//
// Loggers and trace callbacks run on the worker; they can end its goroutine. So they are
// called last in their stage, when it has been passed: somebody else goes on from there.
func (e *execution[T]) nextCall(w *worker[T], t *task[T]) bool {
	for e.next < e.upTo {
		st := &e.steps[e.next]
		if st.role != hookStep && e.attempt.stage == stageStart {
			if st.role == firstStep && (st.group.kind == parallelGroup || e.mustStop() != nil) {
				return false // the caller sees to it
			}
			e.cross(st)
			continue
		}
		switch e.attempt.stage {
		case stageStart:
			if (e.watched || e.dry) && (e.over() || e.tether.cutBy() != nil) {
				return false // before anybody is told of it, or it is skipped for another reason
			}
			if e.skip(st) {
				continue
			}
			e.startAttempt(w)
			fallthrough
		case stageLend:
			if !e.lend(st) {
				return false
			}
			fallthrough
		case stageEvent:
			if st.validateEvent != nil && e.attempt.stage == stageEvent {
				*t = e.eventTask(st)
				return w.open(t)
			}
			e.attempt.stage = stageExecute
			fallthrough
		case stageExecute:
			*t = e.executeTask(st)
			return w.open(t)
		case stageResult:
			if st.validateResult != nil {
				*t = e.resultTask(st)
				return w.open(t)
			}
			fallthrough
		case stageCopy:
			if !e.copyOut(st) {
				return false
			}
			fallthrough
		case stageState:
			n := e.validatorsOf(st)
			if e.attempt.asked < n {
				if !e.lookAfter() {
					return false
				}
				*t = e.stateTask(st)
				return w.open(t)
			}
			if of := e.attempt.cellJudges(); e.attempt.asked-n < len(of) {
				*t = e.cellTask(of[e.attempt.asked-n])
				return w.open(t)
			}
			fallthrough
		case stageEnd:
			if st.role == lastStep {
				e.endGroup()
				continue
			}
			e.endAttempt(w)
		}
	}
	return false
}

// open opens the call of t. From then on, the execution may be the caller's.
func (w *worker[T]) open(t *task[T]) bool {
	w.gate.Enter(t.call())
	return true
}

// passed goes on after the call that has just ended, if all is well. If not, the execution
// is for the caller, who finds how the call ended in the worker.
func (e *execution[T]) passed(c *hookContext, out *outcome) bool {
	a := &e.attempt
	e.now = out.at
	if out.warnings != nil {
		a.warn(out.warnings)
	}
	if out.err != nil || out.at >= c.deadline() || out.parentErr != nil {
		a.bad = true
		return false
	}
	switch a.stage {
	case stageExecute:
		f := &e.frames[e.next]
		f.due, f.effect, f.result = true, EffectDone, out.value
		e.executed(c, out)
	case stageState:
		a.asked++
	default:
		c.close()
		a.stage++
	}
	return true
}

// executed goes on after an Execute that counts as a success so far.
func (e *execution[T]) executed(c *hookContext, out *outcome) {
	a := &e.attempt
	c.close()
	e.log.told = e.log.told || c.more.Load() != nil
	a.value, a.ran = out.value, out.at-a.begun
	a.stage = stageResult
}
