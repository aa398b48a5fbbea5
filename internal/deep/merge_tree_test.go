package deep_test

import (
	"encoding/json"
	"io"
	"log"
	"maps"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks/internal/deep"
)

// This file checks which merges are made by plans, as trees, and which are left to the obvious merge. What comes of them
// is compared with what the obvious merge makes of the same.

// A treeCase changes copies of a base, by as many versions.
type treeCase struct {
	reason string
	fast   bool // it is merged as trees
	run    func(t *testing.T) (done bool)
}

// mergedAsTrees merges copies of base that were changed, in both ways, and returns whether it was done as trees.
func mergedAsTrees[T any](t *testing.T, base *T, changes ...func(v *T)) bool {
	t.Helper()
	var versions []*T
	for _, change := range changes {
		v := copied(t, base)
		change(v)
		versions = append(versions, v)
	}
	return mergedAsTreesOf(t, base, versions...)
}

func mergedAsTreesOf[T any](t *testing.T, base *T, versions ...*T) bool {
	t.Helper()
	s := &subject{t: t, typ: reflect.TypeFor[T](), value: reflect.ValueOf(base)}
	var list []reflect.Value
	for _, v := range versions {
		list = append(list, reflect.ValueOf(v))
	}
	n := &tally{}
	s.checkMerge(list, n)
	return n.byPlan > 0
}

func checkTreeCases(t *testing.T, cases []treeCase) {
	for _, tt := range cases {
		t.Run(tt.reason, func(t *testing.T) {
			for range 5 { // maps are in any order
				require.Equal(t, tt.fast, tt.run(t))
			}
		})
	}
}

// treeKinds has a field of each kind that a merge of trees knows.
type treeKinds struct {
	A, B   int
	Small  [4]int8
	Flag   bool
	Text   string
	When   time.Time
	Addr   netip.Addr
	Bytes  []byte
	Raw    json.RawMessage
	Uuid   [16]byte
	Pairs  [20]struct{ S, T string }
	In     *treeKinds
	Lines  []treeLine
	Ptrs   []*treeLine
	ByName map[string]treeLine
	ByID   map[int]*treeLine
	ByKey  map[[2]int]string
	Lists  map[string][]int
	Set    map[string]struct{}
	Any    any
	Tree   map[string]any
	Err    error
	Share  *int `hooks:"share"`
	Zero   *int `hooks:"zero"`
	Minus  *int `hooks:"-"`
	Mu     sync.Mutex
	Big    *big.Int
	Face   genCaller
}

type treeLine struct {
	SKU  string
	N    int
	Tags []string
	Own  *int `hooks:"-"`
}

func newTreeKinds() *treeKinds {
	return &treeKinds{
		A: 1, B: 2, Text: "t", When: time.Now(), Addr: netip.MustParseAddr("127.0.0.1"), Bytes: []byte("abc"), Raw: []byte("{}"),
		In:    &treeKinds{A: 3, Bytes: []byte("x")},
		Lines: []treeLine{{SKU: "a"}, {SKU: "b", Tags: []string{"x", "y"}}}, Ptrs: []*treeLine{{SKU: "p"}, nil, {SKU: "q"}},
		ByName: map[string]treeLine{"a": {SKU: "na", Own: new(int)}, "b": {SKU: "nb", Tags: []string{"x"}}},
		ByID:   map[int]*treeLine{1: {SKU: "i1"}, 2: {SKU: "i2"}}, ByKey: map[[2]int]string{{1, 2}: "k", {5, 6}: "l"},
		Lists: map[string][]int{"l": {1, 2}, "m": {3}}, Set: map[string]struct{}{"s": {}},
		Any:  []any{1, "two", genBox[any]{v: 1.0, next: &genBox[any]{v: "in"}}},
		Tree: map[string]any{"list": []any{1, map[string]any{"n": 1, "m": 2}}, "map": map[string]any{"s": "t", "u": nil}},
		Err:  io.EOF, Share: new(int), Zero: new(int), Minus: new(int), Big: big.NewInt(5), Face: genCalledBox{n: 1, list: []int{1, 2}},
	}
}

