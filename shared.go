package hooks

import (
	"context"
	"fmt"
	"reflect"

	"github.com/hooktx/hooks/internal/deep"
)

// A Shared is a cell: a value that many goroutines work on. What the hooks of a chain do to any
// number of cells is committed together with the chain, or not at all, and is seen by nobody
// else before. Make one with [NewShared]; it must not be copied.
//
// There are these ways to the value:
//
//   - [Executor.ExecuteShared] runs a chain over it;
//   - [Shared.Edit] and [Shared.Read] give it to the hooks of any chain;
//   - [Shared.Update] and [Atomically] run one function, without an executor of yours;
//   - [Shared.Load] returns a copy, anywhere.
//
// No cell is locked while a hook runs. Executions work on copies of their own, and when one
// commits, all that it has read must still be current. If it is not, somebody else was faster:
// what the chain did is undone and it runs again, up to Config.Execution.MaxRounds times, after
// pauses of random length; then it fails with [ErrConflict].
//
// So executions are strictly serialisable, as far as they go through ExecuteShared, Edit and
// Read: they have the results that they would have had one after the other, each at an instant
// between its call and its return. All that the hooks of a round read belongs to one instant,
// even if the chain fails: a hook never sees, or says no to, a combination of values that did
// not exist. What that does not cover: Load reads one cell, at an instant of its own; and
// effects outside of cells and state, also those of a round that was lost, are seen by others
// until they are undone.
//
// A round is lost if a cell that it has read is changed by others before it commits. So the price
// of a cell that many change is paid by chains that hold on to it for long: let them Edit it late,
// after what takes time or has effects outside, or take its turn by ExecuteShared. A cell keeps no
// values but its last, so a chain that only reads can lose rounds as well, if it reads many cells
// that change all the time; MaxRounds says how many it may.
//
// A *Shared within a state is a reference, to the same cell in every copy of the state. Cells
// are unnamed; texts call them by the type of their value.
type Shared[V any] struct {
	_ deep.Reference
	cell
	validators []namedValidator[V]
	mover      *deep.Mover[V]
}

// NewShared returns a cell that holds a copy of v. The validators judge what each hook makes of
// the value, as those of an executor judge what it makes of the state; they do not judge v. The
// error matches ErrNotCopyable if v cannot be copied, and ErrInvalidConfig if a validator is
// malformed. There is no size limit.
//
// Values are copied as states are (see [Explain]). What a tag `hooks:"zero"` says is zero in a
// copy is so in the cell, too.
func NewShared[V any](v V, validators ...Validator[V]) (*Shared[V], error) {
	chosen, err := selectValidators(ValidationConfig{}, validators)
	if err != nil {
		return nil, err
	}
	state, info, err := deep.Copy(&v, snapshotOptions())
	if err != nil {
		return nil, fmt.Errorf("hooks: new shared: %w", copyError(err))
	}
	s := &Shared[V]{validators: chosen, mover: deep.MoverOf[V]()}
	s.cell.title = s.title()
	s.current.Store(&cellVersion{state: state, size: info.Size, number: 1, instant: commits.clock.Load()})
	return s, nil
}

// Load returns a copy of the value as the last commit has left it. In a hook it is a read outside
// of the transaction; see [Shared.Read]. DeepCopy methods of the value run on the caller's
// goroutine, without a limit; if one fails, Load panics. It panics for a cell that NewShared has
// not made.
func (s *Shared[V]) Load() V {
	if err := s.usable(); err != nil {
		panic(fmt.Errorf("hooks: load: %w", err))
	}
	v, _, err := s.copy(s.current.Load().state.(*V), deep.Options{SkipSize: true})
	if err != nil {
		panic(fmt.Errorf("hooks: load: %w", err))
	}
	return *v
}

// Version says how many values the cell has had: 1 when it was made, and one more for each commit
// of an execution that has edited it. If two calls return the same, so would have Load.
func (s *Shared[V]) Version() uint64 {
	if s.usable() != nil {
		return 0
	}
	return s.current.Load().number
}

// Edit returns the attempt's own copy of the value, for the hook to change: of the value that
// the hooks before it have left. It may be called as often as one likes while the hook's Execute
// runs, also by goroutines of the hook; the pointer is always the same. What is there when
// Execute has succeeded is what later hooks of the chain find. It counts as part of the state:
// it is held to MaxStateSize, is judged by the cell's validators, and is dropped if the hook, or
// a group around it, is. Members of a [Parallel] group do not see each other's edits, which
// are merged as the state is. A dry run drops all edits.
//
// The error matches ErrConflict if the value, and what the chain has read of other cells, were
// never there at one time. The hook should then return: the chain is going to be
// undone and run again, whatever the hook makes of it. It matches ErrEnded if ctx is not
// that of a running Execute, ErrUnsupported if the hook is ReadOnly, and ErrReentrant if the
// cell is the very state that the chain works on, or is used by an execution inside of which
// this one was begun, which could not commit then; make the hooks of the two one chain, as by
// [Sequence]. If the value cannot be copied, the error says why.
func (s *Shared[V]) Edit(ctx context.Context) (*V, error) {
	u, err := s.use(ctx, true)
	if err != nil {
		return nil, s.refuse("edit", err)
	}
	v, err := u.copied(&u.edit, func() (any, error) { return s.private(ctx, u) })
	if err != nil {
		return nil, s.refuse("edit", err)
	}
	return v.(*V), nil
}

