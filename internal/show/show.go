// Package show renders any value as a short text, for reports and errors. It calls no method of the value (no String,
// Error, Format or MarshalJSON), so nothing of the user's runs, and it is bounded in depth, in length and in work, so
// that neither a cyclic nor a vast value can hurt: package fmt would overflow the stack, which ends the process.
package show

import (
	"math/big"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// What a rendering is bounded by.
const (
	maxBytes = 256 // of text
	maxDepth = 4   // of pointers, elements and fields
	maxSort  = 64  // entries of a map, a quarter of that one level deeper; a larger map shows its size alone
	maxBits  = 1024
)

const ellipsis = "…"

// Value renders v, unexported fields included, in a notation close to Go's. The same content gives the same text; only
// functions, channels and unsafe pointers show no content. It is never empty.
func Value(v any) string { return Reflect(reflect.ValueOf(v)) }

// Reflect is Value for what a reflect.Value holds.
func Reflect(v reflect.Value) (text string) {
	p := printer{}
	defer func() {
		if recover() != nil { // something writes v meanwhile
			text = Text(p.out.String(), maxBytes) + "(unreadable)"
		}
	}()
	p.value(open(v), 0)
	return Text(p.out.String(), maxBytes)
}

// Text cuts s to at most max bytes, at a rune boundary and with an ellipsis in place of the rest. Invalid UTF-8 is
// replaced.
func Text(s string, max int) string {
	if len(s) <= max {
		return strings.ToValidUTF8(s, "?")
	}
	n := max - len(ellipsis)
	if n < 0 {
		return ""
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.ToValidUTF8(s[:n], "?") + ellipsis
}

// open returns v free of the mark of unexported fields, where that is possible.
func open(v reflect.Value) reflect.Value {
	switch {
	case !v.IsValid():
		return v
	case v.CanAddr():
		return reflect.NewAt(v.Type(), v.Addr().UnsafePointer()).Elem()
	case v.CanInterface() && v.Type().Size() <= 4096:
		w := reflect.New(v.Type()).Elem()
		w.Set(v)
		return w
	}
	return v
}

type printer struct{ out strings.Builder }

func (p *printer) full() bool { return p.out.Len() > maxBytes }

func (p *printer) put(s string) {
	if !p.full() {
		p.out.WriteString(s)
	}
}

func (p *printer) value(v reflect.Value, depth int) {
	if p.full() {
		return
	}
	if !v.IsValid() {
		p.put("nil")
		return
	}
	if v.CanAddr() && v.CanInterface() {
		if s, ok := known(v.Addr().Interface()); ok {
			p.put(s)
			return
		}
	}
	p.kind(v, depth)
}

func (p *printer) kind(v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Bool:
		p.put(strconv.FormatBool(v.Bool()))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		p.put(strconv.FormatInt(v.Int(), 10))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		p.put(strconv.FormatUint(v.Uint(), 10))
	case reflect.Float32, reflect.Float64:
		p.put(float(v.Float(), v.Type().Bits()))
	case reflect.Complex64, reflect.Complex128:
		p.put(strconv.FormatComplex(v.Complex(), 'g', -1, v.Type().Bits()))
	case reflect.String:
		p.put(quote(v.String()))
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		p.opaque(v)
	case reflect.Pointer:
		p.pointer(v, depth)
	case reflect.Interface:
		p.value(open(v.Elem()), depth)
	case reflect.Slice, reflect.Array:
		p.list(v, depth)
	case reflect.Map:
		p.mapping(v, depth)
	case reflect.Struct:
		p.structure(v, depth)
	}
}

// float keeps apart what Equal keeps apart: -0 is not 0.
func float(f float64, bits int) string { return strconv.FormatFloat(f, 'g', -1, bits) }

// quote quotes no more of s than can be shown.
func quote(s string) string {
	if len(s) > maxBytes {
		return strconv.Quote(Text(s, maxBytes))
	}
	return strconv.Quote(s)
}

func (p *printer) opaque(v reflect.Value) {
	if v.IsNil() {
		p.put("nil")
		return
	}
	p.put(v.Type().String())
}

func (p *printer) pointer(v reflect.Value, depth int) {
	switch {
	case v.IsNil():
		p.put("nil")
	case depth >= maxDepth:
		p.put("&" + ellipsis)
	default:
		p.put("&")
		p.value(open(v.Elem()), depth+1)
	}
}

func (p *printer) list(v reflect.Value, depth int) {
	if v.Kind() == reflect.Slice && v.IsNil() {
		p.put("nil")
		return
	}
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
		p.bytes(v)
		return
	}
	if depth >= maxDepth && v.Len() > 0 {
		p.put("[" + ellipsis + "]")
		return
	}
	p.put("[")
	for i := range v.Len() {
		if i > 0 {
			p.put(" ")
		}
		if p.value(open(v.Index(i)), depth+1); p.full() {
			return
		}
	}
	p.put("]")
}

