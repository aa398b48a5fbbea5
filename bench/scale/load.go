package main

import (
	"errors"
	"runtime"

	"github.com/hooktx/hooks/bench/crowd"
	"github.com/hooktx/hooks/bench/runners"
	"github.com/hooktx/hooks/bench/session"
	"github.com/hooktx/hooks/bench/suite"
)

// load measures executions at the same time: how many there are, and how long each takes.
func (t *trial) load(note session.Note) error {
	return t.Shuffled([]string{suite.Textbook, suite.Hooks}, t.callers, func(impl string, n int) error {
		load, err := t.under(impl, n)
		if err != nil {
			return err
		}
		return errors.Join(note("rate", impl, n, load.Rate), note("p50", impl, n, load.Took.Quantile(0.5)),
			note("p99", impl, n, load.Took.Quantile(0.99)), note("p999", impl, n, load.Took.Quantile(0.999)))
	})
}

// processors measures what a second processor brings.
func (t *trial) processors(note session.Note) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	return t.Shuffled([]string{suite.Textbook, runners.Same, suite.Hooks}, []int{1, 2}, func(impl string, n int) error {
		runtime.GOMAXPROCS(n)
		load, err := t.under(impl, procsCallers)
		if err != nil {
			return err
		}
		return note("procs", impl, n, load.Rate)
	})
}

// under lets n callers run a chain over and over.
func (t *trial) under(impl string, n int) (load crowd.Load, err error) {
	r, ok := runners.Find(impl)
	if !ok {
		return load, errors.New("no runner " + impl)
	}
	chain, err := r.New(chainLength)
	if err != nil {
		return load, err
	}
	defer chain.Close()
	callers := make([]func() error, n)
	for i := range callers {
		callers[i] = chain.Caller().Run
	}
	return crowd.Run(t.length, callers)
}
