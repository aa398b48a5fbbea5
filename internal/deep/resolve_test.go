package deep_test

import (
	"reflect"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hooktx/hooks/internal/deep"
)

// opened is, as a variable, what the atomic.Pointer or atomic.Value v holds, and v if it is neither. A path says nothing of
// these, so that the one field of an atomic.Value is none that a step could mean.
func opened(v reflect.Value) reflect.Value {
	if v.Type() == reflect.TypeFor[atomic.Value]() {
		return fieldOf(v, 0)
	}
	v, _ = pointee(v)
	return v
}

// through follows pointers and interfaces to where a step can be taken. What an interface holds becomes a variable.
func through(v reflect.Value) (reflect.Value, bool) {
	for {
		v = opened(v)
		switch v.Kind() {
		case reflect.Pointer, reflect.Interface:
			if v.IsNil() {
				return v, false
			}
			if v.Kind() == reflect.Pointer {
				v = v.Elem()
			} else {
				v = asVariable(v.Elem())
			}
		default:
			return v, true
		}
	}
}

// resolve returns, as a variable, what the path leads to from v. It reports whether there is such a thing, and not ok
// for a path that it does not understand.
func resolve(v reflect.Value, path []pathStep) (part reflect.Value, found, ok bool) {
	for _, s := range path {
		var there bool
		if v, there = through(v); !there {
			return v, false, true
		}
		if v, found, ok = stepInto(v, s); !found || !ok {
			return v, found, ok
		}
	}
	return v, true, true
}

// stepInto is resolve for one step.
func stepInto(v reflect.Value, s pathStep) (part reflect.Value, found, ok bool) {
	switch v.Kind() {
	case reflect.Struct:
		f, ok := v.Type().FieldByName(s.name)
		if !ok {
			return v, false, false
		}
		return fieldOf(v, f.Index[0]), true, true
	case reflect.Slice, reflect.Array:
		i, err := strconv.Atoi(s.key)
		if err != nil || i >= v.Len() {
			return v, false, err == nil
		}
		return v.Index(i), true, true
	case reflect.Map:
		key, ok := parseKey(s.key, v.Type().Key())
		if !ok {
			return v, false, false
		}
		e := v.MapIndex(key)
		if !e.IsValid() {
			return v, false, true
		}
		return asVariable(e), true, true
	}
	return v, false, false
}

// parseKey makes a key of its text.
func parseKey(text string, t reflect.Type) (key reflect.Value, ok bool) {
	key = reflect.New(t).Elem()
	var err error
	switch {
	case key.CanInt():
		var n int64
		n, err = strconv.ParseInt(text, 10, 64)
		key.SetInt(n)
	case key.CanUint():
		var n uint64
		n, err = strconv.ParseUint(text, 10, 64)
		key.SetUint(n)
	case key.Kind() == reflect.String:
		text, err = strconv.Unquote(text)
		key.SetString(text)
	default:
		return key, false
	}
	return key, err == nil
}

// patch makes the part of the variable v that the path leads to the same as with, or takes it away if there is none.
func patch(v reflect.Value, path []pathStep, with reflect.Value, there bool) bool {
	if len(path) > 0 {
		v = opened(v)
	}
	switch {
	case len(path) == 0:
		if !there || with.Type() != v.Type() {
			return false
		}
		v.Set(with)
		return true
	case v.Kind() == reflect.Pointer:
		return !v.IsNil() && patch(v.Elem(), path, with, there)
	case v.Kind() == reflect.Interface:
		if v.IsNil() {
			return false
		}
		x := asVariable(v.Elem())
		ok := patch(x, path, with, there)
		v.Set(x)
		return ok
	case v.Kind() == reflect.Map:
		return patchEntry(v, path, with, there)
	case v.Kind() == reflect.Slice && len(path) == 1:
		if done, ok := resize(v, path[0], with, there); done {
			return ok
		}
	}
	part, found, ok := stepInto(v, path[0])
	return found && ok && patch(part, path[1:], with, there)
}

// resize is patch for an element that only one of two slices has.
func resize(v reflect.Value, s pathStep, with reflect.Value, there bool) (done, ok bool) {
	i, err := strconv.Atoi(s.key)
	switch {
	case err != nil || there && i < v.Len():
		return err != nil, false
	case !there:
		v.Set(v.Slice(0, min(i, v.Len())))
		return true, true
	case i > v.Len() || with.Type() != v.Type().Elem():
		return true, false
	}
	v.Set(reflect.Append(v, with))
	return true, true
}

func patchEntry(v reflect.Value, path []pathStep, with reflect.Value, there bool) bool {
	key, ok := parseKey(path[0].key, v.Type().Key())
	if !ok || v.IsNil() {
		return false
	}
	if len(path) > 1 {
		old := v.MapIndex(key)
		if !old.IsValid() {
			return false
		}
		x := asVariable(old)
		ok = patch(x, path[1:], with, there)
		with, there = x, true
	}
	switch {
	case v.IsNil(): // the entry led back to the variable that held the map
		return false
	case !there:
		v.SetMapIndex(key, reflect.Value{})
	case with.Type() != v.Type().Elem():
		return false
	default:
		v.SetMapIndex(key, with)
	}
	return ok
}

// TestPathsThroughAtomics checks that a path leads to what Diff means, though a field behind an atomic.Value has the name
// of the one that it has itself.
func TestPathsThroughAtomics(t *testing.T) {
	mk := func(next *genNode) reflect.Value {
		s := &genSynced{}
		s.v.Store(genBox[any]{v: &genNode{next: next}})
		return reflect.ValueOf(s)
	}
	a, b := mk(&genNode{}), mk(nil)
	changes, _ := deep.DiffValues(a, b, 0)
	assert.Len(t, changes, 1)
	path, _ := parsePath(changes[0].Path)
	x, found, ok := resolve(a.Elem(), path)
	assert.True(t, found && ok)
	assert.Equal(t, &genNode{}, x.Interface())
	y, _, _ := resolve(b.Elem(), path)
	assert.True(t, patch(a.Elem(), path, y, true))
	assert.True(t, deep.ObviousEqual(a, b))
}
