package deep_test

import (
	"errors"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hooktx/hooks/internal/deep"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// copyOf copies *src and checks what holds for every copy: it is equal to the original, Diff is silent in both
// directions, and Size agrees.
func copyOf[T any](t testing.TB, src *T) *T {
	t.Helper()
	dst, info, err := deep.Copy(src, deep.Options{})
	require.NoError(t, err)
	require.True(t, deep.Equal(src, dst), "a copy is equal to its original")
	changes, more := deep.Diff(src, dst, 10)
	require.Empty(t, changes, "a copy shows no changes")
	require.False(t, more)
	n, err := deep.Size(src, deep.Options{})
	require.NoError(t, err)
	require.Equal(t, n, info.Size, "Size and Copy count alike")
	return dst
}

// refusal is the error of copying *src, which is to fail.
func refusal[T any](t testing.TB, src *T) *deep.NotCopyableError {
	t.Helper()
	dst, _, err := deep.Copy(src, deep.Options{})
	require.Error(t, err)
	require.Nil(t, dst)
	var nc *deep.NotCopyableError
	require.True(t, errors.As(err, &nc), "%v", err)
	return nc
}

// collect runs the garbage collector as the heap looks now.
func collect() { runtime.GC() }
