package hooks_test

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// A knot is a state that refers to itself in every way, and holds what must not be
// moved.
type knot struct {
	mu    sync.Mutex
	rw    sync.RWMutex
	Self  *knot
	N     int
	AtN   *int
	Array [4]int
	Part  []int // of Array
	Text  strings.Builder
	Child *leaf
	Own   string `hooks:"zero"`
	Kept  *int   `hooks:"share"`
}

type leaf struct{ Root *knot }

func newKnot() *knot {
	k := &knot{Own: "own", Kept: new(int)}
	k.Self, k.AtN, k.Part, k.Child = k, &k.N, k.Array[1:3], &leaf{k}
	k.Text.WriteString("a")
	return k
}

// requireTied fails unless everything in k that refers to the root refers to k.
func requireTied(t *testing.T, k *knot) {
	t.Helper()
	require.Same(t, k, k.Self)
	require.Same(t, &k.N, k.AtN)
	require.Same(t, k, k.Child.Root)
	require.Same(t, &k.Array[1], &k.Part[0])
	*k.AtN = 77
	require.Equal(t, 77, k.N)
	require.NotPanics(t, func() { k.Text.WriteString("!") })
}

// Pointers to the root, and into it, are right in every copy that anybody gets, and
// in the caller's state after a commit; locks held by value keep their state.
func TestRootReferences(t *testing.T) {
	x := build[knot](t, hooks.Config{})
	state := newKnot()
	old, kept := state.Child, state.Kept
	state.mu.Lock() // the caller may hold its locks
	state.rw.RLock()
	for range 3 {
		var undone *knot
		_, err := x.Execute(t.Context(), state,
			hooks.FuncUndo("one", func(_ context.Context, k *knot) error {
				requireTied(t, k)
				require.True(t, k.mu.TryLock(), "locks are fresh in a copy")
				require.True(t, k.rw.TryLock())
				assert.Empty(t, k.Own)
				assert.Same(t, kept, k.Kept)
				k.N, k.Part[0], k.Own = 1, 11, "the hook's"
				return nil
			}, func(_ context.Context, k *knot) error { undone = k; return nil }),
			hooks.Func("two", func(_ context.Context, k *knot) error {
				assert.Equal(t, 1, *k.AtN)
				assert.Equal(t, 11, k.Array[1])
				requireTied(t, k)
				k.N = 2
				return nil
			}))
		require.NoError(t, err)
		require.Nil(t, undone)
		assert.Equal(t, 2, state.N)
		assert.Equal(t, 11, state.Array[1])
		assert.Equal(t, "own", state.Own)
		requireTied(t, state)
	}
	state.mu.Unlock()
	state.rw.RUnlock()
	require.True(t, state.mu.TryLock(), "a lock that a hook took in its copy is not taken in the state")
	require.True(t, state.rw.TryLock())
	assert.Equal(t, "aaa", strings.Repeat(state.Text.String()[:1], 3))
	assert.NotSame(t, old, state.Child, "what the state refers to is new memory")
	assert.Same(t, state, old.Root, "what the application kept is as it was")
	assert.Same(t, kept, state.Kept)
}

func TestRootReferencesOfNestedExecution(t *testing.T) {
	x := build[knot](t, hooks.Config{})
	state := newKnot()
	_, err := x.Execute(t.Context(), state, hooks.Func("outer", func(ctx context.Context, k *knot) error {
		_, err := x.Execute(ctx, k, hooks.Func("inner", func(_ context.Context, k *knot) error { requireTied(t, k); k.N = 5; return nil }))
		assert.Equal(t, 5, k.N)
		requireTied(t, k)
		k.N = 6
		return err
	}))
	require.NoError(t, err)
	assert.Equal(t, 6, state.N)
	requireTied(t, state)
}

// What is shared by kind is the same after a commit, and in every copy.
func TestSharedKinds(t *testing.T) {
	type shared struct {
		Fn    func() int
		Ch    chan int
		Err   error
		Ctx   context.Context //nolint:containedctx // what is tested
		Value *int            `hooks:"share"`
		N     int
	}
	state := &shared{Fn: func() int { return 7 }, Ch: make(chan int, 1), Err: io.EOF, Ctx: t.Context(), Value: new(int)}
	before, other := *state, new(int)
	x := build[shared](t, hooks.Config{})
	_, err := x.Execute(t.Context(), state, hooks.Func("h", func(_ context.Context, s *shared) error {
		assert.Equal(t, 7, s.Fn())
		s.Ch <- 1
		assert.Same(t, before.Value, s.Value)
		*s.Value = 5
		s.Value, s.N = other, 1
		return nil
	}))
	require.NoError(t, err)
	require.ErrorIs(t, state.Err, io.EOF)
	assert.Equal(t, before.Ch, state.Ch)
	assert.Len(t, state.Ch, 1)
	assert.Same(t, other, state.Value, "what a hook puts there is committed")
	assert.Equal(t, 5, *before.Value, "what a hook writes there is written")
	assert.Equal(t, before.Ctx, state.Ctx)
}

