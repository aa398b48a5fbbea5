// Package session is what the commands that measure have in common: flags, a log that grows, and files made of it.
package session

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/hooktx/hooks/bench/measure"
	"github.com/hooktx/hooks/bench/record"
	"github.com/hooktx/hooks/bench/suite"
)

// A Session is one run of a command. What is set before Flags is called is the default of the flag.
type Session struct {
	Name    string         // of the files, and of the command in messages
	Sources []suite.Source // all that a child process can be asked for
	Modules []string       // whose versions the log has

	Rounds int
	measure.Conditions
	Quick bool // three rounds of 5 ms
	Out   string
	Seed  uint64

	from   string
	worker bool
	order  *rand.Rand // of what is measured in this process; nil until needed
}

// Flags defines the flags of all commands.
func (s *Session) Flags(set *flag.FlagSet) {
	set.IntVar(&s.Rounds, "rounds", cmp.Or(s.Rounds, 31), "rounds; a ratio is the median over them")
	set.DurationVar(&s.Slice, "slice", cmp.Or(s.Slice, 20*time.Millisecond), "CPU time of every task in a round")
	set.IntVar(&s.Ballast, "ballast", s.Ballast, "bytes that the measuring process holds besides, as programs do")
	set.BoolVar(&s.Quick, "quick", false, "three rounds of 5 ms: to see that it works")
	set.StringVar(&s.Out, "out", "results", "directory for log, table and chart")
	set.Uint64Var(&s.Seed, "seed", uint64(time.Now().UnixNano()), "seed of the order in which tasks run")
	set.StringVar(&s.from, "from", "", "a log to draw table and chart of, instead of measuring")
	set.BoolVar(&s.worker, "worker", false, "carry out orders from standard input, as this program's child")
}

// Main parses the command line and runs the command, or, in a child process, does what the parent says.
func (s *Session) Main(run func() error) {
	flag.Parse()
	if s.Quick {
		s.Rounds, s.Slice = 3, 5*time.Millisecond
	}
	if s.worker {
		run = func() error { return measure.Work(os.Stdin, os.Stdout, s.Conditions, s.Sources) }
	}
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", s.Name, err)
		os.Exit(1)
	}
}

// A Line takes a result down.
type Line func(fmt.Stringer) error

// Log returns the log of what measure finds, or the one that was asked for instead. The file grows with the log, so
// that an interrupted run leaves what it has. remarks go into the header.
func (s *Session) Log(measure func(Line) error, remarks ...string) (log record.Log, err error) {
	if s.from != "" {
		return record.ReadFile(s.from)
	}
	file, err := s.create(s.Name + ".log")
	if err != nil {
		return log, err
	}
	line := func(text string) error {
		if _, err := fmt.Fprintln(file, text); err != nil {
			return err
		}
		return log.Add(text)
	}
	for _, h := range s.header(remarks...) {
		if err := line("# " + h); err != nil {
			return log, err
		}
	}
	if err := measure(func(v fmt.Stringer) error { return line(v.String()) }); err != nil {
		return log, err
	}
	return log, file.Close()
}

// Run carries a plan out, as often as the flags say and under their conditions.
func (s *Session) Run(plan measure.Plan, line Line) error {
	plan.Rounds, plan.Conditions, plan.Seed = s.Rounds, s.Conditions, s.Seed
	plan.Limit, plan.Progress, plan.Line = 20*time.Second, os.Stdout, line
	return plan.Run()
}

// header says how and on what was measured.
func (s *Session) header(remarks ...string) []string {
	lines := append(machine(),
		fmt.Sprintf("rounds: %d, slice: %v, ballast: %d MiB, seed: %d", s.Rounds, s.Slice, s.Ballast>>20, s.Seed))
	return append(append(lines, remarks...), versions(s.Modules)...)
}

// Write makes a file in the directory for results.
func (s *Session) Write(name string, render func(io.Writer) error) error {
	file, err := s.create(name)
	if err != nil {
		return err
	}
	if err := render(file); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	fmt.Println("wrote", file.Name())
	return nil
}

func (s *Session) create(name string) (*os.File, error) {
	if err := os.MkdirAll(s.Out, 0o755); err != nil {
		return nil, err
	}
	return os.Create(filepath.Join(s.Out, name))
}
