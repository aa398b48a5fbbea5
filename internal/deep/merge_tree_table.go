package deep

import "maps"

// A tableGraft is maps of stand-ins that are being merged.
type tableGraft[K, V comparable] struct {
	entryGraft
	base     map[K]V
	versions []pointer
	stand    map[K]V          // what the merged one is made of
	puts     []put[K, V]      // what is to be put into it
	added    map[K]bool       // the keys that versions have added
	values   []V              // the base's value, the merged one, those of the versions
	both     [maxVersions]int // how many keys of the base a version has
}

// A put is an entry to be put into a map, or a key to be removed.
type put[K, V comparable] struct {
	key    K
	value  V
	remove bool
}

// mergeTables is entries for maps with stand-ins.
func mergeTables[K, V comparable](g *grafter, base, stand pointer, group []pointer, p *plan) (out pointer, by sides, ok bool) {
	sub, ok := g.enter()
	if !ok {
		return nil, 0, g.giveUp()
	}
	defer g.leave()
	m := &tableGraft[K, V]{base: asMap[K, V](base), stand: asMap[K, V](stand), versions: group, values: make([]V, len(group)+2)}
	m.setUp(g, addrOf(&m.values[0]), addrOf(&m.values[1]), sub, p.elem)
	copies := p.elem.rule.act == actPointer || p.elem.rule.act == actMap || p.elem.rule.act == actSlice // never the same
	for k, v := range m.base {
		if !copies && m.unchanged(k, v) {
			continue
		}
		if m.read(g, k, v) {
			if !g.tick() || !g.mergeEntry(&m.entryGraft) {
				return nil, 0, false
			}
			m.write(g, k)
		}
	}
	for i, v := range group {
		if v != nil && i != m.aloof && mapLen(v) > m.both[i] && !m.add(g, i) {
			return nil, 0, g.giveUp()
		}
	}
	return fromMap(m.result(g)), m.changed, true
}

// unchanged reports whether all have the value v under the key k. Most entries of most maps are such.
func (m *tableGraft[K, V]) unchanged(k K, v V) bool {
	for i, version := range m.versions {
		if version != nil && i != m.aloof {
			if w, ok := asMap[K, V](version)[k]; !ok || v != w {
				return false
			}
		}
	}
	for i := range m.versions {
		m.both[i]++
	}
	return true
}

// read takes what all have under the key k. It reports false if that is plainly the same.
func (m *tableGraft[K, V]) read(g *grafter, k K, v V) bool {
	m.reset()
	m.values[0], m.values[1] = v, v
	for i, version := range m.versions {
		if version != nil && i != m.aloof {
			m.readIn(g, i, k, v)
		}
	}
	if !m.further && m.removed == 0 {
		return false
	}
	if m.aloof >= 0 {
		m.readIn(g, m.aloof, k, v)
	}
	return true
}

// readIn takes what version i has under the key k, where the base has v.
func (m *tableGraft[K, V]) readIn(g *grafter, i int, k K, v V) {
	w, ok := asMap[K, V](m.versions[i])[k]
	if !ok {
		m.removed |= side(i)
		return
	}
	if m.both[i]++; v != w {
		m.values[i+2] = w
		m.group[i], m.further = addrOf(&m.values[i+2]), true
	}
	if i == g.stand {
		m.values[1] = w
	}
}

// write notes the merged value under the key k, if it is to be written.
func (m *tableGraft[K, V]) write(g *grafter, k K) {
	switch {
	case g.theirs(m.removed):
		m.puts = append(m.puts, put[K, V]{key: k, remove: true})
	case m.removed == 0 && g.theirs(m.by):
		m.puts = append(m.puts, put[K, V]{key: k, value: m.values[1]})
	}
	m.changed |= m.removed | m.by
}

// result is the merged map.
func (m *tableGraft[K, V]) result(g *grafter) map[K]V {
	out := m.stand
	switch {
	case len(m.puts) == 0:
	case g.stand >= 0:
		g.later = append(g.later, func() { m.writeTo(out) })
	default:
		out = maps.Clone(m.stand)
		m.writeTo(out)
	}
	return out
}

func (m *tableGraft[K, V]) writeTo(out map[K]V) {
	for _, p := range m.puts {
		if p.remove {
			delete(out, p.key)
		} else {
			out[p.key] = p.value
		}
	}
}

// add adds the keys that version i alone has. It reports false if another has added one of them.
func (m *tableGraft[K, V]) add(g *grafter, i int) bool {
	for k, v := range asMap[K, V](m.versions[i]) {
		if _, ok := m.base[k]; ok {
			continue
		}
		if m.added[k] || !g.tick() {
			return false
		}
		if m.aloof >= 0 {
			if _, ok := m.stand[k]; ok {
				return false
			}
		}
		if m.added == nil {
			m.added = map[K]bool{}
		}
		m.added[k], m.values[1] = true, v
		if i != g.stand {
			m.puts = append(m.puts, put[K, V]{key: k, value: v})
		}
		m.changed |= side(i)
		if !g.exchange(i, nil, addrOf(&m.values[1]), m.plan.mend[copying]) {
			return false
		}
	}
	return true
}
