package call_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hooktx/hooks/internal/call"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errBoom = errors.New("boom")

// endings are the ways in which a function can end.
var endings = []struct {
	name   string
	fn     func() int
	how    call.How
	value  int
	panics any
	reason string
}{
	{"return", func() int { return 7 }, call.Returned, 7, nil, "the plain case"},
	{"panic", func() int { panic(errBoom) }, call.Panicked, 0, errBoom, "the value must be kept as it is"},
	{"panic nil", func() int { panic(nil) }, call.Panicked, 0, new(runtime.PanicNilError), "a nil recover must not pass for an exit"},
	{"exit", func() int { runtime.Goexit(); return 7 }, call.Exited, 0, nil, "recover returns nil for it, like for a return"},
	{"exit after panic", func() int {
		defer runtime.Goexit()
		panic(errBoom)
	}, call.Exited, 0, nil, "an exit in a deferred call ends the panic"},
	{"recovered", func() (v int) {
		defer func() { _ = recover(); v = 8 }()
		panic(errBoom)
	}, call.Returned, 8, nil, "a panic that the function handles is its own matter"},
	{"panic again", func() int {
		defer func() { _ = recover(); panic(errBoom) }()
		panic("first")
	}, call.Panicked, 0, errBoom, "the last panic counts"},
}

func TestHowAFunctionEnds(t *testing.T) {
	for _, godebug := range []string{"panicnil=0", "panicnil=1"} {
		t.Run(godebug, func(t *testing.T) {
			t.Setenv("GODEBUG", godebug)
			for _, tt := range endings {
				t.Run(tt.name, func(t *testing.T) {
					out := call.Start(tt.fn, nil, nil).Join()
					assert.Equal(t, tt.how, out.How, tt.reason)
					assert.Equal(t, tt.value, out.Value)
					assert.IsType(t, tt.panics, out.Panic)
					assert.Equal(t, tt.how == call.Returned, out.Stack == "", "a stack is kept of what went wrong")
				})
			}
		})
	}
}

func TestStackNamesTheFunction(t *testing.T) {
	for _, fn := range []func() int{explode, leave} {
		out := call.Start(fn, nil, nil).Join()
		assert.Contains(t, out.Stack, "call_test.")
		assert.Regexp(t, `explode|leave`, out.Stack)
	}
}

func explode() int { panic(errBoom) }
func leave() int   { runtime.Goexit(); return 0 }

// wait waits for a function with a deadline after d.
func wait(c *call.Call[int], d, grace time.Duration, note func()) *call.Outcome[int] {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return c.Wait(ctx.Done(), func() {}, grace, note)
}

func TestAbandonedCallGoesToLate(t *testing.T) {
	for _, tt := range endings {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gate, noted, late := make(chan struct{}), false, make(chan call.Outcome[int], 1)
				c := call.Start(func() int { <-gate; return tt.fn() }, nil, func(out *call.Outcome[int]) {
					assert.True(t, noted, "late before the abandonment was written down")
					late <- *out
				})
				begun := time.Now()
				assert.Nil(t, wait(c, time.Second, 0, func() { noted = true }))
				assert.Equal(t, time.Second, time.Since(begun), "the waiter goes on at the deadline, neither before nor after")
				require.True(t, noted)

				time.Sleep(time.Hour)
				assert.Empty(t, late)
				close(gate)
				out := <-late
				assert.Equal(t, tt.how, out.How)
				assert.Equal(t, tt.value, out.Value)
				assert.Equal(t, time.Second+time.Hour, out.At.Sub(begun))
			})
		})
	}
}

func TestGrace(t *testing.T) {
	const limit, grace = time.Second, 100 * time.Millisecond
	for _, tt := range []struct {
		after time.Duration
		known bool
		took  time.Duration
	}{
		{limit - 1, true, limit - 1},
		{limit + grace - 1, true, limit + grace - 1},
		{limit + grace + 1, false, limit + grace},
	} {
		synctest.Test(t, func(t *testing.T) {
			begun := time.Now()
			c := call.Start(func() int { time.Sleep(tt.after); return 1 }, nil, nil)
			out := wait(c, limit, grace, func() {})
			assert.Equal(t, tt.known, out != nil, "ends after %v", tt.after)
			assert.Equal(t, tt.took, time.Since(begun))
			if out != nil {
				assert.Equal(t, tt.after, out.At.Sub(begun), "the stamp is the function's, not the waiter's")
			}
			time.Sleep(time.Second)
		})
	}
}

// A function that ends when it is told to is late, but known: with no yields at all
// between the telling and the giving up it would be abandoned nearly every time.
func TestPoliteFunctionIsKnown(t *testing.T) {
	const rounds = 500
	known := 0
	for range rounds {
		ctx, cancel := context.WithCancel(context.Background())
		over := make(chan struct{})
		close(over)
		c := call.Start(func() int { <-ctx.Done(); return 1 }, nil, nil)
		runtime.Gosched()
		if c.Wait(over, cancel, 0, func() {}) != nil {
			known++
		}
	}
	assert.Greater(t, known, rounds/2)
}

// Whoever wins the race, the call is settled once: either the waiter has the outcome
// and late is never called, or it has none and late is called once, after the waiter
// has written down that it gave up.
func TestSettledOnce(t *testing.T) {
	for _, procs := range []int{1, 2, 4} {
		old := runtime.GOMAXPROCS(procs)
		for range 2000 {
			settleOnce(t)
		}
		runtime.GOMAXPROCS(old)
	}
}

func settleOnce(t *testing.T) {
	var late atomic.Int32
	var noted, early atomic.Bool
	done, over := make(chan struct{}), make(chan struct{})
	go close(over)
	c := call.Start(func() int { runtime.Gosched(); return 1 }, nil, func(*call.Outcome[int]) {
		early.Store(!noted.Load())
		late.Add(1)
		close(done)
	})
	out := c.Wait(over, func() {}, time.Nanosecond, func() {
		for range 10 {
			runtime.Gosched() // enough for a function that does not wait for the note
		}
		noted.Store(true)
	})
	if out == nil {
		<-done
	}
	require.Equal(t, out == nil, late.Load() == 1)
	require.False(t, early.Load(), "late came before the abandonment was written down")
}

func TestAliveIsAskedAfterTheStamp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := call.Start(func() int { time.Sleep(time.Second); return 1 }, func() error {
			time.Sleep(time.Second)
			return errBoom
		}, nil).Join()
		assert.ErrorIs(t, out.Err, errBoom)
		assert.Equal(t, time.Second, time.Since(out.At))
	})
}
