package deep

import (
	"bytes"
	"reflect"
	"sync"
)

// Equal reports whether *a and *b are equal as seen along every path, so that a value and its copy always are:
//
//   - floats bit by bit: a NaN equals itself, -0 differs from 0 (as keys of a map they are one key); nil differs from
//     empty; times with their monotonic reading and location;
//   - what copies share (functions, channels, errors, contexts, handles, fields tagged share) by identity;
//   - fields tagged zero or -, the state of locks, what protobuf notes in a message and the content of a sync.Pool are
//     not looked at;
//   - map keys that are pointers are paired off with those that were met side by side elsewhere before; other keys that
//     refer to memory by content, and among equal ones by the values they lead to.
//
// Only what a path leads to counts, not who shares it: two pointers to one object equal two pointers to two equal ones.
// A change of sharing alone has no before and after to show, and shows itself as soon as one of them is written.
//
// No method of the values is called. Cycles end: a pair of references that is being compared is taken for equal.
func Equal[T any](a, b *T) bool {
	if a == nil || b == nil {
		return a == b
	}
	if usePlans {
		if equal, done := equalByPlan(addrOf(a), addrOf(b), planFor(reflect.TypeFor[T]())); done {
			return equal
		}
	}
	return obviousEqual(reflect.ValueOf(a), reflect.ValueOf(b))
}

// obviousEqual is Equal by the obvious engine, of what a and b point to.
func obviousEqual(a, b reflect.Value) bool {
	c := comparison{}
	c.runRoots(a, b)
	return !c.differs
}

// A comparison walks two values side by side, depth first, with a stack of its own.
type comparison struct {
	outer   *comparison       // of which this is a part that may fail without harm, else nil
	depth   int               // how many outer ones there are
	seen    map[half]half     // what the left of a pair was first met with
	more    map[pair]struct{} // pairs of which the left had been met with something else
	shown   map[pair]struct{} // differences that have been reported
	stack   []frame
	report  func(at *trail, a, b reflect.Value) bool // called for a difference; returns whether to go on. nil: stop
	byPlan  bool                                     // parts that follow no reference are compared by plans
	differs bool
	done    bool
}

// A pair is two references that have been met side by side.
type pair struct{ a, b half }

// A half is one reference: a pointer, or a slice of length n.
type half struct {
	p   pointer
	n   int
	typ reflect.Type
}

func pairOf(a, b pointer, t reflect.Type) pair { return pair{half{p: a, typ: t}, half{p: b, typ: t}} }

// A frame is a struct, array, slice or map of which the parts are being compared, from part i on.
type frame struct {
	a, b    reflect.Value
	r       *rule
	at      *trail
	i, n    int
	entries []entryPair // of a map
}

// runRoots compares the variables that a and b point to.
func (c *comparison) runRoots(a, b reflect.Value) {
	c.met(pairOf(a.UnsafePointer(), b.UnsafePointer(), a.Type()))
	c.run(a.Elem(), b.Elem(), nil)
}

func (c *comparison) run(a, b reflect.Value, at *trail) {
	c.visit(a, b, ruleOf(a.Type()), at, nil)
	for len(c.stack) > 0 && !c.done {
		c.advance()
	}
}

// different notes a difference at the given place. An invalid value is one that is not there.
func (c *comparison) different(a, b reflect.Value, up *trail, s *step) {
	c.differs = true
	if c.report == nil {
		c.done = true
		return
	}
	p := pair{spot(a), spot(b)}
	if _, ok := c.shown[p]; ok {
		return // another path to the same place
	}
	if c.shown == nil {
		c.shown = map[pair]struct{}{}
	}
	c.shown[p] = struct{}{}
	c.done = !c.report(below(up, s), a, b)
}

// spot names the variable v; what is not there, or not a variable, gets a name of its own.
func spot(v reflect.Value) half {
	switch {
	case !v.IsValid():
		return half{}
	case v.CanAddr() && v.Type().Size() > 0: // what has no size shares its address with others
		return half{p: address(v), typ: v.Type()}
	}
	return half{p: addrOf(new(int)), typ: v.Type()}
}

// below returns the trail one step under up, or up itself if there is no step.
func below(up *trail, s *step) *trail {
	if s == nil {
		return up
	}
	return &trail{up, *s}
}

// met reports whether the pair has been met before, and notes it.
func (c *comparison) met(p pair) bool {
	if c.knows(p) {
		return true
	}
	if c.seen == nil {
		c.seen, c.more = map[half]half{}, map[pair]struct{}{}
	}
	if _, ok := c.seen[p.a]; ok {
		c.more[p] = struct{}{}
	} else {
		c.seen[p.a] = p.b
	}
	return false
}

