package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fates are the orders of the built-in file that meet a misfortune, and how they end.
// All others are committed.
var fates = map[string]string{
	"o-1004": "refused in charge",       // declined
	"o-1006": "timed out in charge",     // the provider hangs
	"o-1009": "failed in ship",          // panics after the parcel has left
	"o-1012": "timed out in charge",     // charged after that
	"o-1014": "timed out in ship",       // deaf
	"o-1016": "failed in charge",        // 500, but charged
	"o-1018": "failed in charge",        // connection cut, but charged
	"o-1019": "refused in reserve",      // out of stock
	"o-1020": "refused in validate",     // nobody ships there
	"o-1023": "cancelled in charge",     // the customer leaves while the provider hangs
	"o-1025": "timed out in charge",     // deaf
	"o-1027": "refused in charge",       // declined
	"o-1029": "failed in charge",        // 500, not charged
	"o-1031": "cancelled in ship",       // the customer leaves, ship is deaf
	"o-1033": "cancelled in charge",     // the customer leaves, charged after that
	"o-1037": "failed in charge",        // connection cut, but charged
	"o-1039": "failed in ship",          // panics
	"o-1041": "timed out in charge",     // deaf
	"o-1044": "failed in charge",        // 500, but charged
	"o-1045": "failed in confirm",       // no tracking number
	"o-1047": "refused in validate",     // too dear
	"o-1049": "refused in checks/fraud", // stolen, while the address is looked up
	"o-1051": "refused in checks/fraud", // stolen
}

func TestBooksBalance(t *testing.T) {
	t.Parallel()
	in, err := load("")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(in.orders), 40)

	var stdout, stderr bytes.Buffer
	code := run(context.Background(), []string{"-workers", "16", "-v"}, &stdout, &stderr)
	text := stdout.String()
	require.Equal(t, exitBalanced, code, "%s%s", text, &stderr)
	assert.Contains(t, stderr.String(), "late compensation", "the log")

	want := map[string]string{}
	for _, o := range in.orders {
		want[o.ID] = "committed"
		if fate, bad := fates[o.ID]; bad {
			want[o.ID] = fate
		}
	}
	if diff := cmp.Diff(want, outcomes(text)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	for _, part := range []string{
		"The books balance.",
		"o-1025  └ late                      charge has ended: Rollback called",
		"o-1014: a hook was given up, and undone when it ended at last",
		`rollback "charge" (effect unknown): done`,
		"later: ship has ended: Rollback called",
		"52: 29 committed, 23 failed (44.2 %)",
		"71 shipped + 0 in between; 71 were ordered",
		"622 units are left in memory, 622 by the ledger",
		"€2369.20 kept; €2369.20 were ordered",
		"29 sent",
		"o-1049: refused by one of two checks, which ended the other",
		`cancelled: "checks/fraud", which ran beside it, has failed`,
		"without checks/geocode: there is no",
	} {
		assert.Contains(t, text, part)
	}
	checkWidth(t, text)
}

