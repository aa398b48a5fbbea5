package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// An errand is a state that belongs to one execution.
type errand struct{ id, told int }

// fates are what becomes of an errand, one after the other on the same workers.
var fates = []struct {
	name string
	do   func(e *errand) error
	want error
}{
	{"succeeds", func(*errand) error { return nil }, nil},
	{"fails", func(e *errand) error { return fmt.Errorf("errand %d: %w", e.id, errBroken) }, errBroken},
	{"panics", func(e *errand) error { panic(fmt.Errorf("errand %d: %w", e.id, errBroken)) }, hooks.ErrPanic},
	{"exits", func(*errand) error { runtime.Goexit(); return nil }, hooks.ErrExited},
	{"says no", func(e *errand) error { return hooks.Reject("errand %d", e.id) }, hooks.ErrRejected},
}

// Many executions of all fates, on workers that are used again: each has its own state, results and
// error, and the counts are exact.
func TestWorkersMixNothingUp(t *testing.T) {
	many := 20_000
	if raceEnabled || testing.Short() {
		many = 10_000
	}
	const callers = 4
	x := build[errand](t, hooks.Config{})
	tell := hooks.Define(hooks.Funcs[errand]{Name: "tell", Execute: func(_ context.Context, e *errand) (any, error) { e.told += e.id; return e.id, nil }})
	chains := make([][]hooks.Hook[errand], len(fates))
	for i, f := range fates {
		fate := hooks.Func("fate", func(_ context.Context, e *errand) error { return f.do(e) })
		chains[i] = []hooks.Hook[errand]{tell, fate}
	}
	wrong := make([]error, callers)
	var group sync.WaitGroup
	for c := range callers {
		group.Go(func() {
			for id := c + 1; id <= many && wrong[c] == nil; id += callers {
				wrong[c] = runErrand(x, id, chains)
			}
		})
	}
	group.Wait()
	requireNone(t, wrong)
	m := x.Metrics()
	each := int64(many / len(fates))
	assert.Equal(t, hooks.Runs{Succeeded: int64(many) + each, Failed: each, Panicked: each, Exited: each, Rejected: each}, m.Runs)
	assert.EqualValues(t, each, m.Commits)
	assert.EqualValues(t, many, m.Executions)
	require.NoError(t, x.Shutdown(t.Context()))
}

func runErrand(x *hooks.Executor[errand], id int, chains [][]hooks.Hook[errand]) error {
	fate := fates[id%len(fates)]
	state := errand{id: id}
	report, err := x.Execute(context.Background(), &state, chains[id%len(fates)]...)
	told, ok := hooks.ResultOf[int](report, "tell")
	switch {
	case fate.want == nil && (err != nil || state.told != id || !ok || told != id):
		return fmt.Errorf("errand %d succeeds: error %w, told %d, result %d", id, err, state.told, told)
	case fate.want != nil && (!errors.Is(err, fate.want) || state.told != 0 || ok):
		return fmt.Errorf("errand %d %s: error %w, told %d, result %d", id, fate.name, err, state.told, told)
	}
	return nil
}

// A worker that was kept by a hook does not serve again, and what the hook does when it ends changes nothing.
func TestAbandonedWorkerServesNobody(t *testing.T) {
	x := build[errand](t, hooks.Config{})
	release, ended := make(chan struct{}), make(chan struct{})
	deaf := limited(hooks.Func("deaf", func(_ context.Context, e *errand) error {
		defer close(ended)
		<-release
		e.told = -1
		return nil
	}), time.Millisecond)
	state := errand{id: 1}
	_, err := x.Execute(t.Context(), &state, deaf)
	require.ErrorIs(t, err, hooks.ErrTimeout)
	ok := hooks.Func("ok", func(_ context.Context, e *errand) error { e.told++; return nil })
	for i := range 1000 {
		if i == 500 {
			close(release)
			<-ended
		}
		_, err := x.Execute(t.Context(), &state, ok)
		require.NoError(t, err)
	}
	assert.Equal(t, errand{1, 1000}, state)
	require.NoError(t, x.Shutdown(t.Context()))
	assert.EqualValues(t, 1, x.Metrics().LateEnds)
}

