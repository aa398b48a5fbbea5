package hooks_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hooktx/hooks"
)

// A cause is a way for a hook to go wrong, and what must come of it.
type cause struct {
	name, reason string
	do           func(f *hooks.Funcs[page], cancel context.CancelCauseFunc) // makes a good hook go wrong

	outcome hooks.Outcome
	phase   hooks.Phase
	kinds   []string // all that errors.Is finds, and nothing else
	took    time.Duration

	undone    bool // its own Rollback is called, and first
	late      bool // the same, but when it has ended at last
	abandoned bool
	dead      bool // no policy can go on after it
}

const matrixLimit = 10 * time.Millisecond

// causes are all the ways to go wrong.
func causes() []cause {
	ending := func(e ending) func(*hooks.Funcs[page], context.CancelCauseFunc) {
		return func(f *hooks.Funcs[page], _ context.CancelCauseFunc) {
			f.Execute = func(_ context.Context, p *page) (any, error) { p.write("half"); return "lost", e.act(errBoom) }
		}
	}
	obeying := func(result error) func(*hooks.Funcs[page], context.CancelCauseFunc) {
		return func(f *hooks.Funcs[page], _ context.CancelCauseFunc) {
			f.Execute = func(ctx context.Context, p *page) (any, error) { p.write("half"); <-ctx.Done(); return "lost", result }
		}
	}
	timeout := []string{"ErrTimeout", "DeadlineExceeded"}
	return []cause{
		{name: "error", reason: "the plainest failure", do: ending(fails),
			outcome: hooks.OutcomeFailed, phase: hooks.PhaseExecute, kinds: []string{"boom"}},
		{name: "rejection", reason: "a wilful no is told apart from a hook that broke", do: ending(rejects),
			outcome: hooks.OutcomeRejected, phase: hooks.PhaseExecute, kinds: []string{"ErrRejected", "boom"}},
		{name: "unknown", reason: "the effect may have happened, so it is undone", do: ending(unknown),
			outcome: hooks.OutcomeFailed, phase: hooks.PhaseExecute, kinds: []string{"boom"}, undone: true},
		{name: "panic with a string", reason: "it is told apart from an error", do: ending(panicsText),
			outcome: hooks.OutcomePanicked, phase: hooks.PhaseExecute, kinds: []string{"ErrPanic"}},
		{name: "panic with an error", reason: "the error is reachable", do: ending(panicsError),
			outcome: hooks.OutcomePanicked, phase: hooks.PhaseExecute, kinds: []string{"ErrPanic", "boom"}},
		{name: "panic(nil)", reason: "recover alone would not see it with panicnil=1", do: ending(panicsNil),
			outcome: hooks.OutcomePanicked, phase: hooks.PhaseExecute, kinds: []string{"ErrPanic", "runtime.Error"}},
		{name: "write to a nil map", reason: "the runtime panics too", do: ending(writesNilMap),
			outcome: hooks.OutcomePanicked, phase: hooks.PhaseExecute, kinds: []string{"ErrPanic", "runtime.Error"}},
		{name: "Goexit", reason: "no timeout is waited for", do: ending(exits),
			outcome: hooks.OutcomeExited, phase: hooks.PhaseExecute, kinds: []string{"ErrExited"}},
		{name: "timeout, deaf", reason: "it may take effect yet, and is undone when it ends",
			do: func(f *hooks.Funcs[page], _ context.CancelCauseFunc) {
				f.Execute = func(_ context.Context, p *page) (any, error) {
					p.write("half")
					time.Sleep(time.Hour)
					p.write("other half")
					return "lost", nil
				}
			},
			outcome: hooks.OutcomeTimedOut, phase: hooks.PhaseExecute, kinds: timeout, took: matrixLimit + time.Millisecond, late: true, abandoned: true},
		{name: "timeout, obeying with nil", reason: "a known late success is undone in line", do: obeying(nil),
			outcome: hooks.OutcomeTimedOut, phase: hooks.PhaseExecute, kinds: timeout, took: matrixLimit, undone: true},
		{name: "timeout, obeying with an error", reason: "lateness wins, the error is joined", do: obeying(errBoom),
			outcome: hooks.OutcomeTimedOut, phase: hooks.PhaseExecute, kinds: append(slices.Clone(timeout), "boom"), took: matrixLimit},
		{name: "caller cancelled", reason: "the caller's wish is no fault of the hook, and ends any chain",
			do: func(f *hooks.Funcs[page], cancel context.CancelCauseFunc) {
				f.Execute = func(ctx context.Context, p *page) (any, error) {
					time.Sleep(time.Millisecond)
					p.write("half")
					cancel(errCause)
					return "lost", ctx.Err()
				}
			},
			outcome: hooks.OutcomeCancelled, phase: hooks.PhaseExecute, kinds: []string{"Canceled", "the caller's cause"}, took: time.Millisecond, dead: true},
		{name: "invalid event", reason: "Execute is not called, so nothing is undone",
			do: func(f *hooks.Funcs[page], _ context.CancelCauseFunc) {
				f.ValidateEvent = func(context.Context, *page) error { return errBoom }
			},
			outcome: hooks.OutcomeInvalid, phase: hooks.PhaseValidateEvent, kinds: []string{"ErrInvalidEvent", "boom"}},
		{name: "invalid result", reason: "Execute had succeeded, so it is undone",
			do: func(f *hooks.Funcs[page], _ context.CancelCauseFunc) {
				f.ValidateResult = func(context.Context, any) error { return errBoom }
			},
			outcome: hooks.OutcomeInvalid, phase: hooks.PhaseValidateResult, kinds: []string{"ErrInvalidResult", "boom"}, undone: true},
		{name: "invalid state", reason: "the validator refuses what the hook left",
			do: func(f *hooks.Funcs[page], _ context.CancelCauseFunc) {
				f.Execute = func(_ context.Context, p *page) (any, error) { p.N = -1; return "lost", nil }
			},
			outcome: hooks.OutcomeInvalid, phase: hooks.PhaseValidateState, kinds: []string{"ErrInvalidState", "boom"}, undone: true},
		{name: "invalid state, validator hangs", reason: "the second budget ends it; it is invalid, not timed out",
			do: func(f *hooks.Funcs[page], _ context.CancelCauseFunc) {
				f.Execute = func(_ context.Context, p *page) (any, error) { p.N = -2; return "lost", nil }
			},
			outcome: hooks.OutcomeInvalid, phase: hooks.PhaseValidateState, kinds: append(slices.Clone(timeout), "ErrInvalidState"),
			took: matrixLimit + time.Millisecond, undone: true, abandoned: true},
		{name: "over the size limit", reason: "the copy out stops at the limit",
			do: func(f *hooks.Funcs[page], _ context.CancelCauseFunc) {
				f.Execute = func(_ context.Context, p *page) (any, error) { p.Blob = make([]byte, maxPageSize); return "lost", nil }
			},
			outcome: hooks.OutcomeInvalid, phase: hooks.PhaseCopy, kinds: []string{"ErrInvalidState", "ErrStateTooLarge"}, undone: true},
	}
}

