package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/hooktx/hooks"
)

// printReports prints the reports of one order of each interesting kind.
func printReports(p *printer, records []*record) {
	show := func(title string, match func(*record) bool) {
		for _, r := range records {
			if r.report == nil || !match(r) {
				continue
			}
			p.title("%s: %s", r.order.ID, title)
			p.printf("%v", r.report)
			for _, late := range r.late {
				p.printf("later: %s\n", late)
			}
			return
		}
	}
	show("refused by one of two checks, which ended the other", func(r *record) bool {
		return r.failedIn == "checks/fraud"
	})
	show("committed, without an optional hook", func(r *record) bool {
		return r.committed && len(r.dropped) > 0
	})
	show("rolled back, and nobody could know whether the card was charged", func(r *record) bool {
		return slices.ContainsFunc(r.report.Rollbacks, func(u hooks.RollbackResult) bool {
			return u.Effect == hooks.EffectUnknown
		}) && !errors.Is(r.err, hooks.ErrTimeout)
	})
	show("a hook was given up, and undone when it ended at last", func(r *record) bool {
		return len(r.late) > 0
	})
}

// printMetrics prints the executor's metrics.
func printMetrics(p *printer, m hooks.Metrics) {
	p.title("METRICS")
	p.paragraph("executions", fmt.Sprintf("%d: %d committed, %d failed (%.1f %%); something was undone in %d (%.1f %%)",
		m.Executions, m.Commits, m.Failures, m.FailureRate(), m.RolledBack, m.RollbackRate()))
	p.paragraph("hook runs", fmt.Sprintf("%d: %d succeeded, %d rejected, %d failed, %d timed out (%.1f %%), "+
		"%d cancelled, %d panicked, %d invalid; the order went on after %d of them",
		m.Runs.Total(), m.Runs.Succeeded, m.Runs.Rejected, m.Runs.Failed, m.Runs.TimedOut, m.TimeoutRate(),
		m.Runs.Cancelled, m.Runs.Panicked, m.Runs.Invalid, m.ContinuedFailures))
	p.paragraph("undo calls", fmt.Sprintf("%d, %d of them failed; and %d late ones, %d of them failed",
		m.Rollbacks, m.RollbackFailures, m.LateCompensations, m.LateFailures))
	p.paragraph("rounds", fmt.Sprintf("%d lost to another order that took the same article, undone and run again", m.Conflicts))
	p.paragraph("abandoned", fmt.Sprintf("%d hooks, %d of which have ended", m.AbandonedEver, m.LateEnds))
	p.printf("\n  %-14s %6s %10s %8s %8s %10s %10s\n", "hook", "runs", "succeeded", "undone", "failed", "p50 ≤", "p99 ≤")
	for _, name := range slices.Sorted(maps.Keys(m.Hooks)) {
		h := m.Hooks[name]
		p.printf("  %-14s %6d %10d %8d %8d %10v %10v\n", name, h.Runs.Total(), h.Runs.Succeeded,
			h.Rollbacks, h.RollbackFailures, h.Latency.Quantile(0.5), h.Latency.Quantile(0.99))
	}
}
