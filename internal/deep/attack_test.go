package deep_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks/internal/deep"
)

// TestOpenBoxAsKey checks that a box is complete before it becomes a key: what it leads to may hold a map that it is a key
// of, and a map puts an entry where the key's content says.
func TestOpenBoxAsKey(t *testing.T) {
	type tree struct{ m map[any]int }
	type key struct {
		p *tree
		n int
	}
	v := &tree{m: map[any]int{}}
	var k any = key{v, 1}
	v.m[k] = 1
	for i := range 100 {
		v.m[i] = i
	}
	c := *copyOf(t, &k)
	assert.Equal(t, 1, c.(key).p.m[c], "the copy finds itself")
	assert.Len(t, c.(key).p.m, 101)
}

// TestOneBoxTwoInterfaces checks that a value is one value, whatever interfaces hold it.
func TestOneBoxTwoInterfaces(t *testing.T) {
	type both struct {
		a any
		b fmt.Stringer
	}
	x := named{new(int), new(int)}
	v := &both{x, nil}
	v.b = v.a.(fmt.Stringer)
	_, want, err := deep.ObviousCopy(reflect.ValueOf(v), deep.Options{})
	require.NoError(t, err)
	_, got, err := deep.Copy(v, deep.Options{})
	require.NoError(t, err)
	assert.Equal(t, want.Size, got.Size)
}

type named struct{ a, b *int }

func (named) String() string { return "named" }

// TestEmptiedMap checks that the copy of a map that once was large is no larger than it has to be.
func TestEmptiedMap(t *testing.T) {
	for _, left := range []int{0, 1, 100} {
		m := map[string]int{}
		for i := range 100_000 {
			m[fmt.Sprint(i)] = i
		}
		for k, v := range m {
			if v >= left {
				delete(m, k)
			}
		}
		c := *copyOf(t, &m)
		assert.Equal(t, m, c)
		c["one more"] = 1 // there is no telling the room of an empty map
		assert.Less(t, deep.RoomOf(c), 1000)
	}
}

// TestKeysThatBecomeOne checks that no entry is lost because a copy leaves out what told two keys apart.
func TestKeysThatBecomeOne(t *testing.T) {
	type key struct {
		a int
		b int `hooks:"zero"`
	}
	nc := refusal(t, &struct{ M map[key]int }{map[key]int{{1, 1}: 1, {1, 2}: 2}})
	assert.Contains(t, nc.Error(), "would be one key")
	copyOf(t, &struct{ M map[key]int }{map[key]int{{1, 1}: 1, {2, 2}: 2}})
}

// TestSlicesWithOneStart checks slices of one array that begin together: each is noted once.
func TestSlicesWithOneStart(t *testing.T) {
	a := make([]*int, 300)
	for i := range a {
		a[i] = new(int)
	}
	var v [][]*int
	for i := range a {
		v = append(v, a[:i+1], a[:i+1:i+1])
	}
	c := *copyOf(t, &v)
	assert.Same(t, &c[0][0], &c[599][0])
	assert.Same(t, &c[599][298], &c[597][298])
}

// TestAskedOnce checks that a method is not asked again when the obvious engine takes over.
func TestAskedOnce(t *testing.T) {
	calls := 0
	o := deep.Options{Call: func(fn func()) error { calls++; fn(); return nil }}
	v := &struct {
		x byPointer
		p *byPointer
		m map[[2]int]*byPointer
		a []int
		b []int
	}{m: map[[2]int]*byPointer{{1}: {}}, a: make([]int, 4)}
	v.p, v.b = &v.x, v.a[1:3:3]
	_, _, err := deep.Copy(v, o)
	require.NoError(t, err)
	assert.Equal(t, 2, calls, "the field and the map's value; the pointer leads to the field")
}

// BenchmarkLateDifferences compares maps with pointer keys that differ in a late part alone. Twice as many keys must not
// take four times as long.
func BenchmarkLateDifferences(b *testing.B) {
	for _, n := range []int{100, 200, 400} {
		m := map[*[100]int]int{}
		for i := range n {
			m[&[100]int{99: i}] = i
		}
		c := *copyOf(b, &m)
		b.Run(fmt.Sprintf("keys=%d", n), func(b *testing.B) {
			for b.Loop() {
				if !deep.Equal(&m, &c) {
					b.Fatal("a copy is not equal")
				}
			}
		})
	}
}
