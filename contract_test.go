package hooks_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// A full hook has every ability as a method of its type.
type full struct{ d *diary }

func (f *full) Name() string { return "full" }
func (f *full) Execute(_ context.Context, c *cart) (any, error) {
	f.d.add("execute")
	c.N++
	return c.N, nil
}
func (f *full) Rollback(context.Context, *cart) error         { f.d.add("rollback"); return nil }
func (f *full) ValidateEvent(context.Context, *cart) error    { f.d.add("event"); return nil }
func (f *full) ValidateResult(_ context.Context, v any) error { f.d.add("result %v", v); return nil }
func (f *full) Options() hooks.Options {
	return hooks.Options{Timeout: time.Minute, Version: "v1", DryRunnable: true}
}

// Abilities are found on a type, in the fields of Define, and through any number of
// Withs; a hook that is embedded in a struct has only its two methods.
func TestAbilities(t *testing.T) {
	var d diary
	h := &full{&d}
	defined := hooks.Define(hooks.Funcs[cart]{
		Options: h.Options(), Name: "full", Execute: h.Execute, Rollback: h.Rollback, ValidateEvent: h.ValidateEvent, ValidateResult: h.ValidateResult,
	})
	var edits []time.Duration
	later := func(by time.Duration) func(*hooks.Options) {
		return func(o *hooks.Options) { edits = append(edits, o.Timeout); o.Timeout += by }
	}
	all := hooks.Description{Name: "full", Options: h.Options(), Rollback: true, ValidateEvent: true, ValidateResult: true}
	edited := all
	edited.Options.Timeout = time.Minute + 3
	tests := []struct {
		why  string
		hook hooks.Hook[cart]
		want hooks.Description
	}{
		{"methods", h, all},
		{"fields", defined, all},
		{"edited methods", hooks.With(hooks.With[cart](h, later(1)), later(2)), edited},
		{"edited fields", hooks.With(hooks.With(defined, later(1)), later(2)), edited},
		{"embedded", struct{ hooks.Hook[cart] }{h}, hooks.Description{Name: "full"}},
		{"a function", hooks.Func("f", doCart), hooks.Description{Name: "f"}},
		{"two functions", hooks.FuncUndo("f", doCart, doCart), hooks.Description{Name: "f", Rollback: true}},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			d.lines, edits = nil, nil
			if diff := cmp.Diff(tt.want, hooks.Describe(tt.hook)); diff != "" {
				t.Errorf("description (-want +got):\n%s", diff)
			}
			if tt.want.Options.Timeout == edited.Options.Timeout {
				assert.Equal(t, []time.Duration{time.Minute, time.Minute + 1}, edits, "the innermost edit comes first")
			}
			if !tt.want.ValidateEvent {
				return
			}
			_, err := build[cart](t, hooks.Config{}).Execute(t.Context(), newCart(), tt.hook, failing("end", errBroken))
			require.ErrorIs(t, err, errBroken)
			d.require(t, "event", "execute", "result 1", "rollback")
		})
	}
}

// Describe says why an executor would refuse a hook.
func TestDescribeSaysWhatIsWrong(t *testing.T) {
	for _, bad := range []hooks.Hook[cart]{nil, hooks.Func[cart]("f", nil), oddRollback{}, hooks.Func("", doCart)} {
		got := hooks.Describe(bad)
		require.ErrorIs(t, got.Err, hooks.ErrInvalidHook)
	}
	got := hooks.Describe[cart](oddEvent{})
	if diff := cmp.Diff(hooks.Description{Name: "odd"}, got, cmpopts.IgnoreFields(hooks.Description{}, "Err")); diff != "" {
		t.Errorf("description (-want +got):\n%s", diff)
	}
}

