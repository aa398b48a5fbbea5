package nemesis

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/hooktx/hooks"
)

// A player plays a plan and writes down what its hooks see.
type player[S any, P state[S]] struct {
	*plan
	cells [cells]*hooks.Shared[cellValue]
	begun time.Time

	mu     sync.Mutex
	log    []callSeen
	undone []undoSeen // as the trace was told
	wrong  []string
	handed []*S // every state that was handed out
	gone   [maxLeaves]uint32
}

type valueKey struct{}

// play executes the plan in a bubble, waits until all of it has ended, and returns what was
// seen, what was wrong whatever the model says, and which starts of hooks were given up.
func (p *plan) play(t *testing.T) (got seen, wrong []string, gone [maxLeaves]uint32) {
	if p.rich {
		return play(t, p, newRich)
	}
	return play(t, p, func() *flat { return new(flat) })
}

func play[S any, P state[S]](t *testing.T, p *plan, fresh func() P) (seen, []string, [maxLeaves]uint32) {
	w := &player[S, P]{plan: p}
	var got seen
	synctest.Test(t, func(*testing.T) { w.execute(&got, fresh()) })
	return got, w.wrong, w.gone
}

func (w *player[S, P]) execute(got *seen, state P) {
	var validators []hooks.Validator[S]
	if w.judged {
		validators = append(validators, hooks.ValidatorFunc("check", w.validate))
	}
	x, err := hooks.New(w.config(), validators...)
	if err != nil {
		w.complain("New: %v", err)
		return
	}
	for i := range w.cells {
		w.cells[i], _ = hooks.NewShared(cellValue{Tags: map[int]int8{}})
	}
	chain := w.members(w.root)
	ctx, cancel := w.caller()
	defer cancel()
	execute := x.Execute
	if w.dry {
		execute = x.DryRun
	}
	w.begun = time.Now()
	report, err := execute(ctx, state, chain...)
	got.Took = time.Since(w.begun)
	w.report(got, report, err)
	if report.Duration != got.Took {
		w.complain("Report.Duration is %v, want %v", report.Duration, got.Took)
	}
	got.State = w.read(state)
	atReturn := x.Metrics()
	synctest.Wait() // what ends at this very instant has ended
	got.Running = len(x.Abandoned())
	w.finish(x, state, got, atReturn)
}

// finish waits until all has ended, and completes what was seen. The caller's state and the
// counts do not move after the return, except those of late ends.
func (w *player[S, P]) finish(x *hooks.Executor[S], state P, got *seen, atReturn hooks.Metrics) {
	if err := x.Shutdown(context.Background()); err != nil {
		w.complain("Shutdown: %v", err)
	}
	if left := x.Abandoned(); len(left) > 0 {
		w.complain("still abandoned after Shutdown: %v", left)
	}
	got.Metrics = x.Metrics()
	if at, now := exceptLate(atReturn), exceptLate(got.Metrics); at.Runs != now.Runs || fmt.Sprint(at) != fmt.Sprint(now) {
		w.complain("counts that moved after the return: %+v, then %+v", at, now)
	}
	for name, h := range got.Metrics.Hooks {
		if h.Latency.Count() != h.Runs.Total() {
			w.complain("%s: the histogram has %d runs, want %d", name, h.Latency.Count(), h.Runs.Total())
		}
		h.Latency = hooks.Histogram{}
		got.Metrics.Hooks[name] = h
	}
	for _, st := range w.handed {
		if P(st) != state {
			P(st).write(0)
		}
	}
	if now := w.read(state); now != got.State {
		w.complain("the caller's state changed after the return: got %v, want %v", now, got.State)
	}
	for i, cell := range w.cells {
		v := cell.Load()
		got.Cells[i].Value, _ = v.read()
		got.Cells[i].Version = cell.Version()
	}
	got.Log = w.log
	w.told(got)
}

