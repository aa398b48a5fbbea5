package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/hooktx/hooks"
)

// Members run at the same time, each on a copy of what was there before the group: none sees
// what another does. What they did is there after it.
func TestParallelMembersDoNotSeeEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		member := func(name string, takes time.Duration) hooks.Hook[board] {
			return hooks.Func(name, func(_ context.Context, b *board) error {
				time.Sleep(takes)
				assert.Equal(t, map[string]int{"start": 1, "first": 1}, b.Cells)
				b.Cells[name] = 1
				time.Sleep(takes)
				assert.Len(t, b.Cells, 3)
				return nil
			})
		}
		var d diary
		state, begun := newBoard(), time.Now()
		last := hooks.Func("last", func(_ context.Context, b *board) error {
			assert.Len(t, b.Cells, 5)
			return nil
		})
		_, err := hooks.Run(t.Context(), state, hooks.With(after(&d, "first", 0, nil), nothing), hooks.Parallel("p",
			member("a", 3*time.Second), member("b", time.Second), member("c", 2*time.Second)), last)
		require.NoError(t, err)
		assert.Equal(t, 6*time.Second, time.Since(begun), "the group takes as long as its slowest member")
		requireBoard(t, state, "first", "a", "b", "c")
	})
}

func nothing(*hooks.Options) {}

// Members that have not begun when the caller goes have nothing to add to what the running one says.
func TestParallelTellsACauseOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("the caller has left"))
		defer cancel()
		_, err := hooks.Run(ctx, newBoard(), hooks.ParallelN(1, "p", obeying(&d, "a", time.Hour), obeying(&d, "b", time.Hour), obeying(&d, "c", time.Hour)))
		require.Error(t, err)
		assert.Equal(t, 1, strings.Count(err.Error(), "the caller has left"), err)
		var failed *hooks.ExecutionError
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, "p/a", failed.Hook)
	})
}

// Two members that change one thing in different ways have a conflict, whoever comes first: it
// names the place and both.
func TestParallelConflict(t *testing.T) {
	type order struct {
		Prices map[string]*struct{ Net, Gross int }
		Tags   []string
	}
	set := func(name string, takes time.Duration, do func(o *order)) hooks.Hook[order] {
		return hooks.Func(name, func(_ context.Context, o *order) error { time.Sleep(takes); do(o); return nil })
	}
	for _, slow := range []string{"net", "both"} {
		t.Run(slow+" is slow", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				takes := map[string]time.Duration{slow: time.Second}
				core, logs := observer.New(zap.DebugLevel)
				x := build[order](t, hooks.Config{Logger: zap.New(core)})
				state := &order{Prices: map[string]*struct{ Net, Gross int }{"tea": {1, 2}}}
				report, err := x.Execute(t.Context(), state, hooks.Sequence("s", hooks.Parallel("p",
					set("tag", 0, func(o *order) { o.Tags = append(o.Tags, "new") }),
					set("net", takes["net"], func(o *order) { o.Prices["tea"].Net = 10 }),
					set("both", takes["both"], func(o *order) { o.Prices["tea"].Net, o.Prices["tea"].Gross = 11, 22 }))))
				require.ErrorIs(t, err, hooks.ErrConflict)
				xe := failureOf(t, err)
				assert.Equal(t, hooks.PhaseMerge, xe.Phase)
				assert.Equal(t, "s/p", xe.Hook)
				require.EqualError(t, err, `hooks: merge "s/p": conflict: "s/p/net" and "s/p/both" changed order.Prices["tea"].Net, or what it leads to, in different ways; `+
					`let only one of them change it, or run them one after the other: it was 1, the one made it 10, the other 11`)
				assert.Equal(t, &order{Prices: map[string]*struct{ Net, Gross int }{"tea": {1, 2}}}, state)
				assert.Equal(t, "s conflict (s/p conflict (s/p/tag succeeded, s/p/net succeeded, s/p/both succeeded))", treeOf(report.Results()))
				for _, line := range logged(logs) {
					assert.NotContains(t, line, "tea", "a log has no content of the state")
				}
			})
		})
	}
}

