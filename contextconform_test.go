package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/hooktx/hooks"
)

// A hook's context and a standard one, of the same parent and with the same limits, are twins:
// what is done to the one is done to the other, and to all that is made of them, and after each
// step both families must give the same answers.

// A twin is a context of each family.
type twin struct {
	ours, theirs context.Context
	cancel       func(cause error) // nil: it has no end of its own
	wrapped      bool              // its name tells nothing of the twins
}

// A callback is what AfterFunc was given, for each of the two.
type callback struct {
	ran  [2]atomic.Int32
	stop [2]func() bool
}

// A family is all that has been made of the twins so far.
type twinFamily struct {
	twins     []*twin // the first is the hook's and the standard one itself
	callbacks []*callback
	end       func(cause error) // ends the parent
	beside    func()            // lets the member that runs beside the hook fail
	leave     func()            // lets the hook return
	log       []string          // what was done
}

// A twinStep is one thing to do, to twin number on (modulo how many there are).
type twinStep struct{ op, on, n int }

// derive makes a child of both, and what ends it.
func (f *twinFamily) derive(of *twin, child func(ctx context.Context) (context.Context, func(error))) {
	ours, end1 := child(of.ours)
	theirs, end2 := child(of.theirs)
	_, wraps := ours.(ownContext)
	_, hides := ours.(mute)
	t := &twin{ours: ours, theirs: theirs, wrapped: of.wrapped || wraps || hides}
	if end1 != nil {
		t.cancel = func(cause error) { end1(cause); end2(cause) }
	}
	f.twins = append(f.twins, t)
}

// plainly makes a CancelCauseFunc of a CancelFunc.
func plainly(ctx context.Context, cancel context.CancelFunc) (context.Context, func(error)) {
	return ctx, func(error) { cancel() }
}

// oddly is a time that no other step has, so that nothing ends at the same instant as
// something else.
func (f *twinFamily) oddly(n int) time.Duration {
	return time.Duration(n)*time.Second + 137*time.Millisecond + time.Duration(len(f.twins))*time.Microsecond
}

func numberedCause(n int) error { return fmt.Errorf("cause %d", n) }

