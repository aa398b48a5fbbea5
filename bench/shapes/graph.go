package shapes

// A Vertex is one of a graph in which every vertex can be reached from every other.
type Vertex struct {
	ID    int
	Name  string
	Prev  *Vertex // the one before: a reference back
	Edges []*Vertex
	Data  any // a number, a text, or another *Vertex
}

// Graph is a thousand vertices with cycles, back-references and interfaces. By hand it takes a map of what has been
// copied already.
var Graph = Shape[Vertex]{
	Key: "q", Name: "graph of 1,000 with cycles and interfaces",
	Make: makeGraph,
	Hand: func(in *Vertex) *Vertex { return copyVertex(in, map[*Vertex]*Vertex{}) },
}

func makeGraph() *Vertex {
	r := source(17)
	all := make([]*Vertex, 1_000)
	for i := range all {
		all[i] = &Vertex{ID: i, Name: word(r)}
	}
	for i, v := range all {
		v.Prev = all[(i+len(all)-1)%len(all)]
		v.Edges = []*Vertex{all[(i+1)%len(all)], all[r.IntN(len(all))], all[r.IntN(len(all))]}
		switch i % 3 {
		case 0:
			v.Data = r.Float64()
		case 1:
			v.Data = word(r)
		default:
			v.Data = all[r.IntN(len(all))]
		}
	}
	return all[0]
}

func copyVertex(in *Vertex, done map[*Vertex]*Vertex) *Vertex {
	if in == nil {
		return nil
	}
	if out, ok := done[in]; ok {
		return out
	}
	out := new(Vertex)
	*out = *in
	done[in] = out
	out.Prev = copyVertex(in.Prev, done)
	if in.Edges != nil {
		out.Edges = make([]*Vertex, len(in.Edges))
		for i, v := range in.Edges {
			out.Edges[i] = copyVertex(v, done)
		}
	}
	if v, ok := in.Data.(*Vertex); ok {
		out.Data = copyVertex(v, done)
	}
	return out
}
