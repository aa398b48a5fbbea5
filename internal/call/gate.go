package call

import "sync/atomic"

// A Gate settles on which side of its limit a call is, for one call after another of one
// goroutine, which is watched by another. It is a Call's state for calls that share a
// goroutine: the same transitions, the same argument, and a number that says which of the
// calls is meant, so that a waiter who comes late can never give up the next one.
//
//	driving ── Enter(i) ──▶ running i ── Leave(i) ──▶ driving     by the goroutine
//	                            └────── Abandon(i) ─▶ abandoned   by the waiter
//	driving ── Park ──▶ parked                                    by the goroutine
//
// What the goroutine wrote before Enter the waiter may read while the call runs, and after
// Park everything.
type Gate struct{ word atomic.Int64 }

const (
	driving int64 = iota
	parked
	given
	inside // and the call's number, times four
)

// Open lets the goroutine drive. The waiter calls it before it hands over.
func (g *Gate) Open() { g.word.Store(driving) }

// Enter begins call i.
func (g *Gate) Enter(i int) { g.word.Store(inside | int64(i)<<2) }

// Leave ends call i. It reports false if the call was given up before.
func (g *Gate) Leave(i int) bool { return g.word.CompareAndSwap(inside|int64(i)<<2, driving) }

// Abandon gives call i up. It reports false if the call has ended.
func (g *Gate) Abandon(i int) bool { return g.word.CompareAndSwap(inside|int64(i)<<2, given) }

// Park hands everything back to the waiter.
func (g *Gate) Park() { g.word.Store(parked) }

// Parked reports whether everything has been handed back.
func (g *Gate) Parked() bool { return g.word.Load() == parked }

// Running returns the call that is under way.
func (g *Gate) Running() (i int, ok bool) {
	w := g.word.Load()
	return int(w >> 2), w&3 == inside
}
