package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// flaky is a hook that ends as the list says, attempt by attempt, and then well.
func flaky(d *diary, name string, ends ...error) hooks.Hook[board] {
	tries := 0
	return setting(d, name, func(context.Context) error {
		tries++
		if tries <= len(ends) {
			return ends[tries-1]
		}
		return nil
	})
}

func retried(h hooks.Hook[board], attempts int) hooks.Hook[board] {
	return hooks.Retry(h, hooks.RetryPolicy{Attempts: attempts})
}

// An undo call says which attempt it undoes.
func TestUndoCallsSayWhichAttempt(t *testing.T) {
	var d diary
	unknown := hooks.Unknown(errBroken)
	report, err := hooks.Run(t.Context(), newBoard(), retried(flaky(&d, "b", unknown, unknown, unknown), 3))
	require.ErrorIs(t, err, errBroken)
	for i, undone := range report.Rollbacks {
		assert.Equal(t, 1, undone.Round)
		assert.Equal(t, i+1, undone.Attempt)
	}
	require.Len(t, report.Rollbacks, 3)
	assert.Contains(t, report.Rollbacks[0].String(), `rollback "b" (effect unknown)`)
	assert.Contains(t, report.Rollbacks[2].String(), `rollback "b", attempt 3 (effect unknown)`)
}