var twinOps = []struct {
	name string
	do   func(f *twinFamily, on *twin, n int)
}{
	{"look", func(*twinFamily, *twin, int) {}},
	{"WithCancel", func(f *twinFamily, on *twin, _ int) {
		f.derive(on, func(ctx context.Context) (context.Context, func(error)) { return plainly(context.WithCancel(ctx)) })
	}},
	{"WithCancelCause", func(f *twinFamily, on *twin, _ int) {
		f.derive(on, func(ctx context.Context) (context.Context, func(error)) {
			child, cancel := context.WithCancelCause(ctx)
			return child, cancel
		})
	}},
	{"WithTimeout", func(f *twinFamily, on *twin, n int) {
		d := f.oddly(n)
		f.derive(on, func(ctx context.Context) (context.Context, func(error)) { return plainly(context.WithTimeout(ctx, d)) })
	}},
	{"WithTimeoutCause", func(f *twinFamily, on *twin, n int) {
		d := f.oddly(n)
		f.derive(on, func(ctx context.Context) (context.Context, func(error)) {
			return plainly(context.WithTimeoutCause(ctx, d, errOwnEnd))
		})
	}},
	{"WithDeadline", func(f *twinFamily, on *twin, n int) { // which has passed if n is 0
		at := time.Now().Add(f.oddly(n)).Add(-time.Second)
		f.derive(on, func(ctx context.Context) (context.Context, func(error)) {
			return plainly(context.WithDeadline(ctx, at))
		})
	}},
	{"WithDeadlineCause", func(f *twinFamily, on *twin, n int) {
		at := time.Now().Add(f.oddly(n)).Add(-time.Second)
		f.derive(on, func(ctx context.Context) (context.Context, func(error)) {
			return plainly(context.WithDeadlineCause(ctx, at, errOwnEnd))
		})
	}},
	{"WithValue", func(f *twinFamily, on *twin, n int) {
		f.derive(on, func(ctx context.Context) (context.Context, func(error)) {
			return context.WithValue(ctx, userKey{}, n), nil
		})
	}},
	{"WithoutCancel", func(f *twinFamily, on *twin, _ int) {
		f.derive(on, func(ctx context.Context) (context.Context, func(error)) { return context.WithoutCancel(ctx), nil })
	}},
	{"wrap", func(f *twinFamily, on *twin, _ int) {
		f.derive(on, func(ctx context.Context) (context.Context, func(error)) { return ownContext{ctx}, nil })
	}},
	{"wrap without values", func(f *twinFamily, on *twin, _ int) {
		f.derive(on, func(ctx context.Context) (context.Context, func(error)) { return mute{ownContext{ctx}}, nil })
	}},
	{"cancel", func(_ *twinFamily, on *twin, n int) {
		if on.cancel != nil {
			on.cancel(numberedCause(n))
		}
	}},
	{"AfterFunc", func(f *twinFamily, on *twin, _ int) {
		c := &callback{}
		for i, ctx := range []context.Context{on.ours, on.theirs} {
			c.stop[i] = context.AfterFunc(ctx, func() { c.ran[i].Add(1) })
		}
		f.callbacks = append(f.callbacks, c)
	}},
	{"AfterFunc by method", func(f *twinFamily, on *twin, _ int) { // as package context calls it
		method, ok := on.ours.(interface{ AfterFunc(func()) func() bool })
		if !ok {
			return
		}
		c := &callback{}
		c.stop[0] = method.AfterFunc(func() { c.ran[0].Add(1) })
		c.stop[1] = context.AfterFunc(on.theirs, func() { c.ran[1].Add(1) })
		f.callbacks = append(f.callbacks, c)
	}},
	{"stop", func(f *twinFamily, _ *twin, n int) {
		if len(f.callbacks) > 0 {
			c := f.callbacks[n%len(f.callbacks)]
			f.note("ours %t, theirs %t", c.stop[0](), c.stop[1]())
		}
	}},
	{"wait", func(_ *twinFamily, _ *twin, n int) { time.Sleep(time.Duration(n) * time.Second) }},
	{"the parent ends", func(f *twinFamily, _ *twin, _ int) { f.end(errWhy) }},
	{"the hook returns", func(f *twinFamily, _ *twin, _ int) { f.leave() }},
	{"the member beside it fails", func(f *twinFamily, _ *twin, _ int) { f.beside() }},
}

// A mute context has no values, so that nobody finds out what is inside.
type mute struct{ ownContext }

func (mute) Value(any) any { return nil }

func (f *twinFamily) note(format string, args ...any) {
	f.log = append(f.log, fmt.Sprintf(format, args...))
}

// do takes a step, and says what the twins disagree in.
func (f *twinFamily) do(s twinStep) (problem string) {
	on, before := s.on%len(f.twins), len(f.twins)
	f.note("%s, twin %d, n %d", twinOps[s.op].name, on, s.n)
	twinOps[s.op].do(f, f.twins[on], s.n)
	synctest.Wait()
	if last := f.log[len(f.log)-1]; last == "ours true, theirs false" || last == "ours false, theirs true" {
		return "stop: " + last
	}
	for i, t := range f.twins {
		if i < before && len(f.twins) > before {
			continue // a new one changes nothing
		}
		if ours, theirs := f.ask(t, t.ours, f.twins[0].ours), f.ask(t, t.theirs, f.twins[0].theirs); ours != theirs {
			return fmt.Sprintf("twin %d:\n  ours:   %s\n  theirs: %s", i, ours, theirs)
		}
		if t.ours.Err() != t.theirs.Err() { //nolint:errorlint // the same error
			return fmt.Sprintf("twin %d: Err is %v, and %v", i, t.ours.Err(), t.theirs.Err())
		}
	}
	for i, c := range f.callbacks {
		if ours, theirs := c.ran[0].Load(), c.ran[1].Load(); ours != theirs {
			return fmt.Sprintf("callback %d ran %d times, and %d times", i, ours, theirs)
		}
	}
	return ""
}

