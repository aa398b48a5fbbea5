package deep_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unique"
	"unsafe"
)

// This file makes types from bytes, and valuegen_test.go values of them. Every choice takes a byte from the stream, and
// the smallest one is made when there are no more: so a fuzzer that cuts bytes out gets smaller types and values.

// choices is a stream of choices.
type choices struct{ left []byte }

// pick returns a number below n, which is at most 256.
func (c *choices) pick(n int) int {
	if n <= 1 || len(c.left) == 0 {
		return 0
	}
	b := c.left[0]
	c.left = c.left[1:]
	return int(b) % n
}

// once reports true one time in n, and never at the end of the stream.
func (c *choices) once(n int) bool { return c.pick(n) == n-1 }

func (c *choices) ended() bool { return len(c.left) == 0 }

func pickOf[T any](c *choices, list []T) T { return list[c.pick(len(list))] }

// A typeMaker makes types. What it has made is used again, so that several references lead to one type.
type typeMaker struct {
	*choices
	made []reflect.Type
}

// Larger types are not made: their values would take the time of a hundred others.
const maxTypeSize = 4096

// root makes a type to start from. Mostly it is a struct, whose fields can refer to the same memory.
func (m *typeMaker) root() reflect.Type {
	if m.once(4) {
		return m.typ(4)
	}
	return m.structure(4, 2+m.pick(5))
}

// typ makes a type that is nested no deeper than depth.
func (m *typeMaker) typ(depth int) reflect.Type {
	t := m.draw(depth)
	m.made = append(m.made, t)
	return t
}

func (m *typeMaker) draw(depth int) reflect.Type {
	if depth <= 0 || m.ended() {
		return pickOf(m.choices, genScalars)
	}
	switch m.pick(16) {
	case 0, 1:
		return pickOf(m.choices, genScalars)
	case 2, 3, 4:
		return pickOf(m.choices, declared)
	case 5, 6:
		return pointerTo(m.typ(depth - 1))
	case 7, 8:
		return reflect.SliceOf(m.typ(depth - 1))
	case 9:
		return m.array(depth)
	case 10:
		return reflect.MapOf(m.key(2), m.typ(depth-1))
	case 11, 12:
		return m.structure(depth, 1+m.pick(5))
	case 13:
		return reflect.TypeFor[any]()
	}
	return m.again()
}

// again returns a type that was made before, or a reference to one.
func (m *typeMaker) again() reflect.Type {
	if len(m.made) == 0 {
		return reflect.TypeFor[any]()
	}
	t := pickOf(m.choices, m.made)
	switch m.pick(5) {
	case 0, 1:
		return pointerTo(t)
	case 2:
		return reflect.SliceOf(t)
	case 3:
		return reflect.PointerTo(m.sized(2, t))
	}
	return t
}

// pointerTo is the type of pointers to t. Copies share pointers to what they share, so there are none of those.
func pointerTo(t reflect.Type) reflect.Type {
	if sharedVariable(t) {
		t = reflect.TypeFor[int]()
	}
	return reflect.PointerTo(t)
}

// sharedVariable reports whether copies share a value of type t and pointers to it.
func sharedVariable(t reflect.Type) bool {
	return t == reflect.TypeFor[reflect.Type]() || t == reflect.TypeFor[unique.Handle[string]]()
}

func (m *typeMaker) array(depth int) reflect.Type {
	return m.sized(pickOf(m.choices, []int{1, 2, 3, 0, 4, 17, 70}), m.typ(depth-1))
}

// sized is [n]e, or a shorter array if that would be too large.
func (m *typeMaker) sized(n int, e reflect.Type) reflect.Type {
	for n > 1 && uintptr(n)*e.Size() > maxTypeSize {
		n /= 2
	}
	return reflect.ArrayOf(n, e)
}

// structure makes a struct of n fields, and sometimes one of many more.
func (m *typeMaker) structure(depth, n int) reflect.Type {
	if m.once(12) {
		n = 6 + m.pick(40)
	}
	var fields []reflect.StructField
	var size uintptr
	var t reflect.Type
	for i := range n {
		if i < 6 || m.once(3) {
			t = m.typ(depth - 1)
		}
		if size += t.Size(); size > maxTypeSize {
			break
		}
		fields = append(fields, reflect.StructField{Name: "F" + strconv.Itoa(i), Type: t, Tag: m.tag()})
	}
	return reflect.StructOf(fields)
}

