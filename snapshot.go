package hooks

import (
	"fmt"
	"time"

	"github.com/hooktx/hooks/internal/call"
	"github.com/hooktx/hooks/internal/deep"
)

// A Snapshot is a deep copy of a state as it was at one time. An executor needs none
// of them; they are for tests, and for code that saves and restores by hand. A
// Snapshot does not change, and is safe for concurrent use.
type Snapshot[T any] struct {
	state   *T // never handed out
	time    time.Time
	creator string
	size    int64
}

// TakeSnapshot copies *state. creator says who took the snapshot. There is no size
// limit. DeepCopy methods of the state may take 30s together. The error matches
// ErrInvalidArgument or ErrNotCopyable; the latter names the path.
func TakeSnapshot[T any](state *T, creator string) (*Snapshot[T], error) {
	if state == nil {
		return nil, fmt.Errorf("hooks: snapshot: %w", invalidArgument("the state is nil; pass a pointer to the state"))
	}
	s := &Snapshot[T]{time: time.Now(), creator: creator}
	copied, info, err := deep.Copy(state, snapshotOptions())
	if err != nil {
		return nil, fmt.Errorf("hooks: snapshot: %w", copyError(err))
	}
	s.state, s.size = copied, info.Size
	return s, nil
}

// Time returns when the snapshot was taken.
func (s *Snapshot[T]) Time() time.Time { return s.time }

// Creator returns who took the snapshot.
func (s *Snapshot[T]) Creator() string { return s.creator }

// Size returns the size of the snapshot in bytes of memory.
func (s *Snapshot[T]) Size() int64 { return s.size }

// Restore gives *state the value that it had when the snapshot was taken. It
// replaces what *state holds, it does not merge. It may be called any number of
// times: what is restored is a copy. *state keeps what it keeps at a commit; see
// Executor.Execute. If Restore returns an error, *state is unchanged.
func (s *Snapshot[T]) Restore(state *T) error {
	if state == nil {
		return fmt.Errorf("hooks: restore: %w", invalidArgument("the state is nil; pass a pointer to the state"))
	}
	shell, _, err := deep.CopyFor(state, s.state, snapshotOptions())
	if err != nil {
		return fmt.Errorf("hooks: restore: %w", copyError(err))
	}
	deep.Assign(state, shell)
	return nil
}

// Changes returns the differences from the snapshot to *state, by path, at most 1000;
// none if state is nil.
func (s *Snapshot[T]) Changes(state *T) []Change {
	if state == nil {
		return nil
	}
	return diff(s.state, state)
}

// snapshotOptions contains DeepCopy methods, which are user code.
func snapshotOptions() deep.Options {
	deadline := time.Now().Add(defaultTimeout)
	return deep.Options{
		Call: func(fn func()) error { return containUntil(deadline, func(*call.Guard) { fn() }, false) },
		Together: func(work func(deep.Gate)) error {
			return containUntil(deadline, func(g *call.Guard) { work(g) }, true)
		},
	}
}

// containUntil runs fn, with a guard if it is guarded.
func containUntil(deadline time.Time, fn func(*call.Guard), guarded bool) error {
	over := make(chan struct{})
	timer := time.AfterFunc(time.Until(deadline), func() { close(over) })
	defer timer.Stop()
	var g *call.Guard
	if guarded {
		g = call.NewGuard(over)
	}
	c := call.StartGuarded(g, func() struct{} { fn(g); return struct{}{} }, nil, nil)
	out := c.Wait(over, func() {}, 0, func() {})
	if out == nil {
		return &timeLimit{"copying the state", defaultTimeout}
	}
	return broken(out)
}

// broken is the error of a call that did not return, nil if it did.
func broken[R any](out *call.Outcome[R]) error {
	switch out.How {
	case call.Panicked:
		return &PanicError{Value: out.Panic, Stack: out.Stack, text: panicText(out.Panic)}
	case call.Exited:
		return errExitedWithout
	}
	return nil
}
