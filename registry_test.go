package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"
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

func idle(name string) hooks.Hook[board] {
	return hooks.Func(name, func(context.Context, *board) error { return nil })
}

// placed is a hook that is to be registered.
type placed struct {
	name string
	at   hooks.Placement
}

func registryOf(t require.TestingT, all ...placed) *hooks.Registry[board] {
	r := new(hooks.Registry[board])
	for _, p := range all {
		require.NoError(t, r.Register(idle(p.name), p.at))
	}
	return r
}

// namesIn returns the names of a chain, "b a".
func namesIn(chain []hooks.Hook[board]) string {
	names := make([]string, len(chain))
	for i, h := range chain {
		names[i] = h.Name()
	}
	return strings.Join(names, " ")
}

// orderOf returns the names of the hooks as they run.
func orderOf(t require.TestingT, r *hooks.Registry[board]) string {
	chain, err := r.Resolve()
	require.NoError(t, err)
	return namesIn(chain)
}

var anywhere hooks.Placement

func before(names ...string) hooks.Placement   { return hooks.Placement{Before: names} }
func behind(names ...string) hooks.Placement   { return hooks.Placement{After: names} }
func requires(names ...string) hooks.Placement { return hooks.Placement{Requires: names} }
func priority(n int) hooks.Placement           { return hooks.Placement{Priority: n} }

func TestRegistryOrder(t *testing.T) {
	tests := []struct {
		why  string
		all  []placed
		want string
	}{
		{"an empty registry has an empty chain", nil, ""},
		{"what is equal runs as it was registered", []placed{{"b", anywhere}, {"a", anywhere}, {"c", anywhere}}, "b a c"},
		{"a lower priority runs earlier", []placed{{"a", priority(1)}, {"b", anywhere}, {"c", priority(-1)}}, "c b a"},
		{"equal priorities keep the order of registration", []placed{{"d", priority(1)}, {"b", priority(0)}, {"a", priority(1)}, {"c", priority(0)}}, "b c d a"},
		{"the extremes of int are compared, not subtracted", []placed{{"a", priority(math.MaxInt)}, {"b", priority(math.MinInt)}}, "b a"},
		{"Before", []placed{{"a", anywhere}, {"b", before("a")}}, "b a"},
		{"After", []placed{{"a", behind("b")}, {"b", anywhere}}, "b a"},
		{"Requires is an order too", []placed{{"a", requires("b")}, {"b", anywhere}}, "b a"},
		{"Before comes before priority", []placed{{"a", priority(-5)}, {"b", hooks.Placement{Priority: 5, Before: []string{"a"}}}}, "b a"},
		{"After comes before priority", []placed{{"a", hooks.Placement{Priority: -5, After: []string{"b"}}}, {"b", priority(5)}}, "b a"},
		{"Requires comes before priority", []placed{{"a", hooks.Placement{Priority: -5, Requires: []string{"b"}}}, {"b", priority(5)}}, "b a"},
		{"a hook that waits does not hurry what it waits for", []placed{{"a", hooks.Placement{Priority: -5, After: []string{"b"}}}, {"b", priority(5)}, {"c", anywhere}}, "c b a"},
		{"priority counts among those that become free", []placed{{"a", anywhere}, {"b", hooks.Placement{Priority: 2, After: []string{"a"}}}, {"c", hooks.Placement{Priority: 1, After: []string{"a"}}}}, "a c b"},
		{"names that nobody has do not count", []placed{{"a", hooks.Placement{Before: []string{"x"}, After: []string{"y"}}}, {"b", anywhere}}, "a b"},
		{"a constraint may be said twice, and from both sides", []placed{{"a", behind("b", "b")}, {"b", before("a", "a")}}, "b a"},
		{"a hook may be required and named in After", []placed{{"a", hooks.Placement{After: []string{"b"}, Requires: []string{"b"}}}, {"b", anywhere}}, "b a"},
		{"constraints lead on", []placed{{"a", behind("b")}, {"b", behind("c")}, {"c", behind("d")}, {"d", anywhere}}, "d c b a"},
		{"two ways to one hook", []placed{{"end", behind("l", "r")}, {"l", behind("top")}, {"r", behind("top")}, {"top", anywhere}}, "top l r end"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			assert.Equal(t, tt.want, orderOf(t, registryOf(t, tt.all...)))
		})
	}
}

