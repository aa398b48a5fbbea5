package shapes

import (
	"maps"
	"slices"
	"time"
)

// An OrderState is what a checkout works on.
type OrderState struct {
	ID       string
	Created  time.Time
	Customer *Customer
	Items    []Item
	Attrs    map[string]string
	Total    int64
	Paid     bool
}

// A Customer is who ordered.
type Customer struct {
	ID    int64
	Name  string
	Email string
	Tags  []string
}

// An Item is one line of an order.
type Item struct {
	SKU   string
	Name  string
	Count int
	Price int64
}

// Order is the everyday state: ten items, eight attributes, a customer and a time.
var Order = Shape[OrderState]{
	Key: "b", Name: "order: 10 items, map of 8, *Customer, time",
	Make: makeOrder, Hand: copyOrder, Modern: copyOrderModern,
}

func makeOrder() *OrderState {
	r := source(2)
	o := &OrderState{
		ID: "o-" + word(r), Created: time.Date(2025, 3, 14, 15, 9, 26, 535897932, time.UTC),
		Customer: &Customer{ID: 42, Name: "Ann Example", Email: "ann@example.com", Tags: []string{"gold", "news"}},
		Attrs:    map[string]string{}, Total: 12_345, Paid: true,
	}
	for range 10 {
		o.Items = append(o.Items, Item{SKU: word(r), Name: "item " + word(r), Count: 1 + r.IntN(9), Price: r.Int64N(10_000)})
	}
	o.Items = slices.Clip(o.Items)
	for range 8 {
		o.Attrs[word(r)] = word(r)
	}
	return o
}

func copyOrder(in *OrderState) *OrderState {
	if in == nil {
		return nil
	}
	out := new(OrderState)
	*out = *in
	out.Customer = copyCustomer(in.Customer)
	if in.Items != nil {
		out.Items = make([]Item, len(in.Items))
		copy(out.Items, in.Items)
	}
	if in.Attrs != nil {
		out.Attrs = make(map[string]string, len(in.Attrs))
		for key, val := range in.Attrs {
			out.Attrs[key] = val
		}
	}
	return out
}

func copyCustomer(in *Customer) *Customer {
	if in == nil {
		return nil
	}
	out := new(Customer)
	*out = *in
	if in.Tags != nil {
		out.Tags = make([]string, len(in.Tags))
		copy(out.Tags, in.Tags)
	}
	return out
}

func copyOrderModern(in *OrderState) *OrderState {
	out := new(OrderState)
	*out = *in
	if in.Customer != nil {
		customer := *in.Customer
		customer.Tags = slices.Clone(customer.Tags)
		out.Customer = &customer
	}
	out.Items = slices.Clone(in.Items)
	out.Attrs = maps.Clone(in.Attrs)
	return out
}
