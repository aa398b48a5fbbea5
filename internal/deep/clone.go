package deep

import (
	"reflect"
	"sync/atomic"
)

// A method is a type's own DeepCopy, which goes before every other rule except those for types of the standard
// library that are known by name. It is looked for on the value and on the pointer, with one of the results T, *T,
// or an interface that then holds a T or a *T. DeepCopy methods of any other form are no promise to copy a T (often
// they are promoted from an embedded field, which is then asked itself) and are not called.
type method struct {
	fn     reflect.Value             // of type func(*T) …
	direct func(src pointer) pointer // the same if it returns a *T, else nil
	value  func(dst, src pointer)    // the same if it returns a T of a known layout, else nil
	make   func() pointer            // then: a new T
	weight atomic.Pointer[plan]      // by which what it returns is weighed
}

func methodOf(t reflect.Type) *method {
	if t.Kind() == reflect.Interface || t.Kind() == reflect.Pointer {
		return nil
	}
	m, ok := reflect.PointerTo(t).MethodByName("DeepCopy") // a constant name keeps the linker's dead code removal
	if !ok || m.Type.NumIn() != 1 || m.Type.NumOut() != 1 {
		return nil
	}
	out := m.Type.Out(0)
	fits := out == t || out == reflect.PointerTo(t) ||
		out.Kind() == reflect.Interface && reflect.PointerTo(t).Implements(out)
	if !fits {
		return nil
	}
	own := &method{fn: m.Func}
	switch {
	case out == reflect.PointerTo(t):
		own.direct = pointerFunc(m.Func)
	case out == t && ofWords(t):
		marks, _ := bitmapOf(t)
		words := layouts()[marks]
		own.value, own.make = valueFunc(m.Func, words), words.make
	}
	return own
}

// absent reports whether v is the nil of its kind, for which no method is called.
func absent(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Map, reflect.Slice, reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return v.IsNil()
	}
	return false
}

// call calls the method of the variable of type t at src. It returns where the result is, at into if it may as well be there
// and into is not nil; or it returns the result, if that is to be looked at.
func (m *method) call(src pointer, t reflect.Type, into pointer) (to pointer, out reflect.Value) {
	switch {
	case m.direct != nil:
		return m.direct(src), out
	case m.value != nil:
		if into == nil {
			into = m.make()
		}
		m.value(into, src)
		return into, out
	}
	p := at(t, src).Addr()
	if x, ok := p.Interface().(interface{ DeepCopy() any }); ok {
		return nil, reflect.ValueOf(x.DeepCopy())
	}
	return nil, m.fn.Call([]reflect.Value{p})[0]
}

// nilable reports whether values of the rule's type can be absent.
func (r *rule) nilable() bool { return r.act == actMap || r.act == actSlice || r.shared }

// An answer is what a DeepCopy method returned, or what was wrong with it.
type answer struct {
	value  reflect.Value // a pointer to the copy: the method's own if it returned one
	reason string        // "" if nothing was wrong
	err    error         // the cause, if there is one
}

// answers are what methods have returned to an attempt that was not finished, by the variables that were asked: those
// are not asked again.
type answers map[question]answer

type question struct {
	addr pointer
	typ  reflect.Type
}

// bad reports whether something was wrong with an answer.
func (x answers) bad() bool {
	for _, a := range x {
		if a.reason != "" {
			return true
		}
	}
	return false
}

// ask calls the DeepCopy method of the addressable src, as the options say.
func (o *Options) ask(src reflect.Value) answer {
	cell := new(reflect.Value) // of this call alone: a method that is given up may still write it
	args := []reflect.Value{src.Addr()}
	fn := ruleOf(src.Type()).own.fn
	if err := o.call(func() { *cell = fn.Call(args)[0] }); err != nil {
		return failed(err)
	}
	return returned(*cell, src.Type())
}

func failed(err error) answer {
	return answer{reason: "has a DeepCopy method that failed; mend it, or tag the field " + tagHint, err: err}
}

// returned is the answer of a method of type t that has returned out.
func returned(out reflect.Value, t reflect.Type) answer {
	if out.Kind() == reflect.Interface {
		out = out.Elem()
	}
	switch {
	case !out.IsValid() || out.Kind() == reflect.Pointer && out.IsNil():
		return answer{reason: "has a DeepCopy method that returned nil; make it return a copy"}
	case out.Type() == t:
		p := reflect.New(t)
		p.Elem().Set(out)
		return answer{value: p}
	case out.Type() == reflect.PointerTo(t):
		return answer{value: out}
	}
	return answer{reason: "has a DeepCopy method that returned a " + out.Type().String() +
		" (is it promoted from an embedded field?); give the type its own"}
}

// call runs fn as the options say.
func (o *Options) call(fn func()) (err error) {
	if o.Call != nil {
		return o.Call(fn)
	}
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{p}
		}
	}()
	fn()
	return nil
}

// clone returns a pointer to what the DeepCopy method of the addressable src made.
func (c *copier) clone(src reflect.Value) (reflect.Value, error) {
	a, ok := c.answers[question{address(src), src.Type()}]
	if !ok && c.blaming {
		return reflect.New(src.Type()), nil
	}
	if !ok {
		if err := c.stopped(); err != nil {
			return reflect.Value{}, err
		}
		a = c.opts.ask(src)
	}
	if a.reason != "" {
		return reflect.Value{}, c.cannot(src.Type(), a.reason, a.err)
	}
	return a.value, c.weighClone(a.value)
}

// weighClone counts the memory behind p, which a DeepCopy method returned: all of it, as it would be copied without
// such methods, what p shares with the original included unless it is of a shared kind or tagged so.
func (c *copier) weighClone(p reflect.Value) error {
	w := newCopier(Options{Limit: c.opts.Limit, Stop: c.opts.Stop}, p.Type().Elem())
	w.lenient = true
	if err := w.survey(p.UnsafePointer()); err != nil {
		return err
	}
	c.bytes += w.bytes - int64(p.Type().Elem().Size()) // its own place is counted already
	return c.checkLimit(c.bytes)
}
