package deep

import (
	"reflect"
	"sync"
	"sync/atomic"
)

// A plan is what to do with the values of one type, compiled from its rule: how to make and move them as a whole, what
// is to be mended in a copy that was moved, and what is to be compared. Whatever is behind a reference has a plan of its
// own. Plans never change once the compiler has let go of them.
type plan struct {
	memory
	typ  reflect.Type
	word uintptr // by which interfaces name the type
	rule *rule
	set  *planSet

	variables atomic.Int32 // of a root: how many were met when it was last copied
	attempt   atomic.Int32 // of a root: the attempt by which it was last copied
	asks      atomic.Bool  // of a root: DeepCopy methods were called when it was last copied

	// mend lists the parts that need more than being moved, [counting] with the strings that a measured copy counts,
	// [copying] without; [waiting|copying] and [waiting|counting] are for patient attempts.
	mend [4][]op

	compare []check // what is to be compared, in the order of fields
	flat    bool    // comparing it follows no reference
	solid   bool    // its bytes are its value: comparing them compares it

	target    *plan     // of a pointer: the variable's; of a slice: its elements'
	elem, key *plan     // of a map
	box       *plan     // by which a memo knows a value of this type in an interface, and not as a variable
	mark      *plan     // of a map: by which a memo knows it as a map, and not as a variable that holds one
	markOf    *plan     // of a mark of a map: the map's plan
	table     table     // of a map: how to do it without reflection; nil if that is not known
	passages  sync.Pool // of a map without a table: *passage

	whole  bool // one move takes all of it along, for what needs it to be mended
	plain  bool // and nothing needs it: the move is the copy
	tagged bool // it has parts that are not simply copied, because a tag or their type says so
	easy   bool // it is shared, has a size, and no method of its own
	shared bool // more than one reference may lead to one such value
	lies   bool // its memory may lie in other memory, or other memory in it
	inner  bool // the former
	holds  bool // a variable may have memory of other values in it
	spread bool // and so may a slice
	alien  bool // only the obvious engine can copy it: it has a tag that is an error
	odd    bool // only the obvious engine can compare it
}

const (
	copying  = 0
	counting = 1
	waiting  = 2
)

// An op is a part of a value, at an offset, that has to be mended after the whole was moved.
type op struct {
	kind  opKind
	reach uint32 // of a reference that may lead into the value of which it is a part: the value's size
	off   uintptr
	plan  *plan // of what a reference leads to, or of the interface
	rare  *rareOp
}

// A rareOp is what seldom parts need.
type rareOp struct {
	typ    reflect.Type           // of the part
	rule   *rule                  // likewise
	move   func(dst, src pointer) // what its DeepCopy method made
	atom   reflect.Kind           // of an atomic number
	repeat []op                   // of the elements of an array
	n      int                    // how many
	size   uintptr                // of each
}

type opKind uint8

const (
	opString        opKind = iota // to be counted
	opPointer                     // to new memory
	opSlice                       // over new memory
	opMap                         // a new map
	opFace                        // an interface: as what it holds
	opRepeat                      // an array
	opAtomic                      // an atomic number, by Load
	opAtomicPointer               // an atomic.Pointer, by Load, to new memory
	opRefuse                      // must be zero
	opOwn                         // copied by its DeepCopy method
	opAtomicValue                 // an atomic.Value, by Load
	opSyncMap                     // a sync.Map, by Range
	opLatePointer                 // opPointer, opSlice and opFace if it can wait for hosts: see guests.go
	opLateSlice
	opLateFace
)

// A planSet has plans that refer to each other. Plans of values in interfaces are in one set for all, in which
// everything may be shared. A type that reaches no interface has a set of its own: there one can know in advance what
// two references can lead to.
type planSet struct {
	plans  map[reflect.Type]*plan
	slots  *slots   // nil: everything may be shared
	ready  sync.Map // reflect.Type → *plan, complete: of those that were asked for
	odd    bool     // there may be maps of which the keys are paired off by content
	holds  bool     // there may be memory that lies in other memory
	trees  bool     // values are trees of what is simply copied, whatever they are
	weighs bool     // DeepCopy methods do not count: the plans are for measuring alone
}

var (
	compiling sync.Mutex // guards openSet, and lets one compiler run at a time
	openSet   = &planSet{plans: map[reflect.Type]*plan{}, odd: true, holds: true}
	weighSet  = &planSet{plans: map[reflect.Type]*plan{}, odd: true, holds: true, weighs: true}
	roots     sync.Map // reflect.Type → *plan, complete
)

