package deep

import (
	"reflect"
	"slices"
	"strconv"
)

// A group is variables of one type, by lane: what one place holds in the base and in each version. Where a version has
// no such place, or where the base has none, the value is invalid.
type group []reflect.Value

// each returns what f makes of the members.
func (g group) each(f func(v reflect.Value) reflect.Value) group {
	out := make(group, len(g))
	for i, v := range g {
		if v.IsValid() {
			out[i] = f(v)
		}
	}
	return out
}

// changed returns the versions that are not same as the base.
func (g group) changed(same func(i, j int) bool) (by []int) {
	for i := 1; i < len(g); i++ {
		if g[i].IsValid() && !same(0, i) {
			by = append(by, i)
		}
	}
	return by
}

// without returns g without those members.
func (g group) without(by []int) group {
	out := slices.Clone(g)
	for _, i := range by {
		out[i] = reflect.Value{}
	}
	return out
}

// A where is the place of a group.
type where struct {
	at  *trail
	of  *identity // the object that it is a part of
	in  *holder   // the variable that it is a part of, if it is not part of the object's own memory
	cut *cut
}

func (w where) below(s step) where {
	w.at = &trail{w.at, s}
	return w
}

// A cut is a reference, or a map entry, that versions have changed as a whole. Whatever the base has behind it belongs
// to them: others must leave it alone. Further cuts behind it can only be made by some of them, so that the last one on
// a path is the one that counts.
type cut struct {
	at *trail
	g  group
	by []int
}

// A holder is a variable with what an interface or a map holds, and has to be put back there after a change.
type holder struct {
	v      reflect.Value
	id     *identity // a stand-in: it has no members, but is touched and leads to others
	by     []int     // the versions that have changed it
	sealed reflect.Value
}

// seal returns the content of h, after all changes, in a form of which all interfaces share the memory.
func (h *holder) seal() reflect.Value {
	if !h.sealed.IsValid() {
		h.sealed = reflect.ValueOf(h.v.Interface())
	}
	return h.sealed
}

// decide finds out what becomes of every part of the base, and returns the variable that will point to the root.
func (m *merger) decide() reflect.Value {
	roots := make(group, len(m.lanes))
	for i, l := range m.lanes {
		roots[i] = variable(reflect.NewAt(m.clock.rootTyp, l.root))
	}
	top := &identity{}
	m.content(func() { m.reference(roots, where{of: top}) })
	for m.objects.run(m.goOn); len(m.inner) > 0 && m.err == nil; m.objects.run(m.goOn) {
		m.objects.add(m.inner[0])
		m.inner = m.inner[1:]
	}
	m.checkUses()
	m.checkDoubts()
	return roots[0]
}

// content merges the content of one object, as visit does. What interfaces in it hold is a part of it; what references
// lead to has its turn later, in the order in which they were found.
func (m *merger) content(visit func()) {
	visit()
	m.parts.run(m.goOn)
}

// visit merges the variables g.
func (m *merger) visit(g group, r *rule, w where) {
	if m.err != nil || r.plain && g.unchanged() {
		return
	}
	switch {
	case r.own != nil && r.act != actMap:
		m.one(g, w, equalValues)
		return
	case r.leaf && !m.agree(g, g.changed(g.by(equalValues)), w, g.by(equalValues)):
		return
	}
	switch r.act {
	case actMove, actRefuse:
		m.one(g, w, identical)
	case actStruct:
		m.fields(g, r, w)
	case actArray:
		for i := range g[0].Len() {
			m.element(g.each(func(v reflect.Value) reflect.Value { return v.Index(i) }), r.elem, i, w)
		}
	case actPointer, actSlice, actMap:
		m.reference(g, w)
	case actInterface:
		m.dynamic(g, w)
	case actAtomic:
		m.one(g, w, equalAtomics)
	case actAtomicPointer:
		inner := g.each(func(v reflect.Value) reflect.Value { return atomicTarget(v, r) })
		m.through(inner, ruleOf(r.target), w, func(h *holder) { storePointer(address(g[0]), r.word, h.v.UnsafePointer()) })
	case actAtomicValue:
		m.through(g.each(atomicContent), ruleOf(anyType), w, func(h *holder) { putAtomicContent(g[0], h.v) })
	case actSyncMap:
		m.table(g.each(plainMap), w, func(list []*row) { refillSyncMap(g[0], list) })
	}
}