// The same change made by two members is one change; a group that is dropped because of a
// conflict leaves nothing.
func TestParallelMerges(t *testing.T) {
	put := func(name string, cells map[string]int) hooks.Hook[board] {
		return hooks.Func(name, func(_ context.Context, b *board) error {
			for k, v := range cells {
				b.Cells[k] = v
			}
			return nil
		})
	}
	remove := hooks.Func("remove", func(_ context.Context, b *board) error { delete(b.Cells, "start"); return nil })
	idle := hooks.Func("idle", func(context.Context, *board) error { return nil })
	tests := []struct {
		why     string
		members []hooks.Hook[board]
		want    map[string]int // nil: a conflict
	}{
		{"the same change", []hooks.Hook[board]{put("a", map[string]int{"x": 2}), put("b", map[string]int{"x": 2})}, map[string]int{"start": 1, "x": 2}},
		{"no change beside one", []hooks.Hook[board]{idle, put("a", map[string]int{"start": 5})}, map[string]int{"start": 5}},
		{"no change at all", []hooks.Hook[board]{idle}, map[string]int{"start": 1}},
		{"nobody", nil, map[string]int{"start": 1}},
		{"a removal beside an addition", []hooks.Hook[board]{remove, put("a", map[string]int{"x": 2})}, map[string]int{"x": 2}},
		{"a removal beside a change", []hooks.Hook[board]{put("a", map[string]int{"start": 2}), remove}, nil},
		{"two values", []hooks.Hook[board]{put("a", map[string]int{"x": 2}), put("b", map[string]int{"x": 3})}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			state := newBoard()
			_, err := hooks.Run(t.Context(), state, hooks.Parallel("p", tt.members...))
			if tt.want == nil {
				require.ErrorIs(t, err, hooks.ErrConflict)
				tt.want = newBoard().Cells
			} else {
				require.NoError(t, err)
			}
			require.Equal(t, tt.want, state.Cells)
			after := newBoard()
			_, err = hooks.Run(t.Context(), after, continuing(hooks.Parallel("p", tt.members...)), put("last", map[string]int{"last": 1}))
			require.NoError(t, err)
			tt.want["last"] = 1
			require.Equal(t, tt.want, after.Cells)
		})
	}
}

// A failure ends the contexts of the other members, and no further hook of theirs starts.
// What is undone comes last member first.
func TestAFailedMemberStopsTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		begun := time.Now()
		watch := setting(&d, "watch", func(ctx context.Context) error {
			<-ctx.Done()
			d.add("%v: %v, %v", time.Since(begun), ctx.Err(), context.Cause(ctx))
			return nil // it has succeeded all the same
		})
		report, err := hooks.Run(t.Context(), newBoard(), hooks.Parallel("p",
			hooks.Sequence("s", after(&d, "quick", 0, nil), watch, hooks.Sequence("t", setting(&d, "never", nil))),
			after(&d, "done", time.Second, nil),
			after(&d, "deaf", 5*time.Second, nil),
			after(&d, "bad", 2*time.Second, errBroken),
		), setting(&d, "skipped", nil))
		assert.Equal(t, 5*time.Second, time.Since(begun), "the group waits for what does not obey")
		require.ErrorIs(t, err, errBroken)
		require.EqualError(t, err, `hooks: execute "p/bad": broken`)
		require.NotErrorIs(t, err, context.Canceled)
		assert.Equal(t, "p failed (p/s cancelled (p/s/quick succeeded, p/s/watch succeeded, p/s/t skipped), p/done succeeded, p/deaf succeeded, p/bad failed), skipped skipped", treeOf(report.Results()))
		lines := d.read()
		assert.Contains(t, lines, `2s: context canceled, cancelled: "p/bad", which ran beside it, has failed`)
		assert.Equal(t, []string{"undo p/deaf", "undo p/done", "undo p/s/watch", "undo p/s/quick"}, lines[len(lines)-4:])
	})
}

