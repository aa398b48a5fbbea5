package hooks_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// A board is a state that many can write to without getting in each other's way.
type board struct {
	Cells map[string]int
}

func newBoard() *board { return &board{map[string]int{"start": 1}} }

// setting is a hook that sets the cell of its name to 1, and notes what is asked of it, by path.
func setting(d *diary, name string, end func(ctx context.Context) error) hooks.Hook[board] {
	return hooks.FuncUndo(name,
		func(ctx context.Context, b *board) error {
			info, _ := hooks.InfoFrom(ctx)
			d.add("do %s", info.Hook)
			b.Cells[info.Hook]++
			if end == nil {
				return nil
			}
			return end(ctx)
		},
		func(ctx context.Context, b *board) error {
			info, _ := hooks.InfoFrom(ctx)
			d.add("undo %s", info.Hook)
			return nil
		})
}

func returning(err error) func(context.Context) error {
	return func(context.Context) error { return err }
}

// after is a hook that takes its time, whatever its context says, and then sets its cell.
func after(d *diary, name string, takes time.Duration, err error) hooks.Hook[board] {
	return setting(d, name, func(context.Context) error { time.Sleep(takes); return err })
}

func requireBoard(t *testing.T, b *board, want ...string) {
	t.Helper()
	cells := map[string]int{"start": 1}
	for _, name := range want {
		cells[name] = 1
	}
	if diff := cmp.Diff(cells, b.Cells); diff != "" {
		t.Fatalf("state (-want +got):\n%s", diff)
	}
}

