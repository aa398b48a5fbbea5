package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// note makes a hook that writes to an account.
func note(cell *hooks.Shared[account], name string, write func(a *account) error) hooks.Hook[cart] {
	return onCart(name, func(ctx context.Context) error {
		a, err := cell.Edit(ctx)
		if err != nil {
			return err
		}
		return write(a)
	})
}

func appending(cell *hooks.Shared[account], name string, err error) hooks.Hook[cart] {
	return note(cell, name, func(a *account) error { a.Log = append(a.Log, name); return err })
}

// What a group that is dropped has done to cells is undone to where it began.
func TestEditsOfADroppedSequence(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	cell := newCell(t, account{})
	_, err := x.Execute(t.Context(), newCart(), appending(cell, "a", nil),
		continuing(hooks.Sequence("s", appending(cell, "b", nil), appending(cell, "c", errBroken))),
		appending(cell, "d", nil), hooks.Sequence("t", appending(cell, "e", nil)))
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "d", "e"}, cell.Load().Log)
}

// Each attempt begins with the cells as they were before the first.
func TestEditsOfARetry(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	cell := newCell(t, account{})
	var d diary
	tries := 0
	_, err := x.Execute(t.Context(), newCart(), appending(cell, "a", nil),
		hooks.Retry(hooks.Sequence("s", appending(cell, "b", nil), note(cell, "c", func(a *account) error {
			d.add("%v", a.Log)
			a.Log = append(a.Log, "c")
			if tries++; tries < 3 {
				return errBroken
			}
			return nil
		})), hooks.RetryPolicy{Attempts: 3}))
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b", "c"}, cell.Load().Log)
	d.require(t, "[a b]", "[a b]", "[a b]")
}

// A round that is lost is no attempt's failure: the whole chain runs again.
func TestARetryDoesNotRetryAConflict(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	a, b := newCell(t, 1), newCell(t, 1)
	var d diary
	report, err := x.Execute(t.Context(), newCart(), hooks.Retry(onCart("h", func(ctx context.Context) error {
		info, _ := hooks.InfoFrom(ctx)
		d.add("round %d attempt %d", info.Round, info.Attempt)
		_, err := a.Read(ctx)
		require.NoError(t, err)
		if info.Round == 1 {
			bumpOutside(t, a, 1)
			bumpOutside(t, b, 1)
		}
		_, err = b.Read(ctx)
		return err
	}), hooks.RetryPolicy{Attempts: 5}))
	require.NoError(t, err)
	assert.Equal(t, 2, report.Rounds)
	d.require(t, "round 1 attempt 1", "round 2 attempt 1")
}

// Members of a parallel group each have a copy of the cells as they were before the group. A cell
// that one member edited is taken over, one that several did is merged.
func TestEditsOfParallelMembers(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	cell, own := newCell(t, account{Balance: 1, Notes: map[string]string{}}), newCell(t, 1)
	put := func(key string) hooks.Hook[cart] {
		return note(cell, key, func(a *account) error {
			assert.Equal(t, account{Balance: 2, Notes: map[string]string{"before": "x"}}, *a)
			a.Notes[key] = key
			return nil
		})
	}
	_, err := x.Execute(t.Context(), newCart(),
		note(cell, "before", func(a *account) error { a.Balance, a.Notes["before"] = 2, "x"; return nil }),
		hooks.Parallel("p", put("l"), put("r"),
			onCart("own", func(ctx context.Context) error { return add(ctx, own, 1) }),
			continuing(note(cell, "dropped", func(a *account) error { a.Balance = 1000; return errBroken })),
			hooks.With(onCart("reader", func(ctx context.Context) error { _, err := cell.Read(ctx); return err }),
				func(o *hooks.Options) { o.ReadOnly = true })),
		note(cell, "after", func(a *account) error { a.Balance++; return nil }))
	require.NoError(t, err)
	assert.Equal(t, account{Balance: 3, Notes: map[string]string{"before": "x", "l": "l", "r": "r"}}, cell.Load())
	assert.Equal(t, 2, own.Load())
	assert.Equal(t, uint64(2), cell.Version())
}

