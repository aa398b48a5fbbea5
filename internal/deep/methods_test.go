package deep_test

import (
	"errors"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks/internal/deep"
)

// Types that copy themselves, in every form that is honoured. By is how often they were asked in their line.
type (
	byValue   struct{ by int }
	byPointer struct {
		by   int
		conn io.Closer
	}
	byAny        struct{ by int }
	byAnyPointer struct{ by int }
	byShape      struct{ by int }
	ownMap       map[string]int
	ownSlice     []int
	ownInt       int
	shape        interface{ DeepCopy() shape }
	wrong        struct{ by int }
	wrongForm    struct{ by []int }
	isNil        struct{ by int }
	panics       struct{ with any }
	exits        struct{ by int }
	itself       struct{ by int }
	embeds       struct {
		byPointer
		n []int
	}
	guarded struct {
		mu sync.Mutex
		n  int
	}
	ownError struct{ by int }
)

func (x byValue) DeepCopy() byValue { return byValue{x.by + 1} }
func (x *byPointer) DeepCopy() *byPointer {
	return &byPointer{by: x.by + 1, conn: x.conn}
}
func (x *byAny) DeepCopy() any          { return byAny{x.by + 1} }
func (x byAnyPointer) DeepCopy() any    { return &byAnyPointer{x.by + 1} }
func (x *byShape) DeepCopy() shape      { return &byShape{x.by + 1} }
func (x ownMap) DeepCopy() ownMap       { return ownMap{"by": x["by"] + 1} }
func (x ownSlice) DeepCopy() ownSlice   { return ownSlice{x[0] + 1} }
func (x ownInt) DeepCopy() ownInt       { return x + 1 }
func (x *wrong) DeepCopy() any          { return "wrong" }
func (x *wrongForm) DeepCopy() *wrong   { panic("is not called") }
func (x *isNil) DeepCopy() *isNil       { return nil }
func (x *panics) DeepCopy() *panics     { panic(x.with) }
func (x *exits) DeepCopy() *exits       { runtime.Goexit(); return nil }
func (x *itself) DeepCopy() *itself     { return x }
func (x *ownError) DeepCopy() *ownError { return &ownError{x.by + 1} }
func (x *ownError) Error() string       { return "own" }
func (x *guarded) DeepCopy() *guarded {
	x.mu.Lock()
	defer x.mu.Unlock()
	return &guarded{n: x.n + 1}
}

func own[T any](t *testing.T, v T) T {
	t.Helper()
	c, _, err := deep.Copy(&v, deep.Options{})
	require.NoError(t, err)
	return *c
}

func TestOwnMethodForms(t *testing.T) {
	for _, tt := range []struct {
		reason    string
		got, want any
	}{
		{"DeepCopy() T", own(t, byValue{}), byValue{1}},
		{"a value, DeepCopy on the pointer", own(t, byPointer{}), byPointer{by: 1}},
		{"a pointer", own(t, &byPointer{}), &byPointer{by: 1}},
		{"DeepCopy() any, a value inside", own(t, byAny{}), byAny{1}},
		{"DeepCopy() any, a pointer inside", own(t, byAnyPointer{}), byAnyPointer{1}},
		{"DeepCopy() of an interface that the type implements", own(t, shape(&byShape{})), shape(&byShape{1})},
		{"a map", own(t, ownMap{"by": 1}), ownMap{"by": 2}},
		{"a slice", own(t, ownSlice{1, 2}), ownSlice{2}},
		{"a number", own(t, ownInt(1)), ownInt(2)},
		{"in a field", own(t, struct{ F byValue }{}), struct{ F byValue }{byValue{1}}},
		{"in an array", own(t, [2]byPointer{}), [2]byPointer{{by: 1}, {by: 1}}},
		{"in a slice", own(t, []byPointer{{}, {}}), []byPointer{{by: 1}, {by: 1}}},
		{"as a map's key and value", own(t, map[byValue]byPointer{{}: {}}), map[byValue]byPointer{{1}: {by: 1}}},
		{"in an interface", own(t, any(byValue{})), any(byValue{1})},
		{"in a box that has other parts", own(t, any(struct{ a, b any }{byValue{}, &byPointer{}})),
			any(struct{ a, b any }{byValue{1}, &byPointer{by: 1}})},
		{"embedded, the method being promoted", own(t, embeds{n: []int{1}}), embeds{byPointer{by: 1}, []int{1}}},
		{"with another result, it is no promise", own(t, wrongForm{[]int{1}}), wrongForm{[]int{1}}},
		{"an error", own(t, any(&ownError{})), any(&ownError{1})},
		{"nil pointer", own(t, (*byPointer)(nil)), (*byPointer)(nil)},
		{"nil map", own(t, ownMap(nil)), ownMap(nil)},
		{"nil slice", own(t, ownSlice(nil)), ownSlice(nil)},
		{"pointer to a nil map", own(t, new(ownMap)), new(ownMap)},
		{"nil in an interface", own(t, any(ownMap(nil))), any(ownMap(nil))},
	} {
		assert.Equal(t, tt.want, tt.got, tt.reason)
	}
}

