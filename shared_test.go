package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// An account is the value of a cell.
type account struct {
	Balance int
	Log     []string
	Notes   map[string]string
}

func newCell[V any](t testing.TB, v V, validators ...hooks.Validator[V]) *hooks.Shared[V] {
	t.Helper()
	cell, err := hooks.NewShared(v, validators...)
	require.NoError(t, err)
	return cell
}

// onCart makes a hook over a cart, for hooks that are about cells.
func onCart(name string, do func(ctx context.Context) error) hooks.Hook[cart] {
	return hooks.Func(name, func(ctx context.Context, _ *cart) error { return do(ctx) })
}

// add adds n to a number in a cell.
func add(ctx context.Context, cell *hooks.Shared[int], n int) error {
	v, err := cell.Edit(ctx)
	if err != nil {
		return err
	}
	*v += n
	return nil
}

// bumpOutside changes a cell as somebody else would, whatever ctx is.
func bumpOutside(t testing.TB, cell *hooks.Shared[int], n int) {
	t.Helper()
	require.NoError(t, hooks.Atomically(context.Background(), func(ctx context.Context) error { return add(ctx, cell, n) }))
}

// losing is a hook that edits a cell and is beaten to it every time.
func losing(t testing.TB, cell *hooks.Shared[int]) hooks.Hook[cart] {
	return onCart("losing", func(ctx context.Context) error {
		err := add(ctx, cell, 1)
		bumpOutside(t, cell, 100)
		return err
	})
}

// roundsUntilLost says how often a chain runs that always loses.
func roundsUntilLost(t *testing.T, cfg hooks.Config) int {
	report, err := build[cart](t, cfg).Execute(t.Context(), newCart(), losing(t, newCell(t, 0)))
	require.ErrorIs(t, err, hooks.ErrConflict)
	return report.Rounds
}

// What a cell gives away, and what it was given, is never its own memory.
func TestACellKeepsItsMemoryToItself(t *testing.T) {
	mine := account{Balance: 1, Log: []string{"made"}}
	cell := newCell(t, mine)
	mine.Log[0] = "mine"
	first := cell.Load()
	assert.Equal(t, account{Balance: 1, Log: []string{"made"}}, first)
	first.Log[0] = "first"
	var kept *account
	require.NoError(t, cell.Update(t.Context(), func(_ context.Context, a *account) error {
		kept = a
		a.Log = append(a.Log, "updated")
		return nil
	}))
	kept.Log[1] = "kept"
	var edited, read *account
	require.NoError(t, hooks.Atomically(t.Context(), func(ctx context.Context) error {
		v, err := cell.Read(ctx)
		read = &v
		if err != nil {
			return err
		}
		edited, err = cell.Edit(ctx)
		return err
	}))
	edited.Log[0], read.Log[0] = "edited", "read"
	assert.Equal(t, account{Balance: 1, Log: []string{"made", "updated"}}, cell.Load())
}

func TestVersionCountsCommits(t *testing.T) {
	cell := newCell(t, 1)
	assert.Equal(t, uint64(1), cell.Version())
	bumpOutside(t, cell, 1)
	assert.Equal(t, uint64(2), cell.Version())
	require.Error(t, cell.Update(t.Context(), func(context.Context, *int) error { return errBroken }))
	require.NoError(t, hooks.Atomically(t.Context(), func(ctx context.Context) error { _, err := cell.Read(ctx); return err }))
	assert.Equal(t, uint64(2), cell.Version(), "nothing was committed")
	require.NoError(t, cell.Update(t.Context(), func(_ context.Context, n *int) error { *n = 7; return nil }))
	assert.Equal(t, uint64(3), cell.Version())
	assert.Equal(t, 7, cell.Load())
}

