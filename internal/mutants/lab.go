package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A lab compiles the tests of packages with all bugs in them, and runs them with one.
type lab struct {
	root   string
	dir    string // for what is compiled
	race   bool   // always
	suites map[suiteKey]*suite
}

// A suite is the tests of a package, compiled with bugs of a package: mostly the same.
type suite struct {
	suiteKey
	file  string        // the compiled tests
	usual time.Duration // what they take without a bug
	args  []string
}

type suiteKey struct {
	tests string // the package
	race  bool
}

func (k suiteKey) String() string {
	if k.race {
		return k.tests + " with -race"
	}
	return k.tests
}

func (l *lab) key(m *mutant) suiteKey { return suiteKey{m.tests, m.race || l.race} }

// prepare compiles the suites of the list, and runs each without a bug. They have to pass, and how long that takes says
// when a suite with a bug is to be given up.
func (l *lab) prepare(list []*mutant) error {
	overlay, err := l.overlay(list)
	if err != nil {
		return err
	}
	l.suites = map[suiteKey]*suite{}
	for _, m := range list {
		key := l.key(m)
		if l.suites[key] != nil {
			continue
		}
		s := &suite{suiteKey: key, file: filepath.Join(l.dir, strconv.Itoa(len(l.suites))+".test"), args: l.argsFor(m.tests)}
		l.suites[key] = s
		if err := l.compile(s, overlay); err != nil {
			return err
		}
		r := l.test(s, 0, 10*time.Minute)
		if !r.passed {
			return fmt.Errorf("%v fails without a bug: %s\n%s", s, r.test, r.text)
		}
		s.usual = r.took
		fmt.Printf("%v passes in %.1fs\n", s, s.usual.Seconds())
	}
	return nil
}

// overlay writes the files with the bugs, and the one that tells the go command where they are.
func (l *lab) overlay(list []*mutant) (name string, err error) {
	packages := map[string][]*mutant{}
	for _, m := range list {
		dir := filepath.Dir(m.file)
		packages[dir] = append(packages[dir], m)
	}
	replace := map[string]string{}
	for _, some := range packages {
		files, err := grafted(l.root, some)
		if err != nil {
			return "", err
		}
		for file, text := range files {
			to := filepath.Join(l.dir, strconv.Itoa(len(replace))+".go")
			replace[filepath.Join(l.root, filepath.FromSlash(file))] = to
			if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
				return "", err
			}
		}
	}
	says, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	name = filepath.Join(l.dir, "overlay.json")
	return name, os.WriteFile(name, says, 0o600)
}

func (l *lab) compile(s *suite, overlay string) error {
	args := []string{"test", "-c", "-vet=off", "-overlay=" + overlay, "-o=" + s.file}
	if s.race {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, s.tests)...)
	cmd.Dir = l.root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v does not compile with the bugs in it: %w\n%s", s, err, out)
	}
	return nil
}

// argsFor are the arguments with which tests leave no files behind: package rapid would write down what has failed.
func (l *lab) argsFor(tests string) []string {
	cmd := exec.Command("go", "list", "-f", "{{.TestImports}} {{.XTestImports}}", tests)
	cmd.Dir = l.root
	if out, err := cmd.Output(); err == nil && bytes.Contains(out, []byte("pgregory.net/rapid")) {
		return []string{"-rapid.nofailfile"}
	}
	return nil
}

// A fate is what has become of a bug.
type fate struct {
	test string // the one that has found it; "" if none has
	took time.Duration
}

func (f *fate) killed() bool { return f.test != "" }

func (f *fate) text() string {
	if !f.killed() {
		return "SURVIVED"
	}
	return "killed by " + f.test
}

// try runs the suite of a bug with the bug in it.
func (l *lab) try(m *mutant) fate {
	s := l.suites[l.key(m)]
	r := l.test(s, m.number, 3*s.usual+10*time.Second)
	if r.passed {
		return fate{took: r.took}
	}
	return fate{test: r.test, took: r.took}
}

// A result is how a suite has done.
type result struct {
	passed bool
	test   string // the first one that failed
	took   time.Duration
	text   string // what was printed
}

// test runs a suite with the bug of the given number, 0: with none.
func (l *lab) test(s *suite, bug int, limit time.Duration) result {
	args := []string{"-test.v=test2json", "-test.failfast", "-test.paniconexit0", "-test.timeout=" + limit.String()}
	cmd := exec.Command(s.file, append(args, s.args...)...)
	cmd.Dir = filepath.Join(l.root, filepath.FromSlash(s.tests))
	cmd.Env = append(os.Environ(), chosenBy+"="+strconv.Itoa(bug))
	begun := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(begun)
	events := exec.Command("go", "tool", "test2json")
	events.Stdin = bytes.NewReader(out)
	list, _ := events.Output() // if there is none, no test is found to have failed
	r := read(list)
	r.took, r.passed = took, err == nil
	if !r.passed && r.test == "" {
		r.test = "the end of the tests"
	}
	return r
}

// An event is a line of what test2json prints.
type event struct{ Action, Test, Output string }

// read makes a result of what test2json has printed.
func read(list []byte) (r result) {
	var text strings.Builder
	late := false
	lines := bufio.NewScanner(bytes.NewReader(list))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		text.WriteString(e.Output)
		late = late || strings.HasPrefix(e.Output, "panic: test timed out")
		if e.Action == "fail" && r.test == "" {
			r.test = e.Test
		}
	}
	if late {
		r.test += " (which did not end)"
	}
	r.text = text.String()
	return r
}
