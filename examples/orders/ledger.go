package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// The accounts between which the ledger moves things.
const (
	supplier  = "supplier"  // where stock comes from
	stock     = "stock"     // on the shelf
	reserved  = "reserved"  // taken off the shelf for an order
	shipped   = "shipped"   // on its way to a customer
	programme = "programme" // where loyalty points come from
	wallet    = "wallet"    // a customer's points
)

// point is the article in which loyalty points are booked.
const point = "point"

// An entry is one line of the ledger file: units of an article went from one account
// to another. Nothing is ever changed or deleted; what was wrong is booked back.
type entry struct {
	Key   string `json:"key"`            // names the effect
	Undo  bool   `json:"undo,omitempty"` // books back the entry of the same key
	Order string `json:"order,omitempty"`
	SKU   string `json:"sku"`
	Units int    `json:"units"`
	From  string `json:"from"`
	To    string `json:"to"`
}

// A holding is an article in an account.
type holding struct{ account, sku string }

// A ledger is an append-only file of entries. What is where is not stored: it is the
// sum of the entries, computed by replaying them.
//
// It behaves as a database driver does: it refuses to begin under a context that has
// ended. It is idempotent: to book a key again, or to undo it again, does nothing.
// A ledger is safe for concurrent use.
type ledger struct {
	mu      sync.Mutex
	file    *os.File
	entries []entry
	booked  map[string][]entry // by key
	undone  map[string]bool    // by key
	balance map[holding]int
	broken  error // a write failed, and nobody knows what is on disk now
}

var (
	errShort  = errors.New("out of stock")
	errUndone = errors.New("this key was undone, it cannot be booked again")
)

// short is the error of who wants more than is left.
func short(wanted Line, left int) error {
	return fmt.Errorf("%w: %d %s left, %d wanted", errShort, left, wanted.SKU, wanted.Qty)
}

// openLedger opens or creates the ledger in a file and replays it.
func openLedger(path string) (*ledger, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	l := &ledger{
		file: file, booked: map[string][]entry{}, undone: map[string]bool{}, balance: map[holding]int{},
	}
	if err := l.replay(file); err != nil {
		return nil, errors.Join(fmt.Errorf("ledger %s: %w", path, err), file.Close())
	}
	return l, nil
}

func (l *ledger) replay(r io.Reader) error {
	lines := bufio.NewReader(r)
	for n := 1; ; n++ {
		text, err := lines.ReadBytes('\n')
		switch {
		case err == io.EOF && len(text) == 0:
			return nil
		case err == io.EOF:
			return fmt.Errorf("line %d is cut short; the program died while it wrote, delete the line", n)
		case err != nil:
			return err
		}
		var e entry
		if err := json.Unmarshal(text, &e); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		l.apply(e)
	}
}

// apply adds one entry to the sums. It is all that an entry means.
func (l *ledger) apply(e entry) {
	l.entries = append(l.entries, e)
	if e.Undo {
		l.undone[e.Key] = true
	} else {
		l.booked[e.Key] = append(l.booked[e.Key], e)
	}
	l.balance[holding{e.From, e.SKU}] -= e.Units
	l.balance[holding{e.To, e.SKU}] += e.Units
}

// move books lines from one account to another, all or none, under one key. The shelf
// cannot be overdrawn: that is errShort.
func (l *ledger) move(ctx context.Context, key, order, from, to string, lines ...Line) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch err := cmp.Or(ctx.Err(), l.broken); {
	case err != nil:
		return fmt.Errorf("ledger: %w", err)
	case l.undone[key]:
		return fmt.Errorf("ledger: %s: %w", key, errUndone)
	case l.booked[key] != nil:
		return nil
	}
	entries := make([]entry, len(lines))
	for i, line := range lines {
		if left := l.balance[holding{from, line.SKU}]; from == stock && left < line.Qty {
			return short(line, left)
		}
		entries[i] = entry{Key: key, Order: order, SKU: line.SKU, Units: line.Qty, From: from, To: to}
	}
	return l.write(entries)
}

// undo books back what was booked under key. If there is nothing to undo, or if it was
// undone before, undo does nothing.
func (l *ledger) undo(ctx context.Context, key string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := cmp.Or(ctx.Err(), l.broken); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	if l.undone[key] {
		return nil
	}
	var back []entry
	for _, e := range l.booked[key] {
		e.Undo, e.From, e.To = true, e.To, e.From
		back = append(back, e)
	}
	return l.write(back)
}

// write appends entries to the file in one piece, and then counts them.
func (l *ledger) write(entries []entry) error {
	var text bytes.Buffer
	for _, e := range entries {
		if err := json.NewEncoder(&text).Encode(e); err != nil {
			return fmt.Errorf("ledger: %w", err)
		}
	}
	if _, err := l.file.Write(text.Bytes()); err != nil {
		l.broken = fmt.Errorf("closed after a failed write: %w", err)
		return fmt.Errorf("ledger: %w", err)
	}
	for _, e := range entries {
		l.apply(e)
	}
	return nil
}

func (l *ledger) close() error { return l.file.Close() }
