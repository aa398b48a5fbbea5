package deep

import "reflect"

// Size returns how many bytes a copy of *src holds, without making it. What counts:
//
//   - variables and arrays that the root, pointers and slices reach: their size, once however many reach them. A slice
//     counts up to its length;
//   - a map: 48 bytes, and the size of its key and element types for every entry; a sync.Map the same way;
//   - a value in an interface: its size; once for what copies need memory for, at each place that holds it for
//     what they can share (a number, a string, a plain struct);
//   - string data: its length, at each place that holds the string. Copies share it, but a limit on the size of a value
//     should see it;
//   - nothing for what a copy shares (functions, errors, fields tagged share), leaves out (fields tagged zero) or
//     ignores (fields tagged -).
//
// DeepCopy methods are not called: their types count like any other. (A copy counts what the methods return.) Nothing
// is refused: what cannot be copied counts as shared. The error is a *TooLargeError or that of o.Stop.
func Size[T any](src *T, o Options) (n int64, err error) {
	if src == nil {
		return 0, nil
	}
	return sizeOf(addrOf(src), reflect.TypeFor[T](), o)
}

// sizeOf is Size of the value of type t at src.
func sizeOf(src pointer, t reflect.Type, o Options) (int64, error) {
	if usePlans {
		if n, done, err := sizeByPlan(src, weighSet.find(t), o); done {
			return n, err
		}
	}
	return obviousSize(src, t, o)
}

// obviousSize is Size by the obvious engine.
func obviousSize(src pointer, t reflect.Type, o Options) (n int64, err error) {
	c := newCopier(o, t)
	c.lenient = true
	defer c.contain(&err)
	if err := c.survey(src); err != nil {
		return 0, err
	}
	return c.bytes, nil
}

const mapBytes, syncEntryBytes = 48, 32

// charge counts n bytes that were just noted, and ends the survey if the limit is passed. Regions that overlap are
// counted twice at first; so if the sum is too high, they are merged, counted exactly, and the check is put off
// until the sum has grown by what is left.
func (c *copier) charge(n int64) error {
	c.raw += n
	if c.opts.Limit <= 0 || c.raw <= c.recount {
		return nil
	}
	exact := c.union()
	for _, m := range c.maps {
		exact += m.size()
	}
	for _, b := range c.boxes {
		exact += int64(b.src.Type().Size())
	}
	if err := c.checkLimit(exact); err != nil {
		return err
	}
	c.recount = c.raw + max(c.opts.Limit-exact, c.opts.Limit/8)
	return nil
}

func (c *copier) checkLimit(n int64) error {
	if c.opts.Limit > 0 && n > c.opts.Limit {
		return &TooLargeError{Size: n, Limit: c.opts.Limit}
	}
	return nil
}

// union is the number of bytes in all regions, those in several counted once.
func (c *copier) union() (n int64) {
	var end uintptr
	for _, e := range c.inOrder() {
		r := &c.regions[e.i]
		if r.end() > end {
			n += int64(r.end() - max(r.start(), end))
			end = r.end()
		}
	}
	return n
}

// measure adds up all blocks, maps and boxes, each with the strings and plain values that it holds.
func (c *copier) measure() (total int64, err error) {
	for i := range c.blocks {
		b := &c.blocks[i]
		total += int64(b.size())
		if total, err = c.measureBlock(b, total); err != nil {
			return total, err
		}
	}
	for _, m := range c.maps {
		if r := ruleOf(m.src.Type()); r.own == nil || c.lenient {
			total += m.size()
			if total, err = c.measureMap(m, total); err != nil {
				return total, err
			}
		}
	}
	for _, b := range c.boxes {
		r := ruleOf(b.src.Type())
		total += int64(r.typ.Size()) + c.weigh(b.src, r)
		if err := c.checkLimit(total); err != nil {
			return total, err
		}
	}
	return total, c.checkLimit(total)
}

func (c *copier) measureBlock(b *block, total int64) (int64, error) {
	if err := c.checkLimit(total); err != nil {
		return total, err
	}
	r := ruleOf(b.typ)
	if r.bare || r.own != nil && !c.lenient {
		return total, nil
	}
	for i := range b.n {
		if err := c.tick(); err != nil {
			return total, err
		}
		total += c.weigh(at(b.typ, add(b.addr, uintptr(i)*b.typ.Size())), r)
		if err := c.checkLimit(total); err != nil {
			return total, err
		}
	}
	return total, nil
}

func (c *copier) measureMap(m *mapping, total int64) (int64, error) {
	t := m.src.Type()
	kr, er := ruleOf(t.Key()), ruleOf(t.Elem())
	if kr.bare && er.bare {
		return total, c.checkLimit(total)
	}
	key, elem := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
	for it := m.src.MapRange(); it.Next(); {
		if err := c.tick(); err != nil {
			return total, err
		}
		key.SetIterKey(it)
		elem.SetIterValue(it)
		total += c.weigh(key, kr) + c.weigh(elem, er)
		if err := c.checkLimit(total); err != nil {
			return total, err
		}
	}
	return total, nil
}

// weigh counts what v, an addressable value, holds beyond its own bytes without referring to noted memory.
func (c *copier) weigh(v reflect.Value, r *rule) (n int64) {
	if r.bare || r.own != nil && !c.lenient {
		return 0
	}
	switch r.act {
	case actMove:
		if v.Kind() == reflect.String {
			n = int64(v.Len())
		}
	case actStruct:
		for i := range r.fields {
			if f := &r.fields[i]; f.mode == modeCopy && !f.rule.bare {
				n += c.weigh(member(v, f), f.rule)
			}
		}
	case actArray:
		for i := range v.Len() {
			n += c.weigh(v.Index(i), r.elem)
		}
	case actInterface:
		n = c.weighInterface(v)
	case actAtomicValue:
		n = c.weighInterface(c.atomics.value(v, false))
	case actSyncMap:
		n = mapBytes
		for _, e := range c.atomics.entries(v, false) {
			n += syncEntryBytes + c.weighInterface(reflect.ValueOf(&e.key).Elem()) +
				c.weighInterface(reflect.ValueOf(&e.value).Elem())
		}
	}
	return n
}

// weighInterface counts a plain value in an interface. Others are boxes, and counted as such.
func (c *copier) weighInterface(v reflect.Value) int64 {
	e := v.Elem()
	if !e.IsValid() {
		return 0
	}
	r := dynamicRule(e.Type())
	switch {
	case !r.plain || r.shared:
		return 0
	case r.bare:
		return int64(e.Type().Size())
	case e.Kind() == reflect.String:
		return int64(e.Type().Size()) + int64(e.Len())
	}
	plain := reflect.New(e.Type()).Elem()
	plain.Set(e)
	return int64(e.Type().Size()) + c.weigh(plain, r)
}
