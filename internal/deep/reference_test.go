package deep_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hooktx/hooks/internal/deep"
)

// A cell is a value that many states refer to.
type cell[V any] struct {
	deep.Reference
	mu    sync.Mutex
	value V
}

// TestReference checks that references are the same in every copy, wherever they are, and count as themselves: what
// they lead to is neither copied, nor compared, nor measured.
func TestReference(t *testing.T) {
	type state struct {
		Stock  *cell[int]
		Shared map[string]any
		ByCell map[*cell[int]]string
		Also   *cell[[]*int]
		none   *cell[string]
	}
	stock := &cell[int]{value: 1}
	src := &state{
		Stock: stock, Shared: map[string]any{"stock": stock}, ByCell: map[*cell[int]]string{stock: "s"},
		Also: &cell[[]*int]{value: []*int{new(int)}},
	}
	stock.mu.Lock()
	dst := copyOf(t, src)
	assert.Same(t, stock, dst.Stock)
	assert.Same(t, stock, dst.Shared["stock"])
	assert.Equal(t, "s", dst.ByCell[stock])
	assert.Same(t, src.Also, dst.Also)
	assert.Nil(t, dst.none)

	before, err := deep.Size(src, deep.Options{})
	assert.NoError(t, err)
	src.Also.value = make([]*int, 1000)
	after, err := deep.Size(src, deep.Options{})
	assert.NoError(t, err)
	assert.Equal(t, before, after)
	assert.True(t, deep.Equal(src, dst), "the same cell is equal to itself, whatever it holds")

	dst.Stock = &cell[int]{value: 1}
	changes, _ := deep.Diff(src, dst, 0)
	assert.Len(t, changes, 1)
	assert.Equal(t, "Stock", changes[0].Path)
}

func TestReferenceByValue(t *testing.T) {
	type state struct{ Stock cell[int] }
	copyOf(t, &state{})
	nc := refusal(t, &state{Stock: cell[int]{value: 1}})
	assert.Equal(t, "state.Stock", nc.Path)
	assert.Contains(t, nc.Error(), "hold a pointer to it")
	copyOf(t, &struct{ s *struct{ c *cell[int] } }{&struct{ c *cell[int] }{&cell[int]{value: 2}}})
}
