package deep_test

import (
	"bytes"
	"context"
	"crypto/elliptic"
	"database/sql"
	"encoding/json"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unique"
	"unsafe"
	"weak"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/hooktx/hooks/internal/deep"
)

type explained struct {
	ID     string
	File   *os.File
	Tagged *os.File `hooks:"share"`
	Zeroed *os.File `hooks:"zero"`
	Skip   *os.File `hooks:"-"`
	Wrong  int      `hooks:"wrong"`
	Conn   net.Conn
	Err    error
	Ctx    context.Context
	Any    any
	Fn     func()
	mu     sync.Mutex
	cond   *sync.Cond
	pool   sync.Pool
	n      atomic.Int32
	p      atomic.Pointer[explained]
	v      atomic.Value
	sm     sync.Map
	when   time.Time
	Lines  []*node
	M      map[struct{ p *node }][]byte
	Own    *byPointer
	OwnVal byValue
	Arr    [2]*node
	PP     **byValue
	Fs     []*os.File
}

func TestExplain(t *testing.T) {
	rules := map[string]string{}
	for _, row := range deep.Explain(reflect.TypeFor[explained]()) {
		if _, ok := rules[row.Path]; !ok || row.Rule != deep.RuleCopied {
			rules[row.Path] = row.Rule
		}
		assert.NotEmpty(t, row.Type)
	}
	assert.Equal(t, map[string]string{
		"explained": deep.RuleCopied, "explained.ID": deep.RuleCopied,
		"explained.File": deep.RuleRefused, "explained.Tagged": deep.RuleShared, "explained.Zeroed": deep.RuleZeroed,
		"explained.Skip": deep.RuleShared, "explained.Wrong": deep.RuleRefused, "explained.Conn": deep.RuleRefused,
		"explained.Err": deep.RuleShared, "explained.Ctx": deep.RuleShared, "explained.Any": deep.RuleDynamic,
		"explained.Fn": deep.RuleShared, "explained.mu": deep.RuleFresh, "explained.cond": deep.RuleFresh,
		"explained.pool": deep.RuleFresh, "explained.n": deep.RuleCopied, "explained.p": deep.RuleCopied,
		"explained.v": deep.RuleCopied, "explained.sm": deep.RuleCopied, "explained.when": deep.RuleCopied,
		"explained.Lines": deep.RuleCopied, "explained.Lines[]": deep.RuleCopied, "explained.Lines[].Next": deep.RuleCopied,
		"explained.Lines[].Val": deep.RuleCopied, "explained.M": deep.RuleCopied, "explained.M[key]": deep.RuleCopied,
		"explained.M[key].p": deep.RuleCopied, "explained.M[]": deep.RuleCopied,
		"explained.Own": deep.RuleOwn, "explained.OwnVal": deep.RuleOwn, "explained.Arr": deep.RuleCopied,
		"explained.Arr[]": deep.RuleCopied, "explained.PP": deep.RuleOwn, "explained.Fs": deep.RuleCopied,
		"explained.Fs[]": deep.RuleRefused,
	}, rules)
}

// TestExplainAgrees checks Explain against Copy: what one calls refused the other refuses, at the same path.
func TestExplainAgrees(t *testing.T) {
	conn := fakeConn{}
	for _, tt := range []struct {
		v    any // a pointer to the root
		path string
	}{
		{&explained{}, "explained.Wrong"},
		{&struct{ F *os.File }{os.Stdin}, ".F"},
		{&struct{ F []*os.File }{[]*os.File{os.Stdin}}, ".F[]"},
		{&struct{ F map[string]net.Conn }{map[string]net.Conn{"a": conn}}, ".F[]"},
		{&struct{ F map[*os.File]int }{map[*os.File]int{os.Stdin: 1}}, ".F[key]"},
		{&struct{ F **os.File }{func() **os.File { f := os.Stdin; return &f }()}, ".F"},
		{&struct{ F [1]struct{ T *time.Timer } }{[1]struct{ T *time.Timer }{{&time.Timer{}}}}, ".F[].T"},
		{&struct{ F *node }{&node{}}, ""},
		{&struct{ F *byPointer }{&byPointer{}}, ""},
		{&struct{ F sync.Map }{}, ""},
		{&struct{ F error }{&myError{}}, ""},
	} {
		typ := reflect.TypeOf(tt.v).Elem()
		refused := ""
		for _, row := range deep.Explain(typ) {
			if row.Rule == deep.RuleRefused && (refused == "" || strings.HasSuffix(row.Path, "Wrong")) {
				refused = row.Path
			}
		}
		_, _, err := deep.Copy(&tt.v, deep.Options{})
		if tt.path == "" {
			assert.NoError(t, err)
			assert.Empty(t, refused)
			continue
		}
		assert.True(t, strings.HasSuffix(refused, tt.path), "%s: %s", refused, tt.path)
		assert.Error(t, err, tt.path)
	}
}

