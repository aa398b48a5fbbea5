package deep_test

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"

	"github.com/hooktx/hooks/internal/deep"
)

func eq[T any](a, b T) bool { return deep.Equal(&a, &b) && deep.Equal(&b, &a) }

func TestEqual(t *testing.T) {
	nan2 := math.Float64frombits(math.Float64bits(math.NaN()) ^ 1)
	shared := &node{Val: 1}
	f, g := func() int { return 1 }, func() int { return 1 }
	mk := func(n int) func() int { return func() int { return n } }
	now := time.Now()
	type tagged struct {
		S *node `hooks:"share"`
		Z *node `hooks:"zero"`
		I *node `hooks:"-"`
	}
	type lock struct {
		mu sync.Mutex
		n  int
	}
	locked := &lock{}
	locked.mu.Lock()
	a1, a2, a3 := &atomic.Int64{}, &atomic.Int64{}, &atomic.Int64{}
	a3.Store(1)
	keys := func(vals ...int) map[*node]int {
		m := map[*node]int{}
		for _, v := range vals {
			m[&node{Val: v / 10}] = v % 10
		}
		return m
	}
	for _, tt := range []struct {
		reason string
		want   bool
		got    bool
	}{
		{"a NaN equals itself", true, eq(math.NaN(), math.NaN())},
		{"and not another NaN", false, eq(math.NaN(), nan2)},
		{"-0 is not 0", false, eq(math.Copysign(0, -1), 0)},
		{"the same in a complex number", false, eq(complex(0, math.Copysign(0, -1)), 0)},
		{"nil is not empty: slice", false, eq([]int(nil), []int{})},
		{"nil is not empty: map", false, eq(map[int]int(nil), map[int]int{})},
		{"capacity does not count", true, eq(make([]int, 1, 5), make([]int, 1))},
		{"bytes", false, eq([]byte("a"), []byte("b"))},
		{"length", false, eq([]int{1}, []int{1, 1})},
		{"sharing alone does not count", true, eq([2]*node{shared, shared}, [2]*node{{Val: 1}, {Val: 1}})},
		{"what is behind pointers counts", false, eq([2]*node{shared, shared}, [2]*node{{Val: 1}, {Val: 2}})},
		{"nil pointer", false, eq(shared, nil)},
		{"functions by identity", false, eq(f, g)},
		{"the same function", true, eq(f, f)},
		{"closures of one function", false, eq(mk(1), mk(2))},
		{"channels by identity", false, eq(make(chan int), make(chan int))},
		{"errors by identity", false, eq[error](&myError{"a"}, &myError{"a"})},
		{"errors in any by identity", false, eq[any](&myError{"a"}, &myError{"a"})},
		{"the same error", true, eq[any](error(locker{1}), error(locker{1}))},
		{"dynamic types", false, eq[any](1, int64(1))},
		{"typed nil is not nil", false, eq[any](nil, (*node)(nil))},
		{"values in interfaces", true, eq[any]([1]any{&node{}}, [1]any{&node{}})},
		{"times by zone and monotonic reading", false, eq(now, now.Round(0))},
		{"times by location", false, eq(now, now.In(time.FixedZone("x", 1)))},
		{"share: by identity", false, eq(tagged{S: &node{}}, tagged{S: &node{}})},
		{"share: the same", true, eq(tagged{S: shared}, tagged{S: shared})},
		{"zero and - are not looked at", true, eq(tagged{Z: shared, I: shared}, tagged{})},
		{"locks have no value", true, deep.Equal(locked, &lock{})},
		{"fields behind them have", false, deep.Equal(locked, &lock{n: 1})},
		{"atomics by value", true, deep.Equal(a1, a2)},
		{"atomics that differ", false, deep.Equal(a1, a3)},
		{"pointer keys by content", true, eq(keys(11, 22, 33), keys(22, 33, 11))},
		{"and value", false, eq(keys(11, 22), keys(11, 23))},
		{"equal keys by the values they lead to", true, eq(keys(11, 12, 13), keys(12, 13, 11))},
		{"as many as there are", false, eq(keys(11, 12, 12), keys(12, 11, 11))},
		{"keys that differ far inside", false, eq(map[*[100]int]int{{}: 1}, map[*[100]int]int{{99: 1}: 1})},
		{"NaN keys", true, eq(map[float64]int{math.NaN(): 1, math.NaN(): 2}, map[float64]int{math.NaN(): 2, math.NaN(): 1})},
		{"keys that differ", false, eq(map[string]int{"a": 1}, map[string]int{"b": 1})},
		{"values that differ", false, eq(map[string]int{"a": 1}, map[string]int{"a": 2})},
		{"big numbers", false, eq(big.NewInt(1), big.NewInt(2))},
		{"identity of shared structs", true, eq(tagged{}, tagged{})},
	} {
		assert.Equal(t, tt.want, tt.got, tt.reason)
	}
	assert.True(t, deep.Equal[int](nil, nil))
	assert.False(t, deep.Equal(nil, new(int)))
}

