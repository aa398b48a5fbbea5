package hooks

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/hooktx/hooks/internal/call"
)

// An openGroup is a group under way.
type openGroup[T any] struct {
	first     int        // the place of its first step
	savepoint int        // what the undo log had before it
	base      version[T] // the version before it
	begun     time.Duration
	limit     *groupLimit // in force inside: its own or, if that is earlier, an outer one; nil: none
	attempt   int         // of a retry, from 1
}

// A groupLimit is the time limit of a group, for all its members together.
type groupLimit struct {
	first int           // whose it is
	until time.Duration // since run.started
	cause error
}

// enter begins the group whose first step is the next one.
func (e *execution[T]) enter() *openGroup[T] {
	st := &e.steps[e.next]
	g := openGroup[T]{first: e.next, savepoint: e.log.savepoint(), base: e.versions.current, limit: e.limit(), attempt: 1}
	e.look()
	g.begun = e.now
	d, of := st.groupTimeout()
	if until := g.begun + d; d < NoLimit-g.begun && (g.limit == nil || until < g.limit.until) {
		g.limit = &groupLimit{e.next, until, &timeLimit{of + ` "` + st.name + `"`, d}}
	}
	e.groups = append(e.groups, g)
	e.next++
	return &e.groups[len(e.groups)-1]
}

// cross goes over the first or last step of a group.
func (e *execution[T]) cross(st *step[T]) {
	if st.role == firstStep {
		e.enter()
	} else {
		e.leave()
	}
}

// groupTimeout is how long a group may take, and what to call it.
func (st *step[T]) groupTimeout() (time.Duration, string) {
	d, of := st.timeout, "the group"
	if st.group.kind == retryGroup {
		of = "all attempts of"
		if budget := st.group.policy.Budget; budget > 0 {
			d = min(d, budget)
		}
	}
	return d, of
}

// limit is the group limit in force, nil if there is none.
func (e *execution[T]) limit() *groupLimit {
	if n := len(e.groups); n > 0 {
		return e.groups[n-1].limit
	}
	return e.outside
}

// leave ends the group whose last step is the next one, which has succeeded.
func (e *execution[T]) leave() {
	g := &e.groups[len(e.groups)-1]
	e.groupDone(g, nil)
	e.groups = e.groups[:len(e.groups)-1]
	e.next++
}

// leaveEarly ends all groups: a hook has skipped the rest of the chain.
func (e *execution[T]) leaveEarly() {
	for i := len(e.groups) - 1; i >= 0; i-- {
		e.groupDone(&e.groups[i], nil)
	}
	e.groups = e.groups[:0]
	e.upTo, e.skipped = e.next, true
}

// groupDone writes a group's Result.
func (e *execution[T]) groupDone(g *openGroup[T], f *failure) {
	if e.steps[g.first].group.kind == retryGroup {
		return
	}
	res := e.report.expand(g.first)
	res.Outcome = OutcomeSucceeded
	if f != nil {
		res.Outcome, res.Err = f.outcome, f.err
	}
	if !e.core.cfg.Monitoring.SkipTiming {
		e.look()
		res.Duration = e.now - g.begun
	}
}

// keeps reports whether the current version must survive the hook that works on it next:
// because there may be a way back to it.
func (e *execution[T]) keeps(st *step[T]) bool {
	if st.options.OnFailure == Continue || e.tracked {
		return true
	}
	for i := range e.groups {
		g := &e.groups[i]
		outer := &e.steps[g.first]
		if g.base.state == e.versions.current.state && (outer.group.kind == retryGroup || outer.options.OnFailure == Continue) {
			return true
		}
	}
	return false
}

// getOver finds the innermost hook or group that gets over the failure of the step at place
// at, and says whether the chain goes on. savepoint is what the undo log had before that step;
// base is the version before it if it is a group.
func (e *execution[T]) getOver(f *failure, blamed *step[T], at, savepoint int, base version[T]) bool {
	for !f.stuck {
		st := &e.steps[at]
		if st.options.OnFailure == Continue && !f.ends(at) && !e.lost {
			if f.stuck = !e.unwind(&e.log, savepoint, e.rolledBack); f.stuck {
				break
			}
			e.continued++
			e.resume(at, base)
			return true
		}
		if len(e.groups) == 0 {
			break
		}
		g := &e.groups[len(e.groups)-1]
		if e.tryAgain(g, f) {
			return true
		}
		e.groupDone(g, f)
		at, savepoint, base = g.first, g.savepoint, g.base
		e.groups = e.groups[:len(e.groups)-1]
	}
	e.failGroups(f)
	e.fail(blamed, f.phase, f.err)
	return false
}

