package deep

import (
	"math"
	"math/bits"
	"reflect"
	"sync"
)

// A scanner looks at everything that a copy would need memory for, by plans, and makes none. It remembers which memory
// pointers and slices cover, and may count the bytes.
type scanner struct {
	known  memo
	arrays arrayMemo
	plain  []metArray // further slices of arrays whose elements need no look; of a survey, all slices
	root   *plan
	held   *dynamicSet
	opts   Options
	mode   int  // counting, or copying: what plans leave out then is not looked at
	strict bool // what is met twice, or is not simply copied, ends the look: see newTreeSurveyor
	limit  int64
	bytes  int64
	depth  int
	steps  int
	queue  []job
	crowd  crowd
	partly map[backing]*spans // arrays that several slices cover in part

	places bool  // it is to tell where memory lies
	shown  shown // then: the elements that it has looked at
	joined bool  // likewise: slices overlap, and were noted as one

	err error
}

var scanners = sync.Pool{New: func() any { return new(scanner) }}

// newMeasurer is a scanner that counts every byte, and ends when they are more than o allows.
func newMeasurer(o Options) *scanner {
	s := newSurveyor(o)
	s.mode = counting
	if o.Limit > 0 {
		s.limit = o.Limit
	}
	return s
}

// newSurveyor is a scanner that only looks where memory is.
func newSurveyor(o Options) *scanner {
	s := scanners.Get().(*scanner)
	s.opts, s.mode, s.limit, s.steps = o, copying, math.MaxInt64, stepsToStop
	return s
}

// newPlaceSurveyor is a scanner that looks where memory is, and notes slices that overlap together.
func newPlaceSurveyor(o Options) *scanner {
	s := newSurveyor(o)
	s.places = true
	return s
}

// newTreeSurveyor is a scanner that only looks whether values are trees of what is simply copied: no memory is met twice,
// none has a rule of its own, all of it has a size, and no key of a map leads anywhere. It gives up as soon as that is not
// so, but for memory that lies in other memory, which overlapping tells.
func newTreeSurveyor(o Options) *scanner {
	s := newSurveyor(o)
	s.strict = true
	return s
}

func (s *scanner) release() {
	s.known.reset()
	s.arrays.reset()
	clear(s.queue)
	clear(s.plain)
	s.queue, s.plain = s.queue[:0], s.plain[:0]
	s.root, s.held, s.opts, s.partly, s.err, s.bytes, s.depth = nil, nil, Options{}, nil, nil, 0, 0
	s.strict, s.places, s.joined = false, false, false
	s.shown.forget()
	scanners.Put(s)
}

// run looks at the root at src.
func (s *scanner) run(src pointer, p *plan) bool {
	s.root, s.held = p, openDynamics
	if p.set.weighs {
		s.held = weighDynamics
	}
	return s.pointer(src, p) && s.work()
}

// work looks at what waits.
func (s *scanner) work() bool {
	for len(s.queue) > 0 {
		j := s.queue[len(s.queue)-1]
		s.queue[len(s.queue)-1] = job{}
		s.queue = s.queue[:len(s.queue)-1]
		if !s.perform(j) {
			return false
		}
	}
	return true
}

func (s *scanner) perform(j job) bool {
	if j.n == aMap {
		return s.entries(j.src, j.plan)
	}
	return s.elems(j.src, j.plan, j.n)
}

// giveUp ends the look without an error: then it is for the obvious engine.
func (s *scanner) giveUp() bool { return false }

// charge counts n bytes, and a step.
func (s *scanner) charge(n int64) bool {
	if s.steps--; s.steps < 0 && !s.poll() {
		return false
	}
	s.bytes += n
	return s.fits()
}

// fits reports whether the limit holds. Where memory lies in other memory, some was counted twice; then the obvious
// engine must say.
func (s *scanner) fits() bool {
	switch {
	case s.bytes <= s.limit:
		return true
	case s.overlapping():
		return s.giveUp()
	}
	s.err = &TooLargeError{Size: s.bytes, Limit: s.limit}
	return false
}

// tick counts a step.
func (s *scanner) tick() error {
	if s.steps--; s.steps < 0 {
		s.poll()
	}
	return s.err
}

// met is how many variables, maps, boxes and slices were met.
func (s *scanner) met() int { return len(s.known.list) + len(s.arrays.list) + len(s.plain) }

// metAt is one of them, the root the first.
func (s *scanner) metAt(i int) metArray {
	if i < len(s.known.list) {
		m := &s.known.list[i]
		return metArray{src: m.src, plan: m.plan, n: 1}
	}
	if i -= len(s.known.list); i < len(s.arrays.list) {
		return s.arrays.list[i]
	}
	return s.plain[i-len(s.arrays.list)]
}

// overlapping reports whether memory that was met lies in other memory.
func (s *scanner) overlapping() bool {
	return s.joined || overlapping(&s.known, &s.crowd, s.arrays.list, s.plain)
}

