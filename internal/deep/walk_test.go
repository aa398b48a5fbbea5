package deep_test

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
	"unsafe"
)

// This file looks at values of any type, without the package's code: what becomes of each kind of memory in a copy is
// said here a second time.

// A treatment is what a copy does with values of a type.
type treatment int

const (
	follow     treatment = iota // as its kind says
	sameAsIs                    // the same words in every copy
	startsZero                  // zero in a copy
	callsOwn                    // copied by a method, of which nothing is known here
)

var (
	errorFace   = reflect.TypeFor[error]()
	contextFace = reflect.TypeFor[context.Context]()
)

func treatmentOf(t reflect.Type) treatment {
	switch t {
	case reflect.TypeFor[sync.Mutex](), reflect.TypeFor[sync.RWMutex](), reflect.TypeFor[sync.WaitGroup]():
		return startsZero
	case reflect.TypeFor[genOwn]():
		return callsOwn
	case reflect.TypeFor[*time.Location](), reflect.TypeFor[reflect.Type]():
		return sameAsIs
	}
	switch t.Kind() {
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return sameAsIs
	case reflect.Interface:
		if t.Implements(errorFace) || t.Implements(contextFace) {
			return sameAsIs
		}
	}
	if t.PkgPath() == "unique" {
		return sameAsIs
	}
	return follow
}

// heldAsIs reports whether a value of type t in an interface is the same in every copy.
func heldAsIs(t reflect.Type) bool {
	return treatmentOf(t) == sameAsIs || t.Implements(errorFace) || t.Implements(contextFace) || t == reflect.TypeOf(reflect.TypeFor[int]())
}

func fieldTreatment(t reflect.Type, i int) treatment {
	f := t.Field(i)
	switch f.Tag.Get("hooks") {
	case "share", "-":
		return sameAsIs
	case "zero":
		return startsZero
	}
	if t == reflect.TypeFor[sync.Once]() && f.Name != "done" {
		return startsZero
	}
	return treatmentOf(f.Type)
}

// rawBytes is the memory of the addressable v.
func rawBytes(v reflect.Value) []byte {
	return unsafe.Slice((*byte)(v.Addr().UnsafePointer()), v.Type().Size())
}

// asVariable is a variable that holds v.
func asVariable(v reflect.Value) reflect.Value {
	x := reflect.New(v.Type()).Elem()
	x.Set(v)
	return x
}

// boxWord is the data word of the addressable interface v.
func boxWord(v reflect.Value) uintptr {
	return uintptr((*[2]unsafe.Pointer)(v.Addr().UnsafePointer())[1])
}

// inInterface reports whether a value of type t lies in an interface itself, as it is one pointer.
func inInterface(t reflect.Type) bool {
	x := reflect.Zero(t).Interface()
	return boxWord(reflect.ValueOf(&x).Elem()) == 0
}

// pointee is, as a variable of type *X, what the atomic.Pointer[X] v holds.
func pointee(v reflect.Value) (reflect.Value, bool) {
	if t := v.Type(); t.PkgPath() != "sync/atomic" || !strings.HasPrefix(t.Name(), "Pointer[") {
		return v, false
	}
	return asVariable(v.Addr().MethodByName("Load").Call(nil)[0]), true
}

// syncEntries is, as a variable, what the sync.Map v holds.
func syncEntries(v reflect.Value) (reflect.Value, bool) {
	m, ok := v.Addr().Interface().(*sync.Map)
	if !ok {
		return v, false
	}
	list := map[any]any{}
	m.Range(func(k, x any) bool {
		list[k] = x
		return true
	})
	return reflect.ValueOf(&list).Elem(), true
}

// A twin compares a value with its copy: every path that exists in one exists in the other and ends at the same number,
// and where two references of one overlap, so do those of the other, by as much. So the two graphs have one shape, in
// whatever way their references are typed.
type twin struct {
	todo    []duo
	late    []duo // maps, of which the keys may have to be known first
	met     map[duoKey]bool
	stretch []stretch
	err     error
	unsure  int // entries of maps that could not be told apart
}

type duo struct{ a, b reflect.Value }

type duoKey struct {
	a, b uintptr
	n    int
	t    reflect.Type
}

// A stretch is memory of the original and the memory that corresponds to it.
type stretch struct {
	a, b, size uintptr
	t          reflect.Type
}

