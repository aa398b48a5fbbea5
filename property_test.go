package hooks_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/hooktx/hooks"
)

// Random chains against a model. A plan says what every call of user code in a chain
// does. It is played, under virtual time, and what was seen is compared with what the
// model in model_test.go makes of the plan: the verdict, the state, the results, each
// call in order with what it was shown, what was undone and how, and the time that all
// this took, to the nanosecond.

func TestChainsAgainstTheModel(t *testing.T) {
	families := []struct {
		name   string
		reason string
		adapt  func(p *plan)
	}{
		{"chains", "whatever comes", func(*plan) {}},
		{"well-behaved", "most chains must commit, or commits are hardly tested", func(p *plan) {
			p.endsBy(noLimit, noLimit)
			for i := range p.hooks {
				if h := &p.hooks[i]; i%3 != 0 {
					h.run = task{takes: h.run.takes % time.Millisecond, ends: returnsNil}
					h.event, h.judge, h.verify, h.tooLarge = nil, nil, task{}, false
				}
			}
		}},
		{"undone", "a chain of successes that the last hook fails has most to undo", func(p *plan) {
			p.endsBy(noLimit, noLimit)
			for i := range p.hooks {
				h := &p.hooks[i]
				h.run.takes %= time.Millisecond
				h.event, h.judge, h.verify, h.tooLarge = nil, nil, task{}, false
				if h.run.ends = returnsNil; i == len(p.hooks)-1 {
					h.run.ends, h.OnFailure = fails, hooks.Abort
				}
			}
		}},
		{"cut short", "the caller or TotalTimeout ends the chain under way", func(p *plan) {
			if p.parent == noLimit && p.total == noLimit {
				p.parent = limit{7*time.Millisecond + parentOffset, errCause}
			}
			for i := range p.hooks {
				p.hooks[i].run.takes += time.Millisecond
			}
		}},
		{"dry runs", "the same verdicts, no effects", func(p *plan) { p.dry = true }},
		{"without snapshots", "the hooks work on the caller's state itself", func(p *plan) { p.live = true }},
	}
	played := 0
	for _, f := range families {
		t.Run(f.name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				p := drawPlan(rt)
				f.adapt(p)
				p.settle()
				got, wrong := p.play(t)
				played++
				want := predict(p, func(hook int) bool { return got.Results[hook].Abandoned })
				want.count(p)
				if diff := gocmp.Diff(want, got, cmpopts.IgnoreUnexported(forecast{})); diff != "" {
					rt.Fatalf("%s\nThe chain did not do what the model says (-want +got):\n%s", p, diff)
				}
				if len(wrong) > 0 {
					rt.Fatalf("%s\n%s", p, strings.Join(wrong, "\n"))
				}
			})
		})
	}
	t.Logf("%d chains were played", played)
}

// The model is worth something only if it can be read in one sitting.
func TestTheModelIsShort(t *testing.T) {
	text, err := os.ReadFile("model_test.go")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Count(string(text), "\n"), 150; got > want {
		t.Errorf("model_test.go has %d lines, want at most %d", got, want)
	}
}

// ---- plans ----

// An ending is how a call of user code ends, if it ends.
type ending int

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

var endingNames = [...]string{"returns nil", "fails", "rejects", "unknown", "skips the rest", "panics with a text", "panics with an error", "panics with nil", "writes a nil map", "exits"}

func (e ending) String() string { return endingNames[e] }

var (
	errBoom  = errors.New("boom")
	errUndo  = errors.New("undoing failed")
	errCause = errors.New("the caller's cause")
	errNever = errors.New("never")
	errTotal = fmt.Errorf("total: %w", hooks.ErrTimeout)
)

// act ends a call.
func (e ending) act(boom error) error {
	switch e {
	case fails:
		return boom
	case rejects:
		return hooks.Reject("no: %w", boom)
	case unknown:
		return hooks.Unknown(boom)
	case skipsRest:
		return hooks.SkipRest
	case panicsText:
		panic("boom")
	case panicsError:
		panic(boom)
	case panicsNil:
		panic(nil)
	case writesNilMap:
		var m map[string]int
		m["x"] = 1 //nolint:staticcheck // on purpose
	case exits:
		runtime.Goexit()
	}
	return nil
}

// errs are the errors that the ending must be matched by.
func (e ending) errs(boom error) []error {
	return [...][]error{
		returnsNil: nil, skipsRest: nil, fails: {boom}, unknown: {boom}, rejects: {hooks.ErrRejected, boom},
		panicsText: {hooks.ErrPanic}, panicsNil: {hooks.ErrPanic, errRuntime}, panicsError: {hooks.ErrPanic, boom},
		writesNilMap: {hooks.ErrPanic, errRuntime}, exits: {hooks.ErrExited},
	}[e]
}

func (e ending) outcome() hooks.Outcome {
	return [...]hooks.Outcome{
		returnsNil: hooks.OutcomeSucceeded, skipsRest: hooks.OutcomeSucceeded, fails: hooks.OutcomeFailed,
		unknown: hooks.OutcomeFailed, rejects: hooks.OutcomeRejected, exits: hooks.OutcomeExited,
		panicsText: hooks.OutcomePanicked, panicsNil: hooks.OutcomePanicked,
		panicsError: hooks.OutcomePanicked, writesNilMap: hooks.OutcomePanicked,
	}[e]
}