// lie scribbles into c, though another liar may have been there.
func lie(c *cart) {
	defer func() { _ = recover() }()
	scribble(c)
}

// Whoever looks at a state and writes into it misleads other lookers at most: never
// a hook, an undo, the list of changes, or the commit.
func TestLookersChangeNothing(t *testing.T) {
	var d diary
	cfg := hooks.Config{Monitoring: hooks.MonitoringConfig{TrackChanges: true}}
	x := build[cart](t, cfg, hooks.ValidatorFunc("liar", func(_ context.Context, c hooks.StateChange[cart]) hooks.ValidationResult {
		lie(c.Before)
		lie(c.After)
		return hooks.ValidationResult{}
	}))
	liar := func(name string) hooks.Hook[cart] {
		return hooks.Define(hooks.Funcs[cart]{
			Name:          name,
			ValidateEvent: func(_ context.Context, c *cart) error { lie(c); return nil },
			Execute: func(_ context.Context, c *cart) (any, error) {
				c.N++
				d.add("%s: %d of %s", name, c.N, c.Name)
				return nil, nil
			},
			Rollback: func(_ context.Context, c *cart) error { d.add("undo %s: %d of %s", name, c.N, c.Name); return nil },
		})
	}
	reader := hooks.Define(hooks.Funcs[cart]{Name: "reader", Options: hooks.Options{ReadOnly: true},
		Execute: func(_ context.Context, c *cart) (any, error) { *c = cart{}; return nil, nil }})
	state := newCart()
	report, err := x.Execute(t.Context(), state, liar("one"), reader, liar("two"))
	require.NoError(t, err)
	want := newCart()
	want.N = 2
	requireCart(t, want, state)
	assert.Equal(t, []hooks.Change{{Path: "N", Before: "0", After: "1"}}, report.Results()[0].Changes)
	assert.Empty(t, report.Results()[1].Changes)
	assert.Equal(t, []hooks.Change{{Path: "N", Before: "1", After: "2"}}, report.Results()[2].Changes)

	_, err = x.Execute(t.Context(), state, liar("one"), reader, liar("two"), failing("end", errBroken))
	require.ErrorIs(t, err, errBroken)
	requireCart(t, want, state)
	d.require(t, "one: 1 of cart", "two: 2 of cart", "one: 3 of cart", "two: 4 of cart", "undo two: 4 of cart", "undo one: 3 of cart")
}

// A goroutine that a successful hook left behind goes on writing into the hook's
// copy. Only the hook's own undo can see that.
func TestLeftGoroutineIsSeenByNobody(t *testing.T) {
	for _, fails := range []bool{false, true} {
		var d diary
		write, written := make(chan struct{}), make(chan struct{})
		x := build(t, hooks.Config{}, hooks.ValidatorFunc("v", func(_ context.Context, c hooks.StateChange[cart]) hooks.ValidationResult {
			d.add("validating %s: %s, then %s", c.Hook, c.Before.Name, c.After.Name)
			return hooks.ValidationResult{}
		}))
		state := newCart()
		_, err := x.Execute(t.Context(), state,
			hooks.FuncUndo("one", func(_ context.Context, c *cart) error {
				go func() {
					<-write
					scribble(c)
					close(written)
				}()
				return nil
			}, func(_ context.Context, c *cart) error { d.add("undo one: %s", c.Name); return nil }),
			hooks.Func("two", func(_ context.Context, c *cart) error {
				close(write)
				<-written
				d.add("two: %s", c.Name)
				c.N = 2
				return nil
			}),
			hooks.Define(hooks.Funcs[cart]{Name: "reader", Options: hooks.Options{ReadOnly: true},
				Execute: func(_ context.Context, c *cart) (any, error) { d.add("reader: %s", c.Name); return nil, nil }}),
			hooks.Func("three", func(_ context.Context, c *cart) error {
				d.add("three: %s", c.Name)
				if fails {
					return errBroken
				}
				return nil
			}))
		want := newCart()
		lines := []string{"validating one: cart, then cart", "two: cart", "validating two: cart, then cart", "reader: cart", "three: cart"}
		if fails {
			require.ErrorIs(t, err, errBroken)
			lines = append(lines, "undo one: scribbled")
		} else {
			require.NoError(t, err)
			want.N = 2
			lines = append(lines, "validating three: cart, then cart")
		}
		requireCart(t, want, state)
		d.require(t, lines...)
	}
}

