package deep

import (
	"reflect"
	"sync"
	"unsafe"
)

// This file makes memory. The garbage collector asks of a piece of memory how large it is and which of its words are
// pointers, not which type it was made for. So memory for a struct of a pointer and two numbers can be made, and
// copied, as that of any other type of this layout, by code that the compiler wrote for it: with its write barriers,
// its bulk moves and no reflection. The rules:
//
//   - The stand-in has the same size, an alignment that is no smaller, and pointers in exactly the same words. The data
//     word of an interface is one, its type word is none, as for the compiler.
//   - Types of up to maxWords words have a stand-in. Memory without pointers is made of numbers as wide as its
//     alignment. All else is made and moved by reflect.
//   - Sources are read through the stand-in, never written.
//   - A function that returns a T may be called as one that returns its stand-in if all that a T is made of is words, none
//     of them a floating-point number: Go passes structs field by field, and such fields like pointers and uintptrs.

// A memory makes and moves the values of one type.
type memory struct {
	size uintptr
	dup  func(src pointer) pointer        // a new variable with what src holds
	dupN func(src pointer, n int) pointer // a new array with what the n values from src on hold; n > 0
	move func(dst, src pointer)           // dst = src
	make func() pointer                   // a new variable

	// call makes dst what the function returns that the pointer fn leads to, called with src. The function's result must
	// be of words alone, as S is: then it is returned like an S.
	call func(fn, dst, src pointer)
}

const (
	wordSize = unsafe.Sizeof(uintptr(0))
	maxWords = 6
)

// A bitmap has bit i set if word i of a value is a pointer.
type bitmap struct {
	words int
	bits  uint64
}

// memoryOf returns what makes and moves values of type t, as a whole.
func memoryOf(t reflect.Type) memory {
	var m memory
	marks, known := bitmapOf(t)
	switch {
	case t.Size() == 0:
		m = reflected(t)
	case known && marks.bits == 0:
		m = numbers(t)
	case known && marks.words <= maxWords && uintptr(t.Align()) == wordSize:
		m = layouts()[marks]
	default:
		m = reflected(t)
	}
	m.size = t.Size()
	return m
}

// bitmapOf finds out which words of t are pointers. It knows types of up to 64 words, and larger ones if they hold
// no pointer.
func bitmapOf(t reflect.Type) (m bitmap, known bool) {
	m.words = int((t.Size() + wordSize - 1) / wordSize)
	known = m.mark(t, 0)
	return m, known
}

// mark sets the bits of a value of type t at offset off. It reports false if it cannot.
func (m *bitmap) mark(t reflect.Type, off uintptr) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.UnsafePointer, reflect.Map, reflect.Chan, reflect.Func, reflect.String, reflect.Slice:
		return m.set(off)
	case reflect.Interface:
		return m.set(off + wordSize)
	case reflect.Array:
		if t.Len() > 64 {
			one := bitmap{}
			return one.mark(t.Elem(), 0) && one.bits == 0
		}
		for i := range t.Len() {
			if !m.mark(t.Elem(), off+uintptr(i)*t.Elem().Size()) {
				return false
			}
		}
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); !m.mark(f.Type, off+f.Offset) {
				return false
			}
		}
	}
	return t.Kind() <= reflect.UnsafePointer
}

func (m *bitmap) set(off uintptr) bool {
	if i := off / wordSize; i < 64 {
		m.bits |= 1 << i
		return true
	}
	return false
}

// standIn is the memory of types laid out like S.
func standIn[S any]() memory {
	return memory{
		dup: func(src pointer) pointer {
			p := new(S)
			*p = *(*S)(src)
			return pointer(p)
		},
		dupN: func(src pointer, n int) pointer {
			return pointer(unsafe.SliceData(append([]S(nil), unsafe.Slice((*S)(src), n)...)))
		},
		move: func(dst, src pointer) { *(*S)(dst) = *(*S)(src) },
		make: func() pointer { return pointer(new(S)) },
		call: func(fn, dst, src pointer) { *(*S)(dst) = (*(*func(pointer) S)(fn))(src) },
	}
}

