package hooks_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// An execution begun inside a hook has an id made of the outer one's, and commits on
// its own: it is not undone with the outer one.
func TestNestedExecution(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	var d diary
	inner := newCart()
	run := func(ctx context.Context) {
		report, err := x.Execute(ctx, inner, hooks.FuncUndo("in", func(ctx context.Context, c *cart) error {
			info, _ := hooks.InfoFrom(ctx)
			d.add("key %s", info.IdempotencyKey)
			c.N++
			return nil
		}, func(context.Context, *cart) error { d.add("undo in"); return nil }))
		assert.NoError(t, err)
		d.add("id %s", report.Execution)
	}
	nesting := func(name string, err error) hooks.Hook[cart] {
		return hooks.FuncUndo(name, func(ctx context.Context, _ *cart) error { run(ctx); run(ctx); return err },
			func(ctx context.Context, _ *cart) error { run(ctx); return nil })
	}
	ctx := hooks.WithExecutionID(t.Context(), "outer")
	state := newCart()
	_, err := x.Execute(ctx, state, nesting("a", nil), nesting("b", errBroken))
	require.ErrorIs(t, err, errBroken)
	d.require(t,
		"key outer/a#1/in#1", "id outer/a#1", "key outer/a#2/in#1", "id outer/a#2",
		"key outer/b#1/in#1", "id outer/b#1", "key outer/b#2/in#1", "id outer/b#2",
		"key outer/a#3/in#1", "id outer/a#3")
	assert.Equal(t, 5, inner.N, "what was committed inside stays")
	requireCart(t, newCart(), state)
	m := x.Metrics()
	assert.Equal(t, []int64{6, 5, 1}, []int64{m.Executions, m.Commits, m.Failures})
	_, err = x.Execute(ctx, state, hooks.Func("c", func(ctx context.Context, _ *cart) error {
		report, err := x.Execute(hooks.WithExecutionID(ctx, "own"), inner)
		assert.Equal(t, "own", report.Execution, "an id that was asked for goes before")
		return err
	}))
	require.NoError(t, err)
}

// A nested execution has the outer hook's limit.
func TestNestedExecutionEndsWithTheHook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := build[cart](t, limits(time.Second))
		inner, begun := newCart(), time.Now()
		_, err := x.Execute(t.Context(), newCart(), hooks.Func("outer", func(ctx context.Context, _ *cart) error {
			_, err := x.Execute(ctx, inner, limited(hooks.Func("inner", func(ctx context.Context, c *cart) error {
				c.N = 1
				<-ctx.Done()
				return nil
			}), time.Hour))
			assert.ErrorContains(t, err, `hook "outer"`)
			return err
		}))
		require.ErrorIs(t, err, hooks.ErrTimeout)
		assert.Equal(t, time.Second, time.Since(begun))
		requireCart(t, newCart(), inner)
	})
}

// Shutdown from inside one of the executor's own hooks would wait for itself: it
// says so, and refuses new work from then on, but not what runs inside.
func TestShutdownFromInside(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	state := newCart()
	check := func(ctx context.Context) error {
		assert.ErrorIs(t, x.Shutdown(ctx), hooks.ErrReentrant)
		_, err := x.Execute(ctx, newCart(), hooks.Func("in", doCart))
		assert.NoError(t, err, "an execution begun inside a running one is admitted")
		_, err = x.Execute(context.Background(), newCart())
		assert.ErrorIs(t, err, hooks.ErrClosed)
		return nil
	}
	_, err := x.Execute(t.Context(), state,
		hooks.FuncUndo("a", func(ctx context.Context, _ *cart) error { return check(ctx) }, func(ctx context.Context, _ *cart) error { return check(ctx) }),
		hooks.Define(hooks.Funcs[cart]{Name: "b",
			ValidateEvent:  func(ctx context.Context, _ *cart) error { return check(ctx) },
			Execute:        func(ctx context.Context, _ *cart) (any, error) { return nil, hooks.BeforeCommit(ctx, check) },
			ValidateResult: func(ctx context.Context, _ any) error { return check(ctx) }}),
		hooks.Func("c", func(ctx context.Context, _ *cart) error { return hooks.OnCommit(ctx, check) }))
	require.NoError(t, err)
	require.NoError(t, x.Shutdown(t.Context()))
}

// A goroutine that a hook left, with the hook's context, is no longer inside: it may
// wait, and it is refused.
func TestLeftGoroutineIsOutside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := build[cart](t, hooks.Config{})
		done := make(chan struct{})
		_, err := x.Execute(t.Context(), newCart(), hooks.Func("h", func(ctx context.Context, _ *cart) error {
			go func() {
				defer close(done)
				<-ctx.Done()
				time.Sleep(time.Minute)
				assert.NoError(t, x.Shutdown(context.WithoutCancel(ctx)))
				_, err := x.Execute(context.WithoutCancel(ctx), newCart())
				assert.ErrorIs(t, err, hooks.ErrClosed)
			}()
			return nil
		}))
		require.NoError(t, err)
		<-done
	})
}

// A hook is also inside if another executor is in between.
func TestThroughAnotherExecutor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := build[cart](t, hooks.Config{}), build[knot](t, hooks.Config{})
		begun := time.Now()
		_, err := a.Execute(t.Context(), newCart(), hooks.Func("outer", func(ctx context.Context, _ *cart) error {
			_, err := b.Execute(ctx, newKnot(), hooks.Func("middle", func(ctx context.Context, _ *knot) error {
				assert.ErrorIs(t, a.Shutdown(ctx), hooks.ErrReentrant)
				assert.ErrorIs(t, b.Shutdown(ctx), hooks.ErrReentrant)
				_, err := a.Execute(ctx, newCart(), hooks.Func("inner", doCart))
				assert.NoError(t, err)
				_, err = b.Execute(hooks.ExecutionContext(ctx), newKnot())
				assert.NoError(t, err)
				return nil
			}))
			return err
		}))
		require.NoError(t, err)
		assert.Zero(t, time.Since(begun))
	})
}