// A view that an abandoned looker still holds is shown to nobody else.
func TestViewOfAbandonedLookerIsReplaced(t *testing.T) {
	zombies := map[string]func(fn func(*cart)) (hooks.Hook[cart], []hooks.Validator[cart]){
		"ValidateEvent": func(fn func(*cart)) (hooks.Hook[cart], []hooks.Validator[cart]) {
			return hooks.Define(hooks.Funcs[cart]{Name: "zombie",
				Execute:       func(context.Context, *cart) (any, error) { return nil, nil },
				ValidateEvent: func(_ context.Context, c *cart) error { fn(c); return nil }}), nil
		},
		"read-only": func(fn func(*cart)) (hooks.Hook[cart], []hooks.Validator[cart]) {
			return hooks.Define(hooks.Funcs[cart]{Name: "zombie", Options: hooks.Options{ReadOnly: true},
				Execute: func(_ context.Context, c *cart) (any, error) { fn(c); return nil, nil }}), nil
		},
		"Before of a validator": func(fn func(*cart)) (hooks.Hook[cart], []hooks.Validator[cart]) {
			return hooks.Func("zombie", doCart), []hooks.Validator[cart]{hooks.ValidatorFunc("v",
				func(_ context.Context, c hooks.StateChange[cart]) hooks.ValidationResult {
					if c.Hook == "zombie" {
						fn(c.Before)
					}
					return hooks.ValidationResult{}
				})}
		},
	}
	for why, zombie := range zombies {
		t.Run(why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				write, written := make(chan struct{}), make(chan struct{})
				h, validators := zombie(func(c *cart) { <-write; scribble(c); close(written) })
				x := build(t, limits(time.Second), validators...)
				var saw []string
				look := func(_ context.Context, c *cart) (any, error) { saw = append(saw, c.Name); return nil, nil }
				state := newCart()
				_, err := x.Execute(t.Context(), state, continuing(h),
					hooks.With(hooks.Func("gate", func(context.Context, *cart) error { close(write); <-written; return nil }),
						func(o *hooks.Options) { o.ReadOnly = true }), // the version stays the same
					hooks.Define(hooks.Funcs[cart]{Name: "reader", Options: hooks.Options{ReadOnly: true}, Execute: look,
						ValidateEvent: func(ctx context.Context, c *cart) error { _, err := look(ctx, c); return err }}))
				require.NoError(t, err)
				assert.Equal(t, []string{"cart", "cart"}, saw)
				requireCart(t, newCart(), state)
			})
		})
	}
}

// The same without a modifying hook in between: the version is the same, the view
// is not.
func TestViewOfAbandonedReaderIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		write, written := make(chan struct{}), make(chan struct{})
		read := func(name string, fn func(*cart)) hooks.Hook[cart] {
			return continuing(hooks.Define(hooks.Funcs[cart]{Name: name, Options: hooks.Options{ReadOnly: true},
				Execute: func(_ context.Context, c *cart) (any, error) { fn(c); return nil, nil }}))
		}
		_, err := build[cart](t, limits(time.Second)).Execute(t.Context(), newCart(),
			read("zombie", func(c *cart) { <-write; scribble(c); close(written) }),
			read("reader", func(c *cart) { close(write); <-written; assert.Equal(t, "cart", c.Name) }))
		require.NoError(t, err)
	})
}

