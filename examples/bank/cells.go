package main

import (
	"context"
	"errors"
	"time"

	"github.com/hooktx/hooks"
)

// cells is the bank that this library makes: each account is a cell, each transfer a
// chain over two of them.
type cells struct {
	accounts []*hooks.Shared[account]
	clerks   *hooks.Executor[transfer]
	auditors *hooks.Executor[struct{}]

	pay     hooks.Hook[transfer]
	payDeaf hooks.Hook[transfer] // with less time than anybody needs who waits to be given up
	count   hooks.Hook[struct{}]
}

// deafLimit is how long a hook may take that is going to be deaf. All others have all the
// time that they need, so that none fails because the machine is busy.
const deafLimit = 5 * time.Millisecond

func newCells(p plan) (_ *cells, err error) {
	b := &cells{accounts: make([]*hooks.Shared[account], p.accounts)}
	for i := range b.accounts {
		if b.accounts[i], err = hooks.NewShared(account{Balance: p.opening}); err != nil {
			return nil, err
		}
	}
	b.pay = hooks.Func("pay", b.transfer)
	b.payDeaf = hooks.With(b.pay, func(o *hooks.Options) { o.Timeout = deafLimit })
	b.count = hooks.Define(hooks.Funcs[struct{}]{
		Name: "count", Execute: b.sum, Options: hooks.Options{ReadOnly: true},
	})

	var cfg hooks.Config
	cfg.Execution.MaxRounds = hooks.NoLimit // who loses a round tries again, until it wins
	if b.clerks, err = hooks.New[transfer](cfg); err != nil {
		return nil, err
	}
	b.auditors, err = hooks.New[struct{}](cfg)
	return b, err
}

// transfer is the hook. It does its work without a thought to what may go wrong: nobody
// sees what it does before it has succeeded, and then all of it at once.
func (b *cells) transfer(ctx context.Context, t *transfer) error {
	from, err := b.accounts[t.From].Edit(ctx)
	if err != nil {
		return err
	}
	from.book(t.ID, -t.Amount)
	t.halfway()
	to, err := b.accounts[t.To].Edit(ctx)
	if err != nil {
		return err
	}
	to.book(t.ID, t.Amount)
	if err := t.inTheEnd(func() { from.book(t.ID, -fee) }); err != nil {
		return err
	}
	if from.Balance < 0 {
		return hooks.Reject("%w", errRefused)
	}
	return nil
}

// sum is the auditors' hook: it reads all accounts, as they are at one instant. Its result
// is the money in them.
//
// It stops nobody. The other way round, a transfer that changes an account which it has read
// makes it begin anew: of thousands of accounts it hardly ever gets to the last one while
// transfers go on.
func (b *cells) sum(ctx context.Context, _ *struct{}) (any, error) {
	var sum Cents
	for _, cell := range b.accounts {
		a, err := cell.Read(ctx)
		if err != nil {
			return nil, err
		}
		sum += a.Balance
	}
	return sum, nil
}

func (b *cells) move(ctx context.Context, t *transfer) error {
	hook := b.pay
	if t.Fault == deaf {
		hook = b.payDeaf
	}
	_, err := b.clerks.Execute(ctx, t, hook)
	return err
}

func (b *cells) audit(ctx context.Context) (Cents, error) {
	report, err := b.auditors.Execute(ctx, &struct{}{}, b.count)
	sum, _ := hooks.ResultOf[Cents](report, "count")
	return sum, err
}

func (b *cells) close(ctx context.Context) ([]account, error) {
	if err := errors.Join(b.clerks.Shutdown(ctx), b.auditors.Shutdown(ctx)); err != nil {
		return nil, err
	}
	accounts := make([]account, len(b.accounts))
	for i, cell := range b.accounts {
		accounts[i] = cell.Load()
	}
	return accounts, nil
}

// rounds says how many rounds the clerks and the auditors had, and lost.
func (b *cells) rounds() (clerks, auditors rounds) {
	return roundsOf(b.clerks.Metrics()), roundsOf(b.auditors.Metrics())
}

// rounds counts the runs of chains.
type rounds struct{ all, lost int64 }

func roundsOf(m hooks.Metrics) rounds { return rounds{m.Executions + m.Conflicts, m.Conflicts} }

// share is the percentage that was lost.
func (r rounds) share() float64 { return 100 * float64(r.lost) / float64(max(r.all, 1)) }
