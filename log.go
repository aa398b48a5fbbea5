package hooks

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/hooktx/hooks/internal/call"
	"github.com/hooktx/hooks/internal/deep"
)

// What the library says of an execution, to the logger and to the trace. The content
// of a state is never logged.

// log calls the logger, if there is one.
func (c *core) log(say func(l *zap.Logger)) {
	if c.cfg.Logger != nil {
		aside(func() { say(c.logger()) })
	}
}

func (c *core) logger() *zap.Logger {
	if c.cfg.Name != "" {
		return c.cfg.Logger.With(zap.String("executor", c.cfg.Name))
	}
	return c.cfg.Logger
}

// debug is log for what only DetailedLogging asks for.
func (c *core) debug(msg string, fields ...zap.Field) {
	if c.detailed() {
		aside(func() { c.debugHere(msg, fields...) })
	}
}

// debugHere is debug for a goroutine that a logger may end.
func (c *core) debugHere(msg string, fields ...zap.Field) {
	if c.detailed() {
		c.logger().Debug(msg, fields...)
	}
}

// detailed reports whether debug says anything.
func (c *core) detailed() bool { return c.cfg.Monitoring.DetailedLogging && c.cfg.Logger != nil }

// watched reports whether somebody wants to know when a hook starts and ends.
func (c *core) watched() bool {
	t := c.cfg.Trace
	return c.detailed() || t != nil && (t.HookStart != nil || t.HookEnd != nil)
}

// failure logs one failure.
func (c *core) failure(msg, execution, hook string, phase Phase, err error, more ...zap.Field) {
	c.log(func(l *zap.Logger) {
		l.Warn(msg, append([]zap.Field{
			zap.String("execution", execution), zap.String("hook", hook),
			zap.Stringer("phase", phase), zap.String("error", logText(err)),
		}, more...)...)
	})
}

// logText is the text of an error without the map keys that a path in it may name:
// they are content of the state.
func logText(err error) string {
	switch e := err.(type) {
	case *ExecutionError:
		return e.text(logText)
	case *classed:
		return e.class.Error() + ": " + logText(e.err)
	case *deep.NotCopyableError:
		return e.Redacted()
	case *mergeConflict:
		return e.Redacted()
	case *prefixed:
		return e.prefix + logText(e.err)
	case *joined:
		return logText(e.cause) + e.how + logText(e.also)
	}
	return err.Error()
}

func stackField(stack string) zap.Field {
	if stack == "" {
		return zap.Skip()
	}
	return zap.String("stack", stack)
}

// trace calls one callback, if the trace has it.
func (r *run) trace(has func(*Trace) bool, tell func(*Trace)) {
	if t := r.core.cfg.Trace; t != nil && has(t) {
		aside(func() { tell(t) })
	}
}

// traceBegin calls a callback that begins something and returns the context that it
// runs under: the callback's, or else ctx.
func (r *run) traceBegin(ctx context.Context, has func(*Trace) bool, begin func(*Trace) context.Context) context.Context {
	r.trace(has, func(t *Trace) {
		if own := begin(t); own != nil {
			ctx = own
		}
	})
	return ctx
}

func (r *run) startExecution(hooks int) {
	if t := r.core.cfg.Trace; t != nil && t.ExecutionStart != nil {
		outside := r.values
		r.renew(r.traceBegin(outside,
			func(t *Trace) bool { return true },
			func(t *Trace) context.Context { return t.ExecutionStart(outside, r.id) }))
	}
	if r.core.detailed() {
		r.core.debug("execution started", zap.String("execution", r.id), zap.Int("hooks", hooks))
	}
}

func (r *run) endExecution(report *Report, err error) {
	if t := r.core.cfg.Trace; t != nil && t.ExecutionEnd != nil {
		aside(func() { t.ExecutionEnd(r.values, report, err) })
	}
	if xe, failed := err.(*ExecutionError); failed {
		r.core.failure("execution failed", r.id, xe.Hook, xe.Phase, err)
		return
	}
	if r.core.detailed() {
		r.core.debug("execution ended", zap.String("execution", r.id),
			zap.Bool("committed", report.Committed), zap.Duration("duration", report.Duration))
	}
}

