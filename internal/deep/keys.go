package deep

import (
	"cmp"
	"math"
	"reflect"
	"slices"

	"github.com/hooktx/hooks/internal/show"
)

// An entryPair is what two maps hold under a key. Of a key that only one map has, the other value is invalid.
type entryPair struct {
	key  reflect.Value // for the path: the first map's, if it has the key
	a, b reflect.Value
	also reflect.Value // the second map's key, if it is yet to be compared with the first's
}

// compareMaps reports false if one of the maps is nil and the other not.
func (c *comparison) compareMaps(a, b reflect.Value, r *rule, up *trail, s *step) bool {
	switch pa, pb := a.UnsafePointer(), b.UnsafePointer(); {
	case a.IsNil() != b.IsNil():
		return false
	case pa == pb:
		return true
	case c.report == nil && a.Len() != b.Len():
		return false
	case c.met(pairOf(pa, pb, a.Type())):
		return true
	}
	entries, listed := c.differing(a, b, up == nil)
	if !listed {
		entries = c.pairOff(a, b)
	}
	c.push(a, b, r, len(entries), up, s)
	if len(entries) > 0 {
		c.stack[len(c.stack)-1].entries = entries
	}
	return true
}

func (c *comparison) visitEntry(x frame, e entryPair) {
	s := step{key: e.key}
	if e.also.IsValid() {
		key := ruleOf(e.key.Type())
		c.visit(variable(e.key), variable(e.also), key, x.at, &s)
	}
	switch {
	case c.done:
	case !e.a.IsValid() || !e.b.IsValid():
		c.different(e.a, e.b, x.at, &s)
	default:
		a := variable(e.a)
		c.visit(a, variable(e.b), ruleOf(a.Type()), x.at, &s)
	}
}

// pairOff finds out which entries of a and b belong together, in the order of their keys. Keys that both maps have are
// pairs at once. Those that are left can still be equal by content: pointers to other memory, NaNs.
func (c *comparison) pairOff(a, b reflect.Value) (list []entryPair) {
	var left, right []candidate
	for it := a.MapRange(); it.Next(); {
		k, v := it.Key(), it.Value()
		if w := b.MapIndex(k); w.IsValid() {
			list = append(list, entryPair{key: k, a: v, b: w})
		} else {
			left = append(left, newCandidate(k, v))
		}
	}
	if len(list) < b.Len() {
		for it := b.MapRange(); it.Next(); {
			if k := it.Key(); !a.MapIndex(k).IsValid() {
				right = append(right, newCandidate(k, it.Value()))
			}
		}
	}
	if byContent(a.Type().Key()) {
		list = c.match(list, left, right)
	} else {
		list = single(list, left, right)
	}
	if c.report != nil {
		sortByKey(list)
	}
	return list
}

// single adds the entries that have no counterpart.
func single(list []entryPair, left, right []candidate) []entryPair {
	for _, x := range left {
		if !x.used {
			list = append(list, entryPair{key: x.key, a: x.value})
		}
	}
	for _, x := range right {
		if !x.used {
			list = append(list, entryPair{key: x.key, b: x.value})
		}
	}
	return list
}

// A candidate is an entry that seeks its counterpart.
type candidate struct {
	key, value reflect.Value
	print      [2]uint64 // of key and value: equal ones have equal prints
	used       bool
}

func newCandidate(k, v reflect.Value) candidate {
	c := candidate{key: k, value: v}
	if byContent(k.Type()) {
		c.fingerprint(fewParts)
	}
	return c
}

// fingerprint takes the prints of key and value, of so many parts of each.
func (c *candidate) fingerprint(parts int) {
	c.print = [2]uint64{fingerprint(c.key, parts), fingerprint(c.value, parts)}
}

// A fingerprint is of so many parts; of more if too many candidates have it in common.
const fewParts, manyParts, tooMany = 64, 1 << 16, 8

// sharpen takes better fingerprints if too many candidates have the same.
func sharpen(left, right []candidate) {
	same := map[[2]uint64]int{}
	for i := range right {
		if same[right[i].print]++; same[right[i].print] > tooMany {
			for _, list := range [][]candidate{left, right} {
				for j := range list {
					list[j].fingerprint(manyParts)
				}
			}
			return
		}
	}
}

// Comparing keys on the side is recursive. Below so many levels of maps with such keys, prints alone decide which keys
// are compared, and then for good.
const maxSides = 8

