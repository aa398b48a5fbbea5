package shapes

// A Sensor points to the reading of another sensor.
type Sensor struct {
	Name    string
	Reading int
	Follows *int // &other.Reading
}

// Sensors are a thousand.
type Sensors struct{ All []*Sensor }

// Foreign is pointers into structs that are met before or after them.
var Foreign = Shape[Sensors]{
	Key: "v", Name: "1,000 pointers to fields of other structs",
	Make: func() *Sensors {
		r := source(22)
		x := &Sensors{make([]*Sensor, 1_000)}
		for i := range x.All {
			x.All[i] = &Sensor{Name: word(r), Reading: r.IntN(100)}
		}
		for _, s := range x.All {
			s.Follows = &x.All[r.IntN(len(x.All))].Reading
		}
		return x
	},
	Hand: copySensors,
}

// copySensors takes a map of where the readings are now.
func copySensors(in *Sensors) *Sensors {
	if in == nil {
		return nil
	}
	out := &Sensors{make([]*Sensor, len(in.All))}
	now := make(map[*int]*int, len(in.All))
	for i, s := range in.All {
		c := new(Sensor)
		*c = *s
		now[&s.Reading] = &c.Reading
		out.All[i] = c
	}
	for _, c := range out.All {
		c.Follows = now[c.Follows]
	}
	return out
}
