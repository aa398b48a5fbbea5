package show_test

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/hooktx/hooks/internal/show"
)

// A talker has every method that a renderer could be tempted to call.
type talker struct{ n int }

func (talker) String() string               { panic("String") }
func (talker) Error() string                { panic("Error") }
func (talker) GoString() string             { panic("GoString") }
func (talker) Format(fmt.State, rune)       { panic("Format") }
func (talker) MarshalJSON() ([]byte, error) { panic("MarshalJSON") }
func (talker) MarshalText() ([]byte, error) { panic("MarshalText") }

type ring struct {
	next *ring
	n    int
}

func TestValue(t *testing.T) {
	n := new(atomic.Int64)
	n.Store(4)
	seven := 7
	type hidden struct {
		a int
		b string
		c any
		d time.Duration
		e *time.Time
		_ int
	}
	for _, tt := range []struct {
		reason string
		v      any
		want   string
	}{
		{"nothing", nil, "nil"},
		{"a number", -5, "-5"},
		{"unsigned", uint8(5), "5"},
		{"a truth value", true, "true"},
		{"a float", 1.5, "1.5"},
		{"a 32-bit float in its own digits", float32(0.1), "0.1"},
		{"-0 is not 0", math.Copysign(0, -1), "-0"},
		{"complex", 1 + 2i, "(1+2i)"},
		{"a string is quoted", "a\n", `"a\n"`},
		{"an empty string is something", "", `""`},
		{"a pointer", &seven, "&7"},
		{"nil pointer", (*int)(nil), "nil"},
		{"nil slice", []int(nil), "nil"},
		{"empty slice", []int{}, "[]"},
		{"a slice", []any{1, "a", nil}, `[1 "a" nil]`},
		{"an array", [2]bool{true}, "[true false]"},
		{"nil map", map[string]int(nil), "nil"},
		{"empty map", map[string]int{}, "{}"},
		{"a map is sorted", map[string]int{"b": 2, "a": 1}, `{"a":1 "b":2}`},
		{"a vast map", func() any {
			m := map[int]int{}
			for i := range 1000 {
				m[i] = i
			}
			return m
		}(), "{1000 entries}"},
		{"bytes that are text", []byte("hi"), `"hi"`},
		{"bytes that are not", []byte{0xff, 1}, "0xff01"},
		{"unexported fields", hidden{1, "x", []int{2}, time.Second, nil, 0}, `{a:1 b:"x" c:[2] d:1s e:nil}`},
		{"a function", func() {}, "func()"},
		{"nil function", (func())(nil), "nil"},
		{"a channel", make(chan int), "chan int"},
		{"no method is called", []any{talker{1}, &talker{2}}, "[{n:1} &{n:2}]"},
		{"a time", time.Date(2024, 1, 2, 3, 4, 5, 6, time.UTC), "2024-01-02T03:04:05.000000006Z"},
		{"a time and its zone", time.Date(2024, 1, 2, 3, 4, 5, 0, time.FixedZone("X", 3600)), "2024-01-02T03:04:05+01:00 X"},
		{"a duration", 90 * time.Second, "1m30s"},
		{"a big number", big.NewInt(12), "&12"},
		{"a vast number", new(big.Int).Lsh(big.NewInt(1), 5000), "&big.Int of 5001 bits"},
		{"addresses", netip.MustParseAddrPort("1.2.3.4:5"), "1.2.3.4:5"},
		{"an atomic", n, "&4"},
		{"a lock", &sync.Mutex{}, "&sync.Mutex"},
		{"an error by its fields", errors.New("x"), `&{s:"x"}`},
		{"depth is bounded", [][][][][]int{{{{{1}}}}}, "[[[[[…]]]]]"},
	} {
		assert.Equal(t, tt.want, show.Value(tt.v), tt.reason)
	}
	assert.Contains(t, show.Value(time.Now()), " m=", "a monotonic reading counts for equality, so it shows")
}

func TestBounds(t *testing.T) {
	r := &ring{n: 1}
	r.next = r
	m := map[string]any{}
	m["m"] = m
	var p any
	p = &p
	wide := make([]int, 1<<20)
	deep := map[int]any{}
	for i := range 60 {
		in := map[int]any{}
		for j := range 60 {
			in[j] = deep
		}
		deep[i] = in
	}
	for _, v := range []any{r, m, p, wide, deep, strings.Repeat("é", 1<<20), make([]byte, 1<<20), []byte(strings.Repeat("é", 1000)),
		map[string]string{strings.Repeat("k", 1000): "v"}} {
		start := time.Now()
		got := show.Value(v)
		assert.NotEmpty(t, got)
		assert.LessOrEqual(t, len(got), 256)
		assert.True(t, utf8.ValidString(got))
		assert.Less(t, time.Since(start), 5*time.Second)
	}
}

func TestReflect(t *testing.T) {
	v := reflect.ValueOf(struct {
		when time.Time
		any  any
		m    map[talker]int
	}{time.Unix(0, 0).UTC(), talker{3}, map[talker]int{{1}: 2}})
	assert.Equal(t, "{wall:0 ext:62135596800 loc:nil}", show.Reflect(v.Field(0)), "a closed field shows by its fields")
	assert.Equal(t, "{n:3}", show.Reflect(v.Field(1)))
	assert.Equal(t, "{{n:1}:2}", show.Reflect(v.Field(2)))
	assert.Equal(t, "nil", show.Reflect(reflect.Value{}))
}

func TestText(t *testing.T) {
	for _, tt := range []struct {
		s    string
		max  int
		want string
	}{
		{"abc", 3, "abc"}, {"abcd", 3, "…"}, {"abcde", 4, "a…"}, {"ééé", 5, "é…"}, {"ééé", 4, "…"}, {"abc", 2, ""}, {"", 0, ""},
		{"a\xff", 5, "a?"}, {"\xff\xff\xff\xff\xff\xff", 5, "?…"},
	} {
		got := show.Text(tt.s, tt.max)
		assert.Equal(t, tt.want, got, "%q cut to %d", tt.s, tt.max)
		assert.LessOrEqual(t, len(got), max(tt.max, len(tt.s)))
	}
}

func FuzzText(f *testing.F) {
	f.Add("héllo", 3)
	f.Fuzz(func(t *testing.T, s string, n int) {
		got := show.Text(s, n)
		if !utf8.ValidString(got) || len(got) > max(n, 0) && len(got) > len(s) {
			t.Errorf("Text(%q, %d) = %q", s, n, got)
		}
	})
}
