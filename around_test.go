package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// heard surrounds a hook by a note of each call, before and after it.
func heard(d *diary, h hooks.Hook[cart]) hooks.Hook[cart] {
	return hooks.Around(h, func(ctx context.Context, c *cart, next func(context.Context) (any, error)) (any, error) {
		info, _ := hooks.InfoFrom(ctx)
		d.add("%s %s %v", info.Phase, info.Hook, c != nil)
		v, err := next(ctx)
		d.add("%s %s: %v", info.Phase, info.Hook, err)
		return v, err
	})
}

func TestAroundKeepsAbilities(t *testing.T) {
	var d diary
	h := &full{&d}
	edited := hooks.Description{Name: "full", Options: h.Options(), Rollback: true, ValidateEvent: true, ValidateResult: true}
	edited.Options.ReadOnly = true
	readOnly := func(o *hooks.Options) { o.ReadOnly = true }
	for _, around := range []hooks.Hook[cart]{hooks.With(heard(&d, h), readOnly), heard(&d, hooks.With[cart](h, readOnly))} {
		if diff := cmp.Diff(edited, hooks.Describe(around)); diff != "" {
			t.Errorf("description (-want +got):\n%s", diff)
		}
	}
	d.lines = nil
	_, err := build[cart](t, hooks.Config{}).Execute(t.Context(), newCart(), heard(&d, h), failing("end", errBroken))
	require.ErrorIs(t, err, errBroken)
	d.require(t, "validate event full true", "event", "validate event full: <nil>",
		"execute full true", "execute", "execute full: <nil>",
		"validate result full false", "result 1", "validate result full: <nil>",
		"rollback full true", "rollback", "rollback full: <nil>")
	assert.False(t, hooks.Describe(heard(&d, hooks.Func("f", doCart))).Rollback, "no ability is added")
}

// Of a group it is each hook that is surrounded, also behind With and Retry.
func TestAroundGroups(t *testing.T) {
	var d diary
	seq := hooks.Sequence("s", hooks.Func("a", doCart), hooks.Sequence("t", hooks.Func("b", doCart)), hooks.Retry(hooks.Func("c", doCart), hooks.RetryPolicy{Attempts: 2}))
	h := heard(&d, hooks.With(seq, func(o *hooks.Options) { o.OnFailure = hooks.Continue }))
	assert.Equal(t, hooks.Continue, hooks.Describe(h).Options.OnFailure)
	_, err := hooks.Run(t.Context(), newCart(), hooks.Sequence("out", h))
	require.NoError(t, err)
	d.require(t, "execute out/s/a true", "execute out/s/a: <nil>", "execute out/s/t/b true", "execute out/s/t/b: <nil>",
		"execute out/s/c true", "execute out/s/c: <nil>")
}

// What Around returns is what the hook has returned, and a result needs both.
func TestAroundDecides(t *testing.T) {
	result := func(v any, err error) hooks.Hook[cart] {
		return hooks.Define(hooks.Funcs[cart]{Name: "h", Execute: func(_ context.Context, c *cart) (any, error) { c.N = 7; return v, err }})
	}
	type aroundFunc = func(ctx context.Context, c *cart, next func(context.Context) (any, error)) (any, error)
	for _, tt := range []struct {
		why    string
		hook   hooks.Hook[cart]
		around aroundFunc
		want   string
	}{
		{"it passes on", result(1, nil), func(ctx context.Context, _ *cart, next func(context.Context) (any, error)) (any, error) {
			return next(ctx)
		}, "succeeded 1 7"},
		{"it does not call", result(1, nil), func(context.Context, *cart, func(context.Context) (any, error)) (any, error) { return nil, nil }, "succeeded <nil> 0"},
		{"it fails afterwards", result(1, nil), func(ctx context.Context, _ *cart, next func(context.Context) (any, error)) (any, error) {
			v, err := next(ctx)
			return v, errors.Join(err, errBroken)
		}, "failed <nil> 0"},
		{"it gets over an error", result(1, errBroken), func(ctx context.Context, _ *cart, next func(context.Context) (any, error)) (any, error) {
			v, _ := next(ctx)
			return v, nil
		}, "succeeded <nil> 7"},
		{"it passes on SkipRest", result(1, hooks.SkipRest), func(ctx context.Context, _ *cart, next func(context.Context) (any, error)) (any, error) {
			return next(ctx)
		}, "succeeded 1 7"},
		{"it panics", result(1, nil), func(context.Context, *cart, func(context.Context) (any, error)) (any, error) { panic("!") }, "panicked <nil> 0"},
		{"it changes the state", result(1, nil), func(ctx context.Context, c *cart, next func(context.Context) (any, error)) (any, error) {
			_, err := next(ctx)
			c.N++
			return "another", err
		}, "succeeded another 8"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			c := &cart{}
			report, _ := hooks.Run(t.Context(), c, hooks.Around(tt.hook, tt.around))
			r := report.Results()[0]
			assert.Equal(t, tt.want, fmt.Sprint(r.Outcome, " ", r.Value, " ", c.N))
		})
	}
}

func TestAroundNothing(t *testing.T) {
	_, err := hooks.Run(t.Context(), newCart(), hooks.Around(hooks.Func("a", doCart), nil))
	require.ErrorIs(t, err, hooks.ErrInvalidHook)
	assert.Contains(t, err.Error(), "was given to Around without a function")
	_, err = hooks.Run(t.Context(), newCart(), hooks.Around[cart](nil, func(ctx context.Context, _ *cart, next func(context.Context) (any, error)) (any, error) {
		return next(ctx)
	}))
	require.ErrorIs(t, err, hooks.ErrInvalidHook)
}

// Once around has returned, next calls nothing.
func TestAroundHasReturned(t *testing.T) {
	var later func(ctx context.Context) (any, error)
	calls := 0
	h := hooks.Around(hooks.Func("h", func(context.Context, *cart) error { calls++; return nil }),
		func(ctx context.Context, _ *cart, next func(context.Context) (any, error)) (any, error) {
			later = next
			_, _ = next(ctx)
			return next(ctx)
		})
	_, err := hooks.Run(t.Context(), newCart(), h)
	require.NoError(t, err)
	_, err = later(t.Context())
	require.ErrorIs(t, err, hooks.ErrEnded)
	assert.Equal(t, 2, calls)
}

// Who calls the hook without an executor gets what is around it, too.
func TestAroundCalledDirectly(t *testing.T) {
	var d diary
	v, err := heard(&d, heard(&d, hooks.Define(hooks.Funcs[cart]{Name: "h", Execute: func(context.Context, *cart) (any, error) { return 5, nil }}))).Execute(t.Context(), newCart())
	require.NoError(t, err)
	assert.Equal(t, 5, v)
	assert.Len(t, d.lines, 4)
	_, err = heard(&d, hooks.Sequence("s", hooks.Func("a", doCart))).Execute(t.Context(), newCart())
	require.ErrorContains(t, err, "was called as a plain hook")
	_, err = hooks.Around(hooks.Func("a", doCart), nil).Execute(t.Context(), newCart())
	require.ErrorIs(t, err, hooks.ErrInvalidHook)
	_, err = hooks.Define(hooks.Funcs[cart]{Name: "n"}).Execute(t.Context(), newCart())
	require.ErrorIs(t, err, hooks.ErrInvalidHook)
}