// Read returns the value as the hooks before have left it. All calls return the same memory,
// which belongs to the attempt: what the hook changes in it is lost. But once this attempt has
// called Edit, Read returns what is at its pointer now, and what that refers to is the edited
// value's. What a chain has read must be current when it commits,
// if it changes any cell. The errors are those of Edit, but a ReadOnly hook may read.
func (s *Shared[V]) Read(ctx context.Context) (V, error) {
	var none V
	u, err := s.use(ctx, false)
	if err != nil {
		return none, s.refuse("read", err)
	}
	v := u.edited()
	if v == nil {
		v, err = u.copied(&u.view, func() (any, error) { return s.private(ctx, u) })
	}
	if err != nil {
		return none, s.refuse("read", err)
	}
	return *v.(*V), nil
}

// refuse is the error of Edit and Read.
func (s *Shared[V]) refuse(what string, err error) error {
	return fmt.Errorf("hooks: %s %s: %w", what, s.title(), err)
}

// usable says what is wrong with a cell that NewShared has not made.
func (s *Shared[V]) usable() error {
	switch {
	case s == nil:
		return invalidArgument("the " + s.title() + " is nil; make it with NewShared")
	case s.current.Load() == nil:
		return invalidArgument("the " + s.title() + " has no value; make it with NewShared")
	}
	return nil
}

// title is what texts call the cell.
func (*Shared[V]) title() string { return "Shared[" + reflect.TypeFor[V]().String() + "]" }

func (s *Shared[V]) base() *cell { return &s.cell }

// use returns what the attempt has of the cell whose hook was given ctx.
func (s *Shared[V]) use(ctx context.Context, edit bool) (*cellUse, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	return useOf(ctx, s, edit)
}

// private returns a copy of the version that an attempt sees. DeepCopy methods run here, on the
// hook's own goroutine, as all that the hook calls.
func (s *Shared[V]) private(ctx context.Context, u *cellUse) (any, error) {
	v, _, err := s.copy(u.version.state.(*V), deep.Options{
		SkipSize: true,
		Stop:     func() error { return context.Cause(ctx) },
	})
	return v, err
}

func (s *Shared[V]) copy(v *V, o deep.Options) (*V, int64, error) {
	if s.mover != nil {
		if c, size := s.mover.Copy(v, o.Limit); c != nil {
			return c, size, nil
		}
	}
	c, info, err := deep.Copy(v, o)
	return c, info.Size, copyError(err)
}

// A shared is a Shared to code that does not know the type of its value. States are *V.
type shared interface {
	base() *cell
	title() string

	// seal makes a version of what an attempt has edited.
	seal(edited any, o deep.Options) (*cellVersion, error)
	// merge makes one version of several that were made of the same one.
	merge(base *cellVersion, versions []*cellVersion, o deep.Options) (*cellVersion, error)
	// judges returns the validators, ready to be asked.
	judges(hook string, before, after *cellVersion, o deep.Options) ([]cellJudge, error)
}

func (s *Shared[V]) seal(edited any, o deep.Options) (*cellVersion, error) {
	v, size, err := s.copy(edited.(*V), o)
	return &cellVersion{state: v, size: size}, err
}

func (s *Shared[V]) merge(base *cellVersion, versions []*cellVersion, o deep.Options) (*cellVersion, error) {
	states := make([]*V, len(versions))
	for i, v := range versions {
		states[i] = v.state.(*V)
	}
	v, info, err := deep.Merge(base.state.(*V), states, o)
	return &cellVersion{state: v, size: info.Size}, err
}

func (s *Shared[V]) judges(hook string, before, after *cellVersion, o deep.Options) ([]cellJudge, error) {
	if len(s.validators) == 0 {
		return nil, nil
	}
	change := StateChange[V]{Hook: hook, Size: after.size}
	var err error
	if change.Before, _, err = s.copy(before.state.(*V), o); err != nil {
		return nil, err
	}
	if change.After, _, err = s.copy(after.state.(*V), o); err != nil {
		return nil, err
	}
	var all []cellJudge
	for _, v := range s.validators {
		all = append(all, cellJudge{v.name, func(ctx context.Context) ValidationResult { return v.Validate(ctx, change) }})
	}
	return all, nil
}
