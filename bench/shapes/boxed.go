package shapes

// Cells is a row of a table whose columns have no type: here, numbers.
type Cells []any

// Boxed is numbers in interfaces. They never change, so that a copy can have the same ones.
var Boxed = Shape[Cells]{
	Key: "x", Name: "[]any of 1,000 ints",
	Make: func() *Cells {
		r := source(24)
		x := make(Cells, 1_000)
		for i := range x {
			x[i] = r.IntN(1_000)
		}
		return &x
	},
	Hand:   copyCells,
	Modern: func(in *Cells) *Cells { return new(append(Cells(nil), *in...)) },
}

// copyCells looks at each value, as whoever does not know that they are all numbers has to.
func copyCells(in *Cells) *Cells {
	if in == nil {
		return nil
	}
	out := make(Cells, len(*in))
	for i, v := range *in {
		switch v := v.(type) {
		case int, float64, string, bool:
			out[i] = v
		}
	}
	return &out
}
