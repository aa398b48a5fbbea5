package deep

import (
	"reflect"
	"sync"
	"sync/atomic"
)

// Assign gives *dst the value of *shell by typed assignment; *shell is used up. What *dst keeps, in the root and in
// structs and arrays that it holds by value:
//
//   - the state of its sync.Mutex, RWMutex, WaitGroup, Cond and Pool, which are neither read nor written: the caller may
//     hold them;
//   - the fields tagged `hooks:"zero"`.
//
// Everything else travels, the doneness of a sync.Once, the content of a sync.Map and atomics included; those are
// stored with their own methods, as others may be using them. Behind pointers, maps and slices there is only the
// shell's memory: what *dst referred to is left as it was.
func Assign[T any](dst, shell *T) {
	t := reflect.TypeFor[T]()
	if usePlans {
		if r := planFor(t).rule; !r.keep && !r.keeps {
			*dst = *shell
			return
		}
	}
	assign(reflect.ValueOf(dst).Elem(), reflect.ValueOf(shell).Elem(), ruleOf(t))
}

func assign(dst, src reflect.Value, r *rule) {
	switch {
	case r.keep:
	case !r.keeps:
		dst.Set(src)
	case r.act == actStruct:
		for i := range r.fields {
			if f := &r.fields[i]; f.mode == modeCopy {
				assign(member(dst, f), member(src, f), f.rule)
			} else if f.mode != modeZero {
				member(dst, f).Set(member(src, f))
			}
		}
	case r.act == actArray:
		for i := range dst.Len() {
			assign(dst.Index(i), src.Index(i), r.elem)
		}
	case r.act == actAtomic:
		moveAtomic(dst, src)
	case r.act == actAtomicPointer:
		storePointer(address(dst), r.word, loadPointer(address(src), r.word))
	case r.act == actAtomicValue:
		assignValue(dst, src)
	case r.act == actSyncMap:
		assignMap(dst.Addr().Interface().(*sync.Map), src.Addr().Interface().(*sync.Map))
	}
}

// assignValue stores src's content in the atomic.Value dst. Store takes neither nil nor another type than before; then
// the variable is replaced as a whole.
func assignValue(dst, src reflect.Value) {
	d := dst.Addr().Interface().(*atomic.Value)
	old, now := d.Load(), src.Addr().Interface().(*atomic.Value).Load()
	if now != nil && (old == nil || reflect.TypeOf(old) == reflect.TypeOf(now)) {
		d.Store(now)
		return
	}
	dst.Set(src)
}

func assignMap(dst, src *sync.Map) {
	dst.Clear()
	src.Range(func(k, v any) bool {
		dst.Store(k, v)
		return true
	})
}