// The list of hooks is the caller's own: what it does with it later, or a hook does,
// changes nothing.
func TestHooksAreTakenAtTheStart(t *testing.T) {
	var d diary
	chain := make([]hooks.Hook[cart], 3)
	chain[0] = hooks.Func("one", func(context.Context, *cart) error {
		d.add("one")
		chain[1], chain[2] = nil, noting(&d, "other", nil)
		return nil
	})
	chain[1], chain[2] = noting(&d, "two", nil), noting(&d, "three", nil)
	_, err := build[cart](t, hooks.Config{}).Execute(t.Context(), newCart(), chain...)
	require.NoError(t, err)
	d.require(t, "one", "do two", "do three")
}

// A nil error means that all kept hooks are in the state, in order; an error means
// that none is. Nothing is in between.
func TestAllOrNothing(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	for fail := range 6 {
		var d diary
		chain := []hooks.Hook[cart]{}
		for i := range 5 {
			err := error(nil)
			if i == fail {
				err = errBroken
			}
			chain = append(chain, noting(&d, string(rune('a'+i)), err))
		}
		state := newCart()
		_, err := x.Execute(t.Context(), state, chain...)
		want := newCart()
		var undone []string
		if fail == 5 {
			require.NoError(t, err)
			want.N = 5
		} else {
			require.ErrorIs(t, err, errBroken)
			for i := fail - 1; i >= 0; i-- {
				undone = append(undone, "undo "+string(rune('a'+i)))
			}
		}
		requireCart(t, want, state)
		lines := d.read()
		assert.Equal(t, undone, slices.Clip(append([]string(nil), lines[min(fail+1, 5):]...)))
	}
}

// The default executor is one for each type of state.
func TestRun(t *testing.T) {
	state := newCart()
	report, err := hooks.Run(t.Context(), state, hooks.Func("h", func(ctx context.Context, c *cart) error {
		_, err := hooks.Run(ctx, new(int), hooks.Func("h", func(_ context.Context, n *int) error { *n = 1; return nil }))
		c.N = 1
		return err
	}))
	require.NoError(t, err)
	assert.True(t, report.Committed)
	assert.Equal(t, 1, state.N)
	_, err = hooks.Run(t.Context(), state, failing("h", errBroken))
	require.ErrorIs(t, err, errBroken)
}

// bubbleGoroutines returns the number of goroutines in bubbles of fake time, and the
// stacks of all.
func bubbleGoroutines() (int, string) {
	stacks := make([]byte, 1<<20)
	text := string(stacks[:runtime.Stack(stacks, true)])
	return strings.Count(text, ", synctest bubble"), text
}

// requireNoMoreGoroutines fails if there are more goroutines than before in the
// bubble. One that is about to end still counts for a moment.
func requireNoMoreGoroutines(t *testing.T, before int) {
	t.Helper()
	n, stacks := bubbleGoroutines()
	for i := 0; i < 1000 && n > before; i++ {
		runtime.Gosched()
		n, stacks = bubbleGoroutines()
	}
	require.LessOrEqual(t, n, before, "%s", stacks)
}

// In a bubble of fake time nothing of the library is left when Execute returns:
// neither a goroutine nor a timer that would keep time going.
func TestNothingIsLeftInABubble(t *testing.T) {
	cfg := limits(time.Hour)
	cfg.Execution.TotalTimeout, cfg.Execution.Grace = 2*time.Hour, time.Minute
	synctest.Test(t, func(t *testing.T) {
		x := build[cart](t, cfg)
		before, _ := bubbleGoroutines()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour)
		defer cancel()
		for _, parent := range []context.Context{ctx, &foreignContext{deadline: time.Now().Add(time.Hour), done: make(chan struct{})}} {
			var d diary
			_, err := x.Execute(parent, newCart(), noting(&d, "a", nil), registering(&d, "b", commitFuncs{fine}, commitFuncs{fine}))
			require.NoError(t, err)
			_, err = x.Execute(parent, newCart(), noting(&d, "a", nil), failing("end", errBroken))
			require.ErrorIs(t, err, errBroken)
			synctest.Wait()
			requireNoMoreGoroutines(t, before)
		}
	})
}

