package deep

import "maps"

// A tableGraft is maps of stand-ins that are being merged.
type tableGraft[K, V comparable] struct {
	entryGraft
	base     map[K]V
	versions []pointer
	out      map[K]V // nil as long as nothing has changed
	changed  sides
	values   []V              // the base's value, the merged one, those of the versions
	both     [maxVersions]int // how many keys of the base a version has
}

// mergeTables is entries for maps with stand-ins.
func mergeTables[K, V comparable](g *grafter, base pointer, group []pointer, p *plan) (out pointer, by sides, ok bool) {
	sub, ok := g.enter()
	if !ok {
		return nil, 0, g.giveUp()
	}
	defer g.leave()
	m := tableGraft[K, V]{base: asMap[K, V](base), versions: group, values: make([]V, len(group)+2)}
	m.entryGraft = entryGraft{graft: graft{base: addrOf(&m.values[0]), out: addrOf(&m.values[1]), plan: p.elem, n: 1}, group: sub}
	for k, v := range m.base {
		if m.read(k, v) {
			if !g.tick() || !g.mergeEntry(&m.entryGraft) {
				return nil, 0, false
			}
			m.write(k)
		}
	}
	for i, v := range group {
		if v != nil && mapLen(v) > m.both[i] && !m.add(g, i) {
			return nil, 0, g.giveUp()
		}
	}
	if m.changed == 0 {
		return base, 0, true
	}
	return fromMap(m.out), m.changed, true
}

// read takes what all have under the key k. It reports false if that is plainly the same.
func (m *tableGraft[K, V]) read(k K, v V) bool {
	m.reset()
	for i, version := range m.versions {
		if version == nil {
			continue
		}
		w, ok := asMap[K, V](version)[k]
		if !ok {
			m.removed |= side(i)
			continue
		}
		if m.both[i]++; v != w {
			m.values[i+2] = w
			m.group[i], m.further = addrOf(&m.values[i+2]), true
		}
	}
	m.values[0], m.values[1] = v, v
	return m.further || m.removed != 0
}

// write puts the merged value under the key k, if there is a change.
func (m *tableGraft[K, V]) write(k K) {
	switch {
	case m.removed != 0:
		delete(m.target(), k)
	case m.by != 0:
		m.target()[k] = m.values[1]
	}
	m.changed |= m.removed | m.by
}

// target is the merged map, to be written.
func (m *tableGraft[K, V]) target() map[K]V {
	if m.out == nil {
		m.out = maps.Clone(m.base)
	}
	return m.out
}

// add adds the keys that version i alone has. It reports false if another has added one of them.
func (m *tableGraft[K, V]) add(g *grafter, i int) bool {
	for k, v := range asMap[K, V](m.versions[i]) {
		if _, ok := m.base[k]; ok {
			continue
		}
		if _, ok := m.target()[k]; ok || !g.tick() {
			return false
		}
		m.out[k], m.values[1] = v, v
		m.changed |= side(i)
		if !g.exchange(i, nil, addrOf(&m.values[1]), m.plan.mend[copying]) {
			return false
		}
	}
	return true
}
