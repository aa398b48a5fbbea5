package deep

import (
	"math"
	"reflect"
	"sync"
)

// A runner makes one copy in one pass, by plans. It moves the root as a whole and then mends the copy in place: each
// reference in it, which still leads to the original, is replaced by one to a copy of what it leads to, which is moved
// and mended in turn. What has been met before is not copied again.
//
// That is right as long as no memory is part of other memory. The runner notices if some is (two slices of one array,
// a pointer into a struct), and then starts again with the knowledge of what lies in what: see place.go. Whatever else
// is not simple it leaves to the obvious engine: nothing has been written but memory of its own.
//
// Recursion goes to maxDepth. Deeper memory waits in a queue; only memory of the heap does, never the variable that an
// entry of a map passes through.
type runner struct {
	memo
	arrays arrayMemo
	opts  Options
	mode  int   // counting or copying
	limit int64 // of bytes
	bytes int64
	depth int
	steps int // until Stop is asked
	queue []job

	err     error // the copy has failed
	stuck   bool  // the obvious engine must make it
	overlap bool  // memory lies in other memory

	rootMet  bool // the root is the first in the memo
	rootRefs bool
	answers  answers
	passing  bool    // an entry of a map is being copied: it has no address of its own
	home     pointer // if not nil: where the root will be
	out      pointer // the root's copy
	root     *plan
	places   *places // of the second attempt; nil in the first
	crowd    crowd
}

const (
	maxDepth    = 256
	maxBoxes    = 8 * maxDepth // boxes in boxes cannot wait: a map's key must be complete
	stepsToStop = 1024
	maxQueue    = 1 << 12 // of a runner that is kept
)

// A job is memory that waits to be mended.
type job struct {
	dst, src pointer
	plan     *plan
	n        int // values, or aMap
}

const aMap = -1

var runners = sync.Pool{New: func() any { return new(runner) }}

func newRunner(o Options) *runner {
	r := runners.Get().(*runner)
	r.opts, r.mode, r.limit, r.steps = o, counting, o.Limit, stepsToStop
	if o.Limit <= 0 {
		r.limit = math.MaxInt64
		if o.SkipSize {
			r.mode = copying
		}
	}
	return r
}

// release forgets everything that belongs to the copy.
func (r *runner) release() {
	r.memo.reset()
	r.arrays.reset()
	if cap(r.queue) > maxQueue {
		r.queue = nil
	}
	*r = runner{memo: r.memo, arrays: r.arrays, queue: r.queue[:0], crowd: r.crowd}
	runners.Put(r)
}

// run mends out, to which src has been moved. It reports false if the copy is not made, or cannot be by a runner.
func (r *runner) run(out, src pointer) bool {
	p := r.root
	r.out = out
	if !r.charge(int64(p.size)) {
		return false
	}
	if p.rule.own != nil {
		return r.ownRoot(src)
	}
	if r.rootMet = p.shared && p.size > 0; r.rootMet {
		i, _ := r.claim(src, p)
		r.list[i].dst = out
		if r.home != nil {
			r.list[i].dst = r.home
		}
	}
	return r.mend(out, src, p.mend[r.mode]) && r.work() && !r.overlaps() && r.fits()
}

// work mends what waits.
func (r *runner) work() bool {
	for len(r.queue) > 0 {
		j := r.queue[len(r.queue)-1]
		r.queue[len(r.queue)-1] = job{}
		r.queue = r.queue[:len(r.queue)-1]
		if !r.perform(j) {
			return false
		}
	}
	return true
}

func (r *runner) perform(j job) bool {
	if j.n == aMap {
		return r.entries(j.dst, j.src, j.plan)
	}
	return r.elems(j.dst, j.src, j.plan, j.n)
}

// charge counts n bytes that are about to be allocated.
func (r *runner) charge(n int64) bool {
	r.bytes += n
	return r.fits()
}

// fits reports whether the limit holds. If memory was counted twice, that is for the obvious engine to say.
func (r *runner) fits() bool {
	if r.bytes <= r.limit {
		return true
	}
	if r.overlap || r.overlaps() {
		r.stuck = true
	} else {
		r.err = &TooLargeError{Size: r.bytes, Limit: r.limit}
	}
	return false
}

