package deep

import "reflect"

// PlanCopyFor is PlanCopy for the variable that home points to.
func PlanCopyFor(home, src reflect.Value, o Options) (dst reflect.Value, info Info, done bool, err error) {
	t := src.Type().Elem()
	p := planFor(t)
	if p.alien || o.Limit > 0 && int64(p.size) > o.Limit {
		return dst, info, false, nil
	}
	out := p.dup(src.UnsafePointer())
	if len(p.mend[copying]) == 0 {
		info, done = p.counted(src.UnsafePointer(), &o)
		return reflect.NewAt(t, out), info, done, nil
	}
	out, info, done, err = p.finish(out, home.UnsafePointer(), src.UnsafePointer(), &o, new(answers))
	return reflect.NewAt(t, out), info, done, err
}

// ObviousCopyFor is ObviousCopy for the variable that home points to.
func ObviousCopyFor(home, src reflect.Value, o Options) (dst reflect.Value, info Info, err error) {
	t := src.Type().Elem()
	out, info, err := obviousCopy(t, home.UnsafePointer(), src.UnsafePointer(), o, nil)
	return reflect.NewAt(t, out), info, err
}

// Attempt names the attempt by which the next copy of a T starts.
func Attempt[T any]() string {
	return [...]string{"straight", "guided", "patient", "surveyed"}[planFor(reflect.TypeFor[T]()).attempt.Load()]
}

// RoomOf is how many entries the map has room for.
func RoomOf[K comparable, V any](m map[K]V) int { return roomOf(*(*pointer)(pointer(&m))) }

// TreeMerge merges *base and versions as trees, by plans: it returns a pointer to a value of which a copy is the result. It
// reports false if that is for the obvious merge to do.
func TreeMerge(base reflect.Value, versions []reflect.Value, o Options) (root reflect.Value, done bool, err error) {
	t := base.Type().Elem()
	p, done, err := mergeTrees(planFor(t), base.UnsafePointer(), pointersOf(versions), o.Adopt, o)
	return reflect.NewAt(t, p), done, err
}

// ObviousMerge is TreeMerge by the obvious engine.
func ObviousMerge(base reflect.Value, versions []reflect.Value, o Options) (root reflect.Value, err error) {
	t := base.Type().Elem()
	p, err := obviousMerge(t, base.UnsafePointer(), pointersOf(versions), o)
	return reflect.NewAt(t, p), err
}

func pointersOf(list []reflect.Value) (all []pointer) {
	for _, v := range list {
		all = append(all, v.UnsafePointer())
	}
	return all
}

// IsTree reports whether *v is a tree of what is simply copied, by a look at all of it.
func IsTree(v reflect.Value) bool {
	p := planFor(v.Type().Elem())
	s := newTreeSurveyor(Options{})
	defer s.release()
	return p.set.trees || s.run(v.UnsafePointer(), p) && !s.overlapping()
}

// SetManyEntries changes how many entries a map has of which a merge does not look at all, and returns what it was.
func SetManyEntries(n int) (was int) {
	was, manyEntries = manyEntries, n
	return was
}

// ManyEntries is how many they are.
func ManyEntries() int { return manyEntries }

// MergedSize is the size of *v, which was merged by plans.
func MergedSize(v reflect.Value, o Options) (int64, error) {
	return mergedSize(v.UnsafePointer(), v.Type().Elem(), o)
}
