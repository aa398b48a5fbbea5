package check

import (
	"fmt"
	"reflect"
	"time"
	"unsafe"
)

// Nudge changes one number, text or boolean behind the pointer v, as far from it as is easily found, and reports
// whether there was one: to see that a comparison looks everywhere.
func Nudge(v any) bool {
	n := nudger{}
	return n.nudge(reflect.ValueOf(v))
}

// A nudger holds the pointers that it came through.
type nudger map[unsafe.Pointer]bool

func (n nudger) nudge(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || n[v.UnsafePointer()] {
			return false
		}
		n[v.UnsafePointer()] = true
		return n.nudge(v.Elem())
	case reflect.Struct:
		return v.Type() != reflect.TypeFor[time.Time]() && n.last(v.NumField(), v.Field)
	case reflect.Slice, reflect.Array:
		return n.last(v.Len(), v.Index)
	case reflect.Map:
		return n.entry(v)
	case reflect.Interface:
		return !v.IsNil() && n.replace(v.Elem(), v.Set)
	}
	return v.CanSet() && nudgeScalar(v)
}

// last nudges the last of count parts that can be.
func (n nudger) last(count int, part func(int) reflect.Value) bool {
	for i := count - 1; i >= 0; i-- {
		if n.nudge(part(i)) {
			return true
		}
	}
	return false
}

// entry nudges the value of the greatest key that has one to nudge.
func (n nudger) entry(m reflect.Value) bool {
	var greatest reflect.Value
	for it := m.MapRange(); it.Next(); {
		if !greatest.IsValid() || fmt.Sprint(it.Key()) > fmt.Sprint(greatest) {
			greatest = it.Key()
		}
	}
	return greatest.IsValid() && n.replace(m.MapIndex(greatest), func(v reflect.Value) { m.SetMapIndex(greatest, v) })
}

// replace nudges a copy of v and stores it.
func (n nudger) replace(v reflect.Value, store func(reflect.Value)) bool {
	changed := reflect.New(v.Type()).Elem()
	changed.Set(v)
	if !n.nudge(changed) {
		return false
	}
	store(changed)
	return true
}

func nudgeScalar(v reflect.Value) bool {
	switch {
	case v.Kind() == reflect.Bool:
		v.SetBool(!v.Bool())
	case v.Kind() == reflect.String:
		v.SetString(v.String() + "'")
	case v.CanInt():
		v.SetInt(v.Int() ^ 1)
	case v.CanUint():
		v.SetUint(v.Uint() ^ 1)
	case v.CanFloat():
		v.SetFloat(v.Float() + 1)
	default:
		return false
	}
	return true
}
