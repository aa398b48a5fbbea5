// Command chain compares what it costs to run a chain of hooks with loops that one would write and with libraries.
package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hooktx/hooks/bench/measure"
	"github.com/hooktx/hooks/bench/record"
	"github.com/hooktx/hooks/bench/report"
	"github.com/hooktx/hooks/bench/runners"
	"github.com/hooktx/hooks/bench/session"
	"github.com/hooktx/hooks/bench/suite"
)

func main() {
	s := session.Session{Name: "chain", Sources: runners.Sources(runners.Lengths...), Modules: runners.Modules()}
	s.Ballast = 64 << 20
	s.Flags(flag.CommandLine)
	subjects := flag.String("subjects", "", "what to measure beside the textbook, such as hooks,fx; all if empty")
	lengths := flag.String("n", "", "lengths of chains, such as 1,5; all if empty")
	s.Main(func() error { return compare(&s, *subjects, *lengths) })
}

// compare measures the subjects, and makes table and chart.
func compare(s *session.Session, subjects, lengths string) error {
	plan := measure.Plan{Kinds: []suite.Kind{suite.Chain}, Tally: true}
	var remarks []string
	if subjects != "" {
		plan.Impls = strings.Split(subjects, ",")
		remarks = append(remarks, fmt.Sprintf("only subjects %q", subjects))
		for _, key := range plan.Impls {
			if _, ok := runners.Find(key); !ok {
				return fmt.Errorf("no subject %q", key)
			}
		}
	}
	var wanted []string
	if lengths != "" {
		wanted = strings.Split(lengths, ",")
		remarks = append(remarks, fmt.Sprintf("only n = %s", lengths))
	}
	for _, src := range s.Sources {
		if wanted == nil || slices.Contains(wanted, src.Key) {
			plan.Shapes = append(plan.Shapes, src)
		}
	}
	if len(plan.Shapes) == 0 {
		return fmt.Errorf("n is %v, or some of it", runners.Lengths)
	}
	log, err := s.Log(func(line session.Line) error { return s.Run(plan, line) }, remarks...)
	if err != nil {
		return err
	}
	chains := results(log)
	if err := s.Write("chain.md", chains.Markdown); err != nil {
		return err
	}
	return s.Write("chain.svg", chains.Chart)
}

// results sums a log up, with what is wanted beside it.
func results(log record.Log) *report.Chains {
	c := report.Chains{Results: report.Sum(log), Goals: goals, Budgets: budgets, OwnBytes: runners.OwnBytes}
	for _, n := range runners.Lengths {
		key := strconv.Itoa(n)
		if slices.ContainsFunc(log.Samples, func(s record.Sample) bool { return s.Shape == key }) {
			c.Lengths = append(c.Lengths, n)
		}
	}
	for _, r := range runners.All {
		c.Rows = append(c.Rows, report.Row{Impl: r.Key, Title: r.Title, Ours: r.Ours, Copies: r.Copies})
	}
	return &c
}

// The goals: how many times what others cost a chain of ours should run for.
var goals = []report.Goal{
	{Title: "textbook ÷ hooks", Of: suite.Textbook, To: suite.Hooks, N: 1, Floor: 1.8, Aim: 2.5},
	{Title: "textbook ÷ hooks", Of: suite.Textbook, To: suite.Hooks, N: 5, Floor: 5.5, Aim: 7.5},
	{Title: "textbook ÷ hooks", Of: suite.Textbook, To: suite.Hooks, N: 20, Floor: 8.5, Aim: 12},
	{Title: "textbook ÷ hooks, all hooks ask for Done", Of: runners.TextbookDone, To: runners.HooksDone, N: 5, Floor: 3.5, Aim: 4.5},
	{Title: "plain textbook ÷ hooks that ask for Done", Of: suite.Textbook, To: runners.HooksDone, N: 5, Floor: 3.5, Aim: 4.5},
	{Title: "textbook ÷ hooks made anew each time", Of: suite.Textbook, To: runners.HooksNew, N: 5, Floor: 3.5, Aim: 5},
	{Title: "failsafe-go ÷ hooks", Of: runners.Failsafe, To: suite.Hooks, N: 5, Floor: 4, Aim: 5},
	{Title: "WithTimeout on the same goroutine ÷ hooks", Of: runners.Same, To: suite.Hooks, N: 5, Floor: 1.6, Aim: 2.5},
	{Title: "textbook with a copy by hand ÷ hooks", Of: runners.TextbookCopy, To: suite.Hooks, N: 5},
	{Title: "the same, 2 kB", Of: runners.Textbook2kB, To: runners.Hooks2kB, N: 5},
	{Title: "the same, 100 kB", Of: runners.Textbook100kB, To: runners.Hooks100kB, N: 5},
	{Title: "textbook ÷ hooks, all go deep", Of: runners.TextbookDeep, To: runners.HooksDeep, N: 5},
}

// The budgets: what an execution may allocate besides the copies of the state.
var budgets = []report.Budget{
	{Title: "allocations", Impl: suite.Hooks, N: 5, Floor: 2, Aim: 1},
	{Title: "allocations", Impl: suite.Hooks, N: 20, Floor: 4, Aim: 1},
	{Title: "bytes", Impl: suite.Hooks, Bytes: true, N: 5, Floor: 1_200},
	{Title: "bytes", Impl: suite.Hooks, Bytes: true, N: 20, Floor: 4_000},
}
