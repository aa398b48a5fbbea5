package deep

import "reflect"

// A Row says what a copy does with one part of a type.
type Row struct {
	Path string // from the type's name on; [] stands for any element or map value, [key] for any map key
	Type string
	Rule string // one of the Rule constants
	Why  string // a few words, may be empty
}

// What a Row's Rule can be.
const (
	RuleCopied  = "copied"
	RuleShared  = "shared"     // the same value in every copy
	RuleZeroed  = "zeroed"     // zero in a copy, as its tag says
	RuleFresh   = "fresh"      // new and unused in a copy
	RuleRefused = "refused"    // no copy is made, unless it is nil or zero; of an unknown tag none at all
	RuleOwn     = "own method" // its DeepCopy method decides
	RuleDynamic = "dynamic"    // the value that an interface holds decides
)

// Explain lists, path by path, what Copy does with a value of type t. A type that has been explained before is not
// explained again, so that recursive types end.
func Explain(t reflect.Type) []Row {
	e := explainer{at: map[reflect.Type]string{}}
	e.explain(typeName(t), t)
	return e.rows
}

type explainer struct {
	rows []Row
	at   map[reflect.Type]string // where a type has been explained
}

func (e *explainer) row(path string, t reflect.Type, rule, why string) {
	e.rows = append(e.rows, Row{path, t.String(), rule, why})
}

// explain adds the row of path and those below.
func (e *explainer) explain(path string, t reflect.Type) {
	r := ruleOf(t)
	rule, why := verdict(r)
	if rule != RuleCopied || r.leaf {
		e.row(path, t, rule, why)
		return
	}
	target := t
	for target.Kind() == reflect.Pointer && target.Name() == "" && ruleOf(target).act == actPointer && target != target.Elem() {
		target = target.Elem()
	}
	if before, ok := e.at[target]; ok && hasParts(target) {
		e.row(path, t, rule, "like "+before)
		return
	}
	e.at[target] = path
	e.row(path, t, rule, why)
	e.below(path, target, target != t)
}

// hasParts reports whether values of t are explained in more than one row.
func hasParts(t reflect.Type) bool {
	switch ruleOf(t).act {
	case actStruct, actArray, actSlice, actMap, actPointer, actAtomicPointer:
		return true
	}
	return false
}

// worthARow reports whether there is more to say of elements of type t than that they are copied.
func worthARow(t reflect.Type) bool {
	r := ruleOf(t)
	return !r.plain || r.shared || hasParts(t)
}

// below explains the parts of t. What a pointer leads to has the path of the pointer, and a row of its own only if it
// is not simply copied.
func (e *explainer) below(path string, t reflect.Type, pointee bool) {
	r := ruleOf(t)
	if rule, why := verdict(r); pointee && rule != RuleCopied {
		e.row(path, t, rule, why)
		return
	}
	if r.leaf {
		return
	}
	switch r.act {
	case actStruct:
		for i := range r.fields {
			e.field(path+"."+r.fields[i].name, &r.fields[i])
		}
	case actArray, actSlice, actMap:
		if r.act == actMap && worthARow(t.Key()) {
			e.explain(path+"[key]", t.Key())
		}
		if worthARow(t.Elem()) {
			e.explain(path+"[]", t.Elem())
		}
	case actPointer:
		e.explain(path, t.Elem())
	case actAtomicPointer:
		e.explain(path, r.target)
	}
}

func (e *explainer) field(path string, f *field) {
	switch f.mode {
	case modeCopy:
		if f.typ.Size() > 0 || f.name != "_" {
			e.explain(path, f.typ)
		}
	case modeShare:
		e.row(path, f.typ, RuleShared, "tagged share")
	case modeZero:
		e.row(path, f.typ, RuleZeroed, whyZero(f))
	case modeIgnore:
		e.row(path, f.typ, RuleShared, "tagged -; not compared and not counted")
	case modeRefuse:
		e.row(path, f.typ, RuleRefused, badTag(f.tag))
	}
}

func whyZero(f *field) string {
	if f.tag == "" {
		return "a note of protobuf's; the destination keeps its own"
	}
	return "tagged zero; the destination keeps its own"
}

// verdict names the rule for values of a type, apart from what they hold.
func verdict(r *rule) (rule, why string) {
	switch {
	case r.own != nil:
		return RuleOwn, "its DeepCopy method makes the copy"
	case r.shared:
		return RuleShared, "immutable, or an identity"
	case r.act == actRefuse:
		return RuleRefused, r.reason
	case r.act == actZero && r.typ.PkgPath() == protobufImpl:
		return RuleFresh, "unused; the destination keeps its own"
	case r.act == actZero:
		return RuleFresh, "unlocked; the destination keeps its own"
	case r.typ.PkgPath() == "sync" && r.typ.Name() == "Cond":
		return RuleFresh, "L is copied, there are no waiters; the destination keeps its own"
	case r.typ.PkgPath() == "sync" && r.typ.Name() == "Pool":
		return RuleFresh, "New is shared, there is no content; the destination keeps its own"
	case r.act == actInterface:
		return RuleDynamic, "as the value it holds; errors and contexts are shared"
	case r.act == actAtomic || r.act == actAtomicPointer || r.act == actAtomicValue:
		return RuleCopied, "by Load"
	case r.act == actSyncMap:
		return RuleCopied, "by Range"
	case r.act == actSlice:
		return RuleCopied, "up to its length"
	}
	return RuleCopied, ""
}
