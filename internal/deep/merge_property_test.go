package deep_test

import (
	"errors"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/hooktx/hooks/internal/deep"
)

func copied[T any](t require.TestingT, v *T) *T {
	c, _, err := deep.Copy(v, deep.Options{})
	require.NoError(t, err)
	return c
}

// merge returns what comes of merging, or the conflict.
func merge[T any](t require.TestingT, base *T, versions ...*T) (*T, *deep.ConflictError) {
	r, _, err := deep.Merge(base, versions, deep.Options{})
	var conflict *deep.ConflictError
	if errors.As(err, &conflict) {
		require.Nil(t, r)
		return nil, conflict
	}
	require.NoError(t, err)
	return r, nil
}

func merged[T any](t require.TestingT, base *T, versions ...*T) *T {
	r, conflict := merge(t, base, versions...)
	if conflict != nil {
		require.NoError(t, conflict)
	}
	return r
}

// requireSame checks that a and b are equal, have the same sharing, and share no memory with each other.
func requireSame(t *rapid.T, a, b *graph) {
	t.Helper()
	requireCopy(t, a, b)
	x := newIso(t)
	x.same(reflect.ValueOf(&a).Elem(), reflect.ValueOf(&b).Elem())
	x.run()
}

// reachable returns the objects that g leads to, in an order that is the same for copies.
func reachable(g *graph) (list []*graph) {
	seen := map[*graph]bool{nil: true}
	add := func(gs ...*graph) {
		for _, g := range gs {
			if !seen[g] {
				seen[g] = true
				list = append(list, g)
			}
		}
	}
	add(g)
	for i := 0; i < len(list); i++ {
		g := list[i]
		add(g.next, g.ap.Load(), g.arr[0].g, g.arr[1].g)
		add(g.all...)
		add(g.m["a"], g.m["b"], g.sm["a"].g, g.sm["b"].g)
		for _, l := range g.vals {
			add(l.to)
		}
		if h, ok := g.any.(*graph); ok {
			add(h)
		}
	}
	return list
}

// An edit changes a graph, of which all are the objects. It does the same to every copy of one graph.
type edit struct {
	object, other int // that it changes, and that it makes it refer to
	do            func(all []*graph)
}

func apply(g *graph, edits []edit) *graph {
	all := reachable(g)
	for _, e := range edits {
		e.do(all)
	}
	return g
}

// tellTale reports whether the graph that comes of the edits, which are about the objects all, tells what they did: these are
// still a part of it, and none was both changed and referred to anew.
func tellTale(g *graph, edits []edit) bool {
	all := reachable(g)
	now := reachable(apply(g, edits))
	for _, e := range edits {
		if !slices.Contains(now, all[e.object]) || !slices.Contains(now, all[e.other]) {
			return false
		}
		if slices.ContainsFunc(edits, func(f edit) bool { return e.other == f.object }) {
			return false
		}
	}
	return true
}

// drawEdits draws some edits of a graph with those objects. The two sides write different values. Whether and where they
// write depends on the base alone.
func drawEdits(t *rapid.T, base []*graph, side int) (list []edit) {
	for range rapid.IntRange(0, 4).Draw(t, "edits") {
		list = append(list, drawEdit(t, base, side))
	}
	return list
}

