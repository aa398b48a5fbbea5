package nemesis

import (
	"fmt"
	"strings"

	"github.com/hooktx/hooks"
)

// A tally counts what has occurred, so that a generator which makes nothing of a kind any more
// is found out.
type tally [kindsOfThings]int

// The kinds of things that must occur.
const (
	commits = iota
	failures
	dryRuns
	timeouts
	rollbacks
	lateCompensations
	continued
	conflicts
	groups // and the other kinds of nodes
	sequences
	parallels
	retries
	triedAgain
	nested // groups in groups
	narrow // parallel groups with a limit
	notRun // hooks that were skipped because of a failure
	readOnly
	withoutSnapshots
	withoutRollback
	validators
	mergesJudged
	hookTimeouts
	groupTimeouts
	tooLong     // TotalTimeout
	gaveUp      // the caller
	callerLate  // his deadline
	siblings    // a member that ended because another had failed
	graceful    // with a grace
	rollbackOut // TotalRollbackTimeout was used up
	runningStill
	keysUsedUp // an undo call of a second effect
	edits
	reads
	editRefused
	slowCopies
	traces
	tracesPanic
	tracesExit
	loggersPanic
	loggersExit
	phasesFirst
	phasesLast   = phasesFirst + int(hooks.PhaseOnRollback)
	outcomeFirst = phasesLast + 1
	outcomeLast  = outcomeFirst + int(hooks.OutcomeSkipped)
	endingFirst  = outcomeLast + 1
	endingLast   = endingFirst + int(exits)
	copyFirst    = endingLast + 1
	copyLast     = copyFirst + int(copyIsSlow)
	classFirst   = copyLast + 1
	undoFirst    = classFirst + 18 // the classes of the kinds type
	undoLast     = undoFirst + int(hooks.EffectUnknown)

	kindsOfThings = undoLast + 1
)

var thingNames = [...]string{
	"commits", "failures", "dry runs", "timeouts", "rollbacks", "late compensations", "continued failures", "conflicts",
	"groups", "sequences", "parallel groups", "retries", "further attempts", "nested groups", "parallel groups with a limit",
	"hooks skipped", "read-only hooks", "without snapshots", "without rollback", "with validators", "merged versions judged",
	"hooks over their limit", "groups over their limit", "TotalTimeout", "callers that gave up", "callers' deadlines",
	"members ended by another", "with a grace", "TotalRollbackTimeout used up", "calls that still ran", "second effects undone",
	"cells edited", "cells read", "edits refused", "slow copies", "traces", "traces that panic", "traces that exit",
	"loggers that panic", "loggers that exit",
}

func thingName(i int) string {
	switch {
	case i < len(thingNames):
		return thingNames[i]
	case i <= phasesLast:
		return "failures in phase " + hooks.Phase(i-phasesFirst).String()
	case i <= outcomeLast:
		return "outcome " + hooks.Outcome(i-outcomeFirst).String()
	case i <= endingLast:
		return "ending " + ending(i-endingFirst).String()
	case i <= copyLast:
		return fmt.Sprintf("copy fault %d", i-copyFirst)
	case i < undoFirst:
		return "class " + kinds(1<<(i-classFirst)).String()
	}
	return "undo call of an effect " + hooks.Effect(i-undoFirst).String()
}

// never occur: nothing fails in these phases, and no error has a class that is nobody's.
var neverOccurs = map[int]bool{
	phasesFirst + int(hooks.PhaseOnCommit): true, phasesFirst + int(hooks.PhaseRollback): true, phasesFirst + int(hooks.PhasePrepare): true,
}

// requireAll fails the test if something has not occurred.
func (n *nemesis) requireAll() {
	for i, count := range n.tally {
		if count == 0 && !neverOccurs[i] {
			n.Errorf("there were no %s", thingName(i))
		}
	}
}

// shares says how often the most important things have occurred, in percent.
func (c *tally) shares(played int) string {
	var parts []string
	for i := commits; i <= retries; i++ {
		parts = append(parts, fmt.Sprintf("%.1f%% %s", 100*float64(c[i])/float64(max(1, played)), thingName(i)))
	}
	return strings.Join(parts, ", ")
}

