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
	from, to := mapAt(p.typ, src), mapAt(p.typ, dst)
	key, elem := newPassage(p.key), newPassage(p.elem)
	for it := from.MapRange(); it.Next(); {
		key.from.SetIterKey(it)
		elem.from.SetIterValue(it)
		if !key.pass(r) || !elem.pass(r) {
			return false
		}
		to.SetMapIndex(key.to, elem.to)
	}
	return mapLen(dst) == mapLen(src) || r.giveUp() // two keys have become one
}

// A passage is two variables through which the keys, or the values, of a map pass when they are copied.
type passage struct {
	plan     *plan
	from, to reflect.Value
	src, dst pointer
}

func newPassage(p *plan) *passage {
	from, to := reflect.New(p.typ), reflect.New(p.typ)
	return &passage{p, from.Elem(), to.Elem(), from.UnsafePointer(), to.UnsafePointer()}
}

// pass makes x.to a copy of x.from.
func (x *passage) pass(r *runner) bool {
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