// Each attempt starts with the state from before the first, and what the last one left is
// undone before it. What counts is the last.
func TestRetry(t *testing.T) {
	tests := []struct {
		why   string
		chain func(d *diary) []hooks.Hook[board]
		tree  string
		log   []string
		left  []string // nil: the chain fails
	}{
		{
			"a hook that gets well",
			func(d *diary) []hooks.Hook[board] {
				return []hooks.Hook[board]{setting(d, "a", nil), retried(flaky(d, "b", errBroken, errBroken), 3), setting(d, "c", nil)}
			},
			"a succeeded, b succeeded x3, c succeeded",
			[]string{"do a", "do b", "do b", "do b", "do c"},
			[]string{"a", "b", "c"},
		},
		{
			"one that does not, in time",
			func(d *diary) []hooks.Hook[board] {
				return []hooks.Hook[board]{setting(d, "a", nil), retried(flaky(d, "b", errBroken, errBroken), 2), setting(d, "c", nil)}
			},
			"a succeeded, b failed x2, c skipped",
			[]string{"do a", "do b", "do b", "undo a"},
			nil,
		},
		{
			"an effect that may have happened is undone before the next attempt",
			func(d *diary) []hooks.Hook[board] {
				return []hooks.Hook[board]{retried(flaky(d, "b", hooks.Unknown(errBroken)), 2)}
			},
			"b succeeded x2",
			[]string{"do b", "undo b", "do b"},
			[]string{"b"},
		},
		{
			"a group, as a whole",
			func(d *diary) []hooks.Hook[board] {
				return []hooks.Hook[board]{retried(hooks.Sequence("s", setting(d, "a", nil), flaky(d, "b", errBroken, errBroken), setting(d, "c", nil)), 5)}
			},
			"s succeeded (s/a succeeded x3, s/b succeeded x3, s/c succeeded)",
			[]string{"do s/a", "do s/b", "undo s/a", "do s/a", "do s/b", "undo s/a", "do s/a", "do s/b", "do s/c"},
			[]string{"s/a", "s/b", "s/c"},
		},
		{
			"inside a group that is tried again",
			func(d *diary) []hooks.Hook[board] {
				return []hooks.Hook[board]{retried(hooks.Sequence("s", retried(flaky(d, "a", errBroken), 2), flaky(d, "b", errBroken)), 2)}
			},
			"s succeeded (s/a succeeded x3, s/b succeeded x2)",
			[]string{"do s/a", "do s/a", "do s/b", "undo s/a", "do s/a", "do s/b"},
			[]string{"s/a", "s/b"},
		},
		{
			"attempts of attempts",
			func(d *diary) []hooks.Hook[board] {
				return []hooks.Hook[board]{continuing(retried(retried(flaky(d, "a", errBroken, errBroken, errBroken, errBroken), 2), 2))}
			},
			"a failed x4",
			[]string{"do a", "do a", "do a", "do a"},
			[]string{},
		},
		{
			"a policy inside is the hook's own, for the last attempt",
			func(d *diary) []hooks.Hook[board] {
				return []hooks.Hook[board]{retried(continuing(flaky(d, "a", errBroken, errBroken)), 2), setting(d, "b", nil)}
			},
			"a failed x2, b succeeded",
			[]string{"do a", "do a", "do b"},
			[]string{"b"},
		},
		{
			"a member's Continue needs no other attempt",
			func(d *diary) []hooks.Hook[board] {
				return []hooks.Hook[board]{retried(hooks.Sequence("s", continuing(flaky(d, "a", errBroken)), setting(d, "b", nil)), 2)}
			},
			"s succeeded (s/a failed, s/b succeeded)",
			[]string{"do s/a", "do s/b"},
			[]string{"s/b"},
		},
		{
			"once is no retry",
			func(d *diary) []hooks.Hook[board] { return []hooks.Hook[board]{retried(flaky(d, "a", errBroken), 1)} },
			"a failed",
			[]string{"do a"},
			nil,
		},
		{
			"a hook that says no is not asked again",
			func(d *diary) []hooks.Hook[board] {
				return []hooks.Hook[board]{retried(flaky(d, "a", hooks.Reject("no: %w", errBroken)), 3)}
			},
			"a rejected",
			[]string{"do a"},
			nil,
		},
		{
			"members of a parallel group",
			func(d *diary) []hooks.Hook[board] {
				return []hooks.Hook[board]{retried(hooks.ParallelN(1, "p", setting(d, "a", nil), flaky(d, "b", errBroken)), 2)}
			},
			"p succeeded (p/a succeeded x2, p/b succeeded x2)",
			[]string{"do p/a", "do p/b", "undo p/a", "do p/a", "do p/b"},
			[]string{"p/a", "p/b"},
		},
		{
			"in a parallel group",
			func(d *diary) []hooks.Hook[board] {
				return []hooks.Hook[board]{hooks.ParallelN(1, "p", retried(flaky(d, "a", errBroken), 2), retried(flaky(d, "b", errBroken), 2))}
			},
			"p succeeded (p/a succeeded x2, p/b succeeded x2)",
			[]string{"do p/a", "do p/a", "do p/b", "do p/b"},
			[]string{"p/a", "p/b"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			var d diary
			state := newBoard()
			report, err := hooks.Run(t.Context(), state, tt.chain(&d)...)
			if (err != nil) != (tt.left == nil) {
				t.Fatalf("error %v", err)
			}
			if err != nil {
				require.ErrorIs(t, err, errBroken)
			}
			assert.Equal(t, tt.tree, treeOf(report.Results()))
			d.require(t, tt.log...)
			requireBoard(t, state, tt.left...)
		})
	}
}

