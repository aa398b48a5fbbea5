package hooks

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
)

// A Description says what a hook is, as an executor sees it.
type Description struct {
	Name    string
	Options Options // with every edit of With; Options.Version is the hook's version

	Rollback       bool // it, or one of its members, can be undone: see Rollbacker
	ValidateEvent  bool // see EventValidator
	ValidateResult bool // see ResultValidator

	// Members are the hooks that this one is composed of, in order.
	Members []Description

	// Err is why an executor would refuse the hook, nil if it would not.
	Err error
}

// clone returns d with lists of its own.
func (d Description) clone() Description {
	d.Members = slices.Clone(d.Members)
	for i := range d.Members {
		d.Members[i] = d.Members[i].clone()
	}
	return d
}

// Describe returns the description of h. It looks through With, Around and Define, so use
// it rather than a type assertion. It calls h's Name and Options, whose
// panics are the caller's.
func Describe[T any](h Hook[T]) Description {
	st, err := resolve(h)
	d := st.describe()
	d.Err = err
	return d
}

// describe returns the description of a step. Of a hook that is retried it is the hook's.
func (st *step[T]) describe() Description {
	d := Description{
		Name:           st.name,
		Options:        st.options,
		Rollback:       st.rollback != nil,
		ValidateEvent:  st.validateEvent != nil,
		ValidateResult: st.validateResult != nil,
	}
	if st.group == nil {
		return d
	}
	for i := range st.group.members {
		m := st.group.members[i].describe()
		if st.group.kind == retryGroup {
			m.Options.OnFailure = st.options.OnFailure
			return m
		}
		d.Rollback = d.Rollback || m.Rollback
		d.Members = append(d.Members, m)
	}
	return d
}

// A step is a hook with its abilities looked up, so that a run makes no type
// assertion and asks no ability method twice.
type step[T any] struct {
	name    string
	index   int
	options Options

	timeout time.Duration // with the executor's default; a group has none
	role    role
	other   int32         // of the first and last step of a group: the place of the other one
	group   *groupStep[T] // nil for a hook

	execute        func(ctx context.Context, state *T) (any, error)
	rollback       func(ctx context.Context, state *T) error   // nil: cannot be undone
	validateEvent  func(ctx context.Context, state *T) error   // nil: none
	validateResult func(ctx context.Context, result any) error // nil: none
}

// resolve looks up the abilities of one hook. It runs user code: Name, Options and
// the edits of With. What it learnt before an error stands in the step.
func resolve[T any](h Hook[T]) (step[T], error) {
	switch h := h.(type) {
	case nil:
		return step[T]{}, invalidHook("is nil; leave it out of the chain")
	case *edited[T]:
		return resolveEdited(h)
	case *surrounded[T]:
		return resolveSurrounded(h)
	case *defined[T]:
		st := step[T]{
			name: h.f.Name, options: h.f.Options, execute: h.f.Execute, rollback: h.f.Rollback,
			validateEvent: h.f.ValidateEvent, validateResult: h.f.ValidateResult,
		}
		return st, st.check()
	case *group[T]:
		return resolveGroup(h)
	}
	st := step[T]{name: h.Name(), execute: h.Execute}
	if err := checkAbilities(h); err != nil {
		return st, err
	}
	if o, ok := h.(Optioner); ok {
		st.options = o.Options()
	}
	if r, ok := h.(Rollbacker[T]); ok {
		st.rollback = r.Rollback
	}
	if v, ok := h.(EventValidator[T]); ok {
		st.validateEvent = v.ValidateEvent
	}
	if v, ok := h.(ResultValidator); ok {
		st.validateResult = v.ValidateResult
	}
	return st, st.check()
}

func resolveEdited[T any](h *edited[T]) (step[T], error) {
	st, err := resolve(h.Hook)
	if err != nil {
		return st, err
	}
	if h.edit == nil {
		return st, invalidHook("was given to With without an edit function")
	}
	h.edit(&st.options)
	if err := st.group.share(&st.options); err != nil {
		return st, err
	}
	return st, st.check()
}

// check refuses a step that no chain could run.
func (st *step[T]) check() error {
	if err := checkName(st.name); err != nil {
		return err
	}
	switch {
	case st.group == nil && st.execute == nil:
		return invalidHook("has a nil Execute function")
	case st.group != nil && st.group.kind != retryGroup && (st.options.ReadOnly || st.options.DryRunnable):
		return invalidHook("is a group, which cannot be ReadOnly or DryRunnable; its members can")
	case st.options.Timeout < 0:
		return invalidHook(fmt.Sprintf("has a negative Timeout (%v); 0 means the default, NoLimit none", st.options.Timeout))
	case st.options.OnFailure > Continue:
		return invalidHook(fmt.Sprintf("has an unknown OnFailure policy (%v); use Abort or Continue", st.options.OnFailure))
	}
	return nil
}

// checkName refuses a name that no hook can have.
func checkName(name string) error {
	switch {
	case name == "":
		return invalidHook("has an empty name; give it one that is unique within its chain")
	case plainName(name):
	case strings.ContainsAny(name, "/#"):
		return invalidHook(`has a name that contains "/" or "#", which separate the parts of paths and keys`)
	case strings.ContainsFunc(name, unicode.IsControl):
		return invalidHook(fmt.Sprintf("has a control character in its name %q", name))
	}
	return nil
}

// plainName reports whether a name is known to be good at first sight.
func plainName(name string) bool {
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c == '/' || c == '#' || c >= 0x7f {
			return false
		}
	}
	return true
}

// checkAbilities refuses a hook with a method that is named like an ability and
// would silently never be called: because its signature is another, or because the
// hook was given by value and the method has a pointer receiver.
func checkAbilities[T any](h Hook[T]) error {
	t := reflect.TypeOf(h)
	pointer := t
	if t.Kind() != reflect.Pointer {
		pointer = reflect.PointerTo(t)
	}
	if _, named := pointer.MethodByName("Rollback"); named {
		if _, ok := h.(Rollbacker[T]); !ok {
			return wrongAbility[Rollbacker[T]](t, pointer, "Rollback")
		}
	}
	if _, named := pointer.MethodByName("ValidateEvent"); named {
		if _, ok := h.(EventValidator[T]); !ok {
			return wrongAbility[EventValidator[T]](t, pointer, "ValidateEvent")
		}
	}
	if _, named := pointer.MethodByName("ValidateResult"); named {
		if _, ok := h.(ResultValidator); !ok {
			return wrongAbility[ResultValidator](t, pointer, "ValidateResult")
		}
	}
	if _, named := pointer.MethodByName("Options"); named {
		if _, ok := h.(Optioner); !ok {
			return wrongAbility[Optioner](t, pointer, "Options")
		}
	}
	return nil
}

// wrongAbility says what is wrong with a method of hook type t that is named like an
// ability: of its pointer type alone, or of another signature.
func wrongAbility[Ability any](t, pointer reflect.Type, method string) error {
	ability := reflect.TypeFor[Ability]()
	if pointer.Implements(ability) {
		return invalidHook(fmt.Sprintf("is a %v, whose method %s is that of %v and would never be called; pass a pointer", t, method, pointer))
	}
	return invalidHook(fmt.Sprintf("of type %v has a method %s that would never be called: its signature must be %v, or its name another",
		t, method, ability.Method(0).Type))
}
