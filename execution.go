package hooks

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/hooktx/hooks/internal/call"
)

// An execution is one chain over one state. It is driven by the caller's goroutine
// from beginning to end; user code alone runs elsewhere.
type execution[T any] struct {
	*run
	x        *Executor[T]
	steps    []step[T]
	versions versions[T]
	log      undoLog
	report   *Report
	failed   *ExecutionError // why the chain failed, nil as long as it has not

	continued int64 // hooks that failed while the chain went on

	lost bool // a DeepCopy method that was given up holds memory of a version

	at string // the hook at work, for what is listed or logged meanwhile
}

// execute is Execute and DryRun.
func (x *Executor[T]) execute(ctx context.Context, state *T, hooks []Hook[T], dry bool) (*Report, error) {
	e := &execution[T]{x: x, report: &Report{DryRun: dry}}
	if err := e.admit(ctx, state, hooks, dry); err != nil {
		return e.report, x.core.refuse(err)
	}
	defer e.core.leave(e.run)
	e.startExecution(len(e.steps))
	e.forward()
	if e.failed == nil && !dry {
		e.commit()
	}
	if e.failed != nil || dry {
		e.back()
	}
	return e.finish()
}

// refuse counts and logs an execution that was refused before anything ran.
func (c *core) refuse(err *ExecutionError) error {
	c.ledger.update(func(m *Metrics) { m.Refused++ })
	c.failure("execution refused", err.Execution, err.Hook, err.Phase, err)
	return err
}

// admit checks all that can be checked before anything runs. If it returns nil, the
// execution counts as under way until leave.
func (e *execution[T]) admit(ctx context.Context, state *T, hooks []Hook[T], dry bool) *ExecutionError {
	no := func(err error) *ExecutionError {
		return &ExecutionError{Execution: e.report.Execution, Index: -1, Phase: PhasePrepare, Err: err}
	}
	switch {
	case ctx == nil:
		return no(invalidArgument("the context is nil; pass context.Background() if there is none"))
	case state == nil:
		return no(invalidArgument("the state is nil; pass a pointer to the state"))
	}
	r, err := newRun(e.x.core, ctx, dry)
	if err != nil {
		return no(err)
	}
	e.run, e.report.Execution = r, r.id
	if late := r.lateAt(deadlineOf(ctx, r.started), r.started, ctx.Err()); late != nil {
		return no(late.cause)
	}
	if err := e.core.enter(r); err != nil {
		return no(err)
	}
	e.begin()
	if xe := e.prepare(state, hooks, no); xe != nil {
		e.cancel(errExecutionEnded)
		e.core.leave(r)
		return xe
	}
	return nil
}

// prepare resolves the hooks and makes the first copy.
func (e *execution[T]) prepare(state *T, hooks []Hook[T], no func(error) *ExecutionError) *ExecutionError {
	if xe := e.resolve(hooks, no); xe != nil {
		return xe
	}
	if xe := e.supported(no); xe != nil {
		return xe
	}
	e.versions = versions[T]{caller: state, live: e.core.cfg.Execution.DisableSnapshots, options: e.copyOptions}
	if len(e.steps) == 0 {
		e.versions.live = true // nobody will look at the state
	}
	if err := e.versions.prime(); err != nil {
		if late := e.dead(); late != nil {
			err = late.cause
		}
		return no(err)
	}
	return nil
}

// A resolution is what resolving a chain gave: all its steps, or the error of the
// first hook that is no good.
type resolution[T any] struct {
	steps []step[T]
	err   error
}

// resolve looks up every hook's abilities. That asks hooks for their names and
// options, which is user code.
func (e *execution[T]) resolve(hooks []Hook[T], no func(error) *ExecutionError) *ExecutionError {
	limit := e.core.cfg.Execution.DefaultTimeout
	b := e.newBudget(e.ctx, limit, "the Name and Options methods of the hooks")
	defer b.end(errHookEnded)
	s := &scope{run: e.run, info: Info{Execution: e.id, Phase: PhasePrepare, DryRun: e.dry}}
	hooks = append([]Hook[T](nil), hooks...) // the caller's slice is the caller's
	asking := new(atomic.Int64)
	out, late := invoke(e.run, s, b, func(context.Context) resolution[T] { return resolveAll(hooks, asking) }, nil)
	at := int(asking.Load())
	blame := func(name string, err error) *ExecutionError {
		xe := no(err)
		xe.Hook, xe.Index = name, at
		return xe
	}
	switch {
	case late != nil && (!late.own || len(hooks) == 0):
		return no(late.cause)
	case out == nil:
		return blame("", &classed{ErrInvalidHook, fmt.Errorf("hook %d: its Name or Options did not return: %w", at, late.cause)})
	case out.How != call.Returned:
		m := e.judge(s, b, out.How, nil, out.Panic, out.Stack, nil)
		return blame("", &classed{ErrInvalidHook, fmt.Errorf("hook %d: its Name or Options did not return: %w", at, m.err)})
	case out.Value.err != nil:
		return blame(out.Value.steps[at].name, fmt.Errorf("hook %d: %w", at, out.Value.err))
	case late != nil:
		return no(late.cause)
	}
	e.steps = out.Value.steps
	e.dropValidation()
	return nil
}

