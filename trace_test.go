package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/hooktx/hooks"
)

type spanKey struct{}

// span returns ctx with name below the span that ctx has.
func span(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, spanKey{}, spanOf(ctx)+">"+name)
}

func spanOf(ctx context.Context) string {
	s, _ := ctx.Value(spanKey{}).(string)
	return s
}

// noteTrace is a Trace that notes everything and makes spans.
func noteTrace(d *diary) *hooks.Trace {
	return &hooks.Trace{
		ExecutionStart: func(ctx context.Context, execution string) context.Context {
			d.add("ExecutionStart %s in %s", execution, spanOf(ctx))
			return span(ctx, execution)
		},
		ExecutionEnd: func(ctx context.Context, report *hooks.Report, err error) {
			d.add("ExecutionEnd %s in %s: %v, committed %v", report.Execution, spanOf(ctx), err, report.Committed)
		},
		HookStart: func(ctx context.Context, info hooks.Info) context.Context {
			d.add("HookStart %s in %s", info.Hook, spanOf(ctx))
			return span(ctx, info.Hook)
		},
		HookEnd: func(ctx context.Context, info hooks.Info, res *hooks.Result) {
			d.add("HookEnd %s in %s: %v in %v", info.Hook, spanOf(ctx), res.Outcome, info.Phase)
			res.Outcome, res.Err = hooks.OutcomeSkipped, errBroken // it is a copy
		},
		RollbackStart: func(ctx context.Context, info hooks.Info) context.Context {
			d.add("RollbackStart %s %v in %s", info.Hook, info.Phase, spanOf(ctx))
			return span(ctx, "undo "+info.Hook)
		},
		RollbackEnd: func(ctx context.Context, info hooks.Info, res *hooks.RollbackResult) {
			d.add("RollbackEnd %s step %d in %s: %v", info.Hook, res.Step, spanOf(ctx), res.Err)
		},
		Abandoned: func(ctx context.Context, call hooks.AbandonedHook) {
			d.add("Abandoned %s in %s", call.Hook, spanOf(ctx))
		},
		LateEnd: func(ctx context.Context, call hooks.AbandonedHook) { d.add("LateEnd %s in %s", call.Hook, spanOf(ctx)) },
	}
}

// Every callback comes in its order, and what begins something nests.
func TestTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		cfg := limits(time.Second)
		cfg.Trace = noteTrace(&d)
		x := build[cart](t, cfg)
		see := func(what string) func(context.Context, *cart) error {
			return func(ctx context.Context, _ *cart) error { d.add("%s in %s", what, spanOf(ctx)); return nil }
		}
		ctx := hooks.WithExecutionID(span(t.Context(), "top"), "id")
		_, err := x.Execute(ctx, newCart(),
			hooks.Define(hooks.Funcs[cart]{Name: "a",
				ValidateEvent:  see("event"),
				Execute:        func(ctx context.Context, c *cart) (any, error) { return nil, see("execute")(ctx, c) },
				ValidateResult: func(ctx context.Context, _ any) error { return see("result")(ctx, nil) },
				Rollback:       see("undo")}),
			continuing(hooks.FuncUndo("late", func(ctx context.Context, c *cart) error {
				defer time.Sleep(5 * time.Second)
				return hooks.OnRollback(ctx, func(ctx context.Context) error { return see("step")(ctx, nil) })
			}, see("undo late"))),
			hooks.Func("outer", func(ctx context.Context, _ *cart) error {
				_, err := x.Execute(ctx, newCart(), hooks.Func("inner", see("inner")))
				return errors.Join(err, errBroken)
			}),
			hooks.Func("never", doCart))
		require.ErrorIs(t, err, errBroken)
		require.NoError(t, x.Shutdown(t.Context()))
		// The end of an abandoned call comes when it comes, beside what is done for it.
		end := slices.Index(d.lines, "LateEnd late in >top>id")
		require.Greater(t, end, slices.Index(d.lines, "HookEnd outer in >top>id>outer: failed in execute"))
		d.lines = slices.Delete(d.lines, end, end+1)
		d.require(t,
			"ExecutionStart id in >top",
			"HookStart a in >top>id",
			"event in >top>id>a", "execute in >top>id>a", "result in >top>id>a",
			"HookEnd a in >top>id>a: succeeded in execute",
			"HookStart late in >top>id",
			"Abandoned late in >top>id",
			"HookEnd late in >top>id>late: timed out in execute",
			"HookStart outer in >top>id",
			"ExecutionStart id/outer#1 in >top>id>outer",
			"HookStart inner in >top>id>outer>id/outer#1",
			"inner in >top>id>outer>id/outer#1>inner",
			"HookEnd inner in >top>id>outer>id/outer#1>inner: succeeded in execute",
			"ExecutionEnd id/outer#1 in >top>id>outer>id/outer#1: <nil>, committed true",
			"HookEnd outer in >top>id>outer: failed in execute",
			"RollbackStart a rollback in >top>id",
			"undo in >top>id>undo a",
			"RollbackEnd a step 0 in >top>id>undo a: <nil>",
			`ExecutionEnd id in >top>id: hooks: execute "outer": broken, committed false`,
			"RollbackStart late rollback in >top>id",
			"undo late in >top>id>undo late",
			"RollbackEnd late step 0 in >top>id>undo late: <nil>",
			"RollbackStart late on rollback in >top>id",
			"step in >top>id>undo late",
			"RollbackEnd late step 1 in >top>id>undo late: <nil>",
		)
	})
}

