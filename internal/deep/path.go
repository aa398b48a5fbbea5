package deep

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/hooktx/hooks/internal/show"
)

// A step leads from a value to a part of it: a field by name, an element by index, or a map entry by key. Following a
// pointer or looking into an interface takes no step.
type step struct {
	name  string
	key   reflect.Value
	index int
}

func (s step) text() string {
	switch {
	case s.name != "":
		return "." + s.name
	case s.key.IsValid():
		return "[" + show.Reflect(s.key) + "]"
	}
	return "[" + strconv.Itoa(s.index) + "]"
}

// A trail is a path that shares its beginning with others: a list of steps, the last first. A nil trail is the root.
type trail struct {
	up   *trail
	step step
}

// A cursor knows where a walk is: below base by some steps. Steps become a trail only when something is noted there.
type cursor struct {
	base  *trail
	steps []step
	nodes []*trail // those of steps that were noted, else nil
}

func (c *cursor) enter(s step) {
	c.steps = append(c.steps, s)
	c.nodes = append(c.nodes, nil)
}

func (c *cursor) leave() {
	c.steps = c.steps[:len(c.steps)-1]
	c.nodes = c.nodes[:len(c.nodes)-1]
}

// moveTo makes t the place of the cursor.
func (c *cursor) moveTo(t *trail) {
	c.base, c.steps, c.nodes = t, c.steps[:0], c.nodes[:0]
}

// here returns the trail of the place that the cursor is at.
func (c *cursor) here() *trail {
	up := c.base
	for i := range c.steps {
		if c.nodes[i] == nil {
			c.nodes[i] = &trail{up: up, step: c.steps[i]}
		}
		up = c.nodes[i]
	}
	return up
}

// A path is cut in the middle if it has more steps than these.
const firstSteps, lastSteps = 8, 24

// render writes the trail as root.A[1]["k"].B. A very long one has an ellipsis for its middle.
func (t *trail) render(root string) string { return t.renderBy(root, step.text) }

// shape is render without map keys.
func (t *trail) shape(root string) string {
	return t.renderBy(root, func(s step) string {
		if s.key.IsValid() {
			return "[…]"
		}
		return s.text()
	})
}

func (t *trail) renderBy(root string, text func(step) string) string {
	n := 0
	for x := t; x != nil; x = x.up {
		n++
	}
	parts := make([]string, 0, firstSteps+lastSteps+2)
	i := n
	for x := t; x != nil; x = x.up {
		i--
		switch {
		case i < firstSteps || n-i <= lastSteps:
			parts = append(parts, text(x.step))
		case i == firstSteps:
			parts = append(parts, "…")
		}
	}
	parts = append(parts, root)
	var b strings.Builder
	for i := len(parts) - 1; i >= 0; i-- {
		b.WriteString(parts[i])
	}
	return b.String()
}

// inner renders the trail without its root: Lines[3].Qty, or "." for the root itself.
func (t *trail) inner() string {
	if t == nil {
		return "."
	}
	return strings.TrimPrefix(t.render(""), ".")
}

// typeName is how a path names its root: the bare name of a named type, else the type as written. Pointers do not show
// in paths.
func typeName(t reflect.Type) string {
	for t.Kind() == reflect.Pointer && t.Name() == "" {
		t = t.Elem()
	}
	if t.Name() != "" {
		return t.Name()
	}
	return show.Text(t.String(), 128)
}
