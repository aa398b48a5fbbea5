package hookstest

import (
	"context"
	"errors"
	"fmt"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hooktx/hooks"
)

type (
	nextFunc          = func(ctx context.Context) (any, error)
	aroundFunc[T any] = func(ctx context.Context, state *T, next nextFunc) (any, error)
)

// A trial is one execution of the hook.
type trial[T any] struct {
	name   string
	hook   hooks.Hook[T] // nil: a new one
	limit  time.Duration // 0: the hook's own
	around aroundFunc[T]
	before bool // a hook before it fails, and the chain goes on
	spoilt bool // the hook after it fails
	lately bool // a BeforeCommit function after those of the hook fails
	again  bool // the hook after it fails once, so that it is undone and tried again
	dry    bool
	parent context.Context

	state  *T
	report *hooks.Report
	err    error
	world  changed // in the world
}

// errSpoilt is the failure of the hook after the one that is checked.
var errSpoilt = errors.New("hookstest: the chain fails after the hook")

// run makes the trial, and waits until all of it has ended.
func (c *checker[T]) run(tr *trial[T]) *trial[T] {
	c.t.Helper()
	if tr.name = c.what.Name; tr.hook == nil {
		tr.hook = c.newHook()
	}
	tr.state = c.newState()
	before := c.look()
	label := strconv.FormatInt(labels.Add(1), 10)
	ctx := c.t.Context()
	if tr.parent != nil {
		ctx = tr.parent
	}
	ctx = pprof.WithLabels(ctx, pprof.Labels(labelKey, label))
	x := c.executor()
	if chain := tr.chain(); tr.dry {
		tr.report, tr.err = x.DryRun(ctx, tr.state, chain...)
	} else {
		tr.report, tr.err = x.Execute(ctx, tr.state, chain...)
	}
	if c.ended(x) {
		c.checkGoroutines(label)
	}
	tr.world = c.since(before)
	return tr
}

func (c *checker[T]) executor() *hooks.Executor[T] {
	x, err := hooks.New[T](hooks.Config{Execution: hooks.ExecutionConfig{Grace: c.patience, MaxStateSize: hooks.NoLimit}})
	if err != nil {
		c.t.Fatalf("hookstest: %v", err)
	}
	return x
}

// chain is the hook and what the trial puts around it, before it and after it.
func (tr *trial[T]) chain() []hooks.Hook[T] {
	h, name := hooks.Around(tr.hook, withoutSkipping[T]), tr.name
	h = hooks.With(h, func(o *hooks.Options) {
		o.OnFailure = hooks.Abort // or failures would not show
		if tr.limit > 0 {
			o.Timeout = tr.limit
		}
	})
	if tr.around != nil {
		h = hooks.Around(h, tr.around)
	}
	fails := func(context.Context, *T) error { return errSpoilt }
	switch {
	case tr.before:
		dropped := hooks.With(hooks.Func("before "+name, fails), func(o *hooks.Options) { o.OnFailure = hooks.Continue })
		return []hooks.Hook[T]{dropped, h}
	case tr.spoilt:
		return []hooks.Hook[T]{h, hooks.Func("after "+name, fails)}
	case tr.lately:
		return []hooks.Hook[T]{h, hooks.Func("after "+name, func(ctx context.Context, _ *T) error {
			return hooks.BeforeCommit(ctx, func(context.Context) error { return errSpoilt })
		})}
	case tr.again:
		once := hooks.Func("after "+name, func(ctx context.Context, _ *T) error {
			if info, _ := hooks.InfoFrom(ctx); info.Attempt == 1 {
				return errSpoilt
			}
			return nil
		})
		return []hooks.Hook[T]{hooks.Retry(hooks.Sequence("again", h, once), hooks.RetryPolicy{Attempts: 2})}
	}
	return []hooks.Hook[T]{h}
}

// withoutSkipping makes a success like any other of a hook that would end the chain.
func withoutSkipping[T any](ctx context.Context, _ *T, next nextFunc) (any, error) {
	v, err := next(ctx)
	if errors.Is(err, hooks.SkipRest) {
		err = nil
	}
	return v, err
}

// ended waits for what the executor has abandoned, and reports whether all of it has ended.
func (c *checker[T]) ended(x *hooks.Executor[T]) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.t.Context()), c.patience)
	defer cancel()
	calls := x.Abandoned()
	err := x.Shutdown(ctx)
	for _, call := range calls {
		c.wrong("ignores its context: %s was still running %v after that had ended", call.Phase, c.patience)
	}
	return err == nil
}

// value is the hook's result.
func (tr *trial[T]) value() any {
	v, _ := hooks.ResultOf[any](tr.report, tr.name)
	return v
}

// failure is why an execution failed, without the words around it.
func (tr *trial[T]) failure() error {
	var xe *hooks.ExecutionError
	if errors.As(tr.err, &xe) {
		return xe.Err
	}
	return tr.err
}

// undoFailures tells what went wrong with undo calls.
func (tr *trial[T]) undoFailures() (list []error) {
	for _, r := range tr.report.Rollbacks {
		if r.Err != nil && !r.Abandoned {
			list = append(list, r.Err)
		}
	}
	return list
}

// A changed value is told by its changes.
type changed []hooks.Change

func (c changed) String() string {
	const most = 3
	var list []string
	for _, x := range c[:min(len(c), most)] {
		list = append(list, x.String())
	}
	if len(c) > most {
		list = append(list, fmt.Sprintf("and %d more", len(c)-most))
	}
	return strings.Join(list, ", ")
}

// look takes a snapshot of the world, if it can be seen.
func (c *checker[T]) look() *hooks.Snapshot[any] {
	if c.world == nil {
		return nil
	}
	w := c.world()
	s, err := hooks.TakeSnapshot(&w, "hookstest")
	if err != nil {
		c.t.Fatalf("hookstest: World must return what can be copied and compared: %v", err)
	}
	return s
}

// since returns what has changed in the world since before.
func (c *checker[T]) since(before *hooks.Snapshot[any]) changed {
	if before == nil {
		return nil
	}
	w := c.world()
	return before.Changes(&w)
}

// differences are those between two values, none if they cannot be compared.
func differences[V any](a, b V) changed {
	s, err := hooks.TakeSnapshot(&a, "hookstest")
	if err != nil {
		return nil
	}
	return s.Changes(&b)
}

const labelKey = "hookstest"

var labels atomic.Int64

// checkGoroutines looks for goroutines of an execution that has ended. They have the label of its
// context, which every goroutine has from the one that started it.
func (c *checker[T]) checkGoroutines(label string) {
	c.t.Helper()
	stacks := labelled(label)
	for pause, waited := time.Millisecond, time.Duration(0); len(stacks) > 0 && waited < c.patience; pause *= 2 {
		time.Sleep(pause)
		waited += pause
		stacks = labelled(label)
	}
	if len(stacks) > 0 {
		c.wrong("leaves a goroutine behind: it was still there %v after all else had ended:\n%s", c.patience, stacks[0])
	}
}

// labelled returns the stacks of the goroutines with a label.
func labelled(label string) (stacks []string) {
	var text strings.Builder
	if err := pprof.Lookup("goroutine").WriteTo(&text, 1); err != nil {
		return nil // as if there were none
	}
	for stack := range strings.SplitSeq(text.String(), "\n\n") {
		if strings.Contains(stack, fmt.Sprintf("%q:%q", labelKey, label)) {
			stacks = append(stacks, stack[max(0, strings.Index(stack, "#\t")):])
		}
	}
	return stacks
}
