package hooks_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/hooktx/hooks"
)

func boardHook(name string) hooks.Hook[board] {
	return hooks.Func(name, func(context.Context, *board) error { return nil })
}

// orderIn returns the names of the resolved hooks.
func orderIn(t require.TestingT, r *hooks.Registry[board]) string {
	chain, err := r.Resolve()
	require.NoError(t, err)
	var names []string
	for _, h := range chain {
		names = append(names, h.Name())
	}
	return strings.Join(names, " ")
}

type placed struct {
	name string
	at   hooks.Placement
}

func registryOf(t testing.TB, all ...placed) *hooks.Registry[board] {
	t.Helper()
	r := new(hooks.Registry[board])
	for _, p := range all {
		require.NoError(t, r.Register(boardHook(p.name), p.at))
	}
	return r
}

func before(names ...string) hooks.Placement   { return hooks.Placement{Before: names} }
func follows(names ...string) hooks.Placement  { return hooks.Placement{After: names} }
func requires(names ...string) hooks.Placement { return hooks.Placement{Requires: names} }
func priority(n int) hooks.Placement           { return hooks.Placement{Priority: n} }

// Who runs when.
func TestRegistryOrder(t *testing.T) {
	tests := []struct {
		why  string
		all  []placed
		want string
	}{
		{"nobody", nil, ""},
		{"as registered", []placed{{"b", priority(0)}, {"a", priority(0)}, {"c", priority(0)}}, "b a c"},
		{"by priority", []placed{{"a", priority(1)}, {"b", priority(0)}, {"c", priority(-1)}, {"d", priority(0)}}, "c b d a"},
		{"before", []placed{{"a", priority(0)}, {"b", before("a")}}, "b a"},
		{"after", []placed{{"a", follows("b")}, {"b", priority(0)}}, "b a"},
		{"requires", []placed{{"a", requires("b")}, {"b", priority(9)}}, "b a"},
		{"a constraint comes before priority", []placed{{"a", priority(5)}, {"b", hooks.Placement{Priority: -5, After: []string{"a"}}}, {"c", priority(0)}}, "c a b"},
		{"who is not there does not count", []placed{{"a", follows("x", "y")}, {"b", before("z")}}, "a b"},
		{"said twice", []placed{{"a", follows("b", "b")}, {"b", before("a")}}, "b a"},
		{"a chain", []placed{{"a", follows("b")}, {"b", follows("c")}, {"c", follows("d")}, {"d", priority(0)}}, "d c b a"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			require.Equal(t, tt.want, orderIn(t, registryOf(t, tt.all...)))
		})
	}
}

// A circle is refused by whoever would close it, named, and nothing has changed then.
func TestRegistryCycles(t *testing.T) {
	r := registryOf(t, placed{"a", before("b")}, placed{"b", before("c")}, placed{"other", follows("a")})
	refused := func(err error, text string) {
		t.Helper()
		require.ErrorIs(t, err, hooks.ErrHookCycle)
		require.EqualError(t, err, text)
		require.Equal(t, "a b other", orderIn(t, r))
	}
	refused(r.Register(boardHook("c"), before("a")), "hooks: register: hooks in a circle: a before b before c before a")
	refused(r.Register(boardHook("d"), before("d")), "hooks: register: hooks in a circle: d before d")
	refused(r.Place("b", hooks.Placement{Requires: []string{"other"}, Before: []string{"a"}}), "hooks: place: hooks in a circle: a before other before b before a")

	require.NoError(t, r.Register(boardHook("c"), priority(0)))
	require.NoError(t, r.Disable("c"))
	require.NoError(t, r.Place("c", before("a")), "a disabled hook is in nobody's way")
	refused(r.Enable("c"), "hooks: enable: hooks in a circle: a before b before c before a")
	require.NoError(t, r.Remove("b"))
	require.NoError(t, r.Enable("c"))
	require.Equal(t, "c a other", orderIn(t, r))
}

// What is required must be there and enabled when the chain is asked for.
func TestRegistryRequirements(t *testing.T) {
	r := registryOf(t, placed{"a", requires("b", "c")}, placed{"d", requires("c")})
	chain, err := r.Resolve()
	require.ErrorIs(t, err, hooks.ErrUnknownHook)
	require.EqualError(t, err, "hooks: resolve: hook \"a\" requires \"b\", which is not registered\nhook \"a\" requires \"c\", which is not registered\nhook \"d\" requires \"c\", which is not registered")
	require.Len(t, chain, 2)
	require.NoError(t, r.Register(boardHook("c"), priority(0)))
	require.NoError(t, r.Register(boardHook("b"), priority(0)))
	require.Equal(t, "c d b a", orderIn(t, r))
	require.NoError(t, r.Disable("c"))
	_, err = r.Resolve()
	require.ErrorContains(t, err, `hook "a" requires "c", which is disabled`)
	require.NoError(t, r.Disable("a"))
	require.NoError(t, r.Disable("d"))
	require.Equal(t, "b", orderIn(t, r), "what does not run requires nothing")
}

