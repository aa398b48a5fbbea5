package hooks

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Sequence makes one hook of several, which run one after the other: a transaction within
// the chain's. If a member fails (and does not say Continue), the whole sequence fails: its
// members that were kept are undone, newest first, and what [With] says of the sequence
// decides what that means for the chain. Under Continue the chain goes on with the state
// from before the sequence.
//
// A group such as this is no hook of its own: it is not counted as a run, has no timeout
// unless With gives it one (for all its members together), and no Rollback besides those of
// its members. Members are told apart by path, `name/member`: in reports, errors, Info and
// idempotency keys. [SkipRest], returned by a member, ends the whole chain early and well.
//
// A group runs only as a member of a chain that was given to an executor: its Execute, called
// by somebody else, returns an error.
func Sequence[T any](name string, members ...Hook[T]) Hook[T] {
	return newGroup(sequenceGroup, name, members)
}

// Parallel makes one hook of several, which run at the same time, each on a copy of the same
// state. What they changed is merged, place by place, whoever finished first, and the merged
// state is judged like that of a hook.
//
// Structs are merged field by field, maps key by key, arrays, and slices whose length is the
// same, element by element, pointers through what they point to. A slice of another length is
// one value, as are numbers, strings, slices of bytes and types with a DeepCopy method. The
// same change made by several members is one change. Different changes of one place are an
// [ErrConflict], and so is to remove a thing and to change a part of it.
//
// If a member fails (and does not say Continue), the contexts of the others end, with a cause
// that names it, and no further hook of theirs starts. The group waits for each until it
// returns or has reached its limit, then fails with the error of the first member, in the
// order in which they stand here, that did not fail because of this; other errors are joined.
// Members are undone last first. A member that is a sequence is one member: its hooks run one
// after the other.
//
// What holds of a [Sequence] as a group holds of this one. SkipRest lets the other members
// end and skips what comes after the group.
func Parallel[T any](name string, members ...Hook[T]) Hook[T] {
	return newGroup(parallelGroup, name, members)
}

// ParallelN is Parallel, but at most n members run at a time. They start in order.
func ParallelN[T any](n int, name string, members ...Hook[T]) Hook[T] {
	g := newGroup(parallelGroup, name, members)
	if g.width = n; n < 1 {
		g.bad = fmt.Sprintf("lets %d members run at a time; let at least one", n)
	}
	return g
}

// A RetryPolicy says when a hook that has failed is tried again.
type RetryPolicy struct {
	// Attempts is how often the hook is started at most, the first time included: from 1 to
	// 10000.
	Attempts int

	// Backoff is the pause before the second attempt. It doubles with each further one, up to
	// MaxBackoff (0: no bound). Of each pause, a random part of up to half is left out, so
	// that many that failed together do not come again together.
	Backoff    time.Duration
	MaxBackoff time.Duration

	// Budget limits all attempts and pauses together, as a Timeout that With gives to the retry
	// does; 0 is no limit. No attempt starts that would begin past it, and one that runs ends
	// with it.
	Budget time.Duration

	// If, if not nil, is asked whether to try again after err, the hook's own error. It is
	// asked after everything below was: it cannot allow what they exclude. If it panics or does not return, that is a no.
	If func(err error) bool

	// AfterTimeout allows another attempt after one that has exceeded its time limit but has
	// ended. AfterAbandoned allows it even after one that has not ended: two of them may then
	// be at work at the same time, with the same idempotency key. The one that was given up is
	// undone when it ends, unless an effect with its key was committed; so there may be two
	// undo calls with the same key.
	AfterTimeout, AfterAbandoned bool
}

// Retry makes a hook that is tried again if it fails. Before another attempt, all that the
// last one left is undone, and the state is what it was before it; each attempt has a copy, a
// context and a limit of its own. What counts is the last one.
//
// There is no further attempt after a failure that another try would not mend or must not
// follow: a hook that says no ([Reject]), an invalid event, result or state, an undo that
// failed, the end of the caller's context or of a limit of the whole. [Options.OnFailure] is
// the hook's own, and says what it means that the last attempt has failed. A group is tried
// again as a whole.
//
// Retry does not show in paths. Info.Attempt counts the attempts, and so does Result.Attempts.
// The idempotency key is the same for all attempts until an undo call for one of them was
// made; the next attempt means another effect then, and gets another key.
func Retry[T any](hook Hook[T], policy RetryPolicy) Hook[T] {
	g := newGroup(retryGroup, "", []Hook[T]{hook})
	g.policy, g.bad = policy, policy.check()
	return g
}

// maxAttempts bounds RetryPolicy.Attempts.
const maxAttempts = 10_000

func (p *RetryPolicy) check() string {
	switch {
	case p.Attempts < 1 || p.Attempts > maxAttempts:
		return fmt.Sprintf("has a RetryPolicy with Attempts %d; give it 1 to %d", p.Attempts, maxAttempts)
	case p.Backoff < 0 || p.MaxBackoff < 0 || p.Budget < 0:
		return fmt.Sprintf("has a RetryPolicy with a negative Backoff (%v), MaxBackoff (%v) or Budget (%v)", p.Backoff, p.MaxBackoff, p.Budget)
	}
	return ""
}

// groupKind is what a group does with its members.
type groupKind uint8

