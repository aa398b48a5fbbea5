package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// A ticket is the state of one of many executions at once.
type ticket struct {
	ID    string
	N     int
	Trail []string
	Seen  map[string]string
}

// stamp writes that a hook was here, and says whether the ticket is somebody else's.
func (k *ticket) stamp(ctx context.Context, hook string) error {
	info, _ := hooks.InfoFrom(ctx)
	if k.ID != info.Execution || k.Seen["id"] != info.Execution {
		return fmt.Errorf("the ticket of %s (%s) in execution %s", k.ID, k.Seen["id"], info.Execution)
	}
	k.N++
	k.Trail = append(k.Trail, hook)
	k.Seen[hook] = info.Execution
	return nil
}

func newTicket(id string) *ticket {
	return &ticket{ID: id, Trail: make([]string, 0, 8), Seen: map[string]string{"id": id}}
}

// reconcile polls the metrics until over is closed. Whatever is under way, the counts
// add up, and never go back.
func reconcile(x *hooks.Executor[ticket], over <-chan struct{}) error {
	var before hooks.Metrics
	for polls := 0; ; polls++ {
		m := x.Metrics()
		var hooked, undone int64
		for _, h := range m.Hooks {
			hooked += h.Runs.Total()
			undone += h.Rollbacks
		}
		switch {
		case m.Executions != m.Commits+m.Failures+m.DryRuns:
			return fmt.Errorf("poll %d: %d executions, but %d commits, %d failures, %d dry runs", polls, m.Executions, m.Commits, m.Failures, m.DryRuns)
		case m.Runs.Total() != hooked:
			return fmt.Errorf("poll %d: %d runs, but the hooks have %d", polls, m.Runs.Total(), hooked)
		case m.Rollbacks+m.LateCompensations != undone:
			return fmt.Errorf("poll %d: %d undo calls and %d late, but the hooks have %d", polls, m.Rollbacks, m.LateCompensations, undone)
		case m.Executions < before.Executions || m.Runs.Total() < before.Runs.Total() || m.LateEnds < before.LateEnds:
			return fmt.Errorf("poll %d: a count went back: %+v, then %+v", polls, before, m)
		case m.AbandonedNow < 0 || m.AbandonedNow > m.AbandonedEver:
			return fmt.Errorf("poll %d: %d of %d calls are abandoned", polls, m.AbandonedNow, m.AbandonedEver)
		}
		before = m
		select {
		case <-over:
			return nil
		case <-time.After(time.Millisecond):
		}
	}
}