// startHook says that a hook starts. own becomes the context that the trace made for it, if it
// made one.
func (r *run) startHook(tell func(func()), info Info, own *context.Context) {
	t := r.core.cfg.Trace
	if t == nil || t.HookStart == nil {
		tell(func() { r.debugStart(info) })
		return
	}
	ctx := r.context()
	tell(func() {
		defer func() { *own = t.HookStart(ctx, info) }() // even if the logger exits
		r.debugStart(info)
	})
}

func (r *run) debugStart(info Info) {
	r.core.debugHere("hook started", zap.String("execution", r.id), zap.String("hook", info.Hook))
}

// endHook says that a hook has ended.
func (r *run) endHook(tell func(func()), own context.Context, info Info, res *Result) {
	if r.core.watched() {
		if own == nil {
			own = r.context()
		}
		tell(func() { r.tellEnd(own, info, res) })
	}
	if res.Err != nil {
		r.core.failure("hook failed", r.id, info.Hook, info.Phase, res.Err,
			zap.Stringer("outcome", res.Outcome), zap.Bool("abandoned", res.Abandoned), stackField(res.Stack))
	}
}

func (r *run) tellEnd(own context.Context, info Info, res *Result) {
	if res.Err == nil {
		defer r.core.debugHere("hook ended", zap.String("execution", r.id), zap.String("hook", info.Hook),
			zap.Duration("duration", res.Duration), zap.Int64("state_size", res.StateSize))
	}
	if t := r.core.cfg.Trace; t != nil && t.HookEnd != nil {
		shown := *res
		t.HookEnd(own, info, &shown)
	}
}

func (r *run) startUndo(ctx context.Context, info Info) context.Context {
	return r.traceBegin(ctx,
		func(t *Trace) bool { return t.RollbackStart != nil },
		func(t *Trace) context.Context { return t.RollbackStart(ctx, info) })
}

func (r *run) endUndo(ctx context.Context, info Info, res *RollbackResult) {
	r.trace(func(t *Trace) bool { return t.RollbackEnd != nil },
		func(t *Trace) { shown := *res; t.RollbackEnd(ctx, info, &shown) })
	if res.Err != nil {
		r.core.failure("rollback failed", r.id, info.Hook, info.Phase, res.Err,
			zap.Int("step", res.Step), zap.Bool("late", res.Late), zap.Bool("abandoned", res.Abandoned), stackField(res.Stack))
		return
	}
	if res.Late {
		r.core.log(func(l *zap.Logger) {
			l.Info("late compensation", zap.String("execution", r.id), zap.String("hook", info.Hook), zap.Int("step", res.Step))
		})
		return
	}
	r.core.debug("rolled back", zap.String("execution", r.id), zap.String("hook", info.Hook), zap.Int("step", res.Step))
}

// gaveUp says that a call was abandoned.
func (r *run) gaveUp(a AbandonedHook) {
	r.trace(func(t *Trace) bool { return t.Abandoned != nil }, func(t *Trace) { t.Abandoned(r.values, a) })
	r.core.log(func(l *zap.Logger) {
		l.Warn("call abandoned: past its limit and still running",
			zap.String("execution", a.Execution), zap.String("hook", a.Hook), zap.Stringer("phase", a.Phase))
	})
}

// lateEnd says that an abandoned call has ended after all.
func (r *run) lateEnd(a AbandonedHook, how call.How) {
	r.trace(func(t *Trace) bool { return t.LateEnd != nil }, func(t *Trace) { t.LateEnd(r.values, a) })
	r.core.log(func(l *zap.Logger) {
		l.Info("abandoned call ended", zap.String("execution", a.Execution), zap.String("hook", a.Hook),
			zap.Stringer("phase", a.Phase), zap.String("how", howNames[how]), zap.Duration("late", time.Since(a.Since)))
	})
}

var howNames = [...]string{call.Returned: "returned", call.Panicked: "panicked", call.Exited: "exited"}
