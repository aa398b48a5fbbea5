package deep

import (
	"reflect"
	"slices"
)

// A check is a part of a value, at an offset, that has to be compared.
type check struct {
	kind   checkKind
	off    uintptr
	size   uintptr // of bytes
	plan   *plan   // of what a reference leads to, or of a map
	typ    reflect.Type
	rule   *rule
	repeat []check // of the elements of an array
	n      int     // how many
}

type checkKind uint8

const (
	checkWord          checkKind = iota // 8 bytes, aligned
	checkBytes                          // size bytes
	checkString                         // a string
	checkPointer                        // a pointer
	checkSlice                          // a slice
	checkMap                            // a map
	checkFace                           // an interface
	checkRepeat                         // an array
	checkSame                           // something shared: by identity
	checkAtomic                         // an atomic number
	checkAtomicPointer                  // an atomic.Pointer
)

// checks compiles what to compare. What is not looked at (padding, locks, fields tagged zero or -) is in no check.
// Numbers that lie side by side are compared at once, floats bit by bit like all others.
func (p *plan) checks() {
	b := checkBuilder{p: p}
	b.value(p.rule, 0)
	p.compare = b.list
	p.flat = !p.odd && !slices.ContainsFunc(b.list, func(c check) bool { return c.kind > checkString })
	p.solid = len(b.list) == 1 && b.list[0].kind <= checkBytes && b.list[0].size == p.size
}

type checkBuilder struct {
	p    *plan
	list []check
}

func (b *checkBuilder) add(c check) { b.list = append(b.list, c) }

func (b *checkBuilder) value(r *rule, off uintptr) {
	switch t := r.typ; r.act {
	case actMove, actRefuse:
		b.identity(t, off)
	case actStruct:
		b.fields(r, off)
	case actArray:
		b.array(r, off)
	case actPointer:
		b.add(check{kind: checkPointer, off: off, plan: b.p.set.plan(t.Elem())})
	case actSlice:
		b.add(check{kind: checkSlice, off: off, plan: b.p.set.plan(t.Elem())})
	case actMap:
		b.p.odd = b.p.odd || byContent(t.Key())
		b.add(check{kind: checkMap, off: off, plan: b.p.set.plan(t)})
	case actInterface:
		b.add(check{kind: checkFace, off: off, typ: t})
	case actAtomic:
		b.add(check{kind: checkAtomic, off: off, typ: t})
	case actAtomicPointer:
		b.add(check{kind: checkAtomicPointer, off: off, rule: r, plan: b.p.set.plan(r.target)})
	case actSyncMap, actAtomicValue:
		b.p.odd = true
	}
}

func (b *checkBuilder) fields(r *rule, off uintptr) {
	for i := range r.fields {
		switch f := &r.fields[i]; f.mode {
		case modeCopy:
			b.value(f.rule, off+f.offset)
		case modeShare:
			b.identity(f.typ, off+f.offset)
		}
	}
}

func (b *checkBuilder) array(r *rule, off uintptr) {
	n, size := r.typ.Len(), r.typ.Elem().Size()
	one := checkBuilder{p: b.p}
	one.value(r.elem, 0)
	switch {
	case len(one.list) == 1 && one.list[0].kind <= checkBytes && one.list[0].size == size:
		b.bytes(off, size*uintptr(n))
		return
	case n*len(one.list) > unrolled:
		b.add(check{kind: checkRepeat, off: off, repeat: one.list, n: n, size: size})
		return
	}
	for i := range n {
		for _, c := range one.list {
			c.off += off + uintptr(i)*size
			b.add(c)
		}
	}
}

// identity compares without following references.
func (b *checkBuilder) identity(t reflect.Type, off uintptr) {
	switch k := t.Kind(); {
	case t.Size() == 0:
	case k <= reflect.Complex128 && k != reflect.Invalid, k == reflect.Pointer, k == reflect.Map, k == reflect.Chan, k == reflect.Func, k == reflect.UnsafePointer:
		b.bytes(off, t.Size())
	case k == reflect.String:
		b.add(check{kind: checkString, off: off})
	default:
		b.add(check{kind: checkSame, off: off, typ: t})
	}
}

// bytes adds bytes to compare, to those before them if they touch.
func (b *checkBuilder) bytes(off, size uintptr) {
	if n := len(b.list); n > 0 {
		if last := &b.list[n-1]; last.kind <= checkBytes && last.off+last.size == off {
			last.kind, last.size = checkBytes, last.size+size
			return
		}
	}
	kind := checkBytes
	if size == 8 && off%8 == 0 && b.p.typ.Align() == 8 {
		kind = checkWord
	}
	b.add(check{kind: kind, off: off, size: size})
}
