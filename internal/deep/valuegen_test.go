package deep_test

import (
	"context"
	"log"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unique"
	"unsafe"
)

// A valueMaker makes values. What it has made so far is referred to again: whole variables and their parts, slices and
// parts of them, maps, interfaces with what they hold; also under other types that Go converts them to. So sharing,
// cycles and pointers into other memory are frequent.
type valueMaker struct {
	*choices
	types []reflect.Type // which interfaces hold, beside others

	vars   map[reflect.Type][]reflect.Value // pointers to variables, by the variables' type
	arrays map[reflect.Type][]reflect.Value // slices, by their elements' type
	order  []reflect.Type                   // the keys of vars as they came
	maps   []reflect.Value
	faces  []reflect.Value // variables of type any that hold something

	tree     bool // nothing is referred to twice
	hashable bool // a map's key is being made
	scratch  bool // what is being made goes elsewhere by value
	inexact  bool // reflect.DeepEqual has other rules for what was made
}

func newValueMaker(c *choices, types []reflect.Type) *valueMaker {
	return &valueMaker{choices: c, types: types, vars: map[reflect.Type][]reflect.Value{}, arrays: map[reflect.Type][]reflect.Value{}}
}

// root makes a value of type t, and returns a pointer to it. Sometimes it is an element of an array, or a field.
func (m *valueMaker) root(t reflect.Type) reflect.Value {
	p := reflect.New(t)
	switch m.pick(8) {
	case 6:
		p = m.array(t, 3).Index(1).Addr()
	case 7:
		outer := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "A", Type: reflect.TypeFor[int]()}, {Name: "B", Type: t}}))
		m.register(outer.Elem(), 3)
		p = outer.Elem().Field(1).Addr()
	default:
		m.register(p.Elem(), 3)
	}
	m.fill(p.Elem(), maxValueDepth)
	return p
}

const (
	maxValueDepth = 10
	maxKnown      = 48 // variables of one type that are kept to be referred to
)

// register notes the variable v and its parts.
func (m *valueMaker) register(v reflect.Value, depth int) {
	t := v.Type()
	if sharedVariable(t) {
		return
	}
	known, ok := m.vars[t]
	if !ok {
		m.order = append(m.order, t)
	}
	if len(known) < maxKnown {
		m.vars[t] = append(known, v.Addr())
	}
	if depth == 0 || special[t] != nil || opaque(t) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range min(v.NumField(), 8) {
			if t.Field(i).Tag == "" {
				m.register(fieldOf(v, i), depth-1)
			}
		}
	case reflect.Array:
		for i := range min(v.Len(), 4) {
			m.register(v.Index(i), depth-1)
		}
	}
}

// opaque reports whether t is a type into which nobody points but itself.
func opaque(t reflect.Type) bool {
	switch t.PkgPath() {
	case "sync", "sync/atomic", "time", "strings", "math/big", "net/netip", "unique":
		return true
	}
	return t == reflect.TypeFor[genOwn]()
}

// fieldOf is field i of the addressable struct v, exported or not.
func fieldOf(v reflect.Value, i int) reflect.Value {
	f := v.Field(i)
	return reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem()
}

// fill gives the variable v, which is zero, a value.
func (m *valueMaker) fill(v reflect.Value, depth int) {
	if m.ended() || depth < 0 {
		return
	}
	if f := special[v.Type()]; f != nil {
		f(m, v)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		m.pointer(v, depth)
	case reflect.Slice:
		m.slice(v, depth)
	case reflect.Map:
		m.mapping(v, depth)
	case reflect.Interface:
		m.face(v, depth)
	case reflect.Struct:
		m.structure(v, depth)
	case reflect.Array:
		for i := range v.Len() {
			m.fill(v.Index(i), depth)
		}
	case reflect.Func:
		if v.Type() == reflect.TypeFor[func()]() && m.pick(2) == 1 {
			v.Set(reflect.ValueOf(pickOf(m.choices, sharedFuncs)))
			m.inexact = true
		}
	case reflect.Chan:
		if v.Type() == reflect.TypeFor[chan int]() && m.pick(2) == 1 {
			v.Set(reflect.ValueOf(pickOf(m.choices, sharedChans)))
		}
	case reflect.UnsafePointer:
		if m.pick(2) == 1 {
			v.SetPointer(unsafe.Pointer(sharedWord))
		}
	default:
		m.scalar(v)
	}
}

