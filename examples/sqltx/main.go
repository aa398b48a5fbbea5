// Command sqltx shares one database transaction among the hooks of a chain: the
// first begins it, the others work in it, and it is committed or rolled back with
// the chain. The file transfer.go shows how; this one runs it a few times.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/hooktx/hooks"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

const schema = `
CREATE TABLE accounts (name TEXT PRIMARY KEY, cents INTEGER NOT NULL CHECK (cents >= 0));
CREATE TABLE ledger (
	payer TEXT NOT NULL REFERENCES accounts DEFERRABLE INITIALLY DEFERRED,
	payee TEXT NOT NULL REFERENCES accounts DEFERRABLE INITIALLY DEFERRED,
	cents INTEGER NOT NULL CHECK (cents > 0));
INSERT INTO accounts VALUES ('ann', 100), ('bob', 0);`

func main() {
	log.SetFlags(0)
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "sqltx")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	db, err := open(ctx, filepath.Join(dir, "bank.db"))
	if err != nil {
		return err
	}
	defer db.Close()

	for _, t := range []Transfer{
		{From: "ann", To: "bob", Cents: 30},  // commits
		{From: "ann", To: "bob", Cents: 300}, // debit fails: it would be an overdraft
		{From: "ann", To: "bob", Cents: -10}, // record fails, after debit and credit have worked
		{From: "ann", To: "eve", Cents: 30},  // the commit fails: there is no eve
	} {
		verdict := "committed"
		if _, err := hooks.Run(ctx, &t, Chain(db)...); err != nil {
			verdict = "rolled back: " + err.Error()
		}
		ann, bob, err := balances(ctx, db)
		if err != nil {
			return err
		}
		fmt.Printf("%s pays %s %d: %s\n", t.From, t.To, t.Cents, verdict)
		fmt.Printf("  ann has %d, bob has %d; connections in use: %d\n", ann, bob, db.Stats().InUse)
	}
	return nil
}

// open makes the database at path.
func open(ctx context.Context, path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=foreign_keys(1)&_pragma=busy_timeout(10000)")
	if err != nil {
		return nil, err
	}
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func balances(ctx context.Context, db *sql.DB) (ann, bob int, err error) {
	err = db.QueryRowContext(ctx, `SELECT a.cents, b.cents FROM accounts a, accounts b
		WHERE a.name = 'ann' AND b.name = 'bob'`).Scan(&ann, &bob)
	return ann, bob, err
}
