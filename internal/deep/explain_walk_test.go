package deep_test

import (
	"bytes"
	"context"
	"crypto/elliptic"
	"errors"
	"net"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hooktx/hooks/internal/deep"
)

// This file checks Explain's table against the engines. A filler makes a value of which every part holds something, an
// engine copies it, and a walker goes through both side by side. Filler and walker are led by the value, not by the
// table, so that a part which the table misses is noticed; each row that they come by is ticked off, so that a row of a
// part which is not there is noticed too. Neither uses the rules of the package.

// A table is what Explain says of one type.
type table struct {
	rows []deep.Row
	seen []bool // the rows that some part was found for
}

func newTable(typ reflect.Type) *table {
	rows := deep.Explain(typ)
	return &table{rows, make([]bool, len(rows))}
}

// find returns the row of the part of type typ at path, and ticks it off. There may be several, as in type p *p, if they
// say the same.
func (x *table) find(path string, typ reflect.Type) (row *deep.Row, contradicts bool) {
	for i := range x.rows {
		r := &x.rows[i]
		if r.Path != path || r.Type != typ.String() {
			continue
		}
		x.seen[i] = true
		if row == nil {
			row = r
		}
		contradicts = contradicts || r.Rule != row.Rule
	}
	return row, contradicts
}

// describes reports whether there are rows of parts of what is at path.
func (x *table) describes(path string) bool {
	for _, r := range x.rows {
		if strings.HasPrefix(r.Path, path+".") || strings.HasPrefix(r.Path, path+"[") {
			return true
		}
	}
	return false
}

// A spot is a place in a value: where it is from the root on, and which path of which table tells of it. The two part
// where a row says that a type is like one before, and where an interface is entered, whose value has a table of its own.
// There is no table inside of what is explained as a whole.
type spot struct {
	table *table
	path  string
	real  string
	how   manner
}

// A manner is how a part belongs to what it is a part of. It says whether it may do without a row.
type manner int

const (
	asRoot    manner = iota
	asField          // must have a row
	asElement        // may have none if it is a number, a string or the like
	asKey            // may have none if numbers, strings and the like are all that it consists of
	asTarget         // of a pointer: may have none, and is copied like the pointer then
)

// to is the place of a part of s.
func (s spot) to(part string, how manner) spot {
	return spot{s.table, s.path + part, s.real + part, how}
}

func (s spot) behind() spot { s.how = asTarget; return s }

// An atlas has the tables of a type and of whatever interfaces in its values hold.
type atlas struct {
	t      require.TestingT
	root   *table
	tables map[reflect.Type]*table
	holds  func() []any // what interfaces hold, in turn
}

func newAtlas(t require.TestingT, typ reflect.Type, holds func() []any) *atlas {
	x := &atlas{t: t, tables: map[reflect.Type]*table{}, holds: holds}
	x.root = x.start(typ, "").table
	x.checkReasons()
	return x
}

// start is the root of a value of type typ, which is at a place already if an interface holds it.
func (x *atlas) start(typ reflect.Type, real string) spot {
	tab, ok := x.tables[typ]
	if !ok {
		tab = newTable(typ)
		x.tables[typ] = tab
	}
	require.NotEmpty(x.t, tab.rows, "%v", typ)
	path := tab.rows[0].Path
	if real == "" {
		real = path
	}
	return spot{tab, path, real, asRoot}
}

// checkReasons checks that a row which refers to another is not the first to tell of its type, and that nothing is put
// down to protobuf.
func (x *atlas) checkReasons() {
	before := map[string]bool{}
	for _, r := range x.root.rows {
		before[r.Path] = true
		assert.NotContains(x.t, r.Why, "protobuf", r.Path)
		if like, ok := strings.CutPrefix(r.Why, "like "); ok {
			assert.True(x.t, before[like], "%s is %q, which is not explained before it", r.Path, r.Why)
		}
	}
}

