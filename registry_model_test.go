package hooks_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/hooktx/hooks"
)

// registryModel is a registry that looks for everything from the start: the entries, as they
// were registered.
type registryModel []modelEntry

type modelEntry struct {
	name    string
	at      hooks.Placement
	enabled bool
	version string
}

func (e modelEntry) hook() hooks.Hook[board] {
	return hooks.With(idle(e.name), func(o *hooks.Options) { o.Version = e.version })
}

// precedes reports whether e must run before f.
func (e modelEntry) precedes(f modelEntry) bool {
	return slices.Contains(e.at.Before, f.name) || slices.Contains(f.at.After, e.name) || slices.Contains(f.at.Requires, e.name)
}

func (m registryModel) find(name string) int {
	return slices.IndexFunc(m, func(e modelEntry) bool { return e.name == name })
}

func (m registryModel) running() registryModel {
	return slices.DeleteFunc(slices.Clone(m), func(e modelEntry) bool { return !e.enabled })
}

// order takes the first of the lowest priority that no other one left must precede, as long as
// there is one. It is false if some are left: they are in a cycle, or behind one.
func (m registryModel) order() (names []string, ok bool) {
	left := m.running()
	for len(left) > 0 {
		best := -1
		for i, e := range left {
			free := !slices.ContainsFunc(left, func(o modelEntry) bool { return o.precedes(e) })
			if free && (best < 0 || e.at.Priority < left[best].at.Priority) {
				best = i
			}
		}
		if best < 0 {
			return nil, false
		}
		names = append(names, left[best].name)
		left = slices.Delete(left, best, best+1)
	}
	return names, true
}

func (m registryModel) complete() bool {
	there := m.running()
	for _, e := range there {
		for _, name := range e.at.Requires {
			if there.find(name) < 0 {
				return false
			}
		}
	}
	return true
}

// list is what List says of m.
func (m registryModel) list() []hooks.Registered {
	var list []hooks.Registered
	names, _ := m.order()
	add := func(e modelEntry, order int) {
		list = append(list, hooks.Registered{Description: hooks.Describe(e.hook()), Placement: e.at, Enabled: e.enabled, Place: order})
	}
	for i, name := range names {
		add(m[m.find(name)], i)
	}
	for _, e := range m {
		if !e.enabled {
			add(e, -1)
		}
	}
	return list
}

// registry returns a registry that comes to m in another way: all hooks first, then what they
// say of each other, then who runs.
func (m registryModel) registry(t *rapid.T) *hooks.Registry[board] {
	r := new(hooks.Registry[board])
	for _, e := range m {
		must(t, errors.Join(r.Register(e.hook(), hooks.Placement{}), r.Disable(e.name)))
	}
	for _, e := range m {
		must(t, r.Place(e.name, e.at))
	}
	for _, e := range m.running() {
		must(t, r.Enable(e.name))
	}
	return r
}

func must(t *rapid.T, err error) {
	if err != nil {
		t.Fatal(err)
	}
}

// change draws a call and makes it. It returns what the model becomes if the call is in order,
// and which error is to come if it is not.
func (m registryModel) change(t *rapid.T, r *hooks.Registry[board], name string) (next registryModel, wrong, err error) {
	next = slices.Clone(m)
	i := m.find(name)
	if i < 0 {
		wrong = hooks.ErrUnknownHook
	}
	switch what := rapid.SampledFrom([]string{"register", "register", "register", "replace", "place", "remove", "enable", "disable"}).Draw(t, "what"); what {
	case "register":
		e := drawEntry(t, name, true)
		if wrong = nil; i >= 0 {
			wrong = hooks.ErrDuplicateHook
		}
		return append(next, e), wrong, r.Register(e.hook(), e.at)
	case "replace":
		e := drawEntry(t, name, i >= 0 && m[max(i, 0)].enabled)
		if i >= 0 {
			next[i] = e
		}
		return next, wrong, r.Replace(e.hook(), e.at)
	case "place":
		e := drawEntry(t, name, false)
		if i >= 0 {
			next[i].at = e.at
		}
		return next, wrong, r.Place(name, e.at)
	case "remove":
		if i >= 0 {
			next = slices.Delete(next, i, i+1)
		}
		return next, wrong, r.Remove(name)
	default:
		if i >= 0 {
			next[i].enabled = what == "enable"
		}
		if what == "enable" {
			return next, wrong, r.Enable(name)
		}
		return next, wrong, r.Disable(name)
	}
}

