package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hooktx/hooks"
)

// Order is the state of the examples.
type Order struct {
	ID    string
	Seats int
	Total int // cents
	Notes []string
}

func Example() {
	reserve := hooks.FuncUndo("reserve",
		func(_ context.Context, o *Order) error { fmt.Println("reserve", o.Seats); return nil },
		func(_ context.Context, o *Order) error { fmt.Println("release", o.Seats); return nil })
	charge := hooks.Func("charge",
		func(_ context.Context, o *Order) error { o.Seats = 0; return errors.New("card declined") })

	order := Order{ID: "A1", Seats: 2}
	_, err := hooks.Run(context.Background(), &order, reserve, charge)
	fmt.Println(err)
	fmt.Println("seats:", order.Seats)
	// Output:
	// reserve 2
	// release 2
	// hooks: execute "charge": card declined
	// seats: 2
}

// A hook that overruns its limit goes on in its own copy; the caller's state is out
// of its reach.
func ExampleExecutor_Execute_timeout() {
	x, err := hooks.New[Order](hooks.Config{})
	if err != nil {
		panic(err)
	}
	release, over := make(chan struct{}), sync.WaitGroup{}
	over.Add(1)
	deaf := hooks.With(hooks.Func("deaf", func(_ context.Context, o *Order) error {
		defer over.Done()
		<-release // ignores its context
		o.Seats = 99
		return nil
	}), func(o *hooks.Options) { o.Timeout = 20 * time.Millisecond })

	order := Order{Seats: 2}
	_, err = x.Execute(context.Background(), &order, deaf)
	fmt.Println(err)
	fmt.Println("still running:", len(x.Abandoned()))

	close(release)
	over.Wait() // the hook has written, but not here
	fmt.Println("seats:", order.Seats)
	_ = x.Shutdown(context.Background())
	// Output:
	// hooks: execute "deaf": time limit of 20ms for hook "deaf" exceeded
	// still running: 1
	// seats: 2
}

// A hook whose failure does not matter: its changes are dropped, the chain goes on.
func ExampleFailurePolicy() {
	points := hooks.With(hooks.Func("points", func(_ context.Context, o *Order) error {
		o.Notes = append(o.Notes, "half done")
		return errors.New("loyalty service is down")
	}), func(o *hooks.Options) { o.OnFailure = hooks.Continue })
	confirm := hooks.Func("confirm", func(_ context.Context, o *Order) error {
		o.Notes = append(o.Notes, "confirmed")
		return nil
	})

	order := Order{}
	report, err := hooks.Run(context.Background(), &order, points, confirm)
	fmt.Println(err, order.Notes)
	for _, r := range report.Results() {
		fmt.Println(r.Hook, r.Outcome)
	}
	// Output:
	// <nil> [confirmed]
	// points failed
	// confirm succeeded
}

// Undo steps are registered before a risky effect, so that they run even if the hook
// fails half way.
func ExampleOnRollback() {
	upload := hooks.Func("upload", func(ctx context.Context, _ *Order) error {
		for _, part := range []string{"front", "back"} {
			if err := hooks.OnRollback(ctx, func(context.Context) error {
				fmt.Println("delete", part)
				return nil
			}); err != nil {
				return err // the undo step was refused: do not begin
			}
			fmt.Println("upload", part)
		}
		return errors.New("disk full")
	})
	_, err := hooks.Run(context.Background(), &Order{}, upload)
	fmt.Println(err)
	// Output:
	// upload front
	// upload back
	// delete back
	// delete front
	// hooks: execute "upload": disk full
}

// The idempotency key names an effect: an undo call learns the key that it undoes.
func ExampleInfoFrom() {
	charge := hooks.FuncUndo("charge",
		func(ctx context.Context, _ *Order) error {
			info, _ := hooks.InfoFrom(ctx)
			fmt.Println("charge with key", info.IdempotencyKey)
			return hooks.Unknown(errors.New("connection reset"))
		},
		func(ctx context.Context, _ *Order) error {
			info, _ := hooks.InfoFrom(ctx)
			fmt.Println("refund", info.Undoes, "- effect", info.Effect)
			return nil
		})
	ctx := hooks.WithExecutionID(context.Background(), "order-17")
	_, err := hooks.Run(ctx, &Order{}, charge)
	fmt.Println(err)
	// Output:
	// charge with key order-17/charge#1
	// refund order-17/charge#1 - effect unknown
	// hooks: execute "charge": connection reset
}

