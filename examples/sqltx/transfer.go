package main

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"github.com/hooktx/hooks"
)

// A Transfer is the state that the hooks share.
type Transfer struct {
	From, To string
	Cents    int64

	// Tx is a handle, which the library refuses to copy: two copies would still be
	// one transaction. The tag says that this is meant: all copies of the state
	// have the same Tx.
	Tx *sql.Tx `hooks:"share"`
}

// Chain moves money between two accounts of db, in one transaction. That there are
// such accounts is left to a foreign key that the commit checks.
func Chain(db *sql.DB) []hooks.Hook[Transfer] {
	return []hooks.Hook[Transfer]{
		hooks.Func("begin", func(ctx context.Context, t *Transfer) (err error) {
			t.Tx, err = begin(ctx, db)
			return err
		}),
		hooks.Func("debit", func(ctx context.Context, t *Transfer) error {
			_, err := t.Tx.ExecContext(ctx, `UPDATE accounts SET cents = cents - ? WHERE name = ?`, t.Cents, t.From)
			return err
		}),
		hooks.Func("credit", func(ctx context.Context, t *Transfer) error {
			_, err := t.Tx.ExecContext(ctx, `UPDATE accounts SET cents = cents + ? WHERE name = ?`, t.Cents, t.To)
			return err
		}),
		hooks.Func("record", func(ctx context.Context, t *Transfer) error {
			_, err := t.Tx.ExecContext(ctx, `INSERT INTO ledger VALUES (?, ?, ?)`, t.From, t.To, t.Cents)
			t.Tx = nil // the caller has no use for a transaction that is over
			return err
		}),
	}
}

// begin begins a transaction that ends with the chain of the running hook.
func begin(ctx context.Context, db *sql.DB) (tx *sql.Tx, err error) {
	// Not with ctx itself: it ends with this hook, and database/sql rolls a
	// transaction back when its context ends.
	txCtx, cancel := context.WithCancel(hooks.ExecutionContext(ctx))
	commit := sync.OnceValue(func() error { return tx.Commit() })

	// The undo step comes before what it undoes: so it runs whatever happens.
	err = hooks.OnRollback(ctx, func(context.Context) error {
		if tx == nil {
			return nil // it never began
		}
		if err := tx.Rollback(); !errors.Is(err, sql.ErrTxDone) {
			return err
		}
		cancel() // of a commit that was given up and still waits for a lock
		if commit() == nil {
			return errors.New("the transaction is committed and cannot be taken back")
		}
		return nil // it was over: its context ended, or the commit failed
	})
	if err != nil {
		cancel()
		return nil, err
	}
	if tx, err = db.BeginTx(txCtx, nil); err != nil {
		return nil, err
	}
	return tx, hooks.BeforeCommit(ctx, func(context.Context) error { return commit() })
}
