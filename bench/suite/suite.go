// Package suite joins shapes and peers to tasks that can be checked and run by name.
package suite

import (
	"cmp"
	"slices"

	"github.com/hooktx/hooks/bench/peers"
	"github.com/hooktx/hooks/bench/shapes"
)

// A Kind is what is done with a shape.
type Kind string

// The kinds of tasks.
const (
	Copy  Kind = "copy"
	Equal Kind = "equal" // the value and an independent copy of it: nothing may be skipped
	Diff  Kind = "diff"  // two maps of which one entry differs, and the comparing of equal ones beside it
	Chain Kind = "chain" // a chain of hooks is run; the shape is how many they are
)

// Base returns the implementation that others of the kind are divided by.
func (k Kind) Base() string {
	return map[Kind]string{Copy: Hand, Equal: Hooks, Diff: DiffEqual, Chain: Textbook}[k]
}

// Names of implementations that are not peers.
const (
	Hand       = "hand"
	HandModern = "hand-clone" // with maps.Clone and slices.Clone
	Hooks      = "hooks"
	Reflect    = "reflect" // reflect.DeepEqual
	Cmp        = "go-cmp"
	OwnEqual   = "own" // the shape's own Equal
	DiffEqual  = "equal"
	Textbook   = "textbook" // the loop that one would write for a chain
)

// A Task names one thing to measure.
type Task struct {
	Kind  Kind
	Shape string
	Impl  string
}

// A Subject is a shape's value with everything that can be done to it.
type Subject interface {
	Key() string
	Name() string
	Tasks(Kind) []Task

	// Check runs the task once, on values of its own, and judges the result. An error that is a *Failure came from the
	// implementation, any other is the verdict.
	Check(Task) error

	// Run runs the task n times on the subject's value. The last result is kept until the next Run or Drop.
	Run(t Task, n int) error
	Drop()
}

// A Failure is an implementation's own error.
type Failure struct{ Err error }

func (f *Failure) Error() string { return f.Err.Error() }

func (f *Failure) Unwrap() error { return f.Err }

// A Source makes the subject of one shape. The value is built by New, so that only one of them need be alive.
type Source struct {
	Key, Name string
	New       func() Subject
}

func source[T any](sh shapes.Shape[T]) Source {
	return Source{sh.Key, sh.Name, func() Subject { return newSubject(sh) }}
}

// Sources lists all shapes in the order of tables.
func Sources() []Source {
	return []Source{
		source(shapes.Flat), source(shapes.Order), source(shapes.JSON), source(shapes.Bytes), source(shapes.Ints),
		source(shapes.Tree), source(shapes.Counts), source(shapes.Records), source(shapes.Scalars), source(shapes.Message),
		source(shapes.Optional), source(shapes.Nested), source(shapes.Interior), source(shapes.Accounts), source(shapes.Grid),
		source(shapes.List), source(shapes.Graph), source(shapes.Windows), source(shapes.WindowsWhole),
		source(shapes.SelfPointers), source(shapes.Rings), source(shapes.Foreign), source(shapes.Peeks), source(shapes.Boxed),
		source(shapes.PointerPeeks), source(shapes.ManyCounts),
	}
}

// diffOnly holds the shapes that are there for Diff alone, diffed those that have it. copied holds those that are not
// compared: others look at each of a million elements, or go round in rings, which says nothing that other shapes do not.
const (
	diffOnly = "G"
	diffed   = "Gi"
	copied   = "rsuwy"
)

// Impls lists the implementations of a kind in the order of tables.
func Impls(k Kind) []string {
	switch k {
	case Copy:
		impls := []string{Hand, HandModern}
		for _, p := range peers.All {
			impls = append(impls, p.Key)
		}
		return impls
	case Equal:
		return []string{Hooks, Reflect, Cmp, OwnEqual}
	}
	return []string{DiffEqual, Hooks}
}

// Title is an implementation's name for readers.
func Title(k Kind, impl string) string {
	titles := map[string]string{
		Hand: "hand-written", HandModern: "hand, with maps.Clone and slices.Clone", Reflect: "reflect.DeepEqual",
		Cmp: "go-cmp", OwnEqual: "proto.Equal", DiffEqual: "Equal of equal maps",
	}
	if k == Diff && impl == Hooks {
		return "Diff of maps that differ in one entry"
	}
	for _, p := range peers.All {
		titles[p.Key] = p.Name
	}
	return cmp.Or(titles[impl], impl)
}

// Find returns the source with a key.
func Find(all []Source, key string) (Source, bool) {
	i := slices.IndexFunc(all, func(s Source) bool { return s.Key == key })
	if i < 0 {
		return Source{}, false
	}
	return all[i], true
}
