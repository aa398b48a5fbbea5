package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/hooktx/hooks"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bank is a database and an executor; end ends both, and requires that nothing of a
// transaction is left.
type bank struct {
	t    *testing.T
	db   *sql.DB
	path string
	x    *hooks.Executor[Transfer]
}

func newBank(t *testing.T, cfg hooks.Config) *bank {
	b := &bank{t: t, path: filepath.Join(t.TempDir(), "bank.db")}
	var err error
	b.db, err = open(t.Context(), b.path)
	require.NoError(t, err)
	b.x, err = hooks.New[Transfer](cfg)
	require.NoError(t, err)
	return b
}

// end waits for late hooks and what they undo, and then requires the balances of
// ann and bob, the number of ledger lines, and that no connection is in use and no
// lock held. The transaction of a hook that was abandoned is still open when the execution
// ends, and is then rolled back by database/sql in its own time, hence the loop.
func (b *bank) end(ann, bob, lines int) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	require.NoError(b.t, b.x.Shutdown(ctx))
	for b.db.Stats().InUse > 0 {
		require.NoError(b.t, ctx.Err(), "a connection stays in use")
		runtime.Gosched()
	}

	other, err := sql.Open("sqlite", "file:"+b.path+"?_pragma=busy_timeout(0)")
	require.NoError(b.t, err)
	_, err = other.Exec(`BEGIN EXCLUSIVE; ROLLBACK`)
	require.NoError(b.t, err, "a transaction holds a lock")
	require.NoError(b.t, other.Close())

	var gotLines int
	gotAnn, gotBob, err := balances(ctx, b.db)
	require.NoError(b.t, err)
	require.NoError(b.t, b.db.QueryRow(`SELECT count(*) FROM ledger`).Scan(&gotLines))
	require.Equal(b.t, [3]int{ann, bob, lines}, [3]int{gotAnn, gotBob, gotLines}, "ann, bob, lines of the ledger")
	require.NoError(b.t, b.db.Close())
}

func TestCommits(t *testing.T) {
	b := newBank(t, hooks.Config{})
	state := Transfer{From: "ann", To: "bob", Cents: 30}
	report, err := b.x.Execute(t.Context(), &state, Chain(b.db)...)
	require.NoError(t, err)
	assert.Empty(t, report.Rollbacks)
	assert.Equal(t, Transfer{From: "ann", To: "bob", Cents: 30}, state, "no dead transaction is left in the state")
	b.end(70, 30, 1)
}

// A failure is a way for a hook to fail. release lets go the hooks that hang.
type failure struct {
	name string
	want error
	fail func(ctx context.Context, release <-chan struct{}) error
}

var (
	errBroken = errors.New("broken")
	failures  = []failure{
		{"returns an error", errBroken, func(context.Context, <-chan struct{}) error { return errBroken }},
		{"rejects", hooks.ErrRejected, func(context.Context, <-chan struct{}) error { return hooks.Reject("no") }},
		{"panics", hooks.ErrPanic, func(context.Context, <-chan struct{}) error { panic("broken") }},
		{"exits", hooks.ErrExited, func(context.Context, <-chan struct{}) error { runtime.Goexit(); return nil }},
		{"is late", hooks.ErrTimeout, func(ctx context.Context, _ <-chan struct{}) error { <-ctx.Done(); return nil }},
		{"hangs", hooks.ErrTimeout, func(_ context.Context, release <-chan struct{}) error { <-release; return nil }},
	}
)

// Each hook fails in each way, before its own work and after it.
func TestEachHookFails(t *testing.T) {
	for i, name := range []string{"begin", "debit", "credit", "record"} {
		for _, f := range failures {
			for _, before := range []bool{true, false} {
				when := map[bool]string{true: "before", false: "after"}[before]
				t.Run(fmt.Sprintf("%s %s %s its work", name, f.name, when), func(t *testing.T) {
					b := newBank(t, hooks.Config{Execution: hooks.ExecutionConfig{DefaultTimeout: 10 * time.Second}})
					release := make(chan struct{})
					lateErr := make(chan error, 1) // what the hook's own work gave, if it ran late
					chain := Chain(b.db)
					work := chain[i].Execute
					sabotaged := hooks.Func(name, func(ctx context.Context, s *Transfer) error {
						if !before {
							if _, err := work(ctx, s); err != nil {
								return err
							}
						}
						if err := f.fail(ctx, release); err != nil || !before {
							return err
						}
						_, err := work(ctx, s)
						lateErr <- err
						return err
					})
					chain[i] = hooks.With(sabotaged, func(o *hooks.Options) {
						if f.want == hooks.ErrTimeout {
							o.Timeout = 20 * time.Millisecond
						}
					})

					state := Transfer{From: "ann", To: "bob", Cents: 30}
					report, err := b.x.Execute(t.Context(), &state, chain...)
					require.ErrorIs(t, err, f.want)
					var xe *hooks.ExecutionError
					require.ErrorAs(t, err, &xe)
					require.Equal(t, name, xe.Hook)
					require.Empty(t, xe.Rollbacks, "undo calls that failed")
					require.Equal(t, Transfer{From: "ann", To: "bob", Cents: 30}, state)
					if i > 0 {
						require.Len(t, report.Rollbacks, 1, "the transaction's")
						require.Zero(t, b.db.Stats().InUse, "it is rolled back when Execute returns")
					}

					close(release) // the hook that hangs goes on to work in a transaction that is over
					b.end(100, 0, 0)
					select {
					case err := <-lateErr:
						// A begin that is late but known may succeed; it is undone.
						if i > 0 || f.name == "hangs" {
							require.Error(t, err, "work behind the end of the chain must fail")
						}
					default:
					}
				})
			}
		}
	}
}

