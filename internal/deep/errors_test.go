package deep_test

import (
	"bufio"
	"database/sql"
	"errors"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/hooktx/hooks/internal/deep"
)

type fakeConn struct{ net.Conn }

func TestHandlesAreRefused(t *testing.T) {
	type Line struct{ Conn any }
	type Order struct{ Lines []Line }
	client, server := net.Pipe()
	defer client.Close()
	defer server.Close()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for _, h := range []any{
		os.Stdout, &net.TCPConn{}, client, fakeConn{client}, &fakeConn{client}, &net.TCPListener{},
		&sql.DB{}, &sql.Tx{}, &sql.Conn{}, &sql.Stmt{}, &sql.Rows{}, *new(sql.Row),
		http.DefaultClient, &http.Server{}, http.DefaultTransport, zap.NewNop(), zap.NewNop().Sugar(),
		log.Default(), slog.Default(), timer, &time.Ticker{}, &exec.Cmd{}, t,
	} {
		v := &Order{[]Line{{}, {}, {}, {h}}}
		if _, zero := h.(sql.Row); zero {
			copyOf(t, v) // a handle that is zero holds nothing
			continue
		}
		nc := refusal(t, v)
		assert.Equal(t, "Order.Lines[3].Conn", nc.Path)
		assert.Contains(t, nc.Error(), nc.Path)
		assert.Contains(t, nc.Error(), `hooks:"share"`, "the error says what to do")
		_, err := deep.Size(v, deep.Options{})
		assert.NoError(t, err, "Size refuses nothing")
		assert.True(t, deep.Equal(v, v))
		assert.True(t, deep.Equal(v, &Order{[]Line{{}, {}, {}, {h}}}), "handles are compared by identity")
	}
}

func TestHandlesByStaticType(t *testing.T) {
	type s struct {
		File   *os.File
		Conn   net.Conn
		Listen net.Listener
		DB     *sql.DB
		Log    *zap.Logger
		Std    log.Logger
		Timer  *time.Timer
		R      *bufio.Reader
	}
	copyOf(t, &s{}) // nil handles hold nothing
	assert.Equal(t, "s.File", refusal(t, &s{File: os.Stdin}).Path)
	assert.Equal(t, "s.Conn", refusal(t, &s{Conn: fakeConn{}}).Path)
	assert.Equal(t, "s.Std", refusal(t, &s{Std: *log.Default()}).Path)
	assert.Equal(t, "s.R.rd", refusal(t, &s{R: bufio.NewReader(os.Stdin)}).Path, "a reader is judged by what it reads")
	c := copyOf(t, &s{R: bufio.NewReader(strings.NewReader("abc"))})
	b, err := c.R.ReadByte()
	require.NoError(t, err)
	assert.Equal(t, byte('a'), b)
}

func TestTaggedHandles(t *testing.T) {
	type s struct {
		Share *os.File `hooks:"share"`
		Zero  *os.File `hooks:"zero"`
		Skip  *os.File `hooks:"-"`
	}
	c := copyOf(t, &s{os.Stdin, os.Stdin, os.Stdin})
	assert.True(t, c.Share == os.Stdin && c.Zero == nil && c.Skip == os.Stdin)
}

func TestUnknownTag(t *testing.T) {
	type in struct {
		N int `hooks:"shared"`
	}
	type s struct{ In map[string]*in }
	copyOf(t, &s{})
	nc := refusal(t, &s{map[string]*in{"k": {}}})
	assert.Equal(t, `s.In["k"].N`, nc.Path)
	assert.Contains(t, nc.Error(), `unknown tag`)
}

func TestPaths(t *testing.T) {
	type key struct{ F *os.File }
	type s struct {
		m  map[key]int
		a  [2]map[any]any
		cy *s
	}
	f := os.Stdin
	assert.Equal(t, "s.a[1][3][0]", refusal(t, &s{a: [2]map[any]any{1: {3: []any{f}}}}).Path)
	assert.True(t, strings.HasPrefix(refusal(t, &s{m: map[key]int{{f}: 1}}).Path, "s.m[{F:"))
	assert.Equal(t, `map[string]interface {}["a"]`, refusal(t, &map[string]any{"a": f}).Path)
	deepest := &s{a: [2]map[any]any{{1: f}}}
	for range 1000 {
		deepest = &s{cy: deepest}
	}
	path := refusal(t, deepest).Path
	assert.Less(t, len(path), 512, "a path is cut in the middle")
	assert.True(t, strings.HasSuffix(path, ".cy.a[0][1]"), path)
	assert.Contains(t, path, "…")
	_, _, err := deep.Copy[int](nil, deep.Options{})
	require.Error(t, err)
	assert.Contains(t, err.Error(), "int")
}