// TestMergeTreeKinds changes a part of each kind, next to a change of another version, and expects it to be merged as
// trees.
func TestMergeTreeKinds(t *testing.T) {
	changes := map[string]func(v *treeKinds){
		"number":            func(v *treeKinds) { v.A++ },
		"number beside it":  func(v *treeKinds) { v.B++ },
		"element":           func(v *treeKinds) { v.Small[2]++ },
		"element beside it": func(v *treeKinds) { v.Small[3]++ },
		"flag":              func(v *treeKinds) { v.Flag = true },
		"text":              func(v *treeKinds) { v.Text += "!" },
		"time":              func(v *treeKinds) { v.When = v.When.Add(1).UTC() },
		"address":           func(v *treeKinds) { v.Addr = netip.MustParseAddr("fe80::1%eth0") },
		"bytes":             func(v *treeKinds) { v.Bytes[1]++ },
		"more bytes":        func(v *treeKinds) { v.Raw = append(v.Raw, ' ') },
		"a byte of several": func(v *treeKinds) { v.Uuid[7]++ },
		"another":           func(v *treeKinds) { v.Uuid[8]++ },
		"part of an array":  func(v *treeKinds) { v.Pairs[17].T = "x" },
		"behind a pointer":  func(v *treeKinds) { v.In.A++ },
		"new pointer":       func(v *treeKinds) { v.In.In = &treeKinds{B: 1, Minus: new(int)} },
		"element's field":   func(v *treeKinds) { v.Lines[0].N++ },
		"its text":          func(v *treeKinds) { v.Lines[0].SKU = "z" },
		"element's slice":   func(v *treeKinds) { v.Lines[1].Tags = append(v.Lines[1].Tags, "z") },
		"pointer's field":   func(v *treeKinds) { v.Ptrs[0].N++ },
		"no pointer":        func(v *treeKinds) { v.Ptrs[2] = nil },
		"value in a map":    func(v *treeKinds) { v.ByName["a"] = treeLine{SKU: "na", N: 1} },
		"its slice": func(v *treeKinds) {
			x := v.ByName["b"]
			x.Tags, x.SKU = []string{"x", "y"}, "other"
			v.ByName["b"] = x
		},
		"new value":           func(v *treeKinds) { v.ByName["c"] = treeLine{SKU: "c", Own: new(int), Tags: []string{"c"}} },
		"pointer in a map":    func(v *treeKinds) { v.ByID[1].N = 7 },
		"no pointer in a map": func(v *treeKinds) { delete(v.ByID, 2) },
		"a key that is none":  func(v *treeKinds) { v.ByKey[[2]int{3, 4}] = "new" },
		"its value":           func(v *treeKinds) { v.ByKey[[2]int{1, 2}] = "other" },
		"a key that is gone":  func(v *treeKinds) { delete(v.ByKey, [2]int{5, 6}) },
		"list in a map":       func(v *treeKinds) { v.Lists["l"][1] = 5 },
		"no list in a map":    func(v *treeKinds) { delete(v.Lists, "m") },
		"set":                 func(v *treeKinds) { v.Set["r"] = struct{}{} },
		"less of a set":       func(v *treeKinds) { delete(v.Set, "s") },
		"plain in a list":     func(v *treeKinds) { v.Any.([]any)[0] = 2 },
		"other plain":         func(v *treeKinds) { v.Any.([]any)[1] = 2 },
		"in a box": func(v *treeKinds) {
			x := v.Any.([]any)[2].(genBox[any])
			x.v = 2.0
			v.Any.([]any)[2] = x
		},
		"behind a box":  func(v *treeKinds) { v.Any.([]any)[2].(genBox[any]).next.v = "out" },
		"deep":          func(v *treeKinds) { v.Tree["list"].([]any)[1].(map[string]any)["n"] = 5 },
		"new in a tree": func(v *treeKinds) { v.Tree["map"].(map[string]any)["w"] = []any{map[string]any{"x": 1}} },
		"gone":          func(v *treeKinds) { delete(v.Tree["map"].(map[string]any), "s") },
		"nil no longer": func(v *treeKinds) { v.Tree["map"].(map[string]any)["u"] = "v" },
		"error":         func(v *treeKinds) { v.Err = io.ErrUnexpectedEOF },
		"shared":        func(v *treeKinds) { v.Share = new(int) },
		"zero":          func(v *treeKinds) { v.Zero = new(int) },
		"minus":         func(v *treeKinds) { v.Minus = new(int) },
		"lock":          func(v *treeKinds) { v.Mu.TryLock() },
		"one value":     func(v *treeKinds) { v.Big.Lsh(v.Big, 100) },
		"by its method": func(v *treeKinds) { v.Face.(genCalledBox).list[0]++ },
	}
	list := slices.Sorted(maps.Keys(changes))
	var all []func(v *treeKinds)
	for i, name := range list {
		for _, further := range []int{1, 7, 20} {
			other := list[(i+further)%len(list)]
			if !mergedAsTrees(t, newTreeKinds(), changes[name], changes[other]) {
				t.Errorf("%s and %s: not merged as trees", name, other)
			}
		}
		all = append(all, changes[name])
	}
	assert.True(t, mergedAsTrees(t, newTreeKinds(), all[:32]...), "as many as there is room for")
	assert.True(t, mergedAsTrees(t, newTreeKinds(), all[len(all)-32:]...), "the others")
	assert.True(t, mergedAsTrees(t, newTreeKinds(), func(v *treeKinds) {
		for _, change := range changes {
			change(v)
		}
	}, func(*treeKinds) {}), "all by one")
}