// The call that would close a cycle is refused. It names the shortest way around, and changes
// nothing.
func TestRegistryRefusesCycles(t *testing.T) {
	line := []placed{{"a", before("b")}, {"b", before("c")}, {"c", before("d")}, {"z", anywhere}}
	fork := []placed{{"a", before("b")}, {"b", before("c")}, {"c", before("e")}, {"x", before("e")}}
	tests := []struct {
		why  string
		all  []placed
		do   func(r *hooks.Registry[board]) error
		want string
	}{
		{"Register", line, func(r *hooks.Registry[board]) error { return r.Register(idle("d"), before("a")) },
			`register "d": hooks in a circle: d before a before b before c before d`},
		{"Register of one that closes two cycles, whichever it says first", fork, func(r *hooks.Registry[board]) error {
			return r.Register(idle("e"), before("x", "a"))
		}, `register "e": hooks in a circle: e before x before e`},
		{"and the other way round", fork, func(r *hooks.Registry[board]) error {
			return r.Register(idle("e"), before("a", "x"))
		}, `register "e": hooks in a circle: e before x before e`},
		{"Register of one that is before itself", line, func(r *hooks.Registry[board]) error { return r.Register(idle("e"), before("e")) },
			`register "e": hooks in a circle: e before e`},
		{"Register of one that is after itself", line, func(r *hooks.Registry[board]) error { return r.Register(idle("e"), behind("e")) },
			`register "e": hooks in a circle: e before e`},
		{"Register of one that requires itself", line, func(r *hooks.Registry[board]) error { return r.Register(idle("e"), requires("e")) },
			`register "e": hooks in a circle: e before e`},
		{"Register of one that is before and after another", line, func(r *hooks.Registry[board]) error {
			return r.Register(idle("e"), hooks.Placement{Before: []string{"z"}, After: []string{"z"}})
		}, `register "e": hooks in a circle: e before z before e`},
		{"two that require each other", []placed{{"z", requires("e")}}, func(r *hooks.Registry[board]) error { return r.Register(idle("e"), requires("z")) },
			`register "e": hooks in a circle: e before z before e`},
		{"Replace", line, func(r *hooks.Registry[board]) error {
			return r.Replace(idle("a"), hooks.Placement{Before: []string{"b"}, After: []string{"c"}})
		}, `replace "a": hooks in a circle: a before b before c before a`},
		{"Place", line, func(r *hooks.Registry[board]) error {
			return r.Place("a", hooks.Placement{Before: []string{"b"}, Requires: []string{"c"}})
		}, `place "a": hooks in a circle: a before b before c before a`},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			r := registryOf(t, tt.all...)
			refused(t, r, func() error { return tt.do(r) }, hooks.ErrHookCycle, "hooks: "+tt.want)
		})
	}
}

// refused checks that do returns this error, and changes nothing.
func refused(t *testing.T, r *hooks.Registry[board], do func() error, is error, text string) {
	t.Helper()
	list := r.List()
	chain, missing := r.Resolve()
	err := do()
	require.ErrorIs(t, err, is)
	require.EqualError(t, err, text)
	assert.Equal(t, list, r.List())
	again, missingAgain := r.Resolve()
	assert.Equal(t, namesIn(chain), namesIn(again))
	assert.Equal(t, missing, missingAgain)
}

// A hook that is disabled is in nobody's way, until it is enabled.
func TestRegistryEnableRefusesACycle(t *testing.T) {
	r := registryOf(t, placed{"a", before("b")}, placed{"b", before("c")}, placed{"c", anywhere})
	require.NoError(t, r.Disable("c"))
	require.NoError(t, r.Place("c", before("a")))
	refused(t, r, func() error { return r.Enable("c") }, hooks.ErrHookCycle, `hooks: enable "c": hooks in a circle: c before a before b before c`)
	require.NoError(t, r.Remove("b"))
	require.NoError(t, r.Enable("c"))
	assert.Equal(t, "c a", orderOf(t, r))
}

