package deep_test

import (
	"errors"
	"maps"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks/internal/deep"
)

// planCopyOf copies *src by plans, which must not leave it to the obvious engine, and checks what holds for every copy.
func planCopyOf[T any](t testing.TB, src *T) *T {
	t.Helper()
	v := reflect.ValueOf(src)
	dst, info, done, err := deep.PlanCopy(v, deep.Options{})
	require.NoError(t, err)
	require.True(t, done, "plans copy it")
	want, wantInfo, err := deep.ObviousCopy(v, deep.Options{})
	require.NoError(t, err)
	require.False(t, info.Tree && !deep.IsTree(dst), "what is said to be a tree is one")
	wantInfo.Tree = info.Tree // which the obvious engine does not look for
	require.Equal(t, wantInfo, info)
	require.NoError(t, isomorphic(v, want), "the obvious copy")
	require.NoError(t, isomorphic(v, dst), "the copy by plans")
	requireEqual(t, src, dst.Interface().(*T), true)
	n, err := deep.Size(src, deep.Options{})
	require.NoError(t, err)
	require.Equal(t, n, info.Size)
	uncounted, info, err := deep.Copy(src, deep.Options{SkipSize: true})
	require.NoError(t, err)
	require.Equal(t, wantInfo.RootRefs, info.RootRefs)
	require.Zero(t, info.Size)
	require.NoError(t, isomorphic(v, reflect.ValueOf(uncounted)), "the copy that counts nothing")
	return dst.Interface().(*T)
}

// requireEqual checks that all who compare a and b agree.
func requireEqual[T any](t testing.TB, a, b *T, want bool) {
	t.Helper()
	require.Equal(t, want, deep.ObviousEqual(reflect.ValueOf(a), reflect.ValueOf(b)), "by the obvious engine")
	if got, done := deep.PlanEqual(reflect.ValueOf(a), reflect.ValueOf(b)); done {
		require.Equal(t, want, got, "by plans")
	}
	changes, _ := deep.Diff(a, b, 0)
	require.Equal(t, want, len(changes) == 0, "by Diff")
}

