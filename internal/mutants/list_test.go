package main

import (
	"bytes"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every bug of the list still applies: its old code stands exactly once in its file, and with the new one the package
// compiles.
func TestListApplies(t *testing.T) {
	root, err := moduleRoot()
	require.NoError(t, err)
	all, err := readList(root)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, len(all), 70)

	names := map[string]bool{}
	packages := map[string][]*mutant{}
	for _, m := range all {
		assert.False(t, names[m.name], "%s stands in the list twice", m.name)
		names[m.name] = true
		packages[filepath.Dir(m.file)] = append(packages[filepath.Dir(m.file)], m)
	}
	for dir, some := range packages {
		files, err := grafted(root, some)
		require.NoError(t, err)
		newChecker(t, root, dir).check(t, files)
	}
}

func TestParseList(t *testing.T) {
	all, err := parseList("About.\n\n== a\nIt is\nwrong.\nfile: x/y.go\nrace: yes\n-- was\n\tif a {\n-- now\n\tif b {\n\n\n" +
		"== b\nGone.\nfile: y.go\ntests: ./z\n-- was\n\tb()\n-- now\n")
	require.NoError(t, err)
	require.Len(t, all, 2)
	assert.Equal(t, mutant{name: "a", what: "It is wrong.", file: "x/y.go", tests: "./x", race: true, was: "\tif a {", now: "\tif b {"}, *all[0])
	assert.Equal(t, mutant{name: "b", what: "Gone.", file: "y.go", tests: "./z", was: "\tb()"}, *all[1])

	_, err = parseList("== a\nIt is wrong.\nfile: x.go\n-- was\nb\n")
	assert.ErrorContains(t, err, `"a" is not complete`)
}

func TestReadResult(t *testing.T) {
	for _, tt := range []struct {
		name, out string
		want      result
	}{
		{"a subtest fails first", `{"Action":"output","Test":"TestA/b","Output":"no\n"}
{"Action":"fail","Test":"TestA/b"}
{"Action":"fail","Test":"TestA"}
{"Action":"fail"}`, result{test: "TestA/b", text: "no\n"}},
		{"it hangs", `{"Action":"output","Test":"TestA","Output":"panic: test timed out after 1s\n"}
{"Action":"fail","Test":"TestA"}`, result{test: "TestA, which did not end", text: "panic: test timed out after 1s\n"}},
		{"it crashes", `{"Action":"run","Test":"TestA"}
{"Action":"pass","Test":"TestA"}
{"Action":"run","Test":"TestB"}
{"Action":"run","Test":"TestB/c"}
{"Action":"pass","Test":"TestB/c"}
{"Action":"output","Test":"TestB","Output":"panic: no\n"}`, result{test: "TestB", text: "panic: no\n"}},
		{"a goroutine is left behind", `{"Action":"output","Output":"goleak: no\n"}`, result{test: "TestMain", text: "goleak: no\n"}},
	} {
		assert.Equal(t, tt.want, read([]byte(tt.out)), tt.name)
	}
}

// A table keeps the rows of bugs that were not tried again.
func TestTable(t *testing.T) {
	a, b, c := &mutant{name: "a", what: "A.", file: "a.go"}, &mutant{name: "b", what: "B | C.", file: "b.go"}, &mutant{name: "c"}
	a.tried, b.tried, b.fate = true, true, fate{test: "TestB", took: 2e9}
	old := tableOf([]*mutant{a, b, c}, "")
	assert.Contains(t, old, "1 of 2 bugs were found")
	assert.Contains(t, old, "| a | A. | a.go | **SURVIVED** | 0 |\n| b | B \\| C. | b.go | TestB | 2 |\n")
	a.fate, b.tried = fate{test: "TestA", took: 3e9}, false
	now := tableOf([]*mutant{a, b, c}, old)
	assert.Contains(t, now, "2 of 2 bugs were found")
	assert.Contains(t, now, "| a | A. | a.go | TestA | 3 |\n| b | B \\| C. | b.go | TestB | 2 |\n")
}

// What a function with bugs in it looks like.
func TestGraft(t *testing.T) {
	g := &graft{name: "x.go", src: "package x\n\nfunc (s *S[T]) f(a, b int, more ...string) (n int) { return a + b }\n\nfunc g[T any](x T) {\n\tprint(x)\n}\n"}
	text, err := g.all([]*mutant{
		{name: "minus", number: 1, was: "a + b", now: "a - b"},
		{name: "twice", number: 3, was: "a + b", now: "a + 2*b"},
		{name: "nothing", number: 2, was: "\tprint(x)\n", now: ""},
	})
	require.NoError(t, err)
	assert.Equal(t, `package x

func (s *S[T]) f(a, b int, more ...string) (n int) { switch bugUnderTest { case 1: return s.f_bug1(a, b, more...); case 3: return s.f_bug3(a, b, more...) };  return a + b }

func g[T any](x T) { switch bugUnderTest { case 2: g_bug2[T](x); return };`+" "+`
	print(x)
}

// minus
func (s *S[T]) f_bug1(a, b int, more ...string) (n int) { return a - b }

// twice
func (s *S[T]) f_bug3(a, b int, more ...string) (n int) { return a + 2*b }

// nothing
func g_bug2[T any](x T) {
}
`, text)

	for _, tt := range []struct{ was, want string }{
		{"a * b", "0 times instead of once"},
		{"func ", "2 times instead of once"},
		{"package x", "not part of one function"},
	} {
		_, err := g.all([]*mutant{{name: "bad", was: tt.was}})
		assert.ErrorContains(t, err, tt.want)
	}
}

// A checker compiles a package with some of its files replaced, as far as types go.
type checker struct {
	fset  *token.FileSet
	dir   string
	path  string
	files []string
	deps  types.Importer
}

func newChecker(t *testing.T, root, dir string) *checker {
	c := &checker{fset: token.NewFileSet(), dir: dir}
	exports := map[string]string{}
	out := goList(t, root, dir, "-deps", "-export", "-f", "{{.ImportPath}} {{.Export}}")
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		path, file, _ := strings.Cut(line, " ")
		exports[path], c.path = file, path // the last one is the package itself
	}
	c.deps = importer.ForCompiler(c.fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	for _, name := range strings.Fields(goList(t, root, dir, "-f", `{{join .GoFiles " "}}`)) {
		c.files = append(c.files, filepath.Join(root, dir, name))
	}
	return c
}

// check compiles. replaced are texts by names, from the root on.
func (c *checker) check(t *testing.T, replaced map[string]string) {
	var all []*ast.File
	parse := func(name string, text any) {
		f, err := parser.ParseFile(c.fset, name, text, parser.SkipObjectResolution)
		require.NoError(t, err)
		all = append(all, f)
	}
	for name, text := range replaced {
		parse(name, text)
	}
	for _, file := range c.files {
		if _, ok := replaced[filepath.ToSlash(filepath.Join(c.dir, filepath.Base(file)))]; !ok {
			parse(file, nil)
		}
	}
	types := &types.Config{Importer: c.deps, Error: func(err error) { t.Errorf("a bug of the list does not compile: %v", err) }}
	_, _ = types.Check(c.path, c.fset, all, nil) // whose error Error has had
}

func goList(t *testing.T, root, dir string, args ...string) string {
	cmd := exec.Command("go", append(append([]string{"list"}, args...), "./"+filepath.ToSlash(dir))...)
	cmd.Dir = root
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	require.NoError(t, err, errs.String())
	return string(out)
}
