package deep

import "reflect"

// This file merges maps, key by key.

// entries merges maps. It returns the merged one, and who has changed something. If vague is true, that may be said of the
// version that the merged value is made of without a look at all of its entries.
func (g *grafter) entries(base, stand pointer, group []pointer, p *plan, vague bool) (out pointer, by sides, ok bool) {
	if g.stand >= 0 && (p.elem.tagged || p.key.tagged) {
		return nil, 0, g.giveUp() // see merge
	}
	g.aloof = vague && g.stand >= 0 && group[g.stand] != nil && mapLen(base) >= manyEntries && p.bare()
	if p.table != nil {
		out, by, ok = p.table.merge(g, base, stand, group, p)
	} else {
		out, by, ok = g.reflected(base, stand, group, p)
	}
	if by != 0 {
		g.note(by, base, group, p, aMap)
	}
	return out, by, ok
}

// manyEntries is how many a map has of which not all need be looked at in all versions. What is vaguely changed is
// looked at once more in the end, and compared with its likes: there must not be too many. (Tests change it.)
var manyEntries = 256

// bare reports whether nothing has to be copied behind a map's entries.
func (p *plan) bare() bool { return len(p.key.mend[copying])+len(p.elem.mend[copying]) == 0 }

// An entryGraft is a map entry that is being merged. Its values are in variables of its own.
type entryGraft struct {
	graft
	group   []pointer // the values that versions have under the key, if they are other ones
	removed sides     // these have no such key
	further bool      // some have another value
	aloof   int       // the version of which entries are looked at only where others have changed something; -1: none
	changed sides     // versions that have changed something in the map
}

// setUp makes x one whose values are at these places: the base's, and the merged one.
func (x *entryGraft) setUp(g *grafter, base, merged pointer, group []pointer, e *plan) {
	x.graft, x.group, x.aloof = graft{base: base, stand: base, out: merged, plan: e, n: 1}, group, -1
	if g.aloof {
		x.aloof, x.changed = g.stand, side(g.stand)
	}
	if g.stand >= 0 {
		x.stand = merged
	}
}

