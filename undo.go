package hooks

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"
)

// unwind undoes everything since the savepoint, newest first, and says whether all
// of it went well.
func (r *run) unwind(l *undoLog, savepoint int, record func(RollbackResult)) bool {
	ok := true
	tally := func(res RollbackResult, took time.Duration) { r.undoing.Add(int64(took)); record(res) }
	for f := l.pop(savepoint); f != nil; f = l.pop(savepoint) {
		ok = r.undo(f, r.undoLimit, tally) && ok
	}
	return ok
}

// undo undoes one attempt: its Rollback if that is due, then its steps, newest first.
// A call that goes wrong is recorded, and the next is made all the same.
func (r *run) undo(f *frame, limit func() (time.Duration, string), record func(RollbackResult, time.Duration)) bool {
	if r.core.cfg.Execution.DisableRollback {
		return true
	}
	ok, called := true, false
	call := func(step int, fn stepFunc) {
		called = true
		res, took := r.undoCall(f, step, fn, limit)
		ok = ok && res.Err == nil
		record(res, took)
	}
	if f.due && f.rollback != nil && !r.dry {
		call(0, f.rollback)
	}
	steps := f.said().steps
	for i := len(steps) - 1; i >= 0; i-- {
		call(i+1, steps[i])
	}
	if called {
		r.undid(f.index)
	}
	return ok
}

// undoCall makes one undo call, under a context that outlives the caller's.
func (r *run) undoCall(f *frame, step int, fn stepFunc, limit func() (time.Duration, string)) (res RollbackResult, took time.Duration) {
	info := f.undoInfo(step)
	info.Late = r.late.Load()
	res = RollbackResult{Hook: info.Hook, Step: step, Effect: f.effect, Round: info.Round, Attempt: info.Attempt, Late: info.Late}
	d, of := limit()
	if d <= 0 {
		res.Err = &said{ErrTimeout, "not called: " + of + " was used up"}
		r.core.failure("rollback not called", r.id, info.Hook, info.Phase, res.Err, zap.Int("step", step))
		return res, 0
	}
	ctx := r.startUndo(context.WithoutCancel(r.values), info)
	b := r.newDetached(ctx, d, of)
	begun := time.Now()
	m := r.do(&scope{run: r, info: info}, b, fn)
	b.end(errHookEnded)
	took = time.Since(begun)
	if !r.core.cfg.Monitoring.SkipTiming {
		res.Duration = took
	}
	if m != nil {
		res.Err, res.Stack, res.Abandoned = m.err, m.stack, m.abandoned
	}
	r.endUndo(ctx, info, &res)
	return res, took
}

// undoInfo is the Info of the frame's Rollback (step 0) or of one of its steps.
func (f *frame) undoInfo(step int) Info {
	info := f.info()
	info.Undoes = info.IdempotencyKey
	info.Effect, info.Result = f.effect, f.result
	info.Phase, info.IdempotencyKey = PhaseRollback, info.Undoes+"/undo"
	if step > 0 {
		info.Phase, info.IdempotencyKey = PhaseOnRollback, fmt.Sprintf("%s/undo/%d", info.Undoes, step)
	}
	return info
}

// undoLimit is what one undo call of the chain's own rollback may take:
// RollbackTimeout, or what is left of TotalRollbackTimeout.
func (r *run) undoLimit() (time.Duration, string) {
	cfg := &r.core.cfg.Execution
	if cfg.TotalRollbackTimeout == NoLimit {
		return r.lateUndoLimit()
	}
	if left := cfg.TotalRollbackTimeout - time.Duration(r.undoing.Load()); left < cfg.RollbackTimeout {
		return left, fmt.Sprintf("all undo calls (TotalRollbackTimeout %v)", cfg.TotalRollbackTimeout)
	}
	return r.lateUndoLimit()
}

// lateUndoLimit is what one undo call of a late compensation may take.
func (r *run) lateUndoLimit() (time.Duration, string) {
	return r.core.cfg.Execution.RollbackTimeout, "an undo call (RollbackTimeout)"
}

// compensate queues the undo of a hook that was abandoned and has ended after all.
// It runs once the execution's own undoing is over. Called on the hook's goroutine,
// while the call still counts as abandoned.
func (r *run) compensate(f *frame, settle func()) {
	if r.core.cfg.Execution.DisableRollback || (f.rollback == nil || r.dry) && len(f.said().steps) == 0 {
		return
	}
	r.core.join(r)
	r.addLate(func() {
		defer r.core.leave(r)
		if r.settled(f.record) {
			return
		}
		settle()
		r.undo(f, r.lateUndoLimit, func(res RollbackResult, _ time.Duration) { r.core.metrics.publishLateUndo(&res) })
	})
}

// endedLate is called on the hook's goroutine when an Execute that was given up has ended.
func (r *run) endedLate(f *frame, s *scope, out *outcome) {
	f.seal()
	r.compensate(f, func() {
		d, of := r.lateUndoLimit()
		b := r.newDetached(r.values, d, of)
		defer b.end(errHookEnded)
		f.settle(r.judge(s, b, out.how, out.err, out.panic, out.stack, nil), out.value)
	})
}