// match pairs off left and right: first entries that are equal in key and value, then keys that are known to belong
// together or are equal.
func (c *comparison) match(list []entryPair, left, right []candidate) []entryPair {
	sharpen(left, right)
	order := func(x, y candidate) int {
		n := slices.Compare(x.print[:], y.print[:])
		if n == 0 {
			n = compareContent(x.key, y.key)
		}
		if n == 0 { // NaNs
			n = compareContent(x.value, y.value)
		}
		return n
	}
	slices.SortStableFunc(left, order)
	slices.SortStableFunc(right, order)
	whole, keyOnly := map[[2]uint64][]*candidate{}, map[uint64][]*candidate{}
	for i := range right {
		x := &right[i]
		whole[x.print] = append(whole[x.print], x)
		keyOnly[x.print[0]] = append(keyOnly[x.print[0]], x)
	}
	for _, values := range []bool{true, false} {
		list = c.matchKnown(list, left, right, values)
		for i := range left {
			x, among := &left[i], keyOnly[left[i].print[0]]
			if values {
				among = whole[x.print]
			}
			if y := c.choose(x, among, values); y != nil {
				x.used, y.used = true, true
				e := entryPair{key: x.key, a: x.value, b: y.value}
				if c.depth >= maxSides {
					e.also = y.key
				}
				list = append(list, e)
			}
		}
	}
	return single(list, left, right)
}

// matchKnown pairs off pointers that have been met side by side elsewhere; values asks for equal values, too. Those go
// first: if the maps are equal, then every way of pairing off equal entries pairs off all of them.
func (c *comparison) matchKnown(list []entryPair, left, right []candidate, values bool) []entryPair {
	byAddress := make(map[half]*candidate, len(right))
	for i := range right {
		if h, ok := pointerKey(right[i].key); ok {
			byAddress[h] = &right[i]
		}
	}
	for i := range left {
		x := &left[i]
		h, ok := pointerKey(x.key)
		if !ok || x.used {
			continue
		}
		partner, ok := c.partner(h)
		y := byAddress[partner]
		if ok && y != nil && !y.used && (!values || c.sameValue(x, y)) {
			x.used, y.used = true, true
			list = append(list, entryPair{key: x.key, a: x.value, b: y.value})
		}
	}
	return list
}

// sameValue reports whether two entries have equal values, if that can be found out.
func (c *comparison) sameValue(x, y *candidate) bool {
	return x.print[1] == y.print[1] && c.depth < maxSides && c.same(variable(x.value), variable(y.value))
}

// pointerKey names a key that is a pointer, or an interface with one.
func pointerKey(k reflect.Value) (half, bool) {
	if k.Kind() == reflect.Interface {
		k = k.Elem()
	}
	if k.Kind() != reflect.Pointer {
		return half{}, false
	}
	return half{p: k.UnsafePointer(), typ: k.Type()}, true
}

// choose returns the first of the unused candidates that is x's counterpart.
func (c *comparison) choose(x *candidate, among []*candidate, values bool) *candidate {
	if x.used {
		return nil
	}
	for _, y := range among {
		if y.used {
			continue
		}
		if c.depth >= maxSides {
			return y
		}
		if c.same(variable(x.key), variable(y.key)) && (!values || c.same(variable(x.value), variable(y.value))) {
			return y
		}
	}
	return nil
}

// byContent reports whether two keys of type t can be equal for us and not for a map.
func byContent(t reflect.Type) bool {
	switch r := ruleOf(t); r.act {
	case actMove:
		return !r.shared && t.Kind() >= reflect.Float32 && t.Kind() <= reflect.Complex128
	case actStruct:
		return slices.ContainsFunc(r.fields, func(f field) bool { return f.mode != modeCopy && f.mode != modeShare || byContent(f.typ) })
	case actArray:
		return byContent(t.Elem())
	}
	return true
}

// A hash makes fingerprints: FNV-1a over a bounded part of a value.
type hash struct {
	sum  uint64
	left int // how many more parts are looked at
}

// fingerprint is a number that equal values have in common, made of so many of their parts.
func fingerprint(v reflect.Value, parts int) uint64 {
	h := hash{sum: 14695981039346656037, left: parts}
	x := variable(v)
	h.value(x, ruleOf(x.Type()), 0)
	return h.sum
}

func (h *hash) add(n uint64) {
	for range 8 {
		h.sum = (h.sum ^ n&0xff) * 1099511628211
		n >>= 8
	}
}

func (h *hash) value(v reflect.Value, r *rule, depth int) {
	if h.left--; h.left < 0 || depth > 6 {
		return
	}
	switch r.act {
	case actMove:
		if !r.shared {
			h.scalar(v)
		}
	case actStruct:
		for i := range r.fields {
			if f := &r.fields[i]; f.mode == modeCopy {
				h.value(member(v, f), f.rule, depth)
			}
		}
	case actArray, actSlice:
		h.add(uint64(v.Len()))
		for i := range min(v.Len(), max(h.left, 0)) {
			h.value(v.Index(i), ruleOf(v.Type().Elem()), depth+1)
		}
	case actMap:
		h.add(uint64(v.Len()))
	case actPointer:
		if !v.IsNil() {
			h.add(1)
			h.value(v.Elem(), ruleOf(v.Type().Elem()), depth+1)
		}
	case actInterface:
		if e := v.Elem(); e.IsValid() && !dynamicRule(e.Type()).shared {
			h.text(e.Type().String())
			h.value(variable(e), dynamicRule(e.Type()), depth+1)
		}
	case actAtomic:
		h.scalar(loadAtomic(v))
	}
}

