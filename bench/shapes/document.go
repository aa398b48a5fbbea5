package shapes

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// A Section is one part of a document, with parts of its own.
type Section struct {
	Title string
	Meta  Meta
	Paras []Para
	Parts []Section
}

// Meta is what is known of a section.
type Meta struct {
	Author *Author
	Labels map[string]string
	Rev    int
}

// An Author wrote a section.
type Author struct {
	Name  string
	Roles []string
}

// A Para is a paragraph with its style.
type Para struct {
	Text  string
	Style *Style
}

// A Style is how a paragraph looks.
type Style struct {
	Font string
	Size float64
}

// Nested is a deep tree without interfaces: structs of slices of structs with maps and pointers, nine levels of
// sections and some three thousand objects.
var Nested = Shape[Section]{
	Key: "l", Name: "deep tree: structs, slices, maps, pointers",
	Make:   func() *Section { return ptr(makeSection(source(12), 8)) },
	Hand:   copySection,
	Modern: copySectionModern,
}

func makeSection(r *rand.Rand, depth int) Section {
	s := Section{
		Title: word(r),
		Meta: Meta{
			Author: &Author{Name: word(r), Roles: []string{"editor", "author"}},
			Labels: map[string]string{"lang": "en", "kind": word(r), "state": "draft"}, Rev: r.IntN(100),
		},
		Paras: []Para{{word(r), &Style{"serif", 11}}, {word(r), nil}},
	}
	if depth > 0 {
		s.Parts = []Section{makeSection(r, depth-1), makeSection(r, depth-1)}
	}
	return s
}

func copySection(in *Section) *Section {
	if in == nil {
		return nil
	}
	out := new(Section)
	copySectionInto(in, out)
	return out
}

func copySectionInto(in, out *Section) {
	*out = *in
	copyMetaInto(&in.Meta, &out.Meta)
	if in.Paras != nil {
		out.Paras = make([]Para, len(in.Paras))
		for i := range in.Paras {
			out.Paras[i] = in.Paras[i]
			out.Paras[i].Style = clonePtr(in.Paras[i].Style)
		}
	}
	if in.Parts != nil {
		out.Parts = make([]Section, len(in.Parts))
		for i := range in.Parts {
			copySectionInto(&in.Parts[i], &out.Parts[i])
		}
	}
}

func copyMetaInto(in, out *Meta) {
	*out = *in
	if in.Author != nil {
		out.Author = new(Author)
		*out.Author = *in.Author
		if in.Author.Roles != nil {
			out.Author.Roles = make([]string, len(in.Author.Roles))
			copy(out.Author.Roles, in.Author.Roles)
		}
	}
	if in.Labels != nil {
		out.Labels = make(map[string]string, len(in.Labels))
		for key, val := range in.Labels {
			out.Labels[key] = val
		}
	}
}

func copySectionModern(in *Section) *Section {
	out := ptr(*in)
	fixSection(out)
	return out
}

// fixSection replaces what s shares with its original.
func fixSection(s *Section) {
	if s.Meta.Author != nil {
		author := *s.Meta.Author
		author.Roles = slices.Clone(author.Roles)
		s.Meta.Author = &author
	}
	s.Meta.Labels = maps.Clone(s.Meta.Labels)
	s.Paras = slices.Clone(s.Paras)
	for i := range s.Paras {
		s.Paras[i].Style = clonePtr(s.Paras[i].Style)
	}
	s.Parts = slices.Clone(s.Parts)
	for i := range s.Parts {
		fixSection(&s.Parts[i])
	}
}