// poll asks Stop.
func (r *runner) poll() bool {
	r.steps = stepsToStop
	if r.opts.Stop != nil && r.err == nil {
		r.err = r.opts.Stop()
	}
	return r.err == nil
}

func (r *runner) giveUp() bool {
	r.stuck = true
	return false
}

// mend mends the parts ops of the value at dst, to which the value at src was moved.
func (r *runner) mend(dst, src pointer, ops []op) bool {
	if r.steps--; r.steps < 0 && !r.poll() {
		return false
	}
	ok := true
	for i := range ops {
		o := &ops[i]
		slot := add(dst, o.off)
		switch o.kind {
		case opString:
			r.bytes += stringLen(slot)
		case opPointer:
			if p := load(slot); p != nil {
				p, ok = r.pointer(p, o.plan)
				store(slot, p)
			}
		case opSlice:
			if h := headerAt(slot); h.p != nil {
				h.p, ok = r.slice(*h, o.plan)
				h.c = h.n
			}
		case opMap:
			if m := load(slot); m != nil {
				m, ok = r.mapping(m, o.plan)
				store(slot, m)
			}
		case opFace:
			if f := faceAt(slot); f.t != 0 {
				f.d, ok = r.dynamic(*f, o.typ)
			}
		default:
			ok = r.rare(slot, add(src, o.off), o)
		}
		if !ok {
			return false
		}
	}
	return true
}

// rare mends a part that is seldom seen.
func (r *runner) rare(dst, src pointer, o *op) bool {
	switch o.kind {
	case opRepeat:
		for i := range o.n {
			off := uintptr(i) * o.plan.size
			if !r.mend(add(dst, off), add(src, off), o.repeat) {
				return false
			}
		}
	case opAtomic:
		moveAtomic(at(o.typ, dst), at(o.typ, src))
	case opAtomicPointer:
		p, ok := loadPointer(at(o.rule.typ, src), o.rule.word), true
		if p != nil && o.plan != nil {
			p, ok = r.pointer(p, o.plan)
		}
		storePointer(at(o.rule.typ, dst), o.rule.word, p)
		return ok
	case opRefuse:
		return at(o.typ, src).IsZero() || r.giveUp()
	case opOwn:
		return r.own(dst, src, o.typ)
	case opAtomicValue:
		return r.atomicValue(dst, src)
	case opSyncMap:
		return r.syncMap(dst, src)
	}
	return true
}

// pointer returns where the copy of the variable at src is.
func (r *runner) pointer(src pointer, e *plan) (pointer, bool) {
	i, fresh := 0, true
	switch {
	case e.alien:
		return nil, r.giveUp()
	case e.size == 0 && e.rule.own == nil:
		return e.make(), true
	case r.places != nil:
		return r.placed(src, e, 1)
	case e.shared:
		i, fresh = r.claim(src, e)
	}
	switch {
	case !fresh:
		r.rootRefs = r.rootRefs || i == 0 && r.rootMet
		return r.list[i].dst, true
	case !r.charge(int64(e.size)):
		return nil, false
	}
	if e.rule.own != nil {
		dst, ok := r.ownPointer(src, e)
		if e.shared {
			r.list[i].dst = dst
		}
		return dst, ok
	}
	dst := e.dup(src)
	if e.shared {
		r.list[i].dst = dst
	}
	return dst, r.descend(dst, src, e, 1)
}

// nothing is what empty slices are over.
var nothing struct{}

// slice returns where the copy of the array that h covers is.
func (r *runner) slice(h header, e *plan) (pointer, bool) {
	end := number(h.p) + uintptr(h.c)*e.size
	switch {
	case h.n == 0:
		return pointer(&nothing), true
	case e.alien:
		return nil, r.giveUp()
	case e.size == 0 && e.rule.own == nil:
		return e.make(), true
	case r.places != nil:
		return r.placed(h.p, e, h.n)
	case e.shared:
		i, covered := r.arrays.find(h.p, h.n, end, e)
		if covered {
			x := &r.arrays.list[i]
			return add(x.dst, number(h.p)-number(x.src)), true
		}
		if i >= 0 {
			r.overlap = true
			return nil, false
		}
	}
	if !r.charge(int64(h.n) * int64(e.size)) {
		return nil, false
	}
	dst := e.dupN(h.p, h.n)
	if e.shared {
		r.arrays.add(metArray{h.p, dst, e, h.n, end})
	}
	return dst, r.descend(dst, h.p, e, h.n)
}

