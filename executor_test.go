package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"slices"
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

// A cart is the state of most tests: it has one of everything that can be shared by
// mistake.
type cart struct {
	Name   string
	Tags   map[string]map[string]int
	Lines  []line
	Best   *line
	Shared map[string]any
	N      int
	note   string
}

type line struct {
	SKU string
	Qty int
}

func newCart() *cart {
	return &cart{
		Name:   "cart",
		Tags:   map[string]map[string]int{"color": {"red": 1, "blue": 2}},
		Lines:  []line{{"a", 1}, {"b", 2}, {"c", 3}},
		Best:   &line{"best", 9},
		Shared: map[string]any{"limits": map[string]any{"max": 3}, "none": nil},
		note:   "private",
	}
}

// scribble writes into every part of c.
func scribble(c *cart) {
	c.Name = "scribbled"
	c.Tags["color"]["red"] = -1
	delete(c.Tags["color"], "blue")
	c.Tags["new"] = map[string]int{}
	c.Lines[1].Qty = -1
	c.Lines = append(c.Lines[:2], line{"x", -1})
	c.Best.Qty = -1
	c.Shared["limits"].(map[string]any)["max"] = -1
	delete(c.Shared, "none")
	c.N = -1
	c.note = "scribbled"
}

func requireCart(t *testing.T, want, got *cart) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(cart{})); diff != "" {
		t.Fatalf("state (-want +got):\n%s", diff)
	}
}

func build[T any](t *testing.T, cfg hooks.Config, validators ...hooks.Validator[T]) *hooks.Executor[T] {
	t.Helper()
	x, err := hooks.New(cfg, validators...)
	require.NoError(t, err)
	return x
}

// limits is a Config with the given default timeout.
func limits(timeout time.Duration) hooks.Config {
	return hooks.Config{Execution: hooks.ExecutionConfig{DefaultTimeout: timeout}}
}

func failureOf(t *testing.T, err error) *hooks.ExecutionError {
	t.Helper()
	var xe *hooks.ExecutionError
	require.ErrorAs(t, err, &xe)
	return xe
}

func outcomesOf(r *hooks.Report) []hooks.Outcome {
	var list []hooks.Outcome
	for _, res := range r.Results() {
		list = append(list, res.Outcome)
	}
	return list
}

// A diary is written by many goroutines and read when they are through.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) add(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

func (d *diary) read() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.lines)
}

func (d *diary) require(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, d.read()); diff != "" {
		t.Fatalf("diary (-want +got):\n%s", diff)
	}
}

// noting is a hook that notes what is asked of it, adds 1 to N, and returns err.
func noting(d *diary, name string, err error) hooks.Hook[cart] {
	return hooks.FuncUndo(name,
		func(_ context.Context, c *cart) error { d.add("do %s", name); c.N++; return err },
		func(context.Context, *cart) error { d.add("undo %s", name); return nil })
}

// failing is a hook that fails.
func failing(name string, err error) hooks.Hook[cart] {
	return hooks.Func(name, func(context.Context, *cart) error { return err })
}

func continuing[T any](h hooks.Hook[T]) hooks.Hook[T] {
	return hooks.With(h, func(o *hooks.Options) { o.OnFailure = hooks.Continue })
}

func limited[T any](h hooks.Hook[T], timeout time.Duration) hooks.Hook[T] {
	return hooks.With(h, func(o *hooks.Options) { o.Timeout = timeout })
}

var errBroken = errors.New("broken")

// A hook that ignores its context and goes on after its deadline writes into what
// it was given. Nobody ever sees that.
func TestLateWriteIsSeenByNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := build[cart](t, limits(time.Second))
		state, gate, ended := newCart(), make(chan struct{}), make(chan error, 1)
		before := time.Now()
		zombie := hooks.Func("zombie", func(ctx context.Context, c *cart) error {
			scribble(c)
			<-gate
			scribble(c)
			c.Lines = append(c.Lines, line{"late", 1})
			c.Shared["zombie"] = 1
			ended <- ctx.Err()
			return nil
		})
		report, err := x.Execute(t.Context(), state, zombie)
		require.ErrorIs(t, err, hooks.ErrTimeout)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(before), "Execute returns at the deadline")
		assert.Equal(t, []hooks.Outcome{hooks.OutcomeTimedOut}, outcomesOf(report))
		assert.True(t, report.Results()[0].Abandoned)
		requireCart(t, newCart(), state)
		told := report.String()

		close(gate)
		synctest.Wait()
		assert.ErrorIs(t, <-ended, context.DeadlineExceeded, "the hook's own context says why it ended")
		requireCart(t, newCart(), state)
		assert.Equal(t, told, report.String(), "a report does not change any more")

		saw := newCart()
		_, err = x.Execute(t.Context(), state, hooks.Func("next", func(_ context.Context, c *cart) error { *saw = *c; return nil }))
		require.NoError(t, err)
		requireCart(t, newCart(), saw)
		m := x.Metrics()
		assert.Equal(t, hooks.Runs{Succeeded: 1, TimedOut: 1}, m.Runs)
		assert.Equal(t, int64(1), m.LateEnds)
	})
}

// Rollbacks run although the caller's context has ended, with its values, and with a
// deadline of their own.
func TestRollbackContextIsAlive(t *testing.T) {
	type key struct{}
	tests := []struct {
		why  string
		end  func(context.Context) (context.Context, context.CancelFunc)
		want error
	}{
		{"the caller cancels while the last hook runs", context.WithCancel, context.Canceled},
		{"the caller's deadline passes while the last hook runs", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		}, context.DeadlineExceeded},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := limits(time.Hour)
				cfg.Execution.RollbackTimeout = time.Minute
				x := build[cart](t, cfg)
				ctx, cancel := tt.end(context.WithValue(context.Background(), key{}, "trace"))
				defer cancel()
				var d diary
				undoable := func(name string) hooks.Hook[cart] {
					return hooks.FuncUndo(name, func(context.Context, *cart) error { return nil },
						func(ctx context.Context, _ *cart) error {
							deadline, ok := ctx.Deadline()
							d.add("undo %s: err %v, value %v, left %v %v", name, ctx.Err(), ctx.Value(key{}), time.Until(deadline), ok)
							return nil
						})
				}
				_, err := x.Execute(ctx, newCart(), undoable("one"), undoable("two"),
					hooks.Func("three", func(ctx context.Context, _ *cart) error {
						if tt.want == context.Canceled {
							cancel()
						}
						<-ctx.Done()
						return ctx.Err()
					}))
				require.ErrorIs(t, err, tt.want)
				require.NotErrorIs(t, err, hooks.ErrTimeout, "no limit of ours was exceeded")
				d.require(t,
					"undo two: err <nil>, value trace, left 1m0s true",
					"undo one: err <nil>, value trace, left 1m0s true")
			})
		})
	}
}