// by returns same for two members of g.
func (g group) by(same sameness) func(i, j int) bool {
	return func(i, j int) bool { return same(g[i], g[j]) }
}

// unchanged reports whether all versions are identical to the base.
func (g group) unchanged() bool { return len(g.changed(g.by(identical))) == 0 }

func (m *merger) fields(g group, r *rule, w where) {
	for i := range r.fields {
		f := &r.fields[i]
		if f.mode != modeCopy && f.mode != modeShare {
			continue
		}
		sub := g.each(func(v reflect.Value) reflect.Value { return member(v, f) })
		if (f.rule.plain || f.mode == modeShare) && sub.unchanged() {
			continue
		}
		below := w.below(step{name: f.name})
		if f.mode == modeShare {
			m.one(sub, below, identical)
		} else {
			m.visit(sub, f.rule, below)
		}
	}
}

// element is visit for one of several elements. It looks first whether there is anything to do: there may be very many.
func (m *merger) element(g group, r *rule, index int, w where) {
	if !r.plain || !g.unchanged() {
		m.visit(g, r, w.below(step{index: index}))
	}
}

// one merges a group of which each is one value.
func (m *merger) one(g group, w where, same sameness) {
	m.take(g, g.changed(g.by(same)), w, g.by(same))
}

// take takes the value that the versions by have given to the variable g, if it is the same for all of them.
func (m *merger) take(g group, by []int, w where, same func(i, j int) bool) {
	if len(by) == 0 || !m.agree(g, by, w, same) || !m.settle(w, by) {
		return
	}
	from := g[by[0]]
	m.edits = append(m.edits, func() { g[0].Set(from) })
}

// agree reports whether the versions by, which have changed g, have changed it in the same way. If not, that is a
// conflict.
func (m *merger) agree(g group, by []int, w where, same func(i, j int) bool) bool {
	for _, i := range by {
		if i != by[0] && !same(by[0], i) {
			m.conflict(w.at, g, by[0], i)
			return false
		}
	}
	return true
}

// settle notes that the versions by have changed what is at w. It reports false, and a conflict, if others have cut that
// off.
func (m *merger) settle(w where, by []int) bool {
	if !m.allowed(w.cut, by) {
		return false
	}
	w.of.touched = union(w.of.touched, by)
	if w.in != nil {
		w.in.by = union(w.in.by, by)
	}
	return true
}

// allowed reports whether the versions by may touch what is behind c. If not, that is a conflict.
func (m *merger) allowed(c *cut, by []int) bool {
	if c == nil {
		return true
	}
	for _, i := range by {
		if !slices.Contains(c.by, i) {
			m.conflict(c.at, c.g, c.by[0], i)
			return false
		}
	}
	return true
}

// cutAt returns w for what the base has behind it: g, which the versions by have changed as a whole.
func (w where) cutAt(g group, by []int) where {
	w.cut = &cut{at: w.at, g: g, by: by}
	return w
}

// union returns the numbers in a or b.
func union(a, b []int) []int {
	for _, n := range b {
		if !slices.Contains(a, n) {
			a = append(a, n)
		}
	}
	return a
}

// reference merges pointers, slices or maps, and goes on with what the base's leads to.
func (m *merger) reference(g group, w where) {
	refs := make([]ref, len(g))
	for i, v := range g {
		if v.IsValid() {
			refs[i] = m.lanes[i].ref(v)
		}
	}
	by := g.changed(func(i, j int) bool { return m.meet(refs[i], refs[j]) })
	next := w
	if len(by) > 0 {
		m.replace(g, by, w)
		m.question(refs, g, by, w)
		next = w.cutAt(g, by)
	}
	if to := refs[0].to; to != nil {
		w.of.leads = append(w.of.leads, m.identity(to))
		next.of, next.in = m.identity(to), nil
		m.parts.add(func() { m.objects.add(func() { m.object(refs[0], next) }) })
	}
}

// replace takes the value of g, which refers to other memory, from the versions by.
func (m *merger) replace(g group, by []int, w where) {
	m.take(g, by, w, func(i, j int) bool { return m.equal(i, g[i], j, g[j]) })
	if m.err == nil {
		m.use(g[by[0]], m.lanes[by[0]], by)
	}
}