// A read-only hook that can be undone has a copy of its own: what it wrote there its
// Rollback finds, and nobody else.
func TestReadOnlyHookWithRollback(t *testing.T) {
	var d diary
	x := build[cart](t, hooks.Config{})
	reader := hooks.Define(hooks.Funcs[cart]{
		Name: "reader", Options: hooks.Options{ReadOnly: true},
		Execute:  func(_ context.Context, c *cart) (any, error) { scribble(c); return nil, nil },
		Rollback: func(_ context.Context, c *cart) error { d.add("undo: %s", c.Name); return nil },
	})
	look := hooks.Define(hooks.Funcs[cart]{Name: "look", Options: hooks.Options{ReadOnly: true},
		Execute: func(_ context.Context, c *cart) (any, error) { d.add("look: %s", c.Name); return nil, nil }})
	state := newCart()
	report, err := x.Execute(t.Context(), state, reader, look)
	require.NoError(t, err)
	assert.Zero(t, report.Results()[0].StateSize, "no copy is made of what it leaves")
	requireCart(t, newCart(), state)
	_, err = x.Execute(t.Context(), state, look, reader, failing("end", errBroken))
	require.ErrorIs(t, err, errBroken)
	d.require(t, "look: cart", "look: cart", "undo: scribbled")
}

// A result is its hook's own memory: it is passed on as it is.
func TestResultIsPassedOn(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	value := &line{"x", 1}
	var judged, undone any
	h := hooks.Define(hooks.Funcs[cart]{
		Name:           "h",
		Execute:        func(context.Context, *cart) (any, error) { return value, nil },
		ValidateResult: func(_ context.Context, v any) error { judged = v; return nil },
		Rollback: func(ctx context.Context, _ *cart) error {
			info, _ := hooks.InfoFrom(ctx)
			undone = info.Result
			return nil
		},
	})
	report, err := x.Execute(t.Context(), newCart(), h)
	require.NoError(t, err)
	assert.Same(t, value, report.Results()[0].Value)
	assert.Same(t, value, judged)
	got, ok := hooks.ResultOf[*line](report, "h")
	assert.True(t, ok)
	assert.Same(t, value, got)
	_, ok = hooks.ResultOf[string](report, "h")
	assert.False(t, ok, "of another type")
	_, ok = hooks.ResultOf[*line](report, "g")
	assert.False(t, ok, "of no hook")

	report, err = x.Execute(t.Context(), newCart(), h, failing("end", errBroken))
	require.Error(t, err)
	assert.Same(t, value, undone)
	assert.Nil(t, report.Values())
	assert.Nil(t, report.Results()[0].Value)
	_, ok = hooks.ResultOf[any](report, "h")
	assert.False(t, ok, "rolled back")
}

// A DeepCopy method of the state that goes wrong costs the execution, and nothing
// else; one that hangs is abandoned in the phase Copy.
func TestDeepCopyGoesWrong(t *testing.T) {
	for _, b := range bad {
		t.Run(b.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				over := make(chan struct{})
				end := sync.OnceFunc(func() { close(over) })
				defer end()
				cfg := limits(time.Second)
				cfg.Execution.MaxAbandoned = 1
				x := build[doer](t, cfg)
				state, begun := &doer{N: 3, Copied: copied{b.fn(over)}}, time.Now()
				ran := false
				report, err := x.Execute(t.Context(), state, hooks.Func("h", func(context.Context, *doer) error { ran = true; return nil }))
				require.ErrorIs(t, err, hooks.ErrNotCopyable)
				require.ErrorIs(t, err, b.class)
				require.ErrorContains(t, err, "cannot copy doer.Copied: hooks_test.copied has a DeepCopy method that failed")
				assert.Equal(t, hooks.PhasePrepare, failureOf(t, err).Phase)
				assert.Equal(t, b.took, time.Since(begun))
				assert.False(t, ran)
				assert.Empty(t, report.Results())
				if b.class == hooks.ErrTimeout {
					require.Len(t, x.Abandoned(), 1)
					assert.Equal(t, hooks.PhaseCopy, x.Abandoned()[0].Phase)
					assert.Empty(t, x.Abandoned()[0].Hook)
					_, err := x.Execute(t.Context(), &doer{})
					require.ErrorIs(t, err, hooks.ErrTooManyAbandoned)
				}
				end()
				synctest.Wait()
				assert.Equal(t, 3, state.N)
				_, err = x.Execute(t.Context(), &doer{})
				require.NoError(t, err)
			})
		})
	}
}

