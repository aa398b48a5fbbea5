package deep

import (
	"reflect"
	"sync"
	"sync/atomic"
)

// snapshots remember what atomics and sync.Maps held when the survey came by. Another goroutine may rightly change
// them before they are copied, and then they would lead to memory that was not noted.
type snapshots struct {
	pointers map[pointer]pointer
	values   map[pointer]*any
	maps     map[pointer][]*entry
}

// An entry is one of a sync.Map.
type entry struct{ key, value any }

func newSnapshots() snapshots {
	return snapshots{map[pointer]pointer{}, map[pointer]*any{}, map[pointer][]*entry{}}
}

// pointer returns what the atomic.Pointer v, with rule r, holds or held, as a value of its *X. It is remembered if
// keep is set: entries of maps and boxes never change and need not be.
func (s *snapshots) pointer(v reflect.Value, r *rule, keep bool) reflect.Value {
	p, ok := s.pointers[address(v)]
	if !ok {
		if p = loadPointer(address(v), r.word); keep {
			s.pointers[address(v)] = p
		}
	}
	if p == nil {
		return reflect.Zero(r.target)
	}
	return reflect.NewAt(r.target.Elem(), p)
}

// value returns, as an addressable any, what the atomic.Value v holds or held.
func (s *snapshots) value(v reflect.Value, keep bool) reflect.Value {
	x, ok := s.values[address(v)]
	if !ok {
		x = new(any)
		*x = v.Addr().Interface().(*atomic.Value).Load()
		if keep {
			s.values[address(v)] = x
		}
	}
	return reflect.ValueOf(x).Elem()
}

// entries returns what the sync.Map v holds or held.
func (s *snapshots) entries(v reflect.Value, keep bool) []*entry {
	list, ok := s.maps[address(v)]
	if !ok {
		v.Addr().Interface().(*sync.Map).Range(func(k, x any) bool {
			list = append(list, &entry{k, x})
			return true
		})
		if keep {
			s.maps[address(v)] = list
		}
	}
	return list
}

// moveAtomic gives the atomic number dst the value of src, both as variables that others may be using.
func moveAtomic(dst, src reflect.Value) {
	moveAtomicAt(address(dst), address(src), atomicKind(dst.Type()))
}

// atomicKind is the kind of number that an atomic type holds.
func atomicKind(t reflect.Type) reflect.Kind {
	switch t {
	case reflect.TypeFor[atomic.Bool]():
		return reflect.Bool
	case reflect.TypeFor[atomic.Int32]():
		return reflect.Int32
	case reflect.TypeFor[atomic.Int64]():
		return reflect.Int64
	case reflect.TypeFor[atomic.Uint32]():
		return reflect.Uint32
	case reflect.TypeFor[atomic.Uint64]():
		return reflect.Uint64
	case reflect.TypeFor[atomic.Uintptr]():
		return reflect.Uintptr
	}
	return reflect.Invalid
}

// loadAtomic returns the atomic number v as a plain one.
func loadAtomic(v reflect.Value) reflect.Value {
	switch s := v.Addr().Interface().(type) {
	case *atomic.Bool:
		return reflect.ValueOf(s.Load())
	case *atomic.Int32:
		return reflect.ValueOf(s.Load())
	case *atomic.Int64:
		return reflect.ValueOf(s.Load())
	case *atomic.Uint32:
		return reflect.ValueOf(s.Load())
	case *atomic.Uint64:
		return reflect.ValueOf(s.Load())
	case *atomic.Uintptr:
		return reflect.ValueOf(s.Load())
	}
	return reflect.Value{}
}