// backTo waits until there are no more goroutines than there were.
func backTo(t *testing.T, baseline int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); runtime.NumGoroutine() > baseline; runtime.Gosched() {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, want at most %d:\n%s", runtime.NumGoroutine(), baseline, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// requireNone fails with the first of the errors.
func requireNone(t *testing.T, errs []error) {
	t.Helper()
	for i, err := range errs {
		require.NoError(t, err, "execution %d of %d", i, len(errs))
	}
}

// Ten thousand executions at once on one executor. Each has a state and an id of its
// own, and one of five fates; what it gets is its own, and the counts are exact.
func TestTenThousandAtOnce(t *testing.T) {
	const (
		many = 10_000
		deaf = 20 // every 20th execution's hook overruns its limit, and hangs until released
	)
	baseline := runtime.NumGoroutine()
	x, err := hooks.New[ticket](hooks.Config{Execution: hooks.ExecutionConfig{
		DefaultTimeout: hooks.NoLimit, RollbackTimeout: hooks.NoLimit, MaxAbandoned: many/deaf + 1,
	}})
	require.NoError(t, err)
	release := make(chan struct{})
	var undone, lateEnds atomic.Int64
	undo := func(ctx context.Context, k *ticket) error {
		undone.Add(1)
		if len(k.Trail) != k.N {
			return errors.New("not the copy that the hook left")
		}
		return k.stamp(ctx, "undone")
	}
	first := hooks.Define(hooks.Funcs[ticket]{
		Name: "first", Rollback: undo,
		Execute: func(ctx context.Context, k *ticket) (any, error) { return k.ID, k.stamp(ctx, "first") },
	})
	fate := func(do func(ctx context.Context, k *ticket) error) hooks.Hook[ticket] {
		return hooks.Func("fate", func(ctx context.Context, k *ticket) error { return errors.Join(k.stamp(ctx, "fate"), do(ctx, k)) })
	}
	good := fate(func(context.Context, *ticket) error { return nil })
	fates := [deaf]hooks.Hook[ticket]{}
	for i := range fates {
		fates[i] = good
	}
	fates[3] = fate(func(context.Context, *ticket) error { return errBoom })
	fates[7] = fate(func(context.Context, *ticket) error { panic(errBoom) })
	fates[11] = fate(func(context.Context, *ticket) error { runtime.Goexit(); return nil })
	fates[13] = hooks.With(fates[3], func(o *hooks.Options) { o.OnFailure = hooks.Continue })
	fates[17] = hooks.With(fate(func(_ context.Context, k *ticket) error {
		<-release
		k.ID, k.N = "late", -1
		k.Seen["id"] = "late"
		lateEnds.Add(1)
		return nil
	}), func(o *hooks.Options) { o.Timeout = time.Millisecond })
	last := hooks.Define(hooks.Funcs[ticket]{Name: "last", Execute: func(ctx context.Context, k *ticket) (any, error) {
		return "last of " + k.ID, k.stamp(ctx, "last")
	}})

	over, polled := make(chan struct{}), make(chan error, 1)
	go func() { polled <- reconcile(x, over) }()
	states, wrong := make([]*ticket, many), make([]error, many)
	var group sync.WaitGroup
	for i := range states {
		id := fmt.Sprintf("e%d", i)
		states[i] = newTicket(id)
		group.Go(func() {
			report, err := x.Execute(hooks.WithExecutionID(context.Background(), id), states[i], first, fates[i%deaf], last)
			wrong[i] = checkTicket(i%deaf, id, states[i], report, err)
		})
	}
	group.Wait()
	requireNone(t, wrong)
	assert.Len(t, x.Abandoned(), many/deaf, "the deaf hooks, and no others")

	close(release)
	require.NoError(t, x.Shutdown(context.Background()))
	close(over)
	require.NoError(t, <-polled)
	assert.Empty(t, x.Abandoned())
	for i, k := range states { // nothing came late
		require.Equal(t, fmt.Sprintf("e%d", i), k.ID)
		require.Equal(t, len(k.Trail), k.N)
		require.Equal(t, k.ID, k.Seen["id"])
	}
	const share = many / deaf
	m := x.Metrics()
	assert.Equal(t, hooks.Runs{Succeeded: 2*many - 5*share + (many - 4*share), Failed: 2 * share, Panicked: share, Exited: share, TimedOut: share}, m.Runs)
	assert.EqualValues(t, many, m.Executions)
	assert.EqualValues(t, many-4*share, m.Commits)
	assert.EqualValues(t, 4*share, m.Failures)
	assert.EqualValues(t, share, m.ContinuedFailures)
	assert.EqualValues(t, 4*share, m.Rollbacks)
	assert.EqualValues(t, 4*share, undone.Load())
	assert.EqualValues(t, 0, m.RollbackFailures)
	assert.EqualValues(t, 0, m.Refused)
	assert.EqualValues(t, share, m.AbandonedEver)
	assert.EqualValues(t, share, m.LateEnds)
	assert.EqualValues(t, share, lateEnds.Load())
	backTo(t, baseline)
}

// checkTicket compares one execution with its fate.
func checkTicket(fate int, id string, k *ticket, report *hooks.Report, err error) error {
	wantKinds, wantTrail := map[int]string{
		3: "[boom]", 7: "[ErrPanic boom]", 11: "[ErrExited]", 17: "[ErrTimeout DeadlineExceeded]",
	}[fate], "[first fate last]"
	wantValues := fmt.Sprintf("[%s <nil> last of %s]", id, id)
	switch {
	case wantKinds != "":
		wantTrail, wantValues = "[]", "[]"
	case fate == 13: // dropped
		wantKinds, wantTrail, wantValues = "[]", "[first last]", fmt.Sprintf("[%s last of %s]", id, id)
	default:
		wantKinds = "[]"
	}
	got := fmt.Sprintf("%s, %v, trail %v, values %v, all told %t", report.Execution, kinds(err), k.Trail, report.Values(), k.N == len(k.Trail))
	want := fmt.Sprintf("%s, %s, trail %s, values %s, all told true", id, wantKinds, wantTrail, wantValues)
	if got != want {
		return fmt.Errorf("execution %s with fate %d: got %s, want %s (%v)", id, fate, got, want, err)
	}
	return nil
}

// To be many is no offence: executions that are slow, but in time, are never counted
// as abandoned, whatever MaxAbandoned is.
func TestConcurrencyIsNotAbandonment(t *testing.T) {
	const many = 500
	atProcs(t, func(t *testing.T) {
		x, err := hooks.New[ticket](hooks.Config{Execution: hooks.ExecutionConfig{DefaultTimeout: hooks.NoLimit, MaxAbandoned: 1}})
		require.NoError(t, err)
		var inside, group sync.WaitGroup
		inside.Add(many) // every hook waits until all hooks run
		slow := hooks.Func("slow", func(context.Context, *ticket) error { inside.Done(); inside.Wait(); return nil })
		wrong := make([]error, many)
		for i := range wrong {
			group.Go(func() { _, wrong[i] = x.Execute(context.Background(), newTicket("x"), slow) })
		}
		group.Wait()
		requireNone(t, wrong)
		m := x.Metrics()
		assert.EqualValues(t, many, m.Commits)
		assert.EqualValues(t, 0, m.Refused)
		assert.EqualValues(t, 0, m.AbandonedEver)
	})
}

// An executor is used from all sides while it is shut down: executions with nested
// ones inside, readers, and those who shut it down. An execution is refused, or runs
// to its end with all that it began; when Shutdown returns nothing is under way.
func TestShutdownAmidTheCrowd(t *testing.T) {
	const crowd, each = 16, 40
	atProcs(t, func(t *testing.T) {
		baseline := runtime.NumGoroutine()
		x, err := hooks.New[ticket](hooks.Config{Execution: hooks.ExecutionConfig{DefaultTimeout: hooks.NoLimit}})
		require.NoError(t, err)
		var underWay, admitted, refused atomic.Int64
		inner := hooks.Func("inner", func(_ context.Context, k *ticket) error { k.N += 10; return nil })
		shut := make(chan struct{})
		outer := hooks.Func("outer", func(ctx context.Context, k *ticket) error {
			underWay.Add(1)
			defer underWay.Add(-1)
			if k.Seen["shuts"] != "" {
				defer close(shut)
				if err := x.Shutdown(ctx); !errors.Is(err, hooks.ErrReentrant) {
					return fmt.Errorf("Shutdown inside a hook: got %v, want ErrReentrant", err)
				}
			}
			_, err := x.Execute(ctx, k, inner) // admitted even if the executor is shut
			return err
		})
		var group sync.WaitGroup
		problems := make(chan error, crowd*each+8)
		over := make(chan struct{})
		var readers sync.WaitGroup
		readers.Go(func() {
			if err := reconcile(x, over); err != nil {
				problems <- err
			}
		})
		readers.Go(func() {
			for {
				for _, a := range x.Abandoned() {
					problems <- fmt.Errorf("abandoned: %v", a)
				}
				select {
				case <-over:
					return
				default:
					runtime.Gosched()
				}
			}
		})
		for worker := range crowd {
			group.Go(func() {
				for i := range each {
					k := newTicket("x")
					if worker == 0 && i == each/2 {
						k.Seen["shuts"] = "the executor"
					}
					report, err := x.Execute(context.Background(), k, outer)
					switch {
					case errors.Is(err, hooks.ErrClosed) && len(report.Results()) == 0 && k.N == 0:
						refused.Add(1)
					case err == nil && k.N == 10:
						admitted.Add(1)
					default:
						problems <- fmt.Errorf("worker %d, execution %d: N is %d: %w", worker, i, k.N, err)
					}
				}
			})
		}
		for range 2 { // twice at once
			group.Go(func() {
				<-shut
				if err := x.Shutdown(context.Background()); err != nil {
					problems <- err
				}
				if n := underWay.Load(); n != 0 {
					problems <- fmt.Errorf("%d hooks run after Shutdown has returned", n)
				}
			})
		}
		group.Wait()
		close(over)
		readers.Wait()
		close(problems)
		for err := range problems {
			t.Error(err)
		}
		m := x.Metrics()
		assert.EqualValues(t, 2*admitted.Load(), m.Commits, "each admitted execution, and the one in it")
		assert.Equal(t, refused.Load(), m.Refused)
		assert.EqualValues(t, crowd*each, admitted.Load()+refused.Load())
		backTo(t, baseline)
	})
}
