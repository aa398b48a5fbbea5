package check_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/hooktx/hooks/bench/check"
)

type thing struct {
	N     int
	P, Q  *int
	S, T  []int
	M     map[string]int
	I     any
	At    time.Time
	Other *thing
}

func TestCopyFindsWhatIsWrong(t *testing.T) {
	zone := time.FixedZone("x", 3600)
	make := func() *thing {
		n, s := 1, []int{1, 2, 3, 4}
		return &thing{N: 1, P: &n, Q: &n, S: s[:3], T: s[1:], M: map[string]int{"a": 1}, I: 1, At: time.Time{}.In(zone)}
	}
	for _, tt := range []struct {
		reason string
		want   error
		got    func(src *thing) *thing
	}{
		{"an independent equal value", nil, func(*thing) *thing { return make() }},
		{"the original is no copy", check.ErrShared, func(v *thing) *thing { return v }},
		{"a shallow copy", check.ErrShared, func(v *thing) *thing { c := *v; return &c }},
		{"a map shared", check.ErrShared, func(v *thing) *thing { c := make(); c.M = v.M; return c }},
		{"one of two slices shared", check.ErrShared, func(v *thing) *thing { c := make(); c.S = v.S; return c }},
		{"another number", check.ErrUnequal, func(*thing) *thing { c := make(); c.N++; return c }},
		{"another number in an interface", check.ErrUnequal, func(*thing) *thing { c := make(); c.I = 2; return c }},
		{"another type in an interface", check.ErrUnequal, func(*thing) *thing { c := make(); c.I = int8(1); return c }},
		{"another zone of the same name", check.ErrUnequal, func(*thing) *thing { c := make(); c.At = c.At.In(time.FixedZone("x", 3600)); return c }},
		{"an empty slice for nil", check.ErrUnequal, func(v *thing) *thing { c := make(); v.S = nil; c.S = []int{}; return c }},
		{"a map entry less", check.ErrUnequal, func(*thing) *thing { c := make(); delete(c.M, "a"); return c }},
		{"one object became two", check.ErrAliases, func(*thing) *thing { c := make(); n := 1; c.Q = &n; return c }},
		{"one array became two", check.ErrAliases, func(*thing) *thing { c := make(); c.T = []int{2, 3, 4}; return c }},
		{"two objects became one", check.ErrAliases, func(v *thing) *thing { c := make(); n := 1; v.Q = &n; return c }},
		{"the array lies otherwise", check.ErrAliases, func(v *thing) *thing {
			c := make()
			v.S, v.T = []int{5, 5, 5, 5}[:3], nil
			v.T = v.S[1:]
			c.S = []int{5, 5, 5, 5}[:3]
			c.T = c.S[:2]
			return c
		}},
	} {
		src := make()
		got := tt.got(src)
		assert.ErrorIs(t, check.Copy(src, got), tt.want, tt.reason)
	}
}

func TestCopyOfCycles(t *testing.T) {
	ring := func(n int) *thing {
		first := &thing{}
		last := first
		for range n - 1 {
			last.Other = &thing{}
			last = last.Other
		}
		last.Other = first
		return first
	}
	assert.NoError(t, check.Copy(ring(3), ring(3)))
	assert.ErrorIs(t, check.Copy(ring(3), ring(6)), check.ErrAliases)
	assert.ErrorIs(t, check.Copy(ring(6), ring(3)), check.ErrAliases)
}

func TestScribbleReachesEverything(t *testing.T) {
	n, s, m := 1, []int{1, 2}, map[string]int{"a": 1}
	inner := &thing{N: 5}
	v := &thing{N: 1, P: &n, S: s, M: m, I: inner, At: time.Now()}
	check.Scribble(v)
	assert.Equal(t, thing{}, *v)
	assert.Zero(t, n)
	assert.Equal(t, []int{0, 0}, s)
	assert.Empty(t, m)
	assert.Zero(t, inner.N)
}

func TestNudgeChangesOneThing(t *testing.T) {
	for _, v := range []any{
		&thing{N: 1}, &[]any{1, nil}, &map[string]map[string]bool{"a": {"b": true}}, &struct {
			At time.Time
			S  string
		}{S: "x"},
	} {
		assert.True(t, check.Nudge(v), "%T", v)
	}
	assert.False(t, check.Nudge(&struct{ At time.Time }{}), "a time is left alone")
	m := map[string]any{"a": 1, "b": []int{1}}
	check.Nudge(&m)
	assert.Equal(t, map[string]any{"a": 1, "b": []int{0}}, m)
}
