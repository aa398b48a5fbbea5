package deep_test

import (
	"reflect"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks/internal/deep"
)

// An innerText is a text that is kept in its own memory as long as it is short.
type innerText struct {
	buf  [8]byte
	text []byte
	head *[2]byte
	mark *byte
}

func newInnerText(text string) *innerText {
	x := &innerText{}
	x.text = append(x.buf[:0], text...)
	if len(text) <= len(x.buf) {
		x.head, x.mark = (*[2]byte)(x.text), &x.text[1]
	}
	return x
}

// inside checks that all references of c lead into c.
func (c *innerText) inside(t *testing.T) {
	t.Helper()
	require.Same(t, &c.buf[0], &c.text[0])
	require.Same(t, &c.buf[1], c.mark)
	require.Same(t, &c.buf[0], &c.head[0])
}

// TestInner checks that a reference into its own value leads into the copy of that, at the first attempt, and that others
// of the same types do not.
func TestInner(t *testing.T) {
	t.Run("a root", func(t *testing.T) {
		straight[innerText](t)
		planCopyOf(t, newInnerText("short")).inside(t)
		require.Equal(t, "straight", deep.Attempt[innerText]())
		c := planCopyOf(t, newInnerText("much too long"))
		require.Equal(t, "much too long", string(c.text))
		require.Equal(t, "straight", deep.Attempt[innerText]())
	})
	t.Run("variables and elements", func(t *testing.T) {
		type state struct {
			far  []*innerText
			near []innerText
			any  []any
		}
		straight[state](t)
		s := &state{}
		for range 9 {
			s.far = append(s.far, newInnerText("far"))
			s.any = append(s.any, newInnerText("any"))
		}
		s.near = make([]innerText, 9)
		for i := range s.near {
			x := &s.near[i]
			x.text = append(x.buf[:0], "near"...)
			x.head, x.mark = (*[2]byte)(x.text), &x.buf[1]
		}
		for range 3 {
			c := planCopyOf(t, s)
			for i := range s.far {
				c.far[i].inside(t)
				c.near[i].inside(t)
				c.any[i].(*innerText).inside(t)
			}
			require.Equal(t, "straight", deep.Attempt[state]())
		}
	})
	t.Run("a part of another", func(t *testing.T) {
		a, b := newInnerText("one"), newInnerText("two")
		a.text, b.mark = b.text[1:], &a.buf[7]
		s := &[]*innerText{a, b}
		for range 3 {
			c := *planCopyOf(t, s)
			require.Same(t, &c[1].buf[1], &c[0].text[0])
			require.Same(t, &c[0].buf[7], c[1].mark)
		}
	})
	t.Run("nothing of it", func(t *testing.T) {
		x := newInnerText("short")
		x.text, x.head, x.mark = x.text[:0], nil, nil
		c := planCopyOf(t, x)
		require.NotNil(t, c.text)
		require.Empty(t, c.text)
	})
}

// TestInnerHome checks that references into a root that is copied for another variable lead to that.
func TestInnerHome(t *testing.T) {
	straight[innerText](t)
	home := &innerText{}
	shell, info, done, err := deep.PlanCopyFor(reflect.ValueOf(home), reflect.ValueOf(newInnerText("short")), deep.Options{})
	require.NoError(t, err)
	require.True(t, done)
	require.True(t, info.RootRefs)
	require.Equal(t, "straight", deep.Attempt[innerText]())
	deep.Assign(home, shell.Interface().(*innerText))
	home.inside(t)
}

// TestInnerTags checks that a copy sees what tags keep from it if there is a reference to it beside them.
func TestInnerTags(t *testing.T) {
	type state struct {
		hidden *int `hooks:"zero"`
		seen   **int
	}
	s := &state{hidden: new(int)}
	s.seen = &s.hidden
	want, wantInfo, err := deep.ObviousCopy(reflect.ValueOf(s), deep.Options{})
	require.NoError(t, err)
	for range 3 {
		got, info, err := deep.Copy(s, deep.Options{})
		require.NoError(t, err)
		require.Equal(t, wantInfo, info)
		require.NoError(t, isomorphic(want, reflect.ValueOf(got)))
	}
}

// TestInnerBeyond checks that a slice which begins in its own value and ends elsewhere is not taken for a part of it.
func TestInnerBeyond(t *testing.T) {
	type state struct {
		n    [2]int
		tail []int
	}
	s := &new([2]state)[0] // what lies beyond is its own memory too
	s.tail = unsafe.Slice(&s.n[1], 5)
	_, _, want := deep.ObviousCopy(reflect.ValueOf(s), deep.Options{})
	require.Error(t, want)
	for range 3 {
		_, _, err := deep.Copy(s, deep.Options{})
		require.Equal(t, want, err)
	}
}

// TestLimitOfInner checks that a value counts once what it refers to in itself, and is refused to the byte.
func TestLimitOfInner(t *testing.T) {
	s := &[]*innerText{newInnerText("one"), newInnerText("two"), newInnerText("much too long")}
	size, err := deep.ObviousSize(reflect.ValueOf(s), deep.Options{})
	require.NoError(t, err)
	for range 3 {
		_, info, err := deep.Copy(s, deep.Options{Limit: size})
		require.NoError(t, err)
		require.Equal(t, size, info.Size)
		_, _, err = deep.Copy(s, deep.Options{Limit: size - 1})
		require.True(t, tooLarge(err), "%v", err)
	}
}
