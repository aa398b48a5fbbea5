package deep

import (
	"reflect"
	"slices"
)

// A region is memory that some pointer or slice covers: n values of type typ at addr.
type region struct {
	addr  pointer
	typ   reflect.Type
	n     int
	at    *trail // where the obvious engine found it first
	block *block // what it became part of
}

type regionKey struct {
	addr pointer
	typ  reflect.Type
	n    int
}

func (r *region) start() uintptr { return number(r.addr) }
func (r *region) size() uintptr  { return r.typ.Size() * uintptr(r.n) }
func (r *region) end() uintptr   { return r.start() + r.size() }

// inBlock returns where the copy of the region is.
func (r *region) inBlock() pointer { return add(r.block.copy, r.start()-number(r.block.addr)) }

// A block is what is allocated at once: a region and all that overlaps it, so that a pointer into a struct, or two
// slices of one array, find in the copy the same neighbours as in the original. Regions that merely touch stay apart.
type block struct {
	region
	copy   pointer // to new memory, once there is some
	filled bool    // by a DeepCopy method
}

// A joiner makes blocks of regions.
type joiner struct {
	regions []region
	blocks  []block // never moves: regions point to them
}

// join makes blocks of the regions, in the order of their addresses. It ends with the error of tick, or with a region
// that overlaps other memory in a way that Go's types do not allow for.
func (m *joiner) join(tick func() error) (bad *region, err error) {
	m.blocks = make([]block, 0, len(m.regions))
	var last *block
	for _, e := range m.inOrder() {
		r := &m.regions[e.i]
		if err := tick(); err != nil {
			return nil, err
		}
		switch {
		case r.size() == 0: // it lies in nothing, and nothing in it
			r.block = m.block(r)
			continue
		case last == nil || r.start() >= last.end():
			last = m.block(r)
		case !last.take(r):
			return r, nil
		}
		r.block = last
	}
	return nil, nil
}

func (m *joiner) block(r *region) *block {
	m.blocks = append(m.blocks, block{region: *r})
	return &m.blocks[len(m.blocks)-1]
}

// inOrder sorts the regions by address, and what covers more goes first.
func (m *joiner) inOrder() []extent {
	all, spare := make([]extent, len(m.regions)), []extent(nil)
	for i := range all {
		all[i] = extent{m.regions[i].start(), m.regions[i].end(), i}
	}
	return inOrder(all, &spare)
}

// join makes blocks of the regions that were noted.
func (c *copier) join() error {
	bad, err := c.joiner.join(c.tick)
	if bad != nil {
		c.moveTo(bad.at)
		return c.overlapsOddly(bad.typ)
	}
	return err
}

func (c *copier) overlapsOddly(t reflect.Type) error {
	return c.cannot(t, "overlaps other memory in a way that Go's types do not allow for; tag it "+tagHint, nil)
}

func compare[N ~int | ~uintptr](a, b N) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// take makes r, which starts inside of the block b, a part of it. In memory that Go's type system laid out, r is then
// part of one element of b, or the same memory, or a later stretch of the same array.
func (b *block) take(r *region) bool {
	switch {
	case r.end() < b.end():
		return true
	case r.end() == b.end():
		if r.start() == b.start() && outside(r, &b.region) {
			b.typ, b.n = r.typ, r.n // a struct goes before its only field: the struct has the tags
		}
		return true
	}
	bt, rt := flat(b.typ), flat(r.typ)
	if bt != rt && !bt.ConvertibleTo(rt) || bt.Size() != rt.Size() || (r.start()-b.start())%bt.Size() != 0 {
		return false
	}
	b.typ, b.n = bt, int((r.end()-b.start())/bt.Size())
	return true
}

// flat takes arrays apart: three [4]int are twelve int.
func flat(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Array && ruleOf(t).own == nil {
		t = t.Elem()
	}
	return t
}

// outside reports whether a is a struct or array around b, both covering the same memory: one whose only part, or only
// part with a size, leads to b's type.
func outside(a, b *region) bool {
	t := a.typ
	for a.n == 1 && t != nil {
		switch t.Kind() {
		case reflect.Struct:
			t = widest(t)
		case reflect.Array:
			t = t.Elem() // of one element, or b is a slice of as many
		default:
			return false
		}
		if t == b.typ {
			return true
		}
	}
	return false
}

// widest returns the type of the field that is all of the struct t, if there is one.
func widest(t reflect.Type) reflect.Type {
	for i := range t.NumField() {
		if f := t.Field(i); f.Type.Size() == t.Size() {
			return f.Type
		}
	}
	return nil
}

// spans is a set of whole numbers, kept as sorted spans that do not touch.
type spans struct{ list []span }

// A span is the numbers from from up to, not including, to.
type span struct{ from, to int }

// A backing is an array that slices are made of, named by the end of their capacity.
type backing struct {
	end uintptr // only a name: the regions keep the memory alive
	typ reflect.Type
}

// add puts from up to to into the set, and appends to fresh what of it was new.
func (s *spans) add(from, to int, fresh []span) []span {
	i := s.after(from)
	if i < len(s.list) && s.list[i].from <= from && s.list[i].to >= to {
		return fresh
	}
	j, grown, at := i, span{from, to}, from
	for ; j < len(s.list) && s.list[j].from <= to; j++ {
		x := s.list[j]
		if at < x.from {
			fresh = append(fresh, span{at, x.from})
		}
		at = max(at, x.to)
		grown = span{min(grown.from, x.from), max(grown.to, x.to)}
	}
	if at < to {
		fresh = append(fresh, span{at, to})
	}
	s.list = slices.Replace(s.list, i, j, grown)
	return fresh
}

// after returns the position of the first span that ends at from or after.
func (s *spans) after(from int) int {
	i, j := 0, len(s.list)
	for i < j {
		if middle := (i + j) / 2; s.list[middle].to < from {
			i = middle + 1
		} else {
			j = middle
		}
	}
	return i
}
