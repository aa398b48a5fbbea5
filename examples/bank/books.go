package main

// Books compare what is in the accounts with what customers were told.
type books struct {
	start, end Cents
	entries    int
	found      [findings]int // how many there are of each
	example    [findings]int // the number of a transfer or account, the first that was found
}

// A finding is something that does not balance.
type finding int

const (
	vanished finding = iota
	doubled
	ghost
	torn
	strayed
	overdrawn
	forged
	unseen
	findings
)

func (f finding) String() string {
	return [...]string{
		"acknowledged transfers are not in both accounts",
		"transfers are there more than once",
		"failed transfers are in both accounts: nobody took them back",
		"cancelled transfers are in one account of two: nobody took that back",
		"fees were taken by hooks that had been given up, and went on",
		"accounts were overdrawn at some time",
		"accounts have another balance than their history says",
		"audits saw money come or go",
	}[f]
}

// balanced reports whether all is well.
func (b *books) balanced() bool { return b.start == b.end && b.found == [findings]int{} }

func (b *books) find(what finding, example int) {
	if b.found[what]++; b.found[what] == 1 {
		b.example[what] = example
	}
}

// closeBooks computes the books. Nothing that it is given may change any more.
func closeBooks(d *day, accounts []account) *books {
	b := &books{start: d.money()}
	there := make([]halves, d.transfers)
	for i := range accounts {
		b.end += accounts[i].Balance
		b.replay(d.plan, i, &accounts[i], there)
	}
	for id, h := range there {
		b.compare(id, h, d.acknowledged[id])
	}
	b.found[unseen] = d.wrong
	return b
}

// halves counts what there is of a transfer: how often it has left an account, and how
// often it has reached one.
type halves struct{ left, reached int }

// replay goes through the history of account i, from its end to its beginning.
func (b *books) replay(p plan, i int, a *account, there []halves) {
	balance, lowest := a.Balance, a.Balance
	for e := a.Last; e != nil; e = e.before {
		b.entries++
		switch t := p.transfer(e.transfer); {
		case i == t.From && e.amount == -t.Amount:
			there[t.ID].left++
		case i == t.To && e.amount == t.Amount:
			there[t.ID].reached++
		default:
			b.find(strayed, t.ID)
		}
		balance -= e.amount
		lowest = min(lowest, balance)
	}
	if lowest < 0 {
		b.find(overdrawn, i)
	}
	if balance != p.opening {
		b.find(forged, i)
	}
}

// compare compares what there is of a transfer with what its customer was told.
func (b *books) compare(id int, h halves, acknowledged bool) {
	switch {
	case h.left > 1 || h.reached > 1:
		b.find(doubled, id)
	case acknowledged && h != halves{1, 1}:
		b.find(vanished, id)
	case !acknowledged && h == halves{1, 1}:
		b.find(ghost, id)
	case !acknowledged && h != halves{}:
		b.find(torn, id)
	}
}
