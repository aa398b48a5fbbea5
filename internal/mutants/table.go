package main

import (
	"fmt"
	"runtime"
	"strings"
)

// tableOf is a table in Markdown of all bugs of the list that have been tried, now or when the old table was made.
func tableOf(list []*mutant, old string) string {
	known := map[string]string{}
	for _, line := range strings.Split(old, "\n") {
		if cells := strings.Split(line, " | "); len(cells) > 1 {
			known[strings.TrimPrefix(cells[0], "| ")] = line
		}
	}
	var rows []string
	found := 0
	for _, m := range list {
		row := known[m.name]
		if m.tried {
			row = m.row()
		}
		if row == "" {
			continue
		}
		if rows = append(rows, row); !strings.Contains(row, survived) {
			found++
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Deliberate bugs, and the tests that find them\n\n")
	fmt.Fprintf(&b, "Made by `go run ./internal/mutants`, with %s on %d processors. ", runtime.Version(), runtime.NumCPU())
	fmt.Fprintf(&b, "%d of %d bugs were found. The seconds are those until the first test failed. The rows of bugs that were not tried again are of earlier runs.\n\n", found, len(rows))
	fmt.Fprintf(&b, "| bug | what it is | where | found by | seconds |\n|---|---|---|---|---:|\n")
	b.WriteString(strings.Join(rows, "\n") + "\n")
	return b.String()
}

const survived = "**SURVIVED**"

// row is the bug's row of the table.
func (m *mutant) row() string {
	by := m.fate.test
	switch {
	case !m.fate.killed():
		by = survived
	case m.race:
		by += ", with -race"
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %.0f |", m.name, cell(m.what), m.file, cell(by), m.fate.took.Seconds())
}

// cell is a text as it may stand in a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", "\\|") }
