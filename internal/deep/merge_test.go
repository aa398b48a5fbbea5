package deep_test

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks/internal/deep"
)

// A mergeCase changes two copies of a base.
type mergeCase[T any] struct {
	base        T
	left, right func(v *T)
	want        T      // the merged value
	conflict    string // or the path of the conflict
}

// check merges in both orders, with a version that changed nothing among them.
func (c mergeCase[T]) check(t *testing.T) *T {
	t.Helper()
	x, y := copied(t, &c.base), copied(t, &c.base)
	c.left(x)
	c.right(y)
	r, c1 := merge(t, &c.base, x, y)
	s, c2 := merge(t, &c.base, y, copied(t, &c.base), x)
	if c.conflict != "" {
		require.NotNil(t, c1)
		require.NotNil(t, c2)
		assert.Equal(t, c.conflict, c1.Path)
		assert.Equal(t, c.conflict, c2.Path)
		assert.Equal(t, [4]int{0, 1, 0, 2}, [4]int{c1.First, c1.Second, c2.First, c2.Second})
		assert.Equal(t, [3]string{c1.Before, c1.Left, c1.Right}, [3]string{c2.Before, c2.Right, c2.Left})
		return nil
	}
	require.Nil(t, c1)
	require.Nil(t, c2)
	for _, got := range []*T{r, s} {
		changes, _ := deep.Diff(&c.want, got, 5)
		require.Empty(t, changes)
	}
	return r
}

type ware struct {
	ID   string
	Qty  int
	Note string
	Sub  []ware
}

type basket struct {
	Name   string
	Items  []*ware
	Plain  []ware
	ByID   map[string]*ware
	Counts map[string]int
	Best   *ware
	Last   *ware
	Any    any
	Bytes  []byte
	Arr    [3]int
}

func newBasket() basket {
	a, b := &ware{ID: "a", Qty: 1}, &ware{ID: "b", Qty: 2}
	return basket{
		Name: "n", Items: []*ware{a, b}, Plain: []ware{{ID: "p"}, {ID: "q"}}, Counts: map[string]int{"x": 1, "y": 2},
		ByID: map[string]*ware{"a": a, "b": b}, Best: a, Any: map[string]any{"k": []any{1, "s"}}, Bytes: []byte("abc"),
	}
}

