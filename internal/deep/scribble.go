package deep

import "reflect"

// Scribble overwrites all that a copy of *v has for itself: numbers, texts and flags get other values, maps are emptied.
// What copies share stays, and so does what is nil or empty, or has a DeepCopy method of its own. Tests use it to find
// out who has kept a pointer into a value.
func Scribble[T any](v *T) {
	s := scribbler{seen: map[pointer]bool{}}
	s.add(reflect.ValueOf(v).Elem())
	for len(s.todo) > 0 {
		x := s.todo[len(s.todo)-1]
		s.todo = s.todo[:len(s.todo)-1]
		s.visit(x, ruleOf(x.Type()))
	}
}

type scribbler struct {
	todo []reflect.Value // variables
	seen map[pointer]bool
}

// add adds a variable, unless it is known. A struct and its first field are at one place; it is enough to know the struct.
func (s *scribbler) add(v reflect.Value) {
	if p := address(v); !s.seen[p] {
		s.seen[p] = true
		s.todo = append(s.todo, v)
	}
}

func (s *scribbler) visit(v reflect.Value, r *rule) {
	switch {
	case r.own != nil || r.shared:
	case r.act == actMove:
		overwrite(v)
	case r.act == actStruct:
		for i := range r.fields {
			if f := &r.fields[i]; f.mode == modeCopy {
				s.visit(member(v, f), f.rule)
			}
		}
	case r.act == actArray || r.act == actSlice:
		for i := range v.Len() {
			s.visit(v.Index(i), ruleOf(v.Type().Elem()))
		}
	case r.act == actPointer:
		if !v.IsNil() {
			s.add(v.Elem())
		}
	case r.act == actMap:
		s.table(v)
	case r.act == actInterface:
		if e := v.Elem(); e.IsValid() {
			s.held(e)
		}
	}
}

// held is for what an interface or a map holds: it is no variable, but may lead to some.
func (s *scribbler) held(v reflect.Value) {
	if k := v.Kind(); (k == reflect.Pointer || k == reflect.Map || k == reflect.Slice) && !dynamicRule(v.Type()).shared {
		s.visit(variable(v), dynamicRule(v.Type()))
	}
}

func (s *scribbler) table(m reflect.Value) {
	for it := m.MapRange(); it.Next(); {
		v := variable(it.Value())
		s.visit(v, ruleOf(v.Type()))
	}
	if !m.IsNil() {
		m.Clear()
	}
}

// overwrite gives a number, a text or a flag another value.
func overwrite(v reflect.Value) {
	switch {
	case v.CanInt():
		v.SetInt(^v.Int())
	case v.CanUint():
		v.SetUint(^v.Uint())
	case v.CanFloat():
		v.SetFloat(-1 - v.Float())
	case v.CanComplex():
		v.SetComplex(-1 - v.Complex())
	case v.Kind() == reflect.Bool:
		v.SetBool(!v.Bool())
	case v.Kind() == reflect.String:
		v.SetString(v.String() + "?")
	}
}
