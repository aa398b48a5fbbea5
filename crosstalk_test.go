package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks"
)

// A parcel is the state of one of many executions that share an executor and its workers. All
// that it meets must be of its own execution.
type parcel struct {
	ID    string
	Trail []string
}

// meet notes that a hook was here, and fails if anything is somebody else's.
func (p *parcel) meet(ctx context.Context, path string, attempt int) error {
	if err := ownCall(ctx, p.ID, path); err != nil {
		return err
	}
	if info, _ := hooks.InfoFrom(ctx); info.Attempt != attempt {
		return fmt.Errorf("%s of %s: attempt %d, want %d", path, p.ID, info.Attempt, attempt)
	}
	p.Trail = append(p.Trail, path)
	hooks.Warn(ctx, "%s of %s", path, p.ID)
	return ctx.Err()
}

var errMixedUp = errors.New("mixed up")

// ownCall checks that a call of user code is of the execution id.
func ownCall(ctx context.Context, id, path string) error {
	info, _ := hooks.InfoFrom(ctx)
	got := fmt.Sprint(info.Execution, " ", info.Hook, " ", ctx.Value(userKey{}))
	if want := fmt.Sprint(id, " ", path, " ", id); got != want {
		return fmt.Errorf("%w: got %s, want %s", errMixedUp, got, want)
	}
	return nil
}

// A passage is what happens to a parcel.
type passage struct {
	name  string
	chain []hooks.Hook[parcel]
	err   error
	trail []string // of the state, and of the warnings if the chain did not fail
	tree  string
}

// visit is a hook at the given path that meets the parcel, and then does something.
func visit(name, path string, then func(ctx context.Context) error) hooks.Hook[parcel] {
	return hooks.Define(hooks.Funcs[parcel]{
		Name: name,
		Execute: func(ctx context.Context, p *parcel) (any, error) {
			info, _ := hooks.InfoFrom(ctx)
			if err := p.meet(ctx, path, max(1, info.Attempt)); err != nil {
				return nil, err
			}
			if then == nil {
				return path + " of " + p.ID, nil
			}
			return path + " of " + p.ID, then(ctx)
		},
		Rollback: func(ctx context.Context, p *parcel) error { return ownCall(ctx, p.ID, path) },
	})
}

type hangUpKey struct{}

// passages are taken in turn.
func passages() []*passage {
	const soon = 100 * time.Microsecond
	fails := func(context.Context) error { return errBroken }
	panics := func(ctx context.Context) error { panic(fmt.Sprint(ctx.Value(userKey{}))) }
	exits := func(context.Context) error { runtime.Goexit(); return nil }
	waits := func(ctx context.Context) error { <-ctx.Done(); return nil }
	hangsUp := func(ctx context.Context) error {
		ctx.Value(hangUpKey{}).(context.CancelCauseFunc)(errAway)
		return nil
	}
	secondTime := func(ctx context.Context) error {
		if info, _ := hooks.InfoFrom(ctx); info.Attempt < 2 {
			return errBroken
		}
		return nil
	}
	first, last := visit("first", "first", nil), visit("last", "last", nil)
	reader := hooks.With(hooks.Func("reader", func(ctx context.Context, p *parcel) error {
		return ownCall(ctx, p.ID, "reader")
	}), func(o *hooks.Options) { o.ReadOnly = true })
	judged := hooks.Define(hooks.Funcs[parcel]{
		Name:           "judged",
		ValidateEvent:  func(ctx context.Context, p *parcel) error { return ownCall(ctx, p.ID, "judged") },
		Execute:        func(ctx context.Context, p *parcel) (any, error) { return p.ID, p.meet(ctx, "judged", 1) },
		ValidateResult: func(ctx context.Context, v any) error { return ownCall(ctx, v.(string), "judged") },
	})
	return []*passage{
		{"succeeds", []hooks.Hook[parcel]{first, last}, nil, []string{"first", "last"}, "first succeeded, last succeeded"},
		{"fails", []hooks.Hook[parcel]{first, visit("h", "h", fails)}, errBroken, nil, "first succeeded, h failed"},
		{"panics", []hooks.Hook[parcel]{first, visit("h", "h", panics)}, hooks.ErrPanic, nil, "first succeeded, h panicked"},
		{"exits", []hooks.Hook[parcel]{first, visit("h", "h", exits)}, hooks.ErrExited, nil, "first succeeded, h exited"},
		{"overruns", []hooks.Hook[parcel]{first, limited(visit("h", "h", waits), soon), last}, hooks.ErrTimeout, nil, "first succeeded, h timed out, last skipped"},
		{"hangs up", []hooks.Hook[parcel]{first, visit("h", "h", hangsUp), last}, errAway, nil, "first succeeded, h cancelled, last skipped"},
		{"drops one", []hooks.Hook[parcel]{first, continuing(visit("h", "h", fails)), last}, nil, []string{"first", "last"}, "first succeeded, h failed, last succeeded"},
		{"drops one that panics", []hooks.Hook[parcel]{continuing(visit("h", "h", panics)), last}, nil, []string{"last"}, "h panicked, last succeeded"},
		{"drops one that overruns", []hooks.Hook[parcel]{continuing(limited(visit("h", "h", waits), soon)), last}, nil, []string{"last"}, "h timed out, last succeeded"},
		{"reads", []hooks.Hook[parcel]{first, reader}, nil, []string{"first"}, "first succeeded, reader succeeded"},
		{"is judged", []hooks.Hook[parcel]{judged, reader, last}, nil, []string{"judged", "last"}, "judged succeeded, reader succeeded, last succeeded"},
		{"tries again", []hooks.Hook[parcel]{first, hooks.Retry(visit("h", "h", secondTime), hooks.RetryPolicy{Attempts: 3})}, nil,
			[]string{"first", "h"}, "first succeeded, h succeeded x2"},
		{"in sequence", []hooks.Hook[parcel]{hooks.Sequence("s", visit("a", "s/a", nil), visit("b", "s/b", nil)), last}, nil,
			[]string{"s/a", "s/b", "last"}, "s succeeded (s/a succeeded, s/b succeeded), last succeeded"},
		{"drops a sequence", []hooks.Hook[parcel]{continuing(hooks.Sequence("s", visit("a", "s/a", nil), visit("b", "s/b", exits))), last}, nil,
			[]string{"last"}, "s exited (s/a succeeded, s/b exited), last succeeded"},
		{"side by side", []hooks.Hook[parcel]{hooks.Parallel("p", visit("a", "p/a", nil), visit("b", "p/b", fails))}, errBroken, nil, ""},
		{"tries a group again", []hooks.Hook[parcel]{hooks.Retry(hooks.Parallel("p", reads("a", "p/a"), visit("b", "p/b", secondTime)), hooks.RetryPolicy{Attempts: 2})}, nil,
			[]string{"p/b"}, ""},
	}
}

