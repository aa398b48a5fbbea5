package hooks

import (
	"fmt"
	"slices"
)

// A Placement says where a hook runs among the enabled hooks of a Registry. Hooks that all have
// the zero Placement run as they were registered.
//
// Before, After and Requires come first: a hook runs when all that must run before it have run.
// Of the hooks that may run next, the one with the lowest Priority does; of those with the same
// Priority, the one that was registered first. So a Priority never makes a hook overtake one
// that must run before it, nor does it hurry that one.
type Placement struct {
	// Priority is lower for a hook that runs earlier. It may be negative.
	Priority int

	// Before and After name hooks that must run after and before this one, if they run. A hook
	// that is not registered, or is disabled, does not count.
	Before, After []string

	// Requires names hooks that must run before this one, and without which the chain must not
	// run at all: as long as one of them is not registered, or is disabled, Resolve fails. That
	// is not found out earlier, so that plugins can be registered in any order. Requires is an
	// order too, since what a hook requires is of use to it only when it is done.
	Requires []string
}

// clone returns p with lists of its own.
func (p Placement) clone() Placement {
	p.Before, p.After, p.Requires = slices.Clone(p.Before), slices.Clone(p.After), slices.Clone(p.Requires)
	return p
}

// check refuses names that no registered hook can have: whoever wrote them expects an order
// that there would not be.
func (p Placement) check() error {
	for _, list := range []struct {
		field string
		names []string
	}{{"Before", p.Before}, {"After", p.After}, {"Requires", p.Requires}} {
		for _, name := range list.names {
			if checkName(name) != nil {
				return invalidHook(fmt.Sprintf("has a Placement whose %s has %q, which no registered hook can be called; members of a group cannot be named", list.field, name))
			}
		}
	}
	return nil
}
