package hooks_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/hooktx/hooks"
)

// The contexts that an execution may be begun under, for the test that compares a hook's context
// with a standard one.

// A madeParent is a context, and how it can be ended. Both functions may be called more than
// once. Drop lets go of what the context needs.
type madeParent struct {
	ctx  context.Context
	end  func(cause error)
	drop func()
}

// A handmade context has an end of its own. Its values, and its deadline, are those of the
// context inside.
type handmade struct {
	context.Context
	says error         // what Err returns once it has ended
	done chan struct{} // nil: it never tells that it has

	mu    sync.Mutex
	over  bool
	after []func()
}

func (c *handmade) Done() <-chan struct{} { return c.done }

func (c *handmade) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return c.says
	}
	return nil
}

func (c *handmade) end(error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return
	}
	c.over = true
	if c.done != nil {
		close(c.done)
	}
	for _, f := range c.after {
		go f()
	}
}

// A registering context is a handmade one that package context can register with.
type registeringContext struct{ *handmade }

func (c registeringContext) AfterFunc(f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	run := sync.OnceFunc(f)
	if c.over {
		go run()
		return func() bool { return false }
	}
	stopped := false
	c.after = append(c.after, func() {
		c.mu.Lock()
		skip := stopped
		c.mu.Unlock()
		if !skip {
			run()
		}
	})
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		first := !stopped && !c.over
		stopped = true
		return first
	}
}

var errOwnWord = errors.New("an error of the parent's own")

// cancellable is a standard parent, made into something else.
func cancellable(become func(context.Context) context.Context) madeParent {
	ctx, cancel := context.WithCancelCause(context.Background())
	return madeParent{become(ctx), cancel, func() { cancel(nil) }}
}

func byHand(says error, done chan struct{}, values context.Context) madeParent {
	c := &handmade{Context: values, says: says, done: done}
	return madeParent{c, c.end, func() { c.end(nil) }}
}

// dying ends by itself after so long.
func dying(after time.Duration) madeParent {
	var stop context.CancelFunc
	p := cancellable(func(ctx context.Context) context.Context {
		ctx, stop = context.WithDeadlineCause(ctx, time.Now().Add(after), errWhy)
		return ctx
	})
	p.drop = func() { p.end(nil); stop() }
	return p
}

// ofAHook is the context of a hook of another execution, made into something else. The hook
// runs until the parent is dropped.
func ofAHook(become func(context.Context) context.Context) madeParent {
	outer, cancel := context.WithCancelCause(context.WithValue(context.Background(), userKey{}, "the outer caller's"))
	met, gate, over := make(chan context.Context), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		_, _ = hooks.Run(outer, new(int), limited(hooks.Func("outer", func(ctx context.Context, _ *int) error {
			met <- ctx
			<-gate
			return nil
		}), hooks.NoLimit))
	}()
	drop := sync.OnceFunc(func() { close(gate); <-over; cancel(nil) })
	return madeParent{become(<-met), cancel, drop}
}

func itself(ctx context.Context) context.Context { return ctx }

func withValues(ctx context.Context) context.Context {
	return context.WithValue(context.WithValue(ctx, userKey{}, "the parent's"), secondKey{}, 2)
}

type secondKey struct{}

var madeParents = []struct {
	name string
	make func() madeParent
}{
	{"background", func() madeParent { return madeParent{context.Background(), func(error) {}, func() {}} }},
	{"cancellable", func() madeParent { return cancellable(itself) }},
	{"with values", func() madeParent { return cancellable(withValues) }},
	{"without an end", func() madeParent {
		return cancellable(func(ctx context.Context) context.Context { return context.WithoutCancel(withValues(ctx)) })
	}},
	{"ends soon", func() madeParent { return dying(5500 * time.Millisecond) }},
	{"ends later", func() madeParent { return dying(20500 * time.Millisecond) }},
	{"wraps a standard one", func() madeParent {
		return cancellable(func(ctx context.Context) context.Context { return ownContext{withValues(ctx)} })
	}},
	{"wraps a dying one", func() madeParent { p := dying(5500 * time.Millisecond); p.ctx = ownContext{p.ctx}; return p }},
	{"by hand", func() madeParent {
		return byHand(context.Canceled, make(chan struct{}), withValues(context.Background()))
	}},
	{"by hand, with an error of its own", func() madeParent { return byHand(errOwnWord, make(chan struct{}), context.Background()) }},
	{"by hand, and does not tell", func() madeParent { return byHand(context.Canceled, nil, context.Background()) }},
	{"by hand, around a live one", func() madeParent {
		inner := cancellable(withValues)
		p := byHand(context.Canceled, make(chan struct{}), inner.ctx)
		return madeParent{p.ctx, p.end, func() { p.drop(); inner.drop() }}
	}},
	{"by hand, around a dead one", func() madeParent {
		inner := cancellable(withValues)
		inner.end(errOwnEnd)
		return byHand(context.Canceled, make(chan struct{}), inner.ctx)
	}},
	{"by hand, with AfterFunc", func() madeParent {
		p := byHand(errOwnWord, make(chan struct{}), context.Background())
		p.ctx = registeringContext{p.ctx.(*handmade)}
		return p
	}},
	{"of a hook", func() madeParent { return ofAHook(itself) }},
	{"of a hook, with values", func() madeParent { return ofAHook(withValues) }},
	{"wraps that of a hook", func() madeParent {
		return ofAHook(func(ctx context.Context) context.Context { return ownContext{ctx} })
	}},
}