// What a hook kept answers for its own execution, whatever the worker has done since.
func TestKeptContextAnswersForItsExecution(t *testing.T) {
	x := build[errand](t, hooks.Config{})
	var kept context.Context
	report, err := x.Execute(t.Context(), &errand{}, hooks.Func("keeps", func(ctx context.Context, _ *errand) error { kept = ctx; return nil }))
	require.NoError(t, err)
	other := hooks.Func("other", func(context.Context, *errand) error { return nil })
	for range 100 {
		_, err := x.Execute(t.Context(), &errand{}, other)
		require.NoError(t, err)
	}
	info, ok := hooks.InfoFrom(kept)
	require.True(t, ok)
	assert.Equal(t, []string{report.Execution, "keeps"}, []string{info.Execution, info.Hook})
	require.ErrorIs(t, kept.Err(), context.Canceled)
	require.ErrorIs(t, hooks.OnRollback(kept, func(context.Context) error { return nil }), hooks.ErrEnded)
	assert.Equal(t, kept, hooks.ExecutionContext(kept))
	hooks.Warn(kept, "nobody hears this")
	assert.Empty(t, report.Results()[0].Warnings)
}

// An executor that nobody shuts down leaves no goroutine, and one that was shut down none at once.
func TestIdleExecutorHasNoGoroutine(t *testing.T) {
	baseline := runtime.NumGoroutine()
	x := build[errand](t, hooks.Config{})
	var group sync.WaitGroup
	var inside sync.WaitGroup
	inside.Add(20) // at the same time, so that there are as many workers
	for range 20 {
		group.Go(func() {
			_, err := x.Execute(t.Context(), &errand{}, hooks.Func("h", func(context.Context, *errand) error { inside.Done(); inside.Wait(); return nil }))
			assert.NoError(t, err)
		})
	}
	group.Wait()
	backTo(t, baseline)
}

// The hooks of a chain are recognised by what they are, not by their names, nor by the slice that they come in.
func TestChainsAreNotMixedUp(t *testing.T) {
	x := build[errand](t, hooks.Config{})
	add := func(n int) hooks.Hook[errand] {
		return hooks.Func("h", func(_ context.Context, e *errand) error { e.told += n; return nil })
	}
	slot := make([]hooks.Hook[errand], 1)
	for i := range 50 {
		slot[0] = add(i)
		state := errand{}
		_, err := x.Execute(t.Context(), &state, slot...)
		require.NoError(t, err)
		require.Equal(t, i, state.told)
		for _, h := range []hooks.Hook[errand]{valueHook{i}, valueHook{i + 1}, arrayHook{[1]int{i}}, arrayHook{[1]int{i + 1}}, boxedHook{i}, boxedHook{[]int{i}}} {
			state := errand{}
			_, err := x.Execute(t.Context(), &state, h)
			require.NoError(t, err)
			require.Equal(t, fmt.Sprint(h), fmt.Sprintf("{%v}", []any{state.told, []int{state.told}}[state.id]))
		}
	}
	require.NoError(t, x.Shutdown(t.Context()))
}

// A valueHook can be compared, a boxedHook only if what it holds can.
type (
	valueHook struct{ n int }
	arrayHook struct{ n [1]int }
	boxedHook struct{ v any }
)

func (valueHook) Name() string { return "h" }
func (arrayHook) Name() string { return "h" }
func (boxedHook) Name() string { return "h" }

func (h valueHook) Execute(_ context.Context, e *errand) (any, error) { e.told = h.n; return nil, nil }

func (h arrayHook) Execute(_ context.Context, e *errand) (any, error) {
	e.told, e.id = h.n[0], 1
	return nil, nil
}

func (h boxedHook) Execute(_ context.Context, e *errand) (any, error) {
	switch v := h.v.(type) {
	case int:
		e.told = v
	case []int:
		e.told, e.id = v[0], 1
	}
	return nil, nil
}
