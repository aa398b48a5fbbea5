package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// To compile a package with its tests takes much longer than to run them. So all bugs of a package are compiled at once.
// Each is in a copy of the function that it is in, and the function begins with a look at which copy to call, if any:
//
//	func (l *undoLog) pop(savepoint int) *frame { switch bugUnderTest { case 7: return l.pop_bug7(savepoint) }
//		n := len(l.frames) - 1
//		…
//
// So a bug must lie within one function, and that must not be one which is deferred and recovers.

// grafted returns the files of a package, by their names, with the bugs of the list in them, and one more file, which says
// that the environment chooses the bug.
func grafted(root string, list []*mutant) (files map[string]string, err error) {
	byFile := map[string][]*mutant{}
	for _, m := range list {
		byFile[m.file] = append(byFile[m.file], m)
	}
	files = map[string]string{}
	pkg := ""
	for _, name := range slices.Sorted(maps.Keys(byFile)) {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		g := &graft{name: name, src: string(text)}
		if files[name], err = g.all(byFile[name]); err != nil {
			return nil, err
		}
		pkg = g.file.Name.Name
	}
	files[filepath.ToSlash(filepath.Join(filepath.Dir(list[0].file), "bug_chosen.go"))] = fmt.Sprintf(chooser, pkg, chosenBy)
	return files, nil
}

// chosenBy is the environment's variable with the number of the bug.
const chosenBy = "HOOKS_BUG_UNDER_TEST"

const chooser = `package %s

import (
	"os"
	"strconv"
)

var bugUnderTest, _ = strconv.Atoi(os.Getenv(%q))
`

// A graft puts bugs into a file.
type graft struct {
	name, src string
	fset      *token.FileSet
	file      *ast.File
	calls     map[*ast.FuncDecl][]string // of the copies: `case 7: return f_bug7()`
	copies    []string
}

func (g *graft) all(list []*mutant) (string, error) {
	g.fset = token.NewFileSet()
	var err error
	if g.file, err = parser.ParseFile(g.fset, g.name, g.src, parser.SkipObjectResolution); err != nil {
		return "", err
	}
	g.calls = map[*ast.FuncDecl][]string{}
	for _, m := range list {
		if err := g.add(m); err != nil {
			return "", fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return g.text(), nil
}

// add makes the copy with one bug.
func (g *graft) add(m *mutant) error {
	if n := strings.Count(g.src, m.was); n != 1 {
		return fmt.Errorf("%s has the old code %d times instead of once:\n%s", g.name, n, m.was)
	}
	from := strings.Index(g.src, m.was)
	fn := g.around(from, from+len(m.was))
	if fn == nil {
		return fmt.Errorf("the old code is not part of one function of %s:\n%s", g.name, m.was)
	}
	name := fmt.Sprintf("%s_bug%d", fn.Name.Name, m.number)
	start, end := g.offset(fn.Pos()), g.offset(fn.End())
	copied, err := renamed(g.src[start:from]+m.now+g.src[from+len(m.was):end], name)
	if err != nil {
		return err
	}
	call, err := g.call(fn, name)
	if err != nil {
		return err
	}
	g.copies = append(g.copies, "// "+m.name+"\n"+copied)
	g.calls[fn] = append(g.calls[fn], fmt.Sprintf("case %d: %s", m.number, call))
	return nil
}

func (g *graft) offset(p token.Pos) int { return g.fset.Position(p).Offset }

// around returns the function that the text between two places is part of, nil if there is none.
func (g *graft) around(from, to int) *ast.FuncDecl {
	for _, d := range g.file.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && g.offset(fn.Pos()) <= from && to <= g.offset(fn.End()) {
			return fn
		}
	}
	return nil
}

// renamed gives a function, with a bug in it, another name.
func renamed(text, name string) (string, error) {
	const head = "package p\n"
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", head+text, parser.SkipObjectResolution)
	if err != nil {
		return "", fmt.Errorf("does not parse: %w\n%s", err, text)
	}
	old := file.Decls[0].(*ast.FuncDecl).Name
	at := fset.Position(old.Pos()).Offset - len(head)
	return text[:at] + name + text[at+len(old.Name):], nil
}

// call is how a function passes a call on to its copy with the given name.
func (g *graft) call(fn *ast.FuncDecl, name string) (string, error) {
	if fn.Recv != nil {
		of := names(fn.Recv)
		if len(of) != 1 || of[0] == "_" {
			return "", fmt.Errorf("the receiver of %s has no name", fn.Name.Name)
		}
		name = of[0] + "." + name
	} else if fn.Type.TypeParams != nil {
		name += "[" + strings.Join(names(fn.Type.TypeParams), ", ") + "]"
	}
	args := names(fn.Type.Params)
	if slices.Contains(args, "_") {
		return "", fmt.Errorf("an argument of %s has no name", fn.Name.Name)
	}
	call := name + "(" + strings.Join(args, ", ")
	if n := len(fn.Type.Params.List); n > 0 {
		if _, variadic := fn.Type.Params.List[n-1].Type.(*ast.Ellipsis); variadic {
			call += "..."
		}
	}
	call += ")"
	if fn.Type.Results == nil {
		return call + "; return", nil
	}
	return "return " + call, nil
}

// names are those of the fields, with _ for one that has none.
func names(fields *ast.FieldList) (all []string) {
	for _, f := range fields.List {
		if len(f.Names) == 0 {
			all = append(all, "_")
		}
		for _, n := range f.Names {
			all = append(all, n.Name)
		}
	}
	return all
}

// text is the file with all bugs. What was there before stays on its line.
func (g *graft) text() string {
	var b strings.Builder
	done := 0
	for _, d := range g.file.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || g.calls[fn] == nil {
			continue
		}
		body := g.offset(fn.Body.Lbrace) + 1
		b.WriteString(g.src[done:body])
		b.WriteString(" switch bugUnderTest { " + strings.Join(g.calls[fn], "; ") + " }; ")
		done = body
	}
	b.WriteString(g.src[done:])
	for _, c := range g.copies {
		b.WriteString("\n" + c + "\n")
	}
	return b.String()
}