// A locker is an error that is a plain value.
type locker struct{ n int }

func (locker) Error() string { return "" }

func TestEqualCycles(t *testing.T) {
	ring := func(n int) *node {
		head := &node{}
		x := head
		for range n - 1 {
			x.Next = &node{}
			x = x.Next
		}
		x.Next = head
		return head
	}
	assert.True(t, deep.Equal(ring(2), ring(3)), "by path there is no difference")
	odd := ring(3)
	odd.Next.Val = 1
	assert.False(t, deep.Equal(ring(2), odd))
	var a, b any
	a, b = []any{&a}, []any{&b}
	assert.True(t, deep.Equal(&a, &b))
	type key struct {
		m map[*key]int
		n int
	}
	mk := func(last int) *key {
		k, l := &key{n: 1}, &key{n: last}
		k.m = map[*key]int{k: 1, l: 2}
		l.m = k.m
		return k
	}
	assert.True(t, deep.Equal(mk(2), mk(2)))
	assert.False(t, deep.Equal(mk(2), mk(3)))
	assert.True(t, deep.Equal(mk(1), mk(1)))
}

type item struct {
	Name  string
	Qty   int
	Price float64
}

type order struct {
	ID    string
	Lines []*item
	Data  map[string]any
	When  time.Time
	Big   *big.Int
	Body  []byte
	text  strings.Builder
	Keys  map[*item]int
	Once  sync.Once
	SM    sync.Map
	N     atomic.Int32
	P     atomic.Pointer[item]
	V     atomic.Value
	Arr   [2]int
	Any   any
	Self  *order
}

func newOrder() *order {
	o := &order{ID: "o-1", Lines: []*item{{"a", 1, 1}, {"b", 2, 2}}, Big: big.NewInt(5), Body: []byte("body")}
	o.Data = map[string]any{"user": map[string]any{"name": "x", "id": 7}, "list": []any{1, "2"}}
	o.When = time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	o.Keys = map[*item]int{o.Lines[0]: 1, o.Lines[1]: 2}
	o.SM.Store("k", []int{1})
	o.P.Store(&item{Name: "p"})
	o.V.Store("v")
	o.Self = o
	return o
}

