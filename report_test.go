package hooks_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// everything makes a report of one of everything, and the error that comes with it.
func everything(t *testing.T) (*hooks.Report, error) {
	cfg := limits(time.Second)
	cfg.Monitoring.TrackChanges = true
	x := build[cart](t, cfg)
	report, err := x.Execute(hooks.WithExecutionID(t.Context(), "order-1"), newCart(),
		hooks.Define(hooks.Funcs[cart]{
			Name: "reserve",
			Execute: func(ctx context.Context, c *cart) (any, error) {
				time.Sleep(1500 * time.Microsecond)
				c.N, c.Lines[0].Qty = 1, 2
				delete(c.Shared, "none")
				hooks.Warn(ctx, "only %d left\nof many", 3)
				return "seat 7", hooks.OnRollback(ctx, func(context.Context) error { time.Sleep(time.Millisecond); return nil })
			},
			Rollback: func(context.Context, *cart) error { return errors.New("cannot\nrelease") },
		}),
		continuing(failing("audit", errors.New("line one\nline two"))),
		continuing(hooks.Func("late", func(context.Context, *cart) error { time.Sleep(time.Minute); return nil })),
		hooks.FuncUndo("charge", func(context.Context, *cart) error { return hooks.Unknown(errors.New("connection lost")) },
			func(context.Context, *cart) error { return nil }),
		hooks.Func("ship", doCart))
	time.Sleep(time.Minute)
	return report, err
}

// The tree: a line for everything, and what there is to say under it.
func TestReportTree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		report, err := everything(t)
		require.Error(t, err)
		want := `execution order-1: rolled back in 1s
├─ reserve: succeeded in 1.5ms
│    warning: only 3 left ⏎ of many
│    Lines[0].Qty: 1 → 2
│    Shared["none"]: nil → (nothing)
│    N: 0 → 1
├─ audit: failed in 0s
│    line one ⏎ line two
├─ late: timed out in 1s, abandoned
│    time limit of 1s for hook "late" exceeded
├─ charge: failed in 0s
│    connection lost
├─ ship: skipped
├─ rollback "charge" (effect unknown): done in 0s
├─ rollback "reserve": cannot ⏎ release
└─ rollback "reserve" step 1: done in 1ms
`
		if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(report.String(), "\n")); diff != "" {
			t.Errorf("tree (-want +got):\n%s", diff)
		}
	})
}

func TestReportJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		report, err := everything(t)
		require.Error(t, err)
		text, err := json.MarshalIndent(report, "", " ")
		require.NoError(t, err)
		want := `{
 "after_commit": [],
 "committed": false,
 "dry_run": false,
 "duration": "1.0025s",
 "execution": "order-1",
 "results": [
  {
   "attempts": 1,
   "changes": [
    {
     "path": "Lines[0].Qty",
     "before": "1",
     "after": "2"
    },
    {
     "path": "Shared[\"none\"]",
     "before": "nil"
    },
    {
     "path": "N",
     "before": "0",
     "after": "1"
    }
   ],
   "copy_duration": "0s",
   "duration": "1.5ms",
   "hook": "reserve",
   "outcome": "succeeded",
   "state_size": SIZE,
   "warnings": [
    "only 3 left\nof many"
   ]
  },
  {
   "attempts": 1,
   "copy_duration": "0s",
   "duration": "0s",
   "error": "line one\nline two",
   "hook": "audit",
   "outcome": "failed",
   "state_size": 0
  },
  {
   "abandoned": true,
   "attempts": 1,
   "copy_duration": "0s",
   "duration": "1s",
   "error": "time limit of 1s for hook \"late\" exceeded",
   "hook": "late",
   "outcome": "timed out",
   "state_size": 0
  },
  {
   "attempts": 1,
   "copy_duration": "0s",
   "duration": "0s",
   "error": "connection lost",
   "hook": "charge",
   "outcome": "failed",
   "state_size": 0
  },
  {
   "attempts": 0,
   "copy_duration": "0s",
   "duration": "0s",
   "hook": "ship",
   "outcome": "skipped",
   "state_size": 0
  }
 ],
 "rollbacks": [
  {
   "attempt": 1,
   "duration": "0s",
   "effect": "unknown",
   "hook": "charge",
   "round": 1,
   "step": 0
  },
  {
   "attempt": 1,
   "duration": "0s",
   "effect": "done",
   "error": "cannot\nrelease",
   "hook": "reserve",
   "round": 1,
   "step": 0
  },
  {
   "attempt": 1,
   "duration": "1ms",
   "effect": "done",
   "hook": "reserve",
   "round": 1,
   "step": 1
  }
 ],
 "rounds": 1
}`
		want = strings.Replace(want, "SIZE", fmt.Sprint(report.Results()[0].StateSize), 1)
		if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(string(text), "\n")); diff != "" {
			t.Errorf("JSON (-want +got):\n%s", diff)
		}
	})
}

