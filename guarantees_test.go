package hooks_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// testsOf are the tests and the texts of one package: what a row of docs/guarantees.md
// may name.
type testsOf struct {
	functions, texts map[string]bool
}

// readTests reads the test files in dir.
func readTests(t *testing.T, dir string) testsOf {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	require.NoError(t, err)
	p := testsOf{map[string]bool{}, map[string]bool{}}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				p.functions[f.Name.Name] = true
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				text, err := strconv.Unquote(lit.Value)
				require.NoError(t, err)
				p.texts[text] = true
			}
			return true
		})
	}
	return p
}

// namedTest is a test as the table names it: its package's folder, if that is not the
// root, its function, and a sub-test.
var namedTest = regexp.MustCompile("`(?:([a-z/]+)\\.)?((?:Test|Example|Fuzz)\\w*)(?:/([^`]+))?`")

// Every row of the fault table has a test, but those of what is not promised; and each
// test that the page names is there.
func TestEveryGuaranteeHasATest(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("docs", "guarantees.md"))
	require.NoError(t, err)
	packages := map[string]testsOf{}
	section, rows := "", 0
	for i, line := range strings.Split(string(page), "\n") {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			section = title
		}
		named := namedTest.FindAllStringSubmatch(line, -1)
		for _, m := range named {
			dir, function, sub := m[1], m[2], m[3]
			if _, ok := packages[dir]; !ok {
				packages[dir] = readTests(t, filepath.FromSlash("./"+dir))
			}
			assert.True(t, packages[dir].functions[function], "line %d: there is no %s in %q", i+1, function, dir)
			assert.True(t, sub == "" || packages[dir].texts[sub], "line %d: nothing in %q is called %q", i+1, dir, sub)
		}
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| Promise") || section == "What is not promised" {
			continue
		}
		rows++
		assert.Equal(t, 5, strings.Count(line, "|"), "line %d has other columns", i+1)
		assert.NotEmpty(t, named, "line %d names no test", i+1)
	}
	assert.Greater(t, rows, 200)
}