// A hook is replaced in its place.
func TestRegistryReplace(t *testing.T) {
	r := registryOf(t, placed{"a", priority(1)}, placed{"b", priority(1)}, placed{"c", before("a")})
	bad := hooks.Func("a", func(context.Context, *board) error { return errBroken })
	kept, err := r.Resolve()
	require.NoError(t, err)
	require.NoError(t, r.Replace(bad))
	require.Equal(t, "c a b", orderIn(t, r))
	chain, err := r.Resolve()
	require.NoError(t, err)
	_, err = hooks.Run(t.Context(), newBoard(), chain...)
	require.ErrorIs(t, err, errBroken)
	_, err = hooks.Run(t.Context(), newBoard(), kept...)
	require.NoError(t, err, "who has a list keeps it")
	require.NoError(t, r.Disable("a"))
	require.NoError(t, r.Replace(boardHook("a")))
	require.Equal(t, "c b", orderIn(t, r), "still disabled")
	require.NoError(t, r.Remove("a"))
	require.NoError(t, r.Register(boardHook("a"), priority(1)))
	require.Equal(t, "c b a", orderIn(t, r), "now it is the newest")
}

// What is wrong is said, and changes nothing.
func TestBadUseOfARegistry(t *testing.T) {
	r := registryOf(t, placed{"a", priority(0)})
	panics := asking{name: func() string { panic("no") }}
	exits := asking{name: func() string { runtime.Goexit(); return "" }}
	var carts hooks.Registry[cart]
	for text, err := range map[string]error{
		"register: hook is nil":                         r.Register(nil, priority(0)),
		"register: hook has an empty name":              r.Register(boardHook(""), priority(0)),
		`register: hook has a name that contains "/"`:   r.Register(boardHook("a/b"), priority(0)),
		"register: member 0":                            r.Register(hooks.Sequence("s", boardHook("")), priority(0)),
		"register: hook has a Name or Options method":   carts.Register(panics, priority(0)),
		"replace: hook has a Name or Options method th": carts.Replace(exits),
	} {
		require.ErrorIs(t, err, hooks.ErrInvalidHook, text)
		require.ErrorContains(t, err, text)
	}
	require.ErrorIs(t, r.Register(boardHook("a"), priority(0)), hooks.ErrDuplicateHook)
	for _, err := range []error{r.Remove("x"), r.Enable("x"), r.Disable("x"), r.Place("x", priority(0)), r.Replace(boardHook("x"))} {
		require.ErrorIs(t, err, hooks.ErrUnknownHook)
		require.ErrorContains(t, err, `unknown hook "x": no hook of this name is registered`)
	}
	require.Equal(t, "a", orderIn(t, r))
	require.Empty(t, carts.List())
}

// The lists of a placement are copied, and the chain cannot be spoilt by appending to it.
func TestRegistryOwnsItsLists(t *testing.T) {
	r := new(hooks.Registry[board])
	names := []string{"b"}
	require.NoError(t, r.Register(boardHook("a"), follows(names...)))
	names[0] = "x"
	require.NoError(t, r.Register(boardHook("b"), priority(0)))
	require.Equal(t, "b a", orderIn(t, r))
	r.List()[1].After[0] = "x"
	chain, err := r.Resolve()
	require.NoError(t, err)
	_ = append(chain, boardHook("extra"))
	require.NoError(t, r.Register(boardHook("c"), priority(0)))
	require.Equal(t, "b a c", orderIn(t, r))
}

// List shows operators everything.
func TestRegistryList(t *testing.T) {
	r := new(hooks.Registry[board])
	versioned := hooks.With(boardHook("a"), func(o *hooks.Options) { o.Version, o.ReadOnly = "v2", true })
	require.NoError(t, r.Register(boardHook("off"), priority(0)))
	require.NoError(t, r.Disable("off"))
	require.NoError(t, r.Register(versioned, hooks.Placement{Priority: 3, After: []string{"s"}}))
	require.NoError(t, r.Register(hooks.Sequence("s", hooks.FuncUndo("m", func(context.Context, *board) error { return nil }, func(context.Context, *board) error { return nil })), priority(4)))
	var lines []string
	for _, l := range r.List() {
		lines = append(lines, fmt.Sprintf("%d %s %q priority %d after %v enabled %v undoable %v members %d", l.Place, l.Name, l.Options.Version, l.Priority, l.After, l.Enabled, l.Rollback, len(l.Members)))
	}
	require.Equal(t, []string{
		`0 s "" priority 4 after [] enabled true undoable true members 1`,
		`1 a "v2" priority 3 after [s] enabled true undoable false members 0`,
		`-1 off "" priority 0 after [] enabled false undoable false members 0`,
	}, lines)
}