// What is not tried again, and what is if the policy says so.
func TestWhatIsTriedAgain(t *testing.T) {
	tooLong := func(ctx context.Context) error { <-ctx.Done(); return nil }
	deaf := func(context.Context) error { time.Sleep(time.Minute); return nil }
	tests := []struct {
		why    string
		hook   func(d *diary) hooks.Hook[board]
		policy hooks.RetryPolicy
		tries  int
	}{
		{"an error", func(d *diary) hooks.Hook[board] { return setting(d, "h", returning(errBroken)) }, hooks.RetryPolicy{}, 3},
		{"a panic", func(d *diary) hooks.Hook[board] {
			return setting(d, "h", func(context.Context) error { panic("no") })
		}, hooks.RetryPolicy{}, 3},
		{"an error that If refuses", func(d *diary) hooks.Hook[board] { return setting(d, "h", returning(errBroken)) },
			hooks.RetryPolicy{If: func(err error) bool { return !errors.Is(err, errBroken) }}, 1},
		{"an error that If accepts", func(d *diary) hooks.Hook[board] { return setting(d, "h", returning(errBroken)) },
			hooks.RetryPolicy{If: func(err error) bool { return errors.Is(err, errBroken) }}, 3},
		{"an If that panics", func(d *diary) hooks.Hook[board] { return setting(d, "h", returning(errBroken)) },
			hooks.RetryPolicy{If: func(error) bool { panic("no") }}, 1},
		{"an If that hangs", func(d *diary) hooks.Hook[board] { return setting(d, "h", returning(errBroken)) },
			hooks.RetryPolicy{If: func(error) bool { time.Sleep(time.Hour); return true }}, 1},
		{"a hook that is late", func(d *diary) hooks.Hook[board] { return setting(d, "h", tooLong) }, hooks.RetryPolicy{}, 1},
		{"a hook that is late, if allowed", func(d *diary) hooks.Hook[board] { return setting(d, "h", tooLong) }, hooks.RetryPolicy{AfterTimeout: true}, 3},
		{"an abandoned hook", func(d *diary) hooks.Hook[board] { return setting(d, "h", deaf) }, hooks.RetryPolicy{AfterTimeout: true}, 1},
		{"an abandoned hook, if allowed", func(d *diary) hooks.Hook[board] { return setting(d, "h", deaf) }, hooks.RetryPolicy{AfterAbandoned: true}, 3},
		{"what is invalid", func(d *diary) hooks.Hook[board] {
			return hooks.Define(hooks.Funcs[board]{
				Name: "h", Execute: func(context.Context, *board) (any, error) { d.add("do h"); return nil, nil },
				ValidateResult: func(context.Context, any) error { return errBroken },
			})
		}, hooks.RetryPolicy{}, 1},
		{"a failed undo", func(d *diary) hooks.Hook[board] {
			return hooks.FuncUndo("h",
				func(context.Context, *board) error { d.add("do h"); return hooks.Unknown(errBroken) },
				func(context.Context, *board) error { return errUndo })
		}, hooks.RetryPolicy{}, 1},
		{"an If is not asked about what is excluded", func(d *diary) hooks.Hook[board] { return setting(d, "h", returning(hooks.Reject("no"))) },
			hooks.RetryPolicy{If: func(error) bool { panic("not reached") }}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var d diary
				cfg := limits(time.Second)
				cfg.Execution.Grace = time.Millisecond // for what obeys
				x := build[board](t, cfg)
				tt.policy.Attempts = 3
				report, err := x.Execute(t.Context(), newBoard(), hooks.Retry(tt.hook(&d), tt.policy))
				require.Error(t, err)
				assert.Equal(t, tt.tries, report.Results()[0].Attempts)
				starts := 0
				for _, line := range d.read() {
					if line == "do h" {
						starts++
					}
				}
				assert.Equal(t, tt.tries, starts)
				require.NoError(t, x.Shutdown(t.Context()))
				time.Sleep(2 * time.Hour) // until what hangs has ended
			})
		})
	}
}

// Pauses double, up to their bound, less a random part of up to half.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		most := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second, 5 * time.Second}
		different := map[time.Duration]bool{}
		for range 20 {
			var starts []time.Time
			h := hooks.Func("h", func(context.Context, *board) error { starts = append(starts, time.Now()); return errBroken })
			_, err := hooks.Run(t.Context(), newBoard(), hooks.Retry(h, hooks.RetryPolicy{Attempts: 6, Backoff: time.Second, MaxBackoff: 5 * time.Second}))
			require.ErrorIs(t, err, errBroken)
			require.Len(t, starts, 6)
			for i := range most {
				pause := starts[i+1].Sub(starts[i])
				assert.LessOrEqual(t, pause, most[i])
				assert.GreaterOrEqual(t, pause, most[i]/2)
				different[pause] = true
			}
		}
		assert.Greater(t, len(different), 50, "jitter")
	})
}

// A pause that would double past every bound does not overflow.
func TestBackoffWithoutBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		report, err := hooks.Run(t.Context(), newBoard(), hooks.Retry(failingBoard(), hooks.RetryPolicy{Attempts: 10000, Backoff: 1 << 60}))
		require.ErrorIs(t, err, errBroken)
		assert.Less(t, report.Results()[0].Attempts, 10)
		assert.Greater(t, time.Since(begun), time.Duration(1<<60))
	})
}

