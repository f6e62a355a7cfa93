// Package house holds the rules of the source tree as tests: which package may
// import which, how long files and functions may be, what stands at the top, and
// that what is written about the tree is true of it. It reads the source and
// runs nothing of it.
package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "github.com/authtray/authtray"
	top    = "../../.."
)

// source is one Go file.
type source struct {
	path    string // below the top, with slashes
	set     *token.FileSet
	file    *ast.File
	imports []string // those of this module, below the top
}

func (s source) dir() string  { return path.Dir(s.path) }
func (s source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }
func (s source) below(dirs ...string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool { return isBelow(s.path, dir) })
}

// isBelow reports whether a path is dir, or something in it.
func isBelow(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

// sources are all Go files of the tree, for every system. Fixtures are none.
func sources(t *testing.T) (all []source) {
	t.Helper()
	walk(t, func(name string) {
		if !strings.HasSuffix(name, ".go") || strings.Contains(name, "testdata/") {
			return
		}
		s := source{path: name, set: token.NewFileSet()}
		file, err := parser.ParseFile(s.set, filepath.Join(top, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		s.file = file
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if ours, ok := strings.CutPrefix(imported, module+"/"); ok {
				s.imports = append(s.imports, ours)
			}
		}
		all = append(all, s)
	})
	return all
}

// walk calls visit for every file of the tree, but for what is built or hidden.
func walk(t *testing.T, visit func(name string)) {
	t.Helper()
	err := filepath.WalkDir(top, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err = filepath.Rel(top, name)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		switch {
		case !entry.IsDir():
			visit(name)
		case name == "build", name == ".git":
			return filepath.SkipDir
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(top, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// exceptions are files that may break a rule, and why.
type exceptions map[string]string

// check reports what breaks the rule (a sentence for each file), and exceptions
// that nothing needs any more.
func (e exceptions) check(t *testing.T, broken map[string]string) {
	t.Helper()
	for name, why := range broken {
		if e[name] == "" {
			t.Errorf("%s: %s", name, why)
		}
	}
	for name := range e {
		if broken[name] == "" {
			t.Errorf("%s keeps the rule by now: take it off the exceptions", name)
		}
	}
}
