package hooks_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"pgregory.net/rapid"

	"github.com/hooktx/hooks"
)

// drawConfig draws any Config, also one that Validate refuses.
func drawConfig(t *rapid.T) hooks.Config {
	var cfg hooks.Config
	limit := rapid.OneOf(rapid.Just(int64(0)), rapid.Just(int64(hooks.NoLimit)), rapid.Int64())
	var draw func(v reflect.Value)
	draw = func(v reflect.Value) {
		for i := range v.NumField() {
			f, name := v.Field(i), v.Type().Field(i).Name
			switch f.Kind() {
			case reflect.Struct:
				draw(f)
			case reflect.Int64:
				f.SetInt(limit.Draw(t, name))
			case reflect.Bool:
				f.SetBool(rapid.Bool().Draw(t, name))
			case reflect.String:
				f.SetString(rapid.String().Draw(t, name))
			case reflect.Slice:
				f.Set(reflect.ValueOf(rapid.SliceOfN(rapid.String(), 1, 3).Draw(t, name)))
			}
		}
	}
	draw(reflect.ValueOf(&cfg).Elem())
	return cfg
}

// A Config survives the way to JSON and back, and the text is the same each time.
func TestConfigRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := drawConfig(t)
		text, err := json.Marshal(cfg)
		require.NoError(t, err)
		var back hooks.Config
		require.NoError(t, json.Unmarshal(text, &back))
		if diff := cmp.Diff(cfg, back); diff != "" {
			t.Fatalf("by way of %s (-want +got):\n%s", text, diff)
		}
		again, err := json.Marshal(&back)
		require.NoError(t, err)
		require.Equal(t, string(text), string(again))
	})
}

func TestConfigJSON(t *testing.T) {
	text, err := json.Marshal(hooks.Config{})
	require.NoError(t, err)
	assert.Equal(t, `{}`, string(text))
	cfg := hooks.Config{
		Name: "orders", Logger: zap.NewNop(), Trace: &hooks.Trace{},
		Execution: hooks.ExecutionConfig{
			DefaultTimeout: 30 * time.Second, RollbackTimeout: hooks.NoLimit, TotalTimeout: 90 * time.Minute,
			Grace: time.Millisecond, MaxStateSize: 1 << 20, MaxAbandoned: hooks.NoLimit, MaxRounds: 7, DisableRollback: true,
		},
		Validation: hooks.ValidationConfig{SkipEvent: true, Validators: []string{"b", "a"}},
		Monitoring: hooks.MonitoringConfig{TrackChanges: true},
	}
	text, err = json.MarshalIndent(cfg, "", "  ")
	require.NoError(t, err)
	assert.Equal(t, `{
  "execution": {
    "default_timeout": "30s",
    "disable_rollback": true,
    "grace": "1ms",
    "max_abandoned": "none",
    "max_rounds": 7,
    "max_state_size": 1048576,
    "rollback_timeout": "none",
    "total_timeout": "1h30m0s"
  },
  "monitoring": {
    "track_changes": true
  },
  "name": "orders",
  "validation": {
    "skip_event": true,
    "validators": [
      "b",
      "a"
    ]
  }
}`, string(text))

	// What is not named stays as it is.
	require.NoError(t, json.Unmarshal([]byte(`{"name": "new", "execution": {"grace": "0s", "max_abandoned": 7}, "validation": null}`), &cfg))
	assert.Equal(t, "new", cfg.Name)
	assert.Zero(t, cfg.Execution.Grace)
	assert.Equal(t, int64(7), cfg.Execution.MaxAbandoned)
	assert.Equal(t, 90*time.Minute, cfg.Execution.TotalTimeout)
	assert.Equal(t, []string{"b", "a"}, cfg.Validation.Validators)
	assert.NotNil(t, cfg.Logger)
	assert.NotNil(t, cfg.Trace)
}

