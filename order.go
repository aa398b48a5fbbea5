package hooks

import (
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A graph has the enabled entries of a Registry, as they were registered, and says which must
// run before which.
type graph[T any] struct {
	nodes []*entry[T]
	index map[string]int // of nodes, by name
	after [][]int        // of each node: those that it must run before
	open  []int          // of each node: how many must run before it and have no place in the order yet
}

func newGraph[T any](entries []*entry[T]) *graph[T] {
	g := &graph[T]{nodes: make([]*entry[T], 0, len(entries))}
	for _, e := range entries {
		if e.enabled {
			g.nodes = append(g.nodes, e)
		}
	}
	g.index = make(map[string]int, len(g.nodes))
	for i, e := range g.nodes {
		g.index[e.Name] = i
	}
	g.after, g.open = make([][]int, len(g.nodes)), make([]int, len(g.nodes))
	for i, e := range g.nodes {
		g.link(e.Before, func(j int) (first, second int) { return i, j })
		g.link(e.After, func(j int) (first, second int) { return j, i })
		g.link(e.Requires, func(j int) (first, second int) { return j, i })
	}
	return g
}

// link adds what a list of a Placement says. Names of entries that do not run are left out.
func (g *graph[T]) link(names []string, pair func(j int) (first, second int)) {
	for _, name := range names {
		if j, ok := g.index[name]; ok {
			first, second := pair(j)
			g.after[first] = append(g.after[first], second)
			g.open[second]++
		}
	}
}

// order returns the nodes as Placement says. The error is of a cycle through the node that was
// changed: without it there was an order, so there is no other cycle.
func (g *graph[T]) order(changed string) ([]*entry[T], error) {
	order := g.sort()
	if len(order) < len(g.nodes) {
		around := g.cycle(g.index[changed])
		return nil, &classed{ErrHookCycle, errors.New(strings.Join(around, " before "))}
	}
	return order, nil
}

// sort takes, again and again, the best of the nodes that may run next. Those in a cycle, and
// those after one, it never takes.
func (g *graph[T]) sort() []*entry[T] {
	order := make([]*entry[T], 0, len(g.nodes))
	next := &queue[T]{nodes: g.nodes}
	for i, n := range g.open {
		if n == 0 {
			next.places = append(next.places, i)
		}
	}
	heap.Init(next)
	for next.Len() > 0 {
		i := heap.Pop(next).(int)
		order = append(order, g.nodes[i])
		for _, j := range g.after[i] {
			if g.open[j]--; g.open[j] == 0 {
				heap.Push(next, j)
			}
		}
	}
	return order
}

// cycle returns the names along a shortest way from a node back to itself, the node at both
// ends. There must be one.
func (g *graph[T]) cycle(start int) []string {
	from := make([]int, len(g.nodes)) // where a node was reached from, plus one; 0: not reached
	reached := []int{start}
	for len(reached) > 0 && from[start] == 0 {
		i := reached[0]
		reached = reached[1:]
		for _, j := range g.after[i] {
			if from[j] == 0 {
				from[j] = i + 1
				reached = append(reached, j)
			}
		}
	}
	path := []string{g.nodes[start].Name}
	for i := from[start] - 1; i != start; i = from[i] - 1 {
		path = append(path, g.nodes[i].Name)
	}
	path = append(path, g.nodes[start].Name)
	slices.Reverse(path)
	return path
}

// missing says which of the nodes require one that is none. entries are all there are.
func (g *graph[T]) missing(entries []*entry[T]) error {
	var all []string
	for _, e := range g.nodes {
		for i, name := range e.Requires {
			if _, ok := g.index[name]; ok || slices.Contains(e.Requires[:i], name) {
				continue
			}
			why := "is not registered"
			if slices.ContainsFunc(entries, func(e *entry[T]) bool { return e.Name == name }) {
				why = "is disabled"
			}
			all = append(all, fmt.Sprintf("hook %q requires %q, which %s", e.Name, name, why))
		}
	}
	if all == nil {
		return nil
	}
	return fmt.Errorf("hooks: resolve: %w", &classed{ErrMissingHook, errors.New(strings.Join(all, "; "))})
}

// A queue is a heap of the nodes that may run next, by their places: the best one first.
type queue[T any] struct {
	nodes  []*entry[T]
	places []int
}

func (q *queue[T]) Len() int      { return len(q.places) }
func (q *queue[T]) Swap(a, b int) { q.places[a], q.places[b] = q.places[b], q.places[a] }
func (q *queue[T]) Push(i any)    { q.places = append(q.places, i.(int)) }

func (q *queue[T]) Less(a, b int) bool {
	i, j := q.places[a], q.places[b]
	return cmp.Or(cmp.Compare(q.nodes[i].Priority, q.nodes[j].Priority), i-j) < 0
}

func (q *queue[T]) Pop() any {
	last := len(q.places) - 1
	i := q.places[last]
	q.places = q.places[:last]
	return i
}
