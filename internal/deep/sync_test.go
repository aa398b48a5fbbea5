package deep_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

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

// TestSynchronisersAreOfUse uses what a copy has instead of a lock and the like.
func TestSynchronisersAreOfUse(t *testing.T) {
	for _, tt := range []struct {
		name, reason string
		test         func(t *testing.T)
	}{
		{"a Once that is not done", "the copy does it, once, and the original does it as well", func(t *testing.T) {
			v := &struct {
				once sync.Once
				at   *sync.Once
			}{at: new(sync.Once)}
			c := copyOf(t, v)
			n := 0
			for _, once := range []*sync.Once{&c.once, c.at, &c.once, c.at, &v.once, v.at} {
				once.Do(func() { n++ })
			}
			assert.Equal(t, 4, n)
		}},
		{"a Once that is being done", "whoever does it does so in the original: the copy is not done, and not locked", func(t *testing.T) {
			v := new(sync.Once)
			var c *sync.Once
			v.Do(func() { c = copyOf(t, v) })
			did := false
			c.Do(func() { did = true })
			assert.True(t, did)
		}},
		{"a Cond and its lock", "whatever the lock is, and whoever holds it", func(t *testing.T) {
			type s struct {
				mu    sync.Mutex
				rw    *sync.RWMutex
				conds map[string]*sync.Cond
				own   sync.Cond
			}
			v := &s{rw: new(sync.RWMutex)}
			v.own.L = new(sync.Mutex)
			v.conds = map[string]*sync.Cond{
				"mutex": sync.NewCond(&v.mu), "write": sync.NewCond(v.rw), "read": sync.NewCond(v.rw.RLocker()), "own": &v.own,
			}
			v.mu.Lock()
			v.rw.RLock()
			v.own.L.Lock()
			c := copyOf(t, v)
			assert.Same(t, &c.mu, c.conds["mutex"].L)
			assert.Same(t, c.rw, c.conds["write"].L)
			assert.Equal(t, c.rw.RLocker(), c.conds["read"].L)
			assert.Same(t, &c.own, c.conds["own"])
			for _, cond := range c.conds {
				requireWakes(t, cond)
			}
		}},
		{"a Cond with a waiter", "the waiter is the original's", func(t *testing.T) {
			v := sync.NewCond(new(sync.Mutex))
			var wg sync.WaitGroup
			waits := make(chan bool)
			wg.Go(func() {
				v.L.Lock()
				close(waits)
				v.Wait()
				v.L.Unlock()
			})
			<-waits
			v.L.Lock() // it waits now
			c := *copyOf(t, &v)
			c.Broadcast()
			requireWakes(t, c)
			v.L.Unlock()
			v.Broadcast()
			wg.Wait()
		}},
		{"a Pool", "New is the same, what was put into one is not in the other", func(t *testing.T) {
			v := &struct {
				with    sync.Pool
				without *sync.Pool
			}{without: new(sync.Pool)}
			v.with.New = func() any { return "new" }
			v.with.Put("old")
			v.without.Put("old")
			c := copyOf(t, v)
			assert.Equal(t, "new", c.with.Get())
			assert.Nil(t, c.without.Get())
			c.with.Put("mine")
			c.without.Put("mine")
			assert.NotEqual(t, "mine", v.with.Get())
			assert.NotEqual(t, "mine", v.without.Get())
			assert.NotEqual(t, "old", c.without.Get())
		}},
		{"a WaitGroup that waits", "a copy counts from nothing", func(t *testing.T) {
			v := new(sync.WaitGroup)
			v.Add(2)
			c := copyOf(t, v)
			c.Wait()
			c.Go(func() {})
			c.Wait()
			v.Add(-2)
			v.Wait()
		}},
		{"an RWMutex with readers", "a copy has none", func(t *testing.T) {
			v := new(sync.RWMutex)
			v.RLock()
			c := copyOf(t, v)
			assert.True(t, c.TryLock())
			assert.False(t, c.TryRLock())
			c.Unlock()
			v.RUnlock()
			assert.True(t, v.TryLock())
		}},
		{"locks in a map, a box and an array", "a locked one is free there too", func(t *testing.T) {
			type held struct {
				mu *sync.Mutex
				in [2]sync.Mutex
			}
			v := map[string]any{"a": held{mu: new(sync.Mutex)}, "b": &held{mu: new(sync.Mutex)}}
			v["a"].(held).mu.Lock()
			v["b"].(*held).in[1].Lock()
			c := *copyOf(t, &v)
			assert.True(t, c["a"].(held).mu.TryLock())
			assert.True(t, c["b"].(*held).in[1].TryLock())
			assert.False(t, v["b"].(*held).in[1].TryLock())
		}},
		{"atomics", "each is a variable of its own", func(t *testing.T) {
			v := newAtomics()
			c := copyOf(t, v)
			assert.Equal(t, int64(3), c.i64.Add(1))
			assert.True(t, c.b.CompareAndSwap(true, false))
			assert.Equal(t, uint32(3), c.u32.Swap(9))
			assert.True(t, c.p.CompareAndSwap(c.n, nil))
			c.nov.Store("first")
			c.val.Store([]int{2})
			c.m.Range(func(k, _ any) bool { c.m.Delete(k); return true })
			assert.True(t, v.b.Load())
			assert.Equal(t, int64(2), v.i64.Load())
			assert.Equal(t, uint32(3), v.u32.Load())
			assert.Same(t, v.n, v.p.Load())
			assert.Nil(t, v.nov.Load())
			assert.Equal(t, []int{1}, v.val.Load())
			_, ok := v.m.Load("self")
			assert.True(t, ok)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) { t.Log(tt.reason); tt.test(t) })
	}
}

