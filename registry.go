package hooks

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/hooktx/hooks/internal/call"
)

// A Registry keeps hooks by name, for an application whose plugins come and go, and says in
// which order they run:
//
//	var checkout hooks.Registry[Order]
//	err := checkout.Register(charge, hooks.Placement{After: []string{"reserve"}})
//	...
//	chain, err := checkout.Resolve()
//	report, err := x.Execute(ctx, &order, chain...)
//
// It is safe for concurrent use, also from inside a hook: an execution keeps the list that it
// was given. What a method refuses changes nothing. The zero Registry is empty and ready; it
// must not be copied after its first use.
type Registry[T any] struct {
	mu      sync.Mutex // guards entries and last; never held while user code runs
	entries map[string]*registryEntry[T]
	last    int // the number of the newest entry

	resolved atomic.Pointer[resolvedOrder[T]] // nil: empty. Written with mu held
}

// A Placement says where a hook runs among others.
//
// A hook that runs is after all that must come before it. Among those that may come next, the
// one with the lowest Priority does; among equals, the one that was registered first.
type Placement struct {
	Priority int

	// Before and After name hooks that run later and earlier, if they run. Names of hooks
	// that are not registered, or disabled, are ignored.
	Before, After []string

	// Requires names hooks without which this one must not run. They run before it. A name
	// that is not registered, or disabled, is an error of Resolve, so that plugins can be
	// registered in any order.
	Requires []string
}

// A Registered is a hook of a Registry, as List shows it.
type Registered struct {
	Description
	Placement
	Enabled bool
	Place   int // in the resolved order, from 0; -1 if it is disabled
}

// A registryEntry is a hook in a registry. It is replaced, never written.
type registryEntry[T any] struct {
	hook    Hook[T]
	name    string
	at      Placement
	enabled bool
	number  int // in the order of registration
}

// A resolvedOrder is what Resolve returns.
type resolvedOrder[T any] struct {
	entries []*registryEntry[T] // the enabled ones, in order
	hooks   []Hook[T]           // likewise
	missing error               // what is required and not there
}

var (
	// ErrUnknownHook says that a Registry has no hook, or no enabled one, of a name.
	ErrUnknownHook error = &class{text: "unknown hook"}

	// ErrHookCycle says that hooks of a Registry would have to run before each other. The
	// text names them in a circle.
	ErrHookCycle error = &class{text: "hooks in a circle"}
)

// Register adds a hook, enabled. The error matches ErrInvalidHook if no chain could run it,
// ErrDuplicateHook if there is one of its name, and ErrHookCycle if there would be no order.
func (r *Registry[T]) Register(h Hook[T], at Placement) error {
	name, err := nameOf(h)
	if err != nil {
		return fmt.Errorf("hooks: register: %w", err)
	}
	return r.change("register", func(entries map[string]*registryEntry[T]) error {
		if entries[name] != nil {
			return &said{ErrDuplicateHook, fmt.Sprintf("duplicate hook %q: it is registered already; use Replace for another one of this name", name)}
		}
		r.last++
		entries[name] = &registryEntry[T]{h, name, at.clone(), true, r.last}
		return nil
	})
}

// Replace puts h in the place of the hook of its name, with the same placement, enabled if that
// one was. The error matches ErrUnknownHook if there is none.
func (r *Registry[T]) Replace(h Hook[T]) error {
	name, err := nameOf(h)
	if err != nil {
		return fmt.Errorf("hooks: replace: %w", err)
	}
	return r.edit("replace", name, func(e *registryEntry[T]) { e.hook = h })
}

// Place gives a hook another placement. The error matches ErrUnknownHook if there is none of
// this name, and ErrHookCycle if there would be no order.
func (r *Registry[T]) Place(name string, at Placement) error {
	return r.edit("place", name, func(e *registryEntry[T]) { e.at = at.clone() })
}

// Remove takes a hook out. The error matches ErrUnknownHook if there is none of this name.
func (r *Registry[T]) Remove(name string) error {
	return r.change("remove", func(entries map[string]*registryEntry[T]) error {
		if entries[name] == nil {
			return unknownHook(name)
		}
		delete(entries, name)
		return nil
	})
}

// Enable lets a hook run again. The error matches ErrUnknownHook if there is none of this name,
// and ErrHookCycle if there would be no order.
func (r *Registry[T]) Enable(name string) error {
	return r.edit("enable", name, func(e *registryEntry[T]) { e.enabled = true })
}

