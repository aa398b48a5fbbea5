package deep

import "reflect"

// This file merges maps, key by key.

// entries merges maps. It returns the merged one, and who has changed something.
func (g *grafter) entries(base pointer, group []pointer, p *plan) (out pointer, by sides, ok bool) {
	if p.table != nil {
		out, by, ok = p.table.merge(g, base, group, p)
	} else {
		out, by, ok = g.reflected(base, group, p)
	}
	if by != 0 {
		g.note(by, base, group, p, aMap)
	}
	return out, by, ok
}

// An entryGraft is a map entry that is being merged. Its values are in variables of its own.
type entryGraft struct {
	graft
	group   []pointer // the values that versions have under the key, if they are other ones
	removed sides     // these have no such key
	further bool      // some have another value
}

// reset makes x one for the next entry.
func (x *entryGraft) reset() {
	clear(x.group)
	x.by, x.removed, x.further = 0, 0, false
}

// mergeEntry merges an entry that not all versions have as the base has it.
func (g *grafter) mergeEntry(x *entryGraft) bool {
	switch {
	case x.further && !g.merge(&x.graft, x.group):
		return false
	case x.removed.several() || x.removed != 0 && x.by != 0:
		return g.giveUp()
	case x.removed != 0:
		return g.exchange(x.removed.first(), x.base, nil, x.plan.mend[copying])
	}
	return true
}

// reflected is entries for maps without a table.
func (g *grafter) reflected(base pointer, group []pointer, p *plan) (out pointer, by sides, ok bool) {
	sub, ok := g.enter()
	if !ok {
		return nil, 0, g.giveUp()
	}
	defer g.leave()
	m := newReflectedMaps(base, group, p, sub)
	for it := m.base.MapRange(); it.Next(); {
		m.key.SetIterKey(it)
		m.read(it)
		if m.removed == 0 && !m.further {
			continue
		}
		if !g.tick() || !g.mergeEntry(&m.entryGraft) {
			return nil, 0, false
		}
		m.write()
	}
	for i := range m.versions {
		if !m.add(g, i) {
			return nil, 0, g.giveUp()
		}
	}
	return m.merged(), m.changed, true
}

// reflectedMaps are maps that are being merged by reflection.
type reflectedMaps struct {
	entryGraft
	p        *plan
	base     reflect.Value
	versions []reflect.Value // invalid where there is none
	out      reflect.Value   // invalid as long as nothing has changed
	changed  sides

	key    reflect.Value
	values []reflect.Value  // variables: for the base's value, the merged one, those of the versions
	both   [maxVersions]int // how many keys of the base a version has
}

func newReflectedMaps(base pointer, group []pointer, p *plan, sub []pointer) *reflectedMaps {
	m := &reflectedMaps{p: p, base: mapAt(p.typ, base), versions: make([]reflect.Value, len(group)), key: reflect.New(p.key.typ).Elem()}
	for range len(group) + 2 {
		m.values = append(m.values, reflect.New(p.elem.typ).Elem())
	}
	for i, v := range group {
		if v != nil {
			m.versions[i] = mapAt(p.typ, v)
		}
	}
	m.entryGraft = entryGraft{graft: graft{base: address(m.values[0]), out: address(m.values[1]), plan: p.elem, n: 1}, group: sub}
	return m
}

// read takes the entry that it is at.
func (m *reflectedMaps) read(it *reflect.MapIter) {
	m.reset()
	m.values[0].SetIterValue(it)
	m.values[1].Set(m.values[0])
	for i, v := range m.versions {
		if !v.IsValid() {
			continue
		}
		w := v.MapIndex(m.key)
		if !w.IsValid() {
			m.removed |= side(i)
			continue
		}
		m.both[i]++
		m.values[i+2].Set(w)
		m.group[i], m.further = address(m.values[i+2]), true
	}
}

// write puts the merged entry into the merged map, if there is a change.
func (m *reflectedMaps) write() {
	switch {
	case m.removed != 0:
		m.target().SetMapIndex(m.key, reflect.Value{})
	case m.by != 0:
		m.target().SetMapIndex(m.key, m.values[1])
	}
	m.changed |= m.removed | m.by
}

// target is the merged map, to be written.
func (m *reflectedMaps) target() reflect.Value {
	if !m.out.IsValid() {
		m.out = reflect.MakeMapWithSize(m.p.typ, m.base.Len()+1)
		for it := m.base.MapRange(); it.Next(); {
			m.out.SetMapIndex(it.Key(), it.Value())
		}
	}
	return m.out
}

// add adds the keys that version i alone has. It reports false if another has added one of them.
func (m *reflectedMaps) add(g *grafter, i int) bool {
	v := m.versions[i]
	if !v.IsValid() || v.Len() == m.both[i] {
		return true
	}
	for it := v.MapRange(); it.Next(); {
		if m.key.SetIterKey(it); m.base.MapIndex(m.key).IsValid() {
			continue
		}
		if !g.tick() || m.target().MapIndex(m.key).IsValid() {
			return false
		}
		m.values[1].SetIterValue(it)
		m.out.SetMapIndex(m.key, m.values[1])
		m.changed |= side(i)
		if !g.exchange(i, nil, address(m.values[1]), m.p.elem.mend[copying]) {
			return false
		}
	}
	return true
}

func (m *reflectedMaps) merged() pointer {
	if m.out.IsValid() {
		return m.out.UnsafePointer()
	}
	return m.base.UnsafePointer()
}
