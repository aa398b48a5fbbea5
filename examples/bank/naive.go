package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// textbook is the bank that is found in many servers: a lock for each account, and for
// each transfer a goroutine, a deadline, a channel that nobody can block on, and a
// recover.
//
// There is no data race in it, and nothing in it is wrong on purpose. What it lacks is a
// way to take back what a hook had changed before it failed, and to stop one that it gave
// up.
type textbook struct {
	accounts []guarded
	running  sync.WaitGroup // for the example alone, which has to see the end of it
}

// naiveLimit is how long the loop waits for a hook.
const naiveLimit = 20 * time.Millisecond

var errPanicked = errors.New("panic")

func newTextbook(p plan) *textbook { return &textbook{accounts: newVaults(p).accounts} }

// change changes one account.
func (b *textbook) change(i int, do func(a *account)) {
	a := &b.accounts[i]
	a.mu.Lock()
	defer a.mu.Unlock()
	do(&a.account)
}

// transfer is the hook. It looks at its context, as a hook should.
func (b *textbook) transfer(ctx context.Context, t *transfer) (err error) {
	b.change(t.From, func(a *account) {
		if a.Balance < t.Amount {
			err = errRefused
			return
		}
		a.book(t.ID, -t.Amount)
	})
	if err != nil {
		return err
	}
	t.halfway()
	if err := ctx.Err(); err != nil {
		return err
	}
	b.change(t.To, func(a *account) { a.book(t.ID, t.Amount) })
	return t.inTheEnd(func() {
		b.change(t.From, func(a *account) { a.book(t.ID, -fee) })
	})
}

func (b *textbook) move(ctx context.Context, t *transfer) error {
	ctx, cancel := context.WithTimeout(ctx, naiveLimit)
	defer cancel()

	done := make(chan error, 1)
	b.running.Go(func() {
		defer func() {
			if r := recover(); r != nil {
				done <- fmt.Errorf("%w: %v", errPanicked, r)
			}
		}()
		done <- b.transfer(ctx, t)
	})
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// audit looks at one account after the other.
func (b *textbook) audit(context.Context) (sum Cents, _ error) {
	for i := range b.accounts {
		b.change(i, func(a *account) { sum += a.Balance })
	}
	return sum, nil
}

func (b *textbook) close(ctx context.Context) ([]account, error) {
	done := make(chan struct{})
	go func() { b.running.Wait(); close(done) }()
	select {
	case <-done:
		return unguarded(b.accounts), nil
	case <-ctx.Done():
		return nil, fmt.Errorf("hooks are still running: %w", ctx.Err())
	}
}
