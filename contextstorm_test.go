package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// A storm is one hook whose context is used by many goroutines while the hook ends, and long
// after that, when the executor has served others. Whatever they ask, they must be told about
// their own execution, and each thing that they registered must come to pass exactly once, or,
// if they were told that it was too late, never.
type storm struct {
	id      string
	fate    *stormFate
	path    string // of the hook
	ctx     context.Context
	release chan struct{} // lets a hook end that was given up
	hook    sync.WaitGroup
	askers  sync.WaitGroup
	problem atomic.Pointer[string]

	registered, ran [3]atomic.Int64 // in the order of registrars
	called          atomic.Int64    // callbacks of AfterFunc that are to run, less those that have
}

var registrars = [3]func(context.Context, func(context.Context) error) error{hooks.OnRollback, hooks.BeforeCommit, hooks.OnCommit}

// A stormFate is how the hook ends, and what follows from that.
type stormFate struct {
	name   string
	limit  time.Duration // 0: the default
	policy hooks.FailurePolicy
	end    func(s *storm, cancel context.CancelCauseFunc) error
	next   error // of the hook after it
	err    error // of Execute
	cause  error // of the hook's context, nil: that the hook has ended
	kept   bool  // its BeforeCommit and OnCommit functions run
}

var errAway = errors.New("the caller has gone away")

var stormFates = []*stormFate{
	{name: "succeeds", end: func(*storm, context.CancelCauseFunc) error { return nil }, kept: true},
	{name: "is undone", end: func(*storm, context.CancelCauseFunc) error { return nil }, next: errBroken, err: errBroken},
	{name: "fails", end: func(*storm, context.CancelCauseFunc) error { return errBroken }, err: errBroken},
	{name: "is dropped", end: func(*storm, context.CancelCauseFunc) error { return errBroken }, policy: hooks.Continue},
	{name: "panics", end: func(s *storm, _ context.CancelCauseFunc) error { panic(s.id) }, err: hooks.ErrPanic},
	{name: "exits", end: func(*storm, context.CancelCauseFunc) error { runtime.Goexit(); return nil }, err: hooks.ErrExited},
	{name: "overruns", limit: time.Millisecond, err: hooks.ErrTimeout, cause: hooks.ErrTimeout,
		end: func(s *storm, _ context.CancelCauseFunc) error { <-s.ctx.Done(); return nil }},
	{name: "is given up", limit: time.Millisecond, err: hooks.ErrTimeout, cause: hooks.ErrTimeout,
		end: func(s *storm, _ context.CancelCauseFunc) error { <-s.release; return nil }},
	{name: "panics after it was given up", limit: time.Millisecond, err: hooks.ErrTimeout, cause: hooks.ErrTimeout,
		end: func(s *storm, _ context.CancelCauseFunc) error { <-s.release; panic(s.id) }},
	{name: "ends its caller", err: errAway, cause: errAway,
		end: func(s *storm, cancel context.CancelCauseFunc) error { cancel(s.away()); return nil }},
	{name: "ends its caller and stays", err: errAway, cause: errAway,
		end: func(s *storm, cancel context.CancelCauseFunc) error { cancel(s.away()); <-s.release; return nil }},
}

func (s *storm) away() error { return fmt.Errorf("%w: %s", errAway, s.id) }

func (s *storm) wrong(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.problem.CompareAndSwap(nil, &text)
}

// do is the hook.
func (s *storm) do(ctx context.Context, cancel context.CancelCauseFunc, askers int) error {
	s.ctx = ctx
	s.hook.Add(1)
	defer s.hook.Done()
	seed := rand.Uint64()
	for i := range askers {
		s.askers.Go(func() { s.ask(rand.New(rand.NewPCG(uint64(i), seed))) })
	}
	for range rand.IntN(50) {
		runtime.Gosched()
	}
	return s.fate.end(s, cancel)
}

// ask asks while the hook runs, and some time longer.
func (s *storm) ask(rnd *rand.Rand) {
	question := func(ended error) { stormQuestions[rnd.IntN(len(stormQuestions))](s, ended) }
	for left := rnd.IntN(30); left > 0 && s.ctx.Err() == nil; left-- {
		question(nil)
	}
	<-s.ctx.Done()
	for range 20 {
		question(s.ctx.Err())
	}
}

