package deep_test

import (
	"math"
	"math/big"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/hooktx/hooks/internal/deep"
)

// A graph is a type with every way of reaching memory that there is.
type graph struct {
	id    int
	name  string
	f     float64
	next  *graph
	all   []*graph
	vals  []leaf
	leafs []*leaf
	ints  []int
	nums  [4]int
	at    *int
	sub   []int
	any   any
	anys  []any
	m     map[string]*graph
	pm    map[*graph]*leaf
	am    map[any]any
	sm    map[string]shelf
	fm    map[float64]int
	pp    **graph
	ap    atomic.Pointer[graph]
	n     atomic.Int64
	av    atomic.Value
	syn   sync.Map
	mu    sync.Mutex
	b     strings.Builder
	big   *big.Int
	when  time.Time
	arr   [2]shelf
	view  *[2]int
	iface *any
}

type leaf struct {
	n    int
	to   *graph
	text string
}

type shelf struct {
	g   *graph
	l   []leaf
	any any
}

// A maker fills graphs from random draws. What it has made so far may be referred to again.
type maker struct {
	t      *rapid.T
	graphs []*graph
	ints   [][]int
	vals   [][]leaf
	anys   []any
}

func (m *maker) pick(n int, label string) int { return rapid.IntRange(0, n-1).Draw(m.t, label) }

func (m *maker) graph() *graph {
	if m.pick(4, "nil") == 0 {
		return nil
	}
	return m.graphs[m.pick(len(m.graphs), "graph")]
}

func (m *maker) slice() []int {
	a := m.ints[m.pick(len(m.ints), "ints")]
	i := m.pick(len(a)+1, "from")
	j := i + m.pick(len(a)-i+1, "to")
	if m.pick(2, "three") == 0 {
		return a[i:j:j]
	}
	return a[i:j]
}

func (m *maker) leafs() []leaf {
	a := m.vals[m.pick(len(m.vals), "vals")]
	i := m.pick(len(a)+1, "from")
	return a[i : i+m.pick(len(a)-i+1, "to")]
}

func (m *maker) leaf() *leaf {
	a := m.vals[m.pick(len(m.vals), "vals")]
	return &a[m.pick(len(a), "leaf")]
}

func (m *maker) value() any {
	var v any
	switch g := m.graph(); m.pick(14, "kind") {
	case 0:
		v = m.pick(3, "n")
	case 1:
		v = "s"
	case 2:
		v = g
	case 3:
		v = m.slice()
	case 4:
		v = shelf{g, m.leafs(), nil}
	case 5:
		v = []any{g, m.slice()}
	case 6:
		v = map[string]any{"g": g, "s": m.slice()}
	case 7:
		v = m.leaf()
	case 8:
		v = [2]any{m.anys[m.pick(len(m.anys), "any")], m.anys[m.pick(len(m.anys), "any")]}
	case 9:
		v = shelf{any: m.anys[m.pick(len(m.anys), "any")]}
	case 10:
		v = m.anys[m.pick(len(m.anys), "any")]
	case 11:
		if g != nil {
			v = &g.next
		}
	case 12:
		v = math.NaN()
	case 13:
		v = error(&myError{"e"})
	}
	m.anys = append(m.anys, v)
	return v
}

func (m *maker) key() any {
	switch m.pick(5, "key") {
	case 0:
		return m.graph()
	case 1:
		return m.leaf()
	case 2:
		return m.pick(5, "n")
	case 3:
		return [1]any{m.graph()}
	}
	return math.NaN()
}

func (m *maker) shelf() shelf { return shelf{m.graph(), m.leafs(), m.value()} }

func (m *maker) fill(g *graph) {
	switch g.id = m.pick(3, "id"); m.pick(16, "what") {
	case 0:
		g.next, g.name = m.graph(), "n"
	case 1:
		g.all = []*graph{m.graph(), m.graph()}
	case 2:
		g.vals = m.leafs()
	case 3:
		g.leafs = []*leaf{m.leaf(), m.leaf()}
	case 4:
		g.ints, g.sub = m.slice(), m.slice()
	case 5:
		g.at, g.sub = &g.nums[1], g.nums[m.pick(3, "i"):]
		g.view = (*[2]int)(g.nums[2:])
	case 6:
		g.any = m.value()
	case 7:
		g.anys = []any{m.value(), m.value()}
		g.anys[0] = g.anys
	case 8:
		g.m = map[string]*graph{"a": m.graph(), "b": m.graph()}
	case 9:
		g.pm = map[*graph]*leaf{m.graph(): m.leaf(), m.graph(): m.leaf()}
	case 10:
		g.am = map[any]any{m.key(): m.value(), m.key(): m.value(), "self": g}
	case 11:
		g.sm = map[string]shelf{"a": m.shelf(), "b": m.shelf()}
		g.fm = map[float64]int{math.NaN(): m.pick(2, "nan"), math.NaN(): 1, 1: 2}
	case 12:
		if h := m.graph(); h != nil {
			g.pp, g.iface, g.at = &h.next, &h.any, &h.id
		}
		g.ap.Store(m.graph())
		g.n.Add(3)
	case 13:
		g.av.Store([]any{m.value()})
		g.syn.Store(m.pick(3, "k"), m.value())
		g.syn.Store(m.graph(), m.value())
	case 14:
		g.b.WriteString("text")
		g.big = big.NewInt(int64(m.pick(9, "big")))
		g.when = time.Now()
		g.mu.TryLock()
	case 15:
		g.arr = [2]shelf{m.shelf(), m.shelf()}
		g.f = math.Copysign(0, -1)
	}
}