// look returns what the tables say of the part of type typ at s, and the place where they say more.
func (x *atlas) look(s spot, typ reflect.Type) (deep.Row, spot) {
	if s.table == nil {
		return wholeRow(typ), s
	}
	row, contradicts := s.table.find(s.path, typ)
	require.False(x.t, contradicts, "%s: %v has rows that contradict each other", s.path, typ)
	if row == nil {
		require.True(x.t, mayLackRow(s.how, typ), "%s: %v is missing from the table", s.path, typ)
		row = &deep.Row{Rule: deep.RuleCopied}
	}
	if like, ok := strings.CutPrefix(row.Why, "like "); ok {
		s.path = like
	}
	if row.Rule == deep.RuleCopied && (isWhole(typ) || isScalarKey(s.how, typ)) && !s.table.describes(s.path) {
		s.table = nil
	}
	return *row, s
}

// mayLackRow reports whether there is nothing to say of a part of type typ but that it is copied.
func mayLackRow(how manner, typ reflect.Type) bool {
	k := typ.Kind()
	isScalar := k == reflect.Bool || k >= reflect.Int && k <= reflect.Complex128 || k == reflect.String
	isEmpty := k == reflect.Array && typ.Len() == 0
	return how == asTarget || how >= asElement && (isScalar || isEmpty) || isScalarKey(how, typ)
}

// isScalarKey reports whether a part of type typ is a map key that leads nowhere.
func isScalarKey(how manner, typ reflect.Type) bool {
	switch typ.Kind() {
	case reflect.Array:
		return how == asKey && (typ.Len() == 0 || mayLackRow(how, typ.Elem()))
	case reflect.Struct:
		for i := range typ.NumField() {
			if !mayLackRow(how, typ.Field(i).Type) {
				return false
			}
		}
		return how == asKey
	}
	return false
}

// wholeTypes are copied by rules that need no rows for their fields.
var wholeTypes = map[string]bool{
	"time.Time": true, "big.Int": true, "big.Rat": true, "big.Float": true, "netip.Addr": true, "netip.Prefix": true,
	"netip.AddrPort": true, "strings.Builder": true, "bytes.Buffer": true, "sync.Once": true,
	"atomic.Bool": true, "atomic.Int32": true, "atomic.Int64": true, "atomic.Uint32": true, "atomic.Uint64": true,
	"atomic.Uintptr": true,
}

func isWhole(typ reflect.Type) bool { return wholeTypes[typ.String()] }

// wholeRow is the row of a part of a whole type.
func wholeRow(typ reflect.Type) deep.Row {
	switch typ.String() {
	case "*time.Location", "unique.Handle[net/netip.addrDetail]":
		return deep.Row{Rule: deep.RuleShared}
	case "sync.Mutex":
		return deep.Row{Rule: deep.RuleFresh}
	}
	return deep.Row{Rule: deep.RuleCopied}
}

// A refusedPart is a place of which no copy is made unless it is nil or zero. An interface is one too, for what it may
// hold.
type refusedPart struct{ real, typ string }

// A filler makes values of which every part holds something, but those that are refused. References lead to memory of
// their own, and all numbers differ as far as their types allow.
type filler struct {
	*atlas
	n      int
	only   refusedPart // is filled nevertheless
	found  []refusedPart
	nested map[reflect.Type]int // how many values of a type are being filled
}

// maxNested is how many values of a type are filled within each other: enough that a recursive type has every part.
const maxNested = 2

func (f *filler) next() int { f.n++; return f.n%100 + 1 }

// fill gives the variable v, which is zero, a value.
func (f *filler) fill(v reflect.Value, s spot) {
	typ := v.Type()
	row, s := f.look(s, typ)
	if row.Rule == deep.RuleRefused {
		if f.asked(s, typ) {
			f.handle(v)
		}
		return
	}
	if row.Rule != deep.RuleCopied && row.Rule != deep.RuleDynamic {
		s.table = nil // nobody looks inside
	}
	f.nested[typ]++
	defer func() { f.nested[typ]-- }()
	f.kind(v, s)
}

// deepest reports whether values of type typ are nested enough.
func (f *filler) deepest(typ reflect.Type) bool {
	return typ.Name() != "" && f.nested[typ] >= maxNested
}

// asked notes a refused part, and reports whether it is the one to be filled.
func (f *filler) asked(s spot, typ reflect.Type) bool {
	part := refusedPart{s.real, typ.String()}
	f.found = append(f.found, part)
	return part == f.only
}

// handle makes v something that is refused: nobody follows it.
func (f *filler) handle(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
	case reflect.Interface:
		v.Set(candidate(v.Type(), handles, 0))
	default:
		f.kind(v, spot{})
	}
	require.False(f.t, v.IsZero())
}