func (s *scanner) poll() bool {
	s.steps = stepsToStop
	if s.opts.Stop != nil && s.err == nil {
		s.err = s.opts.Stop()
	}
	return s.err == nil
}

// look looks at the parts ops of the value at src.
func (s *scanner) look(src pointer, ops []op) bool {
	if s.steps--; s.steps < 0 && !s.poll() {
		return false
	}
	ok := true
	for i := range ops {
		o := &ops[i]
		slot := add(src, o.off)
		switch o.kind {
		case opString:
			s.bytes += stringLen(slot)
		case opPointer:
			if p := load(slot); p != nil {
				ok = s.pointer(p, o.plan)
			}
		case opSlice:
			if h := headerAt(slot); h.p != nil {
				ok = s.slice(*h, o.plan)
			}
		case opMap:
			if m := load(slot); m != nil {
				ok = s.mapping(m, o.plan)
			}
		case opFace:
			if f := faceAt(slot); f.t != 0 {
				ok = s.dynamic(*f, o.plan.typ)
			}
		case opRepeat:
			for j := 0; j < o.rare.n && ok; j++ {
				ok = s.look(add(slot, uintptr(j)*o.rare.size), o.rare.repeat)
			}
		case opOwn:
			ok = s.giveUp() // its parts have other plans than it has
		default:
			ok = s.rare(slot, o)
		}
		if !ok {
			return false
		}
	}
	return true
}

// rare looks at parts that are seldom seen.
func (s *scanner) rare(src pointer, o *op) bool {
	switch {
	case o.kind == opRefuse:
		return !s.strict || at(o.rare.typ, src).IsZero() || s.giveUp()
	case s.strict:
		return s.giveUp() // the others are atomics
	case o.kind == opAtomic:
		return true
	case o.kind == opAtomicPointer:
		p := loadPointer(src, o.rare.rule.word)
		return p == nil || o.plan == nil || s.pointer(p, o.plan)
	case o.kind == opAtomicValue:
		x := atomicValueAt(src).Load()
		return x == nil || s.dynamic(*faceAt(addrOf(&x)), anyType)
	}
	return s.syncMap(src)
}

// syncMap looks at what the sync.Map at src holds now.
func (s *scanner) syncMap(src pointer) bool {
	list := entriesOf(syncMapAt(src))
	if !s.charge(mapBytes + int64(len(list))*syncEntryBytes) {
		return false
	}
	for i := range list {
		e := &list[i]
		if s.tick() != nil {
			return false
		}
		if e.key != nil && !s.dynamic(*faceAt(addrOf(&e.key)), anyType) ||
			e.value != nil && !s.dynamic(*faceAt(addrOf(&e.value)), anyType) {
			return false
		}
	}
	return true
}

func (s *scanner) pointer(src pointer, e *plan) bool {
	switch {
	case e.alien:
		return s.giveUp()
	case e.size == 0:
		return s.repeated()
	case s.ignores(e):
		return true
	}
	if _, fresh := s.known.claim(src, e); !fresh {
		return s.repeated()
	}
	return s.charge(int64(e.size)) && s.descend(src, e, 1)
}

// ignores reports whether variables of e do not matter to a survey: they lie in nothing, and lead to nothing.
func (s *scanner) ignores(e *plan) bool {
	return s.places && !e.alien && !e.lies && len(e.mend[s.mode]) == 0 && e != s.root
}

// bare reports whether there is nothing in values of e to look at: they lead to nothing but what is ignored.
func (s *scanner) bare(e *plan) bool {
	ops := e.mend[s.mode]
	for i := range ops {
		if o := &ops[i]; o.kind != opPointer || !s.ignores(o.plan) {
			return false
		}
	}
	return true
}

func (s *scanner) slice(h header, e *plan) bool {
	end := number(h.p) + uintptr(h.c)*e.size
	switch {
	case h.n == 0:
		return true
	case e.size == 0:
		return s.repeated()
	case e.alien:
		return s.giveUp()
	case s.places:
		return s.cover(h, e)
	}
	name := backing{end, e.typ}
	if known := s.partly[name]; known != nil {
		return s.another(h, e, known)
	}
	i, covered := s.arrays.find(h.p, h.n, end, e)
	if covered || s.strict && i >= 0 {
		return s.repeated()
	}
	if i < 0 {
		s.arrays.add(metArray{h.p, nil, e, h.n, end})
		return s.charge(int64(h.n)*int64(e.size)) && s.descend(h.p, e, h.n)
	}
	if len(e.mend[s.mode]) == 0 {
		s.plain = append(s.plain, metArray{h.p, nil, e, h.n, end})
		return s.charge(int64(h.n) * int64(e.size))
	}
	known, first := &spans{}, &s.arrays.list[i]
	from := int((end - number(first.src)) / e.size)
	known.add(-from, first.n-from, nil)
	if s.partly == nil {
		s.partly = map[backing]*spans{}
	}
	s.partly[name] = known
	return s.another(h, e, known)
}