// Who is disabled, or gone, counts neither for the order nor as there.
func TestRegistryDisable(t *testing.T) {
	r := registryOf(t, placed{"a", behind("b")}, placed{"b", behind("c")}, placed{"c", anywhere})
	require.Equal(t, "c b a", orderOf(t, r))
	require.NoError(t, r.Disable("b"))
	assert.Equal(t, "a c", orderOf(t, r), "a is no longer after c, by way of b")
	require.NoError(t, r.Disable("b"), "again")
	require.NoError(t, r.Enable("b"))
	require.NoError(t, r.Enable("b"), "again")
	assert.Equal(t, "c b a", orderOf(t, r))
	require.NoError(t, r.Remove("b"))
	assert.Equal(t, "a c", orderOf(t, r))
	require.NoError(t, r.Register(idle("b"), anywhere))
	assert.Equal(t, "c b a", orderOf(t, r), "a is after a hook of this name, whichever; that one is now the newest and free")
}

// What is required must be there and enabled, or there is no chain.
func TestRegistryRequires(t *testing.T) {
	r := registryOf(t, placed{"a", requires("b", "c", "b")}, placed{"d", requires("c")})
	missing := func(text string) {
		t.Helper()
		chain, err := r.Resolve()
		assert.Nil(t, chain)
		require.ErrorIs(t, err, hooks.ErrMissingHook)
		require.NotErrorIs(t, err, hooks.ErrUnknownHook)
		require.EqualError(t, err, "hooks: resolve: required hook is missing: "+text)
	}
	missing(`hook "a" requires "b", which is not registered; hook "a" requires "c", which is not registered; hook "d" requires "c", which is not registered`)
	require.Len(t, r.List(), 2, "operators see the hooks all the same")

	require.NoError(t, r.Register(idle("c"), anywhere))
	missing(`hook "a" requires "b", which is not registered`)
	require.NoError(t, r.Register(idle("b"), anywhere))
	assert.Equal(t, "c d b a", orderOf(t, r))

	require.NoError(t, r.Disable("b"))
	missing(`hook "a" requires "b", which is disabled`)
	require.NoError(t, r.Disable("a"))
	assert.Equal(t, "c d", orderOf(t, r), "what does not run requires nothing")
	require.NoError(t, r.Enable("a"))
	require.NoError(t, r.Remove("b"))
	missing(`hook "a" requires "b", which is not registered`)
}

// A hook is placed anew as it is, enabled or not.
func TestRegistryPlace(t *testing.T) {
	r := registryOf(t, placed{"a", anywhere}, placed{"b", anywhere})
	names := []string{"b"}
	require.NoError(t, r.Place("a", behind(names...)))
	names[0] = "x" // is nothing to the registry, which puts all in order anew:
	require.NoError(t, errors.Join(r.Disable("b"), r.Enable("b")))
	require.Equal(t, "b a", orderOf(t, r))
	require.NoError(t, r.Disable("a"))
	require.NoError(t, r.Place("a", anywhere))
	require.Equal(t, "b", orderOf(t, r), "still disabled")
	require.NoError(t, r.Enable("a"))
	require.Equal(t, "a b", orderOf(t, r), "still older than b")
}

