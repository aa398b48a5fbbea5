package main

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/hooktx/hooks"
)

// A shop is what the hooks work with: everything that is not the order.
type shop struct {
	articles map[string]Article // by SKU
	ledger   *ledger
	shelf    shelf
	payer    *payer
	outbox   outbox
	limit    time.Duration // of a charge, and of a shipment

	// over has a channel for each order, closed when the order's execution is over.
	// The hooks that misbehave wait for it, so that what they do too late happens
	// too late in every run, and not only on a slow day.
	over   map[string]chan struct{}
	strays sync.WaitGroup // goroutines that hooks have left behind
}

// checks returns the hooks that need nothing of each other, so that they can run at the
// same time.
func (s *shop) checks() []hooks.Hook[Order] {
	return []hooks.Hook[Order]{s.fraud(), s.optional("geocode", s.geocode)}
}

// chain returns the hooks of an order. The checks come after validate.
func (s *shop) chain(checks ...hooks.Hook[Order]) []hooks.Hook[Order] {
	return slices.Concat([]hooks.Hook[Order]{hooks.Func("validate", s.validate)}, checks, []hooks.Hook[Order]{
		&reserve{s},
		&charge{s},
		&ship{s},
		&loyalty{s},
		s.optional("recommend", s.recommend),
		s.confirm(),
	})
}

// optional makes a hook of what others wrote (see plugins.go). It is given options by With,
// since it says nothing of itself.
func (s *shop) optional(name string, do func(context.Context, *Order) error) hooks.Hook[Order] {
	return hooks.With(hooks.Func(name, do), func(o *hooks.Options) {
		o.OnFailure, o.Timeout = hooks.Continue, s.limit
	})
}

// effectKey returns the key under which a hook's effect is booked outside. For an undo
// it is the key of what is to be undone.
func effectKey(ctx context.Context, o *Order, hook string) string {
	info, inside := hooks.InfoFrom(ctx)
	switch {
	case !inside:
		return o.ID + "/" + hook // the textbook loop has no keys, so the order must do
	case info.Undoes != "":
		return info.Undoes
	default:
		return info.IdempotencyKey
	}
}

// onRollback registers an undo step. The textbook loop knows no such thing, there it
// does nothing.
func onRollback(ctx context.Context, undo func(context.Context) error) error {
	if _, inside := hooks.InfoFrom(ctx); !inside {
		return nil
	}
	return hooks.OnRollback(ctx, undo)
}

// onCommit does something once the order is sure. The textbook loop knows no commit,
// there it is done at once.
func onCommit(ctx context.Context, do func(context.Context) error) error {
	if _, inside := hooks.InfoFrom(ctx); !inside {
		return do(ctx)
	}
	return hooks.OnCommit(ctx, do)
}

// deaf stands for a client library that takes no context: it takes longer than anybody
// waits, and no deadline stops what comes then.
func (s *shop) deaf(ctx context.Context, o *Order) context.Context {
	<-s.over[o.ID]
	return context.WithoutCancel(ctx)
}

// An outbox records the mails that went out. It is safe for concurrent use.
type outbox struct {
	mu    sync.Mutex
	mails map[string]int // by order
}

func (b *outbox) send(order string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mails == nil {
		b.mails = map[string]int{}
	}
	b.mails[order]++
}

// sent returns the number of mails by order.
func (b *outbox) sent() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.mails)
}