// The zero Config has the limits that are documented.
func TestDefaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := build[[]byte](t, hooks.Config{})
		state := make([]byte, 10<<20-1024)
		left := func(ctx context.Context) time.Duration {
			deadline, _ := ctx.Deadline()
			return time.Until(deadline)
		}
		_, err := x.Execute(t.Context(), &state, hooks.FuncUndo("h", func(ctx context.Context, s *[]byte) error {
			assert.Equal(t, 30*time.Second, left(ctx))
			*s = nil
			return nil
		}, func(ctx context.Context, _ *[]byte) error {
			assert.Equal(t, 30*time.Second, left(ctx))
			return nil
		}), hooks.Func("end", func(context.Context, *[]byte) error { return errBroken }))
		require.ErrorIs(t, err, errBroken)
		state = make([]byte, 10<<20+1)
		_, err = x.Execute(t.Context(), &state, hooks.Func("h", func(context.Context, *[]byte) error { return nil }))
		require.ErrorIs(t, err, hooks.ErrStateTooLarge)
		require.ErrorContains(t, err, "the limit is 10485760")
	})
	synctest.Test(t, func(t *testing.T) {
		x := build[int](t, limits(time.Nanosecond))
		for range 1000 {
			_, err := x.Execute(t.Context(), new(int), hooks.Func("h", func(context.Context, *int) error { time.Sleep(time.Hour); return nil }))
			require.ErrorIs(t, err, hooks.ErrTimeout)
		}
		_, err := x.Execute(t.Context(), new(int))
		require.ErrorIs(t, err, hooks.ErrTooManyAbandoned)
		require.NoError(t, x.Shutdown(t.Context()))
	})
}