// A refused execution has not begun.
func TestTraceOfARefusal(t *testing.T) {
	var d diary
	_, err := build[cart](t, hooks.Config{Trace: noteTrace(&d)}).Execute(t.Context(), nil)
	require.Error(t, err)
	d.require(t)
}

// A nil context means the one given, and callbacks that are not set are not called.
func TestTraceWithoutContexts(t *testing.T) {
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "value")
	trace := &hooks.Trace{
		ExecutionStart: func(context.Context, string) context.Context { return nil },
		HookStart:      func(context.Context, hooks.Info) context.Context { return nil },
		RollbackStart:  func(context.Context, hooks.Info) context.Context { return nil },
	}
	for _, tr := range []*hooks.Trace{trace, {}} {
		var d diary
		see := func(ctx context.Context, _ *cart) error { d.add("%v %v", ctx.Value(key{}), ctx.Err()); return nil }
		_, err := build[cart](t, hooks.Config{Trace: tr}).Execute(ctx, newCart(), hooks.FuncUndo("a", see, see), failing("b", errBroken))
		require.ErrorIs(t, err, errBroken)
		d.require(t, "value <nil>", "value <nil>")
	}
}

// Of the context that a callback returns the values count alone: it does not free a
// hook from its limits, and one that has ended ends nothing.
func TestTraceContextsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("the span is closed")
		dead, cancel := context.WithCancelCause(context.Background())
		cancel(why)
		started := context.Background()
		cfg := limits(time.Hour)
		cfg.Trace = &hooks.Trace{HookStart: func(context.Context, hooks.Info) context.Context { return started }}
		x := build[cart](t, cfg)
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		begun := time.Now()
		polite := hooks.Func("h", func(ctx context.Context, _ *cart) error { <-ctx.Done(); return context.Cause(ctx) })
		_, err := x.Execute(ctx, newCart(), polite)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(begun))
		_, err = x.Execute(t.Context(), newCart(), limited(polite, time.Minute))
		require.ErrorIs(t, err, hooks.ErrTimeout)
		assert.Equal(t, time.Second+time.Minute, time.Since(begun))
		started = dead
		_, err = x.Execute(t.Context(), newCart(), hooks.Func("h", func(ctx context.Context, _ *cart) error { return ctx.Err() }))
		require.NoError(t, err)
		assert.Equal(t, time.Second+time.Minute, time.Since(begun))
	})
}

// brokenCore is a logging core that breaks when it is written to.
type brokenCore struct {
	zapcore.Core
	fn func()
}

func (c brokenCore) With([]zapcore.Field) zapcore.Core          { return c }
func (c brokenCore) Enabled(zapcore.Level) bool                 { return true }
func (c brokenCore) Write(zapcore.Entry, []zapcore.Field) error { c.fn(); return nil }
func (c brokenCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	return ce.AddCore(e, c)
}

