// Bank moves money between accounts, from many goroutines at the same time, while much
// goes wrong.
//
//	go run ./examples/bank            with this library
//	go run ./examples/bank -naive     in the way that everybody writes it
//
// Each account is a cell, each transfer a chain of one hook that edits two cells. One in
// twenty meets a fault: the hook returns an error after it has changed both accounts, or
// panics there, or calls runtime.Goexit; it is deaf, overruns its limit, and goes on to
// write into the accounts that it was given; or the customer's context ends when one
// account is changed and the other is not. Which transfer meets which fault follows from
// its number and -seed, so all runs meet the same. Meanwhile an auditor counts the money,
// again and again, without stopping anybody.
//
// In the end the books are closed: there is as much money as at the start, each transfer
// that was acknowledged is in both accounts exactly once, no other is in any, no account
// was ever overdrawn, and the auditor has always seen the same sum. The program exits with
// 1 if that is not so. With the library it is; with -naive it is not, and it says why.
//
// Then the same transfers are made once more without faults, by cells and by accounts that
// have a mutex each, to see what it costs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Exit codes.
const (
	exitBalanced   = 0
	exitUnbalanced = 1
	exitTrouble    = 2 // the arguments, or this machine
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal kills
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are the command line.
type options struct {
	plan
	goroutines int
	naive      bool
}

// errUsage says that a flag is malformed. The flag package has printed why.
var errUsage = errors.New("see the usage")

// The largest values of the flags. Histories take some hundred bytes for each transfer.
const (
	maxAccounts   = 10_000
	maxGoroutines = 10_000
	maxTransfers  = 10_000_000
)

// opening is what is in each account at the start. It is not enough for all transfers.
const opening Cents = 100_00

func parseOptions(args []string, stderr io.Writer) (o options, err error) {
	o.opening = opening
	flags := flag.NewFlagSet("bank", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.accounts, "accounts", 64, "have `n` accounts; the more there are, the seldomer an audit gets through in between")
	flags.IntVar(&o.goroutines, "goroutines", 64, "make transfers from `n` goroutines at a time")
	flags.IntVar(&o.transfers, "transfers", 150_000, "make `n` transfers")
	flags.Float64Var(&o.faults, "faults", 0.05, "let this `share` of the transfers meet a fault, from 0 to 1")
	flags.Uint64Var(&o.seed, "seed", 1, "draw transfers and faults by this `number`")
	flags.BoolVar(&o.naive, "naive", false, "move the money in the usual way, without the library")
	flags.Usage = func() { usage(flags, stderr) }
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return o, err
	} else if err != nil {
		return o, errUsage
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("bank: unexpected argument %q; there are only flags", flags.Arg(0))
	}
	return o, o.check()
}

// check refuses what is out of range.
func (o *options) check() error {
	for _, f := range []struct {
		name               string
		value, least, most int
	}{
		{"accounts", o.accounts, 2, maxAccounts},
		{"goroutines", o.goroutines, 1, maxGoroutines},
		{"transfers", o.transfers, 1, maxTransfers},
	} {
		if f.value < f.least || f.value > f.most {
			return fmt.Errorf("bank: -%s is %d; want %d to %d", f.name, f.value, f.least, f.most)
		}
	}
	if !(o.faults >= 0 && o.faults <= 1) { // so that NaN is refused
		return fmt.Errorf("bank: -faults is %v; want a share from 0 to 1, such as 0.05", o.faults)
	}
	return nil
}

func usage(flags *flag.FlagSet, w io.Writer) {
	_, _ = fmt.Fprint(w, `usage: bank [flags]

Moves money between accounts from many goroutines while hooks fail, panic, exit, overrun
their limits and are cancelled. Then closes the books, and exits with 0 if they balance,
with 1 if they do not, with 2 if a flag is wrong. Ctrl-C begins no new transfers and closes
the books.

`)
	flags.PrintDefaults()
	_, _ = fmt.Fprint(w, `
A transfer that meets a fault meets one of these, each as often:

  error      the hook returns an error after it has changed both accounts
  panic      it panics there
  Goexit     it calls runtime.Goexit there
  overdue    it overruns its limit there, and when it was given up takes a fee
  cancelled  the customer's context ends after one account was changed
`)
}

// run is the program. It returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseOptions(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitBalanced
	}
	balanced := false
	if err == nil {
		balanced, err = open(ctx, o, &printer{stdout})
	}
	switch {
	case errors.Is(err, errUsage):
		return exitTrouble
	case err != nil:
		_, _ = fmt.Fprintln(stderr, err)
		return exitTrouble
	case !balanced:
		return exitUnbalanced
	}
	return exitBalanced
}

// open opens a bank for a day, with faults. If all is well then, it is seen what others do
// without.
func open(ctx context.Context, o options, out *printer) (balanced bool, err error) {
	out.plan(o)
	if o.naive {
		_, balanced, err := business(ctx, newTextbook(o.plan), o, out)
		return balanced, err
	}
	b, err := newCells(o.plan)
	if err != nil {
		return false, fmt.Errorf("bank: %w", err)
	}
	today, balanced, err := business(ctx, b, o, out)
	if err != nil || !balanced || ctx.Err() != nil {
		return balanced, err
	}
	return compare(ctx, o, today, out)
}

// business is a day of a bank, from its opening to its books.
func business(ctx context.Context, b bank, o options, out *printer) (d *day, balanced bool, err error) {
	d, books, err := live(ctx, b, o)
	if err != nil {
		return nil, false, err
	}
	out.day(d)
	if c, ok := b.(*cells); ok {
		out.rounds(c.rounds())
	}
	if ctx.Err() != nil {
		out.printf("\n  Interrupted after %s transfers.\n", thousands(d.begun))
	}
	out.books(d, books)
	return d, books.balanced(), nil
}

// live carries out the plan and closes the books when nothing moves any more.
func live(ctx context.Context, b bank, o options) (*day, *books, error) {
	d, err := work(ctx, b, o.plan, o.goroutines)
	if err != nil {
		return nil, nil, fmt.Errorf("bank: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	accounts, err := b.close(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("bank: %w", err)
	}
	return d, closeBooks(d, accounts), nil
}

// compare makes the transfers once more, without faults, by cells and by mutexes.
func compare(ctx context.Context, o options, today *day, out *printer) (balanced bool, err error) {
	o.faults = 0
	b, err := newCells(o.plan)
	if err != nil {
		return false, fmt.Errorf("bank: %w", err)
	}
	ours, books, err := live(ctx, b, o)
	if err != nil || !books.balanced() {
		return false, err
	}
	theirs, books, err := live(ctx, newVaults(o.plan), o)
	if err != nil || !books.balanced() {
		return false, err
	}
	out.speeds(today, ours, theirs)
	return true, nil
}
