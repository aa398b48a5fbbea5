package deep_test

import (
	"bytes"
	"container/list"
	"context"
	"crypto/elliptic"
	"errors"
	"io"
	"math"
	"math/big"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unique"
	"unsafe"
	"weak"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks/internal/deep"
)

type node struct {
	Next *node
	Val  int
}

// TestIdentity checks that what was one object is one object in the copy, and no object of the original.
func TestIdentity(t *testing.T) {
	for _, tt := range []struct {
		name, reason string
		test         func(t *testing.T)
	}{
		{"two pointers to one object", "a change through one is seen through the other", func(t *testing.T) {
			n := &node{Val: 1}
			c := copyOf(t, &[2]*node{n, n})
			assert.Same(t, c[0], c[1])
			assert.NotSame(t, n, c[0])
		}},
		{"one slice in two fields", "both are one array", func(t *testing.T) {
			s := []int{1, 2}
			c := copyOf(t, &struct{ a, b []int }{s, s})
			c.a[0] = 9
			assert.Equal(t, 9, c.b[0])
			assert.Equal(t, 1, s[0])
		}},
		{"one map in two fields", "both are one map", func(t *testing.T) {
			m := map[string]int{"a": 1}
			c := copyOf(t, &struct{ a, b map[string]int }{m, m})
			c.a["b"] = 2
			assert.Len(t, c.b, 2)
			assert.Len(t, m, 1)
		}},
		{"overlapping slices", "a[0:3] and a[1:4] share two elements", func(t *testing.T) {
			a := []int{0, 1, 2, 3, 4}
			c := copyOf(t, &[][]int{a[0:3], a[1:4], a[4:5]})
			(*c)[0][1] = 9
			assert.Equal(t, 9, (*c)[1][0])
			assert.Equal(t, []int{0, 1, 2, 3, 4}, a)
		}},
		{"overlapping slices with three indices", "their capacities end at different places", func(t *testing.T) {
			a := []*node{{Val: 0}, {Val: 1}, {Val: 2}, {Val: 3}}
			c := copyOf(t, &[][]*node{a[2:3:3], a[0:2:2], a[1:3:4], a[1:1:1]})
			assert.Same(t, &(*c)[0][0], &(*c)[2][1])
			assert.Same(t, &(*c)[1][1], &(*c)[2][0])
			assert.NotNil(t, (*c)[3])
			assert.Equal(t, 2, (*c)[0][0].Val)
		}},
		{"a slice with three indices in one without", "each has the capacity of its length, and no append shows elsewhere",
			func(t *testing.T) {
				a := []int{0, 1, 2, 3, 4, 5}
				type s struct{ whole, cut, tail, part []int }
				c := copyOf(t, &s{a, a[1:3:4], a[4:6:6], a[2:5:5]})
				assert.Same(t, &c.whole[1], &c.cut[0])
				assert.Same(t, &c.whole[4], &c.tail[0])
				assert.Same(t, &c.cut[1], &c.part[0])
				assert.Same(t, &c.tail[0], &c.part[2])
				for _, x := range [][]int{c.whole, c.cut, c.tail, c.part} {
					assert.Equal(t, len(x), cap(x))
					_ = append(x, -1)
				}
				assert.Equal(t, []int{0, 1, 2, 3, 4, 5}, c.whole)
				c.whole[4] = 9
				assert.Equal(t, 9, c.tail[0])
				assert.Equal(t, 4, a[4])
			}},
		{"slices that touch", "a[0:2] and a[2:4] share nothing: an append to one must not write the other", func(t *testing.T) {
			a := []int{0, 1, 2, 3}
			c := copyOf(t, &[2][]int{a[0:2], a[2:4]})
			_ = append(c[0], 9)
			assert.Equal(t, []int{2, 3}, c[1])
		}},
		{"pointer into an own field", "it points into the copy's field", func(t *testing.T) {
			type own struct {
				pad [3]int
				x   int
				p   *int
			}
			o := &own{x: 1}
			o.p = &o.x
			c := copyOf(t, o)
			assert.Same(t, &c.x, c.p)
		}},
		{"pointers to a struct and its first field", "one address, two types", func(t *testing.T) {
			n := &node{Val: 1}
			n.Next = n
			type both struct {
				first **node
				whole *node
			}
			c := copyOf(t, &both{&n.Next, n})
			assert.Same(t, c.whole, *c.first)
			*c.first = nil
			assert.Nil(t, c.whole.Next)
		}},
		{"pointers to a struct and its only field", "the struct's tags hold for both, whichever is found first", func(t *testing.T) {
			type one struct {
				P *node `hooks:"share"`
			}
			o := &one{&node{}}
			type both struct {
				field **node
				whole *one
			}
			c := copyOf(t, &both{&o.P, o})
			assert.Same(t, &c.whole.P, c.field)
			assert.Same(t, o.P, c.whole.P)
		}},
		{"pointer to a slice element", "it stays one with the element", func(t *testing.T) {
			type s struct {
				p  *node
				in []node
			}
			v := &s{in: make([]node, 3)}
			v.p = &v.in[1]
			c := copyOf(t, v)
			assert.Same(t, &c.in[1], c.p)
		}},
		{"pointer to a field of a slice element", "without its slice in reach before it", func(t *testing.T) {
			in := make([]node, 3)
			type s struct {
				p  *int
				in []node
			}
			c := copyOf(t, &s{&in[2].Val, in})
			assert.Same(t, &c.in[2].Val, c.p)
		}},
		{"slice over an own array", "a write to one is a write to the other", func(t *testing.T) {
			type s struct {
				buf [8]byte
				b   []byte
			}
			v := &s{}
			v.b = v.buf[2:5]
			c := copyOf(t, v)
			c.b[0] = 7
			assert.Equal(t, byte(7), c.buf[2])
			assert.Zero(t, v.buf[2])
		}},
		{"array pointer and slice", "two types over one memory", func(t *testing.T) {
			a := &[4]int{1, 2, 3, 4}
			c := copyOf(t, &struct {
				s []int
				a *[4]int
				w *[2]int
				v *[2]int
			}{a[1:], a, (*[2]int)(a[0:2]), (*[2]int)(a[1:3])})
			assert.Same(t, &c.a[1], &c.s[0])
			assert.Same(t, &c.w[1], &c.v[0])
		}},
		{"array windows over a slice", "windows overlap without one being in another", func(t *testing.T) {
			s := []int{0, 1, 2, 3, 4, 5}
			c := copyOf(t, &struct {
				a, b *[3]int
				c    []int
			}{(*[3]int)(s[0:3]), (*[3]int)(s[2:5]), s[4:6]})
			assert.Same(t, &c.a[2], &c.b[0])
			assert.Same(t, &c.b[2], &c.c[0])
			assert.Equal(t, []int{4, 5}, c.c)
		}},
		{"array of arrays", "rows and elements", func(t *testing.T) {
			a := [][2]*node{{{Val: 1}, {Val: 2}}, {{Val: 3}, {Val: 4}}}
			c := copyOf(t, &struct {
				all  [][2]*node
				row  *[2]*node
				part []*node
				elem **node
			}{a, &a[1], a[0][1:], &a[1][0]})
			assert.Same(t, &c.all[1], c.row)
			assert.Same(t, &c.all[0][1], &c.part[0])
			assert.Same(t, &c.all[1][0], c.elem)
		}},
		{"converted pointer", "one object under two types", func(t *testing.T) {
			type other node
			n := &node{Val: 1}
			c := copyOf(t, &struct {
				a *node
				b *other
			}{n, (*other)(n)})
			assert.Equal(t, unsafe.Pointer(c.a), unsafe.Pointer(c.b))
		}},
		{"converted map", "one map under two types", func(t *testing.T) {
			type named map[string]int
			m := map[string]int{"a": 1}
			c := copyOf(t, &struct {
				a map[string]int
				b named
			}{m, m})
			c.a["b"] = 1
			assert.Len(t, c.b, 2)
		}},
		{"ring of pointers", "a cycle ends where it began", func(t *testing.T) {
			a, b := &node{Val: 1}, &node{Val: 2}
			a.Next, b.Next = b, a
			c := copyOf(t, a)
			assert.Same(t, c, c.Next.Next)
		}},
		{"map that holds itself", "a cycle through a map", func(t *testing.T) {
			m := map[string]any{}
			m["me"] = m
			c := *copyOf(t, &m)
			c["x"] = 1
			assert.Equal(t, 1, c["me"].(map[string]any)["x"])
			assert.Len(t, m, 1)
		}},
		{"slice that holds itself", "a cycle through a slice in an interface", func(t *testing.T) {
			s := []any{nil, 1}
			s[0] = s
			c := *copyOf(t, &s)
			c[1] = 2
			assert.Equal(t, 2, c[0].([]any)[1])
			assert.Equal(t, 1, s[1])
		}},
		{"pointer to itself", "type p *p", func(t *testing.T) {
			type p *p
			var x p
			x = p(&x)
			c := copyOf(t, &x)
			assert.Equal(t, unsafe.Pointer(c), unsafe.Pointer(*c))
		}},
		{"interface that holds a pointer to itself", "a cycle through an interface alone", func(t *testing.T) {
			var x any
			x = &x
			c := copyOf(t, &x)
			assert.Same(t, c, *c)
		}},
		{"root is a slice element", "the slice reaches the root", func(t *testing.T) {
			type s struct {
				all []s
				n   int
			}
			all := make([]s, 3)
			all[1] = s{all, 5}
			c := copyOf(t, &all[1])
			assert.Same(t, c, &c.all[1])
			assert.Equal(t, 5, c.all[1].n)
		}},
		{"pointer past the end", "an empty slice at the end of an array is not its neighbour", func(t *testing.T) {
			a := []int{1, 2, 3}
			c := copyOf(t, &[2][]int{a[3:], a[:3]})
			assert.Empty(t, c[0])
			assert.NotNil(t, c[0])
			assert.Zero(t, cap(c[0]))
		}},
		{"zero-size objects", "all of them may share one address, also with others", func(t *testing.T) {
			type empty struct{}
			type s struct {
				n int
				e empty
				p *empty
				q *[0]int
				l []empty
			}
			v := &s{n: 1, l: make([]empty, 4), q: new([0]int)}
			v.p = &v.e
			c := copyOf(t, v)
			assert.NotNil(t, c.p)
			assert.Len(t, c.l, 4)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) { t.Log(tt.reason); tt.test(t) })
	}
}

