package deep

import (
	"reflect"

	"github.com/hooktx/hooks/internal/show"
)

// A Change is one difference between two values.
type Change struct {
	Path   string // from the root, without its name: Lines[3].Qty, Data["user"].name; "." is the root itself
	Before string // a bounded rendering, "" if there was nothing
	After  string // likewise, "" if there is nothing now
}

// Diff lists what differs between *before and *after, by the rules of Equal: nothing if and only if they are equal.
// Changes come in the order of fields, elements and sorted map keys, at most max of them (0 or less: all);
// truncated says that there are more. Where one value is nil or of another dynamic type, the whole is one change; so it
// is for bytes, times, big numbers and addresses. Elements are compared by index: an insertion changes all that follow.
// A place that several paths lead to is shown once, at the first of them. Keys that look alike have an order, too, so that
// one call is as the next.
//
// Its cost is that of comparing, not of max, unless max is reached.
func Diff[T any](before, after *T, max int) (changes []Change, truncated bool) {
	if before == nil || after == nil {
		if before != after {
			changes = []Change{{".", show.Value(before), show.Value(after)}}
		}
		return changes, false
	}
	return diff(reflect.ValueOf(before), reflect.ValueOf(after), max)
}

// diff is Diff of what before and after point to.
func diff(before, after reflect.Value, max int) (changes []Change, truncated bool) {
	if usePlans {
		p := planFor(before.Type().Elem())
		if p.table == nil {
			if equal, done := equalByPlan(before.UnsafePointer(), after.UnsafePointer(), p); equal && done {
				return nil, false
			}
		}
	}
	c := comparison{byPlan: usePlans}
	c.report = func(at *trail, a, b reflect.Value) bool {
		if max > 0 && len(changes) == max {
			truncated = true
			return false
		}
		changes = append(changes, Change{at.inner(), render(a), render(b)})
		return true
	}
	c.runRoots(before, after)
	return changes, truncated
}

// render shows v, or nothing if there is none.
func render(v reflect.Value) string {
	if !v.IsValid() {
		return ""
	}
	return show.Reflect(v)
}
