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

// purse is the value of most cells.
type purse struct {
	Balance int
	Log     []string
}

// edits is a hook that edits a cell.
func edits[T any](name string, cell *hooks.Shared[purse], do func(a *purse) error) hooks.Hook[T] {
	return hooks.Func(name, func(ctx context.Context, _ *T) error {
		a, err := cell.Edit(ctx)
		if err != nil {
			return err
		}
		return do(a)
	})
}

func adding(n int) func(a *purse) error {
	return func(a *purse) error { a.Balance += n; return nil }
}

// Whatever is dropped, its edits are.
func TestEditsAreDroppedWithTheirHook(t *testing.T) {
	cell := newCell(t, purse{Balance: 1})
	e := func(name string, n int, err error) hooks.Hook[board] {
		return edits[board](name, cell, func(a *purse) error { a.Balance += n; return err })
	}
	tries := 0
	flaky := edits[board]("flaky", cell, func(a *purse) error {
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
	cell, other := newCell(t, wallet{}), newCell(t, purse{})
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
	cell, clicks := newCell(t, purse{}), newCell(t, 0)
	x := build[purse](t, hooks.Config{})
	y := build[board](t, hooks.Config{})
	const each = 200
	ways := []func(ctx context.Context) error{
		func(ctx context.Context) error {
			_, err := x.ExecuteShared(ctx, cell, hooks.Func("add", func(_ context.Context, a *purse) error { a.Balance++; return nil }))
			return err
		},
		func(ctx context.Context) error {
			return cell.Update(ctx, func(_ context.Context, a *purse) error { a.Balance++; return nil })
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
					err := way(t.Context())
					for errors.Is(err, hooks.ErrConflict) { // others were faster, again and again
						err = way(t.Context())
					}
					if err != nil {
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
	a, b := newCell(t, purse{Balance: 500}), newCell(t, purse{Balance: 500})
	x := build[board](t, hooks.Config{Execution: hooks.ExecutionConfig{MaxRounds: hooks.NoLimit}})
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

// A turn is for one at a time, first come first served; who waits for it can be stopped.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cell := newCell(t, purse{})
		x := build[purse](t, hooks.Config{})
		var d diary
		slow := func(name string) hooks.Hook[purse] {
			return hooks.Func(name, func(_ context.Context, a *purse) error {
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
			_, err := x.ExecuteShared(t.Context(), cell, hooks.With(hooks.Func("look", func(_ context.Context, a *purse) error { return nil }),
				func(o *hooks.Options) { o.ReadOnly = true }))
			assert.NoError(t, err)
			assert.Zero(t, time.Since(begun), "who only reads does not wait")
		})
		all.Wait()
		d.require(t, "h0", "h1", "h2", "h3", "h4")
		assert.Equal(t, 5, cell.Load().Balance)
	})
}

// While BeforeCommit functions run, nobody else commits a change of the cells; who only reads,
// or works on others, does not wait.
func TestBeforeCommitHoldsTheCells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, end := range []error{nil, errBroken} {
			cell, other := newCell(t, purse{}), newCell(t, purse{})
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
			require.NoError(t, other.Update(t.Context(), func(_ context.Context, a *purse) error { a.Balance++; return nil }))
			require.NoError(t, hooks.Atomically(t.Context(), func(ctx context.Context) error { _, err := cell.Read(ctx); return err }))
			assert.Equal(t, time.Second, time.Since(begun))
			require.NoError(t, cell.Update(t.Context(), func(_ context.Context, a *purse) error { a.Balance++; return nil }))
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

// A round that skipped the rest does not shorten the next one.
func TestSkipRestInALostRound(t *testing.T) {
	cell := newCell(t, purse{})
	first := edits[board]("first", cell, func(a *purse) error {
		if a.Balance > 0 {
			return nil
		}
		require.NoError(t, cell.Update(context.Background(), func(_ context.Context, a *purse) error { a.Balance++; return nil }))
		return hooks.SkipRest
	})
	report, err := hooks.Run(t.Context(), newBoard(), first, edits[board]("second", cell, adding(10)))
	require.NoError(t, err)
	assert.Equal(t, 2, report.Rounds)
	assert.Equal(t, 11, cell.Load().Balance)
}

// A pause between two rounds ends with the caller's context.
func TestACancelledRound(t *testing.T) {
	cell := newCell(t, purse{})
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := hooks.Run(ctx, newBoard(), edits[board]("e", cell, func(*purse) error {
		return cell.Update(context.Background(), func(_ context.Context, a *purse) error { a.Balance++; return nil })
	}), hooks.FuncUndo("last", func(context.Context, *board) error { return nil }, func(context.Context, *board) error { cancel(errCause); return nil }))
	require.ErrorIs(t, err, errCause)
	assert.Equal(t, 1, cell.Load().Balance)
}

// An OnCommit function finds the cells free, and committed; so does who has waited for the turn.
func TestCellsAfterTheCommit(t *testing.T) {
	cell := newCell(t, purse{})
	x := build[purse](t, hooks.Config{})
	report, err := x.ExecuteShared(t.Context(), cell, hooks.Func("h", func(ctx context.Context, a *purse) error {
		a.Balance = 1
		return hooks.OnCommit(ctx, func(ctx context.Context) error {
			assert.Equal(t, 1, cell.Load().Balance)
			return cell.Update(ctx, func(_ context.Context, a *purse) error { a.Balance++; return nil })
		})
	}))
	require.NoError(t, err)
	require.Empty(t, report.AfterCommit)
	assert.Equal(t, 2, cell.Load().Balance)
}

// A chain may use many cells: each is found again.
func TestManyCells(t *testing.T) {
	cells := make([]*hooks.Shared[purse], 50)
	for i := range cells {
		cells[i] = newCell(t, purse{})
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
	a, b := newCell(t, purse{}), newCell(t, purse{})
	x := build[purse](t, hooks.Config{Execution: hooks.ExecutionConfig{MaxRounds: hooks.NoLimit}})
	cross := func(name string, other *hooks.Shared[purse]) hooks.Hook[purse] {
		return hooks.Func(name, func(ctx context.Context, own *purse) error {
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
		for _, side := range []struct{ own, other *hooks.Shared[purse] }{{a, b}, {b, a}} {
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
