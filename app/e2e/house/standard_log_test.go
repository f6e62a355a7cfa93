package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestNothingIsSaidOnTheStandardLogger: it is silenced, so what is said there, or
// on slog's default, which writes to it, would be lost.
func TestNothingIsSaidOnTheStandardLogger(t *testing.T) {
	speaks := map[string][]string{
		"log": {"Print", "Printf", "Println", "Fatal", "Fatalf", "Fatalln", "Panic", "Panicf", "Panicln", "Output", "Default"},
		"log/slog": {"Debug", "Info", "Warn", "Error", "DebugContext", "InfoContext", "WarnContext", "ErrorContext",
			"Log", "LogAttrs", "With", "Default"},
	}
	looked := 0
	err := filepath.WalkDir("../../..", func(name string, _ fs.DirEntry, err error) error {
		if name == "../../../build" {
			return filepath.SkipDir // copies of other modules may be there
		}
		if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "../../../assets/icons/draw/") {
			return err // the tool that draws the icons is none of our processes
		}
		looked++
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			return err
		}
		for imported, names := range speaks {
			if !imports(file, imported) {
				continue
			}
			ast.Inspect(file, func(n ast.Node) bool {
				use, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				// A package's name is resolved in no scope of its file; a variable's is.
				pkg, ok := use.X.(*ast.Ident)
				if ok && pkg.Name == path.Base(imported) && slices.Contains(file.Unresolved, pkg) && slices.Contains(names, use.Sel.Name) {
					t.Errorf("%s: %s.%s", set.Position(use.Pos()), pkg.Name, use.Sel.Name)
				}
				return true
			})
		}
		return nil
	})
	if err != nil || looked < 100 {
		t.Fatalf("%d files were looked at: %v", looked, err)
	}
}

func imports(file *ast.File, name string) bool {
	return slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == `"`+name+`"` })
}

// TestEveryServerAndProxyOfHTTPHasALoggerOfItsOwn: else the library writes what it
// was sent to the standard logger.
func TestEveryServerAndProxyOfHTTPHasALoggerOfItsOwn(t *testing.T) {
	found := 0
	for _, s := range sources(t) {
		if s.isTest() || s.below("app/e2e", "providers/practice", "providers/faultkit") { // processes that are none of ours
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			literal, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			kind, ok := literal.Type.(*ast.SelectorExpr)
			if !ok || kind.Sel.Name != "Server" && kind.Sel.Name != "ReverseProxy" {
				return true
			}
			if pkg, ok := kind.X.(*ast.Ident); !ok || pkg.Name != "http" && pkg.Name != "httputil" {
				return true
			}
			found++
			if !slices.ContainsFunc(literal.Elts, func(e ast.Expr) bool {
				field, ok := e.(*ast.KeyValueExpr)
				if !ok {
					return false
				}
				name, ok := field.Key.(*ast.Ident)
				return ok && name.Name == "ErrorLog"
			}) {
				t.Errorf("%s has no ErrorLog", s.set.Position(literal.Pos()))
			}
			return true
		})
	}
	if found < 4 {
		t.Fatalf("only %d were found", found)
	}
}