func failingBoard() hooks.Hook[board] {
	return hooks.Func("bad", func(context.Context, *board) error { return errBroken })
}

// Budget is for all attempts and pauses together: no attempt begins past it, and one that runs
// is late when it ends.
func TestTheBudgetOfARetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun, starts := time.Now(), new(atomic.Int32)
		slow := hooks.Func("slow", func(context.Context, *board) error { starts.Add(1); time.Sleep(time.Second); return errBroken })
		_, err := hooks.Run(t.Context(), newBoard(), hooks.Retry(slow, hooks.RetryPolicy{Attempts: 100, Budget: 3*time.Second + 1}))
		require.ErrorIs(t, err, hooks.ErrTimeout)
		assert.Equal(t, 3*time.Second+1, time.Since(begun))
		require.ErrorContains(t, err, `all attempts of "slow"`)
		assert.Equal(t, int32(4), starts.Load())

		begun = time.Now()
		_, err = hooks.Run(t.Context(), newBoard(), hooks.Retry(slow, hooks.RetryPolicy{Attempts: 100, Backoff: time.Minute, Budget: time.Minute / 2}))
		require.EqualError(t, err, `hooks: execute "slow": broken`)
		assert.Equal(t, time.Second, time.Since(begun), "there is no use in waiting for an attempt that may not begin")
		assert.Equal(t, int32(5), starts.Load())
	})
}

// With gives a retry a limit for all its attempts, and the hook inside one for each.
func TestLimitsOfARetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		begun := time.Now()
		h := limited(hooks.Retry(limited(obeying(&d, "h", time.Hour), time.Second), hooks.RetryPolicy{Attempts: 100, AfterTimeout: true, Budget: time.Hour}), 3500*time.Millisecond)
		cfg := hooks.Config{Execution: hooks.ExecutionConfig{Grace: time.Millisecond}}
		report, err := build[board](t, cfg).Execute(t.Context(), newBoard(), h)
		require.ErrorIs(t, err, hooks.ErrTimeout)
		assert.Equal(t, 3500*time.Millisecond, time.Since(begun))
		assert.Equal(t, 4, report.Results()[0].Attempts)
	})
}

// The end of the caller's context cuts a pause short, and stands in the error beside the
// failure of the hook.
func TestAPauseThatIsCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(errCause) })
		begun := time.Now()
		_, err := hooks.Run(ctx, newBoard(), hooks.Retry(failingBoard(), hooks.RetryPolicy{Attempts: 2, Backoff: time.Hour}))
		assert.Equal(t, time.Second, time.Since(begun))
		require.ErrorIs(t, err, errBroken)
		require.ErrorIs(t, err, errCause)
		require.EqualError(t, err, `hooks: execute "bad": broken; not tried again: the caller's cause`)
	})
}

// It says the same whether or not the policy would have been asked.
func TestNobodyIsAskedForAnAttemptInVain(t *testing.T) {
	ask := func(error) bool { t.Error("asked"); return false }
	for _, policy := range []hooks.RetryPolicy{{Attempts: 2}, {Attempts: 2, If: ask}} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(2*time.Second, func() { cancel(errCause) })
			var d diary
			x := build[board](t, hooks.Config{})
			_, err := x.Execute(ctx, newBoard(), continuing(hooks.Retry(hooks.Parallel("p",
				after(&d, "bad", time.Second, errBroken), after(&d, "deaf", time.Hour, nil)), policy)))
			require.EqualError(t, err, `hooks: execute "p/bad": broken; beside it: hooks: execute "p/deaf": the caller's cause; not tried again: the caller's cause`)
			assert.Zero(t, x.Metrics().ContinuedFailures)
			require.NoError(t, x.Shutdown(context.Background()))
		})
	}
}