// Every way to go wrong, under each policy, at each place of a chain of three: what
// comes of it depends on these three alone, and is the same for all that is left.
func TestEveryCausePolicyAndPlace(t *testing.T) {
	for _, c := range causes() {
		for _, policy := range []hooks.FailurePolicy{hooks.Abort, hooks.Continue} {
			for place := range 3 {
				t.Run(fmt.Sprintf("%s/%v/%d", c.name, policy, place), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { c.test(t, policy, place) })
				})
			}
		}
	}
}

func (c *cause) test(t *testing.T, policy hooks.FailurePolicy, place int) {
	var undone []string // as they are called
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	chain := make([]hooks.Hook[page], 3)
	for i := range chain {
		f := hooks.Funcs[page]{
			Name:     fmt.Sprintf("h%d", i),
			Execute:  func(_ context.Context, p *page) (any, error) { p.write(fmt.Sprint(i)); return i, nil },
			Rollback: func(context.Context, *page) error { undone = append(undone, fmt.Sprintf("h%d", i)); return nil },
		}
		if i == place {
			f.OnFailure = policy
			c.do(&f, cancel)
		}
		chain[i] = hooks.Define(f)
	}
	x, err := hooks.New(hooks.Config{Execution: hooks.ExecutionConfig{
		DefaultTimeout: matrixLimit, Grace: time.Millisecond, MaxStateSize: maxPageSize,
	}}, hooks.ValidatorFunc("sign", func(_ context.Context, change hooks.StateChange[page]) hooks.ValidationResult {
		switch change.After.N {
		case -1:
			return hooks.ValidationResult{Err: errBoom}
		case -2:
			time.Sleep(time.Hour)
		}
		return hooks.ValidationResult{}
	}))
	if err != nil {
		t.Fatal(err)
	}
	state, begun := newPage(), time.Now()
	report, err := x.Execute(ctx, state, chain...)
	got := seen(report, err)
	got.Took, got.State = time.Since(begun), state.String()

	goesOn := policy == hooks.Continue && !c.dead
	want := forecast{Committed: goesOn, Index: -1, Took: c.took}
	wantState := newPage()
	var wantUndone []string
	undo := func(i int) {
		wantUndone = append(wantUndone, fmt.Sprintf("h%d", i))
		want.Undone = append(want.Undone, undoSeen{Hook: fmt.Sprintf("h%d", i), Effect: hooks.EffectDone})
	}
	if c.undone {
		if undo(place); c.name == "unknown" {
			want.Undone[0].Effect = hooks.EffectUnknown
		}
	}
	for i := range chain {
		r := resultSeen{Outcome: hooks.OutcomeSkipped}
		switch {
		case i == place:
			r = resultSeen{Outcome: c.outcome, Kinds: c.kinds, Abandoned: c.abandoned, Took: c.took, Attempts: 1}
			if c.phase == hooks.PhaseValidateEvent {
				r.Attempts = 0
			} else if c.phase != hooks.PhaseExecute {
				r.Took = 0 // what judges the hook does not count
			}
		case goesOn:
			r = resultSeen{Outcome: hooks.OutcomeSucceeded, Value: i, Attempts: 1}
			wantState.write(fmt.Sprint(i))
		case i < place:
			r = resultSeen{Outcome: hooks.OutcomeSucceeded, Attempts: 1} // rolled back: no value
		}
		want.Results = append(want.Results, r)
	}
	if !goesOn {
		want.Kinds, want.Hook, want.Index, want.Phase = c.kinds, fmt.Sprintf("h%d", place), place, c.phase
		for i := place - 1; i >= 0; i-- {
			undo(i)
		}
	}
	want.State = wantState.String()
	if diff := gocmp.Diff(want, got, cmpopts.IgnoreUnexported(forecast{})); diff != "" {
		t.Errorf("%s (-want +got):\n%s", c.reason, diff)
	}

	if err := x.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if c.late {
		wantUndone = append(wantUndone, fmt.Sprintf("h%d", place))
		want.LateUndone = []undoSeen{{Hook: fmt.Sprintf("h%d", place)}}
	}
	if diff := gocmp.Diff(wantUndone, undone); diff != "" {
		t.Errorf("rolled back, in order (-want +got):\n%s", diff)
	}
	if now := state.String(); now != want.State {
		t.Errorf("the state after all has ended: got %s, want %s", now, want.State)
	}
	if goesOn {
		want.Continued = 1
	}
	if c.abandoned {
		want.Abandoned = 1
	}
	want.count(&plan{hooks: []plannedHook{{name: "h0"}, {name: "h1"}, {name: "h2"}}})
	if diff := gocmp.Diff(want.Metrics, x.Metrics(), cmpopts.IgnoreFields(hooks.HookMetrics{}, "Latency")); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

// What ended the chain is told, not what came later: neither the limit of a hook that
// was dropped, nor one of ours that passed after the caller had gone.
func TestWhatEndedTheChain(t *testing.T) {
	slowUndo := func(h hooks.Hook[page]) hooks.Hook[page] {
		return hooks.With(h, func(o *hooks.Options) { o.OnFailure, o.Timeout = hooks.Continue, 5*time.Millisecond })
	}
	undo := func(context.Context, *page) error { time.Sleep(100 * time.Millisecond); return nil }
	unknownError := slowUndo(hooks.FuncUndo("h", func(context.Context, *page) error { return hooks.Unknown(errBoom) }, undo))
	lateSuccess := slowUndo(hooks.FuncUndo("h", func(ctx context.Context, _ *page) error { <-ctx.Done(); return nil }, undo))
	cases := []struct {
		name, reason string
		hook         hooks.Hook[page]
		cancel       time.Duration
		total        time.Duration
		kinds        []string
	}{
		{"dropped for an error", "the hook's failure had been dealt with", unknownError, 20 * time.Millisecond, 0, []string{"the caller's cause"}},
		{"dropped for its own limit", "that limit had been dealt with too", lateSuccess, 20 * time.Millisecond, 0, []string{"the caller's cause"}},
		{"TotalTimeout after the caller", "the caller had gone before", unknownError, 20 * time.Millisecond, 40 * time.Millisecond, []string{"the caller's cause"}},
		{"the caller after TotalTimeout", "the time had been over before", unknownError, 40 * time.Millisecond, 20 * time.Millisecond, []string{"ErrTimeout", "DeadlineExceeded"}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x, err := hooks.New[page](hooks.Config{Execution: hooks.ExecutionConfig{Grace: time.Millisecond, TotalTimeout: tc.total}})
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancelCause(t.Context())
				defer time.AfterFunc(tc.cancel, func() { cancel(errCause) }).Stop()
				report, err := x.Execute(ctx, newPage(), tc.hook, hooks.Func("never", func(context.Context, *page) error { return nil }))
				got := seen(report, err)
				if diff := gocmp.Diff(tc.kinds, got.Kinds); diff != "" {
					t.Errorf("%s (-want +got):\n%s\n%v", tc.reason, diff, err)
				}
				if got.Hook != "" || got.Index != -1 {
					t.Errorf("hook %q (%d) is blamed, want none: %s", got.Hook, got.Index, tc.reason)
				}
				if n := x.Metrics().ContinuedFailures; n != 1 {
					t.Errorf("ContinuedFailures is %d, want 1: the hook had been dropped", n)
				}
			})
		})
	}
}
