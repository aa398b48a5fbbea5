package hooks

import (
	"context"
	"fmt"
	"reflect"

	"github.com/hooktx/hooks/internal/deep"
)

// A Shared is a cell that holds a value which many goroutines work on. Hooks change it as
// transactions do: what the hooks of a chain do to any number of cells is committed together
// with the chain, or not at all, and never seen by others before. Make one with [NewShared].
//
// There are four ways to it:
//
//   - [Executor.ExecuteShared] runs a chain over the value;
//   - [Shared.Edit] and [Shared.Read] give it to the hooks of any chain;
//   - [Shared.Update] and [Atomically] run one function, without an executor;
//   - [Shared.Load] returns a copy, anywhere.
//
// Executions do not lock cells. Each works on copies of its own, and when it commits, all that
// it has read must still be current; else somebody was faster: what it did is undone, and the
// chain runs again, up to Config.Execution.MaxRounds times. So the executions of a program, as
// far as they go through ExecuteShared, Edit and Read, are strictly serialisable: they have the
// same results as if each had happened at one instant between its call and its return. All
// that a chain reads belongs to one such instant even if the chain fails. What is not covered:
// a Load in a hook is a read outside of the transaction, and effects outside of the state can
// be seen until they are undone, also those of a round that was lost.
//
// A *Shared within a state is a reference: every copy of the state has the same cell. It must
// not be copied itself.
type Shared[V any] struct {
	_ deep.Reference
	cell
	validators []namedValidator[V]
	mover      *deep.Mover[V]
}

// NewShared returns a cell that holds a copy of v. The validators judge every change of the
// value, as those of an executor do with its state; they do not judge v. The error matches
// ErrNotCopyable if v cannot be copied, and ErrInvalidConfig if a validator is malformed.
func NewShared[V any](v V, validators ...Validator[V]) (*Shared[V], error) {
	chosen, err := selectValidators(ValidationConfig{}, validators)
	if err != nil {
		return nil, err
	}
	state, info, err := deep.Copy(&v, deep.Options{})
	if err != nil {
		return nil, fmt.Errorf("hooks: %w", copyError(err))
	}
	s := &Shared[V]{validators: chosen, mover: deep.MoverOf[V]()}
	s.current.Store(&cellVersion{state: state, size: info.Size, refs: info.RootRefs, number: 1})
	return s, nil
}

// Load returns a copy of the value as the last commit left it. It panics if the value has a
// DeepCopy method that fails.
func (s *Shared[V]) Load() V {
	v, _, err := s.copy(s.current.Load().state.(*V), deep.Options{SkipSize: true})
	if err != nil {
		panic(fmt.Errorf("hooks: load: %w", err))
	}
	return *v
}

// Version returns how many commits have changed the value, NewShared included: it is 1 for a
// new cell, and higher each time that Load may return something else.
func (s *Shared[V]) Version() uint64 { return s.current.Load().number }

// Edit returns this attempt's private copy of the value, for a hook to change. It may be
// called while the hook's Execute runs, also from goroutines of the hook, as often as
// one likes: an attempt has one copy. When the attempt has succeeded, what it left there is
// what later hooks of the chain find; if the hook or a group around it is dropped, so is that.
//
// The error matches ErrEnded if ctx is not that of a running hook, ErrUnsupported if the hook
// is ReadOnly, ErrReentrant if an execution that this one was begun in uses the cell, or if the
// cell is the state of the execution itself, and ErrConflict if the value does not belong to
// the same instant as what the chain has read before: the hook should return then, since
// the chain is going to be undone and run again, whatever the hook makes of it.
func (s *Shared[V]) Edit(ctx context.Context) (*V, error) {
	u, err := s.use(ctx, true)
	if err != nil {
		return nil, s.refused("edit", err)
	}
	v, err := u.get(ctx, &u.edit, func() (any, error) { return s.fresh(ctx, u) })
	if err != nil {
		return nil, s.refused("edit", err)
	}
	return v.(*V), nil
}

// Read returns the value as this attempt sees it: as the hooks before it left it, or, if this
// attempt edits it, what is in the copy that Edit gives. Several Reads return the same memory,
// which is the attempt's own: writing to it changes nothing. The errors are those of Edit, but
// a ReadOnly hook may read.
func (s *Shared[V]) Read(ctx context.Context) (V, error) {
	var none V
	u, err := s.use(ctx, false)
	if err != nil {
		return none, s.refused("read", err)
	}
	if v, editing := u.editing(); editing {
		return *v.(*V), nil
	}
	v, err := u.get(ctx, &u.view, func() (any, error) { return s.fresh(ctx, u) })
	if err != nil {
		return none, s.refused("read", err)
	}
	return *v.(*V), nil
}