// An attempt that was given up is undone when it ends, also if it was a member's.
func TestALateAttemptInAParallelGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		slow := hooks.Define(hooks.Funcs[board]{
			Name: "slow", Options: hooks.Options{Timeout: time.Second},
			Execute: func(ctx context.Context, _ *board) (any, error) {
				info, _ := hooks.InfoFrom(ctx)
				undo := func(context.Context) error { d.add("undo attempt %d", info.Attempt); return nil }
				require.NoError(t, hooks.OnRollback(ctx, undo))
				if info.Attempt == 1 {
					time.Sleep(time.Hour)
				}
				return nil, nil
			},
		})
		x := build[board](t, hooks.Config{})
		again := hooks.RetryPolicy{Attempts: 2, AfterAbandoned: true}
		_, err := x.Execute(t.Context(), newBoard(), hooks.Parallel("p", hooks.Retry(slow, again)), failingBoard())
		require.ErrorIs(t, err, errBroken)
		require.NoError(t, x.Shutdown(context.Background()))
		d.require(t, "undo attempt 2", "undo attempt 1")
	})
}

// A member that waits for another attempt stops when another member fails; it is not to blame.
func TestAPauseInAParallelGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		begun := time.Now()
		_, err := hooks.Run(t.Context(), newBoard(), hooks.Parallel("p",
			hooks.Retry(failingBoard(), hooks.RetryPolicy{Attempts: 2, Backoff: time.Hour}),
			after(&d, "b", time.Second, errBroken)))
		assert.Equal(t, time.Second, time.Since(begun))
		require.EqualError(t, err, `hooks: execute "p/b": broken`)
	})
}

// Info counts attempts; the key stays until an effect was undone, and each Rollback knows
// which one it undoes.
func TestKeysOfAttempts(t *testing.T) {
	var d diary
	tries := 0
	ends := []error{errBroken, hooks.Unknown(errBroken), errBroken, nil}
	note := func(ctx context.Context) {
		info, _ := hooks.InfoFrom(ctx)
		text := fmt.Sprintf("%v attempt %d key %s", info.Phase, info.Attempt, info.IdempotencyKey)
		if info.Undoes != "" {
			text += " undoes " + info.Undoes
		}
		d.add("%s", text)
	}
	h := hooks.FuncUndo("h",
		func(ctx context.Context, _ *board) error { note(ctx); tries++; return ends[tries-1] },
		func(ctx context.Context, _ *board) error { note(ctx); return nil })
	_, err := hooks.Run(hooks.WithExecutionID(t.Context(), "e"), newBoard(), retried(h, 4), failingBoard())
	require.ErrorIs(t, err, errBroken)
	d.require(t,
		"execute attempt 1 key e/h#1",
		"execute attempt 2 key e/h#1",
		"rollback attempt 2 key e/h#1/undo undoes e/h#1",
		"execute attempt 3 key e/h#2",
		"execute attempt 4 key e/h#2",
		"rollback attempt 4 key e/h#2/undo undoes e/h#2",
	)
}

// A provider takes a request with a key that it knows for one that it has had, as payment
// providers do.
type provider struct {
	mu    sync.Mutex
	calls map[string]int // by key: what it did to the balance
}

func (p *provider) do(key string, amount int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calls == nil {
		p.calls = map[string]int{}
	}
	if _, known := p.calls[key]; !known {
		p.calls[key] = amount
	}
}

// undo takes back what was done with a key, if anything was.
func (p *provider) undo(key, undoKey string) {
	p.mu.Lock()
	amount := p.calls[key]
	p.mu.Unlock()
	if amount != 0 {
		p.do(undoKey, -amount)
	}
}

func (p *provider) net() (sum int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for amount := range maps.Values(p.calls) {
		sum += amount
	}
	return sum
}