func (c *comparison) knows(p pair) bool {
	for x := c; x != nil; x = x.outer {
		if b, ok := x.seen[p.a]; ok && b == p.b {
			return true
		}
		if _, ok := x.more[p]; ok {
			return true
		}
	}
	return false
}

// partner returns what a was first met with.
func (c *comparison) partner(a half) (b half, ok bool) {
	for x := c; x != nil && !ok; x = x.outer {
		b, ok = x.seen[a]
	}
	return b, ok
}

// same compares a and b on the side: a difference is returned and not reported. What an equal pair has shown stays
// known.
func (c *comparison) same(a, b reflect.Value) bool {
	in := comparison{outer: c, depth: c.depth + 1, byPlan: c.byPlan}
	in.run(a, b, nil)
	if in.differs {
		return false
	}
	for a, b := range in.seen {
		c.met(pair{a, b})
	}
	for p := range in.more {
		c.met(p)
	}
	return true
}

// advance compares the next part of the topmost frame. A frame is gone before its last part is begun, so that a list
// does not pile up frames.
func (c *comparison) advance() {
	top := len(c.stack) - 1
	f := &c.stack[top]
	if f.i >= f.n {
		c.stack = c.stack[:top]
		return
	}
	i := f.i
	f.i++
	x := *f
	if f.i == f.n {
		c.stack[top] = frame{}
		c.stack = c.stack[:top]
	}
	switch {
	case x.entries != nil:
		c.visitEntry(x, x.entries[i])
	case x.r.act == actStruct:
		c.visitField(x, &x.r.fields[i])
	default:
		c.visitElem(x, i)
	}
}

func (c *comparison) visitField(x frame, f *field) {
	switch s := (step{name: f.name}); f.mode {
	case modeCopy:
		c.visit(member(x.a, f), member(x.b, f), f.rule, x.at, &s)
	case modeShare:
		if a, b := member(x.a, f), member(x.b, f); !identical(a, b) {
			c.different(a, b, x.at, &s)
		}
	}
}

func (c *comparison) visitElem(x frame, i int) {
	s := step{index: i}
	switch {
	case i >= x.a.Len():
		c.different(reflect.Value{}, x.b.Index(i), x.at, &s)
	case i >= x.b.Len():
		c.different(x.a.Index(i), reflect.Value{}, x.at, &s)
	default:
		a := x.a.Index(i)
		c.visit(a, x.b.Index(i), ruleOf(a.Type()), x.at, &s)
	}
}

// push makes a frame of a and b, to compare n parts.
func (c *comparison) push(a, b reflect.Value, r *rule, n int, up *trail, s *step) {
	if n == 0 {
		return
	}
	f := frame{a: a, b: b, r: r, n: n}
	if c.report != nil {
		f.at = below(up, s)
	}
	c.stack = append(c.stack, f)
}

// visit compares a and b, addressable and of one type, which are one step s below up (or at up, if s is nil). It looks
// through pointers and interfaces; what has parts becomes a frame.
func (c *comparison) visit(a, b reflect.Value, r *rule, up *trail, s *step) {
	for a.IsValid() {
		if address(a) == address(b) || c.plainlySame(a, b) {
			return
		}
		if r.leaf && c.report != nil {
			if !c.same(a, b) {
				c.different(a, b, up, s)
			}
			return
		}
		var next bool
		switch r.act {
		case actPointer:
			a, b, next = c.throughPointer(a, b, up, s)
		case actInterface:
			a, b, next = c.throughInterface(a, b, up, s)
		case actAtomicPointer:
			a, b, next = atomicTarget(a, r), atomicTarget(b, r), true
		case actAtomicValue:
			snap := newSnapshots()
			a, b, next = snap.value(a, false), snap.value(b, false), true
		default:
			c.compare(a, b, r, up, s)
		}
		if !next {
			return
		}
		r = ruleOf(a.Type())
	}
}

// atomicTarget returns, as a variable, the pointer that the atomic.Pointer v holds.
func atomicTarget(v reflect.Value, r *rule) reflect.Value {
	snap := newSnapshots()
	p := reflect.New(r.target).Elem()
	p.Set(snap.pointer(v, r, false))
	return p
}

func (c *comparison) throughPointer(a, b reflect.Value, up *trail, s *step) (ea, eb reflect.Value, next bool) {
	switch pa, pb := a.UnsafePointer(), b.UnsafePointer(); {
	case pa == pb:
	case pa == nil || pb == nil:
		c.different(a, b, up, s)
	case !c.met(pairOf(pa, pb, a.Type())):
		return a.Elem(), b.Elem(), true
	}
	return
}

