package shapes

// A Point3 is a small struct without references.
type Point3 struct {
	ID      int64
	X, Y, Z float64
	Flags   uint32
	Visible bool
	Label   string
}

// Flat is the least there is to copy: one allocation and one assignment.
var Flat = Shape[Point3]{
	Key: "a", Name: "small flat struct",
	Make: func() *Point3 {
		return &Point3{ID: 7, X: 1.5, Y: -2.25, Z: 1e9, Flags: 0xff00, Visible: true, Label: "north gate"}
	},
	Hand: func(in *Point3) *Point3 {
		if in == nil {
			return nil
		}
		out := new(Point3)
		*out = *in
		return out
	},
}