func (m *valueMaker) structure(v reflect.Value, depth int) {
	t := v.Type()
	for i := range v.NumField() {
		if t.Field(i).Tag != "" {
			m.inexact = true
		}
		m.fill(fieldOf(v, i), depth)
	}
}

func (m *valueMaker) scalar(v reflect.Value) {
	n := m.pick(6)
	switch {
	case v.Kind() == reflect.Bool:
		v.SetBool(n%2 == 1)
	case v.CanInt():
		v.SetInt([]int64{0, 1, -1, 7, math.MaxInt64, math.MinInt64}[n])
	case v.CanUint():
		v.SetUint([]uint64{0, 1, 2, 7, math.MaxUint64, 1 << 63}[n])
	case v.CanFloat():
		v.SetFloat(m.float(n))
	case v.CanComplex():
		v.SetComplex(complex(m.float(n), m.float(m.pick(6))))
	case v.Kind() == reflect.String:
		v.SetString(pickOf(m.choices, sharedText))
	}
}

func (m *valueMaker) float(n int) float64 {
	m.inexact = m.inexact || n >= 4
	return []float64{0, 1, -1.5, math.Inf(1), math.NaN(), math.Copysign(0, -1)}[n]
}

// variable makes a new variable of type t, and returns a pointer to it.
func (m *valueMaker) variable(t reflect.Type, depth int) reflect.Value {
	p := reflect.New(t)
	m.register(p.Elem(), 3)
	m.fill(p.Elem(), depth)
	return p
}

func (m *valueMaker) pointer(v reflect.Value, depth int) {
	e := v.Type().Elem()
	choice := m.pick(8)
	switch {
	case choice == 0:
		return
	case choice >= 3 && choice <= 5 && len(m.vars[e]) > 0 && !m.tree:
		v.Set(pickOf(m.choices, m.vars[e]).Convert(v.Type()))
	case choice >= 6 && !m.tree && m.convertedPointer(v):
	case choice == 2 && m.once(12) && m.longList(v):
	default:
		v.Set(m.variable(e, depth-1).Convert(v.Type()))
	}
}

// convertedPointer gives v a pointer to a known variable of another type, or to a part of a known array.
func (m *valueMaker) convertedPointer(v reflect.Value) bool {
	e := v.Type().Elem()
	if e.Kind() == reflect.Array && e.Len() > 0 {
		if list := m.arrays[e.Elem()]; len(list) > 0 {
			s := pickOf(m.choices, list)
			if n := s.Len() - e.Len(); n >= 0 {
				i := m.pick(n + 1)
				v.Set(s.Slice(i, s.Len()).Convert(reflect.PointerTo(e)).Convert(v.Type()))
				return true
			}
		}
	}
	var list []reflect.Value
	for _, t := range m.order {
		if t != e && reflect.PointerTo(t).ConvertibleTo(v.Type()) && !mentionsTag(t) && !mentionsTag(e) {
			list = append(list, m.vars[t]...)
		}
	}
	if len(list) == 0 {
		return false
	}
	v.Set(list[m.pick(min(len(list), 256))].Convert(v.Type()))
	return true
}

// longList makes a list that is too long for recursion.
func (m *valueMaker) longList(v reflect.Value) bool {
	n := []int{300, 3500}[m.pick(2)]
	switch p := v.Addr().Interface().(type) {
	case **genNode:
		for i := range n {
			*p = &genNode{next: *p, val: i}
		}
	case **genTree:
		for range n {
			*p = &genTree{left: *p}
		}
	case **genRing:
		for range n {
			*p = &genRing{next: *p}
		}
	default:
		return false
	}
	return true
}

