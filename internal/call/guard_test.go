package call_test

import (
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks/internal/call"
)

// A guarded call is given up within code of others alone: outside of that the waiter waits,
// and such code does not begin any more.
func TestGuardedCallIsNotGivenUpOutside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := make(chan struct{})
		time.AfterFunc(time.Second, func() { close(over) })
		g := call.NewGuard(nil)
		c := call.StartGuarded(g, func() int {
			assert.True(t, g.Enter())
			assert.True(t, g.Leave())
			time.Sleep(time.Minute)
			assert.False(t, g.Enter(), "time was up long ago")
			return 7
		}, nil, func(*call.Outcome[int]) { t.Error("it was given up") })
		begun := time.Now()
		out := c.Wait(over, func() {}, 0, func() { t.Error("it was given up") })
		require.NotNil(t, out)
		assert.Equal(t, 7, out.Value)
		assert.Equal(t, time.Minute, time.Since(begun))
	})
}

func TestGuardedCallIsGivenUpInside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over, release, late := make(chan struct{}), make(chan struct{}), make(chan bool, 1)
		time.AfterFunc(time.Second, func() { close(over) })
		g := call.NewGuard(over)
		c := call.StartGuarded(g, func() int {
			assert.True(t, g.Enter())
			<-release
			assert.False(t, g.Leave(), "nobody waits any more")
			assert.False(t, g.Enter())
			return 7
		}, nil, func(*call.Outcome[int]) { late <- true })
		begun := time.Now()
		assert.Nil(t, c.Wait(over, func() {}, 0, func() {}))
		assert.Equal(t, time.Second, time.Since(begun))
		close(release)
		assert.True(t, <-late)
	})
}

// Time that is up counts at once, and not when the waiter comes to see it.
func TestGuardSeesThatTimeIsUp(t *testing.T) {
	over := make(chan struct{})
	g := call.NewGuard(over)
	assert.True(t, g.Enter())
	close(over)
	assert.True(t, g.Leave(), "nobody gave it up")
	assert.False(t, g.Enter())
}

// Whoever wins the race, memory is used by one side alone: what the function writes outside
// of others' code is never written after Wait has returned.
func TestGuardKeepsMemoryApart(t *testing.T) {
	for _, procs := range []int{1, 2, 4} {
		old := runtime.GOMAXPROCS(procs)
		givenUp := 0
		for i := range 2000 {
			if guardedRace(i) {
				givenUp++
			}
		}
		t.Logf("%d processors: %d of 2000 were given up", procs, givenUp)
		runtime.GOMAXPROCS(old)
	}
}

func guardedRace(i int) (givenUp bool) {
	var memory int // for the race detector
	var hint atomic.Bool
	over := make(chan struct{})
	g := call.NewGuard(nil)
	c := call.StartGuarded(g, func() int {
		for n := 0; n < 1000 && g.Enter(); n++ {
			hint.Store(true)
			if n%7 == i%7 {
				runtime.Gosched()
			}
			if !g.Leave() {
				return 0
			}
			memory++
		}
		return 0
	}, nil, nil)
	go func() {
		for !hint.Load() {
			runtime.Gosched()
		}
		close(over)
	}()
	out := c.Wait(over, func() {}, time.Nanosecond, func() {})
	memory++
	return out == nil
}
