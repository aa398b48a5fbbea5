package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// onInt makes a hook over a number.
func onInt(name string, do func(ctx context.Context, n *int) error) hooks.Hook[int] {
	return hooks.Func(name, do)
}

func readOnly[T any](h hooks.Hook[T]) hooks.Hook[T] {
	return hooks.With(h, func(o *hooks.Options) { o.ReadOnly = true })
}

// Executions of one cell take turns in the order in which they came.
func TestTurnsAreTakenInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := build[int](t, hooks.Config{})
		cell := newCell(t, 0)
		var d diary
		var group sync.WaitGroup
		for i := range 20 {
			group.Go(func() {
				report, err := x.ExecuteShared(t.Context(), cell, onInt("h", func(_ context.Context, n *int) error {
					d.add("%d", i)
					time.Sleep(time.Second)
					*n++
					return nil
				}))
				assert.NoError(t, err)
				assert.Equal(t, 1, report.Rounds, "nobody works in vain")
			})
			synctest.Wait()
		}
		begun := time.Now()
		group.Wait()
		assert.Equal(t, 20*time.Second, time.Since(begun))
		assert.Equal(t, 20, cell.Load())
		for i, line := range d.read() {
			assert.Equal(t, fmt.Sprint(i), line)
		}
	})
}

// Waiting for a turn ends with the caller's context and with TotalTimeout; the turn goes to the
// next one, also if it comes at the same time.
func TestWaitingForATurnEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := build[int](t, hooks.Config{})
		hasty := build[int](t, hooks.Config{Execution: hooks.ExecutionConfig{TotalTimeout: 2 * time.Second}})
		cell := newCell(t, 0)
		var group sync.WaitGroup
		slow := func(d time.Duration) {
			group.Go(func() {
				_, err := x.ExecuteShared(context.Background(), cell, onInt("slow", func(context.Context, *int) error { time.Sleep(d); return nil }))
				assert.NoError(t, err)
			})
			synctest.Wait()
		}
		slow(3 * time.Second)
		ran := onInt("ran", func(context.Context, *int) error { t.Error("it was never its turn"); return nil })
		for _, wait := range []time.Duration{time.Second, 3 * time.Second} {
			group.Go(func() {
				ctx, cancel := context.WithTimeoutCause(context.Background(), wait, errBroken)
				defer cancel()
				report, err := x.ExecuteShared(ctx, cell, ran)
				if wait == 3*time.Second && err == nil {
					return // the turn came at the same time, and the hook was not begun any more
				}
				assert.ErrorIs(t, err, errBroken)
				assert.NotNil(t, report)
			})
		}
		group.Go(func() {
			begun := time.Now()
			_, err := hasty.ExecuteShared(context.Background(), cell, ran)
			assert.ErrorIs(t, err, hooks.ErrTimeout)
			assert.ErrorContains(t, err, "TotalTimeout")
			assert.Equal(t, 2*time.Second, time.Since(begun))
		})
		synctest.Wait()
		slow(time.Second)
		slow(time.Second)
		group.Wait()
		assert.Equal(t, int64(1), hasty.Metrics().Refused)
		require.NoError(t, x.Shutdown(t.Context()))
	})
}

// Chains that only read take no turn, and nobody waits for them.
func TestReadersTakeNoTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := build[int](t, hooks.Config{})
		cell := newCell(t, 1)
		var group sync.WaitGroup
		run := func(h hooks.Hook[int]) {
			group.Go(func() {
				_, err := x.ExecuteShared(t.Context(), cell, hooks.Sequence("s", h))
				assert.NoError(t, err)
			})
			synctest.Wait()
		}
		nap := func(_ context.Context, n *int) error { time.Sleep(time.Second); return nil }
		begun := time.Now()
		run(readOnly(onInt("a", nap)))
		run(onInt("writer", func(ctx context.Context, n *int) error { *n++; return nap(ctx, n) }))
		run(readOnly(onInt("b", nap)))
		run(readOnly(onInt("c", func(ctx context.Context, n *int) error { assert.Equal(t, 1, *n); return nap(ctx, n) })))
		group.Wait()
		assert.Equal(t, time.Second, time.Since(begun))
		assert.Equal(t, 2, cell.Load())
	})
}