// array makes a new array of n variables of type e, and returns a slice over it that has room for more.
func (m *valueMaker) array(e reflect.Type, n int) reflect.Value {
	s := reflect.MakeSlice(reflect.SliceOf(e), n, n+m.pick(2))
	m.arrays[e] = append(m.arrays[e], s)
	for i := range min(n, 4) {
		m.register(s.Index(i), 2)
	}
	return s
}

func (m *valueMaker) slice(v reflect.Value, depth int) {
	t, e := v.Type(), v.Type().Elem()
	choice := m.pick(10)
	switch {
	case choice == 0:
		return
	case choice == 1:
		v.Set(reflect.MakeSlice(t, 0, m.pick(3)))
	case choice >= 4 && choice <= 7 && len(m.arrays[e]) > 0 && !m.tree:
		v.Set(m.part(pickOf(m.choices, m.arrays[e])).Convert(t))
	case choice >= 8 && !m.tree && m.overArray(v):
	default:
		s := m.array(e, m.length(e))
		v.Set(s.Convert(t))
		for i := range s.Len() {
			m.fill(s.Index(i), depth-1)
		}
	}
}

// length is how many elements of type e a new array has: a few, seldom many.
func (m *valueMaker) length(e reflect.Type) int {
	n := m.pick(64)
	switch {
	case n == 62:
		return 40
	case n == 63 && e.Size() <= 64:
		return 300
	}
	return n % 6
}

// part is a part of the slice s, of which the capacity ends where that of s does, or before.
func (m *valueMaker) part(s reflect.Value) reflect.Value {
	i := m.pick(min(s.Len()+1, 256))
	j := i + m.pick(min(s.Len()-i+1, 256))
	switch m.pick(4) {
	case 0, 1:
		return s
	case 2:
		return s.Slice(i, j)
	}
	return s.Slice3(i, j, j+m.pick(min(s.Cap()-j+1, 256)))
}

// overArray makes v a slice over a known array variable.
func (m *valueMaker) overArray(v reflect.Value) bool {
	var list []reflect.Value
	for _, t := range m.order {
		if t.Kind() == reflect.Array && t.Elem() == v.Type().Elem() {
			list = append(list, m.vars[t]...)
		}
	}
	if len(list) == 0 {
		return false
	}
	a := list[m.pick(min(len(list), 256))].Elem()
	v.Set(m.part(a.Slice(0, a.Len())).Convert(v.Type()))
	return true
}

func (m *valueMaker) mapping(v reflect.Value, depth int) {
	t := v.Type()
	switch choice := m.pick(6); {
	case choice == 0:
		return
	case choice == 1:
		v.Set(reflect.MakeMap(t))
		return
	case choice >= 4 && !m.tree && m.knownMap(v):
		return
	}
	x := reflect.MakeMap(t)
	v.Set(x)
	if !m.hashable {
		m.maps = append(m.maps, x)
	}
	for range m.entries(t) {
		k, e := m.byValue(t.Key(), true, depth-1), m.byValue(t.Elem(), false, depth-1)
		x.SetMapIndex(k, e)
	}
	if t.Key().Kind() == reflect.Int && t.Elem().Size() <= 64 && m.once(6) {
		for i := range 40 {
			x.SetMapIndex(reflect.ValueOf(1000+i).Convert(t.Key()), reflect.Zero(t.Elem()))
		}
	}
}

func (m *valueMaker) entries(t reflect.Type) int {
	if m.once(10) && t.Elem().Size() <= 64 {
		return 12
	}
	return 1 + m.pick(4)
}

// byValue makes a value that goes elsewhere: an entry of a map, the content of an interface.
func (m *valueMaker) byValue(t reflect.Type, key bool, depth int) reflect.Value {
	was, wasScratch := m.hashable, m.scratch
	m.hashable, m.scratch = m.hashable || key, true
	v := reflect.New(t).Elem()
	m.fill(v, depth)
	if key && !plainKey(t) {
		m.inexact = true
	}
	m.hashable, m.scratch = was, wasScratch
	return v
}

