package hooks

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"
)

// A job is what an executor was asked to do.
type job[T any] struct {
	state  *T         // the caller's
	cell   *Shared[T] // or the cell whose value is the state
	shared bool       // it is that of a cell
	dry    bool
}

// check refuses a job without a state.
func (j *job[T]) check() error {
	if j.shared {
		return j.cell.usable()
	}
	if j.state == nil {
		return invalidArgument("the state is nil; pass a pointer to the state")
	}
	return nil
}

// home is the cell whose value is the state, nil if there is none.
func (j *job[T]) home() *cell {
	if j.cell == nil {
		return nil
	}
	return j.cell.base()
}

// A round is one run of the whole chain. What it does to cells counts only if all that it has read
// of cells is still current when it commits. If it is not, or if there is no instant at which
// all of it was, the round is lost: it is undone, and there may be another one, on what the
// cells hold then.
func (e *execution[T]) round() {
	e.forward()
	if e.failed == nil && !e.dry {
		e.commit()
	}
}

// beginRound makes the first version, which the hooks begin with.
func (e *execution[T]) beginRound() error {
	state, home := e.job.state, e.job.home()
	if home != nil || e.again {
		f := newFootprint(home, e.turn)
		if home != nil {
			state = f.look(home).state.(*T)
		}
		e.footprint.Store(f)
	}
	e.versions = versions[T]{
		caller: state, cell: home != nil, live: e.core.cfg.Execution.DisableSnapshots,
		copier: e, mover: e.x.mover,
	}
	if len(e.steps) == 0 {
		e.versions.live = true // nobody will look at the state
	}
	return e.versions.prime()
}

// lostRound reports whether the chain has failed because its round was lost.
func (e *execution[T]) lostRound() bool {
	return e.failed != nil && e.footprint.Load().lost()
}

// conflict makes f, the failure of a hook, one of a round that is lost if it is: then it does not
// matter what the hook has made of it. It may have seen that, or may have gone wrong because of
// values that Edit and Read did not give.
func (e *execution[T]) conflict(f *failure) {
	if !e.footprint.Load().lost() {
		return
	}
	f.stuck = true
	if f.abandoned || f.tied() || e.dead() != nil {
		return
	}
	f.phase, f.outcome = PhaseExecute, OutcomeConflict
	if !isConflict(f.err) {
		f.err = &joined{errConflict, f.err, "; the hook ended with: "}
	}
}

// isConflict reports whether an error says already that the round is lost.
func isConflict(err error) (found bool) {
	left := maxErrorNodes
	walk(err, &left, func(err error) bool {
		found = found || err == errConflict
		return harmlessType(err)
	})
	return found
}

// loseRound fails the chain, which could not commit because of a cell.
func (e *execution[T]) loseRound(f *footprint) {
	e.fail(nil, PhaseCommit, &said{ErrConflict, "another execution has meanwhile changed a " + f.lostOver.title + " that this one has read"})
}

// runAgain undoes the round, which was lost, and begins another one. It returns false if there
// must not be one, or cannot be.
func (e *execution[T]) runAgain() bool {
	e.conflicts++
	lostOver := e.footprint.Load().lostOver
	e.core.debug("round lost", zap.String("execution", e.id), zap.Int("round", e.report.Rounds), zap.String("over", lostOver.title))
	if why := e.mustEnd(); why != nil {
		return e.giveUpAfter(why)
	}
	e.forgetCells()
	if !e.unwind(&e.log, 0, e.rolledBack) {
		return e.giveUpAfter(errors.New("not run again, as not all could be undone"))
	}
	pause := roundPause(e.report.Rounds)
	if !e.pause(pause, nil) || !e.queueAgain(lostOver, pause) {
		return e.giveUpAfter(fmt.Errorf("not run again: %w", e.stoppedNow().cause))
	}
	e.restart()
	if err := e.beginRound(); err != nil {
		if late := e.dead(); late != nil {
			err = late.cause
		}
		e.fail(nil, PhaseCopy, err)
		return false
	}
	return true
}

// mustEnd says why there must not be another round.
func (e *execution[T]) mustEnd() error {
	cfg := &e.core.cfg.Execution
	switch n := int64(e.report.Rounds); {
	case n >= cfg.MaxRounds && n == 1:
		return errors.New("not run again (MaxRounds 1)")
	case n >= cfg.MaxRounds:
		return fmt.Errorf("given up after %d rounds (MaxRounds)", n)
	case cfg.DisableSnapshots:
		return errors.New("not run again, as DisableSnapshots is set")
	case e.forsaken || e.lost:
		return errors.New("not run again, as a call was abandoned, so that its outcome is not known")
	}
	for i := range e.report.Rollbacks {
		if e.report.Rollbacks[i].Err != nil {
			return errors.New("not run again, as not all could be undone")
		}
	}
	return nil
}

func (e *execution[T]) giveUpAfter(why error) bool {
	e.failed.Err = &joined{e.failed.Err, why, "; "}
	return false
}

// stoppedNow is why the execution has to stop, or would have had to during the pause that it did
// not begin.
func (e *execution[T]) stoppedNow() *lateness {
	if late := e.mustStop(); late != nil {
		return late
	}
	return &lateness{cause: &said{ErrTimeout, "the time that is left is shorter than the pause before it"}}
}

// restart forgets the round.
func (e *execution[T]) restart() {
	e.failed, e.why, e.blamed = nil, nil, nil
	e.skipped, e.restSkipped, e.continued = false, false, 0
	clear(e.report.hooks)
	e.report.Rounds++
	e.goBack(0, version[T]{})
	e.look()
}

const (
	shortestPause = 50 * time.Microsecond
	longestPause  = 10 * time.Millisecond
)

// roundPause is how long to wait after so many rounds that were lost. Half of it is random, so
// that two that met do not meet again.
func roundPause(rounds int) time.Duration {
	d := longestPause
	if rounds < 8 {
		d = shortestPause << rounds
	}
	return d/2 + rand.N(d/2)
}
