package deep

import (
	"reflect"
	"sync"
	"sync/atomic"
)

// This file writes references. Each kind asks where the copy of what it refers to is, and never goes there.

// place returns where the copy of n values of type t at p is. It is not there if p was not noted by the survey.
func (c *copier) place(p pointer, t reflect.Type, n int) (pointer, bool) {
	i, ok := c.find[regionKey{p, t, n}]
	if !ok {
		return nil, false
	}
	r, root := &c.regions[i], &c.regions[0]
	if r.size() == 0 || r.start() >= root.end() || r.end() <= root.start() {
		return r.inBlock(), true
	}
	c.rootRefs = true
	if c.home != nil && r.start() >= root.start() && r.end() <= root.end() {
		return add(c.home, r.start()-root.start()), true
	}
	return r.inBlock(), true
}

func (c *copier) fillFields(dst, src reflect.Value, r *rule) error {
	for i := range r.fields {
		f := &r.fields[i]
		switch f.mode {
		case modeShare, modeIgnore:
			member(dst, f).Set(member(src, f))
		case modeCopy:
			c.enter(step{name: f.name})
			if err := c.fill(member(dst, f), member(src, f), f.rule); err != nil {
				return err
			}
			c.leave()
		}
	}
	return nil
}

func (c *copier) fillElems(dst, src reflect.Value, r *rule) error {
	for i := range src.Len() {
		c.enter(step{index: i})
		if err := c.fill(dst.Index(i), src.Index(i), r.elem); err != nil {
			return err
		}
		c.leave()
	}
	return nil
}

// fillOwn puts the result of a DeepCopy method into dst. A map, or a slice of one length, is cloned once for all who
// hold it.
func (c *copier) fillOwn(dst, src reflect.Value) error {
	switch {
	case absent(src):
		dst.Set(src)
		return nil
	case src.Kind() == reflect.Map:
		return c.fillMapRef(dst, src)
	case src.Kind() == reflect.Slice:
		return c.fillOwnSlice(dst, src)
	}
	p, err := c.clone(src)
	if err == nil {
		dst.Set(p.Elem())
	}
	return err
}

func (c *copier) fillOwnSlice(dst, src reflect.Value) error {
	key := regionKey{src.UnsafePointer(), src.Type(), src.Len()}
	p, ok := c.clones[key]
	if !ok {
		var err error
		if p, err = c.clone(src); err != nil {
			return err
		}
		c.clones[key] = p
	}
	dst.Set(p.Elem())
	return nil
}

func (c *copier) fillPointer(dst, src reflect.Value) error {
	p, err := c.pointerTo(src)
	if err == nil {
		dst.Set(p)
	}
	return err
}

// pointerTo returns the pointer of the copy that corresponds to v.
func (c *copier) pointerTo(v reflect.Value) (reflect.Value, error) {
	if v.IsNil() {
		return v, nil
	}
	p, ok := c.place(v.UnsafePointer(), v.Type().Elem(), 1)
	if !ok {
		return v, c.changed(v.Type())
	}
	return reflect.NewAt(v.Type().Elem(), p).Convert(v.Type()), nil
}

// fillSlice makes a slice whose capacity is its length: what lies behind is not part of the value, and appending to
// one copy must never show in another.
func (c *copier) fillSlice(dst, src reflect.Value) error {
	if src.IsNil() {
		return nil
	}
	t, n := src.Type(), src.Len()
	if n == 0 {
		dst.Set(reflect.MakeSlice(t, 0, 0))
		return nil
	}
	p, ok := c.place(src.UnsafePointer(), t.Elem(), n)
	if !ok {
		return c.changed(t)
	}
	dst.Set(sliceAt(t, p, n))
	return nil
}

func (c *copier) fillMapRef(dst, src reflect.Value) error {
	m, err := c.mapFor(src)
	if err == nil {
		dst.Set(m)
	}
	return err
}

// mapFor returns the map of the copy that corresponds to v.
func (c *copier) mapFor(v reflect.Value) (reflect.Value, error) {
	if v.IsNil() {
		return v, nil
	}
	m := c.mapOf[v.UnsafePointer()]
	if m == nil {
		return v, c.changed(v.Type())
	}
	return m.copy.Convert(v.Type()), nil
}

func (c *copier) fillInterface(dst, src reflect.Value) error {
	e, err := c.dynamic(src)
	if err == nil && e.IsValid() {
		dst.Set(e)
	}
	return err
}

// dynamic returns the copy of what the addressable interface v holds, the invalid value if that is nothing.
func (c *copier) dynamic(v reflect.Value) (reflect.Value, error) {
	e := v.Elem()
	if !e.IsValid() {
		return e, nil
	}
	r := dynamicRule(e.Type())
	switch {
	case r.plain || r.act == actRefuse:
		return e, nil
	case r.act == actPointer:
		return c.pointerTo(e)
	case r.act == actMap:
		return c.mapFor(e)
	}
	b := c.boxOf[boxKey{e.Type(), dataWord(v)}]
	if b == nil || b.state != boxMade {
		return e, c.changed(e.Type())
	}
	return b.copy, nil
}

func (c *copier) fillAtomicPointer(dst, src reflect.Value, r *rule) error {
	v := c.atomics.pointer(src, r, false)
	if t := ruleOf(r.target); t.act == actPointer {
		var err error
		if v, err = c.pointerTo(v); err != nil {
			return err
		}
	}
	storePointer(address(dst), r.word, v.UnsafePointer())
	return nil
}

func (c *copier) fillAtomicValue(dst, src reflect.Value) error {
	e, err := c.dynamic(c.atomics.value(src, false))
	if err == nil && e.IsValid() {
		dst.Addr().Interface().(*atomic.Value).Store(e.Interface())
	}
	return err
}

func (c *copier) fillSyncMap(dst, src reflect.Value) error {
	m := dst.Addr().Interface().(*sync.Map)
	for _, e := range c.atomics.entries(src, false) {
		var k, v any
		if err := c.fillInterface(reflect.ValueOf(&k).Elem(), reflect.ValueOf(&e.key).Elem()); err != nil {
			return err
		}
		if err := c.fillInterface(reflect.ValueOf(&v).Elem(), reflect.ValueOf(&e.value).Elem()); err != nil {
			return err
		}
		m.Store(k, v)
	}
	return nil
}