// Members that have changed one place of a cell in different ways do not fit together. That is no
// conflict with another execution, so that running the chain again would not help.
func TestParallelMembersConflictOverACell(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	cell := newCell(t, account{Balance: 1})
	set := func(name string, n int) hooks.Hook[cart] {
		return note(cell, name, func(a *account) error { a.Balance = n; return nil })
	}
	report, err := x.Execute(t.Context(), newCart(), hooks.Parallel("p", set("l", 2), set("m", 1), set("r", 3)))
	require.ErrorIs(t, err, hooks.ErrConflict)
	require.EqualError(t, err, `hooks: merge "p": conflict: "p/l" and "p/r" changed account.Balance of a Shared[hooks_test.account], or what it leads to, in different ways; `+
		`let only one of them change it, or run them one after the other: it was 1, the one made it 2, the other 3`)
	assert.Equal(t, 1, report.Rounds)
	assert.Equal(t, []hooks.Outcome{hooks.OutcomeConflict}, outcomesOf(report))
	assert.Equal(t, 1, cell.Load().Balance)
	_, err = x.Execute(t.Context(), newCart(), continuing(hooks.Parallel("p", set("l", 2), set("r", 3))),
		note(cell, "after", func(a *account) error { a.Balance += 10; return nil }))
	require.NoError(t, err)
	assert.Equal(t, 11, cell.Load().Balance)
}

// All members read at one instant: if one of them finds out that there is none, the round is lost,
// whatever another one has failed with.
func TestParallelMembersReadAtOneInstant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := build[cart](t, hooks.Config{})
		a, b := newCell(t, 1), newCell(t, 1)
		report, err := x.Execute(t.Context(), newCart(), hooks.Parallel("p",
			onCart("first", func(ctx context.Context) error {
				v, err := a.Read(ctx)
				require.NoError(t, err)
				if info, _ := hooks.InfoFrom(ctx); info.Round == 1 {
					assert.Equal(t, 1, v)
					time.Sleep(time.Millisecond) // the other has begun then
					return errBroken
				}
				assert.Equal(t, 2, v)
				return nil
			}),
			onCart("second", func(ctx context.Context) error {
				info, _ := hooks.InfoFrom(ctx)
				time.Sleep(time.Second)
				if info.Round == 1 {
					bumpOutside(t, a, 1)
					bumpOutside(t, b, 1)
				}
				_, err := b.Read(ctx)
				if info.Round == 1 {
					require.ErrorIs(t, err, hooks.ErrConflict)
				}
				return err
			})))
		require.NoError(t, err)
		assert.Equal(t, 2, report.Rounds)
	})
}

// A cell's validators judge what each hook has made of its value; the size limit holds for it.
func TestACellsValidators(t *testing.T) {
	var d diary
	solvent := hooks.ValidatorFunc("solvent", func(_ context.Context, c hooks.StateChange[account]) hooks.ValidationResult {
		d.add("%s: %d to %d, size known %v", c.Hook, c.Before.Balance, c.After.Balance, c.Size > 0)
		if c.Before.Balance, c.After.Log = 77, nil; c.After.Balance < 0 {
			return hooks.ValidationResult{Err: errBroken}
		}
		return hooks.ValidationResult{Warnings: []string{"low"}}
	})
	cell := newCell(t, account{Balance: 5}, solvent)
	take := func(name string, n int) hooks.Hook[cart] {
		return note(cell, name, func(a *account) error { a.Balance -= n; a.Log = append(a.Log, name); return nil })
	}
	stateJudge := hooks.ValidatorFunc("state", func(_ context.Context, c hooks.StateChange[cart]) hooks.ValidationResult {
		d.add("%s: state", c.Hook)
		return hooks.ValidationResult{}
	})
	for name, x := range map[string]*hooks.Executor[cart]{
		"alone": build[cart](t, hooks.Config{}), "after those of the state": build(t, hooks.Config{}, stateJudge),
	} {
		t.Run(name, func(t *testing.T) {
			d.lines = nil
			var undone bool
			before := cell.Load().Balance
			report, err := x.Execute(t.Context(), newCart(), take("a", 1), hooks.Define(hooks.Funcs[cart]{
				Name: "b", Execute: func(ctx context.Context, _ *cart) (any, error) {
					a, err := cell.Edit(ctx)
					a.Balance -= 100
					return nil, err
				},
				Rollback: func(context.Context, *cart) error { undone = true; return nil },
			}))
			require.ErrorIs(t, err, hooks.ErrInvalidState)
			require.EqualError(t, err, `hooks: validate state "b": invalid state: validator "solvent": broken`)
			assert.True(t, undone)
			assert.Equal(t, []hooks.Outcome{hooks.OutcomeSucceeded, hooks.OutcomeInvalid}, outcomesOf(report))
			assert.Equal(t, before, cell.Load().Balance)
			_, err = x.Execute(t.Context(), newCart(), take("a", 1), continuing(take("b", 100)), take("c", 1), onCart("none", func(context.Context) error { return nil }))
			require.NoError(t, err)
			assert.Equal(t, before-2, cell.Load().Balance)
			assert.Subset(t, cell.Load().Log, []string{"a", "c"})
			lines := d.read()
			assert.Contains(t, lines, fmt.Sprintf("c: %d to %d, size known true", before-1, before-2))
		})
	}
	d.lines = nil
	x := build[cart](t, hooks.Config{})
	report, err := x.Execute(t.Context(), newCart(), hooks.Parallel("p", take("l", 0), note(cell, "r", func(a *account) error { a.Notes = map[string]string{}; return nil })))
	require.NoError(t, err)
	assert.Equal(t, []string{"low"}, report.Results()[0].Warnings, "the merged value is judged, too")
	_, err = build[cart](t, hooks.Config{Validation: hooks.ValidationConfig{SkipState: true}}).Execute(t.Context(), newCart(), take("b", 100))
	require.NoError(t, err, "an executor that calls no validators does not call these")
}

