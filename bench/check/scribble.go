package check

import (
	"reflect"
	"time"
	"unsafe"
)

// Scribble makes zero all memory that the pointer v leads to: every object, every slice's elements, every map. If
// something else changes by it, that something was not a copy of its own. Fields must be exported.
func Scribble(v any) {
	s := scribbler{seen: map[visit]bool{}}
	s.todo = append(s.todo, reflect.ValueOf(v))
	for len(s.todo) > 0 {
		next := s.todo[len(s.todo)-1]
		s.todo = s.todo[:len(s.todo)-1]
		s.look(next)
	}
	for _, m := range s.found {
		if m.Kind() == reflect.Map {
			m.Clear()
		} else {
			m.SetZero()
		}
	}
}

// A scribbler finds all memory first: what is zero leads nowhere.
type scribbler struct {
	todo  []reflect.Value
	seen  map[visit]bool
	found []reflect.Value
}

func (s *scribbler) look(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type() != reflect.TypeFor[time.Time]() {
				s.todo = append(s.todo, v.Field(i))
			}
		}
	case reflect.Array:
		s.elements(v)
	case reflect.Interface:
		if !v.IsNil() {
			s.todo = append(s.todo, v.Elem())
		}
	case reflect.Pointer:
		if s.enter(v, 1) {
			s.found = append(s.found, v.Elem())
			s.todo = append(s.todo, v.Elem())
		}
	case reflect.Slice:
		if s.enter(v, v.Len()) {
			s.elements(v)
		}
	case reflect.Map:
		if s.enter(v, 1) {
			s.found = append(s.found, reflect.ValueOf(v.Interface())) // not the place that holds it
			for it := v.MapRange(); it.Next(); {
				s.todo = append(s.todo, it.Value())
			}
		}
	}
}

// enter reports whether v leads to memory not yet seen.
func (s *scribbler) enter(v reflect.Value, length int) bool {
	at := visit{src: v.UnsafePointer(), typ: v.Type(), length: length}
	if at.src == unsafe.Pointer(nil) || s.seen[at] {
		return false
	}
	s.seen[at] = true
	return true
}

func (s *scribbler) elements(v reflect.Value) {
	for i := range v.Len() {
		if e := v.Index(i); e.CanSet() {
			s.found = append(s.found, e)
		}
		if !plain(v.Type().Elem().Kind()) {
			s.todo = append(s.todo, v.Index(i))
		}
	}
}

func plain(k reflect.Kind) bool { return k <= reflect.Complex128 || k == reflect.String }