func drawEdit(t *rapid.T, base []*graph, side int) edit {
	pick := func(label string, n int) int { return rapid.IntRange(0, n-1).Draw(t, label) }
	i, j, k := pick("object", len(base)), pick("other", len(base)), pick("k", 3)+1
	v, b := 100*side+k, base[i]
	kinds := []func(all []*graph){
		func(all []*graph) { all[i].id = v },
		func(all []*graph) { all[i].name = strconv.Itoa(v) },
		func(all []*graph) { all[i].nums[k] = v },
		func(all []*graph) { all[i].f = float64(v) },
		func(all []*graph) { all[i].n.Store(int64(v)) },
		func(all []*graph) { all[i].b.WriteString(strconv.Itoa(v)) },
		func(all []*graph) { all[i].any = []any{all[j], v, map[string]any{"k": all[i]}} },
		func(all []*graph) { all[i].ints = append(all[i].ints, v) },
	}
	also := func(possible bool, e func(all []*graph)) {
		if possible {
			kinds = append(kinds, e)
		}
	}
	to := base[j]
	also(b.next == nil, func(all []*graph) { all[i].next = &graph{id: v, next: all[j]} })
	also(b.next != nil, func(all []*graph) { all[i].next = nil })
	also(b.next != to, func(all []*graph) { all[i].next = all[j] })
	also(b.any != any(to), func(all []*graph) { all[i].any = all[j] })
	also(b.any == nil, func(all []*graph) { all[i].any = shelf{g: all[j]} })
	also(b.ap.Load() != to, func(all []*graph) { all[i].ap.Store(all[j]) })
	also(b.m == nil, func(all []*graph) { all[i].m = map[string]*graph{"a": all[j]} })
	also(b.m != nil && b.m["b"] != to, func(all []*graph) { all[i].m["b"] = all[j] })
	also(b.m != nil, func(all []*graph) { delete(all[i].m, "a") })
	also(b.all != nil && b.all[0] != to, func(all []*graph) { all[i].all[0] = all[j] })
	number, _ := b.syn.Load(k)
	also(number != any(to), func(all []*graph) { all[i].syn.Store(k, all[j]) })
	object, _ := b.syn.Load(to)
	also(object == nil, func(all []*graph) { all[i].syn.Store(all[j], k) })
	also(b.av.Load() == nil, func(all []*graph) { all[i].av.Store([]any{all[j]}) })
	_, paired := b.pm[to]
	also(paired, func(all []*graph) { delete(all[i].pm, all[j]) })
	also(b.pm != nil && !paired, func(all []*graph) { all[i].pm[all[j]] = &leaf{n: v} })
	also(b.sm != nil && b.sm["a"].g != to, func(all []*graph) {
		s := all[i].sm["a"]
		s.g = all[j]
		all[i].sm["a"] = s
	})
	also(len(b.ints) > 0, func(all []*graph) { all[i].ints[0] = v })
	also(len(b.vals) > 0, func(all []*graph) { all[i].vals[0].n = v })
	also(len(b.vals) > 0 && b.vals[0].to != to, func(all []*graph) { all[i].vals[0].to = all[j] })
	first := side == 1 // for what depends on what the other side may have done
	also(first, func(all []*graph) { all[i].all = append(all[i].all, all[j]) })
	also(first, func(all []*graph) { all[i].sub = all[j].ints })
	also(first && len(b.ints) > 1, func(all []*graph) { all[i].sub = all[i].ints[1:] })
	also(first, func(all []*graph) { all[i].at = &all[j].nums[k] })
	also(first && b.at == &b.nums[1], func(all []*graph) { *all[i].at = v })
	also(first, func(all []*graph) {
		for _, l := range all[i].pm {
			l.n = v
		}
	})
	return edit{i, j, kinds[pick("kind", len(kinds))]}
}

// TestMergeProperties checks on random graphs what is promised of every merge.
func TestMergeProperties(t *testing.T) { rapid.Check(t, checkMerge) }

func FuzzMerge(f *testing.F) { f.Fuzz(rapid.MakeFuzz(checkMerge)) }

func checkMerge(t *rapid.T) {
	base := makeGraph(t)
	objects := reachable(base)
	left, right := drawEdits(t, objects, 1), drawEdits(t, objects, 2)
	b, x, y := copied(t, base), apply(copied(t, base), left), apply(copied(t, base), right)
	b2, x2, y2 := copied(t, b), copied(t, x), copied(t, y)

	requireSame(t, merged(t, b), b2)
	requireSame(t, merged(t, b, b2, copied(t, b)), base)
	requireSame(t, merged(t, b, x, b2), x2)
	requireSame(t, merged(t, b, b2, y), y2)
	requireSame(t, merged(t, b, x, x2), copied(t, x))

	one, c1 := merge(t, b, x, y)
	two, c2 := merge(t, b, y, x)
	three, c3 := merge(t, b, y, b2, x, y2)
	if c1 == nil {
		require.Nil(t, c2)
		require.Nil(t, c3)
		requireSame(t, one, two)
		requireSame(t, one, three)
		if tellTale(copied(t, base), left) && tellTale(copied(t, base), right) {
			requireSame(t, one, apply(copied(t, base), slices.Concat(left, right)))
		}
		scribble(one)
	} else {
		require.Equal(t, c1, swapped(c2), "the order does not matter")
		require.NotNil(t, c3)
		require.Equal(t, c1.Path, c3.Path)
	}
	requireSame(t, b, b2)
	requireSame(t, x, x2)
	requireSame(t, y, y2)
}

