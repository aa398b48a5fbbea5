package nemesis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/hooktx/hooks"
)

const (
	maxLeaves = 6
	maxNodes  = 24
	cells     = 2
)

// All that can be seen of an execution, and of what comes after it.
type seen struct {
	Committed bool
	Kinds     kinds
	Hook      string
	Index     int
	Phase     hooks.Phase
	Undoing   int // failed undo calls in the error

	State sheet
	Cells [cells]cellSeen

	Results [maxNodes]resultSeen
	Undone  []undoSeen
	After   []undoSeen
	Took    time.Duration
	Running int // calls that were given up and still run as it returns

	Log        []callSeen
	LateUndone []undoSeen
	Metrics    hooks.Metrics
}

// A sheet is what a state or a cell's value says: how often each hook has written to it.
type sheet struct {
	Wrote [maxLeaves]int8
	Clash int8 // the number of the hook that wrote there last, from 1
}

type cellSeen struct {
	Value   sheet
	Version uint64
}

type resultSeen struct {
	Outcome   hooks.Outcome
	Kinds     kinds
	Valued    bool
	Warnings  int
	Took      time.Duration
	Abandoned bool
	Attempts  int
}

type undoSeen struct {
	Hook      string
	Step      int
	Effect    hooks.Effect
	Attempt   int
	Kinds     kinds
	Abandoned bool
	Took      time.Duration
}

// A callSeen is a call of user code, or what a hook did to a cell, or a callback.
type callSeen struct {
	At      time.Duration
	What    what
	Node    int
	Step    int
	Attempt int
	Key     int // the generation of its effect
	Effect  hooks.Effect
	Late    bool
	Valued  bool // the result of Execute was shown
	Sheet   sheet
	Before  sheet
	Refused bool
}

// What was called: a phase, or one of these.
type what uint8

const (
	cellRead what = 100 + iota
	cellEdit
	hookStarts
	hookEnds
)

func (w what) String() string {
	if w >= cellRead {
		return [...]string{"read", "edit", "hook starts", "hook ends"}[w-cellRead]
	}
	return hooks.Phase(w).String()
}

// kinds are the classes that an error matches.
type kinds uint32

const (
	timeout kinds = 1 << iota
	deadlineExceeded
	canceled
	callersCause
	panicked
	exited
	rejected
	invalidEvent
	invalidResult
	invalidState
	stateTooLarge
	notCopyable
	conflict
	unsupported
	rollbackFailed
	boom
	undoBoom
	runtimeError
	otherClass
)

var (
	errBoom  = errors.New("boom")
	errUndo  = errors.New("undoing failed")
	errCause = errors.New("the caller's cause")
)

var classes = [...]struct {
	name string
	kind kinds
	err  error
}{
	{"timeout", timeout, hooks.ErrTimeout},
	{"deadline exceeded", deadlineExceeded, context.DeadlineExceeded},
	{"canceled", canceled, context.Canceled},
	{"the caller's cause", callersCause, errCause},
	{"panic", panicked, hooks.ErrPanic},
	{"exited", exited, hooks.ErrExited},
	{"rejected", rejected, hooks.ErrRejected},
	{"invalid event", invalidEvent, hooks.ErrInvalidEvent},
	{"invalid result", invalidResult, hooks.ErrInvalidResult},
	{"invalid state", invalidState, hooks.ErrInvalidState},
	{"state too large", stateTooLarge, hooks.ErrStateTooLarge},
	{"conflict", conflict, hooks.ErrConflict},
	{"unsupported", unsupported, hooks.ErrUnsupported},
	{"rollback failed", rollbackFailed, hooks.ErrRollback},
	{"boom", boom, errBoom},
	{"undoing failed", undoBoom, errUndo},
	{"runtime error", runtimeError, nil},
	{"not copyable", notCopyable, hooks.ErrNotCopyable},
	{"too many abandoned", otherClass, hooks.ErrTooManyAbandoned},
	{"duplicate hook", otherClass, hooks.ErrDuplicateHook},
	{"invalid hook", otherClass, hooks.ErrInvalidHook},
	{"invalid argument", otherClass, hooks.ErrInvalidArgument},
	{"invalid config", otherClass, hooks.ErrInvalidConfig},
	{"ended", otherClass, hooks.ErrEnded},
	{"reentrant", otherClass, hooks.ErrReentrant},
	{"closed", otherClass, hooks.ErrClosed},
	{"skip the rest", otherClass, hooks.SkipRest},
}

// kindsOf says what errors.Is finds in err; what is not named it must not find.
func kindsOf(err error) (k kinds) {
	if err == nil {
		return 0
	}
	for i := range classes {
		if c := &classes[i]; c.err != nil && errors.Is(err, c.err) {
			k |= c.kind
		}
	}
	var broken runtime.Error
	if errors.As(err, &broken) {
		k |= runtimeError
	}
	return k
}

func (k kinds) String() string {
	var names []string
	for _, c := range classes {
		if k&c.kind != 0 {
			names = append(names, c.name)
		}
	}
	return strings.Join(names, "+")
}

func (s sheet) String() string { return fmt.Sprintf("%v clash %d", s.Wrote, s.Clash) }

// sort puts the log in order. What was done at one instant in different places of the tree has
// no order: only calls of one branch have.
func (s *seen) sort(p *plan) {
	slices.SortStableFunc(s.Log, func(a, b callSeen) int {
		if a.At != b.At {
			return cmp.Compare(a.At, b.At)
		}
		return cmp.Compare(p.nodes[a.Node].branch, p.nodes[b.Node].branch)
	})
}

// count makes the metrics that must come of what is seen.
func (s *seen) count(p *plan) {
	m := &s.Metrics
	m.Executions, m.Hooks = 1, map[string]hooks.HookMetrics{}
	switch {
	case p.dry:
		m.DryRuns = 1
	case s.Committed:
		m.Commits = 1
	default:
		m.Failures = 1
	}
	tally := func(hook string, do func(h *hooks.HookMetrics)) {
		h := m.Hooks[hook]
		do(&h)
		m.Hooks[hook] = h
	}
	for _, n := range p.leaves {
		if r := &s.Results[n.id]; r.Outcome != hooks.OutcomeSkipped {
			*runsOf(&m.Runs, r.Outcome)++
			tally(n.path, func(h *hooks.HookMetrics) { *runsOf(&h.Runs, r.Outcome)++ })
		}
	}
	undone := func(list []undoSeen, all, failed *int64) {
		for _, u := range list {
			bad := int64(0)
			if u.Kinds != 0 {
				bad = 1
			}
			*all++
			*failed += bad
			tally(u.Hook, func(h *hooks.HookMetrics) { h.Rollbacks++; h.RollbackFailures += bad })
		}
	}
	undone(s.Undone, &m.Rollbacks, &m.RollbackFailures)
	undone(s.LateUndone, &m.LateCompensations, &m.LateFailures)
	m.RolledBack = min(1, int64(len(s.Undone)))
	m.AfterCommitFailures = int64(len(s.After))
}

func runsOf(r *hooks.Runs, o hooks.Outcome) *int64 {
	return [...]*int64{
		&r.Succeeded, &r.Failed, &r.Rejected, &r.TimedOut, &r.Cancelled, &r.Panicked, &r.Exited, &r.Invalid, &r.Conflict,
	}[o]
}