// Update runs fn over the value as a chain of one hook is run by [Executor.ExecuteShared], on
// the executor of [Run]. Its error is an *ExecutionError.
func (s *Shared[V]) Update(ctx context.Context, fn func(ctx context.Context, v *V) error) error {
	_, err := defaultExecutor[V]().ExecuteShared(ctx, s, Func("update", fn))
	return err
}

// Atomically runs fn as a chain of one hook without a state, on the executor of [Run]: what fn
// does to cells by Edit is committed together, or not at all. fn may run several times. The
// error is an *ExecutionError.
func Atomically(ctx context.Context, fn func(ctx context.Context) error) error {
	_, err := Run(ctx, new(struct{}), Func("atomically", func(ctx context.Context, _ *struct{}) error { return fn(ctx) }))
	return err
}

// use returns what the attempt that ctx belongs to has of the cell.
func (s *Shared[V]) use(ctx context.Context, edit bool) (*cellUse, error) {
	if s == nil {
		return nil, invalidArgument("the cell is nil; make one with NewShared")
	}
	return useOf(ctx, s, edit)
}

// refused is why Edit or Read gave nothing.
func (s *Shared[V]) refused(what string, err error) error {
	return fmt.Errorf("hooks: %s %s: %w", what, s.title(), err)
}

// title names the cell in texts. Cells have no names of their own.
func (*Shared[V]) title() string { return "Shared[" + reflect.TypeFor[V]().String() + "]" }

// fresh returns a copy of the version that u's attempt sees. Methods of the value run on the
// hook's own goroutine, as all that the hook calls.
func (s *Shared[V]) fresh(ctx context.Context, u *cellUse) (any, error) {
	v, _, err := s.copy(u.version.state.(*V), deep.Options{
		SkipSize: true,
		Stop:     func() error { return context.Cause(ctx) },
	})
	return v, err
}

func (s *Shared[V]) copy(v *V, o deep.Options) (*V, deep.Info, error) {
	if s.mover != nil {
		if c, size := s.mover.Copy(v, max(o.Limit, 0)); c != nil {
			return c, deep.Info{Size: size}, nil
		}
	}
	c, info, err := deep.Copy(v, o)
	return c, info, copyError(err)
}

// kindOf is how a cell looks to code that does not know the type of its value. States are *V.
type kindOf interface {
	base() *cell
	title() string

	// seal makes a version of what an attempt has edited.
	seal(edited any, o deep.Options) (*cellVersion, error)
	// merge makes one version of several that were made of the same one.
	merge(base *cellVersion, versions []*cellVersion, o deep.Options) (*cellVersion, error)
	// judges returns the validators, each ready to be called, with views of its own.
	judges(hook string, before, after *cellVersion, o deep.Options) ([]cellJudge, error)
}

// A cellJudge is a validator of a cell and what it is to judge.
type cellJudge struct {
	name string
	call func(ctx context.Context) ValidationResult
}

func (s *Shared[V]) base() *cell { return &s.cell }

func (s *Shared[V]) seal(edited any, o deep.Options) (*cellVersion, error) {
	v, info, err := s.copy(edited.(*V), o)
	return &cellVersion{state: v, size: info.Size, refs: info.RootRefs}, err
}

func (s *Shared[V]) merge(base *cellVersion, versions []*cellVersion, o deep.Options) (*cellVersion, error) {
	states := make([]*V, len(versions))
	for i, v := range versions {
		states[i] = v.state.(*V)
	}
	merged, info, err := deep.Merge(base.state.(*V), states, o)
	return &cellVersion{state: merged, size: info.Size, refs: info.RootRefs}, err
}

func (s *Shared[V]) judges(hook string, before, after *cellVersion, o deep.Options) ([]cellJudge, error) {
	if len(s.validators) == 0 {
		return nil, nil
	}
	b, _, err := s.copy(before.state.(*V), o)
	if err != nil {
		return nil, err
	}
	a, _, err := s.copy(after.state.(*V), o)
	if err != nil {
		return nil, err
	}
	var all []cellJudge
	for _, v := range s.validators {
		change := StateChange[V]{Hook: hook, Before: b, After: a, Size: after.size}
		all = append(all, cellJudge{v.name, func(ctx context.Context) ValidationResult { return v.Validate(ctx, change) }})
	}
	return all, nil
}
