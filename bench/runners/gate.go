package runners

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hooktx/hooks"
	"github.com/hooktx/hooks/bench/suite"
)

// A Gate is a chain whose first hook waits until the gate is opened, whatever its context says.
type Gate struct {
	Chain               // callers that wait
	Free  func() Caller // callers of the same executor whose hooks do not wait

	// Left counts the calls that the executor knows to be late and running.
	Left func() int

	waiting atomic.Int64
	open    chan struct{}
	opened  sync.Once
}

// NewGate makes a gate of n hooks, each with the given limit. It is for the textbook and for hooks.
func NewGate(impl string, n int, limit time.Duration) (*Gate, error) {
	g := &Gate{open: make(chan struct{}), Left: func() int { return 0 }}
	switch impl {
	case suite.Textbook:
		within := func(ctx context.Context, _ kind[Small], s *Small, do step[Small]) error {
			return textbookWithin(ctx, limit, s, do)
		}
		waiting, err := oneByOne(small, g.wait, within)(n)
		if err != nil {
			return nil, err
		}
		free, err := oneByOne(small, plain, within)(n)
		if err != nil {
			return nil, err
		}
		g.Chain, g.Free = *waiting, free.Caller
		return g, nil
	case suite.Hooks:
		x, err := hooks.New[Small](hooks.Config{Execution: hooks.ExecutionConfig{DefaultTimeout: limit, MaxAbandoned: hooks.NoLimit}})
		if err != nil {
			return nil, err
		}
		callers := func(st style[Small]) func() Caller {
			chain := maker[Small](asFunc[Small]).of(st.of(small, n))
			return small.caller(n, func(ctx context.Context, s *Small) error {
				_, err := x.Execute(ctx, s, chain...)
				return err
			})
		}
		g.Chain, g.Free = *closing(x, callers(g.wait)), callers(plain[Small])
		g.Left = func() int { return len(x.Abandoned()) }
		return g, nil
	}
	return nil, fmt.Errorf("no gate for %q", impl)
}

// wait is the style of hooks of which the first waits.
func (g *Gate) wait(k kind[Small], i int) step[Small] {
	do := plain(k, i)
	if i > 0 {
		return do
	}
	return func(ctx context.Context, s *Small) error {
		g.waiting.Add(1)
		<-g.open
		g.waiting.Add(-1)
		return do(ctx, s)
	}
}

// Waiting returns how many hooks wait.
func (g *Gate) Waiting() int { return int(g.waiting.Load()) }

// Open lets all hooks go on.
func (g *Gate) Open() { g.opened.Do(func() { close(g.open) }) }