// TestMergeRules has a case for each rule of Merge for two that change things.
func TestMergeRules(t *testing.T) {
	keep := func(*basket) {}
	for _, tt := range []struct {
		reason      string
		left, right func(v *basket)
		want        func(v *basket)
		conflict    string
	}{
		{"nobody changed anything", keep, keep, keep, ""},
		{"fields of one struct are apart",
			func(v *basket) { v.Name = "l" }, func(v *basket) { v.Arr[1] = 1 },
			func(v *basket) { v.Name, v.Arr[1] = "l", 1 }, ""},
		{"elements of one array are apart",
			func(v *basket) { v.Arr[0] = 1 }, func(v *basket) { v.Arr[1] = 1 },
			func(v *basket) { v.Arr = [3]int{1, 1, 0} }, ""},
		{"one place, two values",
			func(v *basket) { v.Name = "l" }, func(v *basket) { v.Name = "r" }, nil, "basket.Name"},
		{"one place, one value",
			func(v *basket) { v.Name = "s" }, func(v *basket) { v.Name = "s" }, func(v *basket) { v.Name = "s" }, ""},
		{"fields behind one pointer are apart",
			func(v *basket) { v.Items[0].Qty = 5 }, func(v *basket) { v.Best.Note = "r" },
			func(v *basket) { v.Items[0].Qty, v.Items[0].Note = 5, "r" }, ""},
		{"the same place by two paths",
			func(v *basket) { v.Items[0].Qty = 5 }, func(v *basket) { v.ByID["a"].Qty = 6 }, nil, "basket.Items[0].Qty"},
		{"elements of one slice are apart",
			func(v *basket) { v.Plain[0].Qty = 5 }, func(v *basket) { v.Plain[1].Qty = 6 },
			func(v *basket) { v.Plain[0].Qty, v.Plain[1].Qty = 5, 6 }, ""},
		{"a slice of another length is one value",
			func(v *basket) { v.Plain = append(v.Plain, ware{ID: "r"}) }, func(v *basket) { v.Name = "r" },
			func(v *basket) { v.Plain, v.Name = append(v.Plain, ware{ID: "r"}), "r" }, ""},
		{"so that an element of it must not change",
			func(v *basket) { v.Plain = append(v.Plain, ware{ID: "r"}) }, func(v *basket) { v.Plain[1].Qty = 1 },
			nil, "basket.Plain"},
		{"nor what an element leads to",
			func(v *basket) { v.Items = v.Items[:1] }, func(v *basket) { v.Items[1].Qty = 1 }, nil, "basket.Items"},
		{"two appended: which goes first?",
			func(v *basket) { v.Plain = append(v.Plain, ware{}) }, func(v *basket) { v.Plain = append(v.Plain, ware{ID: "r"}) },
			nil, "basket.Plain"},
		{"two appended the same",
			func(v *basket) { v.Items = append(v.Items, &ware{ID: "n"}) }, func(v *basket) { v.Items = append(v.Items, &ware{ID: "n"}) },
			func(v *basket) { v.Items = append(v.Items, &ware{ID: "n"}) }, ""},
		{"nil is not empty",
			func(v *basket) { v.Plain = nil }, func(v *basket) { v.Plain = []ware{} }, nil, "basket.Plain"},
		{"bytes are one value",
			func(v *basket) { v.Bytes[0] = 'l' }, func(v *basket) { v.Bytes[2] = 'r' }, nil, "basket.Bytes"},
		{"that one may change",
			func(v *basket) { v.Bytes[0] = 'l' }, func(v *basket) { v.Name = "r" },
			func(v *basket) { v.Bytes[0], v.Name = 'l', "r" }, ""},
		{"keys of one map are apart",
			func(v *basket) { v.Counts["x"] = 5; delete(v.Counts, "y") }, func(v *basket) { v.Counts["z"] = 6 },
			func(v *basket) { v.Counts = map[string]int{"x": 5, "z": 6} }, ""},
		{"two removed one key",
			func(v *basket) { delete(v.Counts, "y") }, func(v *basket) { delete(v.Counts, "y") },
			func(v *basket) { delete(v.Counts, "y") }, ""},
		{"one removed what the other changed",
			func(v *basket) { delete(v.Counts, "y") }, func(v *basket) { v.Counts["y"]++ }, nil, `basket.Counts["y"]`},
		{"two added one key with one value",
			func(v *basket) { v.Counts["z"] = 1 }, func(v *basket) { v.Counts["z"] = 1 },
			func(v *basket) { v.Counts["z"] = 1 }, ""},
		{"or with two",
			func(v *basket) { v.Counts["z"] = 1 }, func(v *basket) { v.Counts["z"] = 2 }, nil, `basket.Counts["z"]`},
		{"what is new has no base to merge by",
			func(v *basket) { v.ByID["c"] = &ware{Qty: 1} }, func(v *basket) { v.ByID["c"] = &ware{Note: "r"} },
			nil, `basket.ByID["c"]`},
		{"a map that became nil is one value",
			func(v *basket) { v.Counts = nil }, func(v *basket) { v.Counts["x"] = 2 }, nil, "basket.Counts"},
		{"an interface is what it holds",
			func(v *basket) { v.Any.(map[string]any)["k"].([]any)[0] = 2 },
			func(v *basket) { v.Any.(map[string]any)["k"].([]any)[1] = "r" },
			func(v *basket) { v.Any = map[string]any{"k": []any{2, "r"}} }, ""},
		{"if it holds the same type",
			func(v *basket) { v.Any = 1 }, func(v *basket) { v.Any.(map[string]any)["l"] = 1 }, nil, "basket.Any"},
		{"a pointer that became nil is one value",
			func(v *basket) { v.Items[1] = nil }, func(v *basket) { v.Items[1].Qty = 9 }, nil, "basket.Items[1]"},
		{"that one may change, with what it leads to",
			func(v *basket) { v.Last = &ware{ID: "n"} }, func(v *basket) { v.Best.Qty = 3 },
			func(v *basket) { v.Last, v.Best.Qty = &ware{ID: "n"}, 3 }, ""},
		{"two made a pointer lead to different new objects",
			func(v *basket) { v.Last = &ware{ID: "n"} }, func(v *basket) { v.Last = &ware{ID: "m"} }, nil, "basket.Last"},
		{"two re-linked a pointer differently",
			func(v *basket) { v.Last = v.Items[0] }, func(v *basket) { v.Last = v.Items[1] }, nil, "basket.Last"},
		{"or in the same way",
			func(v *basket) { v.Last = v.Items[0] }, func(v *basket) { v.Last = v.Items[0] },
			func(v *basket) { v.Last = v.Items[0] }, ""},
		{"two pointers to one new object are not two to two",
			func(v *basket) { v.Items = append(v.Items, &ware{ID: "n"}); v.Last = v.Items[2] },
			func(v *basket) { v.Items = append(v.Items, &ware{ID: "n"}); v.Last = &ware{ID: "n"} },
			nil, "basket.Last"},
		{"a new copy is not the object itself",
			func(v *basket) { v.Last = v.Items[0] }, func(v *basket) { v.Last = &ware{ID: "a", Qty: 1} }, nil, "basket.Last"},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			c := mergeCase[basket]{base: newBasket(), left: tt.left, right: tt.right, want: newBasket(), conflict: tt.conflict}
			if tt.want != nil {
				tt.want(&c.want)
			}
			if r := c.check(t); r != nil {
				assert.Same(t, r.Items[0], r.ByID["a"], "one object is one object")
				assert.Same(t, r.Items[0], r.Best)
			}
		})
	}
}

