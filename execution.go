package hooks

import (
	"context"
	"fmt"
	"time"

	"github.com/hooktx/hooks/internal/deep"
)

// An execution is one chain over one state. One goroutine at a time drives it: a worker,
// while plain hooks run and all goes well, and else the caller's; see worker. Its memory is
// used again for the next execution, so nothing of it may be given to user code: what user
// code can keep leads to the run.
type execution[T any] struct {
	*run
	x        *Executor[T]
	job      job[T]
	worker   *worker[T]
	steps    []step[T]
	shortest time.Duration // of their timeouts
	next     int           // the step under way, or the next one
	upTo     int           // at which one the chain ends
	whole    int           // at which one it would if no hook skipped the rest
	now      time.Duration // since started, when the driver looked last
	attempt  attempt[T]    // of the hook under way
	versions versions[T]
	log      undoLog
	contexts []hookContext // one for each step
	frames   []frame       // likewise
	judges   []judges      // likewise; none if nothing judges the hooks
	groups   []openGroup[T]
	report   *Report
	ledger   *ledger         // its own share of the metrics
	failed   *ExecutionError // why the chain failed, nil as long as it has not
	why      *failure        // likewise, if a hook or group did
	blamed   *step[T]        // likewise: which one

	// Of a member of a parallel group:
	outside *groupLimit // of the groups that it is in
	tether  *tether
	skipped bool // a hook has skipped the rest
	broken  any  // a panic that is no hook's

	restSkipped bool // a member has skipped what comes after the group

	continued int64 // hooks that failed while the chain went on

	validators []namedValidator[T] // of the executor, and of the cell whose value is the state
	reads      bool                // all hooks only read
	turn       *cell               // whose turn it has, nil if none
	conflicts  int64               // rounds that were lost

	lost     bool // a DeepCopy method that was given up holds memory of a version
	forsaken bool // a call of a hook was given up

	tracked bool // the version before a hook must survive it
	again   bool // the chain has gone back to an earlier hook
	watched bool // somebody wants to know when a hook starts and ends

	options deep.Options // for copies of the state
	asked   *budget      // of the DeepCopy methods of the copy that is being made
}

// execute is Execute, ExecuteShared and DryRun.
func (x *Executor[T]) execute(ctx context.Context, job job[T], hooks []Hook[T]) (*Report, error) {
	e := x.idle.take(time.Now(), len(hooks))
	defer e.release()
	e.job, e.report.DryRun, e.dry = job, job.dry, job.dry
	e.tracked, e.watched = e.dry || x.core.cfg.Monitoring.TrackChanges, x.core.watched()
	if err := e.admit(ctx, hooks); err != nil {
		return e.report, x.core.refuse(err)
	}
	defer e.core.leave(e.run)
	e.report.outline, e.report.Rounds = e.outline, 1
	e.startExecution(len(e.steps))
	e.round()
	for e.lostRound() && e.runAgain() {
		e.round()
	}
	if e.failed != nil || e.dry {
		e.back()
	}
	return e.finish()
}

// refuse counts and logs an execution that was refused before anything ran.
func (c *core) refuse(err *ExecutionError) error {
	c.metrics.update(func(m *Metrics) { m.Refused++ })
	c.failure("execution refused", err.Execution, err.Hook, err.Phase, err)
	return err
}

// admit checks all that can be checked before anything runs. If it returns nil, the
// execution counts as under way until leave.
func (e *execution[T]) admit(ctx context.Context, hooks []Hook[T]) *ExecutionError {
	no := func(err error) *ExecutionError {
		return &ExecutionError{Execution: e.report.Execution, Index: -1, Phase: PhasePrepare, Err: err}
	}
	if ctx == nil {
		return no(invalidArgument("the context is nil; pass context.Background() if there is none"))
	}
	if err := e.job.check(); err != nil {
		return no(err)
	}
	if err := e.begin(ctx, e.worker.nextID); err != nil {
		return no(err)
	}
	e.report.Execution = e.id
	if late := e.lateAt(e.limits, e.started, ctx.Err()); late != nil {
		return no(late.cause)
	}
	if err := e.core.enter(e.run); err != nil {
		return no(err)
	}
	e.start()
	if xe := e.prepare(hooks, no); xe != nil {
		e.end()
		e.core.leave(e.run)
		return xe
	}
	return nil
}

// prepare resolves the hooks, waits for the turn if the state is that of a cell, and makes the
// first copy.
func (e *execution[T]) prepare(hooks []Hook[T], no func(error) *ExecutionError) *ExecutionError {
	if xe := e.resolve(hooks, no); xe != nil {
		return xe
	}
	if xe := e.supported(no); xe != nil {
		return xe
	}
	e.validators = e.x.validators
	if e.job.shared {
		e.judgeCell()
		if err := e.enterCell(); err != nil {
			return no(err)
		}
	}
	if err := e.beginRound(); err != nil {
		if late := e.dead(); late != nil {
			err = late.cause
		}
		return no(err)
	}
	return nil
}

