// Package record has what is measured and found, and its form as text: a line of key=value pairs each.
package record

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/hooktx/hooks/bench/suite"
)

// A Sample is what one slice of one task cost.
type Sample struct {
	Round int
	suite.Task
	Count  int     // runs in the slice
	Nanos  float64 // CPU time of one run, ns
	Allocs float64 // allocations of one run
	Bytes  float64 // allocated by one run
	Wall   float64 // time that passed, of one run, ns; 0 in logs that do not have it
}

func (s Sample) String() string {
	return fmt.Sprintf("round=%d kind=%s shape=%s impl=%s n=%d ns=%.1f allocs=%.1f bytes=%.0f wall=%.1f",
		s.Round, s.Kind, s.Shape, s.Impl, s.Count, s.Nanos, s.Allocs, s.Bytes, s.Wall)
}

// A Tally is what one task allocates, counted in a pass of its own without the collector.
type Tally struct {
	suite.Task
	Count  int     // runs
	Allocs float64 // allocations of one run
	Bytes  float64 // allocated by one run
}

func (t Tally) String() string {
	return fmt.Sprintf("tally=%d kind=%s shape=%s impl=%s allocs=%.2f bytes=%.0f", t.Count, t.Kind, t.Shape, t.Impl, t.Allocs, t.Bytes)
}

// A Figure is anything else that was measured once.
type Figure struct {
	Round int
	Name  string
	Impl  string
	At    int // where on the scale, such as the number of callers
	Value float64
}

func (f Figure) String() string {
	return fmt.Sprintf("figure=%s round=%d impl=%s at=%d value=%g", f.Name, f.Round, f.Impl, f.At, f.Value)
}

// A Verdict is how one task did when it was checked.
type Verdict struct {
	suite.Task
	Status Status
	Reason string
}

// A Status is how something ended.
type Status string

// The statuses. What is OK or Wrong can be timed.
const (
	OK    Status = "ok"
	Wrong Status = "wrong" // the result is not what was asked for
	Error Status = "error" // refused
	Panic Status = "panic"
	Died  Status = "died" // the process ended
	Hang  Status = "hang" // no end within the time limit
)

func (v Verdict) String() string {
	return fmt.Sprintf("check=%s kind=%s shape=%s impl=%s reason=%q", v.Status, v.Kind, v.Shape, v.Impl, v.Reason)
}

// A Log is one run.
type Log struct {
	Header   []string // how and where it was measured
	Verdicts []Verdict
	Tallies  []Tally
	Samples  []Sample
	Figures  []Figure
}

// ReadFile parses the log in a file.
func ReadFile(name string) (Log, error) {
	file, err := os.Open(name)
	if err != nil {
		return Log{}, err
	}
	log, err := Read(file)
	_ = file.Close() // it was only read
	return log, err
}

// Read parses a log.
func Read(r io.Reader) (log Log, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if err := log.Add(lines.Text()); err != nil {
			return log, err
		}
	}
	return log, lines.Err()
}

// Add parses one line.
func (l *Log) Add(line string) error {
	switch {
	case strings.HasPrefix(line, "# "):
		l.Header = append(l.Header, line[2:])
	case strings.HasPrefix(line, "check="):
		return addParsed(&l.Verdicts, line, parseVerdict)
	case strings.HasPrefix(line, "figure="):
		return addParsed(&l.Figures, line, parseFigure)
	case strings.HasPrefix(line, "tally="):
		return addParsed(&l.Tallies, line, parseTally)
	case strings.HasPrefix(line, "round="):
		return addParsed(&l.Samples, line, parseSample)
	}
	return nil
}

func addParsed[T any](to *[]T, line string, parse func(string) (T, error)) error {
	v, err := parse(line)
	if err != nil {
		return fmt.Errorf("line %q: %w", line, err)
	}
	*to = append(*to, v)
	return nil
}

func parseSample(line string) (s Sample, err error) {
	line, wall, timed := strings.Cut(line, " wall=")
	if timed {
		if s.Wall, err = strconv.ParseFloat(wall, 64); err != nil {
			return s, err
		}
	}
	_, err = fmt.Sscanf(spaced(line), "round = %d kind = %s shape = %s impl = %s n = %d ns = %g allocs = %g bytes = %g",
		&s.Round, &s.Kind, &s.Shape, &s.Impl, &s.Count, &s.Nanos, &s.Allocs, &s.Bytes)
	return s, err
}

func parseTally(line string) (t Tally, err error) {
	_, err = fmt.Sscanf(spaced(line), "tally = %d kind = %s shape = %s impl = %s allocs = %g bytes = %g",
		&t.Count, &t.Kind, &t.Shape, &t.Impl, &t.Allocs, &t.Bytes)
	return t, err
}

func parseFigure(line string) (f Figure, err error) {
	_, err = fmt.Sscanf(spaced(line), "figure = %s round = %d impl = %s at = %d value = %g", &f.Name, &f.Round, &f.Impl, &f.At, &f.Value)
	return f, err
}

func parseVerdict(line string) (v Verdict, err error) {
	head, reason, _ := strings.Cut(line, " reason=")
	if v.Reason, err = strconv.Unquote(reason); err != nil {
		return v, err
	}
	_, err = fmt.Sscanf(spaced(head), "check = %s kind = %s shape = %s impl = %s", &v.Status, &v.Kind, &v.Shape, &v.Impl)
	return v, err
}

// spaced sets blanks around signs of equality, as scanning a word ends at one.
func spaced(line string) string { return strings.ReplaceAll(line, "=", " = ") }