// A hook is replaced in its place. Those that have the chain keep it.
func TestRegistryReplace(t *testing.T) {
	r := registryOf(t, placed{"a", priority(1)}, placed{"b", priority(1)}, placed{"c", before("a")})
	require.Equal(t, "c a b", orderOf(t, r))
	kept, err := r.Resolve()
	require.NoError(t, err)

	bad := hooks.Func("a", func(context.Context, *board) error { return errBroken })
	require.NoError(t, r.Replace(bad, priority(1)))
	require.Equal(t, "c a b", orderOf(t, r), "a is still older than b")
	fresh, err := r.Resolve()
	require.NoError(t, err)
	_, err = hooks.Run(t.Context(), newBoard(), fresh...)
	require.ErrorIs(t, err, errBroken)
	_, err = hooks.Run(t.Context(), newBoard(), kept...)
	require.NoError(t, err)

	require.NoError(t, r.Replace(idle("a"), priority(2)))
	require.Equal(t, "c b a", orderOf(t, r), "the placement is the new one's")
	require.NoError(t, r.Disable("a"))
	require.NoError(t, r.Replace(idle("a"), anywhere))
	require.Equal(t, "c b", orderOf(t, r), "still disabled")

	require.NoError(t, r.Remove("c"))
	require.NoError(t, r.Register(idle("c"), priority(1)))
	require.Equal(t, "b c", orderOf(t, r), "who was removed and registered is the newest")
}

func TestRegistryRefusesBadUse(t *testing.T) {
	r := registryOf(t, placed{"a", requires("nobody")}, placed{"off", anywhere})
	require.NoError(t, r.Disable("off"))
	unknown := `"x": unknown hook: none of this name is registered`
	named := func(field string, name string) string {
		return fmt.Sprintf(`hooks: register "b": hook has a Placement whose %s has %q, which no registered hook can be called; members of a group cannot be named`, field, name)
	}
	tests := []struct {
		why  string
		do   func() error
		is   error
		text string
	}{
		{"a nil hook", func() error { return r.Register(nil, anywhere) }, hooks.ErrInvalidHook, "hooks: register: hook is nil; leave it out of the chain"},
		{"a nil hook as a replacement", func() error { return r.Replace(nil, anywhere) }, hooks.ErrInvalidHook, "hooks: replace: hook is nil; leave it out of the chain"},
		{"no name", func() error { return r.Register(idle(""), anywhere) }, hooks.ErrInvalidHook, "hooks: register: hook has an empty name; give it one that is unique within its chain"},
		{"a path for a name", func() error { return r.Register(idle("a/b"), anywhere) }, hooks.ErrInvalidHook, `hooks: register "a/b": hook has a name that contains "/" or "#", which separate the parts of paths and keys`},
		{"a bad option", func() error {
			return r.Register(hooks.With(idle("b"), func(o *hooks.Options) { o.Timeout = -1 }), anywhere)
		}, hooks.ErrInvalidHook, `hooks: register "b": hook has a negative Timeout (-1ns); 0 means the default, NoLimit none`},
		{"a bad member", func() error { return r.Register(hooks.Sequence("s", idle("m"), nil), anywhere) }, hooks.ErrInvalidHook, `hooks: register "s": member 1 of "s": hook is nil; leave it out of the chain`},
		{"a group with the same member twice", func() error { return r.Register(hooks.Parallel("p", idle("m"), idle("m")), anywhere) }, hooks.ErrDuplicateHook,
			`hooks: register "p": duplicate hook "m": it is member 0 of "p" already; names must be unique within a group`},
		{"a name that is taken", func() error { return r.Register(idle("a"), anywhere) }, hooks.ErrDuplicateHook, `hooks: register "a": duplicate hook: it is registered already; use Replace to put another in its place`},
		{"a name that is taken by a disabled hook", func() error { return r.Register(idle("off"), anywhere) }, hooks.ErrDuplicateHook, `hooks: register "off": duplicate hook: it is registered already; use Replace to put another in its place`},
		{"an empty name in Before", func() error { return r.Register(idle("b"), before("a", "")) }, hooks.ErrInvalidHook, named("Before", "")},
		{"a path in After", func() error { return r.Register(idle("b"), behind("s/m")) }, hooks.ErrInvalidHook, named("After", "s/m")},
		{"a control character in Requires", func() error { return r.Register(idle("b"), requires("\n")) }, hooks.ErrInvalidHook, named("Requires", "\n")},
		{"Replace of nobody", func() error { return r.Replace(idle("x"), anywhere) }, hooks.ErrUnknownHook, "hooks: replace " + unknown},
		{"Place of nobody", func() error { return r.Place("x", anywhere) }, hooks.ErrUnknownHook, "hooks: place " + unknown},
		{"Place among names that nobody can have", func() error { return r.Place("a", before("s/m")) }, hooks.ErrInvalidHook, strings.Replace(named("Before", "s/m"), `register "b"`, `place "a"`, 1)},
		{"Remove of nobody", func() error { return r.Remove("x") }, hooks.ErrUnknownHook, "hooks: remove " + unknown},
		{"Enable of nobody", func() error { return r.Enable("x") }, hooks.ErrUnknownHook, "hooks: enable " + unknown},
		{"Disable of nobody", func() error { return r.Disable("x") }, hooks.ErrUnknownHook, "hooks: disable " + unknown},
		{"Remove without a name", func() error { return r.Remove("") }, hooks.ErrUnknownHook, `hooks: remove "": unknown hook: none of this name is registered`},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) { refused(t, r, tt.do, tt.is, tt.text) })
	}
	var empty hooks.Registry[board]
	require.ErrorIs(t, empty.Remove("x"), hooks.ErrUnknownHook)
	require.Nil(t, empty.List())
}

