package main

import "math"

// mapTrials are about keys.
func mapTrials() []trial {
	type keyed struct {
		M map[*node]int
		P *node
	}
	type anys struct{ M map[any]any }
	type nans struct{ M map[float64]int }
	return []trial{
		try("map[*X], a key also in a field", "the field is the key",
			func() *keyed { n := &node{N: 1}; return &keyed{map[*node]int{n: 5}, n} },
			func(src, got *keyed) error {
				return all(
					that("lost", func() bool { return len(got.M) == 1 && got.P != nil && got.P.N == 1 }),
					that("shared with original", func() bool { return got.P != src.P }),
					that("key is another object", func() bool { return got.M[got.P] == 5 }))
			}),
		try("map[any]any", "equal, its own memory",
			func() *anys { return &anys{map[any]any{1: "a", "b": []int{2}, [2]int{3, 4}: true, 5.5: nil}} },
			func(src, got *anys) error {
				in, _ := got.M["b"].([]int)
				_, has := got.M[5.5]
				return all(
					that("lost", func() bool {
						return len(got.M) == 4 && got.M[1] == "a" && got.M[[2]int{3, 4}] == true && has && len(in) == 1
					}),
					that("shared with original", func() bool { in[0] = 9; return src.M["b"].([]int)[0] == 2 }))
			}),
		try("NaN keys", "all of them",
			func() *nans {
				return &nans{map[float64]int{math.NaN(): 1, math.Float64frombits(0x7ff8000000000099): 2, 1: 4}}
			},
			func(src, got *nans) error {
				sum := 0
				for _, v := range got.M {
					sum += v
				}
				return all(
					that("lost", func() bool { return len(got.M) == 3 && sum == 7 }),
					that("shared with original", func() bool { got.M[2] = 1; return len(src.M) == 3 }))
			}),
	}
}
