package deep

import "reflect"

// A fork is a reference that is being merged: what the versions have there may be behind it or instead of it.
type fork struct {
	op       op
	replaced sides     // they have something else there
	stand    pointer   // what it leads to in what the merged value is made of
	group    []pointer // what the others have behind it, if it is not the base's
	further  bool      // some have
}

// fork makes a fork, one level down.
func (g *grafter) fork(kind opKind, at uintptr, p *plan) (f fork, ok bool) {
	f.op = op{kind: kind, off: at, plan: p}
	f.group, ok = g.enter()
	clear(f.group)
	return f, ok
}

// standsOn settles what is behind the reference in what the merged value is made of, if that has not replaced it: then
// what is made of it here does not matter.
func (g *grafter) standsOn(f *fork, base, stand pointer) {
	if f.stand = stand; g.stand >= 0 && f.replaced&side(g.stand) != 0 {
		f.stand = base
	}
}

// behind notes that version i has something else than the base behind the reference.
func (f *fork) behind(i int, p pointer) { f.group[i], f.further = p, true }

// pointer merges pointers.
func (g *grafter) pointer(x *graft, group []pointer, at uintptr, e *plan) bool {
	f, ok := g.fork(opPointer, at, e)
	if !ok {
		return g.giveUp()
	}
	b := load(add(x.base, at))
	for i, v := range group {
		if v != nil {
			f.references(i, b, load(add(v, at)))
		}
	}
	g.standsOn(&f, b, load(add(x.stand, at)))
	out, by := f.stand, sides(0)
	if f.further {
		out, by, ok = g.object(b, f.stand, f.group, e, 1)
	}
	g.leave()
	return ok && g.join(x, group, &f, out, by)
}

// references compares a pointer or map of the base with that of version i.
func (f *fork) references(i int, b, v pointer) {
	switch {
	case b == v:
	case b == nil || v == nil:
		f.replaced |= side(i)
	default:
		f.behind(i, v)
	}
}

// slice merges slices. Bytes are one value.
func (g *grafter) slice(x *graft, group []pointer, at uintptr, e *plan) bool {
	f, ok := g.fork(opSlice, at, e)
	if !ok {
		return g.giveUp()
	}
	b := headerAt(add(x.base, at))
	for i, v := range group {
		if v == nil {
			continue
		}
		switch h := headerAt(add(v, at)); {
		case b.n != h.n || (b.p == nil) != (h.p == nil):
			f.replaced |= side(i)
		case b.p == h.p || b.n == 0 || e.solid && sameBytes(b.p, h.p, uintptr(b.n)*e.size):
		case e.typ.Kind() == reflect.Uint8:
			f.replaced |= side(i)
		default:
			f.behind(i, h.p)
		}
	}
	g.standsOn(&f, b.p, headerAt(add(x.stand, at)).p)
	out, by := f.stand, sides(0)
	if f.further {
		out, by, ok = g.object(b.p, f.stand, f.group, e, b.n)
	}
	g.leave()
	return ok && g.join(x, group, &f, out, by)
}

// mapping merges maps.
func (g *grafter) mapping(x *graft, group []pointer, at uintptr, p *plan) bool {
	f, ok := g.fork(opMap, at, p)
	if !ok {
		return g.giveUp()
	}
	b := load(add(x.base, at))
	for i, v := range group {
		if v != nil {
			f.references(i, b, load(add(v, at)))
		}
	}
	g.standsOn(&f, b, load(add(x.stand, at)))
	out, by := f.stand, sides(0)
	if f.further {
		out, by, ok = g.entries(b, f.stand, f.group, p, f.replaced == 0)
	}
	g.leave()
	return ok && g.join(x, group, &f, out, by)
}

// face merges interfaces of the given type.
func (g *grafter) face(x *graft, group []pointer, at uintptr, static reflect.Type) bool {
	f, ok := g.fork(opFace, at, nil)
	if !ok {
		return g.giveUp()
	}
	b := faceAt(add(x.base, at))
	var d *dynamic
	if b.t != 0 {
		d = dynamicOf(*b, static)
	}
	for i, v := range group {
		if v == nil {
			continue
		}
		if h := faceAt(add(v, at)); b.t != h.t {
			f.replaced |= side(i)
		} else if b.d != h.d && !f.held(i, d, *b, *h, static) {
			return g.giveUp()
		}
	}
	g.standsOn(&f, b.d, faceAt(add(x.stand, at)).d)
	out, by := f.stand, sides(0)
	if f.further {
		out, by, ok = g.inFace(b.d, &f, d)
	}
	g.leave()
	if f.replaced != 0 {
		f.op.plan = openSet.find(static)
	}
	return ok && g.join(x, group, &f, out, by)
}

// held compares what an interface of the base and that of version i hold, which is of one type. It reports false if that
// cannot be done.
func (f *fork) held(i int, d *dynamic, b, v face, static reflect.Type) bool {
	switch d.kind {
	case heldShared, heldPlain, heldRefused:
		if !d.same(b, v, static) {
			f.replaced |= side(i)
		}
	case heldPointer, heldMap:
		f.references(i, b.d, v.d)
	case heldBox:
		f.behind(i, v.d)
	default:
		return false
	}
	return true
}

// same compares values that are not looked into.
func (d *dynamic) same(a, b face, static reflect.Type) bool {
	if d.kind != heldPlain || d.plan.tagged {
		return d.identical(a, b, static)
	}
	return (*comparer)(nil).faces(a, b, static)
}

// inFace merges what is behind the data words of interfaces that hold values of one type.
func (g *grafter) inFace(base pointer, f *fork, d *dynamic) (out pointer, by sides, ok bool) {
	switch d.kind {
	case heldPointer:
		return g.object(base, f.stand, f.group, d.plan.target, 1)
	case heldMap:
		return g.entries(base, f.stand, f.group, d.plan, f.replaced == 0)
	}
	x := graft{base: base, stand: f.stand, plan: d.plan, n: 1} // no object: a part of what the interface is in
	ok = g.merge(&x, f.group)
	return x.merged(), x.by, ok
}

// join ends a fork: what is behind the reference is now at out, by those who have changed something there.
func (g *grafter) join(x *graft, group []pointer, f *fork, out pointer, by sides) bool {
	at := f.op.off
	if f.replaced.several() || f.replaced != 0 && by != 0 {
		return g.giveUp()
	}
	x.by |= by | f.replaced
	if out != f.stand {
		f.op.lead(x.slot(at), out)
	}
	if f.replaced == 0 {
		return true
	}
	i := f.replaced.first()
	if i != g.stand {
		f.op.take(x.slot(at), add(group[i], at))
	}
	f.op.off = 0
	return g.exchange(i, add(x.base, at), add(group[i], at), []op{f.op})
}

// lead makes the reference at p lead to what is at to.
func (o *op) lead(p, to pointer) {
	switch o.kind {
	case opSlice:
		headerAt(p).p = to
	case opFace:
		setData(p, to)
	default:
		store(p, to)
	}
}

// take gives the reference at dst the value of that at src.
func (o *op) take(dst, src pointer) {
	switch o.kind {
	case opSlice:
		*headerAt(dst) = *headerAt(src)
	case opFace:
		*faceAt(dst) = *faceAt(src)
	default:
		store(dst, load(src))
	}
}
