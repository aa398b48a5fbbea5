package deep

import "reflect"

// byPlan copies *src by p. It reports false if that is for the obvious engine to do; nothing has happened then but
// calls of DeepCopy methods, of which known gets the answers.
func byPlan[T any](p *plan, home, src *T, o *Options, known *answers) (out *T, info Info, done bool, err error) {
	if p.alien || o.Limit > 0 && int64(p.size) > o.Limit {
		return nil, info, false, nil
	}
	out = moved(src, p)
	if len(p.mend[copying]) == 0 {
		info, done = p.counted(addrOf(src), o)
		return out, info, done, nil
	}
	at, info, done, err := p.finish(addrOf(out), addrOf(home), addrOf(src), o, known)
	return as[T](at), info, done, err
}

// counted is what there is to know of a value that had only to be moved. It reports false if the value is too large:
// then the obvious engine has to say so.
func (p *plan) counted(src pointer, o *Options) (info Info, ok bool) {
	if !o.counts() {
		return info, true
	}
	info.Size = int64(p.size) + countStrings(src, p.mend[counting])
	return info, o.Limit <= 0 || info.Size <= o.Limit
}

// finish makes a copy of the value at src, which has been moved to out: there, or elsewhere if that cannot be.
func (p *plan) finish(out, home, src pointer, o *Options, known *answers) (at pointer, info Info, done bool, err error) {
	if o.Together != nil && p.asks.Load() {
		return p.together(out, home, src, o, known)
	}
	r := newRunner(o)
	r.begins(p, home)
	done = r.copy(out, src)
	if r.gated {
		r.release()
		p.asks.Store(true)
		return p.together(p.dup(src), home, src, o, known)
	}
	return r.finished(done, known)
}

// begins prepares a copy for home.
func (r *runner) begins(p *plan, home pointer) {
	r.root, r.home, r.several = p, home, p.set.holds
	r.known.expect(int(p.variables.Load()))
}

// finished is what there is to say of a copy, or of the attempt to make it. The runner is released.
func (r *runner) finished(done bool, known *answers) (at pointer, info Info, ok bool, err error) {
	p := r.root
	at, info, err = r.out, r.info(), r.err
	if !done {
		*known = r.asking.known()
		at, info, done = nil, Info{}, err != nil
	}
	if n := int32(len(r.known.list)); n != p.variables.Load() {
		p.variables.Store(n)
	}
	r.release()
	return at, info, done, err
}

// together is finish for a copy that calls DeepCopy methods, by Options.Together. A runner that was given up is not used
// again, and may never end; only what it knew of methods is read.
func (p *plan) together(out, home, src pointer, o *Options, known *answers) (at pointer, info Info, done bool, err error) {
	r := newRunner(o)
	r.begins(p, home)
	made := new(bool) // and not done, which is written here when r may still run
	if err := o.Together(func(g Gate) {
		r.gate = g
		*made = r.copy(out, src)
	}); err != nil {
		r.blame(err)
		*known = r.answers
		return nil, Info{}, false, nil
	}
	if r.last.typ == nil {
		p.asks.Store(false)
	}
	return r.finished(*made, known)
}

// copy makes the copy, in as many attempts as it takes; it begins with that which did it the last time. If it panics,
// memory changed under it, or there is a mistake in here: the obvious engine, which is called then, will say. A DeepCopy
// method that panics is for who calls it through a gate; without one, it is as for Options.Call.
func (r *runner) copy(out, src pointer) (ok bool) {
	defer func() {
		if r.calling && r.gate != nil {
			return
		}
		if p := recover(); p != nil {
			if ok, r.err = false, nil; r.calling {
				r.blame(&panicError{p})
			}
		}
	}()
	first := attempt(r.root.attempt.Load())
	for try := first; try < surveyed; try++ {
		if try > first {
			r.again()
			out = r.root.dup(src)
		}
		r.try(try)
		switch {
		case r.run(out, src):
			if try.guides() && !r.hosts.used {
				r.root.attempt.Store(int32(straight))
			}
			return true
		case !r.overlap:
			return false
		}
		r.root.attempt.Store(int32(try + 1))
	}
	r.again()
	return r.survey(src) && r.runPlaced(src)
}

// again prepares another attempt, which asks no method once more.
func (r *runner) again() {
	r.forget()
	r.answers = r.asking.known()
	r.forgetReplies()
}

// A Mover copies values of a type of which a copy is nothing but a move. It does what Copy does, with less to look up.
type Mover[T any] struct{ plan *plan }

// MoverOf returns the mover for T, nil if a T takes more than a move.
func MoverOf[T any]() *Mover[T] {
	if p := planFor(reflect.TypeFor[T]()); usePlans && p.plain {
		return &Mover[T]{p}
	}
	return nil
}

// Copy returns a copy of *src and its size, by the rules of Size. It returns nil if that is over the limit, if there is
// one: then Copy has the error.
func (m *Mover[T]) Copy(src *T, limit int64) (out *T, size int64) {
	size = int64(m.plan.size)
	if ops := m.plan.mend[counting]; len(ops) > 0 {
		size += countStrings(addrOf(src), ops)
	}
	if limit > 0 && size > limit {
		return nil, size
	}
	out = new(T)
	*out = *src
	return out, size
}

// moved is a new variable with what *src holds, as far as it is copied by moving.
func moved[T any](src *T, p *plan) *T {
	out := new(T)
	if p.whole {
		*out = *src
	} else {
		p.move(addrOf(out), addrOf(src))
	}
	return out
}

func (r *runner) info() Info {
	info := Info{RootRefs: r.rootRefs, Tree: r.attempt == straight && !r.knotted}
	if r.counts() {
		info.Size = r.bytes
	}
	return info
}

// survey finds out what lies in what. If nothing does, the next copy begins with a straight attempt again.
func (r *runner) survey(src pointer) bool {
	r.try(surveyed)
	s := newPlaceSurveyor(r.opts)
	defer s.release()
	if !s.run(src, r.root) {
		r.err = s.err
		return false
	}
	if !s.overlapping() {
		r.root.attempt.Store(int32(straight))
	}
	if !r.places.find(s) {
		r.err = s.err
		return r.giveUp()
	}
	return true
}

// sizeByPlan is Size by plans. It reports false if that is for the obvious engine to do.
func sizeByPlan(src pointer, p *plan, o Options) (n int64, done bool, err error) {
	s := newMeasurer(o)
	defer s.release()
	defer func() {
		if recover() != nil {
			n, done, err = 0, false, nil
		}
	}()
	done = s.run(src, p) && !s.overlapping() && s.fits()
	return s.bytes, done || s.err != nil, s.err
}
