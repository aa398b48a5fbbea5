package hooks_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// The check of histories finds what it is there for.
func TestTheHistoryCheck(t *testing.T) {
	type lists = map[int][]int
	type wrote = map[int]int
	at := func(begun, end int64, name string, found lists, wrote map[int]int) *txn {
		return &txn{name: name, begun: begun, end: end, found: found, wrote: wrote}
	}
	fuzzy := at(1, 2, "fuzzy", lists{}, nil)
	fuzzy.read(0, nil)
	fuzzy.read(0, []int{1})
	tests := []struct {
		name, text string
		final      [][]int
		txns       []*txn
	}{
		{"serial", "", [][]int{{1, 2}, {3}}, []*txn{at(1, 2, "a", lists{0: nil, 1: nil}, wrote{1: 0, 3: 1}), at(3, 4, "b", lists{0: {1}, 1: {3}}, wrote{2: 0})}},
		{"concurrent", "", [][]int{{1}, {2}}, []*txn{at(1, 4, "a", lists{0: nil}, wrote{1: 0}), at(2, 3, "b", lists{0: nil, 1: nil}, wrote{2: 1})}},
		{"lost update", "lost update", [][]int{{2}}, []*txn{at(1, 4, "a", lists{0: nil}, wrote{1: 0}), at(2, 3, "b", lists{0: nil}, wrote{2: 0})}},
		{"overwritten", "cycle", [][]int{{1, 2}}, []*txn{at(1, 4, "a", lists{0: nil}, wrote{1: 0}), at(2, 3, "b", lists{0: nil}, wrote{2: 0})}},
		{"write skew", "cycle", [][]int{{1}, {2}}, []*txn{at(1, 4, "a", lists{0: nil, 1: nil}, wrote{1: 0}), at(2, 3, "b", lists{0: nil, 1: nil}, wrote{2: 1})}},
		{"long fork", "cycle", [][]int{{1}, {2}}, []*txn{
			at(1, 9, "a", lists{0: nil}, wrote{1: 0}), at(1, 9, "b", lists{1: nil}, wrote{2: 1}),
			at(1, 9, "c", lists{0: {1}, 1: nil}, nil), at(1, 9, "d", lists{0: nil, 1: {2}}, nil),
		}},
		{"read skew", "cycle", [][]int{{1}, {2}}, []*txn{at(1, 9, "a", lists{0: nil, 1: nil}, wrote{1: 0, 2: 1}), at(1, 9, "b", lists{0: nil, 1: {2}}, nil)}},
		{"dirty read", "dirty read", [][]int{{}}, []*txn{at(1, 9, "a", lists{0: nil}, nil), at(1, 9, "b", lists{0: {1}}, nil)}},
		{"written by nobody", "not committed", [][]int{{1}}, []*txn{at(1, 9, "a", lists{0: nil}, nil)}},
		{"half of a transaction", "half of", [][]int{{1, 2}}, []*txn{at(1, 9, "a", lists{0: nil}, wrote{1: 0, 2: 0}), at(1, 9, "b", lists{0: {1}}, nil)}},
		{"fuzzy read", "fuzzy read", [][]int{{1}}, []*txn{at(1, 9, "a", lists{0: nil}, wrote{1: 0}), fuzzy}},
		{"stale read", "cycle", [][]int{{1}}, []*txn{at(1, 2, "a", lists{0: nil}, wrote{1: 0}), at(3, 4, "b", lists{0: nil}, nil)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := history{txns: tt.txns}
			if got := h.check(tt.final); tt.text == "" {
				require.Empty(t, got)
			} else {
				require.Contains(t, got, tt.text)
			}
		})
	}
}

// Thousands of small histories, in which all that can go wrong in a hook does, are strictly
// serialisable, together with what rounds have read that failed or were lost: no lost update, no
// dirty or fuzzy read, no write skew, no long fork.
//
// A history takes time in which its goroutines wait for each other, so several are made at a time.
func TestHistoriesAreStrictlySerialisable(t *testing.T) {
	const shards = 8
	n := 4000
	if testing.Short() {
		n = 600
	}
	if raceEnabled {
		n /= 4
	}
	seed := rand.Uint64()
	var committed, failed, lost atomic.Int64
	t.Run("histories", func(t *testing.T) {
		for shard := range shards {
			t.Run(fmt.Sprint("shard ", shard), func(t *testing.T) {
				t.Parallel()
				for i := shard; i < n; i += shards {
					w := &appenders{seed: seed + uint64(i), timed: i/shards%3 == 0}
					w.test(t)
					committed.Add(w.committed.Load())
					failed.Add(w.failed.Load())
					lost.Add(w.lost.Load())
				}
			})
		}
	})
	t.Logf("%d histories: %d executions committed, %d failed, %d rounds were lost", n, committed.Load(), failed.Load(), lost.Load())
	require.Positive(t, failed.Load())
	require.Positive(t, lost.Load())
}

