package deep

import (
	"reflect"
)

// A linker makes every reference of the merged value lead to the memory that stands for the identity of its target.
type linker struct {
	agenda
	m     *merger
	boxes map[boxKey]reflect.Value
}

// link links all that the variable root leads to.
func (m *merger) link(root reflect.Value) {
	k := &linker{m: m, boxes: map[boxKey]reflect.Value{}}
	k.visit(root, ruleOf(root.Type()))
	k.run(m.goOn)
}

// visit links the references that the variable v holds.
func (k *linker) visit(v reflect.Value, r *rule) {
	if r.plain || r.own != nil && r.act != actMap {
		return
	}
	switch r.act {
	case actStruct:
		for i := range r.fields {
			if f := &r.fields[i]; f.mode == modeCopy {
				k.visit(member(v, f), f.rule)
			}
		}
	case actArray:
		for i := range v.Len() {
			k.visit(v.Index(i), r.elem)
		}
	case actPointer, actSlice, actMap:
		k.redirect(v)
	case actInterface:
		k.add(func() { k.dynamic(v) })
	case actAtomicPointer:
		p := atomicTarget(v, r)
		k.visit(p, ruleOf(r.target))
		storePointer(address(v), r.word, p.UnsafePointer())
	case actAtomicValue:
		x := atomicContent(v)
		k.visit(x, ruleOf(anyType))
		k.add(func() { putAtomicContent(v, x) })
	case actSyncMap:
		k.entries(plainMap(v), func(list []*row) { refillSyncMap(v, list) })
	}
}

// redirect makes the pointer, slice or map v lead to where it should.
func (k *linker) redirect(v reflect.Value) {
	r := k.find(v)
	if r.to == nil {
		return
	}
	id := k.m.identity(r.to)
	home := id.residence()
	switch t := v.Type(); t.Kind() {
	case reflect.Map:
		v.Set(home.m.Convert(t))
	case reflect.Slice:
		v.Set(sliceAt(t, add(home.addr, r.off), v.Len()))
	default:
		v.Set(reflect.NewAt(t.Elem(), add(home.addr, r.off)).Convert(t))
	}
	if !id.linked {
		id.linked = true
		k.add(func() { k.object(home) })
	}
}

// find returns where v leads to, in whichever lane that is.
func (k *linker) find(v reflect.Value) ref {
	for _, l := range k.m.lanes {
		if r, ok := l.find(v); ok {
			return r
		}
	}
	panic("deep: a reference leads out of the merged value")
}

func (k *linker) object(o *object) {
	switch {
	case o.single:
	case o.addr == nil:
		k.entries(o.m, func(list []*row) { refillMap(o.m, list) })
	default:
		if r := ruleOf(o.typ); !r.plain {
			for i := range o.n {
				k.visit(o.elem(i), r)
			}
		}
	}
}

// entries links the entries of the map v, and has it refilled with them.
func (k *linker) entries(v reflect.Value, refill func(list []*row)) {
	kr, er := ruleOf(v.Type().Key()), ruleOf(v.Type().Elem())
	if kr.plain && er.plain {
		return
	}
	var list []*row
	for it := v.MapRange(); it.Next(); {
		x := &row{key: group{variable(it.Key())}, value: group{variable(it.Value())}}
		list = append(list, x)
		k.visit(x.key[0], kr)
		k.visit(x.value[0], er)
	}
	k.add(func() { refill(list) })
}

// dynamic links what the interface v holds. What it holds cannot be changed: another value takes its place.
func (k *linker) dynamic(v reflect.Value) {
	e := v.Elem()
	if !e.IsValid() {
		return
	}
	r := dynamicRule(e.Type())
	if r.plain || r.act == actRefuse {
		return
	}
	key := boxKey{e.Type(), dataWord(v)}
	if linked, ok := k.boxes[key]; ok {
		v.Set(linked)
		return
	}
	x := variable(e)
	k.visit(x, r)
	k.add(func() {
		linked := reflect.ValueOf(x.Interface())
		k.boxes[key] = linked
		v.Set(linked)
	})
}
