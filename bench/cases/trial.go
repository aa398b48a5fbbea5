package main

import (
	"errors"
	"fmt"

	"github.com/hooktx/hooks/bench/peers"
)

// A trial is one case: something a deep copy can get wrong.
type trial struct {
	name string
	want string // what the copy must be, for readers

	// run copies with a library and judges. A *libraryError is the library's own, any other error the verdict.
	run func(library string) error

	// refusable says that an error is as good an answer as a right copy.
	refusable bool
}

// A libraryError is what a library returned in place of a copy.
type libraryError struct{ err error }

func (e *libraryError) Error() string { return e.err.Error() }

// try makes a trial of a value and of what its copy must be. The value is made anew for each run.
func try[T any](name, want string, value func() *T, judge func(src, got *T) error) trial {
	return trial{name: name, want: want, run: func(library string) error {
		src := value()
		got, err := copyWith(library, src)
		if err != nil {
			return &libraryError{err}
		}
		if got == nil {
			return errors.New("nil")
		}
		return judge(src, got)
	}}
}

// Controls are copies that are wrong on purpose: every trial must find fault with one of them.
const (
	shallow = "shallow" // what an assignment does
	nothing = "nothing" // a zero value
)

func copyWith[T any](library string, src *T) (*T, error) {
	switch library {
	case shallow:
		out := new(T)
		*out = *src
		return out, nil
	case nothing:
		return new(T), nil
	}
	if fn := peers.Of[T](library); fn != nil {
		return fn(src)
	}
	return nil, fmt.Errorf("no library %q", library)
}

// A check is one condition and what is wrong if it does not hold.
type check struct {
	holds func() bool
	fault string
}

// that makes a check. The condition is looked at after those before it, on which it may rely.
func that(fault string, holds func() bool) check { return check{holds, fault} }

// all returns the first fault.
func all(checks ...check) error {
	for _, c := range checks {
		if !c.holds() {
			return errors.New(c.fault)
		}
	}
	return nil
}

// trials lists all, in the order of the table.
func trials() []trial {
	var list []trial
	for _, group := range [][]trial{
		aliasTrials(), interiorTrials(), cycleTrials(), plainTrials(), mapTrials(), interfaceTrials(),
		libraryTrials(), syncTrials(), sharedTrials(), methodTrials(),
	} {
		list = append(list, group...)
	}
	return list
}