// told compares what the trace was told of undo calls with the report.
func (w *player[S, P]) told(got *seen) {
	if w.trace == absent {
		return
	}
	reported := slices.DeleteFunc(slices.Clone(got.Undone), func(u undoSeen) bool {
		return w.rollbackTotal < never && u.Took == 0 && u.Kinds == timeout|deadlineExceeded && !u.Abandoned // not called
	})
	n := min(len(reported), len(w.undone))
	if !w.parallel() && !slices.Equal(reported, w.undone[:n]) {
		w.complain("the trace's undo calls are not those of the report: %+v, want %+v", w.undone, reported)
	}
	if n < len(w.undone) {
		got.LateUndone = w.undone[n:]
	}
}

func (p *plan) parallel() bool {
	return slices.ContainsFunc(p.nodes, func(n *node) bool { return n.kind == parallelNode })
}

func exceptLate(m hooks.Metrics) hooks.Metrics {
	m.AbandonedNow, m.AbandonedEver, m.LateEnds, m.LateCompensations, m.LateFailures, m.Hooks = 0, 0, 0, 0, 0, nil
	return m
}

// report writes down what a report and an error say.
func (w *player[S, P]) report(got *seen, report *hooks.Report, err error) {
	got.Committed, got.Kinds, got.Index = report.Committed, kindsOf(err), -1
	var xe *hooks.ExecutionError
	if errors.As(err, &xe) {
		got.Hook, got.Index, got.Phase, got.Undoing = xe.Hook, xe.Index, xe.Phase, len(xe.Rollbacks)
	} else if err != nil {
		w.complain("the error is a %T", err)
	}
	for i := range got.Results {
		got.Results[i].Outcome = hooks.OutcomeSkipped
	}
	w.results(got, w.root, report.Results())
	for _, r := range report.Rollbacks {
		got.Undone = append(got.Undone, undoneOf(&r))
	}
	for _, a := range report.AfterCommit {
		got.After = append(got.After, undoSeen{Hook: a.Hook, Step: a.Step, Kinds: kindsOf(a.Err), Abandoned: a.Abandoned})
	}
}

func (w *player[S, P]) results(got *seen, n *node, list []hooks.Result) {
	if len(list) != len(n.members) {
		w.complain("%s has %d results, want %d", n.path, len(list), len(n.members))
		return
	}
	for i, r := range list {
		member := n.members[i]
		for member.kind == retryNode {
			member = member.members[0]
		}
		if r.Hook != member.path {
			w.complain("result %d of %s is that of %s", i, n.path, r.Hook)
		}
		s := resultSeen{r.Outcome, kindsOf(r.Err), false, len(r.Warnings), r.Duration, r.Abandoned, r.Attempts}
		if member.kind == leafNode {
			s.Valued = r.Value == member.number
		} else if s.Attempts = 0; r.Outcome != hooks.OutcomeSkipped {
			w.results(got, member, r.Members)
		}
		got.Results[member.id] = s
	}
}

func undoneOf(r *hooks.RollbackResult) undoSeen {
	return undoSeen{r.Hook, r.Step, r.Effect, r.Attempt, kindsOf(r.Err), r.Abandoned, r.Duration}
}

func (w *player[S, P]) complain(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
}

// read reads a state. The lock is for the caller's own, which without snapshots a hook that was
// given up has written, before it was.
func (w *player[S, P]) read(st P) sheet {
	w.mu.Lock()
	s, err := st.read()
	w.mu.Unlock()
	if err != nil {
		w.complain("%v", err)
	}
	return s
}

// caller makes the caller's context.
func (w *player[S, P]) caller() (context.Context, context.CancelFunc) {
	ctx := hooks.WithExecutionID(context.WithValue(context.Background(), valueKey{}, w), "x")
	switch w.parent.cause {
	case cancelled:
		ctx, cancel := context.WithCancelCause(ctx)
		timer := time.AfterFunc(w.parent.at, func() { cancel(errCause) })
		return ctx, func() { timer.Stop(); cancel(nil) }
	case expired:
		return context.WithDeadline(ctx, time.Now().Add(w.parent.at))
	}
	return ctx, func() {}
}