// treeOf shows the outcomes of results and their members.
func treeOf(results []hooks.Result) string {
	var parts []string
	for _, r := range results {
		text := r.Hook + " " + r.Outcome.String()
		if r.Attempts > 1 {
			text += fmt.Sprintf(" x%d", r.Attempts)
		}
		if r.Members != nil {
			text += " (" + treeOf(r.Members) + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

// What a group is in a report, by String, in JSON and by value.
func TestGroupsInAReport(t *testing.T) {
	var d diary
	state := newBoard()
	valued := hooks.Define(hooks.Funcs[board]{Name: "charge", Execute: func(context.Context, *board) (any, error) { return 42, nil }})
	report, err := hooks.Run(t.Context(), state,
		setting(&d, "first", nil),
		hooks.Sequence("checkout", valued, hooks.Parallel("mail", setting(&d, "buyer", nil), setting(&d, "seller", nil))),
		hooks.Sequence[board]("none"))
	require.NoError(t, err)
	require.Equal(t, "first succeeded, checkout succeeded (checkout/charge succeeded, checkout/mail succeeded (checkout/mail/buyer succeeded, checkout/mail/seller succeeded)), none succeeded",
		treeOf(report.Results()))
	requireBoard(t, state, "first", "checkout/mail/buyer", "checkout/mail/seller")

	charged, ok := hooks.ResultOf[int](report, "checkout/charge")
	assert.True(t, ok)
	assert.Equal(t, 42, charged)
	_, ok = hooks.ResultOf[any](report, "checkout")
	assert.False(t, ok, "a group has no result")
	assert.Equal(t, []any{nil, 42, nil, nil}, report.Values())

	text := report.String()
	for _, line := range []string{"├─ first", "├─ checkout", "│  ├─ checkout/charge", "│  └─ checkout/mail", "│     ├─ checkout/mail/buyer", "└─ none"} {
		assert.Contains(t, text, line)
	}
	raw, err := json.Marshal(report)
	require.NoError(t, err)
	var decoded struct {
		Results []struct {
			Hook    string
			Members []struct{ Hook string }
		}
	}
	require.NoError(t, json.Unmarshal(raw, &decoded), string(raw))
	require.Len(t, decoded.Results, 3, string(raw))
	assert.Equal(t, "checkout/mail", decoded.Results[1].Members[1].Hook)
}

// A member's error, Info and keys have its path; its index is its place in its group.
func TestMembersAreToldApartByPath(t *testing.T) {
	var infos []hooks.Info
	look := hooks.Func("look", func(ctx context.Context, _ *board) error {
		info, _ := hooks.InfoFrom(ctx)
		infos = append(infos, info)
		return nil
	})
	bad := hooks.Func("bad", func(context.Context, *board) error { return errBroken })
	ctx := hooks.WithExecutionID(t.Context(), "e")
	report, err := hooks.Run(ctx, newBoard(), look, hooks.Sequence("a", look, hooks.Sequence("b", look, retried(look2(look), 2), bad)))
	xe := failureOf(t, err)
	assert.Equal(t, "a/b/bad", xe.Hook)
	assert.Equal(t, 2, xe.Index)
	require.ErrorIs(t, err, errBroken)
	require.EqualError(t, err, `hooks: execute "a/b/bad": broken`)
	require.Equal(t, "look succeeded, a failed (a/look succeeded, a/b failed (a/b/look succeeded, a/b/look2 succeeded, a/b/bad failed))", treeOf(report.Results()))
	require.ErrorIs(t, report.Results()[1].Err, errBroken)
	require.Empty(t, report.Values())
	var seen []string
	for _, info := range infos {
		seen = append(seen, fmt.Sprintf("%s %d %s", info.Hook, info.Index, info.IdempotencyKey))
	}
	require.Equal(t, []string{"look 0 e/look#1", "a/look 0 e/a/look#1", "a/b/look 0 e/a/b/look#1", "a/b/look2 1 e/a/b/look2#1"}, seen)
}

func look2(h hooks.Hook[board]) hooks.Hook[board] {
	return hooks.Define(hooks.Funcs[board]{Name: "look2", Execute: h.Execute})
}

// What is undone, in which order, and what is left, when a hook fails at some place of a tree.
func TestAFailureWalksOutward(t *testing.T) {
	var d diary
	ok := func(name string) hooks.Hook[board] { return setting(&d, name, nil) }
	bad := func(name string) hooks.Hook[board] { return setting(&d, name, returning(errBroken)) }
	tests := []struct {
		why   string
		chain []hooks.Hook[board]
		tree  string
		log   []string
		left  []string // nil: the chain fails
	}{
		{
			"everything is undone, newest first",
			[]hooks.Hook[board]{ok("a"), hooks.Sequence("s", ok("b"), hooks.Sequence("t", ok("c")), bad("d"), ok("e")), ok("f")},
			"a succeeded, s failed (s/b succeeded, s/t succeeded (s/t/c succeeded), s/d failed, s/e skipped), f skipped",
			[]string{"do a", "do s/b", "do s/t/c", "do s/d", "undo s/t/c", "undo s/b", "undo a"},
			nil,
		},
		{
			"a group that may fail is undone alone, and at once",
			[]hooks.Hook[board]{ok("a"), continuing(hooks.Sequence("s", ok("b"), bad("c"))), ok("d")},
			"a succeeded, s failed (s/b succeeded, s/c failed), d succeeded",
			[]string{"do a", "do s/b", "do s/c", "undo s/b", "do d"},
			[]string{"a", "d"},
		},
		{
			"a member that may fail is undone alone",
			[]hooks.Hook[board]{hooks.Sequence("s", ok("b"), continuing(bad("c")), ok("d"))},
			"s succeeded (s/b succeeded, s/c failed, s/d succeeded)",
			[]string{"do s/b", "do s/c", "do s/d"},
			[]string{"s/b", "s/d"},
		},
		{
			"the innermost that gets over it does",
			[]hooks.Hook[board]{continuing(hooks.Sequence("s", ok("a"), continuing(hooks.Sequence("t", ok("b"), bad("c"))), ok("d")))},
			"s succeeded (s/a succeeded, s/t failed (s/t/b succeeded, s/t/c failed), s/d succeeded)",
			[]string{"do s/a", "do s/t/b", "do s/t/c", "undo s/t/b", "do s/d"},
			[]string{"s/a", "s/d"},
		},
		{
			"a dropped group is never undone again",
			[]hooks.Hook[board]{ok("a"), continuing(hooks.Sequence("s", ok("b"), bad("c"))), bad("d")},
			"a succeeded, s failed (s/b succeeded, s/c failed), d failed",
			[]string{"do a", "do s/b", "do s/c", "undo s/b", "do d", "undo a"},
			nil,
		},
		{
			"a group within one that is dropped goes with it",
			[]hooks.Hook[board]{continuing(hooks.Sequence("s", hooks.Sequence("t", ok("a"), ok("b")), bad("c"))), ok("d")},
			"s failed (s/t succeeded (s/t/a succeeded, s/t/b succeeded), s/c failed), d succeeded",
			[]string{"do s/t/a", "do s/t/b", "do s/c", "undo s/t/b", "undo s/t/a", "do d"},
			[]string{"d"},
		},
		{
			"the last member of the last group",
			[]hooks.Hook[board]{continuing(hooks.Sequence("s", continuing(hooks.Sequence("t", bad("a")))))},
			"s succeeded (s/t failed (s/t/a failed))",
			[]string{"do s/t/a"},
			[]string{},
		},
		{
			"skipping the rest ends the whole chain well",
			[]hooks.Hook[board]{hooks.Sequence("s", ok("a"), hooks.Sequence("t", setting(&d, "b", returning(hooks.SkipRest)), bad("c")), bad("d")), bad("e")},
			"s succeeded (s/a succeeded, s/t succeeded (s/t/b succeeded, s/t/c skipped), s/d skipped), e skipped",
			[]string{"do s/a", "do s/t/b"},
			[]string{"s/a", "s/t/b"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			d.lines = nil
			state := newBoard()
			report, err := hooks.Run(t.Context(), state, tt.chain...)
			if (err != nil) != (tt.left == nil) {
				t.Fatalf("error %v", err)
			}
			assert.Equal(t, tt.tree, treeOf(report.Results()))
			d.require(t, tt.log...)
			requireBoard(t, state, tt.left...)
		})
	}
}

// A group is undone under Continue as a hook is: if that fails, the chain does.
func TestAGroupWhoseUndoFailsIsNotGotOver(t *testing.T) {
	var d diary
	stuck := hooks.FuncUndo("stuck", func(context.Context, *board) error { return nil }, func(context.Context, *board) error { return errUndo })
	state := newBoard()
	_, err := hooks.Run(t.Context(), state, setting(&d, "a", nil),
		continuing(hooks.Sequence("s", stuck, setting(&d, "b", returning(errBroken)))), setting(&d, "c", nil))
	require.ErrorIs(t, err, errBroken)
	require.ErrorIs(t, err, hooks.ErrRollback)
	d.require(t, "do a", "do s/b", "undo a")
	requireBoard(t, state)
}

// With gives a group a limit for all its members together. The hook that runs when it is
// reached is late.
func TestTheTimeLimitOfAGroup(t *testing.T) {
	tests := []struct {
		why   string
		chain func(d *diary) []hooks.Hook[board]
		tree  string
		fails string // the hook to blame, "" if the chain goes on
		after time.Duration
	}{
		{
			"it ends the hook that runs",
			func(d *diary) []hooks.Hook[board] {
				return []hooks.Hook[board]{limited(hooks.Sequence("s", after(d, "a", 2*time.Second, nil), obeying(d, "b", time.Hour)), 5*time.Second)}
			},
			"s timed out (s/a succeeded, s/b timed out)", "s/b", 5 * time.Second,
		},
		{
			"it is not the hook's, so the hook's policy does not get over it",
			func(d *diary) []hooks.Hook[board] {
				return []hooks.Hook[board]{limited(hooks.Sequence("s", continuing(obeying(d, "b", time.Hour)), after(d, "c", 0, nil)), 5*time.Second)}
			},
			"s timed out (s/b timed out, s/c skipped)", "s/b", 5 * time.Second,
		},
		{
			"the group's policy does",
			func(d *diary) []hooks.Hook[board] {
				return []hooks.Hook[board]{continuing(limited(hooks.Sequence("s", obeying(d, "b", time.Hour)), 5*time.Second)), after(d, "c", time.Second, nil)}
			},
			"s timed out (s/b timed out), c succeeded", "", 6 * time.Second,
		},
		{
			"an outer limit holds inside, too",
			func(d *diary) []hooks.Hook[board] {
				inner := continuing(limited(hooks.Sequence("t", obeying(d, "b", time.Hour)), time.Minute))
				return []hooks.Hook[board]{limited(hooks.Sequence("s", after(d, "a", 3*time.Second, nil), inner), 5*time.Second)}
			},
			"s timed out (s/a succeeded, s/t timed out (s/t/b timed out))", "s/t/b", 5 * time.Second,
		},
		{
			"members of a parallel group share it",
			func(d *diary) []hooks.Hook[board] {
				return []hooks.Hook[board]{limited(hooks.Parallel("p", obeying(d, "a", time.Hour), after(d, "b", time.Second, nil)), 5*time.Second)}
			},
			"p timed out (p/a timed out, p/b succeeded)", "p/a", 5 * time.Second,
		},
		{
			"a hook's own limit is the hook's alone",
			func(d *diary) []hooks.Hook[board] {
				return []hooks.Hook[board]{limited(hooks.Sequence("s", continuing(limited(obeying(d, "b", time.Hour), time.Second)), after(d, "c", 0, nil)), 5*time.Second)}
			},
			"s succeeded (s/b timed out, s/c succeeded)", "", time.Second,
		},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var d diary
				begun := time.Now()
				report, err := hooks.Run(t.Context(), newBoard(), tt.chain(&d)...)
				assert.Equal(t, tt.after, time.Since(begun))
				assert.Equal(t, tt.tree, treeOf(report.Results()))
				if tt.fails == "" {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, hooks.ErrTimeout)
				assert.Equal(t, tt.fails, failureOf(t, err).Hook)
				assert.ErrorContains(t, err, "the group")
			})
		})
	}
}

