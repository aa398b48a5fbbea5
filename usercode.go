package hooks

import (
	"context"
	"runtime/pprof"
	"time"

	"github.com/hooktx/hooks/internal/call"
)

// The code of hooks, validators and errors is called from here, by the one call machine:
// on a goroutine of its own, under a budget, with panics and exits contained.

// invoke runs fn under b and returns how it ended, and why it was late if it was.
// The outcome is nil if fn was given up; that it ends after all is only noted.
func invoke[R any](r *run, s *scope, b *budget, fn func(ctx context.Context) R) (*call.Outcome[R], *lateness) {
	return invokeGuarded(r, s, b, nil, fn)
}

// invokeGuarded is invoke for a function that can be given up where g says so.
func invokeGuarded[R any](r *run, s *scope, b *budget, g *call.Guard, fn func(ctx context.Context) R) (*call.Outcome[R], *lateness) {
	var entry *overdueCall // written by the waiter before late can be called
	ctx := s.in(b.ctx)
	c := call.StartGuarded(g,
		func() R { takeLabels(ctx); return fn(ctx) },
		b.alive,
		func(out *call.Outcome[R]) {
			r.lateEnd(entry.AbandonedHook, out.How)
			r.core.ended(entry)
		},
	)
	out := c.Wait(b.ctx.Done(), b.cut, b.grace, func() {
		entry = &overdueCall{AbandonedHook{Execution: r.id, Hook: s.info.Hook, Phase: s.info.Phase, Since: time.Now()}, r}
		r.core.abandon(entry)
		r.gaveUp(entry.AbandonedHook)
	})
	if out == nil {
		return nil, b.now()
	}
	return out, b.verdict(out.At, out.Err)
}

// takeLabels gives the goroutine the profiler labels of the caller's context, if that does not
// panic when it is asked.
func takeLabels(ctx context.Context) {
	defer func() { _ = recover() }()
	pprof.SetGoroutineLabels(ctx)
}

// A mishap is a call of user code that did not go well.
type mishap struct {
	err   error // why, the lateness first; never nil
	stack string
	late  *lateness // nil if it was in time

	opinion            // of the error that it returned; skipRest makes a success of an Execute alone
	how       call.How // how it ended, if it did
	returned  bool     // it ended, and returned nil (in time or late)
	abandoned bool     // it did not end
}

// do runs a function that returns an error. The mishap is nil if it returned nil in
// time.
func (r *run) do(s *scope, b *budget, fn func(ctx context.Context) error) *mishap {
	return r.doGuarded(s, b, nil, fn)
}

// doGuarded is do for a function that can be given up where g says so.
func (r *run) doGuarded(s *scope, b *budget, g *call.Guard, fn func(ctx context.Context) error) *mishap {
	out, late := invokeGuarded(r, s, b, g, fn)
	if out == nil {
		return &mishap{err: late.cause, late: late, abandoned: true}
	}
	return r.judge(s, b, out.How, out.Value, out.Panic, out.Stack, late)
}

// askContained asks a method of somebody's, outside of every execution, under the protection of
// an executor of the zero Config. The error says why there is no answer.
func askContained[V any](what string, ask func() V) (answer V, err error) {
	r := &run{core: &core{cfg: Config{}.withDefaults()}, started: time.Now()}
	b := r.newDetached(context.Background(), r.core.cfg.Execution.DefaultTimeout, what)
	defer b.end(errHookEnded)
	var said V // read only if the call has ended in time
	if m := r.do(&scope{run: r}, b, func(context.Context) error { said = ask(); return nil }); m != nil {
		return answer, m.err
	}
	return said, nil
}

// judge says what to make of a call that ended. Lateness wins the verdict; what the
// call itself says is joined.
func (r *run) judge(s *scope, b *budget, how call.How, err error, panicked any, stack string, late *lateness) *mishap {
	m := &mishap{how: how, stack: stack, late: late}
	switch how {
	case call.Panicked:
		m.err = r.panicked(s, b, panicked, stack)
	case call.Exited:
		m.err = errExitedWithout
	default:
		if err != nil {
			m.opinion = r.classify(s, b, err)
			m.err = m.opinion.err
		}
		m.returned = err == nil || m.skipRest
	}
	switch {
	case late == nil && m.returned:
		if !m.skipRest {
			return nil
		}
	case late != nil && m.returned:
		m.err = late.cause
	case late != nil && m.err.Error() == late.cause.Error():
		m.err = late.cause // it returned the cause of its context's end
	case late != nil:
		m.err = &joined{late.cause, m.err, "; it ended late with: "}
	}
	return m
}

// aside runs a logger or a trace callback. Such code is trusted not to block, so no
// limit is kept, but it may panic or exit its goroutine.
func aside(fn func()) {
	call.Start(func() struct{} { fn(); return struct{}{} }, nil, nil).Join()
}
