package hooks

import "context"

// ExecuteShared is Execute over the value of a cell, which many goroutines may work on. What the
// hooks make of the value becomes the cell's when the chain commits, together with what they did
// to other cells. The cell's validators judge it beside the executor's, and its size is held to
// MaxStateSize.
//
// The executions of one cell take turns, first come first served, so that they do not work in
// vain; the wait ends with ctx, and TotalTimeout counts it. A chain whose hooks only read takes
// no turn and disturbs nobody. Turns are not what makes commits right: others may change the cell
// at the same time, through Edit; then the chain is undone and runs again, keeping its turn. See
// [Shared].
//
// The error is that of Execute. It matches ErrConflict if the chain has lost too many rounds, and
// ErrReentrant if ExecuteShared is called, with the context of a hook, for a cell that the
// execution of this hook, or one around it, uses. In the report, Rounds says how often the chain
// ran, Rollbacks has the undo calls of all rounds, and all else is that of the last one.
func (x *Executor[T]) ExecuteShared(ctx context.Context, cell *Shared[T], hooks ...Hook[T]) (*Report, error) {
	return x.execute(ctx, job[T]{cell: cell, shared: true}, hooks)
}

// Update runs fn over the value as ExecuteShared runs a hook, on the executor of [Run]. It is for
// code outside of hooks; called with the context of a hook, it is a transaction of its own. The
// error is an *ExecutionError. fn may run several times.
func (s *Shared[V]) Update(ctx context.Context, fn func(ctx context.Context, v *V) error) error {
	_, err := defaultExecutor[V]().ExecuteShared(ctx, s, Func("update", fn))
	return err
}

// Atomically runs fn as a hook without a state, on the executor of [Run], for what is to be done to
// several cells together: fn calls their Edit and Read with the context that it is given. Called
// with the context of a hook, it is a transaction of its own. The error is an *ExecutionError.
// fn may run several times.
func Atomically(ctx context.Context, fn func(ctx context.Context) error) error {
	var do func(context.Context, *struct{}) error
	if fn != nil {
		do = func(ctx context.Context, _ *struct{}) error { return fn(ctx) }
	}
	_, err := Run(ctx, new(struct{}), Func("atomically", do))
	return err
}
