package hooks_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"runtime"
	"strconv"
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

// asking is a hook whose Name and Options are functions.
type asking struct {
	name    func() string
	options func() hooks.Options
}

func (a asking) Name() string                                { return a.name() }
func (a asking) Execute(context.Context, *cart) (any, error) { return nil, nil }
func (a asking) Options() hooks.Options {
	if a.options == nil {
		return hooks.Options{}
	}
	return a.options()
}

func named(name string) func() string { return func() string { return name } }

// plainHook lends its two methods to the hooks below.
type plainHook struct{}

func (plainHook) Name() string                                { return "odd" }
func (plainHook) Execute(context.Context, *cart) (any, error) { return nil, nil }

type (
	oddRollback struct{ plainHook }
	oddEvent    struct{ plainHook }
	oddResult   struct{ plainHook }
	oddOptions  struct{ plainHook }
	byPointer   struct{ plainHook }
)

func (oddRollback) Rollback(context.Context) error             { return nil }
func (oddEvent) ValidateEvent(context.Context, cart) error     { return nil }
func (oddResult) ValidateResult(context.Context, string) error { return nil }
func (oddOptions) Options() *hooks.Options                     { return nil }
func (*byPointer) Rollback(context.Context, *cart) error       { return nil }
func (*plainNil) Name() string                                 { panic("not reached by a nil hook") }
func (*plainNil) Execute(context.Context, *cart) (any, error)  { return nil, nil }

type plainNil struct{}

func doCart(context.Context, *cart) error { return nil }

