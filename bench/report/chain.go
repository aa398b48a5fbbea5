package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/hooktx/hooks/bench/suite"
)

// Chains are results of running chains of hooks, with what is wanted of them.
type Chains struct {
	*Results
	Rows    []Row
	Lengths []int // of chains
	Goals   []Goal
	Budgets []Budget

	// OwnBytes is what the copies of the state take in an execution of n hooks.
	OwnBytes func(n int) int
}

// A Row is one way to run a chain.
type Row struct {
	Impl, Title string
	Ours        bool
	Copies      bool // it makes n+1 copies of the state, of one allocation each
}

// A Goal is a ratio of time that is wanted: Of by To, with n hooks, more is better. Without a Floor it is only shown.
type Goal struct {
	Title      string
	Of, To     string
	N          int
	Floor, Aim float64
}

// A Budget is what an execution of n hooks may allocate besides the copies of the state; less is better. An Aim of 0
// says that there is none.
type Budget struct {
	Title      string
	Impl       string
	Bytes      bool // and not the number of allocations
	N          int
	Floor, Aim float64
}

// Own is the number of allocations that are copies of the state, in an execution of n hooks: one for each, and one that
// is committed.
func own(n int) int { return n + 1 }

func chainTask(impl string, n int) suite.Task {
	return suite.Task{Kind: suite.Chain, Shape: strconv.Itoa(n), Impl: impl}
}

func (c *Chains) at(impl string, n int) *Cell { return c.Cell(suite.Chain, strconv.Itoa(n), impl) }

// rows lists those that were measured.
func (c *Chains) rows() (out []Row) {
	for _, row := range c.Rows {
		for _, n := range c.Lengths {
			if drawn(c.at(row.Impl, n)) {
				out = append(out, row)
				break
			}
		}
	}
	return out
}

// Markdown writes all tables.
func (c *Chains) Markdown(w io.Writer) error {
	p := chainPage{Chains: c}
	p.Line("# A chain of hooks beside its peers: results")
	p.Line("")
	p.Line("![Running a chain, as ratio to the textbook loop](chain.svg)")
	p.Line("")
	p.Line("n is the number of hooks. CPU time is the process's, the garbage collector's included. Ratios are taken inside one")
	p.Line("round; shown is the median of %d rounds, and in parentheses the quartiles.", p.Rounds)
	p.Line("")
	for _, h := range p.Header {
		p.Line("- %s", h)
	}
	p.goals()
	p.budgets()
	p.ratios("CPU time ÷ textbook", CPU)
	p.ratios("Time that passes ÷ textbook", Wall)
	p.absolute()
	p.allocated()
	p.trouble()
	_, err := w.Write(p.Bytes())
	return err
}

// A chainPage is the text as it grows.
type chainPage struct {
	*Chains
	Text
}

// goals is the table of ratios that are wanted.
func (p *chainPage) goals() {
	p.Line("\n## What is wanted, and what is\n")
	p.Line("Ratios of time, more is better. Below its floor a ratio is too low.\n")
	p.Row("", "n", "floor", "aim", "CPU time", "", "time that passes", "")
	p.Row("---", "---:", "---:", "---:", "---:", "---", "---:", "---")
	for _, g := range p.Goals {
		cells := []string{g.Title, strconv.Itoa(g.N), "-", "-"}
		if g.Floor > 0 {
			cells[2], cells[3] = number1(g.Floor), number1(g.Aim)
		}
		for _, cost := range []Cost{CPU, Wall} {
			s, ok := p.Ratio(cost, chainTask(g.Of, g.N), chainTask(g.To, g.N))
			if !ok {
				cells = append(cells, "-", "")
				continue
			}
			cells = append(cells, spread(s))
			if g.Floor > 0 {
				cells = append(cells, reached(s.Ratio >= g.Floor, s.Ratio >= g.Aim))
			} else {
				cells = append(cells, "")
			}
		}
		p.Row(cells...)
	}
}

// reached says in a word how far a goal is reached.
func reached(floor, aim bool) string {
	switch {
	case aim:
		return "aim"
	case floor:
		return "floor"
	}
	return "**below**"
}