// object goes on with the part of an object of the base that r covers, as far as it has not been met before.
func (m *merger) object(r ref, w where) {
	o, id := r.to, w.of
	if !id.met {
		id.met, id.cut = true, w.cut
		m.questionPairs(id, w)
	} else if o.addr == nil || o.single {
		return
	}
	switch {
	case o.single:
		m.whole(id, w)
	case o.addr == nil:
		maps := id.group(func(o *object) reflect.Value { return o.m })
		m.content(func() { m.table(maps, w, func(list []*row) { refillMap(o.m, list) }) })
	default:
		m.content(func() { m.elements(r, w) })
	}
}

// group returns what f makes of the members of id.
func (id *identity) group(f func(o *object) reflect.Value) group {
	g := make(group, len(id.members))
	for i, o := range id.members {
		if o != nil {
			g[i] = f(o)
		}
	}
	return g
}

// whole merges an object that is one value: the memory of a version takes the place of the base's.
func (m *merger) whole(id *identity, w where) {
	g := id.group((*object).value)
	by := g.changed(g.by(equalValues))
	if len(by) > 0 && m.agree(g, by, w, g.by(equalValues)) && m.settle(w, by) {
		id.home = id.members[by[0]]
	}
}

// elements merges those variables of an object that r covers. If they are only a part of one, that is put off: where the
// whole is referred to, there is a better path.
func (m *merger) elements(r ref, w where) {
	from, to := 0, r.to.n
	if size := r.to.typ.Size(); size > 0 {
		from, to = int((r.off+size-1)/size), int((r.off+r.size)/size)
	}
	if from >= to {
		m.inner = append(m.inner, func() { m.content(func() { m.part(r, w) }) })
		return
	}
	rule := ruleOf(r.to.typ)
	for _, s := range w.of.seen.add(from, to, nil) {
		for i := s.from; i < s.to && m.goOn(); i++ {
			g := w.of.group(func(o *object) reflect.Value { return o.elem(i) })
			if r.slice || r.to.n > 1 {
				m.element(g, rule, i-from, w)
			} else {
				m.visit(g, rule, w)
			}
		}
	}
}

// part merges the part of an element that r covers, unless the whole has been met. It may be met yet, by a way through
// the part; then the part is merged again, which does no harm.
func (m *merger) part(r ref, w where) {
	element := int(r.off / r.to.typ.Size())
	if slices.ContainsFunc(w.of.seen.list, func(s span) bool { return s.from <= element && element < s.to }) {
		return
	}
	key := part{r.off, r.size, r.typ}
	if _, ok := w.of.parts[key]; ok || r.size == 0 {
		return
	}
	if w.of.parts == nil {
		w.of.parts = map[part]struct{}{}
	}
	w.of.parts[key] = struct{}{}
	rule := ruleOf(r.typ)
	for off := uintptr(0); off < r.size && m.goOn(); off += r.typ.Size() {
		g := w.of.group(func(o *object) reflect.Value { return at(r.typ, add(o.addr, r.off+off)) })
		if r.slice {
			m.element(g, rule, int(off/r.typ.Size()), w)
		} else {
			m.visit(g, rule, w)
		}
	}
}

// dynamic merges interfaces: as a whole if a version's holds another type or became nil, else through what they hold.
func (m *merger) dynamic(g group, w where) {
	dyn := func(i int) reflect.Type {
		if e := g[i].Elem(); e.IsValid() {
			return e.Type()
		}
		return nil
	}
	if by := g.changed(func(i, j int) bool { return dyn(i) == dyn(j) }); len(by) > 0 {
		m.replace(g, by, w)
		g, w = g.without(by), w.cutAt(g, by)
	}
	t := dyn(0)
	if t == nil {
		return
	}
	r := dynamicRule(t)
	if r.plain || r.act == actRefuse {
		m.one(g, w, identical)
		return
	}
	m.parts.add(func() { m.enter(g, r, w) })
}

// enter merges what the interfaces g hold, with rule r. Values in interfaces do not change, so that the same ones are
// merged once; then all interfaces that held them hold the same one again.
func (m *merger) enter(g group, r *rule, w where) {
	back := func(h *holder) { g[0].Set(h.seal()) }
	name := m.boxesName(g)
	if h := m.boxes[name]; h != nil {
		m.putBack(h, w, back)
		return
	}
	inner := g.each(func(v reflect.Value) reflect.Value { return variable(v.Elem()) })
	m.boxes[name] = m.through(inner, r, w, back)
}

