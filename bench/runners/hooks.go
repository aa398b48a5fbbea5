package runners

import (
	"context"
	"io"
	"strconv"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/hooktx/hooks"
)

// hookName is the name of hook i.
func hookName(i int) string { return "hook" + strconv.Itoa(i) }

// A maker makes a hook of a step.
type maker[S any] func(name string, do step[S]) hooks.Hook[S]

func asFunc[S any](name string, do step[S]) hooks.Hook[S] { return hooks.Func(name, do) }

func asFuncUndo[S any](name string, do step[S]) hooks.Hook[S] {
	return hooks.FuncUndo(name, do, func(context.Context, *S) error { return nil })
}

func (m maker[S]) of(steps []step[S]) []hooks.Hook[S] {
	chain := make([]hooks.Hook[S], len(steps))
	for i, do := range steps {
		chain[i] = m(hookName(i), do)
	}
	return chain
}

// ours runs hooks that are made once by an executor that is.
func ours[S any](k kind[S], st style[S], m maker[S], cfg hooks.Config, validators ...hooks.Validator[S]) func(n int) (*Chain, error) {
	return func(n int) (*Chain, error) {
		x, err := hooks.New(cfg, validators...)
		if err != nil {
			return nil, err
		}
		chain := m.of(st.of(k, n))
		return closing(x, k.caller(n, func(ctx context.Context, s *S) error {
			_, err := x.Execute(ctx, s, chain...)
			return err
		})), nil
	}
}

// oursNew makes the hooks anew for each execution, and the slice that they are in. Their names and functions are old.
func oursNew(n int) (*Chain, error) {
	x, err := hooks.New[Small](hooks.Config{})
	if err != nil {
		return nil, err
	}
	steps := trivial(n)
	names := make([]string, n)
	for i := range names {
		names[i] = hookName(i)
	}
	return closing(x, small.caller(n, func(ctx context.Context, s *Small) error {
		chain := make([]hooks.Hook[Small], n)
		for i, do := range steps {
			chain[i] = hooks.Func(names[i], do)
		}
		_, err := x.Execute(ctx, s, chain...)
		return err
	})), nil
}

// oursReadOnly runs hooks that only look. They note elsewhere that they ran, and so the state's own progress, which
// nobody changes, is set from there.
func oursReadOnly(n int) (*Chain, error) {
	x, err := hooks.New[Small](hooks.Config{})
	if err != nil {
		return nil, err
	}
	return closing(x, func() Caller {
		var seen Progress
		chain := make([]hooks.Hook[Small], n)
		for i := range chain {
			chain[i] = hooks.Define(hooks.Funcs[Small]{
				Options: hooks.Options{ReadOnly: true},
				Name:    hookName(i),
				Execute: func(context.Context, *Small) (any, error) {
					seen.mark(i)
					return nil, nil
				},
			})
		}
		return small.caller(n, func(ctx context.Context, s *Small) error {
			seen = Progress{}
			_, err := x.Execute(ctx, s, chain...)
			s.Progress = seen
			return err
		})()
	}), nil
}

// closing makes a chain that shuts x down when it is closed.
func closing[S any](x *hooks.Executor[S], caller func() Caller) *Chain {
	return &Chain{Caller: caller, stop: func() { _ = x.Shutdown(context.Background()) }} // without a limit it has no error
}

// accepting is a validator that accepts everything.
var accepting = hooks.ValidatorFunc("accepting", func(context.Context, hooks.StateChange[Small]) hooks.ValidationResult {
	return hooks.ValidationResult{}
})

// logging is a config with a logger that throws away what it has written.
func logging(level zapcore.Level, detailed bool) hooks.Config {
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	return hooks.Config{
		Logger:     zap.New(zapcore.NewCore(encoder, zapcore.AddSync(io.Discard), level)),
		Monitoring: hooks.MonitoringConfig{DetailedLogging: detailed},
	}
}

// tracing is a config with callbacks that do nothing.
func tracing() hooks.Config {
	return hooks.Config{Trace: &hooks.Trace{
		ExecutionStart: func(ctx context.Context, _ string) context.Context { return ctx },
		ExecutionEnd:   func(context.Context, *hooks.Report, error) {},
		HookStart:      func(ctx context.Context, _ hooks.Info) context.Context { return ctx },
		HookEnd:        func(context.Context, hooks.Info, *hooks.Result) {},
		RollbackStart:  func(ctx context.Context, _ hooks.Info) context.Context { return ctx },
		RollbackEnd:    func(context.Context, hooks.Info, *hooks.RollbackResult) {},
		Abandoned:      func(context.Context, hooks.AbandonedHook) {},
		LateEnd:        func(context.Context, hooks.AbandonedHook) {},
	}}
}