// Callbacks and loggers may panic or exit their goroutine: the execution goes on as
// if they had not.
func TestBrokenObserversChangeNothing(t *testing.T) {
	for why, fn := range map[string]func(){"panics": panicError, "exits": runtime.Goexit} {
		t.Run(why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := limits(time.Second)
				cfg.Monitoring.DetailedLogging = true
				cfg.Logger = zap.New(brokenCore{zapcore.NewNopCore(), fn})
				starts, ends := 0, 0
				cfg.Trace = &hooks.Trace{
					ExecutionStart: func(context.Context, string) context.Context { fn(); return nil },
					ExecutionEnd:   func(context.Context, *hooks.Report, error) { fn() },
					HookStart:      func(context.Context, hooks.Info) context.Context { starts++; fn(); return nil },
					HookEnd:        func(context.Context, hooks.Info, *hooks.Result) { ends++; fn() },
					RollbackStart:  func(context.Context, hooks.Info) context.Context { fn(); return nil },
					RollbackEnd:    func(context.Context, hooks.Info, *hooks.RollbackResult) { fn() },
					Abandoned:      func(context.Context, hooks.AbandonedHook) { fn() },
					LateEnd:        func(context.Context, hooks.AbandonedHook) { fn() },
				}
				x := build[cart](t, cfg)
				var d diary
				late := hooks.FuncUndo("late", func(context.Context, *cart) error { time.Sleep(time.Minute); return nil },
					func(context.Context, *cart) error { d.add("undo late"); return nil })
				for _, err := range []error{nil, errBroken} {
					state := newCart()
					report, got := x.Execute(t.Context(), state, noting(&d, "a", nil), continuing(late), noting(&d, "b", err))
					require.Equal(t, err != nil, got != nil)
					assert.Equal(t, err == nil, report.Committed)
					assert.Equal(t, err == nil, state.N == 2)
				}
				_, err := x.Execute(t.Context(), nil)
				require.ErrorIs(t, err, hooks.ErrInvalidArgument)
				require.NoError(t, x.Shutdown(t.Context()))
				d.require(t, "do a", "do b", "do a", "do b", "undo a", "undo late", "undo late")
				m := x.Metrics()
				assert.Equal(t, 6, starts)
				assert.Equal(t, 6, ends)
				assert.Equal(t, "2 1 1 1 2", fmt.Sprint(m.Executions, m.Commits, m.Failures, m.Refused, m.LateCompensations))
			})
		})
	}
}

// A late undo call says that it is one, by its result and by its Info; no other does.
func TestTraceOfALateUndo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		cfg := limits(time.Second)
		caller := goroutine()
		cfg.Trace = &hooks.Trace{
			RollbackEnd: func(_ context.Context, info hooks.Info, r *hooks.RollbackResult) {
				d.add("undo %s: %v %v", r.Hook, info.Late, r.Late)
			},
			Abandoned: func(_ context.Context, call hooks.AbandonedHook) {
				assert.NotEqual(t, caller, goroutine())
				d.add("abandoned %s", call.Hook)
			},
		}
		x := build[cart](t, cfg)
		report, err := x.Execute(t.Context(), newCart(), hooks.FuncUndo("first", doCart, doCart), hooks.FuncUndo("late", hang, doCart))
		require.ErrorIs(t, err, hooks.ErrTimeout)
		require.Len(t, report.Rollbacks, 1)
		require.NoError(t, x.Shutdown(t.Context()))
		d.require(t, "abandoned late", "undo first: false false", "undo late: true true")
	})
}

// Callbacks come one at a time and off the caller's goroutine, and a group has none
// besides those of its members.
func TestTraceOfAGroup(t *testing.T) {
	var d diary
	var inside atomic.Int64
	caller := goroutine()
	alone := func(format string, args ...any) {
		assert.Equal(t, int64(1), inside.Add(1))
		assert.NotEqual(t, caller, goroutine())
		d.add(format, args...)
		inside.Add(-1)
	}
	cfg := hooks.Config{Trace: &hooks.Trace{
		ExecutionStart: func(context.Context, string) context.Context { alone("execution"); return nil },
		ExecutionEnd:   func(context.Context, *hooks.Report, error) { alone("execution ends") },
		HookStart:      func(_ context.Context, info hooks.Info) context.Context { alone("%s", info.Hook); return nil },
		HookEnd:        func(_ context.Context, info hooks.Info, _ *hooks.Result) { alone("%s ends", info.Hook) },
		RollbackStart:  func(_ context.Context, info hooks.Info) context.Context { alone("undo %s", info.Hook); return nil },
		RollbackEnd:    func(_ context.Context, info hooks.Info, _ *hooks.RollbackResult) { alone("undo %s ends", info.Hook) },
	}}
	var hooksDone diary
	_, err := build[cart](t, cfg).Execute(t.Context(), newCart(),
		hooks.Sequence("s", noting(&hooksDone, "a", nil), hooks.ParallelN(1, "p", noting(&hooksDone, "b", nil))), failing("end", errBroken))
	require.ErrorIs(t, err, errBroken)
	d.require(t, "execution", "s/a", "s/a ends", "s/p/b", "s/p/b ends", "end", "end ends",
		"undo s/p/b", "undo s/p/b ends", "undo s/a", "undo s/a ends", "execution ends")
}

// LateEnd has the caller's values, also if it is the first to need a context after the
// execution has ended.
func TestLateEndHasTheCallersValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		cfg := limits(time.Second)
		cfg.Trace = &hooks.Trace{LateEnd: func(ctx context.Context, call hooks.AbandonedHook) {
			d.add("%s in %s", call.Hook, spanOf(ctx))
		}}
		x := build[cart](t, cfg)
		_, err := x.Execute(span(t.Context(), "top"), newCart(), hooks.Func("late", hang))
		require.ErrorIs(t, err, hooks.ErrTimeout)
		require.NoError(t, x.Shutdown(t.Context()))
		d.require(t, "late in >top")
	})
}