// What is wrong with a chain is told before any hook of it runs: which hook, and
// what to do.
func TestBadHooksAreRefused(t *testing.T) {
	define := func(f hooks.Funcs[cart]) hooks.Hook[cart] {
		f.Name = "bad"
		if f.Execute == nil {
			f.Execute = func(context.Context, *cart) (any, error) { return nil, nil }
		}
		return hooks.Define(f)
	}
	tests := []struct {
		why  string
		bad  hooks.Hook[cart]
		is   error
		hook string // which hook the error names; empty if it has no name
		text string
	}{
		{"a nil hook", nil, hooks.ErrInvalidHook, "", "hook 1: hook is nil"},
		{"a typed nil hook whose methods do not take it", (*plainNil)(nil), hooks.ErrInvalidHook, "", "hook 1: its Name or Options did not return: panic: not reached by a nil hook"},
		{"Func without a function", hooks.Func[cart]("bad", nil), hooks.ErrInvalidHook, "bad", "nil Execute function"},
		{"FuncUndo without a function", hooks.FuncUndo("bad", nil, doCart), hooks.ErrInvalidHook, "bad", "nil Execute function"},
		{"Define without Execute", hooks.Define(hooks.Funcs[cart]{Name: "bad"}), hooks.ErrInvalidHook, "bad", "nil Execute function"},
		{"With of nothing", hooks.With[cart](nil, func(*hooks.Options) {}), hooks.ErrInvalidHook, "", "hook 1: hook is nil"},
		{"With without an edit", hooks.With(hooks.Func("bad", doCart), nil), hooks.ErrInvalidHook, "bad", "without an edit function"},
		{"With with an edit that panics", hooks.With(hooks.Func("bad", doCart), func(*hooks.Options) { panic("edit") }), hooks.ErrPanic, "", "panic: edit"},
		{"no name", hooks.Func("", doCart), hooks.ErrInvalidHook, "", "hook 1: hook has an empty name"},
		{"a name with a slash", hooks.Func("a/b", doCart), hooks.ErrInvalidHook, "a/b", `contains "/" or "#"`},
		{"a name with a hash", hooks.Func("a#1", doCart), hooks.ErrInvalidHook, "a#1", `contains "/" or "#"`},
		{"the same name twice", hooks.Func("canary", doCart), hooks.ErrDuplicateHook, "canary", `hook 1: duplicate hook "canary": it is hook 0 already`},
		{"a negative limit", define(hooks.Funcs[cart]{Options: hooks.Options{Timeout: -time.Second}}), hooks.ErrInvalidHook, "bad", "negative Timeout (-1s); 0 means the default, NoLimit none"},
		{"a negative limit by With", hooks.With(hooks.Func("bad", doCart), func(o *hooks.Options) { o.Timeout = -1 }), hooks.ErrInvalidHook, "bad", "negative Timeout (-1ns)"},
		{"an unknown policy", define(hooks.Funcs[cart]{Options: hooks.Options{OnFailure: 7}}), hooks.ErrInvalidHook, "bad", "unknown OnFailure policy (FailurePolicy(7)); use Abort or Continue"},
		{"Rollback without a state", oddRollback{}, hooks.ErrInvalidHook, "odd", "method Rollback that would never be called: its signature must be func(context.Context, *hooks_test.cart) error"},
		{"ValidateEvent of a value", oddEvent{}, hooks.ErrInvalidHook, "odd", "method ValidateEvent that would never be called"},
		{"ValidateResult of a type", oddResult{}, hooks.ErrInvalidHook, "odd", "method ValidateResult that would never be called: its signature must be func(context.Context, interface {}) error"},
		{"Options of a pointer", oddOptions{}, hooks.ErrInvalidHook, "odd", "method Options that would never be called: its signature must be func() hooks.Options"},
		{"an ability that only the pointer has", byPointer{}, hooks.ErrInvalidHook, "odd", "Rollback"},
		{"Name panics", asking{name: func() string { panic("no name") }}, hooks.ErrPanic, "", "hook 1: its Name or Options did not return: panic: no name"},
		{"Name exits", asking{name: func() string { runtime.Goexit(); return "" }}, hooks.ErrExited, "", "hook 1: its Name or Options did not return"},
		{"Name hangs", asking{name: func() string { time.Sleep(time.Hour); return "" }}, hooks.ErrTimeout, "", "hook 1: its Name or Options did not return"},
		{"Options panics", asking{name: named("bad"), options: func() hooks.Options { panic("no options") }}, hooks.ErrPanic, "", "hook 1: its Name or Options did not return: panic: no options"},
		{"Options exits", asking{name: named("bad"), options: func() hooks.Options { runtime.Goexit(); return hooks.Options{} }}, hooks.ErrExited, "", "hook 1: its Name or Options did not return"},
		{"Options hangs", asking{name: named("bad"), options: func() hooks.Options { time.Sleep(time.Hour); return hooks.Options{} }}, hooks.ErrTimeout, "", "hook 1: its Name or Options did not return"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				defer time.Sleep(2 * time.Hour) // whatever hangs ends by then
				x := build[cart](t, limits(time.Second))
				var ran atomic.Int64
				canary := hooks.Func("canary", func(context.Context, *cart) error { ran.Add(1); return nil })
				state, begun := newCart(), time.Now()
				report, err := x.Execute(t.Context(), state, canary, tt.bad)
				require.Error(t, err)
				require.ErrorContains(t, err, tt.text)
				require.ErrorIs(t, err, tt.is)
				if tt.is != hooks.ErrDuplicateHook {
					require.ErrorIs(t, err, hooks.ErrInvalidHook)
				}
				xe := failureOf(t, err)
				assert.Equal(t, hooks.PhasePrepare, xe.Phase)
				assert.Equal(t, tt.hook, xe.Hook)
				assert.Equal(t, 1, xe.Index, "the place of the hook that is to blame")
				assert.Equal(t, report.Execution, xe.Execution)
				assert.Empty(t, report.Results())
				assert.False(t, report.Committed)
				assert.LessOrEqual(t, time.Since(begun), time.Second)
				assert.Zero(t, ran.Load())
				requireCart(t, newCart(), state)
				m := x.Metrics()
				assert.Equal(t, int64(1), m.Refused)
				assert.Zero(t, m.Executions)
				assert.Contains(t, report.String(), "refused")
				time.Sleep(2 * time.Hour)
				require.NoError(t, x.Shutdown(t.Context()))
			})
		})
	}
}

