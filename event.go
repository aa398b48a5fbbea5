package hooks

import "time"

// Event is a ready-made state for dynamic events, such as webhooks. Any type can be
// a state; use a struct of your own where the shape of the event is known.
type Event struct {
	ID     string
	Type   string
	Source string
	Time   time.Time

	Data    map[string]any // what happened
	Context map[string]any // what hooks tell each other about it

	// Shared has resources. Only a *Shared in it is shared: it is the same cell in every copy, whose
	// value hooks get at by Edit and Read. Other values are copied like the rest.
	Shared map[string]any
}