// TestFoundByFuzzing is what the two engines once disagreed on, or were both wrong about.
func TestFoundByFuzzing(t *testing.T) {
	for _, tt := range []struct {
		name, reason string
		test         func(t *testing.T)
	}{
		{"map to nothing that is aligned", "an entry's value has no size, and makes entries larger all the same", func(t *testing.T) {
			testEmptyValues[int32, [0]int64](t)
			testEmptyValues[uint32, struct{ _ [0]chan int }](t)
			testEmptyValues[int, [0]int64](t)
			testEmptyValues[int32, struct{}](t)
			testEmptyValues[string, [0]int64](t)
		}},
		{"one number as an *int and as a *genInt", "pointers convert: two types do not mean two variables", func(t *testing.T) {
			x := 1
			c := planCopyOf(t, &[]any{&x, (*genInt)(&x)})
			*(*c)[0].(*int) = 9
			assert.Equal(t, genInt(9), *(*c)[1].(*genInt))
		}},
		{"one slice variable under two types", "likewise", func(t *testing.T) {
			s := []int{1}
			c := planCopyOf(t, &[]any{&s, (*genInts)(&s)})
			*(*c)[0].(*[]int) = nil
			assert.Nil(t, *(*c)[1].(*genInts))
		}},
		{"one number under two types, without interfaces", "likewise", func(t *testing.T) {
			x := 1
			c := planCopyOf(t, &struct {
				a *int
				b *genInt
			}{&x, (*genInt)(&x)})
			*c.a = 9
			assert.Equal(t, genInt(9), *c.b)
		}},
		{"two pointers to arrays in one slice", "arrays of one type overlap if they come from a slice", func(t *testing.T) {
			s := []int{1, 2, 3}
			c := planCopyOf(t, &struct{ a, b *[2]int }{(*[2]int)(s[0:2]), (*[2]int)(s[1:3])})
			c.a[1] = 9
			assert.Equal(t, 9, c.b[0])
		}},
		{"two pointers to arrays of arrays", "likewise", func(t *testing.T) {
			s := make([][2]*int, 3)
			c := planCopyOf(t, &struct{ a, b *[2][2]*int }{(*[2][2]*int)(s[0:2]), (*[2][2]*int)(s[1:3])})
			c.a[1][0] = new(int)
			assert.Same(t, c.a[1][0], c.b[0][0])
		}},
		{"arrays of one wide struct", "what an array of many checks holds is not its bytes", func(t *testing.T) {
			planCopyOf(t, &[2][1]genWide{{{a: &genPair{A: 1}}}})
			planCopyOf(t, &[2][1][1]genTexts{{{{a: strings.Repeat("x", 2)}}}})
		}},
		{"nothing refers to the root", "what comes first in the memo need not be the root", func(t *testing.T) {
			x := 1
			c, info, err := deep.Copy(&struct{ a, b *int }{&x, &x}, deep.Options{})
			require.NoError(t, err)
			assert.Same(t, c.a, c.b)
			assert.False(t, info.RootRefs)
		}},
		{"a pointer to nothing inside", "what has no size parts nothing: pointers to what follows stay in the same variable", func(t *testing.T) {
			type holder struct {
				n    int
				none struct{}
				x, y int
				at   *struct{}
				p, q *int
			}
			h := &holder{}
			h.at, h.p, h.q = &h.none, &h.x, &h.y
			c := planCopyOf(t, h)
			assert.Same(t, &c.x, c.p)
			assert.Same(t, &c.y, c.q)
		}},
		{"keys that look alike, in two maps", "whichever of two equal keys was met with which in one map says nothing about others", func(t *testing.T) {
			k, l := new(int), new(int)
			type two struct{ A, B map[*int]string }
			for range 20 {
				v := &two{map[*int]string{k: "x", l: "x"}, map[*int]string{k: "p", l: "q"}}
				c := copyOf(t, v)
				requireEqual(t, v, c, true)
				for k := range c.B {
					c.B[k] = "other"
				}
				requireEqual(t, v, c, false)
			}
		}},
		{"a sync.Map as a map's value", "it counts with what it holds", func(t *testing.T) {
			planCopyOf(t, &map[int]*sync.Map{1: {}})
			m := map[int]genSynced{}
			full := reflect.New(reflect.TypeFor[genSynced]())
			full.Interface().(*genSynced).m.Store("k", []int{1, 2, 3})
			reflect.ValueOf(m).SetMapIndex(reflect.ValueOf(1), full.Elem())
			planCopyOf(t, &m)
		}},
		{"values of a map with and without content", "what the last value left in the variable they pass through is not theirs", func(t *testing.T) {
			m := reflect.ValueOf(map[int]genSynced{})
			for i := range 12 {
				v := &genSynced{}
				if i%3 == 0 {
					v = syncedOf(i, []int{i})
				}
				m.SetMapIndex(reflect.ValueOf(i), reflect.ValueOf(v).Elem())
			}
			src := m.Interface().(map[int]genSynced)
			planCopyOf(t, &src)
		}},
		{"one map under two types", "maps convert as well", func(t *testing.T) {
			m := map[string]int{"a": 1}
			c := planCopyOf(t, &struct {
				m   map[string]int
				n   genCounts
				any any
			}{m, m, genCounts(m)})
			c.m["b"] = 2
			assert.Len(t, c.n, 2)
			d := planCopyOf(t, &struct {
				m map[string]int
				n genCounts
			}{m, m})
			d.m["b"] = 2
			assert.Len(t, d.n, 2)
		}},
		{"slices of nothing inside", "what has no size keeps no memory of the original either", func(t *testing.T) {
			h := &struct {
				none [4]struct{}
				n    int
				s    []struct{}
				p    *struct{}
			}{}
			h.s, h.p = h.none[1:3], &h.none[0]
			planCopyOf(t, h)
		}},
		{"one variable with and without a tag", "both engines take the same of the two for it", func(t *testing.T) {
			v := &genPair{B: new(int)}
			src := reflect.ValueOf(&struct {
				far *struct{ p *genPair }
				s   *genShared
			}{&struct{ p *genPair }{v}, (*genShared)(v)})
			one, _, done, err := deep.PlanCopy(src, deep.Options{})
			two, _, err2 := deep.ObviousCopy(src, deep.Options{})
			require.NoError(t, errors.Join(err, err2))
			if done {
				shared := func(v reflect.Value) uintptr { return fieldOf(fieldOf(v.Elem(), 1).Elem(), 1).Pointer() }
				assert.Equal(t, shared(src) == shared(one), shared(src) == shared(two))
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Log(tt.reason)
			tt.test(t)
		})
	}
}

func testEmptyValues[K int | int32 | uint32 | string, V comparable](t *testing.T) {
	t.Helper()
	m := map[K]V{}
	for i := range 100 {
		var key K
		switch p := any(&key).(type) {
		case *string:
			*p = strconv.Itoa(i)
		default:
			reflect.ValueOf(p).Elem().Set(reflect.ValueOf(i).Convert(reflect.TypeFor[K]()))
		}
		m[key] = *new(V)
	}
	c := planCopyOf(t, &m)
	require.True(t, maps.Equal(m, *c))
}

// TestHomeInArray checks that a root which is an element of an array that a slice covers stays with its neighbours.
func TestHomeInArray(t *testing.T) {
	type item struct {
		n   int
		all []item
	}
	for i := range 3 {
		list := make([]item, 3)
		list[i] = item{1, list}
		home := &item{}
		shell, info, err := deep.CopyFor(home, &list[i], deep.Options{})
		require.NoError(t, err)
		require.True(t, info.RootRefs)
		require.Same(t, shell, &shell.all[i], "the slice covers more than the root, and cannot move")
		obvious, info, err := deep.ObviousCopyFor(reflect.ValueOf(home), reflect.ValueOf(&list[i]), deep.Options{})
		require.NoError(t, err)
		require.True(t, info.RootRefs)
		shell = obvious.Interface().(*item)
		require.Same(t, shell, &shell.all[i])
		planCopyOf(t, &list[i])
	}
}

// TestManySlices checks slices of one array that overlap, touch, or have nothing to do with each other.
func TestManySlices(t *testing.T) {
	a := make([]*genPair, 64)
	for i := range a {
		a[i] = &genPair{A: i}
	}
	ints := make([]int, 64)
	for _, step := range []int{1, 2, 3, 7} {
		for _, width := range []int{1, 2, 3, 9} {
			var list [][]*genPair
			var plain [][]int
			for i := 0; i+width <= len(a); i += step {
				list = append(list, a[i:i+width], a[i:i+width:i+width])
				plain = append(plain, ints[i:i+width], ints[i:i+width:i+width])
			}
			planCopyOf(t, &list)
			planCopyOf(t, &plain)
			planCopyOf(t, &struct {
				any  any
				list [][]*genPair
				one  *[]*genPair
			}{plain, list, &list[0]})
		}
	}
}

// TestNoLimitOfDepth checks what is nested deeper than recursion goes, of each kind.
func TestNoLimitOfDepth(t *testing.T) {
	for _, n := range []int{10, 255, 256, 257, 300, 1000, 2047, 2048, 2049, 5000} {
		for name, nest := range map[string]func(x any) any{
			"pointers":    func(x any) any { return &x },
			"slices":      func(x any) any { return []any{x, 1} },
			"maps":        func(x any) any { return map[string]any{"k": x} },
			"other maps":  func(x any) any { return map[any]any{1.5: x} },
			"boxes":       func(x any) any { return [2]any{x, 2} },
			"words":       func(x any) any { return genWordAny{&x} },
			"keys":        func(x any) any { return &map[any]int{[1]any{x}: 1} },
			"atomics":     func(x any) any { p := &atomic.Pointer[any]{}; p.Store(&x); return p },
			"atomic any":  func(x any) any { p := &atomic.Value{}; p.Store([1]any{x}); return p },
			"map structs": func(x any) any { return map[int]genBox[any]{1: {v: x}} },
		} {
			if name == "keys" && n > 300 {
				continue // the obvious engine alone pairs them off, with a depth of its own
			}
			var end any = &genPair{A: n}
			x := []any{end, nil}
			x[1] = end
			for range n {
				x[1] = nest(x[1])
			}
			src := reflect.ValueOf(&x)
			dst, info, done, err := deep.PlanCopy(src, deep.Options{})
			require.NoError(t, err)
			if !done {
				require.Greater(t, n, 1000, name)
				continue
			}
			_, want, err := deep.ObviousCopy(src, deep.Options{})
			require.NoError(t, err)
			require.Equal(t, want, info, name)
			require.NoError(t, isomorphic(src, dst), name)
		}
	}
}

// TestRoom checks that a map with far more room than it needs has a copy with less.
func TestRoom(t *testing.T) {
	m := map[int]int{}
	p := map[string]*int{}
	for i := range 100_000 {
		m[i] = i
		p[strconv.Itoa(i)] = nil
	}
	full := planRoom(t, m)
	require.GreaterOrEqual(t, full, 100_000, "a full map is copied with its room")
	require.LessOrEqual(t, full, 300_000)
	for i := range 99_900 {
		delete(m, i)
		delete(p, strconv.Itoa(i))
	}
	require.Greater(t, deep.RoomOf(m), 50_000, "a map does not shrink")
	require.LessOrEqual(t, planRoom(t, m), 512, "its copy does")
	require.LessOrEqual(t, planRoom(t, p), 512)
	for _, n := range []int{0, 1, 7, 8, 9, 14, 15, 100, 900, 1000} {
		few := map[int]int{}
		for i := range n {
			few[i] = i
		}
		require.LessOrEqual(t, planRoom(t, few), 4*n+16)
	}
}

// planRoom is the room of a copy of m by plans.
func planRoom[K comparable, V any](t testing.TB, m map[K]V) int {
	t.Helper()
	dst, _, done, err := deep.PlanCopy(reflect.ValueOf(&m), deep.Options{})
	require.NoError(t, err)
	require.True(t, done)
	c := *dst.Interface().(*map[K]V)
	require.Len(t, c, len(m))
	require.True(t, deep.Equal(&m, &c))
	return deep.RoomOf(c)
}

// A crossing is where four cycles meet: every node leads to others in ways that cannot be told apart by depth.
type crossing struct {
	to   [4]*crossing
	n    int
	many []int
}

func newCrossings(n, last int) *crossing {
	list := make([]crossing, n)
	for i := range list {
		for j := range list[i].to {
			list[i].to[j] = &list[(i*(j+1)+j+1)%n]
		}
	}
	list[n-1].n = last
	for i := range list {
		list[i].to[3] = &list[(i+1)%n]
	}
	return &list[0]
}

// TestManyCycles checks that comparing ends, however many paths lead to one place, and looks at all of them.
func TestManyCycles(t *testing.T) {
	for _, n := range []int{1, 2, 10, 100, 2000} {
		a, b, c := newCrossings(n, 1), newCrossings(n, 1), newCrossings(n, 2)
		requireEqual(t, a, b, true)
		requireEqual(t, a, c, false)
		planCopyOf(t, a)
	}
}

// TestLateDifference checks that the one thing that differs is found after many that do not.
func TestLateDifference(t *testing.T) {
	for name, make := range map[string]func(last int) any{
		"slice": func(last int) any {
			s := make([]*genPair, 10_000)
			for i := range s {
				s[i] = &genPair{}
			}
			s[len(s)-1].A = last
			return s
		},
		"list": func(last int) any {
			var l *genNode
			for i := range 10_000 {
				l = &genNode{next: l, val: last * (1 - min(i, 1))}
			}
			return l
		},
		"boxes": func(last int) any {
			var x any = last
			for range 10_000 {
				x = [1]any{x}
			}
			return x
		},
		"words": func(last int) any {
			var x any = last
			for range 10_000 {
				y := x
				x = genWordAny{&y}
			}
			return x
		},
		"maps": func(last int) any {
			var x any = last
			for range 10_000 {
				x = map[string]any{"k": x}
			}
			return x
		},
		"wide arrays": func(last int) any { return &[3][40]string{{}, {}, {39: strconv.Itoa(last)}} },
	} {
		t.Run(name, func(t *testing.T) {
			a, b, c := make(1), make(1), make(2)
			for _, x := range []struct {
				other any
				want  bool
			}{{b, true}, {c, false}} {
				got, done := deep.PlanEqual(reflect.ValueOf(&a), reflect.ValueOf(&x.other))
				require.True(t, done)
				require.Equal(t, x.want, got)
				got, done = deep.PlanEqual(reflect.ValueOf(&x.other), reflect.ValueOf(&a))
				require.True(t, done)
				require.Equal(t, x.want, got)
			}
		})
	}
}

// TestOneMeetsMany checks that what was met side by side is told from what was not, if one variable meets many.
func TestOneMeetsMany(t *testing.T) {
	one := make([]*genPair, 3000)
	one[0] = &genPair{}
	for i := range one {
		one[i] = one[0]
	}
	for range 50 {
		many := make([]*genPair, len(one))
		for i := range many {
			many[i] = &genPair{}
		}
		requireEqual(t, &one, &many, true)
		many[len(many)-1].A = 1
		equal, done := deep.PlanEqual(reflect.ValueOf(&one), reflect.ValueOf(&many))
		require.True(t, done)
		require.False(t, equal)
	}
}

// A testError is an error of Stop.
type testError struct{ at int }

func (testError) Error() string { return "stopped" }

// TestStopByPlans checks that Stop is asked again and again, and that its error ends everything at once.
func TestStopByPlans(t *testing.T) {
	list := make([]*genNode, 3000)
	for i := range list {
		list[i] = &genNode{any: &i}
	}
	var deepList any
	for range 1500 {
		deepList = []any{deepList, map[string]any{"k": 1}}
	}
	ints := map[string]*int{}
	for i := range 3000 {
		ints[strconv.Itoa(i)] = &i
	}
	tangle := &genRing{}
	tangle.at, tangle.over = &tangle.in[1], make([]genPair, 5000)
	for name, v := range map[string]any{
		"slice": &list, "nested": &deepList, "map": &ints, "any map": &map[any]any{"m": ints, 1: list}, "tangled": tangle,
	} {
		t.Run(name, func(t *testing.T) {
			testStops(t, reflect.ValueOf(v))
		})
	}
}

// testStops lets Stop fail at its first call, its second and so on until the copy is made.
func testStops(t *testing.T, v reflect.Value) {
	t.Helper()
	for at := range 100 {
		calls := 0
		stop := func() error {
			if calls++; calls > at {
				return testError{at}
			}
			return nil
		}
		_, _, done, err := deep.PlanCopy(v, deep.Options{Stop: stop})
		require.True(t, done)
		if err == nil {
			require.Positive(t, at, "it was asked")
			return
		}
		require.Equal(t, testError{at}, err)
		require.Equal(t, at+1, calls, "nothing goes on after an error")
		calls = 0
		if _, done, err := deep.PlanSize(v, deep.Options{Stop: stop}); done && err != nil {
			require.Equal(t, testError{at}, err)
		}
	}
	t.Fatal("it does not end")
}

// TestLimitsByPlans checks every limit below the size: none lets a copy pass, and each says so in both engines.
func TestLimitsByPlans(t *testing.T) {
	x := 1
	for name, v := range map[string]any{
		"pointers":    &[]*genPair{{1, &x}, {2, &x}, nil},
		"strings":     &[]string{"abc", "", "defghi"},
		"maps":        &map[string]any{"a": []int{1, 2}, "b": map[int]string{1: "x"}},
		"other maps":  &map[any][]string{1.5: {"a", "bc"}},
		"boxes":       &[]any{genBox[any]{v: []int{1}}, [1]any{"text"}, genWord{&x}, genWord{}},
		"texts":       &genTexts{a: "1", h: "2"},
		"sync":        syncedOf("k", []string{"abc"}),
		"overlapping": &[][]int{{1, 2, 3}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			src := reflect.ValueOf(v)
			size, err := deep.ObviousSize(src, deep.Options{})
			require.NoError(t, err)
			for limit := int64(1); limit <= size+1; limit++ {
				_, _, done, err := deep.PlanCopy(src, deep.Options{Limit: limit})
				_, sizeDone, sizeErr := deep.PlanSize(src, deep.Options{Limit: limit})
				if done {
					require.Equal(t, limit < size, tooLarge(err), "%d of %d: %v", limit, size, err)
				}
				if sizeDone {
					require.Equal(t, limit < size, tooLarge(sizeErr), "%d of %d: %v", limit, size, sizeErr)
				}
				_, _, err = deep.ObviousCopy(src, deep.Options{Limit: limit})
				require.Equal(t, limit < size, tooLarge(err), "%d of %d: %v", limit, size, err)
			}
		})
	}
}

