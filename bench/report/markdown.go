package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/hooktx/hooks/bench/record"
	"github.com/hooktx/hooks/bench/suite"
)

// Markdown writes all tables.
func Markdown(w io.Writer, r *Results) error {
	p := page{Results: r}
	p.Line("# Copying and comparing: results")
	p.Line("")
	p.Line("![Copying, as ratio to hand-written code](copy.svg)")
	p.Line("")
	p.Line("Figures are process CPU time, the garbage collector's included, as ratio inside one round, median of %d rounds.", r.Rounds)
	p.Line("Less is faster. † marks a copy that is not what was asked for; the reasons are below each table.")
	p.Line("")
	for _, h := range r.Header {
		p.Line("- %s", h)
	}
	p.shapes()
	p.copies()
	p.allocations()
	p.equalities()
	p.diffs()
	_, err := w.Write(p.Bytes())
	return err
}

// A page is the text as it grows.
type page struct {
	*Results
	Text
}

// A Text is Markdown as it grows.
type Text struct{ bytes.Buffer }

// Line adds a line.
func (t *Text) Line(format string, args ...any) { _, _ = fmt.Fprintf(&t.Buffer, format+"\n", args...) }

// Row adds a row of a table.
func (t *Text) Row(cells ...string) { t.Line("| %s |", strings.Join(cells, " | ")) }

// Rule sets the first row of a table apart: the first column is to the left, the others to the right.
func (t *Text) Rule(columns int) { t.Line("| ---%s |", strings.Repeat(" | ---:", columns-1)) }

// heading begins a table with one column for each shape.
func (p *page) heading(first string, shapes []suite.Source) {
	cells, rule := []string{first}, []string{"---"}
	for _, s := range shapes {
		cells, rule = append(cells, s.Key), append(rule, "---:")
	}
	p.Row(cells...)
	p.Row(rule...)
}

// across is a row of one cell for each shape.
func (p *page) across(first string, shapes []suite.Source, cell func(shape string) string) {
	cells := []string{first}
	for _, s := range shapes {
		cells = append(cells, cell(s.Key))
	}
	p.Row(cells...)
}

func (p *page) shapes() {
	p.Line("\n## Shapes\n")
	seen := map[string]bool{}
	for _, k := range []suite.Kind{suite.Copy, suite.Equal, suite.Diff} {
		for _, s := range p.Shapes(k) {
			if !seen[s.Key] {
				p.Line("- **%s**: %s", s.Key, s.Name)
			}
			seen[s.Key] = true
		}
	}
}

func (p *page) copies() {
	p.Line("\n## Copying ÷ hand-written\n")
	p.ratios(suite.Copy)
}

func (p *page) equalities() {
	p.Line("\n## Comparing equal values ÷ Equal of hooks\n")
	p.ratios(suite.Equal)
}

// ratios is the table of one kind: the base in time, all others as ratio to it, and the notes.
func (p *page) ratios(k suite.Kind) {
	shapes := p.Shapes(k)
	p.heading("", shapes)
	for _, impl := range p.Impls(k) {
		show := func(shape string) string { return ratio(p.Cell(k, shape, impl)) }
		title := suite.Title(k, impl)
		if impl == k.Base() {
			title += " (absolute)"
			show = func(shape string) string { return absolute(p.Cell(k, shape, impl)) }
		}
		p.across(title, shapes, show)
		if k == suite.Copy && impl == suite.Hooks {
			p.across("hooks, quartiles of the ratio", shapes, func(shape string) string { return quartiles(p.Cell(k, shape, impl)) })
		}
	}
	p.notes(k, shapes)
}

func absolute(c *Cell) string {
	if c == nil || !c.Timed {
		return "-"
	}
	return Duration(c.Nanos)
}

// ratio shows a cell; what has no time has a word instead.
func ratio(c *Cell) string {
	switch {
	case c == nil || c.Status == record.Error:
		return "-"
	case !c.Timed:
		return string(c.Status)
	case c.Status == record.Wrong:
		return Number(c.Ratio) + "†"
	case c.Status != record.OK: // it was well when checked, and then not always
		return Number(c.Ratio) + " (" + string(c.Status) + ")"
	}
	return Number(c.Ratio)
}

func quartiles(c *Cell) string {
	if c == nil || !c.Timed {
		return "-"
	}
	return Number(c.Low) + "–" + Number(c.High)
}

// notes says why cells are marked: one line for shapes with one reason.
func (p *page) notes(k suite.Kind, shapes []suite.Source) {
	p.Line("")
	for _, impl := range p.Impls(k) {
		var order []string
		by := map[string][]string{} // reason → shapes
		for _, s := range shapes {
			if c := p.Cell(k, s.Key, impl); c != nil && c.Status != record.OK {
				why := fmt.Sprintf("%s: %s", c.Status, c.Reason)
				if by[why] == nil {
					order = append(order, why)
				}
				by[why] = append(by[why], s.Key)
			}
		}
		for _, why := range order {
			p.Line("- %s, %s: %s", suite.Title(k, impl), strings.Join(by[why], " "), strings.ReplaceAll(why, "|", "\\|"))
		}
	}
}

func (p *page) allocations() {
	p.Line("\n## Allocations of one copy\n")
	shapes := p.Shapes(suite.Copy)
	p.heading("", shapes)
	for _, impl := range []string{suite.Hand, suite.HandModern, suite.Hooks} {
		title := strings.Trim(suite.Title(suite.Copy, impl), "*")
		p.across(title+", number", shapes, func(shape string) string {
			return p.figure(shape, impl, func(c *Cell) string { return fmt.Sprintf("%.0f", c.Allocs) })
		})
		p.across(title+", size", shapes, func(shape string) string {
			return p.figure(shape, impl, func(c *Cell) string { return Size(c.Bytes) })
		})
	}
}

// figure shows one figure of a copy, if there is one.
func (p *page) figure(shape, impl string, show func(*Cell) string) string {
	c := p.Cell(suite.Copy, shape, impl)
	if c == nil || !c.Timed {
		return "-"
	}
	return show(c)
}

func (p *page) diffs() {
	shapes := p.Shapes(suite.Diff)
	if len(shapes) == 0 {
		return
	}
	p.Line("\n## Listing differences ÷ comparing equal values\n")
	p.Line("Two values of which one entry differs, at most 100 changes asked for, beside Equal on two that are equal.\n")
	p.ratios(suite.Diff)
}