// A chain over a cell is a transaction like a chain over a state.
func TestExecuteShared(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	cell := newCell(t, *newCart())
	var d diary
	report, err := x.ExecuteShared(t.Context(), cell, noting(&d, "a", nil), noting(&d, "b", nil))
	require.NoError(t, err)
	assert.True(t, report.Committed)
	assert.Equal(t, 1, report.Rounds)
	assert.Equal(t, newCart().N+2, cell.Load().N)
	d.require(t, "do a", "do b")

	d = diary{}
	_, err = x.ExecuteShared(t.Context(), cell, noting(&d, "a", nil), failing("bad", errBroken))
	require.ErrorIs(t, err, errBroken)
	assert.Equal(t, newCart().N+2, cell.Load().N)
	d.require(t, "do a", "undo a")

	report, err = x.ExecuteShared(t.Context(), cell)
	require.NoError(t, err)
	assert.True(t, report.Committed)
	assert.Equal(t, uint64(2), cell.Version())
}

// All cells that a chain has edited change together with its state, or none does.
func TestCellsCommitTogether(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	a, b, state := newCell(t, 10), newCell(t, 20), newCart()
	move := onCart("move", func(ctx context.Context) error { return errors.Join(add(ctx, a, -5), add(ctx, b, 5)) })
	_, err := x.Execute(t.Context(), state, move, hooks.Func("n", func(_ context.Context, c *cart) error { c.N = 99; return nil }))
	require.NoError(t, err)
	assert.Equal(t, [3]int{5, 25, 99}, [3]int{a.Load(), b.Load(), state.N})
	_, err = x.Execute(t.Context(), state, move, failing("bad", errBroken))
	require.ErrorIs(t, err, errBroken)
	assert.Equal(t, [3]int{5, 25, 99}, [3]int{a.Load(), b.Load(), state.N})
	_, err = x.DryRun(t.Context(), state, move)
	require.NoError(t, err)
	assert.Equal(t, [3]int{5, 25, 99}, [3]int{a.Load(), b.Load(), state.N}, "a dry run commits nothing")
}

// Goroutines of one hook that call Edit at once get the same copy, though each has made one.
func TestEditsAtOnceGiveOneCopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cell := newCell(t, weighty{N: 1})
		_, err := build[cart](t, hooks.Config{}).Execute(t.Context(), newCart(), onCart("h", func(ctx context.Context) error {
			var all sync.WaitGroup
			var got [4]*weighty
			for i := range got {
				all.Go(func() {
					var err error
					got[i], err = cell.Edit(ctx)
					assert.NoError(t, err)
				})
			}
			all.Wait()
			for _, w := range got {
				assert.Same(t, got[0], w)
			}
			got[len(got)-1].N = 2
			return nil
		}))
		require.NoError(t, err)
		assert.Equal(t, 2, cell.Load().N)
	})
}

// An attempt has one copy of a cell, and later hooks find what it left there.
func TestEditAndReadWithinAChain(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	cell := newCell(t, account{Balance: 1})
	_, err := x.Execute(t.Context(), newCart(),
		onCart("first", func(ctx context.Context) error {
			before, err := cell.Read(ctx)
			require.NoError(t, err)
			assert.Equal(t, 1, before.Balance)
			v, err := cell.Edit(ctx)
			require.NoError(t, err)
			again, err := cell.Edit(ctx)
			require.NoError(t, err)
			assert.Same(t, v, again)
			v.Balance, v.Log = 2, []string{"first"}
			now, err := cell.Read(ctx)
			require.NoError(t, err)
			assert.Equal(t, *v, now)
			return nil
		}),
		continuing(onCart("dropped", func(ctx context.Context) error {
			v, err := cell.Edit(ctx)
			require.NoError(t, err)
			assert.Equal(t, account{Balance: 2, Log: []string{"first"}}, *v)
			v.Balance, v.Log[0] = 1000, "dropped"
			return errBroken
		})),
		hooks.With(onCart("reader", func(ctx context.Context) error {
			v, err := cell.Read(ctx)
			require.NoError(t, err)
			assert.Equal(t, account{Balance: 2, Log: []string{"first"}}, v)
			v.Log[0] = "reader"
			_, err = cell.Edit(ctx)
			require.ErrorIs(t, err, hooks.ErrUnsupported)
			require.ErrorContains(t, err, `hooks: edit Shared[hooks_test.account]: hook "reader" is ReadOnly`)
			return nil
		}), func(o *hooks.Options) { o.ReadOnly = true }),
		onCart("last", func(ctx context.Context) error {
			v, err := cell.Edit(ctx)
			require.NoError(t, err)
			assert.Equal(t, account{Balance: 2, Log: []string{"first"}}, *v)
			v.Log = append(v.Log, "last")
			return nil
		}))
	require.NoError(t, err)
	assert.Equal(t, account{Balance: 2, Log: []string{"first", "last"}}, cell.Load())
	assert.Equal(t, uint64(2), cell.Version())
}

