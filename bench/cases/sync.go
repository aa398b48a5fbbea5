package main

import (
	"sync"
	"sync/atomic"
)

// syncTrials are about what goroutines share. go vet would not let one copy these by hand.
func syncTrials() []trial {
	type guarded struct {
		Mu sync.Mutex
		N  int
	}
	type counter struct{ N atomic.Int64 }
	type pointer struct{ P atomic.Pointer[node] }
	type value struct{ V atomic.Value }
	return []trial{
		try("locked sync.Mutex", "not locked", func() *guarded { g := &guarded{N: 1}; g.Mu.Lock(); return g },
			func(src, got *guarded) error {
				return all(
					that("lost", func() bool { return got.N == 1 }),
					that("locked", func() bool { return got.Mu.TryLock() }),
					that("unlocked the original", func() bool { return !src.Mu.TryLock() }))
			}),
		try("atomic.Int64", "equal, its own", func() *counter { c := &counter{}; c.N.Store(5); return c },
			func(src, got *counter) error {
				return all(
					that("lost", func() bool { return got.N.Load() == 5 }),
					that("shared with original", func() bool { got.N.Add(1); return src.N.Load() == 5 }))
			}),
		try("atomic.Pointer", "to an object of its own",
			func() *pointer { p := &pointer{}; p.P.Store(&node{N: 1}); return p },
			func(src, got *pointer) error {
				return all(
					that("lost", func() bool { return got.P.Load() != nil && got.P.Load().N == 1 }),
					that("shared with original", func() bool { return got.P.Load() != src.P.Load() }))
			}),
		try("atomic.Value", "with an object of its own", func() *value { v := &value{}; v.V.Store([]int{1}); return v },
			func(src, got *value) error {
				in, _ := got.V.Load().([]int)
				return all(
					that("lost", func() bool { return len(in) == 1 && in[0] == 1 }),
					that("shared with original", func() bool { in[0] = 2; return src.V.Load().([]int)[0] == 1 }))
			}),
		try("sync.Map, used afterwards", "equal, its own",
			func() *sync.Map { m := &sync.Map{}; m.Store("a", &node{N: 1}); return m }, judgeSyncMap),
	}
}

func judgeSyncMap(src, got *sync.Map) error {
	in, _ := got.Load("a")
	n, _ := in.(*node)
	return all(
		that("lost", func() bool { return n != nil && n.N == 1 }),
		that("writes to the original", func() bool {
			got.Store("b", 2)
			_, has := src.Load("b")
			return !has
		}),
		that("does not work", func() bool { b, ok := got.Load("b"); return ok && b == 2 }),
		that("entry shared with original", func() bool { old, _ := src.Load("a"); return old != in }))
}
