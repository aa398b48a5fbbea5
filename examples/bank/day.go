package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hooktx/hooks"
)

// A bank keeps accounts. It is safe for concurrent use.
type bank interface {
	// move makes a transfer. If it returns an error, nothing may have been moved.
	move(ctx context.Context, t *transfer) error

	// audit returns the money in all accounts.
	audit(ctx context.Context) (Cents, error)

	// close waits until nothing moves any more, and returns the accounts.
	close(ctx context.Context) ([]account, error)
}

// A day is what a bank has answered while a plan was carried out.
type day struct {
	plan
	took         time.Duration
	acknowledged []bool // by transfer
	begun        int64
	failed       [failures]atomic.Int64
	strange      atomic.Pointer[error] // one that is of no kind that was to be expected

	audits int // made while transfers were; there is one more when they are not
	wrong  int // of these, how many saw money come or go
}

// A failure is a kind of error that a transfer ends with.
type failure int

const (
	refused failure = iota
	failed
	panicked
	exited
	timedOut
	cancelled
	otherwise
	failures
)

func (f failure) String() string {
	return [...]string{
		"for want of money", "by an error", "by a panic", "by Goexit", "overdue", "cancelled", "otherwise",
	}[f]
}

// failureOf returns the kind of err. A hook that says no when it is too late has failed
// because it was late.
func failureOf(err error) failure {
	switch {
	case errors.Is(err, errBroken):
		return failed
	case errors.Is(err, hooks.ErrPanic), errors.Is(err, errPanicked):
		return panicked
	case errors.Is(err, hooks.ErrExited):
		return exited
	case errors.Is(err, context.DeadlineExceeded): // hooks.ErrTimeout is one
		return timedOut
	case errors.Is(err, context.Canceled):
		return cancelled
	case errors.Is(err, errRefused):
		return refused
	}
	return otherwise
}

// work carries out a plan, by several clerks at a time, and lets an auditor look on. It ends
// early if ctx does.
func work(ctx context.Context, b bank, p plan, clerks int) (*day, error) {
	d := &day{plan: p, acknowledged: make([]bool, p.transfers)}
	hours, closing := context.WithCancel(ctx)
	defer closing()
	var auditor sync.WaitGroup
	var trouble error
	auditor.Go(func() { trouble = d.watch(hours, b) })

	runtime.GC() // no bank clears up what another has left
	begun := time.Now()
	var next atomic.Int64
	var office sync.WaitGroup
	for range min(clerks, p.transfers) {
		office.Go(func() {
			for ctx.Err() == nil {
				id := int(next.Add(1)) - 1
				if id >= p.transfers {
					return
				}
				d.serve(ctx, b, p.transfer(id))
			}
		})
	}
	office.Wait()
	d.took, d.begun = time.Since(begun), min(next.Load(), int64(p.transfers))
	closing()
	auditor.Wait()
	return d, errors.Join(trouble, d.look(context.WithoutCancel(ctx), b))
}

// serve makes one transfer.
func (d *day) serve(ctx context.Context, b bank, t *transfer) {
	switch t.Fault {
	case hangsUp:
		ctx, t.hangUp = context.WithCancel(ctx)
		defer t.hangUp()
	case deaf:
		t.over = make(chan struct{})
		defer close(t.over)
	}
	err := b.move(ctx, t)
	if err == nil {
		d.acknowledged[t.ID] = true // a transfer is one clerk's
		return
	}
	kind := failureOf(err)
	d.failed[kind].Add(1)
	if kind == otherwise {
		d.strange.Store(&err)
	}
}

// watch audits the bank every now and then, until ctx ends.
func (d *day) watch(ctx context.Context, b bank) error {
	pause := time.NewTicker(time.Millisecond)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-pause.C:
		}
		err := d.look(ctx, b)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		}
		d.audits++
	}
}

// look audits the bank.
func (d *day) look(ctx context.Context, b bank) error {
	sum, err := b.audit(ctx)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if sum != d.money() {
		d.wrong++
	}
	return nil
}

// committed is the number of transfers that were acknowledged.
func (d *day) committed() (n int64) {
	for _, yes := range d.acknowledged {
		if yes {
			n++
		}
	}
	return n
}

// speed is how many transfers were brought to an end in a second.
func (d *day) speed() float64 { return float64(d.begun) / d.took.Seconds() }