// Goroutines of a hook may ask at the same time; they all get the one copy.
func TestEditFromManyGoroutines(t *testing.T) {
	cell := newCell(t, account{Notes: map[string]string{"a": "b"}})
	require.NoError(t, hooks.Atomically(t.Context(), func(ctx context.Context) error {
		var all sync.Map
		var group sync.WaitGroup
		for range 16 {
			group.Go(func() {
				v, err := cell.Edit(ctx)
				assert.NoError(t, err)
				all.Store(v, true)
			})
		}
		group.Wait()
		n := 0
		all.Range(func(any, any) bool { n++; return true })
		assert.Equal(t, 1, n)
		return nil
	}))
}

// Edit and Read work while the hook's Execute runs, and nowhere else.
func TestEditElsewhere(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	cell := newCell(t, 1)
	ended := func(t *testing.T, ctx context.Context, where string) {
		t.Helper()
		_, err := cell.Edit(ctx)
		require.ErrorIs(t, err, hooks.ErrEnded, where)
		_, err = cell.Read(ctx)
		require.ErrorIs(t, err, hooks.ErrEnded, where)
	}
	ended(t, t.Context(), "outside")
	_, err := cell.Edit(t.Context())
	require.ErrorContains(t, err, "hooks: edit Shared[int]: the context is not that of a hook's Execute: not inside a running hook; use Load, Update, Atomically or ExecuteShared elsewhere")
	_, err = cell.Edit(nil) //nolint:staticcheck // what a nil context does is the test
	require.ErrorIs(t, err, hooks.ErrInvalidArgument)
	var kept context.Context
	_, err = x.Execute(t.Context(), newCart(), hooks.Define(hooks.Funcs[cart]{
		Name:          "h",
		ValidateEvent: func(ctx context.Context, _ *cart) error { ended(t, ctx, "ValidateEvent"); return nil },
		Execute: func(ctx context.Context, _ *cart) (any, error) {
			kept = ctx
			ended(t, hooks.ExecutionContext(ctx), "ExecutionContext")
			return nil, errors.Join(add(ctx, cell, 1),
				hooks.BeforeCommit(ctx, func(ctx context.Context) error { ended(t, ctx, "BeforeCommit"); return nil }),
				hooks.OnCommit(ctx, func(ctx context.Context) error { ended(t, ctx, "OnCommit"); return nil }))
		},
		ValidateResult: func(ctx context.Context, _ any) error { ended(t, ctx, "ValidateResult"); return nil },
	}))
	require.NoError(t, err)
	ended(t, kept, "after the hook")
	assert.Equal(t, 2, cell.Load())
}

// A hook that was abandoned can neither change a cell, nor get at it any more.
func TestTheEditsOfAnAbandonedHook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := build[cart](t, limits(time.Second))
		cell := newCell(t, account{Balance: 1})
		done := make(chan struct{})
		_, err := x.Execute(t.Context(), newCart(),
			continuing(onCart("deaf", func(ctx context.Context) error {
				defer close(done)
				v, err := cell.Edit(ctx)
				require.NoError(t, err)
				time.Sleep(time.Hour)
				v.Balance = 1000
				_, err = cell.Edit(ctx)
				require.ErrorIs(t, err, hooks.ErrEnded)
				return nil
			})),
			onCart("next", func(ctx context.Context) error {
				v, err := cell.Edit(ctx)
				if err == nil {
					v.Balance++
				}
				return err
			}))
		require.NoError(t, err)
		<-done
		assert.Equal(t, 2, cell.Load().Balance)
		require.NoError(t, x.Shutdown(t.Context()))
	})
}

