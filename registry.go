package hooks

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// A Registry keeps hooks by name, for an application whose plugins come and go, and says in
// which order they run:
//
//	var checkout hooks.Registry[Order] // one for all executions
//
//	err := checkout.Register(charge, hooks.Placement{Requires: []string{"reserve"}})
//
//	chain, err := checkout.Resolve()
//	if err != nil {
//		return err // a hook requires another that is not there
//	}
//	report, err := x.Execute(ctx, &order, chain...)
//
// The zero Registry is empty and ready to use. It must not be copied after its first use.
//
// A Registry is safe for concurrent use, also from inside a hook. Each method happens at one
// instant: Resolve and List see all of a change or nothing of it, and a method that returns an
// error has changed nothing. An execution keeps the list that it was started with, so a hook
// that was removed may run until the executions that were begun before have ended.
//
// A hook is asked for its name, options and abilities once, when it is registered, under the
// protection that an executor gives: a panic is an error, and so is a Name or Options method
// that takes longer than 30 seconds, which is left behind. Nobody else waits for it.
//
// A change puts all hooks in order anew. That takes some microseconds for a few hooks, and some
// tenths of a millisecond for a thousand.
type Registry[T any] struct {
	mu     sync.Mutex                // one change at a time; never held while user code runs
	roster atomic.Pointer[roster[T]] // nil: no hooks. Stored with mu held, loaded by anybody
}

// A Registered is what List says of a hook.
type Registered struct {
	Description // as the hook was when it was registered; Options.Version is its version
	Placement
	Enabled bool
	Place   int // its place in the chain that Resolve returns, from 0; -1 if it is disabled
}

// Register adds a hook, enabled. The error matches ErrDuplicateHook if the Registry has one of
// its name (see Replace), ErrHookCycle if no order would be left, and ErrInvalidHook if the
// hook is nil or malformed, or the Placement has a name that no hook can have.
func (r *Registry[T]) Register(hook Hook[T], at Placement) error {
	e, err := newEntry("register", hook, at)
	if err != nil {
		return err
	}
	return r.change("register", e.Name, func(entries []*entry[T], i int) ([]*entry[T], error) {
		if i >= 0 {
			return nil, &classed{ErrDuplicateHook, errors.New("it is registered already; use Replace to put another in its place")}
		}
		return append(entries, e), nil
	})
}

// Replace puts hook in the place of the one that has its name: as old as that one among hooks
// of the same Priority, and enabled if that one is. The Placement is the new one's own. The
// errors are those of Register, but ErrUnknownHook if there is no hook of that name.
func (r *Registry[T]) Replace(hook Hook[T], at Placement) error {
	e, err := newEntry("replace", hook, at)
	if err != nil {
		return err
	}
	return r.changeKnown("replace", e.Name, func(entries []*entry[T], i int) []*entry[T] {
		e.enabled = entries[i].enabled
		entries[i] = e
		return entries
	})
}

// Place gives a hook another Placement. The error matches ErrUnknownHook if there is no hook of
// that name, ErrHookCycle if no order would be left, and ErrInvalidHook if the Placement has a
// name that no hook can have.
func (r *Registry[T]) Place(name string, at Placement) error {
	if err := at.check(); err != nil {
		return registryError("place", name, err)
	}
	return r.edit("place", name, func(e *entry[T]) { e.Placement = at.clone() })
}

// Remove takes a hook out. If others require it, Resolve fails from now on. The error matches
// ErrUnknownHook if there is no hook of that name.
func (r *Registry[T]) Remove(name string) error {
	return r.changeKnown("remove", name, func(entries []*entry[T], i int) []*entry[T] {
		return slices.Delete(entries, i, i+1)
	})
}

// Enable lets a hook run again; one that is enabled stays so. The error matches ErrUnknownHook
// if there is no hook of that name, and ErrHookCycle if no order would be left.
func (r *Registry[T]) Enable(name string) error {
	return r.edit("enable", name, func(e *entry[T]) { e.enabled = true })
}

// Disable keeps a hook out of the chain until it is enabled again. If others require it,
// Resolve fails from now on. The error matches ErrUnknownHook if there is no hook of that name.
func (r *Registry[T]) Disable(name string) error {
	return r.edit("disable", name, func(e *entry[T]) { e.enabled = false })
}

// Resolve returns the enabled hooks in the order in which they run. The error matches
// ErrMissingHook, and names each hook that requires one which is not there, and that one; there
// is no chain then.
//
// The slice is shared with other callers: its elements must not be written. To append to it is
// safe. Resolve is cheap enough to be called for each execution: it loads what the last change
// has made, and allocates nothing.
func (r *Registry[T]) Resolve() ([]Hook[T], error) {
	all := r.roster.Load()
	if all == nil {
		return nil, nil
	}
	return all.chain, all.missing
}

// List returns all hooks, for operators: the enabled ones in the order in which they run, also
// if Resolve fails, then the disabled ones as they were registered. It calls no code of theirs.
// The slice is the caller's own.
func (r *Registry[T]) List() []Registered {
	all := r.roster.Load()
	if all == nil {
		return nil
	}
	list := make([]Registered, 0, len(all.entries))
	for i, e := range all.order {
		list = append(list, e.registered(i))
	}
	for _, e := range all.entries {
		if !e.enabled {
			list = append(list, e.registered(-1))
		}
	}
	return list
}

// change makes a new roster of what do makes of a copy of the entries; i is where the one of
// the name is, -1 if there is none.
func (r *Registry[T]) change(what, name string, do func(entries []*entry[T], i int) ([]*entry[T], error)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var entries []*entry[T]
	if all := r.roster.Load(); all != nil {
		entries = slices.Clone(all.entries)
	}
	i := slices.IndexFunc(entries, func(e *entry[T]) bool { return e.Name == name })
	entries, err := do(entries, i)
	if err != nil {
		return registryError(what, name, err)
	}
	all, err := newRoster(entries, name)
	if err != nil {
		return registryError(what, name, err)
	}
	r.roster.Store(all)
	return nil
}

// changeKnown is change for a hook that must be there.
func (r *Registry[T]) changeKnown(what, name string, do func(entries []*entry[T], i int) []*entry[T]) error {
	return r.change(what, name, func(entries []*entry[T], i int) ([]*entry[T], error) {
		if i < 0 {
			return nil, &classed{ErrUnknownHook, errors.New("none of this name is registered")}
		}
		return do(entries, i), nil
	})
}

// edit changes an entry that must be there: a copy of it, since others may be reading it.
func (r *Registry[T]) edit(what, name string, do func(e *entry[T])) error {
	return r.changeKnown(what, name, func(entries []*entry[T], i int) []*entry[T] {
		e := *entries[i]
		do(&e)
		entries[i] = &e
		return entries
	})
}

// registryError is `hooks: what "hook": cause`.
func registryError(what, name string, err error) error {
	return fmt.Errorf("hooks: %s %q: %w", what, name, err)
}