func (f *filler) kind(v reflect.Value, s spot) {
	switch k := v.Kind(); k {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		if f.deepest(v.Type().Elem()) || k == reflect.Map && f.deepest(v.Type().Key()) {
			f.end(v, s)
			return
		}
	}
	switch k := v.Kind(); k {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		v.Set(p.Convert(v.Type()))
		f.fill(p.Elem(), s.behind())
	case reflect.Struct:
		f.structure(v, s)
	case reflect.Array, reflect.Slice:
		if k == reflect.Slice {
			v.Set(reflect.MakeSlice(v.Type(), 2, 4))
		}
		for i := range v.Len() {
			f.fill(v.Index(i), s.to("[]", asElement))
		}
	case reflect.Map:
		f.mapping(v, s)
	case reflect.Interface:
		f.dynamic(v, s)
	case reflect.Func:
		v.Set(reflect.MakeFunc(v.Type(), func([]reflect.Value) []reflect.Value { panic("is not called") }))
	case reflect.Chan:
		both := reflect.ChanOf(reflect.BothDir, v.Type().Elem())
		v.Set(reflect.MakeChan(both, 1).Convert(v.Type()))
	case reflect.UnsafePointer:
		v.SetPointer(unsafe.Pointer(new(int)))
	default:
		f.scalar(v)
	}
}

// end leaves v nil, where values are nested enough, unless nobody looks inside: then it refers to something.
func (f *filler) end(v reflect.Value, s spot) {
	switch {
	case s.table != nil:
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()).Convert(v.Type()))
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
	case v.Kind() == reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
	}
}

func (f *filler) scalar(v reflect.Value) {
	switch n := f.next(); {
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.Kind() == reflect.String:
		v.SetString("text " + strconv.Itoa(n))
	case v.CanInt():
		v.SetInt(int64(n))
	case v.CanUint():
		v.SetUint(uint64(n))
	case v.CanFloat():
		v.SetFloat(float64(n) + 0.5)
	case v.CanComplex():
		v.SetComplex(complex(float64(n), 0.5))
	}
}

// structure fills a struct by its fields. A few hold what fields cannot tell, and are filled by their methods.
func (f *filler) structure(v reflect.Value, s spot) {
	switch x := v.Addr().Interface().(type) {
	case *reflect.Value:
		*x = reflect.ValueOf(new(int))
	case *atomic.Bool:
		x.Store(true)
	case *atomic.Value:
		x.Store(f.held(s))
	case *sync.Map:
		x.Store("key", f.held(spot{})) // what is said of the path of an entry is not for a table
	default:
		if isAtomicPointer(v.Type()) {
			store := v.Addr().MethodByName("Store")
			p := reflect.New(store.Type().In(0)).Elem()
			f.fill(p, s.behind())
			store.Call([]reflect.Value{p})
			return
		}
		for i := range v.NumField() {
			if !isPadding(v.Type().Field(i)) {
				f.fill(part(v, i), s.to("."+v.Type().Field(i).Name, asField))
			}
		}
	}
}

func (f *filler) mapping(v reflect.Value, s spot) {
	m := reflect.MakeMap(v.Type())
	entries := 1 // so that keys need not be paired off
	if k := v.Type().Key().Kind(); k == reflect.String || k == reflect.Int {
		entries = 2
	}
	for range entries {
		key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		for f.fill(key, s.to("[key]", asKey)); !key.Comparable(); { // an interface held what cannot be a key
			key.SetZero()
			f.fill(key, s.to("[key]", asKey))
		}
		f.fill(elem, s.to("[]", asElement))
		m.SetMapIndex(key, elem)
	}
	v.Set(m)
}

// dynamic makes the interface v hold something, or a handle if that is what is asked for.
func (f *filler) dynamic(v reflect.Value, s spot) {
	file := reflect.TypeFor[*os.File]()
	if s.table != nil && file.Implements(v.Type()) && f.asked(s, file) {
		v.Set(reflect.ValueOf(&os.File{}))
		return
	}
	v.Set(candidate(v.Type(), f.holds(), f.next()))
	if v.IsNil() {
		v.Set(candidate(v.Type(), handles, 0)) // tagged, or inside of what is not looked into
	}
}

