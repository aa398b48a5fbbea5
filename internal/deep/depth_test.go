package deep_test

import (
	"reflect"
	"runtime/debug"
	"testing"

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
	t.Run("slices in interfaces", func(t *testing.T) {
		var v any
		for range many / 2 {
			v = []any{v}
		}
		checkDeep(t, &v)
	})
	t.Run("maps", func(t *testing.T) {
		var v map[string]any
		for range many / 40 {
			v = map[string]any{"m": v}
		}
		checkDeep(t, &v)
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