func (m *typeMaker) tag() reflect.StructTag {
	if !m.once(14) {
		return ""
	}
	return pickOf(m.choices, []reflect.StructTag{`hooks:"share"`, `hooks:"zero"`, `hooks:"-"`, `hooks:"share" json:"x"`, `json:"x"`})
}

// key makes a type of map keys. Pointers of keys lead to memory that has a size: two pointers to nothing can become
// one in a copy.
func (m *typeMaker) key(depth int) reflect.Type {
	switch m.pick(10) {
	case 0, 1:
		return reflect.TypeFor[string]()
	case 2:
		return reflect.TypeFor[int]()
	case 3, 4:
		return pickOf(m.choices, keyScalars)
	case 5:
		return pickOf(m.choices, declaredKeys)
	case 6:
		if t := m.typ(depth - 1); t.Size() > 0 {
			return pointerTo(t)
		}
		return reflect.TypeFor[*int]()
	case 7:
		return reflect.TypeFor[any]()
	case 8:
		return reflect.ArrayOf(1+m.pick(2), m.keyBelow(depth))
	}
	return reflect.StructOf([]reflect.StructField{{Name: "K", Type: m.keyBelow(depth)}, {Name: "L", Type: m.keyBelow(depth)}})
}

func (m *typeMaker) keyBelow(depth int) reflect.Type {
	if depth <= 0 {
		return reflect.TypeFor[int32]()
	}
	return m.key(depth - 1)
}

// typesOf lists types.
func typesOf(values ...any) (list []reflect.Type) {
	for _, v := range values {
		list = append(list, reflect.TypeOf(v).Elem())
	}
	return list
}

// genScalars have no references.
var genScalars = typesOf(new(int), new(string), new(bool), new(int8), new(int16), new(int32), new(int64), new(uint),
	new(uint8), new(uint16), new(uint32), new(uint64), new(uintptr), new(float32), new(float64), new(complex64),
	new(complex128), new(genInt), new(genText))

// keyScalars are those that are keys of maps of their own layout, and some that are not.
var keyScalars = typesOf(new(int32), new(uint32), new(uint64), new(uintptr), new(genInt), new(genText), new(int8), new(uint16),
	new(bool), new(float32), new(float64), new(complex128))

// declaredKeys are key types that lead to memory, or could.
var declaredKeys = typesOf(new(*int), new(*genTree), new(*genNode), new(genWord), new(genCalled), new(genPair), new([1]*genTree),
	new([2]any), new(chan int), new(genNothing), new(genAtomKey))

// declared are types that reflect cannot make, or not easily: recursive ones, such with unexported fields and with
// methods, and those of the standard library that have rules of their own.
var declared = typesOf(
	// recursive
	new(genNode), new(*genNode), new(genTree), new(*genTree), new(genSelfSlice), new(genSelfMap), new(genSelfPointer), new(genRing), new(*genRing),
	// one word, which lies in an interface itself
	new(genWord), new(genWordAny), new(genWordMap), new(genWordFunc), new([1]*genTree), new(genWordWord), new([1]genWord),
	// nothing, of several alignments
	new(struct{}), new(genNothing), new([0]int64), new([0]func()), new(*genNothing), new(genAfter),
	// converted
	new(genInts), new([]int), new(genCounts), new(map[string]int), new(genPair), new(genTwin), new(*genPair), new(*genTwin), new(*int), new(*genInt),
	new([]any), new(map[string]any), new(genAnys), new([4]int), new(*[2]int), new(genShared), new(*genShared),
	// unexported fields, wide ones among them
	new(genHidden), new(*genHidden), new(genWide), new(genBox[int]), new(genBox[*genTree]), new(genBox[any]), new(*genBox[string]),
	new(genTexts), new(genMixed), new(genTagged), new(*genTagged), new(genTwice),
	// of the standard library
	new(sync.Mutex), new(genLocked), new(*genLocked), new(genAtoms), new(*genAtoms), new(atomic.Int64), new(atomic.Pointer[genTree]), new(atomic.Pointer[genNode]),
	new(genSynced), new(time.Time), new(*time.Location), new(strings.Builder), new(*strings.Builder), new(*big.Int), new(big.Int), new(netip.Addr),
	new(unique.Handle[string]), new(reflect.Type), new(sync.Once),
	// interfaces and what copies share
	new(any), new(any), new(any), new(*any), new(error), new(genCaller), new(context.Context), new(func()), new(chan int), new(unsafe.Pointer),
	// for the obvious engine
	new(genOwn), new(*genOwn), new(*log.Logger), new(genBadTag),
)

