package deep

import (
	"reflect"
)

// A mapping is a map to be copied.
type mapping struct {
	src  reflect.Value
	at   *trail
	copy reflect.Value // the new map
	done bool          // it came from a DeepCopy method
}

func (m *mapping) size() int64 {
	t := m.src.Type()
	return mapBytes + int64(m.src.Len())*int64(t.Key().Size()+t.Elem().Size())
}

// A box is a value in an interface. It never changes, so that boxes contain each other without cycles.
type box struct {
	src    reflect.Value // a variable that holds the value
	at     *trail
	inside []*box        // those that the value itself holds
	copy   reflect.Value // not addressable, so that interfaces made of it share one box
	state  boxState
}

type boxKey struct {
	typ  reflect.Type
	word pointer
}

type boxState uint8

const (
	boxEmpty boxState = iota
	boxOpen           // those inside are being made
	boxMade
)

// build makes the copy of what the survey noted: first empty memory for every block and map, so that everything has
// an address; then the boxes, the inner before the outer; then the content of blocks and maps.
func (c *copier) build() error {
	for i := range c.blocks {
		b := &c.blocks[i]
		if err := c.allocate(b); err != nil {
			return err
		}
	}
	for _, m := range c.maps {
		if err := c.makeMap(m); err != nil {
			return err
		}
	}
	for _, b := range c.boxes {
		if err := c.makeBox(b); err != nil {
			return err
		}
	}
	for i := range c.blocks {
		b := &c.blocks[i]
		if err := c.fillBlock(b); err != nil {
			return err
		}
	}
	for _, m := range c.maps {
		if err := c.fillMap(m); err != nil {
			return err
		}
	}
	return nil
}

// allocate makes the memory of b. If b is one value whose type has a DeepCopy method, that is called now, and a pointer
// that it returns is the memory.
func (c *copier) allocate(b *block) error {
	c.moveTo(b.at)
	if err := c.tick(); err != nil {
		return err
	}
	if b.n != 1 {
		b.copy = reflect.MakeSlice(reflect.SliceOf(b.typ), b.n, b.n).UnsafePointer()
		return nil
	}
	src := at(b.typ, b.addr)
	if ruleOf(b.typ).own == nil || absent(src) {
		b.copy = reflect.New(b.typ).UnsafePointer()
		return nil
	}
	p, err := c.clone(src)
	if err != nil {
		return err
	}
	if b.addr == c.regions[0].addr && p.UnsafePointer() == b.addr && b.size() > 0 {
		return c.cannot(b.typ, "has a DeepCopy method that returned its receiver; make it return a copy", nil)
	}
	b.copy, b.filled = p.UnsafePointer(), true
	return nil
}

func (c *copier) makeMap(m *mapping) error {
	c.moveTo(m.at)
	t := m.src.Type()
	if ruleOf(t).own == nil {
		m.copy = reflect.MakeMapWithSize(t, m.src.Len())
		return c.tick()
	}
	src := reflect.New(t).Elem()
	src.Set(m.src)
	p, err := c.clone(src)
	if err == nil {
		m.copy, m.done = p.Elem(), true
	}
	return err
}

// makeBox makes b, and before it those inside, with a stack of its own.
func (c *copier) makeBox(b *box) error {
	stack := []*box{b}
	for len(stack) > 0 {
		b := stack[len(stack)-1]
		if b.state == boxEmpty {
			b.state = boxOpen
			for _, in := range b.inside {
				if in.state == boxOpen {
					c.moveTo(in.at)
					return c.cannot(in.src.Type(), "holds itself by value (is a sync.Map in it a copy of another?); "+refuseHint, nil)
				}
				if in.state == boxEmpty {
					stack = append(stack, in)
				}
			}
			continue
		}
		stack = stack[:len(stack)-1]
		if b.state == boxOpen {
			if err := c.fillBox(b); err != nil {
				return err
			}
			b.state = boxMade
		}
	}
	return nil
}

func (c *copier) fillBox(b *box) error {
	c.moveTo(b.at)
	dst := reflect.New(b.src.Type()).Elem()
	if err := c.fill(dst, b.src, ruleOf(b.src.Type())); err != nil {
		return err
	}
	b.copy = reflect.ValueOf(dst.Interface())
	return nil
}

func (c *copier) fillBlock(b *block) error {
	if b.filled {
		return nil
	}
	c.moveTo(b.at)
	r, size := ruleOf(b.typ), b.typ.Size()
	if b.n == 1 {
		return c.fill(at(b.typ, b.copy), at(b.typ, b.addr), r)
	}
	if r.plain {
		t := reflect.SliceOf(b.typ)
		reflect.Copy(sliceAt(t, b.copy, b.n), sliceAt(t, b.addr, b.n))
		return c.tick()
	}
	for i := range b.n {
		c.enter(step{index: i})
		off := uintptr(i) * size
		if err := c.fill(at(b.typ, add(b.copy, off)), at(b.typ, add(b.addr, off)), r); err != nil {
			return err
		}
		c.leave()
	}
	return nil
}

// fillMap copies every entry. Both halves are complete before they are stored.
func (c *copier) fillMap(m *mapping) error {
	if m.done {
		return nil
	}
	c.moveTo(m.at)
	t := m.src.Type()
	kr, er := ruleOf(t.Key()), ruleOf(t.Elem())
	key, elem := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
	newKey, newElem := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
	for it := m.src.MapRange(); it.Next(); {
		key.SetIterKey(it)
		elem.SetIterValue(it)
		newKey.SetZero()
		newElem.SetZero()
		c.enter(step{key: it.Key()})
		if err := c.fill(newKey, key, kr); err != nil {
			return err
		}
		if err := c.fill(newElem, elem, er); err != nil {
			return err
		}
		c.leave()
		m.copy.SetMapIndex(newKey, newElem)
	}
	if m.copy.Len() != m.src.Len() {
		return c.cannot(t, "has keys that would be one key in a copy, as they differ in nothing that is copied; tag the map "+tagHint, nil)
	}
	return nil
}

// fill copies src into dst, which is zero. Both are addressable.
func (c *copier) fill(dst, src reflect.Value, r *rule) error {
	if err := c.tick(); err != nil {
		return err
	}
	if r.plain {
		dst.Set(src)
		return nil
	}
	if r.own != nil {
		return c.fillOwn(dst, src)
	}
	switch r.act {
	case actMove, actRefuse: // what is refused was found to be zero
		dst.Set(src)
	case actStruct:
		return c.fillFields(dst, src, r)
	case actArray:
		return c.fillElems(dst, src, r)
	case actPointer:
		return c.fillPointer(dst, src)
	case actSlice:
		return c.fillSlice(dst, src)
	case actMap:
		return c.fillMapRef(dst, src)
	case actInterface:
		return c.fillInterface(dst, src)
	case actAtomic:
		moveAtomic(dst, src)
	case actAtomicPointer:
		return c.fillAtomicPointer(dst, src, r)
	case actAtomicValue:
		return c.fillAtomicValue(dst, src)
	case actSyncMap:
		return c.fillSyncMap(dst, src)
	}
	return nil // actZero
}
