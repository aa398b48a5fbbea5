package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/hooktx/hooks"
)

// errCustomerLeft is why an order's context ends if the customer's patience does.
var errCustomerLeft = errors.New("the customer has left")

// A record is what the desk knows of an order.
type record struct {
	order *Order // the state that the hooks work on

	// As the order was when it was passed on to the rest of the company.
	passedOn *hooks.Snapshot[Order]
	total    Cents
	points   int

	begun     bool
	committed bool
	failedIn  string   // the hook that the order failed in
	err       error    // why
	undone    []string // the hooks that were undone
	badUndos  []string // the undo calls that failed, and why
	dropped   []string // the hooks that failed while the order went on, and why
	warnings  []string

	report *hooks.Report // nil if the textbook loop ran it
	late   []string      // undo calls made after the order was passed on
	adrift []string      // hooks that were still running when it was passed on
}

// work runs an event loop of several workers over the records, until all are done or
// ctx ends. Orders that have begun are brought to an end either way.
func (s *shop) work(ctx context.Context, e engine, out *printer, workers int, records []*record) {
	queue := make(chan *record)
	var loop sync.WaitGroup
	for range workers {
		loop.Go(func() {
			for r := range queue {
				s.serve(ctx, e, r)
				out.order(r)
				close(s.over[r.order.ID]) // from here on, whatever still runs runs too late
			}
		})
	}
	for _, r := range records {
		if ctx.Err() != nil {
			break // a select alone would still take orders, one time in two
		}
		select {
		case queue <- r:
		case <-ctx.Done():
		}
	}
	close(queue)
	loop.Wait()
}

// serve runs one order and passes it on.
func (s *shop) serve(ctx context.Context, e engine, r *record) {
	if ms := r.order.PatienceMS; ms > 0 {
		patience := time.Duration(ms) * time.Millisecond
		limited, cancel := context.WithTimeoutCause(ctx, patience, errCustomerLeft)
		defer cancel()
		ctx = limited
	}
	r.begun = true
	e.run(ctx, r)

	snapshot, err := hooks.TakeSnapshot(r.order, "desk")
	if err != nil {
		panic(err) // an Order is plain data, and can always be copied
	}
	r.passedOn, r.total, r.points = snapshot, r.order.Total, r.order.Points
}

// what says how the order ended, and in a few words why: the reason, which may be cut
// short, and what was done about it.
func (r *record) what() (outcome, reason, rest string) {
	var parts []string
	if r.report != nil && r.report.Rounds > 1 {
		parts = append(parts, fmt.Sprintf("in round %d", r.report.Rounds))
	}
	switch {
	case r.committed && r.report == nil:
		outcome, reason = "done", r.order.Charge+"  "+r.order.Tracking
	case r.committed:
		paid, _ := hooks.ResultOf[receipt](r.report, "charge")
		tracking, _ := hooks.ResultOf[string](r.report, "ship")
		outcome, reason = "committed", paid.ID+"  "+tracking
	default:
		outcome, reason = r.class(), r.reason()
	}
	for _, d := range r.dropped {
		reason += "  without " + d
	}
	for _, w := range r.warnings {
		reason += "  " + w
	}
	if len(r.undone) > 0 && !r.committed {
		parts = append(parts, "undid "+strings.Join(r.undone, ", "))
	}
	for _, hook := range r.adrift {
		parts = append(parts, hook+" still runs")
	}
	for _, b := range r.badUndos {
		hook, _, _ := strings.Cut(b, ":")
		parts = append(parts, hook+" NOT undone")
	}
	return outcome, reason, strings.Join(parts, ", ")
}

// class says what kind of failure ended the order.
func (r *record) class() string {
	switch {
	case errors.Is(r.err, hooks.ErrRejected):
		return "refused"
	case errors.Is(r.err, hooks.ErrTimeout):
		return "timed out"
	case errors.Is(r.err, errCustomerLeft), errors.Is(r.err, context.Canceled):
		return "cancelled"
	case errors.Is(r.err, context.DeadlineExceeded):
		return "timed out"
	}
	return "failed"
}

// reason is the cause, without what a hook said after it was late: that depends on who
// was faster.
func (r *record) reason() string {
	text, _, _ := strings.Cut(r.err.Error(), "; it ended late")
	return text
}
