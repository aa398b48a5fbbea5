package hookstest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
	"github.com/hooktx/hooks/hookstest"
)

func do(name string, err error) hooks.Hook[order] {
	return hooks.FuncUndo(name, func(context.Context, *order) error { return err }, func(context.Context, *order) error { return nil })
}

func recorded(t *testing.T) (*hookstest.Recorder, *hooks.Executor[order]) {
	t.Helper()
	var r hookstest.Recorder
	x, err := hooks.New[order](hooks.Config{Trace: r.Trace()})
	require.NoError(t, err)
	return &r, x
}

func TestRecorder(t *testing.T) {
	r, x := recorded(t)
	_, err := x.Execute(t.Context(), newOrder(), do("reserve", nil), do("charge", errors.New("card: declined")))
	require.Error(t, err)
	require.Equal(t, []string{
		"reserve succeeded", "charge failed: card: declined", "reserve undone", `rolled back: hooks: execute "charge": card: declined`,
	}, r.Lines())
	r.Expect(t, "reserve succeeded", "charge failed", "reserve undone", "rolled back")
	r.Expect(t)

	_, err = x.Execute(t.Context(), newOrder(),
		hooks.Parallel("checks", do("a", nil), do("b", nil), do("c", nil)), do("end", hooks.Unknown(errors.New("lost"))))
	require.Error(t, err)
	r.Expect(t, "checks/c succeeded & checks/a succeeded & checks/b succeeded", "end failed: lost",
		"end undone (unknown)", "checks/c undone", "checks/b undone", "checks/a undone", "rolled back")

	steps := hooks.Func("steps", func(ctx context.Context, _ *order) error {
		return errors.Join(hooks.OnRollback(ctx, func(context.Context) error { return errors.New("stuck") }),
			hooks.OnRollback(ctx, func(context.Context) error { return nil }), errors.New("no"))
	})
	_, err = x.Execute(t.Context(), newOrder(), steps)
	require.Error(t, err)
	r.Expect(t, "steps failed: no", "steps step 2 undone", "steps step 1 undo failed: stuck", "rolled back")

	_, err = x.Execute(t.Context(), newOrder(), do("a", nil))
	require.NoError(t, err)
	_, err = x.DryRun(t.Context(), newOrder(), hooks.Func("look", func(context.Context, *order) error { return nil }))
	require.NoError(t, err)
	r.Expect(t, "a succeeded", "committed", "look succeeded", "dry run")
}

func TestRecorderAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, x := recorded(t)
		slow := hooks.FuncUndo("slow", func(context.Context, *order) error { time.Sleep(time.Hour); return nil },
			func(context.Context, *order) error { return nil })
		_, err := x.Execute(t.Context(), newOrder(), slow)
		require.ErrorIs(t, err, hooks.ErrTimeout)
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		r.Expect(t, "slow abandoned", "slow timed out", "rolled back", "slow ended late", "slow undone late")
	})
}

// What was not expected is an error that shows the difference.
func TestRecorderExpectFails(t *testing.T) {
	for _, want := range [][]string{
		{},
		{"a succeeded"},
		{"committed", "a succeeded"},
		{"a succeeded", "committed", "b succeeded"},
		{"a succeeded: but", "committed"},
		{"a succeeded & b succeeded", "committed"},
		{"a", "committed"},
	} {
		r, x := recorded(t)
		_, err := x.Execute(t.Context(), newOrder(), do("a", nil))
		require.NoError(t, err)
		c := &capture{TB: t}
		r.Expect(c, want...)
		require.Len(t, c.texts, 1, "%q", want)
		assert.Contains(t, c.texts[0], "what happened is not what was expected (-want +got):")
	}
}