// A committed report has its values and what failed after the commit.
func TestReportOfACommit(t *testing.T) {
	x := build[cart](t, hooks.Config{Monitoring: hooks.MonitoringConfig{SkipTiming: true}})
	report, err := x.Execute(hooks.WithExecutionID(t.Context(), "order-2"), newCart(),
		hooks.Define(hooks.Funcs[cart]{Name: "only", Execute: func(ctx context.Context, _ *cart) (any, error) {
			return &line{"a", 1}, hooks.OnCommit(ctx, func(context.Context) error { return errBroken })
		}}))
	require.NoError(t, err)
	assert.Equal(t, `execution order-2: committed in 0s
├─ only: succeeded in 0s, result &{SKU:"a" Qty:1}
└─ after commit "only" step 1: broken
`, report.String())
	text, err := json.Marshal(report)
	require.NoError(t, err)
	var back map[string]any
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, true, back["committed"])
	assert.Equal(t, `&{SKU:"a" Qty:1}`, back["results"].([]any)[0].(map[string]any)["value"])
	assert.Equal(t, map[string]any{"hook": "only", "step": 1.0, "duration": "0s", "error": "broken"}, back["after_commit"].([]any)[0])
}

// A tripwire is a value with every method that a printer may like to call. None of
// them is called.
type tripwire struct{ N int }

func (tripwire) String() string               { panic("String called") }
func (tripwire) GoString() string             { panic("GoString called") }
func (tripwire) Format(fmt.State, rune)       { runtime.Goexit() }
func (tripwire) MarshalJSON() ([]byte, error) { panic("MarshalJSON called") }
func (tripwire) MarshalText() ([]byte, error) { panic("MarshalText called") }

type (
	trippingText   string
	trippingNumber int
)

func (trippingText) String() string                 { panic("String called") }
func (trippingText) MarshalText() ([]byte, error)   { panic("MarshalText called") }
func (trippingNumber) MarshalJSON() ([]byte, error) { panic("MarshalJSON called") }
func (trippingNumber) Error() string                { panic("Error called") }

