package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

func newShared[V any](t testing.TB, v V, validators ...hooks.Validator[V]) *hooks.Shared[V] {
	t.Helper()
	s, err := hooks.NewShared(v, validators...)
	require.NoError(t, err)
	return s
}

// account is the value of most cells.
type account struct {
	Balance int
	Log     []string
}

// edits is a hook that edits a cell.
func edits[T any](name string, cell *hooks.Shared[account], do func(a *account) error) hooks.Hook[T] {
	return hooks.Func(name, func(ctx context.Context, _ *T) error {
		a, err := cell.Edit(ctx)
		if err != nil {
			return err
		}
		return do(a)
	})
}

func adding(n int) func(a *account) error {
	return func(a *account) error { a.Balance += n; return nil }
}

// A cell has a copy of what it was made of, and gives copies.
func TestSharedKeepsItsValueToItself(t *testing.T) {
	v := account{1, []string{"a"}}
	cell := newShared(t, v)
	v.Log[0] = "scribbled"
	loaded := cell.Load()
	loaded.Log[0] = "scribbled"
	assert.Equal(t, account{1, []string{"a"}}, cell.Load())
	assert.Equal(t, uint64(1), cell.Version())
}

// ExecuteShared is Execute over the value: kept if the chain commits, untouched if not.
func TestExecuteShared(t *testing.T) {
	cell := newShared(t, account{Balance: 1})
	x := build[account](t, hooks.Config{})
	add := hooks.Func("add", func(_ context.Context, a *account) error { a.Balance += 10; return nil })
	report, err := x.ExecuteShared(t.Context(), cell, add)
	require.NoError(t, err)
	assert.True(t, report.Committed)
	assert.Equal(t, 1, report.Rounds)
	assert.Equal(t, account{Balance: 11}, cell.Load())
	assert.Equal(t, uint64(2), cell.Version())

	_, err = x.ExecuteShared(t.Context(), cell, add, hooks.Func("bad", func(context.Context, *account) error { return errBroken }))
	require.ErrorIs(t, err, errBroken)
	assert.Equal(t, account{Balance: 11}, cell.Load())
	assert.Equal(t, uint64(2), cell.Version())
	_, err = x.ExecuteShared(t.Context(), cell, add) // the turn is free
	require.NoError(t, err)
	assert.Equal(t, uint64(3), cell.Version())
}

// What the hooks of a chain do to cells is committed with the chain, all or nothing, and not
// seen by others before; later hooks of the chain find it.
func TestEditCommitsWithTheChain(t *testing.T) {
	for _, end := range []error{nil, errBroken} {
		a, b := newShared(t, account{Balance: 100}), newShared(t, account{Balance: 0})
		look := hooks.Func("look", func(ctx context.Context, _ *cart) error {
			va, err := a.Read(ctx)
			require.NoError(t, err)
			vb, err := b.Read(ctx)
			require.NoError(t, err)
			assert.Equal(t, 70, va.Balance)
			assert.Equal(t, 30, vb.Balance)
			assert.Equal(t, 100, a.Load().Balance, "nobody else sees it")
			return end
		})
		state := newCart()
		_, err := hooks.Run(t.Context(), state, edits[cart]("take", a, adding(-30)), edits[cart]("give", b, adding(30)), look)
		require.ErrorIs(t, err, end)
		if end == nil {
			assert.Equal(t, 70, a.Load().Balance)
			assert.Equal(t, 30, b.Load().Balance)
		} else {
			assert.Equal(t, 100, a.Load().Balance)
			assert.Equal(t, uint64(1), b.Version())
		}
	}
}

// Within an attempt, Edit gives the same copy each time, and Read what is in it; a Read before
// gave another copy.
func TestReadAndEditInOneAttempt(t *testing.T) {
	cell := newShared(t, account{Balance: 1, Log: []string{"a"}})
	h := hooks.Func("h", func(ctx context.Context, _ *cart) error {
		r1, err := cell.Read(ctx)
		require.NoError(t, err)
		r1.Log[0] = "scribbled: nobody sees it"
		e1, err := cell.Edit(ctx)
		require.NoError(t, err)
		assert.Equal(t, account{1, []string{"a"}}, *e1)
		e1.Balance = 2
		e2, err := cell.Edit(ctx)
		require.NoError(t, err)
		assert.Same(t, e1, e2)
		r2, err := cell.Read(ctx)
		require.NoError(t, err)
		assert.Equal(t, 2, r2.Balance)
		return nil
	})
	next := edits[cart]("next", cell, func(a *account) error { a.Balance *= 10; return nil })
	_, err := hooks.Run(t.Context(), newCart(), h, next)
	require.NoError(t, err)
	assert.Equal(t, account{20, []string{"a"}}, cell.Load())
	assert.Equal(t, uint64(2), cell.Version())
}