// TestMergeSharing checks which objects are one in the result.
func TestMergeSharing(t *testing.T) {
	run := func(t *testing.T, left, right func(v *basket)) *basket {
		base := newBasket()
		x, y := copied(t, &base), copied(t, &base)
		left(x)
		right(y)
		return merged(t, &base, x, y)
	}
	for _, tt := range []struct {
		reason string
		test   func(t *testing.T)
	}{
		{"a re-linked pointer leads to what its target has become", func(t *testing.T) {
			r := run(t, func(v *basket) { v.Best = v.Items[1] }, func(v *basket) { v.Items[1].Qty = 7 })
			assert.Same(t, r.Items[1], r.Best)
			assert.Equal(t, 7, r.Best.Qty)
		}},
		{"so does one in something new", func(t *testing.T) {
			r := run(t, func(v *basket) { v.Any = []any{v.Items[1], &v.Items[1].Qty} }, func(v *basket) { v.Items[1].Qty = 7 })
			list := r.Any.([]any)
			assert.Same(t, r.Items[1], list[0])
			assert.Same(t, &r.Items[1].Qty, list[1])
		}},
		{"two pointers swapped", func(t *testing.T) {
			r := run(t, func(v *basket) { v.Items[0], v.Items[1] = v.Items[1], v.Items[0] }, func(v *basket) { v.Name = "r" })
			assert.Same(t, r.ByID["b"], r.Items[0])
			assert.Same(t, r.ByID["a"], r.Items[1])
		}},
		{"what is new in two versions is one, and everything that leads to it", func(t *testing.T) {
			add := func(v *basket) { v.Items = append(v.Items, &ware{ID: "c"}) }
			r := run(t, func(v *basket) { add(v); v.Last = v.Items[2] }, func(v *basket) { add(v); v.ByID["c"] = v.Items[2] })
			assert.Same(t, r.Items[2], r.Last)
			assert.Same(t, r.Items[2], r.ByID["c"])
		}},
		{"what is new in one version keeps its own sharing and cycles", func(t *testing.T) {
			r := run(t, func(v *basket) {
				ring := &node{Val: 1}
				ring.Next = ring
				v.Any = [2]*node{ring, ring}
			}, func(v *basket) { v.Name = "r" })
			pair := r.Any.([2]*node)
			assert.Same(t, pair[0], pair[1])
			assert.Same(t, pair[0], pair[0].Next)
		}},
		{"overlapping slices stay so", func(t *testing.T) {
			a := []int{0, 1, 2, 3}
			base := [2][]int{a[:3], a[1:]}
			x, y := copied(t, &base), copied(t, &base)
			x[0][0], y[1][2] = 10, 30
			r := merged(t, &base, x, y)
			assert.Equal(t, [2][]int{{10, 1, 2}, {1, 2, 30}}, *r)
			assert.Same(t, &r[0][1], &r[1][0])
			y[1][0] = 5
			x[0][1] = 6
			_, c := merge(t, &base, x, y)
			assert.Equal(t, "[2][]int[0][1]", c.Path)
			x[0][1], x[0] = 1, nil
			_, c = merge(t, &base, x, y)
			assert.NotNil(t, c, "memory of another extent is not the same")
			x, y = copied(t, &base), copied(t, &base)
			x[1], y[0][0] = nil, 5
			_, c = merge(t, &base, x, y)
			assert.NotNil(t, c, "at its end neither")
		}},
		{"a struct that only a pointer to its own field leads to", func(t *testing.T) {
			type outer struct {
				in struct{ up *outer }
				n  int
			}
			type root struct{ p *struct{ up *outer } }
			o := &outer{n: 1}
			o.in.up = o
			base := &root{&o.in}
			x, y := copied(t, base), copied(t, base)
			x.p.up.n = 2
			r := merged(t, base, x, y)
			assert.Same(t, &r.p.up.in, r.p)
			assert.Equal(t, 2, r.p.up.n)
			y.p.up.n = 3
			_, c := merge(t, base, x, y)
			assert.Equal(t, "root.p.up.n", c.Path)
		}},
		{"a pointer that moved on in one array", func(t *testing.T) {
			type cursor struct {
				nums [3]int
				at   *int
			}
			base := &cursor{}
			base.at = &base.nums[0]
			x, y := copied(t, base), copied(t, base)
			x.at = &x.nums[2]
			y.nums[2] = 5
			r := merged(t, base, x, y)
			assert.Same(t, &r.nums[2], r.at)
		}},
		{"a pointer into a struct stays so", func(t *testing.T) {
			type own struct {
				at *int
				x  int
				in *own
			}
			base := &own{in: &own{x: 1}}
			base.at = &base.in.x
			x, y := copied(t, base), copied(t, base)
			*x.at = 5
			y.in.at = &y.in.x
			r := merged(t, base, x, y)
			assert.Same(t, &r.in.x, r.at)
			assert.Same(t, &r.in.x, r.in.at)
			assert.Equal(t, 5, r.in.x)
			y.in.x = 6
			_, c := merge(t, base, x, y)
			assert.Equal(t, "own.in.x", c.Path)
		}},
		{"keys that are pointers belong together like what they point to", func(t *testing.T) {
			type keyed struct {
				L []*ware
				M map[*ware]int
			}
			a, b := &ware{ID: "a"}, &ware{ID: "b"}
			base := &keyed{[]*ware{a, b}, map[*ware]int{a: 1, b: 2}}
			x, y := copied(t, base), copied(t, base)
			x.M[x.L[0]] = 5
			x.L[1].Qty = 6
			delete(y.M, y.L[1])
			y.L[0].Qty = 7
			r := merged(t, base, x, y)
			assert.Equal(t, map[*ware]int{r.L[0]: 5}, r.M)
			assert.Equal(t, []int{7, 6}, []int{r.L[0].Qty, r.L[1].Qty})
			x.M[x.L[1]] = 8
			_, c := merge(t, base, x, y)
			require.NotNil(t, c)
			assert.Equal(t, "keyed.M[…]", c.Shape)
		}},
		{"keys that look alike are told apart by what else leads to them", func(t *testing.T) {
			type keyed struct {
				M    map[*ware]int
				L    []*ware
				Name string
			}
			a, b := &ware{}, &ware{}
			base := &keyed{M: map[*ware]int{a: 1, b: 1}, L: []*ware{a, b}}
			for range 20 { // maps are in any order
				x, y, z := copied(t, base), copied(t, base), copied(t, base)
				x.M[x.L[0]] = 5
				y.L[1].Qty = 6
				z.Name = "z"
				r := merged(t, base, x, y, z)
				assert.Equal(t, map[*ware]int{r.L[0]: 5, r.L[1]: 1}, r.M)
				assert.Equal(t, 6, r.L[1].Qty)
			}
		}},
		{"new ones as well", func(t *testing.T) {
			add := func(v *basket) {
				a, b := &ware{}, &ware{}
				v.Any = struct {
					L []*ware
					M map[*ware]*ware
				}{[]*ware{a, b}, map[*ware]*ware{a: b, b: a}}
			}
			for range 20 {
				run(t, add, add)
			}
		}},
		{"interfaces that share what they hold do so again", func(t *testing.T) {
			type cell struct {
				n int
				p *int
			}
			both := func(n int, p *int) [2]any {
				v := any(cell{n, p})
				return [2]any{v, v}
			}
			base := both(1, new(int))
			x := copied(t, &base)
			*x = both(2, x[0].(cell).p)
			r, info, err := deep.Merge(&base, []*[2]any{copied(t, &base), x}, deep.Options{})
			require.NoError(t, err)
			assert.Equal(t, [2]int{2, 2}, [2]int{r[0].(cell).n, r[1].(cell).n})
			assert.Same(t, r[0].(cell).p, r[1].(cell).p)
			size, _ := deep.Size(x, deep.Options{})
			assert.Equal(t, size, info.Size)
		}},
		{"a value of an interface that holds several things", func(t *testing.T) {
			type pair struct {
				a, b any
				s    []int
			}
			base := any(pair{pair{a: 1, b: 2}, &ware{}, []int{1, 2}})
			x, y := copied(t, &base), copied(t, &base)
			*x = pair{pair{a: 5, b: 2}, (*x).(pair).b, (*x).(pair).s}
			(*y).(pair).b.(*ware).Qty = 6
			*y = pair{pair{a: 1, b: 7}, (*y).(pair).b, (*y).(pair).s}
			(*y).(pair).s[1] = 8
			r := merged(t, &base, x, y)
			assert.Equal(t, pair{pair{a: 5, b: 7}, &ware{Qty: 6}, []int{1, 8}}, *r)
		}},
	} {
		t.Run(tt.reason, tt.test)
	}
}