type (
	tree  struct{ Left, Right *tree }
	lists []lists
	self  *self
	mutA  struct{ B *mutB }
	mutB  struct{ A map[string]mutA }
)

func TestExplainEnds(t *testing.T) {
	for _, typ := range []reflect.Type{
		reflect.TypeFor[tree](), reflect.TypeFor[lists](), reflect.TypeFor[self](), reflect.TypeFor[mutA](), reflect.TypeFor[**tree](),
		reflect.TypeFor[any](), reflect.TypeFor[int](), reflect.TypeFor[[]byte](),
	} {
		rows := deep.Explain(typ)
		assert.NotEmpty(t, rows)
		assert.Less(t, len(rows), 10)
	}
	rows := deep.Explain(reflect.TypeFor[tree]())
	assert.Equal(t, deep.Row{Path: "tree.Left", Type: "*deep_test.tree", Rule: deep.RuleCopied, Why: "like tree"}, rows[1])
}

// Types that together have every rule at every kind of place.
type (
	scalars struct {
		B   bool
		I   int8
		u   uint64
		F   float32
		c   complex128
		S   string
		ptr uintptr
		_   int
		arr [3]int
		no  [0]*node
	}
	pointed struct {
		p    *int
		pp   **string
		s    *[]int
		m    *map[string]int
		a    *[2]*int
		n    *scalars
		kept *scalars
		any  *any
		p5   *****int
	}
	listed struct {
		ints  []int
		lists [][]*int
		arr   [2][2]*int
		of    []scalars
		ptrs  []*scalars
		mixed [2][]map[string]*int
		bytes []byte
		empty []struct{}
		raw   json.RawMessage
		funcs []func()
		chans [1]chan int
	}
	mapped struct {
		plain  map[string]int
		values map[string]*scalars
		keys   map[*scalars]int
		both   map[[2]*int][]*int
		struc  map[struct{ p *int }]struct{ s []int }
		deeper map[string]map[int]map[*int]*int
		held   map[any]any
		points map[[2]int]string
	}
	sharedKeys struct {
		byChan   map[chan int]int
		byTime   map[time.Time]int
		byHandle map[unique.Handle[string]]*int
		byZone   map[*time.Location]bool
		byPart   map[struct {
			n  int
			at [1]unsafe.Pointer
		}]int
	}
	byKind struct {
		fn    func(int) error
		ch    chan int
		recv  <-chan *int
		send  chan<- int
		raw   unsafe.Pointer
		fns   []func()
		byFn  map[string]func()
		pfn   *func()
		in    [2]struct{ ch chan *int }
		named handler
	}
	byType struct {
		loc    *time.Location
		re     *regexp.Regexp
		pre    **regexp.Regexp
		locs   []*time.Location
		weak   weak.Pointer[scalars]
		unique unique.Handle[string]
		val    reflect.Value
		typ    reflect.Type
		curve  elliptic.Curve
		err    error
		ctx    context.Context
		own    interface{ Unwrap() error }
		errs   map[string][]error
		perr   *error
		ptyp   *reflect.Type
		pval   *reflect.Value
		pweak  *weak.Pointer[int]
		cell   *cell[int]
		cells  []*cell[*scalars]
		inWeak map[string]weak.Pointer[int]
	}
	byTag struct {
		Share *scalars        `hooks:"share"`
		Zero  *scalars        `hooks:"zero"`
		skip  map[string]*int `hooks:"-"`
		n     int             `hooks:"zero"`
		in    [2]struct {
			File *os.File   `hooks:"share"`
			conn net.Conn   `hooks:"zero"`
			mu   sync.Mutex `hooks:"share"`
			Own  byPointer  `hooks:"-"`
			arr  [2]string  `hooks:"zero"`
			Any  any        `hooks:"zero"`
		}
		more map[string]*struct {
			s []*int `hooks:"share"`
			t []*int
		}
	}
	wronglyTagged struct{ In *wrongTag }
	wrongTag      struct {
		N []int `hooks:"shared"`
	}
	synchronised struct {
		mu    sync.Mutex
		rw    *sync.RWMutex
		wg    [2]sync.WaitGroup
		cond  sync.Cond
		pcond *sync.Cond
		pool  sync.Pool
		ppool **sync.Pool
		locks map[string]*sync.Mutex
		keyed map[sync.Mutex]int
		once  sync.Once
		lock  sync.Locker
		n     int
		again *sync.Cond
		more  *sync.Mutex
	}
	donePointed struct {
		once  *sync.Once
		twice []*sync.Once
	}
	atomic64 struct {
		b  atomic.Bool
		i  atomic.Int64
		u  *atomic.Uint32
		up atomic.Uintptr
		p  atomic.Pointer[scalars]
		pp *atomic.Pointer[*int]
		ps atomic.Pointer[[]*int]
		pn atomic.Pointer[int]
		pm atomic.Pointer[sync.Mutex]
		po atomic.Pointer[byPointer]
		pa []atomic.Pointer[any]
		v  atomic.Value
		pv *atomic.Value
		m  sync.Map
	}
	wholes struct {
		t   time.Time
		big big.Int
		rat big.Rat
		fl  big.Float
		adr netip.Addr
		pre netip.Prefix
		ap  netip.AddrPort
		b   strings.Builder
		buf bytes.Buffer
		ts  []time.Time
		bym map[string]big.Int
		in  [2]struct{ t time.Time }
	}
	wholesPointed struct {
		t    *time.Time
		big  *big.Int
		rats []*big.Rat
		b    *strings.Builder
		buf  **bytes.Buffer
		adr  *netip.Addr
		t2   *time.Time
	}
	refused struct {
		file  *os.File
		files []*os.File
		byKey map[*os.File]int
		inKey map[struct{ f [1]*os.File }]int
		vals  map[string]map[string]*sql.DB
		pfile ***os.File
		conn  net.Conn
		conns []net.Conn
		rt    http.RoundTripper
		pconn *net.Conn
		log   log.Logger
		plog  *log.Logger
		timer struct{ t [2]*time.Timer }
		cell  cell[int]
		cells []cell[*int]
		at    atomic.Pointer[*os.File]
		ls    *struct{ l net.Listener }
		n     int
	}
	methods struct {
		val    byValue
		ptr    byPointer
		pptr   *byPointer
		ppp    **byPointer
		pval   *byValue
		any    byAny
		anyp   *byAnyPointer
		vals   []byValue
		ptrs   []*byPointer
		arr    [2]byPointer
		keys   map[byValue]*byPointer
		values map[string]byPointer
		n      ownInt
		err    ownError
		perr   *ownError
		again  *byPointer
		more   map[string]*byPointer
		at     atomic.Pointer[byValue]
	}
	methodsOfMaps struct {
		m    ownMap
		s    ownSlice
		pm   *ownMap
		ps   *ownSlice
		maps []ownMap
		in   map[string]ownMap
		at   atomic.Pointer[ownMap]
	}
	dynamic struct {
		a, b, c, d any
		anys       [30]any
		list       []any
		byKey      map[any]int
		byName     map[string]any
		closer     io.Closer
		shape      shape
		reader     io.Reader
		p          *any
		locker     []sync.Locker
		at         atomic.Pointer[any]
		v          [30]atomic.Value
	}
	embedding struct {
		scalars
		*pointed
		byValue
		error
		embeds embeds
	}
	treeOf struct {
		val         *int
		left, right *treeOf
		mu          sync.Mutex
		Keep        *treeOf `hooks:"share"`
		kids        []treeOf
		named       map[string]*treeOf
		up          **treeOf
		held        any
		own         *byPointer
		file        *os.File
	}
	first          struct{ to []second }
	second         struct{ back map[string]*first }
	generic[T any] struct {
		v  T
		p  *T
		s  []T
		m  map[string]T
		at atomic.Pointer[T]
	}
	handler  func(*int) error
	namedPtr *scalars
	namedMap map[string]*namedMap
	keyed    map[*keyed]int
	twice    struct {
		a, b *scalars
		c, d scalars
		e, f []*scalars
		g    map[string]scalars
		h, i namedPtr
		j, k *namedPtr
		l    [2][]*scalars
	}
)

