package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A plan is the same whoever runs it, and only its faults depend on their share.
func TestPlan(t *testing.T) {
	some, all := plan{accounts: 5, transfers: 2000, faults: 0.25, seed: 3}, plan{accounts: 5, transfers: 2000, faults: 1, seed: 3}
	var met [faults]int
	for id := range some.transfers {
		x, y := some.transfer(id), all.transfer(id)
		assert.Equal(t, x, some.transfer(id))
		assert.NotEqual(t, x.From, x.To)
		assert.Greater(t, x.Amount, fee)
		assert.NotEqual(t, none, y.Fault)
		met[x.Fault]++
		if x.Fault == none {
			y.Fault = none
		}
		assert.Equal(t, x, y, "the same transfer, and the same fault if any")
	}
	assert.InDelta(t, 1500, met[none], 100)
	for _, n := range met[1:] {
		assert.InDelta(t, 100, n, 50)
	}
	other := some
	other.seed++
	assert.NotEqual(t, some.transfer(0), other.transfer(0))
}

// planned counts the faults of a plan.
func planned(p plan) (n [faults]int64) {
	for id := range p.transfers {
		n[p.transfer(id).Fault]++
	}
	return n
}

// checkFailures checks that each transfer that was to meet a fault has met it and failed by
// it, and that no other has failed but for want of money.
func checkFailures(t *testing.T, d *day) {
	t.Helper()
	planned := planned(d.plan)
	for fault, kind := range map[fault]failure{
		fails: failed, panics: panicked, exits: exited, deaf: timedOut, hangsUp: cancelled,
	} {
		assert.Equal(t, planned[fault], d.failed[kind].Load(), "%v", kind)
	}
	assert.Equal(t, planned[none], d.committed()+d.failed[refused].Load())
	assert.Zero(t, d.failed[otherwise].Load())
}

func TestCellsBalance(t *testing.T) {
	o := options{plan: plan{accounts: 16, opening: opening, transfers: 5000, faults: 0.3, seed: 7}, goroutines: 32}
	b, err := newCells(o.plan)
	require.NoError(t, err)
	d, books, err := live(context.Background(), b, o)
	require.NoError(t, err)
	assert.True(t, books.balanced(), "%+v", books)
	checkFailures(t, d)
	assert.Equal(t, 2*d.committed(), int64(books.entries))

	m := b.clerks.Metrics()
	assert.GreaterOrEqual(t, m.AbandonedEver, planned(o.plan)[deaf], "given up while they waited for just that")
	assert.Equal(t, m.AbandonedEver, m.LateEnds, "and each has taken its fee, of a copy")
	assert.Positive(t, d.audits)
}

// Accounts for which all fight.
func TestTwoAccountsBalance(t *testing.T) {
	o := options{plan: plan{accounts: 2, opening: 100, transfers: 3000, faults: 0.2, seed: 7}, goroutines: 16}
	b, err := newCells(o.plan)
	require.NoError(t, err)
	d, books, err := live(context.Background(), b, o)
	require.NoError(t, err)
	assert.True(t, books.balanced(), "%+v", books)
	checkFailures(t, d)
	assert.Positive(t, d.failed[refused].Load(), "there was little money")
	assert.Positive(t, b.clerks.Metrics().Conflicts)
}

func TestVaultsBalance(t *testing.T) {
	o := options{plan: plan{accounts: 16, opening: 200, transfers: 5000, seed: 7}, goroutines: 32}
	d, books, err := live(context.Background(), newVaults(o.plan), o)
	require.NoError(t, err)
	assert.True(t, books.balanced(), "%+v", books)
	assert.Equal(t, int64(o.transfers), d.committed()+d.failed[refused].Load())
	assert.Zero(t, d.wrong)
}

// blind is a bank that cannot be audited.
type blind struct{ *vaults }

func (blind) audit(context.Context) (Cents, error) { return 0, errBroken }

func TestBankThatCannotBeAuditedIsTrouble(t *testing.T) {
	p := plan{accounts: 16, opening: opening, transfers: 100, seed: 7}
	_, err := work(context.Background(), blind{newVaults(p)}, p, 4)
	assert.ErrorIs(t, err, errBroken)
}
