package hooks

import (
	"reflect"
	"strings"
	"text/tabwriter"

	"github.com/hooktx/hooks/internal/deep"
)

// Explain returns a table that says, path by path, what a copy of a T does: what is
// copied, shared, zeroed or refused, and why. Print it once to see what isolation
// means for a state type.
func Explain[T any]() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	write := func(cells ...string) { _, _ = w.Write([]byte(strings.Join(cells, "\t") + "\n")) }
	write("PATH", "TYPE", "A COPY", "WHY")
	for _, r := range deep.Explain(reflect.TypeFor[T]()) {
		write(r.Path, r.Type, r.Rule, r.Why)
	}
	_ = w.Flush() // a strings.Builder does not fail
	return b.String()
}
