package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Books compare what was promised to customers with what happened in the world: in the
// stock ledger, on the shelf, at the payment provider, in the outbox, and in the orders
// that were passed on.
type books struct {
	delivered, onShelf, inBetween, sent, due     int // units, by the ledger
	counted                                      int // units that are on the shelf
	charged, refunded, owed                      Cents
	committed, failed, unstarted, mails, pointed int
	findings                                     []finding
}

// A finding is something that does not balance.
type finding struct {
	about string // an order or an article
	what  string
	cause string // one of the causes below
}

// The causes, in the order in which they are printed.
const (
	causeWentOn    = "A hook that was given up went on. What it did then, nobody undid."
	causeBroke     = "A hook broke after it had done its work. Only the hooks before it were rolled back."
	causeExpired   = "A rollback ran under the order's own context, which had ended: it could do nothing."
	causeStillHeld = "Somebody still had the order after it was passed on, and wrote into it."
	causeHalfDone  = "A hook that may fail did fail, and what it had half done stayed."
	causeApart     = "Of two changes that belong together, one was undone and the other was not."
	causeUnchecked = "Nobody looked at what a hook had left in the order."
	causeNone      = "Nobody knows why."
)

var causes = []string{
	causeWentOn, causeBroke, causeExpired, causeStillHeld, causeHalfDone, causeApart, causeUnchecked, causeNone,
}

// evidence is what the books are made of.
type evidence struct {
	records   []*record
	entries   []entry        // of the ledger, read from the disk
	shelf     map[string]int // units by article
	statement []movement     // of the provider
	mails     map[string]int
}

// balanced reports whether every unit, every cent, every point and every mail is where
// it belongs, and every order is as it was passed on.
func (b *books) balanced() bool {
	return len(b.findings) == 0 && b.inBetween == 0 && b.sent == b.due && b.charged-b.refunded == b.owed
}

// closeBooks computes the books. Nothing that it is given may change any more.
func closeBooks(e evidence) *books {
	b := &books{}
	goods := map[string]map[holding]int{} // by order
	for _, x := range e.entries {
		if goods[x.Order] == nil {
			goods[x.Order] = map[holding]int{}
		}
		goods[x.Order][holding{x.From, x.SKU}] -= x.Units
		goods[x.Order][holding{x.To, x.SKU}] += x.Units
		b.count(x)
	}
	paid := map[string]Cents{} // by order
	for _, m := range e.statement {
		paid[m.Order] += m.Amount
		if m.Amount > 0 {
			b.charged += m.Amount
		} else {
			b.refunded -= m.Amount
		}
	}
	for _, r := range e.records {
		switch {
		case !r.begun:
			b.unstarted++
			continue
		case r.committed:
			b.committed++
			b.owed += r.total
		default:
			b.failed++
		}
		b.money(r, paid[r.order.ID])
		b.units(r, goods[r.order.ID])
		b.points(r, goods[r.order.ID])
		b.state(r)
		b.mail(r, e.mails[r.order.ID])
	}
	b.shelf(e.shelf, stocked(e.entries))
	return b
}

// count adds an entry to the totals.
func (b *books) count(x entry) {
	add := func(account string, n int) {
		switch account {
		case supplier:
			b.delivered -= n
		case stock:
			b.onShelf += n
		case reserved:
			b.inBetween += n
		case shipped:
			b.sent += n
		case wallet:
			b.pointed += n
		}
	}
	add(x.From, -x.Units)
	add(x.To, x.Units)
}

// stocked returns the units on the shelf by article, as the ledger says.
func stocked(entries []entry) map[string]int {
	units := map[string]int{}
	for _, x := range entries {
		if x.From == stock {
			units[x.SKU] -= x.Units
		}
		if x.To == stock {
			units[x.SKU] += x.Units
		}
	}
	return units
}

// shelf compares the shelf with the ledger.
func (b *books) shelf(units, ledger map[string]int) {
	for _, sku := range slices.Sorted(maps.Keys(ledger)) {
		b.counted += units[sku]
		if units[sku] != ledger[sku] {
			what := fmt.Sprintf("%d are on the shelf, %d by the ledger", units[sku], ledger[sku])
			b.findings = append(b.findings, finding{sku, what, causeApart})
		}
	}
}

func (b *books) find(r *record, cause, format string, args ...any) {
	b.findings = append(b.findings, finding{r.order.ID, fmt.Sprintf(format, args...), cause})
}

