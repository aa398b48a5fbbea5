package hooks

import "time"

// commit runs the BeforeCommit functions, gives the caller's state its new value, and
// runs the OnCommit functions.
//
// The driver is the caller's goroutine, so nothing competes with it: the caller's
// context and TotalTimeout are looked at once more before the last thing that can
// still fail, and from there on the chain commits.
func (e *execution[T]) commit() {
	if err := e.versions.settle(); err != nil {
		if late := e.dead(); late != nil {
			err = late.cause
		}
		e.fail(nil, PhaseCommit, err)
		return
	}
	functions := e.log.all(func(r *registrations) []stepFunc { return r.before })
	if !e.commitWith(functions) {
		return
	}
	e.versions.commit()
	e.report.Committed = true
	e.letGoOfCells()
	e.onCommit()
}

// commitWith runs the BeforeCommit functions and commits the cells, and says whether the chain
// has committed. The cells are prepared meanwhile.
func (e *execution[T]) commitWith(functions []registered) bool {
	f := e.footprint.Load()
	if f == nil {
		return e.beforeCommit(functions)
	}
	changes := e.toChange(f)
	if len(functions) == 0 {
		return e.mayCommit() && (!changes || e.claim(f, false))
	}
	if !e.claim(f, true) || !e.beforeCommit(functions) {
		return false // what is prepared is released before anything is undone
	}
	f.publish()
	return true
}

// A registered is a function that a hook registered, and where.
type registered struct {
	frame *frame
	step  int // its number among the hook's functions of this kind, from 1
	fn    stepFunc
}

// all returns the functions of one kind that the kept hooks registered, in order.
func (l *undoLog) all(list func(*registrations) []stepFunc) []registered {
	if !l.told {
		return nil
	}
	var all []registered
	for _, f := range l.frames {
		for i, fn := range list(f.said()) {
			all = append(all, registered{f, i + 1, fn})
		}
	}
	return all
}

// beforeCommit says whether the chain may commit. The last function alone is not
// cut short by the caller's context or TotalTimeout: they were looked at before it
// started, and once it has returned nil, what it committed is committed.
func (e *execution[T]) beforeCommit(functions []registered) bool {
	for i, reg := range functions {
		if !e.mayCommit() {
			return false
		}
		last := i == len(functions)-1
		if m := e.callStep(reg, PhaseBeforeCommit, last); m != nil {
			if m.abandoned {
				reg.frame.effect = EffectUnknown
			}
			e.fail(&e.steps[reg.frame.index], PhaseBeforeCommit, m.err)
			return false
		}
	}
	return len(functions) > 0 || e.mayCommit()
}

// mayCommit is the look at the caller's context and TotalTimeout.
func (e *execution[T]) mayCommit() bool {
	late := e.dead()
	if late != nil {
		e.fail(nil, PhaseCommit, late.cause)
	}
	return late == nil
}

func (e *execution[T]) callStep(reg registered, p Phase, detached bool) *mishap {
	info := reg.frame.info()
	info.Phase = p
	b := e.stepBudget(p.String()+` function of hook "`+info.Hook+`"`, detached)
	defer b.end(errHookEnded)
	return e.do(&scope{run: e.run, info: info}, b, reg.fn)
}

func (e *execution[T]) stepBudget(of string, detached bool) *budget {
	d := e.core.cfg.Execution.RollbackTimeout
	if detached {
		return e.newDetached(e.context(), d, of)
	}
	return e.newBudget(d, of)
}

// onCommit runs the OnCommit functions. The commit has happened: whatever they do,
// they undo nothing.
func (e *execution[T]) onCommit() {
	for _, reg := range e.log.all(func(r *registrations) []stepFunc { return r.onCommit }) {
		begun := time.Now()
		m := e.callStep(reg, PhaseOnCommit, true)
		if m == nil {
			continue
		}
		f := StepFailure{Hook: reg.frame.hook(), Step: reg.step, Err: m.err, Stack: m.stack, Abandoned: m.abandoned}
		if !e.core.cfg.Monitoring.SkipTiming {
			f.Duration = time.Since(begun)
		}
		e.report.AfterCommit = append(e.report.AfterCommit, f)
		e.core.failure("on commit failed", e.id, f.Hook, PhaseOnCommit, f.Err, stackField(f.Stack))
	}
}