// Name and Options are user code. Whatever they do, Register returns, and the registry is free
// meanwhile.
func TestRegistryContainsHooks(t *testing.T) {
	hang := func() string { time.Sleep(time.Hour); return "" }
	tests := []struct {
		why  string
		hook hooks.Hook[cart]
		is   error
		text string
	}{
		{"Name panics", asking{name: func() string { panic("no name") }}, hooks.ErrPanic, "panic: no name"},
		{"Name panics with an error", asking{name: func() string { panic(errBroken) }}, errBroken, "panic: broken"},
		{"Name exits", asking{name: func() string { runtime.Goexit(); return "" }}, hooks.ErrExited, "goroutine exited without returning"},
		{"Name hangs", asking{name: hang}, hooks.ErrTimeout, "time limit of 30s for the Name and Options methods of the hook exceeded"},
		{"Options panics", asking{name: named("h"), options: func() hooks.Options { panic("no options") }}, hooks.ErrPanic, "panic: no options"},
		{"an edit of With panics", hooks.With(hooks.Func("h", doCart), func(*hooks.Options) { panic("no edit") }), hooks.ErrPanic, "panic: no edit"},
		{"a typed nil", (*plainNil)(nil), hooks.ErrPanic, "panic: not reached by a nil hook"},
		{"a member of a group hangs", hooks.Sequence("s", hooks.Hook[cart](asking{name: hang})), hooks.ErrTimeout, "time limit of 30s"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				defer time.Sleep(2 * time.Hour) // whatever hangs ends by then
				var r hooks.Registry[cart]
				begun := time.Now()
				answer := make(chan error, 1)
				go func() { answer <- r.Register(tt.hook, anywhere) }()
				synctest.Wait()
				require.NoError(t, r.Register(hooks.Func("other", doCart), anywhere))
				require.Zero(t, time.Since(begun), "nobody waits for the one that hangs")
				err := <-answer
				require.ErrorIs(t, err, tt.is)
				require.ErrorIs(t, err, hooks.ErrInvalidHook)
				require.ErrorContains(t, err, "hooks: register: invalid hook: its Name or Options did not return: "+tt.text)
				require.LessOrEqual(t, time.Since(begun), 30*time.Second)
				require.Len(t, r.List(), 1)
			})
		})
	}
}

// A hook is asked once, when it is registered: an operator's List cannot hang.
func TestRegistryAsksOnce(t *testing.T) {
	var asked atomic.Int32
	var r hooks.Registry[cart]
	h := asking{name: func() string { asked.Add(1); return "h" }}
	require.NoError(t, r.Register(h, anywhere))
	require.NoError(t, r.Disable("h"))
	require.NoError(t, r.Enable("h"))
	_, err := r.Resolve()
	require.NoError(t, err)
	require.Equal(t, "h", r.List()[0].Name)
	require.Equal(t, int32(1), asked.Load())
}

