package deep

import (
	"cmp"
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/hooktx/hooks/internal/show"
)

// A row is what maps of several lanes hold under one key: variables, or nothing where a lane has no such key.
type row struct {
	key, value group
	face       reflect.Value // the key that paths show
	look       uint64        // of face, if it is told apart by content
	shown      string        // what is shown of it, if that has been asked for
	vague      bool          // the key is or holds a pointer or a NaN
	by         []int         // the versions that have removed it, or added it
}

// first returns the lane of the first map that has the key.
func (x *row) first() int { return slices.IndexFunc(x.key, reflect.Value.IsValid) }

// rows finds out which entries of the maps of those lanes belong together, and sorts them by key. Pointers in keys that
// known knows the targets of belong together if these are one, others if their targets look alike. Keys that one map has
// several of (NaNs, pointers to new objects that look alike) are told apart by their values; if that is not enough, all of
// them belong to as many equal ones, or none does.
func (m *merger) rows(lanes []*lane, maps group, known func(*identity) bool) []*row {
	entries := make([][]namedEntry, len(maps))
	several := map[string]bool{}
	for i, v := range maps {
		if v.IsValid() {
			entries[i] = m.entriesOf(lanes[i], v, known, several)
		}
	}
	t := rowTable{width: len(maps), sets: map[string][][]*row{}}
	for i, list := range entries {
		alike := map[string][]namedEntry{}
		for _, e := range list {
			if several[e.name] {
				value, _ := m.nameOf(lanes[i], e.value, known)
				e.name += value
			}
			alike[e.name] = append(alike[e.name], e)
		}
		for _, list := range alike {
			t.put(i, list)
		}
	}
	return t.sorted()
}

// A namedEntry is a map entry, as variables, with a name for the key.
type namedEntry struct {
	name       string
	vague      bool
	key, value reflect.Value
}

// entriesOf returns the entries of the map v of lane l, and puts names that are there more than once into several.
func (m *merger) entriesOf(l *lane, v reflect.Value, known func(*identity) bool, several map[string]bool) []namedEntry {
	list := make([]namedEntry, 0, v.Len())
	seen := make(map[string]bool, v.Len())
	for it := v.MapRange(); it.Next(); {
		e := namedEntry{key: variable(it.Key()), value: variable(it.Value())}
		e.name, e.vague = m.nameOf(l, e.key, known)
		if seen[e.name] {
			several[e.name] = true
		}
		seen[e.name] = true
		list = append(list, e)
	}
	return list
}

// A rowTable makes rows of entries. Rows of one name that stand together or not at all are a set.
type rowTable struct {
	width int
	list  []*row
	sets  map[string][][]*row
}

// put adds the entries of lane i that have one name.
func (t *rowTable) put(i int, list []namedEntry) {
	name := list[0].name
	for _, set := range t.sets[name] {
		if fill(set, i, list) {
			return
		}
	}
	set := make([]*row, len(list))
	for j, e := range list {
		set[j] = &row{key: make(group, t.width), value: make(group, t.width), vague: e.vague}
		set[j].key[i], set[j].value[i] = e.key, e.value
	}
	t.sets[name] = append(t.sets[name], set)
	t.list = append(t.list, set...)
}

// fill adds the entries of lane i to the rows of set, if they are as many and equal. A single one need not be equal.
func fill(set []*row, i int, list []namedEntry) bool {
	if len(set) != len(list) {
		return false
	}
	left := slices.Clone(list)
	for j, x := range set {
		n, lane := 0, x.first()
		if len(set) > 1 {
			n = slices.IndexFunc(left, func(e namedEntry) bool {
				return equalValues(x.key[lane], e.key) && equalValues(x.value[lane], e.value)
			})
		}
		if n < 0 {
			return false
		}
		list[j] = left[n]
		left[n] = left[len(left)-1]
		left = left[:len(left)-1]
	}
	for j, x := range set {
		x.key[i], x.value[i] = list[j].key, list[j].value
	}
	return true
}

// sorted returns all rows, in an order that depends on nothing but the content of the keys.
func (t *rowTable) sorted() []*row {
	for _, x := range t.list {
		x.showFace()
	}
	slices.SortFunc(t.list, (*row).compare)
	return t.list
}