// A task is what one call of user code does: it sleeps, and ends.
type task struct {
	takes time.Duration
	obeys bool // its context ends its sleep
	ends  ending
}

func (t *task) do(ctx context.Context, boom error) error {
	switch {
	case t.takes == 0:
	case t.obeys:
		wake := time.NewTimer(t.takes)
		defer wake.Stop()
		select {
		case <-wake.C:
		case <-ctx.Done():
		}
	default:
		time.Sleep(t.takes)
	}
	return t.ends.act(boom)
}

type plannedHook struct {
	name  string
	index int
	hooks.Options

	event, judge  *task // its ValidateEvent and ValidateResult, nil if it has none
	run           task
	verify        task  // what the validator does with its change
	check         *task // the same, nil if the validator is not asked
	tooLarge      bool  // it leaves a state that is over the limit
	undo          *task
	registers     []task // with OnRollback: the first before its sleep
	before, after []task // with BeforeCommit and OnCommit, after its sleep
}

func (h *plannedHook) value() string { return "value of " + h.name }

type plan struct {
	hooks []plannedHook

	parent, total   limit // the caller's cancellation or deadline, and TotalTimeout
	chain           limit // the earlier of the two
	grace           time.Duration
	rollbackTimeout time.Duration
	defaultTimeout  time.Duration

	live, dry, noRollback, judged bool
}

// A limit is an instant past which a call is late, and why.
type limit struct {
	at  time.Duration
	why error
}

const never = 1000 * time.Hour

// Every instant of a plan is a whole number of milliseconds, plus offsets that tell
// apart what could tie: sums of them never meet.
const (
	rollbackOffset = 1   // up to 63 of them
	timeoutOffset  = 64  // one for each hook at most
	takesOffset    = 512 // doubled from hook to hook
	parentOffset   = 400_000
	totalOffset    = 600_000
)

func (p *plan) endsBy(parent, total limit) { p.parent, p.total = parent, total }

var noLimit = limit{never, errNever}

func drawPlan(t *rapid.T) *plan {
	ms := func(label string, choices ...int) time.Duration {
		return time.Duration(rapid.SampledFrom(choices).Draw(t, label)) * time.Millisecond
	}
	half := func(label string) bool { return rapid.Bool().Draw(t, label) }
	oneIn := func(n int, label string) bool { return rapid.IntRange(1, n).Draw(t, label) == n }
	endings := rapid.SampledFrom([]ending{
		returnsNil, returnsNil, returnsNil, returnsNil, fails, panicsText, panicsError, panicsNil, writesNilMap, exits,
	})
	small := func(label string) task {
		return task{takes: ms(label+" takes", 0, 0, 0, 0, 0, 2, 4, 8, 16, 9000), ends: endings.Draw(t, label)}
	}
	some := func(label string, most int) []task {
		tasks := make([]task, rapid.SampledFrom([]int{0, 0, 1, most}).Draw(t, label))
		for i := range tasks {
			tasks[i] = small(label)
		}
		return tasks
	}

	p := &plan{
		parent: noLimit, total: noLimit, grace: ms("grace", 0, 0, 3),
		rollbackTimeout: 15*time.Millisecond + rollbackOffset, defaultTimeout: 30*time.Millisecond + timeoutOffset,
		judged: half("validator"), noRollback: oneIn(10, "DisableRollback"),
	}
	ends := func(label string) time.Duration { return ms(label, 2, 5, 11, 17, 40, 80) }
	switch by := rapid.IntRange(0, 11).Draw(t, "ended by"); {
	case by == 8:
		p.parent = limit{ends("deadline") + parentOffset, context.DeadlineExceeded}
	case by >= 9:
		p.parent = limit{ends("cancelled") + parentOffset, errCause}
	}
	if oneIn(8, "TotalTimeout") {
		p.total = limit{ends("total") + totalOffset, errTotal}
	}
	p.hooks = make([]plannedHook, rapid.IntRange(0, 6).Draw(t, "hooks"))
	for i := range p.hooks {
		h := &p.hooks[i]
		h.run = task{takes: ms("takes", 0, 0, 1, 3, 7, 25, 100, 7_000_000), obeys: half("obeys")}
		h.run.ends = rapid.SampledFrom([]ending{
			returnsNil, returnsNil, returnsNil, returnsNil, returnsNil, returnsNil, fails, rejects, unknown, unknown,
			skipsRest, panicsText, panicsError, panicsNil, writesNilMap, exits,
		}).Draw(t, "ends")
		h.Timeout = ms("timeout", 0, 6, 20, 60, int(never/time.Millisecond))
		h.ReadOnly = oneIn(4, "ReadOnly")
		h.DryRunnable = half("DryRunnable")
		if half("Continue") {
			h.OnFailure = hooks.Continue
		}
		if half("Rollback") {
			undo := small("Rollback")
			h.undo = &undo
		}
		if oneIn(5, "ValidateEvent") {
			event := small("ValidateEvent")
			h.event = &event
		}
		if oneIn(5, "ValidateResult") {
			judge := small("ValidateResult")
			h.judge = &judge
		}
		if p.judged && oneIn(5, "judged") {
			h.verify = small("Validate")
		}
		h.tooLarge = oneIn(10, "too large")
		h.registers, h.before, h.after = some("OnRollback", 3), some("BeforeCommit", 2), some("OnCommit", 2)
	}
	return p
}

