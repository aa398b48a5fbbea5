package measure

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/hooktx/hooks/bench/record"
	"github.com/hooktx/hooks/bench/suite"
)

// Work is the child's side: it reads orders, one a line, and answers each with one line of a log. It holds the value of
// one shape at a time, so that the collector's work for it is not charged to others.
//
// A copier under test may end the process at any time. The parent then knows by the missing answer which one it was.
func Work(in io.Reader, out io.Writer, c Conditions, sources []suite.Source) error {
	w := worker{sources: sources, slicer: slicer{length: c.Slice}, ballast: make([]byte, c.Ballast)}
	defer runtime.KeepAlive(w.ballast)
	for lines := bufio.NewScanner(in); lines.Scan(); {
		verb, task, err := parseOrder(lines.Text())
		if err != nil {
			return err
		}
		if err := w.load(task.Shape); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, w.answer(verb, task)); err != nil {
			return err
		}
	}
	return nil
}

// Child carries orders out and does not return, if the program was started for that: a test program is then its own
// child. The commands have flags of their own for it.
func Child(sources []suite.Source) {
	var c Conditions
	worker := flag.Bool("worker", false, "carry out orders")
	flag.DurationVar(&c.Slice, "slice", 0, "of a task")
	flag.IntVar(&c.Ballast, "ballast", 0, "bytes")
	flag.Parse()
	if !*worker {
		return
	}
	if err := Work(os.Stdin, os.Stdout, c, sources); err != nil {
		panic(err)
	}
	os.Exit(0)
}

type worker struct {
	sources []suite.Source
	slicer
	ballast []byte
	subject suite.Subject
}

func (w *worker) load(shape string) error {
	if w.subject != nil && w.subject.Key() == shape {
		return nil
	}
	src, ok := suite.Find(w.sources, shape)
	if !ok {
		return fmt.Errorf("no shape %q", shape)
	}
	if c, ok := w.subject.(io.Closer); ok {
		if err := c.Close(); err != nil {
			return err
		}
	}
	w.subject = nil
	w.subject = src.New()
	return nil
}

// answer carries an order out.
func (w *worker) answer(verb string, task suite.Task) (line fmt.Stringer) {
	defer func() {
		if p := recover(); p != nil {
			line = record.Verdict{Task: task, Status: record.Panic, Reason: short(fmt.Sprint(p))}
		}
	}()
	var err error
	switch verb {
	case verbCheck:
		return verdict(task, w.subject.Check(task))
	case verbTally:
		line, err = tally(w.subject, task)
	default:
		line, err = w.measure(w.subject, task)
	}
	if err != nil {
		return verdict(task, err)
	}
	return line
}

func verdict(task suite.Task, err error) record.Verdict {
	v := record.Verdict{Task: task, Status: record.OK}
	var failure *suite.Failure
	switch {
	case errors.As(err, &failure):
		v.Status, v.Reason = record.Error, short(failure.Error())
	case err != nil:
		v.Status, v.Reason = record.Wrong, short(err.Error())
	}
	return v
}

// short is the first line of text, cut to what fits a legend.
func short(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	if len(text) > 100 {
		text = text[:100] + "…"
	}
	return text
}

// The verbs of orders.
const (
	verbCheck = "check"
	verbTally = "tally"
	verbTime  = "time"
)

func formatOrder(verb string, t suite.Task) string {
	return fmt.Sprintf("%s %s %s %s", verb, t.Kind, t.Shape, t.Impl)
}

func parseOrder(line string) (verb string, t suite.Task, err error) {
	_, err = fmt.Sscan(line, &verb, &t.Kind, &t.Shape, &t.Impl)
	return verb, t, err
}