// However an abandoned hook ends, and whatever else goes on, nothing is undone twice
// and nothing that was said is changed.
func TestUndoneOnce(t *testing.T) {
	tests := []struct {
		why   string
		end   func() error
		undos int64 // of the abandoned hook
	}{
		{"its effect has happened after all", func() error { return nil }, 1},
		{"its effect has not happened", func() error { return errBroken }, 0},
		{"it broke", func() error { panic("late") }, 0},
		{"its effect may have happened", func() error { return hooks.Unknown(errBroken) }, 1},
		{"it exited", func() error { runtime.Goexit(); return nil }, 0},
		{"it was done", func() error { return hooks.SkipRest }, 1},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := build[cart](t, limits(time.Second))
				var one, two atomic.Int64
				gate := make(chan struct{})
				state := newCart()
				report, err := x.Execute(t.Context(), state,
					hooks.FuncUndo("one", func(_ context.Context, c *cart) error { c.N++; return nil },
						func(context.Context, *cart) error { one.Add(1); return nil }),
					hooks.FuncUndo("two", func(context.Context, *cart) error { <-gate; return tt.end() },
						func(context.Context, *cart) error { two.Add(1); return nil }))
				require.ErrorIs(t, err, hooks.ErrTimeout)
				text, metrics := err.Error()+report.String(), x.Metrics()

				down := make(chan error, 1)
				go func() { down <- x.Shutdown(context.WithoutCancel(t.Context())) }()
				synctest.Wait()
				close(gate)
				require.NoError(t, <-down)
				assert.Equal(t, int64(1), one.Load(), "undo calls of hook one")
				assert.Equal(t, tt.undos, two.Load(), "undo calls of hook two")
				assert.Equal(t, text, err.Error()+report.String())
				requireCart(t, newCart(), state)

				metrics.AbandonedNow, metrics.LateEnds, metrics.LateCompensations = 0, 1, tt.undos
				late := metrics.Hooks["two"]
				late.Rollbacks += tt.undos
				metrics.Hooks["two"] = late
				if diff := cmp.Diff(metrics, x.Metrics()); diff != "" {
					t.Errorf("metrics but the late ones (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// A Rollback that fails is recorded and not tried again; the next one runs.
func TestFailingRollbacksEnd(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	var d diary
	errs := map[string]error{}
	chain := []hooks.Hook[cart]{}
	for _, name := range []string{"one", "two", "three"} {
		errs[name] = errors.New("cannot undo " + name)
		chain = append(chain, hooks.FuncUndo(name, func(context.Context, *cart) error { return nil },
			func(context.Context, *cart) error { d.add("undo %s", name); return errs[name] }))
	}
	report, err := x.Execute(t.Context(), newCart(), append(chain, failing("four", errBroken))...)
	d.require(t, "undo three", "undo two", "undo one")
	for _, want := range errs {
		require.ErrorIs(t, err, want)
	}
	require.ErrorIs(t, err, errBroken)
	require.ErrorIs(t, err, hooks.ErrRollback)
	assert.Len(t, failureOf(t, err).Rollbacks, 3)
	assert.Len(t, report.Rollbacks, 3)
	assert.Equal(t, int64(3), x.Metrics().RollbackFailures)
}

func panicString() { panic("a string") }
func panicError()  { panic(fmt.Errorf("wrapped: %w", io.ErrUnexpectedEOF)) }
func panicNil()    { panic(nil) }
func panicNilMap() { var m map[string]int; m["x"] = 1 } //nolint:staticcheck // what the test is about
func panicAgain() {
	defer func() { panic(fmt.Sprint("again: ", recover())) }()
	panic("first")
}

// panics are the kinds of panic: the function, its name, its text, what is inside.
var panics = []struct {
	why  string
	fn   func()
	in   string
	text string
	is   error
}{
	{"a string", panicString, "hooks_test.panicString", "a string", nil},
	{"an error can be asked for", panicError, "hooks_test.panicError", "wrapped: unexpected EOF", io.ErrUnexpectedEOF},
	{"nil is a panic too", panicNil, "hooks_test.panicNil", "panic called with nil argument", nil},
	{"of the run time", panicNilMap, "hooks_test.panicNilMap", "assignment to entry in nil map", nil},
	{"in a deferred function", panicAgain, "hooks_test.panicAgain", "again: first", nil},
}

// A panic of a hook is told as what it is, at once, with its value and its stack.
func TestPanicIsReported(t *testing.T) {
	for _, tt := range panics {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := build[cart](t, limits(time.Hour))
				state, begun := newCart(), time.Now()
				report, err := x.Execute(t.Context(), state, hooks.Func("bad", func(_ context.Context, c *cart) error {
					scribble(c)
					tt.fn()
					return nil
				}))
				assert.Zero(t, time.Since(begun), "it does not wait for the limit")
				requireCart(t, newCart(), state)
				require.ErrorIs(t, err, hooks.ErrPanic)
				require.NotErrorIs(t, err, hooks.ErrTimeout)
				require.ErrorContains(t, err, `hooks: execute "bad": panic: `)
				require.ErrorContains(t, err, tt.text)
				if tt.is != nil {
					require.ErrorIs(t, err, tt.is)
				}
				var pe *hooks.PanicError
				require.ErrorAs(t, err, &pe)
				assert.Contains(t, pe.Stack, tt.in)
				assert.Contains(t, report.Results()[0].Stack, tt.in)
				assert.Equal(t, hooks.OutcomePanicked, report.Results()[0].Outcome)
				assert.Equal(t, hooks.Runs{Panicked: 1}, x.Metrics().Runs)
				xe := failureOf(t, err)
				assert.Equal(t, "bad", xe.Hook)
				assert.Equal(t, hooks.PhaseExecute, xe.Phase)
			})
		})
	}
}

