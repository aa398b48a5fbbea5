package main

// deepList is how many links the long list has.
const deepList = 2_000_000

// cycleTrials are about what has no end, or a far one.
func cycleTrials() []trial {
	type holder struct{ M map[string]any }
	type slice struct{ S []any }
	return []trial{
		try("ring of pointers", "a ring",
			func() *node { a, b := &node{N: 1}, &node{N: 2}; a.Next, b.Next = b, a; return a },
			func(src, got *node) error {
				return all(
					that("broken", func() bool { return got.N == 1 && got.Next != nil && got.Next.N == 2 }),
					that("shared with original", func() bool { return got.Next != src.Next && got.Next.Next != src }),
					that("not closed", func() bool { return got.Next.Next == got }))
			}),
		try("map that holds itself", "a map that holds itself",
			func() *holder { m := map[string]any{}; m["me"] = m; return &holder{m} },
			func(src, got *holder) error {
				me, _ := got.M["me"].(map[string]any)
				return all(
					that("lost", func() bool { return me != nil }),
					that("shared with original", func() bool { me["x"] = 1; return len(src.M) == 1 }),
					that("another map", func() bool { return got.M["x"] == 1 }))
			}),
		try("[]any that holds itself", "a slice that holds itself",
			func() *slice { s := []any{nil, 1}; s[0] = s; return &slice{s} },
			func(src, got *slice) error {
				return all(
					that("lost", func() bool { return len(got.S) == 2 && got.S[1] == 1 }),
					that("shared with original", func() bool { got.S[1] = 2; return src.S[1] == 1 }),
					that("another slice", func() bool { me, ok := got.S[0].([]any); return ok && len(me) == 2 && me[1] == 2 }))
			}),
		try("linked list of 2 million", "a list as long", func() *node { return makeList(deepList) },
			func(src, got *node) error {
				return all(
					that("shared with original", func() bool { return got.Next == nil || got.Next != src.Next }),
					that("another list", func() bool { return sameList(src, got) }))
			}),
	}
}

func makeList(n int) *node {
	var head *node
	for i := range n {
		head = &node{i, head}
	}
	return head
}

func sameList(a, b *node) bool {
	for ; a != nil && b != nil; a, b = a.Next, b.Next {
		if a == b || a.N != b.N {
			return false
		}
	}
	return a == nil && b == nil
}