// A chain that was beaten to a cell is undone and runs again, with new keys for new effects.
func TestAConflictRunsTheChainAgain(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	cell, state := newCell(t, 0), newCart()
	var d diary
	beaten := false
	report, err := x.Execute(hooks.WithExecutionID(t.Context(), "x"), state,
		hooks.Define(hooks.Funcs[cart]{
			Name: "charge",
			Execute: func(ctx context.Context, c *cart) (any, error) {
				info, _ := hooks.InfoFrom(ctx)
				d.add("charge %s round %d attempt %d", info.IdempotencyKey, info.Round, info.Attempt)
				c.N++
				return nil, add(ctx, cell, 1)
			},
			Rollback: func(ctx context.Context, _ *cart) error {
				info, _ := hooks.InfoFrom(ctx)
				d.add("undo %s round %d", info.Undoes, info.Round)
				return nil
			},
		}),
		onCart("slow", func(context.Context) error {
			if !beaten {
				beaten = true
				bumpOutside(t, cell, 100)
			}
			return nil
		}))
	require.NoError(t, err)
	assert.Equal(t, 2, report.Rounds)
	require.Len(t, report.Rollbacks, 1)
	assert.Equal(t, 1, report.Rollbacks[0].Round)
	assert.Equal(t, 101, cell.Load())
	assert.Equal(t, newCart().N+1, state.N, "the second round began with the state as it was")
	d.require(t, "charge x/charge#1 round 1 attempt 1", "undo x/charge#1 round 1", "charge x/charge#2 round 2 attempt 1")
	assert.Len(t, report.Rollbacks, 1)
	m := x.Metrics()
	assert.Equal(t, int64(1), m.Conflicts)
	assert.Equal(t, int64(1), m.Commits)
	assert.Equal(t, int64(2), m.Runs.Succeeded)
}

// What a chain has only read must be current as well if it changes anything.
func TestWriteSkewIsAConflict(t *testing.T) {
	a, b := newCell(t, 1), newCell(t, 1)
	rounds := 0
	require.NoError(t, hooks.Atomically(t.Context(), func(ctx context.Context) error {
		rounds++
		other, err := b.Read(ctx)
		if err != nil {
			return err
		}
		if rounds == 1 {
			bumpOutside(t, b, -1)
		}
		if other == 0 {
			return nil // one of the two has to stay
		}
		return add(ctx, a, -1)
	}))
	assert.Equal(t, 2, rounds)
	assert.Equal(t, 1, a.Load()+b.Load())
}

// A chain that only reads belongs to the instant of its first look, and is never in conflict
// over what happens to it afterwards.
func TestReadersAreNotDisturbed(t *testing.T) {
	a, b := newCell(t, 1), newCell(t, 1)
	rounds := 0
	require.NoError(t, hooks.Atomically(t.Context(), func(ctx context.Context) error {
		rounds++
		x, err := a.Read(ctx)
		if err != nil {
			return err
		}
		bumpOutside(t, a, 1)
		y, err := b.Read(ctx)
		assert.Equal(t, x, y)
		return err
	}))
	assert.Equal(t, 1, rounds)
}