// descend mends the n values at dst, now or later.
func (r *runner) descend(dst, src pointer, e *plan, n int) bool {
	if len(e.mend[r.mode]) == 0 {
		return true
	}
	if r.depth >= maxDepth {
		r.queue = append(r.queue, job{dst, src, e, n})
		return true
	}
	r.depth++
	ok := false
	if n == 1 {
		ok = r.mend(dst, src, e.mend[r.mode])
	} else {
		ok = r.elems(dst, src, e, n)
	}
	r.depth--
	return ok
}

func (r *runner) elems(dst, src pointer, e *plan, n int) bool {
	ops := e.mend[r.mode]
	for i := range n {
		off := uintptr(i) * e.size
		if !r.mend(add(dst, off), add(src, off), ops) {
			return false
		}
	}
	return true
}

// reference returns the copy of what v, a pointer or a map with plan p, leads to.
func (r *runner) reference(v pointer, p *plan) (pointer, bool) {
	if p.target != nil {
		return r.pointer(v, p.target)
	}
	return r.mapping(v, p)
}

// mapping returns the copy of the map src.
func (r *runner) mapping(src pointer, p *plan) (pointer, bool) {
	if p.rule.own != nil {
		return nil, r.giveUp()
	}
	i, fresh := 0, true
	if p.shared {
		i, fresh = r.claim(src, p.mark)
	}
	switch {
	case !fresh && r.list[i].plan != p.mark && p.tags(r.list[i].plan.markOf):
		return nil, r.giveUp()
	case !fresh:
		return r.list[i].dst, true
	case !r.charge(p.mapSize(src)):
		return nil, false
	}
	dst := p.newMap(src)
	if p.shared {
		r.list[i].dst = dst
	}
	return dst, r.descendMap(dst, src, p)
}

// tags reports whether it matters by which of two types, p or q, a map is copied: they differ in tags.
func (p *plan) tags(q *plan) bool { return p.elem.tagged || q.elem.tagged || p.key.tagged || q.key.tagged }

// mapSize is what the map m counts, strings and boxes aside.
func (p *plan) mapSize(m pointer) int64 {
	return mapBytes + int64(mapLen(m))*int64(p.key.size+p.elem.size)
}

// newMap returns what becomes the copy of src: complete but for what it refers to, or empty if that takes reflection.
func (p *plan) newMap(src pointer) pointer {
	if p.table != nil {
		return p.table.clone(src)
	}
	return reflect.MakeMapWithSize(p.typ, mapLen(src)).UnsafePointer()
}

func (r *runner) descendMap(dst, src pointer, p *plan) bool {
	switch {
	case p.table != nil && len(p.key.mend[r.mode])+len(p.elem.mend[r.mode]) == 0:
		return true
	case r.depth >= maxDepth:
		r.queue = append(r.queue, job{dst, src, p, aMap})
		return true
	}
	r.depth++
	ok := r.entries(dst, src, p)
	r.depth--
	return ok
}

// entries makes the entries of the map dst refer to copies.
func (r *runner) entries(dst, src pointer, p *plan) bool {
	if r.steps -= mapLen(src); r.steps < 0 && !r.poll() {
		return false
	}
	if p.table != nil {
		return p.table.mend(r, dst, src, p)
	}
	return r.reflected(dst, src, p)
}

