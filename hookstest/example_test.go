package hookstest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/hooktx/hooks"
	"github.com/hooktx/hooks/hookstest"
)

// A Charge is a hook with an effect outside of the state.
type Charge struct{ bank *bank }

func (c *Charge) Name() string { return "charge" }

func (c *Charge) Execute(ctx context.Context, o *order) (any, error) {
	info, _ := hooks.InfoFrom(ctx)
	c.bank.charge(info.IdempotencyKey, o.Total)
	o.Paid = true
	return nil, nil
}

func (c *Charge) Rollback(ctx context.Context, _ *order) error {
	info, _ := hooks.InfoFrom(ctx)
	c.bank.refund(info.Undoes)
	return nil
}

func TestCharge(t *testing.T) {
	var provider *bank
	newHook := func() hooks.Hook[order] {
		provider = &bank{booked: map[string]int{}}
		return &Charge{provider}
	}
	hookstest.Check(t, newHook, newOrder, hookstest.World(func() any { return provider.look() }))
}

func ExampleCheck() {
	t := new(testing.T) // in a test it is the test's
	newHook := func() hooks.Hook[order] { return &Charge{&bank{booked: map[string]int{}}} }
	newState := func() *order { return &order{Total: 5} }
	_ = func() { hookstest.Check(t, newHook, newState) }
}

func ExampleRecorder() {
	var r hookstest.Recorder
	x, err := hooks.New[order](hooks.Config{Trace: r.Trace()})
	if err != nil {
		panic(err)
	}
	_, _ = x.Execute(context.Background(), newOrder(), do("reserve", nil), do("charge", hooks.Reject("card declined")))
	for _, line := range r.Lines() {
		fmt.Println(line)
	}
	// In a test: r.Expect(t, "reserve succeeded", "charge rejected", "reserve undone", "rolled back")

	// Output:
	// reserve succeeded
	// charge rejected: card declined
	// reserve undone
	// rolled back: hooks: execute "charge": card declined
}