// Values that never were there at one time are not shown, whatever the hook makes of the error.
func TestOpacity(t *testing.T) {
	makes := map[string]func(ctx context.Context, err error) error{
		"returns it":     func(_ context.Context, err error) error { return err },
		"swallows it":    func(context.Context, error) error { return nil },
		"rejects":        func(context.Context, error) error { return hooks.Reject("bad") },
		"panics":         func(context.Context, error) error { panic("bad") },
		"exits":          func(context.Context, error) error { runtime.Goexit(); return nil },
		"another error":  func(context.Context, error) error { return errBroken },
		"skips the rest": func(context.Context, error) error { return hooks.SkipRest },
		"is late":        func(ctx context.Context, _ error) error { <-ctx.Done(); return ctx.Err() },
	}
	for name, make := range makes {
		for _, policy := range []hooks.FailurePolicy{hooks.Abort, hooks.Continue} {
			t.Run(fmt.Sprint(name, ", ", policy), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					x := build[cart](t, hooks.Config{Execution: hooks.ExecutionConfig{DefaultTimeout: time.Second, Grace: time.Second}})
					a, b := newCell(t, 1), newCell(t, 1)
					always := false
					reader := hooks.With(onCart("reader", func(ctx context.Context) error {
						x, err := a.Read(ctx)
						require.NoError(t, err)
						if info, _ := hooks.InfoFrom(ctx); info.Round == 1 || always {
							require.NoError(t, hooks.Atomically(context.Background(), func(ctx context.Context) error {
								return errors.Join(add(ctx, a, 1), add(ctx, b, 1))
							}))
						}
						y, err := b.Read(ctx)
						if err == nil {
							assert.Equal(t, x, y)
							return nil
						}
						require.ErrorIs(t, err, hooks.ErrConflict)
						again, err2 := a.Read(ctx)
						require.NoError(t, err2)
						assert.Equal(t, x, again, "what was seen stays")
						return make(ctx, err)
					}), func(o *hooks.Options) { o.OnFailure = policy })
					report, err := x.Execute(t.Context(), newCart(), reader)
					require.NoError(t, err)
					assert.Equal(t, 2, report.Rounds)

					always = true
					report, err = x.Execute(t.Context(), newCart(), reader)
					require.ErrorIs(t, err, hooks.ErrConflict)
					require.ErrorContains(t, err, "given up after 4 rounds (MaxRounds)")
					assert.Equal(t, []hooks.Outcome{hooks.OutcomeConflict}, outcomesOf(report))
					assert.Equal(t, 4, report.Rounds)
					assert.Equal(t, int64(1), x.Metrics().Runs.Conflict)
				})
			})
		}
	}
}

// A chain is not run again if something of it may be left.
func TestNoFurtherRound(t *testing.T) {
	t.Run("an undo has failed", func(t *testing.T) {
		x := build[cart](t, hooks.Config{})
		report, err := x.Execute(t.Context(), newCart(),
			hooks.FuncUndo("bad", doCart, func(context.Context, *cart) error { return errBroken }), losing(t, newCell(t, 0)))
		require.ErrorIs(t, err, hooks.ErrConflict)
		require.ErrorIs(t, err, hooks.ErrRollback)
		assert.Equal(t, 1, report.Rounds)
		assert.Len(t, report.Rollbacks, 1)
	})
	deaf := continuing(hooks.Func("deaf", hang))
	for where, h := range map[string]hooks.Hook[cart]{
		"a hook was abandoned":           deaf,
		"a parallel hook was abandoned":  hooks.Parallel("p", hooks.Func("first", doCart), deaf, hooks.Func("last", doCart)),
		"the last of them was abandoned": hooks.Parallel("p", hooks.Func("first", doCart), deaf),
	} {
		t.Run(where, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := build[cart](t, limits(time.Second))
				report, err := x.Execute(t.Context(), newCart(), h, losing(t, newCell(t, 0)))
				require.ErrorIs(t, err, hooks.ErrConflict)
				require.ErrorContains(t, err, "not run again, as a call was abandoned")
				assert.Equal(t, 1, report.Rounds)
				require.NoError(t, x.Shutdown(t.Context()))
			})
		})
	}
	t.Run("the hook that saw the conflict was abandoned", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			x := build[cart](t, limits(time.Second))
			a, b := newCell(t, 0), newCell(t, 0)
			report, err := x.Execute(t.Context(), newCart(), continuing(onCart("deaf", func(ctx context.Context) error {
				_, err := a.Read(ctx)
				require.NoError(t, err)
				bumpOutside(t, a, 1)
				bumpOutside(t, b, 1)
				_, err = b.Read(ctx)
				require.ErrorIs(t, err, hooks.ErrConflict)
				time.Sleep(time.Hour)
				return nil
			})))
			require.ErrorIs(t, err, hooks.ErrTimeout)
			require.ErrorContains(t, err, "not run again, as a call was abandoned")
			assert.Equal(t, []hooks.Outcome{hooks.OutcomeTimedOut}, outcomesOf(report))
			assert.Equal(t, 1, report.Rounds)
			require.NoError(t, x.Shutdown(t.Context()))
		})
	})
	t.Run("MaxRounds is 1", func(t *testing.T) {
		x := build[cart](t, hooks.Config{Execution: hooks.ExecutionConfig{MaxRounds: 1}})
		report, err := x.Execute(t.Context(), newCart(), losing(t, newCell(t, 0)))
		require.EqualError(t, err, "hooks: commit: another execution has meanwhile changed a Shared[int] that this one has read; not run again (MaxRounds 1)")
		require.ErrorIs(t, err, hooks.ErrConflict)
		assert.Equal(t, 1, report.Rounds)
	})
	t.Run("the caller's context has ended", func(t *testing.T) {
		x := build[cart](t, hooks.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		report, err := x.Execute(ctx, newCart(), hooks.Func("stop", func(ctx context.Context, _ *cart) error {
			return hooks.OnRollback(ctx, func(context.Context) error { cancel(); return nil })
		}), losing(t, newCell(t, 0)))
		require.ErrorIs(t, err, hooks.ErrConflict)
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, 1, report.Rounds)
	})
}

