package hooks

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// A stepFunc is a function that a hook registered while it ran.
type stepFunc = func(ctx context.Context) error

// A record is the part of an attempt that its hook can reach, through its context, and may
// keep: so it is never used again, and there is little of it.
//
// While its hook runs the record is open, and any goroutine of the hook may add to it. It is
// sealed when the attempt has returned or was abandoned, and changes no more: whoever comes
// later is told ErrEnded.
type record struct {
	run    *run
	index  int32 // of its hook in the chain
	sealed atomic.Bool
	phase  Phase                // which call of the hook's it is
	begun  time.Duration        // when the call's budget was started, since run.started
	more   atomic.Pointer[more] // made by the first who needs it
}

// More is what few hooks need.
type more struct {
	terms // not written once the call has been opened

	mu sync.Mutex // guards what follows; never held while user code runs

	*registrations // nil if there are none

	scope *scope                     // of the call
	ended *ending                    // nil as long as the context is alive
	done  chan struct{}              // nil until asked for
	after map[*registration]struct{} // to be called at the end
}

// terms are what is not as usual for a call.
type terms struct {
	values  context.Context // made by a trace callback: where its values come from
	round   int             // 0: the first
	attempt int             // likewise
	undone  int             // how many effects of its hook have been undone before
	cells   *cellEdits      // by the hooks before, nil if there are none
	limit   *groupLimit     // of the groups that it is in
	tether  *tether         // likewise, if one of them is parallel
}

// usual reports whether there is nothing to say.
func (t *terms) usual() bool { return *t == terms{} }

// registrations are what a hook said while it ran.
type registrations struct {
	steps    []stepFunc
	before   []stepFunc
	onCommit []stepFunc
	warnings []string
	cells    cellMap[*cellUse]
}

// nothing is what a hook has registered that has registered nothing. It is never written.
var nothing registrations

// hook is the path of the attempt's hook.
func (r *record) hook() string { return r.run.names[r.index] }

func (r *record) readOnly() bool { return r.run.traits[r.index].readOnly }

// info is the Info of the attempt.
func (r *record) info() Info {
	t := r.terms()
	return Info{
		Execution: r.run.id, Hook: r.hook(), Index: r.run.placeOf(r.index), Attempt: 1 + t.attempt, Round: 1 + t.round,
		Phase: r.phase, DryRun: r.run.dry, IdempotencyKey: r.run.key(r.hook(), 1+t.undone),
	}
}

// terms returns the terms of the call.
func (r *record) terms() terms {
	if m := r.more.Load(); m != nil {
		return m.terms
	}
	return terms{}
}

// agree sets them. It is called before the call is opened.
func (r *record) agree(t terms) {
	if !t.usual() {
		r.more.Store(&more{terms: t})
	}
}

// need returns more, made if there is none.
func (r *record) need() *more {
	if m := r.more.Load(); m != nil {
		return m
	}
	r.more.CompareAndSwap(nil, new(more))
	return r.more.Load()
}

// said returns what the hook of a sealed record has registered.
func (r *record) said() *registrations {
	if m := r.more.Load(); m != nil && m.registrations != nil {
		return m.registrations
	}
	return &nothing
}

func (r *record) open() bool { return !r.sealed.Load() }

// seal seals the record. Who needs more from now on finds it sealed; who had it before has
// finished when seal returns.
func (r *record) seal() {
	r.sealed.Store(true)
	if m := r.more.Load(); m != nil {
		m.mu.Lock()
		m.mu.Unlock() //nolint:staticcheck // to wait for who is in there
	}
}

// add appends fn to one of the lists and says whether it did.
func (r *record) add(list func(*registrations) *[]stepFunc, fn stepFunc) bool {
	return r.write(func(r *registrations) { l := list(r); *l = append(*l, fn) })
}

func (r *record) warn(text string) {
	r.write(func(r *registrations) { r.warnings = append(r.warnings, text) })
}

// write lets do write, and says whether it did.
func (r *record) write(do func(r *registrations)) bool {
	if r.sealed.Load() {
		return false
	}
	m := r.need()
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.sealed.Load() {
		return false
	}
	if m.registrations == nil {
		m.registrations = new(registrations)
	}
	do(m.registrations)
	return true
}

// forget drops what the hook has registered. Only undoing needs that.
func (r *record) forget() {
	if m := r.more.Load(); m != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.registrations = nil
	}
}
