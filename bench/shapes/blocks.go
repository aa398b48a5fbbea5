package shapes

import "slices"

// Bytes is one large block without pointers.
var Bytes = Shape[[]byte]{
	Key: "d", Name: "[]byte, 1 MB",
	Make: func() *[]byte {
		r := source(4)
		b := make([]byte, 1<<20)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return &b
	},
	Hand:   copySlice[byte],
	Modern: cloneSlice[byte],
}

// Ints is a large slice of numbers.
var Ints = Shape[[]int64]{
	Key: "e", Name: "[]int64, 100k",
	Make: func() *[]int64 {
		r := source(5)
		s := make([]int64, 100_000)
		for i := range s {
			s[i] = r.Int64()
		}
		return &s
	},
	Hand:   copySlice[int64],
	Modern: cloneSlice[int64],
}

// A Record is a row with strings and numbers.
type Record struct {
	ID          int
	Name, Group string
	Score       float64
}

// Records is a large slice of structs whose strings are shared by copies.
var Records = Shape[[]Record]{
	Key: "h", Name: "[]struct{int, 2 strings, float}, 10k",
	Make: func() *[]Record {
		r := source(8)
		s := make([]Record, 10_000)
		for i := range s {
			s[i] = Record{ID: i, Name: word(r), Group: word(r), Score: r.Float64()}
		}
		return &s
	},
	Hand:   copySlice[Record],
	Modern: cloneSlice[Record],
}

func copySlice[E any](in *[]E) *[]E {
	out := new([]E)
	if *in != nil {
		*out = make([]E, len(*in))
		copy(*out, *in)
	}
	return out
}

func cloneSlice[E any](in *[]E) *[]E { return ptr(slices.Clone(*in)) }
