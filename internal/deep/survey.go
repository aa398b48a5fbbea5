package deep

import (
	"reflect"
)

// A task is something noted that the survey has yet to look into: exactly one of its parts is set.
type task struct {
	at    *trail
	addr  pointer // with typ, from and to: elements of that type in memory
	typ   reflect.Type
	from  int
	to    int
	slice bool // they are elements of a slice, and have an index in the path
	m     *mapping
	b     *box
}

// survey notes all memory that is reachable from the root at p, merges and measures it.
func (c *copier) survey(p pointer) error {
	if err := c.notePointee(p, c.rootTyp); err != nil {
		return err
	}
	for c.next < len(c.tasks) {
		t := c.tasks[c.next]
		c.tasks[c.next] = task{}
		if c.next++; c.next > 4096 && 2*c.next > len(c.tasks) {
			c.tasks, c.next = append(c.tasks[:0], c.tasks[c.next:]...), 0
		}
		if err := c.perform(t); err != nil {
			return err
		}
	}
	c.moveTo(nil)
	if err := c.join(); err != nil {
		return err
	}
	size, err := c.measure()
	c.bytes = size
	return err
}

func (c *copier) perform(t task) error {
	c.moveTo(t.at)
	c.owner, c.passing = nil, false
	switch {
	case t.m != nil:
		return c.lookIntoMap(t.m)
	case t.b != nil:
		c.owner = t.b
		return c.look(t.b.src, ruleOf(t.b.src.Type()))
	}
	r := ruleOf(t.typ)
	if !t.slice {
		return c.look(at(t.typ, t.addr), r)
	}
	for i := t.from; i < t.to; i++ {
		c.enter(step{index: i})
		if err := c.look(at(t.typ, add(t.addr, uintptr(i)*t.typ.Size())), r); err != nil {
			return err
		}
		c.leave()
	}
	return nil
}

// look notes what v, an addressable value, refers to. It goes into structs and arrays, and no further.
func (c *copier) look(v reflect.Value, r *rule) error {
	if r.plain {
		return nil
	}
	if err := c.tick(); err != nil {
		return err
	}
	if r.own != nil && r.act != actMap && !c.lenient {
		return nil // its method alone knows what belongs to it
	}
	switch r.act {
	case actStruct:
		return c.lookAtFields(v, r)
	case actArray:
		return c.lookAtElems(v, r)
	case actPointer:
		return c.notePointer(v)
	case actSlice:
		return c.noteSlice(v)
	case actMap:
		return c.noteMap(v)
	case actInterface:
		return c.noteInterface(v)
	case actAtomicPointer:
		return c.look(c.atomics.pointer(v, r, !c.passing), ruleOf(r.target))
	case actAtomicValue:
		return c.look(c.atomics.value(v, !c.passing), ruleOf(anyType))
	case actSyncMap:
		return c.lookIntoSyncMap(v)
	case actRefuse:
		return c.refuse(v, r)
	}
	return nil // moved or zero
}

func (c *copier) refuse(v reflect.Value, r *rule) error {
	if c.lenient || v.IsZero() {
		return nil
	}
	return c.cannot(r.typ, r.reason, nil)
}

func (c *copier) lookAtFields(v reflect.Value, r *rule) error {
	for i := range r.fields {
		f := &r.fields[i]
		if f.mode == modeRefuse && !c.lenient {
			c.enter(step{name: f.name})
			return c.cannot(f.typ, badTag(f.tag), nil)
		}
		if f.mode != modeCopy || f.rule.plain {
			continue
		}
		c.enter(step{name: f.name})
		if err := c.look(member(v, f), f.rule); err != nil {
			return err
		}
		c.leave()
	}
	return nil
}

func badTag(tag string) string {
	return "has the unknown tag `hooks:\"" + tag + "\"`; use \"share\", \"zero\" or \"-\""
}

func (c *copier) lookAtElems(v reflect.Value, r *rule) error {
	for i := range v.Len() {
		c.enter(step{index: i})
		if err := c.look(v.Index(i), r.elem); err != nil {
			return err
		}
		c.leave()
	}
	return nil
}

func (c *copier) notePointer(v reflect.Value) error {
	if v.IsNil() {
		return nil
	}
	return c.notePointee(v.UnsafePointer(), v.Type().Elem())
}

// note makes a region of n values of type t at p, and reports whether it is new.
func (c *copier) note(p pointer, t reflect.Type, n int) (fresh bool, err error) {
	key := regionKey{p, t, n}
	if _, ok := c.find[key]; ok {
		return false, nil
	}
	c.find[key] = len(c.regions)
	c.regions = append(c.regions, region{addr: p, typ: t, n: n, at: c.here()})
	return true, c.charge(int64(t.Size()) * int64(n))
}