// An execution that loses a round keeps its turn: those behind it wait.
func TestATurnIsKeptOverRounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := build[int](t, hooks.Config{})
		cell, other := newCell(t, 0), newCell(t, 0)
		var d diary
		var group sync.WaitGroup
		group.Go(func() {
			report, err := x.ExecuteShared(t.Context(), cell, onInt("first", func(ctx context.Context, n *int) error {
				info, _ := hooks.InfoFrom(ctx)
				d.add("first, round %d", info.Round)
				*n++
				if err := add(ctx, other, 1); err != nil {
					return err
				}
				time.Sleep(time.Second)
				if info.Round < 3 {
					bumpOutside(t, other, 1)
				}
				return nil
			}))
			assert.NoError(t, err)
			assert.Equal(t, 3, report.Rounds)
		})
		synctest.Wait()
		group.Go(func() {
			_, err := x.ExecuteShared(t.Context(), cell, onInt("second", func(context.Context, *int) error { d.add("second"); return nil }))
			assert.NoError(t, err)
		})
		group.Wait()
		d.require(t, "first, round 1", "first, round 2", "first, round 3", "second")
		assert.Equal(t, 3, other.Load())
	})
}

// Two executions that use each other's cell do not wait for each other: one that has a turn waits
// for no other, at any depth.
func TestNobodyWaitsInACircle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := build[int](t, hooks.Config{})
		a, b := newCell(t, 0), newCell(t, 0)
		var group sync.WaitGroup
		for _, cells := range [][2]*hooks.Shared[int]{{a, b}, {b, a}} {
			group.Go(func() {
				_, err := x.ExecuteShared(t.Context(), cells[0], onInt("outer", func(ctx context.Context, n *int) error {
					*n++
					time.Sleep(time.Second) // both have their turn now
					_, err := x.ExecuteShared(ctx, cells[1], onInt("inner", func(context.Context, *int) error { time.Sleep(time.Second); return nil }))
					return err
				}))
				assert.NoError(t, err)
			})
		}
		begun := time.Now()
		group.Wait()
		assert.Less(t, time.Since(begun), 20*time.Second)
		assert.Equal(t, 2, a.Load()+b.Load())
	})
}

// However an execution ends, its cells are free afterwards.
func TestACellIsNeverLeftHeld(t *testing.T) {
	ways := map[string]func(ctx context.Context, cancel func()) error{
		"returns":                 func(context.Context, func()) error { return nil },
		"fails":                   func(context.Context, func()) error { return errBroken },
		"panics":                  func(context.Context, func()) error { panic("bad") },
		"exits":                   func(context.Context, func()) error { runtime.Goexit(); return nil },
		"is abandoned":            func(context.Context, func()) error { time.Sleep(time.Hour); return nil },
		"is late":                 func(ctx context.Context, _ func()) error { <-ctx.Done(); return nil },
		"is cancelled":            func(ctx context.Context, cancel func()) error { cancel(); <-ctx.Done(); return ctx.Err() },
		"fails before the commit": beforeCommit(func() error { return errBroken }),
		"panics before it":        beforeCommit(func() error { panic("bad") }),
		"exits before it":         beforeCommit(func() error { runtime.Goexit(); return nil }),
		"hangs before it":         beforeCommit(func() error { time.Sleep(time.Hour); return nil }),
		"hangs after it":          onCommit(func() error { time.Sleep(time.Hour); return nil }),
		"cannot be undone": func(ctx context.Context, _ func()) error {
			return errors.Join(errBroken, hooks.OnRollback(ctx, func(context.Context) error { time.Sleep(time.Hour); return nil }))
		},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := build[int](t, hooks.Config{Execution: hooks.ExecutionConfig{DefaultTimeout: time.Second, RollbackTimeout: time.Second}})
				cell, other := newCell(t, 0), newCell(t, 0)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				_, err := x.ExecuteShared(ctx, cell, onInt("h", func(ctx context.Context, n *int) error {
					*n++
					return errors.Join(add(ctx, other, 1), way(ctx, cancel))
				}))
				want := 1
				if err != nil {
					want = 0
				}
				begun := time.Now()
				report, err := x.ExecuteShared(t.Context(), cell, onInt("next", func(ctx context.Context, n *int) error { *n += 10; return add(ctx, other, 10) }))
				require.NoError(t, err)
				assert.Equal(t, 1, report.Rounds)
				assert.Zero(t, time.Since(begun))
				assert.Equal(t, [2]int{want + 10, want + 10}, [2]int{cell.Load(), other.Load()})
				require.NoError(t, x.Shutdown(context.Background()))
			})
		})
	}
}

