package deep_test

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/hooktx/hooks/internal/deep"
)

// This file compares the merge of trees by plans with the obvious merge, on values of types that are made up.

// A meddler changes values of any type, here and there.
type meddler struct {
	*choices
	types []reflect.Type
	base  reflect.Value // what it may refer to from elsewhere
}

// change changes something in *v.
func (m *meddler) change(v reflect.Value) {
	s := surveyOf(v)
	list := leaves(v, 1000)
	switch kind := m.pick(8); {
	case kind < 3 && len(s.maps) > 0:
		m.entry(s.maps[m.pick(min(len(s.maps), 256))])
	case kind == 3 && len(list) > 0:
		m.exchange(list)
	case kind == 4 && len(list) > 0:
		m.renew(m.choose(list))
	case len(list) > 0:
		change(m.choices, m.choose(list))
	}
}

func (m *meddler) choose(list []reflect.Value) reflect.Value {
	return list[(m.pick(256)*4+m.pick(4))%len(list)]
}

// entry changes an entry of a map, removes one or adds one.
func (m *meddler) entry(x reflect.Value) {
	keys := x.MapKeys()
	kind := m.pick(4)
	if kind == 0 || len(keys) == 0 {
		maker := m.maker()
		x.SetMapIndex(maker.byValue(x.Type().Key(), true, 3), maker.byValue(x.Type().Elem(), false, 3))
		return
	}
	key := keys[m.pick(min(len(keys), 256))]
	old := x.MapIndex(key)
	switch {
	case kind == 1 || !old.IsValid():
		x.SetMapIndex(key, reflect.Value{})
	case kind == 2:
		x.SetMapIndex(key, m.maker().byValue(x.Type().Elem(), false, 3))
	default:
		p := reflect.New(old.Type())
		p.Elem().Set(old)
		if list := leaves(p, 100); len(list) > 0 {
			change(m.choices, m.choose(list))
		}
		x.SetMapIndex(key, p.Elem())
	}
}

func (m *meddler) maker() *valueMaker {
	maker := newValueMaker(m.choices, m.types)
	maker.tree = m.pick(4) > 0
	return maker
}

// renew gives the leaf v another value.
func (m *meddler) renew(v reflect.Value) {
	v.SetZero()
	m.maker().fill(v, 3)
}

// exchange moves what one leaf holds to another of its type: both swap, one loses it, or both have it; or one takes what
// another value has.
func (m *meddler) exchange(list []reflect.Value) {
	v := m.choose(list)
	kind := m.pick(4)
	if kind == 3 {
		list = leaves(m.base, 1000)
	}
	var others []reflect.Value
	for _, w := range list {
		if w.Type() == v.Type() {
			others = append(others, w)
		}
	}
	if len(others) == 0 {
		return
	}
	w := m.choose(others)
	x := asVariable(v)
	v.Set(w)
	switch kind {
	case 0:
		w.Set(x)
	case 1:
		w.SetZero()
	}
}

// versions makes a few copies of the base and changes them.
func (s *subject) versions() (list []reflect.Value) {
	m := &meddler{choices: s.c, types: s.m.types, base: s.value}
	for range 1 + s.c.pick(3) {
		v, _, err := deep.ObviousCopy(s.value, deep.Options{})
		if err != nil {
			s.errorf("%v", err)
		}
		for range s.c.pick(4) {
			m.change(v)
		}
		list = append(list, v)
	}
	if s.c.once(16) {
		list = append(list, s.value)
	}
	return list
}

// checkMerges checks that the merge of trees comes to what the obvious merge comes to, if it comes to anything.
func checkMerges(t testing.TB, data []byte, n *tally) {
	tree := len(data) > 0 && data[0]%4 > 0
	s := newSubject(t, data[min(1, len(data)):], tree)
	n.values++
	if s.err != nil {
		return
	}
	versions := s.versions()
	s.checkMerge(versions, n)
}

