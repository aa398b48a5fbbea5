package hooks

import (
	"fmt"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"
)

// How a chain works on cells: see Shared for what is promised, and cell.go for how they commit.
// All of this is the driver's.

// enterCell takes the turn, and then the value, of the cell whose value is the state.
func (e *execution[T]) enterCell() error {
	c := &e.cell.cell
	if err := e.mayTouch(c); err != nil {
		return err
	}
	if e.writes() && !e.waitsForNobody() {
		if !c.turns.take(e.context) {
			if late := e.dead(); late != nil {
				return late.cause
			}
			return e.parentCause()
		}
		e.turn = true
	}
	e.readCell()
	return nil
}

// writes reports whether a hook of the chain may change the state.
func (e *execution[T]) writes() bool {
	for i := range e.steps {
		if st := &e.steps[i]; st.role == hookStep && !st.options.ReadOnly {
			return true
		}
	}
	return false
}

// waitsForNobody reports whether an execution around this one has a turn: who has one never
// waits for another, or two could wait for each other.
func (r *run) waitsForNobody() bool {
	for outer := r.outer; outer != nil && outer.run != nil; outer = outer.run.outer {
		if t := outer.run.touched.Load(); t != nil && t.state != nil {
			return true
		}
	}
	return false
}

// giveTurn gives the turn to the next, if this execution has it.
func (e *execution[T]) giveTurn() {
	if e.turn {
		e.turn = false
		e.cell.turns.give()
	}
}

// readCell begins a round with the value that the cell has now.
func (e *execution[T]) readCell() {
	t := &touched{state: &e.cell.cell}
	v := t.read(t.state) // the first thing that is read has an instant
	e.touched.Store(t)
	e.base = version[T]{state: v.state.(*T), size: v.size, refs: v.refs}
}

// weigh makes a conflict of a failure in a round that is lost.
func (e *execution[T]) weigh(f *failure) {
	if !f.conflict && e.touched.Load().lost() {
		f.conflict, f.outcome, f.err = true, OutcomeConflict, errLost
	}
}

// loseRound fails the chain, which cannot commit.
func (e *execution[T]) loseRound() {
	e.why = &failure{phase: PhaseCommit, outcome: OutcomeConflict, err: errLost, conflict: true}
	e.fail(nil, PhaseCommit, errLost)
}

// anotherRound lets the chain, which has been undone, begin anew if it has lost to others.
func (e *execution[T]) anotherRound() bool {
	if e.why == nil || !e.why.conflict {
		return false
	}
	e.conflicts++
	if reason := e.lastRound(); reason != "" {
		e.failed.Err = &said{ErrConflict, errLost.Error() + "; not run again: " + reason}
		return false
	}
	if !e.pause(roundPause(e.report.Rounds), nil) {
		if late := e.dead(); late != nil {
			e.fail(nil, PhaseCommit, late.cause)
		}
		return false
	}
	e.core.debug("round lost", zap.String("execution", e.id), zap.Int("round", e.report.Rounds))
	e.beginAnew()
	return true
}

// lastRound says why there must not be another round, if there must not: something of the one
// that was lost is left, or there have been enough.
func (e *execution[T]) lastRound() string {
	switch most := e.core.cfg.Execution.MaxRounds; {
	case int64(e.report.Rounds) >= most:
		return fmt.Sprintf("this was round %d of %d (MaxRounds)", e.report.Rounds, most)
	case e.forsaken, e.lost:
		return "a call that was given up is still running"
	case e.versions.live:
		return "hooks have changed the state itself (DisableSnapshots)"
	case e.undoable:
		return "nothing was undone (DisableRollback)"
	}
	return ""
}

// beginAnew begins the next round.
func (e *execution[T]) beginAnew() {
	e.failed, e.why, e.blamed = nil, nil, nil
	e.continued, e.restSkipped, e.skipped = 0, false, false
	e.report.Rounds++
	clear(e.report.hooks)
	if e.cell != nil {
		e.readCell()
		e.versions.caller = e.base.state
	} else {
		e.touched.Store(nil)
	}
	e.goBack(0, e.base)
}

// roundPause is how long to wait after so many rounds: so that who has lost to each other does
// not meet again.
func roundPause(rounds int) time.Duration {
	most := time.Microsecond << min(4+rounds, 12) // 32µs to 4ms
	return time.Duration(rand.Int64N(int64(most)))
}