// showFace chooses the key to be shown, whatever the order of the versions.
func (x *row) showFace() {
	for _, k := range x.key {
		if !k.IsValid() {
			continue
		}
		y := &row{face: k}
		if byContent(k.Type()) {
			y.look = fingerprint(k, fewParts)
		}
		if !x.face.IsValid() || y.compare(x) < 0 {
			x.face, x.look, x.shown = y.face, y.look, y.shown
		}
		if x.key[0].IsValid() {
			return
		}
	}
}

// compare orders rows by what their faces hold. Those that are the same to it are shown in the same way.
func (x *row) compare(y *row) int {
	if !byContent(x.face.Type()) {
		return compareContent(x.face, y.face)
	}
	if n := cmp.Or(compareKeys(x.face, y.face), cmp.Compare(x.look, y.look)); n != 0 {
		return n
	}
	return cmp.Compare(x.text(), y.text())
}

func (x *row) text() string {
	if x.shown == "" {
		x.shown = show.Reflect(x.face)
	}
	return x.shown
}

// A namer gives variables names: the same one if they hold the same, where pointers to one identity are the same, and so
// are pointers to others that look alike.
type namer struct {
	m     *merger
	lane  *lane
	known func(*identity) bool
	out   []byte
	vague bool // there is a pointer or a NaN
	depth int  // of interfaces
}

func (m *merger) nameOf(l *lane, v reflect.Value, known func(*identity) bool) (name string, vague bool) {
	n := namer{m: m, lane: l, known: known}
	n.write(v)
	return string(n.out), n.vague
}

func (n *namer) add(kind byte, bits uint64) {
	n.out = binary.BigEndian.AppendUint64(append(n.out, kind), bits)
}

func (n *namer) write(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		n.integer(v)
	case reflect.Float32, reflect.Float64:
		n.float(v.Float())
	case reflect.Complex64, reflect.Complex128:
		n.float(real(v.Complex()))
		n.float(imag(v.Complex()))
	case reflect.String:
		n.add('s', uint64(v.Len()))
		n.out = append(n.out, v.String()...)
	case reflect.Pointer, reflect.Slice, reflect.Map:
		n.reference(v)
	case reflect.Interface:
		n.dynamic(v)
	case reflect.Array:
		for i := range v.Len() {
			n.write(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			sf := v.Type().Field(i)
			n.write(member(v, &field{typ: sf.Type, offset: sf.Offset}))
		}
	default:
		n.address(v)
	}
}

func (n *namer) integer(v reflect.Value) {
	switch {
	case v.CanInt():
		n.add('i', uint64(v.Int()))
	case v.CanUint():
		n.add('u', v.Uint())
	case v.Bool():
		n.add('b', 1)
	default:
		n.add('b', 0)
	}
}

// float takes 0 and -0 for one key, as maps do.
func (n *namer) float(f float64) {
	if f == 0 {
		f = 0
	}
	n.vague = n.vague || math.IsNaN(f)
	n.add('f', math.Float64bits(f))
}

// address is for what copies share.
func (n *namer) address(v reflect.Value) { n.add('a', uint64(number(v.UnsafePointer()))) }

func (n *namer) reference(v reflect.Value) {
	r, ok := n.lane.find(v)
	switch {
	case !ok:
		n.address(v)
	case r.to == nil:
		n.add('0', 0)
	case n.known(n.m.identity(r.to)):
		n.refer('k', uint64(r.to.id.number), r)
	default:
		n.refer('n', r.to.look(), r)
	}
}

func (n *namer) refer(kind byte, to uint64, r ref) {
	n.vague = true
	n.add(kind, to)
	n.add('+', uint64(r.off))
	n.add('+', uint64(r.size))
}

const maxNested = 100 // interfaces in interfaces that names tell apart

func (n *namer) dynamic(v reflect.Value) {
	e := v.Elem()
	if !e.IsValid() {
		n.add('0', 0)
		return
	}
	n.add('t', uint64(n.m.typeNumber(e.Type())))
	if n.depth++; n.depth < maxNested {
		n.write(variable(e))
	}
	n.depth--
}