// A panic after the deadline is counted and logged, and the process goes on.
func TestLatePanicIsLogged(t *testing.T) {
	for _, tt := range panics {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				core, logs := observer.New(zap.DebugLevel)
				cfg := limits(time.Second)
				cfg.Logger = zap.New(core)
				x := build[cart](t, cfg)
				gate := make(chan struct{})
				_, err := x.Execute(t.Context(), newCart(), hooks.Func("bad", func(context.Context, *cart) error {
					<-gate
					tt.fn()
					return nil
				}))
				require.ErrorIs(t, err, hooks.ErrTimeout)
				require.NotErrorIs(t, err, hooks.ErrPanic)
				close(gate)
				synctest.Wait()
				m := x.Metrics()
				assert.Equal(t, hooks.Runs{TimedOut: 1}, m.Runs)
				assert.Equal(t, int64(1), m.LateEnds)
				late := logs.FilterField(zap.String("how", "panicked")).All()
				require.Len(t, late, 1)
				assert.Equal(t, "bad", late[0].ContextMap()["hook"])
			})
		})
	}
}

// calls is a table of the places where user code is called: each row makes a chain
// in which fn is called there and everything else goes well.
var calls = []struct {
	why    string
	phase  hooks.Phase
	class  error // beside the class of what fn does; nil if there is none
	outlaw bool  // what fn does fails the chain
	chain  func(fn func()) ([]hooks.Hook[doer], []hooks.Validator[doer])
}{
	{"Execute", hooks.PhaseExecute, nil, true, func(fn func()) ([]hooks.Hook[doer], []hooks.Validator[doer]) {
		return []hooks.Hook[doer]{hooks.Func("h", func(context.Context, *doer) error { fn(); return nil })}, nil
	}},
	{"ValidateEvent", hooks.PhaseValidateEvent, hooks.ErrInvalidEvent, true, func(fn func()) ([]hooks.Hook[doer], []hooks.Validator[doer]) {
		return []hooks.Hook[doer]{hooks.Define(hooks.Funcs[doer]{Name: "h", Execute: doNothing,
			ValidateEvent: func(context.Context, *doer) error { fn(); return nil }})}, nil
	}},
	{"ValidateResult", hooks.PhaseValidateResult, hooks.ErrInvalidResult, true, func(fn func()) ([]hooks.Hook[doer], []hooks.Validator[doer]) {
		return []hooks.Hook[doer]{hooks.Define(hooks.Funcs[doer]{Name: "h", Execute: doNothing,
			ValidateResult: func(context.Context, any) error { fn(); return nil }})}, nil
	}},
	{"Validate", hooks.PhaseValidateState, hooks.ErrInvalidState, true, func(fn func()) ([]hooks.Hook[doer], []hooks.Validator[doer]) {
		return []hooks.Hook[doer]{hooks.Define(hooks.Funcs[doer]{Name: "h", Execute: doNothing})},
			[]hooks.Validator[doer]{hooks.ValidatorFunc("v", func(context.Context, hooks.StateChange[doer]) hooks.ValidationResult {
				fn()
				return hooks.ValidationResult{}
			})}
	}},
	{"DeepCopy", hooks.PhaseCopy, hooks.ErrNotCopyable, true, func(fn func()) ([]hooks.Hook[doer], []hooks.Validator[doer]) {
		return []hooks.Hook[doer]{hooks.Func("h", func(_ context.Context, s *doer) error { s.Copied.fn = fn; return nil })}, nil
	}},
	{"BeforeCommit", hooks.PhaseBeforeCommit, nil, true, func(fn func()) ([]hooks.Hook[doer], []hooks.Validator[doer]) {
		return []hooks.Hook[doer]{hooks.Func("h", func(ctx context.Context, _ *doer) error {
			return hooks.BeforeCommit(ctx, func(context.Context) error { fn(); return nil })
		})}, nil
	}},
	{"OnCommit", hooks.PhaseOnCommit, nil, false, func(fn func()) ([]hooks.Hook[doer], []hooks.Validator[doer]) {
		return []hooks.Hook[doer]{hooks.Func("h", func(ctx context.Context, _ *doer) error {
			return hooks.OnCommit(ctx, func(context.Context) error { fn(); return nil })
		})}, nil
	}},
	{"Rollback", hooks.PhaseRollback, nil, false, func(fn func()) ([]hooks.Hook[doer], []hooks.Validator[doer]) {
		return []hooks.Hook[doer]{
			hooks.FuncUndo("h", func(context.Context, *doer) error { return nil }, func(context.Context, *doer) error { fn(); return nil }),
			hooks.Func("end", func(context.Context, *doer) error { return errBroken }),
		}, nil
	}},
	{"OnRollback", hooks.PhaseOnRollback, nil, false, func(fn func()) ([]hooks.Hook[doer], []hooks.Validator[doer]) {
		return []hooks.Hook[doer]{hooks.Func("h", func(ctx context.Context, _ *doer) error {
			return errors.Join(hooks.OnRollback(ctx, func(context.Context) error { fn(); return nil }), errBroken)
		})}, nil
	}},
}

// A doer is a state with a part that copies itself, and may do something else.
type doer struct {
	N      int
	Copied copied
}

type copied struct{ fn func() }

func (c copied) DeepCopy() copied {
	if c.fn != nil {
		c.fn()
	}
	return c
}

func doNothing(context.Context, *doer) (any, error) { return nil, nil }

// bad are the ways of user code to go wrong other than by an error.
var bad = []struct {
	why   string
	fn    func(over <-chan struct{}) func()
	class error
	took  time.Duration
}{
	{"panics", func(<-chan struct{}) func() { return panicError }, hooks.ErrPanic, 0},
	{"exits", func(<-chan struct{}) func() { return runtime.Goexit }, hooks.ErrExited, 0},
	{"hangs", func(over <-chan struct{}) func() { return func() { <-over } }, hooks.ErrTimeout, time.Second},
}