// TestMergeDoubt checks that what cannot be told apart is not mixed up.
func TestMergeDoubt(t *testing.T) {
	list := func(vals ...int) *node {
		var head *node
		for i := len(vals) - 1; i >= 0; i-- {
			head = &node{head, vals[i]}
		}
		return head
	}
	type index struct {
		Head *node
		All  []*node
	}
	indexed := func(vals ...int) *index {
		v := &index{Head: list(vals...)}
		for n := v.Head; n != nil; n = n.Next {
			v.All = append(v.All, n)
		}
		return v
	}
	type two struct{ A, B *node }
	for _, tt := range []struct {
		reason string
		test   func(t *testing.T) *deep.ConflictError
	}{
		{"one took the head off, the other changed what moved up", func(t *testing.T) *deep.ConflictError {
			type list struct {
				Head *ware
				Next *list
			}
			base := &list{&ware{ID: "a"}, &list{&ware{ID: "b"}, &list{&ware{ID: "c"}, nil}}}
			x, y := copied(t, base), copied(t, base)
			*x = *x.Next
			y.Next.Head.Qty = 1
			_, c := merge(t, base, x, y)
			return c
		}},
		{"the same with a slice of pointers that keeps its length", func(t *testing.T) *deep.ConflictError {
			base := &[]*ware{{ID: "a"}, {ID: "b"}, {ID: "c"}}
			x, y := copied(t, base), copied(t, base)
			*x = append((*x)[1:], &ware{ID: "d"})
			(*y)[1].Qty = 1
			_, c := merge(t, base, x, y)
			return c
		}},
		{"objects that look the same, one re-linked to the other, which is changed", func(t *testing.T) *deep.ConflictError {
			base := indexed(0, 0, 0)
			x, y := copied(t, base), copied(t, base)
			x.Head = x.All[2]
			y.All[0].Val = 5
			_, c := merge(t, base, x, y)
			return c
		}},
		{"two objects that look the same became one", func(t *testing.T) *deep.ConflictError {
			base := &two{&node{}, &node{}}
			x, y := copied(t, base), copied(t, base)
			x.A = x.B
			y.A.Val = 5
			_, c := merge(t, base, x, y)
			return c
		}},
		{"the same with what is behind interfaces in them", func(t *testing.T) *deep.ConflictError {
			base := &[2]*[1]any{{&ware{}}, {&ware{}}}
			x, y := copied(t, base), copied(t, base)
			x[0] = x[1]
			y[0][0].(*ware).Qty = 5
			_, c := merge(t, base, x, y)
			return c
		}},
		{"an object that one version cut off and the other refers to anew", func(t *testing.T) *deep.ConflictError {
			base := &two{A: &node{Val: 1}}
			x, y := copied(t, base), copied(t, base)
			x.A = nil
			y.B = y.A
			_, c := merge(t, base, x, y)
			return c
		}},
		{"the same from within something new", func(t *testing.T) *deep.ConflictError {
			base := &two{A: &node{Val: 1}}
			x, y := copied(t, base), copied(t, base)
			x.A = nil
			y.B = &node{Next: y.A}
			_, c := merge(t, base, x, y)
			return c
		}},
		{"a key that was changed, by both", func(t *testing.T) *deep.ConflictError {
			base := &map[*ware]int{{ID: "a"}: 1}
			x, y := copied(t, base), copied(t, base)
			for k := range *x {
				k.Qty = 1
			}
			for k := range *y {
				k.Note = "y"
			}
			_, c := merge(t, base, x, y)
			return c
		}},
		{"one of two keys that look the same, removed by one and changed by the other", func(t *testing.T) *deep.ConflictError {
			base := &map[*ware]int{{ID: "a"}: 1, {ID: "a"}: 1}
			x, y := copied(t, base), copied(t, base)
			for k := range *x {
				delete(*x, k)
				break
			}
			for k := range *y {
				k.Qty = 1
				break
			}
			_, c := merge(t, base, x, y)
			return c
		}},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			for range 20 { // maps are in any order
				require.NotNil(t, tt.test(t))
			}
		})
	}
	t.Run("looks that tell which is which leave no doubt", func(t *testing.T) {
		base := indexed(1, 2, 3)
		x, y := copied(t, base), copied(t, base)
		x.Head = x.All[2]
		y.All[1].Val = 5
		_, c := merge(t, base, x, y)
		require.NotNil(t, c, "but what the old target leads to belongs to the reference")
		assert.Equal(t, "index.Head", c.Path)

		type byIndex struct {
			All  []*node
			Head *node
		}
		other := &byIndex{base.All, base.Head}
		p, q := copied(t, other), copied(t, other)
		p.Head = p.All[2]
		q.All[1].Val, q.All[2].Val = 5, 6
		r := merged(t, other, p, q)
		assert.Same(t, r.All[2], r.Head)
		assert.Equal(t, 6, r.Head.Val)
	})
}

