package hooks_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// A fragile state counts how often it is copied. It refers to itself, so that the caller's
// is made by a copy of its own.
type fragile struct {
	Self  *fragile
	Cells map[string]int
	Probe copied
}

// A fragileCell is the value of a cell that is copied likewise.
type fragileCell struct {
	Notes map[string]int
	Probe copied
}

// fragileChain is a chain that copies its state, and the value of cell, for every reason
// there is, in two rounds. done counts effects that have not been undone.
func fragileChain(t *testing.T, cell *hooks.Shared[fragileCell], seen *hooks.Shared[int], done map[string]int) []hooks.Hook[fragile] {
	effect := func(name string, do func(ctx context.Context, s *fragile) error) hooks.Hook[fragile] {
		return hooks.FuncUndo(name, func(ctx context.Context, s *fragile) error {
			if err := do(ctx, s); err != nil {
				return err
			}
			s.Cells[name]++
			done[name]++
			return nil
		}, func(context.Context, *fragile) error { done[name]--; return nil })
	}
	edit := func(key string) func(context.Context, *fragile) error {
		return func(ctx context.Context, _ *fragile) error {
			v, err := cell.Edit(ctx)
			if err != nil {
				return err
			}
			v.Notes[key]++
			return nil
		}
	}
	nothing := func(context.Context, *fragile) error { return nil }
	reading := func(h hooks.Hook[fragile]) hooks.Hook[fragile] {
		return hooks.With(h, func(o *hooks.Options) { o.ReadOnly = true })
	}
	return []hooks.Hook[fragile]{
		hooks.ParallelN(1, "start", effect("one", nothing), effect("other", nothing)),
		effect("first", nothing),
		reading(hooks.Func("look", nothing)),
		reading(hooks.FuncUndo("look and undo", nothing, nothing)),
		continuing(hooks.Func("dropped", func(context.Context, *fragile) error { return errBroken })),
		hooks.Retry(hooks.Func("again", func(ctx context.Context, _ *fragile) error {
			if info, _ := hooks.InfoFrom(ctx); info.Attempt == 1 {
				return errBroken
			}
			return nil
		}), hooks.RetryPolicy{Attempts: 2}),
		effect("edits", edit("before")),
		hooks.ParallelN(1, "p", effect("left", edit("left")), effect("right", edit("right"))),
		effect("last", func(ctx context.Context, _ *fragile) error {
			_, err := seen.Read(ctx)
			if info, _ := hooks.InfoFrom(ctx); info.Round == 1 {
				bumpOutside(t, seen, 1)
			}
			return err
		}),
	}
}

// Whichever of the many copies of an execution fails, be it of the state or of a cell, in
// whichever round: the chain fails as a whole, and the caller's end is told if that was
// the reason.
func TestWhicheverCopyFails(t *testing.T) {
	why := errors.New("the user left")
	for _, leaves := range []bool{false, true} {
		reached := true
		copies := 0
		for at := 1; reached; at++ {
			ctx, cancel := context.WithCancelCause(t.Context())
			n := -1 << 30 // not while the cell is made
			probe := copied{func() {
				if n++; n == at {
					if leaves {
						cancel(why)
					}
					panic(io.ErrShortBuffer)
				}
			}}
			agreeable := hooks.ValidatorFunc("fine", func(context.Context, hooks.StateChange[fragileCell]) hooks.ValidationResult {
				return hooks.ValidationResult{}
			})
			cell := newCell(t, fragileCell{map[string]int{}, probe}, agreeable)
			state := &fragile{Cells: map[string]int{"start": 1}, Probe: probe}
			state.Self = state
			done := map[string]int{}
			var invalid []string
			trace := &hooks.Trace{HookEnd: func(_ context.Context, info hooks.Info, r *hooks.Result) {
				if r.Outcome == hooks.OutcomeInvalid {
					invalid = append(invalid, info.Hook)
				}
			}}
			x := build(t, hooks.Config{Trace: trace, Monitoring: hooks.MonitoringConfig{TrackChanges: true}},
				hooks.ValidatorFunc("fine", func(context.Context, hooks.StateChange[fragile]) hooks.ValidationResult {
					return hooks.ValidationResult{}
				}))
			chain := fragileChain(t, cell, newCell(t, 0), done)
			n = 0
			report, err := x.Execute(ctx, state, chain...)
			reached = n >= at
			n = -1 << 30
			cancel(nil)
			assert.Same(t, state, state.Self)
			assert.Equal(t, err == nil, report.Committed)
			if err == nil {
				copies = at
				if reached { // the chain gets over the hook that may fail, and over nothing else
					require.Equal(t, []string{"dropped"}, invalid, "copy %d", at)
				}
				want := map[string]int{"one": 1, "other": 1, "first": 1, "edits": 1, "left": 1, "right": 1, "last": 1}
				require.Equal(t, want, done, "copy %d", at)
				want["start"] = 1
				require.Equal(t, want, state.Cells, "copy %d", at)
				require.Equal(t, map[string]int{"before": 1, "left": 1, "right": 1}, cell.Load().Notes, "copy %d", at)
				continue
			}
			require.True(t, reached)
			if leaves {
				require.ErrorIs(t, err, why, "copy %d", at)
			} else {
				require.ErrorIs(t, err, hooks.ErrNotCopyable, "copy %d", at)
				require.ErrorIs(t, err, io.ErrShortBuffer, "copy %d", at)
			}
			require.NotErrorIs(t, err, hooks.ErrRollback)
			maps.DeleteFunc(done, func(_ string, n int) bool { return n == 0 })
			require.Empty(t, done, "copy %d: what has not been undone", at)
			require.Equal(t, map[string]int{"start": 1}, state.Cells)
			require.Empty(t, cell.Load().Notes)
		}
		assert.Greater(t, copies, 30, "of these copies each has failed once")
	}
}
