package runners

import (
	"fmt"
	"strconv"

	"github.com/hooktx/hooks/bench/suite"
)

// Lengths are those of chains in the table.
var Lengths = []int{1, 5, 20}

// Sources makes subjects of chains: the length is their key.
func Sources(lengths ...int) (out []suite.Source) {
	for _, n := range lengths {
		name := strconv.Itoa(n) + " hooks"
		out = append(out, suite.Source{Key: strconv.Itoa(n), Name: name, New: func() suite.Subject { return &subject{n: n} }})
	}
	return out
}

// A subject is chains of n hooks. It keeps that of the task that ran last, which others must not pay for.
type subject struct {
	n      int
	impl   string
	chain  *Chain
	caller Caller
}

func (s *subject) Key() string { return strconv.Itoa(s.n) }

func (s *subject) Name() string { return s.Key() + " hooks" }

func (s *subject) Tasks(k suite.Kind) (tasks []suite.Task) {
	for _, r := range All {
		if k == suite.Chain {
			tasks = append(tasks, suite.Task{Kind: k, Shape: s.Key(), Impl: r.Key})
		}
	}
	return tasks
}

// Check runs the chain a few times with two callers.
func (s *subject) Check(t suite.Task) error {
	r, ok := Find(t.Impl)
	if !ok {
		return fmt.Errorf("no runner %q", t.Impl)
	}
	chain, err := r.New(s.n)
	if err != nil {
		return &suite.Failure{Err: err}
	}
	defer chain.Close()
	for _, c := range []Caller{chain.Caller(), chain.Caller()} {
		for range 3 {
			if err := c.Run(); err != nil {
				return err
			}
			if err := c.Intact(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *subject) Run(t suite.Task, times int) error {
	if t.Impl != s.impl {
		if err := s.load(t.Impl); err != nil {
			return err
		}
	}
	for range times {
		if err := s.caller.Run(); err != nil {
			return err
		}
	}
	return nil
}

func (s *subject) load(impl string) error {
	if err := s.Close(); err != nil {
		return err
	}
	r, ok := Find(impl)
	if !ok {
		return fmt.Errorf("no runner %q", impl)
	}
	chain, err := r.New(s.n)
	if err != nil {
		return &suite.Failure{Err: err}
	}
	s.impl, s.chain, s.caller = impl, chain, chain.Caller()
	return nil
}

// Drop has nothing to let go: a chain keeps no result.
func (*subject) Drop() {}

// Close ends the chain that ran last.
func (s *subject) Close() error {
	if s.chain != nil {
		s.chain.Close()
	}
	*s = subject{n: s.n}
	return nil
}
