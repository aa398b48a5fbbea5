// Package shapes has the values that are copied, and for each a copy function written by hand.
//
// The functions are what a generator such as k8s deepcopy-gen emits for the type: new for pointers, make and copy for
// slices, make and range for maps, a struct assigned whole before its references are replaced. Nil stays nil. Where
// such a generator has nothing to offer (interfaces, cycles, memory that two fields share) they are what its users
// write instead.
package shapes

import (
	"fmt"
	"math/rand/v2"
)

// A Shape is one type with one realistic value.
type Shape[T any] struct {
	Key  string // one letter, the name in tables and logs
	Name string // what it is, for readers

	// Make builds the value. Every call builds an equal one, which shares no memory with others.
	Make func() *T

	// Hand is the deep copy written by hand.
	Hand func(*T) *T

	// Modern is Hand with maps.Clone and slices.Clone in place of loops; nil where they make no difference.
	Modern func(*T) *T

	// Verify replaces the general check of a copy, for types whose fields are not their value; else nil. src is the
	// original as it is after the copy, and Verify may write both.
	Verify func(src, got *T) error

	// Equal replaces reflect.DeepEqual and go-cmp as what else one would call; else nil.
	Equal func(a, b *T) bool
}

// source returns random numbers that are the same in every run.
func source(shape uint64) *rand.Rand { return rand.New(rand.NewPCG(shape, 1)) }

// word returns a text of eight letters and digits that has memory of its own.
func word(r *rand.Rand) string { return fmt.Sprintf("%08x", r.Uint32()) }

// ptr returns a pointer to a new v.
func ptr[T any](v T) *T { return &v }

// clonePtr is what a generator emits for a pointer to a value without references.
func clonePtr[T any](in *T) *T {
	if in == nil {
		return nil
	}
	out := new(T)
	*out = *in
	return out
}