type moods struct {
	p  *int
	s  []int
	m  map[int]int
	f  func()
	i  any
	es []int
	em map[int]int
}

// TestValues checks what a copy holds, kind by kind and for the types of the standard library that go wrong easily.
func TestValues(t *testing.T) {
	for _, tt := range []struct {
		name, reason string
		test         func(t *testing.T)
	}{
		{"unexported fields", "they are as much data as exported ones", func(t *testing.T) {
			type in struct{ a []int }
			v := struct {
				x *in
				y in
			}{&in{[]int{1}}, in{[]int{2}}}
			c := copyOf(t, &v)
			c.x.a[0], c.y.a[0] = 8, 9
			assert.Equal(t, 1, v.x.a[0])
			assert.Equal(t, 2, v.y.a[0])
		}},
		{"time.Time", "location by identity, monotonic reading kept", func(t *testing.T) {
			now := time.Now().In(time.FixedZone("X", 3600))
			now = now.Add(0)
			c := copyOf(t, &now)
			assert.Same(t, now.Location(), c.Location())
			assert.Equal(t, now.String(), c.String())
			assert.True(t, now == *c)
		}},
		{"big.Int", "its digits are a slice of words", func(t *testing.T) {
			n := new(big.Int).Lsh(big.NewInt(1), 200)
			c := *copyOf(t, &n)
			c.Add(c, big.NewInt(1))
			assert.Equal(t, uint(0), n.Bit(0))
			assert.Equal(t, uint(1), c.Bit(0))
		}},
		{"netip.Addr and unique.Handle", "still equal with ==", func(t *testing.T) {
			a := netip.MustParseAddr("fe80::1%eth0")
			assert.True(t, *copyOf(t, &a) == a)
			h := unique.Make("x")
			assert.True(t, *copyOf(t, &h) == h)
		}},
		{"url userinfo", "behind a pointer with unexported fields", func(t *testing.T) {
			u, _ := url.Parse("https://me:secret@host/p?q=1#f")
			c := *copyOf(t, &u)
			assert.Equal(t, u.String(), c.String())
			assert.NotSame(t, u.User, c.User)
		}},
		{"func and chan", "nobody can copy them", func(t *testing.T) {
			ch := make(chan int, 1)
			n := 0
			c := copyOf(t, &struct {
				f func()
				c chan int
				r <-chan int
			}{func() { n++ }, ch, ch})
			c.f()
			c.c <- 1
			assert.Equal(t, 1, n)
			assert.Equal(t, 1, <-ch)
		}},
		{"nil and empty", "they are kept apart", func(t *testing.T) {
			c := copyOf(t, &moods{es: []int{}, em: map[int]int{}})
			assert.Nil(t, c.p)
			assert.True(t, c.s == nil && c.m == nil && c.f == nil && c.i == nil)
			assert.True(t, c.es != nil && c.em != nil)
		}},
		{"capacity", "memory behind the length is no part of the value, and appending never writes into another copy", func(t *testing.T) {
			a := make([]int, 10)
			s := a[:2:10]
			c := *copyOf(t, &s)
			assert.Equal(t, 2, cap(c))
		}},
		{"map with pointer keys", "keys lead to the copy's objects", func(t *testing.T) {
			n := &node{Val: 1}
			c := copyOf(t, &struct {
				m map[*node]string
				n *node
			}{map[*node]string{n: "a"}, n})
			assert.Equal(t, "a", c.m[c.n])
			assert.NotSame(t, n, c.n)
		}},
		{"map with struct keys", "that hold pointers and interfaces", func(t *testing.T) {
			type key struct {
				p *node
				i any
			}
			n := &node{Val: 1}
			c := copyOf(t, &struct {
				m map[key]int
				n *node
			}{map[key]int{{n, n}: 1, {n, 5}: 2}, n})
			assert.Equal(t, 1, c.m[key{c.n, c.n}])
			assert.Equal(t, 2, c.m[key{c.n, 5}])
		}},
		{"map[any]any", "keys of many types", func(t *testing.T) {
			n := &node{}
			m := map[any]any{1: "a", "1": []int{1}, 1.5: n, n: n, [1]any{2}: nil}
			c := *copyOf(t, &m)
			assert.Len(t, c, 5)
			assert.Equal(t, "a", c[1])
			assert.Same(t, c[1.5], c[c[1.5]])
			assert.NotSame(t, n, c[1.5])
			assert.Nil(t, c[[1]any{2}])
		}},
		{"NaN keys", "they cannot be looked up, and are not lost", func(t *testing.T) {
			m := map[float64]int{math.NaN(): 1, math.NaN(): 2, 0: 3}
			c := *copyOf(t, &m)
			sum := 0
			for _, v := range c {
				sum += v
			}
			assert.Equal(t, 6, sum)
		}},
		{"map values with references", "structs in a map are not addressable", func(t *testing.T) {
			type v struct {
				s []int
				m map[string]*node
				i any
			}
			s := []int{1}
			m := map[string]v{"a": {s, map[string]*node{"x": {}}, []int{2}}, "b": {s: s}}
			c := *copyOf(t, &m)
			c["a"].s[0] = 9
			c["a"].i.([]int)[0] = 9
			assert.Equal(t, 9, c["b"].s[0])
			assert.Equal(t, 1, s[0])
			assert.Equal(t, []int{2}, m["a"].i)
		}},
		{"interface", "holding a pointer, a struct with pointers, and a typed nil", func(t *testing.T) {
			type st struct{ n *node }
			n := &node{Val: 1}
			c := *copyOf(t, &[]any{n, st{n}, [2]*node{n}, (*node)(nil), []int(nil), map[string]int(nil), struct{ p *node }{n}})
			assert.Same(t, c[0], c[1].(st).n)
			assert.Same(t, c[0], c[2].([2]*node)[0])
			assert.NotSame(t, n, c[0])
			assert.Equal(t, (*node)(nil), c[3])
			assert.Equal(t, []int(nil), c[4])
			assert.Equal(t, map[string]int(nil), c[5])
		}},
		{"root of interface type", "any value is a root", func(t *testing.T) {
			var x any = map[string]any{"a": []any{1}}
			c := *copyOf(t, &x)
			c.(map[string]any)["a"].([]any)[0] = 2
			assert.Equal(t, map[string]any{"a": []any{1}}, x)
			var nothing any
			assert.Nil(t, *copyOf(t, &nothing))
		}},
		{"reflection", "types and values of reflect are identities", func(t *testing.T) {
			n := 1
			c := copyOf(t, &struct {
				t reflect.Type
				v reflect.Value
				a any
			}{reflect.TypeOf(1), reflect.ValueOf(&n), reflect.TypeOf("")})
			assert.True(t, c.t == reflect.TypeOf(1) && c.a == reflect.TypeOf(""))
			c.v.Elem().SetInt(5)
			assert.Equal(t, 5, n)
		}},
		{"errors", "errors.Is works on a copy, whatever kind of interface holds it", func(t *testing.T) {
			own := &myError{"x"}
			v := struct {
				err error
				in  any
				own error
				val myError
				ptr *myError
			}{io.EOF, io.EOF, own, *own, own}
			c := copyOf(t, &v)
			assert.True(t, errors.Is(c.err, io.EOF) && c.in == io.EOF)
			assert.True(t, c.own == error(own))
			assert.NotSame(t, own, c.ptr, "a concrete type is data")
		}},
		{"context", "it is still cancelled by its parent", func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			child, stop := context.WithCancel(ctx)
			defer stop()
			c := copyOf(t, &struct {
				ctx context.Context
				any any
			}{child, child})
			cancel()
			assert.Error(t, c.ctx.Err())
			assert.True(t, c.any == child)
		}},
		{"weak.Pointer", "it points to the same object", func(t *testing.T) {
			n := &node{Val: 1}
			w := weak.Make(n)
			assert.Same(t, n, copyOf(t, &w).Value())
		}},
		{"elliptic.Curve", "it is compared by identity elsewhere", func(t *testing.T) {
			k := struct {
				c elliptic.Curve
				a any
			}{elliptic.P256(), elliptic.P256()}
			c := copyOf(t, &k)
			assert.True(t, c.c == k.c && c.a == k.a)
		}},
		{"container/list", "a ring with pointers to its own root", func(t *testing.T) {
			l := list.New()
			l.PushBack(1)
			l.PushBack(2)
			c := *copyOf(t, &l)
			c.PushBack(3)
			c.MoveToFront(c.Back())
			c.Remove(c.Front().Next())
			assert.Equal(t, 2, c.Len())
			assert.Equal(t, 2, l.Len())
			assert.Equal(t, 1, l.Front().Value)
			assert.Equal(t, 3, c.Front().Value)
		}},
		{"strings.Builder", "it holds its own address, and panics if that is wrong", func(t *testing.T) {
			v := &struct {
				n int
				b strings.Builder
				p *strings.Builder
			}{p: new(strings.Builder)}
			v.b.WriteString("abc")
			v.p.WriteString("x")
			c := copyOf(t, v)
			c.b.WriteString("d")
			c.p.WriteString("y")
			assert.Equal(t, "abcd", c.b.String())
			assert.Equal(t, "xy", c.p.String())
			assert.Equal(t, "abc", v.b.String())
		}},
		{"bytes.Buffer", "writable, unread part only counted once", func(t *testing.T) {
			var b bytes.Buffer
			b.WriteString("hello")
			b.Next(2)
			c := copyOf(t, &b)
			c.WriteString("!")
			assert.Equal(t, "llo!", c.String())
			assert.Equal(t, "llo", b.String())
		}},
		{"regexp", "shared, and of use", func(t *testing.T) {
			re := regexp.MustCompile("a+")
			c := *copyOf(t, &re)
			assert.Same(t, re, c)
			assert.True(t, c.MatchString("aa"))
		}},
		{"unsafe.Pointer", "nobody knows what is there", func(t *testing.T) {
			n := 1
			p := unsafe.Pointer(&n)
			assert.Equal(t, p, *copyOf(t, &p))
		}},
		{"floats", "bit by bit: -0, and a NaN's payload, a signalling one's too", func(t *testing.T) {
			type floats struct {
				f32  float32
				f64  float64
				c64  complex64
				c128 complex128
				any  any
				list []float32
				keys map[float64]int
			}
			neg, nan := math.Copysign(0, -1), math.Float64frombits(0x7FF0_0000_0000_0BAD)
			nan32 := math.Float32frombits(0x7F80_0BAD)
			c := copyOf(t, &floats{
				nan32, nan, complex(nan32, float32(neg)), complex(neg, nan), nan32, []float32{nan32, float32(neg)},
				map[float64]int{neg: 1, nan: 2},
			})
			bits32 := func(f float32) uint32 { return math.Float32bits(f) }
			assert.Equal(t, uint32(0x7F80_0BAD), bits32(c.f32))
			assert.Equal(t, uint64(0x7FF0_0000_0000_0BAD), math.Float64bits(c.f64))
			assert.Equal(t, uint32(0x7F80_0BAD), bits32(real(c.c64)))
			assert.True(t, math.Signbit(float64(imag(c.c64))) && math.Signbit(real(c.c128)))
			assert.Equal(t, uint64(0x7FF0_0000_0000_0BAD), math.Float64bits(imag(c.c128)))
			assert.Equal(t, uint32(0x7F80_0BAD), bits32(c.any.(float32)))
			assert.Equal(t, uint32(0x7F80_0BAD), bits32(c.list[0]))
			assert.True(t, math.Signbit(float64(c.list[1])))
			assert.Equal(t, 1, c.keys[0], "-0 and 0 are one key")
			for k, n := range c.keys {
				assert.True(t, n != 1 || math.Signbit(k), "that stays what it was")
				assert.True(t, n != 2 || math.Float64bits(k) == 0x7FF0_0000_0000_0BAD)
			}
		}},
		{"root of an interface type with methods", "the interface says what its value is", func(t *testing.T) {
			var r io.Reader = strings.NewReader("abc")
			c := *copyOf(t, &r)
			b, err := io.ReadAll(c)
			require.NoError(t, err)
			assert.Equal(t, "abc", string(b))
			b, err = io.ReadAll(r)
			require.NoError(t, err)
			assert.Equal(t, "abc", string(b), "the original is unread")
			e := error(&myError{"x"})
			assert.True(t, *copyOf(t, &e) == e)
			ctx := t.Context()
			assert.True(t, *copyOf(t, &ctx) == ctx)
			curve := elliptic.P384()
			assert.True(t, *copyOf(t, &curve) == curve)
		}},
		{"root that is a box", "a struct, an array or a slice in an interface", func(t *testing.T) {
			n := &node{Val: 1}
			for _, x := range []any{struct{ p *node }{n}, [1]*node{n}, []*node{n}, map[int]*node{1: n}, &n} {
				c := *copyOf(t, &x)
				assert.IsType(t, x, c)
				assert.NotSame(t, n, nodeIn(t, c))
				assert.Equal(t, n, nodeIn(t, c))
			}
		}},
		{"pointer keys", "of maps that share them, with equal content, and far inside of keys", func(t *testing.T) {
			type key struct{ in [2]any }
			a, b := &node{Val: 1}, &node{Val: 1}
			v := &struct {
				one, two map[*node]int
				deep     map[key]*node
				arr      map[[1]*node]int
				keys     []*node
			}{
				map[*node]int{a: 1, b: 2}, map[*node]int{a: 3, b: 4},
				map[key]*node{{[2]any{a, 1}}: a, {[2]any{key{[2]any{b, b}}, "x"}}: b}, map[[1]*node]int{{a}: 5, {b}: 6}, []*node{a, b},
			}
			c := copyOf(t, v)
			x, y := c.keys[0], c.keys[1]
			assert.Equal(t, map[*node]int{x: 1, y: 2}, c.one)
			assert.Equal(t, map[*node]int{x: 3, y: 4}, c.two)
			assert.Same(t, x, c.deep[key{[2]any{x, 1}}])
			assert.Same(t, y, c.deep[key{[2]any{key{[2]any{y, y}}, "x"}}])
			assert.Equal(t, map[[1]*node]int{{x}: 5, {y}: 6}, c.arr)
			assert.True(t, x != a && x != b && y != a && y != b)
			x.Val = 2
			changes, _ := deep.Diff(v, c, 0)
			assert.NotEmpty(t, changes)
		}},
		{"string data", "immutable, and shared", func(t *testing.T) {
			s := strings.Repeat("x", 100)
			assert.Equal(t, unsafe.StringData(s), unsafe.StringData(*copyOf(t, &s)))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) { t.Log(tt.reason); tt.test(t) })
	}
}