// supported refuses what cannot be had without copies.
func (e *execution[T]) supported(no func(error) *ExecutionError) *ExecutionError {
	if !e.core.cfg.Execution.DisableSnapshots {
		return nil
	}
	switch {
	case e.dry:
		return no(&said{ErrUnsupported, "a dry run needs snapshots, and DisableSnapshots is set"})
	case e.job.shared:
		return no(&said{ErrUnsupported, "ExecuteShared needs snapshots, and DisableSnapshots is set"})
	}
	for i := range e.steps {
		if st := &e.steps[i]; st.needsCopies() != "" {
			xe := no(&said{ErrUnsupported, st.needsCopies() + " needs snapshots, and DisableSnapshots is set"})
			xe.Hook, xe.Index = st.name, i
			return xe
		}
	}
	return nil
}

// needsCopies says what of a step needs snapshots, if anything does.
func (st *step[T]) needsCopies() string {
	switch {
	case st.group != nil && st.group.kind == parallelGroup:
		return "a parallel group"
	case st.group != nil && st.group.kind == retryGroup:
		return "a retry"
	case st.options.OnFailure == Continue:
		return "the policy Continue"
	}
	return ""
}

// forward runs the hooks until one ends the chain.
func (e *execution[T]) forward() {
	for goOn := true; goOn && e.next < e.upTo; {
		st := &e.steps[e.next]
		if e.attempt.stage == stageStart && st.role != lastStep {
			if late := e.mustStop(); late != nil {
				e.stop(late)
				return
			}
		}
		if st.role == firstStep && st.group.kind == parallelGroup {
			goOn = e.parallel()
		} else {
			goOn = e.delegate()
		}
	}
}

// mustStop returns why nothing more may be started, nil if it may.
func (e *execution[T]) mustStop() *lateness {
	if late := e.dead(); late != nil {
		return late
	}
	if e.tether.cutBy() != nil {
		return e.stoppedBy()
	}
	return nil
}

// delegate lets a worker run hooks, and says whether the chain goes on after that.
func (e *execution[T]) delegate() bool {
	w := e.worker
	w.over = nil
	w.handOver()
	if !w.await(e) {
		e.forsaken = true
		e.worker = e.x.idle.replace(e)
		return e.giveUp(w.over)
	}
	if w.broken {
		w.broken = false
		panic(fmt.Sprintf("%v\n\n%s", w.out.panic, w.out.stack))
	}
	if a := &e.attempt; !a.bad && a.copyErr == nil {
		return true
	}
	w.dismiss()
	return e.settle(&w.out, w.over)
}

// stop fails the chain, which has to stop before its next hook.
func (e *execution[T]) stop(late *lateness) {
	e.failGroups(&failure{phase: PhaseExecute, outcome: late.outcome(), err: late.cause, late: late})
	e.fail(nil, PhaseExecute, late.cause)
}

// fail settles why the chain failed. st is nil if no hook is to blame.
func (e *execution[T]) fail(st *step[T], p Phase, err error) {
	e.failed = &ExecutionError{Execution: e.id, Index: -1, Phase: p, Err: err}
	if e.blamed = st; st != nil {
		e.failed.Hook, e.failed.Index = st.name, st.index
	}
}

func (e *execution[T]) rolledBack(res RollbackResult) {
	e.report.Rollbacks = append(e.report.Rollbacks, res)
}

// back undoes everything: the chain has failed, or was a dry run.
func (e *execution[T]) back() {
	e.forgetCells()
	e.unwind(&e.log, 0, e.rolledBack)
	var broken []RollbackResult
	for _, r := range e.report.Rollbacks {
		if r.Err != nil {
			broken = append(broken, r)
		}
	}
	if e.failed == nil && broken != nil {
		e.fail(nil, PhaseOnRollback, ErrRollback)
	}
	if e.failed != nil {
		e.failed.Rollbacks = broken
	}
}

// finish completes the report and publishes it.
func (e *execution[T]) finish() (*Report, error) {
	var err error
	if e.failed != nil {
		err = e.failed
		e.report.failed = true
		for i := range e.names {
			e.report.dropValue(i)
		}
	}
	if !e.core.cfg.Monitoring.SkipTiming {
		e.report.Duration = e.duration()
	}
	e.end()
	e.ledger.publish(e.report, e.continued, e.conflicts, !e.core.cfg.Monitoring.SkipTiming)
	e.endExecution(e.report, err)
	e.hold()
	e.openLate()
	e.forget()
	return e.report, err
}

// hold writes down which effects have been committed, for what an earlier attempt of the same
// hooks may do that was given up: see compensate.
func (e *execution[T]) hold() {
	if e.forsaken && e.again && e.report.Committed {
		for _, f := range e.log.frames {
			e.holds(f.record)
		}
	}
}

// duration is how long the execution has taken. If nothing has happened since the last hook
// that takes longer than reading the clock, that need not be read again.
func (e *execution[T]) duration() time.Duration {
	if e.failed == nil && e.now > 0 && e.x.mover != nil && !e.log.told {
		return e.now
	}
	return time.Since(e.started)
}

// forget drops what only the undoing of hooks needed that have ended: a hook that was given
// up holds the memory of the run.
func (e *execution[T]) forget() {
	if !e.forsaken {
		return
	}
	for i := range e.contexts {
		full := e.report.hooks[i].full
		if full == nil || !full.Abandoned && full.Attempts <= 1 { // else it may be that of an earlier attempt
			e.contexts[i].forget()
		}
	}
}
