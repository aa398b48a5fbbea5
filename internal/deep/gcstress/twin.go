// This file is wrong on purpose. It copies memory that holds pointers as bytes and writes pointers as numbers, so that
// the garbage collector learns of none of them: while it marks, it takes memory that only such a copy leads to for
// garbage. It is here to show that the stress sees what it looks for, which has to kill this copier within seconds.
// Nothing may import it, and no line of it belongs anywhere else.

package main

import (
	"reflect"
	"unsafe"
)

// A bareCopier makes one copy without write barriers. What lies within other memory it copies apart, and what it does
// not know how to follow, such as the inside of a sync.Map, it shares: enough for a value that nobody writes.
type bareCopier struct {
	seen map[place]unsafe.Pointer
}

// bareCopy is a deep copy of *src of which the garbage collector is told nothing.
func bareCopy[T any](src *T) *T {
	c := bareCopier{seen: map[place]unsafe.Pointer{}}
	return (*T)(c.elements(unsafe.Pointer(src), reflect.TypeFor[T](), 1))
}

// elements copies n values of type t at p into memory of that type.
func (c *bareCopier) elements(p unsafe.Pointer, t reflect.Type, n int) unsafe.Pointer {
	if q, ok := c.seen[place{p, t}]; ok && n == 1 {
		return q
	}
	q := reflect.MakeSlice(reflect.SliceOf(t), n, n).UnsafePointer()
	c.seen[place{p, t}] = q
	size := t.Size()
	copy(unsafe.Slice((*byte)(q), uintptr(n)*size), unsafe.Slice((*byte)(p), uintptr(n)*size))
	for i := range uintptr(n) {
		c.mend(unsafe.Add(q, i*size), t)
	}
	return q
}

// mend replaces the references in the raw copy of type t at p by references to copies.
func (c *bareCopier) mend(p unsafe.Pointer, t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer:
		if to := *(*unsafe.Pointer)(p); to != nil {
			write(p, c.elements(to, t.Elem(), 1))
		}
	case reflect.Slice:
		if v := reflect.NewAt(t, p).Elem(); v.Len() > 0 {
			write(p, c.elements(v.UnsafePointer(), t.Elem(), v.Len()))
		}
	case reflect.Interface:
		c.box(p, t)
	case reflect.Map:
		if v := reflect.NewAt(t, p).Elem(); !v.IsNil() {
			write(p, c.table(v).UnsafePointer())
		}
	case reflect.Array:
		for i := range uintptr(t.Len()) {
			c.mend(unsafe.Add(p, i*t.Elem().Size()), t.Elem())
		}
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			c.mend(unsafe.Add(p, f.Offset), f.Type)
		}
	}
}

// write stores the pointer to at p as a number.
func write(p, to unsafe.Pointer) { *(*uintptr)(p) = uintptr(to) }

// box copies what the interface at p holds. A pointer or a map is its data word itself.
func (c *bareCopier) box(p unsafe.Pointer, t reflect.Type) {
	e := reflect.NewAt(t, p).Elem().Elem()
	if !e.IsValid() {
		return
	}
	word := unsafe.Add(p, unsafe.Sizeof(uintptr(0)))
	switch data := *(*unsafe.Pointer)(word); e.Kind() {
	case reflect.Pointer:
		if !e.IsNil() {
			write(word, c.elements(data, e.Type().Elem(), 1))
		}
	case reflect.Map:
		write(word, c.table(e).UnsafePointer())
	case reflect.Struct:
		if e.NumField() == 1 && e.Field(0).Kind() == reflect.Pointer {
			write(word, c.elements(data, e.Field(0).Type().Elem(), 1))
			return
		}
		fallthrough
	default:
		write(word, c.elements(data, e.Type(), 1))
	}
}

// table copies a map. The map's own memory has its barriers, as there is no way around them; what it leads to has not.
func (c *bareCopier) table(m reflect.Value) reflect.Value {
	out := reflect.MakeMapWithSize(m.Type(), m.Len())
	for it := m.MapRange(); it.Next(); {
		key, elem := reflect.New(m.Type().Key()).Elem(), reflect.New(m.Type().Elem()).Elem()
		key.Set(it.Key())
		elem.Set(it.Value())
		c.mend(key.Addr().UnsafePointer(), key.Type())
		c.mend(elem.Addr().UnsafePointer(), elem.Type())
		out.SetMapIndex(key, elem)
	}
	return out
}
