package deep

import (
	"maps"
	"reflect"
)

// This file works on maps through stand-ins for their types, as layout.go does on memory. A map keeps no note of its
// type: the code that uses it brings the type, and of that the layout of an entry and the way to hash a key count. So
// a map[UserID]*User can be read and written as a map[string]unsafe.Pointer, by code that the compiler wrote for it.
// The rules:
//
//   - A key's stand-in is of the same kind and size, so that it hashes and compares alike. Keys are strings and whole
//     numbers of 4 and 8 bytes: such a key equals itself, and refers to nothing that would have to be copied.
//   - A value's stand-in has the same size and alignment, and pointers in the same words.
//   - All other maps are copied and compared by reflect.

// A table works on maps of one layout.
type table interface {
	// clone returns what becomes a copy of the map m, by mend.
	clone(m pointer) pointer
	// mend makes the values of m, the clone of src, refer to copies, and counts strings.
	mend(r *runner, m, src pointer, p *plan) bool
	// equal compares a and b, which have as many entries.
	equal(c *comparer, a, b pointer, p *plan) bool
	// differing calls do with a pointer to each key that a and b do not both have, or have with values that differ or may.
	// References are followed by c, if it is not nil.
	differing(c *comparer, a, b pointer, p *plan, do func(key pointer, is likeness))
	// scan looks at what m refers to.
	scan(s *scanner, m pointer, p *plan) bool
	// merge merges maps: see grafter.entries.
	merge(g *grafter, base, stand pointer, group []pointer, p *plan) (out pointer, by sides, ok bool)
}

// tableOf returns the table for maps with plan p, nil if there is none.
func tableOf(p *plan) table {
	if p.rule.own != nil || p.key.rule.own != nil || p.elem.rule.own != nil || p.key.alien || p.elem.alien {
		return nil
	}
	switch k := p.typ.Key().Kind(); {
	case k == reflect.String:
		return tableBy[string](p)
	case k >= reflect.Int && k <= reflect.Uintptr && p.typ.Key().Size() == 8:
		return tableBy[uint64](p)
	case k == reflect.Int32 || k == reflect.Uint32:
		return tableBy[uint32](p)
	}
	return nil
}

// tableBy is tableOf for keys with stand-in K.
func tableBy[K comparable](p *plan) table {
	switch r := p.elem.rule; r.act {
	case actPointer, actMap:
		return references[K]{}
	case actInterface:
		return faces[K]{}
	case actSlice:
		return slices3[K]{}
	default:
		if r.shared || !r.plain {
			return nil
		}
	}
	switch t := p.typ.Elem(); {
	case t.Kind() == reflect.String:
		return plains[K, string]{}
	case t.Size() == 0 && t.Align() == 1:
		return plains[K, struct{}]{}
	case t.Kind() == reflect.Struct || t.Kind() == reflect.Array:
		return nil
	case t.Size() == 1:
		return plains[K, uint8]{}
	case t.Size() == 4 && t.Align() == 4:
		return plains[K, uint32]{}
	case t.Size() == 8 && t.Align() == 8:
		return plains[K, uint64]{}
	}
	return nil
}

// asMap is the map m as a map of stand-ins.
func asMap[K comparable, V any](m pointer) map[K]V { return *(*map[K]V)(pointer(&m)) }

// fromMap is the map that m is.
func fromMap[K comparable, V any](m map[K]V) pointer { return *(*pointer)(pointer(&m)) }

// cloneMap copies a map's table as it is, unless it is mostly empty: a map never shrinks, and its copies would carry
// the room that it once needed for ever.
func cloneMap[K comparable, V any](m pointer) pointer {
	from := asMap[K, V](m)
	var to map[K]V
	if len(from) == 0 || roomOf(m) > 4*len(from)+16 {
		to = make(map[K]V, len(from))
		maps.Copy(to, from)
	} else {
		to = maps.Clone(from)
	}
	return *(*pointer)(pointer(&to))
}

// A full group is the one size of a map that grows if an entry gets another value.
const fullGroup = 8