// Nothing that user code does escapes Execute, wherever it is called, or delays it
// past the limits; and the executor can be used again.
func TestUserCodeIsContained(t *testing.T) {
	for _, place := range calls {
		for _, b := range bad {
			t.Run(place.why+" "+b.why, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					over := make(chan struct{})
					end := sync.OnceFunc(func() { close(over) })
					defer end()
					var undone atomic.Int64
					chain, validators := place.chain(b.fn(over))
					chain = slices.Insert(chain, 0, hooks.FuncUndo("first",
						func(context.Context, *doer) error { return nil },
						func(context.Context, *doer) error { undone.Add(1); return nil }))
					cfg := limits(time.Second)
					cfg.Execution.RollbackTimeout = time.Second
					x := build[doer](t, cfg)
					if validators != nil {
						judge := validators[0]
						x = build[doer](t, cfg, hooks.ValidatorFunc("v", func(ctx context.Context, c hooks.StateChange[doer]) hooks.ValidationResult {
							if c.Hook == "first" {
								return hooks.ValidationResult{}
							}
							return judge.Validate(ctx, c)
						}))
					}
					begun := time.Now()
					report, err := x.Execute(t.Context(), &doer{}, chain...)
					assert.Equal(t, b.took, time.Since(begun))
					switch {
					case place.outlaw:
						require.ErrorIs(t, err, b.class)
						if b.class == hooks.ErrPanic {
							require.ErrorIs(t, err, io.ErrUnexpectedEOF)
						}
						if place.phase == hooks.PhaseValidateEvent && b.class == hooks.ErrTimeout {
							require.NotErrorIs(t, err, place.class, "it shares the hook's deadline and its verdict")
						} else if place.class != nil {
							require.ErrorIs(t, err, place.class)
						}
						xe := failureOf(t, err)
						assert.Equal(t, place.phase, xe.Phase)
						assert.Equal(t, "h", xe.Hook)
						assert.Equal(t, 1, xe.Index)
						assert.Equal(t, int64(1), undone.Load())
					case place.phase == hooks.PhaseOnCommit:
						require.NoError(t, err)
						require.Len(t, report.AfterCommit, 1)
						require.ErrorIs(t, report.AfterCommit[0].Err, b.class)
						assert.Zero(t, undone.Load())
					default:
						require.ErrorIs(t, err, errBroken)
						require.ErrorIs(t, err, hooks.ErrRollback)
						require.NotErrorIs(t, err, b.class, "the classes are those of the cause")
						require.ErrorIs(t, report.Rollbacks[0].Err, b.class)
						assert.Equal(t, b.class == hooks.ErrTimeout, report.Rollbacks[0].Abandoned)
						assert.Equal(t, int64(1), undone.Load())
					}
					listed := x.Abandoned()
					if b.class == hooks.ErrTimeout {
						require.Len(t, listed, 1)
						assert.Equal(t, place.phase, listed[0].Phase)
						assert.Equal(t, report.Execution, listed[0].Execution)
						assert.Equal(t, "h", listed[0].Hook)
					} else {
						require.Empty(t, listed)
					}
					end()
					synctest.Wait()
					require.Empty(t, x.Abandoned())

					_, err = build[doer](t, cfg).Execute(t.Context(), &doer{})
					require.NoError(t, err)
					_, err = x.Execute(t.Context(), &doer{}, hooks.Func("first", func(context.Context, *doer) error { return nil }))
					require.NoError(t, err)
					require.NoError(t, x.Shutdown(t.Context()))
				})
			})
		}
	}
}

// Goexit is told at once, also where there is no limit that would end the wait.
func TestExitWithoutLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := build[cart](t, limits(hooks.NoLimit))
		var d diary
		state := newCart()
		report, err := x.Execute(t.Context(), state, noting(&d, "one", nil), hooks.FuncUndo("two",
			func(_ context.Context, c *cart) error { scribble(c); runtime.Goexit(); return nil },
			func(context.Context, *cart) error { d.add("undo two"); return nil }))
		require.ErrorIs(t, err, hooks.ErrExited)
		require.ErrorContains(t, err, "goroutine exited without returning")
		assert.Equal(t, []hooks.Outcome{hooks.OutcomeSucceeded, hooks.OutcomeExited}, outcomesOf(report))
		requireCart(t, newCart(), state)
		d.require(t, "do one", "undo one")
		_, err = x.Execute(t.Context(), state, noting(&d, "one", nil))
		require.NoError(t, err)
		assert.Equal(t, hooks.Runs{Succeeded: 2, Exited: 1}, x.Metrics().Runs)
	})
}

// halves are the ways of a hook to fail after it has written half of its changes,
// for a hook whose limit is a second and an executor whose validator refuses a
// cart of the name "refuse me".
var halves = []struct {
	why     string
	end     func(ctx context.Context, c *cart) (any, error)
	outcome hooks.Outcome
	is      error
}{
	{"error", func(context.Context, *cart) (any, error) { return nil, errBroken }, hooks.OutcomeFailed, errBroken},
	{"value and error", func(context.Context, *cart) (any, error) { return "half", errBroken }, hooks.OutcomeFailed, errBroken},
	{"reject", func(context.Context, *cart) (any, error) { return nil, hooks.Reject("no") }, hooks.OutcomeRejected, hooks.ErrRejected},
	{"panic", func(context.Context, *cart) (any, error) { panic("half") }, hooks.OutcomePanicked, hooks.ErrPanic},
	{"exit", func(context.Context, *cart) (any, error) { runtime.Goexit(); return nil, nil }, hooks.OutcomeExited, hooks.ErrExited},
	{"late but polite", func(ctx context.Context, _ *cart) (any, error) { <-ctx.Done(); return nil, nil }, hooks.OutcomeTimedOut, hooks.ErrTimeout},
	{"abandoned", func(context.Context, *cart) (any, error) { time.Sleep(time.Minute); return nil, nil }, hooks.OutcomeTimedOut, hooks.ErrTimeout},
	{"invalid result", func(context.Context, *cart) (any, error) { return "bad", nil }, hooks.OutcomeInvalid, hooks.ErrInvalidResult},
	{"invalid state", func(_ context.Context, c *cart) (any, error) { c.Name = "refuse me"; return nil, nil }, hooks.OutcomeInvalid, hooks.ErrInvalidState},
	{"too large", func(_ context.Context, c *cart) (any, error) { c.Shared["big"] = make([]byte, 1<<16); return nil, nil }, hooks.OutcomeInvalid, hooks.ErrStateTooLarge},
	{"not copyable", func(_ context.Context, c *cart) (any, error) {
		c.Shared["conn"] = time.NewTimer(time.Hour)
		return nil, nil
	}, hooks.OutcomeInvalid, hooks.ErrNotCopyable},
	{"clone error", func(_ context.Context, c *cart) (any, error) {
		c.Shared["clone"] = copied{panicString}
		return nil, nil
	}, hooks.OutcomeInvalid, hooks.ErrNotCopyable},
}

// halfChain is a hook that adds a line, one that writes half its changes and fails
// by end, and one that notes what it sees.
func halfChain(end func(context.Context, *cart) (any, error), policy hooks.FailurePolicy, saw *cart) []hooks.Hook[cart] {
	return []hooks.Hook[cart]{
		hooks.Func("one", func(_ context.Context, c *cart) error { c.Lines = append(c.Lines, line{"one", 1}); return nil }),
		hooks.Define(hooks.Funcs[cart]{
			Name: "two", Options: hooks.Options{OnFailure: policy, Timeout: time.Second},
			Execute: func(ctx context.Context, c *cart) (any, error) { scribble(c); return end(ctx, c) },
			ValidateResult: func(_ context.Context, result any) error {
				if result == "bad" {
					return errors.New("bad result")
				}
				return nil
			},
		}),
		hooks.Func("three", func(_ context.Context, c *cart) error { *saw = *c; c.N = 3; return nil }),
	}
}

