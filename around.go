package hooks

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
)

// Around returns h with around in the place of each call of its Execute, Rollback, ValidateEvent
// and ValidateResult: it is middleware. InfoFrom tells it which call it stands for; next makes
// that call, under the context that around was given or one derived from it. What around returns
// is what the hook has returned, so a call that it does not make is one that did nothing, and an
// error that it swallows makes a success of a state that the hook may have left half done.
// Results, given and returned, are those of Execute; of other calls they are nil.
//
// next may be called again, and then calls the hook again, with the state as it now is (see
// [Retry] for attempts that begin afresh). Once around has returned, it calls nothing and returns
// ErrEnded.
//
// state is what the call is given, under the same terms; nil for ValidateResult. Every ability and
// option of h is kept. Of a group, around is put around each hook in it; of a hook that is tried
// again, around each attempt. Of several Arounds the outermost begins. Steps that a hook
// registers, such as those of OnRollback, are not surrounded.
func Around[T any](h Hook[T], around func(ctx context.Context, state *T, next func(ctx context.Context) (any, error)) (any, error)) Hook[T] {
	return &surrounded[T]{Hook: h, around: around}
}

// surrounded is the hook behind Around. resolve takes the abilities of the hook inside.
type surrounded[T any] struct {
	Hook[T]
	around aroundFunc[T]
}

type aroundFunc[T any] = func(ctx context.Context, state *T, next func(ctx context.Context) (any, error)) (any, error)

// Execute is for those who call it without an executor.
func (h *surrounded[T]) Execute(ctx context.Context, state *T) (any, error) {
	st, err := resolveSurrounded(h)
	switch {
	case err != nil:
		return nil, fmt.Errorf("hooks: %w", err)
	case st.group != nil:
		return nil, errGroupExecuted
	}
	return st.execute(ctx, state)
}

func resolveSurrounded[T any](h *surrounded[T]) (step[T], error) {
	st, err := resolve(h.Hook)
	switch {
	case err != nil:
		return st, err
	case h.around == nil:
		return st, invalidHook("was given to Around without a function")
	}
	st.surround(h.around)
	return st, nil
}

// surround puts around in the place of the step's calls. The step is not in use yet.
func (st *step[T]) surround(around aroundFunc[T]) {
	if st.group != nil {
		for i := range st.group.members {
			st.group.members[i].surround(around)
		}
		return
	}
	if execute := st.execute; execute != nil {
		st.execute = func(ctx context.Context, state *T) (any, error) {
			return callAround(ctx, state, around, func(ctx context.Context) (any, error) { return execute(ctx, state) })
		}
	}
	st.rollback = surroundedCall(st.rollback, around)
	st.validateEvent = surroundedCall(st.validateEvent, around)
	if validate := st.validateResult; validate != nil {
		st.validateResult = func(ctx context.Context, result any) error {
			_, err := callAround(ctx, nil, around, func(ctx context.Context) (any, error) { return nil, validate(ctx, result) })
			return err
		}
	}
}

// surroundedCall returns fn with around in its place, nil if there is none.
func surroundedCall[T any](fn func(ctx context.Context, state *T) error, around aroundFunc[T]) func(ctx context.Context, state *T) error {
	if fn == nil {
		return nil
	}
	return func(ctx context.Context, state *T) error {
		_, err := callAround(ctx, state, around, func(ctx context.Context) (any, error) { return nil, fn(ctx, state) })
		return err
	}
}

var errAroundEnded = fmt.Errorf("hooks: next was called when the function given to Around had returned: %w", ErrEnded)

// callAround calls around with a next that calls call as long as around has not returned.
func callAround[T any](ctx context.Context, state *T, around aroundFunc[T], call func(ctx context.Context) (any, error)) (any, error) {
	var ended atomic.Bool
	defer ended.Store(true)
	return around(ctx, state, func(ctx context.Context) (any, error) {
		if ended.Load() {
			return nil, errAroundEnded
		}
		result, err := call(ctx)
		if err != nil && !errors.Is(err, SkipRest) {
			result = nil // as an executor would drop it
		}
		return result, err
	})
}
