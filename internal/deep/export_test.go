package deep

import (
	"reflect"
)

// UsePlans says whether there are plans at all.
const UsePlans = usePlans

// What tests of values of types made at run time need: the two engines, side by side. A value is given by a pointer to
// it.

// PlanCopy copies *src by plans. It reports false if that is for the obvious engine to do.
func PlanCopy(src reflect.Value, o Options) (dst reflect.Value, info Info, done bool, err error) {
	return PlanCopyFor(reflect.Zero(src.Type()), src, o)
}

// ObviousCopy copies *src by the obvious engine.
func ObviousCopy(src reflect.Value, o Options) (dst reflect.Value, info Info, err error) {
	return ObviousCopyFor(reflect.Zero(src.Type()), src, o)
}

// PlanEqual compares *a and *b by plans. It reports false if that is for the obvious engine to do.
func PlanEqual(a, b reflect.Value) (equal, done bool) {
	return equalByPlan(a.UnsafePointer(), b.UnsafePointer(), planFor(a.Type().Elem()))
}

// ObviousEqual compares *a and *b by the obvious engine.
func ObviousEqual(a, b reflect.Value) bool { return obviousEqual(a, b) }

// PlanSize measures *src by plans. It reports false if that is for the obvious engine to do.
func PlanSize(src reflect.Value, o Options) (n int64, done bool, err error) {
	return sizeByPlan(src.UnsafePointer(), weighSet.find(src.Type().Elem()), o)
}

// ObviousSize measures *src by the obvious engine.
func ObviousSize(src reflect.Value, o Options) (int64, error) {
	return obviousSize(src.UnsafePointer(), src.Type().Elem(), o)
}

// DiffValues is Diff of *a and *b.
func DiffValues(a, b reflect.Value, max int) ([]Change, bool) { return diff(a, b, max) }