// plainKey reports whether keys of type t lead nowhere.
func plainKey(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct, reflect.Array, reflect.Interface, reflect.Pointer:
		return false
	}
	return true
}

func (m *valueMaker) knownMap(v reflect.Value) bool {
	var list []reflect.Value
	for _, x := range m.maps {
		if x.Type() == v.Type() || x.Type().ConvertibleTo(v.Type()) && !mentionsTag(x.Type()) && !mentionsTag(v.Type()) {
			list = append(list, x)
		}
	}
	if len(list) == 0 {
		return false
	}
	v.Set(list[m.pick(min(len(list), 256))].Convert(v.Type()))
	return true
}

func (m *valueMaker) face(v reflect.Value, depth int) {
	switch x := v.Addr().Interface().(type) {
	case *error:
		if m.pick(3) > 0 {
			*x, m.inexact = m.sharedError(), true
		}
	case *context.Context:
		if m.pick(3) > 0 {
			*x, m.inexact = context.Background(), true
		}
	case *reflect.Type:
		if m.pick(3) > 0 {
			*x, m.inexact = pickOf(m.choices, sharedTypes), true
		}
	case *genCaller:
		m.caller(x, depth)
	case *any:
		m.any(x, depth)
	}
}

// sharedError picks an error. One that cannot be compared is no key.
func (m *valueMaker) sharedError() error {
	err := pickOf(m.choices, sharedErrors)
	if _, ok := err.(genError); ok && m.hashable {
		return nil
	}
	return err
}

func (m *valueMaker) caller(x *genCaller, depth int) {
	switch m.pick(5) {
	case 1:
		*x = genCalled(m.pick(3))
	case 2:
		if !m.hashable {
			*x = m.byValue(reflect.TypeFor[genCalledBox](), false, depth-1).Interface().(genCaller)
		}
	case 3:
		*x = m.byValue(reflect.TypeFor[genCalledWord](), false, depth-1).Interface().(genCaller)
	case 4:
		*x = m.byValue(reflect.TypeFor[*genCalledPtr](), false, depth-1).Interface().(genCaller)
	}
}

func (m *valueMaker) any(x *any, depth int) {
	choice := m.pick(14)
	if m.tree && choice >= 6 && choice <= 9 {
		choice -= 5
	}
	switch {
	case choice == 0:
		return
	case choice <= 3:
		*x = m.held(pickOf(m.choices, declared), depth)
	case choice == 4:
		*x = m.held(pickOf(m.choices, genScalars), depth)
	case choice == 5 && len(m.types) > 0:
		*x = m.held(pickOf(m.choices, m.types), depth)
	case choice == 6 && len(m.faces) > 0:
		m.again(x)
	case choice == 7 && len(m.order) > 0:
		*x = pickOf(m.choices, m.vars[m.order[m.pick(min(len(m.order), 256))]]).Interface()
	case choice == 8 && len(m.maps) > 0 && !m.hashable:
		*x = m.maps[m.pick(min(len(m.maps), 256))].Interface()
	case choice == 10:
		m.inexact = true
		if err := m.sharedError(); err != nil {
			*x = err
		}
	case choice == 11:
		*x = m.held(pointerTo(pickOf(m.choices, declared)), depth)
	case choice == 12 && m.once(8):
		m.deep(x)
	default:
		*x = m.held(pickOf(m.choices, boxed), depth)
	}
	if *x != nil && !m.scratch {
		m.faces = append(m.faces, reflect.ValueOf(x).Elem())
	}
}

// again makes x hold what another interface holds: the same memory, not merely the same value.
func (m *valueMaker) again(x *any) {
	f := m.faces[m.pick(min(len(m.faces), 256))]
	if e := f.Elem(); !m.hashable || e.IsValid() && e.Comparable() && e.Kind() != reflect.Pointer {
		reflect.ValueOf(x).Elem().Set(f)
	}
}