// cloneToMend is cloneMap for a map of which the values will be replaced. A full group starts empty.
func cloneToMend[K comparable, V any](m pointer) pointer {
	if mapLen(m) != fullGroup {
		return cloneMap[K, V](m)
	}
	to := make(map[K]V, fullGroup)
	return *(*pointer)(pointer(&to))
}

// toMend is the map to take the entries of m from: m itself, or src if m started empty.
func toMend[K comparable, V any](m, src pointer) map[K]V {
	if mapLen(m) == 0 {
		return asMap[K, V](src)
	}
	return asMap[K, V](m)
}

// keyBytes is what the key k counts beyond its own size.
func keyBytes[K comparable](k K) int64 {
	if s, ok := any(k).(string); ok {
		return int64(len(s))
	}
	return 0
}

// plains are maps of values that refer to nothing, or to the bytes of a string.
type plains[K, V comparable] struct{}

func (plains[K, V]) clone(m pointer) pointer { return cloneMap[K, V](m) }

func (plains[K, V]) mend(r *runner, m, _ pointer, _ *plan) bool {
	if r.counts() {
		r.bytes += stringsIn[K, V](m)
	}
	return true
}

func (plains[K, V]) scan(s *scanner, m pointer, _ *plan) bool {
	if s.mode == counting {
		s.bytes += stringsIn[K, V](m)
	}
	return true
}

// stringsIn counts the bytes of all strings in m.
func stringsIn[K, V comparable](m pointer) (n int64) {
	_, keys := any(*new(K)).(string)
	_, values := any(*new(V)).(string)
	switch {
	case values:
		for k, v := range asMap[K, V](m) {
			n += keyBytes(k) + keyBytes(v)
		}
	case keys:
		for k := range asMap[K, V](m) {
			n += keyBytes(k)
		}
	}
	return n
}

func (plains[K, V]) differing(_ *comparer, a, b pointer, _ *plan, do func(key pointer, is likeness)) {
	differingKeys(asMap[K, V](a), asMap[K, V](b), func(v, w V) likeness { return alike(v == w, differs) }, do)
}

func (plains[K, V]) merge(g *grafter, base, stand pointer, group []pointer, p *plan) (out pointer, by sides, ok bool) {
	return mergeTables[K, V](g, base, stand, group, p)
}

func (plains[K, V]) equal(_ *comparer, a, b pointer, _ *plan) bool {
	right := asMap[K, V](b)
	for k, v := range asMap[K, V](a) {
		if w, ok := right[k]; !ok || v != w {
			return false
		}
	}
	return true
}

// references are maps of pointers and of maps.
type references[K comparable] struct{}

func (references[K]) clone(m pointer) pointer { return cloneToMend[K, pointer](m) }

func (references[K]) mend(r *runner, m, src pointer, p *plan) bool {
	at := asMap[K, pointer](m)
	for k, v := range toMend[K, pointer](m, src) {
		if r.counts() {
			r.bytes += keyBytes(k)
		}
		ok := true
		if v != nil {
			v, ok = r.reference(v, p.elem)
		}
		if !ok {
			return false
		}
		at[k] = v
	}
	return true
}

func (references[K]) scan(s *scanner, m pointer, p *plan) bool {
	for k, v := range asMap[K, pointer](m) {
		s.bytes += keyBytes(k)
		if v != nil && !s.reference(v, p.elem) {
			return false
		}
	}
	return true
}

func (references[K]) differing(c *comparer, a, b pointer, p *plan, do func(key pointer, is likeness)) {
	differingKeys(asMap[K, pointer](a), asMap[K, pointer](b), func(v, w pointer) likeness {
		if v == w || c == nil {
			return alike(v == w, mayDiffer)
		}
		return alike(c.conclude(c.references(v, w, p.elem)), mayDiffer)
	}, do)
}

func (references[K]) merge(g *grafter, base, stand pointer, group []pointer, p *plan) (out pointer, by sides, ok bool) {
	return mergeTables[K, pointer](g, base, stand, group, p)
}