// If the cell's value is the state, its validators judge that, after the executor's.
func TestTheValidatorsOfACellThatIsTheState(t *testing.T) {
	var d diary
	judge := func(name string, most int) hooks.Validator[int] {
		return hooks.ValidatorFunc(name, func(_ context.Context, c hooks.StateChange[int]) hooks.ValidationResult {
			d.add("%s: %s %d to %d", name, c.Hook, *c.Before, *c.After)
			if *c.After > most {
				return hooks.ValidationResult{Err: errBroken}
			}
			return hooks.ValidationResult{}
		})
	}
	x := build(t, hooks.Config{}, judge("mine", 10))
	cell := newCell(t, 0, judge("cell's", 5))
	set := func(name string, v int) hooks.Hook[int] {
		return hooks.Func(name, func(_ context.Context, n *int) error { *n = v; return nil })
	}
	_, err := x.ExecuteShared(t.Context(), cell, set("a", 3), hooks.Parallel("p", set("b", 4)))
	require.NoError(t, err)
	_, err = x.ExecuteShared(t.Context(), cell, set("a", 7))
	require.EqualError(t, err, `hooks: validate state "a": invalid state: validator "cell's": broken`)
	assert.Equal(t, 4, cell.Load())
	d.require(t, "mine: a 0 to 3", "cell's: a 0 to 3", "mine: p/b 3 to 4", "cell's: p/b 3 to 4", "mine: a 4 to 7", "cell's: a 4 to 7")
	require.ErrorIs(t, cell.Update(t.Context(), func(_ context.Context, n *int) error { *n = 6; return nil }), hooks.ErrInvalidState)
}

func TestTheSizeOfACell(t *testing.T) {
	x := build[cart](t, hooks.Config{Execution: hooks.ExecutionConfig{MaxStateSize: 8 << 10}})
	cell := newCell(t, account{})
	fill := func(name string, n int) hooks.Hook[cart] {
		return note(cell, name, func(a *account) error { a.Log = append(a.Log, string(make([]byte, n))); return nil })
	}
	_, err := x.Execute(t.Context(), newCart(), fill("a", 10), continuing(fill("b", 9<<10)), fill("c", 10))
	require.NoError(t, err)
	assert.Len(t, cell.Load().Log, 2)
	_, err = x.Execute(t.Context(), newCart(), fill("b", 9<<10))
	require.ErrorIs(t, err, hooks.ErrStateTooLarge)
	require.ErrorIs(t, err, hooks.ErrInvalidState)
	require.ErrorContains(t, err, `copy "b": invalid state: Shared[hooks_test.account]: `)
	_, err = x.Execute(t.Context(), newCart(), note(cell, "x", func(a *account) error { a.Notes = map[string]string{"k": string(make([]byte, 9<<10))}; return nil }))
	require.ErrorIs(t, err, hooks.ErrStateTooLarge)
	y := build[account](t, hooks.Config{Execution: hooks.ExecutionConfig{MaxStateSize: 40}})
	_, err = y.ExecuteShared(t.Context(), cell, hooks.Func("h", func(context.Context, *account) error { return nil }))
	require.ErrorIs(t, err, hooks.ErrStateTooLarge)
}

// A value with references to its own root is a cell's like any other.
type ring struct {
	N    int
	Self *ring
	At   *int
}

func TestACellWithReferencesToItself(t *testing.T) {
	cell := newCell(t, ring{})
	tie := func(_ context.Context, r *ring) error { r.Self, r.At = r, &r.N; r.N++; return nil }
	for range 3 {
		require.NoError(t, cell.Update(t.Context(), tie))
	}
	require.NoError(t, hooks.Atomically(t.Context(), func(ctx context.Context) error {
		r, err := cell.Edit(ctx)
		require.NoError(t, err)
		assert.Same(t, r, r.Self)
		assert.Same(t, &r.N, r.At)
		r.N++
		return nil
	}))
	r := cell.Load()
	assert.Equal(t, 4, r.Self.N)
	assert.Same(t, r.Self, r.Self.Self)
}