func (h *hash) scalar(v reflect.Value) {
	switch {
	case v.CanInt():
		h.add(uint64(v.Int()))
	case v.CanUint():
		h.add(v.Uint())
	case v.CanFloat():
		h.add(math.Float64bits(v.Float()))
	case v.CanComplex():
		h.add(math.Float64bits(real(v.Complex())))
		h.add(math.Float64bits(imag(v.Complex())))
	case v.Kind() == reflect.String:
		h.text(v.String())
	case v.Kind() == reflect.Bool && v.Bool():
		h.add(1)
	}
}

func (h *hash) text(s string) {
	h.add(uint64(len(s)))
	for i := range min(len(s), 64) {
		h.sum = (h.sum ^ uint64(s[i])) * 1099511628211
	}
}

// sortByKey sorts numbers and strings by value and other keys by how they are shown; those that look alike by what
// they hold. NaNs stay in the order that match has found.
func sortByKey(list []entryPair) {
	type keyed struct {
		e    entryPair
		text string
	}
	with := make([]keyed, len(list))
	for i, e := range list {
		with[i] = keyed{e: e}
		if k := e.key; !k.CanInt() && !k.CanUint() && !k.CanFloat() && k.Kind() != reflect.String {
			with[i].text = show.Reflect(e.key)
		}
	}
	slices.SortStableFunc(with, func(x, y keyed) int {
		if n := compareKeys(x.e.key, y.e.key); n != 0 {
			return n
		}
		if n := cmp.Compare(x.text, y.text); n != 0 {
			return n
		}
		return compareContent(x.e.key, y.e.key)
	})
	for i := range with {
		list[i] = with[i].e
	}
}

func compareKeys(a, b reflect.Value) int {
	switch {
	case a.CanInt():
		return cmp.Compare(a.Int(), b.Int())
	case a.CanUint():
		return cmp.Compare(a.Uint(), b.Uint())
	case a.CanFloat():
		return cmp.Compare(a.Float(), b.Float())
	case a.Kind() == reflect.String:
		return cmp.Compare(a.String(), b.String())
	}
	return 0
}

// compareContent is compareHeld of two values.
func compareContent(a, b reflect.Value) int { return compareHeld(variable(a), variable(b), false) }

// compareHeld orders variables of one type by what they hold, so that one call is as the next: the order of a map is not.
// It is 0 only if they hold the same numbers, texts and references. In an interface, what other interfaces hold goes by
// its address: many of them can lead to one thing.
func compareHeld(a, b reflect.Value, boxed bool) int {
	switch a.Kind() {
	case reflect.String:
		return cmp.Compare(a.String(), b.String())
	case reflect.Pointer, reflect.Map, reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return compareWords(load(address(a)), load(address(b)))
	case reflect.Slice:
		return cmp.Or(compareWords(a.UnsafePointer(), b.UnsafePointer()), cmp.Compare(a.Len(), b.Len()))
	case reflect.Interface:
		return compareInterfaces(a, b, boxed)
	case reflect.Struct:
		for i := range a.NumField() {
			sf := a.Type().Field(i)
			f := field{typ: sf.Type, offset: sf.Offset}
			if n := compareHeld(member(a, &f), member(b, &f), boxed); n != 0 {
				return n
			}
		}
		return 0
	case reflect.Array:
		for i := range a.Len() {
			if n := compareHeld(a.Index(i), b.Index(i), boxed); n != 0 {
				return n
			}
		}
		return 0
	}
	return cmp.Or(compareKeys(a, b), compareBytes(address(a), address(b), a.Type().Size())) // NaNs and zeros by their bits
}

func compareWords(a, b pointer) int { return cmp.Compare(number(a), number(b)) }

func compareInterfaces(a, b reflect.Value, boxed bool) int {
	ea, eb := a.Elem(), b.Elem()
	switch {
	case !ea.IsValid() || !eb.IsValid():
		return compareWords(load(address(a)), load(address(b))) // nil is first
	case ea.Type() != eb.Type():
		t, u := ea.Type(), eb.Type()
		return cmp.Or(cmp.Compare(t.String(), u.String()), cmp.Compare(typeWord(t), typeWord(u)))
	case dataWord(a) == dataWord(b) || boxed:
		return compareWords(dataWord(a), dataWord(b))
	}
	return compareHeld(variable(ea), variable(eb), true)
}
