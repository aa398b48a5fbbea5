package deep

import "reflect"

// This file is what Diff takes from plans: a quick look at parts that follow no reference. What is plainly the same
// need not be walked through, and as no pair of references is met in it, nothing else changes.

// plainlySame reports whether a and b are known to be equal without following a reference.
func (c *comparison) plainlySame(a, b reflect.Value) bool {
	if !c.byPlan {
		return false
	}
	p := planFor(a.Type())
	return p.flat && (*comparer)(nil).parts(address(a), address(b), p.compare)
}

// plainlySameElems is plainlySame for slices of one length.
func (c *comparison) plainlySameElems(a, b reflect.Value) bool {
	if !c.byPlan {
		return false
	}
	p := planFor(a.Type().Elem())
	return p.flat && (*comparer)(nil).elems(a.UnsafePointer(), b.UnsafePointer(), p, a.Len())
}

// differing lists the entries of the maps a and b that are not plainly the same, in the order of their keys. It reports
// false if it cannot. If they are the root, and may be equal though not plainly so, that is found out first.
func (c *comparison) differing(a, b reflect.Value, root bool) (list []entryPair, ok bool) {
	if !c.byPlan || c.report == nil {
		return nil, false
	}
	p := planFor(a.Type())
	if p.table == nil {
		return nil, false
	}
	plain := true
	p.table.differing(a.UnsafePointer(), b.UnsafePointer(), p, func(key pointer) {
		k := at(p.key.typ, key)
		e := entryPair{key: k, a: a.MapIndex(k), b: b.MapIndex(k)}
		plain = plain && !(e.a.IsValid() && e.b.IsValid())
		list = append(list, e)
	})
	if root && !plain && !p.elem.flat {
		if equal, done := equalByPlan(address(a), address(b), p); equal && done {
			return nil, true
		}
	}
	sortByKey(list)
	return list, true
}

// sameFace reports whether two interfaces of the given type are known to be equal without following a reference.
func sameFace(v, w face, static reflect.Type) bool {
	switch {
	case v.t != w.t:
		return false
	case v.d == w.d || v.t == 0:
		return true
	}
	d := dynamicOf(v, static)
	return d.kind == heldPlain && !d.direct && d.plan.flat && (*comparer)(nil).parts(v.d, w.d, d.plan.compare)
}