// Goroutines of one hook may use its context and register at the same time.
func TestHookUsesGoroutines(t *testing.T) {
	var undone atomic.Int64
	_, err := build[cart](t, hooks.Config{}).Execute(t.Context(), newCart(), hooks.Func("h", func(ctx context.Context, _ *cart) error {
		errs := make(chan error)
		for range 16 {
			go func() {
				hooks.Warn(ctx, "warned")
				errs <- hooks.OnRollback(ctx, func(context.Context) error { undone.Add(1); return nil })
			}()
		}
		var all []error
		for range 16 {
			all = append(all, <-errs)
		}
		return errors.Join(append(all, errBroken)...)
	}))
	require.ErrorIs(t, err, errBroken)
	assert.Equal(t, int64(16), undone.Load())
}

// What a copy of a state means, path by path.
func TestExplain(t *testing.T) {
	text := hooks.Explain[knot]()
	for _, want := range []string{"PATH", "A COPY", "WHY", "Own", "Kept", "mu"} {
		assert.Contains(t, text, want)
	}
}

// goroutine returns the first word of the running goroutine's stack that tells it
// apart, such as "goroutine 7".
func goroutine() string {
	stack := make([]byte, 64)
	text := string(stack[:runtime.Stack(stack, false)])
	name, _, _ := strings.Cut(text, " [")
	return name
}

// No code of a hook or of a validator runs on the goroutine that called Execute, which
// could not return at a deadline then.
func TestUserCodeRunsOffTheCallersGoroutine(t *testing.T) {
	caller := goroutine()
	for _, place := range calls {
		t.Run(place.why, func(t *testing.T) {
			where := ""
			chain, validators := place.chain(func() { where = goroutine() })
			_, _ = build(t, hooks.Config{}, validators...).Execute(t.Context(), &doer{}, chain...)
			assert.NotEmpty(t, where, "it was not called")
			assert.NotEqual(t, goroutine(), where)
			assert.NotEqual(t, caller, where)
		})
	}
}

// What a report gives away is the caller's: it can do with it what it likes.
func TestWhatAReportGivesAwayIsTheCallers(t *testing.T) {
	report, err := hooks.Run(t.Context(), newCart(), hooks.Define(hooks.Funcs[cart]{Name: "h",
		Execute: func(context.Context, *cart) (any, error) { return 7, nil }}))
	require.NoError(t, err)
	report.Results()[0].Hook, report.Values()[0] = "other", 8
	assert.Equal(t, "h", report.Results()[0].Hook)
	assert.Equal(t, []any{7}, report.Values())
}

// A hook may ask for more time than the default, or for no limit at all.
func TestAHookMayHaveMoreTimeThanTheDefault(t *testing.T) {
	for _, limit := range []time.Duration{time.Hour, hooks.NoLimit} {
		synctest.Test(t, func(t *testing.T) {
			x := build[cart](t, limits(time.Second))
			_, err := x.Execute(t.Context(), newCart(), limited(hooks.Func("slow", func(ctx context.Context, _ *cart) error {
				_, ends := ctx.Deadline()
				assert.Equal(t, limit != hooks.NoLimit, ends)
				time.Sleep(time.Hour - 1)
				return ctx.Err()
			}), limit))
			require.NoError(t, err)
		})
	}
}

// What a hook that only reads does to the state is lost, and no validator is asked
// about it.
func TestAReadOnlyHookIsNotJudged(t *testing.T) {
	x := build(t, hooks.Config{}, hooks.ValidatorFunc("never", func(context.Context, hooks.StateChange[cart]) hooks.ValidationResult {
		return hooks.ValidationResult{Err: errBroken}
	}))
	state := newCart()
	_, err := x.Execute(t.Context(), state, hooks.With(hooks.Func("reads", func(_ context.Context, c *cart) error { scribble(c); return nil }),
		func(o *hooks.Options) { o.ReadOnly = true }))
	require.NoError(t, err)
	requireCart(t, newCart(), state)
}