// dropValidation takes the abilities away that the configuration does not want.
func (e *execution[T]) dropValidation() {
	cfg := &e.core.cfg.Validation
	for i := range e.steps {
		if cfg.SkipEvent {
			e.steps[i].validateEvent = nil
		}
		if cfg.SkipResult {
			e.steps[i].validateResult = nil
		}
	}
}

func resolveAll[T any](hooks []Hook[T], asking *atomic.Int64) resolution[T] {
	steps := make([]step[T], len(hooks))
	places := make(map[string]int, len(hooks))
	for i, h := range hooks {
		asking.Store(int64(i))
		st, err := resolve(h)
		st.index = i
		steps[i] = st
		if first, twice := places[st.name]; twice && err == nil {
			err = &said{ErrDuplicateHook, fmt.Sprintf("duplicate hook %q: it is hook %d already; names must be unique within a chain", st.name, first)}
		}
		if err != nil {
			return resolution[T]{steps, err}
		}
		places[st.name] = i
	}
	return resolution[T]{steps: steps}
}

// supported refuses what cannot be had without copies.
func (e *execution[T]) supported(no func(error) *ExecutionError) *ExecutionError {
	if !e.core.cfg.Execution.DisableSnapshots {
		return nil
	}
	if e.dry {
		return no(&said{ErrUnsupported, "a dry run needs snapshots, and DisableSnapshots is set"})
	}
	for i := range e.steps {
		if st := &e.steps[i]; st.options.OnFailure == Continue {
			xe := no(&said{ErrUnsupported, "the policy Continue needs snapshots, and DisableSnapshots is set"})
			xe.Hook, xe.Index = st.name, i
			return xe
		}
	}
	return nil
}

// forward runs the hooks until one ends the chain.
func (e *execution[T]) forward() {
	e.report.Results = make([]Result, len(e.steps))
	for i := range e.steps {
		e.report.Results[i] = Result{Hook: e.steps[i].name, Outcome: OutcomeSkipped}
	}
	e.report.Rounds = 1
	for i := range e.steps {
		if late := e.dead(); late != nil {
			e.fail(nil, PhaseExecute, late.cause)
			return
		}
		if !e.runStep(&e.steps[i], &e.report.Results[i]) {
			return
		}
	}
}

// runStep runs one hook and says whether the chain goes on.
func (e *execution[T]) runStep(st *step[T], res *Result) bool {
	if e.dry && st.rollback != nil && !st.options.DryRunnable {
		res.Err = &said{ErrUnsupported, "skipped in the dry run: the hook has a Rollback, so it has effects, and does not say DryRunnable"}
		return true
	}
	e.at = st.name
	a := e.newAttempt(st, res)
	savepoint := e.log.savepoint()
	e.log.push(a.frame)
	f := a.perform()
	if f == nil {
		return !a.skipRest
	}
	if f.running {
		e.log.pop(savepoint) // its undo comes when it ends: see endedLate
	}
	if st.options.OnFailure == Abort {
		e.fail(st, f.phase, f.err)
		return false
	}
	undone := e.unwind(&e.log, savepoint, e.rolledBack)
	ends := f.late != nil && !f.late.own || e.lost
	if !undone || ends {
		e.fail(st, f.phase, f.err)
		return false
	}
	e.continued++
	return true
}

// fail settles why the chain failed. st is nil if no hook is to blame.
func (e *execution[T]) fail(st *step[T], p Phase, err error) {
	e.failed = &ExecutionError{Execution: e.id, Index: -1, Phase: p, Err: err}
	if st != nil {
		e.failed.Hook, e.failed.Index = st.name, st.index
	}
}

func (e *execution[T]) rolledBack(res RollbackResult) {
	e.report.Rollbacks = append(e.report.Rollbacks, res)
}

// back undoes everything: the chain has failed, or was a dry run.
func (e *execution[T]) back() {
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
		for i := range e.report.Results {
			e.report.Results[i].Value = nil
		}
	}
	if !e.core.cfg.Monitoring.SkipTiming {
		e.report.Duration = time.Since(e.started)
	}
	e.cancel(errExecutionEnded)
	e.core.ledger.publish(e.report, e.continued, !e.core.cfg.Monitoring.SkipTiming)
	e.endExecution(e.report, err)
	e.late.Store(true)
	e.queue.open()
	return e.report, err
}