// boxesName names what the interfaces g hold.
func (m *merger) boxesName(g group) string {
	name := make([]byte, 0, 16*len(g))
	for _, v := range g {
		if v.IsValid() {
			name = strconv.AppendInt(name, int64(m.typeNumber(v.Elem().Type())), 36)
			name = append(name, '@')
			name = strconv.AppendUint(name, uint64(number(dataWord(v))), 36)
		}
		name = append(name, ' ')
	}
	return string(name)
}

// through merges g, variables with the content of something that cannot be changed in place. Afterwards, if there is a
// change, back puts the base's member back.
func (m *merger) through(g group, r *rule, w where, back func(h *holder)) *holder {
	h := &holder{v: g[0], id: &identity{}}
	m.visit(g, r, where{at: w.at, of: h.id, in: h, cut: w.cut})
	m.parts.add(func() { m.putBack(h, w, back) })
	return h
}

// putBack has h put back where it came from, if it has changed.
func (m *merger) putBack(h *holder, w where, back func(h *holder)) {
	w.of.leads = append(w.of.leads, h.id)
	m.store(h, w, func() { back(h) })
}

// store has something done if what h stands for has changed.
func (m *merger) store(h *holder, w where, apply func()) {
	if len(h.by) > 0 && m.settle(w, h.by) {
		m.edits = append(m.edits, apply)
	}
}

// checkUses reports a conflict if a version refers anew to something that others have cut off.
func (m *merger) checkUses() {
	for _, u := range m.uses {
		if m.err != nil || !m.allowed(u.id.cut, u.by) {
			return
		}
		u.id.touched = union(u.id.touched, u.by)
	}
}

// A doubt is a place where it is not certain which objects of the base and of versions are the same: a reference that was
// re-linked between objects that do not tell which is which, or an object that another may have taken the place of.
type doubt struct {
	at    *trail
	g     group
	by    []int
	roots []*identity
}

// question notes the doubts that there are about a reference that the versions by have re-linked.
func (m *merger) question(refs []ref, g group, by []int, w where) {
	d := doubt{at: w.at, g: g, by: by}
	for _, i := range by {
		a, b := refs[0], refs[i]
		if a.to == nil || b.to == nil || a.off != b.off || a.size != b.size || !fits(a.to, b.to) {
			continue
		}
		x, y := m.identity(a.to), m.identity(b.to)
		if !looksAlike(a.to, b.to) && x.evident(i) && y.evident(i) {
			continue
		}
		d.roots = append(d.roots, x)
		if y.old() {
			d.roots = append(d.roots, y)
		}
	}
	if len(d.roots) > 0 {
		m.doubts = append(m.doubts, d)
	}
}

// questionPairs notes the doubts that there are about the partners of id. Versions in which these look the same share
// one.
func (m *merger) questionPairs(id *identity, w where) {
	for left := id.moved; len(left) > 0; {
		var by, others []int
		for _, i := range left {
			if looksAlike(id.members[i], id.members[left[0]]) {
				by = append(by, i)
			} else {
				others = append(others, i)
			}
		}
		m.doubts = append(m.doubts, doubt{at: w.at, g: id.group((*object).value), by: by, roots: []*identity{id}})
		left = others
	}
}

// evident reports whether nothing speaks against the pairing of id in lane i.
func (id *identity) evident(i int) bool {
	return id.members[0] == nil || id.members[i] == nil || looksAlike(id.members[0], id.members[i])
}

// checkDoubts reports a conflict if the objects of a doubt lead to one that another version has touched.
func (m *merger) checkDoubts() {
	seen := map[string]map[*identity]bool{}
	for _, d := range m.doubts {
		name := setName(d.by)
		if seen[name] == nil {
			seen[name] = map[*identity]bool{}
		}
		m.spread(d, seen[name])
	}
}

// spread checks all that d's objects lead to, seen aside.
func (m *merger) spread(d doubt, seen map[*identity]bool) {
	c := &cut{at: d.at, g: d.g, by: d.by}
	for todo := d.roots; len(todo) > 0 && m.goOn(); {
		id := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !seen[id] {
			seen[id] = true
			m.allowed(c, id.touched)
			todo = append(todo, id.leads...)
		}
	}
}
