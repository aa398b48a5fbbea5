package main

import (
	"bytes"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"sync/atomic"
)

// The shapes below hold memory in every way that the copier knows. All text is made when the shape is, so that it lies
// on the heap and only the shape keeps it alive.

// text is a string of its own on the heap.
func text(i int) string { return strings.Repeat(string(rune('a'+i%26)), 9+i%40) + fmt.Sprint(i) }

type node struct {
	Next  *node
	Back  *node
	Count int
	Text  string
}

// chain is a list of n nodes, linked both ways.
func chain(n int) *node {
	first := &node{Text: text(0)}
	for last, i := first, 1; i < n; i++ {
		last.Next = &node{Back: last, Count: i, Text: text(i)}
		last = last.Next
	}
	return first
}

type tree struct {
	Left, Right, Up *tree
	Text            string
}

func grow(up *tree, depth int) *tree {
	if depth == 0 {
		return nil
	}
	t := &tree{Up: up, Text: text(depth)}
	t.Left, t.Right = grow(t, depth-1), grow(t, depth-1)
	return t
}

// A wide value is too large for the ways that copy a few words.
type wide struct {
	A, B, C, D string
	P, Q       *int
	L          []string
	M          map[string]string
	X, Y       any
	N          [8]int
}

func wider(i int) wide {
	n, m := i, -i
	return wide{
		A: text(i), B: text(i + 1), C: text(i + 2), D: text(i + 3), P: &n, Q: &m, L: []string{text(i), text(i + 4)},
		M: map[string]string{text(i): text(i + 5)}, X: text(i + 6), Y: &node{Text: text(i)}, N: [8]int{i},
	}
}

type maps struct {
	Texts    map[string]string
	Pointers map[string]*node
	Slices   map[string][]string
	Wides    map[int]wide
	Boxes    map[string]any
	Keys     map[*node]string
	Any      map[any]any
	Arrays   map[[2]string][2]string
}

func makeMaps() *maps {
	m := &maps{
		map[string]string{}, map[string]*node{}, map[string][]string{}, map[int]wide{}, map[string]any{}, map[*node]string{},
		map[any]any{}, map[[2]string][2]string{},
	}
	for i := range 12 {
		n := &node{Count: i, Text: text(i)}
		m.Texts[text(i)] = text(i + 1)
		m.Pointers[text(i)] = n
		m.Slices[text(i)] = []string{text(i), text(i + 1)}
		m.Wides[i] = wider(i)
		m.Boxes[text(i)] = []any{text(i), n, i}
		m.Any[text(i)] = map[string]any{text(i): n}
		m.Arrays[[2]string{text(i), text(i + 1)}] = [2]string{text(i + 2)}
	}
	m.Keys[&node{Text: text(1)}] = text(2) // one alone: the order of several would be that of their places
	return m
}

func makeBoxes() *[]any {
	l := make([]any, 0, 100)
	for i := range 12 {
		w := wider(i)
		l = append(l, text(i), i, w, &w, []string{text(i)}, map[string]any{text(i): text(i + 1)}, [2]string{text(i)},
			struct{ P *node }{chain(2)}, []any{text(i), []any{text(i)}}, &node{Text: text(i)})
	}
	l[0] = l[1:3] // of the same array
	return &l
}

func makeStrings() *[]string {
	l := make([]string, 200)
	for i := range l {
		l[i] = text(i)
	}
	return &l
}

func makePointers() *[]*node {
	l := make([]*node, 200)
	for i := range l {
		if l[i] = l[i/2]; i%3 != 0 || i == 0 {
			l[i] = &node{Back: l[i/2], Count: i, Text: text(i)}
		}
	}
	return &l
}

func makeWides() *[]wide {
	l := make([]wide, 30)
	for i := range l {
		l[i] = wider(i)
	}
	return &l
}