// obeying is a hook that takes its time, unless its context ends before.
func obeying(d *diary, name string, takes time.Duration) hooks.Hook[board] {
	return setting(d, name, func(ctx context.Context) error {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(takes):
			return nil
		}
	})
}

// A hook's context tells the limit of its group.
func TestAMemberSeesTheDeadlineOfItsGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		look := hooks.Func("look", func(ctx context.Context, _ *board) error {
			at, ok := ctx.Deadline()
			assert.True(t, ok)
			assert.Equal(t, 5*time.Second, at.Sub(begun))
			<-ctx.Done()
			assert.Equal(t, context.DeadlineExceeded, ctx.Err())
			require.ErrorContains(t, context.Cause(ctx), `the group "s"`)
			return nil
		})
		_, err := hooks.Run(t.Context(), newBoard(), limited(hooks.Sequence("s", look), 5*time.Second))
		require.ErrorIs(t, err, hooks.ErrTimeout)
	})
}

// A group is not a run, and its members are.
func TestMetricsOfGroups(t *testing.T) {
	var d diary
	x := build[board](t, hooks.Config{})
	bad := continuing(failingBoard())
	_, err := x.Execute(t.Context(), newBoard(), hooks.Sequence("s", setting(&d, "a", nil), hooks.Parallel("p", setting(&d, "b", nil), bad)),
		continuing(hooks.Sequence("t", failingBoard())))
	require.NoError(t, err)
	m := x.Metrics()
	assert.Equal(t, int64(1), m.Executions)
	assert.Equal(t, int64(2), m.Runs.Succeeded)
	assert.Equal(t, int64(2), m.Runs.Failed)
	assert.Equal(t, int64(2), m.ContinuedFailures, "a member and a group")
	var paths []string
	for path := range m.Hooks {
		paths = append(paths, path)
	}
	assert.ElementsMatch(t, []string{"s/a", "s/p/b", "s/p/bad", "t/bad"}, paths)
}