func syncedOf(k, v any) *genSynced {
	s := &genSynced{}
	s.m.Store(k, v)
	s.v.Store([]any{v})
	return s
}

// TestChangedMeanwhile checks that an atomic which is given another value between the two looks at it leads to no
// memory of the original.
func TestChangedMeanwhile(t *testing.T) {
	type busy struct {
		at   atomic.Pointer[genPair]
		many []*int
		x    int
		p    *int
	}
	b := &busy{many: make([]*int, 3000)}
	for i := range b.many {
		b.many[i] = &i
	}
	b.p = &b.x
	b.at.Store(&genPair{A: 0})
	for range 3 { // the first copy is not expected to be tangled, the others are
		var last *genPair
		n := 0
		c, _, err := deep.Copy(b, deep.Options{Stop: func() error {
			n++
			last = &genPair{A: n}
			b.at.Store(last)
			return nil
		}})
		require.NoError(t, err)
		require.NotNil(t, last)
		require.Same(t, &c.x, c.p)
		got := c.at.Load()
		require.NotNil(t, got)
		got.A = -1
		require.NotEqual(t, -1, last.A)
	}
}

// TestOneRunnerAfterAnother checks that nothing of a copy is left in the next one, whatever their sizes.
func TestOneRunnerAfterAnother(t *testing.T) {
	large := make([]*genPair, 20_000)
	for i := range large {
		large[i] = &genPair{A: i}
	}
	largeAny := any(large)
	x := 7
	for range 3 {
		planCopyOf(t, &largeAny)
		c := planCopyOf(t, &[]any{&x, &x, "s", [1]any{&x}})
		require.Same(t, (*c)[0], (*c)[1])
		_, _, err := deep.Copy(&largeAny, deep.Options{Limit: 50_000})
		require.True(t, tooLarge(err))
		x++
		c = planCopyOf(t, &[]any{&x, &x})
		require.Equal(t, x, *(*c)[0].(*int), "a place that held another value is looked at anew")
	}
}

