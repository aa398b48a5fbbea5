package hooks

import (
	"context"

	"github.com/hooktx/hooks/internal/deep"
)

// A Validator judges the state change that one hook made, after the hook's Execute
// and before the change counts. If its result has an error, or if it panics, exits
// or takes too long, the hook fails with ErrInvalidState and is undone.
//
// All validators of a hook share one budget, as long as the hook's own. Read-only
// hooks change nothing and are not judged.
type Validator[T any] interface {
	// Name must be unique among an executor's validators; Config names them by it. It is asked when the
	// executor or the cell is made, which gives it 30 seconds.
	Name() string
	Validate(ctx context.Context, change StateChange[T]) ValidationResult
}

// A ValidationResult is what a Validator says. The zero value is valid.
type ValidationResult struct {
	Err      error    // why the change is refused, nil if it is not
	Warnings []string // for the hook's Result; they refuse nothing
}

// Valid reports whether the change is accepted.
func (r ValidationResult) Valid() bool { return r.Err == nil }

// A StateChange is the state before and after one hook. What a validator does to
// Before and After changes nothing: they are views that only validators,
// ValidateEvent and read-only hooks see.
type StateChange[T any] struct {
	Hook   string // the hook's path
	Before *T     // nil if snapshots are disabled
	After  *T
	Size   int64 // of After, in bytes; 0 if snapshots are disabled
}

// Changes returns the differences between Before and After, by path, at most 1000.
// It is nil if snapshots are disabled.
func (c StateChange[T]) Changes() []Change {
	if c.Before == nil || c.After == nil {
		return nil
	}
	return diff(c.Before, c.After)
}

// ValidatorFunc makes a Validator of a function.
func ValidatorFunc[T any](name string, validate func(ctx context.Context, change StateChange[T]) ValidationResult) Validator[T] {
	return &validatorFunc[T]{name, validate}
}

type validatorFunc[T any] struct {
	name     string
	validate func(context.Context, StateChange[T]) ValidationResult
}

func (v *validatorFunc[T]) Name() string { return v.name }

func (v *validatorFunc[T]) Validate(ctx context.Context, change StateChange[T]) ValidationResult {
	return v.validate(ctx, change)
}

// A Change is one difference between two states. Before and After are rendered
// values, cut to a bounded length; Before is empty if there was nothing at the path,
// After if there is nothing now.
type Change struct {
	Path   string `json:"path"` // such as Lines[3].Qty or Data["user"]; "." is the state itself
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// maxChanges bounds what one comparison lists.
const maxChanges = 1000

func diff[T any](before, after *T) []Change {
	found, _ := deep.Diff(before, after, maxChanges)
	changes := make([]Change, len(found))
	for i, c := range found {
		changes[i] = Change(c)
	}
	return changes
}