func (s *subject) checkMerge(versions []reflect.Value, n *tally) {
	s.t.Helper()
	all := append([]reflect.Value{s.value}, versions...)
	var before []reflect.Value
	for _, v := range all {
		c, _, err := deep.ObviousCopy(v, deep.Options{})
		if err != nil {
			return // there is something new that cannot be copied
		}
		before = append(before, c)
	}
	got, done, err := deep.TreeMerge(s.value, versions, deep.Options{})
	if err != nil {
		s.errorf("the merge of trees: %v", err)
	}
	want, err := deep.ObviousMerge(s.value, versions, deep.Options{})
	var conflict *deep.ConflictError
	switch {
	case err != nil && !errors.As(err, &conflict):
		s.errorf("the obvious merge: %v", err)
	case err == nil:
		n.compared++
	default:
		n.unequal++
	}
	if done {
		n.byPlan++
		if err != nil {
			s.errorf("as trees they are merged, but %v", err)
		}
		s.checkMerged(got, want)
	}
	s.checkWritten(before, all)
	s.checkAdopted(before, want, err == nil, n)
}

func (s *subject) checkWritten(before, all []reflect.Value) {
	s.t.Helper()
	for i, v := range all {
		if !deep.ObviousEqual(before[i], v) {
			s.errorf("value %d was written", i)
		}
	}
}

// checkAdopted checks a merge that may use up the versions, for which it gets copies: all begins
// with the base. What it makes shares nothing with the base, and nothing is used up if it fails.
func (s *subject) checkAdopted(all []reflect.Value, want reflect.Value, mergeable bool, n *tally) {
	s.t.Helper()
	var used, before []reflect.Value
	trees := true
	for _, v := range all {
		c, _, err := deep.ObviousCopy(v, deep.Options{})
		d, info, done, planErr := deep.PlanCopy(v, deep.Options{})
		if !done && err == nil {
			d, info, planErr = deep.ObviousCopy(v, deep.Options{})
		}
		if err != nil || planErr != nil {
			s.errorf("a copy of a copy: %v; by plans %v", err, planErr)
		}
		before, used = append(before, c), append(used, d)
		trees = trees && info.Tree
	}
	if len(all)%2 == 0 {
		defer deep.SetManyEntries(deep.SetManyEntries(0))
	}
	got, done, err := deep.TreeMerge(used[0], used[1:], deep.Options{Adopt: true, Trees: trees})
	switch {
	case err != nil:
		s.errorf("the merge that adopts: %v", err)
	case !done:
		s.checkWritten(before, used)
		return
	case !mergeable:
		s.errorf("the merge that adopts found no conflict")
	}
	n.adopted++
	s.checkMerged(got, want)
	s.checkMergedSize(before, got)
	s.checkWritten(before[:1], used[:1])
	scribbleAll(got)
	s.checkWritten(before[:1], used[:1])
}

// checkMergedSize checks that sizes add up, as Options.Sizes has it.
func (s *subject) checkMergedSize(all []reflect.Value, merged reflect.Value) {
	s.t.Helper()
	var sizes []int64
	for _, v := range append(all, merged) {
		n, err := deep.ObviousSize(v, deep.Options{})
		if err != nil {
			s.errorf("the size of a copy: %v", err)
		}
		sizes = append(sizes, n)
	}
	last := len(sizes) - 1
	n, err := deep.MergedSize(merged, deep.Options{Sizes: sizes[:last]})
	if err != nil || n != sizes[last] {
		s.errorf("the merged value has %d bytes, by the sizes %v it is %d, %v", sizes[last], sizes[:last], n, err)
	}
}

// checkMerged compares copies of the two merged values: what they hold, what they share, and what is known of them.
func (s *subject) checkMerged(got, want reflect.Value) {
	s.t.Helper()
	a, infoA, errA := deep.ObviousCopy(got, deep.Options{})
	b, infoB, errB := deep.ObviousCopy(want, deep.Options{})
	if errA != nil || errB != nil || infoA != infoB {
		s.errorf("copies of the merged values: %+v and %v, as trees %+v and %v", infoB, errB, infoA, errA)
	}
	if err := isomorphic(b, a); err != nil {
		s.errorf("merged as trees: %v", err)
	}
	if !deep.ObviousEqual(a, b) {
		s.errorf("merged as trees, they are not equal")
	}
}

// TestMergeTwin compares the two merges on random values of random types.
func TestMergeTwin(t *testing.T) {
	n := runRandom(t, 1500, checkMerges)
	if n.byPlan*5 < n.compared*2 || n.unequal*20 < n.values || n.adopted*2 < n.byPlan {
		t.Errorf("too few of one kind: %+v", *n)
	}
}

func FuzzMergeTwin(f *testing.F) { fuzz(f, checkMerges) }