func TestDiff(t *testing.T) {
	type changes = []deep.Change
	for _, tt := range []struct {
		reason string
		edit   func(o *order)
		want   changes
	}{
		{"nothing", func(o *order) {}, nil},
		{"a field", func(o *order) { o.ID = "o-2" }, changes{{"ID", `"o-1"`, `"o-2"`}}},
		{"a field of an element", func(o *order) { o.Lines[1].Qty = 3 }, changes{{"Lines[1].Qty", "2", "3"}}},
		{"an element more", func(o *order) { o.Lines = append(o.Lines, &item{"c", 3, 3}) },
			changes{{"Lines[2]", "", `&{Name:"c" Qty:3 Price:3}`}}},
		{"an element less", func(o *order) { o.Lines = o.Lines[:1] },
			changes{{"Lines[1]", `&{Name:"b" Qty:2 Price:2}`, ""}}},
		{"a slice gone", func(o *order) { o.Lines = nil }, changes{{"Lines", `[&{Name:"a" Qty:1 Price:1} &{Name:"b" Qty:2 Price:2}]`, "nil"}}},
		{"in nested maps", func(o *order) { o.Data["user"].(map[string]any)["name"] = "y" }, changes{{`Data["user"]["name"]`, `"x"`, `"y"`}}},
		{"keys come and go, in order", func(o *order) { delete(o.Data, "user"); o.Data["a"] = 1; o.Data["z"] = nil },
			changes{{`Data["a"]`, "", "1"}, {`Data["user"]`, `{"id":7 "name":"x"}`, ""}, {`Data["z"]`, "", "nil"}}},
		{"another type", func(o *order) { o.Data["list"] = "no" }, changes{{`Data["list"]`, `[1 "2"]`, `"no"`}}},
		{"a time is shown whole", func(o *order) { o.When = o.When.Add(time.Hour) },
			changes{{"When", "2024-01-02T03:04:05Z", "2024-01-02T04:04:05Z"}}},
		{"a big number too", func(o *order) { o.Big.SetInt64(6) }, changes{{"Big", "5", "6"}}},
		{"bytes too", func(o *order) { o.Body[0] = 'B' }, changes{{"Body", `"body"`, `"Body"`}}},
		{"unexported", func(o *order) { o.text.WriteString("t") }, changes{{"text", `""`, `"t"`}}},
		{"a pointer key keeps its name", func(o *order) { o.Keys[o.Lines[1]] = 9 },
			changes{{`Keys[&{Name:"b" Qty:2 Price:2}]`, "2", "9"}}},
		{"a Once", func(o *order) { o.Once.Do(func() {}) }, changes{{"Once", "sync.Once", "sync.Once"}}},
		{"a sync.Map", func(o *order) { o.SM.Store("k", []int{2}) }, changes{{`SM["k"][0]`, "1", "2"}}},
		{"an atomic", func(o *order) { o.N.Store(4) }, changes{{"N", "0", "4"}}},
		{"an atomic.Pointer", func(o *order) { o.P.Load().Qty = 1 }, changes{{"P.Qty", "0", "1"}}},
		{"an atomic.Pointer to nil", func(o *order) { o.P.Store(nil) }, changes{{"P", `&{Name:"p" Qty:0 Price:0}`, "nil"}}},
		{"an atomic.Value", func(o *order) { o.V.Store("w") }, changes{{"V", `"v"`, `"w"`}}},
		{"an array", func(o *order) { o.Arr[1] = 1 }, changes{{"Arr[1]", "0", "1"}}},
		{"several, in the order of fields", func(o *order) { o.Arr[0] = 1; o.Lines[0].Name = ""; o.ID = "" },
			changes{{"ID", `"o-1"`, `""`}, {"Lines[0].Name", `"a"`, `""`}, {"Arr[0]", "0", "1"}}},
	} {
		before := newOrder()
		after, _, err := deep.Copy(before, deep.Options{})
		assert.NoError(t, err)
		tt.edit(after)
		got, more := deep.Diff(before, after, 0)
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.reason, d)
		}
		assert.False(t, more)
		assert.Equal(t, len(tt.want) == 0, deep.Equal(before, after), tt.reason)
	}
}

func TestDiffRoots(t *testing.T) {
	one, two := 1, 2
	got, _ := deep.Diff(&one, &two, 1)
	assert.Equal(t, []deep.Change{{".", "1", "2"}}, got)
	a, b := map[string]int{"x": 1}, map[string]int{"x": 2}
	got, _ = deep.Diff(&a, &b, 1)
	assert.Equal(t, []deep.Change{{`["x"]`, "1", "2"}}, got)
	got, _ = deep.Diff(&one, nil, 1)
	assert.Len(t, got, 1)
	got, _ = deep.Diff[int](nil, nil, 1)
	assert.Empty(t, got)
}

// TestDiffPairsKeys checks that of equal keys as many keep their values as can.
func TestDiffPairsKeys(t *testing.T) {
	a, b := map[*node]int{}, map[*node]int{}
	for i := range 20 {
		a[&node{Val: 1}], b[&node{Val: 1}] = i, i+1
	}
	got, _ := deep.Diff(&a, &b, 0)
	assert.Equal(t, []deep.Change{{"[&{Next:nil Val:1}]", "0", "20"}}, got)
}

// TestDiffShowsOnce checks that a place which several paths lead to is one change.
func TestDiffShowsOnce(t *testing.T) {
	type s struct {
		n  int
		p  *int
		l  []node
		in *node
		x  *s
	}
	v := &s{l: make([]node, 2)}
	v.p, v.in, v.x = &v.n, &v.l[1], v
	c := copyOf(t, v)
	*c.p, c.in.Val = 1, 2
	got, _ := deep.Diff(v, c, 0)
	assert.Equal(t, []deep.Change{{"n", "0", "1"}, {"l[1].Val", "0", "2"}}, got)
}

func TestDiffMax(t *testing.T) {
	a, b := make([]int, 10), []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	for _, tt := range []struct {
		max, n int
		more   bool
	}{{0, 10, false}, {-1, 10, false}, {1, 1, true}, {9, 9, true}, {10, 10, false}, {11, 10, false}} {
		got, more := deep.Diff(&a, &b, tt.max)
		assert.Len(t, got, tt.n)
		assert.Equal(t, tt.more, more)
	}
}