// TestAfterAnAttemptGivenUp checks that a later attempt which is left to the obvious engine, because of a tag, leaves no
// regions to the next one.
func TestAfterAnAttemptGivenUp(t *testing.T) {
	v := &genPair{B: new(int)}
	two := &struct {
		p *genPair
		s *genShared
	}{v, (*genShared)(v)}
	ints := []int{1, 2, 3}
	for range 5 {
		_, _, done, err := deep.PlanCopy(reflect.ValueOf(two), deep.Options{})
		require.NoError(t, err)
		require.False(t, done, "it is not for plans to say whether B is shared")
		planCopyOf(t, &[][]int{ints[:2], ints[1:]})
	}
}

// TestManyCopiers copies and compares one value, and values of types that nobody has seen, on many goroutines.
func TestManyCopiers(t *testing.T) {
	x := 1
	v := []any{&x, map[string]any{"p": &x}, []*int{&x}, genWord{&x}}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			types := &typeMaker{choices: &choices{}}
			for seed := range 40 {
				types.left, types.made = bytesOf(1_000_000+seed), nil
				typ := types.root()
				src := newValueMaker(types.choices, nil).root(typ)
				dst, _, done, err := deep.PlanCopy(src, deep.Options{})
				if done && err == nil {
					assert.NoError(t, isomorphic(src, dst))
				}
				c, _, err := deep.Copy(&v, deep.Options{})
				assert.NoError(t, err)
				assert.True(t, deep.Equal(&v, c))
			}
		})
	}
	wg.Wait()
}

