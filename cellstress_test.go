package hooks_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// A vault is an account that remembers who has moved money from it or to it.
type vault struct {
	Balance int
	Moves   [64]int // by goroutine
}

// transfers is how many the stress test makes. HOOKS_TRANSFERS says otherwise.
func transfers() int {
	n := 200_000
	if testing.Short() {
		n = 20_000
	}
	if raceEnabled {
		n /= 10
	}
	if asked, err := strconv.Atoi(os.Getenv("HOOKS_TRANSFERS")); err == nil {
		n = asked
	}
	return n
}

// Many goroutines move money between many cells, and much goes wrong: no money is lost or made,
// and exactly the transfers are there that were acknowledged.
func TestTransfersUnderStress(t *testing.T) {
	const cells, goroutines, each = 64, 64, 1000
	x := build[vault](t, hooks.Config{})
	y := build[struct{}](t, hooks.Config{})
	all := make([]*hooks.Shared[vault], cells)
	for i := range all {
		all[i] = newCell(t, vault{Balance: each})
	}
	acknowledged := make([][cells]int, goroutines)
	var group sync.WaitGroup
	for g := range goroutines {
		group.Go(func() {
			dice := rand.New(rand.NewPCG(rand.Uint64(), uint64(g)))
			for range transfers() / goroutines {
				from, to := dice.IntN(cells), dice.IntN(cells)
				if from == to {
					continue
				}
				if move(x, y, all[from], all[to], g, dice) == nil {
					acknowledged[g][from]++
					acknowledged[g][to]++
				}
			}
		})
	}
	group.Wait()
	require.NoError(t, x.Shutdown(context.Background()))
	sum, there := 0, make([][cells]int, goroutines)
	for i, cell := range all {
		v := cell.Load()
		sum += v.Balance
		for g := range goroutines {
			there[g][i] = v.Moves[g]
		}
	}
	assert.Equal(t, cells*each, sum)
	assert.Equal(t, acknowledged, there)
	a, b := x.Metrics(), y.Metrics()
	t.Logf("%d committed, %d failed, %d rounds lost", a.Commits+b.Commits, a.Failures+b.Failures, a.Conflicts+b.Conflicts)
	assert.Positive(t, a.Commits)
	assert.Positive(t, b.Commits)
}

// move moves a unit of money, in one of two ways.
func move(x *hooks.Executor[vault], y *hooks.Executor[struct{}], from, to *hooks.Shared[vault], g int, dice *rand.Rand) (err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	fault := func(ctx context.Context) error { return moveFault(ctx, cancel, dice) }
	give := func(v *vault) { v.Balance--; v.Moves[g]++ }
	take := func(ctx context.Context) error {
		v, err := to.Edit(ctx)
		if err == nil {
			v.Balance++
			v.Moves[g]++
		}
		return err
	}
	if dice.IntN(2) == 0 {
		_, err = x.ExecuteShared(ctx, from,
			hooks.Func("give", func(_ context.Context, v *vault) error { give(v); return nil }),
			hooks.Func("take", func(ctx context.Context, _ *vault) error { return errors.Join(take(ctx), fault(ctx)) }))
		return err
	}
	_, err = y.Execute(ctx, new(struct{}), hooks.Func("move", func(ctx context.Context, _ *struct{}) error {
		v, err := from.Edit(ctx)
		if err != nil {
			return err
		}
		give(v)
		return errors.Join(take(ctx), fault(ctx))
	}))
	return err
}

func moveFault(ctx context.Context, cancel func(), dice *rand.Rand) error {
	switch dice.IntN(100) {
	case 0:
		return errBroken
	case 1:
		panic("bad")
	case 2:
		runtime.Goexit()
	case 3:
		cancel()
	case 4:
		return hooks.BeforeCommit(ctx, func(context.Context) error { return errBroken })
	case 5:
		return hooks.BeforeCommit(ctx, func(context.Context) error { runtime.Gosched(); return nil })
	}
	return nil
}

// Readers see all that a commit has changed, or nothing of it, however much that is.
func TestReadersSeeWholeCommits(t *testing.T) {
	const cells = 1000
	all := make([]*hooks.Shared[int], cells)
	for i := range all {
		all[i] = newCell(t, 0)
	}
	rounds := 400
	if testing.Short() {
		rounds = 100
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range rounds {
			assert.NoError(t, hooks.Atomically(context.Background(), func(ctx context.Context) error {
				var err error
				for _, cell := range all {
					err = errors.Join(err, add(ctx, cell, 1))
				}
				return err
			}))
		}
	}()
	x := build[struct{}](t, hooks.Config{Execution: hooks.ExecutionConfig{MaxRounds: hooks.NoLimit}})
	look := func(first, last *hooks.Shared[int]) hooks.Hook[struct{}] {
		return hooks.Func("look", func(ctx context.Context, _ *struct{}) error {
			a, err := first.Read(ctx)
			if err != nil {
				return err
			}
			b, err := last.Read(ctx)
			if err == nil && a != b {
				t.Errorf("one cell is at %d, another at %d", a, b)
			}
			return err
		})
	}
	for i := 0; ; i++ {
		select {
		case <-done:
			assert.Equal(t, rounds, all[cells-1].Load())
			return
		default:
			_, err := x.Execute(context.Background(), new(struct{}), look(all[i%cells], all[(i*7+13)%cells]))
			require.NoError(t, err)
		}
	}
}