func halfExecutor(t *testing.T) *hooks.Executor[cart] {
	cfg := limits(time.Hour)
	cfg.Execution.MaxStateSize = 1 << 15
	return build[cart](t, cfg, hooks.ValidatorFunc("name", func(_ context.Context, c hooks.StateChange[cart]) hooks.ValidationResult {
		if c.After.Name == "refuse me" {
			return hooks.ValidationResult{Err: errors.New("refused")}
		}
		return hooks.ValidationResult{}
	}))
}

// What a failing hook wrote is seen by nobody: the caller has its state back, with
// its own memory; the next hook sees what the hook before it left. The policy
// decides, whatever the cause.
func TestHalfWritesAreTakenBack(t *testing.T) {
	for _, tt := range halves {
		t.Run(tt.why+" abort", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				state, saw := newCart(), new(cart)
				best, lines, tags := state.Best, &state.Lines[0], reflect.ValueOf(state.Tags).Pointer()
				report, err := halfExecutor(t).Execute(t.Context(), state, halfChain(tt.end, hooks.Abort, saw)...)
				require.ErrorIs(t, err, tt.is)
				assert.Equal(t, []hooks.Outcome{hooks.OutcomeSucceeded, tt.outcome, hooks.OutcomeSkipped}, outcomesOf(report))
				assert.False(t, report.Committed)
				requireCart(t, newCart(), state)
				assert.Same(t, best, state.Best)
				assert.Same(t, lines, &state.Lines[0])
				assert.Equal(t, tags, reflect.ValueOf(state.Tags).Pointer())
				requireCart(t, new(cart), saw)
				xe := failureOf(t, err)
				assert.Equal(t, "two", xe.Hook)
				assert.Equal(t, 1, xe.Index)
				time.Sleep(time.Hour)
				requireCart(t, newCart(), state)
			})
		})
		t.Run(tt.why+" continue", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				state, saw, x := newCart(), new(cart), halfExecutor(t)
				report, err := x.Execute(t.Context(), state, halfChain(tt.end, hooks.Continue, saw)...)
				require.NoError(t, err)
				assert.Equal(t, []hooks.Outcome{hooks.OutcomeSucceeded, tt.outcome, hooks.OutcomeSucceeded}, outcomesOf(report))
				require.ErrorIs(t, report.Results()[1].Err, tt.is)
				assert.Nil(t, report.Results()[1].Value)
				want := newCart()
				want.Lines = append(want.Lines, line{"one", 1})
				requireCart(t, want, saw)
				want.N = 3
				requireCart(t, want, state)
				assert.Equal(t, int64(1), x.Metrics().ContinuedFailures)
				time.Sleep(time.Hour)
				requireCart(t, want, state)
			})
		})
	}
}

// Once the caller's context has ended nothing more is started, whatever the policy,
// and the end of the context is what is told.
func TestDeadParentEndsTheChain(t *testing.T) {
	why := errors.New("the user left")
	for _, policy := range []hooks.FailurePolicy{hooks.Abort, hooks.Continue} {
		for _, tt := range []struct {
			why     string
			end     func(ctx context.Context, cancel context.CancelCauseFunc) error
			outcome hooks.Outcome
			phase   hooks.Phase
		}{
			{"while a hook runs", func(ctx context.Context, cancel context.CancelCauseFunc) error {
				cancel(why)
				<-ctx.Done()
				return ctx.Err()
			}, hooks.OutcomeCancelled, hooks.PhaseExecute},
			{"while a hook runs that has no eye for it", func(_ context.Context, cancel context.CancelCauseFunc) error {
				cancel(why)
				return nil
			}, hooks.OutcomeCancelled, hooks.PhaseExecute},
		} {
			t.Run(policy.String()+" "+tt.why, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancelCause(t.Context())
					var d diary
					x := build[cart](t, hooks.Config{})
					report, err := x.Execute(ctx, newCart(), noting(&d, "one", nil),
						hooks.With(hooks.Func("two", func(ctx context.Context, _ *cart) error { return tt.end(ctx, cancel) }),
							func(o *hooks.Options) { o.OnFailure = policy }),
						noting(&d, "three", nil))
					require.ErrorIs(t, err, why)
					require.NotErrorIs(t, err, hooks.ErrTimeout)
					assert.Equal(t, "two", failureOf(t, err).Hook)
					assert.Equal(t, tt.phase, failureOf(t, err).Phase)
					assert.Equal(t, []hooks.Outcome{hooks.OutcomeSucceeded, tt.outcome, hooks.OutcomeSkipped}, outcomesOf(report))
					d.require(t, "do one", "undo one")
				})
			})
		}
	}
}

// A hook that failed once is neither dropped nor remembered: the next one sees the
// state as it was, and the next execution runs it again.
func TestFailedHookLosesNothing(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	var d diary
	errOnce := errors.New("once")
	first := continuing(hooks.Define(hooks.Funcs[cart]{Name: "first", Execute: func(_ context.Context, c *cart) (any, error) {
		d.add("first sees %d lines", len(c.Lines))
		err := errOnce
		errOnce = nil
		return nil, err
	}}))
	second := hooks.Define(hooks.Funcs[cart]{Name: "second", Execute: func(_ context.Context, c *cart) (any, error) {
		d.add("second sees %d lines", len(c.Lines))
		return nil, nil
	}})
	state := newCart()
	report, err := x.Execute(t.Context(), state, first, second)
	require.NoError(t, err)
	assert.Equal(t, []hooks.Outcome{hooks.OutcomeFailed, hooks.OutcomeSucceeded}, outcomesOf(report))
	require.EqualError(t, report.Results()[0].Err, "once")
	assert.Equal(t, []any{nil}, report.Values(), "a nil result of a hook that succeeded is a result")
	report, err = x.Execute(t.Context(), state, first, second)
	require.NoError(t, err)
	assert.Equal(t, []any{nil, nil}, report.Values())
	d.require(t, "first sees 3 lines", "second sees 3 lines", "first sees 3 lines", "second sees 3 lines")
}