// A fussy type cannot be asked for a copy of nil.
type (
	fussy     struct{ to *int }
	fussyMap  map[string]int
	fussyList []int
	fussyFunc func() int
	fussyChan chan int
)

func (x *fussy) DeepCopy() *fussy        { return &fussy{new(*x.to)} }
func (x fussyMap) DeepCopy() fussyMap    { x[""]++; return x }
func (x fussyList) DeepCopy() fussyList  { return fussyList{x[0]} }
func (x fussyFunc) DeepCopy() fussyFunc  { x(); return x }
func (x *fussyChan) DeepCopy() fussyChan { close(*x); return *x }

// TestNilIsNotAsked checks that no DeepCopy method is called on nil, wherever it is found. (It would panic here.)
func TestNilIsNotAsked(t *testing.T) {
	var (
		p  *fussy
		m  fussyMap
		l  fussyList
		f  fussyFunc
		c  fussyChan
		at atomic.Pointer[fussy]
	)
	type all struct {
		p *fussy
		m fussyMap
		l fussyList
		f fussyFunc
		c fussyChan
	}
	for _, tt := range []struct {
		reason string
		copied func()
	}{
		{"a root", func() { own(t, p); own(t, m); own(t, l); own(t, f); own(t, c) }},
		{"a field", func() { assert.Equal(t, all{}, own(t, all{})) }},
		{"behind a pointer", func() { assert.Equal(t, &m, own(t, &m)); own(t, &l); own(t, &f); own(t, &c); own(t, &p) }},
		{"behind two", func() { q := &l; assert.Nil(t, **own(t, &q)) }},
		{"an element", func() {
			own(t, [2]*fussy{})
			own(t, make([]fussyMap, 2))
			own(t, [2]fussyList{})
			own(t, []fussyChan{nil})
		}},
		{"a map's value", func() {
			own(t, map[int]*fussy{1: nil})
			own(t, map[int]fussyMap{1: nil})
			own(t, map[int]fussyList{1: nil})
			own(t, map[int]fussyFunc{1: nil})
		}},
		{"a map's key", func() { own(t, map[*fussy]int{nil: 1}); own(t, map[fussyChan]int{nil: 1}) }},
		{"an atomic.Pointer", func() { own(t, &at) }},
		{"an interface", func() { assert.Equal(t, []any{p, m, l, f == nil}, append(own(t, []any{p, m, l}), true)) }},
		{"others in an interface", func() { own(t, []any{f, c, &m, &l, &f, &c}) }},
		{"an interface with the method", func() { own(t, []interface{ DeepCopy() *fussy }{p}) }},
		{"a struct in an interface", func() { own(t, any(all{})); own(t, any([1]all{})) }},
	} {
		assert.NotPanics(t, tt.copied, tt.reason)
	}
}

