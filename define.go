package hooks

import (
	"context"
	"fmt"
)

// Func makes a hook of a function. Its result is nil.
func Func[T any](name string, do func(ctx context.Context, state *T) error) Hook[T] {
	return FuncUndo(name, do, nil)
}

// FuncUndo makes a hook of two functions: what it does, and how that is undone if
// the chain fails later. undo is not called if do returns a plain error: see
// [Rollbacker] for that, and for what undo may rely on.
func FuncUndo[T any](name string, do, undo func(ctx context.Context, state *T) error) Hook[T] {
	f := Funcs[T]{Name: name, Rollback: undo}
	if do != nil {
		f.Execute = func(ctx context.Context, state *T) (any, error) { return nil, do(ctx, state) }
	}
	return Define(f)
}

// Funcs is a hook as a struct: every ability is a function field, and a nil
// field means that the hook lacks it. Only Name and Execute are required.
type Funcs[T any] struct {
	Options

	Name           string
	Execute        func(ctx context.Context, state *T) (result any, err error)
	Rollback       func(ctx context.Context, state *T) error   // see [Rollbacker]
	ValidateEvent  func(ctx context.Context, state *T) error   // see [EventValidator]
	ValidateResult func(ctx context.Context, result any) error // see [ResultValidator]
}

// Define makes a hook of f. A missing name or Execute is refused when the hook is
// given to an executor.
func Define[T any](f Funcs[T]) Hook[T] { return &defined[T]{f: f} }

// defined is the hook behind Define. It has no ability methods of its own, since
// it has only the abilities whose fields are set: resolve looks into f.
type defined[T any] struct{ f Funcs[T] }

func (d *defined[T]) Name() string { return d.f.Name }

func (d *defined[T]) Execute(ctx context.Context, state *T) (any, error) {
	if d.f.Execute == nil {
		return nil, fmt.Errorf("hooks: %w", invalidHook("has a nil Execute function"))
	}
	return d.f.Execute(ctx, state)
}

// With returns h with its options edited: edit gets the options that h has and
// changes what it likes. It is asked as [Optioner] is: it must be pure, quick, and safe for
// concurrent use. Every ability of h is kept. (To embed h in a struct of
// one's own would hide them: a struct that embeds a Hook has only its two methods.)
func With[T any](h Hook[T], edit func(*Options)) Hook[T] {
	return &edited[T]{Hook: h, edit: edit}
}

// edited is the hook behind With. resolve takes the abilities of the hook inside.
type edited[T any] struct {
	Hook[T]
	edit func(*Options)
}