// TestSharedBoxes checks that interfaces which hold one box do so in the copy, and that pointer-shaped values that lead
// back to themselves are made once.
func TestSharedBoxes(t *testing.T) {
	word := func(x any) unsafe.Pointer { return (*[2]unsafe.Pointer)(unsafe.Pointer(&x))[1] }
	var box any = genBox[any]{v: []int{1}}
	c := planCopyOf(t, &[]any{box, []any{box}, map[string]any{"k": box}})
	require.Equal(t, word((*c)[0]), word((*c)[1].([]any)[0]))
	require.Equal(t, word((*c)[0]), word((*c)[2].(map[string]any)["k"]))
	var self any
	self = genWordAny{&self}
	d := planCopyOf(t, &self)
	require.Same(t, d, (*d).(genWordAny).p)
	planCopyOf(t, &[]any{self, self, genWordAny{}, genWord{}, genWordMap{}, genWordAny{}})
	m := map[string]any{}
	m["m"] = genWordMap{m}
	planCopyOf(t, &m)
}

// A copy says of itself whether it is a tree, as far as plans made it straight away.
func TestTreesAreKnown(t *testing.T) {
	type node struct {
		Name       string
		Next, Prev *node
		Any        any
	}
	one, two := &node{Name: "one"}, &node{Name: "two"}
	ring := &node{Name: "ring"}
	ring.Next = ring
	list := []int{1, 2, 3}
	tests := []struct {
		name  string
		value any
		tree  bool
	}{
		{"JSON", map[string]any{"a": 1.5, "b": []any{"c", map[string]any{}}, "d": nil}, true},
		{"pointers to objects of one type", map[string]*node{"one": one, "two": {Next: two}}, true},
		{"slices side by side", [][]int{list[:2:2], list[2:]}, true},
		{"one object twice", []*node{one, one}, false},
		{"one map twice", []any{map[string]int{}, nil, map[int]any{1: one, 2: one}}, false},
		{"a ring", ring, false},
		{"slices of one array", [][]int{list[:2], list}, false},
		{"an element", []any{list, &list[1]}, false},
		{"an object of no size twice", []any{&struct{}{}}, false},
		{"an atomic", &struct {
			N atomic.Int64
			P *node
		}{}, false},
		{"an atomic value", new(atomic.Value), false},
		{"a sync map", new(sync.Map), false},
		{"a key that leads somewhere", map[any]*node{one: nil}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			value := tt.value
			_, info, err := deep.Copy(&value, deep.Options{})
			require.NoError(t, err)
			if deep.UsePlans {
				require.Equal(t, tt.tree, info.Tree)
			}
			planCopyOf(t, &value)
		})
	}
}