// In a dry run members with effects are skipped, as hooks of the chain are.
func TestADryRunOfGroups(t *testing.T) {
	var d diary
	plain := hooks.Func("plain", func(_ context.Context, b *board) error { b.Cells["plain"] = 1; return nil })
	state := newBoard()
	report, err := build[board](t, hooks.Config{}).DryRun(t.Context(), state,
		hooks.Sequence("s", setting(&d, "a", nil), hooks.Parallel("p", plain, setting(&d, "b", nil)), hooks.Retry(plain, hooks.RetryPolicy{Attempts: 2})))
	require.NoError(t, err)
	assert.Equal(t, "s succeeded (s/a skipped, s/p succeeded (s/p/plain succeeded, s/p/b skipped), s/plain succeeded)", treeOf(report.Results()))
	d.require(t)
	requireBoard(t, state)
}

// A group holds what is wrong with a hook in it, and names it.
func TestBadGroups(t *testing.T) {
	fine := hooks.Func("fine", func(context.Context, *board) error { return nil })
	deep := fine
	for range 101 {
		deep = hooks.Sequence("s", deep)
	}
	tests := []struct {
		why  string
		hook hooks.Hook[board]
		is   error
		text string
	}{
		{"no name", hooks.Sequence("", fine), hooks.ErrInvalidHook, "hook 1: hook has an empty name"},
		{"a bad name", hooks.Parallel("a/b", fine), hooks.ErrInvalidHook, `contains "/"`},
		{"a nil member", hooks.Sequence("s", fine, nil), hooks.ErrInvalidHook, `hook 1: member 1 of "s": hook is nil`},
		{"a member that is no good", hooks.Sequence("s", hooks.Parallel("p", hooks.Func[board]("", nil))), hooks.ErrInvalidHook, `member 0 of "s": member 0 of "p": hook has an empty name`},
		{"two members of one name", hooks.Sequence("s", fine, fine), hooks.ErrDuplicateHook, `duplicate hook "fine": it is member 0 of "s" already`},
		{"a retry of one name", hooks.Sequence("s", fine, hooks.Retry(fine, hooks.RetryPolicy{Attempts: 1})), hooks.ErrDuplicateHook, `duplicate hook "fine"`},
		{"a group of one name", hooks.Sequence[board]("first"), hooks.ErrDuplicateHook, `duplicate hook "first": it is hook 0 already`},
		{"a group that only reads", hooks.With(hooks.Sequence("s", fine), func(o *hooks.Options) { o.ReadOnly = true }), hooks.ErrInvalidHook, "cannot be ReadOnly"},
		{"a group for dry runs", hooks.With(hooks.Sequence("s", fine), func(o *hooks.Options) { o.DryRunnable = true }), hooks.ErrInvalidHook, "or DryRunnable"},
		{"a retried group that only reads", hooks.With(hooks.Retry(hooks.Sequence("s", fine), hooks.RetryPolicy{Attempts: 1}), func(o *hooks.Options) { o.ReadOnly = true }), hooks.ErrInvalidHook, "cannot be ReadOnly"},
		{"a group that is retried twice and only reads", hooks.With(hooks.Retry(hooks.Retry(hooks.Sequence("s", fine), hooks.RetryPolicy{Attempts: 1}), hooks.RetryPolicy{Attempts: 1}), func(o *hooks.Options) { o.ReadOnly = true }), hooks.ErrInvalidHook, "cannot be ReadOnly"},
		{"a group with a negative limit", limited(hooks.Parallel("p", fine), -1), hooks.ErrInvalidHook, "negative Timeout"},
		{"nobody may run", hooks.ParallelN(0, "p", fine), hooks.ErrInvalidHook, "lets 0 members run at a time"},
		{"a retry of nothing", hooks.Retry[board](nil, hooks.RetryPolicy{Attempts: 1}), hooks.ErrInvalidHook, "hook 1: hook is nil"},
		{"no attempts", hooks.Retry(fine, hooks.RetryPolicy{}), hooks.ErrInvalidHook, "Attempts 0; give it 1 to 10000"},
		{"too many attempts", hooks.Retry(fine, hooks.RetryPolicy{Attempts: 10_001}), hooks.ErrInvalidHook, "Attempts 10001"},
		{"a negative backoff", hooks.Retry(fine, hooks.RetryPolicy{Attempts: 1, Backoff: -1}), hooks.ErrInvalidHook, "negative Backoff (-1ns)"},
		{"a negative bound", hooks.Retry(fine, hooks.RetryPolicy{Attempts: 1, MaxBackoff: -1}), hooks.ErrInvalidHook, "MaxBackoff (-1ns)"},
		{"a negative budget", hooks.Retry(fine, hooks.RetryPolicy{Attempts: 1, Budget: -1}), hooks.ErrInvalidHook, "Budget (-1ns)"},
		{"too deep", deep, hooks.ErrInvalidHook, "more than 100 groups inside each other"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			x := build[board](t, hooks.Config{})
			var ran atomic.Bool
			first := hooks.Func("first", func(context.Context, *board) error { ran.Store(true); return nil })
			report, err := x.Execute(t.Context(), newBoard(), first, tt.hook)
			require.ErrorIs(t, err, tt.is)
			require.ErrorContains(t, err, tt.text)
			assert.Equal(t, hooks.PhasePrepare, failureOf(t, err).Phase)
			assert.Empty(t, report.Results())
			assert.False(t, ran.Load(), "nothing runs")
			if tt.is == hooks.ErrInvalidHook {
				require.ErrorIs(t, hooks.Describe(tt.hook).Err, tt.is)
			}
		})
	}
}