// toggles has, for each setting, what can be seen of it: a function that runs
// something under cfg and tells what came of it, and what that is without the setting
// and with it.
var toggles = map[string]struct {
	set     func(*hooks.Config)
	see     func(*testing.T, hooks.Config) any
	off, on any
}{
	"name": {func(c *hooks.Config) { c.Name = "orders" }, func(t *testing.T, cfg hooks.Config) any {
		core, logs := observer.New(zap.InfoLevel)
		cfg.Logger = zap.New(core)
		_, err := build[cart](t, cfg).Execute(t.Context(), nil)
		require.Error(t, err)
		return logs.All()[0].ContextMap()["executor"]
	}, nil, "orders"},
	"execution.default_timeout": {func(c *hooks.Config) { c.Execution.DefaultTimeout = time.Second }, func(t *testing.T, cfg hooks.Config) any {
		return took(func() {
			_, err := build[cart](t, cfg).Execute(t.Context(), newCart(), hooks.Func("h", hang))
			require.ErrorIs(t, err, hooks.ErrTimeout)
		})
	}, 30 * time.Second, time.Second},
	"execution.rollback_timeout": {func(c *hooks.Config) { c.Execution.RollbackTimeout = time.Second }, func(t *testing.T, cfg hooks.Config) any {
		return took(func() {
			_, err := build[cart](t, cfg).Execute(t.Context(), newCart(), hooks.FuncUndo("h", doCart, hang), failing("end", errBroken))
			require.ErrorIs(t, err, hooks.ErrRollback)
		})
	}, 30 * time.Second, time.Second},
	"execution.total_rollback_timeout": {func(c *hooks.Config) { c.Execution.TotalRollbackTimeout = time.Second }, func(t *testing.T, cfg hooks.Config) any {
		return took(func() {
			_, err := build[cart](t, cfg).Execute(t.Context(), newCart(),
				hooks.FuncUndo("g", doCart, hang), hooks.FuncUndo("h", doCart, hang), failing("end", errBroken))
			require.ErrorIs(t, err, hooks.ErrRollback)
		})
	}, time.Minute, time.Second},
	"execution.total_timeout": {func(c *hooks.Config) { c.Execution.TotalTimeout = time.Second }, func(t *testing.T, cfg hooks.Config) any {
		return took(func() {
			_, _ = build[cart](t, cfg).Execute(t.Context(), newCart(), continuing(hooks.Func("g", hang)), hooks.Func("h", hang))
		})
	}, time.Minute, time.Second},
	"execution.grace": {func(c *hooks.Config) { c.Execution.Grace = time.Second }, func(t *testing.T, cfg hooks.Config) any {
		return took(func() {
			_, err := build[cart](t, cfg).Execute(t.Context(), newCart(), hooks.Func("h", hang))
			require.ErrorIs(t, err, hooks.ErrTimeout)
		})
	}, 30 * time.Second, 31 * time.Second},
	"execution.disable_snapshots": {func(c *hooks.Config) { c.Execution.DisableSnapshots = true }, func(t *testing.T, cfg hooks.Config) any {
		state := newCart()
		_, err := build[cart](t, cfg).Execute(t.Context(), state, hooks.Func("h", func(_ context.Context, c *cart) error { c.N = 5; return errBroken }))
		require.ErrorIs(t, err, errBroken)
		return state.N
	}, 0, 5},
	"execution.disable_rollback": {func(c *hooks.Config) { c.Execution.DisableRollback = true }, func(t *testing.T, cfg hooks.Config) any {
		var d diary
		_, err := build[cart](t, cfg).Execute(t.Context(), newCart(), noting(&d, "a", nil), failing("end", errBroken))
		require.ErrorIs(t, err, errBroken)
		return d.read()
	}, []string{"do a", "undo a"}, []string{"do a"}},
	"execution.max_state_size": {func(c *hooks.Config) { c.Execution.MaxStateSize = 10 }, func(t *testing.T, cfg hooks.Config) any {
		_, err := build[cart](t, cfg).Execute(t.Context(), newCart(), hooks.Func("h", doCart))
		return errors.Is(err, hooks.ErrStateTooLarge)
	}, false, true},
	"execution.max_abandoned": {func(c *hooks.Config) { c.Execution.MaxAbandoned = 1 }, func(t *testing.T, cfg hooks.Config) any {
		x := build[cart](t, cfg)
		_, _ = x.Execute(t.Context(), newCart(), hooks.Func("h", hang))
		_, err := x.Execute(t.Context(), newCart())
		return errors.Is(err, hooks.ErrTooManyAbandoned)
	}, false, true},
	"execution.max_rounds": {func(c *hooks.Config) { c.Execution.MaxRounds = 2 }, func(t *testing.T, cfg hooks.Config) any {
		return roundsUntilLost(t, cfg)
	}, 4, 2},
	"validation.skip_event":  {func(c *hooks.Config) { c.Validation.SkipEvent = true }, seeValidation, "event refused", "result refused"},
	"validation.skip_result": {func(c *hooks.Config) { c.Validation.SkipEvent, c.Validation.SkipResult = true, true }, seeValidation, "event refused", `validator "v": state refused`},
	"validation.skip_state": {func(c *hooks.Config) {
		c.Validation = hooks.ValidationConfig{SkipEvent: true, SkipResult: true, SkipState: true}
	}, seeValidation, "event refused", "<nil>"},
	"validation.validators": {func(c *hooks.Config) { c.Validation.Validators = []string{"c", "a"} }, func(t *testing.T, cfg hooks.Config) any {
		var d diary
		v := func(name string) hooks.Validator[cart] {
			return hooks.ValidatorFunc(name, func(context.Context, hooks.StateChange[cart]) hooks.ValidationResult {
				d.add("%s", name)
				return hooks.ValidationResult{}
			})
		}
		_, err := build(t, cfg, v("a"), v("b"), v("c")).Execute(t.Context(), newCart(), hooks.Func("h", doCart))
		require.NoError(t, err)
		return d.read()
	}, []string{"a", "b", "c"}, []string{"c", "a"}},
	"monitoring.skip_timing": {func(c *hooks.Config) { c.Monitoring.SkipTiming = true }, func(t *testing.T, cfg hooks.Config) any {
		x := build[cart](t, cfg)
		pause := func(context.Context, *cart) error { time.Sleep(time.Second); return nil }
		report, err := x.Execute(t.Context(), newCart(), hooks.FuncUndo("h", pause, pause), failing("end", errBroken))
		require.ErrorIs(t, err, errBroken)
		return fmt.Sprint(report.Duration, report.Results()[0].Duration, report.Rollbacks[0].Duration, x.Metrics().Hooks["h"].Latency.Count())
	}, "2s 1s 1s 1", "0s 0s 0s 0"},
	"monitoring.track_changes": {func(c *hooks.Config) { c.Monitoring.TrackChanges = true }, func(t *testing.T, cfg hooks.Config) any {
		report, err := build[cart](t, cfg).Execute(t.Context(), newCart(), hooks.Func("h", func(_ context.Context, c *cart) error { c.N = 5; return nil }))
		require.NoError(t, err)
		return fmt.Sprint(report.Results()[0].Changes)
	}, "[]", "[N: 0 → 5]"},
	"monitoring.detailed_logging": {func(c *hooks.Config) { c.Monitoring.DetailedLogging = true }, func(t *testing.T, cfg hooks.Config) any {
		core, logs := observer.New(zap.DebugLevel)
		cfg.Logger = zap.New(core)
		_, err := build[cart](t, cfg).Execute(t.Context(), newCart(), hooks.Func("h", doCart))
		require.NoError(t, err)
		return logs.Len() > 0
	}, false, true},
}

