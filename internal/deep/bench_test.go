package deep_test

import (
	"maps"
	"slices"
	"strconv"
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

// benchEvent is like the event of a webhook: some fields, and trees like decoded JSON.
type benchEvent struct {
	ID, Type, Source  string
	At                time.Time
	Data, Meta, State map[string]any
}

func newBenchEvent() *benchEvent {
	return &benchEvent{
		ID: "e-1", Type: "order.paid", Source: "shop", At: time.Now(),
		Data: map[string]any{"id": "o-1", "total": 12.5, "lines": []any{
			map[string]any{"sku": "tea", "count": 2.0}, map[string]any{"sku": "cup", "count": 1.0},
		}, "customer": map[string]any{"name": "ann", "tags": []any{"a", "b"}}},
		Meta:  map[string]any{"try": 1.0, "trace": "t-1", "agent": "curl"},
		State: map[string]any{"seen": true, "score": 0.5},
	}
}

// BenchmarkMerge merges versions that changed something each, next to a copy of the base.
func BenchmarkMerge(b *testing.B) {
	order := newBenchOrder()
	benchmarkMerge(b, "order", order, []func(v *benchOrder){
		func(v *benchOrder) { v.ID, v.Attrs["a"] = "o-2", "5" },
		func(v *benchOrder) { v.Lines[3].Count, v.Attrs["e"] = 5, "6" },
		func(v *benchOrder) { v.By.Tags, v.Lines[3].Price = append(v.By.Tags, "c"), 4 },
	})
	benchmarkMerge(b, "event", newBenchEvent(), []func(v *benchEvent){
		func(v *benchEvent) { v.Data["customer"].(map[string]any)["name"], v.Meta["try"] = "bob", 2.0 },
		func(v *benchEvent) { v.State["risk"], v.Type = map[string]any{"level": "low"}, "order.checked" },
		func(v *benchEvent) { v.Data["lines"].([]any)[0].(map[string]any)["count"], v.Source = 3.0, "web" },
	})
}

func benchmarkMerge[T any](b *testing.B, shape string, base *T, changes []func(v *T)) {
	b.Run("shape="+shape+"/impl=copy", func(b *testing.B) { benchmarkCopy(b, base) })
	for n := 2; n <= len(changes); n++ {
		var versions []*T
		want := copied(b, base)
		for _, change := range changes[:n] {
			v := copied(b, base)
			change(v)
			change(want)
			versions = append(versions, v)
		}
		require.Equal(b, want, merged(b, base, versions...))
		b.Run("shape="+shape+"/impl=merge/versions="+strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := deep.Merge(base, versions, deep.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
