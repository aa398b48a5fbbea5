package deep

import (
	"reflect"
	"slices"
)

// A lane is one of the values that are merged: a private copy, and what there is to know of its memory.
type lane struct {
	index  int // 0 for the base
	root   pointer
	places map[regionKey]ref // what pointers and slices cover
	maps   map[pointer]*object

	objects []*object // all of them
}

// An object is memory that references lead to: variables that lie side by side, or a map.
type object struct {
	lane   *lane
	addr   pointer // of n variables of type typ; nil for a map
	typ    reflect.Type
	n      int
	m      reflect.Value
	single bool // merged as one value
	id     *identity
	looks  uint64
	looked bool
}

// A ref is where a reference leads to.
type ref struct {
	to    *object      // nil if there is nothing: a nil, or a slice without elements
	off   uintptr      // from the beginning of the object
	size  uintptr      // how many bytes of it are covered, 0 for a map
	typ   reflect.Type // of the variables that are covered
	slice bool
	isNil bool
}

// newLane copies the value of type t at src.
func newLane(index int, t reflect.Type, src pointer, o Options) (l *lane, err error) {
	c := newCopier(Options{Stop: o.Stop, Call: o.Call}, t)
	defer c.contain(&err)
	if err := c.survey(src); err != nil {
		return nil, err
	}
	if err := c.build(); err != nil {
		return nil, err
	}
	l = &lane{
		index: index, root: c.regions[0].inBlock(),
		places: make(map[regionKey]ref, len(c.regions)), maps: make(map[pointer]*object, len(c.maps)),
	}
	l.take(c)
	return l, nil
}

// take notes the memory of the copy that c has made.
func (l *lane) take(c *copier) {
	objects := make(map[*block]*object, len(c.blocks))
	for i := range c.blocks {
		b := &c.blocks[i]
		own := b.n == 1 && ruleOf(b.typ).own != nil
		o := &object{lane: l, addr: b.copy, typ: b.typ, n: b.n, single: own || b.typ.Kind() == reflect.Uint8}
		objects[b], l.objects = o, append(l.objects, o)
	}
	for i := range c.regions {
		r := &c.regions[i]
		l.places[regionKey{r.inBlock(), r.typ, r.n}] = ref{to: objects[r.block], off: r.start() - r.block.start(), size: r.size()}
	}
	for _, m := range c.maps {
		o := &object{lane: l, typ: m.copy.Type(), m: m.copy, single: ruleOf(m.copy.Type()).own != nil}
		l.maps[m.copy.UnsafePointer()], l.objects = o, append(l.objects, o)
	}
}

// find returns where v, a pointer, slice or map, leads to; ok is false if that is no memory of the lane.
func (l *lane) find(v reflect.Value) (r ref, ok bool) {
	if v.IsNil() {
		return ref{isNil: true}, true
	}
	switch v.Kind() {
	case reflect.Map:
		r.to = l.maps[v.UnsafePointer()]
		return r, r.to != nil
	case reflect.Slice:
		if v.Len() == 0 {
			return r, true
		}
		r, ok = l.places[regionKey{v.UnsafePointer(), v.Type().Elem(), v.Len()}]
		r.slice = true
	default:
		r, ok = l.places[regionKey{v.UnsafePointer(), v.Type().Elem(), 1}]
	}
	r.typ = v.Type().Elem()
	return r, ok
}

// ref is find for what is known to be memory of the lane.
func (l *lane) ref(v reflect.Value) ref {
	r, ok := l.find(v)
	if !ok {
		panic("deep: a reference leads out of its copy")
	}
	return r
}

// elem returns the variable i of o.
func (o *object) elem(i int) reflect.Value { return at(o.typ, add(o.addr, uintptr(i)*o.typ.Size())) }

// value returns, as a variable, all of o.
func (o *object) value() reflect.Value {
	switch {
	case o.addr == nil:
		return variable(o.m)
	case o.n != 1 || o.typ.Kind() == reflect.Uint8:
		return sliceAt(reflect.SliceOf(o.typ), o.addr, o.n)
	}
	return o.elem(0)
}

// fits reports whether a and b can stand for one object.
func fits(a, b *object) bool { return a.typ == b.typ && a.n == b.n }

// looksAlike reports whether a and b look alike at first sight: in what they hold themselves. It is true for objects that
// were not changed, and for some that were.
func looksAlike(a, b *object) bool { return a.look() == b.look() }

// nothingBehind is a depth at which hash.value does not look behind references.
const nothingBehind = 6

