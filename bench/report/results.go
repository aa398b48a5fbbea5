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

	samples map[suite.Task]map[int]record.Sample // by round
}

// A Cell is what is known of one task.
type Cell struct {
	Status record.Status
	Reason string // of a status other than OK
	Timed  bool   // the rest is set

	Spread         // of the ratio of CPU time to the base of its kind
	Nanos  float64 // CPU time of one run, ns, median
	Wall   float64 // time that passed, ns, median
	Allocs float64 // allocations of one run, as they were tallied, else median
	Bytes  float64 // bytes allocated by one run, likewise
}

// A Spread is a ratio taken in many rounds.
type Spread struct {
	Ratio     float64 // median over rounds
	Low, High float64 // quartiles
}

// A Cost is what one run in a sample took.
type Cost func(record.Sample) float64

// The costs.
var (
	CPU  Cost = func(s record.Sample) float64 { return s.Nanos }
	Wall Cost = func(s record.Sample) float64 { return s.Wall }
)

// Sum sums a log up.
func Sum(log record.Log) *Results {
	r := &Results{Header: log.Header, cells: map[suite.Task]*Cell{}, samples: map[suite.Task]map[int]record.Sample{}}
	for _, s := range log.Samples {
		if r.samples[s.Task] == nil {
			r.samples[s.Task] = map[int]record.Sample{}
		}
		r.samples[s.Task][s.Round] = s
		r.Rounds = max(r.Rounds, s.Round)
	}
	for _, v := range log.Verdicts {
		r.judge(v)
	}
	for task := range r.samples {
		r.sum(task)
	}
	for _, t := range log.Tallies {
		c := r.cell(t.Task)
		c.Allocs, c.Bytes = t.Allocs, t.Bytes
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

// sum takes the ratio to the base of the task's kind, and the medians.
func (r *Results) sum(t suite.Task) {
	c := r.cell(t)
	c.Spread, c.Timed = r.Ratio(CPU, t, suite.Task{Kind: t.Kind, Shape: t.Shape, Impl: t.Kind.Base()})
	median := func(of Cost) float64 {
		var values []float64
		for _, s := range r.samples[t] {
			values = append(values, of(s))
		}
		return stats.Median(values)
	}
	c.Nanos, c.Wall = median(CPU), median(Wall)
	c.Allocs = median(func(s record.Sample) float64 { return s.Allocs })
	c.Bytes = median(func(s record.Sample) float64 { return s.Bytes })
}

// Ratio takes the ratio of what two tasks cost inside each round that has both; ok is false if there is none.
func (r *Results) Ratio(cost Cost, of, to suite.Task) (out Spread, ok bool) {
	var ratios []float64
	for round, s := range r.samples[of] {
		if b, both := r.samples[to][round]; both && cost(b) > 0 {
			ratios = append(ratios, cost(s)/cost(b))
		}
	}
	return Spread{stats.Median(ratios), stats.Quantile(ratios, 0.25), stats.Quantile(ratios, 0.75)}, len(ratios) > 0
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

// Number shows a ratio with as many digits as mean something.
func Number(x float64) string {
	switch {
	case x < 2:
		return fmt.Sprintf("%.2f", x)
	case x < 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.0f", x)
}

// Duration shows nanoseconds in the unit that fits.
func Duration(ns float64) string {
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

// Size shows bytes in the unit that fits.
func Size(bytes float64) string {
	switch {
	case bytes < 10_000:
		return fmt.Sprintf("%.0f B", bytes)
	case bytes < 10_000_000:
		return fmt.Sprintf("%.0f kB", bytes/1e3)
	}
	return fmt.Sprintf("%.1f MB", bytes/1e6)
}