// An explainedType is a type to be explained, and copied by both engines.
type explainedType struct {
	name, reason string
	typ          reflect.Type
	copied       copyFunc
}

func typeOf[T any](reason string) explainedType {
	return explainedType{
		name: reflect.TypeFor[T]().String(), reason: reason, typ: reflect.TypeFor[T](),
		copied: func(src reflect.Value) (reflect.Value, error) {
			dst, _, err := deep.Copy(src.Interface().(*T), deep.Options{})
			return reflect.ValueOf(dst), err
		},
	}
}

// TestExplainAndCopyAgree checks each row of Explain's table against what copies do, and each part of a value against
// the table.
func TestExplainAndCopyAgree(t *testing.T) {
	for _, tt := range []explainedType{
		typeOf[scalars]("parts that lead nowhere"),
		typeOf[pointed]("a pointer has the path of what it leads to"),
		typeOf[listed]("[] is any element, of a slice or an array"),
		typeOf[mapped]("[key] is any key, and [] any value"),
		typeOf[sharedKeys]("keys can be shared though nothing of them is moved"),
		typeOf[byKind]("kinds of which nobody can make a copy"),
		typeOf[byType]("types that are shared for what they are"),
		typeOf[byTag]("tags go before the rules of types"),
		typeOf[synchronised]("locks belong to one variable"),
		typeOf[donePointed]("a Once is data but for its lock"),
		typeOf[atomic64]("atomics lead where plain variables do"),
		typeOf[wholes]("types that are shown whole need no rows for their fields"),
		typeOf[wholesPointed]("and behind a pointer they are what they are without one"),
		typeOf[refused]("each handle is refused at its place, and nothing else"),
		typeOf[methods]("DeepCopy methods, on values and on pointers, at every kind of place"),
		typeOf[methodsOfMaps]("a map or a slice can have one too"),
		typeOf[dynamic]("an interface is treated as what it holds"),
		typeOf[embedding]("an embedded field is a field"),
		typeOf[treeOf]("a type that leads to itself is explained once"),
		typeOf[tree]("in two fields of one type"),
		typeOf[lists]("through a slice"),
		typeOf[self]("through itself"),
		typeOf[mutA]("through another type"),
		typeOf[first]("through another type, by slices and maps"),
		typeOf[namedMap]("through a map's values"),
		typeOf[keyed]("through a map's keys"),
		typeOf[twice]("a type explained at one place is the same at another, however it is reached"),
		typeOf[generic[*int]]("a type argument that is a pointer"),
		typeOf[generic[any]]("one that is an interface"),
		typeOf[generic[*os.File]]("one that is refused"),
		typeOf[generic[byPointer]]("one that copies itself"),
		typeOf[generic[sync.Mutex]]("one that starts anew"),
		typeOf[generic[generic[error]]]("one that is shared, further below"),
		typeOf[map[*scalars][]any]("a root that is a map"),
		typeOf[[]map[string]*byTag]("a root that is a slice"),
		typeOf[[2]*treeOf]("a root that is an array"),
		typeOf[**treeOf]("a root that is a pointer does not show in paths"),
		typeOf[namedPtr]("a root that is a named pointer does"),
		typeOf[any]("a root that is an interface"),
		typeOf[error]("a root that is an identity"),
		typeOf[*os.File]("a root that is refused"),
		typeOf[[]net.Conn]("the same in elements"),
		typeOf[func()]("a root that is shared"),
		typeOf[sync.Mutex]("a root that starts anew"),
		typeOf[*sync.Cond]("the same behind a pointer"),
		typeOf[atomic.Pointer[treeOf]]("a root that is an atomic"),
		typeOf[byPointer]("a root that copies itself"),
		typeOf[*byValue]("the same behind a pointer"),
		typeOf[ownMap]("a map that copies itself"),
		typeOf[time.Time]("a root that is shown whole"),
		typeOf[int]("a number"),
		typeOf[struct{}]("nothing"),
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Log(tt.reason)
			t.Run("engine=copy", func(t *testing.T) { agree(t, tt.typ, tt.copied, heldValues) })
			t.Run("engine=obvious", func(t *testing.T) { agree(t, tt.typ, obviousCopyOf, heldValues) })
		})
	}
}

