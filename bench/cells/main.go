// Command cells shows what it costs that many goroutines may work on one state: contention beside a mutex, cells beside a
// state of one's own, parallel groups, and merging.
package main

import (
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/hooktx/hooks/bench/session"
)

func main() {
	s := session.Session{Name: "cells", Rounds: 9}
	s.Ballast, s.Slice = 64<<20, 100*time.Millisecond
	s.Flags(flag.CommandLine)
	length := flag.Duration("length", 500*time.Millisecond, "how long each number of goroutines runs in a round")
	parts := flag.String("parts", "contention,readers,alone,touched,parallel,merge", "what to measure")
	s.Main(func() error {
		if s.Quick {
			*length = 50 * time.Millisecond
		}
		return compare(&s, *length, strings.Split(*parts, ","))
	})
}

// compare measures the parts and makes the table.
func compare(s *session.Session, length time.Duration, parts []string) error {
	log, err := s.Log(func(line session.Line) error {
		t := trial{Session: s, length: length}
		for _, p := range parts {
			measure, ok := t.parts()[p]
			if !ok {
				return fmt.Errorf("no part %q", p)
			}
			fmt.Println("measuring", p)
			if err := s.Repeat(line, measure); err != nil {
				return fmt.Errorf("%s: %w", p, err)
			}
		}
		return nil
	}, fmt.Sprintf("goroutines run for %v in each round", length))
	if err != nil {
		return err
	}
	return s.Write("cells.md", func(w io.Writer) error { return table(w, log) })
}

// A trial is the measuring of all parts.
type trial struct {
	*session.Session
	length time.Duration
}

func (t *trial) parts() map[string]func(session.Note) error {
	return map[string]func(session.Note) error{
		"contention": t.contention,
		"readers":    t.readers,
		"alone":      t.alone,
		"touched":    t.touched,
		"parallel":   t.parallel,
		"merge":      t.merge,
	}
}
