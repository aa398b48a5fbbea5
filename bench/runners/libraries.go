package runners

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"
	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/timeout"
	"github.com/pocketbase/pocketbase/tools/hook"
	"go.uber.org/fx"
)

// failsafeGo runs each hook under a timeout policy, which cancels its context and waits for it all the same.
func failsafeGo(n int) (*Chain, error) {
	executor := failsafe.With(timeout.New[any](limit))
	steps := trivial(n)
	return &Chain{Caller: small.caller(n, func(ctx context.Context, s *Small) error {
		in := executor.WithContext(ctx)
		for _, do := range steps {
			err := in.RunWithExecution(func(exec failsafe.Execution[any]) error { return do(exec.Context(), s) })
			if err != nil {
				return err
			}
		}
		return nil
	})}, nil
}

// fxLifecycle starts an application that has the hooks as OnStart, and stops it. There is one limit for all hooks.
func fxLifecycle(n int) (*Chain, error) {
	steps := trivial(n)
	return &Chain{Caller: func() Caller {
		var s *Small
		app := fx.New(fx.NopLogger, fx.Invoke(func(lc fx.Lifecycle) {
			for _, do := range steps {
				lc.Append(fx.Hook{
					OnStart: func(ctx context.Context) error { return do(ctx, s) },
					OnStop:  func(context.Context) error { return nil },
				})
			}
		}))
		return small.caller(n, func(ctx context.Context, state *Small) error {
			s = state
			up, cancel := context.WithTimeout(ctx, app.StartTimeout())
			defer cancel()
			if err := app.Start(up); err != nil {
				return err
			}
			down, cancel := context.WithTimeout(ctx, app.StopTimeout())
			defer cancel()
			return app.Stop(down)
		})()
	}}, nil
}

// A triggered is the event that pocketbase's hooks get.
type triggered struct {
	hook.Event
	ctx   context.Context
	state *Small
}

// pocketbase calls the hooks one inside the other, on the caller's goroutine, with no limit and no recover.
func pocketbase(n int) (*Chain, error) {
	var chain hook.Hook[*triggered]
	for _, do := range trivial(n) {
		chain.BindFunc(func(e *triggered) error {
			if err := do(e.ctx, e.state); err != nil {
				return err
			}
			return e.Next()
		})
	}
	return &Chain{Caller: small.caller(n, func(ctx context.Context, s *Small) error {
		return chain.Trigger(&triggered{ctx: ctx, state: s})
	})}, nil
}

// watermillChannel publishes one message after the other, a topic for each hook, and waits each time until the
// handler, which lives in a goroutine of its own, has acknowledged it. The state does not travel in the message.
func watermillChannel(n int) (*Chain, error) {
	channel := gochannel.NewGoChannel(gochannel.Config{BlockPublishUntilSubscriberAck: true}, watermill.NopLogger{})
	steps := trivial(n)
	var callers atomic.Int64
	return &Chain{
		Caller: func() Caller {
			var s *Small
			var failed error
			topics := make([]string, n)
			prefix := fmt.Sprintf("caller %d, hook ", callers.Add(1))
			for i, do := range steps {
				topics[i] = prefix + strconv.Itoa(i)
				messages, err := channel.Subscribe(context.Background(), topics[i])
				if err != nil {
					return Caller{Run: func() error { return err }}
				}
				go func() {
					for m := range messages {
						if err := do(m.Context(), s); err != nil {
							failed = err
						}
						m.Ack()
					}
				}()
			}
			return small.caller(n, func(_ context.Context, state *Small) error {
				s, failed = state, nil
				for _, topic := range topics {
					if err := channel.Publish(topic, message.NewMessage(watermill.NewUUID(), nil)); err != nil {
						return err
					}
					if failed != nil {
						return failed
					}
				}
				return nil
			})()
		},
		stop: func() { _ = channel.Close() }, // nobody is left to tell
	}, nil
}