func hang(context.Context, *cart) error { time.Sleep(time.Hour); return nil }

func took(fn func()) time.Duration {
	begun := time.Now()
	fn()
	return time.Since(begun)
}

// seeValidation tells which of three refusals an execution met.
func seeValidation(t *testing.T, cfg hooks.Config) any {
	refuse := hooks.ValidatorFunc("v", func(context.Context, hooks.StateChange[cart]) hooks.ValidationResult {
		return hooks.ValidationResult{Err: errors.New("state refused")}
	})
	_, err := build(t, cfg, refuse).Execute(t.Context(), newCart(), hooks.Define(hooks.Funcs[cart]{
		Name:           "h",
		Execute:        func(context.Context, *cart) (any, error) { return nil, nil },
		ValidateEvent:  func(context.Context, *cart) error { return errors.New("event refused") },
		ValidateResult: func(context.Context, any) error { return errors.New("result refused") },
	}))
	if err == nil {
		return "<nil>"
	}
	text := failureOf(t, err).Err.Error()
	for _, class := range []error{hooks.ErrInvalidEvent, hooks.ErrInvalidResult, hooks.ErrInvalidState} {
		if errors.Is(err, class) {
			text = text[len(class.Error()+": "):]
		}
	}
	return text
}

// Every setting does something.
func TestEveryToggleHasAnEffect(t *testing.T) {
	for path, tt := range toggles {
		t.Run(path, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				defer time.Sleep(2 * time.Hour)
				assert.Equal(t, tt.off, tt.see(t, hooks.Config{}))
				var cfg hooks.Config
				tt.set(&cfg)
				assert.Equal(t, tt.on, tt.see(t, cfg))
			})
		})
	}
	var known []string
	var collect func(prefix string, typ reflect.Type)
	collect = func(prefix string, typ reflect.Type) {
		for f := range typ.Fields() {
			switch name := f.Tag.Get("json"); {
			case name == "-":
			case f.Type.Kind() == reflect.Struct:
				collect(prefix+name+".", f.Type)
			default:
				known = append(known, prefix+name)
			}
		}
	}
	collect("", reflect.TypeFor[hooks.Config]())
	slices.Sort(known)
	assert.Equal(t, known, slices.Sorted(maps.Keys(toggles)), "a setting without a test")
}

