package deep_test

import (
	"context"
	"net"
	"os"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

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