// TestMergeTreeShapes has states that a merge must not be slow for.
func TestMergeTreeShapes(t *testing.T) {
	checkTreeCases(t, []treeCase{
		{"an order, two versions", true, func(t *testing.T) bool {
			return mergedAsTrees(t, newBenchOrder(), func(v *benchOrder) { v.ID, v.Lines[1].Count, v.Attrs["a"] = "x", 5, "b" },
				func(v *benchOrder) { v.By.Name, v.Lines[1].Price, v.Attrs["n"] = "bob", 6, "new" })
		}},
		{"an event, three versions", true, func(t *testing.T) bool {
			return mergedAsTrees(t, newBenchEvent(),
				func(v *benchEvent) { v.Data["customer"].(map[string]any)["name"], v.Meta["try"] = "bob", 2.0 },
				func(v *benchEvent) { v.State["risk"], v.Type = map[string]any{"level": "low"}, "order.checked" },
				func(v *benchEvent) {
					v.Data["lines"].([]any)[0].(map[string]any)["count"] = 3.0
					delete(v.Meta, "agent")
				})
		}},
		{"a version that is the base", true, func(t *testing.T) bool {
			e := newBenchEvent()
			x := copied(t, e)
			x.Meta["x"] = 1
			return mergedAsTreesOf(t, e, e, x)
		}},
		{"no version", true, func(t *testing.T) bool { return mergedAsTreesOf(t, newBenchEvent()) }},
		{"a box of which nothing but what copies do not look at has changed", true, func(t *testing.T) bool {
			type ignoring struct {
				N int
				P *int `hooks:"-"`
			}
			return mergedAsTrees(t, &[2]any{ignoring{1, new(int)}}, func(v *[2]any) { v[0] = ignoring{1, new(int)} }, func(v *[2]any) { v[1] = 5 })
		}},
		{"a number", true, func(t *testing.T) bool { return mergedAsTrees(t, new(int), func(v *int) { *v = 5 }, func(*int) {}) }},
		{"a map", true, func(t *testing.T) bool {
			return mergedAsTrees(t, &map[string]int{"a": 1}, func(v *map[string]int) { (*v)["b"] = 1 }, func(v *map[string]int) { delete(*v, "a") })
		}},
		{"an interface", true, func(t *testing.T) bool {
			v := any(1)
			return mergedAsTrees(t, &v, func(v *any) { *v = "x" }, func(*any) {})
		}},
		{"a list of some length", true, func(t *testing.T) bool {
			var head *node
			for i := range 100 {
				head = &node{head, i}
			}
			return mergedAsTrees(t, head, func(v *node) { v.Val = -1 }, func(v *node) { v.Next.Next.Val = -2 })
		}},
	})
}