// held is what an atomic.Value or a sync.Map at s holds.
func (f *filler) held(s spot) any {
	var x any
	f.dynamic(reflect.ValueOf(&x).Elem(), s)
	return x
}

// candidate is the nth of all that fits into the interface type typ, counted from 0 round and round; a zero Value if
// nothing does.
func candidate(typ reflect.Type, all []any, n int) reflect.Value {
	var fit []reflect.Value
	for _, x := range all {
		if v := reflect.ValueOf(x); v.Type().Implements(typ) {
			fit = append(fit, v)
		}
	}
	if len(fit) == 0 {
		return reflect.Zero(typ)
	}
	return fit[n%len(fit)]
}

// A parcel is something for interfaces to hold.
type parcel struct {
	n    int
	Text *string
	next *parcel
	Own  *byPointer
}

// Close makes a parcel fit into an io.Closer.
func (p *parcel) Close() error { return nil }

func newParcel(n int) *parcel {
	text := "in a parcel"
	return &parcel{n, &text, &parcel{n: n + 1}, &byPointer{by: n}}
}

// heldValues are what interfaces hold: every kind of value that is treated in its own way there.
func heldValues() []any {
	locked := new(sync.Mutex)
	locked.Lock()
	return []any{
		newParcel(1), *newParcel(3), [1]*parcel{newParcel(5)}, map[string]*parcel{"k": newParcel(7)}, []int{1, 2},
		&byPointer{by: 5}, byValue{6}, &byAny{5}, byAnyPointer{6}, &byShape{7}, 7, "eight", errors.New("nine"), locker{10}, &ownError{11}, ownErrorValue{11},
		context.WithValue(context.Background(), contextKey{}, 12), strings.NewReader("thirteen"), locked,
		reflect.TypeFor[int](), elliptic.P256(), func() {}, new(any), struct{ F any }{newParcel(14)},
	}
}

// An ownErrorValue copies itself, though it is an error.
type ownErrorValue struct{ by int }

func (x ownErrorValue) DeepCopy() ownErrorValue { return ownErrorValue{x.by + 1} }
func (x ownErrorValue) Error() string           { return "own" }

type contextKey struct{}

// handles fit into the interfaces that are refused whatever they hold.
var handles = []any{fakeConn{}, http.DefaultTransport, fakeListener{}, &os.File{}}

type fakeListener struct{ net.Listener }

// A walker compares a copy with its original, part by part.
type walker struct{ *atlas }

// walk checks b, which is a copy of a at s. Both are variables.
func (w *walker) walk(a, b reflect.Value, s spot) {
	row, s := w.look(s, a.Type())
	if row.Rule != deep.RuleRefused && row.Rule != deep.RuleCopied && row.Rule != deep.RuleDynamic {
		require.False(w.t, a.IsZero() && a.Type().Size() > 0, "%s: %v was not filled", s.real, a.Type())
	}
	switch row.Rule {
	case deep.RuleCopied:
		w.copied(a, b, s)
	case deep.RuleShared:
		assert.True(w.t, identical(a, b), "%s: %v is not shared", s.real, a.Type())
	case deep.RuleZeroed:
		assert.True(w.t, b.IsZero(), "%s: %v is not zero", s.real, a.Type())
	case deep.RuleFresh:
		w.fresh(a, b, s)
	case deep.RuleOwn:
		assert.Equal(w.t, markOf(w.t, a)+1, markOf(w.t, b), "%s: %v was not copied by its method", s.real, a.Type())
	case deep.RuleRefused:
		assert.True(w.t, a.IsZero() && b.IsZero(), "%s: %v was to be nil or zero", s.real, a.Type())
	case deep.RuleDynamic:
		w.dynamic(a, b, s)
	default:
		w.t.Errorf("%s: unknown rule %q", s.path, row.Rule)
	}
}

// identical reports whether a and b are the same bits, and so lead to the same memory.
func identical(a, b reflect.Value) bool {
	n := a.Type().Size()
	return bytes.Equal(unsafe.Slice((*byte)(a.Addr().UnsafePointer()), n), unsafe.Slice((*byte)(b.Addr().UnsafePointer()), n))
}