// bytes shows text as text and the rest as hexadecimal digits.
func (p *printer) bytes(v reflect.Value) {
	b := make([]byte, min(v.Len(), maxBytes))
	for i := range b {
		b[i] = byte(v.Index(i).Uint())
	}
	cut := b
	for n := 0; n < utf8.UTFMax && len(cut) > 0 && len(b) < v.Len() && !utf8.Valid(cut); n++ {
		cut = cut[:len(cut)-1]
	}
	if utf8.Valid(cut) {
		p.put(strconv.Quote(string(cut)))
	} else {
		p.put("0x")
		for _, c := range b {
			p.put(string("0123456789abcdef"[c>>4]) + string("0123456789abcdef"[c&15]))
		}
	}
	if len(b) < v.Len() {
		p.put(ellipsis)
	}
}

func (p *printer) mapping(v reflect.Value, depth int) {
	switch {
	case v.IsNil():
		p.put("nil")
		return
	case v.Len() == 0:
		p.put("{}")
		return
	case depth >= maxDepth:
		p.put("{" + ellipsis + "}")
		return
	case v.Len() > maxSort>>(2*depth):
		p.put("{" + strconv.Itoa(v.Len()) + " entries}")
		return
	}
	p.put("{")
	for i, e := range entries(v, depth) {
		if i > 0 {
			p.put(" ")
		}
		p.put(e)
	}
	p.put("}")
}

// entries renders the entries of v, sorted.
func entries(v reflect.Value, depth int) (list []string) {
	for it := v.MapRange(); it.Next(); {
		var e printer
		e.value(open(it.Key()), depth+1)
		e.put(":")
		e.value(open(it.Value()), depth+1)
		list = append(list, e.out.String())
	}
	slices.Sort(list)
	return list
}

func (p *printer) structure(v reflect.Value, depth int) {
	if isReference(v.Type()) {
		p.put(v.Type().String())
		return
	}
	if depth >= maxDepth && v.NumField() > 0 {
		p.put("{" + ellipsis + "}")
		return
	}
	p.put("{")
	first := true
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if name == "_" {
			continue
		}
		if !first {
			p.put(" ")
		}
		first = false
		p.put(name + ":")
		if p.value(open(v.Field(i)), depth+1); p.full() {
			return
		}
	}
	p.put("}")
}

// isReference reports whether t is a struct that begins with a Reference of package deep, which cannot be imported here.
// What such structs hold is no part of the value that leads to them, and others may be writing it.
func isReference(t reflect.Type) bool {
	if t.NumField() == 0 {
		return false
	}
	first := t.Field(0).Type
	return first.Name() == "Reference" && strings.HasSuffix(first.PkgPath(), "/internal/deep")
}

// known renders types of the standard library that read better by their own methods, and those that other goroutines
// may be using. What v points to is one of them, exactly: a user's type never is.
func known(v any) (string, bool) {
	switch x := v.(type) {
	case *time.Time:
		return clock(*x), true
	case *time.Duration:
		return x.String(), true
	case *big.Int:
		if x.BitLen() > maxBits {
			return "big.Int of " + strconv.Itoa(x.BitLen()) + " bits", true
		}
		return x.String(), true
	case *netip.Addr:
		return x.String(), true
	case *netip.Prefix:
		return x.String(), true
	case *netip.AddrPort:
		return x.String(), true
	case *strings.Builder:
		return quote(x.String()), true
	case *sync.Mutex, *sync.RWMutex, *sync.WaitGroup, *sync.Once, *sync.Cond, *sync.Pool, *sync.Map, *atomic.Value:
		return reflect.TypeOf(v).Elem().String(), true
	}
	return number(v)
}

func number(v any) (string, bool) {
	switch x := v.(type) {
	case *atomic.Bool:
		return strconv.FormatBool(x.Load()), true
	case *atomic.Int32:
		return strconv.FormatInt(int64(x.Load()), 10), true
	case *atomic.Int64:
		return strconv.FormatInt(x.Load(), 10), true
	case *atomic.Uint32:
		return strconv.FormatUint(uint64(x.Load()), 10), true
	case *atomic.Uint64:
		return strconv.FormatUint(x.Load(), 10), true
	case *atomic.Uintptr:
		return strconv.FormatUint(uint64(x.Load()), 10), true
	}
	return "", false
}

// clock shows a time with its zone and, as it counts for equality, its monotonic reading.
func clock(t time.Time) string {
	text := t.Format(time.RFC3339Nano)
	if t.Location() != time.UTC {
		text += " " + t.Location().String()
	}
	if _, m, ok := strings.Cut(t.String(), " m="); ok {
		text += " m=" + m
	}
	return text
}