// Transfers between accounts are linearisable, as an independent checker says. Load, which reads
// one cell alone, is among the operations.
func TestTransfersAreLinearisable(t *testing.T) {
	n := 200
	if testing.Short() {
		n = 40
	}
	for range n {
		checkTransfers(t)
	}
}

const bankAccounts = 3

type bankInput struct {
	kind          string // move, sum, load
	from, to, sum int
}

type bankState = [bankAccounts]int

// bankOutput is what an operation answered: an error says that nothing was done.
type bankOutput struct {
	failed bool // it gave up: nothing was done
	poor   bool // it said no, since there was not enough
	seen   bankState
}

var bankModel = porcupine.Model{
	Init: func() any { return bankState{5, 5, 5} },
	Step: func(state, input, output any) (bool, any) {
		s, in, out := state.(bankState), input.(bankInput), output.(bankOutput)
		switch {
		case out.failed:
			return true, s
		case in.kind == "sum":
			return out.seen == s, s
		case in.kind == "load":
			return out.seen[in.from] == s[in.from], s
		case s[in.from] < in.sum:
			return out.poor, s
		}
		s[in.from] -= in.sum
		s[in.to] += in.sum
		return !out.poor, s
	},
}

var errPoor = errors.New("not enough")

func checkTransfers(t *testing.T) {
	const clients, operations = 5, 12
	var bank [bankAccounts]*hooks.Shared[int]
	for i := range bank {
		bank[i] = newCell(t, 5)
	}
	x := build[struct{}](t, hooks.Config{Execution: hooks.ExecutionConfig{MaxRounds: 2}})
	y := build[int](t, hooks.Config{Execution: hooks.ExecutionConfig{MaxRounds: 2}})
	begun := time.Now()
	var mu sync.Mutex
	var done []porcupine.Operation
	var group sync.WaitGroup
	for client := range clients {
		group.Go(func() {
			dice := rand.New(rand.NewPCG(rand.Uint64(), 0))
			for range operations {
				in := bankInput{kind: []string{"move", "move", "sum", "load"}[dice.IntN(4)], from: dice.IntN(bankAccounts), sum: 1 + dice.IntN(6)}
				in.to = (in.from + 1 + dice.IntN(bankAccounts-1)) % bankAccounts
				call := time.Since(begun).Nanoseconds()
				out := bankDo(x, y, bank[:], in, dice)
				mu.Lock()
				done = append(done, porcupine.Operation{ClientId: client, Input: in, Call: call, Output: out, Return: time.Since(begun).Nanoseconds()})
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if got := porcupine.CheckOperationsTimeout(bankModel, done, time.Minute); got != porcupine.Ok {
		t.Fatalf("%v: %+v", got, done)
	}
}

func bankDo(x *hooks.Executor[struct{}], y *hooks.Executor[int], bank []*hooks.Shared[int], in bankInput, dice *rand.Rand) (out bankOutput) {
	ctx := context.Background()
	var err error
	switch {
	case in.kind == "load":
		out.seen[in.from] = bank[in.from].Load()
	case in.kind == "sum":
		_, err = x.Execute(ctx, new(struct{}), readOnly(hooks.Func("sum", func(ctx context.Context, _ *struct{}) (err error) {
			for i := range bank {
				if out.seen[i], err = bank[i].Read(ctx); err != nil {
					return err
				}
				runtime.Gosched()
			}
			return nil
		})))
	case dice.IntN(2) == 0:
		_, err = y.ExecuteShared(ctx, bank[in.from], hooks.Func("move", func(ctx context.Context, n *int) error {
			if *n < in.sum {
				return errPoor
			}
			*n -= in.sum
			runtime.Gosched()
			return add(ctx, bank[in.to], in.sum)
		}))
	default:
		_, err = x.Execute(ctx, new(struct{}), hooks.Func("move", func(ctx context.Context, _ *struct{}) error {
			n, err := bank[in.from].Read(ctx)
			switch {
			case err != nil:
				return err
			case n < in.sum:
				return errPoor
			}
			runtime.Gosched()
			return errors.Join(add(ctx, bank[in.from], -in.sum), add(ctx, bank[in.to], in.sum))
		}))
	}
	out.poor = errors.Is(err, errPoor)
	out.failed = err != nil && !out.poor
	return out
}