// TestExplainHeldValues is TestExplainAndCopyAgree for one kind of value in interfaces at a time: one that is left to
// the obvious engine leaves all that it is a part of to it.
func TestExplainHeldValues(t *testing.T) {
	type holder struct {
		any  any
		list [2][]any
		key  map[string]any
		at   atomic.Pointer[any]
		v    atomic.Value
		m    sync.Map
	}
	tt := typeOf[holder]("")
	for i, x := range heldValues() {
		t.Run(reflect.TypeOf(x).String(), func(t *testing.T) {
			one := func() []any { return heldValues()[i : i+1] }
			t.Run("engine=copy", func(t *testing.T) { agree(t, tt.typ, tt.copied, one) })
			t.Run("engine=obvious", func(t *testing.T) { agree(t, tt.typ, obviousCopyOf, one) })
		})
	}
}

// TestExplainWrongTag checks that what is refused for its tag is refused whatever it holds.
func TestExplainWrongTag(t *testing.T) {
	tt := typeOf[wronglyTagged]("")
	part := refusedPart{"wronglyTagged.In.N", "[]int"}
	row, _ := newTable(tt.typ).find(part.real, reflect.TypeFor[[]int]())
	require.NotNil(t, row)
	assert.Equal(t, deep.RuleRefused, row.Rule)
	assert.Contains(t, row.Why, `"shared"`)
	for _, src := range []*wronglyTagged{{new(wrongTag)}, {&wrongTag{[]int{1}}}} {
		_, err := tt.copied(reflect.ValueOf(src))
		requireRefused(t, err, part)
		_, err = obviousCopyOf(reflect.ValueOf(src))
		requireRefused(t, err, part)
	}
	copyOf(t, &wronglyTagged{})
}