// TestMergeTreeGivesUp has what is not for trees.
func TestMergeTreeGivesUp(t *testing.T) {
	type refs struct {
		A, B *ware
		S, R []int
		P    *int
		Any  [2]any
		M, N map[string]int
		Text []byte
	}
	newRefs := func() *refs {
		return &refs{A: &ware{ID: "a"}, S: []int{1, 2, 3}, Any: [2]any{[]any{1}, 2}, M: map[string]int{"a": 1}, Text: []byte("text")}
	}
	gives := func(reason string, left, right func(v *refs)) treeCase {
		return treeCase{reason, false, func(t *testing.T) bool { return mergedAsTrees(t, newRefs(), left, right) }}
	}
	keep := func(*refs) {}
	checkTreeCases(t, []treeCase{
		gives("two changed one text", func(v *refs) { v.A.ID = "x" }, func(v *refs) { v.A.ID = "y" }),
		gives("in the same way", func(v *refs) { v.A.Qty = 2 }, func(v *refs) { v.A.Qty = 2 }),
		gives("two replaced one pointer", func(v *refs) { v.B = &ware{ID: "b"} }, func(v *refs) { v.B = &ware{ID: "b"} }),
		gives("one replaced what the other changed", func(v *refs) { v.A = nil }, func(v *refs) { v.A.Qty = 2 }),
		gives("one cut what the other changed", func(v *refs) { v.S = v.S[:2] }, func(v *refs) { v.S[0] = 2 }),
		gives("two changed bytes", func(v *refs) { v.Text[0]++ }, func(v *refs) { v.Text[2]++ }),
		gives("one replaced them", func(v *refs) { v.Text[0]++ }, func(v *refs) { v.Text = nil }),
		gives("one removed what the other changed", func(v *refs) { delete(v.M, "a") }, func(v *refs) { v.M["a"] = 2 }),
		gives("two removed it", func(v *refs) { delete(v.M, "a") }, func(v *refs) { delete(v.M, "a") }),
		gives("two added a key", func(v *refs) { v.M["b"] = 2 }, func(v *refs) { v.M["b"] = 2 }),
		{"two added a key that takes reflection", false, func(t *testing.T) bool {
			add := func(v *map[[2]int]int) { (*v)[[2]int{1, 2}] = 3 }
			return mergedAsTrees(t, &map[[2]int]int{}, add, add)
		}},
		{"two removed one", false, func(t *testing.T) bool {
			remove := func(v *map[[2]int]int) { clear(*v) }
			return mergedAsTrees(t, &map[[2]int]int{{1, 2}: 3}, remove, remove)
		}},
		gives("two changed what an interface holds", func(v *refs) { v.Any[0].([]any)[0] = 2 }, func(v *refs) { v.Any[0] = nil }),
		gives("one object at two places", func(v *refs) { v.B = v.A }, keep),
		gives("one array", func(v *refs) { v.R = v.S }, keep),
		gives("a part of it", func(v *refs) { v.R = v.S[1:2] }, keep),
		gives("one map", func(v *refs) { v.N = v.M }, keep),
		gives("one interface's content", func(v *refs) { v.Any[1] = v.Any[0] }, keep),
		gives("a pointer into an object", func(v *refs) { v.P = &v.A.Qty }, keep),
		gives("into a slice", func(v *refs) { v.P = &v.S[1] }, keep),
		{"the base shares", false, func(t *testing.T) bool {
			base := newRefs()
			base.B = base.A
			return mergedAsTrees(t, base, func(v *refs) { v.B = nil }, func(v *refs) { v.S[0] = 9 })
		}},
		{"two versions share", false, func(t *testing.T) bool {
			w := &ware{ID: "w"}
			return mergedAsTrees(t, newRefs(), func(v *refs) { v.A = w }, func(v *refs) { v.B = w })
		}},
		{"a version shares with the base", false, func(t *testing.T) bool {
			base := newRefs()
			return mergedAsTrees(t, base, func(v *refs) { v.B = base.A }, keep)
		}},
		{"one takes a part of another", false, func(t *testing.T) bool {
			base := newRefs()
			return mergedAsTrees(t, base, func(v *refs) { v.P = &base.A.Qty }, keep)
		}},
		{"what cannot be copied is replaced", false, func(t *testing.T) bool {
			return refusedAsTrees(t, &[2]any{log.Default(), 1}, &[2]any{nil, 1})
		}},
		{"the same in a field", false, func(t *testing.T) bool {
			type logged struct {
				L   *log.Logger
				Any any
			}
			return refusedAsTrees(t, &logged{L: log.Default()}, &logged{})
		}},
		{"where types tell that there are trees", false, func(t *testing.T) bool {
			type logged struct {
				L *log.Logger
				N int
			}
			return refusedAsTrees(t, &logged{L: log.Default()}, &logged{})
		}},
		{"what has a wrong tag is replaced", false, func(t *testing.T) bool {
			type wrong struct {
				N int `hooks:"deep"`
			}
			return refusedAsTrees(t, &map[string]wrong{"a": {}}, &map[string]wrong{})
		}},
		{"the sign of a number and its digits", false, func(t *testing.T) bool {
			base := new(big.Int).Lsh(big.NewInt(1), 70)
			return mergedAsTrees(t, base, func(v *big.Int) { v.Neg(v) }, func(v *big.Int) { v.Add(v, big.NewInt(1)) })
		}},
		{"in a map", false, func(t *testing.T) bool {
			base := &map[string]big.Int{"a": *new(big.Int).Lsh(big.NewInt(1), 70)}
			flip := func(v *map[string]big.Int) {
				x := (*v)["a"]
				x.Neg(&x)
				(*v)["a"] = x
			}
			grow := func(v *map[string]big.Int) {
				x := (*v)["a"]
				x.Add(&x, big.NewInt(1))
				(*v)["a"] = x
			}
			return mergedAsTrees(t, base, flip, grow)
		}},
		{"parts of a time", false, func(t *testing.T) bool {
			base := &[1]time.Time{time.Unix(5, 0).UTC()}
			return mergedAsTrees(t, base, func(v *[1]time.Time) { v[0] = v[0].Add(1) }, func(v *[1]time.Time) { v[0] = v[0].Local() })
		}},
		{"memory without a size", false, func(t *testing.T) bool {
			type sized struct{ A, B []struct{} }
			return mergedAsTrees(t, &sized{A: make([]struct{}, 3), B: make([]struct{}, 2)}, func(v *sized) { v.A, v.B = v.B, v.A }, func(*sized) {})
		}},
		{"one slice of it", false, func(t *testing.T) bool {
			type sized struct {
				A []struct{}
				N int
			}
			return mergedAsTrees(t, &sized{A: make([]struct{}, 3)}, func(v *sized) { v.N = 1 }, func(*sized) {})
		}},
		{"a pointer to it", false, func(t *testing.T) bool {
			type sized struct{ A, B *struct{} }
			return mergedAsTrees(t, &sized{A: &struct{}{}}, func(v *sized) { v.A, v.B = v.B, v.A }, func(*sized) {})
		}},
		{"keys that do not equal themselves", false, func(t *testing.T) bool {
			base := &map[float64]int{math.NaN(): 1, 1: 2}
			return mergedAsTrees(t, base, func(v *map[float64]int) { (*v)[1] = 5 })
		}},
		{"such a key in something new", false, func(t *testing.T) bool {
			return mergedAsTrees(t, new(any), func(v *any) { *v = []any{map[any]any{1: 1}} }, func(*any) {})
		}},
		{"an atomic in something new", false, func(t *testing.T) bool {
			return mergedAsTrees(t, new(any), func(v *any) { *v = new(genAtoms) }, func(*any) {})
		}},
		{"keys that are not told apart by a map", false, func(t *testing.T) bool {
			return mergedAsTrees(t, &map[any]int{1: 1}, func(v *map[any]int) { (*v)[1] = 2 }, func(*map[any]int) {})
		}},
		{"atomics", false, func(t *testing.T) bool {
			return mergedAsTrees(t, new(atomic.Int64), func(v *atomic.Int64) { v.Store(1) }, func(*atomic.Int64) {})
		}},
		{"more versions than there is room for", false, func(t *testing.T) bool {
			return mergedAsTrees(t, new(int), make33()...)
		}},
		{"too deep", false, func(t *testing.T) bool {
			var head *node
			for i := range 1000 {
				head = &node{head, i}
			}
			return mergedAsTrees(t, head, func(v *node) { v.Val = -1 }, func(v *node) { v.Next.Next.Val = -2 })
		}},
	})
}

