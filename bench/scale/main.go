// Command scale shows how chains of hooks do when there are many: callers, waiting executions, abandoned hooks, hooks.
package main

import (
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/hooktx/hooks/bench/measure"
	"github.com/hooktx/hooks/bench/runners"
	"github.com/hooktx/hooks/bench/session"
	"github.com/hooktx/hooks/bench/suite"
)

// lengths are those of chains that grow.
var lengths = []int{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000}

const (
	chainLength    = 5 // where the number of hooks is not what is varied
	procsCallers   = 8
	abandonedLimit = 100 * time.Millisecond
)

// sizes are how many there are of what is many.
type sizes struct {
	callers            []int
	waiting, abandoned int
}

var full = sizes{callers: []int{1, 2, 4, 16, 256, 10_000}, waiting: 10_000, abandoned: 1_000}

func main() {
	s := session.Session{Name: "scale", Sources: runners.Sources(lengths...), Rounds: 9}
	s.Ballast = 64 << 20
	s.Flags(flag.CommandLine)
	length := flag.Duration("length", time.Second, "how long each number of callers runs in a round")
	parts := flag.String("parts", "growth,callers,procs,waiting,abandoned", "what to measure")
	s.Main(func() error {
		if s.Quick {
			*length = 50 * time.Millisecond
		}
		return compare(&s, full, *length, strings.Split(*parts, ","))
	})
}

// compare measures the parts and makes the table.
func compare(s *session.Session, many sizes, length time.Duration, parts []string) error {
	log, err := s.Log(func(line session.Line) error {
		t := trial{Session: s, sizes: many, line: line, length: length}
		return t.run(parts)
	}, fmt.Sprintf("callers run for %v in each round", length))
	if err != nil {
		return err
	}
	return s.Write("scale.md", func(w io.Writer) error { return table(w, log) })
}

// A trial is the measuring of all parts.
type trial struct {
	*session.Session
	sizes
	line   session.Line
	length time.Duration
}

func (t *trial) run(parts []string) error {
	known := map[string]func() error{
		"growth":    t.growth,
		"callers":   func() error { return t.Repeat(t.line, t.load) },
		"procs":     func() error { return t.Repeat(t.line, t.processors) },
		"waiting":   func() error { return t.Repeat(t.line, t.wait) },
		"abandoned": func() error { return t.Repeat(t.line, t.abandon) },
	}
	for _, p := range parts {
		measure, ok := known[p]
		if !ok {
			return fmt.Errorf("no part %q", p)
		}
		fmt.Println("measuring", p)
		if err := measure(); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	return nil
}

// growth measures chains of more and more hooks, in processes of their own.
func (t *trial) growth() error {
	return t.Run(measure.Plan{Shapes: t.Sources, Kinds: []suite.Kind{suite.Chain}, Impls: []string{suite.Hooks}}, t.line)
}