func (references[K]) equal(c *comparer, a, b pointer, p *plan) bool {
	right := asMap[K, pointer](b)
	for k, v := range asMap[K, pointer](a) {
		if w, ok := right[k]; !ok || !c.references(v, w, p.elem) {
			return false
		}
	}
	return true
}

// faces are maps of interfaces.
type faces[K comparable] struct{}

func (faces[K]) clone(m pointer) pointer { return cloneToMend[K, face](m) }

func (faces[K]) mend(r *runner, m, src pointer, p *plan) bool {
	at := asMap[K, face](m)
	fill := len(at) == 0
	for k, v := range toMend[K, face](m, src) {
		if r.counts() {
			r.bytes += keyBytes(k)
		}
		d, ok := v.d, true
		if v.t != 0 {
			d, ok = r.dynamic(v, p.elem.typ)
		}
		if !ok {
			return false
		}
		if fill || d != v.d {
			at[k] = face{v.t, d}
		}
	}
	return true
}

func (faces[K]) scan(s *scanner, m pointer, p *plan) bool {
	for k, v := range asMap[K, face](m) {
		s.bytes += keyBytes(k)
		if v.t != 0 && !s.dynamic(v, p.elem.typ) {
			return false
		}
	}
	return true
}

func (faces[K]) differing(c *comparer, a, b pointer, p *plan, do func(key pointer, is likeness)) {
	differingKeys(asMap[K, face](a), asMap[K, face](b), func(v, w face) likeness {
		if v == w {
			return same
		}
		return likenessOf(v, w, p.elem.typ)
	}, do)
}

func (faces[K]) merge(g *grafter, base, stand pointer, group []pointer, p *plan) (out pointer, by sides, ok bool) {
	return mergeTables[K, face](g, base, stand, group, p)
}

func (faces[K]) equal(c *comparer, a, b pointer, p *plan) bool {
	right := asMap[K, face](b)
	for k, v := range asMap[K, face](a) {
		if w, ok := right[k]; !ok || !c.faces(v, w, p.elem.typ) {
			return false
		}
	}
	return true
}

// slices3 are maps of slices, of three words.
type slices3[K comparable] struct{}

func (slices3[K]) clone(m pointer) pointer { return cloneToMend[K, header](m) }

func (slices3[K]) mend(r *runner, m, src pointer, p *plan) bool {
	at, elem := asMap[K, header](m), p.elem.target
	for k, v := range toMend[K, header](m, src) {
		if r.counts() {
			r.bytes += keyBytes(k)
		}
		ok := true
		if v.p != nil {
			v.p, ok = r.slice(v, elem)
		}
		if !ok {
			return false
		}
		at[k] = header{v.p, v.n, v.n}
	}
	return true
}

func (slices3[K]) scan(s *scanner, m pointer, p *plan) bool {
	elem := p.elem.target
	for k, v := range asMap[K, header](m) {
		s.bytes += keyBytes(k)
		if v.p != nil && !s.slice(v, elem) {
			return false
		}
	}
	return true
}

func (slices3[K]) differing(c *comparer, a, b pointer, p *plan, do func(key pointer, is likeness)) {
	differingKeys(asMap[K, header](a), asMap[K, header](b), func(v, w header) likeness {
		if v == w || c == nil {
			return alike(v == w, mayDiffer)
		}
		return alike(c.conclude(c.slices(v, w, p.elem.target)), mayDiffer)
	}, do)
}

func (slices3[K]) merge(g *grafter, base, stand pointer, group []pointer, p *plan) (out pointer, by sides, ok bool) {
	return mergeTables[K, header](g, base, stand, group, p)
}

func (slices3[K]) equal(c *comparer, a, b pointer, p *plan) bool {
	right, elem := asMap[K, header](b), p.elem.target
	for k, v := range asMap[K, header](a) {
		if w, ok := right[k]; !ok || !c.slices(v, w, elem) {
			return false
		}
	}
	return true
}
