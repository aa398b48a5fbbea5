package hooks

import (
	"context"
	"errors"
)

// Around returns h with around in the place of each call of its Execute, Rollback, ValidateEvent
// and ValidateResult: it is middleware, and InfoFrom tells it which call it stands for. call makes
// the call itself, with a context that around was given or has derived from it; to be called at
// most once in each phase but PhaseRollback, and not once around has returned. What around returns
// counts as what the hook returned, with the result of call if both of them returned nil, so a
// call that is not made is one that did nothing.
//
// state is what the call is given, under the same terms; nil for ValidateResult. Every ability and
// option of h is kept. Of a group, around is put around each hook in it. Steps that a hook
// registers, such as those of OnRollback, are not surrounded.
//
//	timed := hooks.Around(h, func(ctx context.Context, _ *Order, call func(context.Context) error) error {
//		defer trace.StartRegion(ctx, "hook").End()
//		return call(ctx)
//	})
func Around[T any](h Hook[T], around func(ctx context.Context, state *T, call func(ctx context.Context) error) error) Hook[T] {
	return &surrounded[T]{Hook: h, around: around}
}

// surrounded is the hook behind Around. resolve takes the abilities of the hook inside.
type surrounded[T any] struct {
	Hook[T]
	around aroundFunc[T]
}

type aroundFunc[T any] = func(ctx context.Context, state *T, call func(ctx context.Context) error) error

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
			var result any
			err := around(ctx, state, func(ctx context.Context) error {
				v, err := execute(ctx, state)
				if err == nil || errors.Is(err, SkipRest) {
					result = v
				}
				return err
			})
			return result, err
		}
	}
	st.rollback = surroundedCall(st.rollback, around)
	st.validateEvent = surroundedCall(st.validateEvent, around)
	if validate := st.validateResult; validate != nil {
		st.validateResult = func(ctx context.Context, result any) error {
			return around(ctx, nil, func(ctx context.Context) error { return validate(ctx, result) })
		}
	}
}

// surroundedCall returns fn with around in its place, nil if there is none.
func surroundedCall[T any](fn func(ctx context.Context, state *T) error, around aroundFunc[T]) func(ctx context.Context, state *T) error {
	if fn == nil {
		return nil
	}
	return func(ctx context.Context, state *T) error {
		return around(ctx, state, func(ctx context.Context) error { return fn(ctx, state) })
	}
}
