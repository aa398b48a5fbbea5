package main

// A closed value has only unexported fields.
type closed struct {
	n     int
	p     *node
	s     []int
	m     map[string]int
	inner struct{ a any }
}

// plainTrials are about what every type has.
func plainTrials() []trial {
	type nils struct {
		NilS, EmptyS []int
		NilM, EmptyM map[string]int
		P            *node
		A            any
	}
	type window struct{ S []int }
	return []trial{
		try("unexported fields", "copied like others",
			func() *closed {
				c := &closed{n: 1, p: &node{N: 2}, s: []int{3}, m: map[string]int{"a": 4}}
				c.inner.a = []int{5}
				return c
			},
			func(src, got *closed) error {
				in, _ := got.inner.a.([]int)
				return all(
					that("lost", func() bool {
						return got.n == 1 && got.p != nil && got.p.N == 2 && len(got.s) == 1 && got.s[0] == 3 &&
							got.m["a"] == 4 && len(in) == 1
					}),
					that("shared with original", func() bool {
						got.p.N, got.s[0], got.m["a"], in[0] = 9, 9, 9, 9
						return src.p.N == 2 && src.s[0] == 3 && src.m["a"] == 4 && src.inner.a.([]int)[0] == 5
					}))
			}),
		try("nil and empty", "nil stays nil, empty stays empty",
			func() *nils { return &nils{EmptyS: []int{}, EmptyM: map[string]int{}} },
			func(src, got *nils) error {
				return all(
					that("nil became empty", func() bool {
						return got.NilS == nil && got.NilM == nil && got.P == nil && got.A == nil
					}),
					that("empty became nil", func() bool { return got.EmptyS != nil && got.EmptyM != nil }),
					that("shared with original", func() bool { got.EmptyM["a"] = 1; return len(src.EmptyM) == 0 }))
			}),
		try("s[:2:10] of 10 elements", "what lies behind is not in the copy: capacity 2",
			func() *window { s := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}; return &window{s[:2:10]} },
			func(src, got *window) error {
				return all(
					that("lost", func() bool { return len(got.S) == 2 && got.S[0] == 1 && got.S[1] == 2 }),
					that("shared with original", func() bool { got.S[0] = 9; return src.S[0] == 1 }),
					that("elements behind the length", func() bool {
						return cap(got.S) == 2 || got.S[:3][2] == 0
					}),
					that("larger capacity", func() bool { return cap(got.S) == 2 }))
			}),
	}
}