// settle makes a plan that is allowed, and one in which nothing ties.
func (p *plan) settle() {
	if p.chain = p.parent; p.total.at < p.parent.at {
		p.chain = p.total
	}
	for i := range p.hooks {
		h := &p.hooks[i]
		h.index, h.name = i, fmt.Sprintf("h%d", i)
		h.run.takes += takesOffset << i
		if h.Timeout == 0 {
			h.Timeout = p.defaultTimeout
		} else if h.Timeout < never {
			h.Timeout += timeoutOffset
		}
		if p.live {
			h.OnFailure = hooks.Abort
		}
		if p.live || h.ReadOnly {
			h.tooLarge = false
		}
		if p.judged && !h.ReadOnly {
			h.check = &h.verify
		}
	}
}

func (p *plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "plan: the caller ends it at %v (%v), TotalTimeout %v, grace %v, rollback timeout %v, live %t, dry %t, no rollback %t, validator %t\n",
		p.parent.at, p.parent.why, p.total.at, p.grace, p.rollbackTimeout, p.live, p.dry, p.noRollback, p.judged)
	for i := range p.hooks {
		h := &p.hooks[i]
		fmt.Fprintf(&b, "  %s: %+v, too large %t, event %v, run %v, judge %v, check %v, undo %v, steps %v, before %v, after %v\n",
			h.name, h.Options, h.tooLarge, h.event, &h.run, h.judge, h.check, h.undo, h.registers, h.before, h.after)
	}
	return b.String()
}

func (t *task) String() string {
	switch {
	case t == nil:
		return "none"
	case t.obeys:
		return fmt.Sprintf("(at most %v, %v)", t.takes, t.ends)
	}
	return fmt.Sprintf("(%v, %v)", t.takes, t.ends)
}

// ---- the state ----

// A page is the state of the chains: of every kind of memory, something.
type page struct {
	N    int
	Text string
	Map  map[string][]int
	List []int // with room to spare
	Leaf *pageLeaf
	Any  any
	Blob []byte

	private float64
}

type pageLeaf struct {
	N    int
	Next *pageLeaf
}

func newPage() *page {
	list := make([]int, 2, 32)
	return &page{Map: map[string][]int{"seed": {1}, "gone": nil}, List: list, Leaf: &pageLeaf{N: 1}, Any: map[string]any{}}
}

func (p *page) clone() *page {
	c := *p
	c.Map, c.List = map[string][]int{}, slices.Clone(p.List)
	for k, v := range p.Map {
		c.Map[k] = slices.Clone(v)
	}
	c.Leaf = p.Leaf.clone()
	c.Any = map[string]any{}
	for k, v := range p.Any.(map[string]any) {
		c.Any.(map[string]any)[k] = v
	}
	return &c
}

func (l *pageLeaf) clone() *pageLeaf {
	if l == nil {
		return nil
	}
	return &pageLeaf{l.N, l.Next.clone()}
}

// write changes all of the page, in place where it can.
func (p *page) write(tag string) {
	p.N++
	p.Text += tag
	p.private /= 2
	p.private++
	p.List[0]--
	p.List = append(p.List, p.N)
	delete(p.Map, "gone")
	p.Map["seed"][0] += 2
	p.Map[tag] = []int{p.N}
	p.Leaf.N += 3
	p.Leaf = &pageLeaf{p.N, p.Leaf}
	p.Any.(map[string]any)["last"] = tag
}

func (p *page) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %q %v %v %v %d %v", p.N, p.Text, p.Map, p.List, p.Any, len(p.Blob), p.private)
	for l := p.Leaf; l != nil; l = l.Next {
		fmt.Fprintf(&b, " →%d", l.N)
	}
	return b.String()
}

const maxPageSize = 1 << 16

// write is what the hook does to its copy, before or after its sleep. Without
// snapshots it writes only before: after it, it may have been given up.
func (p *plan) write(h *plannedHook, st *page, early bool) {
	if p.live && !early || h.ReadOnly && (p.live || h.undo == nil) {
		return // a view belongs to all who look
	}
	if early {
		st.write(h.name + "a")
		return
	}
	st.write(h.name + "b")
	if h.tooLarge {
		st.Blob = make([]byte, maxPageSize)
	}
}

// ---- what is seen ----

// A forecast is all that can be seen of an execution, and of what comes after it.
type forecast struct {
	Committed bool
	Kinds     []string // of error
	Hook      string
	Index     int
	Phase     hooks.Phase
	Undoing   int // failed undo calls in the error
	State     string
	Results   []resultSeen
	Undone    []undoSeen
	After     []undoSeen
	Took      time.Duration
	Running   int // calls that were given up and still run as it returns

	Log        []string // every call of user code, with what it was shown
	LateUndone []undoSeen
	Continued  int
	Abandoned  int // calls given up, late ones included
	Metrics    hooks.Metrics

	cause []error
	ends  []time.Duration
}