// throughInterface goes on with variables that hold what the interfaces hold.
func (c *comparison) throughInterface(a, b reflect.Value, up *trail, s *step) (va, vb reflect.Value, next bool) {
	ea, eb := a.Elem(), b.Elem()
	if !ea.IsValid() || !eb.IsValid() || ea.Type() != eb.Type() {
		if ea.IsValid() || eb.IsValid() {
			c.different(a, b, up, s)
		}
		return
	}
	r, wa, wb := dynamicRule(ea.Type()), dataWord(a), dataWord(b)
	if wa == wb {
		return
	}
	va, vb = variable(ea), variable(eb)
	switch {
	case r.shared || r.act == actRefuse:
		if !identical(va, vb) {
			c.different(a, b, up, s)
		}
		return
	case r.plain || r.act == actPointer || r.act == actMap || !c.met(pairOf(wa, wb, ea.Type())):
		return va, vb, true
	}
	return
}

// variable returns a variable that holds v.
func variable(v reflect.Value) reflect.Value {
	x := reflect.New(v.Type()).Elem()
	x.Set(v)
	return x
}

// compare compares everything that is not looked through.
func (c *comparison) compare(a, b reflect.Value, r *rule, up *trail, s *step) {
	same := true
	switch r.act {
	case actZero:
	case actMove, actRefuse:
		same = identical(a, b)
	case actStruct:
		c.push(a, b, r, len(r.fields), up, s)
	case actArray:
		c.push(a, b, r, a.Len(), up, s)
	case actSlice:
		same = c.compareSlices(a, b, r, up, s)
	case actMap:
		same = c.compareMaps(a, b, r, up, s)
	case actAtomic:
		same = identical(variable(loadAtomic(a)), variable(loadAtomic(b)))
	case actSyncMap:
		ma, mb := plainMap(a), plainMap(b)
		same = c.compareMaps(ma, mb, ruleOf(ma.Type()), up, s)
	}
	if !same {
		c.different(a, b, up, s)
	}
}

// plainMap returns a variable with the content of the sync.Map v.
func plainMap(v reflect.Value) reflect.Value {
	m := map[any]any{}
	v.Addr().Interface().(*sync.Map).Range(func(k, x any) bool {
		m[k] = x
		return true
	})
	return reflect.ValueOf(&m).Elem()
}

// compareSlices reports false if the slices differ as a whole: one is nil, or they are bytes, which are not listed one
// by one.
func (c *comparison) compareSlices(a, b reflect.Value, r *rule, up *trail, s *step) bool {
	na, nb := a.Len(), b.Len()
	pa, pb := a.UnsafePointer(), b.UnsafePointer()
	switch {
	case a.IsNil() != b.IsNil():
		return false
	case pa == pb && na == nb || na+nb == 0:
		return true
	case a.Type().Elem().Kind() == reflect.Uint8:
		return bytes.Equal(a.Bytes(), b.Bytes())
	case c.report == nil && na != nb:
		return false
	case na == nb && c.plainlySameElems(a, b):
		return true
	}
	if !c.met(pair{half{pa, na, a.Type()}, half{pb, nb, b.Type()}}) {
		c.push(a, b, r, max(na, nb), up, s)
	}
	return true
}

// identical compares without following any reference: pointers, maps, channels and functions by which one they are,
// numbers bit by bit. Both are addressable.
func identical(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Bool:
		return a.Bool() == b.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return a.Int() == b.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return a.Uint() == b.Uint()
	case reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return sameBytes(address(a), address(b), a.Type().Size())
	case reflect.String:
		return a.String() == b.String()
	case reflect.Func:
		return closure(a) == closure(b)
	case reflect.Slice:
		return a.UnsafePointer() == b.UnsafePointer() && a.Len() == b.Len() && a.IsNil() == b.IsNil()
	case reflect.Interface:
		return identicalInterfaces(a, b)
	case reflect.Array:
		for i := range a.Len() {
			if !identical(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Struct:
		return identicalStructs(a, b)
	}
	return a.UnsafePointer() == b.UnsafePointer() // pointer, map, chan, unsafe.Pointer
}

func identicalInterfaces(a, b reflect.Value) bool {
	ea, eb := a.Elem(), b.Elem()
	if !ea.IsValid() || !eb.IsValid() {
		return ea.IsValid() == eb.IsValid()
	}
	if ea.Type() != eb.Type() {
		return false
	}
	return dataWord(a) == dataWord(b) || identical(variable(ea), variable(eb))
}

func identicalStructs(a, b reflect.Value) bool {
	for i := range a.NumField() {
		sf := a.Type().Field(i)
		f := field{typ: sf.Type, offset: sf.Offset}
		if !identical(member(a, &f), member(b, &f)) {
			return false
		}
	}
	return true
}