// What is wrong with the rest is told likewise: no hook is to blame.
func TestBadCallsAreRefused(t *testing.T) {
	why := errors.New("the user left")
	cancelled, cancel := context.WithCancelCause(context.Background())
	cancel(why)
	tooLate, stop := context.WithDeadline(context.Background(), time.Unix(1, 0))
	defer stop()
	big := newCart()
	big.Shared["big"] = make([]byte, 4096)
	conn := newCart()
	conn.Shared["deep"] = []any{1, map[string]any{"conn": &net.TCPConn{}}}
	tests := []struct {
		why   string
		ctx   context.Context
		state *cart
		is    error
		text  string
	}{
		{"no context", nil, newCart(), hooks.ErrInvalidArgument, "hooks: prepare: the context is nil; pass context.Background()"},
		{"no state", context.Background(), nil, hooks.ErrInvalidArgument, "hooks: prepare: the state is nil; pass a pointer"},
		{"a cancelled context", cancelled, newCart(), why, "hooks: prepare: the user left"},
		{"a deadline in the past", tooLate, newCart(), context.DeadlineExceeded, "hooks: prepare: context deadline exceeded"},
		{"a cause that is missing, of a context that has not noticed its own end", &foreignContext{deadline: time.Unix(1, 0)}, newCart(), context.DeadlineExceeded, "hooks: prepare: context deadline exceeded"},
		{"an empty id", hooks.WithExecutionID(context.Background(), ""), newCart(), hooks.ErrInvalidArgument, "execution id given to WithExecutionID is empty"},
		{"an id with a slash", hooks.WithExecutionID(context.Background(), "a/b"), newCart(), hooks.ErrInvalidArgument, `execution id "a/b" contains "/" or "#"`},
		{"an id with a hash", hooks.WithExecutionID(context.Background(), "a#1"), newCart(), hooks.ErrInvalidArgument, `execution id "a#1" contains "/" or "#"`},
		{"a state that is too large", context.Background(), big, hooks.ErrStateTooLarge, "state too large: value is too large to copy: it needs at least"},
		{"the limit is named", context.Background(), big, hooks.ErrStateTooLarge, "the limit is 3000"},
		{"a state that cannot be copied", context.Background(), conn, hooks.ErrNotCopyable, `cannot copy cart.Shared["deep"][1]["conn"]: *net.TCPConn`},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			cfg := hooks.Config{}
			cfg.Execution.MaxStateSize = 3000
			x := build[cart](t, cfg)
			var ran atomic.Int64
			canary := hooks.Func("canary", func(context.Context, *cart) error { ran.Add(1); return nil })
			want := new(cart)
			if tt.state != nil {
				*want = *tt.state
			}
			for name, run := range map[string]func(context.Context, *cart, ...hooks.Hook[cart]) (*hooks.Report, error){
				"Execute": x.Execute, "DryRun": x.DryRun,
			} {
				report, err := run(tt.ctx, tt.state, canary)
				require.ErrorIs(t, err, tt.is, name)
				require.ErrorContains(t, err, tt.text)
				xe := failureOf(t, err)
				assert.Equal(t, hooks.PhasePrepare, xe.Phase)
				assert.Empty(t, xe.Hook)
				assert.Equal(t, -1, xe.Index)
				assert.Zero(t, ran.Load())
				require.NotNil(t, report)
				assert.Empty(t, report.Results())
				if tt.state != nil {
					if diff := cmp.Diff(want, tt.state, cmp.AllowUnexported(cart{}), cmpopts.IgnoreTypes(&net.TCPConn{})); diff != "" {
						t.Errorf("state (-want +got):\n%s", diff)
					}
				}
			}
			err := x.Isolate(tt.ctx, tt.state, "canary", func(context.Context, *cart) error { ran.Add(1); return nil })
			require.ErrorIs(t, err, tt.is)
			assert.Zero(t, ran.Load())
			assert.Equal(t, int64(3), x.Metrics().Refused)
		})
	}
}