// failGroups ends all groups: the chain fails because of f.
func (e *execution[T]) failGroups(f *failure) {
	for i := len(e.groups) - 1; i >= 0; i-- {
		e.groupDone(&e.groups[i], f)
	}
	e.groups = e.groups[:0]
	e.why = f
}

// resume lets the chain go on after a hook or group that has been dropped.
func (e *execution[T]) resume(at int, base version[T]) {
	e.next = at + 1
	if st := &e.steps[at]; st.group != nil {
		e.next = int(st.other) + 1
		e.versions.retreat(base)
	}
}

// ends reports whether the failure is the end of more than the hook or group at place at.
func (f *failure) ends(at int) bool {
	return f.late != nil && !f.late.own && (f.late.group == nil || f.late.group.first < at)
}

// tryAgain begins another attempt of a retried group, if there may be one and what the last
// one left could be undone.
func (e *execution[T]) tryAgain(g *openGroup[T], f *failure) bool {
	st := &e.steps[g.first]
	if st.group.kind != retryGroup || !e.mayRetry(st, g, f) {
		return false
	}
	if f.stuck = !e.unwind(&e.log, g.savepoint, e.rolledBack); f.stuck {
		return false
	}
	if !e.pause(st.group.policy.pause(g.attempt), g.limit) {
		e.cutShort(f)
		return false
	}
	g.attempt++
	for i := g.first + 1; i < int(st.other); i++ {
		e.report.again(i)
	}
	e.goBack(g.first+1, g.base)
	return true
}

// mayRetry reports whether the policy allows another attempt after f.
func (e *execution[T]) mayRetry(st *step[T], g *openGroup[T], f *failure) bool {
	p := &st.group.policy
	switch {
	case g.attempt >= p.Attempts || e.lost || f.ends(g.first):
		return false
	case f.outcome == OutcomeRejected || f.outcome == OutcomeInvalid || f.outcome == OutcomeConflict:
		return false
	case f.abandoned && !p.AfterAbandoned:
		return false
	case f.late != nil && !f.abandoned && !p.AfterTimeout:
		return false
	}
	return p.If == nil || e.mustStop() != nil || e.askIf(st, f.err) // nobody is asked in vain
}

// askIf asks RetryPolicy.If, as all user code is asked. If it does not answer, that is a no.
func (e *execution[T]) askIf(st *step[T], err error) bool {
	b := e.newBudget(e.core.cfg.Execution.DefaultTimeout, `RetryPolicy.If of hook "`+st.name+`"`)
	defer b.end(errHookEnded)
	s := &scope{run: e.run, info: Info{Execution: e.id, Hook: st.name, Phase: PhaseExecute, DryRun: e.dry}}
	out, late := invoke(e.run, s, b, func(context.Context) bool { return st.group.policy.If(err) })
	return out != nil && out.How == call.Returned && late == nil && out.Value
}

// pause is how long to wait after so many attempts.
func (p *RetryPolicy) pause(attempts int) time.Duration {
	d := p.Backoff
	for range attempts - 1 {
		if d > NoLimit/2 || p.MaxBackoff > 0 && d >= p.MaxBackoff {
			break
		}
		d *= 2
	}
	if p.MaxBackoff > 0 {
		d = min(d, p.MaxBackoff)
	}
	if half := int64(d / 2); half > 0 {
		d -= time.Duration(rand.Int64N(half + 1))
	}
	return d
}

// pause waits for d, and returns false if the execution has to stop before, or if a limit
// would be reached.
func (e *execution[T]) pause(d time.Duration, limit *groupLimit) bool {
	e.look()
	if until := e.until; d >= until-e.now || limit != nil && d >= limit.until-e.now {
		return false
	}
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-e.parentDone:
		case <-e.tether.ends():
		}
	}
	return e.mustStop() == nil
}

// cutShort says in f that there might have been another attempt, had the execution not had to
// stop.
func (e *execution[T]) cutShort(f *failure) {
	if late := e.mustStop(); late != nil {
		f.late, f.err = late, &joined{f.err, late.cause, "; not tried again: "}
	}
}

// again resets the result of hook i for another attempt.
func (r *Report) again(i int) {
	attempts := r.result(i).Attempts
	r.hooks[i] = brief{}
	if attempts > 0 {
		full := r.expand(i)
		full.Outcome, full.Attempts = OutcomeSkipped, attempts
	}
}