// nodeIn returns the node that x leads to.
func nodeIn(t *testing.T, x any) *node {
	switch x := x.(type) {
	case struct{ p *node }:
		return x.p
	case [1]*node:
		return x[0]
	case []*node:
		return x[0]
	case map[int]*node:
		return x[1]
	case **node:
		return *x
	}
	require.FailNow(t, "unexpected", "%T", x)
	return nil
}

// TestFloatsAreComparedByBits checks that Equal, by both engines, and Diff tell apart what == does not, whatever it is
// part of.
func TestFloatsAreComparedByBits(t *testing.T) {
	one, two := math.Float32frombits(0x7FC0_0001), math.Float32frombits(0x7FC0_0002)
	signals := math.Float32frombits(0x7F80_0001)
	for _, tt := range []struct {
		reason string
		a, b   float32
		equal  bool
	}{
		{"a number", 1.5, 1.5, true},
		{"-0 is not 0", float32(math.Copysign(0, -1)), 0, false},
		{"a NaN is itself", one, one, true},
		{"and no other", one, two, false},
		{"one that signals is itself", signals, signals, true},
		{"and not the quiet one that arithmetic makes of it", signals, one, false},
	} {
		type key struct{ f float32 }
		checkEquality(t, tt.reason, tt.equal, tt.a, tt.b)
		checkEquality(t, tt.reason, tt.equal, complex(1, tt.a), complex(1, tt.b))
		checkEquality(t, tt.reason, tt.equal, any(tt.a), any(tt.b))
		checkEquality(t, tt.reason, tt.equal, []float32{1, tt.a}, []float32{1, tt.b})
		checkEquality(t, tt.reason, tt.equal, map[string]float32{"k": tt.a}, map[string]float32{"k": tt.b})
		checkEquality(t, tt.reason, tt.equal, struct{ at *float32 }{&tt.a}, struct{ at *float32 }{&tt.b})
		if tt.a != tt.a { // of -0 and 0, which are one key, see TestValues
			checkEquality(t, tt.reason, tt.equal, map[float32]int{tt.a: 1}, map[float32]int{tt.b: 1})
			checkEquality(t, tt.reason, tt.equal, map[any]int{key{tt.a}: 1}, map[any]int{key{tt.b}: 1})
		}
	}
}