func TestOwnMethodIdentity(t *testing.T) {
	p, m, s := &byPointer{conn: io.NopCloser(nil)}, ownMap{"by": 0}, ownSlice{1, 2}
	type all struct {
		a, b   *byPointer
		in     *int
		x      any
		ma, mb ownMap
		sa, sb ownSlice
	}
	c := own(t, &all{p, p, &p.by, p, m, m, s, s})
	assert.Same(t, c.a, c.b, "one object, one copy")
	assert.Same(t, c.a, c.x)
	assert.Same(t, &c.a.by, c.in, "a pointer into it leads into its copy")
	assert.Equal(t, 1, c.a.by, "it was asked once")
	c.ma["x"] = 1
	assert.Len(t, c.mb, 2)
	assert.Same(t, &c.sa[0], &c.sb[0])

	arr := []byPointer{{}, {}}
	d := own(t, &struct {
		p *byPointer
		s []byPointer
	}{&arr[1], arr})
	assert.Same(t, &d.s[1], d.p)
	assert.Equal(t, 1, d.p.by)
}

func TestOwnMethodFailures(t *testing.T) {
	type order struct{ Lines []any }
	with := func(x any) *order { return &order{[]any{nil, x}} }
	for _, tt := range []struct {
		reason, text string
		v            any
	}{
		{"another type", "returned a string", &wrong{}},
		{"nil", "returned nil", &isNil{}},
		{"a panic", `panic: "boom"`, &panics{"boom"}},
		{"a cyclic panic value", "panic: {", &panics{func() any { m := map[int]any{}; m[0] = m; return m }()}},
		{"a panic with an error", "panic: EOF", &panics{io.EOF}},
		{"a panic with an error that panics", "its Error method panics", &panics{(*myError)(nil)}},
		{"in a box", "returned nil", isNil{}},
	} {
		nc := refusal(t, with(tt.v))
		assert.Equal(t, "order.Lines[1]", nc.Path, tt.reason)
		assert.Contains(t, nc.Error(), tt.text, tt.reason)
	}
	assert.ErrorIs(t, refusal(t, with(&panics{io.EOF})), io.EOF, "the panic's value is reachable")
	assert.Contains(t, refusal(t, &itself{}).Error(), "returned its receiver", "the root's copy must not be the root")
	assert.Equal(t, "order.Lines[1].A", refusal(t, with(struct{ A wrong }{})).Path)
	m := map[string]ownMap{}
	assert.NotNil(t, own(t, m))
	immutable := &itself{}
	assert.Same(t, immutable, own(t, immutable), "elsewhere that is how an immutable type shares itself")
}

func TestOwnMethodAtRoot(t *testing.T) {
	src := &guarded{n: 1}
	home := &guarded{}
	home.mu.Lock()
	shell, _, err := deep.CopyFor(home, src, deep.Options{})
	require.NoError(t, err)
	deep.Assign(home, shell)
	assert.Equal(t, 2, home.n)
	assert.False(t, home.mu.TryLock(), "a destination keeps its locks, whatever made the shell")
}

// TestCall checks the promise that a call which is given up is not looked at.
func TestCall(t *testing.T) {
	gaveUp := errors.New("gave up")
	release := make(chan struct{})
	done := make(chan struct{})
	call := func(fn func()) error {
		go func() { defer close(done); <-release; fn() }()
		return gaveUp
	}
	_, _, err := deep.Copy(&byPointer{}, deep.Options{Call: call})
	close(release)
	<-done
	require.ErrorIs(t, err, gaveUp)
	var nc *deep.NotCopyableError
	require.ErrorAs(t, err, &nc)
	assert.Equal(t, "byPointer", nc.Path)

	exited := errors.New("exited")
	onAnother := func(fn func()) error {
		ch := make(chan error)
		go func() {
			err := exited
			defer func() { ch <- err }()
			fn()
			err = nil
		}()
		return <-ch
	}
	_, _, err = deep.Copy(&exits{}, deep.Options{Call: onAnother})
	require.ErrorIs(t, err, exited)
	c, _, err := deep.Copy(&byPointer{}, deep.Options{Call: onAnother})
	require.NoError(t, err)
	assert.Equal(t, 1, c.by)
}