// A cell that an execution uses cannot be used by one that was begun inside of it.
func TestReentrantCells(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	cell, own := newCell(t, 1), newCell(t, *newCart())
	other := newCell(t, 1)
	_, err := x.ExecuteShared(t.Context(), own, onCart("outer", func(ctx context.Context) error {
		require.NoError(t, add(ctx, cell, 1))
		_, err := own.Edit(ctx)
		require.ErrorIs(t, err, hooks.ErrReentrant)
		require.ErrorContains(t, err, "it is the state that this very execution works on; use the state")
		_, err = x.ExecuteShared(ctx, own, hooks.Func("inner", doCart))
		require.ErrorIs(t, err, hooks.ErrReentrant)
		require.ErrorIs(t, cell.Update(ctx, func(context.Context, *int) error { return nil }), hooks.ErrReentrant)
		err = hooks.Atomically(ctx, func(ctx context.Context) error {
			require.NoError(t, add(ctx, other, 1), "nobody uses it")
			_, err := own.Read(ctx)
			require.ErrorIs(t, err, hooks.ErrReentrant)
			return add(ctx, cell, 1)
		})
		require.ErrorIs(t, err, hooks.ErrReentrant)
		return hooks.Atomically(ctx, func(ctx context.Context) error { return add(ctx, other, 1) })
	}))
	require.NoError(t, err)
	assert.Equal(t, 2, cell.Load())
	assert.Equal(t, 2, other.Load(), "an execution inside is on its own")
}

// What is no cell is refused, clearly.
func TestCellsThatAreNone(t *testing.T) {
	var none *hooks.Shared[int]
	var zero hooks.Shared[int]
	x := build[int](t, hooks.Config{})
	for text, cell := range map[string]*hooks.Shared[int]{
		"the Shared[int] is nil; make it with NewShared": none, "the Shared[int] has no value; make it with NewShared": &zero,
	} {
		errs := []error{cell.Update(t.Context(), func(context.Context, *int) error { return nil })}
		_, err := x.ExecuteShared(t.Context(), cell)
		errs = append(errs, err, hooks.Atomically(t.Context(), func(ctx context.Context) error { return add(ctx, cell, 1) }))
		_, err = cell.Read(t.Context())
		for _, err := range append(errs, err) {
			require.ErrorIs(t, err, hooks.ErrInvalidArgument)
			require.ErrorContains(t, err, text)
		}
		assert.PanicsWithError(t, "hooks: load: "+text, func() { cell.Load() })
		assert.Zero(t, cell.Version())
	}
	require.ErrorIs(t, hooks.Atomically(t.Context(), nil), hooks.ErrInvalidHook)
	require.ErrorIs(t, newCell(t, 1).Update(t.Context(), nil), hooks.ErrInvalidHook)
	_, err := hooks.NewShared(struct{ F *os.File }{os.Stdout})
	require.ErrorIs(t, err, hooks.ErrNotCopyable)
	_, err = hooks.NewShared(1, nil)
	require.ErrorIs(t, err, hooks.ErrInvalidConfig)
	y := build[int](t, hooks.Config{Execution: hooks.ExecutionConfig{DisableSnapshots: true}})
	_, err = y.ExecuteShared(t.Context(), newCell(t, 1))
	require.ErrorIs(t, err, hooks.ErrUnsupported)
}