// budgets is the table of what may be allocated.
func (p *chainPage) budgets() {
	p.Line("\nIn one execution, besides the n+1 copies of the state; less is better.\n")
	p.Row("", "n", "floor", "aim", "measured", "")
	p.Row("---", "---:", "---:", "---:", "---:", "---")
	for _, b := range p.Budgets {
		show := func(x float64) string { return fmt.Sprintf("%.1f", x) }
		if b.Bytes {
			show = Size
		}
		aim := "-"
		if b.Aim > 0 {
			aim = show(b.Aim)
		}
		measured, verdict := "-", ""
		if cell := p.at(b.Impl, b.N); drawn(cell) {
			allocs, bytes := p.besides(cell, b.N)
			got := allocs
			if b.Bytes {
				got = bytes
			}
			measured, verdict = show(got), reached(got < b.Floor+0.05, b.Aim > 0 && got < b.Aim+0.05)
		}
		p.Row(b.Title, strconv.Itoa(b.N), show(b.Floor), aim, measured, verdict)
	}
}

// besides is what a cell allocates besides copies of the state.
func (p *chainPage) besides(cell *Cell, n int) (allocs, bytes float64) {
	return cell.Allocs - float64(own(n)), cell.Bytes - float64(p.OwnBytes(n))
}

// columns begins a table with one column for each length of chain under each of the titles.
func (p *chainPage) columns(titles ...string) {
	cells, rule := []string{""}, []string{"---"}
	for _, title := range titles {
		for _, n := range p.Lengths {
			cells, rule = append(cells, strings.TrimSpace(fmt.Sprintf("%s n = %d", title, n))), append(rule, "---:")
		}
	}
	p.Row(cells...)
	p.Row(rule...)
}

// cells is a row with one cell for each length of chain and each of the ways to show one.
func (p *chainPage) cells(row Row, show ...func(cell *Cell, n int) string) {
	cells := []string{row.Title}
	for _, s := range show {
		for _, n := range p.Lengths {
			text := "-"
			if cell := p.at(row.Impl, n); drawn(cell) {
				text = s(cell, n)
			}
			cells = append(cells, text)
		}
	}
	p.Row(cells...)
}

// ratios is the table of one cost. Ours have their quartiles beside them.
func (p *chainPage) ratios(title string, cost Cost) {
	p.Line("\n## %s\n", title)
	p.columns("")
	for _, row := range p.rows() {
		p.cells(row, func(_ *Cell, n int) string {
			s, _ := p.Ratio(cost, chainTask(row.Impl, n), chainTask(suite.Chain.Base(), n))
			if row.Ours {
				return spread(s)
			}
			return Number(s.Ratio)
		})
	}
}

// absolute is the table of times. They are the machine's, and of its day.
func (p *chainPage) absolute() {
	p.Line("\n## One execution\n")
	p.columns("CPU,", "passes,")
	for _, row := range p.rows() {
		p.cells(row,
			func(cell *Cell, _ int) string { return Duration(cell.Nanos) },
			func(cell *Cell, _ int) string { return Duration(cell.Wall) })
	}
}

// allocated is the tables of allocations.
func (p *chainPage) allocated() {
	p.Line("\n## Allocations of one execution\n")
	p.Line("Counted in a pass of its own, without the collector.\n")
	p.columns("number,", "size,")
	for _, row := range p.rows() {
		p.cells(row,
			func(cell *Cell, _ int) string { return fmt.Sprintf("%.1f", cell.Allocs) },
			func(cell *Cell, _ int) string { return Size(cell.Bytes) })
	}
	p.Line("\n## Allocations of hooks, besides the n+1 copies of the state\n")
	p.columns("number,", "size,")
	for _, row := range p.rows() {
		if row.Copies {
			p.cells(row,
				func(cell *Cell, n int) string { allocs, _ := p.besides(cell, n); return fmt.Sprintf("%.1f", allocs) },
				func(cell *Cell, n int) string { _, bytes := p.besides(cell, n); return Size(bytes) })
		}
	}
}

// trouble lists runners that failed a check or died.
func (p *chainPage) trouble() {
	for _, row := range p.Rows {
		for _, n := range p.Lengths {
			if cell := p.at(row.Impl, n); cell != nil && cell.Reason != "" {
				p.Line("\n%s, n = %d: %s: %s", row.Title, n, cell.Status, cell.Reason)
			}
		}
	}
}

// spread shows a ratio with its quartiles.
func spread(s Spread) string {
	return fmt.Sprintf("%s (%s–%s)", Number(s.Ratio), Number(s.Low), Number(s.High))
}
