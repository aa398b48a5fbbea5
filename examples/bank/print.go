package main

import (
	"fmt"
	"io"
	"strconv"
)

// A printer prints what came of a day.
type printer struct{ w io.Writer }

func (p *printer) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(p.w, format, args...) // whoever closed our output does not want it
}

// line prints a number and what it counts.
func (p *printer) line(n int64, format string, args ...any) {
	p.printf("  %11s  %s\n", thousands(n), fmt.Sprintf(format, args...))
}

func (p *printer) plan(o options) {
	how := "cells"
	if o.naive {
		how = "the usual way"
	}
	p.printf("%s transfers between %s accounts by %s goroutines; %v %% meet a fault; seed %d; %s\n\n",
		thousands(int64(o.transfers)), thousands(int64(o.accounts)), thousands(int64(o.goroutines)),
		100*o.faults, o.seed, how)
}

// day prints what the bank has answered.
func (p *printer) day(d *day) {
	p.line(d.committed(), "transfers committed, in %.1f s", d.took.Seconds())
	for kind := range failures {
		if n := d.failed[kind].Load(); n > 0 {
			p.line(n, "failed %v", kind)
		}
	}
	if err := d.strange.Load(); err != nil {
		p.printf("               such as: %v\n", *err)
	}
	p.line(int64(d.audits), "audits meanwhile and one in the end; %s saw money come or go", thousands(int64(d.wrong)))
}

// rounds prints how often a chain was undone and run again because another was faster.
func (p *printer) rounds(clerks, auditors rounds) {
	p.line(clerks.lost, "rounds of transfers lost to others and run again, %.2f %% of all", clerks.share())
	p.line(auditors.lost, "rounds of audits, %.2f %% of all", auditors.share())
}

func (p *printer) books(d *day, b *books) {
	p.printf("\n  %s at the start, %s in the end; %s entries for %s transfers.\n",
		b.start, b.end, thousands(int64(b.entries)), thousands(d.committed()))
	if b.balanced() {
		p.printf("  The books balance.\n")
		return
	}
	p.printf("  The books do not balance:\n\n")
	for what := range findings {
		if n := b.found[what]; n > 0 {
			p.line(int64(n), "%v (%d)", what, b.example[what])
		}
	}
}

// speeds prints what the same transfers cost otherwise.
func (p *printer) speeds(faulty, ours, theirs *day) {
	p.printf("\nTransfers a second:\n\n")
	p.line(int64(faulty.speed()), "by cells, with the faults; one fault in five waits for a limit of %v", deafLimit)
	p.line(int64(ours.speed()), "by cells, without faults")
	p.line(int64(theirs.speed()), "by mutexes, without faults: two locks, in order, around the same work")
	p.printf(`
  Mutexes are faster, and contain nothing. A hook that fails has to take back by itself what
  it has changed; one that hangs locks two accounts for ever, as nothing can make it let go; an
  auditor stops the whole bank. Nobody may take a lock out of order, and none while he waits.
`)
}

// String returns the amount as "€14.50".
func (c Cents) String() string {
	sign := ""
	if c < 0 {
		sign, c = "-", -c
	}
	return fmt.Sprintf("%s€%s.%02d", sign, thousands(int64(c/100)), c%100)
}

// thousands returns n as "1,000,000"; n is not negative.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
