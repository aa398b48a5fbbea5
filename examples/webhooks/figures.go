package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hooktx/hooks"
)

// print writes the figures of a run.
func (r *Run) print(w io.Writer, m hooks.Metrics) {
	line := func(label, format string, args ...any) {
		fmt.Fprintf(w, "%-12s %s\n", label, fmt.Sprintf(format, args...))
	}
	line("posted", "%d webhooks of %d bytes in %v", len(r.First), sum(r.First, bodyBytes), r.FirstTook.Round(time.Millisecond))
	line("answered", "%s", codes(r.First))
	line("executions", "%s", verdicts(r.First))
	line("redelivered", "%s: %s; %s", codes(r.Again), verdicts(r.Again), "a duplicate commits and writes nothing")
	line("hostile", "%s: %s", codes(r.Hostile), verdicts(r.Hostile))

	stored := filter(r.First, committed)
	line("stored", "%d rows of %d bytes (sent: %d)", len(stored), sum(stored, storedBytes), sum(stored, bodyBytes))
	line("redacted", "%d addresses and %d secrets in %d of %d events", sum(stored, addresses), sum(stored, secrets),
		len(filter(stored, func(p *Post) bool { return addresses(p)+secrets(p) > 0 })), len(stored))
	for _, hook := range []string{"decode", "redact", "enrich"} {
		line("state", "after %s %s bytes, %.1f × the body", hook, spread(values(stored, stateSize(hook)), whole),
			float64(sum(stored, stateSize(hook)))/float64(sum(stored, bodyBytes)))
	}

	line("time", "all executions %s", spread(values(r.First, duration), asTime))
	line("", "committed ones %s", spread(values(stored, duration), asTime))
	for i, hook := range []string{"verify", "decode", "redact", "enrich", "store", "notify"} {
		ran := filter(r.First, func(p *Post) bool { return p.result(i).Attempts > 0 })
		line("", "%-14s %s, copying %s", hook, spread(values(ran, func(p *Post) int64 { return int64(p.result(i).Duration) }), asTime),
			spread(values(ran, func(p *Post) int64 { return int64(p.result(i).CopyDuration) }), asTime))
	}

	fmt.Fprintln(w, "\nwhat was not stored:")
	for _, p := range r.First {
		if p.Verdict.Err != nil {
			fmt.Fprintf(w, "  %-48s %d %s\n      %v\n", p.File, p.Code, undone(p.Verdict.Report), p.Verdict.Err)
		}
	}
	r.printChanges(w, stored)
	printMetrics(w, m)
}

// printChanges writes what each hook changed in one event, the one in which redact
// had most to do. Changes are content, and here even what redact removes: a program
// with real data would not show them, nor track them without need.
func (r *Run) printChanges(w io.Writer, stored []*Post) {
	if len(stored) == 0 {
		return
	}
	p := slices.MaxFunc(stored, func(a, b *Post) int { return cmp.Compare(len(a.result(2).Changes), len(b.result(2).Changes)) })
	fmt.Fprintf(w, "\nwhat the hooks changed in %s:\n", p.File)
	for _, res := range p.Verdict.Report.Results() {
		for i, c := range res.Changes {
			if i == 5 {
				fmt.Fprintf(w, "  %-7s and %d more\n", res.Hook, len(res.Changes)-i)
				break
			}
			fmt.Fprintf(w, "  %-7s %s: %s → %s\n", res.Hook, c.Path, brief(c.Before), brief(c.After))
		}
	}
}

func printMetrics(w io.Writer, m hooks.Metrics) {
	fmt.Fprintf(w, "\nmetrics      %d executions = %d commits + %d failures (%.1f %%), %d refused\n",
		m.Executions, m.Commits, m.Failures, m.FailureRate(), m.Refused)
	fmt.Fprintf(w, "             %d hook runs, of which timed out %.1f %%\n", m.Runs.Total(), m.TimeoutRate())
	fmt.Fprintf(w, "             %d undo calls in %d executions (%.1f %%), %d of them failed\n",
		m.Rollbacks, m.RolledBack, m.RollbackRate(), m.RollbackFailures)
	fmt.Fprintf(w, "             %d calls abandoned, %d ended late, %d late compensations\n",
		m.AbandonedEver, m.LateEnds, m.LateCompensations)
	for _, name := range slices.Sorted(maps.Keys(m.Hooks)) {
		h := m.Hooks[name]
		fmt.Fprintf(w, "  %-10s %3d succeeded, %3d failed, %3d rejected, %3d timed out, %3d undo calls; p50 ≤ %v, p99 ≤ %v\n", name,
			h.Runs.Succeeded, h.Runs.Failed, h.Runs.Rejected, h.Runs.TimedOut, h.Rollbacks, h.Latency.Quantile(.5), h.Latency.Quantile(.99))
	}
	fmt.Fprintln(w)
}

