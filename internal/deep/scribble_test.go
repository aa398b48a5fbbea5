package deep_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hooktx/hooks/internal/deep"
)

type inked struct {
	N    int
	u    uint8
	F    float64
	C    complex64
	B    bool
	S    string
	Arr  [2]int
	List []*inked
	Map  map[string]*inked
	Any  any
	Self *inked
	Tag  *inked `hooks:"share"`
	Fn   func()
	nope []int
}

// Scribble overwrites all that a copy has for itself, through every reference, and nothing else.
func TestScribble(t *testing.T) {
	inner, held, shared := &inked{S: "i"}, &inked{S: "h"}, &inked{S: "s"}
	x := &inked{
		N: 1, u: 2, F: 3, C: 4, B: true, S: "s", Arr: [2]int{1, 2}, List: []*inked{inner, nil},
		Map: map[string]*inked{"k": inner}, Any: []any{held, map[string]int{"a": 1}}, Tag: shared, Fn: func() {},
	}
	x.Self = x
	m := x.Map
	deep.Scribble(x)
	assert.Equal(t, []any{-2, uint8(253), -4.0, complex64(-5), false, "s?", [2]int{-2, -3}}, []any{x.N, x.u, x.F, x.C, x.B, x.S, x.Arr})
	assert.Equal(t, "i?", inner.S, "once, though it is met twice")
	assert.Equal(t, "h?", held.S)
	assert.Equal(t, "s", shared.S)
	assert.Empty(t, m)
	assert.Empty(t, x.Any.([]any)[1])
	assert.Same(t, x, x.Self)
	assert.Nil(t, x.nope)
	assert.NotNil(t, x.Fn)
}
