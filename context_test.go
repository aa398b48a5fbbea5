package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// A hook's context is of a type of its own. Here it stands beside one of package context, made by WithTimeoutCause of the
// same parent and the same timeout, and both are asked everything that package context lets one ask.

var (
	errLimit  = errors.New("the limit of the standard context")
	errWhy    = errors.New("why the parent ended")
	errOwnEnd = errors.New("why the child ended")
)

type userKey struct{}

// causeName says which of the causes it is; the two contexts have different errors for their own limit.
func causeName(err error) string {
	switch {
	case err == nil:
		return "none"
	case errors.Is(err, errWhy):
		return "the parent's"
	case errors.Is(err, errOwnEnd):
		return "the child's"
	case errors.Is(err, errLimit), errors.Is(err, hooks.ErrTimeout):
		return "the limit"
	case errors.Is(err, context.DeadlineExceeded):
		return "a deadline"
	}
	return "cancelled" // the standard one says so, ours that the hook has ended
}

func state(ctx context.Context) string {
	closed := "open"
	done := ctx.Done()
	if done == nil {
		closed = "never"
	}
	select {
	case <-done:
		closed = "closed"
	default:
	}
	return fmt.Sprintf("%v, cause %s, done %s, same channel %t", ctx.Err(), causeName(context.Cause(ctx)), closed, done == ctx.Done())
}

func limitOf(ctx context.Context) string {
	at, ok := ctx.Deadline()
	return fmt.Sprint(at.UnixNano(), ok)
}

// questions are what one can do with a context; each returns what came of it.
var questions = map[string]func(ctx context.Context) string{
	"Done, Err, Cause": state,
	"Deadline":         limitOf,
	"Value":            func(ctx context.Context) string { return fmt.Sprint(ctx.Value(userKey{}), ctx.Value("absent")) },
	"a key like package context's": func(ctx context.Context) string {
		return fmt.Sprint(ctx.Value(new(int)))
	},
	"WithCancel": func(ctx context.Context) string {
		child, cancel := context.WithCancel(ctx)
		before := state(child)
		cancel()
		return before + "; " + state(child)
	},
	"WithCancelCause": func(ctx context.Context) string {
		child, cancel := context.WithCancelCause(ctx)
		before := state(child)
		cancel(errOwnEnd)
		return before + "; " + state(child)
	},
	"WithDeadline, later": func(ctx context.Context) string {
		child, cancel := context.WithDeadline(ctx, time.Now().Add(48*time.Hour))
		defer cancel()
		return state(child) + "; " + limitOf(child)
	},
	"WithDeadlineCause, passed": func(ctx context.Context) string {
		child, cancel := context.WithDeadlineCause(ctx, time.Now(), errOwnEnd)
		defer cancel()
		return state(child) + "; " + limitOf(child)
	},
	"WithTimeout": func(ctx context.Context) string {
		child, cancel := context.WithTimeout(ctx, time.Nanosecond)
		defer cancel()
		return state(child) + "; " + limitOf(child)
	},
	"WithTimeoutCause": func(ctx context.Context) string {
		child, cancel := context.WithTimeoutCause(ctx, time.Hour, errOwnEnd)
		defer cancel()
		return state(child) + "; " + limitOf(child)
	},
	"WithValue": func(ctx context.Context) string {
		child := context.WithValue(ctx, userKey{}, "own")
		return state(child) + fmt.Sprint(child.Value(userKey{})) + limitOf(child)
	},
	"WithCancelCause of WithValue": func(ctx context.Context) string {
		child, cancel := context.WithCancelCause(context.WithValue(ctx, "other", 1)) //nolint:staticcheck // a plain key
		before := state(child)
		cancel(errOwnEnd)
		return before + "; " + state(child) + fmt.Sprint(child.Value(userKey{}))
	},
	"WithoutCancel": func(ctx context.Context) string {
		free := context.WithoutCancel(ctx)
		return state(free) + limitOf(free) + fmt.Sprint(free.Value(userKey{}))
	},
	"AfterFunc, stopped": func(ctx context.Context) string {
		var group sync.WaitGroup
		group.Add(1)
		stop := context.AfterFunc(ctx, group.Done)
		stopped := stop()
		if !stopped {
			group.Wait() // it runs, on a goroutine of its own
		}
		return fmt.Sprint(stopped, stop())
	},
	"%v": func(ctx context.Context) string { return fmt.Sprint(fmt.Sprintf("%v", ctx) != "") },
}

