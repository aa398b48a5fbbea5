package main

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"github.com/hooktx/hooks"
)

// A shelf knows how many units of each article are left, without a look at the ledger. All
// workers share it. It is safe for concurrent use.
type shelf interface {
	// take takes units off the shelf, all or none. The error is errShort if there are not
	// enough.
	take(ctx context.Context, lines []Line) error

	// putBack undoes take, if that is not done by itself.
	putBack(lines []Line)

	// left returns the units by article.
	left() map[string]int
}

// cells is the shelf of the transactions: what is left of each article is a cell.
//
// An order that takes units edits a copy. They are gone from the shelf when the order
// commits, and if it does not they never were. If another order was faster to take the same
// article, this one's round is lost: it is undone and run again, on what is left then.
//
// To undo a round means to refund a card. That is why there is no single cell for the whole
// shelf, over which all orders would meet that are under way at the same time.
type cells map[string]*hooks.Shared[int]

func newCells(articles map[string]Article) (cells, error) {
	c := cells{}
	for sku, a := range articles {
		cell, err := hooks.NewShared(a.Units)
		if err != nil {
			return nil, fmt.Errorf("orders: %w", err)
		}
		c[sku] = cell
	}
	return c, nil
}

func (c cells) take(ctx context.Context, lines []Line) error {
	for _, l := range lines {
		units, err := c[l.SKU].Edit(ctx)
		if err != nil {
			return err
		}
		if *units < l.Qty {
			return short(l, *units)
		}
		*units -= l.Qty
	}
	return nil
}

// putBack has nothing to do: what a chain does to cells is dropped with it.
func (cells) putBack([]Line) {}

func (c cells) left() map[string]int {
	units := map[string]int{}
	for sku, cell := range c {
		units[sku] = cell.Load()
	}
	return units
}

// guarded is the shelf of the textbook loop: a map and its lock.
type guarded struct {
	mu    sync.Mutex
	units map[string]int
}

func newGuarded(articles map[string]Article) *guarded {
	g := &guarded{units: map[string]int{}}
	for sku, a := range articles {
		g.units[sku] = a.Units
	}
	return g
}

func (g *guarded) take(_ context.Context, lines []Line) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, l := range lines {
		if g.units[l.SKU] < l.Qty {
			return short(l, g.units[l.SKU])
		}
	}
	for _, l := range lines {
		g.units[l.SKU] -= l.Qty
	}
	return nil
}

func (g *guarded) putBack(lines []Line) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, l := range lines {
		g.units[l.SKU] += l.Qty
	}
}

func (g *guarded) left() map[string]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return maps.Clone(g.units)
}