// The registry keeps no list that others can write.
func TestRegistrySharesNoLists(t *testing.T) {
	r := registryOf(t, placed{"c", anywhere}, placed{"b", anywhere})
	names := []string{"c", "b", "b"}
	require.NoError(t, r.Register(hooks.Sequence("a", hooks.Sequence("inner", idle("m"))),
		hooks.Placement{Before: names[:1], After: names[1:2], Requires: names[2:]}))
	clear(names)
	again := func() { // puts all in order anew
		require.NoError(t, errors.Join(r.Disable("b"), r.Enable("b")))
		require.Equal(t, "b a c", orderOf(t, r))
	}
	again()

	want := fmt.Sprintf("%+v", r.List())
	a := r.List()[1]
	a.Before[0], a.After[0], a.Requires[0] = "x", "x", "x"
	a.Members[0].Members[0].Name = "x"
	require.Equal(t, want, fmt.Sprintf("%+v", r.List()))
	a.Members[0].Name = "x"
	require.Equal(t, want, fmt.Sprintf("%+v", r.List()))
	again()

	chain, err := r.Resolve()
	require.NoError(t, err)
	one, two := append(chain, idle("one")), append(chain, idle("two"))
	require.Equal(t, "b a c one", namesIn(one))
	require.Equal(t, "b a c two", namesIn(two))
	require.Equal(t, "b a c", orderOf(t, r))
}

// List shows operators everything.
func TestRegistryList(t *testing.T) {
	r := registryOf(t, placed{"off", behind("a")})
	require.NoError(t, r.Disable("off"))
	a := hooks.With(idle("a"), func(o *hooks.Options) { o.Version, o.ReadOnly = "v2", true })
	s := hooks.Sequence("s", hooks.FuncUndo("m", func(context.Context, *board) error { return nil }, func(context.Context, *board) error { return nil }))
	retried := hooks.Retry(idle("r"), hooks.RetryPolicy{Attempts: 2})
	at := hooks.Placement{Priority: 3, Before: []string{"x"}, After: []string{"s"}, Requires: []string{"r", "off"}}
	require.NoError(t, r.Register(a, at))
	require.NoError(t, r.Register(s, priority(4)))
	require.NoError(t, r.Register(retried, priority(5)))

	want := []hooks.Registered{
		{Description: hooks.Describe(s), Placement: priority(4), Enabled: true, Place: 0},
		{Description: hooks.Describe(retried), Placement: priority(5), Enabled: true, Place: 1},
		{Description: hooks.Describe(a), Placement: at, Enabled: true, Place: 2},
		{Description: hooks.Describe(idle("off")), Placement: behind("a"), Place: -1},
	}
	assert.Empty(t, cmp.Diff(want, r.List(), cmpopts.EquateEmpty()))
	assert.Equal(t, "r", r.List()[1].Name, "a retry has the name of its hook")
	assert.True(t, r.List()[0].Rollback, "of a member")
	_, err := r.Resolve()
	require.ErrorIs(t, err, hooks.ErrMissingHook, "the list is there all the same")
}

// Groups run from a registry like all hooks.
func TestRegistryRunsGroups(t *testing.T) {
	var d diary
	var r hooks.Registry[board]
	require.NoError(t, r.Register(hooks.Retry(setting(&d, "last", nil), hooks.RetryPolicy{Attempts: 2}), behind("both")))
	require.NoError(t, r.Register(hooks.Parallel("both", setting(&d, "l", nil), hooks.Sequence("s", setting(&d, "r", nil))), anywhere))
	chain, err := r.Resolve()
	require.NoError(t, err)
	state := newBoard()
	_, err = hooks.Run(t.Context(), state, chain...)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"start": 1, "both/l": 1, "both/s/r": 1, "last": 1}, state.Cells)
}

