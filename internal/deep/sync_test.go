package deep_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks/internal/deep"
)

type locks struct {
	mu   sync.Mutex
	rw   sync.RWMutex
	wg   sync.WaitGroup
	once sync.Once
	pool sync.Pool
	cond sync.Cond
	at   *sync.Mutex
	arr  [2]struct{ mu sync.Mutex }
	n    int
}

func TestLocksAreFresh(t *testing.T) {
	v := &locks{n: 1, at: new(sync.Mutex)}
	v.cond.L = &v.mu
	v.pool.New = func() any { return "new" }
	v.pool.Put("old")
	v.once.Do(func() {})
	v.mu.Lock()
	v.at.Lock()
	v.rw.RLock()
	v.wg.Add(1)
	v.arr[1].mu.Lock()
	c := copyOf(t, v)

	assert.True(t, c.mu.TryLock(), "a locked mutex is free in a copy")
	c.mu.Unlock()
	assert.True(t, c.at.TryLock())
	assert.True(t, c.rw.TryLock())
	assert.True(t, c.arr[1].mu.TryLock())
	c.wg.Wait()
	c.once.Do(func() { t.Error("a Once that is done must not do it again") })
	assert.Equal(t, "new", c.pool.Get(), "a pool keeps New and no content")
	assert.Same(t, &c.mu, c.cond.L, "a Cond's L leads to the copy's mutex")
	waited := make(chan bool)
	c.mu.Lock()
	go func() { c.mu.Lock(); c.n = 5; c.mu.Unlock(); c.cond.Broadcast(); close(waited) }()
	for c.n != 5 {
		c.cond.Wait()
	}
	c.mu.Unlock()
	<-waited
	assert.Equal(t, 1, v.n)
	v.wg.Done()
}

type atomics struct {
	b   atomic.Bool
	i32 atomic.Int32
	i64 atomic.Int64
	u32 atomic.Uint32
	u64 atomic.Uint64
	up  atomic.Uintptr
	p   atomic.Pointer[node]
	nop atomic.Pointer[node]
	n   *node
	val atomic.Value
	nov atomic.Value
	m   sync.Map
}

func newAtomics() *atomics {
	v := &atomics{n: &node{Val: 3}}
	v.b.Store(true)
	v.i32.Store(1)
	v.i64.Store(2)
	v.u32.Store(3)
	v.u64.Store(4)
	v.up.Store(5)
	v.p.Store(v.n)
	v.val.Store([]int{1})
	v.m.Store(v.n, []int{1})
	v.m.Store("self", v)
	return v
}

func TestAtomicsByValue(t *testing.T) {
	v := newAtomics()
	c := copyOf(t, v)
	assert.True(t, c.b.Load() && c.i32.Load() == 1 && c.i64.Load() == 2 && c.u32.Load() == 3 && c.u64.Load() == 4 && c.up.Load() == 5)
	assert.Same(t, c.n, c.p.Load(), "an atomic.Pointer is part of the identity graph")
	assert.NotSame(t, v.n, c.n)
	assert.Nil(t, c.nop.Load())
	assert.Nil(t, c.nov.Load())
	c.val.Load().([]int)[0] = 9
	assert.Equal(t, []int{1}, v.val.Load())
	list, ok := c.m.Load(c.n)
	require.True(t, ok, "keys of a sync.Map are copied")
	list.([]int)[0] = 9
	old, _ := v.m.Load(v.n)
	assert.Equal(t, []int{1}, old)
	self, _ := c.m.Load("self")
	assert.Same(t, c, self)
	c.m.Store("more", 1)
	_, ok = v.m.Load("more")
	assert.False(t, ok)
}

// TestAtomicsInUse copies a value of which other goroutines rightly use the atomics and the sync.Map: whatever
// the copy catches is a consistent whole.
func TestAtomicsInUse(t *testing.T) {
	v := newAtomics()
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			v.i64.Add(1)
			v.p.Store(&node{Val: i})
			v.val.Store([]int{i})
			v.m.Store(i%10, &node{Val: i})
		}
	})
	for range 200 {
		c, _, err := deep.Copy(v, deep.Options{})
		require.NoError(t, err)
		require.NotNil(t, c.p.Load())
		require.Len(t, c.val.Load(), 1)
	}
	close(stop)
	wg.Wait()
}

