// Command bench compares the deep-copy engine of hooks with copies written by hand and with other libraries.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hooktx/hooks/bench/measure"
	"github.com/hooktx/hooks/bench/record"
	"github.com/hooktx/hooks/bench/report"
	"github.com/hooktx/hooks/bench/suite"
)

type flags struct {
	rounds int
	measure.Conditions
	shapes string
	impls  string
	quick  bool
	out    string
	seed   uint64
	from   string
	worker bool
}

func main() {
	var f flags
	flag.IntVar(&f.rounds, "rounds", 31, "rounds; a ratio is the median over them")
	flag.DurationVar(&f.Slice, "slice", 20*time.Millisecond, "CPU time of every task in a round")
	flag.IntVar(&f.Ballast, "ballast", 32<<20, "bytes that the measuring process holds besides, as programs do")
	flag.StringVar(&f.shapes, "shapes", "", "letters of the shapes to measure, such as abf; all if empty")
	flag.StringVar(&f.impls, "impls", "", "implementations to measure beside the base, such as hooks,tiendc; all if empty")
	flag.BoolVar(&f.quick, "quick", false, "three rounds of 5 ms: to see that it works")
	flag.StringVar(&f.out, "out", "results", "directory for copy.log, copy.md and copy.svg")
	flag.Uint64Var(&f.seed, "seed", uint64(time.Now().UnixNano()), "seed of the order in which tasks run")
	flag.StringVar(&f.from, "from", "", "a log to draw table and chart of, instead of measuring")
	flag.BoolVar(&f.worker, "worker", false, "carry out orders from standard input, as this program's child")
	flag.Parse()
	if f.quick {
		f.rounds, f.Slice = 3, 5*time.Millisecond
	}
	if err := f.run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (f *flags) run() error {
	if f.worker {
		return measure.Work(os.Stdin, os.Stdout, f.Conditions)
	}
	var log record.Log
	var err error
	if f.from != "" {
		log, err = readLog(f.from)
	} else {
		log, err = f.measure()
	}
	if err != nil {
		return err
	}
	return f.write(log)
}

func readLog(name string) (record.Log, error) {
	file, err := os.Open(name)
	if err != nil {
		return record.Log{}, err
	}
	log, err := record.Read(file)
	_ = file.Close() // it was only read
	return log, err
}

// measure runs all tasks and keeps the log as it grows, so that an interrupted run leaves what it has.
func (f *flags) measure() (log record.Log, err error) {
	if err := os.MkdirAll(f.out, 0o755); err != nil {
		return log, err
	}
	file, err := os.Create(filepath.Join(f.out, "copy.log"))
	if err != nil {
		return log, err
	}
	line := func(v any) error {
		text := fmt.Sprint(v)
		if _, err := fmt.Fprintln(file, text); err != nil {
			return err
		}
		return log.Add(text)
	}
	for _, h := range header(f) {
		if err := line("# " + h); err != nil {
			return log, err
		}
	}
	plan := f.plan()
	plan.Line = func(v fmt.Stringer) error { return line(v) }
	if err := plan.Run(); err != nil {
		return log, err
	}
	return log, file.Close()
}

func (f *flags) plan() measure.Plan {
	var chosen []suite.Source
	for _, src := range suite.Sources() {
		if f.shapes == "" || strings.Contains(f.shapes, src.Key) {
			chosen = append(chosen, src)
		}
	}
	var impls []string
	if f.impls != "" {
		impls = strings.Split(f.impls, ",")
	}
	return measure.Plan{
		Shapes: chosen, Impls: impls, Kinds: []suite.Kind{suite.Copy, suite.Equal, suite.Diff},
		Rounds: f.rounds, Conditions: f.Conditions, Limit: 20 * time.Second, Seed: f.seed, Progress: os.Stdout,
	}
}

// write makes the table and the chart.
func (f *flags) write(log record.Log) error {
	results := report.Sum(log)
	for name, render := range map[string]func(io.Writer, *report.Results) error{
		"copy.md": report.Markdown, "copy.svg": report.Chart,
	} {
		file, err := os.Create(filepath.Join(f.out, name))
		if err != nil {
			return err
		}
		if err := render(file, results); err != nil {
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
		fmt.Println("wrote", file.Name())
	}
	return nil
}