// The same hook may be in several groups, and a group twice in a tree.
func TestAHookInSeveralGroups(t *testing.T) {
	var d diary
	a := setting(&d, "a", nil)
	inner := hooks.Sequence("s", a)
	state := newBoard()
	_, err := hooks.Run(t.Context(), state, a, hooks.Sequence("x", a, inner), hooks.Sequence("y", inner))
	require.NoError(t, err)
	requireBoard(t, state, "a", "x/a", "x/s/a", "y/s/a")
}

// Who calls a group by hand, as a plain hook would call another, is told.
func TestAGroupIsNoPlainHook(t *testing.T) {
	for _, h := range []hooks.Hook[board]{hooks.Sequence[board]("s"), hooks.Retry(hooks.Sequence[board]("s"), hooks.RetryPolicy{Attempts: 1})} {
		assert.Equal(t, "s", h.Name())
		_, err := h.Execute(t.Context(), newBoard())
		require.ErrorContains(t, err, "give it to an executor")
		_, err = hooks.Run(t.Context(), newBoard(), struct{ hooks.Hook[board] }{h})
		require.ErrorContains(t, err, "give it to an executor", "a struct that embeds it hides what it is")
	}
}

// The list of members is the group's own.
func TestAGroupCopiesItsList(t *testing.T) {
	var d diary
	list := []hooks.Hook[board]{setting(&d, "a", nil)}
	s := hooks.Sequence("s", list...)
	list[0] = setting(&d, "b", nil)
	state := newBoard()
	_, err := hooks.Run(t.Context(), state, s)
	require.NoError(t, err)
	requireBoard(t, state, "s/a")
}

