package nemesis

import (
	"fmt"
	"runtime"
)

// The states of the chains. Each hook writes to places of its own, in all of them the same
// number, so that a state says how often each hook has written, and shows if a part of it does
// not belong to the rest.

// A state is one of the types below.
type state[S any] interface {
	*S
	write(leaf int)
	clash(leaf int)
	read() (sheet, error)
	spoil(f copyFault, slowly func())
}

// A flat state is copied in one piece.
type flat struct {
	Wrote, Again [maxLeaves]int8
	Clash        int8
	Blob         []byte
}

func (s *flat) write(leaf int) { s.Wrote[leaf]++; s.Again[leaf]++ }
func (s *flat) clash(leaf int) { s.Clash = int8(leaf + 1) }

func (s *flat) read() (sheet, error) {
	if s.Wrote != s.Again {
		return sheet{}, fmt.Errorf("a torn state: %v and %v", s.Wrote, s.Again)
	}
	return sheet{s.Wrote, s.Clash}, nil
}

func (s *flat) spoil(f copyFault, _ func()) {
	if f == tooLarge {
		s.Blob = make([]byte, maxSize)
	}
}

const maxSize = 1 << 15

// A rich state has every kind of memory.
type rich struct {
	flat
	Lists [maxLeaves][]int
	Tags  map[int]int
	Chain [maxLeaves]*link
	Any   map[string]any
	Last  *[]int // into one of the lists
	Odd   *odd

	private [maxLeaves]int
}

type link struct {
	N    int
	Next *link
}

func newRich() *rich {
	s := &rich{Tags: map[int]int{}, Any: map[string]any{}, Odd: &odd{}}
	for i := range s.Lists {
		s.Lists[i] = make([]int, 0, 4) // with room to spare
	}
	return s
}

var anyNames = [maxLeaves]string{"a", "b", "c", "d", "e", "f"}

func (s *rich) write(leaf int) {
	s.flat.write(leaf)
	n := int(s.Wrote[leaf])
	for i := range s.Lists[leaf] {
		s.Lists[leaf][i]++ // in place
	}
	s.Lists[leaf] = append(s.Lists[leaf], 1)
	s.Tags[leaf] = n
	if s.Chain[leaf] != nil {
		s.Chain[leaf].N = -n
	}
	s.Chain[leaf] = &link{n, s.Chain[leaf]}
	s.Any[anyNames[leaf]] = []any{n}
	s.private[leaf] = n
}

func (s *rich) read() (sheet, error) {
	for leaf, wrote := range s.Wrote {
		n := int(wrote)
		fine := s.Tags[leaf] == n && s.private[leaf] == n && len(s.Lists[leaf]) == n
		for i, v := range s.Lists[leaf] {
			fine = fine && v == n-i
		}
		depth := 0
		for l := s.Chain[leaf]; l != nil; l = l.Next {
			fine = fine && (l.N == n && depth == 0 || l.N == depth-n-1 && depth > 0)
			depth++
		}
		list, _ := s.Any[anyNames[leaf]].([]any)
		fine = fine && depth == n && (n == 0 && list == nil || n > 0 && list[0] == n)
		if !fine {
			return sheet{}, fmt.Errorf("a torn state: of leaf %d, %d, lists %v, tags %v, any %v, chain depth %d", leaf, n, s.Lists[leaf], s.Tags, s.Any, depth)
		}
	}
	if s.Odd == nil || s.Odd.copied > 1 {
		return sheet{}, fmt.Errorf("an odd state: %+v", s.Odd)
	}
	return s.flat.read()
}

func (s *rich) spoil(f copyFault, slowly func()) {
	s.flat.spoil(f, nil)
	s.Odd = &odd{fault: f, slowly: slowly}
}

// An odd value has a DeepCopy method that does not behave. A copy of it does.
type odd struct {
	fault  copyFault
	slowly func()
	copied int
}

func (o *odd) DeepCopy() *odd {
	switch o.fault {
	case copyPanics:
		panic("a DeepCopy method")
	case copyExits:
		runtime.Goexit()
	case copyIsNil:
		return nil
	case copyIsSlow:
		o.slowly()
	}
	return &odd{}
}

// A cellValue is the value of a cell.
type cellValue struct {
	Wrote [maxLeaves]int8
	Clash int8
	Tags  map[int]int8
}

func (v *cellValue) edit(leaf int, clashes bool) {
	v.Wrote[leaf]++
	v.Tags[leaf] = v.Wrote[leaf]
	if clashes {
		v.Clash = int8(leaf + 1)
	}
}

func (v *cellValue) read() (sheet, error) {
	for leaf, n := range v.Wrote {
		if v.Tags[leaf] != n {
			return sheet{}, fmt.Errorf("a torn cell: %v and %v", v.Wrote, v.Tags)
		}
	}
	return sheet{v.Wrote, v.Clash}, nil
}
