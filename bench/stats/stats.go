// Package stats sums up samples.
package stats

import (
	"math"
	"slices"
)

// Median returns the middle of values, the mean of the two middle ones if their number is even, NaN if there is none.
func Median(values []float64) float64 { return Quantile(values, 0.5) }

// Quantile returns the value below which the part q of values lies, between 0 and 1, interpolated between neighbours;
// NaN if there is no value.
func Quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}