// Whatever is dropped, its edits are.
func TestEditsAreDroppedWithTheirHook(t *testing.T) {
	cell := newShared(t, account{Balance: 1})
	e := func(name string, n int, err error) hooks.Hook[board] {
		return edits[board](name, cell, func(a *account) error { a.Balance += n; return err })
	}
	tries := 0
	flaky := edits[board]("flaky", cell, func(a *account) error {
		a.Balance += 1000
		if tries++; tries == 1 {
			return errBroken
		}
		return nil
	})
	_, err := hooks.Run(t.Context(), newBoard(),
		e("a", 1, nil),
		continuing(e("b", 10, errBroken)),
		continuing(hooks.Sequence("s", e("c", 100, nil), e("d", 0, errBroken))),
		retried(hooks.Sequence("r", e("e", 10_000, nil), flaky), 2),
		e("f", 2, nil))
	require.NoError(t, err)
	assert.Equal(t, 1+1+10_000+1000+2, cell.Load().Balance)
}

// Members of a parallel group edit copies of one version, which are merged as the state is.
func TestParallelEditsAreMerged(t *testing.T) {
	type wallet struct{ A, B, C int }
	cell, other := newShared(t, wallet{}), newShared(t, account{})
	set := func(name string, do func(w *wallet)) hooks.Hook[board] {
		return hooks.Func(name, func(ctx context.Context, _ *board) error {
			w, err := cell.Edit(ctx)
			if err == nil {
				do(w)
			}
			return err
		})
	}
	a := set("a", func(w *wallet) { w.A = 1 })
	b := set("b", func(w *wallet) { w.B = 2 })
	bad := set("bad", func(w *wallet) { w.A = 7 })
	_, err := hooks.Run(t.Context(), newBoard(), set("first", func(w *wallet) { w.C = 9 }),
		hooks.Parallel("p", a, hooks.Sequence("s", b, edits[board]("other", other, adding(5)))), set("last", func(w *wallet) { w.C += w.A + w.B }))
	require.NoError(t, err)
	assert.Equal(t, wallet{1, 2, 12}, cell.Load())
	assert.Equal(t, 5, other.Load().Balance)

	_, err = hooks.Run(t.Context(), newBoard(), set("first", func(w *wallet) { w.A = 3 }), hooks.Parallel("p", a, b, bad))
	require.ErrorIs(t, err, hooks.ErrConflict)
	require.ErrorContains(t, err, `"p/a" and "p/bad" changed wallet.A`)
	assert.Equal(t, wallet{1, 2, 12}, cell.Load())
}