// Whether somebody looks on makes no difference: what does not start is skipped, and no run.
func TestAFailedMemberStopsTheOthersWhoeverLooksOn(t *testing.T) {
	for _, trace := range []*hooks.Trace{nil, {HookStart: func(ctx context.Context, i hooks.Info) context.Context {
		assert.NotEqual(t, "p/s/never", i.Hook)
		return ctx
	}}} {
		synctest.Test(t, func(t *testing.T) {
			var d diary
			x := build[board](t, hooks.Config{Trace: trace})
			report, err := x.Execute(t.Context(), newBoard(), hooks.Parallel("p",
				hooks.Sequence("s", after(&d, "slow", 2*time.Second, nil), setting(&d, "never", nil)),
				after(&d, "bad", time.Second, errBroken)))
			require.ErrorIs(t, err, errBroken)
			assert.Equal(t, "p failed (p/s cancelled (p/s/slow succeeded, p/s/never skipped), p/bad failed)", treeOf(report.Results()))
			assert.Equal(t, hooks.Runs{Succeeded: 1, Failed: 1}, x.Metrics().Runs)
		})
	}
}

// In a dry run as well: a hook that does not start is not said to be skipped for its effects.
func TestAFailedMemberStopsTheOthersInADryRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pause := func(name string, d time.Duration, err error) hooks.Hook[board] {
			return hooks.Func(name, func(context.Context, *board) error { time.Sleep(d); return err })
		}
		effects := hooks.FuncUndo("effects", func(context.Context, *board) error { return nil }, func(context.Context, *board) error { return nil })
		report, err := build[board](t, hooks.Config{}).DryRun(t.Context(), newBoard(), hooks.Parallel("p",
			hooks.Sequence("s", pause("slow", 2*time.Second, nil), effects), pause("bad", time.Second, errBroken)))
		require.ErrorIs(t, err, errBroken)
		s := report.Results()[0].Members[0]
		assert.Equal(t, hooks.OutcomeCancelled, s.Outcome)
		assert.NoError(t, s.Members[1].Err)
	})
}

// If the caller has gone when the members have ended, nothing is merged, and nobody is to blame,
// whatever merging would have had to call.
func TestNothingIsMergedForACallerWhoHasGone(t *testing.T) {
	for _, validators := range [][]hooks.Validator[board]{nil, {hooks.ValidatorFunc("few", func(_ context.Context, change hooks.StateChange[board]) hooks.ValidationResult {
		assert.NotEqual(t, "p", change.Hook)
		return hooks.ValidationResult{}
	})}} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeoutCause(t.Context(), 2*time.Second, errCause)
			defer cancel()
			put := func(name string) hooks.Hook[board] {
				return hooks.Func(name, func(_ context.Context, b *board) error { b.Cells[name] = 1; return nil })
			}
			deaf := hooks.Define(hooks.Funcs[board]{
				Name: "deaf", Options: hooks.Options{Timeout: time.Second, OnFailure: hooks.Continue},
				Execute: func(context.Context, *board) (any, error) { time.Sleep(4 * time.Second); return nil, nil },
			})
			cfg := hooks.Config{Execution: hooks.ExecutionConfig{Grace: 10 * time.Second}}
			report, err := build[board](t, cfg, validators...).Execute(ctx, newBoard(), hooks.Parallel("p", put("a"), put("b"), deaf))
			require.EqualError(t, err, "hooks: execute: the caller's cause")
			require.Equal(t, "p cancelled (p/a succeeded, p/b succeeded, p/deaf timed out)", treeOf(report.Results()))
		})
	}
}

