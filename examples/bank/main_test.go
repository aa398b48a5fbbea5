package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestArguments(t *testing.T) {
	tests := []struct {
		reason string
		args   []string
		code   int
		stderr string
	}{
		{"help is no failure", []string{"-h"}, exitBalanced, "usage: bank [flags]"},
		{"the flag package says what is wrong", []string{"-seed", "-1"}, exitTrouble, `invalid value "-1"`},
		{"there is no such flag", []string{"-fault", "1"}, exitTrouble, "usage: bank [flags]"},
		{"a flag without its dash", []string{"naive"}, exitTrouble, "there are only flags"},
		{"money moves between two", []string{"-accounts", "1"}, exitTrouble, "-accounts is 1; want 2 to 10000"},
		{"too many accounts", []string{"-accounts", "10001"}, exitTrouble, "-accounts is 10001; want 2 to 10000"},
		{"nobody would do the work", []string{"-goroutines", "0"}, exitTrouble, "-goroutines is 0; want 1 to 10000"},
		{"there would be no work", []string{"-transfers", "0"}, exitTrouble, "-transfers is 0; want 1 to 10000000"},
		{"a percentage", []string{"-faults", "5"}, exitTrouble, "-faults is 5; want a share from 0 to 1"},
		{"less than nothing", []string{"-faults", "-0.1"}, exitTrouble, "-faults is -0.1; want a share"},
		{"no number at all", []string{"-faults", "NaN"}, exitTrouble, "-faults is NaN; want a share"},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := run(context.Background(), tt.args, &stdout, &stderr)
			assert.Equal(t, tt.code, code, tt.reason)
			assert.Contains(t, stderr.String(), tt.stderr, tt.reason)
			assert.Empty(t, stdout.String(), tt.reason)
		})
	}
}

func TestProgramBalances(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := run(context.Background(), []string{"-transfers", "3000", "-accounts", "8", "-faults", "0.2"}, &stdout, &stderr)
	assert.Equal(t, exitBalanced, code, "%s%s", &stdout, &stderr)
	for _, part := range []string{
		"3,000 transfers between 8 accounts by 64 goroutines; 20 % meet a fault; seed 1; cells",
		"by a panic", "overdue", "audits meanwhile and one in the end; 0 saw money come or go",
		"€800.00 at the start, €800.00 in the end;", "The books balance.",
		"by cells, without faults", "by mutexes, without faults",
	} {
		assert.Contains(t, stdout.String(), part)
	}
	checkWidth(t, stdout.String())
}

func TestNaiveProgramDoesNotBalance(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := run(context.Background(), []string{"-naive", "-transfers", "3000", "-faults", "0.2"}, &stdout, &stderr)
	assert.Equal(t, exitUnbalanced, code, "%s%s", &stdout, &stderr)
	assert.Empty(t, stderr.String())
	assert.Contains(t, stdout.String(), "The books do not balance:")
	for _, what := range []finding{ghost, torn, strayed, unseen} {
		assert.Contains(t, stdout.String(), what.String())
	}
	for _, what := range []finding{vanished, doubled, forged} {
		assert.NotContains(t, stdout.String(), what.String(), "it has its locks, after all")
	}
	checkWidth(t, stdout.String())
}

func TestBankThatIsInterruptedAtOnceBalances(t *testing.T) {
	ctx, interrupt := context.WithCancel(context.Background())
	interrupt()
	var stdout, stderr bytes.Buffer
	code := run(ctx, nil, &stdout, &stderr)
	assert.Equal(t, exitBalanced, code, "%s%s", &stdout, &stderr)
	assert.Contains(t, stdout.String(), "Interrupted after 0 transfers.")
	assert.Contains(t, stdout.String(), "The books balance.")
	assert.NotContains(t, stdout.String(), "Transfers a second")
}

// An interrupted bank is one that is interrupted amid a transfer.
type interrupted struct {
	bank
	interrupt func()
}

func (b interrupted) move(ctx context.Context, t *transfer) error {
	if t.ID == 1000 {
		b.interrupt()
	}
	return b.bank.move(ctx, t)
}

func TestInterruptedBankBalances(t *testing.T) {
	o := options{plan: plan{accounts: 64, opening: opening, transfers: 1_000_000, faults: 0.05, seed: 1}, goroutines: 64}
	b, err := newCells(o.plan)
	require.NoError(t, err)
	ctx, interrupt := context.WithCancel(context.Background())
	defer interrupt()
	var out bytes.Buffer
	d, balanced, err := business(ctx, interrupted{b, interrupt}, o, &printer{&out})
	require.NoError(t, err)
	assert.True(t, balanced, out.String())
	assert.GreaterOrEqual(t, d.begun, int64(1000))
	assert.Less(t, d.begun, int64(o.transfers))
	assert.Contains(t, out.String(), "Interrupted after ")
	assert.Positive(t, d.committed())
}

func checkWidth(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 100 {
			t.Errorf("a line of %d characters, at most 100: %s", n, line)
		}
	}
}