// An execution that is refused for its caller's context asks the hooks nothing.
func TestDeadContextAsksNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	asked := false
	_, err := build[cart](t, hooks.Config{}).Execute(ctx, newCart(), asking{name: func() string { asked = true; return "h" }})
	require.ErrorIs(t, err, context.Canceled)
	assert.False(t, asked)
}

// A hook that hangs when it is asked for its name does not get hold of the caller's
// list of hooks.
func TestHangingNameHoldsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chain := []hooks.Hook[cart]{
			asking{name: func() string { time.Sleep(time.Hour); return "first" }},
			asking{name: named("second")},
		}
		_, err := build[cart](t, limits(time.Second)).Execute(t.Context(), newCart(), chain...)
		require.ErrorIs(t, err, hooks.ErrTimeout)
		time.Sleep(time.Minute)
		chain[1] = nil // under the race detector: nobody reads it
		time.Sleep(time.Hour)
	})
}

func TestIsolateWithoutFunctionIsRefused(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	err := x.Isolate(t.Context(), newCart(), "alone", nil)
	require.ErrorIs(t, err, hooks.ErrInvalidHook)
	require.ErrorContains(t, err, "nil Execute function")
	xe := failureOf(t, err)
	assert.Equal(t, "alone", xe.Hook)
	assert.Zero(t, xe.Index)
	_, err = hooks.Run[cart](t.Context(), nil)
	require.ErrorIs(t, err, hooks.ErrInvalidArgument)
}

func TestShutExecutorRefuses(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	require.NoError(t, x.Shutdown(t.Context()))
	report, err := x.Execute(t.Context(), newCart(), hooks.Func("h", doCart))
	require.ErrorIs(t, err, hooks.ErrClosed)
	require.ErrorContains(t, err, "hooks: prepare: executor is shut down")
	assert.Empty(t, report.Results())
	assert.Equal(t, -1, failureOf(t, err).Index)
	require.NoError(t, x.Shutdown(t.Context()), "it may be called more than once")
}

// A register function without a function says so, and registers nothing.
func TestNilStepIsRefused(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	_, err := x.Execute(t.Context(), newCart(), hooks.Func("h", func(ctx context.Context, _ *cart) error {
		for name, register := range registers {
			err := register(ctx, nil)
			assert.ErrorIs(t, err, hooks.ErrInvalidArgument)
			assert.EqualError(t, err, "hooks: "+name+" was given a nil function")
		}
		return nil
	}))
	require.NoError(t, err)
}

var registers = map[string]func(context.Context, func(context.Context) error) error{
	"OnRollback": hooks.OnRollback, "BeforeCommit": hooks.BeforeCommit, "OnCommit": hooks.OnCommit,
}

