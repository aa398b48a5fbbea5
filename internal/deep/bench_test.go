package deep_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks/internal/deep"
)

type benchOrder struct {
	ID    string
	At    time.Time
	By    *benchCustomer
	Lines []benchLine
	Attrs map[string]string
}

type benchCustomer struct {
	Name string
	Tags []string
}

type benchLine struct {
	SKU   string
	Count int
	Price float64
}

func newBenchOrder() *benchOrder {
	return &benchOrder{
		ID: "o-1", At: time.Now(), By: &benchCustomer{"ann", []string{"a", "b"}},
		Lines: slices.Repeat([]benchLine{{"tea", 2, 3.5}}, 10),
		Attrs: map[string]string{"a": "1", "b": "2", "c": "3", "d": "4"},
	}
}

// byHand is what one would write for this type alone.
func byHand(o *benchOrder) *benchOrder {
	c := *o
	by := *o.By
	by.Tags = slices.Clone(by.Tags)
	c.By, c.Lines, c.Attrs = &by, slices.Clone(o.Lines), maps.Clone(o.Attrs)
	return &c
}

// BenchmarkCopy compares the engine with a copy written by hand, on a state like an
// order and on a tree like decoded JSON.
func BenchmarkCopy(b *testing.B) {
	order := newBenchOrder()
	require.Equal(b, order, byHand(order))
	b.Run("shape=order/impl=hand", func(b *testing.B) {
		for b.Loop() {
			byHand(order)
		}
	})
	b.Run("shape=order/impl=deep", func(b *testing.B) { benchmarkCopy(b, order) })
	tree := benchTree(4)
	b.Run("shape=tree/impl=hand", func(b *testing.B) {
		for b.Loop() {
			treeByHand(tree)
		}
	})
	b.Run("shape=tree/impl=deep", func(b *testing.B) { benchmarkCopy(b, &tree) })
}

func benchmarkCopy[T any](b *testing.B, v *T) {
	got, _, err := deep.Copy(v, deep.Options{})
	require.NoError(b, err)
	require.Equal(b, v, got)
	for b.Loop() {
		if _, _, err := deep.Copy(v, deep.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func benchTree(depth int) any {
	if depth == 0 {
		return "leaf"
	}
	return map[string]any{"a": benchTree(depth - 1), "b": []any{1.5, true, nil}, "c": benchTree(depth - 1)}
}

func treeByHand(v any) any {
	switch v := v.(type) {
	case map[string]any:
		c := make(map[string]any, len(v))
		for k, e := range v {
			c[k] = treeByHand(e)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, e := range v {
			c[i] = treeByHand(e)
		}
		return c
	}
	return v
}
