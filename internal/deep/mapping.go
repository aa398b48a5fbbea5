package deep

import "reflect"

// This file copies maps.

// reference returns the copy of what v, a pointer or a map with plan p, leads to.
func (r *runner) reference(v pointer, p *plan) (pointer, bool) {
	if p.target != nil {
		return r.pointer(v, p.target)
	}
	return r.mapping(v, p)
}

// mapping returns the copy of the map src.
func (r *runner) mapping(src pointer, p *plan) (pointer, bool) {
	if p.rule.own != nil {
		return nil, r.giveUp()
	}
	i, fresh := 0, true
	if p.shared {
		i, fresh = r.known.claim(src, p.mark)
	}
	switch {
	case !fresh && r.known.list[i].plan != p.mark && p.tags(r.known.list[i].plan.markOf):
		return nil, r.giveUp()
	case !fresh:
		r.knotted = true
		return r.known.list[i].dst, true
	case !r.charge(p.mapSize(src)):
		return nil, false
	}
	r.knotted = r.knotted || p.odd || p.key.alien || p.elem.alien
	dst := p.newMap(src)
	if p.shared {
		r.known.list[i].dst = dst
	}
	return dst, r.descendMap(dst, src, p)
}

// tags reports whether it matters by which of two types, p or q, a map is copied: they differ in tags.
func (p *plan) tags(q *plan) bool {
	return p.elem.tagged || q.elem.tagged || p.key.tagged || q.key.tagged
}

// mapSize is what the map m counts, strings and boxes aside.
func (p *plan) mapSize(m pointer) int64 {
	return mapBytes + int64(mapLen(m))*int64(p.key.size+p.elem.size)
}

// newMap returns what becomes the copy of src: complete but for what it refers to, or empty if that takes reflection.
func (p *plan) newMap(src pointer) pointer {
	if p.table != nil {
		return p.table.clone(src)
	}
	return reflect.MakeMapWithSize(p.typ, mapLen(src)).UnsafePointer()
}

func (r *runner) descendMap(dst, src pointer, p *plan) bool {
	switch {
	case p.table != nil && len(p.key.mend[r.mode])+len(p.elem.mend[r.mode]) == 0:
		return true
	case r.attempt == patient:
		r.guests.maps = append(r.guests.maps, job{dst, src, p, aMap})
		return true
	case r.depth >= maxDepth, r.open > 0 && len(p.key.mend[copying]) > 0:
		r.queue = append(r.queue, job{dst, src, p, aMap})
		return true
	}
	r.depth++
	ok := r.entries(dst, src, p)
	r.depth--
	return ok
}

// entries makes the entries of the map dst refer to copies.
func (r *runner) entries(dst, src pointer, p *plan) bool {
	if r.steps -= mapLen(src); r.steps < 0 && !r.poll() {
		return false
	}
	if p.table != nil {
		return p.table.mend(r, dst, src, p)
	}
	return r.reflected(dst, src, p)
}

// reflected fills the map dst by reflection. A key is complete before it is stored.
func (r *runner) reflected(dst, src pointer, p *plan) bool {
	if p.key.alien || p.elem.alien {
		return mapLen(src) == 0 || r.giveUp()
	}
	w := p.passage(src, dst)
	for w.it.Next() {
		w.key.from.SetIterKey(&w.it)
		w.elem.from.SetIterValue(&w.it)
		if !w.key.pass(r) || !w.elem.pass(r) {
			return false
		}
		w.to.SetMapIndex(w.key.to, w.elem.to)
	}
	w.leave()
	return mapLen(dst) == mapLen(src) || r.giveUp() // two keys have become one
}

// A passage is what the entries of a map pass through when they are copied. It is made once for many maps of a type: most
// maps are small. A map in an entry that is of the same type has a passage of its own.
type passage struct {
	plan     *plan
	src, dst pointer // the maps
	from, to reflect.Value
	it       reflect.MapIter
	key      door
	elem     door
}

// A door is two variables through which the keys, or the values, of a map pass.
type door struct {
	plan     *plan
	from, to reflect.Value
	src, dst pointer
}

func newDoor(p *plan) door {
	from, to := reflect.New(p.typ), reflect.New(p.typ)
	return door{p, from.Elem(), to.Elem(), from.UnsafePointer(), to.UnsafePointer()}
}

// passage returns one from the map src to dst, of plan p.
func (p *plan) passage(src, dst pointer) *passage {
	w, ok := p.passages.Get().(*passage)
	if !ok {
		w = &passage{plan: p, key: newDoor(p.key), elem: newDoor(p.elem)}
		w.from, w.to = at(p.typ, addrOf(&w.src)), at(p.typ, addrOf(&w.dst))
	}
	w.src, w.dst = src, dst
	w.it.Reset(w.from)
	return w
}

// leave lets go of the maps and of the last entry. A passage that a DeepCopy method has seen is not used again: the method
// may have kept a pointer to it.
func (w *passage) leave() {
	if w.key.plan.tagged || w.elem.plan.tagged {
		return
	}
	w.src, w.dst = nil, nil
	w.it.Reset(reflect.Value{})
	for _, v := range [...]reflect.Value{w.key.from, w.key.to, w.elem.from, w.elem.to} {
		v.SetZero()
	}
	w.plan.passages.Put(w)
}

// pass makes x.to a copy of x.from.
func (x *door) pass(r *runner) bool {
	if !x.plan.whole {
		x.to.SetZero()
	}
	x.plan.move(x.dst, x.src)
	was := r.passing
	r.passing = true
	ok := r.mend(x.dst, x.src, x.plan.mend[r.mode])
	r.passing = was
	return ok
}

// mapAt is the map m as a value of type t.
func mapAt(t reflect.Type, m pointer) reflect.Value {
	p := new(pointer)
	*p = m
	return at(t, addrOf(p))
}