// A thing is a tree of which many parts look alike.
type thing struct {
	ID   int
	Kids []*thing
	ByID map[int]*thing
	Any  any
}

// A shuffler makes things and moves them about.
type shuffler struct{ t *rapid.T }

func (s *shuffler) pick(n int) int { return rapid.IntRange(0, n-1).Draw(s.t, "n") }

func (s *shuffler) thing(depth int) *thing {
	x := &thing{ID: s.pick(3)}
	if depth == 0 {
		return x
	}
	for range s.pick(4) {
		x.Kids = append(x.Kids, s.thing(depth-1))
	}
	for range s.pick(3) {
		if x.ByID == nil {
			x.ByID = map[int]*thing{}
		}
		x.ByID[s.pick(3)] = s.thing(depth - 1)
	}
	x.Any = s.any(depth)
	return x
}

func (s *shuffler) any(depth int) any {
	switch s.pick(5) {
	case 0:
		return s.pick(2)
	case 1:
		return s.thing(depth - 1)
	case 2:
		return map[string]any{"a": s.pick(2), "b": []any{s.pick(2)}}
	case 3:
		return []any{map[string]any{"a": s.pick(2)}, s.thing(0)}
	}
	return nil
}

// all lists the things in x.
func (x *thing) all() (list []*thing) {
	if x == nil {
		return nil
	}
	list = append(list, x)
	for _, k := range x.Kids {
		list = append(list, k.all()...)
	}
	for _, i := range slices.Sorted(maps.Keys(x.ByID)) {
		list = append(list, x.ByID[i].all()...)
	}
	switch a := x.Any.(type) {
	case *thing:
		list = append(list, a.all()...)
	case []any:
		list = append(list, a[1].(*thing))
	}
	return list
}

// shuffle changes something in root.
func (s *shuffler) shuffle(root *thing) {
	all := root.all()
	x, y := all[s.pick(len(all))], all[s.pick(len(all))]
	switch s.pick(9) {
	case 0:
		x.ID = s.pick(3)
	case 1: // the first of several goes
		if len(x.Kids) > 0 {
			x.Kids = x.Kids[1:]
		}
	case 2: // and another comes last
		if len(x.Kids) > 0 {
			x.Kids = append(slices.Clone(x.Kids[1:]), s.thing(1))
		}
	case 3:
		if n := len(x.Kids); n > 0 {
			i, j := s.pick(n), s.pick(n)
			x.Kids[i], x.Kids[j] = x.Kids[j], x.Kids[i]
		}
	case 4:
		x.ID, y.ID = y.ID, x.ID
	case 5:
		x.Any = s.any(1)
	case 6:
		if x.ByID != nil {
			x.ByID[s.pick(4)] = s.thing(0)
			delete(x.ByID, s.pick(3))
		}
	case 7:
		if m, ok := x.Any.(map[string]any); ok {
			m["a"] = s.pick(2)
		}
	case 8: // the first child takes its parent's place
		if len(x.Kids) > 0 {
			*x = *x.Kids[0]
		}
	}
}

// TestMergeTwinDoubts compares the two merges where it is in doubt which object is which.
func TestMergeTwinDoubts(t *testing.T) {
	n := &tally{}
	for range 10 {
		rapid.Check(t, func(t *rapid.T) { checkDoubts(t, n) })
	}
	if n.byPlan*5 < n.values || n.unequal == 0 { // mostly there are 9 conflicts in 100
		t.Errorf("too few of one kind: %+v", *n)
	}
}

func FuzzMergeDoubts(f *testing.F) {
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) { checkDoubts(t, &tally{}) }))
}

func checkDoubts(t *rapid.T, n *tally) {
	s := &shuffler{t}
	base := s.thing(2)
	x := &subject{t: t, typ: reflect.TypeFor[thing](), value: reflect.ValueOf(base)}
	var versions []reflect.Value
	for range 2 {
		v := copied(t, base)
		for range 1 + s.pick(2) {
			s.shuffle(v)
		}
		versions = append(versions, reflect.ValueOf(v))
	}
	n.values++
	x.checkMerge(versions, n)
}

