package deep

import (
	"reflect"
	"strconv"
)

// Merge returns a new value: *base with the changes that each of versions made to it. Every version is a deep copy of
// *base that somebody has changed since. None of them is written, and the result shares no memory with them but what
// copies share. It does not depend on the order of the versions. The error is a *ConflictError, or one of Copy. Limit is
// for the result; the work takes a copy of each version besides.
//
// # What is merged
//
// Changes are told apart by the place that they were made at:
//
//   - structs are merged field by field, arrays element by element, pointers through what they point to, interfaces
//     through what they hold, if it is of one dynamic type;
//   - maps and sync.Maps are merged key by key. To remove a key and to change what it leads to is a conflict. Two that
//     add one key must add equal values to it;
//   - slices are merged element by element as long as their length is the same. A slice of another length is one value,
//     with all its elements; so is a pointer, map or interface that became nil, was nil, or holds another type;
//   - one value are numbers and strings, bytes (the array, not the byte), the types that Diff shows whole, types with a
//     DeepCopy method, atomics, and all that copies share.
//
// Two versions that changed one place differently conflict, and so do two of which one changed what the other had
// replaced or removed. The same change made by several is no conflict. "The same" is by the rules of Equal and
// includes sharing. If there are several conflicts, the error is one of them.
//
// Of fields tagged `hooks:"share"` the value itself is merged. Fields tagged `hooks:"zero"` are zero. Fields tagged
// `hooks:"-"` are those of *base, in new objects those of the version that made them. Locks are new.
//
// # Which object is which
//
// Sharing is part of a value: what was one object at two places of *base is one in the result, and carries what was
// changed through either of them. So objects of *base and of a version have to be paired off. That starts with the
// root and follows the places that references are at; where these disagree, objects that look alike go first. A
// reference that leads to another object than the partner of the one that it led to was re-linked: that is a change of
// the reference, and the result's leads to whatever its new target has become. An object without a partner is new.
//
// A pairing is never wrong for one version: *base with the changes of that version alone is that version, its sharing
// included. Between versions, these rules see to it that nothing gets lost or mixed up:
//
//   - An object belongs to the first path that leads to it, in the order of Diff. If a version changed a reference on
//     that path, no other may change the object or refer to it anew.
//   - If a version re-linked a reference, and the looks of the objects do not tell which is which, no other may change
//     what these objects lead to. The same goes for an object that looks like another one of *base now, and that one
//     does not: objects may have moved up, as in a list that lost its first element.
//   - Memory that pointers and slices cover in part is paired off only if they cover the same extent of it; else all
//     references to it are changed.
//   - A key that is or holds a pointer is the same key if it points to the partner. An object that nothing but keys lead
//     to has a partner only if it looks as before; else its key was removed and another added. Of several versions that
//     removed such a key, none may have added any, unless all did the same to the map. So it is with NaNs: to change
//     what one leads to is to remove it and to add another.
func Merge[T any](base *T, versions []*T, o Options) (out *T, info Info, err error) {
	for _, v := range append([]*T{base}, versions...) {
		if v == nil {
			return Copy(v, o)
		}
	}
	root, own, err := mergeRoots(reflect.TypeFor[T](), addrOf(base), addressesOf(versions), o)
	switch {
	case err != nil:
		return nil, Info{}, err
	case !own:
		return Copy(as[T](root), o)
	}
	info.Tree = true // so no reference leads to the root
	if info.Size, err = mergedSize(root, reflect.TypeFor[T](), o); err != nil {
		return nil, Info{}, err
	}
	return as[T](root), info, nil
}

// mergedSize is the size of the root, a tree, if somebody asks for it. What versions have changed in a tree are different
// places, so that their sizes say how much more each has made of the base.
func mergedSize(root pointer, t reflect.Type, o Options) (size int64, err error) {
	switch {
	case !o.counts():
		return 0, nil
	case len(o.Sizes) == 0:
		return sizeOf(root, t, o)
	}
	size = o.Sizes[0]
	for _, n := range o.Sizes[1:] {
		size += n - o.Sizes[0]
	}
	if o.Limit > 0 && size > o.Limit {
		return 0, &TooLargeError{Size: size, Limit: o.Limit}
	}
	return size, nil
}

// addressesOf is where the variables are that list points to.
func addressesOf[T any](list []*T) []pointer {
	all := make([]pointer, len(list))
	for i, p := range list {
		all[i] = addrOf(p)
	}
	return all
}

// mergeRoots merges variables of type t. It returns a value of which a copy is the result: it may share memory with base
// and the versions; or, if own is true, the result itself.
func mergeRoots(t reflect.Type, base pointer, versions []pointer, o Options) (root pointer, own bool, err error) {
	if usePlans {
		for _, own := range []bool{o.Adopt, false} {
			if root, done, err := mergeTrees(planFor(t), base, versions, own, o); done {
				return root, own, err
			}
			if !own {
				break
			}
		}
	}
	root, err = obviousMerge(t, base, versions, o)
	return root, false, err
}