// Validators judge every change of the state.
func ExampleValidatorFunc() {
	total := hooks.ValidatorFunc("total", func(_ context.Context, c hooks.StateChange[Order]) hooks.ValidationResult {
		if c.After.Total < 0 {
			return hooks.ValidationResult{Err: fmt.Errorf("total is %d", c.After.Total)}
		}
		if c.After.Total == 0 {
			return hooks.ValidationResult{Warnings: []string{"nothing to pay"}}
		}
		return hooks.ValidationResult{}
	})
	x, err := hooks.New(hooks.Config{}, total)
	if err != nil {
		panic(err)
	}
	discount := func(cents int) hooks.Hook[Order] {
		return hooks.Func("discount", func(_ context.Context, o *Order) error { o.Total -= cents; return nil })
	}
	order := Order{Total: 500}
	report, err := x.Execute(context.Background(), &order, discount(500))
	fmt.Println(order.Total, report.Results()[0].Warnings, err)
	_, err = x.Execute(context.Background(), &order, discount(1))
	fmt.Println(order.Total, err)
	// Output:
	// 0 [nothing to pay] <nil>
	// 0 hooks: validate state "discount": invalid state: validator "total": total is -1
}

func ExampleReject() {
	validate := hooks.Func("validate", func(_ context.Context, o *Order) error {
		if o.Seats > 8 {
			return hooks.Reject("%d seats are too many", o.Seats)
		}
		return nil
	})
	_, err := hooks.Run(context.Background(), &Order{Seats: 9}, validate)
	fmt.Println(errors.Is(err, hooks.ErrRejected), err)
	// Output: true hooks: execute "validate": 9 seats are too many
}

func ExampleResultOf() {
	price := hooks.Define(hooks.Funcs[Order]{
		Name:    "price",
		Options: hooks.Options{ReadOnly: true},
		Execute: func(_ context.Context, o *Order) (any, error) { return o.Seats * 1250, nil },
	})
	report, _ := hooks.Run(context.Background(), &Order{Seats: 2}, price)
	cents, ok := hooks.ResultOf[int](report, "price")
	fmt.Println(cents, ok)
	// Output: 2500 true
}

// A dry run shows what a chain would do.
func ExampleExecutor_DryRun() {
	x, err := hooks.New[Order](hooks.Config{})
	if err != nil {
		panic(err)
	}
	raise := hooks.Func("raise", func(_ context.Context, o *Order) error { o.Total += 100; return nil })
	charge := hooks.FuncUndo("charge", do, do)
	order := Order{Total: 500}
	report, err := x.DryRun(context.Background(), &order, raise, charge)
	fmt.Println(err, order.Total)
	for _, r := range report.Results() {
		fmt.Println(r.Hook, r.Outcome, r.Changes)
	}
	// Output:
	// <nil> 500
	// raise succeeded [Total: 500 → 600]
	// charge skipped []
}

func do(context.Context, *Order) error { return nil }

// Isolate protects a single function.
func ExampleExecutor_Isolate() {
	x, err := hooks.New[Order](hooks.Config{})
	if err != nil {
		panic(err)
	}
	order := Order{Seats: 2}
	err = x.Isolate(context.Background(), &order, "plugin", func(_ context.Context, o *Order) error {
		o.Seats = 0
		panic("nobody tested me")
	})
	fmt.Println(err)
	fmt.Println("seats:", order.Seats)
	// Output:
	// hooks: execute "plugin": panic: nobody tested me
	// seats: 2
}

func ExampleSnapshot() {
	order := Order{Seats: 2, Notes: []string{"window"}}
	before, err := hooks.TakeSnapshot(&order, "importer")
	if err != nil {
		panic(err)
	}
	order.Seats, order.Notes[0] = 3, "aisle"
	fmt.Println(before.Changes(&order))
	if err := before.Restore(&order); err != nil {
		panic(err)
	}
	fmt.Println(order.Seats, order.Notes)
	// Output:
	// [Seats: 2 → 3 Notes[0]: "window" → "aisle"]
	// 2 [window]
}

// A database transaction shared by hooks goes like this: begun under the execution's
// context, committed as the last step before the commit, rolled back with the chain.
func ExampleBeforeCommit() {
	begin := hooks.Func("begin", func(ctx context.Context, _ *Order) error {
		fmt.Println("begin") // db.BeginTx(hooks.ExecutionContext(ctx), nil)
		if err := hooks.OnRollback(ctx, say("roll back")); err != nil {
			return err
		}
		return hooks.BeforeCommit(ctx, say("commit"))
	})
	insert := hooks.Func("insert", func(context.Context, *Order) error { fmt.Println("insert"); return nil })
	_, err := hooks.Run(context.Background(), &Order{}, begin, insert)
	fmt.Println(err)
	// Output:
	// begin
	// insert
	// commit
	// <nil>
}

func say(text string) func(context.Context) error {
	return func(context.Context) error { fmt.Println(text); return nil }
}

