package main

import (
	"io"
	"strconv"

	"github.com/hooktx/hooks/bench/record"
	"github.com/hooktx/hooks/bench/report"
	"github.com/hooktx/hooks/bench/runners"
	"github.com/hooktx/hooks/bench/suite"
)

// A page is the table as it grows.
type page struct{ report.Figures }

// table writes what a log says, medians over rounds.
func table(w io.Writer, log record.Log) error {
	p := page{report.Figures{Log: log}}
	p.Line("# Many callers, many hooks: results")
	p.Line("")
	p.Line("Chains of %d trivial hooks over a small state, hooks in its default configuration beside the textbook loop (per hook", chainLength)
	p.Line("a goroutine, WithTimeout, a channel, a select, no copy). Medians over rounds.")
	p.Line("")
	for _, h := range log.Header {
		p.Line("- %s", h)
	}
	p.callers()
	p.procs()
	p.waiting()
	p.abandoned()
	p.growth()
	_, err := w.Write(p.Bytes())
	return err
}

func (p *page) callers() {
	counts := p.Sizes("rate")
	if len(counts) == 0 {
		return
	}
	p.Line("\n## Callers at the same time\n")
	p.Line("Executions per second of all callers together, and how long one took. With more callers than processors, most of")
	p.Line("that time is spent waiting for a turn.\n")
	p.Row("callers", "textbook /s", "hooks /s", "hooks ÷ textbook", "textbook p50", "hooks p50", "textbook p99", "hooks p99",
		"textbook p99.9", "hooks p99.9")
	p.Rule(10)
	for _, n := range counts {
		cells := []string{strconv.Itoa(n), p.Show("rate", suite.Textbook, n, report.Thousands), p.Show("rate", suite.Hooks, n, report.Thousands),
			p.Ratio(p.Values("rate", suite.Hooks, n), p.Values("rate", suite.Textbook, n))}
		for _, q := range []string{"p50", "p99", "p999"} {
			cells = append(cells, p.Show(q, suite.Textbook, n, report.Duration), p.Show(q, suite.Hooks, n, report.Duration))
		}
		p.Row(cells...)
	}
}

func (p *page) procs() {
	if len(p.Sizes("procs")) == 0 {
		return
	}
	p.Line("\n## A second processor\n")
	p.Line("Executions per second of %d callers, by GOMAXPROCS.\n", procsCallers)
	p.Row("", "1", "2", "2 ÷ 1")
	p.Rule(4)
	for _, impl := range []string{runners.Same, suite.Textbook, suite.Hooks} {
		p.Row(title(impl), p.Show("procs", impl, 1, report.Thousands), p.Show("procs", impl, 2, report.Thousands),
			p.Ratio(p.Values("procs", impl, 2), p.Values("procs", impl, 1)))
	}
}

func (p *page) waiting() {
	for _, n := range p.Sizes("waiting-heap") {
		p.Line("\n## Executions that wait\n")
		p.Line("%d executions at once whose hook waits. What each uses, its caller's goroutine and state included.\n", n)
		p.Row("", "heap", "stack", "goroutines")
		p.Rule(4)
		for _, impl := range []string{bare, suite.Textbook, suite.Hooks} {
			p.Row(title(impl), p.Show("waiting-heap", impl, n, report.Size), p.Show("waiting-stack", impl, n, report.Size),
				p.Show("waiting-goroutines", impl, n, report.Number))
		}
	}
}

func (p *page) abandoned() {
	for _, n := range p.Sizes("abandoned-max") {
		p.Line("\n## Hooks that are abandoned\n")
		p.Line("%d deaf hooks with a limit of %v overrun it at the same time.\n", n, abandonedLimit)
		p.Row("", "textbook", "hooks")
		p.Rule(3)
		for _, f := range abandonedRows {
			p.Row(f.title, p.Show(f.name, suite.Textbook, n, f.how), p.Show(f.name, suite.Hooks, n, f.how))
		}
	}
}

// abandonedRows are the figures of abandoned hooks.
var abandonedRows = []struct {
	title, name string
	how         func(float64) string
}{
	{"an execution takes more than its limit, median", "abandoned-p50", report.Duration},
	{"the same, the last of all", "abandoned-max", report.Duration},
	{"heap for each that goes on", "abandoned-heap", report.Size},
	{"stack for each", "abandoned-stack", report.Size},
	{"goroutines for each", "abandoned-goroutines", report.Number},
	{"another execution, before", "abandoned-alone", report.Duration},
	{"another execution, while they go on", "abandoned-meanwhile", report.Duration},
	{"all have ended, after they may", "abandoned-gone", report.Duration},
	{"goroutines left half a second later, of all", "abandoned-left", func(v float64) string { return strconv.Itoa(int(v)) }},
}

func (p *page) growth() {
	results := report.Sum(p.Log)
	if results.Rounds == 0 {
		return
	}
	p.Line("\n## Longer chains\n")
	p.Line("Nanoseconds for each hook of a chain of n. What an execution costs besides is spread over more hooks as n grows; what")
	p.Line("remains should stay the same.\n")
	p.Row("n", "textbook, CPU", "hooks, CPU", "hooks, passes", "textbook ÷ hooks, CPU")
	p.Rule(5)
	for _, n := range lengths {
		key := strconv.Itoa(n)
		base, cell := results.Cell(suite.Chain, key, suite.Textbook), results.Cell(suite.Chain, key, suite.Hooks)
		if base == nil || cell == nil || !cell.Timed {
			continue
		}
		s, _ := results.Ratio(report.CPU, suite.Task{Kind: suite.Chain, Shape: key, Impl: suite.Textbook},
			suite.Task{Kind: suite.Chain, Shape: key, Impl: suite.Hooks})
		each := func(ns float64) string { return strconv.Itoa(int(ns/float64(n) + 0.5)) }
		p.Row(key, each(base.Nanos), each(cell.Nanos), each(cell.Wall), report.Number(s.Ratio))
	}
}

func title(impl string) string {
	if impl == bare {
		return "a goroutine that waits, nothing else"
	}
	r, _ := runners.Find(impl)
	return r.Title
}