// No update is lost, however many work on one cell, by whatever way.
func TestNoUpdateIsLost(t *testing.T) {
	cell, clicks := newShared(t, account{}), newShared(t, 0)
	x := build[account](t, hooks.Config{})
	y := build[board](t, hooks.Config{})
	const each = 200
	ways := []func(ctx context.Context) error{
		func(ctx context.Context) error {
			_, err := x.ExecuteShared(ctx, cell, hooks.Func("add", func(_ context.Context, a *account) error { a.Balance++; return nil }))
			return err
		},
		func(ctx context.Context) error {
			return cell.Update(ctx, func(_ context.Context, a *account) error { a.Balance++; return nil })
		},
		func(ctx context.Context) error {
			return hooks.Atomically(ctx, func(ctx context.Context) error {
				a, err := cell.Edit(ctx)
				if err == nil {
					a.Balance++
				}
				return err
			})
		},
		func(ctx context.Context) error {
			_, err := y.Execute(ctx, newBoard(), edits[board]("e", cell, adding(1)), hooks.Func("click", func(ctx context.Context, _ *board) error {
				n, err := clicks.Edit(ctx)
				if err == nil {
					*n++
				}
				return err
			}))
			return err
		},
	}
	var all sync.WaitGroup
	for _, way := range ways {
		for range 2 {
			all.Go(func() {
				for range each {
					if err := way(t.Context()); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
	}
	all.Wait()
	assert.Equal(t, len(ways)*2*each, cell.Load().Balance)
	assert.Equal(t, uint64(len(ways)*2*each+1), cell.Version())
	assert.Equal(t, 2*each, clicks.Load())
	t.Logf("%d rounds lost", x.Metrics().Conflicts+y.Metrics().Conflicts)
}

// All that a chain reads belongs to one instant, also in a chain that fails: the sum of two
// accounts never looks wrong.
func TestReadsOfOneInstant(t *testing.T) {
	a, b := newShared(t, account{Balance: 500}), newShared(t, account{Balance: 500})
	x := build[board](t, hooks.Config{})
	var over atomic.Bool
	var writers, all sync.WaitGroup
	for range 2 {
		writers.Go(func() {
			for range 500 {
				n := rand.IntN(20) - 10
				_, err := x.Execute(t.Context(), newBoard(), edits[board]("take", a, adding(-n)), edits[board]("give", b, adding(n)))
				assert.NoError(t, err)
			}
		})
	}
	for range 2 {
		all.Go(func() {
			for !over.Load() {
				_, err := x.Execute(t.Context(), newBoard(), hooks.With(hooks.Func("sum", func(ctx context.Context, _ *board) error {
					va, err := a.Read(ctx)
					if err != nil {
						return err
					}
					time.Sleep(time.Duration(rand.IntN(50)) * time.Microsecond)
					vb, err := b.Read(ctx)
					if err != nil {
						return err
					}
					if sum := va.Balance + vb.Balance; sum != 1000 {
						t.Errorf("a hook saw the sum %d", sum)
					}
					return errBroken
				}), func(o *hooks.Options) { o.ReadOnly = true }))
				if !errors.Is(err, errBroken) {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	over.Store(true)
	all.Wait()
	assert.Equal(t, 1000, a.Load().Balance+b.Load().Balance)
}

// A chain that has lost is undone and run again; each round has its own Info, keys and result.
func TestAConflictRunsTheChainAgain(t *testing.T) {
	cell := newShared(t, account{})
	var d diary
	disturb := 2
	h := hooks.Define(hooks.Funcs[board]{Name: "h",
		Execute: func(ctx context.Context, b *board) (any, error) {
			info, _ := hooks.InfoFrom(ctx)
			a, err := cell.Edit(ctx)
			require.NoError(t, err)
			d.add("round %d attempt %d key %s balance %d cells %d", info.Round, info.Attempt, info.IdempotencyKey, a.Balance, len(b.Cells))
			b.Cells["h"] = 1
			a.Balance += 10
			if disturb--; disturb >= 0 {
				require.NoError(t, cell.Update(context.Background(), func(_ context.Context, a *account) error { a.Balance++; return nil }))
			}
			return a.Balance, nil
		},
		Rollback: func(context.Context, *board) error { d.add("undo"); return nil },
	})
	x := build[board](t, hooks.Config{})
	report, err := x.Execute(hooks.WithExecutionID(t.Context(), "e"), newBoard(), h)
	require.NoError(t, err)
	d.require(t,
		"round 1 attempt 1 key e/h#1 balance 0 cells 1", "undo",
		"round 2 attempt 1 key e/h#2 balance 1 cells 1", "undo",
		"round 3 attempt 1 key e/h#3 balance 2 cells 1")
	assert.Equal(t, 3, report.Rounds)
	assert.Equal(t, 12, cell.Load().Balance)
	assert.Equal(t, []any{12}, report.Values())
	assert.Len(t, report.Rollbacks, 2)
	assert.Equal(t, int64(2), x.Metrics().Conflicts)
}

// After MaxRounds the chain gives up.
func TestMaxRounds(t *testing.T) {
	cell := newShared(t, account{})
	cfg := hooks.Config{Execution: hooks.ExecutionConfig{MaxRounds: 3}}
	x := build[board](t, cfg)
	rounds := 0
	state := newBoard()
	report, err := x.Execute(t.Context(), state, edits[board]("h", cell, func(a *account) error {
		rounds++
		return cell.Update(context.Background(), func(_ context.Context, a *account) error { a.Balance++; return nil })
	}))
	require.ErrorIs(t, err, hooks.ErrConflict)
	require.EqualError(t, err, "hooks: commit: conflict: another execution has changed what this one has read; not run again: this was round 3 of 3 (MaxRounds)")
	assert.Equal(t, 3, rounds)
	assert.Equal(t, 3, report.Rounds)
	requireBoard(t, state)
	assert.Equal(t, 3, cell.Load().Balance)
	assert.Equal(t, int64(3), x.Metrics().Conflicts)
}

// A turn is for one at a time, first come first served; who waits for it can be stopped.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cell := newShared(t, account{})
		x := build[account](t, hooks.Config{})
		var d diary
		slow := func(name string) hooks.Hook[account] {
			return hooks.Func(name, func(_ context.Context, a *account) error {
				d.add("%s", name)
				time.Sleep(time.Second)
				a.Balance++
				return nil
			})
		}
		var all sync.WaitGroup
		for i := range 5 {
			all.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				report, err := x.ExecuteShared(t.Context(), cell, slow(fmt.Sprint("h", i)))
				assert.NoError(t, err)
				assert.Equal(t, 1, report.Rounds)
			})
		}
		all.Go(func() {
			time.Sleep(10 * time.Millisecond)
			ctx, cancel := context.WithTimeoutCause(t.Context(), 2*time.Second, errCause)
			defer cancel()
			_, err := x.ExecuteShared(ctx, cell, slow("never"))
			assert.ErrorIs(t, err, errCause)
		})
		all.Go(func() {
			time.Sleep(20 * time.Millisecond)
			begun := time.Now()
			_, err := x.ExecuteShared(t.Context(), cell, hooks.With(hooks.Func("look", func(_ context.Context, a *account) error { return nil }),
				func(o *hooks.Options) { o.ReadOnly = true }))
			assert.NoError(t, err)
			assert.Zero(t, time.Since(begun), "who only reads does not wait")
		})
		all.Wait()
		d.require(t, "h0", "h1", "h2", "h3", "h4")
		assert.Equal(t, 5, cell.Load().Balance)
	})
}

// A cell that an execution uses cannot be used by one begun in it.
func TestReentrantCells(t *testing.T) {
	a, b := newShared(t, account{}), newShared(t, account{})
	x := build[account](t, hooks.Config{})
	inc := func(_ context.Context, a *account) error { a.Balance++; return nil }
	h := hooks.Func("h", func(ctx context.Context, _ *account) error {
		_, err := a.Edit(ctx)
		require.ErrorIs(t, err, hooks.ErrReentrant, "it is the state")
		_, err = x.ExecuteShared(ctx, a, hooks.Func("in", inc))
		require.ErrorIs(t, err, hooks.ErrReentrant)
		require.ErrorIs(t, a.Update(ctx, inc), hooks.ErrReentrant)
		require.NoError(t, b.Update(ctx, inc), "another cell")
		_, err = b.Read(ctx)
		require.NoError(t, err)
		require.ErrorIs(t, b.Update(ctx, inc), hooks.ErrReentrant, "it has been read")
		return hooks.Atomically(ctx, func(ctx context.Context) error {
			_, err := b.Edit(ctx)
			require.ErrorIs(t, err, hooks.ErrReentrant)
			_, err = a.Read(ctx)
			require.ErrorIs(t, err, hooks.ErrReentrant)
			return nil
		})
	})
	_, err := x.ExecuteShared(t.Context(), a, h)
	require.NoError(t, err)
}

// A cell's validators and the executor's size limit judge each change of its value.
func TestCellsAreJudged(t *testing.T) {
	positive := hooks.ValidatorFunc("positive", func(_ context.Context, c hooks.StateChange[account]) hooks.ValidationResult {
		res := hooks.ValidationResult{Warnings: []string{fmt.Sprintf("%s: %d to %d", c.Hook, c.Before.Balance, c.After.Balance)}}
		if c.After.Balance < 0 {
			res.Err = errBroken
		}
		c.After.Balance, c.Before.Balance = 99, 99 // views: nobody sees it
		return res
	})
	cell := newShared(t, account{Balance: 5}, positive)
	x := build[board](t, hooks.Config{Execution: hooks.ExecutionConfig{MaxStateSize: 1 << 10}})
	report, err := x.Execute(t.Context(), newBoard(), edits[board]("a", cell, adding(-3)), continuing(edits[board]("b", cell, adding(-3))), edits[board]("c", cell, adding(-1)))
	require.NoError(t, err)
	assert.Equal(t, 1, cell.Load().Balance)
	b := report.Results()[1]
	assert.Equal(t, hooks.OutcomeInvalid, b.Outcome)
	require.ErrorIs(t, b.Err, hooks.ErrInvalidState)
	require.ErrorIs(t, b.Err, errBroken)
	require.EqualError(t, b.Err, `invalid state: validator "positive" of Shared[hooks_test.account]: broken`)
	assert.Equal(t, []string{"b: 2 to -1"}, b.Warnings)

	_, err = x.Execute(t.Context(), newBoard(), edits[board]("big", cell, func(a *account) error { a.Log = make([]string, 1000); return nil }))
	require.ErrorIs(t, err, hooks.ErrStateTooLarge)

	_, err = build[account](t, hooks.Config{}).ExecuteShared(t.Context(), cell, hooks.Func("neg", func(_ context.Context, a *account) error { a.Balance = -1; return nil }))
	require.EqualError(t, err, `hooks: validate state "neg": invalid state: validator "positive": broken`)
	assert.Equal(t, 1, cell.Load().Balance)
}

// Edit and Read say what is wrong.
func TestBadUseOfCells(t *testing.T) {
	cell := newShared(t, account{})
	_, err := cell.Edit(t.Context())
	require.ErrorIs(t, err, hooks.ErrEnded)
	require.EqualError(t, err, "hooks: edit Shared[hooks_test.account]: not inside a running hook")
	_, err = cell.Read(nil) //nolint:staticcheck // on purpose
	require.ErrorIs(t, err, hooks.ErrInvalidArgument)
	var kept context.Context
	read := hooks.With(hooks.Func("read", func(ctx context.Context, _ *board) error {
		kept = ctx
		_, err := cell.Edit(ctx)
		require.ErrorIs(t, err, hooks.ErrUnsupported)
		_, err = cell.Read(ctx)
		return err
	}), func(o *hooks.Options) { o.ReadOnly = true })
	_, err = hooks.Run(t.Context(), newBoard(), read)
	require.NoError(t, err)
	_, err = cell.Read(kept)
	require.ErrorIs(t, err, hooks.ErrEnded)
	_, err = build[account](t, hooks.Config{}).ExecuteShared(t.Context(), nil)
	require.ErrorIs(t, err, hooks.ErrInvalidArgument)
	_, err = build[account](t, hooks.Config{Execution: hooks.ExecutionConfig{DisableSnapshots: true}}).ExecuteShared(t.Context(), cell)
	require.ErrorIs(t, err, hooks.ErrUnsupported)
	_, err = hooks.NewShared(context.Background)
	require.NoError(t, err, "a function is shared")
	_, err = hooks.NewShared(struct{ C *sync.Mutex }{})
	require.NoError(t, err)
	var nobody *hooks.Shared[account]
	_, err = hooks.Run(t.Context(), newBoard(), hooks.Func("h", func(ctx context.Context, _ *board) error { _, err := nobody.Edit(ctx); return err }))
	require.ErrorIs(t, err, hooks.ErrInvalidArgument)
}

// A dry run changes no cell.
func TestCellsInADryRun(t *testing.T) {
	cell := newShared(t, account{})
	_, err := build[board](t, hooks.Config{}).DryRun(t.Context(), newBoard(), edits[board]("a", cell, adding(1)),
		edits[board]("b", cell, func(a *account) error { assert.Equal(t, 1, a.Balance); return nil }))
	require.NoError(t, err)
	assert.Equal(t, uint64(1), cell.Version())
}

// A cell in a state is a reference.
func TestACellInAState(t *testing.T) {
	type desk struct{ Stock *hooks.Shared[account] }
	cell := newShared(t, account{Balance: 3})
	state := &desk{cell}
	_, err := hooks.Run(t.Context(), state, hooks.Func("take", func(ctx context.Context, d *desk) error {
		assert.Same(t, cell, d.Stock)
		a, err := d.Stock.Edit(ctx)
		if err == nil {
			a.Balance--
		}
		return err
	}))
	require.NoError(t, err)
	assert.Same(t, cell, state.Stock)
	assert.Equal(t, 2, cell.Load().Balance)
}

// While BeforeCommit functions run, nobody else commits a change of the cells; who only reads,
// or works on others, does not wait.
func TestBeforeCommitHoldsTheCells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, end := range []error{nil, errBroken} {
			cell, other := newShared(t, account{}), newShared(t, account{})
			begun := time.Now()
			slow := hooks.Func("slow", func(ctx context.Context, _ *board) error {
				a, err := cell.Edit(ctx)
				require.NoError(t, err)
				a.Balance += 10
				return hooks.BeforeCommit(ctx, func(context.Context) error { time.Sleep(3 * time.Second); return end })
			})
			var all sync.WaitGroup
			all.Go(func() {
				_, err := hooks.Run(t.Context(), newBoard(), slow)
				assert.ErrorIs(t, err, end)
			})
			time.Sleep(time.Second)
			require.NoError(t, other.Update(t.Context(), func(_ context.Context, a *account) error { a.Balance++; return nil }))
			require.NoError(t, hooks.Atomically(t.Context(), func(ctx context.Context) error { _, err := cell.Read(ctx); return err }))
			assert.Equal(t, time.Second, time.Since(begun))
			require.NoError(t, cell.Update(t.Context(), func(_ context.Context, a *account) error { a.Balance++; return nil }))
			assert.GreaterOrEqual(t, time.Since(begun), 3*time.Second)
			all.Wait()
			if end == nil {
				assert.Equal(t, 11, cell.Load().Balance)
			} else {
				assert.Equal(t, 1, cell.Load().Balance)
			}
		}
	})
}

// An attempt that was abandoned, and what it left, keeps no cell and changes none.
func TestAnAbandonedAttemptChangesNoCell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cell := newShared(t, account{})
		x := build[board](t, limits(time.Second))
		deaf := hooks.Func("deaf", func(ctx context.Context, _ *board) error {
			a, err := cell.Edit(ctx)
			require.NoError(t, err)
			time.Sleep(time.Hour)
			a.Balance = 666
			_, err = cell.Edit(ctx)
			require.ErrorIs(t, err, hooks.ErrEnded)
			return nil
		})
		_, err := x.Execute(t.Context(), newBoard(), continuing(deaf), edits[board]("b", cell, adding(1)))
		require.NoError(t, err)
		require.NoError(t, cell.Update(t.Context(), func(_ context.Context, a *account) error { a.Balance++; return nil }))
		require.NoError(t, x.Shutdown(t.Context()))
		assert.Equal(t, 2, cell.Load().Balance)
	})
}

