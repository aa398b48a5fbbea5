package stats_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hooktx/hooks/bench/stats"
)

func TestMedian(t *testing.T) {
	assert.Equal(t, 2.0, stats.Median([]float64{3, 1, 2}), "odd: the middle one")
	assert.Equal(t, 2.5, stats.Median([]float64{4, 1, 2, 3}), "even: between the middle ones")
	assert.Equal(t, 7.0, stats.Median([]float64{7}))
	assert.True(t, math.IsNaN(stats.Median(nil)))
	in := []float64{3, 1, 2}
	stats.Median(in)
	assert.Equal(t, []float64{3, 1, 2}, in, "the input keeps its order")
}

func TestQuantile(t *testing.T) {
	five := []float64{10, 20, 30, 40, 50}
	assert.Equal(t, 20.0, stats.Quantile(five, 0.25))
	assert.Equal(t, 40.0, stats.Quantile(five, 0.75))
	assert.Equal(t, 10.0, stats.Quantile(five, 0))
	assert.Equal(t, 50.0, stats.Quantile(five, 1))
	assert.InDelta(t, 12.0, stats.Quantile(five, 0.05), 1e-9)
}
