package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
)

// threeTransfers is a day of three transfers, the last of which has failed, and the accounts
// as they are then.
func threeTransfers() (*day, []account) {
	d := &day{
		plan:         plan{accounts: 3, opening: opening, transfers: 3, seed: 1},
		acknowledged: []bool{true, true, false},
	}
	accounts := make([]account, d.accounts)
	for i := range accounts {
		accounts[i].Balance = d.opening
	}
	for id := range 2 {
		t := d.transfer(id)
		accounts[t.From].book(id, -t.Amount)
		accounts[t.To].book(id, t.Amount)
	}
	return d, accounts
}

func TestBooksFindWhatIsWrong(t *testing.T) {
	assert.True(t, closeBooks(threeTransfers()).balanced(), "the books that are spoiled below are good")

	tests := []struct {
		reason string
		spoil  func(d *day, accounts []account, last *transfer)
		found  finding
	}{
		{"a customer was told what is not so", func(d *day, _ []account, _ *transfer) { d.acknowledged[2] = true }, vanished},
		{"a customer was not told", func(d *day, _ []account, _ *transfer) { d.acknowledged[1] = false }, ghost},
		{"half of it arrived", func(_ *day, all []account, last *transfer) { all[last.To].book(2, last.Amount) }, torn},
		{"half of it left", func(_ *day, all []account, last *transfer) { all[last.From].book(2, -last.Amount) }, torn},
		{"twice", func(d *day, all []account, _ *transfer) { x := d.transfer(0); all[x.To].book(0, x.Amount) }, doubled},
		{"a fee", func(_ *day, all []account, last *transfer) { all[last.From].book(2, -fee) }, strayed},
		{"for a moment", func(_ *day, all []account, _ *transfer) { all[0].book(2, -2*opening); all[0].book(2, 2*opening) }, overdrawn},
		{"money of nowhere", func(_ *day, all []account, _ *transfer) { all[0].Balance++ }, forged},
		{"a history was cut", func(_ *day, all []account, _ *transfer) { all[0].Last, all[1].Last, all[2].Last = nil, nil, nil }, forged},
		{"the auditor knows", func(d *day, _ []account, _ *transfer) { d.wrong = 1 }, unseen},
	}
	for _, tt := range tests {
		t.Run(tt.reason, func(t *testing.T) {
			d, accounts := threeTransfers()
			tt.spoil(d, accounts, d.transfer(2))
			b := closeBooks(d, accounts)
			assert.False(t, b.balanced())
			assert.Positive(t, b.found[tt.found], "%v: %v", tt.found, b.found)

			var out bytes.Buffer
			(&printer{&out}).books(d, b)
			assert.Contains(t, out.String(), "do not balance")
			assert.Contains(t, out.String(), tt.found.String())
		})
	}
}

func TestMoneyIsMissedThoughHistoriesAgree(t *testing.T) {
	assert.False(t, (&books{start: 2, end: 1}).balanced())
}