// A validator is asked for its name when the executor is made.
func TestBadValidatorsAreRefused(t *testing.T) {
	valid := func(context.Context, hooks.StateChange[cart]) hooks.ValidationResult { return hooks.ValidationResult{} }
	fine := hooks.ValidatorFunc("fine", valid)
	tests := []struct {
		why    string
		chosen []string
		given  []hooks.Validator[cart]
		text   string
	}{
		{"a nil validator", nil, []hooks.Validator[cart]{fine, nil}, "validator 1 is nil"},
		{"a nil function", nil, []hooks.Validator[cart]{hooks.ValidatorFunc[cart]("empty", nil)}, `validator 0 ("empty") has a nil function`},
		{"no name", nil, []hooks.Validator[cart]{hooks.ValidatorFunc("", valid)}, "validator 0 has an empty name"},
		{"the same name twice", nil, []hooks.Validator[cart]{fine, hooks.ValidatorFunc("fine", valid)}, `validator 1 has the name "fine", which another has already`},
		{"Name panics", nil, []hooks.Validator[cart]{nameless{panicString}}, "validator 0 has a Name method that did not return: panic: "},
		{"Name exits", nil, []hooks.Validator[cart]{nameless{runtime.Goexit}}, "validator 0 has a Name method that did not return: goroutine exited without returning"},
		{"Name hangs", nil, []hooks.Validator[cart]{nameless{func() { time.Sleep(time.Hour) }}}, "validator 0 has a Name method that did not return: time limit of 30s for the Name method of the validator exceeded"},
		{"an unknown one is chosen", []string{"fine", "other"}, []hooks.Validator[cart]{fine}, `validation.validators[1] names "other", which was not given to New`},
		{"one is chosen twice", []string{"fine", "fine"}, []hooks.Validator[cart]{fine}, `validation.validators[1] names "fine" again`},
		{"an empty one is chosen", []string{""}, []hooks.Validator[cart]{fine}, `validation.validators[0] names "", which was not given to New`},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				defer time.Sleep(2 * time.Hour) // whatever hangs ends by then
				x, err := hooks.New(hooks.Config{Validation: hooks.ValidationConfig{Validators: tt.chosen}}, tt.given...)
				require.ErrorIs(t, err, hooks.ErrInvalidConfig)
				require.ErrorContains(t, err, tt.text)
				assert.Nil(t, x)
			})
		})
	}
}

type nameless struct{ fn func() }

func (n nameless) Name() string { n.fn(); return "never" }
func (n nameless) Validate(context.Context, hooks.StateChange[cart]) hooks.ValidationResult {
	return hooks.ValidationResult{}
}

// Everything that is wrong with a Config is told at once.
func TestBadConfigIsRefused(t *testing.T) {
	cfg := hooks.Config{
		Execution: hooks.ExecutionConfig{
			DefaultTimeout: -1, RollbackTimeout: -2, TotalRollbackTimeout: -3, TotalTimeout: -4, Grace: -5,
			MaxStateSize: -6, MaxAbandoned: -7, MaxRounds: -8,
		},
		Validation: hooks.ValidationConfig{Validators: []string{"a", "a"}},
	}
	for name, err := range map[string]error{"Validate": cfg.Validate(), "New": second(hooks.New[cart](cfg))} {
		require.ErrorIs(t, err, hooks.ErrInvalidConfig, name)
		for _, text := range []string{
			"execution.default_timeout is negative (-1ns)", "execution.rollback_timeout is negative (-2ns)",
			"execution.total_rollback_timeout is negative (-3ns)", "execution.total_timeout is negative (-4ns)",
			"execution.grace is negative (-5ns)", "execution.max_state_size is negative (-6)",
			"execution.max_abandoned is negative (-7)", "execution.max_rounds is negative (-8)", `validation.validators[1] names "a" again`,
		} {
			require.ErrorContains(t, err, text, name)
		}
	}
	require.NoError(t, hooks.Config{}.Validate())
	err := hooks.Config{Execution: hooks.ExecutionConfig{Grace: hooks.NoLimit}}.Validate()
	require.ErrorIs(t, err, hooks.ErrInvalidConfig)
	require.ErrorContains(t, err, "execution.grace is NoLimit; a hook that never ends would never be abandoned")
}

func second[A any](_ A, err error) error { return err }

