package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// A world is the shop and what is around it.
type world struct {
	shop     *shop
	provider *provider
	path     string // of the ledger
	dir      string // to be removed in the end
}

// open starts the payment provider, opens a new ledger (in path, or in a place that is
// removed in the end) and takes delivery of the stock.
func open(in *input, path string) (_ *world, err error) {
	w := &world{path: path, shop: &shop{
		articles: map[string]Article{},
		over:     map[string]chan struct{}{},
		limit:    600 * time.Millisecond,
	}}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("orders: %w", err), w.close())
		}
	}()
	if w.dir, err = os.MkdirTemp("", "orders"); err != nil {
		return nil, err
	}
	if w.path == "" {
		w.path = filepath.Join(w.dir, "ledger.jsonl")
	} else if _, err := os.Stat(w.path); err == nil {
		return nil, fmt.Errorf("-ledger %s is there already; name a new file", path)
	}
	if w.shop.ledger, err = openLedger(w.path); err != nil {
		return nil, err
	}
	if w.provider, err = startProvider(); err != nil {
		return nil, err
	}
	w.shop.payer = newPayer(w.provider.URL)
	for _, o := range in.orders {
		w.shop.over[o.ID] = make(chan struct{})
	}
	for _, a := range in.articles {
		w.shop.articles[a.SKU] = a
		delivery := Line{a.SKU, a.Units}
		if err := w.shop.ledger.move(context.Background(), "delivery/"+a.SKU, "", supplier, stock, delivery); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// settle waits until nothing moves any more: no goroutine that a hook left behind, no
// charge on its way. Then it returns the ledger, as it is on the disk, and the
// provider's statement. The hooks must have ended.
func (w *world) settle(ctx context.Context) ([]entry, []movement, error) {
	w.shop.strays.Wait()
	w.shop.payer.close() // or the server waits for connections that were never used
	statement, err := w.provider.stop(ctx)
	if err != nil {
		return nil, nil, err
	}
	if err := w.shop.ledger.close(); err != nil {
		return nil, nil, fmt.Errorf("ledger: %w", err)
	}
	ledger, err := openLedger(w.path)
	if err != nil {
		return nil, nil, err
	}
	return ledger.entries, statement, ledger.close()
}

// close stops and removes whatever there is. After settle most of it has stopped.
func (w *world) close() error {
	if w.shop.payer != nil {
		w.shop.payer.close()
	}
	if w.provider != nil {
		_ = w.provider.server.Close()
	}
	if w.shop.ledger != nil {
		_ = w.shop.ledger.close()
	}
	if w.dir == "" {
		return nil
	}
	return os.RemoveAll(w.dir)
}
