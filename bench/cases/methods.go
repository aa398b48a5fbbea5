package main

// A money has its own copy method, which returns a value. It says so in the copy.
type money struct {
	Amount int64
	ByOwn  bool
}

// DeepCopy marks what it returns.
func (m money) DeepCopy() money { m.ByOwn = true; return m }

// A ledger has its own copy method, which returns a pointer.
type ledger struct {
	Rows  []int
	ByOwn bool
}

// DeepCopy marks what it returns.
func (l *ledger) DeepCopy() *ledger {
	return &ledger{append([]int(nil), l.Rows...), true}
}

// methodTrials are about types that know better how to copy themselves.
func methodTrials() []trial {
	type paid struct {
		Price money
		All   []money
	}
	type books struct {
		L *ledger
		V ledger
	}
	return []trial{
		try("DeepCopy() T of a nested field", "called",
			func() *paid { return &paid{money{Amount: 5}, []money{{Amount: 6}}} },
			func(_, got *paid) error {
				return all(
					that("lost", func() bool { return got.Price.Amount == 5 && len(got.All) == 1 && got.All[0].Amount == 6 }),
					that("not called", func() bool { return got.Price.ByOwn && got.All[0].ByOwn }))
			}),
		try("DeepCopy() *T of a nested field", "called",
			func() *books { return &books{&ledger{Rows: []int{1}}, ledger{Rows: []int{2}}} },
			func(_, got *books) error {
				return all(
					that("lost", func() bool { return got.L != nil && len(got.L.Rows) == 1 && len(got.V.Rows) == 1 }),
					that("not called", func() bool { return got.L.ByOwn }),
					that("not called for a value", func() bool { return got.V.ByOwn }))
			}),
	}
}
