package suite

import (
	"encoding/gob"
	"errors"
	"fmt"
	"strings"

	"github.com/hooktx/hooks/bench/check"
	"github.com/hooktx/hooks/bench/peers"
	"github.com/hooktx/hooks/bench/shapes"
)

func init() { // gob must know what interfaces hold
	gob.Register(shapes.Document{})
	gob.Register([]any{})
	gob.Register(&shapes.Vertex{})
}

// A subject is a shape with its value. twin is an equal value that shares no memory with it, changed one that differs
// in one place.
type subject[T any] struct {
	shapes.Shape[T]
	value, twin, changed *T

	kept *T // the last copy: results must escape, as they do when they are used
}

func newSubject[T any](sh shapes.Shape[T]) *subject[T] {
	return &subject[T]{Shape: sh, value: sh.Make(), twin: sh.Make()}
}

func (s *subject[T]) Key() string { return s.Shape.Key }

func (s *subject[T]) Name() string { return s.Shape.Name }

// Tasks lists what there is to do of one kind with this shape.
func (s *subject[T]) Tasks(k Kind) (tasks []Task) {
	switch {
	case k == Diff && !strings.Contains(diffed, s.Key()), k != Diff && s.Key() == diffOnly:
		return nil
	case k == Equal && strings.Contains(copied, s.Key()):
		return nil
	}
	for _, impl := range Impls(k) {
		if impl == HandModern && s.Modern == nil || impl == OwnEqual && s.Equal == nil {
			continue
		}
		tasks = append(tasks, Task{k, s.Key(), impl})
	}
	return tasks
}

// Check judges the task's result.
func (s *subject[T]) Check(t Task) error {
	switch t.Kind {
	case Copy:
		return s.checkCopy(t.Impl)
	case Equal:
		return s.checkEqual(t.Impl)
	}
	return s.checkDiff(t.Impl)
}

// Run runs the task.
func (s *subject[T]) Run(t Task, n int) error {
	switch t.Kind {
	case Copy:
		return s.runCopy(t.Impl, n)
	case Equal:
		return s.runEqual(t.Impl, n)
	}
	return s.runDiff(t.Impl, n)
}

// Drop lets the last result go.
func (s *subject[T]) Drop() { s.kept = nil }

// copier returns an implementation's copy function.
func (s *subject[T]) copier(impl string) func(*T) (*T, error) {
	byHand := s.Hand
	switch impl {
	case Hand:
	case HandModern:
		byHand = s.Modern
	default:
		return peers.Of[T](impl)
	}
	return func(src *T) (*T, error) { return byHand(src), nil }
}

// runCopy copies n times.
func (s *subject[T]) runCopy(impl string, n int) error {
	copyOf := s.copier(impl)
	for range n {
		out, err := copyOf(s.value)
		if err != nil {
			return &Failure{err}
		}
		s.kept = out
	}
	return nil
}

// checkCopy copies a fresh value twice, so that what a first copy leaves behind is seen too, and judges both: by the
// walk in step, and by overwriting the copy and looking at the original again.
func (s *subject[T]) checkCopy(impl string) error {
	src, copyOf := s.Make(), s.copier(impl)
	for range 2 {
		got, err := copyOf(src)
		if err != nil {
			return &Failure{err}
		}
		if got == nil {
			return fmt.Errorf("%w: nil", check.ErrUnequal)
		}
		if err := s.verify(src, got); err != nil {
			return err
		}
	}
	return nil
}

func (s *subject[T]) verify(src, got *T) error {
	if s.Verify != nil {
		return s.Verify(src, got)
	}
	err := check.Copy(src, got)
	check.Scribble(got)
	if check.Copy(src, s.Make()) != nil {
		return errors.Join(fmt.Errorf("%w: writing the copy changed the original", check.ErrShared), err)
	}
	return err
}