func (b *books) money(r *record, paid Cents) {
	switch total := r.total; {
	case r.committed && paid != total:
		b.find(r, r.whyHalfDone(), "the order says %v, the card paid %v", total, paid)
	case !r.committed && paid != 0:
		b.find(r, r.why("charge"), "%v taken for an order that failed in %s", paid, r.failedIn)
	}
}

func (b *books) units(r *record, goods map[holding]int) {
	for _, l := range r.order.Lines {
		want := 0
		if r.committed {
			want = l.Qty
			b.due += l.Qty
		}
		held, sent := goods[holding{reserved, l.SKU}], goods[holding{shipped, l.SKU}]
		switch {
		case held > 0:
			b.find(r, r.why("reserve"), "%d %s vanished: off the shelf, and not shipped", held, l.SKU)
		case held < 0:
			b.find(r, r.why("ship"), "%d %s shipped, and back on the shelf as well", sent, l.SKU)
		case sent != want:
			b.find(r, r.why("ship"), "%d %s shipped for an order that failed in %s", sent, l.SKU, r.failedIn)
		}
	}
}

func (b *books) points(r *record, goods map[holding]int) {
	want := 0
	if r.committed {
		want = r.points
	}
	if got := goods[holding{wallet, point}]; got != want {
		b.find(r, r.whyHalfDone(), "%d points booked, the order says %d", got, want)
	}
}

// state compares the order as it was passed on with the order as it is now.
func (b *books) state(r *record) {
	for _, c := range r.passedOn.Changes(r.order) {
		b.find(r, causeStillHeld, "%s was %s, and became %s", c.Path, c.Before, c.After)
	}
	if size := r.passedOn.Size(); r.committed && size > maxState {
		b.find(r, causeUnchecked, "it has grown to %d times the limit of %d KiB", size/maxState, maxState>>10)
	}
}

func (b *books) mail(r *record, sent int) {
	b.mails += sent
	switch {
	case r.committed && sent != 1:
		b.find(r, causeNone, "%d confirmations were sent", sent)
	case r.committed && r.order.Tracking == "":
		b.find(r, causeUnchecked, "confirmed without a tracking number")
	case !r.committed && sent > 0:
		b.find(r, causeNone, "confirmed, though it failed in %s", r.failedIn)
	}
}

// why says why the effect of a hook is still there though the order failed.
func (r *record) why(hook string) string {
	for _, bad := range r.badUndos {
		if strings.HasPrefix(bad, hook+": ") {
			return causeExpired
		}
	}
	switch {
	case r.failedIn != hook:
		return causeNone
	case r.class() == "timed out", r.class() == "cancelled":
		return causeWentOn
	}
	return causeBroke
}

// whyHalfDone says why a committed order does not agree with itself.
func (r *record) whyHalfDone() string {
	for _, d := range r.dropped {
		if strings.HasPrefix(d, "loyalty: ") {
			return causeHalfDone
		}
	}
	return causeUnchecked
}

// print prints the books.
func (b *books) print(p *printer) {
	p.title("BOOKS")
	p.paragraph("orders", fmt.Sprintf("%d committed, %d failed, %d not begun", b.committed, b.failed, b.unstarted))
	sign := "+"
	if b.inBetween < 0 {
		sign = "-"
	}
	p.paragraph("units", fmt.Sprintf("%d delivered = %d on the shelf + %d shipped %s %d in between; %d were ordered",
		b.delivered, b.onShelf, b.sent, sign, max(b.inBetween, -b.inBetween), b.due))
	p.paragraph("shelf", fmt.Sprintf("%d units are left in memory, %d by the ledger", b.counted, b.onShelf))
	p.paragraph("money", fmt.Sprintf("%v charged - %v refunded = %v kept; %v were ordered",
		b.charged, b.refunded, b.charged-b.refunded, b.owed))
	p.paragraph("points", fmt.Sprintf("%d booked", b.pointed))
	p.paragraph("mails", fmt.Sprintf("%d sent", b.mails))
	if b.balanced() {
		p.printf("\n  The books balance.\n")
		return
	}
	p.printf("\n  The books do not balance. Findings: %d.\n", len(b.findings))
	for _, cause := range causes {
		heading := "\n  " + cause + "\n"
		for _, f := range b.findings {
			if f.cause == cause {
				p.printf("%s", heading)
				p.paragraph(f.about, f.what)
				heading = ""
			}
		}
	}
}