// What a tag says is zero in a copy is so in the cell, which holds one; and the
// validators do not judge what the cell is made of.
func TestWhatACellIsMadeOf(t *testing.T) {
	type tagged struct {
		N   int
		Own string `hooks:"zero"`
	}
	cell := newCell(t, tagged{N: -1, Own: "the caller's"}, hooks.ValidatorFunc("positive", func(_ context.Context, c hooks.StateChange[tagged]) hooks.ValidationResult {
		if c.After.N < 0 {
			return hooks.ValidationResult{Err: errBroken}
		}
		return hooks.ValidationResult{}
	}))
	assert.Equal(t, tagged{N: -1}, cell.Load())
	set := func(n int) error {
		return cell.Update(t.Context(), func(_ context.Context, v *tagged) error { v.N = n; return nil })
	}
	require.ErrorIs(t, set(-2), hooks.ErrInvalidState)
	require.NoError(t, set(2))
	assert.Equal(t, tagged{N: 2}, cell.Load())
}

// A group that saw a conflict and cannot be undone is not run again.
func TestNoFurtherRoundAfterAnUndoInside(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	a, b := newCell(t, 0), newCell(t, 0)
	report, err := x.Execute(t.Context(), newCart(), continuing(hooks.Sequence("s",
		hooks.FuncUndo("bad", doCart, func(context.Context, *cart) error { return errBroken }),
		onCart("sees", func(ctx context.Context) error {
			_, err := a.Read(ctx)
			require.NoError(t, err)
			bumpOutside(t, a, 1)
			bumpOutside(t, b, 1)
			_, err = b.Read(ctx)
			return err
		}))))
	require.ErrorIs(t, err, hooks.ErrConflict)
	require.ErrorIs(t, err, hooks.ErrRollback)
	require.ErrorContains(t, err, "not run again, as not all could be undone")
	assert.Equal(t, 1, report.Rounds)
	assert.Len(t, report.Rollbacks, 1)

	// Nor is one of whose members an undo has failed while another saw the conflict.
	undoing, saw := make(chan struct{}), make(chan struct{})
	report, err = x.Execute(t.Context(), newCart(), hooks.Parallel("p",
		onCart("sees", func(ctx context.Context) error {
			defer close(saw)
			<-undoing
			_, err := a.Read(ctx)
			require.NoError(t, err)
			bumpOutside(t, a, 1)
			bumpOutside(t, b, 1)
			_, err = b.Read(ctx)
			return err
		}),
		continuing(hooks.FuncUndo("bad", func(context.Context, *cart) error { return hooks.Unknown(errBroken) },
			func(context.Context, *cart) error { close(undoing); <-saw; return errBroken }))))
	require.ErrorIs(t, err, hooks.ErrConflict)
	require.ErrorContains(t, err, "not run again, as not all could be undone")
	assert.Equal(t, 1, report.Rounds)
}

// A copy for Edit that is ready only when the hook has returned is not given out.
func TestEditThatOutlastsItsHook(t *testing.T) {
	var slow atomic.Bool
	begun, goOn, got := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	cell := newCell(t, copied{func() {
		if slow.CompareAndSwap(true, false) {
			close(begun)
			<-goOn
		}
	}})
	x := build[cart](t, hooks.Config{})
	_, err := x.Execute(t.Context(), newCart(), onCart("leaves", func(ctx context.Context) error {
		slow.Store(true)
		go func() { _, err := cell.Edit(ctx); got <- err }()
		<-begun
		return nil
	}), onCart("later", func(context.Context) error {
		close(goOn)
		require.ErrorIs(t, <-got, hooks.ErrEnded)
		return nil
	}))
	require.NoError(t, err)
	assert.Equal(t, uint64(1), cell.Version())
}
