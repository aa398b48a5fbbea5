package nemesis

import (
	"fmt"
	"strings"
	"time"

	"github.com/hooktx/hooks"
)

// A plan says what a chain is made of and what each call of user code in it does.
type plan struct {
	root   *node // a sequence, whose members are the chain
	nodes  []*node
	leaves []*node

	parent, total   limit // the caller's cancellation or deadline, and TotalTimeout
	chain           limit // the earlier of the two
	grace           time.Duration
	rollbackTimeout time.Duration
	rollbackTotal   time.Duration
	defaultTimeout  time.Duration

	live, dry, noRollback, judged, rich bool

	logger, trace listener
	detailed      bool // DetailedLogging
	tracked       bool // TrackChanges
}

// A listener is how a logger, or the callbacks of a trace, behave.
type listener uint8

const (
	absent listener = iota
	attentive
	panicking
	exiting
)

// A limit is an instant from which on a call is late, and what that means.
type limit struct {
	at    time.Duration // since the execution began
	cause cause
	of    *node // the group whose limit it is
}

// A cause is why a call was late.
type cause uint8

const (
	inTime    cause = iota
	overOwn         // the call's own limit
	overGroup       // that of a group
	overTotal       // TotalTimeout
	cancelled       // the caller gave up
	expired         // the caller's deadline
	tied            // another member of a parallel group has failed
)

const never = time.Duration(1 << 60)

func earlier(a, b limit) limit {
	if b.at < a.at {
		return b
	}
	return a
}

type nodeKind uint8

const (
	leafNode nodeKind = iota
	sequenceNode
	parallelNode
	retryNode
)

// A node is a hook or a group. It is as the library sees it after all edits of With.
type node struct {
	kind    nodeKind
	id      int // its place in the tree, parents first
	name    string
	path    string
	index   int
	branch  int // the innermost member of a parallel group that it is in, by id; 0: none
	members []*node

	timeout     time.Duration // never: none
	inherits    bool          // the timeout is the executor's default
	continues   bool
	readOnly    bool
	dryRunnable bool

	width  int   // of a parallel group, 0: no limit
	check  *task // the validator, when the members' changes have been merged
	policy retrying
	*leaf
}

// Retrying is the policy of a retry.
type retrying struct {
	attempts                     int
	afterTimeout, afterAbandoned bool
	asks                         asking
}

// Asking is what RetryPolicy.If does.
type asking uint8

const (
	noQuestion asking = iota
	saysYes
	saysNo
	panicsAsked
)

// A leaf is what a hook does.
type leaf struct {
	number int

	event, judge, verify *task // nil: it has no such ability, or nobody judges it
	runs                 []task
	copying              copyFault
	copyTakes            time.Duration
	undo                 *task
	steps, before, after []task // registered with OnRollback, BeforeCommit and OnCommit
	uses                 []use
	clashes              bool // it writes to a place that others write to
}

// run is what the start of that number does, from 1.
func (l *leaf) run(start int) *task { return &l.runs[min(start, len(l.runs))-1] }

// A use is what a hook does with a cell.
type use struct {
	cell    int
	edits   bool // else it reads
	clashes bool
}

// A copyFault is what is wrong with the state that a hook leaves.
type copyFault uint8

const (
	copiesWell copyFault = iota
	tooLarge
	copyPanics
	copyExits
	copyIsNil
	copyIsSlow
)

// A task is what one call of user code does: it sleeps, and ends.
type task struct {
	takes  time.Duration
	manner manner
	ends   ending
}

// A manner is what the end of its context means to a call.
type manner uint8

const (
	deaf   manner = iota // nothing
	polite               // it ends at once, as it would have
	frank                // it ends at once, with the error of its context
)

// An ending is how a call of user code ends, if it does.
type ending uint8

const (
	returnsNil ending = iota
	fails
	rejects
	unknown
	skipsRest
	panicsText
	panicsError
	panicsNil
	writesNilMap
	exits
)

var endingNames = [...]string{
	"returns nil", "fails", "rejects", "unknown", "skips the rest", "panics with a text", "panics with an error",
	"panics with nil", "writes a nil map", "exits",
}

func (e ending) String() string { return endingNames[e] }

var endingKinds = [...]kinds{
	fails: boom, unknown: boom, rejects: rejected | boom, panicsText: panicked, panicsNil: panicked | runtimeError,
	panicsError: panicked | boom, writesNilMap: panicked | runtimeError, exits: exited,
}

var endingOutcomes = [...]hooks.Outcome{
	fails: hooks.OutcomeFailed, unknown: hooks.OutcomeFailed, rejects: hooks.OutcomeRejected, exits: hooks.OutcomeExited,
	panicsText: hooks.OutcomePanicked, panicsNil: hooks.OutcomePanicked,
	panicsError: hooks.OutcomePanicked, writesNilMap: hooks.OutcomePanicked,
}

// The plan in readable form.

func (p *plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "plan: the caller ends it at %v, TotalTimeout %v, grace %v, rollback timeouts %v and %v, default timeout %v\n",
		p.parent, p.total, p.grace, p.rollbackTimeout, p.rollbackTotal, p.defaultTimeout)
	fmt.Fprintf(&b, "live %t, dry %t, no rollback %t, judged %t, rich %t, logger %d, trace %d, detailed %t, tracked %t\n",
		p.live, p.dry, p.noRollback, p.judged, p.rich, p.logger, p.trace, p.detailed, p.tracked)
	for _, n := range p.root.members {
		n.show(&b, "  ")
	}
	return b.String()
}

func (l limit) String() string {
	if l.at >= never {
		return "never"
	}
	return fmt.Sprintf("%v (%d)", l.at, l.cause)
}

func (n *node) show(b *strings.Builder, indent string) {
	fmt.Fprintf(b, "%s%s %s", indent, [...]string{"hook", "sequence", "parallel", "retry"}[n.kind], n.path)
	if n.timeout < never {
		fmt.Fprintf(b, ", timeout %v", n.timeout)
	}
	for i, is := range [...]bool{n.continues, n.readOnly, n.dryRunnable} {
		if is {
			b.WriteString([...]string{", continue", ", read-only", ", dry-runnable"}[i])
		}
	}
	switch n.kind {
	case parallelNode:
		fmt.Fprintf(b, ", %d at a time, check %v", n.width, n.check)
	case retryNode:
		fmt.Fprintf(b, ", %+v", n.policy)
	case leafNode:
		n.leaf.show(b)
	}
	b.WriteString("\n")
	for _, m := range n.members {
		m.show(b, indent+"  ")
	}
}

func (l *leaf) show(b *strings.Builder) {
	fmt.Fprintf(b, ": runs %v", l.runs)
	for i, t := range [...]*task{l.event, l.judge, l.verify, l.undo} {
		if t != nil {
			fmt.Fprintf(b, ", %s %v", [...]string{"event", "judge", "verify", "undo"}[i], t)
		}
	}
	for i, list := range [...][]task{l.steps, l.before, l.after} {
		if list != nil {
			fmt.Fprintf(b, ", %s %v", [...]string{"steps", "before", "after"}[i], list)
		}
	}
	if l.copying != copiesWell {
		fmt.Fprintf(b, ", copy fault %d takes %v", l.copying, l.copyTakes)
	}
	if l.uses != nil || l.clashes {
		fmt.Fprintf(b, ", cells %+v, clashes %t", l.uses, l.clashes)
	}
}

func (t task) String() string {
	return fmt.Sprintf("(%s%v, %v)", [...]string{"", "politely ", "frankly "}[t.manner], t.takes, t.ends)
}
