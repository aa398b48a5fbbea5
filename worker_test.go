package hooks_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// A trapContext panics when it is asked for the key of that type.
type trapContext struct {
	context.Context
	key string
}

func (c trapContext) Value(key any) any {
	if fmt.Sprintf("%T", key) == c.key {
		panic("trapped")
	}
	return c.Context.Value(key)
}

// What panics on a worker outside of any hook, such as a context of the caller's, panics in
// the caller's goroutine, where he may recover: it does not end the process. The executor
// goes on.
func TestPanicOutsideOfHooksIsTheCallers(t *testing.T) {
	x := build[cart](t, hooks.Config{})
	ran := hooks.Func("ran", doCart)
	for range 3 {
		state := newCart()
		assert.Panics(t, func() { _, _ = x.Execute(trapContext{t.Context(), "pprof.labelContextKey"}, state, ran) })
		requireCart(t, newCart(), state)
		_, err := x.Execute(t.Context(), state, ran)
		require.NoError(t, err)
	}
	require.NoError(t, x.Shutdown(t.Context()), "nothing counts as under way")
}