func obviousCopyOf(src reflect.Value) (reflect.Value, error) {
	dst, _, err := deep.ObviousCopy(src, deep.Options{})
	return dst, err
}

// partTypes are what random types are made of.
var partTypes = []reflect.Type{
	reflect.TypeFor[int](), reflect.TypeFor[string](), reflect.TypeFor[scalars](), reflect.TypeFor[any](),
	reflect.TypeFor[error](), reflect.TypeFor[io.Reader](), reflect.TypeFor[func()](), reflect.TypeFor[chan int](),
	reflect.TypeFor[unsafe.Pointer](), reflect.TypeFor[time.Time](), reflect.TypeFor[big.Int](),
	reflect.TypeFor[strings.Builder](), reflect.TypeFor[netip.Addr](), reflect.TypeFor[*regexp.Regexp](),
	reflect.TypeFor[weak.Pointer[int]](), reflect.TypeFor[reflect.Value](), reflect.TypeFor[*cell[int]](),
	reflect.TypeFor[cell[int]](), reflect.TypeFor[sync.Mutex](), reflect.TypeFor[sync.Cond](),
	reflect.TypeFor[sync.Pool](), reflect.TypeFor[sync.Once](), reflect.TypeFor[atomic.Int32](),
	reflect.TypeFor[atomic.Pointer[scalars]](), reflect.TypeFor[atomic.Pointer[byPointer]](),
	reflect.TypeFor[atomic.Value](), reflect.TypeFor[sync.Map](), reflect.TypeFor[*os.File](),
	reflect.TypeFor[net.Conn](), reflect.TypeFor[log.Logger](), reflect.TypeFor[byValue](), reflect.TypeFor[byPointer](),
	reflect.TypeFor[ownMap](), reflect.TypeFor[ownSlice](), reflect.TypeFor[tree](), reflect.TypeFor[treeOf](),
	reflect.TypeFor[byTag](), reflect.TypeFor[first](),
}

// drawType draws a type with types in types.
func drawType(t *rapid.T, depth int) reflect.Type {
	form := 0
	if depth > 0 {
		form = rapid.IntRange(0, 5).Draw(t, "form")
	}
	switch form {
	case 1:
		return reflect.PointerTo(drawType(t, depth-1))
	case 2:
		return reflect.SliceOf(drawType(t, depth-1))
	case 3:
		return reflect.ArrayOf(rapid.IntRange(0, 2).Draw(t, "length"), drawType(t, depth-1))
	case 4:
		if key := drawType(t, depth-1); key.Comparable() {
			return reflect.MapOf(key, drawType(t, depth-1))
		}
	case 5:
		return drawStruct(t, depth)
	}
	return rapid.SampledFrom(partTypes).Draw(t, "part")
}

func drawStruct(t *rapid.T, depth int) reflect.Type {
	fields := make([]reflect.StructField, rapid.IntRange(1, 4).Draw(t, "fields"))
	tags := []reflect.StructTag{"", "", "", "", `hooks:"share"`, `hooks:"zero"`, `hooks:"-"`}
	for i := range fields {
		fields[i] = reflect.StructField{
			Name: string(rune('A' + i)), Type: drawType(t, depth-1), Tag: rapid.SampledFrom(tags).Draw(t, "tag"),
		}
	}
	return reflect.StructOf(fields)
}

// TestExplainRandomTypes is TestExplainAndCopyAgree for types that nobody thought of.
func TestExplainRandomTypes(t *testing.T) {
	byPlan := 0
	rapid.Check(t, func(t *rapid.T) {
		typ := drawType(t, 3)
		agree(t, typ, obviousCopyOf, heldValues)
		agree(t, typ, func(src reflect.Value) (reflect.Value, error) {
			dst, _, done, err := deep.PlanCopy(src, deep.Options{})
			if !done {
				return obviousCopyOf(src) // as Copy does
			}
			byPlan++
			return dst, err
		}, heldValues)
	})
	assert.Positive(t, byPlan)
}