func TestAtomicsInMapsAndBoxes(t *testing.T) {
	type s struct {
		p *atomic.Pointer[node]
		a any
	}
	p := new(atomic.Pointer[node])
	p.Store(&node{Val: 1})
	v := map[string]s{"a": {p, p}, "b": {p, []*atomic.Pointer[node]{p}}}
	c := *copyOf(t, &v)
	assert.Same(t, c["a"].p, c["b"].p)
	assert.Same(t, c["a"].p, c["a"].a)
	assert.NotSame(t, p.Load(), c["a"].p.Load())
	vals := map[string]*atomic.Value{"x": {}}
	vals["x"].Store(vals)
	d := *copyOf(t, &vals)
	d["y"] = nil
	assert.Len(t, d["x"].Load(), 2)
}

// TestAssign checks that a destination keeps its locks, whoever holds them, and takes everything else.
func TestAssign(t *testing.T) {
	dst := &locks{n: 1}
	dst.mu.Lock()
	dst.arr[0].mu.Lock()
	dst.rw.RLock()
	dst.wg.Add(1)
	src := &locks{n: 2, at: new(sync.Mutex)}
	src.cond.L, src.pool.New = &src.mu, func() any { return 1 }
	src.once.Do(func() {})
	shell, _, err := deep.CopyFor(dst, src, deep.Options{})
	require.NoError(t, err)
	deep.Assign(dst, shell)
	assert.Equal(t, 2, dst.n)
	assert.False(t, dst.mu.TryLock(), "the caller still holds it")
	assert.False(t, dst.arr[0].mu.TryLock())
	assert.False(t, dst.rw.TryLock())
	dst.mu.Unlock()
	dst.rw.RUnlock()
	dst.wg.Done()
	dst.once.Do(func() { t.Error("being done is data, and travels") })
	assert.Same(t, shell.at, dst.at)
	assert.Nil(t, dst.cond.L, "a Cond stays the destination's, as others may be waiting on it")
	assert.Nil(t, dst.pool.New, "a Pool too")

	undone, _, err := deep.CopyFor(dst, &locks{}, deep.Options{})
	require.NoError(t, err)
	deep.Assign(dst, undone)
	did := false
	dst.once.Do(func() { did = true })
	assert.True(t, did, "not being done travels too")
}

func TestAssignAtomics(t *testing.T) {
	dst := newAtomics()
	dst.m.Store("old", 1)
	dst.nov.Store(1)
	src := newAtomics()
	src.i64.Store(77)
	src.val = atomic.Value{}
	src.val.Store("another type")
	shell, _, err := deep.CopyFor(dst, src, deep.Options{})
	require.NoError(t, err)
	deep.Assign(dst, shell)
	assert.Equal(t, int64(77), dst.i64.Load())
	assert.Equal(t, "another type", dst.val.Load())
	assert.Nil(t, dst.nov.Load(), "nil travels, though Store refuses it")
	_, ok := dst.m.Load("old")
	assert.False(t, ok, "the content is replaced, not merged")
	self, _ := dst.m.Load("self")
	assert.Same(t, dst, self)
	assert.Same(t, dst.n, dst.p.Load())

	src.val = atomic.Value{}
	src.val.Store("same type")
	shell, _, err = deep.CopyFor(dst, src, deep.Options{})
	require.NoError(t, err)
	deep.Assign(dst, shell)
	assert.Equal(t, "same type", dst.val.Load())
}

func TestAssignTags(t *testing.T) {
	type s struct {
		Keep  *int `hooks:"zero"`
		Share *int `hooks:"share"`
		Skip  *int `hooks:"-"`
		In    [1]struct {
			Keep int `hooks:"zero"`
			N    int
		}
	}
	one, two := 1, 2
	src := &s{Keep: &one, Share: &one, Skip: &one}
	src.In[0].Keep, src.In[0].N = 5, 6
	shell, _, err := deep.Copy(src, deep.Options{})
	require.NoError(t, err)
	assert.Nil(t, shell.Keep)
	assert.Zero(t, shell.In[0].Keep)
	assert.Same(t, &one, shell.Share)
	assert.Same(t, &one, shell.Skip)
	dst := &s{Keep: &two, Share: &two, Skip: &two}
	dst.In[0].Keep = 7
	deep.Assign(dst, shell)
	assert.Same(t, &two, dst.Keep, "the destination keeps its own")
	assert.Equal(t, 7, dst.In[0].Keep)
	assert.Equal(t, 6, dst.In[0].N)
	assert.Same(t, &one, dst.Share)
	assert.Same(t, &one, dst.Skip)
}
