// Package check judges copies, more strictly than any library under test needs to be: by a walk through original and
// copy in step, which notes all memory that it comes through.
package check

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"time"
	"unsafe"
)

// The ways in which a copy can be wrong. Text behind them says where.
var (
	ErrUnequal = errors.New("not equal")
	ErrShared  = errors.New("shares memory")
	ErrAliases = errors.New("other aliasing")
)

// A placeError adds the innermost field that something is wrong with.
type placeError struct {
	err   error
	field string
}

func (e *placeError) Error() string { return e.err.Error() + " in " + e.field }

func (e *placeError) Unwrap() error { return e.err }

// Copy reports how the value behind the pointer got fails to be a deep copy of the one behind src. It is one if the two
// are equal to the bit, nil where the other is nil; if no writable memory can be reached from both; and if memory is
// shared within the copy just as within the original: one object is one object, parts of an array lie as they lay.
// Strings, values in interfaces and time zones cannot be written and may be shared.
//
// It follows pointers, slices, maps and interfaces. Map keys must be plain: values without pointers.
func Copy(src, got any) error {
	w := walk{seen: map[visit]bool{}}
	w.follow(reflect.ValueOf(src), reflect.ValueOf(got))
	for len(w.todo) > 0 {
		next := w.todo[len(w.todo)-1]
		w.todo = w.todo[:len(w.todo)-1]
		if err := w.compare(next.src, next.got); err != nil {
			return err
		}
	}
	return w.memory.judge()
}

// A walk goes through two values in step. What pointers lead to waits in todo, so that depth costs no stack.
type walk struct {
	todo   []values
	seen   map[visit]bool
	memory memory
}

type values struct{ src, got reflect.Value }

type visit struct {
	src, got unsafe.Pointer
	typ      reflect.Type
	length   int
}

func (w *walk) compare(a, b reflect.Value) error {
	if a.Type() != b.Type() {
		return fmt.Errorf("%w: %v instead of %v", ErrUnequal, b.Type(), a.Type())
	}
	switch a.Kind() {
	case reflect.Struct:
		return w.fields(a, b)
	case reflect.Array:
		return w.elements(a, b)
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
		if a.IsNil() != b.IsNil() {
			return fmt.Errorf("%w: a nil %v", ErrUnequal, a.Type())
		}
		if a.IsNil() {
			return nil
		}
		return w.reference(a, b)
	}
	if !sameScalar(a, b) {
		return fmt.Errorf("%w: %v", ErrUnequal, a.Type())
	}
	return nil
}

func (w *walk) reference(a, b reflect.Value) error {
	switch a.Kind() {
	case reflect.Interface:
		return w.compare(a.Elem(), b.Elem())
	case reflect.Map:
		return w.entries(a, b)
	case reflect.Slice:
		if a.Len() != b.Len() {
			return fmt.Errorf("%w: length of %v", ErrUnequal, a.Type())
		}
		return w.window(a, b)
	}
	if a.Type() == reflect.TypeFor[*time.Location]() {
		if a.Pointer() != b.Pointer() {
			return fmt.Errorf("%w: another time zone", ErrUnequal)
		}
		return nil
	}
	w.follow(a, b)
	return nil
}

// follow notes what two pointers point to, and has it compared later.
func (w *walk) follow(a, b reflect.Value) {
	w.memory.note(a.UnsafePointer(), b.UnsafePointer(), a.Type().Elem().Size())
	if w.first(a, b, 1) {
		w.todo = append(w.todo, values{a.Elem(), b.Elem()})
	}
}

// first reports whether the two have not been met together before.
func (w *walk) first(a, b reflect.Value, length int) bool {
	v := visit{a.UnsafePointer(), b.UnsafePointer(), a.Type(), length}
	met := w.seen[v]
	w.seen[v] = true
	return !met
}

func (w *walk) window(a, b reflect.Value) error {
	w.memory.note(a.UnsafePointer(), b.UnsafePointer(), uintptr(a.Len())*a.Type().Elem().Size())
	if !w.first(a, b, a.Len()) {
		return nil
	}
	if a.Type().Elem().Kind() == reflect.Uint8 {
		if !bytes.Equal(a.Bytes(), b.Bytes()) {
			return fmt.Errorf("%w: %v", ErrUnequal, a.Type())
		}
		return nil
	}
	return w.elements(a, b)
}

func (w *walk) elements(a, b reflect.Value) error {
	for i := range a.Len() {
		if err := w.compare(a.Index(i), b.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) fields(a, b reflect.Value) error {
	for i := range a.NumField() {
		if err := w.compare(a.Field(i), b.Field(i)); err != nil {
			var named *placeError
			if errors.As(err, &named) {
				return err
			}
			return &placeError{err, a.Type().Name() + "." + a.Type().Field(i).Name}
		}
	}
	return nil
}

func (w *walk) entries(a, b reflect.Value) error {
	w.memory.note(a.UnsafePointer(), b.UnsafePointer(), 1) // of the table only its identity is known
	if !w.first(a, b, 1) {
		return nil
	}
	if a.Len() != b.Len() {
		return fmt.Errorf("%w: length of %v", ErrUnequal, a.Type())
	}
	for it := a.MapRange(); it.Next(); {
		in := b.MapIndex(it.Key())
		if !in.IsValid() {
			return fmt.Errorf("%w: a key of %v is missing", ErrUnequal, a.Type())
		}
		if err := w.compare(it.Value(), in); err != nil {
			return err
		}
	}
	return nil
}

func sameScalar(a, b reflect.Value) bool {
	switch k := a.Kind(); {
	case k == reflect.String:
		return a.String() == b.String()
	case k == reflect.Bool:
		return a.Bool() == b.Bool()
	case a.CanInt():
		return a.Int() == b.Int()
	case a.CanUint():
		return a.Uint() == b.Uint()
	case a.CanFloat():
		return math.Float64bits(a.Float()) == math.Float64bits(b.Float())
	case a.CanComplex():
		return a.Complex() == b.Complex()
	}
	return a.Pointer() == b.Pointer() // functions and channels
}