// Exactly those hooks are undone whose effect has happened or may have.
func TestWhoIsUndone(t *testing.T) {
	late := func(context.Context, *cart) error { time.Sleep(2 * time.Second); return nil }
	polite := func(ctx context.Context, _ *cart) error { <-ctx.Done(); return nil }
	returns := func(err error) func(context.Context, *cart) error {
		return func(context.Context, *cart) error { return err }
	}
	tests := []struct {
		why    string
		b      func(context.Context, *cart) error
		edit   func(*hooks.Options)
		result error // what ValidateResult of b says
		fourth error // what the last hook returns
		want   []string
	}{
		{"b failed: it has no effect", returns(errBroken), nil, nil, nil, []string{"undo a"}},
		{"b says that it may have one", returns(hooks.Unknown(errBroken)), nil, nil, nil, []string{"undo b", "undo a"}},
		{"b refused", returns(hooks.Reject("no")), nil, nil, nil, []string{"undo a"}},
		{"b was late, and known to have succeeded", polite, nil, nil, nil, []string{"undo b", "undo a"}},
		{"b was abandoned: its undo comes when it ends", late, nil, nil, nil, []string{"undo a", "undo b"}},
		{"b's result was refused", returns(nil), nil, errBroken, nil, []string{"undo b", "undo a"}},
		{"b failed and was dropped, then c and d", returns(errBroken), func(o *hooks.Options) { o.OnFailure = hooks.Continue }, nil, errBroken, []string{"undo c", "undo a"}},
		{"b was dropped with an effect: undone at once and not again", returns(nil), func(o *hooks.Options) { o.OnFailure = hooks.Continue }, errBroken, errBroken, []string{"undo b", "undo c", "undo a"}},
		{"b ended the chain well", returns(hooks.SkipRest), nil, nil, errBroken, nil},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := limits(time.Second)
				cfg.Execution.Grace = time.Second / 2
				x := build[cart](t, cfg)
				var d diary
				undoable := func(name string, do func(context.Context, *cart) error, result error) hooks.Hook[cart] {
					return hooks.Define(hooks.Funcs[cart]{
						Name:           name,
						Execute:        func(ctx context.Context, c *cart) (any, error) { return nil, do(ctx, c) },
						Rollback:       func(context.Context, *cart) error { d.add("undo %s", name); return nil },
						ValidateResult: func(context.Context, any) error { return result },
					})
				}
				b := undoable("b", tt.b, tt.result)
				if tt.edit != nil {
					b = hooks.With(b, tt.edit)
				}
				_, err := x.Execute(t.Context(), newCart(),
					undoable("a", returns(nil), nil), b, undoable("c", returns(nil), nil), undoable("d", returns(tt.fourth), nil))
				assert.Equal(t, tt.want != nil, err != nil, "error %v", err)
				require.NoError(t, x.Shutdown(t.Context()))
				d.require(t, tt.want...)
			})
		})
	}
}

// A result that comes late goes to nobody: not to the hook that runs meanwhile, not
// to the next execution.
func TestLateResultGoesToNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := build[cart](t, limits(time.Hour))
		for range 3 {
			gate := make(chan struct{})
			state := newCart()
			named := func(name string, do func(c *cart)) hooks.Hook[cart] {
				return hooks.Define(hooks.Funcs[cart]{Name: name, Execute: func(_ context.Context, c *cart) (any, error) {
					do(c)
					c.N++
					c.Shared[name] = name
					return "result of " + name, nil
				}})
			}
			report, err := x.Execute(t.Context(), state,
				limited(continuing(named("late", func(*cart) { <-gate })), time.Second),
				named("blocked", func(*cart) { close(gate); time.Sleep(time.Second) }),
				named("healthy", func(*cart) {}))
			require.NoError(t, err)
			assert.Equal(t, []any{"result of blocked", "result of healthy"}, report.Values())
			_, ok := hooks.ResultOf[string](report, "late")
			assert.False(t, ok)
			got, ok := hooks.ResultOf[string](report, "blocked")
			assert.True(t, ok)
			assert.Equal(t, "result of blocked", got)
			want := newCart()
			want.N, want.Shared["blocked"], want.Shared["healthy"] = 2, "blocked", "healthy"
			requireCart(t, want, state)
		}
		assert.Equal(t, hooks.Runs{Succeeded: 6, TimedOut: 3}, x.Metrics().Runs)
	})
}

// Being slow, many at a time, is no offence; being past the limit is, until it ends.
func TestAbandonedLimitSparesTheHealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := limits(time.Minute)
		cfg.Execution.MaxAbandoned = 1
		x := build[cart](t, cfg)
		slow := hooks.Func("slow", func(context.Context, *cart) error { time.Sleep(time.Minute - 1); return nil })
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				_, err := x.Execute(t.Context(), newCart(), slow)
				assert.NoError(t, err)
			})
		}
		wg.Wait()
		assert.Equal(t, hooks.Runs{Succeeded: 100}, x.Metrics().Runs)
		assert.Zero(t, x.Metrics().AbandonedEver)

		gate := make(chan struct{})
		_, err := x.Execute(t.Context(), newCart(), hooks.Func("zombie", func(context.Context, *cart) error { <-gate; return nil }))
		require.ErrorIs(t, err, hooks.ErrTimeout)
		report, err := x.Execute(t.Context(), newCart(), slow)
		require.ErrorIs(t, err, hooks.ErrTooManyAbandoned)
		require.ErrorContains(t, err, "1 are past their limit")
		assert.Empty(t, report.Results())
		close(gate)
		synctest.Wait()
		_, err = x.Execute(t.Context(), newCart(), slow)
		require.NoError(t, err, "it heals by itself")
		assert.Equal(t, int64(1), x.Metrics().Refused)
	})
}

// After any number of executions that ended in any way, nothing is left running.
func TestNothingIsLeftRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before, _ := bubbleGoroutines()
		for i := range 84 {
			x := halfExecutor(t)
			for j := range halves {
				ctx, cancel := context.WithCancel(t.Context())
				if (i+j)%3 == 0 {
					time.AfterFunc(time.Millisecond, cancel)
				}
				_, _ = x.Execute(ctx, newCart(), halfChain(halves[j].end, hooks.FailurePolicy(i%2), new(cart))...)
				cancel()
			}
			time.Sleep(time.Minute)
			m := x.Metrics()
			require.Zero(t, m.AbandonedNow)
			require.Equal(t, m.Executions, m.Commits+m.Failures)
		}
		synctest.Wait()
		requireNoMoreGoroutines(t, before)
	})
}