func checkEquality[T any](t *testing.T, reason string, want bool, a, b T) {
	t.Helper()
	assert.Equal(t, want, deep.Equal(&a, &b), "%s: Equal of %T", reason, a)
	assert.Equal(t, want, deep.ObviousEqual(reflect.ValueOf(&a), reflect.ValueOf(&b)), "%s: the obvious Equal of %T", reason, a)
	changes, _ := deep.Diff(&a, &b, 0)
	assert.Equal(t, want, len(changes) == 0, "%s: Diff of %T", reason, a)
}

// TestCyclesAreShown checks that a cyclic value ends in every text that is made of it: package fmt would overflow the
// stack, which ends the process.
func TestCyclesAreShown(t *testing.T) {
	ring := &node{Val: 1}
	ring.Next = ring
	list := []any{nil}
	list[0] = list
	dict := map[any]any{}
	dict["me"] = dict
	var face any
	face = &face
	for _, x := range []any{ring, list, dict, face, &face, [1]any{dict}, struct{ l []any }{list}} {
		before, after := x, any(1)
		changes, _ := deep.Diff(&before, &after, 0)
		require.Len(t, changes, 1)
		assert.NotEmpty(t, changes[0].Before)
		assert.Less(t, len(changes[0].Before), 512)
		copyOf(t, &before)
	}
	for _, key := range []any{ring, &face, [1]any{ring}, &dict} {
		nc := refusal(t, &map[any]any{key: os.Stdin})
		assert.Less(t, len(nc.Error()), 1024)
		changes, _ := deep.Diff(&map[any]any{key: 1}, &map[any]any{key: 2}, 0)
		require.Len(t, changes, 1)
		assert.Less(t, len(changes[0].Path), 512)
	}
	nc := refusal(t, &map[*map[any]any]*os.File{&dict: os.Stdin})
	assert.Less(t, len(nc.Error()), 1024, "a key of which the content is shown")
}