// test makes one history and checks it.
func (w *appenders) test(t *testing.T) {
	if w.timed {
		synctest.Test(t, func(t *testing.T) { w.run(t) })
	} else {
		w.run(t)
	}
	final := make([][]int, len(w.cells))
	for key, cell := range w.cells {
		final[key] = cell.Load()
	}
	if text := w.check(final); text != "" {
		t.Fatalf("seed %d, timed %v: %s\nfinal: %v", w.seed, w.timed, text, final)
	}
}

// Appenders are goroutines that run random chains over the lists of some cells.
type appenders struct {
	history
	seed  uint64
	timed bool // in a bubble, with faults that take time
	cells []*hooks.Shared[[]int]
	x     *hooks.Executor[[]int]

	executions, committed, failed, lost atomic.Int64
}

func (w *appenders) run(t *testing.T) {
	r := rand.New(rand.NewPCG(w.seed, 1))
	cfg := hooks.Config{Execution: hooks.ExecutionConfig{MaxRounds: 1 + r.Int64N(5)}}
	if w.timed {
		cfg.Execution.DefaultTimeout, cfg.Execution.RollbackTimeout = 5*time.Millisecond, 5*time.Millisecond
	}
	w.x = build[[]int](t, cfg)
	for range 2 + r.IntN(3) {
		w.cells = append(w.cells, newCell[[]int](t, nil))
	}
	var group sync.WaitGroup
	for g := range 2 + r.IntN(4) {
		dice := rand.New(rand.NewPCG(w.seed, uint64(100+g)))
		group.Go(func() {
			for range 6 {
				w.execute(dice)
			}
		})
	}
	group.Wait()
	require.NoError(t, w.x.Shutdown(context.Background()))
}

// A tour is one execution under way.
type tour struct {
	w      *appenders
	number int
	home   int // the key of the cell whose value is the state, -1: none
	cancel func()

	elements atomic.Int64
	rounds   []*txn                 // guarded by w.mu, as is
	wrote    map[string]map[int]int // by round and hook: the key of each element of the last attempt
}

// perTour is how many elements an execution may make: they tell whose they are.
const perTour = 1000

// execute runs a random chain, and writes down what it did.
func (w *appenders) execute(dice *rand.Rand) {
	c := &tour{w: w, number: int(w.executions.Add(1)), home: dice.IntN(2*len(w.cells)) - len(w.cells), wrote: map[string]map[int]int{}}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if c.cancel = cancel; w.timed && dice.IntN(8) == 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(dice.IntN(10))*time.Millisecond)
		defer cancel()
	}
	chain := c.chain(dice)
	begun := w.tick()
	var report *hooks.Report
	var err error
	if c.home >= 0 {
		report, err = w.x.ExecuteShared(ctx, w.cells[c.home], chain...)
	} else {
		report, err = w.x.Execute(ctx, new([]int), chain...)
	}
	c.finish(begun, w.tick(), report, err)
}

func (c *tour) chain(dice *rand.Rand) []hooks.Hook[[]int] {
	var chain []hooks.Hook[[]int]
	for i := range 1 + dice.IntN(3) {
		chain = append(chain, c.hook(fmt.Sprint("h", i), dice))
	}
	switch dice.IntN(6) {
	case 0:
		chain = []hooks.Hook[[]int]{hooks.Parallel("p", chain...)}
	case 1:
		chain[0] = hooks.Retry(chain[0], hooks.RetryPolicy{Attempts: 2})
	case 2:
		chain = append(chain, continuing(hooks.Sequence("s", c.hook("in", dice), c.hook("out", dice))))
	}
	return chain
}