// JSON that is no configuration is refused, with the name of the setting, and leaves
// the Config as it was.
func TestBadConfigJSONIsRefused(t *testing.T) {
	tests := []struct{ why, json, text string }{
		{"no object", `[]`, "the configuration must be an object"},
		{"a section that is none", `{"execution": 3}`, "execution must be an object"},
		{"an unknown key", `{"label_of": "x"}`, "unknown key label_of"},
		{"an unknown key in a section", `{"execution": {"default_timeuot": "1s"}}`, "unknown key execution.default_timeuot"},
		{"two unknown keys", `{"zoo": 1, "execution": {"ant": 1}}`, "unknown key execution.ant, zoo"},
		{"a key is known as it is written", `{"execution": {"Default_Timeout": "1s"}}`, "unknown key execution.Default_Timeout"},
		{"a section is no setting", `{"execution.grace": {"x": 1}}`, "execution.grace"},
		{"a number is no duration", `{"execution": {"default_timeout": 30}}`, `execution.default_timeout: want a duration such as "30s", or "none", got 30`},
		{"a duration without a unit", `{"execution": {"grace": "30"}}`, `execution.grace: want a duration such as "30s", or "none", got "30"`},
		{"null is no duration", `{"execution": {"total_timeout": null}}`, `execution.total_timeout: want a duration`},
		{"a string is no size", `{"execution": {"max_state_size": "10MB"}}`, `execution.max_state_size: want a whole number, or "none", got "10MB"`},
		{"a fraction is no size", `{"execution": {"max_abandoned": 1.5}}`, `execution.max_abandoned: want a whole number`},
		{"a string is no switch", `{"validation": {"skip_state": "yes"}}`, `validation.skip_state: want true or false, got "yes"`},
		{"a list is wanted", `{"validation": {"validators": "a"}}`, `validation.validators: want a list of strings, got "a"`},
		{"a list of strings", `{"validation": {"validators": ["b", 1]}}`, `validation.validators: want a list of strings`},
		{"a name is a string", `{"name": 1}`, "name: want a string, got 1"},
		{"a long value is cut", `{"name": [` + strings.Repeat("1,", 100) + `1]}`, "name: want a string, got [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1…"},
		{"a good setting before a bad one", `{"name": "new", "validation": {"validators": ["new"]}, "monitoring": {"skip_timing": 1}}`, "monitoring.skip_timing: want true or false, got 1"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			old := func() hooks.Config {
				return hooks.Config{Name: "old", Validation: hooks.ValidationConfig{Validators: []string{"old", "older"}}}
			}
			cfg := old()
			err := json.Unmarshal([]byte(tt.json), &cfg)
			require.ErrorIs(t, err, hooks.ErrInvalidConfig)
			require.ErrorContains(t, err, tt.text)
			if diff := cmp.Diff(old(), cfg); diff != "" {
				t.Errorf("config (-want +got):\n%s", diff)
			}
		})
	}
}

// What a Config is decoded into does not reach back into where its lists came from.
func TestConfigJSONSharesNoList(t *testing.T) {
	base := hooks.Config{Validation: hooks.ValidationConfig{Validators: []string{"one", "two"}}}
	derived := base
	require.NoError(t, json.Unmarshal([]byte(`{"validation": {"validators": ["three"]}}`), &derived))
	assert.Equal(t, []string{"one", "two"}, base.Validation.Validators)
	assert.Equal(t, []string{"three"}, derived.Validation.Validators)
}

// A result that comes with an error is dropped, and a chain that failed has none.
func TestValueWithErrorIsDropped(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	both := continuing(hooks.Define(hooks.Funcs[cart]{Name: "both", Execute: func(_ context.Context, c *cart) (any, error) {
		c.N = 9
		return "value", errBroken
	}}))
	state := newCart()
	report, err := x.Execute(t.Context(), state, both)
	require.NoError(t, err)
	assert.Nil(t, report.Results()[0].Value)
	assert.Empty(t, report.Values())
	requireCart(t, newCart(), state)
}

type nilError struct{ text string }

func (e *nilError) Error() string { return e.text }

// A nil pointer in an error is no success, and the text says how it comes.
func TestTypedNilError(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	state := newCart()
	_, err := x.Execute(t.Context(), state, hooks.Func("h", func(_ context.Context, c *cart) error {
		c.N = 1
		var e *nilError
		return e
	}))
	require.EqualError(t, err, `hooks: execute "h": a nil *hooks_test.nilError in an error interface, which is not a nil error; return a plain nil for success`)
	requireCart(t, newCart(), state)
	var e *nilError
	require.ErrorAs(t, err, &e)
	assert.Nil(t, e)
}

// A hostile error runs fn in one of its methods.
type hostile struct {
	in string
	fn func()
}