// Disable keeps a hook from running until it is enabled. The error matches ErrUnknownHook if
// there is none of this name.
func (r *Registry[T]) Disable(name string) error {
	return r.edit("disable", name, func(e *registryEntry[T]) { e.enabled = false })
}

// Resolve returns the enabled hooks in the order in which they run. The error, which matches
// ErrUnknownHook, names each hook that requires one which is not there. The list is made when
// something changes, so this costs next to nothing; it is shared, and must not be written.
func (r *Registry[T]) Resolve() ([]Hook[T], error) {
	o := r.resolved.Load()
	if o == nil {
		return nil, nil
	}
	return o.hooks, o.missing
}

// List returns all hooks: those that run in their order, then the disabled ones in that of their
// registration. It calls Name and Options of each.
func (r *Registry[T]) List() []Registered {
	r.mu.Lock()
	var all, rest []*registryEntry[T]
	if o := r.resolved.Load(); o != nil {
		all = slices.Clone(o.entries)
	}
	for _, e := range r.entries {
		if !e.enabled {
			rest = append(rest, e)
		}
	}
	r.mu.Unlock()
	enabled := len(all)
	slices.SortFunc(rest, func(a, b *registryEntry[T]) int { return a.number - b.number })
	var list []Registered
	for i, e := range append(all, rest...) {
		l := Registered{describeContained(e), e.at.clone(), e.enabled, i}
		if i >= enabled {
			l.Place = -1
		}
		list = append(list, l)
	}
	return list
}

// edit changes the entry of a name.
func (r *Registry[T]) edit(what, name string, do func(e *registryEntry[T])) error {
	return r.change(what, func(entries map[string]*registryEntry[T]) error {
		e := entries[name]
		if e == nil {
			return unknownHook(name)
		}
		fresh := *e
		do(&fresh)
		entries[name] = &fresh
		return nil
	})
}

// change lets do change a copy of the entries, and keeps that if there is an order for them.
func (r *Registry[T]) change(what string, do func(entries map[string]*registryEntry[T]) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	entries := maps.Clone(r.entries)
	if entries == nil {
		entries = map[string]*registryEntry[T]{}
	}
	if err := do(entries); err != nil {
		return fmt.Errorf("hooks: %s: %w", what, err)
	}
	o, err := orderOf(entries)
	if err != nil {
		return fmt.Errorf("hooks: %s: %w", what, err)
	}
	r.entries = entries
	r.resolved.Store(o)
	return nil
}

func unknownHook(name string) error {
	return &said{ErrUnknownHook, fmt.Sprintf("unknown hook %q: no hook of this name is registered", name)}
}

// clone returns p with lists of its own.
func (p Placement) clone() Placement {
	p.Before, p.After, p.Requires = slices.Clone(p.Before), slices.Clone(p.After), slices.Clone(p.Requires)
	return p
}

// nameOf asks a hook for its name, and refuses it if no chain could run it.
func nameOf[T any](h Hook[T]) (string, error) {
	out := call.Start(func() Description { return Describe(h) }, nil, nil).Join()
	if out.How != call.Returned {
		return "", &said{ErrInvalidHook, "hook has a Name or Options method that panics or exits"}
	}
	return out.Value.Name, out.Value.Err
}

func describeContained[T any](e *registryEntry[T]) Description {
	out := call.Start(func() Description { return Describe(e.hook) }, nil, nil).Join()
	if out.How != call.Returned {
		return Description{Name: e.name, Err: &said{ErrInvalidHook, "hook has a Name or Options method that panics or exits"}}
	}
	return out.Value
}

// missing says which of the entries require one that is not among those that run.
func missing[T any](order []*registryEntry[T], entries map[string]*registryEntry[T]) error {
	var all []error
	for _, e := range order {
		for _, name := range e.at.Requires {
			switch other := entries[name]; {
			case other == nil:
				all = append(all, &said{ErrUnknownHook, fmt.Sprintf("hook %q requires %q, which is not registered", e.name, name)})
			case !other.enabled:
				all = append(all, &said{ErrUnknownHook, fmt.Sprintf("hook %q requires %q, which is disabled", e.name, name)})
			}
		}
	}
	if all == nil {
		return nil
	}
	return fmt.Errorf("hooks: resolve: %w", errors.Join(all...))
}

// circle is the text of an ErrHookCycle.
func circle(names []string) error {
	return &said{ErrHookCycle, "hooks in a circle: " + strings.Join(append(names, names[0]), " before ")}
}
