package hooks

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/hooktx/hooks/internal/call"
	"github.com/hooktx/hooks/internal/show"
)

// All user code is called from this file, by the one call machine: on a goroutine of
// its own, under a budget, with panics and exits contained.

// invoke runs fn under b and returns how it ended, and why it was late if it was.
// The outcome is nil if fn was given up; late then gets it when fn ends after all,
// on fn's goroutine, while the call still counts as abandoned.
func invoke[R any](r *run, s *scope, b *budget, fn func(ctx context.Context) R, late func(*call.Outcome[R])) (*call.Outcome[R], *lateness) {
	var entry *AbandonedHook // written by the waiter before late can be called
	own := *s
	own.call = b.ctx
	ctx := own.in(b.ctx)
	c := call.Start(
		func() R { return fn(ctx) },
		b.alive,
		func(out *call.Outcome[R]) {
			if late != nil {
				late(out)
			}
			r.lateEnd(*entry, out.How)
			r.core.ended(entry)
		},
	)
	out := c.Wait(b.ctx.Done(), b.cut, b.grace, func() {
		entry = &AbandonedHook{Execution: r.id, Hook: s.info.Hook, Phase: s.info.Phase, Since: time.Now()}
		r.core.abandon(entry)
		r.gaveUp(*entry)
	})
	if out == nil {
		return nil, b.now()
	}
	return out, b.verdict(out.At, out.Err)
}

// A mishap is a call of user code that did not go well.
type mishap struct {
	err   error // why, the lateness first; never nil
	stack string
	late  *lateness // nil if it was in time

	opinion            // of the error that it returned
	how       call.How // how it ended, if it did
	returned  bool     // it ended, and returned nil (in time or late)
	abandoned bool     // it did not end
}

// do runs a function that returns an error. The mishap is nil if it returned nil in
// time.
func (r *run) do(s *scope, b *budget, fn func(ctx context.Context) error) *mishap {
	out, late := invoke(r, s, b, fn, nil)
	if out == nil {
		return &mishap{err: late.cause, late: late, abandoned: true}
	}
	return r.judge(s, b, out.How, out.Value, out.Panic, out.Stack, late)
}

// judge says what to make of a call that ended. Lateness wins the verdict; what the
// call itself says is joined.
func (r *run) judge(s *scope, b *budget, how call.How, err error, panicked any, stack string, late *lateness) *mishap {
	m := &mishap{how: how, stack: stack, late: late}
	switch how {
	case call.Panicked:
		m.err = r.panicked(s, b, panicked, stack)
	case call.Exited:
		m.err = errExitedWithout
	default:
		if err != nil {
			m.opinion = r.classify(s, b, err)
			m.err = m.opinion.err
		}
		m.returned = err == nil || m.skipRest
	}
	switch {
	case late == nil && m.returned:
		if !m.skipRest {
			return nil
		}
	case late != nil && m.returned:
		m.err = late.cause
	case late != nil:
		m.err = &joined{late.cause, m.err, "; it ended late with: "}
	}
	return m
}

// An opinion is what an error of user code means.
type opinion struct {
	err                         error // with its text rendered once
	rejected, unknown, skipRest bool
}

// classify asks an error of user code what it means. That calls its methods, so it
// is done once, like any call of user code: contained, and under the budget of the
// call that returned it, with a moment more if that is used up. An error whose methods
// do not behave is kept out of reach.
func (r *run) classify(s *scope, b *budget, err error) opinion {
	if harmless(err, maxErrorDepth) {
		return ask(err)
	}
	rest := *b
	rest.grace = max(b.grace, errorGrace)
	out, _ := invoke(r, s, &rest, func(context.Context) opinion { return ask(err) }, nil)
	if out == nil || out.How != call.Returned {
		text := fmt.Sprintf("an error of type %s whose methods panic or do not return", reflect.TypeOf(err))
		return opinion{err: errors.New(text)}
	}
	return out.Value
}

// errorGrace is the least time that the methods of an error have. An error that comes
// at the deadline is not to lose its text because a processor was busy.
const errorGrace = 10 * time.Millisecond

// harmless reports whether an error consists, to the given depth, of types of which we
// know that their methods return and do not panic, so that they can be called here.
func harmless(err error, depth int) bool {
	t := reflect.TypeOf(err)
	if t.Kind() == reflect.Pointer {
		if reflect.ValueOf(err).IsNil() {
			return false
		}
		t = t.Elem()
	}
	if depth == 0 || !harmlessPackages[t.PkgPath()] {
		return false
	}
	switch err := err.(type) {
	case *undoFailure:
		return harmless(err.r.Err, depth-1)
	case interface{ Unwrap() error }:
		inner := err.Unwrap()
		return inner == nil || harmless(inner, depth-1)
	case interface{ Unwrap() []error }:
		for _, inner := range err.Unwrap() {
			if inner == nil || !harmless(inner, depth-1) {
				return false
			}
		}
	}
	return true
}

const maxErrorDepth = 16

// harmlessPackages declare no error type with methods of its own that could hang.
var harmlessPackages = map[string]bool{
	"errors": true, "fmt": true, "context": true, "io": true, "io/fs": true, "syscall": true, "strconv": true,
	reflect.TypeFor[class]().PkgPath(): true,
}

// panicked is the error of a panic.
func (r *run) panicked(s *scope, b *budget, v any, stack string) error {
	pe := &PanicError{Value: v, Stack: stack}
	if err, ok := v.(error); ok {
		asked := r.classify(s, b, err).err
		pe.text = asked.Error()
		_, behaves := asked.(*foreign)
		pe.opaque = !behaves && err != SkipRest
	} else {
		pe.text = panicText(v)
	}
	return pe
}

var errExitedWithout error = &said{ErrExited, "goroutine exited without returning (runtime.Goexit, or FailNow of a test)"}

// maxErrorText bounds the text that is kept of an error, in bytes.
const maxErrorText = 4096

func ask(err error) opinion {
	if err == SkipRest {
		return opinion{err: err, skipRest: true}
	}
	return opinion{
		err:      &foreign{err, errorText(err)},
		rejected: errors.Is(err, ErrRejected),
		unknown:  errors.Is(err, errUnknown),
		skipRest: errors.Is(err, SkipRest),
	}
}

// errorText is err.Error(), or what can be said of an error whose Error panics.
func errorText(err error) (text string) {
	defer func() {
		if recover() == nil {
			return
		}
		text = fmt.Sprintf("an error of type %s whose Error method panics", reflect.TypeOf(err))
		if v := reflect.ValueOf(err); v.Kind() == reflect.Pointer && v.IsNil() {
			text = fmt.Sprintf("a nil %s in an error interface, which is not a nil error; return a plain nil for success", v.Type())
		}
	}()
	return show.Text(err.Error(), maxErrorText)
}

// panicText renders what a panic was called with, for a goroutine on which the
// methods of an error may be called.
func panicText(v any) string {
	switch v := v.(type) {
	case string:
		return show.Text(v, maxErrorText)
	case error:
		return errorText(v)
	}
	return show.Value(v)
}

// aside runs a logger or a trace callback. Such code is trusted not to block, so no
// limit is kept, but it may panic or exit its goroutine.
func aside(fn func()) {
	call.Start(func() struct{} { fn(); return struct{}{} }, nil, nil).Join()
}
