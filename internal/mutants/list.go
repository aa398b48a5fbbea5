package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A mutant is one deliberate bug. In the list it looks like this:
//
//	== name-of-the-bug
//	What the bug is, in a sentence.
//	file: budget.go
//	-- was
//	the code, exactly as it stands once in the file
//	-- now
//	what a mistake might have made of it
//
// Two lines may follow that of the file. `tests: ./internal/deep` says which package's tests are to find the bug, if they
// are not those beside the file; `race: yes` that they can do so with the race detector alone.
type mutant struct {
	name, what string
	file       string // from the module's root on
	tests      string // a package, as the go command is to be told
	race       bool
	was, now   string

	number int // its place in the list, from 1
	tried  bool
	fate   fate
}

// readList reads all files of the list, in the order of their names.
func readList(root string) ([]*mutant, error) {
	files, err := filepath.Glob(filepath.Join(root, "internal", "mutants", "list", "*.txt"))
	if err != nil {
		return nil, err
	}
	var all []*mutant
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		some, err := parseList(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(name), err)
		}
		for _, m := range some {
			m.number = len(all) + 1
			all = append(all, m)
		}
	}
	return all, nil
}

// parseList reads one file. What stands before the first bug says what the file is about.
func parseList(text string) ([]*mutant, error) {
	var all []*mutant
	for i, entry := range strings.Split("\n"+text, "\n== ") {
		if i == 0 {
			continue
		}
		m, err := parseMutant(entry)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

func parseMutant(text string) (*mutant, error) {
	head, code, _ := strings.Cut(text, "\n-- was\n")
	was, now, ok := strings.Cut(code, "\n-- now\n")
	if !ok { // the new code may be nothing
		was, ok = strings.CutSuffix(strings.TrimRight(code, "\n"), "\n-- now")
	}
	lines := strings.Split(head, "\n")
	m := &mutant{name: lines[0], was: was, now: strings.TrimRight(now, "\n")}
	for _, line := range lines[1:] {
		m.note(line)
	}
	if m.tests == "" {
		m.tests = testsBeside(m.file)
	}
	if !ok || m.name == "" || m.what == "" || m.file == "" || m.was == "" || m.was == m.now {
		return nil, fmt.Errorf("%q is not complete", m.name)
	}
	return m, nil
}

// testsBeside is the package of a file.
func testsBeside(file string) string {
	if dir := filepath.ToSlash(filepath.Dir(file)); dir != "." {
		return "./" + dir
	}
	return "."
}

// note takes one line of what stands before the code.
func (m *mutant) note(line string) {
	if file, ok := strings.CutPrefix(line, "file: "); ok {
		m.file = file
	} else if tests, ok := strings.CutPrefix(line, "tests: "); ok {
		m.tests = tests
	} else if line == "race: yes" {
		m.race = true
	} else {
		m.what = strings.TrimSpace(m.what + " " + line)
	}
}