func (h *hostile) Error() string {
	if h.in == "Error" {
		h.fn()
	}
	return "hostile"
}

func (h *hostile) Is(error) bool {
	if h.in == "Is" {
		h.fn()
	}
	return false
}

func (h *hostile) Unwrap() error {
	if h.in == "Unwrap" {
		h.fn()
	}
	return io.EOF
}

// An error whose methods do not behave is contained like any code of a user, and
// kept out of reach: whoever asks the report or the error calls none of them.
func TestHostileErrorsAreContained(t *testing.T) {
	places := []struct {
		why   string
		chain func(err error) []hooks.Hook[cart]
	}{
		{"returned", func(err error) []hooks.Hook[cart] { return []hooks.Hook[cart]{failing("h", err)} }},
		{"panicked with", func(err error) []hooks.Hook[cart] {
			return []hooks.Hook[cart]{hooks.Func("h", func(context.Context, *cart) error { panic(err) })}
		}},
		{"wrapped", func(err error) []hooks.Hook[cart] {
			return []hooks.Hook[cart]{hooks.Func("h", func(context.Context, *cart) error { return hooks.Reject("no: %w", err) })}
		}},
		{"by ValidateEvent", func(err error) []hooks.Hook[cart] {
			return []hooks.Hook[cart]{hooks.Define(hooks.Funcs[cart]{Name: "h",
				Execute:       func(context.Context, *cart) (any, error) { return nil, nil },
				ValidateEvent: func(context.Context, *cart) error { return err }})}
		}},
		{"by Rollback", func(err error) []hooks.Hook[cart] {
			return []hooks.Hook[cart]{
				hooks.FuncUndo("h", doCart, func(context.Context, *cart) error { return err }), failing("end", errBroken)}
		}},
		{"by OnCommit", func(err error) []hooks.Hook[cart] {
			return []hooks.Hook[cart]{hooks.Func("h", func(ctx context.Context, _ *cart) error {
				return hooks.OnCommit(ctx, func(context.Context) error { return err })
			})}
		}},
	}
	ways := []struct {
		why string
		fn  func()
	}{{"panics", panicNilMap}, {"exits", runtime.Goexit}, {"hangs", func() { time.Sleep(time.Hour) }}}
	for _, method := range []string{"Error", "Is", "Unwrap"} {
		for _, way := range ways {
			for _, place := range places {
				t.Run(method+" "+way.why+" "+place.why, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						defer time.Sleep(2 * time.Hour)
						cfg := limits(time.Second)
						cfg.Execution.RollbackTimeout = time.Second
						x := build[cart](t, cfg)
						state, begun := newCart(), time.Now()
						report, err := x.Execute(t.Context(), state, place.chain(&hostile{method, way.fn})...)
						assert.LessOrEqual(t, time.Since(begun), 2*time.Second)
						if place.why == "by OnCommit" {
							require.NoError(t, err)
							require.Error(t, report.AfterCommit[0].Err)
						} else {
							requireCart(t, newCart(), state)
							asked := time.Now()
							text := err.Error()
							assert.NotEmpty(t, text)
							assert.False(t, errors.Is(err, net.ErrClosed))
							assert.Zero(t, time.Since(asked))
						}
						assert.NotEmpty(t, report.String())
						_, jsonErr := json.Marshal(report)
						require.NoError(t, jsonErr)
						time.Sleep(2 * time.Hour)
						require.NoError(t, x.Shutdown(t.Context()))
					})
				})
			}
		}
	}
}