// Of several members that fail, the first in the order of declaration is to blame that did not
// fail because of another; the errors of the others are joined.
func TestWhichMemberIsToBlame(t *testing.T) {
	errs := []error{errors.New("one"), errors.New("two"), errors.New("three")}
	obeys := func(d *diary, name string) hooks.Hook[board] { return obeying(d, name, time.Hour) }
	tests := []struct {
		why     string
		members func(d *diary) []hooks.Hook[board]
		hook    string
		is, not []error
		text    string
	}{
		{
			"the one that failed first, if the others obeyed",
			func(d *diary) []hooks.Hook[board] {
				return []hooks.Hook[board]{obeys(d, "a"), after(d, "b", time.Second, errs[1]), obeys(d, "c")}
			},
			"p/b", errs[1:2], []error{context.Canceled}, `hooks: execute "p/b": two`,
		},
		{
			"the first as they stand here, if several failed by themselves",
			func(d *diary) []hooks.Hook[board] {
				return []hooks.Hook[board]{after(d, "a", 3*time.Second, errs[0]), after(d, "b", 2*time.Second, errs[1]), after(d, "c", time.Second, errs[2])}
			},
			"p/a", errs, nil, `hooks: execute "p/a": one; beside it: hooks: execute "p/b": two; beside it: hooks: execute "p/c": three`,
		},
		{
			"a member that wraps its context's error has failed because of another",
			func(d *diary) []hooks.Hook[board] {
				return []hooks.Hook[board]{
					setting(d, "a", func(ctx context.Context) error { <-ctx.Done(); return fmt.Errorf("wrapped: %w", ctx.Err()) }),
					after(d, "b", time.Second, errs[1]),
				}
			},
			"p/b", errs[1:2], []error{context.Canceled}, `hooks: execute "p/b": two`,
		},
		{
			"one that says something else has failed by itself",
			func(d *diary) []hooks.Hook[board] {
				return []hooks.Hook[board]{
					setting(d, "a", func(ctx context.Context) error { <-ctx.Done(); return errs[0] }),
					after(d, "b", time.Second, errs[1]),
				}
			},
			"p/a", errs[:2], nil, `hooks: execute "p/a": one; beside it: hooks: execute "p/b": two`,
		},
		{
			"a member of a group inside",
			func(d *diary) []hooks.Hook[board] {
				return []hooks.Hook[board]{obeys(d, "a"), hooks.Parallel("q", obeys(d, "b"), after(d, "c", time.Second, errs[2]))}
			},
			"p/q/c", errs[2:], []error{context.Canceled}, `hooks: execute "p/q/c": three`,
		},
		{
			"a failure outside reaches groups inside",
			func(d *diary) []hooks.Hook[board] {
				return []hooks.Hook[board]{hooks.Parallel("q", obeys(d, "a"), hooks.Sequence("s", obeys(d, "b"))), after(d, "c", time.Second, errs[2])}
			},
			"p/c", errs[2:], []error{context.Canceled}, `hooks: execute "p/c": three`,
		},
		{
			"a hook that may fail is no reason to stop the others",
			func(d *diary) []hooks.Hook[board] {
				return []hooks.Hook[board]{continuing(after(d, "a", time.Second, errs[0])), obeying(d, "b", time.Minute)}
			},
			"", nil, nil, "",
		},
		{
			"nor is a cancelled member's Continue a way on",
			func(d *diary) []hooks.Hook[board] {
				return []hooks.Hook[board]{hooks.Sequence("s", continuing(obeys(d, "a")), after(d, "b", time.Hour, nil)), after(d, "c", time.Second, errs[2])}
			},
			"p/c", errs[2:], []error{context.Canceled}, `hooks: execute "p/c": three`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var d diary
				begun := time.Now()
				_, err := build[board](t, limits(2*time.Hour)).Execute(t.Context(), newBoard(), hooks.Parallel("p", tt.members(&d)...))
				if tt.hook == "" {
					require.NoError(t, err)
					return
				}
				require.EqualError(t, err, tt.text)
				assert.Equal(t, tt.hook, failureOf(t, err).Hook)
				for _, is := range tt.is {
					require.ErrorIs(t, err, is)
				}
				for _, not := range tt.not {
					require.NotErrorIs(t, err, not)
				}
				assert.LessOrEqual(t, time.Since(begun), 3*time.Second)
			})
		})
	}
}