// notePointee notes the variable of type t at p, and that the survey is to look into it.
func (c *copier) notePointee(p pointer, t reflect.Type) error {
	fresh, err := c.note(p, t, 1)
	if fresh && err == nil && !ruleOf(t).plain {
		c.tasks = append(c.tasks, task{at: c.here(), addr: p, typ: t, to: 1})
	}
	return err
}

// noteSlice notes what v covers, and that the survey is to look into those elements that no other slice has shown: many
// slices of one array must not cost their product.
func (c *copier) noteSlice(v reflect.Value) error {
	n, t := v.Len(), v.Type().Elem()
	if n == 0 {
		return nil
	}
	p, size := v.UnsafePointer(), t.Size()
	fresh, err := c.note(p, t, n)
	if !fresh || err != nil || ruleOf(t).plain || size == 0 {
		return err
	}
	if !c.shown.elems(number(p), size, n, t, func(from, n int) bool {
		c.tasks = append(c.tasks, task{at: c.here(), addr: p, typ: t, from: from, to: from + n, slice: true})
		return true
	}) {
		return c.overlapsOddly(t)
	}
	return nil
}

func (c *copier) noteMap(v reflect.Value) error {
	if v.IsNil() || c.mapOf[v.UnsafePointer()] != nil {
		return nil
	}
	m := &mapping{src: reflect.ValueOf(v.Interface()), at: c.here()}
	c.mapOf[v.UnsafePointer()] = m
	c.maps = append(c.maps, m)
	r := ruleOf(v.Type())
	if r.own != nil && !c.lenient {
		return nil
	}
	if err := c.charge(m.size()); err != nil {
		return err
	}
	c.tasks = append(c.tasks, task{at: m.at, m: m})
	return nil
}

// lookIntoMap looks at every entry. Keys and values cannot be addressed: they are looked at in a variable of our own,
// of which nothing is kept.
func (c *copier) lookIntoMap(m *mapping) error {
	t := m.src.Type()
	kr, er := ruleOf(t.Key()), ruleOf(t.Elem())
	if kr.plain && er.plain {
		return nil
	}
	c.passing = true
	key, elem := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
	for it := m.src.MapRange(); it.Next(); {
		key.SetIterKey(it)
		c.enter(step{key: it.Key()})
		if err := c.look(key, kr); err != nil {
			return err
		}
		elem.SetIterValue(it)
		if err := c.look(elem, er); err != nil {
			return err
		}
		c.leave()
	}
	return nil
}

// lookIntoSyncMap looks at every entry of the sync.Map v, as it is now.
func (c *copier) lookIntoSyncMap(v reflect.Value) error {
	r := ruleOf(anyType)
	for _, e := range c.atomics.entries(v, !c.passing) {
		c.enter(step{key: reflect.ValueOf(e.key)})
		if err := c.look(reflect.ValueOf(&e.key).Elem(), r); err != nil {
			return err
		}
		if err := c.look(reflect.ValueOf(&e.value).Elem(), r); err != nil {
			return err
		}
		c.leave()
	}
	return nil
}

// noteInterface notes what the interface v holds: what a pointer or map in it refers to, or a box for another value
// that needs copying.
func (c *copier) noteInterface(v reflect.Value) error {
	e := v.Elem()
	if !e.IsValid() {
		return nil
	}
	switch r := dynamicRule(e.Type()); r.act {
	case actPointer:
		return c.notePointer(e)
	case actMap:
		return c.noteMap(e)
	case actRefuse:
		return c.refuse(e, r)
	default:
		if r.plain {
			return nil
		}
	}
	return c.noteBox(e, dataWord(v))
}

// noteBox notes the value e of an interface whose data word is word. Such a value never changes, so that it can be
// copied out and looked at later.
func (c *copier) noteBox(e reflect.Value, word pointer) error {
	key := boxKey{e.Type(), word}
	b := c.boxOf[key]
	if b == nil {
		if err := c.charge(int64(e.Type().Size())); err != nil {
			return err
		}
		b = &box{src: reflect.New(e.Type()).Elem(), at: c.here()}
		b.src.Set(e)
		c.boxOf[key] = b
		c.boxes = append(c.boxes, b)
		c.tasks = append(c.tasks, task{at: b.at, b: b})
	}
	if c.owner != nil {
		c.owner.inside = append(c.owner.inside, b)
	}
	return nil
}
