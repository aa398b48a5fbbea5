package deep

import (
	"reflect"
	"sync"
	"sync/atomic"
)

// A dynamic is how to treat a value of some type that is found in an interface.
type dynamic struct {
	word uintptr // by which interfaces of one type name the value's type
	kind dynamicKind
	plan *plan

	direct bool // the data word is the value: it is one pointer
}

type dynamicKind uint8

const (
	heldShared  dynamicKind = iota // the same value in every copy
	heldPlain                      // it never changes, and refers to nothing: copies can share it
	heldPointer                    // a pointer
	heldMap                        // a map
	heldBox                        // in memory that never changes, and refers to what must be copied
	heldWord                       // a struct or an array that is one pointer, and lies in the interface itself
	heldRefused                    // an error unless it is zero
	heldAlien                      // for the obvious engine
)

// A dynamicSet knows how to treat the values of types that were found in interfaces, by plans of one set.
type dynamicSet struct {
	plans  *planSet
	all    sync.Map // uintptr → *dynamic
	recent [1 << recentDynamicBits]atomic.Pointer[dynamic]
}

const recentDynamicBits = 8

var (
	openDynamics  = &dynamicSet{plans: openSet}
	weighDynamics = &dynamicSet{plans: weighSet}
)

// of returns how to treat what f holds, an interface of the given type that is not nil.
func (s *dynamicSet) of(f face, static reflect.Type) *dynamic {
	at := &s.recent[scatter(f.t)>>(64-recentDynamicBits)]
	if d := at.Load(); d != nil && d.word == f.t {
		return d
	}
	d, ok := s.all.Load(f.t)
	if !ok {
		d, _ = s.all.LoadOrStore(f.t, s.plans.dynamic(f, static))
	}
	at.Store(d.(*dynamic))
	return d.(*dynamic)
}

// dynamicOf is how a copy treats what f holds.
func dynamicOf(f face, static reflect.Type) *dynamic { return openDynamics.of(f, static) }

func (s *planSet) dynamic(f face, static reflect.Type) *dynamic {
	t := held(f, static).Type()
	r, d := dynamicRule(t), &dynamic{word: f.t, plan: s.find(t)}
	d.direct = faceOf(reflect.New(t).Elem()).d == nil // a zero value that needs no memory beside the interface
	switch {
	case r.own != nil && !s.weighs:
		d.kind = heldAlien
	case r.shared:
		d.kind = heldShared
	case r.plain:
		d.kind = heldPlain
	case r.act == actRefuse:
		d.kind = heldRefused
	case r.act == actPointer:
		d.kind = heldPointer
	case r.act == actMap:
		d.kind = heldMap
	case d.plan.alien:
		d.kind = heldAlien
	case d.direct:
		d.kind = heldWord
	default:
		d.kind = heldBox
	}
	return d
}

// held is the value in the interface f of the given type.
func held(f face, static reflect.Type) reflect.Value {
	p := new(face)
	*p = f
	return at(static, addrOf(p)).Elem()
}

// faceOf is v as an any holds it.
func faceOf(v reflect.Value) face {
	x := v.Interface()
	return *faceAt(addrOf(&x))
}

// zero reports whether what f holds, which has d's type, is the zero value.
func (d *dynamic) zero(f face, static reflect.Type) bool { return held(f, static).IsZero() }