// look returns a number that objects that look alike have in common.
func (o *object) look() uint64 {
	if !o.looked {
		o.looks, o.looked = o.takeALook(), true
	}
	return o.looks
}

func (o *object) takeALook() uint64 {
	all := newHash()
	if o.addr != nil {
		for i := 0; i < o.n && all.left > 0; i++ {
			all.glance(o.elem(i))
		}
		return all.sum
	}
	entries := make([]uint64, 0, o.m.Len())
	for it := o.m.MapRange(); it.Next(); {
		h := newHash()
		h.glance(it.Key())
		h.glance(it.Value())
		entries = append(entries, h.sum)
	}
	slices.Sort(entries)
	for _, sum := range entries {
		all.add(sum)
	}
	return all.sum
}

// glance adds what v, or the value in the interface v, holds itself.
func (h *hash) glance(v reflect.Value) {
	r := ruleOf(v.Type())
	if r.act == actInterface && !v.IsNil() {
		v = v.Elem()
		r = dynamicRule(v.Type())
		h.text(v.Type().String())
	}
	if r.act != actMap { // its length is behind a reference
		h.value(variable(v), r, nothingBehind)
	}
}

// telling reports whether o holds a number or a text, not zero, by which it can be recognised.
func (o *object) telling() bool {
	if o.addr == nil {
		for it := o.m.MapRange(); it.Next(); {
			if telling(variable(it.Value()), ruleOf(o.typ.Elem())) {
				return true
			}
		}
		return false
	}
	r := ruleOf(o.typ)
	for i := range o.n {
		if telling(o.elem(i), r) {
			return true
		}
	}
	return false
}

func telling(v reflect.Value, r *rule) bool {
	switch r.act {
	case actMove:
		return !r.shared && !v.IsZero()
	case actStruct:
		return slices.ContainsFunc(r.fields, func(f field) bool {
			return f.mode == modeCopy && telling(member(v, &f), f.rule)
		})
	case actArray:
		for i := range v.Len() {
			if telling(v.Index(i), r.elem) {
				return true
			}
		}
	case actInterface:
		e := v.Elem()
		return e.IsValid() && dynamicRule(e.Type()).plain && telling(variable(e), dynamicRule(e.Type()))
	}
	return false
}

func newHash() hash { return hash{sum: 14695981039346656037, left: 64} }

// An identity is an object of the merged value: what corresponds in each lane.
type identity struct {
	members []*object   // by lane; nil where there is none
	home    *object     // the memory that stands for all of them, once it is known
	cut     *cut        // how it can be reached, see there
	moved   []int       // the versions in which another object may have taken its place
	touched []int       // the versions that changed it, or refer to it anew
	leads   []*identity // where the references in the base's member lead to
	seen    spans       // which elements of the base's member have been met
	parts   map[part]struct{}
	number  int // names it in keys; 0 if its members are told by their looks
	met     bool
	linked  bool
}

// A part is variables inside an element of an object.
type part struct {
	off, size uintptr
	typ       reflect.Type
}

// identity returns the identity of o.
func (m *merger) identity(o *object) *identity {
	if o.id == nil {
		o.id = &identity{members: make([]*object, len(m.lanes))}
		o.id.members[o.lane.index] = o
	}
	return o.id
}

// old reports whether id is of an object that the base has.
func (id *identity) old() bool { return id.members[0] != nil }

// residence returns the memory that stands for id.
func (id *identity) residence() *object {
	if id.home == nil {
		for _, o := range id.members {
			if o != nil {
				id.home = o
				break
			}
		}
	}
	return id.home
}

// join makes a and b one identity. They must not have members in one lane.
func (m *merger) join(a, b *identity) bool {
	for i := range a.members {
		if a.members[i] != nil && b.members[i] != nil {
			return false
		}
	}
	for i, o := range b.members {
		if o != nil {
			a.members[i], o.id = o, a
		}
	}
	return true
}

// enlist gives id a number: from now on it is known, and keys that hold pointers to it are told apart by that.
func (m *merger) enlist(id *identity) {
	if id.number == 0 {
		m.ids++
		id.number = m.ids
	}
}

// meet reports whether references of two lanes lead to one place.
func (m *merger) meet(a, b ref) bool {
	if a.to == nil || b.to == nil {
		return a.to == b.to && a.isNil == b.isNil
	}
	return a.off == b.off && a.size == b.size && m.identity(a.to) == m.identity(b.to)
}
