package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hooktx/hooks"
)

// naive runs hooks as a program does that has no library for it, with all the care that
// such loops usually get: every hook has a goroutine, a deadline, a channel that nobody
// can block on, and a recover; if one fails, those before it are rolled back, newest
// first. It can be found, almost line by line, in many servers.
//
// Nothing in it is wrong on purpose. What it cannot do is make a hook stop: a hook that
// was given up has still got the order.
type naive struct {
	limit   time.Duration  // of a hook that has none of its own
	running sync.WaitGroup // for the example alone, which has to see the end of it
}

// A naiveError says which hook failed, and which rollbacks.
type naiveError struct {
	hook  string
	err   error
	undos []error
}

func (e *naiveError) Error() string {
	return fmt.Sprintf("%s: %v", e.hook, errors.Join(append([]error{e.err}, e.undos...)...))
}

func (e *naiveError) Unwrap() error { return e.err }

// run runs the hooks over the order. It returns what failed and was ignored, and why
// the chain failed.
func (n *naive) run(ctx context.Context, o *Order, chain []hooks.Hook[Order]) (ignored []error, err error) {
	for i, h := range chain {
		options := hooks.Describe(h).Options
		err := n.call(ctx, o, h, options.Timeout)
		if err == nil {
			continue
		}
		failed := &naiveError{hook: h.Name(), err: err}
		if options.OnFailure == hooks.Continue {
			ignored = append(ignored, failed)
			continue
		}
		for _, done := range slices.Backward(chain[:i]) {
			if r, ok := done.(hooks.Rollbacker[Order]); ok {
				if err := r.Rollback(ctx, o); err != nil {
					failed.undos = append(failed.undos, &naiveError{hook: done.Name(), err: err})
				}
			}
		}
		return ignored, failed
	}
	return ignored, nil
}

// call runs one hook.
func (n *naive) call(ctx context.Context, o *Order, h hooks.Hook[Order], limit time.Duration) error {
	if limit == 0 {
		limit = n.limit
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	done := make(chan error, 1)
	n.running.Go(func() {
		defer func() {
			if r := recover(); r != nil {
				done <- fmt.Errorf("panic: %v", r)
			}
		}()
		_, err := h.Execute(ctx, o)
		done <- err
	})
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