// planFor returns the plan of a root of type t.
func planFor(t reflect.Type) *plan {
	at := &recent[scatter(typeWord(t))>>(64-recentBits)]
	if p := at.Load(); p != nil && p.word == typeWord(t) {
		return p
	}
	p, ok := roots.Load(t)
	if !ok {
		p = compileRoot(t)
		roots.Store(t, p)
	}
	at.Store(p.(*plan))
	return p.(*plan)
}

// recent has plans of roots by a few bits of their type. Whoever comes later wins a place, and all of them are right.
var recent [1 << recentBits]atomic.Pointer[plan]

const recentBits = 6

func compileRoot(t reflect.Type) *plan {
	compiling.Lock()
	defer compiling.Unlock()
	slots := slotsOf(t)
	if slots.open {
		return openSet.plan(t)
	}
	s := &planSet{plans: map[reflect.Type]*plan{}, slots: slots, holds: len(slots.outer) > 0}
	p := s.plan(t)
	for _, q := range s.plans {
		s.odd = s.odd || q.odd
	}
	s.trees = s.onlyTrees()
	return p
}

// onlyTrees is what newTreeSurveyor asks of a value, asked of types.
func (s *planSet) onlyTrees() bool {
	for _, q := range s.plans {
		if q.shared || q.alien || q.odd || q.rule.own != nil || !simple(q.mend[copying]) {
			return false
		}
	}
	return true
}

// simple reports whether there is nothing to mend but references to memory that has a size.
func simple(ops []op) bool {
	for i := range ops {
		switch o := &ops[i]; {
		case o.kind == opMap:
		case (o.kind == opPointer || o.kind == opSlice) && o.plan.size > 0:
		case o.kind == opRepeat && simple(o.rare.repeat):
		default:
			return false
		}
	}
	return true
}

// find returns the plan of t for others than the compiler.
func (s *planSet) find(t reflect.Type) *plan {
	if p, ok := s.ready.Load(t); ok {
		return p.(*plan)
	}
	compiling.Lock()
	defer compiling.Unlock()
	p := s.plan(t)
	s.ready.Store(t, p)
	return p
}

// plan returns the plan of t. While the compiler is at it, it may be incomplete.
func (s *planSet) plan(t reflect.Type) *plan {
	if p := s.plans[t]; p != nil {
		return p
	}
	p := &plan{typ: t, word: typeWord(t), rule: ruleOf(t), set: s, box: new(plan)}
	s.plans[t] = p
	if s.slots != nil {
		p.shared, p.lies, p.holds, p.spread = s.slots.shared(t), s.slots.lies(t), s.slots.holds(t), s.slots.holds(t)
		p.inner = s.slots.inner[t]
	} else {
		p.shared, p.lies, p.holds, p.spread = true, true, t.Kind() == reflect.Struct || t.Kind() == reflect.Array, true
		p.inner = true
	}
	b := builder{set: s, plan: p, whole: true}
	b.value(p.rule, 0)
	if p.whole = b.whole; p.whole {
		p.memory = memoryOf(t)
	} else {
		p.memory = parted(t, b.runs)
	}
	p.plain = p.whole && !p.alien && len(p.mend[copying]) == 0
	p.easy = p.shared && p.size > 0 && p.rule.own == nil && !p.alien
	p.reach()
	switch p.rule.act {
	case actPointer, actSlice:
		p.target = s.plan(t.Elem())
	case actMap:
		p.key, p.elem = s.plan(t.Key()), s.plan(t.Elem())
		p.table, p.mark = tableOf(p), &plan{markOf: p}
	}
	p.checks()
	return p
}

// A builder compiles one plan.
type builder struct {
	set   *planSet
	plan  *plan
	runs  []run // what moves, if not the whole does
	whole bool
	gap   bool // the last part does not move
}

// add appends the op to the lists that need it.
func (b *builder) add(o op) {
	for mode := range b.plan.mend {
		if o.kind == opString && mode&counting == 0 {
			continue
		}
		if mode == waiting {
			o.kind = o.late()
		}
		b.plan.mend[mode] = append(b.plan.mend[mode], o)
	}
}