// TestMergeTypes checks types with rules of their own.
func TestMergeTypes(t *testing.T) {
	type tagged struct {
		Share *node `hooks:"share"`
		Zero  *node `hooks:"zero"`
		Minus *node `hooks:"-"`
		N     int
	}
	s1, s2, s3 := &node{Val: 1}, &node{Val: 2}, &node{Val: 3}
	t.Run("tags", func(t *testing.T) {
		base := &tagged{Share: s1, Zero: s1, Minus: s1}
		x, y := copied(t, base), copied(t, base)
		x.Share, x.Zero, x.Minus = s2, s2, s2
		y.N, y.Minus = 1, s3
		r := merged(t, base, x, y)
		assert.Same(t, s2, r.Share, "share: the value itself is merged")
		assert.Nil(t, r.Zero, "zero stays zero")
		assert.Same(t, s1, r.Minus, "-: that of the base")
		y.Share = s3
		_, c := merge(t, base, x, y)
		assert.Equal(t, "tagged.Share", c.Path)
	})
	t.Run("functions, channels and errors are identities", func(t *testing.T) {
		type ids struct {
			F func()
			C chan int
			E error
			A any
		}
		e1, e2 := errors.New("e"), errors.New("e")
		base := &ids{E: e1, A: e1}
		x, y := copied(t, base), copied(t, base)
		x.C, x.E = make(chan int), e2
		y.F, y.A = func() {}, e2
		r := merged(t, base, x, y)
		assert.Equal(t, x.C, r.C)
		assert.NotNil(t, r.F)
		assert.Same(t, e2, r.E)
		assert.Same(t, e2, r.A)
		y.E = errors.New("e")
		_, c := merge(t, base, x, y)
		assert.Equal(t, "ids.E", c.Path)
	})
	type sync1 struct {
		Mu   sync.Mutex
		N    atomic.Int64
		P    atomic.Pointer[node]
		V    atomic.Value
		M    sync.Map
		Once sync.Once
		Next *node
	}
	t.Run("synchronisers", func(t *testing.T) {
		base := &sync1{Next: &node{}}
		base.V.Store([]int{1, 2})
		base.M.Store("a", 1)
		base.M.Store("b", base.Next)
		x, y := copied(t, base), copied(t, base)
		x.Mu.Lock()
		x.N.Store(5)
		x.V.Load().([]int)[0] = 6
		x.M.Store("a", 2)
		x.Once.Do(func() {})
		y.V.Load().([]int)[1] = 7
		y.P.Store(y.Next)
		y.M.Store("c", y.Next)
		y.M.Delete("b")
		r := merged(t, base, x, y)
		assert.True(t, r.Mu.TryLock(), "a lock is new")
		assert.EqualValues(t, 5, r.N.Load())
		assert.Equal(t, []int{6, 7}, r.V.Load())
		assert.Same(t, r.Next, r.P.Load())
		c, _ := r.M.Load("c")
		assert.Same(t, r.Next, c)
		a, _ := r.M.Load("a")
		assert.Equal(t, 2, a)
		_, ok := r.M.Load("b")
		assert.False(t, ok)
		r.Once.Do(func() { t.Error("done is data") })

		y.N.Store(6)
		_, conflict := merge(t, base, x, y)
		assert.Equal(t, "sync1.N", conflict.Path)
		y.N.Store(0)
		y.V.Store([]int{1})
		_, conflict = merge(t, base, x, y)
		assert.Equal(t, "sync1.V", conflict.Path)
	})
	t.Run("what Diff shows whole is one value", func(t *testing.T) {
		type leafs struct {
			B *big.Int
			T time.Time
			S strings.Builder
		}
		now := time.Now()
		base := &leafs{B: new(big.Int).Lsh(big.NewInt(1), 100), T: now}
		base.S.WriteString("base")
		x, y := copied(t, base), copied(t, base)
		x.B.Add(x.B, big.NewInt(1))
		x.S.WriteString("!")
		y.T = now.Add(1)
		r := merged(t, base, x, y)
		assert.Zero(t, r.B.Cmp(x.B))
		assert.True(t, r.T.Equal(y.T))
		r.S.WriteString("?")
		assert.Equal(t, "base!?", r.S.String())
		y.B.Neg(y.B)
		_, c := merge(t, base, x, y)
		assert.Equal(t, "leafs.B", c.Path, "its sign and its digits are not apart")
	})
	t.Run("types with a DeepCopy method are one value", func(t *testing.T) {
		type owners struct {
			V   brother
			P   *brother
			Q   *brother
			N   int
			Any any
		}
		p := &brother{a: 1, b: 2}
		base := &owners{P: p, Q: p, Any: brother{a: 3}}
		x, y := copied(t, base), copied(t, base)
		x.V.a, x.P.a, x.Any = 5, 6, brother{a: 7}
		y.N = 1
		r := merged(t, base, x, y)
		assert.Equal(t, owners{V: brother{a: 5}, P: &brother{a: 6, b: 2}, Q: &brother{a: 6, b: 2}, N: 1, Any: brother{a: 7}}, *r)
		assert.Same(t, r.P, r.Q)
		assert.Equal(t, brother{a: 1, b: 2}, *p)
		y.Q.b = 7
		_, c := merge(t, base, x, y)
		assert.Equal(t, "owners.P", c.Path)

		mine, yours := &[1]*steady{{1}}, &[1]*steady{{2}}
		kept := mine[0]
		assert.Equal(t, &[1]*steady{{2}}, merged(t, mine, yours, mine))
		assert.Equal(t, steady{1}, *kept, "what a method returns may be the original and is not written")
	})
	t.Run("NaN keys", func(t *testing.T) {
		base := &map[float64]int{math.NaN(): 1, math.NaN(): 2, 0: 3}
		x, y := copied(t, base), copied(t, base)
		(*x)[math.NaN()] = 4
		(*y)[0] = 5
		r := merged(t, base, x, y)
		assert.True(t, deep.Equal(&map[float64]int{math.NaN(): 1, math.NaN(): 2, math.NaN(): 4, 0: 5}, r))
		delete(*x, 0)
		(*x)[math.Copysign(0, -1)] = 3
		r = merged(t, base, x, y)
		assert.Equal(t, 5, (*r)[0], "-0 and 0 are one key")
	})
}