func describe(ctx context.Context) map[string]string {
	all := map[string]string{}
	for what, ask := range questions {
		all[what] = ask(ctx)
	}
	return all
}

// A family is what was made of a context while it was alive.
type family struct {
	members map[string]context.Context
	cancels []context.CancelFunc
	ran     []string // what AfterFunc was given, as it ran
	mu      sync.Mutex
}

func raise(ctx context.Context) *family {
	f := &family{members: map[string]context.Context{}}
	add := func(name string, parent context.Context) context.Context {
		child, cancel := context.WithCancel(parent)
		f.members[name], f.cancels = child, append(f.cancels, cancel)
		return child
	}
	add("grandchild", add("child", ctx))
	add("child of a value", context.WithValue(ctx, userKey{}, "own"))
	add("free child", context.WithoutCancel(ctx))
	limited, cancel := context.WithTimeoutCause(ctx, 48*time.Hour, errOwnEnd)
	f.members["child with a limit"], f.cancels = limited, append(f.cancels, cancel)
	for name, of := range map[string]context.Context{"itself": ctx, "a value": context.WithValue(ctx, userKey{}, "own")} {
		context.AfterFunc(of, func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.ran = append(f.ran, name)
		})
	}
	stopped := context.AfterFunc(ctx, func() { panic("it was stopped") })
	f.members["stopped"] = context.WithValue(context.Background(), userKey{}, stopped())
	return f
}

func (f *family) describe() map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := map[string]string{"AfterFunc": fmt.Sprint(len(f.ran))}
	for name, ctx := range f.members {
		all[name] = state(ctx) + fmt.Sprint(ctx.Value(userKey{}))
	}
	return all
}

// An ownContext is a context of a type that package context does not know.
type ownContext struct{ inner context.Context }

func (c ownContext) Deadline() (time.Time, bool) { return c.inner.Deadline() }
func (c ownContext) Done() <-chan struct{}       { return c.inner.Done() }
func (c ownContext) Err() error                  { return c.inner.Err() }
func (c ownContext) Value(key any) any           { return c.inner.Value(key) }

const contextLimit = 10 * time.Second

// parents are the contexts that an execution can be given. They end with errWhy, if they are ended.
var parents = map[string]func(context.Context) context.Context{
	"plain": func(ctx context.Context) context.Context { return ctx },
	"with a value": func(ctx context.Context) context.Context {
		return context.WithValue(ctx, userKey{}, "the parent's")
	},
	"of a type of its own": func(ctx context.Context) context.Context {
		return ownContext{context.WithValue(ctx, userKey{}, "the parent's")}
	},
	"without an end": context.WithoutCancel,
	"a free value's child": func(ctx context.Context) context.Context {
		return context.WithValue(context.WithoutCancel(ctx), userKey{}, 1)
	},
}

// endings are what can happen to a context.
var contextEndings = map[string]func(cancel context.CancelCauseFunc, release func()){
	"its hook returns":    func(_ context.CancelCauseFunc, release func()) { release() },
	"its limit passes":    func(context.CancelCauseFunc, func()) { time.Sleep(contextLimit + time.Second) },
	"its parent is ended": func(cancel context.CancelCauseFunc, _ func()) { cancel(errWhy) },
	"the parent's, then its limit": func(cancel context.CancelCauseFunc, _ func()) {
		cancel(errWhy)
		time.Sleep(contextLimit + time.Second)
	},
	"its limit, then the parent's": func(cancel context.CancelCauseFunc, _ func()) {
		time.Sleep(contextLimit + time.Second)
		cancel(errWhy)
	},
}

func TestHookContextIsLikeTheStandardOne(t *testing.T) {
	for why, parentOf := range parents {
		for what, happens := range contextEndings {
			for _, deadline := range []time.Duration{0, contextLimit / 2, contextLimit * 2} {
				t.Run(fmt.Sprintf("%s/%s/%v", why, what, deadline), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { compareContexts(t, parentOf, happens, deadline) })
				})
			}
		}
	}
}

