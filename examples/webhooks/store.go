package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/hooktx/hooks"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// errInFlight says that the same delivery is being processed. Whether it will be
// stored is open, so the sender is told neither yes nor no.
var errInFlight = errors.New("the same delivery is being processed")

// A Store keeps deliveries in a database file, one row each.
//
// A row begins pending, written by the store hook, and is settled as the last step
// before its chain commits: a second copy of the delivery that arrives in between
// must not be answered "stored" on the strength of a row that may be taken back.
type Store struct{ db *sql.DB }

const schema = `CREATE TABLE IF NOT EXISTS deliveries (
	delivery TEXT PRIMARY KEY,     -- the sender's id: a redelivery has the same
	key      TEXT NOT NULL UNIQUE, -- the idempotency key of the hook that wrote the row
	event    TEXT NOT NULL,
	received TEXT NOT NULL,
	derived  TEXT NOT NULL, -- JSON
	body     TEXT NOT NULL, -- JSON, redacted
	settled  INTEGER NOT NULL DEFAULT 0
)`

// OpenStore opens or makes the database file at path. Rows that are pending were
// left by a process that died within a chain; nobody was told that they are stored.
func OpenStore(ctx context.Context, path string) (*Store, error) {
	dsn := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(),
		RawQuery: "_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)"}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, err
	}
	// SQLite has one writer at a time. A queue for one connection ends with its
	// waiter's context; a lock in the file would be polled for.
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	if _, err := db.ExecContext(ctx, `DELETE FROM deliveries WHERE NOT settled`); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	return &Store{db}, nil
}

// Close closes the database file.
func (s *Store) Close() error { return s.db.Close() }

// Stored is the result of the store hook.
type Stored struct {
	Key       string // of the row
	Bytes     int    // of the body as stored
	Duplicate bool   // the delivery was stored before; nothing was written
}

// Hook returns the hook that stores the event.
func (s *Store) Hook() hooks.Hook[hooks.Event] {
	return hooks.Define(hooks.Funcs[hooks.Event]{
		Name:     "store",
		Options:  hooks.Options{ReadOnly: true}, // of the state; the database is outside
		Execute:  s.insert,
		Rollback: s.takeBack,
	})
}

func (s *Store) insert(ctx context.Context, e *hooks.Event) (any, error) {
	info, _ := hooks.InfoFrom(ctx)
	body, err := encode(e.Data)
	if err != nil {
		return nil, err
	}
	derived, err := encode(e.Context[keyDerived])
	if err != nil {
		return nil, err
	}
	// First the promise to settle the row, then the row: if this hook is past its
	// limit already, the promise is refused, and there must be no row either.
	settle := false
	if err := hooks.BeforeCommit(ctx, func(ctx context.Context) error {
		if !settle {
			return nil // a duplicate
		}
		return s.settle(ctx, info.IdempotencyKey)
	}); err != nil {
		return nil, err
	}
	res, err := s.db.ExecContext(ctx,
		`INSERT INTO deliveries (delivery, key, event, received, derived, body) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (delivery) DO NOTHING`,
		e.ID, info.IdempotencyKey, e.Type, e.Time.UTC().Format(time.RFC3339Nano), derived, body)
	if err != nil {
		// The statement may have been interrupted as it ended. Unknown has takeBack
		// called, which does no harm if there is no row.
		return nil, hooks.Unknown(err)
	}
	if n, err := res.RowsAffected(); err != nil {
		return nil, hooks.Unknown(err)
	} else if n == 0 {
		return s.again(ctx, e.ID)
	}
	settle = true
	return Stored{Key: info.IdempotencyKey, Bytes: len(body)}, nil
}

// again decides on a delivery that has a row already: a settled one makes this
// chain a success with nothing left to do.
func (s *Store) again(ctx context.Context, delivery string) (any, error) {
	stored := Stored{Duplicate: true}
	var settled bool
	err := s.db.QueryRowContext(ctx, `SELECT key, octet_length(body), settled FROM deliveries WHERE delivery = ?`, delivery).
		Scan(&stored.Key, &stored.Bytes, &settled)
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && !settled:
		return nil, hooks.Reject("%w", errInFlight)
	case err != nil:
		return nil, err
	}
	return stored, hooks.SkipRest
}

func (s *Store) settle(ctx context.Context, key string) error {
	res, err := s.db.ExecContext(ctx, `UPDATE deliveries SET settled = 1 WHERE key = ?`, key)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("settled %d rows of %s in place of one (%v)", n, key, err)
	}
	return nil
}

// takeBack deletes the row that this execution wrote, if it did: by its key, for
// the row of the same delivery may by now be another execution's.
func (s *Store) takeBack(ctx context.Context, _ *hooks.Event) error {
	info, _ := hooks.InfoFrom(ctx)
	_, err := s.db.ExecContext(ctx, `DELETE FROM deliveries WHERE key = ?`, info.Undoes)
	return err
}

// encode is json.Marshal, but leaves <, > and & as they came.
func encode(v any) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", err
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}
