package main

import (
	"fmt"
	"runtime"
	"strings"
	"time"
)

// tableOf is the table of all bugs that were tried, in Markdown.
func tableOf(list []*mutant) string {
	var b strings.Builder
	found := 0
	var took time.Duration
	for _, m := range list {
		if took += m.fate.took; m.fate.killed() {
			found++
		}
	}
	fmt.Fprintf(&b, "# Deliberate bugs, and the tests that find them\n\n")
	fmt.Fprintf(&b, "Made by `go run ./internal/mutants`, with %s on %d processors.\n\n", runtime.Version(), runtime.NumCPU())
	fmt.Fprintf(&b, "%d of %d bugs were found. The seconds are those of compiling, linking and testing, until the first test failed.\n\n",
		found, len(list))
	fmt.Fprintf(&b, "| bug | what it is | where | found by | seconds |\n|---|---|---|---|---:|\n")
	for _, m := range list {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %.0f |\n", m.name, cell(m.what), m.file, cell(m.found()), m.fate.took.Seconds())
	}
	fmt.Fprintf(&b, "| | | | | %.0f |\n", took.Seconds())
	return b.String()
}

// found is what the table says of the bug's end.
func (m *mutant) found() string {
	if !m.fate.killed() {
		text, _, _ := strings.Cut(m.fate.text(), "\n")
		return "**" + text + "**"
	}
	if m.race {
		return m.fate.test + ", with -race"
	}
	return m.fate.test
}

// cell is a text as it may stand in a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", "\\|") }
