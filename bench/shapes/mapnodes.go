package shapes

import "maps"

// A Place is a key of several fields.
type Place struct {
	X, Y  int32
	Layer string
}

// A Tile is what lies at a place.
type Tile struct {
	Kind   string
	Height float64
}

// Grid is a map from struct keys to pointers.
var Grid = Shape[map[Place]*Tile]{
	Key: "o", Name: "map[struct]*Node, 1,000",
	Make: func() *map[Place]*Tile {
		r := source(15)
		m := make(map[Place]*Tile, 1_000)
		for i := range 1_000 {
			m[Place{int32(i % 40), int32(i / 40), "ground"}] = &Tile{word(r), r.Float64()}
		}
		return &m
	},
	Hand: func(in *map[Place]*Tile) *map[Place]*Tile {
		out := new(map[Place]*Tile)
		if *in == nil {
			return out
		}
		*out = make(map[Place]*Tile, len(*in))
		for key, val := range *in {
			(*out)[key] = clonePtr(val)
		}
		return out
	},
	Modern: func(in *map[Place]*Tile) *map[Place]*Tile {
		out := maps.Clone(*in)
		for key, val := range out {
			out[key] = clonePtr(val)
		}
		return &out
	},
}
