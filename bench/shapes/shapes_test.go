package shapes_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hooktx/hooks/bench/shapes"
)

func TestSizes(t *testing.T) {
	assert.Equal(t, 241, nodes(*shapes.JSON.Make()))
	assert.Equal(t, 1_000, treeSize(shapes.Tree.Make()))
	assert.Len(t, *shapes.Counts.Make(), 1_000)
	assert.Len(t, *shapes.Scalars.Make(), 10_000)
	assert.Len(t, *shapes.Accounts.Make(), 1_000)
	assert.Len(t, *shapes.Grid.Make(), 1_000)
	assert.Len(t, shapes.Order.Make().Attrs, 8)
	assert.Equal(t, 100_000, length(shapes.List.Make()))
	assert.Len(t, reach(shapes.Graph.Make()), 1_000)
	assert.Len(t, shapes.Windows.Make().Wins, 1_000)
	assert.Len(t, shapes.WindowsWhole.Make().All, 2_000)
	assert.Len(t, shapes.SelfPointers.Make().All, 1_000)
	assert.Len(t, shapes.Rings.Make().All, 100)
	assert.Equal(t, 10, shapes.Rings.Make().All[0].Len)
	assert.Len(t, shapes.Foreign.Make().All, 1_000)
	assert.Len(t, shapes.Peeks.Make().Wins, 1_000)
	assert.Len(t, *shapes.Boxed.Make(), 1_000)
	assert.Len(t, shapes.PointerPeeks.Make().Wins, 1_000)
}

func nodes(v any) int {
	n := 1
	switch v := v.(type) {
	case shapes.Document:
		for _, e := range v {
			n += nodes(e)
		}
	case []any:
		for _, e := range v {
			n += nodes(e)
		}
	}
	return n
}

func treeSize(n *shapes.TreeNode) int {
	if n == nil {
		return 0
	}
	return 1 + treeSize(n.Left) + treeSize(n.Right)
}

func length(l *shapes.Link) (n int) {
	for ; l != nil; l = l.Next {
		n++
	}
	return n
}

func reach(from *shapes.Vertex) map[*shapes.Vertex]bool {
	seen, todo := map[*shapes.Vertex]bool{from: true}, []*shapes.Vertex{from}
	for len(todo) > 0 {
		v := todo[0]
		todo = todo[1:]
		for _, e := range v.Edges {
			if !seen[e] {
				seen[e] = true
				todo = append(todo, e)
			}
		}
	}
	return seen
}
