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

// Errors of user code have methods, which are user code too. They are asked once, when
// the error arrives; afterwards the library goes by what it was told.

// An opinion is what an error of user code means.
type opinion struct {
	err error // with its text rendered once
	marks
}

// marks are what an error says by being, or wrapping, one of ours.
type marks struct{ rejected, unknown, skipRest bool }

// classify asks an error of user code what it means. Errors made of types that we know
// are asked here. Others are asked like any user code: contained, and under the budget
// of the call that returned them, with a moment more if that is used up. An error whose
// methods do not behave is kept out of reach; the marks around it count all the same.
func (r *run) classify(s *scope, b *budget, err error) opinion {
	if left := maxErrorNodes; harmless(err, &left) {
		return ask(err, harmlessType)
	}
	rest := *b
	rest.grace = max(b.grace, errorGrace)
	out, _ := invoke(r, s, &rest, func(context.Context) opinion {
		_ = errors.Is(err, ErrUnknown) // what the caller will do: an error that panics here is not for him
		return ask(err, func(error) bool { return true })
	})
	if out != nil && out.How == call.Returned {
		return out.Value
	}
	text := fmt.Sprintf("an error of type %s whose methods panic or do not return", reflect.TypeOf(err))
	o := opinion{err: errors.New(text), marks: marksOf(err, harmlessType)}
	if o.rejected {
		o.err = &said{ErrRejected, text}
	}
	return o
}

// errorGrace is the least time that the methods of an error have. An error that comes
// at the deadline is not to lose its text because a processor was busy.
const errorGrace = 10 * time.Millisecond

// ask returns what err means. Of the errors that it wraps, only those below a type that
// known accepts are looked at.
func ask(err error, known func(error) bool) opinion {
	o := opinion{err: err, marks: marksOf(err, known)}
	if err != SkipRest {
		o.err = &foreign{err, errorText(err)}
	}
	return o
}

// marksOf looks for our marks in err and in what it wraps. It does not look into an
// ExecutionError: what a hook of another chain said is not said by this one.
func marksOf(err error, known func(error) bool) marks {
	var m marks
	left := maxErrorNodes
	walk(err, &left, func(err error) bool {
		switch x := err.(type) {
		case *ExecutionError:
			return false
		case *marked:
			m.rejected = m.rejected || x.class == ErrRejected
			m.unknown = m.unknown || x.class == ErrUnknown
		case *class:
			m.rejected = m.rejected || x == ErrRejected
		}
		m.skipRest = m.skipRest || err == SkipRest
		return known(err)
	})
	return m
}

// maxErrorNodes bounds how many errors of a tree are looked at.
const maxErrorNodes = 64

// walk calls visit for err and for what it wraps below each error for which visit
// returned true. It returns false if there were more than *left errors.
func walk(err error, left *int, visit func(error) bool) bool {
	if err == nil {
		return true
	}
	if *left--; *left < 0 {
		return false
	}
	if !visit(err) {
		return true
	}
	switch err := err.(type) {
	case *undoFailure:
		return walk(err.r.Err, left, visit)
	case interface{ Unwrap() error }:
		return walk(err.Unwrap(), left, visit)
	case interface{ Unwrap() []error }:
		for _, inner := range err.Unwrap() {
			if !walk(inner, left, visit) {
				return false
			}
		}
	}
	return true
}

// harmless reports whether an error consists of at most *left errors, all of types of
// which we know that their methods return, so that they can be called here.
func harmless(err error, left *int) bool {
	all := true
	whole := walk(err, left, func(err error) bool {
		all = all && harmlessType(err)
		return all
	})
	return whole && all
}

func harmlessType(err error) bool {
	t := reflect.TypeOf(err)
	if t.Kind() == reflect.Pointer {
		if reflect.ValueOf(err).IsNil() {
			return false
		}
		t = t.Elem()
	}
	return harmlessPackages[t.PkgPath()]
}

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