// The commit finds that there is no eve.
func TestCommitFails(t *testing.T) {
	b := newBank(t, hooks.Config{})
	state := Transfer{From: "ann", To: "eve", Cents: 30}
	_, err := b.x.Execute(t.Context(), &state, Chain(b.db)...)
	require.ErrorContains(t, err, "FOREIGN KEY")
	var xe *hooks.ExecutionError
	require.ErrorAs(t, err, &xe)
	assert.Equal(t, hooks.PhaseBeforeCommit, xe.Phase)
	assert.Empty(t, xe.Rollbacks)
	assert.Equal(t, Transfer{From: "ann", To: "eve", Cents: 30}, state)
	assert.Zero(t, b.db.Stats().InUse)
	b.end(100, 0, 0)
}

// The commit waits for a reader and is given up: the undo step ends it, so that it
// does not happen after all when the reader has gone.
func TestCommitIsLate(t *testing.T) {
	b := newBank(t, hooks.Config{Execution: hooks.ExecutionConfig{RollbackTimeout: 500 * time.Millisecond}})
	reader, err := b.db.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
	require.NoError(t, err)
	rows, err := reader.Query(`SELECT name FROM accounts`)
	require.NoError(t, err)
	require.True(t, rows.Next())

	_, err = b.x.Execute(t.Context(), &Transfer{From: "ann", To: "bob", Cents: 30}, Chain(b.db)...)
	require.ErrorIs(t, err, hooks.ErrTimeout)
	require.NotErrorIs(t, err, hooks.ErrRollback)

	require.NoError(t, rows.Close())
	require.NoError(t, reader.Rollback())
	b.end(100, 0, 0)
}

// A second thing to commit, behind the transaction, fails: what is committed stays
// committed, and the error says so.
func TestSomethingBehindTheCommitFails(t *testing.T) {
	b := newBank(t, hooks.Config{})
	second := hooks.Func("second", func(ctx context.Context, _ *Transfer) error {
		return hooks.BeforeCommit(ctx, func(context.Context) error { return errBroken })
	})
	_, err := b.x.Execute(t.Context(), &Transfer{From: "ann", To: "bob", Cents: 30}, append(Chain(b.db), second)...)
	require.ErrorIs(t, err, errBroken)
	require.ErrorIs(t, err, hooks.ErrRollback)
	require.ErrorContains(t, err, "cannot be taken back")
	b.end(70, 30, 1)
}

// The caller's context ends while the transaction is open.
func TestCallerCancels(t *testing.T) {
	for _, at := range []int{0, 1, 2, 3} {
		b := newBank(t, hooks.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		chain := Chain(b.db)
		work := chain[at].Execute
		chain[at] = hooks.Func(chain[at].Name(), func(ctx context.Context, s *Transfer) error {
			defer cancel()
			_, err := work(ctx, s)
			return err
		})
		_, err := b.x.Execute(ctx, &Transfer{From: "ann", To: "bob", Cents: 30}, chain...)
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, hooks.ErrRollback)
		b.end(100, 0, 0)
	}
}

// Many transfers at once, back and forth: each is whole or nothing.
func TestAtOnce(t *testing.T) {
	b := newBank(t, hooks.Config{})
	const n = 10
	errs := make(chan error, 2*n)
	for range n {
		for _, s := range []Transfer{{From: "ann", To: "bob", Cents: 7}, {From: "ann", To: "eve", Cents: 5}} {
			go func() {
				_, err := b.x.Execute(context.Background(), &s, Chain(b.db)...)
				errs <- err
			}()
		}
	}
	failed := 0
	for range 2 * n {
		if err := <-errs; err != nil {
			assert.ErrorContains(t, err, "FOREIGN KEY")
			failed++
		}
	}
	assert.Equal(t, n, failed)
	b.end(100-7*n, 7*n, n)
}

func TestProgram(t *testing.T) { require.NoError(t, run(t.Context())) }