// makeGraph draws a graph; some of its objects are elements of one array.
func makeGraph(t *rapid.T) *graph {
	m := &maker{t: t, anys: []any{nil}}
	block := make([]graph, 3)
	for i := range block {
		m.graphs = append(m.graphs, &block[i])
	}
	for range 4 {
		m.graphs = append(m.graphs, &graph{})
	}
	m.ints = [][]int{make([]int, 6), make([]int, 3)}
	m.vals = [][]leaf{make([]leaf, 4), make([]leaf, 1)}
	for i := range m.vals[0] {
		m.vals[0][i] = leaf{i, m.graph(), "leaf"}
	}
	for _, g := range m.graphs {
		m.fill(g)
		m.fill(g)
	}
	root := m.graphs[m.pick(len(m.graphs), "root")]
	if root.next == nil {
		root.next = m.graph()
	}
	return root
}

// TestCopyProperties checks on random graphs what is promised of every copy.
func TestCopyProperties(t *testing.T) {
	rapid.Check(t, checkGraph)
}

func FuzzCopy(f *testing.F) { f.Fuzz(rapid.MakeFuzz(checkGraph)) }

func checkGraph(t *rapid.T) {
	src := makeGraph(t)
	one, info, err := deep.Copy(src, deep.Options{})
	require.NoError(t, err)
	two, _, err := deep.Copy(one, deep.Options{})
	require.NoError(t, err)

	requireCopy(t, src, one)
	requireCopy(t, one, two)
	n, err := deep.Size(src, deep.Options{})
	require.NoError(t, err)
	require.Equal(t, info.Size, n)
	m, err := deep.Size(one, deep.Options{})
	require.NoError(t, err)
	require.Equal(t, n, m, "a copy is as large as its original")

	iso := newIso(t)
	iso.same(reflect.ValueOf(&src).Elem(), reflect.ValueOf(&one).Elem())
	iso.run()

	scribble(one)
	requireCopy(t, src, two) // what happens to one copy shows nowhere else

	bigger := struct {
		g *graph
		x []int
	}{src, make([]int, 3)}
	more, err := deep.Size(&bigger, deep.Options{})
	require.NoError(t, err)
	require.Greater(t, more, n, "a value is larger than its parts")
	_, _, err = deep.Copy(src, deep.Options{Limit: n})
	require.NoError(t, err)
	_, _, err = deep.Copy(src, deep.Options{Limit: n - 1})
	require.Error(t, err)

	home := &graph{}
	shell, _, err := deep.CopyFor(home, src, deep.Options{})
	require.NoError(t, err)
	deep.Assign(home, shell)
	require.True(t, deep.Equal(src, home))
	home.b.WriteString("!")
}

func requireCopy(t *rapid.T, a, b *graph) {
	t.Helper()
	require.True(t, deep.Equal(a, b))
	require.True(t, deep.Equal(b, a))
	changes, _ := deep.Diff(a, b, 5)
	require.Empty(t, changes)
}

// An iso checks that two graphs have the same sharing: it walks both by path and keeps a one-to-one table of
// addresses. Memory of one side must never be memory of the other. It is written without the package's rules, for the
// types of the tests alone.
type iso struct {
	t     *rapid.T
	left  map[address]address
	right map[address]address
	todo  [][2]reflect.Value
}

type address struct {
	p uintptr
	t reflect.Type
}

func newIso(t *rapid.T) *iso {
	return &iso{t: t, left: map[address]address{}, right: map[address]address{}}
}

func (x *iso) run() {
	for len(x.todo) > 0 {
		p := x.todo[len(x.todo)-1]
		x.todo = x.todo[:len(x.todo)-1]
		x.same(p[0], p[1])
	}
}

// pair notes two places that correspond, and reports whether they are new.
func (x *iso) pair(a, b uintptr, t reflect.Type) bool {
	l, r := address{a, t}, address{b, t}
	other, ok := x.left[l]
	back, also := x.right[r]
	require.Equal(x.t, ok, also, "sharing differs at %v", t)
	if ok {
		require.Equal(x.t, r, other, "sharing differs at %v", t)
		require.Equal(x.t, l, back, "sharing differs at %v", t)
		return false
	}
	if t.Size() > 0 {
		require.NotEqual(x.t, a, b, "%v is shared between original and copy", t)
	}
	x.left[l], x.right[r] = r, l
	return true
}

