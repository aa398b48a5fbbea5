package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// balancedEvidence is a committed order and a failed one, with all that belongs to them.
func balancedEvidence(t *testing.T) *evidence {
	t.Helper()
	served := func(id string, committed bool) *record {
		o := &Order{ID: id, Lines: []Line{{"tea", 2}}, Total: 1000, Points: 10, Tracking: "GB1-1"}
		passedOn, err := hooks.TakeSnapshot(o, "test")
		require.NoError(t, err)
		return &record{order: o, passedOn: passedOn, total: 1000, points: 10, begun: true, committed: committed}
	}
	failed := served("o-2", false)
	failed.failedIn = "ship"
	return &evidence{
		records: []*record{served("o-1", true), failed, {order: &Order{ID: "o-3"}}},
		entries: []entry{
			{SKU: "tea", Units: 9, From: supplier, To: stock},
			{Order: "o-1", SKU: "tea", Units: 2, From: stock, To: reserved},
			{Order: "o-2", SKU: "tea", Units: 2, From: stock, To: reserved},
			{Order: "o-2", SKU: "tea", Units: 2, From: reserved, To: stock, Undo: true},
			{Order: "o-1", SKU: "tea", Units: 2, From: reserved, To: shipped},
			{Order: "o-1", SKU: point, Units: 10, From: programme, To: wallet},
		},
		shelf:     map[string]int{"tea": 7},
		statement: []movement{{"k1", "o-1", 1000}, {"k2", "o-2", 1000}, {"k2", "o-2", -1000}},
		mails:     map[string]int{"o-1": 1},
	}
}

func TestBooksFindWhatIsWrong(t *testing.T) {
	assert.True(t, closeBooks(*balancedEvidence(t)).balanced(), "the books that are spoiled below are good")

	tests := []struct {
		reason string
		spoil  func(e *evidence)
		about  string
		what   string
	}{
		{"a refund was lost", func(e *evidence) { e.statement = e.statement[:2] }, "o-2", "€10.00 taken for an order that failed in ship"},
		{"a charge was lost", func(e *evidence) { e.statement = e.statement[1:] }, "o-1", "the order says €10.00, the card paid €0.00"},
		{"charged twice", func(e *evidence) { e.statement[2].Amount = 1000; e.statement[2].Order = "o-1" }, "o-1",
			"the order says €10.00, the card paid €20.00"},
		{"a reservation stayed", func(e *evidence) { e.entries[3].Units = 1 }, "o-2", "1 tea vanished: off the shelf, and not shipped"},
		{"half a parcel", func(e *evidence) { e.entries[4].Units = 1 }, "o-1", "1 tea vanished: off the shelf, and not shipped"},
		{"shipped off the shelf", func(e *evidence) { e.entries[3].To = shipped }, "o-2", "2 tea shipped for an order that failed in ship"},
		{"no points", func(e *evidence) { e.entries = e.entries[:5] }, "o-1", "0 points booked, the order says 10"},
		{"no mail", func(e *evidence) { e.mails = nil }, "o-1", "0 confirmations were sent"},
		{"a wrong mail", func(e *evidence) { e.mails["o-2"] = 1 }, "o-2", "confirmed, though it failed in ship"},
		{"a unit fell off the shelf", func(e *evidence) { e.shelf["tea"] = 6 }, "tea", "6 are on the shelf, 7 by the ledger"},
		{"written into", func(e *evidence) { e.records[0].order.Note = "x" }, "o-1", `Note was "", and became "x"`},
	}
	for _, tt := range tests {
		t.Run(tt.reason, func(t *testing.T) {
			e := balancedEvidence(t)
			tt.spoil(e)
			b := closeBooks(*e)
			assert.False(t, b.balanced())
			require.NotEmpty(t, b.findings)
			assert.Equal(t, tt.about, b.findings[0].about)
			assert.Equal(t, tt.what, b.findings[0].what)

			var out bytes.Buffer
			b.print(&printer{w: &out})
			assert.Contains(t, out.String(), "do not balance")
			assert.Contains(t, out.String(), tt.what)
		})
	}
}