// stormQuestions are what is asked; ended is what Err said before.
var stormQuestions = []func(s *storm, ended error){
	func(s *storm, ended error) {
		select {
		case <-s.ctx.Done():
			if s.ctx.Err() == nil {
				s.wrong("Done is closed, and Err is nil")
			}
		default:
			if ended != nil {
				s.wrong("Err was %v, and Done is open", ended)
			}
		}
	},
	func(s *storm, ended error) {
		if got := s.ctx.Err(); ended != nil && got != ended { //nolint:errorlint // the same error
			s.wrong("Err was %v, and is %v", ended, got)
		}
	},
	func(s *storm, ended error) { s.checkCause(s.ctx, ended) },
	func(s *storm, _ error) {
		info, ok := hooks.InfoFrom(s.ctx)
		got := fmt.Sprint(ok, info.Execution, info.Hook, info.IdempotencyKey, s.ctx.Value(userKey{}))
		if want := fmt.Sprint(true, s.id, s.path, s.id+"/"+s.path+"#1", s.id); got != want {
			s.wrong("it is in %s, want %s", got, want)
		}
	},
	func(s *storm, ended error) {
		child, cancel := context.WithCancel(s.ctx)
		if ended != nil {
			s.checkCause(child, child.Err())
			if child.Err() == nil {
				s.wrong("a child of an ended context is alive")
			}
		}
		cancel()
		<-child.Done()
	},
	func(s *storm, ended error) {
		child, cancel := context.WithCancelCause(context.WithValue(s.ctx, secondKey{}, s.id))
		cancel(errOwnEnd)
		if cause := context.Cause(child); !errors.Is(cause, errOwnEnd) {
			s.checkCause(child, child.Err())
		}
	},
	func(s *storm, _ error) {
		s.called.Add(1)
		if stop := context.AfterFunc(s.ctx, func() { s.called.Add(-1) }); len(s.id)%2 == 0 && stop() {
			s.called.Add(-1)
		}
	},
	func(s *storm, _ error) {
		s.called.Add(1)
		child, cancel := context.WithCancel(context.WithValue(s.ctx, secondKey{}, 1))
		context.AfterFunc(child, func() { s.called.Add(-1); cancel() })
	},
	func(s *storm, ended error) {
		for i, register := range registrars {
			err := register(s.ctx, func(ctx context.Context) error {
				if info, _ := hooks.InfoFrom(ctx); info.Execution != s.id {
					s.wrong("a function that %s registered is called in %s", s.id, info.Execution)
				}
				s.ran[i].Add(1)
				return nil
			})
			switch {
			case err == nil:
				s.registered[i].Add(1)
			case !errors.Is(err, hooks.ErrEnded):
				s.wrong("a registration was refused: %v", err)
			}
		}
	},
	func(s *storm, _ error) { hooks.Warn(s.ctx, "of %s.", s.id) },
	func(s *storm, _ error) {
		if c := hooks.ExecutionContext(s.ctx); c.Value(userKey{}) != s.id {
			s.wrong("the execution's context is of %v", c.Value(userKey{}))
		}
	},
	func(s *storm, _ error) {
		if text := fmt.Sprint(s.ctx); !strings.HasSuffix(text, "WithHook("+s.path+")") {
			s.wrong("its name is %s", text)
		}
	},
}

// checkCause checks the cause of a context that has ended, or of a child of it.
func (s *storm) checkCause(ctx context.Context, ended error) {
	if ended == nil {
		return
	}
	cause := context.Cause(ctx)
	switch want := s.fate.cause; {
	case want == nil && cause.Error() == "hooks: the hook has ended":
	case want == errAway && cause.Error() == s.away().Error(): //nolint:errorlint // which fate it is
	case want == hooks.ErrTimeout && errors.Is(cause, want) && strings.Contains(cause.Error(), `"`+s.path+`"`): //nolint:errorlint // likewise
	default:
		s.wrong("it ended with %v", cause)
	}
}

// run executes the storm's chain, and checks what came of it.
func (s *storm) run(x *hooks.Executor[errand], number int) error {
	parent, cancel := context.WithCancelCause(context.WithValue(context.Background(), userKey{}, s.id))
	defer cancel(nil)
	h := hooks.With(hooks.Func("h", func(ctx context.Context, e *errand) error {
		e.told = number
		return s.do(ctx, cancel, 3)
	}), func(o *hooks.Options) { o.Timeout, o.OnFailure = s.fate.limit, s.fate.policy })
	quick := hooks.Func("quick", func(context.Context, *errand) error { return nil })
	s.path = "h"
	switch number % 4 {
	case 1:
		h, s.path = hooks.Sequence("s", quick, h), "s/h"
	case 2:
		h, s.path = hooks.Parallel("p", quick, h), "p/h"
	}
	state := errand{id: number}
	report, err := x.Execute(hooks.WithExecutionID(parent, s.id), &state, h, hooks.Func("next", func(context.Context, *errand) error { return s.fate.next }))
	switch {
	case report.Execution != s.id:
		return fmt.Errorf("the report is of %s", report.Execution)
	case !errors.Is(err, s.fate.err):
		return fmt.Errorf("got %w, want %w", err, s.fate.err)
	case s.fate.kept != (state.told == number):
		return fmt.Errorf("kept: %t, and the state says %d", s.fate.kept, state.told)
	}
	for _, res := range report.Results() {
		for _, w := range res.Warnings {
			if w != "of "+s.id+"." {
				return fmt.Errorf("it was warned %q", w)
			}
		}
	}
	return nil
}

