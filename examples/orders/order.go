package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// An Order is the state that the hooks work on: what the customer asked for, which
// comes from the input, and what the hooks found out on the way.
type Order struct {
	ID         string `json:"id"`
	Customer   string `json:"customer"`
	ShipTo     string `json:"ship_to"`     // name, street, city, country code
	Card       string `json:"card"`        // a token of the payment provider, see cards
	Carrier    string `json:"carrier"`     // "post" (default) or "freight"
	Coupon     string `json:"coupon"`      // for the loyalty programme
	Note       string `json:"note"`        // free text
	PatienceMS int    `json:"patience_ms"` // how long the customer waits; 0: as long as it takes
	Lines      []Line `json:"lines"`

	Total       Cents    `json:"-"` // by validate
	Charge      string   `json:"-"` // the provider's id, by charge
	Tracking    string   `json:"-"` // by ship
	Points      int      `json:"-"` // by loyalty
	Suggestions []string `json:"-"` // by recommend
	Brochures   [][]byte `json:"-"` // by recommend
}

// A Line is so many units of one article.
type Line struct {
	SKU string `json:"sku"`
	Qty int    `json:"qty"`
}

// An Article is something that the shop sells, and how many of it there are before
// the first order.
type Article struct {
	SKU   string `json:"sku"`
	Name  string `json:"name"`
	Price Cents  `json:"cents"`
	Units int    `json:"units"`
}

// Cents is an amount of money.
type Cents int64

// String returns the amount as "€14.50".
func (c Cents) String() string {
	sign := ""
	if c < 0 {
		sign, c = "-", -c
	}
	return fmt.Sprintf("%s€%d.%02d", sign, c/100, c%100)
}

// country returns the last part of the address.
func (o *Order) country() string {
	return strings.TrimSpace(o.ShipTo[strings.LastIndexByte(o.ShipTo, ',')+1:])
}

// An input is what the desk works on.
type input struct {
	articles []Article
	orders   []*Order
}

// An inputError says where an input is malformed and what to do about it.
type inputError struct {
	file string
	line int // from 1; 0: the file as a whole
	text string
}

func (e *inputError) Error() string {
	if e.line == 0 {
		return fmt.Sprintf("%s: %s", e.file, e.text)
	}
	return fmt.Sprintf("%s:%d: %s", e.file, e.line, e.text)
}

// maxLine bounds one line of the input, in bytes.
const maxLine = 1 << 20