// With DisableSnapshots hooks undo their own changes of the state; cells need nothing of that kind.
func TestCellsWithoutSnapshots(t *testing.T) {
	x := build[cart](t, hooks.Config{Execution: hooks.ExecutionConfig{DisableSnapshots: true}})
	cell := newCell(t, 0, hooks.ValidatorFunc("small", func(_ context.Context, c hooks.StateChange[int]) hooks.ValidationResult {
		if *c.After > 5 {
			return hooks.ValidationResult{Err: errBroken}
		}
		return hooks.ValidationResult{}
	}))
	adding := func(name string, n int) hooks.Hook[cart] {
		return onCart(name, func(ctx context.Context) error { return add(ctx, cell, n) })
	}
	_, err := x.Execute(t.Context(), newCart(), adding("a", 1), adding("b", 2))
	require.NoError(t, err)
	assert.Equal(t, 3, cell.Load())
	_, err = x.Execute(t.Context(), newCart(), adding("a", 1), adding("b", 9))
	require.ErrorIs(t, err, hooks.ErrInvalidState)
	assert.Equal(t, 3, cell.Load())
	report, err := x.Execute(t.Context(), newCart(), losing(t, newCell(t, 0)))
	require.ErrorIs(t, err, hooks.ErrConflict)
	require.ErrorContains(t, err, "not run again, as DisableSnapshots is set")
	assert.Equal(t, 1, report.Rounds)
}

// A cell can be anywhere in a state: every copy of the state has the same one.
func TestACellInAState(t *testing.T) {
	type shop struct {
		Stock *hooks.Shared[int]
		Any   map[string]any
	}
	cell := newCell(t, 5)
	state := shop{cell, map[string]any{"stock": cell}}
	x := build[shop](t, hooks.Config{Monitoring: hooks.MonitoringConfig{TrackChanges: true}})
	report, err := x.Execute(t.Context(), &state, hooks.Define(hooks.Funcs[shop]{
		Name: "sell",
		Execute: func(ctx context.Context, s *shop) (any, error) {
			assert.Same(t, s.Stock, s.Any["stock"])
			return s.Stock, add(ctx, s.Stock, -1)
		},
	}))
	require.NoError(t, err)
	assert.Same(t, cell, state.Stock)
	assert.Equal(t, 4, cell.Load())
	assert.Empty(t, report.Results()[0].Changes, "the state is the same")
	done := make(chan struct{})
	go func() { // others write the cell meanwhile
		defer close(done)
		for range 100 {
			_ = cell.Update(context.Background(), func(_ context.Context, n *int) error { *n++; return nil })
		}
	}()
	for range 100 {
		require.Contains(t, report.String(), "result &hooks.Shared[int]")
	}
	<-done
	event := hooks.Event{Shared: map[string]any{"stock": cell}}
	_, err = hooks.Run(t.Context(), &event, hooks.Func("h", func(ctx context.Context, e *hooks.Event) error {
		return add(ctx, e.Shared["stock"].(*hooks.Shared[int]), 1)
	}))
	require.NoError(t, err)
	assert.Equal(t, 105, cell.Load())
}

// A DeepCopy method of the value runs on the hook's goroutine in Edit; what it does wrong is the
// hook's.
type moody struct {
	N   int
	Bad *bool
}

func (m *moody) DeepCopy() *moody {
	if *m.Bad {
		panic("bad mood")
	}
	c := *m
	return &c
}

func TestACellWhoseValueCannotBeCopiedNow(t *testing.T) {
	bad := new(bool)
	cell := newCell(t, moody{1, bad})
	x := build[cart](t, hooks.Config{})
	_, err := x.Execute(t.Context(), newCart(), onCart("h", func(ctx context.Context) error {
		*bad = true
		_, err := cell.Edit(ctx)
		require.ErrorContains(t, err, "bad mood")
		_, err2 := cell.Read(ctx)
		require.ErrorContains(t, err2, "bad mood")
		return errors.Join(err)
	}))
	require.ErrorContains(t, err, "bad mood")
	assert.Panics(t, func() { cell.Load() })
	_, err = x.Execute(t.Context(), newCart(), onCart("h", func(ctx context.Context) error {
		*bad = false
		m, err := cell.Edit(ctx)
		if err == nil {
			m.N++
		}
		*bad = true
		return err
	}))
	require.ErrorContains(t, err, "bad mood")
	*bad = false
	assert.Equal(t, 1, cell.Load().N)
}
