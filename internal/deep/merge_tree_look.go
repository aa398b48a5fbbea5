package deep

// This file looks for objects that may have changed places, as in a list without its first element. If there are any, a
// merger has to say whether another version changed something in them. See matcher.review, which has the same rules: here
// an object on the way to a change is one that may be unlike its partner, and what was replaced is without one.

// A couple is an object of the base and its partner in a version, on the way to something that the version changed.
type couple struct {
	side int
	kind
	a, b pointer
}

// A kind is what objects that look alike have in common at least. Of maps, n is aMap.
type kind struct {
	plan *plan
	n    int
}

// note notes that versions have changed something in an object, or behind it.
func (g *grafter) note(by sides, base pointer, group []pointer, e *plan, n int) {
	for i, v := range group {
		if by&side(i) != 0 {
			g.pairs = append(g.pairs, couple{i, kind{e, n}, base, v})
		}
	}
}

const (
	lost  = 0 // objects of the base that a version cut off
	found = 1 // objects that it has made
)

// exchange notes that version i has replaced what is at from by what is at to: parts with these ops, or nil.
func (g *grafter) exchange(i int, from, to pointer, ops []op) bool {
	if len(ops) == 0 {
		return true
	}
	for which, p := range [...]pointer{lost: from, found: to} {
		if p == nil {
			continue
		}
		s := &g.loose[which][i]
		if *s == nil {
			*s = newSurveyor(g.opts)
			(*s).held = openDynamics
		}
		if !(*s).look(p, ops) {
			g.err = (*s).err
			return false
		}
	}
	return true
}

// letGo releases the scanners.
func (g *grafter) letGo() {
	for which := range g.loose {
		for i := range g.n {
			if s := g.loose[which][i]; s != nil {
				s.release()
				g.loose[which][i] = nil
			}
		}
	}
}

// doubtful reports whether objects may have changed places. If only one version changed anything, that is all the same.
func (g *grafter) doubtful() bool {
	if !g.changed.several() {
		return false
	}
	for i := range g.n {
		if g.changed&side(i) != 0 && g.moved(i) {
			return true
		}
	}
	return false
}

// moved reports whether an object of version i may have taken another's place.
func (g *grafter) moved(i int) bool {
	list, ok := g.couplesOf(i)
	if !ok {
		return true
	}
	before, after := looks{}, looks{}
	var unlike [][2]*object
	for _, c := range list {
		if !c.confusable(list) {
			continue
		}
		a, b := c.object(c.a), c.object(c.b)
		if a != nil && b != nil {
			if looksAlike(a, b) {
				continue
			}
			unlike = append(unlike, [2]*object{a, b})
		}
		if a != nil {
			before.add(a)
		}
		if b != nil {
			after.add(b)
		}
	}
	for _, pair := range unlike {
		if after.has(pair[0]) || before.has(pair[1]) {
			return true
		}
	}
	return false
}

// couplesOf lists the couples of version i, and objects without a partner.
func (g *grafter) couplesOf(i int) (list []couple, ok bool) {
	for _, c := range g.pairs {
		if c.side == i {
			list = append(list, c)
		}
	}
	for which := range g.loose {
		s := g.loose[which][i]
		if s == nil {
			continue
		}
		if !s.work() {
			g.err = s.err
			return nil, false
		}
		for j := range s.met() {
			m := s.metAt(j)
			c := couple{side: i, kind: kind{m.plan, m.n}}
			switch {
			case m.plan.markOf != nil:
				c.kind = kind{m.plan.markOf, aMap}
			case !m.plan.variable():
				continue // a box is a part of what it is in
			}
			if which == lost {
				c.a = m.src
			} else {
				c.b = m.src
			}
			list = append(list, c)
		}
	}
	return list, true
}

// confusable reports whether there is an object in the list that one of c might look like.
func (c *couple) confusable(list []couple) bool {
	for i := range list {
		d := &list[i]
		if d.kind == c.kind && (d.a != c.a || d.b != c.b) && (c.n != aMap || sameLen(c.a, d.b) || sameLen(c.b, d.a)) {
			return true
		}
	}
	return false
}

// sameLen reports whether two maps, if there are two, are of one length.
func sameLen(a, b pointer) bool { return a != nil && b != nil && mapLen(a) == mapLen(b) }

// object is the object of c's kind at p.
func (c *couple) object(p pointer) *object {
	switch {
	case p == nil:
		return nil
	case c.n == aMap:
		return &object{typ: c.plan.typ, m: mapAt(c.plan.typ, p)}
	}
	return &object{addr: p, typ: c.plan.typ, n: c.n}
}