// over checks what has come of everything, when nothing runs any more.
func (s *storm) over() error {
	for _, question := range stormQuestions {
		question(s, s.ctx.Err())
	}
	for s.called.Load() != 0 { // the test's time is the limit
		runtime.Gosched()
	}
	if p := s.problem.Load(); p != nil {
		return errors.New(*p)
	}
	for i, due := range []bool{!s.fate.kept, s.fate.kept, s.fate.kept} {
		want := s.registered[i].Load()
		if !due {
			want = 0
		}
		if got := s.ran[i].Load(); got != want {
			return fmt.Errorf("of registrar %d, %d functions ran, want %d", i, got, want)
		}
	}
	if s.ctx.Err() == nil {
		return errors.New("the context is alive")
	}
	return nil
}

func TestContextsInAStorm(t *testing.T) {
	many := 770
	if raceEnabled || testing.Short() {
		many = 330
	}
	atProcs(t, func(t *testing.T) {
		const callers = 4
		x := build[errand](t, hooks.Config{Execution: hooks.ExecutionConfig{MaxAbandoned: 1000}})
		storms := make([]*storm, many)
		wrong := make([]error, many)
		var group sync.WaitGroup
		for c := range callers {
			group.Go(func() {
				for i := c; i < many; i += callers {
					s := &storm{id: fmt.Sprintf("storm-%d", i), fate: stormFates[i%len(stormFates)], release: make(chan struct{})}
					storms[i] = s
					wrong[i] = s.run(x, i+1)
					if j := i - 10*callers; j >= 0 { // hooks end while others run
						close(storms[j].release)
					}
				}
			})
		}
		group.Wait()
		for _, s := range storms[many-10*callers:] {
			close(s.release)
		}
		for _, s := range storms {
			s.hook.Wait()
			s.askers.Wait()
		}
		require.NoError(t, x.Shutdown(t.Context()))
		for i, s := range storms {
			if wrong[i] == nil {
				wrong[i] = s.over()
			}
			require.NoError(t, wrong[i], "storm %s, which %s", s.id, s.fate.name)
		}
	})
}

// A registration that was accepted just as the hook returned counts, and one that was refused
// does not.
func TestRegistrationsAtTheEnd(t *testing.T) {
	const rounds, askers, each = 150, 3, 40
	atProcs(t, func(t *testing.T) {
		x := build[int](t, hooks.Config{})
		for round := range rounds {
			var accepted, ran atomic.Int64
			var group sync.WaitGroup
			h := hooks.Func("h", func(ctx context.Context, _ *int) error {
				var begun sync.WaitGroup
				begun.Add(askers)
				for range askers {
					group.Go(func() {
						begun.Done()
						for range each {
							if hooks.OnRollback(ctx, func(context.Context) error { ran.Add(1); return nil }) == nil {
								accepted.Add(1)
							}
						}
					})
				}
				begun.Wait()
				if round%2 == 0 {
					return errBroken // its steps run at once
				}
				return nil
			})
			_, err := x.Execute(t.Context(), new(int), h, hooks.Func("next", func(context.Context, *int) error { group.Wait(); return errBroken }))
			group.Wait()
			require.ErrorIs(t, err, errBroken)
			require.Equal(t, accepted.Load(), ran.Load())
		}
		require.NoError(t, x.Shutdown(t.Context()))
	})
}

// A stallingContext keeps one goroutine waiting that asks whether it has ended, and then says that
// it has. It tells all others that it has not.
type stallingContext struct {
	context.Context
	done          chan struct{}
	stalls        atomic.Pointer[string] // which goroutine
	asked, goesOn chan struct{}
	once          sync.Once
}

func (c *stallingContext) Done() <-chan struct{} { return c.done }

func (c *stallingContext) Err() error {
	if id := c.stalls.Load(); id == nil || *id != goroutineID() {
		return nil
	}
	c.once.Do(func() { close(c.asked) })
	<-c.goesOn
	return context.Canceled
}

// Who has been told that the context ended with its hook is not told otherwise later, though
// somebody else was just about to find out that the caller's context has ended.
func TestHowAContextEndedDoesNotChange(t *testing.T) {
	parent := &stallingContext{Context: context.Background(), done: make(chan struct{}), asked: make(chan struct{}), goesOn: make(chan struct{})}
	var kept context.Context
	var group sync.WaitGroup
	var told error
	_, err := hooks.Run(parent, new(int), hooks.Func("h", func(ctx context.Context, _ *int) error {
		kept = ctx
		group.Go(func() {
			id := goroutineID()
			parent.stalls.Store(&id)
			_ = ctx.Err()
			told = context.Cause(ctx)
		})
		<-parent.asked
		return nil
	}))
	require.NoError(t, err)
	require.ErrorContains(t, context.Cause(kept), "the hook has ended")
	close(parent.goesOn)
	group.Wait()
	require.ErrorContains(t, context.Cause(kept), "the hook has ended")
	require.ErrorContains(t, told, "the hook has ended")
}
