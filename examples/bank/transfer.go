package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
)

// Cents is an amount of money.
type Cents int64

// A transfer moves money from one account to another. It is the state of a chain.
type transfer struct {
	ID       int
	From, To int // accounts
	Amount   Cents
	Fault    fault

	hangUp context.CancelFunc // of hangsUp: ends the context of whoever asked for the transfer
	over   chan struct{}      // of deaf: closed when the transfer was given up
}

// A fault is what goes wrong with a transfer.
type fault int

const (
	none    fault = iota
	fails         // the hook returns an error after it has changed both accounts
	panics        // it panics then
	exits         // it calls runtime.Goexit then
	deaf          // it overruns its limit then, and takes a fee once it was given up
	hangsUp       // the customer's context ends after one account was changed
	faults
)

// fee is what a deaf hook takes. No transfer has that amount.
const fee Cents = 1

var (
	errRefused = errors.New("not enough money")
	errBroken  = errors.New("the receipt printer is out of paper")
)

// halfway is called by a hook that has changed one account.
func (t *transfer) halfway() {
	if t.Fault == hangsUp {
		t.hangUp()
	}
}

// inTheEnd is called by a hook that has changed both accounts.
func (t *transfer) inTheEnd(takeFee func()) error {
	switch t.Fault {
	case fails:
		return errBroken
	case panics:
		panic("the receipt printer is on fire")
	case exits:
		runtime.Goexit()
	case deaf:
		<-t.over
		takeFee()
	}
	return nil
}

// A plan is what is to be transferred, and what goes wrong. All of it follows from the
// number of a transfer: it does not depend on who runs the plan, or how fast.
type plan struct {
	accounts  int
	opening   Cents // in each account
	transfers int
	faults    float64 // the share of transfers that meet one
	seed      uint64
}

// transfer returns the transfer with a number. Plans that differ only in their share of
// faults have the same transfers.
func (p plan) transfer(id int) *transfer {
	dice := rand.New(rand.NewPCG(p.seed, uint64(id)))
	from := dice.IntN(p.accounts)
	t := &transfer{
		ID:     id,
		From:   from,
		To:     (from + 1 + dice.IntN(p.accounts-1)) % p.accounts,
		Amount: fee + 1 + Cents(dice.IntN(100)),
	}
	if dice.Float64() < p.faults {
		t.Fault = 1 + fault(dice.IntN(int(faults-1)))
	}
	return t
}

// money is all that there is.
func (p plan) money() Cents { return Cents(p.accounts) * p.opening }
