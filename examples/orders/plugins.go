package main

import (
	"context"
	"errors"
	"strings"
	"time"
)

// Hooks that somebody else wrote, who meant well. The shop can live without what they
// do, and cannot repair them.

// geocode brings the address into the form that maps like, and the country into capitals.
// A PO box it looks up at the post, which takes its time; without a street it is at a loss.
// For an address with "c/o" it asks a slow service, and does not wait for it: it leaves a
// goroutine behind that writes into the order whenever the answer comes.
func (s *shop) geocode(ctx context.Context, o *Order) error {
	i := strings.LastIndexByte(o.ShipTo, ',') + 1
	o.ShipTo = o.ShipTo[:i] + strings.ToUpper(o.ShipTo[i:])
	switch {
	case strings.Contains(o.ShipTo, "general delivery"):
		return errors.New("there is no street")
	case strings.Contains(o.ShipTo, "PO box"):
		return askPost(ctx)
	}
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

// askPost takes as long as it takes the post to look something up.
func askPost(ctx context.Context) error {
	select {
	case <-time.After(150 * time.Millisecond):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
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
