package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
	short time.Duration // what they take without a bug, with -short
	whole time.Duration // likewise, without
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
		if s.short, err = l.usual(s, "-test.short"); err != nil {
			return err
		}
		if s.whole, err = l.usual(s); err != nil {
			return err
		}
		fmt.Printf("%v passes in %.1fs, with -short in %.1fs\n", s, s.whole.Seconds(), s.short.Seconds())
	}
	return nil
}

// usual is how long a suite takes without a bug.
func (l *lab) usual(s *suite, args ...string) (time.Duration, error) {
	r := l.test(s, 0, 10*time.Minute, args...)
	if !r.passed {
		return 0, fmt.Errorf("%v fails without a bug: %s\n%s", s, r.test, r.text)
	}
	return r.took, nil
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

// try runs the suite of a bug with the bug in it: with -short first, which finds most of them and takes less time, and then
// the whole of it.
func (l *lab) try(m *mutant) fate {
	s := l.suites[l.key(m)]
	begun := time.Now()
	r := l.test(s, m.number, limit(s.short), "-test.short")
	if r.passed {
		r = l.test(s, m.number, limit(s.whole))
	}
	return fate{test: r.test, took: time.Since(begun)}
}

// limit is when a suite is given up that usually takes so long: late enough for a machine that has other work as well.
func limit(usual time.Duration) time.Duration { return 5*usual + 10*time.Second }

// A result is how a suite has done.
type result struct {
	passed bool
	test   string // the first one that failed, or the one that was running at the end
	took   time.Duration
	text   string // what was printed
}

// test runs a suite with the bug of the given number, 0: with none.
func (l *lab) test(s *suite, bug int, limit time.Duration, args ...string) result {
	args = append(args, "-test.v=test2json", "-test.failfast", "-test.paniconexit0", "-test.timeout="+limit.String())
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
	if r.took, r.passed = took, err == nil; r.passed {
		r.test = ""
	}
	return r
}

// An event is a line of what test2json prints.
type event struct{ Action, Test, Output string }

// read makes a result of what test2json has printed. A test that has crashed, as by a panic elsewhere, has begun and not
// ended.
func read(list []byte) (r result) {
	var text strings.Builder
	var begun []string
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
		switch e.Action {
		case "run":
			begun = append(begun, e.Test)
		case "pass", "skip":
			begun = slices.DeleteFunc(begun, func(test string) bool { return test == e.Test })
		case "fail":
			if r.test == "" {
				r.test = e.Test
			}
		}
	}
	r.text = text.String()
	switch {
	case r.test == "" && len(begun) > 0:
		r.test = begun[len(begun)-1]
	case r.test == "":
		r.test = "TestMain"
	}
	if late {
		r.test += ", which did not end"
	}
	return r
}