// Without snapshots hooks work on the caller's state itself. What needs a copy is
// refused, and what cannot be copied is not.
func TestDisableSnapshots(t *testing.T) {
	cfg := hooks.Config{}
	cfg.Execution.DisableSnapshots, cfg.Execution.MaxStateSize, cfg.Monitoring.TrackChanges = true, 1, true
	var d diary
	x := build(t, cfg, hooks.ValidatorFunc("v", func(_ context.Context, c hooks.StateChange[cart]) hooks.ValidationResult {
		d.add("%s: before %v, %v, size %d, after %d", c.Hook, c.Before, c.Changes(), c.Size, c.After.N)
		return hooks.ValidationResult{}
	}))
	state := newCart()
	state.Shared["conn"] = &net.TCPConn{}
	same := hooks.Define(hooks.Funcs[cart]{
		Name:          "same",
		ValidateEvent: func(_ context.Context, c *cart) error { assert.Same(t, state, c); return nil },
		Execute:       func(_ context.Context, c *cart) (any, error) { assert.Same(t, state, c); c.N = 1; return nil, nil },
		Rollback:      func(_ context.Context, c *cart) error { assert.Same(t, state, c); c.N = -1; return nil },
	})
	report, err := x.Execute(t.Context(), state, same)
	require.NoError(t, err)
	assert.Empty(t, report.Results()[0].Changes)
	assert.Equal(t, 1, state.N)
	_, err = x.Execute(t.Context(), state, same, failing("end", io.EOF))
	require.ErrorIs(t, err, io.EOF)
	assert.Equal(t, -1, state.N)
	d.require(t, "same: before <nil>, [], size 0, after 1", "same: before <nil>, [], size 0, after 1")

	_, err = x.Execute(t.Context(), state, hooks.Func("fine", doCart), continuing(hooks.Func("h", doCart)))
	require.ErrorIs(t, err, hooks.ErrUnsupported)
	require.ErrorContains(t, err, "Continue needs snapshots, and DisableSnapshots is set")
	assert.Equal(t, "h", failureOf(t, err).Hook)
	assert.Equal(t, 1, failureOf(t, err).Index)
	_, err = x.DryRun(t.Context(), state)
	require.ErrorIs(t, err, hooks.ErrUnsupported)
	require.ErrorContains(t, err, "a dry run needs snapshots")
}

// An executor keeps the Config that it was made with.
func TestConfigIsCopied(t *testing.T) {
	names := []string{"a"}
	var asked []string
	v := func(name string) hooks.Validator[cart] {
		return hooks.ValidatorFunc(name, func(context.Context, hooks.StateChange[cart]) hooks.ValidationResult {
			asked = append(asked, name)
			return hooks.ValidationResult{}
		})
	}
	x := build(t, hooks.Config{Validation: hooks.ValidationConfig{Validators: names}}, v("a"), v("b"))
	names[0] = "b"
	_, err := x.Execute(t.Context(), newCart(), hooks.Func("h", doCart))
	require.NoError(t, err)
	assert.Equal(t, []string{"a"}, asked)
}

// JSON that only looks like a setting is refused.
func TestConfigJSONThatOnlyLooksRight(t *testing.T) {
	for text, want := range map[string]string{
		`{"execution.grace": "1s"}`:             `unknown key "execution.grace"`,
		`{"name": null}`:                        "name: want a string, got null; leave it out",
		`{"validation": {"validators": null}}`:  "validation.validators: want",
		`{"monitoring": {"skip_timing": null}}`: "monitoring.skip_timing: want",
	} {
		c := hooks.Config{Name: "before"}
		err := json.Unmarshal([]byte(text), &c)
		require.ErrorIs(t, err, hooks.ErrInvalidConfig, text)
		assert.ErrorContains(t, err, want)
		assert.Equal(t, "before", c.Name)
	}
}