// moves says that the part of type t at off is moved. What lies between two such parts is moved with them.
func (b *builder) moves(t reflect.Type, off uintptr) {
	if n := len(b.runs); n > 0 && !b.gap {
		b.runs[n-1].to = off + t.Size()
		return
	}
	b.runs = append(b.runs, run{off, off + t.Size()})
	b.gap = false
}

// stays says that a part is not moved.
func (b *builder) stays() { b.whole, b.gap = false, true }

// value compiles the part with rule r at offset off.
func (b *builder) value(r *rule, off uintptr) {
	if r.own != nil && !b.set.weighs {
		b.stays()
		b.plan.tagged = true
		b.add(op{kind: opOwn, off: off, rare: &rareOp{typ: r.typ, rule: r, move: memoryOf(r.typ).move}})
		return
	}
	if r.act != actStruct && r.act != actArray {
		b.leaf(r, off)
		return
	}
	if r.act == actArray {
		b.array(r, off)
		return
	}
	for i := range r.fields {
		f := &r.fields[i]
		switch f.mode {
		case modeCopy:
			b.value(f.rule, off+f.offset)
		case modeShare, modeIgnore:
			b.moves(f.typ, off+f.offset)
			b.plan.tagged = true
		case modeZero:
			b.plan.tagged = true
			b.stays()
		case modeRefuse:
			b.plan.alien = true
		}
	}
}

// leaf compiles a part that has no parts.
func (b *builder) leaf(r *rule, off uintptr) {
	switch t := r.typ; r.act {
	case actZero:
		b.stays()
		return
	case actMove:
		if t.Kind() == reflect.String && !r.shared {
			b.add(op{kind: opString, off: off})
		}
	case actPointer:
		b.add(op{kind: opPointer, off: off, plan: b.set.plan(t.Elem())})
	case actSlice:
		b.add(op{kind: opSlice, off: off, plan: b.set.plan(t.Elem())})
	case actMap:
		b.add(op{kind: opMap, off: off, plan: b.set.plan(t)})
	case actInterface:
		b.add(op{kind: opFace, off: off, plan: b.set.plan(t)})
	case actRefuse:
		b.add(op{kind: opRefuse, off: off, rare: &rareOp{typ: t}})
	case actAtomic:
		b.stays()
		b.add(op{kind: opAtomic, off: off, rare: &rareOp{atom: atomicKind(t)}})
		return
	case actAtomicPointer:
		b.stays()
		b.atomicPointer(r, off)
		return
	case actAtomicValue:
		b.stays()
		b.add(op{kind: opAtomicValue, off: off})
		return
	case actSyncMap:
		b.stays()
		b.add(op{kind: opSyncMap, off: off})
		return
	}
	b.moves(r.typ, off)
}

func (b *builder) atomicPointer(r *rule, off uintptr) {
	o := op{kind: opAtomicPointer, off: off, rare: &rareOp{rule: r}}
	if target := ruleOf(r.target); target.act == actPointer {
		o.plan = b.set.plan(r.target.Elem())
	}
	b.add(o)
}

// Arrays with so few parts to mend in all are mended part by part.
const unrolled = 16

func (b *builder) array(r *rule, off uintptr) {
	n, size := r.typ.Len(), r.typ.Elem().Size()
	one := builder{set: b.set, plan: &plan{}, whole: true}
	one.value(r.elem, 0)
	b.plan.alien = b.plan.alien || one.plan.alien
	b.plan.tagged = b.plan.tagged || one.plan.tagged
	if one.whole {
		b.moves(r.typ, off)
	} else {
		b.parted(one.runs, n, off, size)
	}
	for mode, ops := range one.plan.mend {
		b.plan.mend[mode] = append(b.plan.mend[mode], repeated(ops, n, off, size)...)
	}
}

// parted says that of each of n elements only runs are moved.
func (b *builder) parted(runs []run, n int, off, size uintptr) {
	b.stays()
	for i := range n {
		for _, r := range runs {
			start := off + uintptr(i)*size
			b.runs = append(b.runs, run{start + r.from, start + r.to})
		}
	}
}

// repeated is ops for each of n elements of the given size.
func repeated(ops []op, n int, off, size uintptr) (all []op) {
	if len(ops) == 0 {
		return nil
	}
	if n*len(ops) > unrolled {
		return []op{{kind: opRepeat, off: off, rare: &rareOp{repeat: ops, n: n, size: size}}}
	}
	for i := range n {
		for _, o := range ops {
			o.off += off + uintptr(i)*size
			all = append(all, o)
		}
	}
	return all
}
