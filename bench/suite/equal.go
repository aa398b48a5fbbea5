package suite

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/hooktx/hooks/bench/check"
	"github.com/hooktx/hooks/internal/deep"
)

// maxChanges is how many changes Diff is asked for.
const maxChanges = 100

var errVerdict = errors.New("wrong verdict")

// equality returns an implementation's comparison.
func (s *subject[T]) equality(impl string) func(a, b *T) bool {
	switch impl {
	case Reflect:
		return func(a, b *T) bool { return reflect.DeepEqual(a, b) }
	case Cmp:
		options := cmpOptions[T]()
		return func(a, b *T) bool { return cmp.Equal(a, b, options) }
	case OwnEqual:
		return s.Equal
	}
	return deep.Equal[T]
}

// cmpOptions lets go-cmp see what the others see: messages as such, unexported fields too.
func cmpOptions[T any]() cmp.Option {
	if _, ok := any(new(T)).(proto.Message); ok {
		return protocmp.Transform()
	}
	return cmp.Exporter(func(reflect.Type) bool { return true })
}

func (s *subject[T]) runEqual(impl string, n int) error {
	equal := s.equality(impl)
	for range n {
		if !equal(s.value, s.twin) {
			return errVerdict
		}
	}
	return nil
}

// checkEqual wants to hear that equal values are, and that ones which differ in one place are not.
func (s *subject[T]) checkEqual(impl string) error {
	equal := s.equality(impl)
	switch a, b := s.Make(), s.Make(); {
	case !equal(a, b):
		return fmt.Errorf("%w: equal values differ", errVerdict)
	case !check.Nudge(b):
		return errors.New("nothing to change in the shape")
	case equal(a, b) || equal(b, a):
		return fmt.Errorf("%w: a difference is not seen", errVerdict)
	}
	return nil
}

func (s *subject[T]) runDiff(impl string, n int) error {
	if impl == DiffEqual {
		return s.runEqual(Hooks, n)
	}
	if s.changed == nil {
		s.changed = s.Make()
		check.Nudge(s.changed)
	}
	for range n {
		if changes, more := deep.Diff(s.value, s.changed, maxChanges); len(changes) != 1 || more {
			return errVerdict
		}
	}
	return nil
}

func (s *subject[T]) checkDiff(impl string) error {
	if impl == DiffEqual {
		return s.checkEqual(Hooks)
	}
	return s.runDiff(impl, 1)
}
