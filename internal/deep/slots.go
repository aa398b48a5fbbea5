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
	if !s.open {
		s.overlaps()
	}
	return s
}

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
	for _, outer := range s.targets() {
		inArrays := s.slices[outer] > 0 || outer.Kind() == reflect.Array // a slice converts to a pointer to an array
		if inArrays && s.slices[outer]+s.pointers[outer] > 1 {
			s.outer[outer], s.inner[outer] = true, true
		}
		for _, inner := range s.targets() {
			inArray := s.slices[inner] > 0 && contains(outer, flat(inner), true)
			if inArray || s.pointers[inner] > 0 && outer != inner && contains(outer, flat(inner), false) {
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

// contains reports whether there may be a variable of type inner in one of type t, or of a type that pointers to inner
// convert to; inArray asks for one that is an element of an array.
func contains(t, inner reflect.Type, inArray bool) bool {
	same := t == inner || t.Kind() == inner.Kind() && t.Size() == inner.Size() && t.ConvertibleTo(inner)
	switch {
	case same && !inArray:
		return true
	case t.Kind() == reflect.Array:
		return contains(t.Elem(), inner, false)
	case t.Kind() == reflect.Struct:
		for i := range t.NumField() {
			if contains(t.Field(i).Type, inner, inArray) {
				return true
			}
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
