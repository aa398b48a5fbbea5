package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hooktx/hooks"
)

// The shop's own hooks: models of how to behave. They know nothing of each other, and
// nothing of who runs them.

// validate computes the total, and says no to what the shop does not do. A wilful no is
// made by Reject, so that nobody takes it for a broken hook. It has no effects outside
// the order, so it needs no undo; it waits for nothing, so it need not look at ctx.
func (s *shop) validate(ctx context.Context, o *Order) error {
	if o.country() == "AQ" {
		return hooks.Reject("nobody ships to %s", o.country())
	}
	o.Total = 0
	for _, l := range o.Lines {
		o.Total += s.articles[l.SKU].Price * Cents(l.Qty)
	}
	if o.Total > 500_000 {
		return hooks.Reject("orders over €5000.00 need a signature")
	}
	if strings.Contains(o.ShipTo, "PO box") {
		hooks.Warn(ctx, "the address is a PO box: parcels wait there for 7 days")
	}
	return nil
}

// fraud asks the provider whether the card may be used by whoever uses it, and says no if
// not. It only looks at the order, so it need not have a copy.
func (s *shop) fraud() hooks.Hook[Order] {
	return hooks.Define(hooks.Funcs[Order]{
		Name:    "fraud",
		Options: hooks.Options{ReadOnly: true, Timeout: s.limit},
		Execute: func(ctx context.Context, o *Order) (any, error) {
			standing, err := s.payer.standing(ctx, o.Card)
			if err == nil && standing != goodStanding {
				err = hooks.Reject("the card was %s", standing)
			}
			return nil, err
		},
	})
}

// reserve takes the order's units off the shelf, and books them in the ledger: all of them
// in one booking, or none.
//
// The shelf is part of the transaction, the ledger is not: it needs an undo. The booking has
// the hook's idempotency key, and Rollback books back by that key, once. If the order's round
// is lost to another order, the booking is undone like any other, and the next round makes a
// new one: the hook has another key then. Both refuse a context that has ended, as every
// client of a database does; a Rollback never gets one that has.
type reserve struct{ shop *shop }

func (*reserve) Name() string { return "reserve" }

func (h *reserve) Execute(ctx context.Context, o *Order) (any, error) {
	err := h.shop.shelf.take(ctx, o.Lines)
	if err == nil {
		err = h.shop.ledger.move(ctx, effectKey(ctx, o, "reserve"), o.ID, stock, reserved, o.Lines...)
	}
	if errors.Is(err, errShort) {
		return nil, hooks.Reject("%w", err)
	}
	return nil, err
}

func (h *reserve) Rollback(ctx context.Context, o *Order) error {
	h.shop.shelf.putBack(o.Lines)
	return h.shop.ledger.undo(ctx, effectKey(ctx, o, "reserve"))
}

// charge takes the money. Its result is the provider's receipt.
//
// It returns when ctx ends. It tells three failures apart: the provider said no
// (Reject), the provider was never reached (an ordinary error: nothing to undo), and
// all the rest, where nobody knows whether the card was charged (Unknown: Rollback is
// called to make sure). Rollback therefore cannot rely on a receipt: it refunds by the
// key under which the charge was sent, whether the charge arrived, arrives later, or
// never does.
//
// Orders that pay from a wallet go through a library that takes no context; such a
// charge outlives its limit, and is refunded when it ends at last.
type charge struct{ shop *shop }

func (*charge) Name() string { return "charge" }

func (h *charge) Options() hooks.Options { return hooks.Options{Timeout: h.shop.limit} }

func (h *charge) Execute(ctx context.Context, o *Order) (any, error) {
	key := effectKey(ctx, o, "charge")
	if strings.HasPrefix(o.Card, "wallet_") {
		ctx = h.shop.deaf(ctx, o)
	}
	r, err := h.shop.payer.charge(ctx, key, o.ID, o.Card, o.Total)
	switch {
	case errors.Is(err, errDeclined):
		return nil, hooks.Reject("%w", err)
	case errors.Is(err, errNotSent), errors.Is(err, errRefused):
		return nil, err
	case err != nil:
		return nil, hooks.Unknown(err)
	}
	if r.Replayed {
		hooks.Warn(ctx, "the first answer was lost; asked again under the same key, charged once")
	}
	o.Charge = r.ID
	return r, nil
}

func (h *charge) Rollback(ctx context.Context, o *Order) error {
	return h.shop.payer.refund(ctx, effectKey(ctx, o, "charge"))
}

// ship hands the parcel over and prints its label. Its result is the tracking number.
//
// Printing comes after the hand-over and may go wrong, so the undo step is registered
// before anything leaves: a step runs even if the hook then breaks halfway, where
// Rollback is not called. If the chain fails later both run; the ledger undoes a key
// once, so that does no harm. A hook must not begin what it was refused a step for.
//
// A freight company's library takes no context; a parcel that it ships too late is
// fetched back when it ends at last.
type ship struct{ shop *shop }