type resultSeen struct {
	Outcome   hooks.Outcome
	Value     any
	Kinds     []string
	Warnings  []string
	Took      time.Duration
	Abandoned bool
	Attempts  int
}

type undoSeen struct {
	Hook      string
	Step      int
	Effect    hooks.Effect
	Kinds     []string
	Abandoned bool
	Took      time.Duration
}

// errRuntime stands for any runtime.Error: a write to a nil map, or panic(nil).
var errRuntime error = new(runtime.PanicNilError)

var errorKinds = []struct {
	name string
	err  error
}{
	{"ErrTimeout", hooks.ErrTimeout},
	{"DeadlineExceeded", context.DeadlineExceeded},
	{"Canceled", context.Canceled},
	{"the caller's cause", errCause},
	{"ErrPanic", hooks.ErrPanic},
	{"ErrExited", hooks.ErrExited},
	{"ErrRejected", hooks.ErrRejected},
	{"ErrInvalidEvent", hooks.ErrInvalidEvent},
	{"ErrInvalidResult", hooks.ErrInvalidResult},
	{"ErrInvalidState", hooks.ErrInvalidState},
	{"ErrStateTooLarge", hooks.ErrStateTooLarge},
	{"ErrNotCopyable", hooks.ErrNotCopyable},
	{"ErrTooManyAbandoned", hooks.ErrTooManyAbandoned},
	{"ErrDuplicateHook", hooks.ErrDuplicateHook},
	{"ErrInvalidHook", hooks.ErrInvalidHook},
	{"ErrInvalidArgument", hooks.ErrInvalidArgument},
	{"ErrInvalidConfig", hooks.ErrInvalidConfig},
	{"ErrEnded", hooks.ErrEnded},
	{"ErrReentrant", hooks.ErrReentrant},
	{"ErrUnsupported", hooks.ErrUnsupported},
	{"ErrClosed", hooks.ErrClosed},
	{"ErrRollback", hooks.ErrRollback},
	{"SkipRest", hooks.SkipRest},
	{"boom", errBoom},
	{"undoing failed", errUndo},
}

// kinds names all that errors.Is finds in any of the errors; what is not named it must
// not find.
func kinds(errs ...error) []string {
	var found []string
	for _, k := range errorKinds {
		if slices.ContainsFunc(errs, func(err error) bool { return errors.Is(err, k.err) }) {
			found = append(found, k.name)
		}
	}
	var broken runtime.Error
	if slices.ContainsFunc(errs, func(err error) bool { return errors.As(err, &broken) }) {
		found = append(found, "runtime.Error")
	}
	return found
}

// ---- the model's tools ----

// An entry is one hook in the undo log.
type entry struct {
	*plannedHook
	work   *page // its own copy
	due    bool  // its Rollback is to be called
	effect hooks.Effect
	result any
	late   bool          // its Execute was given up
	ended  time.Duration // and when that ended

	steps, before, after []task // as registered
}

// A verdict is how a call of user code went: well if there are no errors.
type verdict struct {
	phase   hooks.Phase
	outcome hooks.Outcome
	errs    []error
	late    error // why it was late, nil if it was not
	gone    bool  // it was given up
	ended   time.Duration
}

var tooLarge = verdict{
	phase: hooks.PhaseCopy, outcome: hooks.OutcomeInvalid,
	errs: []error{hooks.ErrInvalidState, hooks.ErrStateTooLarge},
}

func newModel(p *plan, gaveUp func(hook int) bool) *model {
	m := &model{plan: p, gaveUp: gaveUp, state: newPage()}
	m.Index, m.Results = -1, make([]resultSeen, len(p.hooks))
	for i := range m.Results {
		m.Results[i].Outcome = hooks.OutcomeSkipped
	}
	return m
}

// push begins an attempt of the hook.
func (m *model) push(h *plannedHook) *entry {
	e := &entry{plannedHook: h, work: m.copy(m.state)}
	m.log = append(m.log, e)
	return e
}

func (m *model) copy(st *page) *page {
	if m.live {
		return st
	}
	return st.clone()
}

func (m *model) change(before, after *page) string {
	if m.live {
		return "nothing ⇒ " + after.String()
	}
	return before.String() + " ⇒ " + after.String()
}

func (m *model) fail(h *plannedHook, v verdict) {
	m.cause, m.Phase = v.errs, v.phase
	if h != nil {
		m.Hook, m.Index = h.name, h.index
	}
}

// note says what came of a call, given when it ended.
func (m *model) note(v *verdict, t *task) {
	boom := errBoom
	if v.phase == hooks.PhaseRollback || v.phase == hooks.PhaseOnRollback {
		boom = errUndo
	}
	v.errs, v.outcome = t.ends.errs(boom), t.ends.outcome()
	if v.gone {
		v.errs = nil
		m.Abandoned++
		m.ends = append(m.ends, v.ended)
	}
	if v.late != nil {
		v.errs = append([]error{v.late}, v.errs...)
		if v.outcome = hooks.OutcomeCancelled; errors.Is(v.late, hooks.ErrTimeout) {
			v.outcome = hooks.OutcomeTimedOut
		}
	}
	class := map[hooks.Phase]error{
		hooks.PhaseValidateEvent: hooks.ErrInvalidEvent, hooks.PhaseValidateResult: hooks.ErrInvalidResult,
		hooks.PhaseValidateState: hooks.ErrInvalidState,
	}[v.phase]
	if v.errs == nil || class == nil || v.phase == hooks.PhaseValidateEvent && v.late != nil {
		return // a ValidateEvent that is late makes its hook late
	}
	v.errs, v.outcome = append([]error{class}, v.errs...), hooks.OutcomeInvalid
}