// One bad method among many is found, and nothing of the state is touched.
func TestDeepCopyOfOneGoesWrong(t *testing.T) {
	type pack struct{ Parts []copied }
	for _, b := range bad {
		t.Run(b.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				over := make(chan struct{})
				end := sync.OnceFunc(func() { close(over) })
				defer end()
				cfg := limits(time.Second)
				cfg.Execution.MaxAbandoned = 1
				x := build[pack](t, cfg)
				state, calls, begun := &pack{make([]copied, 100)}, 0, time.Now()
				for i := range state.Parts {
					state.Parts[i] = copied{func() { calls++ }}
				}
				state.Parts[60] = copied{b.fn(over)}
				_, err := x.Execute(t.Context(), state, hooks.Func("h", func(context.Context, *pack) error { return nil }))
				require.ErrorIs(t, err, hooks.ErrNotCopyable)
				require.ErrorIs(t, err, b.class)
				require.ErrorContains(t, err, "cannot copy pack.Parts[60]: hooks_test.copied has a DeepCopy method that failed")
				assert.Equal(t, b.took, time.Since(begun))
				assert.LessOrEqual(t, calls, 99, "nobody is asked twice")
				end()
				synctest.Wait()
				state.Parts[60] = copied{}
				_, err = x.Execute(t.Context(), state, hooks.Func("h", func(context.Context, *pack) error { return nil }))
				require.NoError(t, err)
			})
		})
	}
}

// A copy stops when the caller's context ends.
func TestCopyStopsWithTheCaller(t *testing.T) {
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var copies atomic.Int64
	state := make([]copied, 5000)
	for i := range state {
		state[i].fn = func() {
			if copies.Add(1) == 3 {
				cancel(why)
			}
		}
	}
	x := build[[]copied](t, hooks.Config{Execution: hooks.ExecutionConfig{MaxStateSize: hooks.NoLimit}})
	_, err := x.Execute(ctx, &state, hooks.Func("h", func(context.Context, *[]copied) error { return nil }))
	require.ErrorIs(t, err, why)
	require.NotErrorIs(t, err, hooks.ErrNotCopyable)
	assert.LessOrEqual(t, copies.Load(), int64(4))
}

// An endingContext ends when it has been asked often enough.
type endingContext struct {
	context.Context //nolint:containedctx // that is what it is
	left            atomic.Int64
}

func (c *endingContext) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// So does the copy of a large state without methods: the context is asked as it goes.
func TestLargeCopyStopsWithTheCaller(t *testing.T) {
	state := make([]*int, 200_000)
	for i := range state {
		state[i] = new(int)
	}
	ctx := &endingContext{Context: context.Background()}
	ctx.left.Store(60)
	ran := false
	_, err := build[[]*int](t, hooks.Config{}).Execute(ctx, &state, hooks.Func("h", func(context.Context, *[]*int) error { ran = true; return nil }))
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, hooks.PhasePrepare, failureOf(t, err).Phase)
	assert.False(t, ran)
}

type (
	byValue  struct{ calls *atomic.Int64 }
	byRef    struct{ calls *atomic.Int64 }
	byAny    struct{ calls *atomic.Int64 }
	byAnyRef struct{ calls *atomic.Int64 }
)

func (c byValue) DeepCopy() byValue       { c.calls.Add(1); return c }
func (c *byRef) DeepCopy() *byRef         { c.calls.Add(1); return &byRef{c.calls} }
func (c *byAny) DeepCopy() any            { c.calls.Add(1); return byAny{c.calls} }
func (c *byAnyRef) DeepCopy() any         { c.calls.Add(1); return &byAnyRef{c.calls} }
func (c *nilCopier) DeepCopy() *nilCopier { return &nilCopier{*c.n, c.n} }

type nilCopier struct {
	N int
	n *int
}

// DeepCopy methods are honoured in every form and at any depth, and never called on
// nil.
func TestDeepCopyForms(t *testing.T) {
	type holder struct {
		A map[string]any
		B []*byRef
		C byAny
		D *byAnyRef
		E *nilCopier
	}
	calls := make([]atomic.Int64, 4)
	state := &holder{
		A: map[string]any{"x": []any{byValue{&calls[0]}}},
		B: []*byRef{nil, {&calls[1]}}, C: byAny{&calls[2]}, D: &byAnyRef{&calls[3]},
	}
	_, err := build[holder](t, hooks.Config{}).Execute(t.Context(), state, hooks.Func("h", func(_ context.Context, s *holder) error {
		assert.Nil(t, s.B[0])
		assert.Nil(t, s.E)
		assert.NotSame(t, state.D, s.D)
		assert.Same(t, &calls[0], s.A["x"].([]any)[0].(byValue).calls, "it was copied as its method says")
		return nil
	}))
	require.NoError(t, err)
	for i := range calls {
		assert.Equal(t, int64(2), calls[i].Load(), "one copy in, one out: %d", i)
	}
}