// reads is a member of a parallel group that changes nothing.
func reads(name, path string) hooks.Hook[parcel] {
	return hooks.Func(name, func(ctx context.Context, p *parcel) error { return ownCall(ctx, p.ID, path) })
}

// run takes a parcel through, and checks all that was told of it.
func (w *passage) run(x *hooks.Executor[parcel], id string) error {
	parent, cancel := context.WithCancelCause(context.WithValue(context.Background(), userKey{}, id))
	defer cancel(nil)
	parent = hooks.WithExecutionID(context.WithValue(parent, hangUpKey{}, cancel), id)
	state := parcel{ID: id}
	report, err := x.Execute(parent, &state, w.chain...)
	switch {
	case errors.Is(err, errMixedUp):
		return err
	case report.Execution != id || !errors.Is(err, w.err) || (err == nil) != (w.err == nil):
		return fmt.Errorf("%s: the report is of %s, the error %w", id, report.Execution, err)
	case state.ID != id || !slices.Equal(state.Trail, w.trail):
		return fmt.Errorf("%s: the state is %+v, want the trail %v", id, state, w.trail)
	}
	if tree := treeOf(report.Results()); w.tree != "" && tree != w.tree {
		return fmt.Errorf("%s: the report says %q, want %q", id, tree, w.tree)
	}
	if pe := (*hooks.PanicError)(nil); errors.As(err, &pe) && pe.Value != id {
		return fmt.Errorf("%s: it panicked with %v", id, pe.Value)
	}
	return ownResults(report.Results(), id)
}

// ownResults checks what the results say, and warned.
func ownResults(results []hooks.Result, id string) error {
	for _, r := range results {
		own := r.Hook + " of " + id
		if r.Value != nil && r.Value != own && r.Value != id {
			return fmt.Errorf("%s: the value of %s is %v", id, r.Hook, r.Value)
		}
		for _, text := range r.Warnings {
			if text != own && text != "judged "+own {
				return fmt.Errorf("%s: %s was warned %q", id, r.Hook, text)
			}
		}
		if err := ownResults(r.Members, id); err != nil {
			return err
		}
	}
	return nil
}

// One hundred thousand executions of all kinds share the workers and the memory of one executor:
// states, reports, keys, contexts and errors are each one's own.
func TestExecutionsMixNothingUp(t *testing.T) {
	many := 100_000
	if raceEnabled || testing.Short() {
		many = 8_000
	}
	const callers = 4
	x := build(t, hooks.Config{}, hooks.ValidatorFunc("v", func(ctx context.Context, c hooks.StateChange[parcel]) hooks.ValidationResult {
		own := c.Hook + " of " + c.After.ID
		return hooks.ValidationResult{Err: ownCall(ctx, c.After.ID, c.Hook), Warnings: []string{"judged " + own}}
	}))
	wrong := make([]error, callers)
	var group sync.WaitGroup
	for c := range callers {
		group.Go(func() {
			ways := passages()
			for i := c; i < many && wrong[c] == nil; i += callers {
				if err := ways[i/callers%len(ways)].run(x, fmt.Sprint("parcel-", i)); err != nil {
					wrong[c] = fmt.Errorf("it %s: %w", ways[i/callers%len(ways)].name, err)
				}
			}
		})
	}
	group.Wait()
	requireNone(t, wrong)
	require.NoError(t, x.Shutdown(t.Context()))
	assert.EqualValues(t, many, x.Metrics().Executions)
	requireReconciled(t, x.Metrics())
}