// Whatever a hook returns, a report of it can be printed and marshalled, in short,
// without running anything of the value's.
func TestReportOfAnyValue(t *testing.T) {
	type ring struct {
		Next *ring
		Any  any
	}
	loop := &ring{}
	loop.Next, loop.Any = loop, []any{loop}
	self := map[string]any{}
	self["self"] = self
	list := []any{nil}
	list[0] = list
	wide := map[int]string{}
	for i := range 100_000 {
		wide[i] = "x"
	}
	deep := any("end")
	for range 100_000 {
		deep = []any{deep}
	}
	tests := []struct {
		why   string
		value any
		json  string // what the value is in JSON, if that is worth a look
	}{
		{"a number", 7, `7`},
		{"a large number", uint64(math.MaxUint64), `18446744073709551615`},
		{"a fraction", 1.5, `1.5`},
		{"a fraction of less precision", float32(0.25), `0.25`},
		{"no number", math.NaN(), `"NaN"`},
		{"beyond all numbers", math.Inf(-1), `"-Inf"`},
		{"a boolean", true, `true`},
		{"a text", "te\"xt", `"te\"xt"`},
		{"a text that is none", "a\xffb", `"a?b"`},
		{"a duration", 1500 * time.Millisecond, `"1.5s"`},
		{"a text with methods", trippingText("text"), `"text"`},
		{"a number with methods", trippingNumber(3), `3`},
		{"a struct with methods", tripwire{1}, `"{N:1}"`},
		{"a pointer to one", &tripwire{1}, `"\u0026{N:1}"`},
		{"many of them", []any{tripwire{1}, map[any]any{tripwire{1}: trippingText("a")}}, ""},
		{"a ring", loop, ""},
		{"a map in itself", self, ""},
		{"a list in itself", list, ""},
		{"a wide map", wide, ""},
		{"a deep list", deep, ""},
		{"a long text", strings.Repeat("é", 1<<20), ""},
		{"a long list", make([]byte, 1<<20), ""},
		{"a function", func() {}, ""},
		{"a channel", make(chan int), ""},
		{"a nil pointer", (*tripwire)(nil), ""},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			x := build[int](t, hooks.Config{})
			report, err := x.Execute(t.Context(), new(int), hooks.Define(hooks.Funcs[int]{Name: "h",
				Execute: func(context.Context, *int) (any, error) { return tt.value, nil }}))
			require.NoError(t, err)
			tree := report.String()
			assert.Less(t, len(tree), 1000)
			assert.True(t, utf8.ValidString(tree))
			text, err := json.Marshal(report)
			require.NoError(t, err)
			assert.Less(t, len(text), 10_000)
			if tt.json != "" {
				assert.Contains(t, string(text), `"value":`+tt.json+`}`)
			}

			_, err = x.Execute(t.Context(), new(int), hooks.Func("h", func(context.Context, *int) error { panic(tt.value) }))
			require.ErrorIs(t, err, hooks.ErrPanic)
			assert.Less(t, len(err.Error()), 10_000)
		})
	}
}

// A change is rendered the same way.
func TestReportOfAnyChange(t *testing.T) {
	x := build[map[string]any](t, hooks.Config{Monitoring: hooks.MonitoringConfig{TrackChanges: true}})
	state := map[string]any{"x": 1}
	report, err := x.Execute(t.Context(), &state, hooks.Func("h", func(_ context.Context, s *map[string]any) error {
		(*s)["self"] = *s
		(*s)["trip"] = &tripwire{5}
		(*s)["long"] = strings.Repeat("x", 1<<20)
		return nil
	}))
	require.NoError(t, err)
	assert.Len(t, report.Results()[0].Changes, 3)
	for _, c := range report.Results()[0].Changes {
		assert.Less(t, len(c.String()), 1000)
	}
	_, err = json.Marshal(report)
	require.NoError(t, err)
}

// A long error text is cut.
func TestReportOfALongError(t *testing.T) {
	x := build[int](t, hooks.Config{})
	report, err := x.Execute(t.Context(), new(int), hooks.Func("h", func(context.Context, *int) error {
		return errors.New(strings.Repeat("long ", 1<<18))
	}))
	require.Error(t, err)
	assert.Less(t, len(err.Error()), 5000)
	assert.Less(t, len(report.String()), 6000)
}

// So is a long warning.
func TestReportOfALongWarning(t *testing.T) {
	long := strings.Repeat("é", 1<<20)
	x := build(t, hooks.Config{}, hooks.ValidatorFunc("v", func(context.Context, hooks.StateChange[int]) hooks.ValidationResult {
		return hooks.ValidationResult{Warnings: []string{long}}
	}))
	report, err := x.Execute(t.Context(), new(int), hooks.Func("h", func(ctx context.Context, _ *int) error {
		hooks.Warn(ctx, "%s", long)
		return nil
	}))
	require.NoError(t, err)
	assert.Len(t, report.Results()[0].Warnings, 2)
	assert.Less(t, len(report.String()), 10_000)
	assert.True(t, utf8.ValidString(report.String()))
}