// refusedAsTrees is mergedAsTrees for a base that cannot be copied.
func refusedAsTrees[T any](t *testing.T, base, version *T) bool {
	t.Helper()
	_, done, _ := deep.TreeMerge(reflect.ValueOf(base), []reflect.Value{reflect.ValueOf(version)}, deep.Options{})
	_, _, err := deep.Merge(base, []*T{version}, deep.Options{})
	var nc *deep.NotCopyableError
	require.ErrorAs(t, err, &nc)
	return done
}

func make33() (list []func(v *int)) {
	for range 33 {
		list = append(list, func(*int) {})
	}
	return list
}

// TestMergeTreeMoved checks that objects that may have changed places are noticed, wherever one of them is, and only if
// another version changed something too.
func TestMergeTreeMoved(t *testing.T) {
	type list struct {
		Name string
		Val  any
		Next *list
	}
	newList := func() *list { return &list{"a", nil, &list{"b", nil, &list{"c", nil, nil}}} }
	type maps struct {
		Name string
		In   map[string]any
	}
	newMaps := func() *maps {
		return &maps{"n", map[string]any{"a": map[string]any{"id": 1, "x": []any{1}}, "b": map[string]any{"id": 2, "x": []any{2}}}}
	}
	in := func(v *maps, key string) map[string]any { return v.In[key].(map[string]any) }
	rename := func(v *maps) { v.Name = "r" }
	checkTreeCases(t, []treeCase{
		{"a list without its first element", false, func(t *testing.T) bool {
			return mergedAsTrees(t, newList(), func(v *list) { *v = *v.Next }, func(v *list) { v.Next.Val = 1 })
		}},
		{"alone", true, func(t *testing.T) bool {
			return mergedAsTrees(t, newList(), func(v *list) { *v = *v.Next }, func(*list) {})
		}},
		{"pointers that moved up", false, func(t *testing.T) bool {
			base := &[]*ware{{ID: "a"}, {ID: "b"}, {ID: "c"}}
			return mergedAsTrees(t, base, func(v *[]*ware) { *v = append((*v)[1:], &ware{ID: "d"}) }, func(v *[]*ware) { (*v)[1].Qty = 1 })
		}},
		{"pointers that changed", true, func(t *testing.T) bool {
			base := &[]*ware{{ID: "a"}, {ID: "b"}, {ID: "c"}}
			return mergedAsTrees(t, base, func(v *[]*ware) { (*v)[0].Qty, (*v)[2].Qty = 2, 2 }, func(v *[]*ware) { (*v)[1].Qty = 1 })
		}},
		{"all alike", true, func(t *testing.T) bool {
			base := &[]*ware{{ID: "a"}, {ID: "a"}, {ID: "a"}}
			return mergedAsTrees(t, base, func(v *[]*ware) { (*v)[0].Qty = 2 }, func(v *[]*ware) { (*v)[1].Qty = 2 })
		}},
		{"one went away, the other took its looks", false, func(t *testing.T) bool {
			base := &[2]*ware{{ID: "a"}, {ID: "b"}}
			return mergedAsTrees(t, base, func(v *[2]*ware) { v[0].ID, v[1] = "b", nil }, func(v *[2]*ware) { v[0].Qty = 1 })
		}},
		{"one came, the other lost its looks", false, func(t *testing.T) bool {
			base := &[2]*ware{{ID: "a"}, nil}
			return mergedAsTrees(t, base, func(v *[2]*ware) { v[0].ID, v[1] = "b", &ware{ID: "a"} }, func(v *[2]*ware) { v[0].Qty = 1 })
		}},
		{"maps that changed places", false, func(t *testing.T) bool {
			return mergedAsTrees(t, newMaps(), func(v *maps) { v.In["a"], v.In["b"] = v.In["b"], v.In["a"] }, rename)
		}},
		{"a map under another key", true, func(t *testing.T) bool {
			return mergedAsTrees(t, newMaps(), func(v *maps) { v.In["c"] = v.In["b"]; delete(v.In, "b") }, rename)
		}},
		{"and one that has its looks now", false, func(t *testing.T) bool {
			return mergedAsTrees(t, newMaps(), func(v *maps) { in(v, "a")["id"] = 2; delete(v.In, "b") }, rename)
		}},
		{"likewise deep in something new", false, func(t *testing.T) bool {
			return mergedAsTrees(t, newMaps(), func(v *maps) {
				in(v, "a")["id"] = 5
				v.In["c"] = []any{map[string]any{"id": 1, "x": []any{7}}}
			}, rename)
		}},
		{"and too deep to be seen at once", false, func(t *testing.T) bool {
			return mergedAsTrees(t, newMaps(), func(v *maps) { in(v, "a")["id"] = 5; v.In["c"] = nested(300, map[string]any{"id": 1, "x": []any{7}}) }, rename)
		}},
		{"maps that changed", true, func(t *testing.T) bool {
			return mergedAsTrees(t, newMaps(), func(v *maps) { in(v, "a")["id"], in(v, "b")["id"] = 3, 4 }, func(v *maps) { in(v, "a")["y"] = 5 })
		}},
	})
}