func swapped(c *deep.ConflictError) *deep.ConflictError {
	if c == nil {
		return nil
	}
	s := *c
	s.Left, s.Right = c.Right, c.Left
	return &s
}

// A doc is a tree, in which every place has one path.
type doc struct{ V any }

// A gardener makes trees in which no two leaves are the same, so that nothing looks like something else.
type gardener struct {
	t      *rapid.T
	leaves int
}

func (g *gardener) pick(n int) int { return rapid.IntRange(0, n-1).Draw(g.t, "tree") }

func (g *gardener) tree(depth int) any {
	kind := g.pick(6)
	switch {
	case depth == 0 || kind < 2:
		g.leaves++
		return g.leaves
	case kind == 2:
		return nil
	case kind == 3:
		list := make([]any, g.pick(4))
		for i := range list {
			list[i] = g.tree(depth - 1)
		}
		return list
	}
	m := map[string]any{}
	for _, k := range []string{"a", "b", "c"}[:g.pick(4)] {
		m[k] = g.tree(depth - 1)
	}
	return m
}

// prune returns v with some changes, here and there.
func (g *gardener) prune(v any) any {
	if g.pick(6) == 0 {
		return g.tree(2)
	}
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = g.prune(v[i])
		}
		if g.pick(5) == 0 {
			return append(v, g.tree(1))
		}
	case map[string]any:
		for _, k := range []string{"a", "b", "c", "d"} {
			if x, ok := v[k]; ok {
				v[k] = g.prune(x)
			}
			switch g.pick(8) {
			case 0:
				delete(v, k)
			case 1:
				v[k] = g.tree(1)
			}
		}
	}
	return v
}

// absent stands for the value of a key that is not there.
type absent struct{}

// A treeMerge is a three-way merge of trees, and an obvious one.
type treeMerge struct{ conflicts []string }

func (m *treeMerge) merge(path string, b, x, y any) any {
	switch {
	case reflect.DeepEqual(x, b):
		return y
	case reflect.DeepEqual(y, b) || reflect.DeepEqual(x, y):
		return x
	}
	bm, ok1 := b.(map[string]any)
	xm, ok2 := x.(map[string]any)
	ym, ok3 := y.(map[string]any)
	if ok1 && ok2 && ok3 {
		return m.maps(path, bm, xm, ym)
	}
	bl, ok1 := b.([]any)
	xl, ok2 := x.([]any)
	yl, ok3 := y.([]any)
	if ok1 && ok2 && ok3 && len(xl) == len(bl) && len(yl) == len(bl) {
		out := make([]any, len(bl))
		for i := range bl {
			out[i] = m.merge(path+"["+strconv.Itoa(i)+"]", bl[i], xl[i], yl[i])
		}
		return out
	}
	m.conflicts = append(m.conflicts, path)
	return nil
}

func (m *treeMerge) maps(path string, b, x, y map[string]any) any {
	at := func(m map[string]any, k string) any {
		if v, ok := m[k]; ok {
			return v
		}
		return absent{}
	}
	out := map[string]any{}
	for _, k := range []string{"a", "b", "c", "d"} {
		v := m.merge(path+"["+strconv.Quote(k)+"]", at(b, k), at(x, k), at(y, k))
		if v != (absent{}) {
			out[k] = v
		}
	}
	return out
}

// TestMergeTrees compares Merge with an obvious merge of trees: the same result, or one of the same conflicts.
func TestMergeTrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := &gardener{t: t}
		base := &doc{g.tree(3)}
		both := copied(t, base)
		if g.pick(2) == 0 {
			both.V = g.prune(both.V)
		}
		x, y := copied(t, both), copied(t, both)
		x.V, y.V = g.prune(x.V), g.prune(y.V)
		var model treeMerge
		want := model.merge("doc.V", base.V, x.V, y.V)
		got, c := merge(t, base, x, y)
		if len(model.conflicts) > 0 {
			require.NotNil(t, c, "%v", model.conflicts)
			require.Contains(t, model.conflicts, c.Path)
			return
		}
		require.Nil(t, c)
		require.Equal(t, want, got.V)
		for _, version := range []*doc{x, y} {
			other := map[string]string{}
			for _, c := range changesOf(version, got) {
				other[c.Path] = c.After
			}
			for _, c := range changesOf(base, version) {
				require.NotContains(t, other, c.Path, "the change is in the result")
			}
		}
	})
}

func changesOf(before, after *doc) []deep.Change {
	changes, _ := deep.Diff(before, after, 0)
	return changes
}