// result returns the result of the chain's hook i.
func (p *Post) result(i int) (r hooks.Result) {
	if rep := p.Verdict.Report; rep != nil && i < len(rep.Results()) {
		r = rep.Results()[i]
	}
	return r
}

func committed(p *Post) bool  { return p.Verdict.Report != nil && p.Verdict.Report.Committed }
func bodyBytes(p *Post) int64 { return int64(len(p.Body)) }
func duration(p *Post) int64  { return int64(p.Verdict.Report.Duration) }
func addresses(p *Post) int64 { return int64(p.redacted().Addresses) }
func secrets(p *Post) int64   { return int64(p.redacted().Secrets) }

func (p *Post) redacted() Redacted {
	r, _ := hooks.ResultOf[Redacted](p.Verdict.Report, "redact")
	return r
}

func storedBytes(p *Post) int64 {
	stored, _ := p.Verdict.Stored()
	return int64(stored.Bytes)
}

func stateSize(hook string) func(*Post) int64 {
	return func(p *Post) int64 {
		i := slices.IndexFunc(p.Verdict.Report.Results(), func(r hooks.Result) bool { return r.Hook == hook })
		return p.result(i).StateSize
	}
}

// codes counts posts by status, such as "200: 41, 502: 3".
func codes(posts []*Post) string {
	return tally(posts, func(p *Post) string { return fmt.Sprint(p.Code, " ", http.StatusText(p.Code)) })
}

// verdicts counts posts by what became of their chain.
func verdicts(posts []*Post) string {
	return tally(posts, func(p *Post) string {
		switch rep := p.Verdict.Report; {
		case rep == nil:
			return "unknown"
		case rep.Committed:
			return "committed"
		case slices.ContainsFunc(rep.Results(), func(r hooks.Result) bool { return r.Outcome == hooks.OutcomeRejected }):
			return "rejected"
		}
		return "rolled back"
	})
}

func tally(posts []*Post, class func(*Post) string) string {
	counts := map[string]int{}
	for _, p := range posts {
		counts[class(p)]++
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d × %s", counts[name], name))
	}
	return strings.Join(parts, ", ")
}

// undone says which hooks were undone, newest first.
func undone(r *hooks.Report) string {
	var names []string
	for _, u := range r.Rollbacks {
		names = append(names, fmt.Sprintf("%s (%v)", u.Hook, u.Effect))
	}
	return "undone: " + strings.Join(names, ", ")
}

func filter(posts []*Post, keep func(*Post) bool) (kept []*Post) {
	for _, p := range posts {
		if keep(p) {
			kept = append(kept, p)
		}
	}
	return kept
}

func values(posts []*Post, of func(*Post) int64) (vs []int64) {
	for _, p := range posts {
		vs = append(vs, of(p))
	}
	slices.Sort(vs)
	return vs
}

func sum(posts []*Post, of func(*Post) int64) (n int64) {
	for _, p := range posts {
		n += of(p)
	}
	return n
}

// spread says sorted values by their median, 99th percentile and maximum.
func spread(vs []int64, show func(int64) string) string {
	if len(vs) == 0 {
		return "none"
	}
	at := func(q float64) string { return show(vs[int(q*float64(len(vs)-1)+.5)]) }
	return fmt.Sprintf("p50 %s p99 %s max %s", at(.5), at(.99), at(1))
}

func whole(n int64) string  { return fmt.Sprint(n) }
func asTime(n int64) string { return time.Duration(n).Round(time.Microsecond).String() }

func brief(s string) string {
	if s == "" {
		return "(nothing)"
	}
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