type (
	genInt  int
	genText string

	genNode struct {
		next *genNode
		val  int
		any  any
	}
	genTree struct {
		left, right *genTree
		val         int8
	}
	genRing struct {
		next *genRing
		in   [3]genPair
		over []genPair
		at   *genPair
		num  *int
	}
	genSelfSlice   []genSelfSlice
	genSelfMap     map[string]genSelfMap
	genSelfPointer *genSelfPointer

	genWord     struct{ p *int }
	genWordAny  struct{ p *any }
	genWordMap  struct{ m map[string]any }
	genWordFunc struct{ f func() }
	genWordWord struct{ w genWordAny }

	genNothing struct{}
	genAfter   struct {
		p    *int
		none genNothing
	}

	genInts   []int
	genAnys   []any
	genCounts map[string]int

	// genPair, genTwin and genShared convert to each other.
	genPair struct {
		A int
		B *int
	}
	genTwin   genPair
	genShared struct {
		A int
		B *int `hooks:"share"`
	}

	genHidden struct {
		n    int32
		text string
		list []int
		next *genHidden
		m    map[string]*genHidden
		pad  int8
	}
	genWide struct{ a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q *genPair }
	// genTexts has many strings, to be counted.
	genTexts struct{ a, b, c, d, e, f, g, h string }
	genMixed struct {
		a    uint8
		any  any
		b    uint16
		in   genHidden
		c    float32
		arr  [2]genWord
		most [5]struct {
			s string
			f float64
			l []string
		}
	}
	genTagged struct {
		own    *int
		share  *int   `hooks:"share"`
		zero   []int  `hooks:"zero"`
		ignore any    `hooks:"-"`
		text   string `hooks:"share"`
	}
	// genTwice can refer to one thing under two types, and no interface makes that plain.
	genTwice struct {
		m    map[string]int
		n    genCounts
		a, b *[2]int
		p    *int
		q    *genInt
		s    []int
		t    genInts
		none []struct{}
	}
	genBox[T any] struct {
		v    T
		next *genBox[T]
	}

	genLocked struct {
		mu   sync.Mutex
		n    int
		rw   sync.RWMutex
		once sync.Once
		p    *int
		wg   sync.WaitGroup
	}
	genAtoms struct {
		b    atomic.Bool
		i    atomic.Int32
		j    atomic.Int64
		u    atomic.Uint32
		v    atomic.Uint64
		w    atomic.Uintptr
		tree atomic.Pointer[genTree]
		num  atomic.Pointer[int]
		loc  atomic.Pointer[time.Location]
		all  [2]atomic.Int32
	}
	genSynced struct {
		v atomic.Value
		m sync.Map
	}
	genAtomKey struct {
		n atomic.Int32
		p *int
	}

	// genOwn copies itself.
	genOwn struct {
		n int
		p *int
	}
	genBadTag struct {
		p *int
		q *int `hooks:"deep"`
	}
)

func (o *genOwn) DeepCopy() *genOwn {
	c := &genOwn{n: o.n}
	if o.p != nil {
		c.p = new(int)
		*c.p = *o.p
	}
	return c
}

// A genCaller is an interface with a method. Its values are plain, references, or one word.
type genCaller interface{ call() string }

type (
	genCalled    int
	genCalledPtr struct {
		next genCaller
		list []int
	}
	genCalledWord struct{ p *genCaller }
	genCalledBox  struct {
		n    int
		next genCaller
		list []int
	}
)

func (genCalled) call() string     { return "" }
func (*genCalledPtr) call() string { return "" }
func (genCalledWord) call() string { return "" }
func (genCalledBox) call() string  { return "" }

// A genError is an error that is a value with references.
type genError struct{ list []int }

func (genError) Error() string { return "gen" }

// What copies share, to choose from.
var (
	sharedErrors = []error{io.EOF, &myError{"e"}, genError{[]int{1}}, genError{}, fmt.Errorf("wrapped: %w", io.EOF)}
	sharedFuncs  = []func(){func() {}, func() { fmt.Println() }}
	sharedChans  = []chan int{make(chan int), make(chan int, 1)}
	sharedTypes  = []reflect.Type{reflect.TypeFor[int](), reflect.TypeFor[genTree]()}
	sharedWord   = new(int)
	sharedTimes  = []time.Time{{}, time.Unix(1, 2), time.Unix(3, 4).UTC(), time.Now(), time.Unix(5, 6).In(time.FixedZone("gen", 60))}
	sharedLocals = []*time.Location{time.UTC, time.Local, time.FixedZone("gen", 3600)}
	sharedText   = []string{"", "a", "key", "héllo", strings.Repeat("long ", 30)}
)
