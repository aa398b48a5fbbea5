package shapes

// Averages are windows that slide over one array. No window holds another, and most of the array lies in many of them.
type Averages struct{ Wins [][]int }

// Smoothed are the same, with the array that they slide over.
type Smoothed struct {
	All  []int
	Wins [][]int
}

// The array's length, a window's, and the number of windows.
const (
	samples     = 2_000
	windowWidth = 1_000
	windows     = 1_000
)

// Windows is memory of which the parts are known and the whole is not.
var Windows = Shape[Averages]{
	Key: "r", Name: "1,000 windows over one []int of 2,000",
	Make: func() *Averages { return &Averages{slide(readings(18))} },
	Hand: copyAverages,
}

// WindowsWhole is the same memory, with the whole before the parts.
var WindowsWhole = Shape[Smoothed]{
	Key: "s", Name: "the same, and the []int before them",
	Make: func() *Smoothed {
		all := readings(19)
		return &Smoothed{all, slide(all)}
	},
	Hand: copySmoothed,
}

func readings(shape uint64) []int {
	r := source(shape)
	all := make([]int, samples)
	for i := range all {
		all[i] = r.IntN(1_000_000)
	}
	return all
}

// slide returns windows over all, each one element further.
func slide(all []int) [][]int {
	wins := make([][]int, windows)
	for i := range wins {
		wins[i] = all[i : i+windowWidth : i+windowWidth]
	}
	return wins
}

// copyAverages knows that the windows slide from the first to the last, without a gap.
func copyAverages(in *Averages) *Averages {
	if in == nil {
		return nil
	}
	first, last := in.Wins[0], in.Wins[len(in.Wins)-1]
	whole := upTo(first, indexIn(first, &last[0])+len(last))
	_, wins := slideAgain(whole, in.Wins)
	return &Averages{wins}
}

// copySmoothed knows that the windows slide over All.
func copySmoothed(in *Smoothed) *Smoothed {
	if in == nil {
		return nil
	}
	all, wins := slideAgain(in.All, in.Wins)
	return &Smoothed{all, wins}
}

// slideAgain copies the array once, and lays windows over the copy as they lie over the array.
func slideAgain[E any](whole []E, wins [][]E) (copied []E, out [][]E) {
	copied = make([]E, len(whole))
	copy(copied, whole)
	out = make([][]E, len(wins))
	for i, win := range wins {
		from := indexIn(whole, &win[0])
		to := from + len(win)
		out[i] = copied[from:to:to]
	}
	return copied, out
}

// Peeks are small windows over one array, in no order but for the first, which is over its beginning.
var Peeks = Shape[Averages]{
	Key: "w", Name: "1,000 windows of 8 over one []int of 2,000, in random order",
	Make: func() *Averages {
		r := source(23)
		all, wins := readings(23), make([][]int, windows)
		for i := range wins {
			from := r.IntN(samples - 7)
			wins[i] = all[from : from+8 : from+8]
		}
		wins[0] = all[:8:8]
		return &Averages{wins}
	},
	Hand: copyPeeks,
}

// copyPeeks knows where the array begins, and how long it is.
func copyPeeks(in *Averages) *Averages {
	if in == nil {
		return nil
	}
	_, wins := slideAgain(upTo(in.Wins[0], samples), in.Wins)
	return &Averages{wins}
}

// A Gauge is what windows over pointers lead to.
type Gauge struct {
	Name  string
	Value float64
}

// Gauges are small windows over one array of pointers, in no order but for the first, which is over its beginning.
type Gauges struct{ Wins [][]*Gauge }

// PointerPeeks is memory of which the parts refer to more, and the whole is not known.
var PointerPeeks = Shape[Gauges]{
	Key: "y", Name: "1,000 windows of 8 over one []*struct of 2,000, in random order",
	Make: func() *Gauges {
		r := source(25)
		all, wins := make([]*Gauge, samples), make([][]*Gauge, windows)
		for i := range all {
			all[i] = &Gauge{word(r), r.Float64()}
		}
		for i := range wins {
			from := r.IntN(samples - 7)
			wins[i] = all[from : from+8 : from+8]
		}
		wins[0] = all[:8:8]
		return &Gauges{wins}
	},
	Hand: copyGauges,
}

// copyGauges knows where the array begins, and how long it is.
func copyGauges(in *Gauges) *Gauges {
	if in == nil {
		return nil
	}
	all, wins := slideAgain(upTo(in.Wins[0], samples), in.Wins)
	for i := range all {
		all[i] = clonePtr(all[i])
	}
	return &Gauges{wins}
}