func (r *resultSeen) settle(h *plannedHook, v verdict) {
	r.Outcome, r.Kinds, r.Abandoned = v.outcome, kinds(v.errs...), v.gone
	if v.errs == nil {
		r.Outcome, r.Value = hooks.OutcomeSucceeded, h.value()
	}
}

// ran does what the hook's Execute does, and returns its warnings. A hook that obeys
// its context does no more once that has ended. One that was given up can register
// nothing more, and its undo is put off until it has ended.
func (m *model) ran(e *entry, v verdict) []string {
	if v.gone {
		e.ended, e.late = v.ended, true
		m.log, m.late = m.log[:len(m.log)-1], append(m.late, e)
	}
	m.write(e.plannedHook, e.work, true)
	awake := v.late == nil || !e.run.obeys
	if awake {
		m.write(e.plannedHook, e.work, false)
	}
	switch e.effect = hooks.EffectFailed; e.run.ends {
	case returnsNil, skipsRest:
		e.due, e.effect, e.result = true, hooks.EffectDone, e.value()
	case unknown:
		e.due, e.effect = true, hooks.EffectUnknown
	}
	if awake && !v.gone {
		e.steps, e.before, e.after = e.registers, e.plannedHook.before, e.plannedHook.after
		return []string{"begins", "ends"}
	}
	e.steps = e.registers[:min(1, len(e.registers))]
	return []string{"begins"}
}

// undoing yields what undoes the entry: its Rollback as step 0, if it is due, then the
// steps, newest first.
func (e *entry) undoing(p *plan) func(yield func(int, *task) bool) {
	return func(yield func(int, *task) bool) {
		if p.noRollback || e.due && e.undo != nil && !p.dry && !yield(0, e.undo) {
			return
		}
		for i := len(e.steps) - 1; i >= 0; i-- {
			if !yield(i+1, &e.steps[i]) {
				return
			}
		}
	}
}

func undoPhase(step int) hooks.Phase {
	if step == 0 {
		return hooks.PhaseRollback
	}
	return hooks.PhaseOnRollback
}

func (e *entry) undoText(step int) string {
	key := "x/" + e.name + "#1"
	if step == 0 {
		return undoText(hooks.Info{Effect: e.effect, IdempotencyKey: key + "/undo", Undoes: key, Result: e.result, Late: e.late}) + e.work.String()
	}
	return undoText(hooks.Info{Effect: e.effect, IdempotencyKey: fmt.Sprintf("%s/undo/%d", key, step), Undoes: key, Result: e.result, Late: e.late})
}

// undoText renders what an undo call is told.
func undoText(i hooks.Info) string {
	return fmt.Sprintf("undoes %s (%v, result %v, late %t) with key %s ", i.Undoes, i.Effect, i.Result, i.Late, i.IdempotencyKey)
}

func logText(p hooks.Phase, h *plannedHook, seen string) string {
	return fmt.Sprintf("%v %s %s", p, h.name, seen)
}

// A registration is a function to call around the commit.
type registration struct {
	*entry
	phase hooks.Phase
	task  *task
	step  int
	bound bool // it is cut short by the end of the chain
}

// registered lists the BeforeCommit functions, the last of which is not bound (a
// stand-in that does nothing if there are none), then the OnCommit functions.
func (m *model) registered() []registration {
	var list []registration
	for _, e := range m.log {
		for i := range e.before {
			list = append(list, registration{e, hooks.PhaseBeforeCommit, &e.before[i], i + 1, true})
		}
	}
	if list == nil {
		list = []registration{{entry: new(entry), phase: hooks.PhaseBeforeCommit}}
	}
	list[len(list)-1].bound = false
	for _, e := range m.log {
		for i := range e.after {
			list = append(list, registration{e, hooks.PhaseOnCommit, &e.after[i], i + 1, false})
		}
	}
	return list
}

// failCommit says that a BeforeCommit function failed. If it was given up, nobody knows
// what it did.
func (m *model) failCommit(r registration, v verdict) {
	if v.gone {
		r.effect = hooks.EffectUnknown
	}
	m.fail(r.plannedHook, v)
}

func (m *model) afterwards(r registration, v verdict) {
	if v.errs != nil {
		m.After = append(m.After, undoSeen{Hook: r.name, Step: r.step, Kinds: kinds(v.errs...), Abandoned: v.gone})
	}
}

