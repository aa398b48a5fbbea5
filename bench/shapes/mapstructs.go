package shapes

import (
	"maps"
	"slices"
)

// An Account is the value of a map, with references of its own.
type Account struct {
	Name    string
	Balance int64
	Limit   *int64
	History []int64
}

// Accounts is a map of structs that hold a pointer and a slice.
var Accounts = Shape[map[string]Account]{
	Key: "n", Name: "map[string]struct with *int and []int, 1,000",
	Make: func() *map[string]Account {
		r := source(14)
		m := make(map[string]Account, 1_000)
		for len(m) < 1_000 {
			m[word(r)] = Account{word(r), r.Int64N(1e9), ptr(r.Int64N(1e6)), []int64{r.Int64(), r.Int64(), r.Int64(), r.Int64()}}
		}
		return &m
	},
	Hand: copyAccounts, Modern: cloneAccounts,
}

func copyAccounts(in *map[string]Account) *map[string]Account {
	out := new(map[string]Account)
	if *in == nil {
		return out
	}
	*out = make(map[string]Account, len(*in))
	for key, val := range *in {
		(*out)[key] = *copyAccount(&val)
	}
	return out
}

func copyAccount(in *Account) *Account {
	out := new(Account)
	*out = *in
	out.Limit = clonePtr(in.Limit)
	if in.History != nil {
		out.History = make([]int64, len(in.History))
		copy(out.History, in.History)
	}
	return out
}

func cloneAccounts(in *map[string]Account) *map[string]Account {
	out := maps.Clone(*in)
	for key, val := range out {
		val.Limit, val.History = clonePtr(val.Limit), slices.Clone(val.History)
		out[key] = val
	}
	return &out
}
