package main

import (
	"context"
	"strings"
)

// Hooks that somebody else wrote, who meant well. The shop can live without what they
// do, and cannot repair them.

// geocode brings the address into the form that maps like. For an address with "c/o" it
// asks a slow service, and does not wait for it: it leaves a goroutine behind that
// writes into the order whenever the answer comes.
func (s *shop) geocode(_ context.Context, o *Order) error {
	_, rest, found := strings.Cut(o.ShipTo, ", c/o ")
	if !found {
		return nil
	}
	over := s.over[o.ID]
	s.strays.Go(func() {
		<-over
		o.ShipTo = rest // without the name of the one who waits for the parcel
	})
	return nil
}

// recommend suggests what goes with the order. To customers who ask for the catalogue it
// attaches the brochure of everything, page by page.
func (s *shop) recommend(_ context.Context, o *Order) error {
	for _, l := range o.Lines {
		o.Suggestions = append(o.Suggestions, "more "+s.articles[l.SKU].Name)
	}
	if strings.Contains(o.Note, "catalogue") {
		for range 64 {
			o.Brochures = append(o.Brochures, make([]byte, 4096))
		}
	}
	return nil
}
