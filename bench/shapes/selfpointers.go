package shapes

// A Label has its text in its own memory as long as it is short, and a pointer to the counter beside it.
type Label struct {
	Room [24]byte
	Text []byte // over Room, or over memory of its own
	Hits int
	Hot  *int // &Hits
}

// Labels are a thousand, of which some are too long for their room.
type Labels struct{ All []*Label }

// SelfPointers is structs that point to themselves.
var SelfPointers = Shape[Labels]{
	Key: "t", Name: "1,000 structs with a slice and a pointer into themselves",
	Make: func() *Labels {
		r := source(20)
		x := &Labels{make([]*Label, 1_000)}
		for i := range x.All {
			l := &Label{Hits: i}
			l.Text = append(l.Room[:0], word(r)...)
			if i%10 == 0 {
				l.Text = []byte(word(r) + word(r) + word(r) + word(r))
			}
			l.Hot = &l.Hits
			x.All[i] = l
		}
		return x
	},
	Hand: copyLabels,
}

func copyLabels(in *Labels) *Labels {
	if in == nil {
		return nil
	}
	out := &Labels{make([]*Label, len(in.All))}
	for i, l := range in.All {
		out.All[i] = copyLabel(l)
	}
	return out
}

// copyLabel knows where the references of a label can lead.
func copyLabel(in *Label) *Label {
	out := new(Label)
	*out = *in
	out.Hot = &out.Hits
	if &in.Text[0] == &in.Room[0] {
		out.Text = out.Room[:len(in.Text)]
		return out
	}
	out.Text = make([]byte, len(in.Text))
	copy(out.Text, in.Text)
	return out
}