// A sequence is a transaction within the chain's: if it may fail, it is dropped as a whole.
func ExampleSequence() {
	step := func(name string, err error) hooks.Hook[Order] {
		return hooks.FuncUndo(name,
			func(_ context.Context, o *Order) error { o.Notes = append(o.Notes, name); return err },
			func(context.Context, *Order) error { fmt.Println("undo", name); return nil })
	}
	gift := hooks.Sequence("gift", step("wrap", nil), step("card", errors.New("no cards left")))

	order := Order{}
	report, err := hooks.Run(context.Background(), &order,
		step("reserve", nil),
		hooks.With(gift, func(o *hooks.Options) { o.OnFailure, o.Timeout = hooks.Continue, time.Second }),
		step("charge", nil))
	fmt.Println(err, order.Notes)
	fmt.Println(report.Results()[1].Members[1].Hook, report.Results()[1].Members[1].Err)
	// Output:
	// undo wrap
	// <nil> [reserve charge]
	// gift/card no cards left
}

// Checks that do not need each other run at the same time; what they write is merged.
func ExampleParallel() {
	type Order struct {
		Fraud   float64
		Address string
		Total   int
	}
	fraud := hooks.Func("fraud", func(_ context.Context, o *Order) error { o.Fraud = 0.1; return nil })
	address := hooks.Func("address", func(_ context.Context, o *Order) error { o.Address = "1 Main St"; return nil })
	discount := hooks.Func("discount", func(_ context.Context, o *Order) error { o.Total -= 10; return nil })
	tax := hooks.Func("tax", func(_ context.Context, o *Order) error { o.Total += 20; return nil })

	order := Order{Total: 100}
	_, err := hooks.Run(context.Background(), &order, hooks.Parallel("checks", fraud, address))
	fmt.Println(err, order)

	// Two hooks that change one thing do not belong side by side.
	_, err = hooks.Run(context.Background(), &order, hooks.Parallel("price", discount, tax))
	fmt.Println(errors.Is(err, hooks.ErrConflict), order)
	fmt.Println(err)
	// Output:
	// <nil> {0.1 1 Main St 100}
	// true {0.1 1 Main St 100}
	// hooks: merge "price": conflict: "price/discount" and "price/tax" changed Order.Total, or what it leads to, in different ways; let only one of them change it, or run them one after the other: it was 100, the one made it 90, the other 120
}

// Each attempt starts anew; what an attempt left is undone before the next.
func ExampleRetry() {
	var down atomic.Int32
	down.Store(2)
	ship := hooks.Func("ship", func(ctx context.Context, o *Order) error {
		o.Notes = append(o.Notes, "shipped")
		if down.Add(-1) >= 0 {
			return errors.New("carrier is down")
		}
		return nil
	})
	order := Order{}
	report, err := hooks.Run(context.Background(), &order,
		hooks.Retry(ship, hooks.RetryPolicy{Attempts: 5, Backoff: time.Millisecond, MaxBackoff: time.Second}))
	fmt.Println(err, order.Notes, report.Results()[0].Attempts)
	// Output:
	// <nil> [shipped] 3
}

// Plugins come in any order, and say where they belong.
func ExampleRegistry() {
	var checkout hooks.Registry[Order]
	step := func(name string) hooks.Hook[Order] {
		return hooks.Func(name, func(_ context.Context, o *Order) error { o.Notes = append(o.Notes, name); return nil })
	}
	for _, err := range []error{
		checkout.Register(step("mail"), hooks.Placement{Priority: 100}),
		checkout.Register(step("charge"), hooks.Placement{Requires: []string{"reserve"}}),
		checkout.Register(step("reserve"), hooks.Placement{}),
		checkout.Register(step("audit"), hooks.Placement{Before: []string{"reserve"}, After: []string{"charge"}}),
	} {
		if err != nil {
			fmt.Println(err)
		}
	}
	chain, err := checkout.Resolve()
	if err != nil {
		panic(err)
	}
	order := Order{}
	_, err = hooks.Run(context.Background(), &order, chain...)
	fmt.Println(err, order.Notes)
	// Output:
	// hooks: register "audit": hooks in a circle: audit before reserve before charge before audit
	// <nil> [reserve charge mail]
}

// As long as something that is required is not there, there is no chain.
func ExampleRegistry_Resolve() {
	var checkout hooks.Registry[Order]
	_ = checkout.Register(hooks.Func("charge", do), hooks.Placement{Requires: []string{"reserve"}})
	_ = checkout.Register(hooks.Func("reserve", do), hooks.Placement{})
	_ = checkout.Disable("reserve")
	chain, err := checkout.Resolve()
	fmt.Println(len(chain), errors.Is(err, hooks.ErrMissingHook))
	fmt.Println(err)

	_ = checkout.Enable("reserve")
	chain, err = checkout.Resolve()
	fmt.Println(len(chain), err)
	// Output:
	// 0 true
	// hooks: resolve: required hook is missing: hook "charge" requires "reserve", which is disabled
	// 2 <nil>
}