// isomorphic compares what a and b, pointers, lead to.
func isomorphic(a, b reflect.Value) error {
	w := &twin{met: map[duoKey]bool{}}
	w.pointers(asVariable(a), asVariable(b))
	for w.err == nil && len(w.todo)+len(w.late) > 0 {
		if len(w.todo) == 0 {
			x := w.late[0]
			w.late = w.late[1:]
			w.entries(x.a, x.b)
			continue
		}
		x := w.todo[len(w.todo)-1]
		w.todo = w.todo[:len(w.todo)-1]
		w.visit(x.a, x.b)
	}
	if w.err == nil {
		w.sharing()
	}
	return w.err
}

func (w *twin) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}

// reach notes that the n values of type t at a are those at b in the copy, and reports whether that is new.
func (w *twin) reach(a, b uintptr, t reflect.Type, n int) bool {
	k := duoKey{a, b, n, t}
	if w.met[k] {
		return false
	}
	w.met[k] = true
	if size := t.Size() * uintptr(max(n, 1)); size > 0 {
		w.stretch = append(w.stretch, stretch{a, b, size, t})
	} else if a == b && a != nowhere {
		w.fail("a reference to a %v, which has no size, leads into the original", t)
	}
	return true
}

// nowhere is the address of what has no size and lies in nothing.
var nowhere = reflect.ValueOf(new(struct{})).Pointer()

func (w *twin) visit(a, b reflect.Value) {
	switch treatmentOf(a.Type()) {
	case sameAsIs:
		w.identical(a, b)
		return
	case startsZero:
		w.zero(b)
		return
	case callsOwn:
		return
	}
	if p, ok := pointee(a); ok {
		q, _ := pointee(b)
		w.visit(p, q)
		return
	}
	if m, ok := syncEntries(a); ok {
		n, _ := syncEntries(b)
		w.late = append(w.late, duo{m, n})
		return
	}
	switch a.Kind() {
	case reflect.Pointer:
		w.pointers(a, b)
	case reflect.Slice:
		w.slices(a, b)
	case reflect.Map:
		w.maps(a, b)
	case reflect.Interface:
		w.faces(a, b)
	case reflect.Struct:
		w.structs(a, b)
	case reflect.Array:
		for i := range a.Len() {
			w.visit(a.Index(i), b.Index(i))
		}
	case reflect.String:
		if a.String() != b.String() {
			w.fail("%q became %q", a.String(), b.String())
		}
	default:
		w.identical(a, b)
	}
}

func (w *twin) identical(a, b reflect.Value) {
	if a.Kind() == reflect.String {
		if a.String() != b.String() {
			w.fail("%q became %q", a.String(), b.String())
		}
	} else if string(rawBytes(a)) != string(rawBytes(b)) {
		w.fail("%v: % x became % x", a.Type(), rawBytes(a), rawBytes(b))
	}
}

func (w *twin) zero(b reflect.Value) {
	if strings.Trim(string(rawBytes(b)), "\x00") != "" {
		w.fail("%v is not zero in the copy: % x", b.Type(), rawBytes(b))
	}
}

func (w *twin) nils(a, b reflect.Value) bool {
	if a.IsNil() != b.IsNil() {
		w.fail("%v: nil is %v, and %v in the copy", a.Type(), a.IsNil(), b.IsNil())
	}
	return a.IsNil()
}

func (w *twin) pointers(a, b reflect.Value) {
	if !w.nils(a, b) && w.err == nil && w.reach(a.Pointer(), b.Pointer(), a.Type().Elem(), 0) {
		w.todo = append(w.todo, duo{a.Elem(), b.Elem()})
	}
}

func (w *twin) slices(a, b reflect.Value) {
	if w.nils(a, b) || w.err != nil {
		return
	}
	n := a.Len()
	if b.Len() != n || b.Cap() != n {
		w.fail("%v of %d became one of %d, with capacity %d", a.Type(), n, b.Len(), b.Cap())
		return
	}
	if n == 0 || !w.reach(a.Pointer(), b.Pointer(), a.Type().Elem(), n) {
		return
	}
	for i := range n {
		w.todo = append(w.todo, duo{a.Index(i), b.Index(i)})
	}
}

func (w *twin) structs(a, b reflect.Value) {
	for i := range a.NumField() {
		x, y := fieldOf(a, i), fieldOf(b, i)
		switch fieldTreatment(a.Type(), i) {
		case sameAsIs:
			w.identical(x, y)
		case startsZero:
			w.zero(y)
		default:
			w.visit(x, y)
		}
	}
}