// ask asks all that can be asked of a twin of the family of root.
func (f *twinFamily) ask(t *twin, ctx, root context.Context) string {
	name := ""
	if fresh := t == f.twins[len(f.twins)-1]; fresh && !t.wrapped {
		name = strings.ReplaceAll(fmt.Sprint(ctx), fmt.Sprint(root), "root")
		name = strings.ReplaceAll(name, "context.stopCtx", "root") // what package context calls those that have AfterFunc
	}
	if ctx == root {
		name = "root"
	}
	done, ended := ctx.Done(), "open"
	select {
	case <-done:
		ended = "closed"
	default:
		if done == nil {
			ended = "nil"
		}
	}
	return fmt.Sprintf("%s: %v because %s, done is %s, and the same each time: %t, limit %s, values %v %v %v %v", name,
		ctx.Err(), whyEnded(context.Cause(ctx)), ended, done == ctx.Done(), limitOf(ctx),
		ctx.Value(userKey{}), ctx.Value(secondKey{}), ctx.Value(tracedKey{}), ctx.Value(new(int)))
}

type tracedKey struct{}

// whyEnded names a cause. Those that the library makes have other texts than those of the test.
func whyEnded(cause error) string {
	switch {
	case cause == nil:
		return "it has not"
	case errors.Is(cause, hooks.ErrTimeout), errors.Is(cause, errLimit):
		return "of the limit"
	case strings.Contains(cause.Error(), "which ran beside it, has failed"), errors.Is(cause, errBeside):
		return "of the other member"
	case cause.Error() == "hooks: the hook has ended":
		return context.Canceled.Error()
	}
	return cause.Error()
}

var errBeside = errors.New("the member beside it failed")

// A twinPlan is where the hook stands, and what is done to its context.
type twinPlan struct {
	parent int
	place  string
	phase  hooks.Phase   // of the call whose context it is
	limit  time.Duration // of the hook
	total  time.Duration // TotalTimeout
	steps  []twinStep
}

func (p *twinPlan) String() string {
	return fmt.Sprintf("parent %q, %s, in %v, limit %v, total %v", madeParents[p.parent].name, p.place, p.phase, p.limit, p.total)
}

var twinPlaces = []string{"alone", "after another", "in a sequence", "in a sequence with a limit", "at the second attempt", "in a parallel group", "under a trace"}

// play does all of it, and says what the twins disagree in.
func (p *twinPlan) play() (problem string) {
	parent := madeParents[p.parent].make()
	defer parent.drop()
	f, drop := p.begin(parent)
	defer drop()
	for i := 0; i < len(p.steps) && problem == ""; i++ {
		problem = f.do(p.steps[i])
	}
	for _, t := range f.twins {
		if t.cancel != nil {
			t.cancel(nil)
		}
	}
	if problem != "" {
		problem = fmt.Sprintf("%v\n%s\n%s", p, strings.Join(f.log, "\n"), problem)
	}
	return problem
}

// nameOf is what package context calls ctx.
func nameOf(ctx context.Context) string {
	if s, ok := ctx.(fmt.Stringer); ok {
		return s.String()
	}
	return fmt.Sprintf("%T", ctx)
}

// within is ctx with a time limit.
func within(ctx context.Context, d time.Duration) context.Context {
	limited, cancel := context.WithTimeoutCause(ctx, d, errLimit)
	context.AfterFunc(limited, cancel)
	return limited
}

const groupLimit = 7300 * time.Millisecond

