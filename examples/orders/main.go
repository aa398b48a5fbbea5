// Orders is an order desk: for each order of a file it validates, checks card and address
// at the same time, reserves stock, charges the card, ships and confirms, as one
// transaction.
//
//	go run ./examples/orders            with this library
//	go run ./examples/orders -naive     the same hooks, in the loop that everybody writes
//
// The parts are real: the payment provider is an HTTP server that declines, fails, hangs,
// cuts connections and charges cards long after its client has given up; stock and
// shipments are an append-only file, and what is left on the shelf is in memory that all
// workers share, a cell for each article. Some hooks misbehave, as real ones do: they are
// deaf to their context, panic halfway, leave goroutines behind, let the order grow beyond
// all limits. Which order meets which misfortune stands in the order itself, so both runs
// meet the same.
//
// In the end the books are closed: every unit on the shelf or shipped, the shelf as the
// ledger says, every charge for a shipped order or refunded. The program exits with 1 if
// they do not balance. The first run's do. Those of the second do not, and it says why,
// order by order.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/hooktx/hooks"
)

//go:embed orders.jsonl
var ordersFile []byte

// Exit codes.
const (
	exitBalanced   = 0
	exitUnbalanced = 1
	exitTrouble    = 2 // the arguments, the input, or this machine
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
	in      string
	ledger  string
	workers int
	naive   bool
	verbose bool
}

// errUsage says that a flag is malformed. The flag package has printed why.
var errUsage = errors.New("see the usage")

func parseOptions(args []string, stderr io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("orders", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.in, "in", "", "read articles and orders from this `file` instead of the built-in one")
	flags.StringVar(&o.ledger, "ledger", "", "keep the stock ledger in this new `file`; by default it is thrown away")
	flags.IntVar(&o.workers, "workers", 4, "work on `n` orders at a time")
	flags.BoolVar(&o.naive, "naive", false, "run the same hooks through the textbook loop, without the library")
	flags.BoolVar(&o.verbose, "v", false, "log what the library reports to stderr")
	flags.Usage = func() { usage(flags, stderr) }
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return o, err
	} else if err != nil {
		return o, errUsage
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("orders: unexpected argument %q; the input file is given with -in", flags.Arg(0))
	}
	if o.workers < 1 || o.workers > 256 {
		return o, fmt.Errorf("orders: -workers is %d; want 1 to 256", o.workers)
	}
	return o, nil
}

func usage(flags *flag.FlagSet, w io.Writer) {
	_, _ = fmt.Fprint(w, `usage: orders [flags]

Works through a file of orders: validate, check, reserve, charge, ship, confirm, each
order a transaction. Then closes the books, and exits with 1 if they do not balance, with 2 if
the input is malformed. Ctrl-C takes no new orders and closes the books.

`)
	flags.PrintDefaults()
	_, _ = fmt.Fprint(w, `
The input has one JSON object a line:

  {"article": {"sku": "sencha", "name": "Sencha", "cents": 1450, "units": 80}}
  {"order": {"id": "o-1", "customer": "a@example.com", "ship_to": "A, 1 Road, York, GB",
             "card": "tok_visa", "lines": [{"sku": "sencha", "qty": 2}]}}   (on one line)

An order may have "carrier" ("post" or "freight"), "coupon", "note" and "patience_ms".
Its card decides what the payment provider does:

`)
	for _, card := range slices.Sorted(maps.Keys(cards)) {
		_, _ = fmt.Fprintf(w, "  %-15s %s\n", card, cards[card])
	}
	_, _ = fmt.Fprint(w, `
Other misfortunes: carrier freight books too late, whatever its deadline; a parcel to XK
breaks the label printer, one to IS cannot be tracked, none goes to AQ; "c/o" in an address
leaves a goroutine behind, a "PO box" is looked up slowly, "general delivery" not at all;
coupon SPRING-23 has expired and VIP-10 comes too late; a note with "catalogue" makes the
order too large.
`)
}

// run is the program. It returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseOptions(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitBalanced
	}
	var books *books
	if err == nil {
		books, err = desk(ctx, o, stdout, stderr)
	}
	switch {
	case errors.Is(err, errUsage):
		return exitTrouble
	case err != nil:
		_, _ = fmt.Fprintln(stderr, err)
		return exitTrouble
	case !books.balanced():
		return exitUnbalanced
	}
	return exitBalanced
}

// desk opens the shop, works through the orders, and closes the books.
func desk(ctx context.Context, o options, stdout, stderr io.Writer) (_ *books, err error) {
	in, err := load(o.in)
	if err != nil {
		return nil, err
	}
	w, err := open(in, o.ledger)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.close()) }()

	out := &printer{w: stdout}
	engine, err := newEngine(w.shop, o, out, stderr)
	if err != nil {
		return nil, err
	}
	records := make([]*record, len(in.orders))
	for i, order := range in.orders {
		records[i] = &record{order: order}
	}
	out.title("ORDERS")
	w.shop.work(ctx, engine, out, o.workers, records)
	if ctx.Err() != nil {
		out.printf("interrupted: no new orders; the books will be closed\n")
	}

	// The books are closed when nothing moves any more.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	if err := engine.wait(ctx); err != nil {
		return nil, fmt.Errorf("orders: %w", err)
	}
	entries, statement, err := w.settle(ctx)
	if err != nil {
		return nil, err
	}
	books := closeBooks(evidence{records, entries, w.shop.shelf.left(), statement, w.shop.outbox.sent()})
	if t, ok := engine.(*transactions); ok {
		printReports(out, records)
		printMetrics(out, t.executor.Metrics())
	}
	books.print(out)
	return books, nil
}

func load(path string) (*input, error) {
	if path == "" {
		return readInput("orders.jsonl", bytes.NewReader(ordersFile))
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("orders: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	return readInput(path, file)
}

func newEngine(s *shop, o options, out *printer, stderr io.Writer) (engine, error) {
	if o.naive {
		s.shelf = newGuarded(s.articles)
		return &textbook{loop: naive{limit: 2 * time.Second}, chain: s.chain(s.checks()...)}, nil
	}
	cells, err := newCells(s.articles)
	if err != nil {
		return nil, err
	}
	s.shelf = cells
	var cfg hooks.Config
	if o.verbose {
		encoder := zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig())
		cfg.Logger = zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(stderr)), zap.DebugLevel))
	}
	return newTransactions(s, cfg, out.late)
}