// Errors of well-known types are made by hand, and not always well.
func TestHandMadeErrorsAreContained(t *testing.T) {
	trip := &hostile{"Error", func() { panic("tripped") }}
	for why, err := range map[string]error{
		"an ExecutionError of nothing":                  &hooks.ExecutionError{},
		"an ExecutionError without a cause":             &hooks.ExecutionError{Rollbacks: []hooks.RollbackResult{{Err: trip}}},
		"an ExecutionError with an undo that went well": &hooks.ExecutionError{Err: io.EOF, Rollbacks: []hooks.RollbackResult{{Hook: "h"}}},
		"an ExecutionError with an undo that is odd":    &hooks.ExecutionError{Err: io.EOF, Rollbacks: []hooks.RollbackResult{{Err: trip}}},
		"a nil ExecutionError":                          (*hooks.ExecutionError)(nil),
		"a PanicError of nothing":                       &hooks.PanicError{},
		"a PanicError of an odd error":                  &hooks.PanicError{Value: trip},
		"a PathError without a cause":                   &fs.PathError{},
		"a PathError of an odd error":                   &fs.PathError{Err: trip},
		"a NumError without a cause":                    &strconv.NumError{},
		"a nil NumError":                                (*strconv.NumError)(nil),
		"an odd error, joined":                          errors.Join(io.EOF, trip),
		"an odd error, wrapped twice":                   fmt.Errorf("one: %w", hooks.Unknown(trip)),
		"many errors":                                   manyErrors(15),
	} {
		t.Run(why, func(t *testing.T) {
			x := build[cart](t, hooks.Config{})
			for _, h := range []hooks.Hook[cart]{
				failing("h", err),
				hooks.Func("h", func(context.Context, *cart) error { panic(err) }),
			} {
				state := newCart()
				report, got := x.Execute(t.Context(), state, h)
				require.Error(t, got)
				requireCart(t, newCart(), state)
				assert.NotEmpty(t, got.Error())
				assert.False(t, errors.Is(got, net.ErrClosed))
				assert.NotEmpty(t, report.String())
			}
		})
	}
}

// manyErrors joins errors to a tree of the given depth.
func manyErrors(depth int) error {
	err := io.EOF
	for range depth {
		err = errors.Join(err, err)
	}
	return err
}

// The methods of an error have no more time than the call that returned it: the
// caller's deadline holds.
func TestHangingErrorDoesNotOutstayTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer time.Sleep(2 * time.Hour)
		x := build[cart](t, limits(time.Minute))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		_, err := x.Execute(ctx, newCart(), failing("h", &hostile{"Error", func() { time.Sleep(time.Hour) }}))
		require.Error(t, err)
		assert.LessOrEqual(t, time.Since(begun), 2*time.Second)
	})
}

// A hook may use the executor that runs it, but not wait for itself.
func TestHookUsesItsExecutor(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	state, inner := newCart(), newCart()
	_, err := x.Execute(t.Context(), state, hooks.Func("outer", func(ctx context.Context, c *cart) error {
		c.N = 1
		if _, err := x.Execute(ctx, inner, hooks.Func("inner", func(_ context.Context, c *cart) error { c.N = 2; return nil })); err != nil {
			return err
		}
		m := x.Metrics()
		assert.Equal(t, int64(1), m.Executions, "the inner one has ended, the outer one has not")
		assert.Empty(t, x.Abandoned())
		err := x.Shutdown(ctx)
		assert.ErrorIs(t, err, hooks.ErrReentrant)
		return nil
	}))
	require.NoError(t, err)
	assert.Equal(t, []int{1, 2}, []int{state.N, inner.N})
	require.NoError(t, x.Shutdown(t.Context()))
}

// foreignContext is a context of a type that package context does not know: Err
// and Done tell nothing of the deadline.
type foreignContext struct {
	deadline time.Time
	done     chan struct{}
	err      atomic.Pointer[error]
}

func (c *foreignContext) Deadline() (time.Time, bool) { return c.deadline, !c.deadline.IsZero() }
func (c *foreignContext) Done() <-chan struct{}       { return c.done }
func (c *foreignContext) Value(any) any               { return nil }
func (c *foreignContext) Err() error {
	if err := c.err.Load(); err != nil {
		return *err
	}
	return nil
}

func (c *foreignContext) String() string { return fmt.Sprintf("foreign until %v", c.deadline) }