func TestLimit(t *testing.T) {
	type s struct {
		B []byte
		M map[string]any
	}
	v := &s{make([]byte, 1<<20), map[string]any{"a": strings.Repeat("x", 1<<10)}}
	n, err := deep.Size(v, deep.Options{})
	require.NoError(t, err)
	assert.Greater(t, n, int64(1<<20+1<<10))
	_, info, err := deep.Copy(v, deep.Options{Limit: n})
	require.NoError(t, err, "the limit itself is allowed")
	assert.Equal(t, n, info.Size)
	var large *deep.TooLargeError
	for _, limit := range []int64{n - 1, n - 1000, 1 << 20, 1000, 1} {
		_, _, err = deep.Copy(v, deep.Options{Limit: limit})
		require.ErrorAs(t, err, &large)
		assert.Equal(t, limit, large.Limit)
		assert.Greater(t, large.Size, limit)
		assert.Contains(t, err.Error(), "raise the limit")
		_, err = deep.Size(v, deep.Options{Limit: limit})
		require.ErrorAs(t, err, &large)
	}
	many := make([]any, 1000)
	for i := range many {
		many[i] = [1]any{[]int{i}}
	}
	n, err = deep.Size(&many, deep.Options{})
	require.NoError(t, err)
	for limit := int64(100); limit < n; limit += n / 10 {
		_, _, err = deep.Copy(&many, deep.Options{Limit: limit})
		require.ErrorAs(t, err, &large)
	}
	_, _, err = deep.Copy(&[]*bigOwn{{}}, deep.Options{Limit: 1000})
	require.ErrorAs(t, err, &large, "what a DeepCopy method returns is counted too")
}

type bigOwn struct{ b []byte }

func (x *bigOwn) DeepCopy() *bigOwn { return &bigOwn{make([]byte, 1<<20)} }

// TestLimitBeforeMemory checks that what would pass the limit is not allocated first.
func TestLimitBeforeMemory(t *testing.T) {
	v := &[]any{make([]byte, 256<<20), make([]int, 1<<20)}
	used := testing.Benchmark(func(b *testing.B) {
		for range b.N {
			_, _, err := deep.Copy(v, deep.Options{Limit: 1 << 20})
			if err == nil {
				b.Fatal("no error")
			}
		}
	})
	assert.Less(t, used.AllocedBytesPerOp(), int64(64<<10))
}

// TestLimitStopsEarly checks that looking at a value ends soon after its limit is passed.
func TestLimitStopsEarly(t *testing.T) {
	head := &node{}
	for range 100_000 {
		head = &node{Next: head}
	}
	allocs := testing.AllocsPerRun(1, func() { _, _, _ = deep.Copy(head, deep.Options{Limit: 1000}) })
	assert.Less(t, allocs, 2000.0)
}

// TestLimitOverlaps checks that memory shared by many slices is counted once, also on the way.
func TestLimitOverlaps(t *testing.T) {
	for name, until := range map[string]func(i, n int) int{
		"to the end":    func(_, n int) int { return n },
		"three at once": func(i, n int) int { return min(i+3, n) },
	} {
		a := make([]*int, 4000)
		v := make([][]*int, len(a))
		for i := range a {
			v[i] = a[i:until(i, len(a))]
		}
		limit := int64(len(a)*(8+24) + 24)
		_, info, err := deep.Copy(&v, deep.Options{Limit: limit})
		require.NoError(t, err, name)
		assert.Equal(t, limit, info.Size, name)
		_, _, err = deep.Copy(&v, deep.Options{Limit: limit - 1})
		require.Error(t, err, name)
		_, info, err = deep.ObviousCopy(reflect.ValueOf(&v), deep.Options{Limit: limit})
		require.NoError(t, err, name)
		assert.Equal(t, limit, info.Size, name)
		_, _, err = deep.ObviousCopy(reflect.ValueOf(&v), deep.Options{Limit: limit - 1})
		require.Error(t, err, name)
	}
}

