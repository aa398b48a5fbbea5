package nemesis

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/hooktx/hooks"
)

// The hooks of a plan.

func (w *player[S, P]) members(n *node) []hooks.Hook[S] {
	var all []hooks.Hook[S]
	for _, m := range n.members {
		all = append(all, w.hook(m))
	}
	return all
}

func (w *player[S, P]) hook(n *node) hooks.Hook[S] {
	var h hooks.Hook[S]
	switch n.kind {
	case leafNode:
		return w.leaf(n)
	case sequenceNode:
		h = hooks.Sequence(n.name, w.members(n)...)
	case parallelNode:
		if h = hooks.Parallel(n.name, w.members(n)...); n.width > 0 {
			h = hooks.ParallelN(n.width, n.name, w.members(n)...)
		}
	case retryNode:
		h = hooks.Retry(w.hook(n.members[0]), n.retryPolicy())
	}
	if n.continues {
		h = hooks.With(h, func(o *hooks.Options) { o.OnFailure = hooks.Continue })
	}
	if n.timeout < never && n.kind != retryNode {
		h = hooks.With(h, func(o *hooks.Options) { o.Timeout = n.timeout })
	}
	return h
}

func (n *node) retryPolicy() hooks.RetryPolicy {
	p := hooks.RetryPolicy{Attempts: n.policy.attempts, AfterTimeout: n.policy.afterTimeout, AfterAbandoned: n.policy.afterAbandoned}
	if n.timeout < never {
		p.Budget = n.timeout
	}
	switch n.policy.asks {
	case saysYes:
		p.If = func(error) bool { return true }
	case saysNo:
		p.If = func(error) bool { return false }
	case panicsAsked:
		p.If = func(error) bool { panic("asked") }
	}
	return p
}

func (w *player[S, P]) leaf(n *node) hooks.Hook[S] {
	f := hooks.Funcs[S]{Name: n.name}
	f.ReadOnly, f.DryRunnable = n.readOnly, n.dryRunnable
	if n.continues {
		f.OnFailure = hooks.Continue
	}
	if f.Timeout = n.timeout; n.inherits {
		f.Timeout = 0
	} else if n.timeout >= never {
		f.Timeout = hooks.NoLimit
	}
	f.Execute = func(ctx context.Context, st *S) (any, error) { return w.run(ctx, n, st) }
	if n.event != nil {
		f.ValidateEvent = func(ctx context.Context, st *S) error {
			w.enter(ctx, hooks.PhaseValidateEvent, n, callSeen{Sheet: w.read(st)}, st)
			return n.event.do(ctx, errBoom)
		}
	}
	if n.judge != nil {
		f.ValidateResult = func(ctx context.Context, result any) error {
			w.enter(ctx, hooks.PhaseValidateResult, n, callSeen{Valued: result == n.number})
			return n.judge.do(ctx, errBoom)
		}
	}
	if n.undo != nil {
		f.Rollback = func(ctx context.Context, st *S) error {
			w.enterUndo(ctx, n, 0, w.read(st), st)
			if !w.live {
				P(st).write(n.number)
			}
			return n.undo.do(ctx, errUndo)
		}
	}
	return hooks.Define(f)
}

// enter is called by every call of user code.
func (w *player[S, P]) enter(ctx context.Context, p hooks.Phase, n *node, c callSeen, handed ...*S) {
	info, ok := hooks.InfoFrom(ctx)
	c.At, c.What, c.Node = time.Since(w.begun), what(p), n.id
	c.Attempt, c.Key = info.Attempt, generation(info.IdempotencyKey, n.path)
	if n.kind != leafNode {
		c.Attempt, c.Key = 0, 0
	}
	w.mu.Lock()
	w.log = append(w.log, c)
	w.handed = append(w.handed, handed...)
	w.mu.Unlock()
	if !ok || info.Execution != "x" || info.Hook != n.path || info.Index != n.index || info.Round != 1 || info.Phase != p || info.DryRun != w.dry {
		w.complain("%s, %v: InfoFrom is %+v", n.path, p, info)
	}
	if ctx.Err() != nil {
		w.complain("%s, %v: the context has ended before the call: %v", n.path, p, context.Cause(ctx))
	}
	if ctx.Value(valueKey{}) != any(w) {
		w.complain("%s, %v: the context lacks the caller's values", n.path, p)
	}
}

func (w *player[S, P]) enterUndo(ctx context.Context, n *node, step int, s sheet, handed ...*S) {
	info, _ := hooks.InfoFrom(ctx)
	c := callSeen{Step: step, Sheet: s, Effect: info.Effect, Late: info.Late, Valued: info.Result == n.number}
	w.enter(ctx, undoPhase(step), n, c, handed...)
	if g := generation(info.Undoes, n.path); g != generation(info.IdempotencyKey, n.path) || info.Undoes == info.IdempotencyKey {
		w.complain("%s: an undo call with key %q undoes %q", n.path, info.IdempotencyKey, info.Undoes)
	}
	if at, ok := ctx.Deadline(); !ok || w.rollbackTotal >= never && time.Until(at) != w.rollbackTimeout {
		w.complain("%s: an undo call has %v, want %v", n.path, time.Until(at), w.rollbackTimeout)
	}
}