// A round that skipped the rest does not shorten the next one.
func TestSkipRestInALostRound(t *testing.T) {
	cell := newShared(t, account{})
	first := edits[board]("first", cell, func(a *account) error {
		if a.Balance > 0 {
			return nil
		}
		require.NoError(t, cell.Update(context.Background(), func(_ context.Context, a *account) error { a.Balance++; return nil }))
		return hooks.SkipRest
	})
	report, err := hooks.Run(t.Context(), newBoard(), first, edits[board]("second", cell, adding(10)))
	require.NoError(t, err)
	assert.Equal(t, 2, report.Rounds)
	assert.Equal(t, 11, cell.Load().Balance)
}

// There is no other round if something of the lost one is left.
func TestNoRoundOverWhatIsLeft(t *testing.T) {
	disturb := func(cell *hooks.Shared[account]) func(a *account) error {
		return func(*account) error {
			return cell.Update(context.Background(), func(_ context.Context, a *account) error { a.Balance++; return nil })
		}
	}
	undoable := func(cell *hooks.Shared[account], undo error) hooks.Hook[board] {
		return hooks.FuncUndo("undoable",
			func(ctx context.Context, _ *board) error {
				a, err := cell.Edit(ctx)
				if err != nil {
					return err
				}
				return disturb(cell)(a)
			},
			func(context.Context, *board) error { return undo })
	}
	tests := []struct {
		why    string
		cfg    hooks.ExecutionConfig
		hook   func(cell *hooks.Shared[account]) hooks.Hook[board]
		rounds int
		text   string
	}{
		{"rollback is disabled", hooks.ExecutionConfig{DisableRollback: true, MaxRounds: 3}, func(c *hooks.Shared[account]) hooks.Hook[board] { return undoable(c, nil) }, 1, "nothing was undone"},
		{"rollback is disabled, but there is nothing to undo", hooks.ExecutionConfig{DisableRollback: true, MaxRounds: 3}, func(c *hooks.Shared[account]) hooks.Hook[board] {
			return edits[board]("e", c, disturb(c))
		}, 3, "round 3 of 3"},
		{"snapshots are disabled", hooks.ExecutionConfig{DisableSnapshots: true}, func(c *hooks.Shared[account]) hooks.Hook[board] { return edits[board]("e", c, disturb(c)) }, 1, "the state itself"},
		{"an undo has failed", hooks.ExecutionConfig{}, func(c *hooks.Shared[account]) hooks.Hook[board] { return undoable(c, errUndo) }, 1, "undoing failed"},
		{"a hook was given up", hooks.ExecutionConfig{DefaultTimeout: time.Second}, func(c *hooks.Shared[account]) hooks.Hook[board] {
			return hooks.Sequence("s", continuing(hooks.Func("deaf", func(context.Context, *board) error { time.Sleep(time.Minute); return nil })), edits[board]("e", c, disturb(c)))
		}, 1, "still running"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cell := newShared(t, account{})
				x := build[board](t, hooks.Config{Execution: tt.cfg})
				report, err := x.Execute(t.Context(), newBoard(), tt.hook(cell))
				require.ErrorIs(t, err, hooks.ErrConflict)
				require.ErrorContains(t, err, tt.text)
				assert.Equal(t, tt.rounds, report.Rounds)
				require.NoError(t, x.Shutdown(t.Context()))
			})
		})
	}
}

