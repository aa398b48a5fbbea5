package hooks

import (
	"container/heap"
	"slices"
)

// orderOf returns the order of the enabled entries, by the rules of Placement.
func orderOf[T any](entries map[string]*registryEntry[T]) (*resolvedOrder[T], error) {
	g := graphOf(entries)
	order := g.sort()
	if len(order) < len(g.nodes) {
		return nil, circle(g.circle())
	}
	o := &resolvedOrder[T]{entries: order, missing: missing(order, entries)}
	for _, e := range order {
		o.hooks = append(o.hooks, e.hook)
	}
	o.hooks = slices.Clip(o.hooks)
	return o, nil
}

// A graph has the enabled entries of a registry, and who must come before whom.
type graph[T any] struct {
	nodes  []*registryEntry[T] // in the order of registration
	index  map[string]int      // of nodes
	after  [][]int             // of each node: those that come after it
	before []int               // of each node: how many come before it that have no place yet
}

func graphOf[T any](entries map[string]*registryEntry[T]) *graph[T] {
	g := &graph[T]{index: map[string]int{}}
	for _, e := range entries {
		if e.enabled {
			g.nodes = append(g.nodes, e)
		}
	}
	slices.SortFunc(g.nodes, func(a, b *registryEntry[T]) int { return a.number - b.number })
	for i, e := range g.nodes {
		g.index[e.name] = i
	}
	g.after, g.before = make([][]int, len(g.nodes)), make([]int, len(g.nodes))
	for i, e := range g.nodes {
		for _, name := range e.at.Before {
			if j, ok := g.index[name]; ok {
				g.link(i, j)
			}
		}
		for _, name := range slices.Concat(e.at.After, e.at.Requires) {
			if j, ok := g.index[name]; ok {
				g.link(j, i)
			}
		}
	}
	return g
}

// link says that i comes before j.
func (g *graph[T]) link(i, j int) {
	g.after[i] = append(g.after[i], j)
	g.before[j]++
}

// sort takes one node after the other that may come next. Those in a circle, and behind one, it
// cannot take.
func (g *graph[T]) sort() (order []*registryEntry[T]) {
	q := nextNodes[T]{graph: g}
	for i, n := range g.before {
		if n == 0 {
			q.ready = append(q.ready, i)
		}
	}
	heap.Init(&q)
	for len(q.ready) > 0 {
		i := heap.Pop(&q).(int)
		order = append(order, g.nodes[i])
		for _, j := range g.after[i] {
			if g.before[j]--; g.before[j] == 0 {
				heap.Push(&q, j)
			}
		}
	}
	return order
}

// circle names nodes each of which must come before the next, and the last before the first.
// After sort, every node without a place has one before it that has none, so that going from
// node to node against the order must end in a circle.
func (g *graph[T]) circle() (names []string) {
	earlier := make([]int, len(g.nodes))
	for i := range g.nodes {
		for _, j := range g.after[i] {
			if g.before[i] > 0 {
				earlier[j] = i
			}
		}
	}
	at := slices.IndexFunc(g.before, func(n int) bool { return n > 0 })
	var path []int
	for !slices.Contains(path, at) {
		path = append(path, at)
		at = earlier[at]
	}
	ring := path[slices.Index(path, at):]
	slices.Reverse(ring)
	first := slices.Index(ring, slices.Min(ring)) // it was registered first
	for _, i := range slices.Concat(ring[first:], ring[:first]) {
		names = append(names, g.nodes[i].name)
	}
	return names
}

// nextNodes is a heap of the nodes that may come next.
type nextNodes[T any] struct {
	*graph[T]
	ready []int
}

func (q *nextNodes[T]) Len() int      { return len(q.ready) }
func (q *nextNodes[T]) Swap(i, j int) { q.ready[i], q.ready[j] = q.ready[j], q.ready[i] }
func (q *nextNodes[T]) Push(x any)    { q.ready = append(q.ready, x.(int)) }

func (q *nextNodes[T]) Pop() any {
	n := len(q.ready) - 1
	i := q.ready[n]
	q.ready = q.ready[:n]
	return i
}

func (q *nextNodes[T]) Less(i, j int) bool {
	a, b := q.nodes[q.ready[i]], q.nodes[q.ready[j]]
	if a.at.Priority != b.at.Priority {
		return a.at.Priority < b.at.Priority
	}
	return a.number < b.number
}
