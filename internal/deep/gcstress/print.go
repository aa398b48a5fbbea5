package main

import (
	"hash/maphash"
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"
)

// A printer makes fingerprints of values: the same number for a value and its copies, as long as their content and what
// they share is the same. It knows the types of the shapes alone, and nothing of package deep's rules.
type printer struct {
	sum  uint64
	seen map[place]uint64 // places by the order in which they were met
}

type place struct {
	p unsafe.Pointer
	t reflect.Type
}

var printSeed = maphash.MakeSeed()

// fingerprint returns the fingerprint of *p.
func fingerprint(p any) uint64 {
	x := printer{seen: map[place]uint64{}}
	x.value(reflect.ValueOf(p))
	return x.sum
}

func (x *printer) add(n uint64) {
	x.sum = (x.sum ^ n) * 0x9E3779B97F4A7C15
	x.sum ^= x.sum >> 29
}

// met notes a place, an element of a slice or what a pointer leads to, and reports whether it was met before.
func (x *printer) met(p unsafe.Pointer, t reflect.Type) bool {
	k := place{p, t}
	n, ok := x.seen[k]
	if !ok {
		n = uint64(len(x.seen))
		x.seen[k] = n
	}
	x.add(n)
	return ok
}

func (x *printer) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		x.add(maphash.String(printSeed, v.String()))
	case reflect.Bool:
		if v.Bool() {
			x.add(1)
		}
	case reflect.Pointer:
		x.add(1)
		if !v.IsNil() && !x.met(v.UnsafePointer(), v.Type().Elem()) {
			x.value(v.Elem())
		}
	case reflect.Interface:
		x.add(2)
		if !v.IsNil() {
			x.add(uint64(v.Elem().Kind()))
			x.value(v.Elem())
		}
	case reflect.Slice:
		x.slice(v)
	case reflect.Array:
		for i := range v.Len() {
			x.value(v.Index(i))
		}
	case reflect.Map:
		if x.add(3); !x.met(v.UnsafePointer(), v.Type()) {
			x.entries(v)
		}
	case reflect.Struct:
		x.structure(v)
	default:
		x.number(v)
	}
}

func (x *printer) number(v reflect.Value) {
	if v.CanInt() {
		x.add(uint64(v.Int()))
	} else if v.CanUint() {
		x.add(v.Uint())
	}
}

func (x *printer) slice(v reflect.Value) {
	x.add(uint64(v.Len()))
	if v.Type().Elem().Kind() == reflect.Uint8 {
		x.add(maphash.Bytes(printSeed, v.Bytes()))
		return
	}
	for i := range v.Len() {
		if e := v.Index(i); !x.met(e.Addr().UnsafePointer(), e.Type()) {
			x.value(e)
		}
	}
}

// entries adds up the entries of a map, so that their order has no effect. Places in one entry are numbered apart from
// those in others.
func (x *printer) entries(v reflect.Value) {
	var total uint64
	for it := v.MapRange(); it.Next(); {
		in := printer{seen: map[place]uint64{}}
		in.value(it.Key())
		in.value(it.Value())
		total += in.sum
	}
	x.add(total)
}

// structure adds the fields of v. What other packages' types keep behind unsafe.Pointers, their methods tell.
func (x *printer) structure(v reflect.Value) {
	if v.CanAddr() && v.CanInterface() {
		switch p := v.Addr().Interface().(type) {
		case *sync.Map:
			all := map[any]any{}
			p.Range(func(k, e any) bool { all[k] = e; return true })
			x.value(reflect.ValueOf(all))
			return
		case *atomic.Pointer[node]:
			x.value(reflect.ValueOf(p.Load()))
			return
		case *atomic.Pointer[string]:
			x.value(reflect.ValueOf(p.Load()))
			return
		}
	}
	for i := range v.NumField() {
		if v.Type().Field(i).Name != "addr" { // of a strings.Builder: itself, if it is no raw copy
			x.value(v.Field(i))
		}
	}
}