// returns completes what is seen as the execution returns.
func (m *model) returns() {
	if !m.Committed && !m.live {
		m.state = newPage()
	}
	m.State, m.Took = m.state.String(), m.now
	for _, end := range m.ends {
		if end > m.now {
			m.Running++
		}
	}
	if m.cause == nil {
		return
	}
	all := m.cause
	for _, u := range m.Undone {
		if u.Kinds == nil {
			continue
		}
		m.Undoing++
		all = append(all, hooks.ErrRollback)
		for kind, err := range map[string]error{"undoing failed": errUndo, "runtime.Error": errRuntime} {
			if slices.Contains(u.Kinds, kind) { // but none of the library's classes
				all = append(all, err)
			}
		}
	}
	m.Kinds = kinds(all...)
	for i := range m.Results {
		m.Results[i].Value = nil
	}
}

func byEnd(late []*entry) []*entry {
	slices.SortFunc(late, func(a, b *entry) int { return cmp.Compare(a.ended, b.ended) })
	return late
}

// count makes the metrics that must come of what is seen.
func (f *forecast) count(p *plan) {
	m := &f.Metrics
	m.Executions, m.Hooks = 1, map[string]hooks.HookMetrics{}
	switch {
	case p.dry:
		m.DryRuns = 1
	case f.Committed:
		m.Commits = 1
	default:
		m.Failures = 1
	}
	tally := func(hook string, do func(h *hooks.HookMetrics)) {
		h := m.Hooks[hook]
		do(&h)
		m.Hooks[hook] = h
	}
	for i, r := range f.Results {
		if n := runsOf(&m.Runs, r.Outcome); n != nil {
			*n++
			tally(p.hooks[i].name, func(h *hooks.HookMetrics) { *runsOf(&h.Runs, r.Outcome)++ })
		}
	}
	undone := func(list []undoSeen, all, failed *int64) {
		for _, u := range list {
			*all++
			bad := int64(0)
			if u.Kinds != nil {
				bad = 1
			}
			*failed += bad
			tally(u.Hook, func(h *hooks.HookMetrics) { h.Rollbacks++; h.RollbackFailures += bad })
		}
	}
	undone(f.Undone, &m.Rollbacks, &m.RollbackFailures)
	undone(f.LateUndone, &m.LateCompensations, &m.LateFailures)
	m.RolledBack = min(1, int64(len(f.Undone)))
	m.ContinuedFailures = int64(f.Continued)
	m.AfterCommitFailures = int64(len(f.After))
	m.AbandonedEver, m.LateEnds = int64(f.Abandoned), int64(f.Abandoned)
}

func runsOf(r *hooks.Runs, o hooks.Outcome) *int64 {
	return map[hooks.Outcome]*int64{
		hooks.OutcomeSucceeded: &r.Succeeded, hooks.OutcomeFailed: &r.Failed, hooks.OutcomeRejected: &r.Rejected,
		hooks.OutcomeTimedOut: &r.TimedOut, hooks.OutcomeCancelled: &r.Cancelled, hooks.OutcomePanicked: &r.Panicked,
		hooks.OutcomeExited: &r.Exited, hooks.OutcomeInvalid: &r.Invalid, hooks.OutcomeConflict: &r.Conflict,
	}[o]
}

// ---- playing a plan ----

// A player plays a plan and writes down what its hooks see.
type player struct {
	*plan
	mu     sync.Mutex
	log    []string
	undone []undoSeen
	wrong  []string
	handed []*page // every state that was ever handed out
}

type valueKey struct{}

func (w *player) complain(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
}

// show renders a state. The lock is for the caller's own, which without snapshots a hook
// that was given up has written, before it was.
func (w *player) show(st *page) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return st.String()
}

func (w *player) change(h *plannedHook, st *page, early bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.write(h, st, early)
}

// enter is called by every call of user code.
func (w *player) enter(ctx context.Context, p hooks.Phase, h *plannedHook, seen string, handed ...*page) {
	w.mu.Lock()
	w.log = append(w.log, logText(p, h, seen))
	w.handed = append(w.handed, handed...)
	w.mu.Unlock()
	info, ok := hooks.InfoFrom(ctx)
	want := hooks.Info{Execution: "x", Hook: h.name, Index: h.index, Attempt: 1, Round: 1, Phase: p, DryRun: w.dry, IdempotencyKey: "x/" + h.name + "#1"}
	if p == hooks.PhaseRollback || p == hooks.PhaseOnRollback { // the log has these
		want.IdempotencyKey, want.Undoes, want.Effect, want.Result, want.Late = info.IdempotencyKey, info.Undoes, info.Effect, info.Result, info.Late
	}
	if diff := gocmp.Diff(want, info); !ok || diff != "" {
		w.complain("%s, %v: InfoFrom (-want +got):\n%s", h.name, p, diff)
	}
	if ctx.Err() != nil {
		w.complain("%s, %v: the context has ended before the call: %v", h.name, p, context.Cause(ctx))
	}
	if ctx.Value(valueKey{}) != "of the caller" {
		w.complain("%s, %v: the context lacks the caller's values", h.name, p)
	}
}

