package hooks_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Histories of transactions that append to lists and read them. From what they found in the lists
// follows who came before whom: the method is that of Elle (Kingsbury and Alvaro, 2020), list
// append with unique elements.

// A txn is one round of an execution. If it failed, or was lost, what it has read counts all the
// same: it must belong to one instant.
type txn struct {
	name       string
	begun, end int64         // of the whole execution, on the history's clock
	found      map[int][]int // by key: the list without the elements of the execution itself
	wrote      map[int]int   // if it has committed: the key of each element
	fuzzy      string        // it has found one list in two ways
}

// read writes down what t has found.
func (t *txn) read(key int, found []int) {
	if before, again := t.found[key]; again && !slices.Equal(before, found) {
		t.fuzzy = fmt.Sprintf("fuzzy read: %s found %v in key %d, then %v", t.name, before, key, found)
	}
	t.found[key] = found
}

// A history is what many goroutines did. Its mutex also guards its transactions.
type history struct {
	mu    sync.Mutex
	clock int64
	txns  []*txn
}

// tick returns the next time.
func (h *history) tick() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock++
	return h.clock
}

// check says what is wrong with a history after which the lists are final, by key: "" if it is
// strictly serialisable, and nothing that was committed is missing.
func (h *history) check(final [][]int) string {
	writers := map[int]*txn{}
	for _, t := range h.txns {
		for e, key := range t.wrote {
			if writers[e] = t; !slices.Contains(final[key], e) {
				return fmt.Sprintf("lost update: %s appended %d to key %d, which is %v", t.name, e, key, final[key])
			}
		}
	}
	g := graph{}
	for key, list := range final {
		for i, e := range list {
			switch {
			case writers[e] == nil:
				return fmt.Sprintf("key %d has %d, which was not committed", key, e)
			case i > 0:
				g.add(writers[list[i-1]], writers[e], fmt.Sprintf("%d comes before %d in key %d", list[i-1], e, key))
			}
		}
	}
	for _, t := range h.txns {
		if text := g.reads(t, final, writers); text != "" {
			return text
		}
		for _, later := range h.txns {
			if t.end < later.begun {
				g.add(t, later, "ended before the other began")
			}
		}
	}
	return g.cycle(h.txns)
}

// A graph says who came before whom, and why.
type graph map[*txn]map[*txn]string

func (g graph) add(from, to *txn, why string) {
	if from == to {
		return
	}
	if g[from] == nil {
		g[from] = map[*txn]string{}
	}
	g[from][to] = why
}

// reads adds what follows from what t has found: it comes after who wrote the last element of
// that, and before who wrote the next.
func (g graph) reads(t *txn, final [][]int, writers map[int]*txn) string {
	for key, found := range t.found {
		list, n := final[key], len(found)
		switch {
		case n > len(list) || !slices.Equal(found, list[:n]):
			return fmt.Sprintf("dirty read: %s found %v in key %d, which became %v", t.name, found, key, list)
		case n > 0 && n < len(list) && writers[list[n]] == writers[found[n-1]]:
			return fmt.Sprintf("%s found %v in key %d, half of what %s did", t.name, found, key, writers[list[n]].name)
		}
		if n > 0 {
			g.add(writers[found[n-1]], t, fmt.Sprintf("%d was found in key %d", found[n-1], key))
		}
		if n < len(list) {
			g.add(t, writers[list[n]], fmt.Sprintf("%d was not found in key %d", list[n], key))
		}
	}
	return t.fuzzy
}

// cycle describes a cycle, "" if there is none.
func (g graph) cycle(all []*txn) string {
	visited := map[*txn]bool{}
	var path []*txn
	var visit func(t *txn) string
	visit = func(t *txn) string {
		if at := slices.Index(path, t); at >= 0 {
			return g.describe(append(path[at:], t))
		}
		if visited[t] {
			return ""
		}
		visited[t] = true
		path = append(path, t)
		for to := range g[t] {
			if text := visit(to); text != "" {
				return text
			}
		}
		path = path[:len(path)-1]
		return ""
	}
	for _, t := range all {
		if text := visit(t); text != "" {
			return text
		}
	}
	return ""
}

func (g graph) describe(loop []*txn) string {
	var text strings.Builder
	text.WriteString("a cycle:")
	for i, t := range loop[1:] {
		fmt.Fprintf(&text, "\n  %s → %s: %s", loop[i].name, t.name, g[loop[i]][t])
	}
	return text.String()
}