// At most n members run at a time, and they start in order.
func TestParallelN(t *testing.T) {
	for n := 1; n <= 6; n++ {
		synctest.Test(t, func(t *testing.T) {
			var running, most atomic.Int32
			var members []hooks.Hook[board]
			var d diary
			for i := range 5 {
				members = append(members, hooks.Func(fmt.Sprint("m", i), func(_ context.Context, b *board) error {
					most.Store(max(most.Load(), running.Add(1)))
					d.add("m%d", i)
					time.Sleep(time.Second + time.Duration(i))
					running.Add(-1)
					return nil
				}))
			}
			begun := time.Now()
			_, err := hooks.Run(t.Context(), newBoard(), hooks.ParallelN(n, "p", members...))
			require.NoError(t, err)
			assert.Equal(t, int32(min(n, 5)), most.Load())
			assert.Equal(t, (5+n-1)/n, int(time.Since(begun).Round(time.Second)/time.Second))
			if n == 1 {
				d.require(t, "m0", "m1", "m2", "m3", "m4")
			}
		})
	}
}

// After a failure, members that have not started do not.
func TestParallelNStopsAtAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		report, err := hooks.Run(t.Context(), newBoard(), hooks.ParallelN(2, "p",
			after(&d, "a", 2*time.Second, nil), after(&d, "b", time.Second, errBroken), setting(&d, "c", nil), setting(&d, "d", nil)))
		require.ErrorIs(t, err, errBroken)
		assert.Equal(t, "p failed (p/a succeeded, p/b failed, p/c skipped, p/d skipped)", treeOf(report.Results()))
	})
}

// SkipRest in a member lets the others end, and skips what comes after the group.
func TestSkipRestInAParallelGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		state := newBoard()
		report, err := hooks.Run(t.Context(), state, hooks.Sequence("s",
			hooks.Parallel("p", hooks.Sequence("q", setting(&d, "a", returning(hooks.SkipRest)), setting(&d, "b", nil)), after(&d, "c", time.Second, nil)),
			setting(&d, "d", nil)), setting(&d, "e", nil))
		require.NoError(t, err)
		assert.Equal(t, "s succeeded (s/p succeeded (s/p/q succeeded (s/p/q/a succeeded, s/p/q/b skipped), s/p/c succeeded), s/d skipped), e skipped", treeOf(report.Results()))
		requireBoard(t, state, "s/p/q/a", "s/p/c")
	})
}

// An attempt of a group that failed skips nothing after a later one.
func TestSkipRestInAnAttemptThatFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		tries := 0
		state := newBoard()
		p := hooks.ParallelN(1, "p",
			setting(&d, "a", func(ctx context.Context) error {
				if info, _ := hooks.InfoFrom(ctx); info.Attempt == 1 {
					return hooks.SkipRest
				}
				return nil
			}),
			setting(&d, "b", func(context.Context) error {
				if tries++; tries == 1 {
					return errBroken
				}
				return nil
			}))
		_, err := hooks.Run(t.Context(), state, hooks.Retry(p, hooks.RetryPolicy{Attempts: 2}), setting(&d, "c", nil))
		require.NoError(t, err)
		requireBoard(t, state, "p/a", "p/b", "c")
	})
}