// markOf is what DeepCopy methods of the tests' types increase.
func markOf(t require.TestingT, v reflect.Value) int {
	switch x := v.Interface().(type) {
	case byValue:
		return x.by
	case byPointer:
		return x.by
	case byAny:
		return x.by
	case byAnyPointer:
		return x.by
	case byShape:
		return x.by
	case ownError:
		return x.by
	case ownErrorValue:
		return x.by
	case ownMap:
		return x["by"]
	case ownSlice:
		return x[0]
	case ownInt:
		return int(x)
	}
	require.FailNow(t, "no DeepCopy method", "%v", v.Type())
	return 0
}

// copied checks that b is another variable with what a holds.
func (w *walker) copied(a, b reflect.Value, s spot) {
	switch k := a.Kind(); k {
	case reflect.Pointer:
		if w.apart(a, b, s, a.Type().Elem().Size()) {
			w.walk(a.Elem(), b.Elem(), s.behind())
		}
	case reflect.Slice, reflect.Array:
		w.list(a, b, s)
	case reflect.Map:
		w.mapping(a, b, s)
	case reflect.Struct:
		w.structure(a, b, s)
	case reflect.Interface, reflect.Func, reflect.Chan, reflect.UnsafePointer:
		w.t.Errorf("%s: a copied %v, of which nobody can make a copy", s.real, a.Type())
	default:
		assert.Equal(w.t, a.Interface(), b.Interface(), s.real)
	}
}

// apart checks that the references a and b lead to different memory of the given size, or are both nil: then it reports
// false.
func (w *walker) apart(a, b reflect.Value, s spot, size uintptr) bool {
	require.Equal(w.t, a.IsNil(), b.IsNil(), "%s: one is nil", s.real)
	if size > 0 && !a.IsNil() {
		assert.NotEqual(w.t, a.Pointer(), b.Pointer(), "%s: %v is not copied but shared", s.real, a.Type())
	}
	return !a.IsNil()
}

func (w *walker) list(a, b reflect.Value, s spot) {
	require.Equal(w.t, a.Len(), b.Len(), s.real)
	if a.Kind() == reflect.Slice {
		w.apart(a, b, s, a.Type().Elem().Size())
		assert.Equal(w.t, b.Len(), b.Cap(), s.real)
	}
	for i := range a.Len() {
		w.walk(a.Index(i), b.Index(i), s.to("[]", asElement))
	}
}

func (w *walker) mapping(a, b reflect.Value, s spot) {
	if !w.apart(a, b, s, 1) {
		return
	}
	require.Equal(w.t, a.Len(), b.Len(), s.real)
	for i := a.MapRange(); i.Next(); {
		key := i.Key()
		if a.Len() == 1 {
			key = b.MapKeys()[0]
		}
		require.True(w.t, b.MapIndex(key).IsValid(), "%s: a key is gone", s.real)
		w.walk(variableOf(i.Key()), variableOf(key), s.to("[key]", asKey))
		w.walk(variableOf(i.Value()), variableOf(b.MapIndex(key)), s.to("[]", asElement))
	}
}

func (w *walker) structure(a, b reflect.Value, s spot) {
	switch x := a.Addr().Interface().(type) {
	case *atomic.Value:
		w.held(x.Load(), b.Addr().Interface().(*atomic.Value).Load(), s)
	case *sync.Map:
		was, _ := x.Load("key")
		is, ok := b.Addr().Interface().(*sync.Map).Load("key")
		require.True(w.t, ok, s.real)
		w.held(was, is, s)
	default:
		if isAtomicPointer(a.Type()) {
			w.loaded(a, b, s)
			return
		}
		for i := range a.NumField() {
			if !isPadding(a.Type().Field(i)) {
				w.walk(part(a, i), part(b, i), s.to("."+a.Type().Field(i).Name, asField))
			}
		}
	}
}

// loaded checks what the atomic.Pointers a and b hold.
func (w *walker) loaded(a, b reflect.Value, s spot) {
	load := func(v reflect.Value) reflect.Value { return variableOf(v.Addr().MethodByName("Load").Call(nil)[0]) }
	w.walk(load(a), load(b), s.behind())
}

