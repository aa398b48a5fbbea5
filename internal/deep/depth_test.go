package deep_test

import (
	"flag"
	"reflect"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks/internal/deep"
)

// checkDeep puts *v through everything that could overflow the stack.
func checkDeep[T any](t *testing.T, v *T) *T {
	t.Helper()
	c := copyOf(t, v)
	collect()
	return c
}

func TestDepth(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // less time for some memory
	if testing.Short() {
		t.Skip("makes objects by the million")
	}
	t.Run("list", func(t *testing.T) {
		var head *node
		for i := range many {
			head = &node{head, i}
		}
		c := checkDeep(t, head)
		n := 0
		for x := c; x != nil; x = x.Next {
			n++
		}
		assert.Equal(t, many, n)
		for x := c; x != nil; x = x.Next {
			if x.Next == nil {
				x.Val = -1
			}
		}
		changes, _ := deep.Diff(head, c, 5)
		require.Len(t, changes, 1)
		assert.Less(t, len(changes[0].Path), 512)
	})
	t.Run("boxes in boxes", func(t *testing.T) {
		type box struct {
			in any
			n  int
		}
		var v any
		for i := range many / 20 {
			v = box{v, i}
		}
		v = []any{v, &v}
		checkDeep(t, &v)
	})
	t.Run("maps with pointer keys", func(t *testing.T) {
		type key struct{ m map[*key]int }
		v := &key{}
		for i := range many / 40 {
			v = &key{map[*key]int{v: i}}
		}
		checkDeep(t, v)
	})
	t.Run("pointers to pointers", func(t *testing.T) {
		type p *p
		var v p
		for range many / 20 {
			w := v
			v = p(&w)
		}
		checkDeep(t, &v)
	})
}

// TestMillionDeep nests, one in the other, up to a million values of each kind that can be nested. What is not done with a
// list of its own would need a million frames of the stack for each.
func TestMillionDeep(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	if testing.Short() {
		t.Skip("makes objects by the million")
	}
	type chain map[string]chain
	type nest []nest
	type box struct {
		in any
		n  *int
	}
	type link struct {
		data map[string]any
		next *link
	}
	for _, tt := range []struct {
		name, reason string
		checked      func(t *testing.T)
	}{
		{"maps", "of one type, which is known without an interface", func(t *testing.T) {
			var v chain
			for range many / 2 {
				v = chain{"in": v}
			}
			c := *checkDeep(t, &v)
			depth := 0
			for ; c != nil; c = c["in"] {
				depth++
			}
			assert.Equal(t, many/2, depth)
		}},
		{"maps in interfaces", "as decoders of JSON make them", func(t *testing.T) {
			var v any
			for range many / 2 {
				v = map[string]any{"in": v}
			}
			checkDeep(t, &v)
		}},
		{"slices of one type", "each is the only element of another", func(t *testing.T) {
			var v nest
			for range many / 2 {
				v = nest{v}
			}
			checkDeep(t, &v)
		}},
		{"slices in interfaces", "a []any in a []any", func(t *testing.T) {
			var v any
			for range many / 2 {
				v = []any{v}
			}
			checkDeep(t, &v)
		}},
		{"pointers to interfaces", "a variable that holds a pointer to the next", func(t *testing.T) {
			var v any
			for range many / 2 {
				w := v
				v = &w
			}
			checkDeep(t, &v)
		}},
		{"boxes", "a struct in an interface in a struct: one is complete before it is stored", func(t *testing.T) {
			var v any
			for i := range many / 8 {
				v = box{v, &i}
			}
			c := *checkDeep(t, &v)
			depth := 0
			for b, ok := c.(box); ok; b, ok = b.in.(box) {
				depth++
			}
			assert.Equal(t, many/8, depth)
		}},
		{"a list of maps", "decoded records, one after the other", func(t *testing.T) {
			var v *link
			for i := range many / 10 {
				v = &link{map[string]any{"id": i, "of": []any{v}}, v}
			}
			c := checkDeep(t, v)
			assert.Same(t, c.next, c.data["of"].([]any)[0])
		}},
		{"atomic.Pointers", "a lock-free list", func(t *testing.T) {
			type atom struct{ next atomic.Pointer[atom] }
			v := new(atom)
			for range many / 4 {
				w := new(atom)
				w.next.Store(v)
				v = w
			}
			checkDeep(t, v)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) { t.Log(tt.reason); tt.checked(t) })
	}
}

// TestLongestList copies a list of 20 million. The time is that of meeting each object once, and so is the memory.
var long = flag.Bool("deep.long", false, "run the tests that take gigabytes")

func TestLongestList(t *testing.T) {
	if !*long {
		t.Skip("takes 3 GB; run it with -deep.long")
	}
	const length = 20_000_000
	var head *node
	for i := range length {
		head = &node{head, i}
	}
	before, start := allocated(), time.Now()
	dst, info, done, err := deep.PlanCopy(reflect.ValueOf(head), deep.Options{})
	took, used := time.Since(start), allocated()-before
	require.NoError(t, err)
	require.True(t, done, "it is not for the obvious engine, which needs several times as much")
	t.Logf("%v, and %d bytes allocated for each element", took, used/length)
	assert.Equal(t, int64(length*16), info.Size)
	assert.Less(t, used, uint64(256*length), "16 for the copy, the rest to know it again")
	i := length
	for a, b := head, dst.Interface().(*node); a != nil; a, b = a.Next, b.Next {
		if i--; a == b || b.Val != i || (a.Next == nil) != (b.Next == nil) {
			t.Fatalf("element %d: %p became %p with %d", i, a, b, b.Val)
		}
	}
	assert.Zero(t, i)
}

// allocated is how many bytes have been allocated up to now.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// TestNoBlowUp checks that work is counted in objects and not in the paths to them.
func TestNoBlowUp(t *testing.T) {
	t.Run("boxes shared by boxes", func(t *testing.T) {
		var v any = []int{1}
		for range 60 {
			v = [2]any{v, v}
		}
		c := copyOf(t, &v)
		w := *c
		assert.True(t, deep.Equal(&v, &w))
	})
	t.Run("interlinked cycles", func(t *testing.T) {
		type n struct{ to [4]*n }
		mk := func() *n {
			var all [40]*n
			for i := range all {
				all[i] = &n{}
			}
			for i := range all {
				for j := range 4 {
					all[i].to[j] = all[(i*7+j*j+1)%len(all)]
				}
			}
			return all[0]
		}
		copyOf(t, mk())
		assert.True(t, deep.Equal(mk(), mk()))
	})
	t.Run("many slices of one array", func(t *testing.T) {
		a := make([]any, 5000)
		v := make([][]any, len(a))
		for i := range a {
			v[i] = a[i:]
		}
		c, _, err := deep.Copy(&v, deep.Options{})
		require.NoError(t, err)
		assert.Same(t, &(*c)[0][10], &(*c)[10][0])
	})
	t.Run("pointers to equal keys", func(t *testing.T) {
		m := map[*[2]int]int{}
		for range 5000 {
			m[new([2]int)] = 1
		}
		copyOf(t, &m)
	})
}

func TestWideTypes(t *testing.T) {
	typ := reflect.TypeFor[node]()
	for range 1000 {
		typ = reflect.SliceOf(typ)
	}
	assert.NotEmpty(t, deep.Explain(typ))
}