func beforeCommit(fn func() error) func(context.Context, func()) error {
	return func(ctx context.Context, _ func()) error {
		return hooks.BeforeCommit(ctx, func(context.Context) error { return fn() })
	}
}

func onCommit(fn func() error) func(context.Context, func()) error {
	return func(ctx context.Context, _ func()) error {
		return hooks.OnCommit(ctx, func(context.Context) error { return fn() })
	}
}

// While BeforeCommit functions run, the cells' commit is prepared: nobody else commits a change of
// what was read, or has read what is about to change. Others wait, and are right afterwards.
func TestBeforeCommitHasTheCellsPrepared(t *testing.T) {
	for _, ends := range []error{nil, errBroken} {
		t.Run(fmt.Sprint(ends), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := build[cart](t, hooks.Config{})
				read, written := newCell(t, 1), newCell(t, 1)
				other, other2, other3 := newCell(t, 1), newCell(t, 1), newCell(t, 1)
				var group sync.WaitGroup
				begun := time.Now()
				group.Go(func() {
					_, err := x.Execute(t.Context(), newCart(), onCart("h", func(ctx context.Context) error {
						_, err := read.Read(ctx)
						return errors.Join(err, add(ctx, written, 1), hooks.BeforeCommit(ctx, func(context.Context) error {
							time.Sleep(time.Second)
							assert.Equal(t, [2]int{1, 1}, [2]int{read.Load(), written.Load()})
							return ends
						}))
					}))
					assert.ErrorIs(t, err, ends)
				})
				synctest.Wait()
				wait := func(name string, want time.Duration, do func(ctx context.Context) error) {
					group.Go(func() {
						assert.NoError(t, hooks.Atomically(t.Context(), do), name)
						assert.Equal(t, want, time.Since(begun).Round(100*time.Millisecond), name)
					})
				}
				wait("edit what was read", time.Second, func(ctx context.Context) error { return add(ctx, read, 10) })
				wait("edit what is written", time.Second, func(ctx context.Context) error { return add(ctx, written, 10) })
				wait("read what is written", time.Second, func(ctx context.Context) error {
					_, err := written.Read(ctx)
					return errors.Join(err, add(ctx, other, 1))
				})
				wait("edit another", 0, func(ctx context.Context) error { return add(ctx, other2, 1) })
				wait("read what is read, and edit another", 0, func(ctx context.Context) error {
					_, err := read.Read(ctx)
					return errors.Join(err, add(ctx, other3, 1))
				})
				wait("only read", 0, func(ctx context.Context) error {
					a, err := read.Read(ctx)
					b, err2 := written.Read(ctx)
					assert.Equal(t, 2, a+b)
					return errors.Join(err, err2)
				})
				group.Wait()
				want := 12
				if ends != nil {
					want = 11
				}
				assert.Equal(t, [2]int{11, want}, [2]int{read.Load(), written.Load()})
			})
		})
	}
}

// Waiting for a commit that is prepared is bounded by RollbackTimeout, and by what bounds the
// execution.
func TestWaitingForAPreparedCommitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := build[cart](t, hooks.Config{})
		cell := newCell(t, 1)
		var group sync.WaitGroup
		group.Go(func() {
			_, err := x.Execute(t.Context(), newCart(), onCart("h", func(ctx context.Context) error {
				return errors.Join(add(ctx, cell, 1), hooks.BeforeCommit(ctx, func(context.Context) error { time.Sleep(20 * time.Second); return nil }))
			}))
			assert.NoError(t, err)
		})
		synctest.Wait()
		adding := onCart("h", func(ctx context.Context) error { return add(ctx, cell, 10) })
		wait := func(cfg hooks.ExecutionConfig, timeout time.Duration, is error, want time.Duration) {
			group.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), timeout)
				defer cancel()
				begun := time.Now()
				report, err := build[cart](t, hooks.Config{Execution: cfg}).Execute(ctx, newCart(), adding)
				assert.ErrorIs(t, err, is)
				assert.Equal(t, 1, report.Rounds)
				assert.Equal(t, want, time.Since(begun))
			})
		}
		wait(hooks.ExecutionConfig{RollbackTimeout: time.Second, MaxRounds: 1}, time.Hour, hooks.ErrConflict, time.Second)
		wait(hooks.ExecutionConfig{TotalTimeout: 2 * time.Second}, time.Hour, hooks.ErrTimeout, 2*time.Second)
		wait(hooks.ExecutionConfig{}, 3*time.Second, context.DeadlineExceeded, 3*time.Second)
		group.Wait()
		assert.Equal(t, 2, cell.Load())
	})
}

