package deep

import (
	"fmt"
	"reflect"
)

// A duo walks values of two lanes side by side, as far as they have the same form. Its functions say what for.
type duo struct {
	agenda
	m     *merger
	a, b  *lane
	part  func(a, b reflect.Value, same sameness) // for what has no parts; nil: of no interest
	ref   func(a, b ref)                          // for pointers, slices and maps
	apart func()                                  // the forms differ: dynamic types, keys
	boxes map[pair]struct{}
}

// A sameness says whether two parts that are one value each are the same.
type sameness func(a, b reflect.Value) bool

// equalValues is Equal for two variables of one type.
func equalValues(a, b reflect.Value) bool {
	var c comparison
	c.run(a, b, nil)
	return !c.differs
}

// equalAtomics compares two atomic numbers.
func equalAtomics(a, b reflect.Value) bool {
	return identical(variable(loadAtomic(a)), variable(loadAtomic(b)))
}

func (d *duo) parts(a, b reflect.Value, same sameness) {
	if d.part != nil {
		d.part(a, b, same)
	}
}

// walk walks the variables a and b of one type. It does not follow references.
func (d *duo) walk(a, b reflect.Value, r *rule) {
	switch {
	case r.plain:
		d.parts(a, b, identical)
		return
	case r.own != nil && r.act != actMap:
		d.parts(a, b, equalValues)
		return
	}
	switch r.act {
	case actMove, actRefuse:
		d.parts(a, b, identical)
	case actStruct:
		d.fields(a, b, r)
	case actArray:
		for i := range a.Len() {
			d.walk(a.Index(i), b.Index(i), r.elem)
		}
	case actPointer, actSlice, actMap:
		d.ref(d.a.ref(a), d.b.ref(b))
	case actInterface:
		d.dynamic(a, b)
	case actAtomic:
		d.parts(a, b, equalAtomics)
	case actAtomicPointer:
		d.walk(atomicTarget(a, r), atomicTarget(b, r), ruleOf(r.target))
	case actAtomicValue:
		d.dynamic(atomicContent(a), atomicContent(b))
	case actSyncMap:
		d.table(plainMap(a), plainMap(b))
	}
}

// atomicContent returns, as a variable, what the atomic.Value v holds.
func atomicContent(v reflect.Value) reflect.Value {
	snap := newSnapshots()
	return snap.value(v, false)
}

func (d *duo) fields(a, b reflect.Value, r *rule) {
	for i := range r.fields {
		switch f := &r.fields[i]; f.mode {
		case modeShare:
			d.parts(member(a, f), member(b, f), identical)
		case modeCopy:
			d.walk(member(a, f), member(b, f), f.rule)
		}
	}
}

// dynamic walks what the interfaces a and b hold.
func (d *duo) dynamic(a, b reflect.Value) {
	ea, eb := a.Elem(), b.Elem()
	if !ea.IsValid() || !eb.IsValid() || ea.Type() != eb.Type() {
		if ea.IsValid() || eb.IsValid() {
			d.apart()
		}
		return
	}
	switch r := dynamicRule(ea.Type()); {
	case r.plain || r.act == actRefuse:
		d.parts(a, b, identical)
	case r.act == actPointer || r.act == actMap:
		d.ref(d.a.ref(ea), d.b.ref(eb))
	default:
		p := pairOf(dataWord(a), dataWord(b), ea.Type())
		if _, ok := d.boxes[p]; !ok {
			d.boxes[p] = struct{}{}
			d.add(func() { d.walk(variable(ea), variable(eb), r) })
		}
	}
}

// table walks two maps, entry by entry.
func (d *duo) table(a, b reflect.Value) {
	kr, er := ruleOf(a.Type().Key()), ruleOf(a.Type().Elem())
	if d.part == nil && kr.plain && er.plain {
		return
	}
	for _, x := range d.m.rows([]*lane{d.a, d.b}, group{a, b}, d.knows) {
		if !x.value[0].IsValid() || !x.value[1].IsValid() {
			d.apart()
			continue
		}
		d.add(func() {
			d.walk(x.key[0], x.key[1], kr)
			d.walk(x.value[0], x.value[1], er)
		})
	}
}

// knows reports whether it is certain what id is in both lanes.
func (d *duo) knows(id *identity) bool {
	return id.number > 0 && id.members[d.a.index] != nil && id.members[d.b.index] != nil
}

// objects walks all that is in two objects that fit.
func (d *duo) objects(a, b *object) {
	if a.single {
		d.parts(a.value(), b.value(), equalValues)
		return
	}
	if a.addr == nil {
		d.table(a.m, b.m)
		return
	}
	r := ruleOf(a.typ)
	if d.part == nil && r.plain {
		return
	}
	for i := 0; i < a.n && d.m.goOn(); i++ {
		d.walk(a.elem(i), b.elem(i), r)
	}
}

// A matcher pairs off the objects of the base and of one version. References that are at one place propose what they lead
// to as a pair. An object has one partner at most. Pairs that look alike go before others: so an object is recognised
// wherever it still is where it was, however many references to it now lead elsewhere.
type matcher struct {
	duo
	alike, unlike []proposal
	late          []proposal // maps, until there is nothing else: by then their keys may be known
}

type proposal struct{ a, b *object }

// count numbers the objects of the base in the order in which paths lead to them.
func (m *merger) count() {
	base := m.lanes[0]
	d := &duo{m: m, a: base, b: base, apart: func() {}, boxes: map[pair]struct{}{}}
	d.ref = func(r, _ ref) {
		if r.to != nil && m.identity(r.to).number == 0 {
			m.enlist(r.to.id)
			m.known = append(m.known, r.to.id)
			d.add(func() { d.objects(r.to, r.to) })
		}
	}
	d.ref(m.rootOf(base), ref{})
	d.run(m.goOn)
}