// hook makes a hook that appends and reads at random.
func (c *tour) hook(name string, dice *rand.Rand) hooks.Hook[[]int] {
	seed, attempts := dice.Uint64(), atomic.Uint64{}
	h := hooks.Func(name, func(ctx context.Context, state *[]int) error {
		own := rand.New(rand.NewPCG(seed, attempts.Add(1))) // one that was abandoned may still use its own
		wrote := map[int]int{}
		c.keep(ctx, nil)
		for range 1 + own.IntN(3) {
			if err := c.step(ctx, state, wrote, own); err != nil {
				return err
			}
			if own.IntN(2) == 0 {
				runtime.Gosched()
			}
		}
		if c.w.timed {
			time.Sleep(time.Duration(own.IntN(3)) * time.Millisecond)
		}
		err := c.fault(ctx, own)
		c.keep(ctx, wrote)
		return err
	})
	if dice.IntN(2) == 0 {
		return continuing(h)
	}
	return h
}

// step appends to a list, or reads it.
func (c *tour) step(ctx context.Context, state *[]int, wrote map[int]int, dice *rand.Rand) error {
	key, appends := dice.IntN(len(c.w.cells)), dice.IntN(2) == 0
	list := state
	if cell := c.w.cells[key]; key != c.home {
		var err error
		if appends {
			list, err = cell.Edit(ctx)
		} else {
			list = new([]int)
			*list, err = cell.Read(ctx)
		}
		if err != nil {
			return err
		}
	}
	c.read(ctx, key, *list)
	if appends {
		e := c.number*perTour + int(c.elements.Add(1))
		*list = append(*list, e)
		wrote[e] = key
	}
	return nil
}

// read writes down what others have left in a list.
func (c *tour) read(ctx context.Context, key int, list []int) {
	info, _ := hooks.InfoFrom(ctx)
	found := slices.DeleteFunc(slices.Clone(list), func(e int) bool { return e/perTour == c.number })
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	for len(c.rounds) < info.Round {
		t := &txn{name: fmt.Sprintf("execution %d round %d", c.number, len(c.rounds)+1), found: map[int][]int{}}
		c.rounds = append(c.rounds, t)
	}
	c.rounds[info.Round-1].read(key, found)
}

// keep writes down what an attempt has appended.
func (c *tour) keep(ctx context.Context, wrote map[int]int) {
	info, _ := hooks.InfoFrom(ctx)
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	c.wrote[fmt.Sprint(info.Round, info.Hook)] = wrote
}

// fault lets something go wrong, now and then.
func (c *tour) fault(ctx context.Context, dice *rand.Rand) error {
	switch n := dice.IntN(40); {
	case n == 0:
		return errBroken
	case n == 1:
		return hooks.Reject("no")
	case n == 2:
		panic("bad")
	case n == 3:
		runtime.Goexit()
	case n == 4:
		c.cancel()
	case n == 5:
		return hooks.BeforeCommit(ctx, func(context.Context) error { return errBroken })
	case n == 6:
		return hooks.BeforeCommit(ctx, func(context.Context) error { runtime.Gosched(); return nil })
	case n == 7:
		return hooks.OnRollback(ctx, func(context.Context) error { return errBroken })
	case n == 8 && c.w.timed:
		<-ctx.Done() // polite, but late
		return ctx.Err()
	case n == 9 && c.w.timed:
		time.Sleep(time.Second) // deaf
	}
	return nil
}

// finish makes transactions of the rounds. If the execution has committed, the last one wrote what
// the hooks did that were kept.
func (c *tour) finish(begun, end int64, report *hooks.Report, err error) {
	w := c.w
	w.lost.Add(int64(max(0, report.Rounds-1)))
	if err != nil {
		w.failed.Add(1)
	} else {
		w.committed.Add(1)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, t := range c.rounds {
		if t.begun, t.end = begun, end; err == nil && i == report.Rounds-1 {
			t.wrote = c.kept(report.Rounds, report.Results())
		}
		w.txns = append(w.txns, t)
	}
}

// kept is what the hooks wrote that succeeded, and were not dropped with a group.
func (c *tour) kept(round int, results []hooks.Result) map[int]int {
	all := map[int]int{}
	for _, res := range results {
		if !res.Success() {
			continue
		}
		wrote := c.wrote[fmt.Sprint(round, res.Hook)]
		if res.Members != nil {
			wrote = c.kept(round, res.Members)
		}
		for e, key := range wrote {
			all[e] = key
		}
	}
	return all
}
