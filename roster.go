package hooks

import "fmt"

// A roster is all that a Registry has at one time. It is never written once it is stored, and
// neither are its entries, so that who has loaded it needs no lock.
type roster[T any] struct {
	entries []*entry[T] // as they were registered
	order   []*entry[T] // the enabled ones, as they run
	chain   []Hook[T]   // their hooks; nil if missing is not
	missing error       // what is required and not there
}

// An entry is a hook in a Registry.
type entry[T any] struct {
	Description
	Placement
	hook    Hook[T]
	enabled bool
}

// newEntry asks a hook that is to be registered what it is.
func newEntry[T any](what string, hook Hook[T], at Placement) (*entry[T], error) {
	d, err := describeContained(hook)
	if err == nil {
		err = at.check()
	}
	switch {
	case err == nil:
		return &entry[T]{Description: d, Placement: at.clone(), hook: hook, enabled: true}, nil
	case d.Name == "": // it has none, or none is known
		return nil, fmt.Errorf("hooks: %s: %w", what, err)
	}
	return nil, registryError(what, d.Name, err)
}

func (e *entry[T]) registered(place int) Registered {
	return Registered{e.Description.clone(), e.Placement.clone(), e.enabled, place}
}

// describeContained is Describe under the protection of an executor of the zero Config.
func describeContained[T any](h Hook[T]) (Description, error) {
	if !talks(h) {
		d := Describe(h)
		return d, d.Err
	}
	d, err := askContained("the Name and Options methods of the hook", func() Description { return Describe(h) })
	if err != nil {
		return Description{}, &classed{ErrInvalidHook, fmt.Errorf("its Name or Options did not return: %w", err)}
	}
	return d, d.Err
}

// newRoster puts entries in order. changed is the name of the one that is new or different.
func newRoster[T any](entries []*entry[T], changed string) (*roster[T], error) {
	g := newGraph(entries)
	order, err := g.order(changed)
	if err != nil {
		return nil, err
	}
	all := &roster[T]{entries: entries, order: order, missing: g.missing(entries)}
	if all.missing == nil {
		all.chain = make([]Hook[T], len(order)) // no room for more: a caller's append makes a copy
		for i, e := range order {
			all.chain[i] = e.hook
		}
	}
	return all, nil
}