// begin runs a chain up to the call whose context is wanted, and makes its twin.
func (p *twinPlan) begin(parent madeParent) (f *twinFamily, drop func()) {
	met, gate, over := make(chan context.Context), make(chan struct{}), make(chan struct{})
	fails := make(chan struct{})
	call := func(ctx context.Context, phase hooks.Phase) {
		if info, _ := hooks.InfoFrom(ctx); phase == p.phase && (p.place != "at the second attempt" || info.Attempt == 2) {
			met <- ctx
			<-gate
		}
	}
	h := hooks.Define(hooks.Funcs[int]{
		Name: "h", Options: hooks.Options{Timeout: p.limit},
		ValidateEvent: func(ctx context.Context, _ *int) error { call(ctx, hooks.PhaseValidateEvent); return nil },
		Execute: func(ctx context.Context, _ *int) (any, error) {
			call(ctx, hooks.PhaseExecute)
			if info, _ := hooks.InfoFrom(ctx); p.place == "at the second attempt" && info.Attempt == 1 {
				return nil, errBroken
			}
			return nil, nil
		},
		ValidateResult: func(ctx context.Context, _ any) error { call(ctx, hooks.PhaseValidateResult); return nil },
	})
	v := hooks.ValidatorFunc("v", func(ctx context.Context, c hooks.StateChange[int]) hooks.ValidationResult {
		if strings.HasSuffix(c.Hook, "h") {
			call(ctx, hooks.PhaseValidateState)
		}
		return hooks.ValidationResult{}
	})
	quick := hooks.Func("quick", func(context.Context, *int) error { return nil })
	beside := limited(hooks.Func("beside", func(context.Context, *int) error { <-fails; return errBeside }), hooks.NoLimit)

	var cfg hooks.Config
	theirs, stopTheirs := context.WithCancelCause(parent.ctx)
	if cfg.Execution.TotalTimeout = p.total; p.total < hooks.NoLimit {
		theirs = within(theirs, p.total)
	}
	chain := []hooks.Hook[int]{h}
	switch p.place {
	case "after another":
		chain = []hooks.Hook[int]{quick, h}
	case "in a sequence":
		chain = []hooks.Hook[int]{hooks.Sequence("s", quick, h)}
	case "in a sequence with a limit":
		chain = []hooks.Hook[int]{limited(hooks.Sequence("s", h), groupLimit)}
		theirs = within(theirs, groupLimit)
	case "at the second attempt":
		chain = []hooks.Hook[int]{hooks.Retry(h, hooks.RetryPolicy{Attempts: 2})}
	case "in a parallel group":
		chain = []hooks.Hook[int]{hooks.Parallel("p", h, beside)}
	case "under a trace":
		cfg.Trace = &hooks.Trace{HookStart: func(ctx context.Context, _ hooks.Info) context.Context {
			return context.WithValue(ctx, tracedKey{}, "the trace's")
		}}
		theirs = context.WithValue(theirs, tracedKey{}, "the trace's")
	}
	if p.limit < hooks.NoLimit {
		theirs = within(theirs, p.limit)
	}
	x, err := hooks.New(cfg, v)
	if err != nil {
		panic(err)
	}
	go func() {
		defer close(over)
		_, _ = x.Execute(parent.ctx, new(int), chain...)
	}()
	root := &twin{ours: <-met, theirs: theirs}
	if name := fmt.Sprint(root.ours); cfg.Trace == nil && !strings.HasPrefix(name, nameOf(parent.ctx)) || !strings.HasSuffix(name, "h)") {
		panic("the name of the context is " + name)
	}
	f = &twinFamily{twins: []*twin{root}, end: parent.end}
	f.leave = sync.OnceFunc(func() {
		close(gate)
		synctest.Wait()
		stopTheirs(nil)
	})
	lose := sync.OnceFunc(func() { close(fails) })
	f.beside = func() {
		if p.place == "in a parallel group" {
			lose()
			stopTheirs(errBeside)
		}
	}
	return f, func() { f.leave(); lose(); <-over; _ = x.Shutdown(context.Background()) }
}

