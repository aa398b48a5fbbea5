package hooks

import (
	"reflect"
	"slices"
	"time"
)

// A chain is a list of hooks with their abilities looked up. It is not written once it is
// in use.
type chain[T any] struct {
	hooks    []Hook[T] // nil if the chain cannot be recognised again
	steps    []step[T]
	outline  *outline
	shortest time.Duration // of the hooks' timeouts, NoLimit if there are none
	judged   bool          // there is something that judges one of the hooks
	reads    bool          // all hooks only read
}

// is reports whether the chain was made of these hooks. Answers of a hook must not change,
// so that the same hooks need not be asked again.
func (c *chain[T]) is(hooks []Hook[T]) bool {
	if len(c.hooks) != len(hooks) {
		return false
	}
	for i := range hooks {
		if c.hooks[i] != hooks[i] { // cannot panic: see recognisable
			return false
		}
	}
	return len(hooks) > 0
}

// chains are those that a worker has met last.
type chains[T any] struct {
	list [4]chain[T]
	turn int
}

func (c *chains[T]) find(hooks []Hook[T]) *chain[T] {
	for i := range c.list {
		if c.list[i].is(hooks) {
			return &c.list[i]
		}
	}
	return nil
}

// add returns a chain made of steps. Its memory is that of the oldest one.
func (c *chains[T]) add(hooks []Hook[T]) *chain[T] {
	ch := &c.list[c.turn]
	c.turn = (c.turn + 1) % len(c.list)
	ch.hooks = ch.hooks[:0]
	if recognisable(hooks) {
		ch.hooks = append(ch.hooks, hooks...)
	}
	ch.steps = slices.Grow(ch.steps[:0], len(hooks))[:len(hooks)]
	clear(ch.steps)
	return ch
}

// recognisable reports whether the hooks can be compared with == without a panic, and are
// the same hooks if they are equal.
func recognisable[T any](hooks []Hook[T]) bool {
	for _, h := range hooks {
		switch h.(type) {
		case nil:
			return false
		case *defined[T], *edited[T], *surrounded[T], *group[T]:
			continue
		}
		if !plainlyComparable(reflect.TypeOf(h)) {
			return false
		}
	}
	return true
}

// plainlyComparable reports whether values of type t are the same if they are ==.
func plainlyComparable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Chan, reflect.String, reflect.Bool, reflect.Uintptr, reflect.UnsafePointer,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	case reflect.Array:
		return plainlyComparable(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if !plainlyComparable(t.Field(i).Type) {
				return false
			}
		}
		return true
	}
	return false
}

// talks reports whether looking up the abilities of h calls user code.
func talks[T any](h Hook[T]) bool {
	switch h := h.(type) {
	case nil, *defined[T]:
		return false
	case *group[T]:
		return h.depth > maxDepth || slices.ContainsFunc(h.members, talks[T])
	}
	return true
}