func (*ship) Name() string { return "ship" }

func (h *ship) Options() hooks.Options { return hooks.Options{Timeout: h.shop.limit} }

func (h *ship) Execute(ctx context.Context, o *Order) (any, error) {
	key := effectKey(ctx, o, "ship")
	undo := func(ctx context.Context) error { return h.shop.ledger.undo(ctx, key) }
	if err := onRollback(ctx, undo); err != nil {
		return nil, err
	}
	if o.Carrier == "freight" {
		ctx = h.shop.deaf(ctx, o)
	}
	if err := h.shop.ledger.move(ctx, key, o.ID, reserved, shipped, o.Lines...); err != nil {
		return nil, err
	}
	o.Tracking = label(o.ID, o.country()) // panics for a country that has no zone
	return o.Tracking, nil
}

func (h *ship) Rollback(ctx context.Context, o *Order) error {
	return h.shop.ledger.undo(ctx, effectKey(ctx, o, "ship"))
}

// zones are the carrier's zones by country. Parcels to zone 0 have no tracking number.
// Kosovo (XK) is not in the table, as it is not in many: label has the bug that follows.
var zones = map[string][]string{
	"GB": {"1"}, "IE": {"1"}, "FR": {"2"}, "DE": {"2"}, "NL": {"2"}, "AT": {"2"}, "CH": {"2"}, "DK": {"2"},
	"IT": {"3"}, "PL": {"3"}, "FI": {"3"}, "IS": {"0"}, "US": {"4"}, "JP": {"5"},
}

func label(order, country string) string {
	zone := zones[country][0]
	if zone == "0" {
		return ""
	}
	return country + zone + "-" + strings.TrimPrefix(order, "o-")
}

// loyalty books a point for every euro. It is optional: if it fails, its points are
// taken back and its changes to the order dropped, and the order goes on. It can fail
// after it has booked, so it registers a step first, as ship does.
//
// It has two bugs, to show what that is worth. It lowers the total before it knows that
// the coupon is still good; and it lowers it after the card was charged, which
// frozenTotal refuses.
type loyalty struct{ shop *shop }

func (*loyalty) Name() string { return "loyalty" }

func (h *loyalty) Options() hooks.Options { return hooks.Options{OnFailure: hooks.Continue} }

func (h *loyalty) Execute(ctx context.Context, o *Order) (any, error) {
	key, points := effectKey(ctx, o, "loyalty"), Line{point, int(o.Total / 100)}
	undo := func(ctx context.Context) error { return h.shop.ledger.undo(ctx, key) }
	if err := onRollback(ctx, undo); err != nil {
		return nil, err
	}
	if o.Coupon != "" {
		o.Total -= o.Total / 10
	}
	if err := h.shop.ledger.move(ctx, key, o.ID, programme, wallet, points); err != nil {
		return nil, err
	}
	if o.Coupon == "SPRING-23" {
		return nil, errors.New("coupon SPRING-23 has expired")
	}
	o.Points = points.Qty
	return o.Points, nil
}

func (h *loyalty) Rollback(ctx context.Context, o *Order) error {
	return h.shop.ledger.undo(ctx, effectKey(ctx, o, "loyalty"))
}

// A confirmation is the mail that says that an order is on its way.
type confirmation struct{ To, Tracking string }

// confirm writes the confirmation, which goes out only after the commit: a mail cannot
// be called back. Its result is the confirmation, which ValidateResult refuses if there
// is no tracking number in it. It shows Define, by which every ability is a function field.
func (s *shop) confirm() hooks.Hook[Order] {
	return hooks.Define(hooks.Funcs[Order]{
		Name:    "confirm",
		Options: hooks.Options{Timeout: time.Second},
		Execute: func(ctx context.Context, o *Order) (any, error) {
			id := o.ID
			err := onCommit(ctx, func(context.Context) error { s.outbox.send(id); return nil })
			return confirmation{o.Customer, o.Tracking}, err
		},
		ValidateResult: func(_ context.Context, result any) error {
			if c, ok := result.(confirmation); !ok || c.Tracking == "" {
				return errors.New("the confirmation lacks the tracking number")
			}
			return nil
		},
	})
}

// frozenTotal refuses whatever changes the total of an order that was paid.
func frozenTotal() hooks.Validator[Order] {
	return hooks.ValidatorFunc("frozen-total",
		func(_ context.Context, c hooks.StateChange[Order]) (result hooks.ValidationResult) {
			if c.Before.Charge != "" && c.Before.Total != c.After.Total {
				result.Err = fmt.Errorf("%v were charged, %v is the total now", c.Before.Total, c.After.Total)
			}
			return result
		})
}