// obviousMerge is mergeRoots by the obvious engine.
func obviousMerge(t reflect.Type, base pointer, versions []pointer, o Options) (root pointer, err error) {
	m := &merger{
		clock: newCopier(o, t),
		types: map[reflect.Type]int{}, boxes: map[string]*holder{}, used: map[string]map[*object]bool{},
	}
	defer m.clock.contain(&err)
	for i, v := range append([]pointer{base}, versions...) {
		l, err := newLane(i, t, v, o)
		if err != nil {
			return nil, err
		}
		m.lanes = append(m.lanes, l)
	}
	return m.merge()
}

// A ConflictError says that two versions of a value cannot be merged: both changed what is at Path, and not in the same
// way. To change a part of something counts, if the other version replaced or removed the whole.
type ConflictError struct {
	Path   string // from the root's type name on, like Order.Lines[3].Qty
	Shape  string // Path with … for map keys, which are content: for logs
	First  int    // the lower index of the two versions
	Second int    // the higher one
	Before string // a bounded rendering of what the base has, "" if nothing
	Left   string // likewise of the first version
	Right  string // likewise of the second
}

func (e *ConflictError) Error() string {
	values := ": it was " + orNothing(e.Before) + ", the one made it " + orNothing(e.Left) + ", the other " + orNothing(e.Right)
	return e.text(e.Path, values)
}

// Redacted is Error without map keys and values.
func (e *ConflictError) Redacted() string { return e.text(e.Shape, "") }

func (e *ConflictError) text(path, values string) string {
	return "cannot merge " + path + ": version " + strconv.Itoa(e.First) + " and version " + strconv.Itoa(e.Second) +
		" changed it, or what it leads to, in different ways; let only one of them change it, or run them one after the other" +
		values
}

func orNothing(text string) string {
	if text == "" {
		return "nothing"
	}
	return text
}

// A merger makes one merge, of whatever values. It works on copies of its own: one of the base, which becomes the result, and one of each
// version, of which it takes what is new. Each is a lane. There are five passes:
//
//   - count numbers the objects of the base, in an order that no version has a say in;
//   - match pairs off the objects of the base with those of one version at a time;
//   - decide walks all lanes side by side, finds changes and conflicts, and writes nothing;
//   - the changes are applied to the base's lane, with references into the lanes that they come from;
//   - link makes all references of the result lead to the one object that stands for each identity.
//
// All passes use explicit lists: neither deep nor cyclic values hurt.
type merger struct {
	clock   *copier     // which knows the type of the root, and whom to ask whether to go on
	lanes   []*lane     // that of the base first
	ids     int         // how many identities have been numbered
	known   []*identity // those of the base's objects, in the order of their numbers
	types   map[reflect.Type]int
	objects agenda             // those of the base that have been found
	parts   agenda             // of one object: what interfaces in it hold
	inner   []func()           // what to do about pointers into objects, once nothing else is left
	boxes   map[string]*holder // what interfaces held that have been merged
	edits   []func()           // the decisions, in the order in which they can be applied
	uses    []use
	used    map[string]map[*object]bool // new objects of which the uses have been noted, by versions
	doubts  []doubt
	err     error
}

// merge returns the root of the merged value, made of the memory of the lanes.
func (m *merger) merge() (pointer, error) {
	m.count()
	for _, version := range m.lanes[1:] {
		if m.match(version); m.err != nil {
			return nil, m.err
		}
	}
	root := m.decide()
	if m.err != nil {
		return nil, m.err
	}
	for _, apply := range m.edits {
		apply()
	}
	m.link(root)
	return root.UnsafePointer(), m.err
}

// goOn counts a step, and reports whether there is no reason to stop.
func (m *merger) goOn() bool {
	if m.err == nil {
		m.err = m.clock.tick()
	}
	return m.err == nil
}

// conflict ends the merge. Of g, which is at the given place, versions i and j differ.
func (m *merger) conflict(at *trail, g group, i, j int) {
	if m.err != nil {
		return
	}
	i, j = min(i, j), max(i, j)
	root := typeName(m.clock.rootTyp)
	m.err = &ConflictError{
		Path: at.render(root), Shape: at.shape(root), First: i - 1, Second: j - 1,
		Before: render(g[0]), Left: render(g[i]), Right: render(g[j]),
	}
}

// An agenda is a list of what is left to do. What a task adds is done right after it, in the order in which it was
// added, and before all that was there already: the order of a recursion, without its stack.
type agenda struct{ todo []func() }

func (a *agenda) add(task func()) { a.todo = append(a.todo, task) }

// run does all there is to do, as long as goOn says so.
func (a *agenda) run(goOn func() bool) {
	a.turn(0)
	for len(a.todo) > 0 && goOn() {
		last := len(a.todo) - 1
		task := a.todo[last]
		a.todo[last] = nil
		a.todo = a.todo[:last]
		task()
		a.turn(last)
	}
}

// turn puts the tasks from i on into the order in which they are taken.
func (a *agenda) turn(i int) {
	for j := len(a.todo) - 1; i < j; i, j = i+1, j-1 {
		a.todo[i], a.todo[j] = a.todo[j], a.todo[i]
	}
}
