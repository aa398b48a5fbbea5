package deep

import (
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"
)

// This file is the only one of the package that computes with addresses; those that make memory (layout.go, wide.go) and
// work on maps (table.go, maproom.go) have rules of their own. Its rules:
//
//   - An address becomes a pointer only by unsafe.Add on a pointer into the same variable, so that the garbage
//     collector and checkptr can follow every step. No uintptr is ever turned back into a pointer; a uintptr serves
//     for comparing, sorting and finding alone.
//   - Memory is read and written through reflect.Value or a typed pointer, so that every pointer store has its write
//     barrier. Nothing that holds pointers is copied as bytes; bytes are compared as such where nothing but numbers is.
//   - Slices, strings and interfaces are read as they lie in memory: a header, a face. These layouts are those that
//     package reflect documents for slices and strings; an interface is a word for the type, of which only the identity
//     is used, and the data word. That word is replaced by one that leads to a value of the same type, never by others;
//     both words are replaced by those of another interface of the same type.

// pointer is an address that keeps its memory alive.
type pointer = unsafe.Pointer

// at returns the variable of type t at p: addressable, settable, and free of the mark that reflect puts on
// unexported fields.
func at(t reflect.Type, p pointer) reflect.Value { return reflect.NewAt(t, p).Elem() }

// add returns the pointer n bytes past p, in the same variable.
func add(p pointer, n uintptr) pointer { return unsafe.Add(p, n) }

// address returns where the addressable v lives.
func address(v reflect.Value) pointer { return v.Addr().UnsafePointer() }

// number returns p as a number, to compare and to sort by.
func number(p pointer) uintptr { return uintptr(p) }

// member returns field f of the addressable struct v, exported or not.
func member(v reflect.Value, f *field) reflect.Value { return at(f.typ, add(address(v), f.offset)) }

// sliceAt returns a slice of type t (of any name) over n elements from p, its capacity being n.
func sliceAt(t reflect.Type, p pointer, n int) reflect.Value {
	out := reflect.New(t).Elem()
	out.Set(reflect.SliceAt(t.Elem(), p, n))
	return out
}

// dataWord returns the second word of the addressable interface v. With the dynamic type it identifies the boxed
// value: it is either the value itself, if that is one pointer, or the address of memory that never changes.
func dataWord(v reflect.Value) pointer { return (*[2]pointer)(address(v))[1] }

// closure returns the one word that a func value consists of: nil, or the identity of its closure.
func closure(v reflect.Value) pointer { return *(*pointer)(address(v)) }

// loadPointer reads the pointer that the atomic.Pointer at v holds; f is its field v.
func loadPointer(v pointer, f *field) pointer {
	return atomic.LoadPointer((*pointer)(add(v, f.offset)))
}

// storePointer makes the atomic.Pointer at v hold p; f is its field v.
func storePointer(v pointer, f *field, p pointer) {
	atomic.StorePointer((*pointer)(add(v, f.offset)), p)
}

// load reads the pointer at p.
func load(p pointer) pointer { return *(*pointer)(p) }

// store writes the pointer v to p.
func store(p, v pointer) { *(*pointer)(p) = v }

// A header is a slice as it lies in memory.
type header struct {
	p    pointer
	n, c int
}

// headerAt is the slice at p.
func headerAt(p pointer) *header { return (*header)(p) }

// A face is an interface as it lies in memory: a word that names the dynamic type (in an interface with methods, that type
// together with the interface's own), and the data word.
type face struct {
	t uintptr // not a pointer for the collector either: types are kept alive by others
	d pointer
}

// faceAt is the interface at p.
func faceAt(p pointer) *face { return (*face)(p) }

// setData makes the interface at p hold d, of the same dynamic type.
func setData(p, d pointer) { (*face)(p).d = d }

// stringLen is the length of the string at p.
func stringLen(p pointer) int64 { return int64(len(*(*string)(p))) }

// moveString gives the string at dst the value of that at src.
func moveString(dst, src pointer) { *(*string)(dst) = *(*string)(src) }

// mapLen is the number of entries of the map m, whatever its type.
func mapLen(m pointer) int { return len(*(*map[string]string)(pointer(&m))) }

// sameBytes compares n bytes.
func sameBytes(p, q pointer, n uintptr) bool {
	return unsafe.String((*byte)(p), n) == unsafe.String((*byte)(q), n)
}

// compareBytes orders n bytes.
func compareBytes(p, q pointer, n uintptr) int {
	return strings.Compare(unsafe.String((*byte)(p), n), unsafe.String((*byte)(q), n))
}

// typeWord is the word by which interfaces name the type t.
func typeWord(t reflect.Type) uintptr { return uintptr((*face)(pointer(&t)).d) }

// atomicValueAt is the atomic.Value at p.
func atomicValueAt(p pointer) *atomic.Value { return (*atomic.Value)(p) }

// syncMapAt is the sync.Map at p.
func syncMapAt(p pointer) *sync.Map { return (*sync.Map)(p) }

// moveAtomicAt gives the atomic number at dst the value of that at src, both of the type with the given kind of number.
func moveAtomicAt(dst, src pointer, kind reflect.Kind) {
	switch kind {
	case reflect.Bool:
		(*atomic.Bool)(dst).Store((*atomic.Bool)(src).Load())
	case reflect.Int32:
		(*atomic.Int32)(dst).Store((*atomic.Int32)(src).Load())
	case reflect.Int64:
		(*atomic.Int64)(dst).Store((*atomic.Int64)(src).Load())
	case reflect.Uint32:
		(*atomic.Uint32)(dst).Store((*atomic.Uint32)(src).Load())
	case reflect.Uint64:
		(*atomic.Uint64)(dst).Store((*atomic.Uint64)(src).Load())
	case reflect.Uintptr:
		(*atomic.Uintptr)(dst).Store((*atomic.Uintptr)(src).Load())
	}
}

// addrOf is where *p lives.
func addrOf[T any](p *T) pointer { return pointer(p) }

// as is the variable at p.
func as[T any](p pointer) *T { return (*T)(p) }

// sameWord compares two words of 8 bytes.
func sameWord(p, q pointer) bool { return *(*uint64)(p) == *(*uint64)(q) }

// sameString compares two strings.
func sameString(p, q pointer) bool { return *(*string)(p) == *(*string)(q) }

// pointerFunc is fn, a func(*T) *T, as a function of pointers. One pointer is passed and returned like any other.
func pointerFunc(fn reflect.Value) func(pointer) pointer {
	x := fn.Interface()
	return *(*func(pointer) pointer)(pointer(&(*face)(pointer(&x)).d))
}
