package main

// interiorTrials are about pointers into the middle of things.
func interiorTrials() []trial {
	type field struct {
		Pad [3]int
		X   int
		P   *int
	}
	type element struct {
		P *node
		S []node
	}
	type array struct {
		Buf [8]byte
		B   []byte
	}
	return []trial{
		try("pointer into an own field", "into the copy's field",
			func() *field { f := &field{X: 1}; f.P = &f.X; return f },
			func(src, got *field) error {
				return all(
					that("lost", func() bool { return got.X == 1 && got.P != nil && *got.P == 1 }),
					that("shared with original", func() bool { return got.P != src.P }),
					that("into other memory", func() bool { return got.P == &got.X }))
			}),
		try("pointer to a slice element", "to the copy's element",
			func() *element { e := &element{S: []node{{N: 0}, {N: 1}}}; e.P = &e.S[1]; return e },
			func(src, got *element) error {
				return all(
					that("lost", func() bool { return len(got.S) == 2 && got.P != nil && got.P.N == 1 }),
					that("shared with original", func() bool { return got.P != src.P }),
					that("to other memory", func() bool { return got.P == &got.S[1] }))
			}),
		try("slice over an own array", "over the copy's array",
			func() *array { a := &array{Buf: [8]byte{2: 5}}; a.B = a.Buf[2:5]; return a },
			func(src, got *array) error {
				return all(
					that("lost", func() bool { return got.Buf[2] == 5 && len(got.B) == 3 && got.B[0] == 5 }),
					that("shared with original", func() bool { got.B[0] = 7; return src.Buf[2] == 5 }),
					that("over other memory", func() bool { return got.Buf[2] == 7 }))
			}),
	}
}
