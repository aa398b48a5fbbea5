// Command mutants checks the tests. It puts one deliberate bug after another into the library, those of the folder
// list, and runs the tests each time: they have to fail. A bug that they do not see, a survivor, shows what they miss.
//
//	go run ./internal/mutants                   all bugs, one after the other
//	go run ./internal/mutants -j 2 -run 'retry' some of them, two at a time
//
// Nothing in the tree is changed: the go command is given the files with the bugs as an overlay, and compiles them once, with
// a switch for each bug. The exit status is 1 if a bug survives, or if one does not apply or compile. The last results
// are in RESULTS.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
)

var (
	atOnce  = flag.Int("j", 1, "how many bugs are tried at a time")
	pattern = flag.String("run", "", "try only the bugs whose `name` this regular expression finds")
	race    = flag.Bool("race", false, "run all tests with the race detector")
	output  = flag.String("o", "", "write the table to this `file`, too, in which the rows of bugs that were not tried stay")
)

func main() {
	flag.Parse()
	ok, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
	}
	if !ok || err != nil {
		os.Exit(1)
	}
}

// run tries the bugs that the flags say, and reports whether all were found.
func run() (ok bool, err error) {
	wanted, err := regexp.Compile(*pattern)
	if err != nil {
		return false, err
	}
	root, err := moduleRoot()
	if err != nil {
		return false, err
	}
	all, err := readList(root)
	if err != nil {
		return false, err
	}
	var some []*mutant
	for _, m := range all {
		if wanted.MatchString(m.name) {
			some = append(some, m)
		}
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	l := &lab{root: root, dir: dir, race: *race}
	if err := l.prepare(some); err != nil {
		return false, err
	}
	ok = tryAll(l, some)
	fmt.Print("\n", tableOf(some, ""))
	if *output == "" {
		return ok, nil
	}
	old, err := os.ReadFile(*output)
	if err != nil && !os.IsNotExist(err) {
		return ok, err
	}
	return ok, os.WriteFile(*output, []byte(tableOf(all, string(old))), 0o644)
}

// tryAll tries the bugs, and tells of each when it is done.
func tryAll(l *lab, list []*mutant) (ok bool) {
	var (
		group sync.WaitGroup
		mu    sync.Mutex // guards what follows
		done  int
		free  = make(chan struct{}, max(1, *atOnce))
	)
	ok = true
	for _, m := range list {
		free <- struct{}{}
		group.Go(func() {
			defer func() { <-free }()
			m.fate, m.tried = l.try(m), true
			mu.Lock()
			defer mu.Unlock()
			done++
			ok = ok && m.fate.killed()
			fmt.Printf("%d/%d %s: %s (%.0fs)\n", done, len(list), m.name, m.fate.text(), m.fate.took.Seconds())
		})
	}
	group.Wait()
	return ok
}

// moduleRoot is the folder of the library.
func moduleRoot() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("go list -m: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}
