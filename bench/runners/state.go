package runners

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
)

// Progress is what hooks do: each notes that it ran, and whether it was its turn. It is part of every state.
type Progress struct{ Ran, Astray int }

// mark is the work of hook i.
func (p *Progress) mark(i int) {
	if p.Ran != i {
		p.Astray++
	}
	p.Ran++
}

// verdict says whether n hooks ran, once each and in order.
func (p *Progress) verdict(n int) error {
	if p.Ran != n || p.Astray != 0 {
		return fmt.Errorf("%d hooks ran instead of %d, %d of them out of order", p.Ran, n, p.Astray)
	}
	return nil
}

// Small is the usual state: flat, and smallBytes long, so that a copy is one allocation of just that size.
type Small struct {
	Progress
	Name  string
	Seats [8]int64
}

// smallBytes is the size of a Small, and what the allocator takes for one.
const smallBytes = 96

// A Sheet is a state of any size: one level deep, with slices and strings.
type Sheet struct {
	Progress
	Name  string
	Items []Item
	Notes []string
}

// An Item is a line of a Sheet.
type Item struct {
	Name, Unit   string
	Count, Price int64
}

// A kind is how to deal with states of type S.
type kind[S any] struct {
	make     func() *S // a new one, equal to others
	progress func(*S) *Progress
	clone    func(*S) *S // a deep copy written by hand; strings are shared, as nobody can write them
}

var small = kind[Small]{
	make: func() *Small { return &Small{Name: "small", Seats: [8]int64{1, 2, 3, 4, 5, 6, 7, 8}} },
	progress: func(s *Small) *Progress {
		return &s.Progress
	},
	clone: func(s *Small) *Small {
		c := new(Small)
		*c = *s
		return c
	},
}

// The sheets, whose copies take 2 kB and 100 kB.
var (
	sheet2kB   = sheets(36, 12)
	sheet100kB = sheets(2_000, 244)
)

func sheets(items, notes int) kind[Sheet] {
	return kind[Sheet]{
		make: func() *Sheet {
			s := &Sheet{Name: "sheet"}
			for i := range items {
				s.Items = append(s.Items, Item{"item " + strconv.Itoa(i), "kg", int64(i), 100 * int64(i)})
			}
			for i := range notes {
				s.Notes = append(s.Notes, "note "+strconv.Itoa(i))
			}
			s.Items, s.Notes = slices.Clip(s.Items), slices.Clip(s.Notes)
			return s
		},
		progress: func(s *Sheet) *Progress { return &s.Progress },
		clone: func(s *Sheet) *Sheet {
			c := new(Sheet)
			*c = *s
			c.Items, c.Notes = slices.Clone(s.Items), slices.Clone(s.Notes)
			return c
		},
	}
}

// intact says whether s is as it was made, but for its progress.
func (k kind[S]) intact(s *S) error {
	got, want := k.clone(s), k.make()
	*k.progress(got) = *k.progress(want)
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("the state is %+v instead of %+v", got, want)
	}
	return nil
}