func (w *player[S, P]) run(ctx context.Context, n *node, st *S) (any, error) {
	w.enter(ctx, hooks.PhaseExecute, n, callSeen{Sheet: w.read(st)}, st)
	info, _ := hooks.InfoFrom(ctx)
	t := n.run(info.Attempt)
	hooks.Warn(ctx, "%s", "begins")
	w.write(n, st)
	for i := range min(1, len(n.steps)) {
		w.refused(n, hooks.OnRollback(ctx, w.step(n, i)), false)
	}
	for _, u := range n.uses {
		w.use(ctx, n, u)
	}
	if ended := t.sleep(ctx); ended {
		if t.manner == frank {
			return n.number, ctx.Err()
		}
		return n.number, t.ends.act(errBoom)
	}
	hooks.Warn(ctx, "%s", "ends")
	if !w.live {
		w.write(n, st)
		if n.copying != copiesWell && !n.readOnly {
			P(st).spoil(n.copying, func() { w.copies(n, info) })
		}
	}
	w.registerRest(ctx, n)
	return n.number, t.ends.act(errBoom)
}

// write is what a hook does to its state. A view belongs to all who look.
func (w *player[S, P]) write(n *node, st *S) {
	if w.looks(n) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	P(st).write(n.number)
	if n.clashes {
		P(st).clash(n.number)
	}
}

// copies is the DeepCopy method of the state that the hook has left.
func (w *player[S, P]) copies(n *node, info hooks.Info) {
	w.mu.Lock()
	w.log = append(w.log, callSeen{
		At: time.Since(w.begun), What: what(hooks.PhaseCopy), Node: n.id,
		Attempt: info.Attempt, Key: generation(info.IdempotencyKey, n.path),
	})
	w.mu.Unlock()
	time.Sleep(n.copyTakes)
}

func (w *player[S, P]) use(ctx context.Context, n *node, u use) {
	info, _ := hooks.InfoFrom(ctx)
	c := callSeen{At: time.Since(w.begun), What: cellRead, Node: n.id, Step: u.cell, Attempt: info.Attempt, Key: generation(info.IdempotencyKey, n.path)}
	cell := w.cells[u.cell]
	var err error
	if u.edits {
		c.What = cellEdit
		var v *cellValue
		if v, err = cell.Edit(ctx); err == nil {
			c.Sheet = w.cell(v)
			v.edit(n.number, u.clashes)
			if again, err := cell.Edit(ctx); again != v || err != nil {
				w.complain("%s: another Edit gave other memory, and %v", n.path, err)
			}
		}
	} else {
		var v cellValue
		v, err = cell.Read(ctx)
		c.Sheet = w.cell(&v)
	}
	if c.Refused = err != nil; c.Refused && !errors.Is(err, hooks.ErrUnsupported) {
		w.complain("%s: a cell was refused: %v", n.path, err)
	}
	w.mu.Lock()
	w.log = append(w.log, c)
	w.mu.Unlock()
}

func (w *player[S, P]) cell(v *cellValue) sheet {
	s, err := v.read()
	if err != nil {
		w.complain("%v", err)
	}
	return s
}

func (w *player[S, P]) step(n *node, i int) func(context.Context) error {
	return func(ctx context.Context) error {
		w.enterUndo(ctx, n, i+1, sheet{})
		return n.steps[i].do(ctx, errUndo)
	}
}

// registerRest registers what a hook registers at its end. It is refused if it was given up.
func (w *player[S, P]) registerRest(ctx context.Context, n *node) {
	late := ctx.Err() != nil
	for i := 1; i < len(n.steps); i++ {
		w.refused(n, hooks.OnRollback(ctx, w.step(n, i)), late)
	}
	for i := range n.before {
		w.refused(n, hooks.BeforeCommit(ctx, func(ctx context.Context) error {
			w.enter(ctx, hooks.PhaseBeforeCommit, n, callSeen{Step: i + 1})
			return n.before[i].do(ctx, errBoom)
		}), late)
	}
	for i := range n.after {
		w.refused(n, hooks.OnCommit(ctx, func(ctx context.Context) error {
			w.enter(ctx, hooks.PhaseOnCommit, n, callSeen{Step: i + 1})
			return n.after[i].do(ctx, errBoom)
		}), late)
	}
}

func (w *player[S, P]) refused(n *node, err error, allowed bool) {
	if err != nil && (!allowed || !errors.Is(err, hooks.ErrEnded)) {
		w.complain("%s: registering was refused: %v", n.path, err)
	}
}

// validate is the validator, of hooks and of merged states.
func (w *player[S, P]) validate(ctx context.Context, change hooks.StateChange[S]) hooks.ValidationResult {
	n := w.find(change.Hook)
	c := callSeen{Sheet: w.read(change.After)}
	if change.Before != nil {
		c.Before = w.read(change.Before)
	}
	w.enter(ctx, hooks.PhaseValidateState, n, c, change.After)
	t := n.check
	if n.kind == leafNode {
		t = n.verify
	}
	return hooks.ValidationResult{Err: t.do(ctx, errBoom)}
}

func (t *task) do(ctx context.Context, boom error) error {
	if ended := t.sleep(ctx); ended && t.manner == frank {
		return ctx.Err()
	}
	return t.ends.act(boom)
}

// sleep returns true if the end of the context has ended it.
func (t *task) sleep(ctx context.Context) (ended bool) {
	if t.manner == deaf {
		if t.takes > 0 {
			time.Sleep(t.takes)
		}
		return false
	}
	wake := time.NewTimer(t.takes)
	defer wake.Stop()
	select {
	case <-wake.C:
		return false
	case <-ctx.Done():
		return true
	}
}

// act ends a call.
func (e ending) act(boom error) error {
	switch e {
	case fails:
		return boom
	case rejects:
		return hooks.Reject("no: %w", boom)
	case unknown:
		return hooks.Unknown(boom)
	case skipsRest:
		return hooks.SkipRest
	case panicsText:
		panic("boom")
	case panicsError:
		panic(boom)
	case panicsNil:
		panic(nil)
	case writesNilMap:
		var m map[string]int
		m["x"] = 1 //nolint:staticcheck // on purpose
	case exits:
		runtime.Goexit()
	}
	return nil
}