func (w *twin) faces(a, b reflect.Value) {
	if w.nils(a, b) || w.err != nil {
		return
	}
	x, y := a.Elem(), b.Elem()
	switch t := x.Type(); {
	case y.Type() != t:
		w.fail("%v in an interface became %v", t, y.Type())
	case heldAsIs(t):
		w.identical(a, b)
	default:
		if p, q := boxWord(a), boxWord(b); !inInterface(t) && p != q && !w.reach(p, q, t, 0) {
			return
		}
		w.todo = append(w.todo, duo{asVariable(x), asVariable(y)})
	}
}

// aMap stands for what maps lead to.
var aMap = reflect.TypeFor[byte]()

func (w *twin) maps(a, b reflect.Value) {
	if w.nils(a, b) || w.err != nil {
		return
	}
	if w.reach(a.Pointer(), b.Pointer(), aMap, 0) {
		w.late = append(w.late, duo{a, b})
	}
}

// entries pairs off the entries of two maps: keys that lead nowhere are looked up, others must be known from elsewhere,
// or be the only one that looks so. What is left is merely counted.
func (w *twin) entries(a, b reflect.Value) {
	if a.Len() != b.Len() {
		w.fail("%v of %d became one of %d", a.Type(), a.Len(), b.Len())
		return
	}
	var left []duo
	for it := a.MapRange(); it.Next(); {
		k, v := asVariable(it.Key()), asVariable(it.Value())
		if leadsNowhere(k) {
			y := b.MapIndex(it.Key())
			if !y.IsValid() {
				w.fail("%v: a key is missing", a.Type())
				return
			}
			w.todo = append(w.todo, duo{v, asVariable(y)})
		} else {
			left = append(left, duo{k, v})
		}
	}
	if len(left) > 0 {
		w.pairOff(left, b)
	}
}

// pairOff pairs off the entries left with those of b that are like them.
func (w *twin) pairOff(left []duo, b reflect.Value) {
	like := map[string][]duo{}
	for it := b.MapRange(); it.Next(); {
		k, v := asVariable(it.Key()), asVariable(it.Value())
		if !leadsNowhere(k) {
			name := sketchEntry(k, v)
			like[name] = append(like[name], duo{k, v})
		}
	}
	count := map[string]int{}
	for _, x := range left {
		count[sketchEntry(x.a, x.b)]++
	}
	for _, x := range left {
		name := sketchEntry(x.a, x.b)
		switch among := like[name]; {
		case len(among) != count[name]:
			w.fail("of keys like %s there are %d, and %d in the copy", name, count[name], len(among))
		case len(among) == 1:
			w.todo = append(w.todo, duo{x.a, among[0].a}, duo{x.b, among[0].b})
		default:
			w.unsure++
		}
	}
}

// sketchEntry describes an entry, so that one and its copy look alike.
func sketchEntry(k, v reflect.Value) string {
	var b strings.Builder
	sketch(&b, k, 4)
	b.WriteString(": ")
	sketch(&b, v, 3)
	return b.String()
}

// leadsNowhere reports whether a map finds the key k by what it looks like.
func leadsNowhere(k reflect.Value) bool {
	if treatmentOf(k.Type()) == sameAsIs {
		return true
	}
	if p, ok := pointee(k); ok {
		k = p
	}
	switch k.Kind() {
	case reflect.Pointer:
		return k.IsNil()
	case reflect.Interface:
		return k.IsNil() || heldAsIs(k.Elem().Type()) || leadsNowhere(asVariable(k.Elem()))
	case reflect.Float32, reflect.Float64:
		return !math.IsNaN(k.Float())
	case reflect.Complex64, reflect.Complex128:
		c := k.Complex()
		return !math.IsNaN(real(c)) && !math.IsNaN(imag(c))
	case reflect.Struct:
		for i := range k.NumField() {
			if !leadsNowhere(fieldOf(k, i)) {
				return false
			}
		}
	case reflect.Array:
		for i := range k.Len() {
			if !leadsNowhere(k.Index(i)) {
				return false
			}
		}
	}
	return true
}