// A brother is two numbers that must go together.
type brother struct{ a, b int }

func (x *brother) DeepCopy() *brother { y := *x; return &y }

// A steady is copied by its method, and shared by that.
type steady struct{ n int }

func (s *steady) DeepCopy() *steady { return s }

func TestMergeErrors(t *testing.T) {
	base := map[string]string{"secret": "old"}
	x, y := map[string]string{"secret": "left"}, map[string]string{}
	_, _, err := deep.Merge(&base, []*map[string]string{&base, &x, &y}, deep.Options{})
	var c *deep.ConflictError
	require.ErrorAs(t, err, &c)
	assert.Equal(t, deep.ConflictError{
		Path: `map[string]string["secret"]`, Shape: "map[string]string[…]", First: 1, Second: 2,
		Before: `"old"`, Left: `"left"`, Right: "",
	}, *c)
	assert.Equal(t, `cannot merge map[string]string["secret"]: version 1 and version 2 changed it, or what it leads to, in different `+
		`ways; let only one of them change it, or run them one after the other: it was "old", the one made it "left", `+
		`the other nothing`, c.Error())
	for _, secret := range []string{"secret", "old", "left"} {
		assert.NotContains(t, c.Redacted(), secret)
	}

	_, _, err = deep.Merge[int](nil, nil, deep.Options{})
	var nc *deep.NotCopyableError
	require.ErrorAs(t, err, &nc)
	_, _, err = deep.Merge(new(int), []*int{nil}, deep.Options{})
	require.ErrorAs(t, err, &nc)
}

