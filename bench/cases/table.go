package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/hooktx/hooks/bench/peers"
)

// A table has a row for each case and a column for each library.
type table struct {
	libraries []peers.Peer
	rows      []*row
}

type row struct {
	trial
	outcomes []outcome
}

func newTable(libraries []peers.Peer) *table { return &table{libraries: libraries} }

func (t *table) row(tr trial) *row {
	r := &row{trial: tr}
	t.rows = append(t.rows, r)
	return r
}

func (r *row) add(o outcome) { r.outcomes = append(r.outcomes, o) }

func (t *table) markdown() string {
	var b strings.Builder
	b.WriteString("# Cases: what a deep copy can get wrong\n\n")
	b.WriteString("Each cell is a run in a process of its own. ok: as the second column says; wrong: something else; " +
		"error: refused; panic; died: the process ended; hang: no end within the time limit.\n\n")
	b.WriteString(t.versions())
	cells, rule := []string{"case", "a copy must be"}, []string{"---", "---"}
	for _, p := range t.libraries {
		cells, rule = append(cells, p.Name), append(rule, "---")
	}
	writeRow(&b, cells)
	writeRow(&b, rule)
	for _, r := range t.rows {
		cells := []string{r.name, r.want}
		for _, o := range r.outcomes {
			cells = append(cells, o.String())
		}
		writeRow(&b, cells)
	}
	writeRow(&b, t.totals())
	return b.String()
}

func (t *table) totals() []string {
	cells := []string{"**ok**", ""}
	for i := range t.libraries {
		good := 0
		for _, r := range t.rows {
			if r.outcomes[i].status == "ok" {
				good++
			}
		}
		cells = append(cells, fmt.Sprintf("**%d of %d**", good, len(t.rows)))
	}
	return cells
}

func writeRow(b *strings.Builder, cells []string) {
	for _, c := range cells {
		b.WriteString("| " + strings.ReplaceAll(c, "|", "\\|") + " ")
	}
	b.WriteString("|\n")
}

// versions lists the libraries as they were linked.
func (t *table) versions() string {
	var b strings.Builder
	fmt.Fprintf(&b, "- %s %s/%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	wanted := map[string]bool{"google.golang.org/protobuf": true, "go.uber.org/zap": true}
	for _, p := range t.libraries {
		wanted[p.Module] = true
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if wanted[m.Path] {
				fmt.Fprintf(&b, "- %s %s\n", m.Path, m.Version)
			}
		}
	}
	b.WriteString("\n")
	return b.String()
}