type myError struct{ text string }

func (e *myError) Error() string { return e.text }

// TestCopyFor checks what is made for a destination: pointers to the root are pointers to it.
func TestCopyFor(t *testing.T) {
	type s struct {
		n    int
		self *s
		in   *int
		arr  [3]int
		sl   []int
		b    strings.Builder
		m    map[string]*s
		all  []s
	}
	for _, home := range []*s{nil, {n: 7}} {
		all := make([]s, 2)
		v := &all[1]
		v.self, v.in, v.sl, v.m, v.all = v, &v.n, v.arr[1:], map[string]*s{"a": v}, all
		v.b.WriteString("a")
		shell, info, err := deep.CopyFor(home, v, deep.Options{})
		require.NoError(t, err)
		assert.True(t, info.RootRefs)
		got := shell
		if home != nil {
			assert.Equal(t, 7, home.n, "the destination is not written before Assign")
			deep.Assign(home, shell)
			got = home
		}
		collect()
		assert.Same(t, got, got.self)
		assert.Same(t, &got.n, got.in)
		assert.Same(t, &got.arr[1], &got.sl[0])
		assert.Same(t, got, got.m["a"])
		got.b.WriteString("b")
		assert.Equal(t, "ab", got.b.String())
		assert.Len(t, got.all, 2)
	}
	_, info, err := deep.Copy(&struct{ p *int }{new(int)}, deep.Options{})
	require.NoError(t, err)
	assert.False(t, info.RootRefs, "no pointer leads to the root")
}