// TestDiffIsStable checks that neither text nor order depends on the order of a map.
func TestDiffIsStable(t *testing.T) {
	type key struct{ n *node }
	mk := func(d int) any {
		m := map[any]any{true: d, false: d, 1i: d, 2i: d}
		for i := range 20 {
			m[i], m[key{&node{Val: i}}], m[float64(i)+.5], m[[1]int{i}] = i+d, i+d, i+d, i+d
		}
		return m
	}
	a, b := mk(0), mk(1)
	want, _ := deep.Diff(&a, &b, 0)
	assert.Len(t, want, 84)
	for range 5 {
		c, _, err := deep.Copy(&b, deep.Options{})
		assert.NoError(t, err)
		got, _ := deep.Diff(&a, c, 0)
		assert.Equal(t, want, got)
	}
}

// TestDiffOrdersAlike checks that keys that paths do not tell apart have one order, too: those that are shown alike, and
// NaNs with values that differ late.
func TestDiffOrdersAlike(t *testing.T) {
	type local struct{}
	more := strings.Repeat("more than is shown ", 20)
	checkOneOrder(t, "keys that differ late", mapOf(func(i int) [1]string { return [1]string{more + strconv.Itoa(i)} }))
	checkOneOrder(t, "keys whose types have one name", map[any]int{local{}: 1, localElsewhere(): 2})
	checkNaNs(t, "numbers", func(i int) int { return i })
	checkNaNs(t, "floats", func(i int) float64 { return []float64{0, math.Copysign(0, -1), 1, -1, math.Inf(1), math.NaN()}[i] })
	checkNaNs(t, "complex numbers", func(i int) complex64 { return complex(0, float32(i)) })
	checkNaNs(t, "booleans", func(i int) [3]bool { return [3]bool{i&4 != 0, i&2 != 0, i&1 != 0} })
	checkNaNs(t, "texts", strconv.Itoa)
	checkNaNs(t, "what copies share", func(i int) *time.Location { return time.FixedZone(strconv.Itoa(i), i) })
	checkNaNs(t, "pointers", func(i int) *node { return &node{Val: i} })
	checkNaNs(t, "slices of one array", func(i int) []int { return theArray[:i] })
	checkNaNs(t, "maps", func(i int) map[int]int { return map[int]int{i: i} })
	checkNaNs(t, "functions and what is behind", func(i int) beside { return beside{func() int { return i }, i % 2} })
	checkNaNs(t, "interfaces", func(i int) any { return []any{nil, 1, "1", 1.0, 2, [1]any{}}[i] })
	checkNaNs(t, "interfaces in interfaces", func(i int) any { return [1]any{[1]any{i}} })
}

type beside struct {
	f func() int
	n int
}

var theArray [6]int

// localElsewhere is of a type that has the name of one in TestDiffOrdersAlike.
func localElsewhere() any {
	type local struct{}
	return local{}
}

func mapOf[K comparable](key func(i int) K) map[K]int {
	m := map[K]int{}
	for i := range 6 {
		m[key(i)] = i + 1
	}
	return m
}

// checkOneOrder checks that one comparison of the map is like the next: with an empty one, and with one that has the
// same keys.
func checkOneOrder[K comparable](t *testing.T, reason string, m map[K]int) {
	t.Helper()
	zeros := map[K]int{}
	for k := range m {
		zeros[k] = 0
	}
	checkStable(t, reason, m, map[K]int{})
	checkStable(t, reason, m, zeros)
}

// A late is a value of which the beginning is that of all others.
type late[V any] struct {
	begin [64]int8
	v     V
}

// checkNaNs is checkOneOrder for maps of six keys that are alike.
func checkNaNs[V any](t *testing.T, reason string, value func(i int) V) {
	t.Helper()
	m, twins := map[float64]late[V]{}, map[float64]late[V]{}
	for i := range 6 {
		m[math.NaN()], twins[math.NaN()] = late[V]{v: value(i)}, late[V]{v: value(i / 2)}
	}
	checkStable(t, reason, m, map[float64]late[V]{})
	checkStable(t, reason, m, twins)
}

func checkStable[M any](t *testing.T, reason string, a, b M) {
	t.Helper()
	for _, x := range [][2]*M{{&a, &b}, {&b, &a}} {
		want, _ := deep.Diff(x[0], x[1], 0)
		assert.NotEmpty(t, want, reason)
		for max := range 20 {
			got, more := deep.Diff(x[0], x[1], max)
			assert.Equal(t, max > 0 && max < len(want), more, reason)
			if !assert.Equal(t, want[:min(len(got), len(want))], got, reason) {
				return
			}
		}
	}
}