// It is bounded as a whole, and not for each of several commits.
func TestWaitingForSeveralPreparedCommitsEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := build[cart](t, hooks.Config{})
		a, b := newCell(t, 1), newCell(t, 1)
		var group sync.WaitGroup
		failsAfter := func(d time.Duration, cell *hooks.Shared[int]) {
			group.Go(func() {
				_, err := x.Execute(t.Context(), newCart(), onCart("h", func(ctx context.Context) error {
					return errors.Join(add(ctx, cell, 1), hooks.BeforeCommit(ctx, func(context.Context) error { time.Sleep(d); return errBroken }))
				}))
				assert.ErrorIs(t, err, errBroken)
			})
		}
		failsAfter(3*time.Second, a)
		failsAfter(6*time.Second, b)
		synctest.Wait()
		begun := time.Now()
		limited := hooks.Config{Execution: hooks.ExecutionConfig{RollbackTimeout: 4 * time.Second, MaxRounds: 1}}
		_, err := build[cart](t, limited).Execute(t.Context(), newCart(), onCart("h", func(ctx context.Context) error {
			return errors.Join(add(ctx, a, 10), add(ctx, b, 10))
		}))
		assert.ErrorIs(t, err, hooks.ErrConflict)
		assert.Equal(t, 4*time.Second, time.Since(begun))
		group.Wait()
	})
}

// OnCommit functions run when the turn has been given back, and undo calls when the round is over:
// both may use the cells again.
func TestCellsAfterTheCommitAndInUndoCalls(t *testing.T) {
	x := build[int](t, hooks.Config{})
	cell, other := newCell(t, 0), newCell(t, 0)
	update := func(ctx context.Context) error {
		return other.Update(ctx, func(_ context.Context, n *int) error { *n += 10; return nil })
	}
	report, err := x.ExecuteShared(t.Context(), cell, onInt("h", func(ctx context.Context, n *int) error {
		*n++
		return errors.Join(add(ctx, other, 1), hooks.OnCommit(ctx, update), hooks.OnCommit(ctx, func(ctx context.Context) error {
			return cell.Update(ctx, func(_ context.Context, n *int) error { *n += 10; return nil })
		}))
	}))
	require.NoError(t, err)
	assert.Empty(t, report.AfterCommit)
	assert.Equal(t, [2]int{11, 11}, [2]int{cell.Load(), other.Load()})

	report, err = x.ExecuteShared(t.Context(), cell, onInt("h", func(ctx context.Context, _ *int) error {
		return errors.Join(add(ctx, other, 1), hooks.OnRollback(ctx, update), errBroken)
	}))
	require.ErrorIs(t, err, errBroken)
	require.NotErrorIs(t, err, hooks.ErrRollback)
	assert.Len(t, report.Rollbacks, 1)
	assert.Equal(t, 21, other.Load())
}

// A cell that is made while a round is under way may hold what the round must not see yet.
func TestACellThatWasMadeMeanwhile(t *testing.T) {
	a := newCell(t, 1)
	rounds := 0
	require.NoError(t, hooks.Atomically(t.Context(), func(ctx context.Context) error {
		rounds++
		x, err := a.Read(ctx)
		require.NoError(t, err)
		if rounds == 1 {
			bumpOutside(t, a, 1)
		}
		copied := newCell(t, a.Load())
		y, err := copied.Read(ctx)
		if err == nil {
			assert.Equal(t, x, y)
		}
		return err
	}))
	assert.Equal(t, 2, rounds)
}

// Shutdown waits for executions that wait for their turn.
func TestShutdownWaitsForTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := build[int](t, hooks.Config{})
		cell := newCell(t, 0)
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				_, err := x.ExecuteShared(t.Context(), cell, onInt("h", func(_ context.Context, n *int) error { time.Sleep(time.Second); *n++; return nil }))
				assert.NoError(t, err)
			})
		}
		synctest.Wait()
		begun := time.Now()
		require.NoError(t, x.Shutdown(t.Context()))
		assert.Equal(t, 3*time.Second, time.Since(begun))
		group.Wait()
		assert.Equal(t, 3, cell.Load())
		_, err := x.ExecuteShared(t.Context(), cell)
		require.ErrorIs(t, err, hooks.ErrClosed)
	})
}
