package hooks_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// A snapshot restores what was, any number of times, whatever was done to what it
// restored before.
func TestSnapshotRestores(t *testing.T) {
	before := time.Now()
	state := newCart()
	state.Lines = append(make([]line, 0, 10), state.Lines...)
	s, err := hooks.TakeSnapshot(state, "test")
	require.NoError(t, err)
	assert.Equal(t, "test", s.Creator())
	assert.False(t, s.Time().Before(before) || s.Time().After(time.Now()))
	assert.Positive(t, s.Size())
	assert.Empty(t, s.Changes(state))
	for range 3 {
		state.Lines = append(state.Lines, line{"within capacity", 1})
		scribble(state)
		assert.NotEmpty(t, s.Changes(state))
		require.NoError(t, s.Restore(state))
		requireCart(t, newCart(), state)
		assert.Empty(t, s.Changes(state))
	}
	other := &cart{Tags: map[string]map[string]int{"kept": {}}, Shared: map[string]any{"kept": 1}}
	old := other.Tags
	require.NoError(t, s.Restore(other))
	requireCart(t, newCart(), other)
	assert.Equal(t, map[string]map[string]int{"kept": {}}, old, "it replaces what was there, it does not write into it")
}

func TestSnapshotChanges(t *testing.T) {
	state := newCart()
	s, err := hooks.TakeSnapshot(state, "test")
	require.NoError(t, err)
	state.N = 5
	state.Tags["color"]["red"] = 7
	state.Lines = append(state.Lines, line{"d", 4})
	state.note = "known"
	delete(state.Shared, "none")
	assert.Equal(t, []hooks.Change{
		{Path: `Tags["color"]["red"]`, Before: "1", After: "7"},
		{Path: "Lines[3]", After: `{SKU:"d" Qty:4}`},
		{Path: `Shared["none"]`, Before: "nil"},
		{Path: "N", Before: "0", After: "5"},
		{Path: "note", Before: `"private"`, After: `"known"`},
	}, s.Changes(state))
	assert.Equal(t, "Lines[3]: (nothing) → {SKU:\"d\" Qty:4}", s.Changes(state)[1].String())
	assert.Empty(t, s.Changes(nil))
}

// At most 1000 changes are listed.
func TestSnapshotChangesAreBounded(t *testing.T) {
	state := make([]int, 5000)
	s, err := hooks.TakeSnapshot(&state, "test")
	require.NoError(t, err)
	for i := range state {
		state[i] = 1
	}
	assert.Len(t, s.Changes(&state), 1000)
}

func TestSnapshotOfKnot(t *testing.T) {
	state := newKnot()
	s, err := hooks.TakeSnapshot(state, "test")
	require.NoError(t, err)
	state.mu.Lock()
	for range 2 {
		state.N, state.Self, state.AtN, state.Child, state.Part = 9, nil, nil, nil, nil
		state.Own = "the caller's"
		require.NoError(t, s.Restore(state))
		assert.Zero(t, state.N)
		assert.Equal(t, "the caller's", state.Own)
		requireTied(t, state)
	}
	state.mu.Unlock()
	other := new(knot)
	require.NoError(t, s.Restore(other))
	requireTied(t, other)
}

func TestSnapshotOfInterface(t *testing.T) {
	var state any = map[string]any{"list": []any{1}}
	s, err := hooks.TakeSnapshot(&state, "test")
	require.NoError(t, err)
	state.(map[string]any)["list"].([]any)[0] = 2
	assert.Equal(t, []hooks.Change{{Path: `["list"][0]`, Before: "1", After: "2"}}, s.Changes(&state))
	require.NoError(t, s.Restore(&state))
	assert.Equal(t, map[string]any{"list": []any{1}}, state)
	state = "other"
	require.NoError(t, s.Restore(&state))
	assert.Equal(t, map[string]any{"list": []any{1}}, state)
	state = nil
	s, err = hooks.TakeSnapshot(&state, "test")
	require.NoError(t, err)
	state = 5
	require.NoError(t, s.Restore(&state))
	assert.Nil(t, state)
}

func TestSnapshotRefuses(t *testing.T) {
	_, err := hooks.TakeSnapshot[cart](nil, "test")
	require.ErrorIs(t, err, hooks.ErrInvalidArgument)
	require.EqualError(t, err, "hooks: snapshot: the state is nil; pass a pointer to the state")
	s, err := hooks.TakeSnapshot(newCart(), "test")
	require.NoError(t, err)
	err = s.Restore(nil)
	require.ErrorIs(t, err, hooks.ErrInvalidArgument)
	require.EqualError(t, err, "hooks: restore: the state is nil; pass a pointer to the state")
	type watch struct{ Timers []*time.Timer }
	_, err = hooks.TakeSnapshot(&watch{[]*time.Timer{nil, new(time.Timer)}}, "test")
	require.ErrorIs(t, err, hooks.ErrNotCopyable)
	require.ErrorContains(t, err, "cannot copy watch.Timers[1]: *time.Timer")
}

// DeepCopy methods are contained here too. What goes wrong leaves the state as it
// was.
func TestSnapshotContainsDeepCopy(t *testing.T) {
	for _, b := range bad {
		t.Run(b.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				over := make(chan struct{})
				defer close(over)
				begun := time.Now()
				_, err := hooks.TakeSnapshot(&doer{Copied: copied{b.fn(over)}}, "test")
				require.ErrorIs(t, err, hooks.ErrNotCopyable)
				require.ErrorIs(t, err, b.class)
				assert.Equal(t, 30*b.took, time.Since(begun))

				later := false
				s, err := hooks.TakeSnapshot(&doer{N: 1, Copied: copied{func() {
					if later {
						b.fn(over)()
					}
				}}}, "test")
				require.NoError(t, err)
				later = true
				state := &doer{N: 2}
				require.ErrorIs(t, s.Restore(state), b.class)
				assert.Equal(t, &doer{N: 2}, state)
			})
		})
	}
}

// A snapshot can be restored by many at a time.
func TestSnapshotIsSafeForConcurrentUse(t *testing.T) {
	s, err := hooks.TakeSnapshot(newCart(), "test")
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				state := new(cart)
				assert.NoError(t, s.Restore(state))
				scribble(state)
				assert.NotEmpty(t, s.Changes(state))
			}
		})
	}
	wg.Wait()
}

// A list of any length is copied without a deep stack.
func TestSnapshotOfLongList(t *testing.T) {
	type node struct {
		Next *node
		N    int
	}
	var head *node
	const length = 50_000
	for i := range length {
		head = &node{head, i}
	}
	s, err := hooks.TakeSnapshot(head, "test")
	require.NoError(t, err)
	assert.Equal(t, int64(length*16), s.Size())
	runtime.KeepAlive(head)
	var back node
	require.NoError(t, s.Restore(&back))
	n := 0
	for at := &back; at != nil; at = at.Next {
		n++
	}
	assert.Equal(t, length, n)
}

// Snapshots and cells have no size limit; what goes through an executor has.
func TestSnapshotsAndCellsHaveNoSizeLimit(t *testing.T) {
	large := make([]byte, 11<<20)
	s, err := hooks.TakeSnapshot(&large, "test")
	require.NoError(t, err)
	large[0] = 1
	require.NoError(t, s.Restore(&large))
	assert.Zero(t, large[0])
	cell, err := hooks.NewShared(large)
	require.NoError(t, err)
	assert.Len(t, cell.Load(), len(large))
	_, err = hooks.Run(t.Context(), &large, hooks.Func("h", func(context.Context, *[]byte) error { return nil }))
	require.ErrorIs(t, err, hooks.ErrStateTooLarge)
}