func (w *player) hook(h *plannedHook) hooks.Hook[page] {
	f := hooks.Funcs[page]{Name: h.name, Options: h.Options}
	switch h.Timeout {
	case w.defaultTimeout:
		f.Timeout = 0
	case never:
		f.Timeout = hooks.NoLimit
	}
	f.Execute = func(ctx context.Context, st *page) (any, error) { return w.execute(ctx, h, st) }
	if h.event != nil {
		f.ValidateEvent = func(ctx context.Context, st *page) error {
			w.enter(ctx, hooks.PhaseValidateEvent, h, w.show(st), st)
			return h.event.do(ctx, errBoom)
		}
	}
	if h.judge != nil {
		f.ValidateResult = func(ctx context.Context, result any) error {
			w.enter(ctx, hooks.PhaseValidateResult, h, fmt.Sprint(result))
			return h.judge.do(ctx, errBoom)
		}
	}
	if h.undo != nil {
		f.Rollback = func(ctx context.Context, st *page) error {
			info, _ := hooks.InfoFrom(ctx)
			w.enter(ctx, hooks.PhaseRollback, h, undoText(info)+w.show(st), st)
			w.checkUndoLimit(ctx, h)
			if !w.live {
				st.write("undone")
			}
			return h.undo.do(ctx, errUndo)
		}
	}
	return hooks.Define(f)
}

func (w *player) checkUndoLimit(ctx context.Context, h *plannedHook) {
	if at, ok := ctx.Deadline(); !ok || time.Until(at) != w.rollbackTimeout {
		w.complain("%s: an undo call has %v, want %v", h.name, time.Until(at), w.rollbackTimeout)
	}
}

func (w *player) execute(ctx context.Context, h *plannedHook, st *page) (any, error) {
	w.enter(ctx, hooks.PhaseExecute, h, w.show(st), st)
	hooks.Warn(ctx, "%s", "begins")
	w.change(h, st, true)
	for i := range min(1, len(h.registers)) {
		w.register(ctx, h, i, nil)
	}
	wake := h.run
	wake.ends = returnsNil
	_ = wake.do(ctx, nil)
	if ctx.Err() != nil && h.run.obeys {
		return w.end(h)
	}
	hooks.Warn(ctx, "%s", "ends")
	w.change(h, st, false)
	if refused := w.registerRest(ctx, h); refused != nil && ctx.Err() == nil {
		w.complain("%s: registering was refused: %v", h.name, refused)
	}
	return w.end(h)
}

func (w *player) end(h *plannedHook) (any, error) { return h.value(), h.run.ends.act(errBoom) }

func (w *player) register(ctx context.Context, h *plannedHook, i int, err *error) {
	refused := hooks.OnRollback(ctx, func(ctx context.Context) error {
		info, _ := hooks.InfoFrom(ctx)
		w.enter(ctx, hooks.PhaseOnRollback, h, undoText(info))
		w.checkUndoLimit(ctx, h)
		return h.registers[i].do(ctx, errUndo)
	})
	if err == nil {
		err = new(error)
	}
	if *err = cmp.Or(*err, refused); refused != nil && !errors.Is(refused, hooks.ErrEnded) {
		w.complain("%s: OnRollback was refused with %v, want ErrEnded", h.name, refused)
	}
}

func (w *player) registerRest(ctx context.Context, h *plannedHook) (refused error) {
	for i := 1; i < len(h.registers); i++ {
		w.register(ctx, h, i, &refused)
	}
	for i := range h.before {
		refused = cmp.Or(refused, hooks.BeforeCommit(ctx, func(ctx context.Context) error {
			w.enter(ctx, hooks.PhaseBeforeCommit, h, "")
			return h.before[i].do(ctx, errBoom)
		}))
	}
	for i := range h.after {
		refused = cmp.Or(refused, hooks.OnCommit(ctx, func(ctx context.Context) error {
			w.enter(ctx, hooks.PhaseOnCommit, h, "")
			return h.after[i].do(ctx, errBoom)
		}))
	}
	return refused
}

func (w *player) validate(ctx context.Context, change hooks.StateChange[page]) hooks.ValidationResult {
	h := &w.hooks[slices.IndexFunc(w.hooks, func(h plannedHook) bool { return h.name == change.Hook })]
	before := "nothing"
	if change.Before != nil {
		before = w.show(change.Before)
	}
	w.enter(ctx, hooks.PhaseValidateState, h, before+" ⇒ "+w.show(change.After), change.After)
	return hooks.ValidationResult{Err: h.check.do(ctx, errBoom)}
}

func (w *player) config() hooks.Config {
	cfg := hooks.Config{Trace: &hooks.Trace{RollbackEnd: func(_ context.Context, _ hooks.Info, r *hooks.RollbackResult) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.undone = append(w.undone, seenUndone(*r))
	}}}
	cfg.Execution = hooks.ExecutionConfig{
		DefaultTimeout: w.defaultTimeout, RollbackTimeout: w.rollbackTimeout, Grace: w.grace,
		DisableSnapshots: w.live, DisableRollback: w.noRollback, MaxStateSize: maxPageSize,
	}
	if w.total != noLimit {
		cfg.Execution.TotalTimeout = w.total.at
	}
	return cfg
}

func seenUndone(r hooks.RollbackResult) undoSeen {
	return undoSeen{r.Hook, r.Step, r.Effect, kinds(r.Err), r.Abandoned, r.Duration}
}