// Whatever attempts do, a provider that tells effects apart by their keys has charged once if
// the chain has committed, and not at all if it has not.
func TestNetChargesOfAttempts(t *testing.T) {
	// What an attempt does: whether its effect happened, and what it says.
	type end struct {
		name    string
		charges bool
		hangs   time.Duration
		says    error
	}
	ends := []end{
		{"well", true, 0, nil},
		{"failed before", false, 0, errBroken},
		{"unknown, had happened", true, 0, hooks.Unknown(errBroken)},
		{"unknown, had not", false, 0, hooks.Unknown(errBroken)},
		{"late, had happened", true, 1500 * time.Millisecond, nil},
		{"abandoned, happens much later", true, time.Hour, nil},
		{"abandoned, fails much later", false, time.Hour, errBroken},
	}
	for i := range ends {
		for j := range ends {
			for _, last := range []error{nil, errBroken} {
				plan := []end{ends[i], ends[j], ends[0]}
				t.Run(fmt.Sprintf("%s, %s, then %v", ends[i].name, ends[j].name, last), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						var bank provider
						var tries atomic.Int32
						charge := hooks.FuncUndo("charge",
							func(ctx context.Context, _ *board) error {
								e := plan[tries.Add(1)-1]
								time.Sleep(e.hangs)
								if info, _ := hooks.InfoFrom(ctx); e.charges {
									bank.do(info.IdempotencyKey, 1)
								}
								return e.says
							},
							func(ctx context.Context, _ *board) error {
								info, _ := hooks.InfoFrom(ctx)
								bank.undo(info.Undoes, info.IdempotencyKey)
								return nil
							})
						cfg := limits(time.Second)
						cfg.Execution.Grace = time.Second
						x := build[board](t, cfg)
						h := hooks.Retry(charge, hooks.RetryPolicy{Attempts: 3, AfterTimeout: true, AfterAbandoned: true})
						if i%2 == 0 {
							h = hooks.Parallel("p", h)
						}
						report, err := x.Execute(t.Context(), newBoard(), h,
							hooks.Func("last", func(context.Context, *board) error { return last }))
						require.NoError(t, x.Shutdown(t.Context()))
						if report.Committed {
							require.NoError(t, err)
							assert.Equal(t, 1, bank.net())
						} else {
							assert.Equal(t, 0, bank.net())
						}
						assert.Equal(t, last == nil, report.Committed)
					})
				})
			}
		}
	}
}

// A DeepCopy method that was given up holds memory of a version that another attempt would
// begin with.
func TestNoAttemptWhileACopyHoldsTheState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := false
		state := &clinging{on: func(*clinging) {
			if hang {
				time.Sleep(time.Hour)
			}
		}}
		starts := 0
		fails := hooks.Func("fails", func(context.Context, *clinging) error {
			starts++
			time.Sleep(time.Millisecond)
			return errBroken
		})
		hangs := hooks.Func("hangs", func(context.Context, *clinging) error { hang = true; return nil })
		x := build[clinging](t, limits(time.Second))
		_, err := x.Execute(t.Context(), state, hooks.Retry(hooks.Parallel("p", fails, hangs), hooks.RetryPolicy{Attempts: 2}))
		require.ErrorIs(t, err, errBroken)
		assert.Equal(t, 1, starts)
		require.NoError(t, x.Shutdown(t.Context()))
	})
}

// What judges an attempt has a context of the attempt's own.
func TestJudgesOfAttempts(t *testing.T) {
	var d diary
	alive := func(ctx context.Context, what string) {
		info, _ := hooks.InfoFrom(ctx)
		d.add("%s %d %v", what, info.Attempt, ctx.Err())
	}
	h := hooks.Define(hooks.Funcs[board]{Name: "h",
		ValidateEvent: func(ctx context.Context, _ *board) error { alive(ctx, "event"); return nil },
		Execute: func(ctx context.Context, _ *board) (any, error) {
			if info, _ := hooks.InfoFrom(ctx); info.Attempt == 1 {
				return nil, nil
			}
			return 2, nil
		},
	})
	v := hooks.ValidatorFunc("v", func(ctx context.Context, c hooks.StateChange[board]) hooks.ValidationResult {
		alive(ctx, c.Hook)
		return hooks.ValidationResult{}
	})
	x := build[board](t, hooks.Config{}, v)
	tries := 0
	_, err := x.Execute(t.Context(), newBoard(), retried(hooks.Sequence("s", h, hooks.Func("bad", func(context.Context, *board) error {
		if tries++; tries == 1 {
			return errBroken
		}
		return nil
	})), 2))
	require.NoError(t, err)
	d.require(t, "event 1 <nil>", "s/h 1 <nil>", "event 2 <nil>", "s/h 2 <nil>", "s/bad 2 <nil>")
}