func compareContexts(t *testing.T, parentOf func(context.Context) context.Context, happens func(context.CancelCauseFunc, func()), deadline time.Duration) {
	root, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	if deadline > 0 {
		limited, stop := context.WithDeadline(root, time.Now().Add(deadline))
		defer stop()
		root = limited
	}
	parent := parentOf(root)
	x := build[int](t, limits(contextLimit))
	theirs, stop := context.WithTimeoutCause(parent, contextLimit, errLimit)
	defer stop()
	met, gate, over := make(chan context.Context), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		_, _ = x.Execute(parent, new(int), hooks.Func("h", func(ctx context.Context, _ *int) error { met <- ctx; <-gate; return nil }))
	}()
	release := sync.OnceFunc(func() { close(gate); <-over; stop() })
	ours := <-met

	same := func(when string) {
		synctest.Wait()
		if diff := gocmp.Diff(describe(theirs), describe(ours)); diff != "" {
			t.Errorf("%s: standard (-) and hook's (+) differ:\n%s", when, diff)
		}
	}
	same("alive")
	mine, other := raise(ours), raise(theirs)
	defer func() {
		for _, c := range append(mine.cancels, other.cancels...) {
			c()
		}
	}()
	happens(cancel, release)
	same("ended")
	if diff := gocmp.Diff(other.describe(), mine.describe()); diff != "" {
		t.Errorf("ended: what was made of them differs, standard (-) and hook's (+):\n%s", diff)
	}
	release()
	for range 100 { // others on the same executor change nothing
		_, err := x.Execute(context.Background(), new(int), hooks.Func("h", func(context.Context, *int) error { return nil }))
		require.NoError(t, err)
	}
	same("long after")
	if diff := gocmp.Diff(other.describe(), mine.describe()); diff != "" {
		t.Errorf("long after: what was made of them differs, standard (-) and hook's (+):\n%s", diff)
	}
	require.NoError(t, x.Shutdown(context.Background()))
}

// The cause of a hook's own limit names the hook, and the context's name is its parent's and the hook's.
func TestHookContextNamesItsHook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cause error
		var name string
		_, err := build[int](t, limits(time.Second)).Execute(t.Context(), new(int), hooks.Func("slow", func(ctx context.Context, _ *int) error {
			name = fmt.Sprint(ctx)
			<-ctx.Done()
			cause = context.Cause(ctx)
			return ctx.Err()
		}))
		require.ErrorIs(t, err, hooks.ErrTimeout)
		require.ErrorIs(t, cause, hooks.ErrTimeout)
		require.ErrorIs(t, cause, context.DeadlineExceeded)
		assert.Contains(t, cause.Error(), `hook "slow"`)
		assert.True(t, strings.HasPrefix(name, fmt.Sprint(t.Context())), name)
		assert.Contains(t, name, "slow")
	})
}

// Everybody may ask at any time. An error means that Done is closed, and never changes.
func TestHookContextIsAskedFromAllSides(t *testing.T) {
	atProcs(t, func(t *testing.T) {
		x := build[int](t, hooks.Config{})
		for range 200 {
			parent, cancel := context.WithCancelCause(t.Context())
			var askers sync.WaitGroup
			ask := func(ctx context.Context) {
				var first error
				for first == nil {
					if first = ctx.Err(); first == nil {
						child, stop := context.WithCancel(ctx)
						stop()
						_, _ = child.Deadline()
						_, _ = hooks.InfoFrom(ctx)
						continue
					}
					select {
					case <-ctx.Done():
					default:
						t.Error("an error, and Done is open")
					}
				}
				for range 10 {
					assert.Equal(t, first, ctx.Err())
				}
			}
			_, err := x.Execute(parent, new(int), hooks.Func("h", func(ctx context.Context, _ *int) error {
				for range 4 {
					askers.Go(func() { ask(ctx) })
				}
				askers.Go(func() { cancel(errWhy) })
				return nil
			}))
			askers.Wait()
			if err != nil {
				require.ErrorIs(t, err, errWhy)
			}
		}
		require.NoError(t, x.Shutdown(t.Context()))
	})
}

// A hook that ends its caller's context itself sees that at once, and so do the children that it makes then.
func TestParentEndedInsideAHookIsSeenAtOnce(t *testing.T) {
	atProcs(t, func(t *testing.T) {
		for range 50 {
			parent, cancel := context.WithCancelCause(t.Context())
			got := make(chan []string, 1) // it may be given up before it has looked
			_, err := build[int](t, hooks.Config{}).Execute(parent, new(int), hooks.Func("h", func(ctx context.Context, _ *int) error {
				cancel(errWhy)
				child, stop := context.WithCancel(ctx)
				defer stop()
				valued := context.WithValue(ctx, userKey{}, "own")
				got <- []string{state(child), state(valued), state(ctx)}
				return nil
			}))
			require.ErrorIs(t, err, errWhy)
			want := "context canceled, cause the parent's, done closed, same channel true"
			require.Equal(t, []string{want, want, want}, <-got)
		}
	})
}
