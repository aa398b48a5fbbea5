package crowd

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	var calls atomic.Int64
	call := func() error { calls.Add(1); time.Sleep(time.Millisecond); return nil }
	load, err := Run(20*time.Millisecond, []func() error{call, call})
	require.NoError(t, err)
	assert.Equal(t, calls.Load(), load.Runs[0]+load.Runs[1])
	assert.Positive(t, load.Runs[0])
	assert.Positive(t, load.Runs[1])
	assert.LessOrEqual(t, load.Rate, 2000.0)
	assert.GreaterOrEqual(t, load.Took.Quantile(0.5), 0.97e6)
	assert.GreaterOrEqual(t, load.Longest, time.Millisecond)
	assert.LessOrEqual(t, load.Between.Quantile(0.5), 2.0)
	assert.Less(t, load.MostBetween, calls.Load())

	broken := errors.New("broken")
	_, err = Run(time.Millisecond, []func() error{func() error { return broken }, call})
	assert.ErrorIs(t, err, broken)
}

func TestHistogram(t *testing.T) {
	var h Histogram
	assert.Zero(t, h.Quantile(0.5), "nothing was counted")
	for i := range 1_000 {
		h.Add(i, time.Duration(i+1)*time.Microsecond)
	}
	for _, q := range []float64{0.5, 0.99, 0.999} {
		assert.InEpsilon(t, q*1e6, h.Quantile(q), 0.04)
	}
	for _, d := range []time.Duration{0, 1, 31, 32, 63, 64, 65, 1_000, 123_456_789, 1<<63 - 1} {
		assert.InDelta(t, float64(d), middle(bucket(d)), 0.02*float64(d)+0.5, "%d", d)
	}
	assert.Equal(t, 0, bucket(-5), "a clock that was set back")
}
