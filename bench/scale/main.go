// Command scale shows how chains of hooks do when there are many: callers, waiting executions, abandoned hooks, hooks.
package main

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"time"

	"github.com/hooktx/hooks/bench/measure"
	"github.com/hooktx/hooks/bench/record"
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
		t := trial{Session: s, sizes: many, line: line, length: length, order: rand.New(rand.NewPCG(s.Seed, 1))}
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
	order  *rand.Rand
}

func (t *trial) run(parts []string) error {
	known := map[string]func() error{
		"growth":    t.growth,
		"callers":   func() error { return t.rounds(t.load) },
		"procs":     func() error { return t.rounds(t.processors) },
		"waiting":   func() error { return t.rounds(t.wait) },
		"abandoned": func() error { return t.rounds(t.abandon) },
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

// rounds repeats a part that is measured in this process, with a ballast, and one round more that is not counted. What
// waits or is abandoned leaves stacks and tables behind, which the next round finds in place.
func (t *trial) rounds(part func(figures) error) error {
	ballast := make([]byte, t.Ballast)
	defer runtime.KeepAlive(ballast)
	if err := part(func(string, string, int, float64) error { return nil }); err != nil {
		return err
	}
	for round := range t.Rounds {
		err := part(func(name, impl string, at int, value float64) error {
			return t.line(record.Figure{Round: round + 1, Name: name, Impl: impl, At: at, Value: value})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// figures takes what was measured: its name, of whom, where on the scale, and how much.
type figures func(name, impl string, at int, value float64) error

// shuffled calls do for all pairs of impls and sizes, in an order that is new each time.
func (t *trial) shuffled(impls []string, sizes []int, do func(impl string, size int) error) error {
	for _, i := range t.order.Perm(len(impls) * len(sizes)) {
		if err := do(impls[i%len(impls)], sizes[i/len(impls)]); err != nil {
			return err
		}
	}
	return nil
}
