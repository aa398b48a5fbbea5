package deep_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks/internal/deep"
)

// TestWindowsDoNotCostTheirProduct checks that elements which many slices show are looked at once, whatever the slices'
// capacities are: a step is counted for each look, and Stop asked every 1024.
func TestWindowsDoNotCostTheirProduct(t *testing.T) {
	const n = 1000
	all := make([]*int, 2*n)
	for i := range all {
		all[i] = new(i)
	}
	windows := make([][]*int, n)
	for i := range windows {
		from := i * 7 % n // in no order
		windows[i] = all[from : from+n : from+n]
	}
	_, _, err := deep.Copy(&windows, deep.Options{}) // which learns that they overlap
	require.NoError(t, err)
	asked := 0
	c, _, err := deep.Copy(&windows, deep.Options{Stop: func() error { asked++; return nil }})
	require.NoError(t, err)
	assert.Less(t, asked, 50, "steps by the thousand; the product of windows and elements is a million")
	for i, w := range *c {
		from := i * 7 % n
		assert.Equal(t, from, *w[0])
		assert.Same(t, (*c)[0][n/2], (*c)[1][n/2-7], "one array")
		assert.Len(t, w, cap(w))
	}
}