// ofWords reports whether t is made of whole words that are no floating-point numbers: field by field, they are
// returned as the words of a stand-in are.
func ofWords(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			if !ofWords(t.Field(i).Type) {
				return false
			}
		}
		return t.Size() > 0 && t.Size() <= maxWords*wordSize
	case reflect.Int, reflect.Uint, reflect.Uintptr, reflect.Int64, reflect.Uint64:
		return t.Size() == wordSize
	case reflect.Pointer, reflect.UnsafePointer, reflect.String, reflect.Slice, reflect.Interface:
		return true
	}
	return false
}

// valueFunc is fn, a func(*T) T, as a function that returns its result in memory. m is the stand-in of T, which is of words.
func valueFunc(fn reflect.Value, m memory) func(dst, src pointer) {
	x := fn.Interface()
	f := faceAt(pointer(&x)).d
	return func(dst, src pointer) { m.call(pointer(&f), dst, src) }
}

// layouts has the stand-ins of all layouts of up to maxWords words that hold a pointer.
var layouts = sync.OnceValue(func() map[bitmap]memory {
	all := map[bitmap]memory{}
	word1[uintptr](all, bitmap{1, 0})
	word1[pointer](all, bitmap{1, 1})
	return all
})

// with is m with one more word.
func (m bitmap) with(isPointer uint64) bitmap {
	return bitmap{m.words + 1, m.bits | isPointer<<m.words}
}

func word1[A any](all map[bitmap]memory, m bitmap) {
	all[m] = standIn[struct{ A A }]()
	word2[A, uintptr](all, m.with(0))
	word2[A, pointer](all, m.with(1))
}

func word2[A, B any](all map[bitmap]memory, m bitmap) {
	type s struct {
		A A
		B B
	}
	all[m] = standIn[s]()
	word3[A, B, uintptr](all, m.with(0))
	word3[A, B, pointer](all, m.with(1))
}

func word3[A, B, C any](all map[bitmap]memory, m bitmap) {
	type s struct {
		A A
		B B
		C C
	}
	all[m] = standIn[s]()
	word4[A, B, C, uintptr](all, m.with(0))
	word4[A, B, C, pointer](all, m.with(1))
}

func word4[A, B, C, D any](all map[bitmap]memory, m bitmap) {
	type s struct {
		A A
		B B
		C C
		D D
	}
	all[m] = standIn[s]()
	word5[A, B, C, D, uintptr](all, m.with(0))
	word5[A, B, C, D, pointer](all, m.with(1))
}

func word5[A, B, C, D, E any](all map[bitmap]memory, m bitmap) {
	type s struct {
		A A
		B B
		C C
		D D
		E E
	}
	all[m] = standIn[s]()
	word6[A, B, C, D, E, uintptr](all, m.with(0))
	word6[A, B, C, D, E, pointer](all, m.with(1))
}

func word6[A, B, C, D, E, F any](all map[bitmap]memory, m bitmap) {
	all[m] = standIn[struct {
		A A
		B B
		C C
		D D
		E E
		F F
	}]()
}

// numbers is the memory of a type without pointers.
func numbers(t reflect.Type) memory {
	size := t.Size()
	switch t.Align() {
	case 8:
		return numbersOf[uint64](size)
	case 4:
		return numbersOf[uint32](size)
	case 2:
		return numbersOf[uint16](size)
	}
	return numbersOf[uint8](size)
}

func numbersOf[N uint8 | uint16 | uint32 | uint64](size uintptr) memory {
	if size == unsafe.Sizeof(N(0)) {
		return standIn[N]()
	}
	each := int(size / unsafe.Sizeof(N(0)))
	return memory{
		dup:  func(src pointer) pointer { return dupNumbers((*N)(src), each) },
		dupN: func(src pointer, n int) pointer { return dupNumbers((*N)(src), n*each) },
		move: func(dst, src pointer) { copy(unsafe.Slice((*N)(dst), each), unsafe.Slice((*N)(src), each)) },
		make: func() pointer { return pointer(unsafe.SliceData(make([]N, each))) },
	}
}

// dupNumbers copies n numbers. Append does not clear memory that it is about to fill.
func dupNumbers[N any](src *N, n int) pointer {
	return pointer(unsafe.SliceData(append([]N(nil), unsafe.Slice(src, n)...)))
}
