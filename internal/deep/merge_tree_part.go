package deep

import "reflect"

// A graft is memory of the base that is being merged: n values by a plan.
type graft struct {
	base  pointer
	stand pointer // the same of what the merged value is made of: the base or a version
	out   pointer // what becomes of it; nil as long as stand need not change
	plan  *plan
	n     int
	by    sides // which have changed something in it, or behind it
}

// slot returns where to write what becomes of the part at an offset.
func (x *graft) slot(at uintptr) pointer {
	switch {
	case x.out != nil:
	case x.n == 1:
		x.out = x.plan.dup(x.stand)
	default:
		x.out = x.plan.dupN(x.stand, x.n)
	}
	return add(x.out, at)
}

// object merges n values that a reference leads to. It returns where the merged ones are, and who has changed something.
func (g *grafter) object(base, stand pointer, group []pointer, e *plan, n int) (out pointer, by sides, ok bool) {
	x := graft{base: base, stand: stand, plan: e, n: n}
	if !g.merge(&x, group) {
		return nil, 0, false
	}
	if x.by != 0 {
		g.note(x.by, base, group, e, n)
	}
	return x.merged(), x.by, true
}

// merged is where the merged values are.
func (x *graft) merged() pointer {
	if x.out == nil {
		return x.stand
	}
	return x.out
}

// merge merges all that is in x.
func (g *grafter) merge(x *graft, group []pointer) bool {
	if g.stand >= 0 && x.plan.tagged {
		return g.giveUp() // fields that nobody compares are to be the base's
	}
	for i := range x.n {
		if !g.tick() || !g.parts(x, group, x.plan.compare, uintptr(i)*x.plan.size) {
			return false
		}
	}
	return !x.by.several() || !x.plan.rule.knit // parts of what is one value may have been changed by two
}

// parts merges the parts of the value at offset off of x.
func (g *grafter) parts(x *graft, group []pointer, checks []check, off uintptr) (ok bool) {
	for i := range checks {
		c := &checks[i]
		at := off + c.off
		switch c.kind {
		case checkWord, checkBytes:
			ok = g.bytes(x, group, at, c.size)
		case checkString:
			ok = g.text(x, group, at)
		case checkPointer:
			ok = g.pointer(x, group, at, c.plan)
		case checkSlice:
			ok = g.slice(x, group, at, c.plan)
		case checkMap:
			ok = g.mapping(x, group, at, c.plan)
		case checkFace:
			ok = g.face(x, group, at, c.typ)
		case checkSame:
			ok = g.unit(x, group, at, c.typ)
		case checkRepeat:
			ok = true
			for j := 0; j < c.n && ok; j++ {
				ok = g.parts(x, group, c.repeat, at+uintptr(j)*c.size)
			}
		default:
			ok = g.giveUp() // atomics
		}
		if !ok {
			return false
		}
	}
	return true
}

// text merges strings.
func (g *grafter) text(x *graft, group []pointer, at uintptr) bool {
	var by sides
	for i, v := range group {
		if v != nil && !sameString(add(x.base, at), add(v, at)) {
			by |= side(i)
		}
	}
	if by.several() {
		return g.giveUp()
	}
	x.by |= by
	if i := by.first(); by != 0 && i != g.stand {
		moveString(x.slot(at), add(group[i], at))
	}
	return true
}

// bytes merges size bytes, in which numbers may lie side by side.
func (g *grafter) bytes(x *graft, group []pointer, at, size uintptr) bool {
	for _, v := range group {
		if v != nil && !sameBytes(add(x.base, at), add(v, at), size) {
			return g.units(x, group, x.plan.rule, at-at%x.plan.size, at, at+size)
		}
	}
	return true
}

// units merges one by one what lies between two offsets and is one value each. The value with rule r is at off.
func (g *grafter) units(x *graft, group []pointer, r *rule, off, from, to uintptr) bool {
	size := r.typ.Size()
	switch {
	case off+size <= from || to <= off:
		return true
	case r.leaf && r.plain:
	case r.act == actStruct:
		return g.fieldUnits(x, group, r, off, from, to)
	case r.act == actArray:
		each := r.elem.typ.Size()
		for i := range r.typ.Len() {
			if !g.units(x, group, r.elem, off+uintptr(i)*each, from, to) {
				return false
			}
		}
		return true
	case r.act == actZero:
		return true
	}
	return g.unit(x, group, off, r.typ)
}

// fieldUnits is units for a struct.
func (g *grafter) fieldUnits(x *graft, group []pointer, r *rule, off, from, to uintptr) (ok bool) {
	for i := range r.fields {
		f := &r.fields[i]
		start := off + f.offset
		switch {
		case start+f.typ.Size() <= from || to <= start:
			continue
		case f.mode == modeCopy:
			ok = g.units(x, group, f.rule, start, from, to)
		case f.mode == modeShare:
			ok = g.unit(x, group, start, f.typ)
		default:
			continue
		}
		if !ok {
			return false
		}
	}
	return true
}

// unit merges what is one value, of type t.
func (g *grafter) unit(x *graft, group []pointer, at uintptr, t reflect.Type) bool {
	var by sides
	for i, v := range group {
		if v != nil && !identicalAt(t, add(x.base, at), add(v, at)) {
			by |= side(i)
		}
	}
	if by.several() {
		return g.giveUp()
	}
	x.by |= by
	if i := by.first(); by != 0 && i != g.stand {
		moveAt(t, x.slot(at), add(group[i], at))
	}
	return true
}

// identicalAt compares variables of type t without following a reference.
func identicalAt(t reflect.Type, p, q pointer) bool {
	return sameBytes(p, q, t.Size()) || identical(at(t, p), at(t, q))
}

// moveAt gives the variable of type t at dst the value of that at src.
func moveAt(t reflect.Type, dst, src pointer) { at(t, dst).Set(at(t, src)) }