// List is for operators.
func ExampleRegistry_List() {
	var checkout hooks.Registry[Order]
	charge := hooks.With(hooks.FuncUndo("charge", do, do), func(o *hooks.Options) { o.Version = "v2" })
	_ = checkout.Register(charge, hooks.Placement{After: []string{"reserve"}})
	_ = checkout.Register(hooks.Func("reserve", do), hooks.Placement{Priority: 5})
	_ = checkout.Register(hooks.Func("points", do), hooks.Placement{})
	_ = checkout.Disable("points")
	for _, h := range checkout.List() {
		fmt.Printf("%d %s %q enabled=%t priority=%d rollback=%t after=%v\n",
			h.Place, h.Name, h.Options.Version, h.Enabled, h.Priority, h.Rollback, h.After)
	}
	// Output:
	// 0 reserve "" enabled=true priority=5 rollback=false after=[]
	// 1 charge "v2" enabled=true priority=0 rollback=true after=[reserve]
	// -1 points "" enabled=false priority=0 rollback=false after=[]
}

// Stock is shared by everybody: orders take from it as one, or not at all.
func ExampleShared() {
	stock, err := hooks.NewShared(map[string]int{"tea": 2, "cup": 1})
	if err != nil {
		panic(err)
	}
	take := func(what string) hooks.Hook[Order] {
		return hooks.Func("take "+what, func(ctx context.Context, o *Order) error {
			left, err := stock.Edit(ctx)
			if err != nil {
				return err
			}
			if (*left)[what] == 0 {
				return hooks.Reject("no %s left", what)
			}
			(*left)[what]--
			return nil
		})
	}
	for range 2 {
		_, err := hooks.Run(context.Background(), &Order{}, take("tea"), take("cup"))
		fmt.Println(err, stock.Load())
	}
	// Output:
	// <nil> map[cup:0 tea:1]
	// hooks: execute "take cup": no cup left map[cup:0 tea:1]
}

// Many goroutines, one state: no update is lost, and who fails leaves nothing.
func ExampleExecutor_ExecuteShared() {
	x, err := hooks.New[Order](hooks.Config{})
	if err != nil {
		panic(err)
	}
	cell, err := hooks.NewShared(Order{ID: "A1"})
	if err != nil {
		panic(err)
	}
	add := hooks.Func("add", func(_ context.Context, o *Order) error { o.Seats++; return nil })
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if _, err := x.ExecuteShared(context.Background(), cell, add); err != nil {
				fmt.Println(err)
			}
		})
	}
	all.Wait()
	fmt.Println(cell.Load().Seats)
	// Output: 10
}

// Money moves between cells together, or not at all.
func ExampleAtomically() {
	type account struct{ Balance int }
	ann, err := hooks.NewShared(account{100})
	if err != nil {
		panic(err)
	}
	bob, err := hooks.NewShared(account{})
	if err != nil {
		panic(err)
	}
	move := func(amount int) error {
		return hooks.Atomically(context.Background(), func(ctx context.Context) error {
			from, err := ann.Edit(ctx)
			if err != nil {
				return err
			}
			to, err := bob.Edit(ctx)
			if err != nil {
				return err
			}
			from.Balance, to.Balance = from.Balance-amount, to.Balance+amount
			if from.Balance < 0 {
				return hooks.Reject("%d short", -from.Balance)
			}
			return nil
		})
	}
	fmt.Println(move(70), ann.Load(), bob.Load())
	fmt.Println(move(70), ann.Load(), bob.Load())
	// Output:
	// <nil> {30} {70}
	// hooks: execute "atomically": 40 short {30} {70}
}

// Around puts something around every call of a hook: here, a log of what is called.
func ExampleAround() {
	logged := func(h hooks.Hook[Order]) hooks.Hook[Order] {
		return hooks.Around(h, func(ctx context.Context, _ *Order, next func(context.Context) (any, error)) (any, error) {
			info, _ := hooks.InfoFrom(ctx)
			result, err := next(ctx)
			fmt.Printf("%s %s: %v\n", info.Phase, info.Hook, err)
			return result, err
		})
	}
	nothing := func(context.Context, *Order) error { return nil }
	declined := func(context.Context, *Order) error { return errors.New("card declined") }

	var order Order
	_, _ = hooks.Run(context.Background(), &order,
		logged(hooks.FuncUndo("reserve", nothing, nothing)),
		logged(hooks.Func("charge", declined)))

	// Output:
	// execute reserve: <nil>
	// execute charge: card declined
	// rollback reserve: <nil>
}