// Hooks change the registry that they came from, while executions run.
func TestRegistryFromInsideHooks(t *testing.T) {
	var r hooks.Registry[board]
	count := func(name string) hooks.Hook[board] {
		return hooks.Func(name, func(_ context.Context, b *board) error { b.Cells[name]++; return nil })
	}
	var turn atomic.Int64
	changer := hooks.Func("changer", func(context.Context, *board) error {
		name := fmt.Sprint("plugin", turn.Add(1)%5)
		at := behind("changer")
		switch err := r.Register(count(name), at); turn.Load() % 4 {
		case 0:
			return ignoring(errors.Join(err, r.Remove(name)))
		case 1:
			return ignoring(errors.Join(err, r.Replace(count(name), at)))
		case 2:
			return ignoring(errors.Join(err, r.Disable(name)))
		default:
			_, missing := r.Resolve()
			return ignoring(errors.Join(err, r.Enable(name), missing))
		}
	})
	require.NoError(t, r.Register(changer, anywhere))
	x := build[board](t, hooks.Config{})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 200 {
				chain, err := r.Resolve()
				assert.NoError(t, err)
				names := namesIn(chain)
				state := newBoard()
				_, err = x.Execute(context.Background(), state, chain...)
				assert.NoError(t, err)
				want := map[string]int{"start": 1}
				for _, name := range strings.Fields(names)[1:] {
					want[name] = 1
				}
				assert.Equal(t, want, state.Cells, "the execution ran the list that it was started with")
				assert.NotEmpty(t, r.List())
			}
		})
	}
	all.Wait()
	require.NoError(t, x.Shutdown(t.Context()))
}

// ignoring drops what is to be expected when several change one registry.
func ignoring(err error) error {
	joined, _ := err.(interface{ Unwrap() []error })
	if joined == nil {
		return err
	}
	for _, err := range joined.Unwrap() {
		if !errors.Is(err, hooks.ErrDuplicateHook) && !errors.Is(err, hooks.ErrUnknownHook) {
			return err
		}
	}
	return nil
}

// A reader sees all of a change or nothing of it: here the order, and the priority that made it.
func TestRegistryReadersSeeWholeChanges(t *testing.T) {
	r := registryOf(t, placed{"a", anywhere}, placed{"b", anywhere})
	var done atomic.Bool
	var all sync.WaitGroup
	all.Go(func() {
		defer done.Store(true)
		for i := range 2000 {
			assert.NoError(t, r.Replace(idle("b"), priority(i%2*2-1))) // -1 or 1
		}
	})
	for range 2 {
		all.Go(func() {
			for !done.Load() {
				list := r.List()
				if len(list) != 2 || list[0].Priority > list[1].Priority || list[0].Place != 0 || list[1].Place != 1 {
					t.Errorf("got %v", list)
				}
			}
		})
	}
	all.Wait()
}

// Of many that register one name, or close one cycle, one is refused; and no change is lost. The
// registry is large, so that changes take long enough to meet.
func TestRegistryChangesDoNotMeet(t *testing.T) {
	const many = 4
	for range 10 {
		r := registryOf(t, hooksInARow(300)...)
		var same, linked atomic.Int32
		var all sync.WaitGroup
		start := make(chan struct{})
		for i := range many {
			all.Go(func() {
				<-start
				if r.Register(idle("same"), anywhere) == nil {
					same.Add(1)
				}
				if r.Register(idle(fmt.Sprint("ring", i)), before(fmt.Sprint("ring", (i+1)%many))) == nil {
					linked.Add(1)
				}
				for k := range 5 {
					assert.NoError(t, r.Register(idle(fmt.Sprint("own", i, k)), anywhere))
				}
			})
		}
		close(start)
		all.Wait()
		require.Equal(t, int32(1), same.Load())
		require.Equal(t, int32(many-1), linked.Load(), "the last one would close the cycle")
		chain, err := r.Resolve()
		require.NoError(t, err)
		require.Len(t, chain, 300+1+many-1+many*5)
	}
}
