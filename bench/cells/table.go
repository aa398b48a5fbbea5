package main

import (
	"io"
	"strconv"

	"github.com/hooktx/hooks/bench/record"
	"github.com/hooktx/hooks/bench/report"
)

// A page is the table as it grows.
type page struct{ report.Figures }

// table writes what a log says, medians over rounds.
func table(w io.Writer, log record.Log) error {
	p := page{report.Figures{Log: log}}
	p.Line("# Many goroutines, one state: results")
	p.Line("")
	p.Line("Trivial hooks over a value of 96 bytes. Medians over rounds; ratios are taken inside a round.")
	p.Line("")
	for _, h := range log.Header {
		p.Line("- %s", h)
	}
	p.contention()
	p.fairness()
	p.readers()
	p.alone()
	p.touched()
	p.parallel()
	p.merge()
	_, err := w.Write(p.Bytes())
	return err
}

// titles are how readers are told what is compared.
var titles = map[string]string{
	mutex:      "sync.Mutex",
	update:     "`Update`",
	shared:     "`ExecuteShared`",
	edit:       "`Execute`, hooks that `Edit` a cell",
	execute:    "`Execute`",
	atomically: "`Atomically`",
	ownState:   "a state for each goroutine",
	oneCell:    "one cell for all",
	changed:    "so many cells are changed",
	exist:      "so many exist, one is changed",
	inOrder:    "one after the other",
	atOnce:     "`Parallel`",
}

var counters = []string{mutex, update, shared, edit}

// rows makes a table with a row for each impl and columns along the scale.
func (p *page) rows(name, first string, impls []string, how func(float64) string) {
	sizes := p.Sizes(name)
	cells := []string{first}
	for _, n := range sizes {
		cells = append(cells, strconv.Itoa(n))
	}
	p.Row(cells...)
	p.Rule(len(cells))
	for _, impl := range impls {
		cells := []string{titles[impl]}
		for _, n := range sizes {
			cells = append(cells, p.Show(name, impl, n, how))
		}
		p.Row(cells...)
	}
}

func (p *page) contention() {
	if len(p.Sizes("rate")) == 0 {
		return
	}
	p.Line("\n## Contention\n")
	p.Line("Goroutines that do nothing but count in one place: how often in a second, all together. The count is checked.\n")
	p.rows("rate", "goroutines", counters, report.Thousands)
	p.Line("\nRounds that were lost and run again, for each hundred that were not:\n")
	p.rows("lost", "goroutines", []string{shared, edit}, func(v float64) string { return report.Number(v) + " %" })
}

func (p *page) fairness() {
	sizes := p.Sizes("between-most")
	if len(sizes) == 0 {
		return
	}
	p.Line("\n## Fairness\n")
	p.Line("How many others counted while a goroutine wanted to: with turns, as many as there are. The most is not the queue's but the")
	p.Line("scheduler's: a goroutine that is preempted before it queues, which happens every 10ms, waits in the run queue while others")
	p.Line("wake each other. Last, how often the goroutine that counted least has done so, as part of what the one did that counted")
	p.Line("most.\n")
	p.Row("goroutines", "", "others, median", "p99", "most", "time, median", "p99", "longest", "least ÷ most")
	p.Rule(9)
	whole := func(v float64) string { return strconv.Itoa(int(v)) }
	for _, n := range sizes[1:] {
		for _, impl := range counters {
			p.Row(strconv.Itoa(n), titles[impl],
				p.Show("between-p50", impl, n, whole), p.Show("between-p99", impl, n, whole), p.Show("between-most", impl, n, whole),
				p.Show("p50", impl, n, report.Duration), p.Show("p99", impl, n, report.Duration), p.Show("longest", impl, n, report.Duration),
				p.Show("share", impl, n, report.Number))
		}
	}
}

func (p *page) readers() {
	if len(p.Sizes("readers")) == 0 {
		return
	}
	p.Line("\n## Chains that only read\n")
	p.Line("Executions per second of 8 goroutines, by GOMAXPROCS.\n")
	p.Row("", "1", "2", "2 ÷ 1")
	p.Rule(4)
	for _, impl := range []string{ownState, oneCell} {
		p.Row(titles[impl], p.Show("readers", impl, 1, report.Thousands), p.Show("readers", impl, 2, report.Thousands),
			p.Ratio(p.Values("readers", impl, 2), p.Values("readers", impl, 1)))
	}
}

func (p *page) alone() {
	sizes := p.Sizes("alone")
	if len(sizes) == 0 {
		return
	}
	p.Line("\n## When nobody else does anything\n")
	p.Line("CPU time of one execution of n hooks; `Update` and `Atomically` are one.\n")
	cells := []string{""}
	for _, n := range sizes {
		cells = append(cells, "n = "+strconv.Itoa(n), "÷ `Execute`")
	}
	p.Row(cells...)
	p.Rule(len(cells))
	for _, impl := range []string{execute, shared, edit, update, atomically} {
		cells := []string{titles[impl]}
		for _, n := range sizes {
			if n > 1 && (impl == update || impl == atomically) {
				cells = append(cells, "", "")
				continue
			}
			cells = append(cells, p.Show("alone", impl, n, report.Duration), p.Ratio(p.Values("alone", impl, n), p.Values("alone", execute, n)))
		}
		p.Row(cells...)
	}
}

func (p *page) touched() {
	if len(p.Sizes("touched")) == 0 {
		return
	}
	p.Line("\n## More cells\n")
	p.Line("CPU time of an execution whose one hook changes cells.\n")
	p.rows("touched", "cells", []string{changed, exist}, report.Duration)
}

func (p *page) parallel() {
	if len(p.Sizes("parallel")) == 0 {
		return
	}
	p.Line("\n## Hooks that take %v each\n", pause)
	p.Line("The time that passes, in units of what one hook takes.\n")
	p.rows("parallel", "hooks", []string{inOrder, atOnce}, report.Number)
}

func (p *page) merge() {
	if len(p.Sizes("merge")) == 0 {
		return
	}
	p.Line("\n## Merging\n")
	p.Line("Maps of %d entries, two versions, another entry changed in each.\n", entries)
	p.Row("", "copying", "merging", "merging ÷ copying")
	p.Rule(4)
	for at, k := range mapKinds {
		p.Row("`"+k.name+"`", p.Show("merge", copying, at, report.Duration), p.Show("merge", merging, at, report.Duration),
			p.Ratio(p.Values("merge", merging, at), p.Values("merge", copying, at)))
	}
}
