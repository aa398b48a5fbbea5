package runners

import (
	"context"
	"fmt"
	"time"
)

// limit is the time that a hook has, in all runners that know a limit. None is ever reached.
const limit = 30 * time.Second

// A way calls one hook.
type way[S any] func(ctx context.Context, k kind[S], s *S, do step[S]) error

// oneByOne makes a runner of a way to call one hook: the loop around it.
func oneByOne[S any](k kind[S], st style[S], one way[S]) func(n int) (*Chain, error) {
	return func(n int) (*Chain, error) {
		steps := st.of(k, n)
		return &Chain{Caller: k.caller(n, func(ctx context.Context, s *S) error {
			for _, do := range steps {
				if err := one(ctx, k, s, do); err != nil {
					return err
				}
			}
			return nil
		})}, nil
	}
}

// direct calls the hook on a copy of the state and contains its panic. It knows no limit.
func direct[S any](ctx context.Context, k kind[S], s *S, do step[S]) (err error) {
	defer contain(&err)
	draft := k.clone(s)
	if err := do(ctx, draft); err != nil {
		return err
	}
	*s = *draft
	return nil
}

func contain(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %v", p)
	}
}

// sameGoroutine gives the hook a limit that it may obey or not. The caller waits for it.
func sameGoroutine[S any](ctx context.Context, _ kind[S], s *S, do step[S]) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return do(ctx, s)
}

// textbook is what one would write to be rid of a hook at its limit. The hook keeps the state then.
func textbook[S any](ctx context.Context, _ kind[S], s *S, do step[S]) error {
	return textbookWithin(ctx, limit, s, do)
}

func textbookWithin[S any](ctx context.Context, limit time.Duration, s *S, do step[S]) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("panic: %v", p)
			}
		}()
		done <- do(ctx, s)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// textbookCopy also copies the state by hand for the hook, so that one which is late cannot harm it.
func textbookCopy[S any](ctx context.Context, k kind[S], s *S, do step[S]) error {
	draft := k.clone(s)
	if err := textbook(ctx, k, draft, do); err != nil {
		return err
	}
	*s = *draft
	return nil
}