// match pairs off the objects of the base with those of version.
func (m *merger) match(version *lane) {
	x := &matcher{}
	x.duo = duo{m: m, a: m.lanes[0], b: version, ref: x.propose, apart: func() {}, boxes: map[pair]struct{}{}}
	x.propose(m.rootOf(x.a), m.rootOf(x.b))
	for m.goOn() {
		p, ok := x.next()
		if !ok {
			break
		}
		x.objects(p.a, p.b)
		x.run(m.goOn)
	}
	x.review()
}

// A kindOfLook is what objects have in common that look alike.
type kindOfLook struct {
	typ  reflect.Type
	n    int
	look uint64
}

// looks is a set of them.
type looks map[kindOfLook]struct{}

// add puts the look of o into the set, unless it is one that says little.
func (l looks) add(o *object) {
	if o.telling() {
		l[kindOfLook{o.typ, o.n, o.look()}] = struct{}{}
	}
}

func (l looks) has(o *object) bool {
	_, ok := l[kindOfLook{o.typ, o.n, o.look()}]
	return ok
}

// review looks for pairs that are unlike, although another one whose partner is unlike, or who has none, looks like one
// of the two: then objects have probably changed places, as in a list without its first element.
func (x *matcher) review() {
	var unlike []*identity
	before, after := looks{}, looks{}
	for _, id := range x.m.known {
		a, b := id.members[0], id.members[x.b.index]
		if b != nil && looksAlike(a, b) {
			continue
		}
		before.add(a)
		if b != nil {
			unlike = append(unlike, id)
		}
	}
	if len(unlike) == 0 {
		return
	}
	for _, b := range x.b.objects {
		if id := x.m.identity(b); !id.old() || !looksAlike(id.members[0], b) {
			after.add(b)
		}
	}
	for _, id := range unlike {
		if after.has(id.members[0]) || before.has(id.members[x.b.index]) {
			id.moved = append(id.moved, x.b.index)
		}
	}
}

// rootOf returns where the root of lane l is.
func (m *merger) rootOf(l *lane) ref { return l.ref(reflect.NewAt(m.clock.rootTyp, l.root)) }

func (x *matcher) propose(a, b ref) {
	if a.to == nil || b.to == nil || a.off != b.off || a.size != b.size || !fits(a.to, b.to) || x.taken(a.to, b.to) {
		return
	}
	p := proposal{a.to, b.to}
	if looksAlike(a.to, b.to) {
		x.alike = append(x.alike, p)
	} else {
		x.unlike = append(x.unlike, p)
	}
}

// taken reports whether a or b has a partner.
func (x *matcher) taken(a, b *object) bool {
	return x.m.identity(a).members[x.b.index] != nil || x.m.identity(b).old()
}

// next joins the best pair that is left and returns it, for its content to be walked.
func (x *matcher) next() (p proposal, ok bool) {
	for len(x.alike)+len(x.unlike) > 0 {
		from := &x.alike
		if len(x.alike) == 0 {
			from = &x.unlike
		}
		p, *from = (*from)[0], (*from)[1:]
		if x.taken(p.a, p.b) {
			continue
		}
		x.m.join(x.m.identity(p.a), x.m.identity(p.b))
		if p.a.addr == nil && !ruleOf(p.a.typ.Key()).plain {
			x.late = append(x.late, p)
			continue
		}
		return p, true
	}
	if len(x.late) == 0 {
		return p, false
	}
	p, x.late = x.late[0], x.late[1:]
	return p, true
}

// equal reports whether the variables a of lane i and b of lane j hold the same, in content and in sharing. What is new
// in both of them becomes one.
func (m *merger) equal(i int, a reflect.Value, j int, b reflect.Value) bool {
	same := true
	d := &duo{m: m, a: m.lanes[i], b: m.lanes[j], boxes: map[pair]struct{}{}}
	d.part = func(a, b reflect.Value, equal sameness) { same = same && equal(a, b) }
	d.apart = func() { same = false }
	d.ref = func(x, y ref) {
		if same && !m.meet(x, y) {
			if same = m.unite(x, y); same {
				d.add(func() { d.objects(x.to, y.to) })
			}
		}
	}
	d.walk(a, b, ruleOf(a.Type()))
	d.run(func() bool { return same && m.goOn() })
	return same
}

// unite makes the objects that x and y lead to one, if both are new and of one form.
func (m *merger) unite(x, y ref) bool {
	if x.to == nil || y.to == nil || x.off != y.off || x.size != y.size || !fits(x.to, y.to) {
		return false
	}
	a, b := m.identity(x.to), m.identity(y.to)
	if a.old() || b.old() || !m.join(a, b) {
		return false
	}
	m.enlist(a)
	return true
}

// A use is a reference to an object of the base that versions made.
type use struct {
	id *identity
	by []int
}

// use notes to which objects of the base the variable v of a version refers, itself or through what is new.
func (m *merger) use(v reflect.Value, l *lane, by []int) {
	seen := m.used[setName(by)]
	if seen == nil {
		seen = map[*object]bool{}
		m.used[setName(by)] = seen
	}
	d := &duo{m: m, a: l, b: l, apart: func() {}, boxes: map[pair]struct{}{}}
	d.ref = func(r, _ ref) {
		if r.to == nil {
			return
		}
		if id := m.identity(r.to); id.old() {
			m.uses = append(m.uses, use{id, by})
		} else if !seen[r.to] {
			seen[r.to] = true
			d.add(func() { d.objects(r.to, r.to) })
		}
	}
	d.walk(v, v, ruleOf(v.Type()))
	d.run(m.goOn)
}

// setName names a set of versions.
func setName(by []int) string { return fmt.Sprint(by) }