// theirs reports whether there is something to write: not by who has it already.
func (g *grafter) theirs(by sides) bool {
	if g.stand >= 0 {
		by &^= side(g.stand)
	}
	return by != 0
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
func (g *grafter) reflected(base, stand pointer, group []pointer, p *plan) (out pointer, by sides, ok bool) {
	sub, ok := g.enter()
	if !ok {
		return nil, 0, g.giveUp()
	}
	defer g.leave()
	m := newReflectedMaps(g, base, stand, group, p, sub)
	for it := m.base.MapRange(); it.Next(); {
		m.key.SetIterKey(it)
		m.read(g, it)
		if m.removed == 0 && !m.further {
			continue
		}
		if !g.tick() || !g.mergeEntry(&m.entryGraft) {
			return nil, 0, false
		}
		if m.aloof >= 0 && m.by|m.removed != 0 { // once more, with that version
			m.readIn(g, m.aloof)
			if !g.mergeEntry(&m.entryGraft) {
				return nil, 0, false
			}
		}
		m.write(g)
	}
	for i := range m.versions {
		if i != m.aloof && !m.add(g, i) {
			return nil, 0, g.giveUp()
		}
	}
	return m.result(g), m.changed, true
}

// reflectedMaps are maps that are being merged by reflection.
type reflectedMaps struct {
	entryGraft
	p        *plan
	base     reflect.Value
	versions []reflect.Value // invalid where there is none
	stand    reflect.Value   // what the merged one is made of
	puts     []mapPut        // what is to be put into it
	added    reflect.Value   // the keys that versions have added, if it is valid

	key    reflect.Value
	values []reflect.Value  // variables: for the base's value, the merged one, those of the versions
	both   [maxVersions]int // how many keys of the base a version has
}

// A mapPut is an entry to be put into a map; an invalid value removes the key.
type mapPut struct{ key, value reflect.Value }

func newReflectedMaps(g *grafter, base, stand pointer, group []pointer, p *plan, sub []pointer) *reflectedMaps {
	m := &reflectedMaps{p: p, base: mapAt(p.typ, base), stand: mapAt(p.typ, stand), versions: make([]reflect.Value, len(group)), key: reflect.New(p.key.typ).Elem()}
	for range len(group) + 2 {
		m.values = append(m.values, reflect.New(p.elem.typ).Elem())
	}
	for i, v := range group {
		if v != nil {
			m.versions[i] = mapAt(p.typ, v)
		}
	}
	m.setUp(g, address(m.values[0]), address(m.values[1]), sub, p.elem)
	return m
}

// read takes the entry that it is at.
func (m *reflectedMaps) read(g *grafter, it *reflect.MapIter) {
	m.reset()
	m.values[0].SetIterValue(it)
	m.values[1].Set(m.values[0])
	for i, v := range m.versions {
		if v.IsValid() && i != m.aloof {
			m.readIn(g, i)
		}
	}
}

// readIn takes what version i has under the key.
func (m *reflectedMaps) readIn(g *grafter, i int) {
	w := m.versions[i].MapIndex(m.key)
	if !w.IsValid() {
		m.removed |= side(i)
		return
	}
	m.both[i]++
	m.values[i+2].Set(w)
	m.group[i], m.further = address(m.values[i+2]), true
	if i == g.stand {
		m.values[1].Set(w)
	}
}

// write notes the merged entry, if it is to be written.
func (m *reflectedMaps) write(g *grafter) {
	switch {
	case g.theirs(m.removed):
		m.put(reflect.Value{})
	case m.removed == 0 && g.theirs(m.by):
		m.put(m.values[1])
	}
	m.changed |= m.removed | m.by
}

// put notes an entry. Both its parts are variables that will have other values soon.
func (m *reflectedMaps) put(value reflect.Value) {
	p := mapPut{key: variableWith(m.key)}
	if value.IsValid() {
		p.value = variableWith(value)
	}
	m.puts = append(m.puts, p)
}

// variableWith returns a variable with the value of v.
func variableWith(v reflect.Value) reflect.Value {
	fresh := reflect.New(v.Type()).Elem()
	fresh.Set(v)
	return fresh
}

// isNew reports whether nobody has added the key, and notes that somebody has now.
func (m *reflectedMaps) isNew() bool {
	if m.aloof >= 0 && m.versions[m.aloof].MapIndex(m.key).IsValid() {
		return false
	}
	if !m.added.IsValid() {
		m.added = reflect.MakeMap(reflect.MapOf(m.p.key.typ, reflect.TypeFor[bool]()))
	}
	if m.added.MapIndex(m.key).IsValid() {
		return false
	}
	m.added.SetMapIndex(m.key, reflect.ValueOf(true))
	return true
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
		if !g.tick() || !m.isNew() {
			return false
		}
		m.values[1].SetIterValue(it)
		if i != g.stand {
			m.put(m.values[1])
		}
		m.changed |= side(i)
		if !g.exchange(i, nil, address(m.values[1]), m.p.elem.mend[copying]) {
			return false
		}
	}
	return true
}

// result is the merged map.
func (m *reflectedMaps) result(g *grafter) pointer {
	out := m.stand
	switch {
	case len(m.puts) == 0:
	case g.stand >= 0:
		g.later = append(g.later, func() { m.writeTo(out) })
	default:
		out = reflect.MakeMapWithSize(m.p.typ, m.base.Len()+1)
		for it := m.base.MapRange(); it.Next(); {
			out.SetMapIndex(it.Key(), it.Value())
		}
		m.writeTo(out)
	}
	return out.UnsafePointer()
}

func (m *reflectedMaps) writeTo(out reflect.Value) {
	for _, p := range m.puts {
		out.SetMapIndex(p.key, p.value)
	}
}