func TestNaiveBooksDoNotBalance(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	b, err := desk(context.Background(), options{workers: 16, naive: true}, &stdout, io.Discard)
	require.NoError(t, err, stdout.String())
	assert.False(t, b.balanced())

	got := map[string][]string{} // by cause: order and what
	for _, f := range b.findings {
		got[f.cause] = append(got[f.cause], f.about+": "+f.what)
	}
	want := map[string][]string{
		causeWentOn: {
			"o-1012: €649.00 taken for an order that failed in charge",
			"o-1014: 1 samovar shipped, and back on the shelf as well",
			"o-1025: €96.00 taken for an order that failed in charge",
			"o-1031: 2 samovar shipped for an order that failed in ship",
			"o-1033: €92.00 taken for an order that failed in charge",
			"o-1041: €178.00 taken for an order that failed in charge",
		},
		causeBroke: {
			"o-1009: 1 teapot shipped, and back on the shelf as well",
			"o-1009: 2 assam shipped, and back on the shelf as well",
			"o-1016: €74.00 taken for an order that failed in charge",
			"o-1018: €135.00 taken for an order that failed in charge",
			"o-1037: €1280.00 taken for an order that failed in charge",
			"o-1039: 3 cups shipped, and back on the shelf as well",
			"o-1044: €77.00 taken for an order that failed in charge",
		},
		causeExpired: {
			"o-1023: 3 darjeeling vanished: off the shelf, and not shipped",
			"o-1031: €1298.00 taken for an order that failed in ship",
			"o-1033: 2 cups vanished: off the shelf, and not shipped",
		},
		causeStillHeld: {
			`o-1010: ShipTo was "Joan Harrow, c/o Shoulder of Mutton Inn, 9 Mill Road, Bletchley, GB", ` +
				`and became "Shoulder of Mutton Inn, 9 Mill Road, Bletchley, GB"`,
			`o-1014: Tracking was "", and became "DK2-1014"`,
			`o-1025: Charge was "", and became "ch_93507cca"`,
			`o-1031: Tracking was "", and became "CH2-1031"`,
			`o-1034: ShipTo was "Henri Caron, c/o Mme Weiss, 3 rue Auguste, Paris, FR", ` +
				`and became "Mme Weiss, 3 rue Auguste, Paris, FR"`,
			`o-1041: Charge was "", and became "ch_896fa5dc"`,
		},
		causeHalfDone: {
			"o-1008: the order says €53.01, the card paid €58.90",
			"o-1008: 58 points booked, the order says 0",
			"o-1042: the order says €53.10, the card paid €59.00",
			"o-1042: 59 points booked, the order says 0",
		},
		causeApart: {
			"cups: 33 are on the shelf, 31 by the ledger",
			"darjeeling: 56 are on the shelf, 53 by the ledger",
			"samovar: 11 are on the shelf, 9 by the ledger",
		},
		causeUnchecked: {
			"o-1017: it has grown to 4 times the limit of 64 KiB",
			"o-1022: the order says €56.34, the card paid €62.60",
			"o-1036: it has grown to 4 times the limit of 64 KiB",
			"o-1045: confirmed without a tracking number",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	assert.Contains(t, stdout.String(), "The books do not balance. Findings: 33.")
	checkWidth(t, stdout.String())
}

func TestInterruptedDeskBalances(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-workers", "1"}, {"-workers", "8"}} {
		ctx, interrupt := context.WithCancel(context.Background())
		defer interrupt()
		out := &watched{after: "o-1010", then: interrupt}
		var stderr bytes.Buffer
		code := run(ctx, args, out, &stderr)
		assert.Equal(t, exitBalanced, code, "%s%s", out, &stderr)
		assert.Contains(t, out.String(), "interrupted: no new orders")
		assert.Contains(t, out.String(), "The books balance.")
		assert.NotContains(t, out.String(), ", 0 not begun")
	}
}

// outcomes returns how each order ended, by its line of output.
func outcomes(text string) map[string]string {
	got := map[string]string{}
	for line := range strings.Lines(text) {
		if len(line) < 34 || !strings.HasPrefix(line, "o-") || strings.HasPrefix(line[6:], ":") || strings.Contains(line, "└") {
			continue
		}
		outcome, middle := strings.TrimSpace(line[8:18]), strings.TrimSpace(line[19:34])
		if strings.HasPrefix(middle, "in ") {
			outcome += " " + middle
		}
		got[line[:6]] = outcome
	}
	return got
}

func checkWidth(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if n := utf8.RuneCountInString(line); n > width {
			t.Errorf("a line of %d characters, at most %d: %s", n, width, line)
		}
	}
}

// watched is a writer that calls a function when it has seen some text.
type watched struct {
	mu    sync.Mutex
	seen  bytes.Buffer
	after string
	then  func()
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if bytes.Contains(p, []byte(w.after)) {
		w.then()
	}
	return w.seen.Write(p)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen.String()
}
