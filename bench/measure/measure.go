// Package measure checks and times tasks, in child processes: what it runs may end its process or never return.
//
// Times are process CPU time. Machines differ from minute to minute, so tasks are timed in rounds: in each round every
// task runs for a slice of time, in an order shuffled anew, those of a shape one after the other. The first slice of a
// process is run twice and counted once: a process begins slowly. Ratios are taken inside a round, then the median over
// rounds.
package measure

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/hooktx/hooks/bench/record"
	"github.com/hooktx/hooks/bench/suite"
)

// A Plan is what to measure, and how.
type Plan struct {
	Shapes []suite.Source
	Kinds  []suite.Kind
	Impls  []string // beside the base of each kind; all if empty
	Rounds int
	Tally  bool          // count allocations in a pass of its own too
	Limit  time.Duration // for one check or one slice, wall clock
	Seed   uint64        // of the order of tasks
	Conditions

	Progress io.Writer                // for people
	Line     func(fmt.Stringer) error // gets every result: a record.Verdict, record.Tally or record.Sample
}

// Conditions are those that tasks run under.
type Conditions struct {
	Slice time.Duration // CPU time for one task in one round

	// Ballast is how many bytes the process holds besides, without pointers. A program that holds next to nothing is
	// collected every 4 MB that it allocates and gives its memory back in between: page faults would be most of what
	// is measured.
	Ballast int
}

// Run carries the plan out.
func (p *Plan) Run() error {
	good, err := p.check()
	if err != nil {
		return err
	}
	if p.Tally {
		if err := p.pass(verbTally, 0, good); err != nil {
			return err
		}
	}
	r := rand.New(rand.NewPCG(p.Seed, 0))
	for round := range p.Rounds {
		begun := time.Now()
		if err := p.pass(verbTime, round+1, shuffled(r, good)); err != nil {
			return err
		}
		p.say("round %d of %d took %v\n", round+1, p.Rounds, time.Since(begun).Round(time.Second/10))
	}
	return nil
}

func (p *Plan) say(format string, args ...any) {
	_, _ = fmt.Fprintf(p.Progress, format, args...) // progress may be lost
}

// check has every task checked and returns, shape by shape, those that can be timed.
func (p *Plan) check() (good [][]suite.Task, err error) {
	c := crew{plan: p}
	defer c.dismiss()
	for _, src := range p.Shapes {
		p.say("checking %s %s\n", src.Key, src.Name)
		var tasks []suite.Task
		for _, t := range p.tasks(src) {
			answer, err := c.do(verbCheck, t)
			if err != nil {
				return nil, err
			}
			v := answer.(record.Verdict)
			if err := p.Line(v); err != nil {
				return nil, err
			}
			if v.Status != record.OK {
				p.say("  %s %s: %s: %s\n", t.Kind, t.Impl, v.Status, v.Reason)
			}
			if v.Status == record.OK || v.Status == record.Wrong {
				tasks = append(tasks, t)
			}
		}
		good = append(good, tasks)
	}
	return good, nil
}

func (p *Plan) tasks(src suite.Source) (tasks []suite.Task) {
	subject := src.New()
	for _, k := range p.Kinds {
		for _, t := range subject.Tasks(k) {
			if len(p.Impls) == 0 || t.Impl == k.Base() || slices.Contains(p.Impls, t.Impl) {
				tasks = append(tasks, t)
			}
		}
	}
	return tasks
}

// pass has all tasks timed or counted once, in one process as long as that lives.
func (p *Plan) pass(verb string, round int, shapes [][]suite.Task) error {
	c := crew{plan: p}
	defer c.dismiss()
	for _, tasks := range shapes {
		for _, t := range tasks {
			answer, err := c.do(verb, t)
			if err != nil {
				return err
			}
			switch a := answer.(type) {
			case record.Sample:
				a.Round = round
				answer = a
			case record.Verdict:
				p.say("  %v\n", a)
			}
			if err := p.Line(answer); err != nil {
				return err
			}
		}
	}
	return nil
}

// shuffled returns the tasks in a new order, those of a shape side by side.
func shuffled(r *rand.Rand, shapes [][]suite.Task) [][]suite.Task {
	out := make([][]suite.Task, len(shapes))
	for to, from := range r.Perm(len(shapes)) {
		for _, i := range r.Perm(len(shapes[from])) {
			out[to] = append(out[to], shapes[from][i])
		}
	}
	return out
}

// A crew is one child, and its successor when it dies.
type crew struct {
	plan  *Plan
	child *child
}

func (c *crew) dismiss() {
	if c.child != nil {
		c.child.end()
	}
	c.child = nil
}

// do has a task done. That the child dies of it is an answer too.
func (c *crew) do(verb string, t suite.Task) (fmt.Stringer, error) {
	if c.child == nil {
		child, err := start(c.plan.Conditions)
		if err != nil {
			return nil, err
		}
		c.child = child
	}
	line, err := c.child.order(formatOrder(verb, t), c.plan.Limit)
	var end *endError
	if errors.As(err, &end) {
		c.child = nil
		if end.hang {
			return record.Verdict{Task: t, Status: record.Hang, Reason: end.reason}, nil
		}
		return record.Verdict{Task: t, Status: record.Died, Reason: end.reason}, nil
	}
	if err != nil {
		return nil, err
	}
	var log record.Log
	if err := log.Add(line); err != nil {
		return nil, err
	}
	switch {
	case len(log.Samples) == 1:
		return log.Samples[0], nil
	case len(log.Tallies) == 1:
		return log.Tallies[0], nil
	case len(log.Verdicts) == 1:
		return log.Verdicts[0], nil
	}
	return nil, fmt.Errorf("a child answered %q", line)
}
