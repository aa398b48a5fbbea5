package deep

import (
	"reflect"
	"unsafe"
)

// This file makes the memory of types without a stand-in of their own: wide ones, and ones of which some parts must not
// be read (locks, atomics, fields tagged zero). Memory comes from reflect, and so has the right type; what is moved is
// moved by stand-ins of a few words each, by the rules of layout.go.

// A run is a part of a type, by offsets, that is moved.
type run struct{ from, to uintptr }

// reflected is the memory of a type that is moved as a whole.
func reflected(t reflect.Type) memory {
	m := parted(t, []run{{0, t.Size()}})
	slice := reflect.SliceOf(t)
	m.dupN = func(src pointer, n int) pointer {
		from, to := &header{src, n, n}, &header{}
		v := at(slice, pointer(to))
		v.Grow(n)
		v.SetLen(n)
		reflect.Copy(v, at(slice, pointer(from)))
		return to.p
	}
	return m
}

// parted is the memory of a type of which only runs are moved: the rest stays zero.
func parted(t reflect.Type, runs []run) memory {
	size, move := t.Size(), mover(t, runs)
	return memory{
		size: size,
		dup: func(src pointer) pointer {
			p := reflect.New(t).UnsafePointer()
			move(p, src)
			return p
		},
		dupN: func(src pointer, n int) pointer {
			p := reflect.MakeSlice(reflect.SliceOf(t), n, n).UnsafePointer()
			for i := range n {
				move(add(p, uintptr(i)*size), add(src, uintptr(i)*size))
			}
			return p
		},
		move: move,
		make: func() pointer { return reflect.New(t).UnsafePointer() },
	}
}

// A piece is a part of a type with what moves it.
type piece struct {
	off  uintptr
	move func(dst, src pointer)
}

// mover returns what moves runs of a value of type t.
func mover(t reflect.Type, runs []run) func(dst, src pointer) {
	var pieces []piece
	if marks, known := bitmapOf(t); known {
		for _, r := range runs {
			pieces = append(pieces, marks.pieces(r)...)
		}
	} else {
		for _, r := range runs {
			pieces = append(pieces, typedPieces(t, r, 0)...)
		}
	}
	return func(dst, src pointer) {
		for i := range pieces {
			p := &pieces[i]
			p.move(add(dst, p.off), add(src, p.off))
		}
	}
}

// pieces cuts a run into stand-ins: whole words where words are whole, and bytes, which are no part of a pointer, before
// and after.
func (m bitmap) pieces(r run) (list []piece) {
	start, end := (r.from+wordSize-1)/wordSize*wordSize, r.to/wordSize*wordSize
	if start >= end {
		return bytePieces(r)
	}
	list = bytePieces(run{r.from, start})
	for start < end {
		part := bitmap{words: int(min(maxWords, (end-start)/wordSize))}
		part.bits = m.bits >> (start / wordSize) & (1<<part.words - 1)
		list = append(list, piece{start, layouts()[part].move})
		start += uintptr(part.words) * wordSize
	}
	return append(list, bytePieces(run{end, r.to})...)
}

func bytePieces(r run) []piece {
	n := int(r.to - r.from)
	if n <= 0 {
		return nil
	}
	return []piece{{r.from, func(dst, src pointer) { copy(unsafe.Slice((*byte)(dst), n), unsafe.Slice((*byte)(src), n)) }}}
}

// typedPieces cuts a run of type t, which lies at off, into fields and elements, and has reflect move them.
func typedPieces(t reflect.Type, r run, off uintptr) (list []piece) {
	end := off + t.Size()
	switch {
	case end <= r.from || r.to <= off:
		return nil
	case r.from <= off && end <= r.to:
		return []piece{{off, func(dst, src pointer) { at(t, dst).Set(at(t, src)) }}}
	case t.Kind() == reflect.Array:
		for i := range t.Len() {
			list = append(list, typedPieces(t.Elem(), r, off+uintptr(i)*t.Elem().Size())...)
		}
	case t.Kind() == reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			list = append(list, typedPieces(f.Type, r, off+f.Offset)...)
		}
	}
	return list
}