// Validators judge each member's change, and the merged version of all.
func TestTheMergedVersionIsJudged(t *testing.T) {
	var d diary
	seen := func(change hooks.StateChange[board]) string {
		return fmt.Sprintf("%s: %d to %d", change.Hook, len(change.Before.Cells), len(change.After.Cells))
	}
	var contexts []context.Context
	v := hooks.ValidatorFunc("few", func(ctx context.Context, change hooks.StateChange[board]) hooks.ValidationResult {
		d.add("%s", seen(change))
		assert.NoError(t, ctx.Err())
		contexts = append(contexts, ctx)
		if len(change.After.Cells) > 2 {
			return hooks.ValidationResult{Err: errBroken, Warnings: []string{"too many"}}
		}
		return hooks.ValidationResult{}
	})
	put := func(name string) hooks.Hook[board] {
		return hooks.Func(name, func(_ context.Context, b *board) error { b.Cells[name] = 1; return nil })
	}
	x := build[board](t, hooks.Config{Monitoring: hooks.MonitoringConfig{TrackChanges: true}}, v)
	state := newBoard()
	report, err := x.Execute(t.Context(), state, hooks.ParallelN(1, "p", put("a"), put("b")))
	require.ErrorIs(t, err, hooks.ErrInvalidState)
	require.ErrorIs(t, err, errBroken)
	require.EqualError(t, err, `hooks: validate state "p": invalid state: validator "few": broken`)
	d.require(t, "p/a: 1 to 2", "p/b: 1 to 2", "p: 1 to 3")
	requireBoard(t, state)
	p := report.Results()[0]
	assert.Equal(t, hooks.OutcomeInvalid, p.Outcome)
	assert.Equal(t, "p invalid (p/a succeeded, p/b succeeded)", treeOf(report.Results()))

	d.lines = nil
	report, err = x.Execute(t.Context(), state, continuing(hooks.ParallelN(1, "p", put("a"), put("b"))), put("c"))
	require.NoError(t, err)
	d.require(t, "p/a: 1 to 2", "p/b: 1 to 2", "p: 1 to 3", "c: 1 to 2")
	requireBoard(t, state, "c")
	require.Len(t, report.Results(), 2)

	d.lines = nil
	look := hooks.With(hooks.Func("look", func(context.Context, *board) error { return nil }), func(o *hooks.Options) { o.ReadOnly = true })
	_, err = x.Execute(t.Context(), newBoard(), hooks.ParallelN(1, "p", put("a"), look), hooks.ParallelN(1, "q", put("a"), put("start")))
	require.NoError(t, err)
	d.require(t, "p/a: 1 to 2", "q/a: 2 to 2", "q/start: 2 to 2", "q: 2 to 2")
	for _, ctx := range contexts {
		assert.Error(t, ctx.Err(), "it has ended with the call")
	}
}

// What judges a merged version is told the group's place, as what judges a hook is told the hook's.
func TestTheMergedVersionHasItsPlace(t *testing.T) {
	places := map[string]int{}
	v := hooks.ValidatorFunc("where", func(ctx context.Context, change hooks.StateChange[board]) hooks.ValidationResult {
		info, _ := hooks.InfoFrom(ctx)
		places[change.Hook] = info.Index
		return hooks.ValidationResult{}
	})
	put := func(name string) hooks.Hook[board] {
		return hooks.Func(name, func(_ context.Context, b *board) error { b.Cells[name] = 1; return nil })
	}
	x := build[board](t, hooks.Config{}, v)
	_, err := x.Execute(t.Context(), newBoard(), put("a"), put("b"), hooks.ParallelN(1, "p", put("c"), put("d")))
	require.NoError(t, err)
	require.Equal(t, map[string]int{"a": 0, "b": 1, "p/c": 0, "p/d": 1, "p": 2}, places)
}

// The report of a group has what the merge made: its size, changes and warnings.
func TestTheReportOfAMerge(t *testing.T) {
	v := hooks.ValidatorFunc("warner", func(_ context.Context, change hooks.StateChange[board]) hooks.ValidationResult {
		return hooks.ValidationResult{Warnings: []string{fmt.Sprintf("%s has %d", change.Hook, len(change.After.Cells))}}
	})
	x := build[board](t, hooks.Config{Monitoring: hooks.MonitoringConfig{TrackChanges: true}}, v)
	put := func(name string) hooks.Hook[board] {
		return hooks.Func(name, func(_ context.Context, b *board) error { b.Cells[name] = 1; return nil })
	}
	report, err := x.Execute(t.Context(), newBoard(), hooks.Parallel("p", put("a"), put("b")), put("c"))
	require.NoError(t, err)
	p, c := report.Results()[0], report.Results()[1]
	assert.Equal(t, []string{"p has 3"}, p.Warnings)
	assert.Equal(t, []hooks.Change{{Path: `Cells["a"]`, After: "1"}, {Path: `Cells["b"]`, After: "1"}}, p.Changes)
	assert.Positive(t, p.StateSize)
	assert.Greater(t, c.StateSize, p.StateSize)
	assert.Equal(t, []string{"c has 4"}, c.Warnings)
	assert.Equal(t, []hooks.Change{{Path: `Cells["a"]`, After: "1"}}, p.Members[0].Changes)
}