// boxed are types whose values lie in memory of the interface's own, or that are one word.
var boxed = typesOf(new(genPair), new(genBox[any]), new([2]any), new([]any), new(genWordAny), new(genWord), new([1]any), new(genHidden),
	new(genMixed), new(genCalledBox), new(struct{ X any }), new([]int), new(genTagged), new(genInts), new(genAtoms))

// held makes a value of type t, for an interface. A key can be compared.
func (m *valueMaker) held(t reflect.Type, depth int) any {
	if t.Kind() == reflect.Interface {
		t = reflect.TypeFor[genPair]()
	}
	if m.hashable && (!t.Comparable() || t.Kind() == reflect.Pointer && t.Elem().Size() == 0 || hasTag(t) || lone(t)) {
		t = reflect.TypeFor[genWord]()
	}
	return m.byValue(t, false, depth-1).Interface()
}

// lone reports whether keys of type t do not stay apart in a copy: locks are zero there.
func lone(t reflect.Type) bool { return t.PkgPath() == "sync" || t == reflect.TypeFor[genLocked]() }

// mentionsTag reports whether t or a type that it leads to has tags. Types that differ in tags alone convert to each
// other, and one variable of both has two rules: which of them holds is not for random tests.
func mentionsTag(t reflect.Type) bool {
	seen := map[reflect.Type]bool{}
	var look func(t reflect.Type) bool
	look = func(t reflect.Type) bool {
		if seen[t] {
			return false
		}
		seen[t] = true
		switch t.Kind() {
		case reflect.Map:
			return look(t.Key()) || look(t.Elem())
		case reflect.Pointer, reflect.Slice, reflect.Array:
			return look(t.Elem())
		case reflect.Struct:
			for i := range t.NumField() {
				if f := t.Field(i); f.Tag != "" || look(f.Type) {
					return true
				}
			}
		}
		return false
	}
	return look(t)
}

func hasTag(t reflect.Type) bool {
	for i := 0; t.Kind() == reflect.Struct && i < t.NumField(); i++ {
		if t.Field(i).Tag != "" || hasTag(t.Field(i).Type) || lone(t.Field(i).Type) {
			return true
		}
	}
	return t.Kind() == reflect.Array && hasTag(t.Elem())
}

// deep nests interfaces deeper than recursion may go.
func (m *valueMaker) deep(x *any) {
	n, kind := []int{300, 3500, 900}[m.pick(3)], m.pick(8)
	if m.hashable {
		kind = 1
	}
	if len(m.order) > 0 && !m.tree && !m.hashable {
		*x = m.vars[m.order[0]][0].Interface()
	}
	for i := range n {
		inner := *x
		k := kind
		if kind == 7 {
			k = i % 7
		}
		switch k {
		case 0:
			*x = &inner
		case 1:
			*x = [1]any{inner}
		case 2:
			*x = []any{inner}
		case 3:
			*x = map[string]any{"k": inner}
		case 4:
			*x = genWordAny{&inner}
		case 5:
			*x = genBox[any]{v: inner}
		case 6:
			*x = map[any]any{i: inner}
			m.inexact = true
		}
	}
}

// special has types whose values must be made in their own way.
var special map[reflect.Type]func(m *valueMaker, v reflect.Value)