// The root may be an interface.
func TestRootIsAnInterface(t *testing.T) {
	x := build[any](t, hooks.Config{})
	inside := map[string]any{"n": 1}
	var state any = inside
	_, err := x.Execute(t.Context(), &state, hooks.Func("h", func(_ context.Context, s *any) error {
		(*s).(map[string]any)["n"] = 2
		return nil
	}), hooks.Func("g", func(_ context.Context, s *any) error { *s = []any{*s}; return nil }))
	require.NoError(t, err)
	assert.Equal(t, []any{map[string]any{"n": 2}}, state)
	assert.Equal(t, map[string]any{"n": 1}, inside, "the old inside is as it was")
	_, err = x.Execute(t.Context(), &state, hooks.Func("h", func(_ context.Context, s *any) error { *s = nil; panic("no") }))
	require.ErrorIs(t, err, hooks.ErrPanic)
	assert.Equal(t, []any{map[string]any{"n": 2}}, state)
}

// A state over its limit is refused, before a hook runs and after; the memory of a
// copy that would be too large is never taken.
func TestStateSize(t *testing.T) {
	cfg := hooks.Config{}
	cfg.Execution.MaxStateSize = 1 << 20
	x := build[[]byte](t, cfg)
	state := make([]byte, 1<<19)
	grow := func(n int) hooks.Hook[[]byte] {
		return hooks.Func("grow", func(_ context.Context, s *[]byte) error { *s = make([]byte, n); return nil })
	}
	report, err := x.Execute(t.Context(), &state, grow(1<<18))
	require.NoError(t, err)
	assert.Len(t, state, 1<<18)
	assert.Equal(t, int64(1<<18+24), report.Results()[0].StateSize)
	big := make([]byte, 1<<28)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = x.Execute(t.Context(), &state, hooks.Func("grow", func(_ context.Context, s *[]byte) error { *s = big; return nil }))
	runtime.ReadMemStats(&after)
	require.ErrorIs(t, err, hooks.ErrStateTooLarge)
	require.ErrorIs(t, err, hooks.ErrInvalidState)
	require.ErrorContains(t, err, "at least 268435480 bytes and the limit is 1048576")
	assert.Equal(t, hooks.PhaseCopy, failureOf(t, err).Phase)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<24))
	assert.Len(t, state, 1<<18)
	_, err = x.Execute(t.Context(), &big, grow(1))
	require.ErrorIs(t, err, hooks.ErrStateTooLarge)
	require.NotErrorIs(t, err, hooks.ErrInvalidState, "no hook left it so")
	cfg.Execution.MaxStateSize = hooks.NoLimit
	_, err = build[[]byte](t, cfg).Execute(t.Context(), &state, grow(1<<21))
	require.NoError(t, err)
}

// A field with the tag "-" is shared, and counts neither as size nor as a change; one
// with "share" counts as changed if it is another value; one with "zero" is the caller's
// own. So a state may hold a handle.
func TestTagsOfAState(t *testing.T) {
	type tagged struct {
		Conn  net.Conn `hooks:"share"`
		Cache []byte   `hooks:"zero"`
		Log   []byte   `hooks:"-"`
		N     int
	}
	conn, other := &net.TCPConn{}, &net.UDPConn{}
	state := &tagged{Conn: conn, Cache: []byte("cache"), Log: make([]byte, 1<<20)}
	log := &state.Log[0]
	cfg := hooks.Config{Monitoring: hooks.MonitoringConfig{TrackChanges: true}}
	cfg.Execution.MaxStateSize = 1 << 10
	report, err := build[tagged](t, cfg).Execute(t.Context(), state, hooks.Func("h", func(_ context.Context, s *tagged) error {
		assert.Same(t, conn, s.Conn)
		assert.Empty(t, s.Cache)
		assert.Same(t, log, &s.Log[0])
		s.Conn, s.Cache, s.Log, s.N = other, []byte("the hook's"), []byte("short"), 1
		return nil
	}))
	require.NoError(t, err)
	var changed []string
	for _, c := range report.Results()[0].Changes {
		changed = append(changed, c.Path)
	}
	assert.ElementsMatch(t, []string{"Conn", "N"}, changed)
	assert.Same(t, other, state.Conn)
	assert.Equal(t, "cache", string(state.Cache))
	assert.Equal(t, "short", string(state.Log))
}
