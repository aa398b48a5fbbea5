package deep

import (
	"reflect"
	"sync"
	"sync/atomic"
)

// An action is what copying does with a value of some type.
type action uint8

const (
	actMove          action = iota // a typed assignment: numbers, strings, and kinds that copies share
	actZero                        // stays zero in a copy: locks and the like
	actStruct                      // field by field
	actArray                       // element by element
	actPointer                     // to new memory
	actSlice                       // over new memory
	actMap                         // a new map
	actInterface                   // decided by the value that it holds
	actAtomic                      // an atomic number, by Load
	actAtomicPointer               // an atomic.Pointer, to new memory
	actAtomicValue                 // an atomic.Value, like an interface
	actSyncMap                     // a sync.Map, entry by entry
	actRefuse                      // an error, unless it is zero
)

// A rule is how values of one type are treated. It describes what the value holds directly; what lies behind a
// pointer, slice, map or interface has a rule of its own, looked up on arrival, so that recursive types end.
type rule struct {
	typ    reflect.Type
	act    action
	own    *method      // its DeepCopy method, which a copy calls instead; else nil
	shared bool         // an actMove that copies share and that is compared by identity
	plain  bool         // one typed assignment copies it whole
	bare   bool         // it holds no string and no interface: it weighs nothing beyond its own bytes
	keep   bool         // Assign leaves the destination's own
	keeps  bool         // Assign must look inside
	leaf   bool         // Diff shows it whole
	knit   bool         // it is or has parts that Diff shows whole, although they refer to memory
	fields []field      // of an actStruct
	elem   *rule        // of an actArray
	word   *field       // of an actAtomicPointer: where it keeps its pointer
	target reflect.Type // of an actAtomicPointer: the type that its Load returns
	reason string       // of an actRefuse
}

// A mode is what a tag makes of a struct field.
type mode uint8

const (
	modeCopy   mode = iota // no tag
	modeShare              // the same value in every copy
	modeZero               // zero in a copy; Assign leaves the destination's own
	modeIgnore             // as modeShare, and not looked at by Equal, Diff and Size
	modeRefuse             // the tag is unknown
)

type field struct {
	name   string
	typ    reflect.Type
	offset uintptr
	mode   mode
	tag    string
	rule   *rule
}

var rules sync.Map // reflect.Type → *rule

// ruleOf returns the rule of type t.
func ruleOf(t reflect.Type) *rule {
	if r, ok := rules.Load(t); ok {
		return r.(*rule)
	}
	r, _ := rules.LoadOrStore(t, makeRule(t))
	return r.(*rule)
}

var dynamicRules sync.Map // reflect.Type → *rule

// dynamicRule is the rule of a value of type t that is found in an interface: errors and contexts are shared there,
// for what counts in them is which one it is. A DeepCopy method goes first.
func dynamicRule(t reflect.Type) *rule {
	if r, ok := dynamicRules.Load(t); ok {
		return r.(*rule)
	}
	r := ruleOf(t)
	own := r.own != nil || t.Kind() == reflect.Pointer && ruleOf(t.Elem()).own != nil
	if !own && r.act != actMove && (t.Implements(errorType) || t.Implements(contextType)) {
		r = &rule{typ: t, act: actMove, shared: true, plain: true, bare: true}
	}
	dynamicRules.Store(t, r)
	return r
}

// makeRule classifies t: what is known by name first, then by kind. A kind or a synchronisation type that is not
// known is refused, so that a future one is never copied wrongly.
func makeRule(t reflect.Type) *rule {
	r := &rule{typ: t, leaf: leafTypes.has(t)}
	switch {
	case isShared(t):
		r.share()
	case lockTypes.has(t):
		r.act, r.keep, r.keeps, r.bare = actZero, true, true, true
	case t.PkgPath() == "sync" || t.PkgPath() == "sync/atomic":
		r.synchroniser()
	default:
		r.byKind()
		r.own = methodOf(t)
		own := r.own != nil || t.Kind() == reflect.Pointer && methodOf(t.Elem()) != nil
		if reason := refusal(t); reason != "" && !own {
			r.refuse(reason)
		}
	}
	r.plain = r.plain && r.own == nil
	r.knit = r.knit || r.leaf && r.act == actStruct && !r.plain
	return r
}

func (r *rule) share() { r.act, r.shared, r.plain, r.bare = actMove, true, true, true }

func (r *rule) refuse(reason string) {
	r.act, r.reason, r.bare, r.plain, r.keeps = actRefuse, reason, true, false, false
}