func (w *player[S, P]) config() hooks.Config {
	cfg := hooks.Config{Trace: w.callbacks()}
	cfg.Execution = hooks.ExecutionConfig{
		DefaultTimeout: w.defaultTimeout, RollbackTimeout: w.rollbackTimeout, Grace: w.grace,
		DisableSnapshots: w.live, DisableRollback: w.noRollback, MaxStateSize: maxSize,
	}
	if w.total.at < never {
		cfg.Execution.TotalTimeout = w.total.at
	}
	if w.rollbackTotal < never {
		cfg.Execution.TotalRollbackTimeout = w.rollbackTotal
	}
	cfg.Monitoring.TrackChanges, cfg.Monitoring.DetailedLogging = w.tracked, w.detailed
	if w.logger != absent {
		cfg.Logger = zap.New(core{w.logger})
	}
	return cfg
}

// callbacks makes the trace. If nobody is to listen, one callback says which calls were given up.
func (w *player[S, P]) callbacks() *hooks.Trace {
	t := &hooks.Trace{Abandoned: func(_ context.Context, call hooks.AbandonedHook) { w.abandoned(call) }}
	if w.trace == absent {
		if w.grace > 0 {
			return nil
		}
		return t
	}
	t.ExecutionStart = func(ctx context.Context, _ string) context.Context { return w.trace.heard(ctx) }
	t.ExecutionEnd = func(ctx context.Context, _ *hooks.Report, _ error) { w.trace.heard(ctx) }
	t.HookStart = func(ctx context.Context, i hooks.Info) context.Context {
		w.hears(hookStarts, i)
		return w.trace.heard(ctx)
	}
	t.HookEnd = func(ctx context.Context, i hooks.Info, _ *hooks.Result) { w.hears(hookEnds, i); w.trace.heard(ctx) }
	t.RollbackStart = func(ctx context.Context, _ hooks.Info) context.Context { return w.trace.heard(ctx) }
	t.RollbackEnd = func(ctx context.Context, _ hooks.Info, r *hooks.RollbackResult) {
		w.mu.Lock()
		w.undone = append(w.undone, undoneOf(r))
		w.mu.Unlock()
		w.trace.heard(ctx)
	}
	t.LateEnd = func(ctx context.Context, _ hooks.AbandonedHook) { w.trace.heard(ctx) }
	return t
}

// heard is what a callback does then.
func (l listener) heard(ctx context.Context) context.Context {
	switch l {
	case panicking:
		panic("a callback")
	case exiting:
		runtime.Goexit()
	}
	return ctx
}

func (w *player[S, P]) hears(what what, i hooks.Info) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, callSeen{At: time.Since(w.begun), What: what, Node: w.find(i.Hook).id, Attempt: i.Attempt, Key: generation(i.IdempotencyKey, i.Hook)})
}

func (w *player[S, P]) abandoned(call hooks.AbandonedHook) {
	if call.Phase != hooks.PhaseExecute {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.find(call.Hook)
	start := 0
	for i := range w.log {
		if c := &w.log[i]; c.Node == n.id && c.What == what(hooks.PhaseExecute) {
			start++
		}
	}
	w.gone[n.number] |= 1 << start
}

func (p *plan) find(path string) *node {
	for _, n := range p.nodes {
		if n.path == path && n.kind != retryNode {
			return n
		}
	}
	return p.root
}

// generation is the number in a key, 0 if that is malformed.
func generation(key, path string) int {
	prefix := "x/" + path + "#"
	if len(key) < len(prefix)+1 || key[:len(prefix)] != prefix {
		return 0
	}
	return int(key[len(prefix)] - '0')
}