const (
	noGroup groupKind = iota
	sequenceGroup
	parallelGroup
	retryGroup
)

// A group is a hook that is made of others. It is not written once it was made.
type group[T any] struct {
	kind    groupKind
	name    string
	members []Hook[T]
	width   int // how many members of a parallel group run at a time; 0: all
	policy  RetryPolicy
	depth   int    // how many groups are inside each other, itself included
	bad     string // what is wrong with it
}

// maxDepth bounds how deep groups may be inside each other.
const maxDepth = 100

func newGroup[T any](kind groupKind, name string, members []Hook[T]) *group[T] {
	g := &group[T]{kind: kind, name: name, members: append([]Hook[T](nil), members...), depth: 1}
	for _, m := range g.members {
		if inner := groupOf(m); inner != nil {
			g.depth = max(g.depth, 1+inner.depth)
		}
	}
	return g
}

// groupOf returns the group that h is, whatever With and Around have made of it; nil if it is none.
func groupOf[T any](h Hook[T]) *group[T] {
	for {
		switch x := h.(type) {
		case *group[T]:
			return x
		case *edited[T]:
			h = x.Hook
		case *surrounded[T]:
			h = x.Hook
		default:
			return nil
		}
	}
}

// Name returns the group's name; a retried hook's is its own.
func (g *group[T]) Name() string {
	if g.kind == retryGroup && g.members[0] != nil {
		return g.members[0].Name()
	}
	return g.name
}

// Execute fails: executors look into a group.
func (g *group[T]) Execute(context.Context, *T) (any, error) {
	return nil, errGroupExecuted
}

var errGroupExecuted = errors.New("hooks: a Sequence, Parallel or Retry was called as a plain hook; give it to an executor itself, not inside of a hook of another type")

// A groupStep is what there is to know of a group.
type groupStep[T any] struct {
	kind    groupKind
	members []step[T]
	width   int
	policy  RetryPolicy
}

// resolveGroup is resolve for a group and its members.
func resolveGroup[T any](g *group[T]) (step[T], error) {
	st := step[T]{name: g.name, group: &groupStep[T]{kind: g.kind, width: g.width, policy: g.policy}}
	if g.depth > maxDepth {
		return st, invalidHook(fmt.Sprintf("has more than %d groups inside each other", maxDepth))
	}
	for i, m := range g.members {
		inner, err := resolve(m)
		inner.index = i
		if g.kind == retryGroup {
			st.name, st.options = inner.name, inner.options
			st.options.Timeout, inner.options.OnFailure = 0, Abort
		} else if err != nil {
			err = fmt.Errorf("member %d of %q: %w", i, g.name, err)
		} else if first := placeOf(inner.name, st.group.members); first >= 0 {
			err = &said{ErrDuplicateHook, fmt.Sprintf("duplicate hook %q: it is member %d of %q already; names must be unique within a group", inner.name, first, g.name)}
		}
		if err != nil {
			return st, err
		}
		st.group.members = append(st.group.members, inner)
	}
	if g.bad != "" {
		return st, invalidHook(g.bad)
	}
	return st, st.check()
}

// share gives the hook that is retried the options that are its own, after With has edited
// those of the retry.
func (g *groupStep[T]) share(o *Options) error {
	if g == nil || g.kind != retryGroup {
		return nil
	}
	m := &g.members[0]
	m.options.ReadOnly, m.options.DryRunnable, m.options.Version = o.ReadOnly, o.DryRunnable, o.Version
	if err := m.group.share(&m.options); err != nil {
		return err
	}
	return m.check()
}

// A role is what a step of a chain is. A group stands in the list of a chain's steps as its
// first step, its members, and its last step.
type role uint8

const (
	hookStep role = iota
	firstStep
	lastStep
)

// A place is what a report and Info have to know of a step.
type place struct {
	role  role
	plain bool  // it does not show: a retry
	index int32 // among the members of its group, or in the chain
	last  int32 // of a group: where its last step is
}

// layOut returns the list of a chain's steps, with paths for names. It returns steps itself
// if there are no groups.
func layOut[T any](steps []step[T]) (flat []step[T], places []place) {
	for i := range steps {
		if steps[i].group != nil {
			return layInto(nil, nil, steps, "")
		}
	}
	return steps, nil
}

func layInto[T any](flat []step[T], places []place, steps []step[T], prefix string) ([]step[T], []place) {
	for _, st := range steps {
		if st.group == nil {
			st.name = prefix + st.name
			flat, places = append(flat, st), append(places, place{index: int32(st.index)})
			continue
		}
		first, inside := len(flat), prefix
		st.role, st.name = firstStep, prefix+st.name
		plain := st.group.kind == retryGroup
		if !plain {
			inside = st.name + "/"
		} else {
			st.group.members[0].index = st.index
		}
		flat, places = append(flat, st), append(places, place{firstStep, plain, int32(st.index), 0})
		flat, places = layInto(flat, places, st.group.members, inside)
		last := len(flat)
		flat[first].other, places[first].last = int32(last), int32(last)
		end := step[T]{name: st.name, index: st.index, role: lastStep, other: int32(first), group: st.group}
		flat, places = append(flat, end), append(places, place{role: lastStep, plain: true, index: int32(st.index)})
	}
	return flat, places
}
