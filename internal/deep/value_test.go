package deep_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks/internal/deep"
)

// These types return their copies by value: of one word to as many as a stand-in has, with pointers in all kinds of
// places, and others that have no stand-in for it.
type (
	valWord  int
	valPtr   struct{ p *int }
	valText  string
	valList  []string
	valFace  struct{ x any }
	valPair  struct{ a, b int }
	valMixed struct {
		n int
		s string
		p *int
		m uint
	}
	valNested struct {
		in  struct{ a, b *int }
		txt string
		u   uintptr
	}
	valSmall struct {
		a int32
		b bool
		p *int
	}
	valFloat struct {
		f float64
		n int
	}
	valWide  [9]int
	valArray [2]*int
	valNone  struct{}
)

func (v valWord) DeepCopy() valWord    { return v + 1 }
func (v valPtr) DeepCopy() valPtr      { return valPtr{new(*v.p + 1)} }
func (v valText) DeepCopy() valText    { return v + "!" }
func (v valList) DeepCopy() valList    { return append(valList{"!"}, v...) }
func (v valFace) DeepCopy() valFace    { return valFace{[]any{v.x}} }
func (v valPair) DeepCopy() valPair    { return valPair{v.b, v.a} }
func (v *valMixed) DeepCopy() valMixed { return valMixed{v.n + 1, v.s + "!", new(*v.p + 1), v.m + 1} }
func (v valNested) DeepCopy() valNested {
	v.in.a, v.in.b, v.txt, v.u = new(*v.in.b), new(*v.in.a), v.txt+"!", v.u+1
	return v
}
func (v valSmall) DeepCopy() valSmall { return valSmall{v.a + 1, !v.b, new(*v.p + 1)} }
func (v valFloat) DeepCopy() valFloat { return valFloat{v.f + 1, v.n + 1} }
func (v valWide) DeepCopy() valWide   { v[8]++; return v }
func (v valArray) DeepCopy() valArray { return valArray{v[1], v[0]} }
func (v valNone) DeepCopy() valNone   { return v }

// TestMethodsThatReturnValues compares what a copy has with what the method returns when it is called as usual.
func TestMethodsThatReturnValues(t *testing.T) {
	one, two := new(1), new(2)
	sameAsCalled(t, valWord(3))
	sameAsCalled(t, valPtr{one})
	sameAsCalled(t, valText("text"))
	sameAsCalled(t, valList{"a", "b"})
	sameAsCalled(t, valFace{one})
	sameAsCalled(t, valPair{1, 2})
	sameAsCalled(t, valNested{struct{ a, b *int }{one, two}, "text", 7})
	sameAsCalled(t, valSmall{1, true, one})
	sameAsCalled(t, valFloat{1.5, 2})
	sameAsCalled(t, valWide{8: 1})
	sameAsCalled(t, valArray{one, two})
	sameAsCalled(t, valNone{})
	mixed := valMixed{1, "text", two, 3}
	c, _, err := deep.Copy(&[]valMixed{mixed, mixed}, deep.Options{})
	require.NoError(t, err)
	assert.Equal(t, []valMixed{mixed.DeepCopy(), mixed.DeepCopy()}, *c)
}

func sameAsCalled[T interface{ DeepCopy() T }](t *testing.T, v T) {
	t.Helper()
	type all struct {
		root T
		list []T
		ptr  *T
		mapp map[string]T
		any  any
	}
	want := v.DeepCopy()
	c, _, err := deep.Copy(&all{v, []T{v, v, v}, &v, map[string]T{"": v}, &v}, deep.Options{})
	require.NoError(t, err)
	assert.Equal(t, &all{want, []T{want, want, want}, &want, map[string]T{"": want}, &want}, c)
	root, _, err := deep.Copy(&v, deep.Options{})
	require.NoError(t, err)
	assert.Equal(t, want, *root)
}
