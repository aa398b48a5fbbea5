package shapes

import "maps"

// Counts is a map of plain keys and values.
var Counts = Shape[map[string]int]{
	Key: "g", Name: "map[string]int, 1,000",
	Make:   func() *map[string]int { return makeCounts(1_000) },
	Hand:   copyMap[string, int],
	Modern: cloneMap[string, int],
}

// ManyCounts is Counts ten times as large; only its differences are measured.
var ManyCounts = Shape[map[string]int]{
	Key: "G", Name: "map[string]int, 10k",
	Make:   func() *map[string]int { return makeCounts(10_000) },
	Hand:   copyMap[string, int],
	Modern: cloneMap[string, int],
}

func makeCounts(n int) *map[string]int {
	r := source(7)
	m := make(map[string]int, n)
	for len(m) < n {
		m[word(r)] = r.IntN(1e6)
	}
	return &m
}

// Scalars is a map of values in interfaces, none of which can change.
var Scalars = Shape[map[string]any]{
	Key: "i", Name: "map[string]any, 10k scalars",
	Make: func() *map[string]any {
		r := source(9)
		m := make(map[string]any, 10_000)
		for len(m) < 10_000 {
			switch key := word(r); len(m) % 4 {
			case 0:
				m[key] = word(r)
			case 1:
				m[key] = len(m)%8 == 1
			default:
				m[key] = r.Float64()
			}
		}
		return &m
	},
	Hand:   func(in *map[string]any) *map[string]any { return ptr(copyObject(*in)) },
	Modern: func(in *map[string]any) *map[string]any { return ptr(copyObjectModern(*in)) },
}

func copyMap[K comparable, V any](in *map[K]V) *map[K]V {
	out := new(map[K]V)
	if *in != nil {
		*out = make(map[K]V, len(*in))
		for key, val := range *in {
			(*out)[key] = val
		}
	}
	return out
}

func cloneMap[K comparable, V any](in *map[K]V) *map[K]V { return ptr(maps.Clone(*in)) }