// A pause between two rounds ends with the caller's context.
func TestACancelledRound(t *testing.T) {
	cell := newShared(t, account{})
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := hooks.Run(ctx, newBoard(), edits[board]("e", cell, func(*account) error {
		return cell.Update(context.Background(), func(_ context.Context, a *account) error { a.Balance++; return nil })
	}), hooks.FuncUndo("last", func(context.Context, *board) error { return nil }, func(context.Context, *board) error { cancel(errCause); return nil }))
	require.ErrorIs(t, err, errCause)
	require.NotErrorIs(t, err, hooks.ErrConflict)
	assert.Equal(t, 1, cell.Load().Balance)
}

// An OnCommit function finds the cells free, and committed; so does who has waited for the turn.
func TestCellsAfterTheCommit(t *testing.T) {
	cell := newShared(t, account{})
	x := build[account](t, hooks.Config{})
	report, err := x.ExecuteShared(t.Context(), cell, hooks.Func("h", func(ctx context.Context, a *account) error {
		a.Balance = 1
		return hooks.OnCommit(ctx, func(ctx context.Context) error {
			assert.Equal(t, 1, cell.Load().Balance)
			return cell.Update(ctx, func(_ context.Context, a *account) error { a.Balance++; return nil })
		})
	}))
	require.NoError(t, err)
	require.Empty(t, report.AfterCommit)
	assert.Equal(t, 2, cell.Load().Balance)
}