// sketch describes v without addresses, to a certain depth.
func sketch(b *strings.Builder, v reflect.Value, depth int) {
	if depth == 0 || b.Len() > 2000 || treatmentOf(v.Type()) != follow {
		b.WriteByte('_')
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
		sketchReference(b, v, depth)
	case reflect.Struct:
		if v.Type().PkgPath() == "sync" || v.Type().PkgPath() == "sync/atomic" {
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).Tag == "" {
				sketch(b, fieldOf(v, i), depth)
				b.WriteByte(' ')
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			sketch(b, v.Index(i), depth)
			b.WriteByte(' ')
		}
	case reflect.String:
		fmt.Fprintf(b, "%q", v.String())
	default:
		fmt.Fprintf(b, "%x", rawBytes(v))
	}
}

func sketchReference(b *strings.Builder, v reflect.Value, depth int) {
	switch {
	case v.IsNil():
		b.WriteString("nil")
	case v.Kind() == reflect.Pointer:
		b.WriteByte('&')
		sketch(b, v.Elem(), depth-1)
	case v.Kind() == reflect.Interface:
		b.WriteString(v.Elem().Type().String() + "(")
		if !heldAsIs(v.Elem().Type()) {
			sketch(b, asVariable(v.Elem()), depth)
		}
		b.WriteByte(')')
	default:
		fmt.Fprintf(b, "%d", v.Len())
		for i := 0; v.Kind() == reflect.Slice && i < min(v.Len(), 4); i++ {
			b.WriteByte(' ')
			sketch(b, v.Index(i), depth-1)
		}
	}
}

// sharing checks that stretches which overlap in one value overlap in the other, by as much, and that no memory belongs
// to both.
func (w *twin) sharing() {
	byStart := func(x, y stretch) int { return cmp.Or(cmp.Compare(x.a, y.a), cmp.Compare(y.size, x.size)) }
	there, back := w.stretch, slices.Clone(w.stretch)
	for i := range back {
		back[i].a, back[i].b = back[i].b, back[i].a
	}
	slices.SortFunc(there, byStart)
	slices.SortFunc(back, byStart)
	w.oneShift(there, "original")
	w.oneShift(back, "copy")
	for i, j := 0, 0; i < len(there) && j < len(back); {
		switch x, y := there[i], back[j]; {
		case x.a+x.size <= y.a:
			i++
		case y.a+y.size <= x.a:
			j++
		default:
			w.fail("memory of a %v in the original is memory of a %v in the copy", x.t, y.t)
			return
		}
	}
}

// oneShift checks that stretches of the sorted list which overlap are shifted alike.
func (w *twin) oneShift(list []stretch, where string) {
	var far stretch
	for _, x := range list {
		if x.a < far.a+far.size && x.b-x.a != far.b-far.a {
			w.fail("memory of a %v and a %v has %d bytes in common in the %s alone", far.t, x.t, far.a+far.size-x.a, where)
		}
		if x.a+x.size > far.a+far.size {
			far = x
		}
	}
}

// A survey lists all that a value leads to, and that belongs to it.
type survey struct {
	vars    []reflect.Value // variables, and elements of slices
	maps    []reflect.Value
	met     map[duoKey]bool
	todo    []reflect.Value
	own     bool // something has a DeepCopy method
	refused bool // something cannot be copied
	synced  bool // there is a sync.Map
}

func surveyOf(p reflect.Value) *survey {
	s := &survey{met: map[duoKey]bool{}}
	s.reach(p.Elem())
	for len(s.todo) > 0 {
		v := s.todo[len(s.todo)-1]
		s.todo = s.todo[:len(s.todo)-1]
		s.visit(v)
	}
	return s
}

func (s *survey) reach(v reflect.Value) {
	k := duoKey{a: v.UnsafeAddr(), t: v.Type()}
	if !s.met[k] {
		s.met[k] = true
		s.vars = append(s.vars, v)
		s.todo = append(s.todo, v)
	}
}