// TestMergeConflictOrder checks that of several conflicts one is told, whatever the order of the versions and of maps.
func TestMergeConflictOrder(t *testing.T) {
	type site struct{ x, y int }
	sites := map[site]int{}
	for i := range 20 {
		sites[site{i % 4, i / 4}] = i
	}
	checkConflict(t, &sites, func(m *map[site]int, side int) {
		for k := range *m {
			(*m)[k] = 100 * side
		}
	}, "map[deep_test.site]int[{x:0 y:0}]")

	type long struct {
		id   int
		rest [100]int // more than a look takes in
	}
	type index struct {
		all []*long
		by  map[*long]int
	}
	x := index{all: []*long{{id: 1}}, by: map[*long]int{}}
	checkConflict(t, &x, func(v *index, side int) {
		if side == 2 {
			v.all[0].rest[99] = 5
		}
		v.by[v.all[0]] = side
	}, fmt.Sprintf("index.by[&{id:1 rest:%v}]", [100]int{}))
}

// checkConflict checks that versions which do does something to for each side are in conflict at path.
func checkConflict[T any](t *testing.T, base *T, do func(v *T, side int), path string) {
	t.Helper()
	for range 20 {
		x, y := copied(t, base), copied(t, base)
		do(x, 1)
		do(y, 2)
		_, c1 := merge(t, base, x, y)
		_, c2 := merge(t, base, y, x)
		require.NotNil(t, c1)
		require.Equal(t, path, c1.Path)
		require.Equal(t, c1, swapped(c2))
	}
}

