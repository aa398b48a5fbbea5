package main

// An account is some money, and the history of how it came to be there.
//
// A history is never changed, it is only continued. So all copies of an account may share
// it: to copy one takes no longer for a million entries than for none.
type account struct {
	Balance Cents
	Last    *entry `hooks:"share"`
}

// An entry is a line of a history.
type entry struct {
	transfer int
	amount   Cents
	before   *entry
}

// book changes the account on behalf of a transfer.
func (a *account) book(transfer int, amount Cents) {
	a.Balance += amount
	a.Last = &entry{transfer, amount, a.Last}
}
