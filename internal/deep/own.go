package deep

import (
	"reflect"
	"sync"
)

// This file is what a runner does with values that copy themselves: by a DeepCopy method, by Load, by Range.

// own makes dst what the DeepCopy method of the value at src makes.
func (r *runner) own(dst, src pointer, x *rareOp) bool {
	r.knotted = true
	if x.rule.nilable() {
		v := at(x.typ, src)
		switch {
		case absent(v):
			at(x.typ, dst).Set(v)
			return true
		case x.rule.act == actMap || x.rule.act == actSlice:
			return r.giveUp() // one that several hold is asked once
		}
	}
	to, ok := r.ask(src, x.typ, x.rule.own, dst)
	if ok && to != dst {
		x.move(dst, to)
	}
	return ok && r.weigh(to, x.typ, x.rule.own)
}

// ownVariable returns where the copy of the variable at src is, which its DeepCopy method makes.
func (r *runner) ownVariable(src pointer, e *plan) (pointer, bool) {
	i, fresh := 0, true
	if e.shared {
		i, fresh = r.known.claim(src, e)
	}
	switch {
	case !fresh:
		return r.known.list[i].dst, true
	case !r.charge(int64(e.size)):
		return nil, false
	}
	was := r.passing
	r.passing = false // behind a pointer there is a variable
	dst, ok := r.ownPointer(src, e)
	r.passing = was
	if e.shared {
		r.known.list[i].dst = dst
	}
	return dst, ok
}

// ownPointer returns what the DeepCopy method of the variable at src returns.
func (r *runner) ownPointer(src pointer, e *plan) (pointer, bool) {
	r.knotted = true
	if e.rule.nilable() {
		switch {
		case absent(at(e.typ, src)):
			return e.make(), true
		case e.rule.act == actMap || e.rule.act == actSlice:
			return nil, r.giveUp()
		}
	}
	to, ok := r.ask(src, e.typ, e.rule.own, nil)
	return to, ok && r.weigh(to, e.typ, e.rule.own)
}

// ownRoot makes the copy what the DeepCopy method of the root at src returns.
func (r *runner) ownRoot(src pointer) (ok bool) {
	if r.out, ok = r.ownPointer(src, r.root); r.out == src && r.root.size > 0 {
		return r.giveUp() // it returned its receiver
	}
	return ok && r.fits()
}

// weigher is the plan by which the result of a method of type t is weighed.
func (m *method) weigher(t reflect.Type) *plan {
	w := m.weight.Load()
	if w == nil {
		w = weighSet.find(t)
		m.weight.Store(w)
	}
	return w
}

// weigh counts the memory behind the variable at p, which a DeepCopy method returned.
func (r *runner) weigh(p pointer, t reflect.Type, m *method) bool {
	if !r.counts() {
		return true
	}
	if w := m.weigher(t); w.plain {
		n := countStrings(p, w.mend[counting])
		return n == 0 || r.charge(n)
	}
	n, err := sizeOf(p, t, Options{Limit: r.opts.Limit, Stop: r.opts.Stop})
	if err != nil {
		r.err = err
		return false
	}
	return r.charge(n - int64(t.Size())) // its own place is counted already
}

// atomicValue makes the atomic.Value at dst hold a copy of what that at src holds.
func (r *runner) atomicValue(dst, src pointer) bool {
	x := atomicValueAt(src).Load()
	if x == nil {
		return true
	}
	d, ok := r.dynamic(*faceAt(addrOf(&x)), anyType)
	if ok {
		setData(addrOf(&x), d)
		atomicValueAt(dst).Store(x)
	}
	return ok
}

// syncMap gives the sync.Map at dst copies of the entries of that at src.
func (r *runner) syncMap(dst, src pointer) bool {
	list, to := entriesOf(syncMapAt(src)), syncMapAt(dst)
	if r.open > 0 && len(list) > 0 {
		return r.giveUp() // a key may be the box that is open
	}
	if !r.charge(mapBytes + int64(len(list))*syncEntryBytes) {
		return false
	}
	for i := range list {
		if r.steps--; r.steps < 0 && !r.poll() {
			return false
		}
		if e := &list[i]; !r.held(&e.key) || !r.held(&e.value) {
			return false
		}
		to.Store(list[i].key, list[i].value)
	}
	return true
}

// held makes *x a copy of itself.
func (r *runner) held(x *any) bool {
	if *x == nil {
		return true
	}
	d, ok := r.dynamic(*faceAt(addrOf(x)), anyType)
	setData(addrOf(x), d)
	return ok
}

// entriesOf returns what m holds now.
func entriesOf(m *sync.Map) (list []entry) {
	m.Range(func(k, v any) bool {
		list = append(list, entry{k, v})
		return true
	})
	return list
}