var twinPhases = []hooks.Phase{hooks.PhaseExecute, hooks.PhaseValidateEvent, hooks.PhaseValidateResult, hooks.PhaseValidateState}

const twinLimit = 10 * time.Second

func opNamed(name string) int {
	for i := range twinOps {
		if twinOps[i].name == name {
			return i
		}
	}
	panic("there is no op " + name)
}

// everyStep is one of each that leaves all contexts alive, for each of the first few twins.
func everyStep() (steps []twinStep) {
	for i, op := range twinOps[:opNamed("wait")] {
		if op.name != "cancel" && op.name != "stop" {
			steps = append(steps, twinStep{i, 0, 30}, twinStep{i, 3 + i%3, 40})
		}
	}
	return steps
}

// All that package context can do, before, while and after it ends, in every way to end.
func TestTwinsAnswerAlike(t *testing.T) {
	for _, ends := range [][]string{
		{"the hook returns"}, {"the parent ends"}, {"wait"}, {"the member beside it fails"},
		{"the parent ends", "wait"}, {"wait", "the parent ends"}, {"the hook returns", "the parent ends"},
	} {
		t.Run(strings.Join(ends, ", then "), func(t *testing.T) {
			for parent := range madeParents {
				place := twinPlaces[parent%len(twinPlaces)]
				if ends[0] == "the member beside it fails" {
					place = "in a parallel group"
				}
				for _, phase := range []hooks.Phase{hooks.PhaseExecute, twinPhases[1+parent%3]} {
					p := &twinPlan{parent: parent, place: place, phase: phase, limit: twinLimit, total: hooks.NoLimit, steps: everyStep()}
					for n := range 6 { // those that were stopped do not run later
						p.steps = append(p.steps, twinStep{opNamed("stop"), 0, n % 3}, twinStep{opNamed("AfterFunc by method"), 0, 0})
					}
					for _, end := range ends {
						p.steps = append(p.steps, twinStep{opNamed(end), 0, 11}, twinStep{opNamed("stop"), 0, 1}, twinStep{opNamed("stop"), 0, 2}, twinStep{opNamed("stop"), 0, 2})
					}
					p.steps = append(p.steps, everyStep()...)
					synctest.Test(t, func(t *testing.T) {
						if problem := p.play(); problem != "" {
							t.Error(problem)
						}
					})
				}
			}
		})
	}
}

// Whatever is done in whatever order.
func TestTwinsAnswerAlikeAtRandom(t *testing.T) {
	step := rapid.Custom(func(t *rapid.T) twinStep {
		return twinStep{rapid.IntRange(0, len(twinOps)-1).Draw(t, "op"), max(0, rapid.IntRange(-5, 11).Draw(t, "on")), rapid.IntRange(0, 12).Draw(t, "n")}
	})
	check := func(rt *rapid.T) {
		p := &twinPlan{
			parent: rapid.IntRange(0, len(madeParents)-1).Draw(rt, "parent"),
			place:  rapid.SampledFrom(twinPlaces).Draw(rt, "place"),
			phase:  rapid.SampledFrom(twinPhases).Draw(rt, "phase"),
			limit:  rapid.SampledFrom([]time.Duration{twinLimit, hooks.NoLimit}).Draw(rt, "limit"),
			total:  rapid.SampledFrom([]time.Duration{hooks.NoLimit, 3700 * time.Millisecond, time.Minute}).Draw(rt, "total"),
			steps:  rapid.SliceOfN(step, 1, 30).Draw(rt, "steps"),
		}
		problem := ""
		synctest.Test(t, func(*testing.T) { problem = p.play() })
		if problem != "" {
			rt.Fatal(problem)
		}
	}
	for range 10 { // plans are quickly played
		rapid.Check(t, check)
	}
}