func (r *rule) byKind() {
	switch k := r.typ.Kind(); {
	case k == reflect.Bool || k >= reflect.Int && k <= reflect.Complex128:
		r.act, r.plain, r.bare = actMove, true, true
	case k == reflect.String:
		r.act, r.plain = actMove, true
	case k == reflect.Func || k == reflect.Chan || k == reflect.UnsafePointer:
		r.share()
	case k == reflect.Pointer:
		r.act, r.bare = actPointer, true
	case k == reflect.Slice:
		r.act, r.bare = actSlice, true
	case k == reflect.Map:
		r.act, r.bare = actMap, true
	case k == reflect.Interface:
		r.act = actInterface
	case k == reflect.Array:
		r.array()
	case k == reflect.Struct:
		r.structure(modeCopy)
	default:
		r.refuse("is of a kind that this version does not know and " + refuseHint)
	}
}

func (r *rule) array() {
	e := ruleOf(r.typ.Elem())
	if r.typ.Len() == 0 {
		r.act, r.plain, r.bare = actMove, true, true
		return
	}
	r.act, r.elem, r.plain, r.bare, r.keeps, r.knit = actArray, e, e.plain, e.bare, e.keeps, e.knit
}

// structure makes r a struct rule. If the mode is not modeCopy, all fields get it but those that are named as copied.
func (r *rule) structure(otherwise mode, copied ...string) {
	r.act, r.plain, r.bare = actStruct, true, true
	for i := range r.typ.NumField() {
		sf := r.typ.Field(i)
		f := field{name: sf.Name, typ: sf.Type, offset: sf.Offset, rule: ruleOf(sf.Type)}
		f.mode, f.tag = fieldMode(sf)
		if f.tag == "" && isSizeCache(r.typ, sf) {
			f.mode = modeZero
		}
		if otherwise != modeCopy {
			f.mode = otherwise
			for _, name := range copied {
				if name == sf.Name {
					f.mode = modeCopy
				}
			}
		}
		r.fields = append(r.fields, f)
		r.absorb(f)
	}
}

// absorb draws from field f what holds for the whole struct.
func (r *rule) absorb(f field) {
	switch f.mode {
	case modeCopy:
		r.plain = r.plain && f.rule.plain
		r.bare = r.bare && f.rule.bare
		r.keeps = r.keeps || f.rule.keeps
		r.knit = r.knit || f.rule.knit
	case modeZero:
		r.plain, r.keeps = false, true
	case modeRefuse:
		r.plain = false
	}
}

func fieldMode(sf reflect.StructField) (mode, string) {
	tag, ok := sf.Tag.Lookup("hooks")
	switch {
	case !ok || tag == "":
		return modeCopy, tag
	case tag == "share":
		return modeShare, tag
	case tag == "zero":
		return modeZero, tag
	case tag == "-":
		return modeIgnore, tag
	}
	return modeRefuse, tag
}

var atomicNumbers = typeSet{"sync/atomic": "Bool Int32 Int64 Uint32 Uint64 Uintptr"}

// synchroniser gives the types of sync and sync/atomic their rules, locks aside.
func (r *rule) synchroniser() {
	switch t := r.typ; {
	case t == reflect.TypeFor[sync.Once]():
		r.structure(modeZero, "done") // done is data; who holds its lock is not
	case t == reflect.TypeFor[sync.Cond]():
		r.structure(modeZero, "L")
		r.keep, r.keeps = true, true
	case t == reflect.TypeFor[sync.Pool]():
		r.structure(modeZero, "New")
		r.keep, r.keeps = true, true
	case t == reflect.TypeFor[sync.Map]():
		r.act, r.keeps = actSyncMap, true
	case t == reflect.TypeFor[atomic.Value]():
		r.act, r.keeps = actAtomicValue, true
	case atomicNumbers.has(t):
		r.act, r.keeps, r.bare = actAtomic, true, true
	case typeSet{"sync/atomic": "Pointer"}.has(t):
		r.atomicPointer()
	case t.Kind() == reflect.Interface:
		r.act = actInterface
	case t.Size() == 0:
		r.act, r.plain, r.bare = actMove, true, true // a marker for vet
	default:
		r.refuse("is a synchronisation type that this version does not know and " + refuseHint)
	}
}

// atomicPointer finds out where an atomic.Pointer[X] keeps its pointer, and that it is one to X.
func (r *rule) atomicPointer() {
	for i := range r.typ.NumField() {
		sf := r.typ.Field(i)
		if sf.Type.Kind() == reflect.Array && sf.Type.Elem().Kind() == reflect.Pointer {
			r.target = sf.Type.Elem()
		}
		if sf.Type.Kind() == reflect.UnsafePointer {
			r.word = &field{name: sf.Name, typ: sf.Type, offset: sf.Offset}
		}
	}
	if r.target == nil || r.word == nil {
		r.refuse("has a layout that this version does not know and " + refuseHint)
		return
	}
	r.act, r.keeps, r.bare = actAtomicPointer, true, true
}