// A mover goes by the same limit.
func TestLimitOfAMover(t *testing.T) {
	type plain struct {
		N    int64
		Name string
	}
	m := deep.MoverOf[plain]()
	if m == nil {
		t.Skip("there are no plans")
	}
	v := plain{1, "four"}
	for limit, fits := range map[int64]bool{0: true, 27: false, 28: true, 29: true} {
		out, size := m.Copy(&v, limit)
		assert.EqualValues(t, 28, size)
		assert.Equal(t, fits, out != nil, "limit %d", limit)
	}
}

func TestStop(t *testing.T) {
	stop := errors.New("stop")
	v := make([]*node, 10_000)
	for i := range v {
		v[i] = &node{}
	}
	n := 0
	for ; ; n++ { // at each of its stages
		asked := 0
		o := deep.Options{Stop: func() error {
			if asked++; asked > n {
				return stop
			}
			return nil
		}}
		_, _, err := deep.Copy(&v, o)
		if asked <= n {
			require.NoError(t, err)
			break
		}
		require.ErrorIs(t, err, stop)
		require.Equal(t, n+1, asked, "the first error ends the copy")
	}
	require.Greater(t, n, 8, "about every 1024 steps")
	_, err := deep.Size(&v, deep.Options{Stop: func() error { return stop }})
	require.ErrorIs(t, err, stop)
}

// A changer is a type whose DeepCopy method breaks the rules: it writes its original while it is being copied.
type changer struct{ do func() }

func (x *changer) DeepCopy() *changer { x.do(); return &changer{} }

// TestChangesMeanwhile is for the obvious engine, which goes by twice. One that goes by once cannot notice.
func TestChangesMeanwhile(t *testing.T) {
	type s struct {
		c  *changer
		p  *node
		s  []int
		m  map[string]int
		i  any
		at map[string]any
	}
	for _, change := range []func(v *s){
		func(v *s) { v.p = &node{Val: 2} },
		func(v *s) { v.s = make([]int, 5) },
		func(v *s) { v.m = map[string]int{} },
		func(v *s) { v.i = [1]any{&node{}} },
		func(v *s) { v.i = &node{} },
		func(v *s) { v.i = map[string]any{} },
		func(v *s) { v.at["x"] = &node{} },
	} {
		v := &s{at: map[string]any{}}
		v.c = &changer{func() { change(v) }}
		_, _, err := deep.ObviousCopy(reflect.ValueOf(v), deep.Options{})
		require.ErrorContains(t, err, "changed while it was being copied")
	}
}

// TestSkipSize checks that a size is left out only where nobody needs it, by whichever engine.
func TestSkipSize(t *testing.T) {
	type s struct {
		name string
		m    map[string]int
		own  byValue
	}
	v := &s{name: "text", m: map[string]int{"key": 1}}
	_, full, err := deep.Copy(v, deep.Options{})
	require.NoError(t, err)
	_, none, err := deep.Copy(v, deep.Options{SkipSize: true})
	require.NoError(t, err)
	assert.Zero(t, none.Size)
	_, none, err = deep.ObviousCopy(reflect.ValueOf(v), deep.Options{SkipSize: true})
	require.NoError(t, err)
	assert.Zero(t, none.Size)
	_, limited, err := deep.Copy(v, deep.Options{SkipSize: true, Limit: full.Size})
	require.NoError(t, err)
	assert.Equal(t, full.Size, limited.Size, "a limit needs it")
	_, _, err = deep.Copy(v, deep.Options{SkipSize: true, Limit: full.Size - 1})
	require.Error(t, err)
}

// TestUncounted checks that what takes more than a move is not moved when nobody counts, either.
func TestUncounted(t *testing.T) {
	_, _, err := deep.Copy(&struct {
		n int `hooks:"nonsense"`
	}{}, deep.Options{SkipSize: true})
	var bad *deep.NotCopyableError
	require.ErrorAs(t, err, &bad)

	var locked struct {
		mu sync.Mutex
		n  int
	}
	locked.mu.Lock()
	c, _, err := deep.Copy(&locked, deep.Options{SkipSize: true})
	require.NoError(t, err)
	require.True(t, c.mu.TryLock())
}
