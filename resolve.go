package hooks

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/hooktx/hooks/internal/call"
)

// resolve looks up every hook's abilities, unless this has been done for this chain. That
// asks hooks for their names and options, which may be user code.
func (e *execution[T]) resolve(hooks []Hook[T], no func(error) *ExecutionError) *ExecutionError {
	known := &e.worker.chains
	ch := known.find(hooks)
	if ch == nil {
		ch = known.add(hooks)
		asked, xe := e.ask(hooks, ch.steps, no)
		if xe != nil {
			ch.hooks = nil
			return xe
		}
		var places []place
		ch.steps, places = layOut(asked)
		e.x.fit(ch)
		ch.outline = outlined(ch.steps, places, ch.outline)
	}
	e.steps, e.outline, e.shortest, e.reads = ch.steps, ch.outline, ch.shortest, ch.reads
	e.upTo, e.whole = len(e.steps), len(e.steps)
	if len(e.steps) > len(e.report.hooks) { // there are groups
		e.hooks, e.report.hooks = make([]hookContext, len(e.steps)), make([]brief, len(e.steps))
	}
	e.contexts = e.hooks
	e.frames = slices.Grow(e.frames[:0], len(e.steps))[:len(e.steps)]
	if ch.judged {
		e.judges = slices.Grow(e.judges[:0], len(e.steps))[:len(e.steps)]
	}
	return nil
}

// fit fits a chain to the executor's configuration.
func (x *Executor[T]) fit(ch *chain[T]) {
	cfg := &x.core.cfg
	ch.shortest, ch.judged, ch.reads = NoLimit, false, true
	for i := range ch.steps {
		st := &ch.steps[i]
		if cfg.Validation.SkipEvent {
			st.validateEvent = nil
		}
		if cfg.Validation.SkipResult {
			st.validateResult = nil
		}
		switch st.timeout = st.options.Timeout; {
		case st.timeout > 0:
		case st.group == nil, st.role == lastStep: // there, what judges the merged version
			st.timeout = cfg.Execution.DefaultTimeout
		default:
			st.timeout = NoLimit
		}
		ch.shortest = min(ch.shortest, st.timeout)
		if st.group != nil {
			d, _ := st.groupTimeout()
			ch.shortest = min(ch.shortest, d)
		}
		ch.reads = ch.reads && (st.options.ReadOnly || st.role != hookStep)
		ch.judged = ch.judged || st.validateEvent != nil || st.validateResult != nil || len(x.validators) > 0 && !st.options.ReadOnly
	}
}

func (st *step[T]) trait() trait { return trait{st.timeout, st.options.ReadOnly} }

// ask asks the hooks, here if no user code has to be called, and writes what they say to
// steps, or to other memory if they may go on writing.
func (e *execution[T]) ask(hooks []Hook[T], steps []step[T], no func(error) *ExecutionError) ([]step[T], *ExecutionError) {
	asking := new(atomic.Int64)
	if late := e.dead(); late != nil {
		return nil, no(late.cause)
	}
	if len(hooks) == 0 || slices.ContainsFunc(hooks, talks[T]) {
		return e.askElsewhere(hooks, asking, no)
	}
	if err := resolveAll(hooks, steps, asking); err != nil {
		at := int(asking.Load())
		return nil, blamed(no, steps[at].name, at, fmt.Errorf("hook %d: %w", at, err))
	}
	return steps, nil
}

func blamed(no func(error) *ExecutionError, name string, at int, err error) *ExecutionError {
	xe := no(err)
	xe.Hook, xe.Index = name, at
	return xe
}

// A resolution is what resolving a chain gave: all its steps, or the error of the
// first hook that is no good.
type resolution[T any] struct {
	steps []step[T]
	err   error
}

// askElsewhere asks as all user code is asked.
func (e *execution[T]) askElsewhere(hooks []Hook[T], asking *atomic.Int64, no func(error) *ExecutionError) ([]step[T], *ExecutionError) {
	b := e.newBudget(e.core.cfg.Execution.DefaultTimeout, "the Name and Options methods of the hooks")
	defer b.end(errHookEnded)
	s := &scope{run: e.run, info: Info{Execution: e.id, Phase: PhasePrepare, DryRun: e.dry}}
	hooks = append([]Hook[T](nil), hooks...) // the caller's slice is the caller's
	out, late := invoke(e.run, s, b, func(context.Context) resolution[T] {
		steps := make([]step[T], len(hooks))
		return resolution[T]{steps, resolveAll(hooks, steps, asking)}
	})
	at := int(asking.Load())
	switch {
	case late != nil && (!late.own || len(hooks) == 0):
		return nil, no(late.cause)
	case out == nil:
		return nil, blamed(no, "", at, &classed{ErrInvalidHook, fmt.Errorf("hook %d: its Name or Options did not return: %w", at, late.cause)})
	case out.How != call.Returned:
		m := e.judge(s, b, out.How, nil, out.Panic, out.Stack, nil)
		return nil, blamed(no, "", at, &classed{ErrInvalidHook, fmt.Errorf("hook %d: its Name or Options did not return: %w", at, m.err)})
	case out.Value.err != nil:
		return nil, blamed(no, out.Value.steps[at].name, at, fmt.Errorf("hook %d: %w", at, out.Value.err))
	case late != nil:
		return nil, no(late.cause)
	}
	return out.Value.steps, nil
}

// resolveAll writes what there is to know of the hooks to steps. It stops at the first one
// that is no good: the one that asking says.
func resolveAll[T any](hooks []Hook[T], steps []step[T], asking *atomic.Int64) error {
	for i, h := range hooks {
		asking.Store(int64(i))
		st, err := resolve(h)
		st.index = i
		steps[i] = st
		if err != nil {
			return err
		}
		if first := placeOf(st.name, steps[:i]); first >= 0 {
			return &said{ErrDuplicateHook, fmt.Sprintf("duplicate hook %q: it is hook %d already; names must be unique within a chain", st.name, first)}
		}
	}
	return nil
}

// placeOf returns the place of the step with this name, -1 if there is none.
func placeOf[T any](name string, steps []step[T]) int {
	for i := range steps {
		if steps[i].name == name {
			return i
		}
	}
	return -1
}