// TestMergeTreeStop checks that every part of the work can be stopped.
func TestMergeTreeStop(t *testing.T) {
	base := &benchEvent{Data: map[string]any{}, Meta: map[string]any{}}
	many := func(n int) (list []any) {
		for range n {
			list = append(list, map[string]any{"n": []any{1, 2}})
		}
		return list
	}
	base.Data["gone"], base.Meta["kept"] = many(3000), many(3000)
	x, y := copied(t, base), copied(t, base)
	x.Data = map[string]any{"new": []any{many(3000), nested(300, many(3000))}}
	y.Meta["kept"].([]any)[7] = "y"
	run := func(enough int) (asked int, err error) {
		_, done, err := deep.TreeMerge(reflect.ValueOf(base), []reflect.Value{reflect.ValueOf(x), reflect.ValueOf(y)}, deep.Options{
			Stop: func() error {
				if asked++; asked == enough {
					return io.ErrClosedPipe
				}
				return nil
			},
		})
		require.True(t, done)
		return asked, err
	}
	all, err := run(0)
	require.NoError(t, err)
	require.Greater(t, all, 40)
	for n := range all {
		asked, err := run(n + 1)
		require.ErrorIs(t, err, io.ErrClosedPipe)
		require.Equal(t, n+1, asked, "it is not asked again")
	}
}

// nested is v in slices in slices.
func nested(depth int, v any) any {
	for range depth {
		v = []any{v}
	}
	return v
}
