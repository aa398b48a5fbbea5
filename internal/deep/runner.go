package deep

import (
	"math"
	"sync"
)

// A runner makes one copy in one pass, by plans. It moves the root as a whole and then mends the copy in place: each
// reference in it, which still leads to the original, is replaced by one to a copy of what it leads to, which is moved
// and mended in turn. What has been met before is not copied again.
//
// That is right as long as no memory is part of other memory. The runner notices if some is (two slices of one array,
// a pointer into a struct), and then starts again and expects it: see hosts.go, guests.go and place.go. Whatever else is
// not simple it leaves to the obvious engine: nothing has been written but memory of its own.
//
// Recursion goes to maxDepth. Deeper memory waits in a queue; only memory of the heap does, never the variable that an
// entry of a map passes through.
type runner struct {
	known  memo
	arrays arrayMemo
	opts   Options
	mode   int   // counting or copying, and waiting
	limit  int64 // of bytes
	bytes  int64
	depth  int
	open   int // boxes that are being mended
	steps  int // until Stop is asked
	queue  []job

	err     error // the copy has failed
	overlap bool  // memory lies in other memory
	knotted bool  // some memory has been met twice, or is not simply copied: see newTreeSurveyor

	rootMet  bool // the root is the first in the memo
	rootRefs bool
	asking
	passing bool    // an entry of a map is being copied: it has no address of its own
	home    pointer // if not nil: where the root will be
	out     pointer // the root's copy
	root    *plan
	attempt attempt
	hosts   hosts  // of a guided or patient attempt
	guests  guests // of a patient one
	places  places // of a surveyed one
	crowd   crowd
}

const (
	maxDepth    = 256
	maxBoxes    = 8 * maxDepth // boxes in boxes cannot wait: a map's key must be complete
	stepsToStop = 1024
	maxQueue    = 1 << 12 // of a runner that is kept
)

// An attempt is how much is known of memory that lies in other memory.
type attempt int32

const (
	straight attempt = iota // none does
	guided                  // some does, and hosts are met before their guests
	patient                 // or guests can wait
	surveyed                // a scanner has noted what lies in what
)

// guides reports whether an attempt looks for hosts.
func (a attempt) guides() bool { return a == guided || a == patient }

// A job is memory that waits to be mended.
type job struct {
	dst, src pointer
	plan     *plan
	n        int // values, or aMap
}

const aMap = -1

var runners = sync.Pool{New: func() any { return new(runner) }}

func newRunner(o *Options) *runner {
	r := runners.Get().(*runner)
	r.opts, r.mode, r.limit, r.steps = *o, copying, o.Limit, stepsToStop
	if o.counts() {
		r.mode = counting
	}
	if o.Limit <= 0 {
		r.limit = math.MaxInt64
	}
	return r
}

// release forgets everything that belongs to the copy, and keeps the room.
func (r *runner) release() {
	r.forget()
	if cap(r.queue) > maxQueue {
		r.queue = nil
	}
	r.asking.forget()
	r.opts, r.root, r.home, r.out, r.passing = Options{}, nil, nil, nil, false
	runners.Put(r)
}

// forget makes the runner ready for another attempt.
func (r *runner) forget() {
	r.known.reset()
	r.arrays.reset()
	if len(r.queue) > 0 {
		clear(r.queue)
		r.queue = r.queue[:0]
	}
	r.hosts.forget()
	if r.attempt == patient {
		r.guests.forget()
	}
	r.places.forget()
	r.bytes, r.depth, r.open = 0, 0, 0
	r.err, r.overlap, r.knotted, r.rootMet, r.rootRefs = nil, false, false, false, false
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
		i, _ := r.known.claim(src, p)
		r.known.list[i].dst = out
		if r.home != nil {
			r.known.list[i].dst = r.home
		}
		if r.attempt.guides() {
			r.hosts.add(src, r.known.list[i].dst, p, 1)
		}
	}
	return r.mend(out, src, p.mend[r.mode]) && r.work() && r.settle() && !r.overlaps() && r.fits()
}

// try makes an attempt the one that is being made.
func (r *runner) try(a attempt) {
	r.attempt = a
	if r.mode &= counting; a == patient {
		r.mode |= waiting
	}
}

// counts reports whether bytes are counted.
func (r *runner) counts() bool { return r.mode&counting != 0 }

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

// charge counts n bytes that are about to be allocated, and a step.
func (r *runner) charge(n int64) bool {
	if r.steps--; r.steps < 0 && !r.poll() {
		return false
	}
	r.bytes += n
	return r.bytes <= r.limit || r.fits()
}

// fits reports whether the limit holds. If memory was counted twice, that is for the obvious engine to say.
func (r *runner) fits() bool {
	if r.bytes <= r.limit {
		return true
	}
	if r.overlap || r.overlaps() {
		return r.giveUp()
	}
	r.err = &TooLargeError{Size: r.bytes, Limit: r.limit}
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

// giveUp ends an attempt without an error: then the obvious engine makes the copy.
func (r *runner) giveUp() bool { return false }
