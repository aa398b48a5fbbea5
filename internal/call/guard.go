package call

import "sync/atomic"

// A Guard is for a function that is ours and calls code that is not: it can be given up
// within such code alone, however late it is. So the memory that it reads there is not read
// any more when the waiter goes on.
//
//	outside ⇄ inside          Enter and Leave, by the function
//	    inside ─▶ given       the waiter, once time is up
//
// The waiter says that time is up, and then looks for inside; the function says inside, and
// then looks whether time is up. So if both come at once, at least one sees the other: the
// code does not begin, or it is given up. A waiter that finds the function outside waits on:
// it enters no more, and ends by itself. A function that finds itself given up has lost the
// memory that it worked on, and must return.
type Guard struct {
	over  <-chan struct{} // closed when time is up, which the waiter may be slow to notice
	state atomic.Int32
	up    atomic.Bool // time is
}

// NewGuard makes a guard. Code of others does not begin once over is closed.
func NewGuard(over <-chan struct{}) *Guard { return &Guard{over: over} }

const (
	outsideCode int32 = iota
	insideCode
	givenUp
)

// Enter is called before code of others. It returns false if that must not begin.
func (g *Guard) Enter() bool {
	select {
	case <-g.over:
		return false
	default:
	}
	g.state.Store(insideCode)
	if !g.up.Load() {
		return true
	}
	g.state.CompareAndSwap(insideCode, outsideCode)
	return false
}

// Leave is called after it. It returns false if the function was given up.
func (g *Guard) Leave() bool { return g.state.CompareAndSwap(insideCode, outsideCode) }

// giveUp reports whether the function can be given up. If not, it will end soon.
func (g *Guard) giveUp() bool {
	g.up.Store(true)
	return g.state.CompareAndSwap(insideCode, givenUp)
}
