package main

import (
	"context"
	"sync"
)

// A guarded account is one with a lock.
type guarded struct {
	mu sync.Mutex
	account
}

// vaults is the bank that a careful programmer makes by hand: a lock for each account,
// taken in the order of the accounts, so that no two transfers wait for each other.
//
// It is right as long as nothing goes wrong, and as long as everybody keeps to the order.
// It has no limit and looks at no context, since a transfer that it gave up would still be
// at work. If a hook broke between the two accounts, it would have to know how to take
// back what was done; if one panicked there, too, and if one hung, both accounts would be
// locked for ever. So it is given no faults.
type vaults struct{ accounts []guarded }

func newVaults(p plan) *vaults {
	b := &vaults{accounts: make([]guarded, p.accounts)}
	for i := range b.accounts {
		b.accounts[i].Balance = p.opening
	}
	return b
}

func (b *vaults) move(_ context.Context, t *transfer) error {
	first, second := &b.accounts[min(t.From, t.To)], &b.accounts[max(t.From, t.To)]
	first.mu.Lock()
	defer first.mu.Unlock()
	second.mu.Lock()
	defer second.mu.Unlock()
	if b.accounts[t.From].Balance < t.Amount {
		return errRefused
	}
	b.accounts[t.From].book(t.ID, -t.Amount)
	b.accounts[t.To].book(t.ID, t.Amount)
	return nil
}

// audit locks the whole bank.
func (b *vaults) audit(context.Context) (sum Cents, _ error) {
	for i := range b.accounts {
		b.accounts[i].mu.Lock()
		defer b.accounts[i].mu.Unlock()
		sum += b.accounts[i].Balance
	}
	return sum, nil
}

func (b *vaults) close(context.Context) ([]account, error) { return unguarded(b.accounts), nil }

// unguarded returns the accounts. Nobody may be at work on them.
func unguarded(all []guarded) []account {
	accounts := make([]account, len(all))
	for i := range all {
		accounts[i] = all[i].account
	}
	return accounts
}