// reflected fills the map dst by reflection. A key is complete before it is stored.
func (r *runner) reflected(dst, src pointer, p *plan) bool {
	if p.key.alien || p.elem.alien {
		return mapLen(src) == 0 || r.giveUp()
	}
	from, to := mapAt(p.typ, src), mapAt(p.typ, dst)
	key, elem := newPassage(p.key), newPassage(p.elem)
	for it := from.MapRange(); it.Next(); {
		key.from.SetIterKey(it)
		elem.from.SetIterValue(it)
		if !key.pass(r) || !elem.pass(r) {
			return false
		}
		to.SetMapIndex(key.to, elem.to)
	}
	return true
}

// A passage is two variables through which the keys, or the values, of a map pass when they are copied.
type passage struct {
	plan     *plan
	from, to reflect.Value
	src, dst pointer
}

func newPassage(p *plan) *passage {
	from, to := reflect.New(p.typ), reflect.New(p.typ)
	return &passage{p, from.Elem(), to.Elem(), from.UnsafePointer(), to.UnsafePointer()}
}

// pass makes x.to a copy of x.from.
func (x *passage) pass(r *runner) bool {
	if !x.plan.whole {
		x.to.SetZero()
	}
	x.plan.move(x.dst, x.src)
	was := r.passing
	r.passing = true
	ok := r.mend(x.dst, x.src, x.plan.mend[r.mode])
	r.passing = was
	return ok
}

// mapAt is the map m as a value of type t.
func mapAt(t reflect.Type, m pointer) reflect.Value {
	p := new(pointer)
	*p = m
	return at(t, pointer(p))
}

// dynamic returns the data word of the copy of what f, an interface of the given type, holds.
func (r *runner) dynamic(f face, static reflect.Type) (pointer, bool) {
	d := dynamicOf(f, static)
	switch d.kind {
	case heldShared:
		return f.d, true
	case heldPlain:
		r.bytes += d.weigh(f.d, r.mode)
		return f.d, true
	case heldPointer:
		if f.d == nil {
			return nil, true
		}
		return r.pointer(f.d, d.plan.target)
	case heldMap:
		if f.d == nil {
			return nil, true
		}
		return r.mapping(f.d, d.plan)
	case heldBox, heldWord:
		return r.box(f.d, d)
	case heldRefused:
		if d.zero(f, static) {
			return f.d, true
		}
	}
	return nil, r.giveUp()
}

// weigh is what a plain value with data word p counts.
func (d *dynamic) weigh(p pointer, mode int) int64 {
	ops := d.plan.mend[mode]
	if len(ops) == 0 || p == nil {
		return int64(d.plan.size)
	}
	return int64(d.plan.size) + countStrings(p, ops)
}

// countStrings adds up the strings at p. There is nothing else to mend.
func countStrings(p pointer, ops []op) (n int64) {
	for i := range ops {
		switch o := &ops[i]; o.kind {
		case opString:
			n += stringLen(add(p, o.off))
		case opRepeat:
			for j := range o.n {
				n += countStrings(add(p, o.off+uintptr(j)*o.plan.size), o.repeat)
			}
		}
	}
	return n
}

// box returns the data word for a copy of the value in an interface with the data word src.
func (r *runner) box(src pointer, d *dynamic) (pointer, bool) {
	i, fresh := r.claim(src, d.box)
	switch {
	case r.list[i].dst != nil:
		return r.list[i].dst, true
	case r.depth > maxBoxes:
		return nil, r.giveUp()
	case fresh && !r.charge(int64(d.plan.size)):
		return nil, false
	case d.kind == heldWord:
		return r.boxWord(src, d, i)
	}
	dst := d.plan.dup(src)
	r.list[i].dst = dst
	return dst, r.mendBox(dst, src, d.plan)
}

// boxWord is box for a value that is itself the data word. What it refers to can lead back to it before it has been
// made, and then makes it.
func (r *runner) boxWord(src pointer, d *dynamic, i int) (pointer, bool) {
	was, is := new(pointer), new(pointer)
	*was = src
	d.plan.move(pointer(is), pointer(was))
	ok := r.mendBox(pointer(is), pointer(was), d.plan)
	r.list[i].dst = *is
	return *is, ok
}

func (r *runner) mendBox(dst, src pointer, p *plan) bool {
	r.depth++
	ok := r.mend(dst, src, p.mend[r.mode])
	r.depth--
	return ok
}