// caller makes the caller's context.
func (w *player) caller() (context.Context, context.CancelFunc) {
	ctx := hooks.WithExecutionID(context.WithValue(context.Background(), valueKey{}, "of the caller"), "x")
	switch w.parent.why { //nolint:errorlint // the very values
	case errCause:
		ctx, cancel := context.WithCancelCause(ctx)
		timer := time.AfterFunc(w.parent.at, func() { cancel(errCause) })
		return ctx, func() { timer.Stop(); cancel(nil) }
	case context.DeadlineExceeded:
		return context.WithDeadline(ctx, time.Now().Add(w.parent.at))
	}
	return ctx, func() {}
}

// finish waits until all has ended, and completes what was seen. The caller's state and
// the counts do not move after the return, except those of late ends.
func (w *player) finish(x *hooks.Executor[page], state *page, got *forecast, atReturn hooks.Metrics) {
	if err := x.Shutdown(context.Background()); err != nil {
		w.complain("Shutdown: %v", err)
	}
	if left := x.Abandoned(); len(left) > 0 {
		w.complain("still abandoned after Shutdown: %v", left)
	}
	got.Metrics = x.Metrics()
	if diff := gocmp.Diff(exceptLate(atReturn), exceptLate(got.Metrics)); diff != "" {
		w.complain("counts that moved after the return (-at return +later):\n%s", diff)
	}
	got.Metrics.Hooks = w.latencies(got.Metrics.Hooks)
	for _, st := range w.handed {
		if !w.live {
			st.write("long after")
		}
	}
	if now := state.String(); now != got.State {
		w.complain("the caller's state changed after the return: got %s, want %s", now, got.State)
	}
	got.Log, got.Abandoned = w.log, int(got.Metrics.AbandonedEver)
	got.Continued = int(got.Metrics.ContinuedFailures)
	got.LateUndone = w.undone[len(got.Undone):]
	if len(got.LateUndone) == 0 {
		got.LateUndone = nil
	}
	if diff := gocmp.Diff(got.Undone, w.undone[:len(got.Undone):len(got.Undone)], cmpopts.EquateEmpty()); diff != "" {
		w.complain("the trace's undo calls are not those of the report (-report +trace):\n%s", diff)
	}
}

// latencies checks the histograms, and takes them out.
func (w *player) latencies(all map[string]hooks.HookMetrics) map[string]hooks.HookMetrics {
	for name, h := range all {
		if got, want := h.Latency.Count(), h.Runs.Total(); got != want {
			w.complain("%s: the histogram has %d runs, want %d", name, got, want)
		}
		h.Latency = hooks.Histogram{}
		all[name] = h
	}
	return all
}

// exceptLate takes out of the metrics what may move after the return.
func exceptLate(m hooks.Metrics) hooks.Metrics {
	m.AbandonedNow, m.AbandonedEver, m.LateEnds, m.LateCompensations, m.LateFailures, m.Hooks = 0, 0, 0, 0, 0, nil
	return m
}

// seen writes down what a report and an error say.
func seen(report *hooks.Report, err error) forecast {
	f := forecast{Committed: report.Committed, Kinds: kinds(err), Index: -1}
	var xe *hooks.ExecutionError
	if errors.As(err, &xe) {
		f.Hook, f.Index, f.Phase, f.Undoing = xe.Hook, xe.Index, xe.Phase, len(xe.Rollbacks)
	}
	f.Results = make([]resultSeen, len(report.Results()))
	for i, r := range report.Results() {
		f.Results[i] = resultSeen{r.Outcome, r.Value, kinds(r.Err), r.Warnings, r.Duration, r.Abandoned, r.Attempts}
	}
	for _, r := range report.Rollbacks {
		f.Undone = append(f.Undone, seenUndone(r))
	}
	for _, a := range report.AfterCommit {
		f.After = append(f.After, undoSeen{Hook: a.Hook, Step: a.Step, Kinds: kinds(a.Err), Abandoned: a.Abandoned})
	}
	return f
}

// play executes the plan in a bubble, waits until all of it has ended, and returns
// what was seen, and what was wrong whatever the model says.
func (p *plan) play(t *testing.T) (got forecast, wrong []string) {
	w := &player{plan: p}
	synctest.Test(t, func(t *testing.T) {
		var validators []hooks.Validator[page]
		if p.judged {
			validators = append(validators, hooks.ValidatorFunc("check", w.validate))
		}
		x, err := hooks.New(w.config(), validators...)
		if err != nil {
			w.complain("New: %v", err)
			return
		}
		var chain []hooks.Hook[page]
		for i := range p.hooks {
			chain = append(chain, w.hook(&p.hooks[i]))
		}
		state := newPage()
		ctx, cancel := w.caller()
		defer cancel()
		execute := x.Execute
		if p.dry {
			execute = x.DryRun
		}
		begun := time.Now()
		report, err := execute(ctx, state, chain...)
		got = seen(report, err)
		got.Took, got.State = time.Since(begun), w.show(state)
		if report.Duration != got.Took {
			w.complain("Report.Duration is %v, want %v", report.Duration, got.Took)
		}
		atReturn := x.Metrics()
		synctest.Wait() // what ends at this very instant has ended
		got.Running = len(x.Abandoned())
		w.finish(x, state, &got, atReturn)
	})
	return got, w.wrong
}