// Describe shows a group's members, and a retry as the hook that is retried.
func TestDescribeGroups(t *testing.T) {
	var d diary
	versioned := hooks.With(setting(&d, "b", nil), func(o *hooks.Options) { o.Version, o.Timeout = "v2", time.Minute })
	twice := hooks.Retry(hooks.Retry(versioned, hooks.RetryPolicy{Attempts: 3}), hooks.RetryPolicy{Attempts: 2})
	retried := continuing(hooks.With(twice, func(o *hooks.Options) { o.DryRunnable, o.Version = true, "v3" }))
	got := hooks.Describe(limited(hooks.Sequence("s", hooks.Func("a", func(context.Context, *board) error { return nil }), retried), time.Hour))
	want := hooks.Description{
		Name: "s", Options: hooks.Options{Timeout: time.Hour}, Rollback: true,
		Members: []hooks.Description{
			{Name: "a"},
			{Name: "b", Rollback: true, Options: hooks.Options{Version: "v3", Timeout: time.Minute, OnFailure: hooks.Continue, DryRunnable: true}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("description (-want +got):\n%s", diff)
	}
}

// Without snapshots there is no way back to an earlier version.
func TestGroupsWithoutSnapshots(t *testing.T) {
	var d diary
	cfg := hooks.Config{Execution: hooks.ExecutionConfig{DisableSnapshots: true}}
	x := build[board](t, cfg)
	state := newBoard()
	_, err := x.Execute(t.Context(), state, hooks.Sequence("s", setting(&d, "a", nil), setting(&d, "b", nil)))
	require.NoError(t, err)
	requireBoard(t, state, "s/a", "s/b")
	for text, h := range map[string]hooks.Hook[board]{
		"a parallel group needs": hooks.Sequence("t", hooks.Parallel[board]("p")),
		"a retry needs":          hooks.Sequence("t", hooks.Retry(setting(&d, "c", nil), hooks.RetryPolicy{Attempts: 2})),
		"Continue needs":         continuing(hooks.Sequence[board]("t")),
	} {
		_, err := x.Execute(t.Context(), state, h)
		require.ErrorIs(t, err, hooks.ErrUnsupported)
		require.ErrorContains(t, err, text)
	}
}

// What a member registers belongs to it: steps run in their order, and are dropped with it.
func TestRegistrationsInGroups(t *testing.T) {
	var d diary
	registers := func(name string, err error) hooks.Hook[board] {
		return setting(&d, name, func(ctx context.Context) error {
			require.NoError(t, hooks.OnRollback(ctx, func(context.Context) error { d.add("step %s", name); return nil }))
			require.NoError(t, hooks.BeforeCommit(ctx, func(context.Context) error { d.add("before %s", name); return nil }))
			require.NoError(t, hooks.OnCommit(ctx, func(context.Context) error { d.add("after %s", name); return nil }))
			return err
		})
	}
	_, err := hooks.Run(t.Context(), newBoard(),
		registers("a", nil),
		continuing(hooks.Sequence("s", registers("b", nil), registers("c", errBroken))),
		hooks.ParallelN(1, "p", registers("d", nil), registers("e", nil)))
	require.NoError(t, err)
	d.require(t, "do a", "do s/b", "do s/c", "step c", "undo s/b", "step b", "do p/d", "do p/e",
		"before a", "before d", "before e", "after a", "after d", "after e")
}

// A panic, an exit or an abandoned hook inside a group is what it is outside.
func TestFaultsInsideAGroup(t *testing.T) {
	faults := map[string]struct {
		end  func(ctx context.Context) error
		is   error
		says hooks.Outcome
	}{
		"panic":     {func(context.Context) error { panic("no") }, hooks.ErrPanic, hooks.OutcomePanicked},
		"exit":      {func(context.Context) error { runtime.Goexit(); return nil }, hooks.ErrExited, hooks.OutcomeExited},
		"reject":    {returning(hooks.Reject("no")), hooks.ErrRejected, hooks.OutcomeRejected},
		"abandoned": {func(context.Context) error { time.Sleep(time.Hour); return nil }, hooks.ErrTimeout, hooks.OutcomeTimedOut},
	}
	kinds := map[string]func(name string, members ...hooks.Hook[board]) hooks.Hook[board]{
		"sequence": hooks.Sequence[board],
		"parallel": hooks.Parallel[board],
	}
	for fault, f := range faults {
		for kind, group := range kinds {
			t.Run(fault+" in a "+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var d diary
					x := build[board](t, limits(time.Second))
					state := newBoard()
					g := group("g", setting(&d, "a", nil), setting(&d, "b", func(ctx context.Context) error {
						time.Sleep(time.Millisecond) // when a has ended
						return f.end(ctx)
					}))
					report, err := x.Execute(t.Context(), state, g)
					require.ErrorIs(t, err, f.is)
					assert.Equal(t, "g/b", failureOf(t, err).Hook)
					assert.Equal(t, fmt.Sprintf("g %[1]v (g/a succeeded, g/b %[1]v)", f.says), treeOf(report.Results()))
					requireBoard(t, state)
					_, err = x.Execute(t.Context(), state, continuing(g), setting(&d, "c", nil))
					require.NoError(t, err)
					requireBoard(t, state, "c")
					require.NoError(t, x.Shutdown(t.Context()))
				})
			})
		}
	}
}