func TestMergeOptions(t *testing.T) {
	base := make([]*ware, 5000)
	for i := range base {
		base[i] = &ware{Qty: i}
	}
	x := copied(t, &base)
	(*x)[3].Note = "note"
	size, err := deep.Size(x, deep.Options{})
	require.NoError(t, err)
	_, info, err := deep.Merge(&base, []*[]*ware{x}, deep.Options{Limit: size})
	require.NoError(t, err)
	assert.Equal(t, size, info.Size, "the result is measured, and nothing else")
	_, _, err = deep.Merge(&base, []*[]*ware{x}, deep.Options{Limit: size - 1})
	var large *deep.TooLargeError
	require.ErrorAs(t, err, &large)

	before, err := deep.Size(&base, deep.Options{})
	require.NoError(t, err)
	known := deep.Options{Adopt: true, Sizes: []int64{before, size}}
	known.Limit = size
	_, info, err = deep.Merge(&base, []*[]*ware{copied(t, x)}, known)
	require.NoError(t, err)
	assert.Equal(t, size, info.Size)
	known.Limit--
	_, _, err = deep.Merge(&base, []*[]*ware{copied(t, x)}, known)
	require.ErrorAs(t, err, &large, "sizes that are known have the same limit")

	end := errors.New("end")
	for n := 0; ; n++ {
		asked := 0
		_, _, err := deep.Merge(&base, []*[]*ware{x}, deep.Options{Stop: func() error {
			if asked++; asked > n {
				return end
			}
			return nil
		}})
		if err == nil {
			assert.Greater(t, n, 20, "it is asked in every pass")
			break
		}
		require.ErrorIs(t, err, end)
	}

	calls := 0
	_, _, err = deep.Merge(&brother{}, []*brother{{a: 1}}, deep.Options{Call: func(fn func()) error { calls++; fn(); return nil }})
	require.NoError(t, err)
	assert.Positive(t, calls)
	_, _, err = deep.Merge(&brother{}, nil, deep.Options{Call: func(func()) error { return end }})
	require.ErrorIs(t, err, end)
}

func TestMergeDepth(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	if testing.Short() {
		t.Skip("makes objects by the million")
	}
	t.Run("list", func(t *testing.T) {
		var head *node
		for i := range many / 4 {
			head = &node{head, i}
		}
		x, y := copied(t, head), copied(t, head)
		x.Val = -1
		for n := y; n != nil; n = n.Next {
			if n.Next == nil {
				n.Val = -2
			}
		}
		r := merged(t, head, x, y)
		assert.Equal(t, -1, r.Val)
		n := 1
		for ; r.Next != nil; r = r.Next {
			n++
		}
		assert.Equal(t, many/4, n)
		assert.Equal(t, -2, r.Val)
	})
	t.Run("new list", func(t *testing.T) {
		base := &node{}
		x, y := copied(t, base), copied(t, base)
		for i := range many / 20 {
			x.Next, y.Next = &node{x.Next, i}, &node{y.Next, i}
		}
		r := merged(t, base, x, y)
		assert.True(t, deep.Equal(x, r))
	})
	t.Run("boxes in boxes", func(t *testing.T) {
		type box struct {
			in any
			n  *int
		}
		var v any
		for i := range many / 20 {
			v = box{v, &i}
		}
		x, y := copied(t, &v), copied(t, &v)
		*(*x).(box).n, *(*y).(box).in.(box).n = 1, 2
		r := *merged(t, &v, x, y)
		assert.Equal(t, 1, *r.(box).n)
		assert.Equal(t, 2, *r.(box).in.(box).n)
	})
	t.Run("boxes shared by boxes", func(t *testing.T) {
		n := 0
		var v any = [1]any{&n}
		for range 60 {
			v = [2]any{v, v}
		}
		x := copied(t, &v)
		w := *x
		for range 60 {
			w = w.([2]any)[1]
		}
		*w.([1]any)[0].(*int) = 1
		assert.True(t, deep.Equal(x, merged(t, &v, x, copied(t, &v))))
	})
	t.Run("pointers to equal keys", func(t *testing.T) {
		m := map[*[2]int]int{}
		for range 5000 {
			m[new([2]int)] = 1
		}
		x := copied(t, &m)
		(*x)[new([2]int)] = 2
		assert.Len(t, *merged(t, &m, x, copied(t, &m)), 5001)
	})
}