// A guarded value has a part that no copy reads, so that the rest is moved in pieces. As a root it has nothing but the
// barriers of these moves to tell the collector what it holds: memory behind a pointer has been told of with the pointer.
type guarded struct {
	Mu            sync.Mutex
	A, B, C, D, E string
	F             *far
}

// A far value is too large for the ways that copy a few words, and is reached by a pointer.
type far struct{ A, B, C, D, E, F, G, H string }

func makeGuarded() *guarded {
	return &guarded{
		A: text(8), B: text(9), C: text(10), D: text(11), E: text(12),
		F: &far{text(0), text(1), text(2), text(3), text(4), text(5), text(6), text(7)},
	}
}

type atomics struct {
	Int   atomic.Int64
	Bool  atomic.Bool
	To    atomic.Pointer[node]
	Text  atomic.Pointer[string]
	Value atomic.Value
	Plain *node
}

func makeAtomics() *atomics {
	a, s := &atomics{Plain: chain(20)}, text(9)
	a.Int.Store(7)
	a.Bool.Store(true)
	a.To.Store(a.Plain.Next)
	a.Text.Store(&s)
	a.Value.Store([]any{text(3), a.Plain, wider(1)})
	return a
}

func makeSyncMap() *sync.Map {
	m := &sync.Map{}
	for i := range 20 {
		m.Store(text(i), &node{Text: text(i)})
		m.Store(i, []any{text(i), wider(i)})
	}
	return m
}

type buffers struct {
	Builder strings.Builder
	Buffer  bytes.Buffer
	Big     *big.Int
	Raw     []byte
	Raws    [][]byte
}

func makeBuffers() *buffers {
	b := &buffers{Big: new(big.Int).Exp(big.NewInt(7), big.NewInt(400), nil), Raw: []byte(text(7))}
	for i := range 20 {
		b.Builder.WriteString(text(i))
		b.Buffer.WriteString(text(i))
		b.Raws = append(b.Raws, []byte(text(i)))
	}
	return b
}

type overlaps struct {
	All     []node
	Left    []node
	Right   []node
	Middle  *node
	Inside  *string
	Array   [6]string
	View    []string
	Element **node
	Window  *[2]string
	Self    *overlaps
}

func makeOverlaps() *overlaps {
	o := &overlaps{All: make([]node, 40)}
	for i := range o.All {
		o.All[i] = node{Next: &o.All[(i*7+3)%40], Count: i, Text: text(i)}
	}
	for i := range o.Array {
		o.Array[i] = text(i)
	}
	o.Left, o.Right, o.Middle, o.Inside = o.All[:25], o.All[15:30:32], &o.All[20], &o.All[22].Text
	o.View, o.Element, o.Window, o.Self = o.Array[1:4], &o.All[3].Next, (*[2]string)(o.Array[3:5]), o
	return o
}

func makeDocument(depth int) map[string]any {
	m := map[string]any{"text": text(depth), "list": []any{text(depth), depth, nil, true}}
	for i := 0; depth > 0 && i < 3; i++ {
		m[text(i)] = makeDocument(depth - 1)
	}
	return m
}

// shapes are all shapes; each is what one goroutine copies over and over.
var shapes = []shape{
	shapeOf("list", func() *node { return chain(200) }),
	shapeOf("ring", func() *node {
		n := chain(200)
		n.Back, n.Next.Back = n.Next.Next, n
		return n
	}),
	shapeOf("tree", func() *tree { return grow(nil, 7) }),
	shapeOf("maps", makeMaps),
	shapeOf("boxes", makeBoxes),
	shapeOf("strings", makeStrings),
	shapeOf("pointers", makePointers),
	shapeOf("wides", makeWides),
	shapeOf("guarded", makeGuarded),
	shapeOf("atomics", makeAtomics),
	shapeOf("sync.Map", makeSyncMap),
	shapeOf("buffers", makeBuffers),
	shapeOf("overlaps", makeOverlaps),
	shapeOf("document", func() *map[string]any { m := makeDocument(3); return &m }),
}
