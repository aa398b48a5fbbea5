package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestArguments(t *testing.T) {
	taken := filepath.Join(t.TempDir(), "ledger.jsonl")
	require.NoError(t, os.WriteFile(taken, nil, 0o600))
	tests := []struct {
		reason string
		args   []string
		code   int
		stderr string
	}{
		{"help is no failure", []string{"-h"}, exitBalanced, "usage: orders [flags]"},
		{"the flag package says what is wrong", []string{"-workers", "many"}, exitTrouble, `invalid value "many"`},
		{"nobody would do the work", []string{"-workers", "0"}, exitTrouble, "want 1 to 256"},
		{"the file was meant for -in", []string{"orders.jsonl"}, exitTrouble, "given with -in"},
		{"there is nothing to read", []string{"-in", "no-such-file"}, exitTrouble, "no-such-file"},
		{"a ledger is never overwritten", []string{"-ledger", taken}, exitTrouble, "name a new file"},
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

func TestLedgerIsKeptWhereAsked(t *testing.T) {
	dir := t.TempDir()
	in, path := filepath.Join(dir, "in.jsonl"), filepath.Join(dir, "ledger.jsonl")
	require.NoError(t, os.WriteFile(in, []byte(
		`{"article":{"sku":"tea","cents":500,"units":9}}`+"\n"+
			`{"order":{"id":"o-1","customer":"a@example.com","ship_to":"A, 1 Road, York, GB",`+
			`"card":"tok_visa","lines":[{"sku":"tea","qty":2}]}}`), 0o600))

	var stdout, stderr bytes.Buffer
	code := run(context.Background(), []string{"-in", in, "-ledger", path}, &stdout, &stderr)
	require.Equal(t, exitBalanced, code, "%s%s", &stdout, &stderr)

	l, err := openLedger(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, l.close()) }()
	assert.Equal(t, map[holding]int{
		{supplier, "tea"}: -9, {stock, "tea"}: 7, {reserved, "tea"}: 0, {shipped, "tea"}: 2,
		{programme, point}: -10, {wallet, point}: 10,
	}, l.balance)
}
