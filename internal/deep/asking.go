package deep

import "reflect"

// An asking is how a runner calls DeepCopy methods. Nothing of what it knows is read by another goroutine but after
// Options.Together, when the runner has ended or will never come back from a method.
type asking struct {
	gate    Gate // nil: methods are called as Options.Call says, or here
	gated   bool // methods cannot be called without a gate: the copy must begin again with one
	calling bool // a method is being called
	lost    bool // nobody waits for the runner any more
	last    question
	keep    bool // last is a variable that will be found again
	replies []reply
	several bool    // references may lead to one such variable
	index           // then: → position in replies, by address
	answers answers // of attempts before this one
}

// A reply is what a method has returned: the variable at to.
type reply struct {
	question
	to pointer
}

func (x *asking) forget() {
	x.forgetReplies()
	if cap(x.replies) > maxQueue {
		x.replies, x.index = nil, index{}
	}
	*x = asking{replies: x.replies, index: x.index}
}

func (x *asking) forgetReplies() {
	if len(x.replies) > 0 {
		if x.several {
			x.reset(len(x.replies))
		}
		clear(x.replies)
		x.replies = x.replies[:0]
	}
}

// noted returns what was replied for q, nil if nothing was.
func (x *asking) noted(q question) pointer {
	if !x.several || len(x.replies) == 0 {
		return nil
	}
	h, mask := scatter(number(q.addr)), uint64(len(x.table)-1)
	tag := x.tag(h)
	for i := x.place(h); x.table[i] != 0; i = (i + 1) & mask {
		if at, ok := x.position(x.table[i], tag); ok && x.replies[at].question == q {
			return x.replies[at].to
		}
	}
	return nil
}

// note notes a reply.
func (x *asking) note(y reply) {
	if !x.several {
		x.replies = append(x.replies, y)
		return
	}
	if x.crowded(len(x.replies)) {
		x.grow()
		for at := range x.replies {
			x.put(number(x.replies[at].addr), at)
		}
	}
	x.replies = append(x.replies, y)
	x.put(number(y.addr), len(x.replies)-1)
}

// known are the answers so far.
func (x *asking) known() answers {
	if len(x.replies) == 0 {
		return x.answers
	}
	all := answers{}
	for q, a := range x.answers {
		all[q] = a
	}
	for _, y := range x.replies {
		all[y.question] = answer{value: reflect.NewAt(y.typ, y.to)}
	}
	return all
}

// blame makes err the answer of the method that was called last.
func (x *asking) blame(err error) {
	x.answers = x.known()
	x.forgetReplies()
	if x.last.typ == nil || !x.keep {
		return
	}
	if x.answers == nil {
		x.answers = answers{}
	}
	x.answers[x.last] = failed(err)
}

// begin is called before a method is.
func (r *runner) begin(q question) bool {
	r.last, r.keep = q, !r.passing
	switch {
	case r.gate != nil:
		r.lost = !r.gate.Enter()
	case r.opts.Together != nil:
		r.gated = true
		return false
	case !r.poll():
		return false
	}
	r.calling = !r.lost
	return r.calling
}

// end is called when it has returned.
func (r *runner) end() bool {
	if r.calling = false; r.gate != nil {
		r.lost = !r.gate.Leave()
	}
	return !r.lost
}

// ask returns where the result of the DeepCopy method m of the variable at src is: at into if it may as well be there, and
// into is not nil. If something is wrong with it, the
// obvious engine will say where.
func (r *runner) ask(src pointer, t reflect.Type, m *method, into pointer) (pointer, bool) {
	q := question{src, t}
	if to := r.noted(q); to != nil && !r.passing {
		return to, true
	}
	if len(r.answers) > 0 {
		if a, ok := r.answers[q]; ok {
			return r.take(q, a, false)
		}
	}
	if r.opts.Call != nil && r.opts.Together == nil {
		if !r.poll() {
			return nil, false
		}
		return r.take(q, r.opts.ask(at(t, src)), !r.passing)
	}
	if !r.begin(q) {
		return nil, false
	}
	to, out := m.call(src, t, into)
	switch {
	case !r.end():
		return nil, false
	case to == nil:
		return r.take(q, returned(out, t), r.keep)
	case r.keep:
		r.note(reply{q, to})
	}
	return to, true
}

// take remembers an answer if it is to be kept, unless the variable is one that a map's entries pass through: the next
// entry has the same address, and another value.
func (r *runner) take(q question, a answer, keep bool) (pointer, bool) {
	if keep && a.reason != "" {
		if r.answers == nil {
			r.answers = answers{}
		}
		r.answers[q] = a
	}
	if a.reason != "" {
		return nil, r.giveUp()
	}
	to := a.value.UnsafePointer()
	if keep {
		r.note(reply{q, to})
	}
	return to, true
}