// The merged version has the limit of every version.
func TestAMergedVersionThatIsTooLarge(t *testing.T) {
	grow := func(name string) hooks.Hook[board] {
		return hooks.Func(name, func(_ context.Context, b *board) error {
			for i := range 50 {
				b.Cells[fmt.Sprint(name, i)] = i
			}
			return nil
		})
	}
	x := build[board](t, hooks.Config{Execution: hooks.ExecutionConfig{MaxStateSize: 4 << 10}})
	state := newBoard()
	_, err := x.Execute(t.Context(), state, hooks.Parallel("p", grow("a")))
	require.NoError(t, err)
	before := len(state.Cells)
	_, err = x.Execute(t.Context(), state, hooks.Parallel("p", grow("b"), grow("c")))
	require.ErrorIs(t, err, hooks.ErrStateTooLarge)
	assert.Equal(t, hooks.OutcomeInvalid, failureOutcome(t, err))
	assert.Len(t, state.Cells, before)
}

func failureOutcome(t *testing.T, err error) hooks.Outcome {
	t.Helper()
	if errors.Is(err, hooks.ErrInvalidState) {
		return hooks.OutcomeInvalid
	}
	return hooks.OutcomeFailed
}

// A state with references to its own root keeps them through a merge.
func TestReferencesToTheRootThroughAMerge(t *testing.T) {
	state := newKnot()
	_, err := hooks.Run(t.Context(), state, hooks.Parallel("p",
		hooks.Func("a", func(_ context.Context, k *knot) error { requireTied(t, k); return nil }),
		hooks.Func("b", func(_ context.Context, k *knot) error { requireTied(t, k); k.Array[0] = 5; return nil })))
	require.NoError(t, err)
	requireTied(t, state)
	assert.Equal(t, 5, state.Array[0])
}

// An abandoned member goes on with its own copy; the group has gone on without it, and it is
// undone when it ends.
func TestAnAbandonedMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		x := build[board](t, limits(time.Second))
		state := newBoard()
		p := continuing(hooks.Parallel("p", after(&d, "zombie", time.Hour, nil), after(&d, "good", 500*time.Millisecond, nil)))
		report, err := x.Execute(t.Context(), state, p, setting(&d, "after", nil))
		require.NoError(t, err)
		requireBoard(t, state, "after")
		assert.Equal(t, "p timed out (p/zombie timed out, p/good succeeded), after succeeded", treeOf(report.Results()))
		assert.True(t, report.Results()[0].Members[0].Abandoned)
		require.Len(t, x.Abandoned(), 1)
		assert.Equal(t, "p/zombie", x.Abandoned()[0].Hook)
		require.NoError(t, x.Shutdown(t.Context()))
		lines := d.read()
		assert.Equal(t, []string{"undo p/good", "do after", "undo p/zombie"}, lines[len(lines)-3:])
		requireBoard(t, state, "after")
	})
}

// Groups of one execution and executions beside each other: nothing is lost, nobody races, and
// the state does not depend on who was first.
func TestParallelUnderLoad(t *testing.T) {
	x := build[board](t, hooks.Config{})
	var members []hooks.Hook[board]
	for i := range 6 {
		name := fmt.Sprint("m", i)
		inner := func(inner string) hooks.Hook[board] {
			return hooks.Func(inner, func(ctx context.Context, b *board) error {
				for range rand.IntN(3) {
					time.Sleep(time.Microsecond)
				}
				info, _ := hooks.InfoFrom(ctx)
				b.Cells[info.Hook]++
				return nil
			})
		}
		members = append(members, hooks.Sequence(name, inner("x"), hooks.Parallel("y", inner("a"), inner("b")), inner("z")))
	}
	group := hooks.ParallelN(3, "p", members...)
	var want *board
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 25 {
				state := newBoard()
				_, err := x.Execute(t.Context(), state, group)
				mu.Lock()
				if !assert.NoError(t, err) || want != nil && !assert.Empty(t, cmp.Diff(want, state)) {
					mu.Unlock()
					return
				}
				want = state
				mu.Unlock()
			}
		})
	}
	all.Wait()
	require.Len(t, want.Cells, 1+6*4)
}