// The caller's cancellation stops a chain inside a group, whatever policies say.
func TestACancelledCallerInsideAGroup(t *testing.T) {
	for _, g := range []hooks.Hook[board]{
		hooks.Sequence("g", cancelling(), hooks.Func("never", func(context.Context, *board) error { panic("not reached") })),
		hooks.ParallelN(1, "g", cancelling(), hooks.Func("never", func(context.Context, *board) error { panic("not reached") })),
		hooks.Retry(hooks.Sequence("g", cancelling()), hooks.RetryPolicy{Attempts: 5, AfterTimeout: true}),
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		state := newBoard()
		_, err := hooks.Run(context.WithValue(ctx, cancelKey{}, cancel), state, continuing(g), hooks.Func("after", func(context.Context, *board) error { panic("not reached") }))
		require.ErrorIs(t, err, errCause)
		requireBoard(t, state)
	}
}

type cancelKey struct{}

// cancelling is a hook that ends its caller's context, and fails.
func cancelling() hooks.Hook[board] {
	return hooks.Func("cancelling", func(ctx context.Context, _ *board) error {
		ctx.Value(cancelKey{}).(context.CancelCauseFunc)(errCause)
		return errors.New("cancelled")
	})
}

// What is undone within a group takes the group's time; no hook begins past its limit.
func TestNoMemberBeginsPastTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := hooks.FuncUndo("slow",
			func(context.Context, *board) error { return hooks.Unknown(errBroken) },
			func(context.Context, *board) error { time.Sleep(10 * time.Second); return nil })
		began := false
		next := hooks.Func("next", func(context.Context, *board) error { began = true; return nil })
		_, err := hooks.Run(t.Context(), newBoard(), limited(hooks.Sequence("s", continuing(slow), next), 5*time.Second))
		require.ErrorIs(t, err, hooks.ErrTimeout)
		require.ErrorContains(t, err, `the group "s"`)
		assert.False(t, began)
	})
}