// readInput reads articles and orders, one JSON object a line:
//
//	{"article": {"sku": "sencha", "name": "Sencha", "cents": 1450, "units": 80}}
//	{"order": {"id": "o-1001", "customer": "…", "ship_to": "…", "card": "…", "lines": […]}}
//
// An article stands before the orders that ask for it. Empty lines are skipped. Every
// error is an *inputError; the first one ends the reading.
func readInput(file string, r io.Reader) (*input, error) {
	p := parser{file: file, articles: map[string]bool{}, orders: map[string]int{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		p.line++
		if text := bytes.TrimSpace(lines.Bytes()); len(text) > 0 {
			if err := p.add(text); err != nil {
				return nil, &inputError{file, p.line, err.Error()}
			}
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, &inputError{file, p.line + 1, fmt.Sprintf("the line is longer than %d bytes; one object a line", maxLine)}
	case err != nil:
		return nil, &inputError{file, p.line + 1, err.Error()}
	case len(p.in.orders) == 0:
		return nil, &inputError{file, 0, `there is no order in it; give at least one line {"order": {…}}`}
	}
	return &p.in, nil
}

// A parser builds an input line by line.
type parser struct {
	file     string
	line     int
	in       input
	articles map[string]bool // by SKU
	orders   map[string]int  // line by id
}

func (p *parser) add(text []byte) error {
	var line struct {
		Article *Article `json:"article"`
		Order   *Order   `json:"order"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&line); err != nil {
		return explain(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the object; put every object on a line of its own")
	}
	switch {
	case line.Article != nil && line.Order != nil:
		return errors.New(`there is an "article" and an "order"; put them on lines of their own`)
	case line.Article != nil:
		return p.addArticle(*line.Article)
	case line.Order != nil:
		return p.addOrder(line.Order)
	}
	return errors.New(`neither an article nor an order; want {"article": {…}} or {"order": {…}}`)
}

// explain turns an error of encoding/json into one that says what to do.
func explain(err error) error {
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("column %d: not JSON: %w; want one whole object a line", syntax.Offset, err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON object is cut short; want one whole object a line")
	case errors.As(err, &typ):
		return fmt.Errorf("field %s: want %s, got %s", typ.Field, plain(typ.Type.Kind().String()), typ.Value)
	}
	if name, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
		return fmt.Errorf("field %s is unknown; the fields of an order are %s; those of a line sku, qty; "+
			"those of an article sku, name, cents, units", name,
			"id, customer, ship_to, card, carrier, coupon, note, patience_ms, lines")
	}
	return err
}

// plain says in plain words what a Go kind is in JSON.
func plain(kind string) string {
	switch kind {
	case "int", "int64":
		return "a whole number"
	case "slice":
		return "a list"
	case "struct", "ptr":
		return "an object"
	}
	return "a " + kind
}

func (p *parser) addArticle(a Article) error {
	switch {
	case a.SKU == "":
		return missing("article.sku")
	case a.Price <= 0:
		return fmt.Errorf("article %q: field cents is %d; want a price of 1 or more", a.SKU, a.Price)
	case a.Units < 0:
		return fmt.Errorf("article %q: field units is %d; want 0 or more", a.SKU, a.Units)
	case p.articles[a.SKU]:
		return fmt.Errorf("article %q is there twice; add up its units on one line", a.SKU)
	}
	p.articles[a.SKU] = true
	p.in.articles = append(p.in.articles, a)
	return nil
}

func (p *parser) addOrder(o *Order) error {
	bad := func(field, format string, args ...any) error {
		return fmt.Errorf("order %q: field %s "+format, append([]any{o.ID, field}, args...)...)
	}
	if o.ID == "" {
		return missing("order.id")
	}
	if o.Carrier == "" {
		o.Carrier = "post"
	}
	switch before, seen := p.orders[o.ID]; {
	case strings.ContainsAny(o.ID, "/#"):
		return bad("id", `contains "/" or "#"; idempotency keys are made of it, choose another`)
	case seen:
		return bad("id", "is that of line %d, too; give every order its own", before)
	case o.Customer == "":
		return bad("customer", "is missing; want an e-mail address")
	case o.ShipTo == "":
		return bad("ship_to", "is missing; want name, street, city, country code")
	case cards[o.Card] == "":
		return bad("card", "is %q; want one of %s", o.Card, strings.Join(slices.Sorted(maps.Keys(cards)), ", "))
	case o.Carrier != "post" && o.Carrier != "freight":
		return bad("carrier", `is %q; want "post" or "freight"`, o.Carrier)
	case o.PatienceMS < 0:
		return bad("patience_ms", "is %d; want milliseconds, or 0 for no limit", o.PatienceMS)
	case len(o.Lines) == 0:
		return bad("lines", "is empty; want at least one line")
	}
	seen := map[string]bool{}
	for i, l := range o.Lines {
		field := fmt.Sprintf("lines[%d]", i)
		switch {
		case !p.articles[l.SKU]:
			return bad(field+".sku", "is %q, which no line above defines as an article", l.SKU)
		case seen[l.SKU]:
			return bad(field+".sku", "is %q again; add up the units on one line", l.SKU)
		case l.Qty < 1 || l.Qty > 99:
			return bad(field+".qty", "is %d; want 1 to 99", l.Qty)
		}
		seen[l.SKU] = true
	}
	p.orders[o.ID] = p.line
	p.in.orders = append(p.in.orders, o)
	return nil
}

func missing(field string) error { return fmt.Errorf("field %s is missing", field) }
