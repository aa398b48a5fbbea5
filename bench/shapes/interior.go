package shapes

// A Cell is an element that a Sheet points to.
type Cell struct {
	Value int
	Note  string
}

// A Sheet has pointers into its own memory: to one of its fields and to elements of its slice, and two slices that
// overlap.
type Sheet struct {
	Hits   int
	Hot    *int    // &Hits
	Cells  []Cell  // the whole
	Marked []*Cell // elements of Cells
	Cursor *Cell   // likewise
	Head   []Cell  // a window of Cells
	Tail   []Cell  // another, which overlaps Head
}

// Interior is memory that several fields share. A copy must share it in the same way.
var Interior = Shape[Sheet]{
	Key: "m", Name: "pointers into itself, overlapping slices",
	Make: func() *Sheet {
		r := source(13)
		s := &Sheet{Hits: 3, Cells: make([]Cell, 64)}
		for i := range s.Cells {
			s.Cells[i] = Cell{r.IntN(100), word(r)}
		}
		s.Hot, s.Cursor = &s.Hits, &s.Cells[17]
		for i := 0; i < len(s.Cells); i += 8 {
			s.Marked = append(s.Marked, &s.Cells[i])
		}
		s.Head, s.Tail = s.Cells[:40], s.Cells[24:]
		return s
	},
	Hand: copySheet,
}

// copySheet knows that every reference leads into Cells, or to Hits.
func copySheet(in *Sheet) *Sheet {
	if in == nil {
		return nil
	}
	out := new(Sheet)
	*out = *in
	if in.Hot == &in.Hits {
		out.Hot = &out.Hits
	}
	out.Cells = make([]Cell, len(in.Cells))
	copy(out.Cells, in.Cells)
	out.Marked = make([]*Cell, len(in.Marked))
	for i, p := range in.Marked {
		out.Marked[i] = &out.Cells[indexIn(in.Cells, p)]
	}
	out.Cursor = &out.Cells[indexIn(in.Cells, in.Cursor)]
	out.Head = window(in.Cells, in.Head, out.Cells)
	out.Tail = window(in.Cells, in.Tail, out.Cells)
	return out
}

// window returns the part of copied that part is of whole.
func window(whole, part, copied []Cell) []Cell {
	from := indexIn(whole, &part[0])
	return copied[from : from+len(part)]
}