// fresh checks that b is unused. Of two types a part is not: it is what their values are made with.
func (w *walker) fresh(a, b reflect.Value, s spot) {
	switch x := b.Addr().Interface().(type) {
	case *sync.Cond:
		w.held(a.Addr().Interface().(*sync.Cond).L, x.L, s)
		x.L = nil
	case *sync.Pool:
		was := a.Addr().Interface().(*sync.Pool)
		assert.True(w.t, identical(reflect.ValueOf(&was.New).Elem(), reflect.ValueOf(&x.New).Elem()), "%s: New is not shared", s.real)
		x.New = nil
	}
	assert.True(w.t, b.IsZero(), "%s: %v is not fresh", s.real, a.Type())
}

// held is dynamic for what an atomic.Value or a sync.Map holds.
func (w *walker) held(a, b any, s spot) {
	w.dynamic(reflect.ValueOf(&a).Elem(), reflect.ValueOf(&b).Elem(), s)
}

// dynamic checks what the interfaces a and b hold.
func (w *walker) dynamic(a, b reflect.Value, s spot) {
	require.Equal(w.t, a.IsNil(), b.IsNil(), s.real)
	if a.IsNil() {
		return
	}
	va, vb := variableOf(a.Elem()), variableOf(b.Elem())
	require.Equal(w.t, va.Type(), vb.Type(), s.real)
	if isIdentity(va.Interface()) {
		assert.True(w.t, identical(va, vb), "%s: an error, a context or the like is not shared", s.real)
		return
	}
	w.walk(va, vb, w.start(va.Type(), s.real))
}

// isIdentity reports whether x is shared because it is in an interface: errors and contexts that have no DeepCopy
// method.
func isIdentity(x any) bool {
	switch x.(type) {
	case *ownError, ownErrorValue:
		return false
	}
	_, isError := x.(error)
	_, isContext := x.(context.Context)
	return isError || isContext
}

// part is the ith field of v as a variable, exported or not.
func part(v reflect.Value, i int) reflect.Value {
	f := v.Field(i)
	return reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem()
}

// variableOf is a variable that holds v.
func variableOf(v reflect.Value) reflect.Value {
	x := reflect.New(v.Type()).Elem()
	x.Set(v)
	return x
}

// isPadding reports whether a field is there for the compiler or for vet alone.
func isPadding(sf reflect.StructField) bool { return sf.Name == "_" && sf.Type.Size() == 0 }

func isAtomicPointer(typ reflect.Type) bool {
	return typ.PkgPath() == "sync/atomic" && strings.HasPrefix(typ.Name(), "Pointer[")
}

// A copyFunc makes a copy of what src points to.
type copyFunc func(src reflect.Value) (dst reflect.Value, err error)

// agree checks that what Explain says of typ is what an engine does.
func agree(t require.TestingT, typ reflect.Type, engine copyFunc, holds func() []any) {
	x := newAtlas(t, typ, holds)
	src, parts := x.filled(typ, refusedPart{})
	dst, err := engine(src)
	require.NoError(t, err, "what is refused is nil or zero")
	w := walker{x}
	w.walk(src.Elem(), dst.Elem(), x.start(typ, ""))
	for i, seen := range x.root.seen {
		assert.True(t, seen, "there is no part for row %+v", x.root.rows[i])
	}
	tried := map[refusedPart]bool{}
	for _, p := range parts {
		if !tried[p] {
			tried[p] = true
			src, _ := x.filled(typ, p)
			_, err := engine(src)
			requireRefused(t, err, p)
		}
	}
}

// filled returns a pointer to a value of type typ, and its refused parts, of which only one is filled.
func (x *atlas) filled(typ reflect.Type, only refusedPart) (reflect.Value, []refusedPart) {
	f := &filler{atlas: x, only: only, nested: map[reflect.Type]int{}}
	p := reflect.New(typ)
	f.fill(p.Elem(), x.start(typ, ""))
	return p, f.found
}

// requireRefused checks that err names the part p.
func requireRefused(t require.TestingT, err error, p refusedPart) {
	var nc *deep.NotCopyableError
	require.ErrorAs(t, err, &nc, "%+v is not refused", p)
	require.Equal(t, anyIndex(p.real), anyIndex(nc.Shape))
	if p.typ != "" {
		require.Equal(t, p.typ, nc.Type, p.real)
	}
}

var index = regexp.MustCompile(`\[(key|…|\d+)\]`)

// anyIndex makes paths of rows and paths of errors comparable.
func anyIndex(path string) string { return index.ReplaceAllString(path, "[]") }
