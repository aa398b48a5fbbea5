package main

// A node is what most trials point to.
type node struct {
	N    int
	Next *node
}

// aliasTrials are about objects that several references lead to.
func aliasTrials() []trial {
	type pair struct{ A, B *node }
	type slicePair struct{ A, B []int }
	type mapPair struct{ A, B map[string]int }
	return []trial{
		try("two pointers to one object", "one object", func() *pair { n := &node{N: 1}; return &pair{n, n} },
			func(src, got *pair) error {
				return all(
					that("nil", func() bool { return got.A != nil && got.A.N == 1 && got.B != nil }),
					that("shared with original", func() bool { return got.A != src.A && got.B != src.A }),
					that("two objects", func() bool { return got.A == got.B }))
			}),
		try("one pointer twice in an array", "one object", func() *[2]*node { n := &node{N: 1}; return &[2]*node{n, n} },
			func(src, got *[2]*node) error {
				return all(
					that("nil", func() bool { return got[0] != nil && got[0].N == 1 && got[1] != nil }),
					that("shared with original", func() bool { return got[0] != src[0] && got[1] != src[0] }),
					that("two objects", func() bool { return got[0] == got[1] }))
			}),
		try("one slice in two fields", "one array", func() *slicePair { s := []int{1, 2}; return &slicePair{s, s} },
			func(src, got *slicePair) error {
				return all(
					that("lost", func() bool { return len(got.A) == 2 && len(got.B) == 2 && got.B[0] == 1 }),
					that("shared with original", func() bool { got.A[0] = 9; return src.A[0] == 1 }),
					that("two arrays", func() bool { return got.B[0] == 9 }))
			}),
		try("one map in two fields", "one map", func() *mapPair { m := map[string]int{"a": 1}; return &mapPair{m, m} },
			func(src, got *mapPair) error {
				return all(
					that("lost", func() bool { return got.A["a"] == 1 && got.B["a"] == 1 }),
					that("shared with original", func() bool { got.A["b"] = 2; return len(src.A) == 1 }),
					that("two maps", func() bool { return got.B["b"] == 2 }))
			}),
		overlap("overlapping slices a[0:3], a[1:4]", func(a []int) (x, y []int) { return a[0:3], a[1:4] }),
		overlap("the same with three indices", func(a []int) (x, y []int) { return a[0:3:3], a[1:4:4] }),
	}
}

// overlap is a trial of two slices of one array, of which x[1] is y[0].
func overlap(name string, cut func([]int) (x, y []int)) trial {
	type pair struct{ X, Y []int }
	return try(name, "one array", func() *pair { x, y := cut([]int{0, 1, 2, 3}); return &pair{x, y} },
		func(src, got *pair) error {
			return all(
				that("lost", func() bool { return len(got.X) == 3 && len(got.Y) == 3 && got.X[2] == 2 && got.Y[2] == 3 }),
				that("shared with original", func() bool { got.X[1] = 9; return src.X[1] == 1 }),
				that("two arrays", func() bool { return got.Y[0] == 9 }))
		})
}
