package prototest_test

import (
	"fmt"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/hooktx/hooks/internal/deep"
)

// copyOf copies *src and checks what holds for every copy: it is equal to the original, Diff is silent, and Size agrees.
func copyOf[T any](t testing.TB, src *T) *T {
	t.Helper()
	dst, info, err := deep.Copy(src, deep.Options{})
	require.NoError(t, err)
	requireUnchanged(t, src, dst)
	n, err := deep.Size(src, deep.Options{})
	require.NoError(t, err)
	require.Equal(t, n, info.Size, "Size and Copy count alike")
	n, err = deep.Size(dst, deep.Options{})
	require.NoError(t, err)
	require.Equal(t, n, info.Size, "a copy is as large as its original")
	return dst
}

func requireUnchanged[T any](t testing.TB, a, b *T) {
	t.Helper()
	require.True(t, deep.Equal(a, b))
	changes, _ := deep.Diff(a, b, 10)
	require.Empty(t, changes)
}

// refusal is the error of copying *src, which is to fail.
func refusal[T any](t testing.TB, src *T) *deep.NotCopyableError {
	t.Helper()
	_, _, err := deep.Copy(src, deep.Options{})
	var nc *deep.NotCopyableError
	require.ErrorAs(t, err, &nc)
	return nc
}

// marshal is m's canonical form.
func marshal(t testing.TB, m proto.Message) string {
	t.Helper()
	b, err := proto.MarshalOptions{Deterministic: true, AllowPartial: true}.Marshal(m)
	require.NoError(t, err)
	return string(b)
}

// use does with m what leaves a trace in it and is no change.
func use(t testing.TB, m proto.Message) {
	t.Helper()
	_ = m.ProtoReflect().Descriptor()
	_ = fmt.Sprint(m)
	_ = proto.Size(m)
	marshal(t, m)
}

// requireMessageCopy checks that c is a copy of m that protobuf can use, and that shares no memory with m. It scribbles
// on both.
func requireMessageCopy(t testing.TB, m, c proto.Message) {
	t.Helper()
	require.NotSame(t, m, c)
	require.True(t, proto.Equal(m, c))
	require.Equal(t, m.ProtoReflect().Descriptor(), c.ProtoReflect().Descriptor())
	require.Same(t, c, c.ProtoReflect().Interface(), "the state of a copy leads to the copy")
	require.Same(t, m, m.ProtoReflect().Interface())
	requireDisjoint(t, m, c)

	before := marshal(t, m)
	require.Equal(t, before, marshal(t, c))
	again := proto.Clone(c)
	scribble(c.ProtoReflect())
	require.Equal(t, before, marshal(t, m), "a change of the copy shows in the original")
	proto.Reset(c)
	proto.Merge(c, again)
	scribble(m.ProtoReflect())
	require.Equal(t, before, marshal(t, c), "a change of the original shows in the copy")
}

// requireDisjoint checks that no message and no bytes are in both.
func requireDisjoint(t testing.TB, a, b proto.Message) {
	t.Helper()
	mine := map[unsafe.Pointer]bool{}
	visit(a.ProtoReflect(), func(p unsafe.Pointer) { mine[p] = true })
	visit(b.ProtoReflect(), func(p unsafe.Pointer) { assert.False(t, mine[p], "memory is shared") })
}

// visit calls f with the place of m, of every message in it and of all bytes.
func visit(m protoreflect.Message, f func(unsafe.Pointer)) {
	bytes := func(b []byte) {
		if len(b) > 0 {
			f(unsafe.Pointer(unsafe.SliceData(b)))
		}
	}
	f(place(m))
	bytes(m.GetUnknown())
	each(m, func(_ protoreflect.FieldDescriptor, v protoreflect.Value) {
		switch v := v.Interface().(type) {
		case protoreflect.Message:
			visit(v, f)
		case []byte:
			bytes(v)
		}
	})
}

// place is where m is.
func place(m protoreflect.Message) unsafe.Pointer {
	i := m.Interface()
	return (*[2]unsafe.Pointer)(unsafe.Pointer(&i))[1]
}

// each calls f with every single value in the fields of m, those in lists and maps included.
func each(m protoreflect.Message, f func(protoreflect.FieldDescriptor, protoreflect.Value)) {
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case fd.IsMap():
			v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
				f(fd.MapValue(), v)
				return true
			})
		case fd.IsList():
			for i := range v.List().Len() {
				f(fd, v.List().Get(i))
			}
		default:
			f(fd, v)
		}
		return true
	})
}

// scribble changes everything that m leads to: what has a place of its own in place, then the fields.
func scribble(m protoreflect.Message) {
	each(m, func(_ protoreflect.FieldDescriptor, v protoreflect.Value) {
		switch v := v.Interface().(type) {
		case protoreflect.Message:
			scribble(v)
		case []byte:
			flip(v)
		}
	})
	flip(m.GetUnknown())
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case fd.IsMap():
			v.Map().Range(func(k protoreflect.MapKey, _ protoreflect.Value) bool {
				v.Map().Clear(k)
				return true
			})
		case fd.IsList():
			for i := range v.List().Len() {
				v.List().Set(i, v.List().NewElement())
			}
		default:
			m.Clear(fd)
		}
		return true
	})
}

func flip(b []byte) {
	for i := range b {
		b[i] ^= 0xff
	}
}