// A group costs what its members and the merge do: no goroutine of it is left.
func TestParallelLeavesNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before, _ := bubbleGoroutines()
		var d diary
		_, err := hooks.Run(t.Context(), newBoard(), hooks.Parallel("p", setting(&d, "a", nil), hooks.Parallel("q", setting(&d, "b", errorLater), setting(&d, "c", nil))))
		require.ErrorIs(t, err, errBroken)
		requireNoMoreGoroutines(t, before)
	})
}

func errorLater(context.Context) error { time.Sleep(time.Second); return errBroken }

// What a member registers counts though no other hook has registered anything.
func TestOnlyAMemberRegisters(t *testing.T) {
	var d diary
	member := hooks.Func("m", func(ctx context.Context, _ *board) error {
		return hooks.BeforeCommit(ctx, func(context.Context) error { d.add("before"); return nil })
	})
	_, err := hooks.Run(t.Context(), newBoard(), hooks.Parallel("p", member))
	require.NoError(t, err)
	d.require(t, "before")
}

// A member that could not be undone is not gotten over, wherever it failed.
func TestAMemberWhoseUndoFails(t *testing.T) {
	began := make(chan struct{}, 1)
	stuck := hooks.FuncUndo("stuck",
		func(context.Context, *board) error { <-began; return hooks.Unknown(errBroken) },
		func(context.Context, *board) error { return errUndo })
	later := hooks.Func("later", func(ctx context.Context, _ *board) error { began <- struct{}{}; <-ctx.Done(); return errBroken })
	for _, members := range [][]hooks.Hook[board]{{continuing(stuck)}, {later, continuing(stuck)}} {
		if len(members) == 1 {
			began <- struct{}{}
		}
		_, err := hooks.Run(t.Context(), newBoard(), continuing(hooks.Parallel("p", members...)),
			hooks.Func("never", func(context.Context, *board) error { panic("not reached") }))
		require.ErrorIs(t, err, hooks.ErrRollback)
		require.NotErrorIs(t, err, hooks.ErrPanic)
	}
}

// A latchingContext panics when the worker of the n-th hook asks it for profiler labels.
type latchingContext struct {
	context.Context //nolint:containedctx // that is what it is
	left            *atomic.Int64
}

func (c latchingContext) Value(key any) any {
	if fmt.Sprintf("%T", key) == "pprof.labelContextKey" && c.left.Add(-1) == 0 {
		panic("trapped")
	}
	return c.Context.Value(key)
}

// What panics in a member outside of any hook panics in the caller's goroutine, when the other
// members have ended; the executor goes on.
func TestPanicOutsideOfHooksInAMember(t *testing.T) {
	x := build[board](t, hooks.Config{})
	panics := 0
	for at := int64(1); at < 10; at++ {
		var d diary
		var inside atomic.Int64
		state := newBoard()
		left := new(atomic.Int64)
		left.Store(at)
		member := func(name string) hooks.Hook[board] {
			return hooks.Func(name, func(_ context.Context, b *board) error {
				inside.Add(1)
				defer inside.Add(-1)
				b.Cells[name] = 1
				return nil
			})
		}
		func() {
			defer func() {
				if p := recover(); p != nil {
					panics++
					assert.Contains(t, p, "trapped")
					assert.Zero(t, inside.Load(), "a member is still at work")
				}
			}()
			_, err := x.Execute(latchingContext{t.Context(), left}, state, hooks.Parallel("p", member("a"), member("b"), setting(&d, "c", nil)), member("after"))
			assert.NoError(t, err)
		}()
		if len(state.Cells) != 5 {
			requireBoard(t, state)
		}
		_, err := x.Execute(t.Context(), state, member("again"))
		require.NoError(t, err)
	}
	assert.GreaterOrEqual(t, panics, 3, "each member once")
	require.NoError(t, x.Shutdown(t.Context()))
}
