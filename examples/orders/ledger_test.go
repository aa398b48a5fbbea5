package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLedger(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	l, err := openLedger(path)
	require.NoError(t, err)
	require.NoError(t, l.move(ctx, "d", "", supplier, stock, Line{"tea", 9}, Line{"cup", 1}))

	require.NoError(t, l.move(ctx, "k1", "o-1", stock, reserved, Line{"tea", 2}))
	require.NoError(t, l.move(ctx, "k1", "o-1", stock, reserved, Line{"tea", 2}), "a key is booked once")
	require.NoError(t, l.move(ctx, "k2", "o-2", stock, reserved, Line{"tea", 3}))
	require.NoError(t, l.undo(ctx, "k2"))
	require.NoError(t, l.undo(ctx, "k2"), "and undone once")
	require.NoError(t, l.undo(ctx, "k3"), "there is nothing to undo")
	require.ErrorIs(t, l.move(ctx, "k2", "o-2", stock, reserved, Line{"tea", 3}), errUndone)

	err = l.move(ctx, "k4", "o-4", stock, reserved, Line{"tea", 1}, Line{"cup", 2})
	require.ErrorIs(t, err, errShort, "all lines or none")

	dead, cancel := context.WithCancel(ctx)
	cancel()
	require.ErrorIs(t, l.move(dead, "k5", "o-5", stock, reserved, Line{"tea", 1}), context.Canceled)
	require.ErrorIs(t, l.undo(dead, "k1"), context.Canceled)

	want := map[holding]int{
		{supplier, "tea"}: -9, {stock, "tea"}: 7, {reserved, "tea"}: 2,
		{supplier, "cup"}: -1, {stock, "cup"}: 1,
	}
	assert.Equal(t, want, l.balance)
	require.NoError(t, l.close())

	again, err := openLedger(path)
	require.NoError(t, err)
	assert.Equal(t, want, again.balance, "replayed")
	assert.Equal(t, l.entries, again.entries)
	require.NoError(t, again.move(ctx, "k1", "o-1", stock, reserved, Line{"tea", 2}), "keys are remembered")
	require.NoError(t, again.undo(ctx, "k2"))
	assert.Equal(t, want, again.balance)
	require.NoError(t, again.close())
}

func TestLedgerRefusesDamage(t *testing.T) {
	tests := []struct{ reason, text, want string }{
		{"the program died while it wrote", `{"key":"d","sku":"tea","units":9,"from":"supplier","to":"stock"}` + "\n" + `{"key":`,
			"line 2 is cut short"},
		{"somebody edited it", "nine tea\n", "line 1: "},
	}
	for _, tt := range tests {
		path := filepath.Join(t.TempDir(), "ledger.jsonl")
		require.NoError(t, os.WriteFile(path, []byte(tt.text), 0o600))
		_, err := openLedger(path)
		assert.ErrorContains(t, err, tt.want, tt.reason)
	}
}

func TestLedgerStopsAfterAFailedWrite(t *testing.T) {
	ctx := context.Background()
	l, err := openLedger(filepath.Join(t.TempDir(), "ledger.jsonl"))
	require.NoError(t, err)
	require.NoError(t, l.close()) // every write fails from here on
	require.ErrorIs(t, l.move(ctx, "k", "", supplier, stock, Line{"tea", 1}), os.ErrClosed)
	assert.Empty(t, l.balance, "what is not on the disk does not count")
	assert.ErrorIs(t, l.undo(ctx, "k"), os.ErrClosed, "and nobody knows what is")
}