func (s *survey) visit(v reflect.Value) {
	t := v.Type()
	if treatmentOf(t) != follow {
		s.own = s.own || treatmentOf(t) == callsOwn
		return
	}
	if p, ok := pointee(v); ok {
		s.visit(p)
		return
	}
	if m, ok := syncEntries(v); ok {
		s.synced = true
		s.entries(m)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if t.String() == "*log.Logger" {
			s.refused = s.refused || !v.IsNil()
		} else if !v.IsNil() {
			s.reach(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			s.reach(v.Index(i))
		}
	case reflect.Map:
		if k := (duoKey{a: v.Pointer(), t: aMap}); !v.IsNil() && !s.met[k] {
			s.met[k] = true
			s.maps = append(s.maps, v)
			s.entries(v)
		}
	case reflect.Interface:
		if e := v.Elem(); e.IsValid() && !heldAsIs(e.Type()) {
			s.todo = append(s.todo, asVariable(e))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			s.refused = s.refused || t.Field(i).Tag == `hooks:"deep"`
			if fieldTreatment(t, i) == follow || fieldTreatment(t, i) == callsOwn {
				s.visit(fieldOf(v, i))
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			s.visit(v.Index(i))
		}
	}
}

func (s *survey) entries(m reflect.Value) {
	for it := m.MapRange(); it.Next(); {
		s.todo = append(s.todo, asVariable(it.Key()), asVariable(it.Value()))
	}
}

// scribbleAll overwrites all memory that belongs to *p.
func scribbleAll(p reflect.Value) {
	s := surveyOf(p)
	for _, v := range s.vars {
		garble(v)
	}
	for _, m := range s.maps {
		m.Clear()
	}
}

// garble overwrites the variable v.
func garble(v reflect.Value) {
	switch t := v.Type(); v.Kind() {
	case reflect.Struct:
		if treatmentOf(t) == startsZero {
			return
		}
		for i := range v.NumField() {
			garble(fieldOf(v, i))
		}
	case reflect.Array:
		for i := range v.Len() {
			garble(v.Index(i))
		}
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.String:
		v.SetString("scribble")
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16,
		reflect.Uint32, reflect.Uint64, reflect.Uintptr, reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		for i, b := range rawBytes(v) {
			rawBytes(v)[i] = b ^ 0xA5
		}
	default:
		v.SetZero()
	}
}

// leaves lists the variables that have no parts among all that *p leads to, up to max of them.
func leaves(p reflect.Value, max int) (list []reflect.Value) {
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch {
		case len(list) >= max || opaque(v.Type()) || treatmentOf(v.Type()) == callsOwn:
		case v.Kind() == reflect.Struct:
			for i := range v.NumField() {
				walk(fieldOf(v, i))
			}
		case v.Kind() == reflect.Array:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		default:
			list = append(list, v)
		}
	}
	for _, v := range surveyOf(p).vars {
		walk(v)
	}
	return list
}

// change gives the leaf v another value.
func change(c *choices, v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.String:
		v.SetString(v.String() + "!")
	case reflect.Float64:
		v.SetFloat([]float64{math.NaN(), math.Copysign(0, -1), v.Float() + 1}[c.pick(3)])
	case reflect.Pointer:
		changePointer(c, v)
	case reflect.Slice:
		if n := v.Len(); n > 0 && c.pick(2) == 1 {
			v.Set(v.Slice(0, n-1))
		} else if v.IsNil() {
			v.Set(reflect.MakeSlice(v.Type(), c.pick(2), 1))
		} else {
			v.SetZero()
		}
	case reflect.Map:
		changeMap(c, v)
	case reflect.Interface:
		changeFace(c, v)
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		v.SetZero()
	default:
		garble(v)
	}
}

func changePointer(c *choices, v reflect.Value) {
	if v.IsNil() && treatmentOf(v.Type()) == follow && v.Type().Elem().PkgPath() != "log" {
		v.Set(reflect.New(v.Type().Elem()).Convert(v.Type()))
	} else if c.pick(2) == 1 && !v.IsNil() && v.Type().Elem().Kind() != reflect.Struct {
		x := reflect.New(v.Type().Elem()) // equal, but another one
		x.Elem().Set(v.Elem())
		v.Set(x.Convert(v.Type()))
	} else {
		v.SetZero()
	}
}

func changeMap(c *choices, v reflect.Value) {
	if v.Len() == 0 {
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
		} else {
			v.SetZero()
		}
		return
	}
	key := v.MapKeys()[0]
	if e := v.MapIndex(key); e.IsValid() && c.pick(2) == 1 && !e.IsZero() {
		v.SetMapIndex(key, reflect.Zero(e.Type()))
		return
	}
	v.SetMapIndex(key, reflect.Value{})
}

func changeFace(c *choices, v reflect.Value) {
	if v.Type() == reflect.TypeFor[any]() && c.pick(2) == 1 {
		v.Set(reflect.ValueOf(pickOf(c, []any{1, "x", genPair{}, &genPair{}, []any{}})))
		return
	}
	v.SetZero()
}