func TestNames(t *testing.T) {
	var names []string
	for o := hooks.OutcomeSucceeded; o <= hooks.OutcomeSkipped; o++ {
		text, err := o.MarshalText()
		require.NoError(t, err)
		require.Equal(t, o.String(), string(text))
		names = append(names, o.String())
	}
	assert.NotContains(t, strings.Join(names, ","), "(")
	assert.Equal(t, "Outcome(99)", hooks.Outcome(99).String())
	assert.Equal(t, "Phase(99)", hooks.Phase(99).String())
	assert.Equal(t, "Effect(9)", hooks.Effect(9).String())
	assert.Equal(t, "FailurePolicy(9)", hooks.FailurePolicy(9).String())
	text, err := json.Marshal([]any{hooks.PhaseBeforeCommit, hooks.EffectUnknown, hooks.Continue, hooks.Abort})
	require.NoError(t, err)
	assert.Equal(t, `["before commit","unknown","continue","abort"]`, string(text))
}

// The lines of a result and of an undo call say what is out of the ordinary, and the error
// of a member stands under the member alone.
func TestLinesOfResults(t *testing.T) {
	broken := errors.New("broken")
	for want, got := range map[string]string{
		"h: failed in 0s, 3 attempts\n  broken": hooks.Result{Hook: "h", Outcome: hooks.OutcomeFailed, Err: broken, Attempts: 3}.String(),
		"g: failed in 0s\n└─ g/a: failed in 0s\n     broken": hooks.Result{Hook: "g", Outcome: hooks.OutcomeFailed, Err: broken,
			Members: []hooks.Result{{Hook: "g/a", Outcome: hooks.OutcomeFailed, Err: broken}}}.String(),
		"g: failed in 0s\n  broken\n└─ g/a: succeeded in 0s": hooks.Result{Hook: "g", Outcome: hooks.OutcomeFailed, Err: broken,
			Members: []hooks.Result{{Hook: "g/a"}}}.String(),
		`rollback "h" step 2, round 3, attempt 4 (the hook had failed): done in 0s`: hooks.RollbackResult{
			Hook: "h", Step: 2, Round: 3, Attempt: 4, Effect: hooks.EffectFailed}.String(),
	} {
		assert.Equal(t, want, got)
	}
}

// Each failed undo call inside the error can be read and asked; a panic of one is not taken
// for the cause.
func TestUndoFailuresInAnError(t *testing.T) {
	_, err := hooks.Run(t.Context(), newCart(),
		hooks.FuncUndo("one", doCart, func(context.Context, *cart) error { panic(io.ErrClosedPipe) }),
		hooks.FuncUndo("two", doCart, func(context.Context, *cart) error { return &fs.PathError{Op: "undo", Path: "p", Err: io.EOF} }),
		failing("end", errBroken))
	require.ErrorIs(t, err, errBroken)
	parts := failureOf(t, err).Unwrap()
	require.Len(t, parts, 3)
	require.EqualError(t, parts[1], `rollback "two": undo p: EOF`)
	require.EqualError(t, parts[2], `rollback "one": panic: io: read/write on closed pipe`)
	require.ErrorIs(t, err, io.ErrClosedPipe)
	var path *fs.PathError
	require.ErrorAs(t, err, &path)
	var broke *hooks.PanicError
	assert.False(t, errors.As(err, &broke), "the cause is no panic")
	assert.NotErrorIs(t, err, hooks.ErrPanic)
}

// What Results gives away is the caller's, down to the lists in it.
func TestResultsAreTheCallers(t *testing.T) {
	x := build[cart](t, hooks.Config{Monitoring: hooks.MonitoringConfig{TrackChanges: true}})
	report, err := x.Execute(t.Context(), newCart(), hooks.Sequence("s", hooks.Func("h", func(ctx context.Context, c *cart) error {
		hooks.Warn(ctx, "careful")
		c.N = 9
		return nil
	})))
	require.NoError(t, err)
	was := report.String()
	h := &report.Results()[0].Members[0]
	h.Warnings[0], h.Changes[0].Path = "never mind", "elsewhere"
	assert.Equal(t, was, report.String())
}

// An Unknown error is told from others outside, too.
func TestUnknownHasAClass(t *testing.T) {
	_, err := hooks.Run(t.Context(), newCart(), failing("h", hooks.Unknown(errBroken)))
	require.ErrorIs(t, err, hooks.ErrUnknown)
	require.ErrorIs(t, err, errBroken)
	_, err = hooks.Run(t.Context(), newCart(), failing("h", errBroken))
	require.NotErrorIs(t, err, hooks.ErrUnknown)
}
