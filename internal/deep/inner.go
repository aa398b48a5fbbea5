package deep

import "math"

// This file is about references into the value that they are a part of: a small buffer and the slice over it, a cursor on
// a field beside it. Whether there can be one is told by types, and whether there is by one comparison. So such memory is
// no reason to start again, and nothing is noted of what it refers to: that is where the value's copy is, which is
// there already. Other references to the same memory find the value when regions are compared.

// reach tells the parts of p that may lead into values of type p. Tags are for the obvious engine, once they meet memory
// in other memory.
func (p *plan) reach() {
	if p.tagged || p.alien || p.size > math.MaxUint32 {
		return
	}
	var parts typeParts
	for _, ops := range p.mend {
		for i := range ops {
			o := &ops[i]
			slice := o.kind == opSlice || o.kind == opLateSlice
			if !slice && o.kind != opPointer && o.kind != opLatePointer {
				continue
			}
			if parts == nil {
				parts = typeParts{}
				parts.add(p.typ, false)
			}
			if o.plan != p && parts.mayHold(o.plan, slice) {
				o.reach = uint32(p.size)
			}
		}
	}
}

// mayHold reports whether there are parts of p's type, which then have its tags; of an array, the elements are enough.
func (x typeParts) mayHold(p *plan, inArray bool) bool {
	part := flat(p.typ)
	element, ok := x[partKey{part.Kind(), part.Size()}][part]
	return ok && (element || !inArray && part == p.typ) && p.typ.Size() > 0 && p.rule.own == nil
}

// inner returns where the copy of size bytes at ref is, if they lie in the value at src, which becomes the one at dst, and
// else nil. References into the root lead to its home. A surveyed attempt has its own way.
func (r *runner) inner(dst, src, ref pointer, size uintptr, o *op) pointer {
	off := number(ref) - number(src)
	if off+size > uintptr(o.reach) || r.attempt == surveyed {
		return nil
	}
	r.knotted = true
	if r.rootMet && src == r.known.list[0].src {
		dst, r.rootRefs = r.known.list[0].dst, true
	}
	return add(dst, off)
}

// innerPointer is pointer for one that leads into src, or begins there.
func (r *runner) innerPointer(dst, src, p pointer, o *op) (pointer, bool) {
	if q := r.inner(dst, src, p, o.plan.size, o); q != nil {
		return q, true
	}
	return r.pointer(p, o.plan)
}

// innerSlice is slice for one that is over memory of src, or begins there.
func (r *runner) innerSlice(dst, src pointer, h header, o *op) (pointer, bool) {
	if h.n > 0 {
		if q := r.inner(dst, src, h.p, o.plan.size*uintptr(h.n), o); q != nil {
			return q, true
		}
	}
	return r.slice(h, o.plan)
}
