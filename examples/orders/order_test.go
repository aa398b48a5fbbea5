package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	tea   = `{"article":{"sku":"tea","name":"Tea","cents":500,"units":9}}` + "\n"
	order = `{"order":{"id":"o-1","customer":"a@example.com","ship_to":"A, 1 Road, York, GB","card":"tok_visa",` +
		`"lines":[{"sku":"tea","qty":2}]}}` + "\n"
)

func TestReadInput(t *testing.T) {
	in, err := readInput("f", strings.NewReader(tea+"\n"+order+strings.TrimSuffix(strings.Replace(order, "o-1", "o-2", 1), "\n")))
	require.NoError(t, err)
	assert.Equal(t, []Article{{"tea", "Tea", 500, 9}}, in.articles)
	require.Len(t, in.orders, 2, "empty lines count for nothing, the last line needs no end")
	assert.Equal(t, &Order{
		ID: "o-1", Customer: "a@example.com", ShipTo: "A, 1 Road, York, GB", Card: "tok_visa", Carrier: "post",
		Lines: []Line{{"tea", 2}},
	}, in.orders[0])
}

func TestMalformedInput(t *testing.T) {
	// in returns the input whose order has one thing replaced by another.
	in := func(old, replacement string) string {
		require.Contains(t, order, old)
		return tea + strings.Replace(order, old, replacement, 1)
	}
	tests := []struct{ reason, input, want string }{
		{"nothing to do", "", "f: there is no order in it; give at least one line"},
		{"articles alone", tea, "f: there is no order in it"},
		{"not JSON", tea + "tea, 5\n", "f:2: column 2: not JSON"},
		{"cut short", tea + order[:40], "f:2: the JSON object is cut short"},
		{"two objects", strings.TrimSuffix(tea, "\n") + order, "f:1: something follows the object"},
		{"neither", "{}\n", "f:1: neither an article nor an order; want"},
		{"both", `{"article":{"sku":"tea","cents":1},"order":{"id":"o-1"}}`, "f:1: there is an \"article\" and an \"order\""},
		{"a typing error", in(`"qty"`, `"qyt"`), `f:2: field "qyt" is unknown; the fields of an order are`},
		{"what hooks find out is no input", in(`"id"`, `"Total":1,"id"`), `f:2: field "Total" is unknown`},
		{"wrong type", in(`"qty":2`, `"qty":"2"`), "f:2: field order.lines.qty: want a whole number, got string"},
		{"wrong type of text", in(`"o-1"`, `1`), "f:2: field order.id: want a string, got number"},
		{"wrong type of list", in(`[{"sku":"tea","qty":2}]`, `"tea"`), "f:2: field order.lines: want a list, got string"},
		{"wrong type of order", `{"order":"tea"}`, "f:1: field order: want an object, got string"},
		{"no id", in(`"o-1"`, `""`), "f:2: field order.id is missing"},
		{"bad id", in(`"o-1"`, `"o/1"`), `f:2: order "o/1": field id contains "/" or "#"`},
		{"same id", tea + order + order, `f:3: order "o-1": field id is that of line 2, too`},
		{"no customer", in(`"a@example.com"`, `""`), `f:2: order "o-1": field customer is missing`},
		{"no address", in(`"A, 1 Road, York, GB"`, `""`), `f:2: order "o-1": field ship_to is missing`},
		{"unknown card", in(`"tok_visa"`, `"4242"`), `f:2: order "o-1": field card is "4242"; want one of tok_500, `},
		{"unknown carrier", in(`"card"`, `"carrier":"owl","card"`), `field carrier is "owl"; want "post" or "freight"`},
		{"negative patience", in(`"card"`, `"patience_ms":-1,"card"`), "field patience_ms is -1; want milliseconds"},
		{"no lines", in(`[{"sku":"tea","qty":2}]`, `[]`), "field lines is empty; want at least one line"},
		{"unknown article", in(`"tea","qty"`, `"gin","qty"`), `field lines[0].sku is "gin", which no line above defines`},
		{"article twice", in(`[{`, `[{"sku":"tea","qty":1},{`), `field lines[1].sku is "tea" again; add up`},
		{"no quantity", in(`"qty":2`, `"qty":0`), "field lines[0].qty is 0; want 1 to 99"},
		{"free article", strings.Replace(tea, "500", "0", 1), `f:1: article "tea": field cents is 0; want`},
		{"negative stock", strings.Replace(tea, `"units":9`, `"units":-9`, 1), `f:1: article "tea": field units is -9`},
		{"article without sku", strings.Replace(tea, `"sku":"tea"`, `"sku":""`, 1), "f:1: field article.sku is missing"},
		{"article again", tea + tea, `f:2: article "tea" is there twice`},
		{"endless line", tea + strings.Repeat("x", maxLine+1), "f:2: the line is longer than"},
	}
	for _, tt := range tests {
		t.Run(tt.reason, func(t *testing.T) {
			got, err := readInput("f", strings.NewReader(tt.input))
			require.Error(t, err)
			assert.Nil(t, got)
			assert.Contains(t, err.Error(), tt.want)
			var ie *inputError
			assert.ErrorAs(t, err, &ie)
		})
	}
}