// typeNumber returns a number that names t.
func (m *merger) typeNumber(t reflect.Type) int {
	n, ok := m.types[t]
	if !ok {
		n = len(m.types)
		m.types[t] = n
	}
	return n
}

// table merges maps entry by entry. At the end, if there is a change, refill gives the base's its entries.
func (m *merger) table(maps group, w where, refill func(list []*row)) {
	h := &holder{}
	entries := w
	entries.in = h
	list := m.rows(m.lanes, maps, (*identity).old)
	for _, x := range list {
		x.by = x.changers(maps)
	}
	m.checkVague(list, maps, w)
	var kept []*row
	for _, x := range list {
		if m.err != nil {
			return
		}
		if m.row(x, entries.below(step{key: x.face})) {
			kept = append(kept, x)
		}
	}
	m.parts.add(func() { m.store(h, w, func() { refill(kept) }) })
}

// changers returns the versions that have removed the key of x, or added it if the base does not have it.
func (x *row) changers(maps group) (by []int) {
	for i := range maps {
		if maps[i].IsValid() && x.key[i].IsValid() != x.key[0].IsValid() {
			by = append(by, i)
		}
	}
	return by
}

// checkVague looks for vague keys that several versions have removed while some of them added others. It cannot be told
// whether these are new or the same ones, changed. So they must have done the same to the whole map.
func (m *merger) checkVague(list []*row, maps group, w where) {
	var added []int
	for _, x := range list {
		if x.vague && !x.key[0].IsValid() {
			added = union(added, x.by)
		}
	}
	same := func(i, j int) bool {
		return !slices.ContainsFunc(list, func(x *row) bool { return slices.Contains(x.by, i) != slices.Contains(x.by, j) })
	}
	for _, x := range list {
		if x.vague && x.key[0].IsValid() && overlap(x.by, added) && !m.agree(maps, x.by, w, same) {
			return
		}
	}
}

func overlap(a, b []int) bool {
	return slices.ContainsFunc(a, func(n int) bool { return slices.Contains(b, n) })
}

// row merges an entry, and reports whether it is one of the result's. Then its first members are what the result has.
func (m *merger) row(x *row, w where) bool {
	if !x.key[0].IsValid() {
		return m.newRow(x, w)
	}
	if len(x.by) > 0 {
		m.settle(w, x.by)
		w = w.cutAt(x.value, x.by)
	}
	m.visit(x.key, ruleOf(x.key[0].Type()), w)
	m.visit(x.value, ruleOf(x.value[0].Type()), w)
	return len(x.by) == 0
}

// newRow merges an entry that versions have added. It must be the same in all of them.
func (m *merger) newRow(x *row, w where) bool {
	same := func(i, j int) bool {
		return m.equal(i, x.key[i], j, x.key[j]) && m.equal(i, x.value[i], j, x.value[j])
	}
	if !m.agree(x.value, x.by, w, same) || !m.settle(w, x.by) {
		return false
	}
	lead := x.by[0]
	m.use(x.key[lead], m.lanes[lead], x.by)
	m.use(x.value[lead], m.lanes[lead], x.by)
	x.key, x.value = x.key[lead:], x.value[lead:]
	return true
}

// refillMap gives the map v those entries, and no other.
func refillMap(v reflect.Value, list []*row) {
	v.Clear()
	for _, x := range list {
		v.SetMapIndex(x.key[0], x.value[0])
	}
}

// refillSyncMap gives the sync.Map v those entries, and no other.
func refillSyncMap(v reflect.Value, list []*row) {
	m := v.Addr().Interface().(*sync.Map)
	m.Clear()
	for _, x := range list {
		m.Store(x.key[0].Interface(), x.value[0].Interface())
	}
}

// putAtomicContent makes the atomic.Value dst hold what the interface content holds.
func putAtomicContent(dst, content reflect.Value) {
	var v atomic.Value
	if !content.IsNil() {
		v.Store(content.Interface())
	}
	assignValue(dst, reflect.ValueOf(&v).Elem())
}
