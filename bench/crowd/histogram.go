package crowd

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// A Histogram counts durations to some three per cent. It has several parts, so that callers do not wait for each other.
type Histogram [shards][buckets]atomic.Uint32

const (
	shards  = 16
	fine    = 5 // bits of a duration that tell buckets apart, below its highest
	buckets = (64 - fine) << fine
)

// Add counts d; who is any number of the caller's own.
func (h *Histogram) Add(who int, d time.Duration) { h[who%shards][bucket(d)].Add(1) }

// bucket is where d is counted: as it is while it is small, then by its highest bits.
func bucket(d time.Duration) int {
	v := uint64(max(d, 0))
	shift := max(bits.Len64(v)-fine-1, 0)
	return shift<<fine + int(v>>shift)
}

// middle is the duration in the middle of a bucket, in nanoseconds.
func middle(b int) float64 {
	shift := max(b>>fine-1, 0)
	low := uint64(b-shift<<fine) << shift
	return float64(low) + float64(uint64(1)<<shift-1)/2
}

// Quantile returns the duration below which the part q of all lies, in nanoseconds; 0 if nothing was counted.
func (h *Histogram) Quantile(q float64) float64 {
	var sums [buckets]uint64
	total := uint64(0)
	for i := range h {
		for b := range h[i] {
			n := uint64(h[i][b].Load())
			sums[b] += n
			total += n
		}
	}
	below := uint64(0)
	for b, n := range sums {
		if below += n; n > 0 && float64(below) >= q*float64(total) {
			return middle(b)
		}
	}
	return 0
}