// requireWakes checks that whoever waits for cond is woken.
func requireWakes(t *testing.T, cond *sync.Cond) {
	var wg sync.WaitGroup
	begun := make(chan bool)
	woken := false
	wg.Go(func() {
		cond.L.Lock()
		close(begun)
		cond.Wait()
		woken = true
		cond.L.Unlock()
	})
	<-begun
	done := make(chan bool)
	go func() { wg.Wait(); close(done) }()
	for {
		select {
		case <-done:
			require.True(t, woken)
			return
		default:
			cond.Broadcast() // a read lock does not keep it from coming too early
			time.Sleep(time.Millisecond)
		}
	}
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

// TestAssignReplaces checks that nothing of what a destination refers to is written: it gets other maps and slices, with
// what the shell has and nothing else.
func TestAssignReplaces(t *testing.T) {
	type s struct {
		M   map[string]int
		L   []int
		P   *node
		Any any
		N   map[string]map[string]int
		Nil map[string]int
	}
	dst := &s{
		map[string]int{"old": 1, "both": 1}, make([]int, 3, 9), &node{Val: 1}, map[string]any{"old": 1},
		map[string]map[string]int{"a": {"old": 1}}, map[string]int{"old": 1},
	}
	was := *dst
	src := &s{
		map[string]int{"new": 2, "both": 2}, []int{7}, &node{Val: 2}, map[string]any{"new": 2},
		map[string]map[string]int{"a": {"new": 2}}, nil,
	}
	shell, _, err := deep.CopyFor(dst, src, deep.Options{})
	require.NoError(t, err)
	deep.Assign(dst, shell)
	assert.Equal(t, src, dst)
	assert.Equal(t, s{
		map[string]int{"old": 1, "both": 1}, []int{0, 0, 0}, &node{Val: 1}, map[string]any{"old": 1},
		map[string]map[string]int{"a": {"old": 1}}, map[string]int{"old": 1},
	}, was, "what the destination had is as it was, for those who hold it")
	dst.M["mine"], dst.L[0], dst.P.Val = 3, 3, 3
	assert.NotContains(t, src.M, "mine")
	assert.Equal(t, 7, src.L[0])
	assert.Equal(t, 2, src.P.Val)
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
