package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

var teaAndCups = map[string]Article{"tea": {SKU: "tea", Units: 9}, "cup": {SKU: "cup", Units: 1}}

func TestShelfGivesAllOrNothing(t *testing.T) {
	inCells, err := newCells(teaAndCups)
	require.NoError(t, err)
	guarded := newGuarded(teaAndCups)
	ways := map[string]struct {
		shelf shelf
		take  func(lines ...Line) error
	}{
		"cells": {inCells, func(lines ...Line) error {
			return hooks.Atomically(context.Background(), func(ctx context.Context) error { return inCells.take(ctx, lines) })
		}},
		"guarded": {guarded, func(lines ...Line) error { return guarded.take(context.Background(), lines) }},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, way.take(Line{"tea", 2}))
			err := way.take(Line{"tea", 1}, Line{"cup", 2})
			require.ErrorIs(t, err, errShort)
			require.ErrorContains(t, err, "1 cup left, 2 wanted")
			assert.Equal(t, map[string]int{"tea": 7, "cup": 1}, way.shelf.left())
			require.NoError(t, way.take(Line{"tea", 7}, Line{"cup", 1}))
			assert.Equal(t, map[string]int{"tea": 0, "cup": 0}, way.shelf.left())
		})
	}
	guarded.putBack([]Line{{"tea", 3}})
	assert.Equal(t, map[string]int{"tea": 3, "cup": 0}, guarded.left())
}

// oneOrder is a shop with one order, and hooks that follow those of the shop.
func oneOrder(t *testing.T, more ...hooks.Hook[Order]) (*world, *transactions, *record) {
	t.Helper()
	in, err := readInput("f", strings.NewReader(tea+order))
	require.NoError(t, err)
	w, err := open(in, "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.close()) })
	e, err := newEngine(w.shop, options{}, &printer{w: io.Discard}, io.Discard)
	require.NoError(t, err)
	engine := e.(*transactions)
	engine.chain = append(engine.chain, more...)
	return w, engine, &record{order: in.orders[0]}
}

// serveOne serves the order and returns what there is in the end.
func serveOne(t *testing.T, w *world, e *transactions, r *record) evidence {
	t.Helper()
	w.shop.serve(context.Background(), e, r)
	require.NoError(t, e.wait(context.Background()))
	entries, statement, err := w.settle(context.Background())
	require.NoError(t, err)
	return evidence{[]*record{r}, entries, w.shop.shelf.left(), statement, w.shop.outbox.sent()}
}

// An order whose round is lost, after all of its work is done, does all of it once more,
// under other keys, and nothing of the first round stays.
func TestLostRoundIsUndone(t *testing.T) {
	var shelf cells
	rival := hooks.Func("rival", func(ctx context.Context, _ *Order) error {
		if info, _ := hooks.InfoFrom(ctx); info.Round > 1 {
			return nil
		}
		return shelf["tea"].Update(context.Background(), func(context.Context, *int) error { return nil })
	})
	w, engine, r := oneOrder(t, rival)
	shelf = w.shop.shelf.(cells)
	e := serveOne(t, w, engine, r)

	require.True(t, r.committed, "%v", r.err)
	assert.Equal(t, 2, r.report.Rounds)
	b := closeBooks(e)
	assert.True(t, b.balanced(), "%+v", b)
	assert.Equal(t, 7, e.shelf["tea"])

	net := map[string]int{} // by key
	for _, x := range e.entries {
		if x.Undo {
			x.Units = -x.Units
		}
		net[x.Key] += x.Units
	}
	assert.Equal(t, map[string]int{
		"delivery/tea":  9,
		"o-1/reserve#1": 0, "o-1/ship#1": 0, "o-1/loyalty#1": 0,
		"o-1/reserve#2": 2, "o-1/ship#2": 2, "o-1/loyalty#2": 10,
	}, net)
	assert.Equal(t, []movement{
		{"o-1/charge#1", "o-1", 1000}, {"o-1/charge#1", "o-1", -1000}, {"o-1/charge#2", "o-1", 1000},
	}, e.statement)

	outcome, _, rest := r.what()
	assert.Equal(t, "committed", outcome)
	assert.Equal(t, "in round 2", rest)
}

// What a failed order has taken is on the shelf again, though no Rollback puts it there.
func TestFailedOrderLeavesTheShelf(t *testing.T) {
	broken := hooks.Func("broken", func(context.Context, *Order) error { return errors.New("broken") })
	w, engine, r := oneOrder(t, broken)
	e := serveOne(t, w, engine, r)
	assert.False(t, r.committed)
	assert.Equal(t, map[string]int{"tea": 9}, e.shelf)
	assert.True(t, closeBooks(e).balanced())
}
