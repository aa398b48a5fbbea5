package hooks

// A cellMap has something for each of some cells, in the order in which they came. The zero
// cellMap is empty.
type cellMap[E any] struct {
	list  []cellEntry[E]
	index map[*cell]int // places in list; nil as long as there are few
}

type cellEntry[E any] struct {
	*cell
	it E
}

// fewCells is how many are looked for one by one.
const fewCells = 16

// find returns what there is for a cell, nil if there is nothing; a nil cellMap has nothing. The
// pointer is good until the next add.
func (m *cellMap[E]) find(c *cell) *E {
	if m == nil {
		return nil
	}
	if m.index != nil {
		if i, ok := m.index[c]; ok {
			return &m.list[i].it
		}
		return nil
	}
	for i := range m.list {
		if m.list[i].cell == c {
			return &m.list[i].it
		}
	}
	return nil
}

// add adds something for a cell that has nothing yet.
func (m *cellMap[E]) add(c *cell, it E) {
	m.list = append(m.list, cellEntry[E]{c, it})
	switch n := len(m.list); {
	case m.index != nil:
		m.index[c] = n - 1
	case n > fewCells:
		m.index = make(map[*cell]int, 2*n)
		for i := range m.list {
			m.index[m.list[i].cell] = i
		}
	}
}

// set is add, or replaces what there is.
func (m *cellMap[E]) set(c *cell, it E) {
	if old := m.find(c); old != nil {
		*old = it
		return
	}
	m.add(c, it)
}

// clone returns a copy that can be added to.
func (m *cellMap[E]) clone() *cellMap[E] {
	fresh := new(cellMap[E])
	if m != nil {
		for i := range m.list {
			fresh.add(m.list[i].cell, m.list[i].it)
		}
	}
	return fresh
}