// is counts a thing that a chain has or has not.
func (c *tally) is(thing int, has bool) {
	if has {
		c[thing]++
	}
}

func (c *tally) count(p *plan, s *seen) {
	c.is(commits, s.Committed)
	c.is(failures, s.Kinds != 0)
	c.is(dryRuns, p.dry)
	c.is(timeouts, s.Metrics.Runs.TimedOut > 0)
	c.is(rollbacks, len(s.Undone) > 0)
	c.is(lateCompensations, s.Metrics.LateCompensations > 0)
	c.is(continued, s.Metrics.ContinuedFailures > 0)
	c.is(withoutSnapshots, p.live)
	c.is(withoutRollback, p.noRollback)
	c.is(validators, p.judged)
	c.is(tooLong, p.total.at < s.Took)
	c.is(gaveUp, p.parent.cause == cancelled && p.parent.at < s.Took)
	c.is(callerLate, p.parent.cause == expired && p.parent.at < s.Took)
	c.is(graceful, p.grace > 0)
	c.is(runningStill, s.Running > 0)
	c.listeners(p)
	if s.Kinds != 0 {
		c[phasesFirst+int(s.Phase)]++
	}
	c.classes(s.Kinds)
	for _, n := range p.nodes[1:] {
		c.node(n, &s.Results[n.id])
	}
	for _, u := range s.Undone {
		c[undoFirst+int(u.Effect)]++
		c.is(rollbackOut, p.rollbackTotal < never && u.Kinds == timeout|deadlineExceeded && u.Took == 0)
	}
	for i := range s.Log {
		c.call(&s.Log[i], p.nodes[s.Log[i].Node])
	}
}

func (c *tally) listeners(p *plan) {
	c.is(traces, p.trace != absent)
	c.is(tracesPanic, p.trace == panicking)
	c.is(tracesExit, p.trace == exiting)
	c.is(loggersPanic, p.logger == panicking)
	c.is(loggersExit, p.logger == exiting)
}

func (c *tally) classes(k kinds) {
	for i := range undoFirst - classFirst {
		c.is(classFirst+i, k&(1<<i) != 0)
	}
}

func (c *tally) node(n *node, r *resultSeen) {
	c[outcomeFirst+int(r.Outcome)]++
	c.is(groups, n.kind != leafNode)
	c.is(sequences, n.kind == sequenceNode)
	c.is(parallels, n.kind == parallelNode)
	c.is(retries, n.kind == retryNode)
	c.is(narrow, n.width > 0)
	c.is(nested, n.kind != leafNode && strings.Contains(n.path, "/"))
	c.is(notRun, n.kind == leafNode && r.Outcome == hooks.OutcomeSkipped)
	c.is(readOnly, n.readOnly)
	c.is(triedAgain, r.Attempts > 1)
	c.is(conflicts, r.Outcome == hooks.OutcomeConflict)
	c.is(hookTimeouts, n.kind == leafNode && r.Outcome == hooks.OutcomeTimedOut && r.Took >= n.timeout)
	c.is(groupTimeouts, n.kind != leafNode && r.Outcome == hooks.OutcomeTimedOut && r.Took >= n.timeout)
	c.classes(r.Kinds)
	c.is(siblings, r.Kinds&canceled != 0)
}

func (c *tally) call(s *callSeen, n *node) {
	c.is(edits, s.What == cellEdit && !s.Refused)
	c.is(reads, s.What == cellRead)
	c.is(editRefused, s.Refused)
	c.is(slowCopies, s.What == what(hooks.PhaseCopy))
	c.is(mergesJudged, n.kind == parallelNode && s.What == what(hooks.PhaseValidateState))
	c.is(keysUsedUp, s.What == what(hooks.PhaseRollback) && s.Key > 1)
	if s.What == what(hooks.PhaseExecute) {
		c[endingFirst+int(n.run(s.Attempt).ends)]++
		c[copyFirst+int(n.copying)]++
	}
}
