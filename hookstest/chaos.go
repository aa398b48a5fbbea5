package hookstest

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/hooktx/hooks"
)

// A Fault is something that [Chaos] lets go wrong. Each of them can happen to a hook that does
// nothing wrong: what comes of it is for the executor, and for Rollback.
type Fault string

// The faults.
const (
	Fail        Fault = "fail"         // an error, in the place of the call
	Refuse      Fault = "refuse"       // a [hooks.Reject], likewise
	Panic       Fault = "panic"        // likewise
	Exit        Fault = "exit"         // runtime.Goexit, likewise
	Stall       Fault = "stall"        // nothing is done until the context ends
	Overrun     Fault = "overrun"      // the call is made, but returns when its context has ended
	LoseReply   Fault = "lose reply"   // the call is made, and an [hooks.Unknown] error comes of it
	LoseRequest Fault = "lose request" // an Unknown error, in the place of the call
	UndoTwice   Fault = "undo twice"   // a Rollback is called a second time, as after a crash
)

// AllFaults are all of them.
func AllFaults() []Fault {
	return []Fault{Fail, Refuse, Panic, Exit, Stall, Overrun, LoseReply, LoseRequest, UndoTwice}
}

// ErrChaos is what errors that Chaos makes match.
var ErrChaos = errors.New("hookstest: injected fault")

// Faults say what goes wrong, and how often.
type Faults struct {
	// Seed makes a run repeatable: which calls of a hook go wrong, and how, depends on the Faults,
	// the phase, the hook's path and the number of the call. Of executions at the same time it is a
	// race which of them gets which number. 0 means a random seed.
	Seed uint64

	// Rate is the share of calls that go wrong, from 0 to 1; 0 means 0.1.
	Rate float64

	// Kinds are the faults to choose from; none means all.
	Kinds []Fault
}

// Chaos returns the chain with faults in its hooks, also in those that are members of groups. If
// the test fails, it says which faults there were, and the seed. Give hooks short timeouts: some
// faults last until the context ends.
func Chaos[T any](t testing.TB, faults Faults, chain ...hooks.Hook[T]) []hooks.Hook[T] {
	t.Helper()
	c := newChaos(t, faults)
	mad := make([]hooks.Hook[T], len(chain))
	for i, h := range chain {
		mad[i] = hooks.Around(h, func(ctx context.Context, _ *T, next func(context.Context) (any, error)) (any, error) {
			return c.call(ctx, next)
		})
	}
	return mad
}

type chaos struct {
	Faults
	mu    sync.Mutex
	calls map[string]uint64 // by phase and path
	log   []string
}

func newChaos(t testing.TB, faults Faults) *chaos {
	c := &chaos{Faults: faults, calls: map[string]uint64{}}
	if !(c.Rate >= 0 && c.Rate <= 1) {
		t.Fatalf("hookstest.Chaos: the Rate is %v; it must be from 0 to 1", c.Rate)
	}
	for c.Seed == 0 {
		c.Seed = rand.Uint64()
	}
	if c.Rate == 0 {
		c.Rate = 0.1
	}
	if len(c.Kinds) == 0 {
		c.Kinds = AllFaults()
	}
	for _, k := range c.Kinds {
		if !slices.Contains(AllFaults(), k) {
			t.Fatalf("hookstest.Chaos: there is no fault %q; see AllFaults", k)
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(c)
		}
	})
	return c
}

// String tells the seed and the last faults.
func (c *chaos) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprintf("hookstest.Chaos: seed %d; the last of the faults: %q", c.Seed, c.log[max(0, len(c.log)-100):])
}

// call makes a call, or what is to go wrong with it.
func (c *chaos) call(ctx context.Context, next func(context.Context) (any, error)) (any, error) {
	info, _ := hooks.InfoFrom(ctx)
	fault := c.draw(info)
	err := fmt.Errorf("%w: %s", ErrChaos, fault)
	switch fault {
	case Fail:
		return nil, err
	case Refuse:
		return nil, hooks.Reject("%w", err)
	case Panic:
		panic(err)
	case Exit:
		runtime.Goexit()
	case Stall:
		<-ctx.Done()
		return nil, context.Cause(ctx)
	case LoseReply:
		return nil, unsure(ctx, err, next)
	case LoseRequest:
		return nil, hooks.Unknown(err)
	case Overrun:
		defer func() { <-ctx.Done() }()
	case UndoTwice:
		if _, err := next(ctx); err != nil {
			return nil, err
		}
	}
	return next(ctx)
}

// unsure makes a call whose outcome is then unknown, because of err.
func unsure(ctx context.Context, err error, next func(context.Context) (any, error)) error {
	_, said := next(ctx)
	if errors.Is(said, hooks.SkipRest) {
		said = nil // it was a success
	}
	return errors.Join(hooks.Unknown(err), said)
}

// draw says what is to go wrong with a call; "" is nothing.
func (c *chaos) draw(info hooks.Info) Fault {
	kinds := slices.DeleteFunc(slices.Clone(c.Kinds), func(f Fault) bool { return !f.suits(info.Phase) })
	where := info.Phase.String() + " of " + info.Hook
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls[where]++
	n := c.calls[where]
	h := fnv.New64a()
	h.Write([]byte(where))
	r := rand.New(rand.NewPCG(c.Seed, h.Sum64()+n)) //nolint:gosec // repeatable on purpose
	if len(kinds) == 0 || r.Float64() >= c.Rate {
		return ""
	}
	fault := kinds[r.IntN(len(kinds))]
	c.log = append(c.log, fmt.Sprintf("%s %d: %s", where, n, fault))
	return fault
}

// suits reports whether the fault can happen in a phase.
func (f Fault) suits(p hooks.Phase) bool {
	switch f {
	case UndoTwice:
		return p == hooks.PhaseRollback
	case Overrun, LoseReply, LoseRequest:
		return p == hooks.PhaseExecute
	}
	return p != hooks.PhaseRollback
}
