package report

import (
	"slices"

	"github.com/hooktx/hooks/bench/record"
	"github.com/hooktx/hooks/bench/stats"
)

// Figures are a text about what was measured in one process.
type Figures struct {
	Text
	Log record.Log
}

// Values returns what was measured, by round.
func (p *Figures) Values(name, impl string, at int) map[int]float64 {
	out := map[int]float64{}
	for _, f := range p.Log.Figures {
		if f.Name == name && f.Impl == impl && f.At == at {
			out[f.Round] = f.Value
		}
	}
	return out
}

// Show shows the median of what was measured.
func (p *Figures) Show(name, impl string, at int, how func(float64) string) string {
	var all []float64
	for _, v := range p.Values(name, impl, at) {
		all = append(all, v)
	}
	if len(all) == 0 {
		return "-"
	}
	return how(stats.Median(all))
}

// Ratio shows the median of ratios inside rounds.
func (p *Figures) Ratio(of, to map[int]float64) string {
	var all []float64
	for round, v := range of {
		if base := to[round]; base > 0 {
			all = append(all, v/base)
		}
	}
	if len(all) == 0 {
		return "-"
	}
	return Number(stats.Median(all))
}

// Sizes lists where on the scale the name was measured.
func (p *Figures) Sizes(name string) (out []int) {
	for _, f := range p.Log.Figures {
		if f.Name == name && !slices.Contains(out, f.At) {
			out = append(out, f.At)
		}
	}
	slices.Sort(out)
	return out
}

// Thousands shows a rate.
func Thousands(x float64) string { return Number(x/1000) + " k" }