// The deadline is sharp: a hook that ends a nanosecond before it is in time, one
// that ends at it is late; and state, report and metrics say the same.
func TestDeadlineIsSharp(t *testing.T) {
	const limit, rounds = time.Second, 300
	tests := []struct {
		why  string
		ends time.Duration
		want hooks.Outcome
	}{
		{"a nanosecond before", limit - 1, hooks.OutcomeSucceeded},
		{"a tie is late", limit, hooks.OutcomeTimedOut},
		{"a nanosecond after", limit + 1, hooks.OutcomeTimedOut},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := build[cart](t, limits(limit))
				for range rounds {
					state := newCart()
					report, err := x.Execute(t.Context(), state, hooks.Func("h", func(_ context.Context, c *cart) error {
						time.Sleep(tt.ends)
						c.N = 1
						return nil
					}))
					res := report.Results()[0]
					require.Equal(t, tt.want, res.Outcome)
					require.Equal(t, tt.want == hooks.OutcomeSucceeded, err == nil)
					require.Equal(t, err == nil, report.Committed)
					require.Equal(t, err == nil, state.N == 1)
					require.Equal(t, min(tt.ends, limit), res.Duration)
					require.True(t, res.Abandoned || len(x.Abandoned()) == 0)
					time.Sleep(2)
				}
				m := x.Metrics()
				assert.Equal(t, int64(rounds), m.Runs.Total())
				if tt.want == hooks.OutcomeSucceeded {
					assert.Equal(t, hooks.Runs{Succeeded: rounds}, m.Runs)
				} else {
					assert.Equal(t, hooks.Runs{TimedOut: rounds}, m.Runs)
				}
				assert.Equal(t, m.LateEnds, m.AbandonedEver)
			})
		})
	}
}

type codeError struct{ Code int }

func (e *codeError) Error() string { return fmt.Sprintf("code %d", e.Code) }

// The cause stays first, with its type; what could not be undone follows, each once;
// if there is nothing of that, nothing is said of it.
func TestCauseComesFirst(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	e1, e2 := errors.New("undo one failed"), errors.New("undo two failed")
	undoing := func(name string, undo func() error) hooks.Hook[cart] {
		return hooks.FuncUndo(name, func(context.Context, *cart) error { return nil },
			func(context.Context, *cart) error { return undo() })
	}
	_, err := x.Execute(t.Context(), newCart(),
		undoing("one", func() error { return e1 }),
		undoing("two", func() error { return e2 }),
		undoing("three", func() error { panic("undo three panicked") }),
		undoing("four", func() error { return nil }),
		failing("five", fmt.Errorf("charge: %w", &codeError{402})))
	require.EqualError(t, err, `hooks: execute "five": charge: code 402`+
		`; rollback "three": panic: undo three panicked`+
		`; rollback "two": undo two failed`+
		`; rollback "one": undo one failed`)
	require.ErrorIs(t, err, e1)
	require.ErrorIs(t, err, e2)
	require.ErrorIs(t, err, hooks.ErrRollback)
	require.NotErrorIs(t, err, hooks.ErrPanic, "the cause was no panic")
	var code *codeError
	require.ErrorAs(t, err, &code)
	assert.Equal(t, 402, code.Code)
	var hooksRolledBack []string
	for _, r := range failureOf(t, err).Rollbacks {
		hooksRolledBack = append(hooksRolledBack, r.Hook)
	}
	assert.Equal(t, []string{"three", "two", "one"}, hooksRolledBack)

	_, err = x.Execute(t.Context(), newCart(), undoing("one", func() error { return nil }), failing("two", &codeError{500}))
	require.EqualError(t, err, `hooks: execute "two": code 500`)
	require.NotErrorIs(t, err, hooks.ErrRollback)
}

// What happens after the commit cannot take it back.
func TestFailureAfterCommitUndoesNothing(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	var d diary
	state := newCart()
	report, err := x.Execute(t.Context(), state, noting(&d, "one", nil),
		hooks.FuncUndo("two", func(ctx context.Context, c *cart) error {
			c.N = 5
			return hooks.OnCommit(ctx, func(context.Context) error { d.add("told"); return errBroken })
		}, func(context.Context, *cart) error { d.add("undo two"); return nil }))
	require.NoError(t, err)
	d.require(t, "do one", "told")
	assert.Equal(t, 5, state.N)
	assert.True(t, report.Committed)
	require.Len(t, report.AfterCommit, 1)
	assert.Equal(t, "two", report.AfterCommit[0].Hook)
	assert.Equal(t, 1, report.AfterCommit[0].Step)
	require.ErrorIs(t, report.AfterCommit[0].Err, errBroken)
	m := x.Metrics()
	assert.Equal(t, int64(1), m.AfterCommitFailures)
	assert.Equal(t, int64(1), m.Commits)
	assert.Zero(t, m.Rollbacks)
}

// The six strategies, in short: what a user relies on.

func TestStrategyIsolation(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	state := newCart()
	var first, second *cart
	_, err := x.Execute(t.Context(), state,
		hooks.Func("one", func(_ context.Context, c *cart) error { first = c; c.N = 1; return nil }),
		hooks.Func("two", func(_ context.Context, c *cart) error { second = c; c.N++; return nil }))
	require.NoError(t, err)
	scribble(first)
	scribble(second)
	want := newCart()
	want.N = 2
	requireCart(t, want, state)

	err = x.Isolate(t.Context(), state, "alone", func(_ context.Context, c *cart) error { scribble(c); panic("no") })
	require.ErrorIs(t, err, hooks.ErrPanic)
	assert.Equal(t, "alone", failureOf(t, err).Hook)
	requireCart(t, want, state)
	require.NoError(t, x.Isolate(t.Context(), state, "alone", func(_ context.Context, c *cart) error { c.N = 7; return nil }))
	assert.Equal(t, 7, state.N)
}

func TestStrategyRollback(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	var d diary
	state := newCart()
	report, err := x.Execute(t.Context(), state, noting(&d, "one", nil), noting(&d, "two", nil), noting(&d, "three", errBroken), noting(&d, "four", nil))
	require.ErrorIs(t, err, errBroken)
	d.require(t, "do one", "do two", "do three", "undo two", "undo one")
	requireCart(t, newCart(), state)
	assert.Nil(t, report.Values())
	assert.Equal(t, int64(2), x.Metrics().Rollbacks)
	assert.Equal(t, int64(1), x.Metrics().RolledBack)
}

func TestStrategyTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := build[cart](t, limits(time.Second))
		begun := time.Now()
		_, err := x.Execute(t.Context(), newCart(), limited(hooks.Func("slow", func(ctx context.Context, _ *cart) error {
			deadline, _ := ctx.Deadline()
			assert.Equal(t, time.Minute, time.Until(deadline), "a hook's own limit may be longer than the default")
			time.Sleep(30 * time.Second)
			return nil
		}), time.Minute))
		require.NoError(t, err)
		assert.Equal(t, 30*time.Second, time.Since(begun))
		_, err = x.Execute(t.Context(), newCart(), hooks.Func("slow", func(ctx context.Context, _ *cart) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}))
		require.ErrorIs(t, err, hooks.ErrTimeout)
		require.ErrorContains(t, err, `hooks: execute "slow": time limit of 1s for hook "slow" exceeded`)
		assert.InDelta(t, 50, x.Metrics().TimeoutRate(), 1e-9)
	})
}

func TestStrategyConcurrency(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			for j := range 20 {
				state := newCart()
				_, err := x.Execute(t.Context(), state,
					hooks.Func("add", func(_ context.Context, c *cart) error { c.N += i; return nil }),
					hooks.Func("maybe", func(_ context.Context, c *cart) error {
						scribble(c)
						if j%2 == 0 {
							return errBroken
						}
						c.N = i
						return nil
					}))
				if assert.Equal(t, j%2 == 0, err != nil) && j%2 == 0 {
					requireCart(t, newCart(), state)
				} else {
					assert.Equal(t, i, state.N)
				}
			}
		})
	}
	wg.Wait()
	m := x.Metrics()
	assert.Equal(t, int64(640), m.Executions)
	assert.Equal(t, int64(320), m.Commits)
	assert.Equal(t, hooks.Runs{Succeeded: 960, Failed: 320}, m.Runs)
}

func TestStrategyValidation(t *testing.T) {
	var d diary
	state := newCart()
	positive := hooks.ValidatorFunc("positive", func(_ context.Context, c hooks.StateChange[cart]) hooks.ValidationResult {
		d.add("%s: %d to %d, %v", c.Hook, c.Before.N, c.After.N, c.Changes())
		if c.After.N < 0 {
			return hooks.ValidationResult{Err: fmt.Errorf("N is %d", c.After.N), Warnings: []string{"negative"}}
		}
		return hooks.ValidationResult{Warnings: []string{"fine"}}
	})
	x := build[cart](t, hooks.Config{}, positive)
	set := func(name string, n int) hooks.Hook[cart] {
		return hooks.Func(name, func(_ context.Context, c *cart) error { c.N = n; return nil })
	}
	report, err := x.Execute(t.Context(), state, set("one", 1), set("two", -1), set("three", 3))
	require.EqualError(t, err, `hooks: validate state "two": invalid state: validator "positive": N is -1`)
	require.ErrorIs(t, err, hooks.ErrInvalidState)
	d.require(t, "one: 0 to 1, [N: 0 → 1]", "two: 1 to -1, [N: 1 → -1]")
	assert.Equal(t, []string{"fine"}, report.Results()[0].Warnings)
	assert.Equal(t, []string{"negative"}, report.Results()[1].Warnings)
	requireCart(t, newCart(), state)
	assert.True(t, hooks.ValidationResult{}.Valid())
	assert.False(t, hooks.ValidationResult{Err: errBroken}.Valid())
}

// Everything at once: events, results, policies, undo and commit functions.
func TestStrategyMixed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		x := build[cart](t, limits(time.Second), hooks.ValidatorFunc("v", func(_ context.Context, c hooks.StateChange[cart]) hooks.ValidationResult {
			if c.After.N > 100 {
				return hooks.ValidationResult{Err: errors.New("too many")}
			}
			return hooks.ValidationResult{}
		}))
		full := func(name string, n int, err error) hooks.Hook[cart] {
			return hooks.Define(hooks.Funcs[cart]{
				Name: name,
				Execute: func(ctx context.Context, c *cart) (any, error) {
					c.N += n
					return n, errors.Join(err,
						hooks.OnRollback(ctx, func(context.Context) error { d.add("step %s", name); return nil }),
						hooks.BeforeCommit(ctx, func(context.Context) error { d.add("before %s", name); return nil }),
						hooks.OnCommit(ctx, func(context.Context) error { d.add("after %s", name); return nil }))
				},
				Rollback:       func(_ context.Context, c *cart) error { d.add("undo %s with %d", name, c.N); return nil },
				ValidateEvent:  func(_ context.Context, c *cart) error { d.add("event %s with %d", name, c.N); return nil },
				ValidateResult: func(_ context.Context, v any) error { d.add("result %s %v", name, v); return nil },
			})
		}
		state := newCart()
		report, err := x.Execute(t.Context(), state, full("one", 1, nil), continuing(full("two", 200, nil)),
			continuing(full("three", 3, errBroken)), full("four", 4, nil))
		require.NoError(t, err)
		d.require(t, "event one with 0", "result one 1",
			"event two with 1", "result two 200", "undo two with 201", "step two",
			"event three with 1", "step three",
			"event four with 1", "result four 4",
			"before one", "before four", "after one", "after four")
		assert.Equal(t, 5, state.N)
		assert.Equal(t, []any{1, 4}, report.Values())

		d = diary{}
		_, err = x.Execute(t.Context(), state, full("one", 1, nil), continuing(full("two", 200, nil)), full("four", 4, errBroken))
		require.ErrorIs(t, err, errBroken)
		d.require(t, "event one with 5", "result one 1",
			"event two with 6", "result two 200", "undo two with 206", "step two",
			"event four with 6", "step four",
			"undo one with 6", "step one")
		assert.Equal(t, 5, state.N)
	})
}

// A panic with nil is one even if the runtime is told to let recover return nil for it.
func TestPanicWithNilOfOld(t *testing.T) {
	t.Setenv("GODEBUG", "panicnil=1")
	x := build[cart](t, hooks.Config{})
	for range 2 {
		report, err := x.Execute(t.Context(), newCart(), hooks.Func("h", func(context.Context, *cart) error { panicNil(); return nil }))
		require.ErrorIs(t, err, hooks.ErrPanic)
		require.NotErrorIs(t, err, hooks.ErrExited)
		var pe *hooks.PanicError
		require.ErrorAs(t, err, &pe)
		assert.IsType(t, new(runtime.PanicNilError), pe.Value)
		assert.Equal(t, hooks.OutcomePanicked, report.Results()[0].Outcome)
	}
}