func init() {
	special = map[reflect.Type]func(m *valueMaker, v reflect.Value){
		reflect.TypeFor[sync.Mutex]():              fillMutex,
		reflect.TypeFor[sync.RWMutex]():            fillRWMutex,
		reflect.TypeFor[sync.WaitGroup]():          func(*valueMaker, reflect.Value) {},
		reflect.TypeFor[sync.Once]():               fillOnce,
		reflect.TypeFor[sync.Map]():                fillSyncMap,
		reflect.TypeFor[atomic.Value]():            fillAtomicValue,
		reflect.TypeFor[atomic.Pointer[genTree]](): fillPointer[genTree],
		reflect.TypeFor[atomic.Pointer[genNode]](): fillPointer[genNode],
		reflect.TypeFor[atomic.Pointer[int]]():     fillPointer[int],
		reflect.TypeFor[atomic.Pointer[time.Location]](): func(m *valueMaker, v reflect.Value) {
			v.Addr().Interface().(*atomic.Pointer[time.Location]).Store(pickOf(m.choices, sharedLocals))
		},
		reflect.TypeFor[time.Time](): func(m *valueMaker, v reflect.Value) {
			v.Set(reflect.ValueOf(pickOf(m.choices, sharedTimes)))
		},
		reflect.TypeFor[*time.Location](): func(m *valueMaker, v reflect.Value) {
			v.Set(reflect.ValueOf(pickOf(m.choices, sharedLocals)))
		},
		reflect.TypeFor[strings.Builder](): func(m *valueMaker, v reflect.Value) {
			v.Addr().Interface().(*strings.Builder).WriteString(pickOf(m.choices, sharedText))
		},
		reflect.TypeFor[big.Int](): func(m *valueMaker, v reflect.Value) {
			v.Addr().Interface().(*big.Int).SetInt64(int64(m.pick(3)) << 40)
		},
		reflect.TypeFor[netip.Addr](): func(m *valueMaker, v reflect.Value) {
			v.Set(reflect.ValueOf(netip.MustParseAddr([]string{"127.0.0.1", "::1", "fe80::1%eth0"}[m.pick(3)])))
		},
		reflect.TypeFor[unique.Handle[string]](): func(m *valueMaker, v reflect.Value) {
			v.Set(reflect.ValueOf(unique.Make(pickOf(m.choices, sharedText))))
		},
		reflect.TypeFor[*log.Logger](): func(m *valueMaker, v reflect.Value) {
			if m.once(8) {
				v.Set(reflect.ValueOf(log.Default()))
				m.inexact = true
			}
		},
	}
	for _, t := range typesOf(new(atomic.Bool), new(atomic.Int32), new(atomic.Int64), new(atomic.Uint32), new(atomic.Uint64), new(atomic.Uintptr)) {
		special[t] = fillAtomic
	}
}

func fillMutex(m *valueMaker, v reflect.Value) {
	if m.pick(2) == 1 {
		v.Addr().Interface().(*sync.Mutex).TryLock()
		m.inexact = true
	}
}

func fillRWMutex(m *valueMaker, v reflect.Value) {
	if m.pick(2) == 1 {
		v.Addr().Interface().(*sync.RWMutex).TryRLock()
		m.inexact = true
	}
}

func fillOnce(m *valueMaker, v reflect.Value) {
	if m.pick(2) == 1 {
		v.Addr().Interface().(*sync.Once).Do(func() {})
	}
}

func fillSyncMap(m *valueMaker, v reflect.Value) {
	m.inexact = true
	for i := range m.pick(3) {
		v.Addr().Interface().(*sync.Map).Store(i, m.held(pickOf(m.choices, boxed), 2))
	}
}

func fillAtomicValue(m *valueMaker, v reflect.Value) {
	if m.pick(2) == 1 {
		v.Addr().Interface().(*atomic.Value).Store(m.held(pickOf(m.choices, boxed), 2))
		m.inexact = true
	}
}

func fillAtomic(m *valueMaker, v reflect.Value) {
	switch x, n := v.Addr().Interface(), m.pick(3); x := x.(type) {
	case *atomic.Bool:
		x.Store(n == 1)
	case *atomic.Int32:
		x.Store(int32(n))
	case *atomic.Int64:
		x.Store(int64(n))
	case *atomic.Uint32:
		x.Store(uint32(n))
	case *atomic.Uint64:
		x.Store(uint64(n))
	case *atomic.Uintptr:
		x.Store(uintptr(n))
	}
}

func fillPointer[T any](m *valueMaker, v reflect.Value) {
	p := m.byValue(reflect.TypeFor[*T](), m.hashable, 3).Interface().(*T)
	v.Addr().Interface().(*atomic.Pointer[T]).Store(p)
	m.inexact = m.inexact || p != nil
}
