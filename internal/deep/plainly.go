package deep

import "reflect"

// This file is what Diff takes from plans: a quick look at parts that follow no reference. What is plainly the same
// need not be walked through, and as no pair of references is met in it, nothing else changes.

// partPlan returns a plan for a part of what is compared. It is one of the open set: compiling the plan of a root looks at
// everything that the root can reach, which is too much to do for each of its parts.
func partPlan(t reflect.Type) *plan { return openSet.find(t) }

// plainlySame reports whether a and b are known to be equal without following a reference.
func (c *comparison) plainlySame(a, b reflect.Value) bool {
	if !c.byPlan {
		return false
	}
	p := partPlan(a.Type())
	return p.flat && (*comparer)(nil).parts(address(a), address(b), p.compare)
}

// plainlySameElems is plainlySame for slices of one length.
func (c *comparison) plainlySameElems(a, b reflect.Value) bool {
	if !c.byPlan {
		return false
	}
	p := partPlan(a.Type().Elem())
	return p.flat && (*comparer)(nil).elems(a.UnsafePointer(), b.UnsafePointer(), p, a.Len())
}

// differing lists the entries of the maps a and b that are not plainly the same, in the order of their keys. It reports
// false if it cannot. near says that the maps are the root or part of it.
func (c *comparison) differing(a, b reflect.Value, near bool) (list []entryPair, ok bool) {
	if !c.byPlan || c.report == nil {
		return nil, false
	}
	p := partPlan(a.Type())
	if near {
		p = planFor(a.Type())
	}
	if p.table == nil {
		return nil, false
	}
	certain := false
	var deep *comparer // not to walk through what is equal is right if no map's keys are paired off by what was met before
	if near && !p.set.odd && !p.elem.flat {
		deep = newComparer()
		defer deep.release()
	}
	p.table.differing(deep, a.UnsafePointer(), b.UnsafePointer(), p, func(key pointer, is likeness) {
		k := at(p.key.typ, key)
		certain = certain || is == differs
		list = append(list, entryPair{key: k, a: a.MapIndex(k), b: b.MapIndex(k)})
	})
	if near && deep == nil && !certain && !p.elem.flat {
		if equal, done := equalByPlan(address(a), address(b), p); equal && done {
			return nil, true
		}
	}
	sortByKey(list)
	return list, true
}

// likenessOf is what is known of two interfaces of the given type without following a reference.
func likenessOf(v, w face, static reflect.Type) likeness {
	switch {
	case v.t != w.t:
		return differs
	case v.d == w.d || v.t == 0:
		return same
	}
	d := dynamicOf(v, static)
	if d.kind == heldPlain && !d.direct && d.plan.flat {
		return alike((*comparer)(nil).parts(v.d, w.d, d.plan.compare), differs)
	}
	return mayDiffer
}

// A likeness is what is known of two values without following a reference.
type likeness uint8

const (
	same likeness = iota
	mayDiffer
	differs
)

// alike is same, or else what is given.
func alike(equal bool, otherwise likeness) likeness {
	if equal {
		return same
	}
	return otherwise
}

// differingKeys is differing, by a function that compares two values.
func differingKeys[K comparable, V any](a, b map[K]V, compare func(v, w V) likeness, do func(key pointer, is likeness)) {
	both := 0
	for k, v := range a {
		w, ok := b[k]
		is := differs
		if ok {
			both++
			is = compare(v, w)
		}
		if is != same {
			at := k
			do(addrOf(&at), is)
		}
	}
	if both == len(b) {
		return
	}
	for k := range b {
		if _, ok := a[k]; !ok {
			at := k
			do(addrOf(&at), differs)
		}
	}
}
