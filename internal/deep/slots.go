package deep

import "reflect"

// slots says what the references reachable from a root can lead to, as far as types tell: a type that one reference
// alone leads to, once, needs nobody to ask whether its values have been met before.
type slots struct {
	root     reflect.Type
	open     bool                 // there is an interface: anything can be reached
	pointers map[reflect.Type]int // how many pointers lead to variables of a type; 2 means more
	slices   map[reflect.Type]int // slices to elements of a type
	maps     map[reflect.Type]int
	visited  map[reflect.Type]int
	outer    map[reflect.Type]bool // types of which the memory may hold that of others
	inner    map[reflect.Type]bool // types of which the memory may be held by that of others
}

func slotsOf(root reflect.Type) *slots {
	s := &slots{
		root: root, pointers: map[reflect.Type]int{}, slices: map[reflect.Type]int{}, maps: map[reflect.Type]int{},
		visited: map[reflect.Type]int{}, outer: map[reflect.Type]bool{}, inner: map[reflect.Type]bool{},
	}
	s.pointers[root] = 1
	s.look(ruleOf(root), 1)
	if len(s.pointers)+len(s.slices) > manyTargets {
		s.open = true
	}
	if !s.open {
		s.overlaps()
	}
	return s
}

// A root from which more types than these can be reached is taken for one that can reach anything: to compare all of
// them with each other would take longer than it saves.
const manyTargets = 256

// look counts the references in a value of the rule's type, of which there may be one or, if n is 2, more.
func (s *slots) look(r *rule, n int) {
	switch {
	case s.open || r.plain:
	case r.act == actStruct:
		for i := range r.fields {
			if f := &r.fields[i]; f.mode == modeCopy {
				s.look(f.rule, n)
			}
		}
	case r.act == actArray:
		s.look(r.elem, 2)
	case r.act == actPointer:
		s.reach(s.pointers, r.typ.Elem(), n)
		s.below(r.typ.Elem(), n)
	case r.act == actSlice:
		s.reach(s.slices, r.typ.Elem(), n)
		s.below(r.typ.Elem(), 2)
	case r.act == actMap:
		s.reach(s.maps, r.typ, n)
		s.below(r.typ.Key(), 2)
		s.below(r.typ.Elem(), 2)
	case r.act == actAtomicPointer:
		s.look(ruleOf(r.target), n)
	case r.act == actInterface, r.act == actSyncMap, r.act == actAtomicValue:
		s.open = true
	}
}

func (s *slots) reach(where map[reflect.Type]int, t reflect.Type, n int) {
	where[t] = min(2, where[t]+n)
}

// below looks at values of type t behind a reference: once if there is one, once more if there are more.
func (s *slots) below(t reflect.Type, n int) {
	if before := s.visited[t]; before < 2 {
		s.visited[t] = min(2, before+n)
		s.look(ruleOf(t), s.visited[t])
	}
}

// overlaps finds the types of which the memory may lie in memory of another name: a variable is part of one that
// another reference leads to, or slices cover the same array. A slice covers an array, not just any variable.
func (s *slots) overlaps() {
	targets := s.targets()
	for _, outer := range targets {
		inArrays := s.slices[outer] > 0 || outer.Kind() == reflect.Array // a slice converts to a pointer to an array
		if inArrays && s.slices[outer]+s.pointers[outer] > 1 {
			s.outer[outer], s.inner[outer] = true, true
		}
		parts := typeParts{}
		parts.add(outer, false)
		for _, inner := range targets {
			part := flat(inner)
			inArray := s.slices[inner] > 0 && parts.has(part, true)
			if inArray || s.pointers[inner] > 0 && outer != inner && parts.has(part, false) {
				s.outer[outer], s.inner[inner] = true, true
			}
		}
	}
}

func (s *slots) targets() (all []reflect.Type) {
	for t := range s.pointers {
		all = append(all, t)
	}
	for t := range s.slices {
		if s.pointers[t] == 0 {
			all = append(all, t)
		}
	}
	return all
}

// typeParts are the types of the parts of a type, itself included, by kind and size; the value says whether some such
// part is an element of an array.
type typeParts map[partKey]map[reflect.Type]bool

type partKey struct {
	kind reflect.Kind
	size uintptr
}

func (x typeParts) add(t reflect.Type, inArray bool) {
	key := partKey{t.Kind(), t.Size()}
	if x[key] == nil {
		x[key] = map[reflect.Type]bool{}
	}
	if before, ok := x[key][t]; ok && (before || !inArray) {
		return
	}
	x[key][t] = inArray
	switch t.Kind() {
	case reflect.Array:
		x.add(t.Elem(), true)
	case reflect.Struct:
		for i := range t.NumField() {
			x.add(t.Field(i).Type, false)
		}
	}
}

// has reports whether there is a part of type t, or of one that pointers to t convert to; inArray asks for an element of
// an array.
func (x typeParts) has(t reflect.Type, inArray bool) bool {
	for part, element := range x[partKey{t.Kind(), t.Size()}] {
		if (element || !inArray) && (part == t || part.ConvertibleTo(t)) {
			return true
		}
	}
	return false
}

// shared reports whether more than one reference can lead to a value of type t, or to memory that it is part of.
func (s *slots) shared(t reflect.Type) bool {
	return s.lies(t) || s.pointers[t]+s.slices[t] > 1 || s.sharedMap(t)
}

// sharedMap is shared for maps, which may have been converted.
func (s *slots) sharedMap(t reflect.Type) bool {
	n := 0
	for other, slots := range s.maps {
		if t == other || t.ConvertibleTo(other) {
			n += slots
		}
	}
	return n > 1
}

// holds reports whether memory that another reference leads to may lie in a variable of type t, or in a slice of such.
func (s *slots) holds(t reflect.Type) bool { return s.outer[t] }

// lies reports whether memory of type t may lie in other memory, or other memory in it.
func (s *slots) lies(t reflect.Type) bool { return s.outer[t] || s.inner[t] }
