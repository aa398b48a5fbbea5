package hooks

import (
	"slices"
	"sync"
)

// maxHookMetrics bounds how many hooks have metrics of their own, so that names made
// up at run time cannot fill the memory. The rest are counted together.
const maxHookMetrics = 1000

// otherHooks is the name under which the hooks past maxHookMetrics are counted.
const otherHooks = "(other)"

// The books are an executor's metrics. Each execution writes into a ledger that no other
// one writes at the time, so that processors do not wait for each other's counts; all that
// it has to say goes in at once, so that the sum over all ledgers is right at every instant.
type books struct {
	mu    sync.Mutex // guards the list, and is held while the ledgers are summed up
	live  map[*ledger]struct{}
	names map[string]bool // of the hooks that have metrics of their own
	main  ledger          // what belongs to no execution under way, and all closed ledgers
}

// open returns a new ledger.
func (b *books) open() *ledger {
	l := &ledger{books: b}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.live == nil {
		b.live = map[*ledger]struct{}{}
	}
	b.live[l] = struct{}{}
	return l
}

// close adds a ledger to the main one.
func (b *books) close(l *ledger) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.live, l)
	b.main.mu.Lock()
	defer b.main.mu.Unlock()
	l.addTo(&b.main)
}

// read returns the sum of all ledgers.
func (b *books) read() Metrics {
	b.mu.Lock()
	defer b.mu.Unlock()
	sum := ledger{books: b}
	b.main.addTo(&sum)
	for l := range b.live {
		l.addTo(&sum)
	}
	m := sum.total
	m.Hooks = make(map[string]HookMetrics, len(sum.hooks))
	for path, h := range sum.hooks {
		m.Hooks[path] = *h
	}
	return m
}

// update changes what belongs to no execution under way.
func (b *books) update(f func(m *Metrics)) {
	b.main.mu.Lock()
	defer b.main.mu.Unlock()
	f(&b.main.total)
}

func (b *books) publishLateUndo(r *RollbackResult) {
	path := b.path(r.Hook)
	b.main.mu.Lock()
	defer b.main.mu.Unlock()
	b.main.total.LateCompensations++
	if b.main.publishUndo(path, r) {
		b.main.total.LateFailures++
	}
}

// path returns the name under which a hook is counted.
func (b *books) path(hook string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.names[hook] {
		if len(b.names) >= maxHookMetrics {
			return otherHooks
		}
		if b.names == nil {
			b.names = map[string]bool{}
		}
		b.names[hook] = true
	}
	return hook
}

// A ledger is a part of the books. Every change is one call under its lock, so that a
// reader never sees half of it.
type ledger struct {
	books *books
	mu    sync.Mutex // never held while user code runs
	total Metrics
	hooks map[string]*HookMetrics // by the names under which they are counted

	chain  []string       // the names of the chain published last, and
	counts []*HookMetrics // where its hooks are counted
}

// addTo adds what l has to another ledger, whose lock is held if others know it.
func (l *ledger) addTo(sum *ledger) {
	l.mu.Lock()
	defer l.mu.Unlock()
	sum.total.add(&l.total)
	for path, h := range l.hooks {
		if h.Runs != (Runs{}) || h.Rollbacks > 0 { // a hook that was skipped has no metrics
			sum.hook(path).add(h)
		}
	}
}

// hook returns the metrics of a hook that is counted as path. The lock must be held.
func (l *ledger) hook(path string) *HookMetrics {
	h := l.hooks[path]
	if h == nil {
		h = new(HookMetrics)
		if l.hooks == nil {
			l.hooks = map[string]*HookMetrics{}
		}
		l.hooks[path] = h
	}
	return h
}

// find sees to it that the hooks of a chain have metrics. It belongs to the owner of the
// ledger, and takes the lock only if there is something new.
func (l *ledger) find(names []string) {
	if len(names) == len(l.chain) && (len(names) == 0 || &names[0] == &l.chain[0]) || slices.Equal(names, l.chain) {
		return
	}
	l.chain, l.counts = names, l.counts[:0]
	for _, name := range names {
		h := l.hooks[name]
		if h == nil {
			h = l.add(l.books.path(name))
		}
		l.counts = append(l.counts, h)
	}
}

// add is hook for the owner, who does not hold the lock.
func (l *ledger) add(path string) *HookMetrics {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hook(path)
}

// publish adds what a report says.
func (l *ledger) publish(r *Report, continued, conflicts int64, timing bool) {
	l.find(r.steps())
	l.mu.Lock()
	defer l.mu.Unlock()
	m := &l.total
	m.Executions++
	switch {
	case r.DryRun:
		m.DryRuns++
	case r.Committed:
		m.Commits++
	default:
		m.Failures++
	}
	for i := range r.steps() {
		l.publishRun(r, i, timing)
	}
	m.ContinuedFailures += continued
	m.Conflicts += conflicts
	m.AfterCommitFailures += int64(len(r.AfterCommit))
	if len(r.Rollbacks) > 0 {
		m.RolledBack++
		l.publishUndos(r)
	}
}

func (l *ledger) publishRun(r *Report, i int, timing bool) {
	if !r.outline.isHook(i) {
		return
	}
	outcome := r.outcome(i)
	n := l.total.Runs.count(outcome)
	if n == nil {
		return
	}
	*n++
	h := l.counts[i]
	*h.Runs.count(outcome)++
	if timing {
		h.Latency.observe(r.duration(i))
	}
}

func (l *ledger) publishUndos(r *Report) {
	for i := range r.Rollbacks {
		undo := &r.Rollbacks[i]
		l.total.Rollbacks++
		if l.publishUndo(l.chainPath(undo.Hook), undo) {
			l.total.RollbackFailures++
		}
	}
}

// chainPath is the name under which a hook of the chain is counted: its own, if it has
// metrics here.
func (l *ledger) chainPath(hook string) string {
	if l.hooks[hook] != nil {
		return hook
	}
	return otherHooks
}

// publishUndo adds an undo call to its hook's metrics and says whether it failed.
func (l *ledger) publishUndo(path string, r *RollbackResult) bool {
	h := l.hook(path)
	h.Rollbacks++
	if r.Err == nil {
		return false
	}
	h.RollbackFailures++
	return true
}

// add adds other counts, hooks apart.
func (m *Metrics) add(o *Metrics) {
	m.Executions += o.Executions
	m.Commits += o.Commits
	m.Failures += o.Failures
	m.DryRuns += o.DryRuns
	m.Refused += o.Refused
	m.Runs.add(&o.Runs)
	m.ContinuedFailures += o.ContinuedFailures
	m.Conflicts += o.Conflicts
	m.RolledBack += o.RolledBack
	m.Rollbacks += o.Rollbacks
	m.RollbackFailures += o.RollbackFailures
	m.AfterCommitFailures += o.AfterCommitFailures
	m.AbandonedNow += o.AbandonedNow
	m.AbandonedEver += o.AbandonedEver
	m.LateEnds += o.LateEnds
	m.LateCompensations += o.LateCompensations
	m.LateFailures += o.LateFailures
}

func (r *Runs) add(o *Runs) {
	for i := OutcomeSucceeded; i < OutcomeSkipped; i++ {
		*r.count(i) += *o.count(i)
	}
}

func (h *HookMetrics) add(o *HookMetrics) {
	h.Runs.add(&o.Runs)
	h.Rollbacks += o.Rollbacks
	h.RollbackFailures += o.RollbackFailures
	for i, n := range o.Latency.Counts {
		h.Latency.Counts[i] += n
	}
	h.Latency.Sum += o.Latency.Sum
}