func (x *iso) same(a, b reflect.Value) {
	switch a.Kind() {
	case reflect.Pointer:
		require.Equal(x.t, a.IsNil(), b.IsNil())
		if name := a.Type().String(); a.IsNil() || name == "*time.Location" || name == "*deep_test.myError" {
			return
		}
		x.pair(a.Pointer(), b.Pointer(), a.Type().Elem())
		x.later(a.Elem(), b.Elem())
	case reflect.Slice:
		require.Equal(x.t, a.IsNil(), b.IsNil())
		require.Equal(x.t, a.Len(), b.Len())
		for i := range a.Len() {
			x.later(a.Index(i), b.Index(i))
		}
	case reflect.Array:
		for i := range a.Len() {
			x.same(a.Index(i), b.Index(i))
		}
	case reflect.Struct:
		if strings.HasPrefix(a.Type().PkgPath(), "sync") || a.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range a.NumField() {
			x.inPlace(a.Field(i), b.Field(i))
		}
	case reflect.Interface:
		require.Equal(x.t, a.IsNil(), b.IsNil())
		if !a.IsNil() {
			require.Equal(x.t, a.Elem().Type(), b.Elem().Type())
			x.same(a.Elem(), b.Elem())
		}
	case reflect.Map:
		require.Equal(x.t, a.IsNil(), b.IsNil())
		require.Equal(x.t, a.Len(), b.Len())
		if !a.IsNil() && x.pair(a.Pointer(), b.Pointer(), a.Type()) && a.Type().Key().Kind() == reflect.String {
			for _, k := range a.MapKeys() {
				x.same(a.MapIndex(k), b.MapIndex(k))
			}
		}
	}
}

// inPlace compares parts of variables, which are places themselves.
func (x *iso) inPlace(a, b reflect.Value) {
	if a.CanAddr() {
		x.pair(a.UnsafeAddr(), b.UnsafeAddr(), a.Type())
	}
	x.same(a, b)
}

// later compares what lies behind a reference, once.
func (x *iso) later(a, b reflect.Value) {
	x.pair(a.UnsafeAddr(), b.UnsafeAddr(), a.Type())
	mark := address{a.UnsafeAddr(), reflect.PointerTo(a.Type())}
	if _, ok := x.left[mark]; !ok {
		x.left[mark] = mark
		x.todo = append(x.todo, [2]reflect.Value{a, b})
	}
}

// scribble overwrites all that g leads to, breadth first.
func scribble(g *graph) {
	seen := map[*graph]bool{}
	todo := []*graph{g}
	for len(todo) > 0 {
		g, todo = todo[0], todo[1:]
		if g == nil || seen[g] {
			continue
		}
		seen[g] = true
		todo = append(todo, g.next, g.ap.Load())
		todo = append(todo, g.all...)
		for _, h := range g.m {
			todo = append(todo, h)
		}
		for i := range g.vals {
			g.vals[i].n, g.vals[i].text = -1, "scribble"
		}
		for h, l := range g.pm {
			todo = append(todo, h)
			l.n = -2
		}
		for _, l := range g.leafs {
			l.text = "?"
		}
		for _, s := range [][]int{g.ints, g.sub} {
			for i := range s {
				s[i] = -3
			}
		}
		for i := range g.anys {
			g.anys[i] = "scribble"
		}
		clear(g.m)
		clear(g.am)
		clear(g.fm)
		clear(g.sm)
		if g.at != nil {
			*g.at = -4
		}
		if g.pp != nil {
			*g.pp = nil
		}
		if g.big != nil {
			g.big.SetInt64(-5)
		}
		g.syn.Clear()
		g.n.Store(-6)
		g.b.Reset()
		g.id, g.name = -7, "scribble"
	}
}

// TestGarbageCollection copies in a loop while the collector runs and other garbage is made. Pointers that were
// written without the collector's knowledge give wrong content or "found bad pointer in Go heap" within seconds.
func TestGarbageCollection(t *testing.T) {
	type s struct {
		m  map[string]any
		l  []*node
		in *node
		sl []string
		a  [3]any
		sm sync.Map
	}
	v := &s{m: map[string]any{}, l: make([]*node, 50)}
	for i := range v.l {
		v.l[i] = &node{Val: i}
		v.sl = append(v.sl, strings.Repeat("x", i+1))
		v.m[v.sl[i]] = []any{v.l[i], v.sl[i : i+1], map[string]int{"i": i}}
	}
	v.in, v.a[1] = v.l[7], v.l
	v.sm.Store("k", v.l)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	})
	for deadline := time.Now().Add(time.Second); time.Now().Before(deadline); {
		c, _, err := deep.Copy(v, deep.Options{})
		require.NoError(t, err)
		v = c
		for range 100 {
			_ = make([]*node, 20)
		}
	}
	close(stop)
	wg.Wait()
	require.Same(t, v.l[7], v.in)
	for i, n := range v.l {
		require.Equal(t, i, n.Val)
		require.Equal(t, strings.Repeat("x", i+1), v.sl[i])
		list := v.m[v.sl[i]].([]any)
		require.Same(t, n, list[0])
		require.Same(t, n, v.a[1].([]*node)[i])
		require.Equal(t, map[string]int{"i": i}, list[2])
	}
}