// Of a large map, a merge that uses up a version looks there only at what others have changed. It finds what it would find
// otherwise: see checkAloof.
func TestMergeLargeMaps(t *testing.T) {
	type article struct {
		Name  string
		Price int
	}
	checkAloof(t, "table", func(i int) int { return i })
	checkAloof(t, "table of strings", func(i int) string { return strconv.Itoa(i) })
	checkAloof(t, "reflection", func(i int) article { return article{strconv.Itoa(i), i} })
	checkAloof(t, "pointers, which are all looked at", func(i int) *article { return &article{strconv.Itoa(i), i} })
}

func checkAloof[V any](t *testing.T, name string, value func(i int) V) {
	type state struct{ M map[int]V }
	set := func(keys ...int) func(s *state) {
		return func(s *state) {
			for _, k := range keys {
				s.M[k] = value(-1 - k)
			}
		}
	}
	remove := func(k int) func(s *state) { return func(s *state) { delete(s.M, k) } }
	drop := func(s *state) { s.M = nil }
	nothing := func(*state) {}
	tests := []struct {
		name     string
		changes  []func(s *state)
		conflict bool
	}{
		{"nobody", []func(s *state){nothing, nothing}, false},
		{"the first", []func(s *state){set(1), nothing}, false},
		{"the second", []func(s *state){nothing, set(1)}, false},
		{"different keys", []func(s *state){set(1, 2), set(3), remove(4)}, false},
		{"the same way", []func(s *state){set(1), set(1)}, false},
		{"a key removed by both", []func(s *state){remove(1), remove(1)}, false},
		{"a key removed by one", []func(s *state){remove(1), set(2)}, false},
		{"removed and changed", []func(s *state){remove(1), set(1)}, true},
		{"changed and removed", []func(s *state){set(1), remove(1)}, true},
		{"different new keys", []func(s *state){set(1000), set(1001)}, false},
		{"the same new key", []func(s *state){set(1000), set(1000)}, false},
		{"one new key with two values", []func(s *state){set(1000), func(s *state) { s.M[1000] = value(7) }}, true},
		{"one key with two values", []func(s *state){set(1), func(s *state) { s.M[1] = value(7) }}, true},
		{"a new map for one that nobody has changed", []func(s *state){nothing, drop}, false},
		{"a new map for one that was changed", []func(s *state){set(1), drop}, true},
	}
	for _, tt := range tests {
		t.Run(name+"/"+tt.name, func(t *testing.T) {
			base := &state{map[int]V{}}
			for i := range 2 * deep.ManyEntries() {
				base.M[i] = value(i)
			}
			versions := func() (all []*state) {
				for _, change := range tt.changes {
					v := copied(t, base)
					change(v)
					all = append(all, v)
				}
				return all
			}
			kept := copied(t, base)
			want, _, err := deep.Merge(base, versions(), deep.Options{})
			require.Equal(t, tt.conflict, err != nil, err)
			used := versions()
			sizes := []int64{sizeOf(t, base)}
			for _, v := range used {
				sizes = append(sizes, sizeOf(t, v))
			}
			got, info, err := deep.Merge(base, used, deep.Options{Adopt: true, Sizes: sizes})
			if tt.conflict {
				require.ErrorAs(t, err, new(*deep.ConflictError))
			} else {
				require.NoError(t, err)
				require.Equal(t, want, got)
				require.Equal(t, sizeOf(t, got), info.Size)
			}
			require.Equal(t, kept, base)
		})
	}
}

// Objects that a large map leads to may have changed places: so all of them are looked at.
func TestMergeLargeMapOfMovedObjects(t *testing.T) {
	type article struct {
		Name  string
		Price int
	}
	type holder struct{ Article *article }
	base := &map[int]holder{}
	for i := range 2 * deep.ManyEntries() {
		(*base)[i] = holder{&article{Name: strconv.Itoa(i)}}
	}
	versions := func() []*map[int]holder {
		moved, raised := copied(t, base), copied(t, base)
		(*moved)[1], (*moved)[2] = (*moved)[2], (*moved)[1]
		(*raised)[1].Article.Price = 9
		return []*map[int]holder{moved, raised}
	}
	_, _, err := deep.Merge(base, versions(), deep.Options{})
	require.ErrorAs(t, err, new(*deep.ConflictError))
	_, _, err = deep.Merge(base, versions(), deep.Options{Adopt: true})
	require.ErrorAs(t, err, new(*deep.ConflictError))
}

func sizeOf[T any](t *testing.T, v *T) int64 {
	t.Helper()
	n, err := deep.Size(v, deep.Options{})
	require.NoError(t, err)
	return n
}
