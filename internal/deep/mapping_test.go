package deep_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks/internal/deep"
)

// A passNode is a value of a map that has no table, and has a map of its own type in it.
type passNode struct {
	n    *int
	text [2]string
	sub  map[passKey]passNode
}

type passKey struct {
	a int
	b string
}

func newPassMap(depth int) map[passKey]passNode {
	m := map[passKey]passNode{}
	for i := range 3 {
		n := passNode{n: &i, text: [2]string{"x", fmt.Sprint(depth)}}
		if depth > 0 {
			n.sub = newPassMap(depth - 1)
		}
		m[passKey{i, fmt.Sprint(depth)}] = n
	}
	return m
}

// TestPassages checks maps in entries of maps of the same type, which pass one through the other.
func TestPassages(t *testing.T) {
	m := newPassMap(3)
	for range 3 {
		planCopyOf(t, &m)
	}
}

// TestPassagesAreKept checks that no more is allocated for a small map than its copy needs.
func TestPassagesAreKept(t *testing.T) {
	link := &hostLink{new(int)}
	if !deep.UsePlans || raced || allocs(func() { _, _, _ = deep.Copy(link, deep.Options{}) }) > 2 {
		t.Skip("counts what plans allocate, if nothing that checks pointers does")
	}
	m := newPassMap(0)
	copied := func() {
		_, _, err := deep.Copy(&m, deep.Options{})
		require.NoError(t, err)
	}
	byHand := func() {
		c := new(map[passKey]passNode)
		*c = make(map[passKey]passNode, len(m))
		for k, v := range m {
			n := *v.n
			v.n = &n
			(*c)[k] = v
		}
		kept = c
	}
	copied()
	require.LessOrEqual(t, allocs(copied), allocs(byHand))
}

func allocs(f func()) float64 { return testing.AllocsPerRun(100, f) }

var kept any

// A passKeeper keeps the variables on which its method was called.
type passKeeper struct{ n int }

var passKept []*passKeeper

func (k *passKeeper) DeepCopy() *passKeeper {
	passKept = append(passKept, k)
	return &passKeeper{k.n}
}

// TestPassagesOfMethods checks that the variable on which a method was called is not one of another copy later.
func TestPassagesOfMethods(t *testing.T) {
	for range 3 {
		passKept = nil
		for _, m := range []map[int][1]passKeeper{{1: {{1}}}, {1: {{2}}}} {
			_, _, err := deep.Copy(&m, deep.Options{})
			require.NoError(t, err)
		}
		require.Equal(t, passKeeper{1}, *passKept[0])
	}
}