// A chain may use many cells: each is found again.
func TestManyCells(t *testing.T) {
	cells := make([]*hooks.Shared[account], 50)
	for i := range cells {
		cells[i] = newShared(t, account{})
	}
	add := func(name string, first int) hooks.Hook[board] {
		return hooks.Func(name, func(ctx context.Context, _ *board) error {
			for i := first; i < len(cells); i++ {
				a, err := cells[i].Edit(ctx)
				if err != nil {
					return err
				}
				a.Balance += i
			}
			return nil
		})
	}
	_, err := hooks.Run(t.Context(), newBoard(), add("a", 10), add("b", 0), add("c", 30))
	require.NoError(t, err)
	for i, cell := range cells {
		times := 1
		if i >= 10 {
			times++
		}
		if i >= 30 {
			times++
		}
		assert.Equal(t, times*i, cell.Load().Balance)
		assert.Equal(t, uint64(2), cell.Version())
	}
}

// Each of two executions that have the turn of a cell may use the other's: nobody waits for
// anybody, and one of them runs again.
func TestTwoTurnsThatCross(t *testing.T) {
	a, b := newShared(t, account{}), newShared(t, account{})
	x := build[account](t, hooks.Config{})
	cross := func(name string, other *hooks.Shared[account]) hooks.Hook[account] {
		return hooks.Func(name, func(ctx context.Context, own *account) error {
			own.Balance++
			o, err := other.Edit(ctx)
			if err == nil {
				o.Balance += 100
			}
			return err
		})
	}
	var all sync.WaitGroup
	for range 2 {
		for _, side := range []struct{ own, other *hooks.Shared[account] }{{a, b}, {b, a}} {
			all.Go(func() {
				for range 200 {
					_, err := x.ExecuteShared(t.Context(), side.own, cross("h", side.other))
					assert.NoError(t, err)
				}
			})
		}
	}
	all.Wait()
	assert.Equal(t, 400+100*400, a.Load().Balance)
	assert.Equal(t, 400+100*400, b.Load().Balance)
}