// another looks at a slice of an array of which slices have been seen, at those elements that are new. (Elements are
// counted from the end of the array, backwards.)
func (s *scanner) another(h header, e *plan, known *spans) bool {
	same := number(h.p) ^ uintptr(bits.RotateLeft(uint(h.n), 32)) // known by all of it: only the same slice is to be found
	if _, covered := s.arrays.find(h.p, h.n, same, e); covered {
		return true
	}
	s.arrays.add(metArray{h.p, nil, e, h.n, same})
	if !s.charge(int64(h.n) * int64(e.size)) {
		return false
	}
	for _, x := range known.add(-h.c, h.n-h.c, nil) {
		if !s.descend(add(h.p, uintptr(x.from+h.c)*e.size), e, x.to-x.from) {
			return false
		}
	}
	return true
}

func (s *scanner) descend(src pointer, e *plan, n int) bool {
	switch {
	case len(e.mend[s.mode]) == 0:
		return true
	case s.depth >= maxDepth:
		s.queue = append(s.queue, job{src: src, plan: e, n: n})
		return true
	}
	s.depth++
	ok := s.elems(src, e, n)
	s.depth--
	return ok
}

func (s *scanner) elems(src pointer, e *plan, n int) bool {
	if len(e.mend[copying]) == 0 {
		s.bytes += countAll(src, e.mend[s.mode], n, e.size)
		return true
	}
	ops := e.mend[s.mode]
	if len(ops) == 1 && ops[0].kind == opSlice {
		return s.slices(add(src, ops[0].off), ops[0].plan, n, e.size)
	}
	for i := range n {
		if !s.look(add(src, uintptr(i)*e.size), ops) {
			return false
		}
	}
	return true
}

// slices looks at n slices, one in each so many bytes.
func (s *scanner) slices(at pointer, e *plan, n int, every uintptr) bool {
	bare := s.places && e.size > 0 && !e.alien && s.bare(e)
	for i := range n {
		if s.steps--; s.steps < 0 && !s.poll() {
			return false
		}
		switch h := headerAt(add(at, uintptr(i)*every)); {
		case h.p == nil:
		case bare && h.n > 0:
			s.stretch(*h, e)
		case !s.slice(*h, e):
			return false
		}
	}
	return true
}

func (s *scanner) reference(v pointer, p *plan) bool {
	if p.target != nil {
		return s.pointer(v, p.target)
	}
	return s.mapping(v, p)
}

// repeated is for memory that has been met before, or may have been: what has no size shares its address with others.
func (s *scanner) repeated() bool { return !s.strict }

func (s *scanner) mapping(src pointer, p *plan) bool {
	if p.rule.own != nil && !p.set.weighs || s.strict && (p.odd || p.key.alien || p.elem.alien) {
		return s.giveUp()
	}
	i, fresh := s.known.claim(src, p.mark)
	switch {
	case !fresh && s.known.list[i].plan != p.mark && p.tags(s.known.list[i].plan.markOf):
		return s.giveUp()
	case !fresh:
		return s.repeated()
	case !s.charge(p.mapSize(src)):
		return false
	case len(p.key.mend[s.mode])+len(p.elem.mend[s.mode]) == 0:
		return true
	case s.depth >= maxDepth:
		s.queue = append(s.queue, job{src: src, plan: p, n: aMap})
		return true
	}
	s.depth++
	ok := s.entries(src, p)
	s.depth--
	return ok
}

func (s *scanner) entries(src pointer, p *plan) bool {
	if p.table != nil {
		return p.table.scan(s, src, p)
	}
	if p.key.alien || p.elem.alien {
		return s.giveUp()
	}
	key, elem := reflect.New(p.key.typ).Elem(), reflect.New(p.elem.typ).Elem()
	for it := mapAt(p.typ, src).MapRange(); it.Next(); {
		key.SetIterKey(it)
		elem.SetIterValue(it)
		if !s.look(address(key), p.key.mend[s.mode]) || !s.look(address(elem), p.elem.mend[s.mode]) {
			return false
		}
	}
	return true
}

// dynamic looks at what f holds, an interface of the given type.
func (s *scanner) dynamic(f face, static reflect.Type) bool {
	d := s.held.of(f, static)
	switch d.kind {
	case heldPlain:
		s.bytes += d.weigh(f.d, s.mode)
	case heldPointer:
		return f.d == nil || s.pointer(f.d, d.plan.target)
	case heldMap:
		return f.d == nil || s.mapping(f.d, d.plan)
	case heldRefused:
		return !s.strict || d.zero(f, static) || s.giveUp()
	case heldBox, heldWord:
		return s.box(f.d, d)
	case heldAlien:
		return s.giveUp()
	}
	return true
}

// box looks at the value in an interface with the data word src.
func (s *scanner) box(src pointer, d *dynamic) bool {
	if _, fresh := s.known.claim(src, d.plan.box); !fresh {
		return s.repeated()
	}
	if !s.charge(int64(d.plan.size)) {
		return false
	}
	if d.kind == heldWord {
		p := new(pointer)
		*p = src
		src = addrOf(p)
	}
	return s.descend(src, d.plan, 1)
}
