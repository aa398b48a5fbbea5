package hooks

import (
	"slices"
	"time"
)

// An outline is what is left of a chain when it has run: what its reports, its contexts and
// whoever kept one of them have to know of the steps. One outline serves all executions of the
// chain, so it is never written again.
type outline struct {
	names  []string
	traits []trait
	places []place // nil if there are no groups
}

// A trait is what the contexts of a hook have to know of it.
type trait struct {
	timeout  time.Duration
	readOnly bool
}

// outlined returns the outline of the steps. That is the one given if it says the same, as it
// does for hooks that are made anew for each execution.
func outlined[T any](steps []step[T], places []place, last *outline) *outline {
	if last != nil && fits(last, steps) && slices.Equal(last.places, places) {
		return last
	}
	o := &outline{names: make([]string, len(steps)), traits: make([]trait, len(steps)), places: places}
	for i := range steps {
		o.names[i], o.traits[i] = steps[i].name, steps[i].trait()
	}
	return o
}

// fits reports whether o has the names and traits of the steps.
func fits[T any](o *outline, steps []step[T]) bool {
	if len(o.names) != len(steps) {
		return false
	}
	for i := range steps {
		if o.names[i] != steps[i].name || o.traits[i] != steps[i].trait() {
			return false
		}
	}
	return true
}

// shows reports whether step i has a Result of its own, and isGroup whether that is a group's.
func (o *outline) shows(i int) bool   { return o.places == nil || !o.places[i].plain }
func (o *outline) isGroup(i int) bool { return o.places != nil && o.places[i].role == firstStep }

// isHook reports whether step i is a hook.
func (o *outline) isHook(i int) bool { return o.places == nil || o.places[i].role == hookStep }

// placeOf is the place of a step among its siblings.
func (o *outline) placeOf(step int32) int {
	if o.places == nil {
		return int(step)
	}
	return int(o.places[step].index)
}
