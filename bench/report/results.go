// Package report turns a log into a table and a chart.
package report

import (
	"fmt"
	"slices"
	"time"

	"github.com/hooktx/hooks/bench/record"
	"github.com/hooktx/hooks/bench/stats"
	"github.com/hooktx/hooks/bench/suite"
)

// Results are a log summed up.
type Results struct {
	Header []string
	Rounds int
	cells  map[suite.Task]*Cell
}

// A Cell is what is known of one task.
type Cell struct {
	Status record.Status
	Reason string // of a status other than OK
	Timed  bool   // the rest is set

	Ratio     float64 // to the base of its kind, median over rounds
	Low, High float64 // the quartiles of the ratio
	Nanos     float64 // CPU time of one run, ns, median
	Allocs    float64 // allocations of one run, median
	Bytes     float64 // bytes allocated by one run, median
}

// Sum sums a log up.
func Sum(log record.Log) *Results {
	r := &Results{Header: log.Header, cells: map[suite.Task]*Cell{}}
	samples := map[suite.Task]map[int]record.Sample{} // by round
	for _, s := range log.Samples {
		if samples[s.Task] == nil {
			samples[s.Task] = map[int]record.Sample{}
		}
		samples[s.Task][s.Round] = s
		r.Rounds = max(r.Rounds, s.Round)
	}
	for _, v := range log.Verdicts {
		r.judge(v)
	}
	for task, rounds := range samples {
		base := suite.Task{Kind: task.Kind, Shape: task.Shape, Impl: task.Kind.Base()}
		r.cell(task).sum(rounds, samples[base])
	}
	return r
}

// judge notes a verdict. The first counts, later ones only if they are worse: a copier may die in a round although it
// did well when it was checked.
func (r *Results) judge(v record.Verdict) {
	_, known := r.cells[v.Task]
	if c := r.cell(v.Task); !known || v.Status != record.OK {
		c.Status, c.Reason = v.Status, v.Reason
	}
}

func (r *Results) cell(t suite.Task) *Cell {
	if r.cells[t] == nil {
		r.cells[t] = &Cell{Status: record.OK}
	}
	return r.cells[t]
}

// sum takes the ratio to base inside each round that has both, and the medians.
func (c *Cell) sum(rounds, base map[int]record.Sample) {
	var ratios, nanos, allocs, bytes []float64
	for round, s := range rounds {
		nanos, allocs, bytes = append(nanos, s.Nanos), append(allocs, s.Allocs), append(bytes, s.Bytes)
		if b, ok := base[round]; ok && b.Nanos > 0 {
			ratios = append(ratios, s.Nanos/b.Nanos)
		}
	}
	c.Timed = len(ratios) > 0
	c.Ratio, c.Low, c.High = stats.Median(ratios), stats.Quantile(ratios, 0.25), stats.Quantile(ratios, 0.75)
	c.Nanos, c.Allocs, c.Bytes = stats.Median(nanos), stats.Median(allocs), stats.Median(bytes)
}

// Cell returns what is known of a task, nil if nothing.
func (r *Results) Cell(k suite.Kind, shape, impl string) *Cell {
	return r.cells[suite.Task{Kind: k, Shape: shape, Impl: impl}]
}

// Shapes lists those that the log has for a kind, in the order of tables.
func (r *Results) Shapes(k suite.Kind) (out []suite.Source) {
	for _, src := range suite.Sources() {
		if r.Cell(k, src.Key, k.Base()) != nil {
			out = append(out, src)
		}
	}
	return out
}

// Impls lists those that the log has for a kind, in the order of tables.
func (r *Results) Impls(k suite.Kind) []string {
	return slices.DeleteFunc(slices.Clone(suite.Impls(k)), func(impl string) bool {
		for t := range r.cells {
			if t.Kind == k && t.Impl == impl {
				return false
			}
		}
		return true
	})
}

// number shows a ratio with as many digits as mean something.
func number(x float64) string {
	switch {
	case x < 2:
		return fmt.Sprintf("%.2f", x)
	case x < 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.0f", x)
}

// duration shows nanoseconds in the unit that fits.
func duration(ns float64) string {
	d := time.Duration(ns)
	switch {
	case d < time.Microsecond:
		return fmt.Sprintf("%.0f ns", ns)
	case d < 10*time.Microsecond:
		return fmt.Sprintf("%.1f µs", ns/1e3)
	case d < time.Millisecond:
		return fmt.Sprintf("%.0f µs", ns/1e3)
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", ns/1e6)
	}
	return fmt.Sprintf("%.0f ms", ns/1e6)
}

// size shows bytes in the unit that fits.
func size(bytes float64) string {
	switch {
	case bytes < 10_000:
		return fmt.Sprintf("%.0f B", bytes)
	case bytes < 10_000_000:
		return fmt.Sprintf("%.0f kB", bytes/1e3)
	}
	return fmt.Sprintf("%.1f MB", bytes/1e6)
}