// Hooks change the registry that they are of while executions run.
func TestRegistryFromInsideAHook(t *testing.T) {
	r := new(hooks.Registry[board])
	x := build[board](t, hooks.Config{})
	plugin := hooks.Func("plugin", func(_ context.Context, b *board) error { b.Cells["plugin"]++; return nil })
	switcher := hooks.Func("switcher", func(context.Context, *board) error {
		if err := r.Register(plugin, follows("switcher")); err != nil {
			return r.Remove("plugin")
		}
		return nil
	})
	require.NoError(t, r.Register(switcher, priority(0)))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 100 {
				chain, err := r.Resolve()
				if !assert.NoError(t, err) {
					return
				}
				state := newBoard()
				_, err = x.Execute(t.Context(), state, chain...)
				if err != nil && !errors.Is(err, hooks.ErrUnknownHook) { // two removed it
					t.Error(err)
				}
				if err == nil {
					assert.Equal(t, len(chain)-1, state.Cells["plugin"])
				}
			}
		})
	}
	all.Wait()
	require.NotEmpty(t, r.List())
}

// Random changes against a list that is searched one by one.
func TestRegistryAgainstAModel(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e"}
	rapid.Check(t, func(rt *rapid.T) {
		r := new(hooks.Registry[board])
		var model registryModel
		some := rapid.SliceOfN(rapid.SampledFrom(names), 0, 2)
		place := func() hooks.Placement {
			return hooks.Placement{
				Priority: rapid.IntRange(-1, 1).Draw(rt, "priority"),
				Before:   some.Draw(rt, "before"), After: some.Draw(rt, "after"), Requires: some.Draw(rt, "requires"),
			}
		}
		for range rapid.IntRange(1, 20).Draw(rt, "steps") {
			name := rapid.SampledFrom(names).Draw(rt, "name")
			var err error
			next := slices.Clone(model)
			i := slices.IndexFunc(next, func(e modelEntry) bool { return e.name == name })
			known := i >= 0
			switch what := rapid.IntRange(0, 5).Draw(rt, "what"); what {
			case 0, 1:
				at := place()
				err = r.Register(boardHook(name), at)
				if known = !known; known {
					next = append(next, modelEntry{name, at, true})
				}
			case 2:
				if err = r.Remove(name); known {
					next = slices.Delete(next, i, i+1)
				}
			case 3:
				if err = r.Enable(name); known {
					next[i].enabled = true
				}
			case 4:
				if err = r.Disable(name); known {
					next[i].enabled = false
				}
			default:
				at := place()
				if err = r.Place(name, at); known {
					next[i].at = at
				}
			}
			_, ordered := next.order()
			if (err == nil) != (known && ordered) {
				rt.Fatalf("error %v, though known %v and ordered %v: %v", err, known, ordered, next)
			}
			if err == nil {
				model = next
			}
			want, _ := model.order()
			chain, err := r.Resolve()
			var got []string
			for _, h := range chain {
				got = append(got, h.Name())
			}
			if !slices.Equal(want, got) || (err == nil) != model.complete() {
				rt.Fatalf("order %v and error %v, want %v: %v", got, err, want, model)
			}
		}
	})
}

type modelEntry struct {
	name    string
	at      hooks.Placement
	enabled bool
}

type registryModel []modelEntry

// order looks for the next hook again and again: the first of the lowest priority that no other
// one must precede.
func (m registryModel) order() (names []string, ok bool) {
	var left registryModel
	for _, e := range m {
		if e.enabled {
			left = append(left, e)
		}
	}
	for len(left) > 0 {
		var free []int
		for i, e := range left {
			if !slices.ContainsFunc(left, func(o modelEntry) bool { return o.precedes(e) }) {
				free = append(free, i)
			}
		}
		if free == nil {
			return nil, false
		}
		next := slices.MinFunc(free, func(i, j int) int {
			return cmp.Or(left[i].at.Priority-left[j].at.Priority, i-j)
		})
		names = append(names, left[next].name)
		left = slices.Delete(left, next, next+1)
	}
	return names, true
}

func (m modelEntry) precedes(e modelEntry) bool {
	return slices.Contains(m.at.Before, e.name) || slices.Contains(e.at.After, m.name) || slices.Contains(e.at.Requires, m.name)
}

func (m registryModel) complete() bool {
	for _, e := range m {
		for _, name := range e.at.Requires {
			if e.enabled && !slices.ContainsFunc(m, func(o modelEntry) bool { return o.enabled && o.name == name }) {
				return false
			}
		}
	}
	return true
}

func BenchmarkRegistry(b *testing.B) {
	b.Run("Resolve", func(b *testing.B) {
		r := registryOf(b, placed{"a", priority(0)}, placed{"b", before("a")})
		b.ReportAllocs()
		for b.Loop() {
			if chain, err := r.Resolve(); len(chain) != 2 || err != nil {
				b.Fatal(chain, err)
			}
		}
	})
	b.Run("Register the thousandth", func(b *testing.B) {
		r := new(hooks.Registry[board])
		for i := range 999 {
			if err := r.Register(boardHook(fmt.Sprint("h", i)), follows(fmt.Sprint("h", i-1))); err != nil {
				b.Fatal(err)
			}
		}
		for b.Loop() {
			if err := errors.Join(r.Register(boardHook("last"), before("h0")), r.Remove("last")); err != nil {
				b.Fatal(err)
			}
		}
	})
}