var modelNames = []string{"a", "b", "c", "d", "e", "f"}

func drawEntry(t *rapid.T, name string, enabled bool) modelEntry {
	some := rapid.SliceOfN(rapid.SampledFrom(modelNames), 0, 2)
	return modelEntry{name, hooks.Placement{
		Priority: rapid.IntRange(-1, 1).Draw(t, "priority"),
		Before:   some.Draw(t, "before"), After: some.Draw(t, "after"), Requires: some.Draw(t, "requires"),
	}, enabled, fmt.Sprint("v", rapid.IntRange(1, 9).Draw(t, "version"))}
}

// Random calls, compared with the model after each; and at the end with a registry that has
// come to the same in another way.
func TestRegistryAgainstTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := new(hooks.Registry[board])
		var m registryModel
		for range rapid.IntRange(1, 25).Draw(t, "calls") {
			name := rapid.SampledFrom(modelNames).Draw(t, "name")
			next, wrong, err := m.change(t, r, name)
			if wrong == nil {
				if _, ok := next.order(); !ok {
					wrong = hooks.ErrHookCycle
					next.leadsAround(t, name, err)
				}
			}
			if !errors.Is(err, wrong) || wrong == nil && err != nil {
				t.Fatalf("got error %v, want %v; before: %+v", err, wrong, m)
			}
			if wrong == nil {
				m = next
			}
			m.compare(t, r)
		}
		m.compare(t, m.registry(t))
	})
}

// leadsAround checks that the error names a way from the hook back to itself.
func (m registryModel) leadsAround(t *rapid.T, name string, err error) {
	_, path, _ := strings.Cut(fmt.Sprint(err), "hooks in a circle: ")
	names := strings.Split(path, " before ")
	if len(names) < 2 || names[0] != name || names[len(names)-1] != name {
		t.Fatalf("got error %v, want a way from %s to %s", err, name, name)
	}
	there := m.running()
	for i, next := range names[1:] {
		a, b := there.find(names[i]), there.find(next)
		if a < 0 || b < 0 || !there[a].precedes(there[b]) {
			t.Fatalf("%s need not run before %s: %v", names[i], next, err)
		}
	}
}

func (m registryModel) compare(t *rapid.T, r *hooks.Registry[board]) {
	if diff := cmp.Diff(m.list(), r.List(), cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("List differs from the model (-want +got):\n%s", diff)
	}
	chain, err := r.Resolve()
	if complete := m.complete(); !complete {
		if chain != nil || !errors.Is(err, hooks.ErrMissingHook) {
			t.Fatalf("got %s and error %v, want none and ErrMissingHook: %+v", namesIn(chain), err, m)
		}
		return
	}
	names, _ := m.order()
	if got := namesIn(chain); err != nil || got != strings.Join(names, " ") {
		t.Fatalf("got %s and error %v, want %s", got, err, strings.Join(names, " "))
	}
	m.satisfied(t, names)
}

// satisfied checks an order by the rules themselves, without regard to how it was found.
func (m registryModel) satisfied(t *rapid.T, names []string) {
	for i, a := range names {
		for _, b := range names[i+1:] {
			e, f := m[m.find(a)], m[m.find(b)]
			if f.precedes(e) {
				t.Fatalf("%s runs before %s, which must run before it: %v", a, b, names)
			}
		}
	}
	for i := 1; i < len(names); i++ { // neighbours that could change places must stand as they like
		a, b := m.find(names[i-1]), m.find(names[i])
		p, q := m[a].at.Priority, m[b].at.Priority
		if !m[a].precedes(m[b]) && (p > q || p == q && a > b) {
			t.Fatalf("%s runs just before %s without need: %v", names[i-1], names[i], names)
		}
	}
}
