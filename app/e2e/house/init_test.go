package house

import (
	"go/ast"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// costly are functions that no package calls while it is initialised: every command
// would wait for what hardly any needs. text.Pattern and sync.OnceValue put
// it off until it is used.
var costly = map[string]string{
	"regexp.MustCompile": "text.Pattern", "regexp.Compile": "text.Pattern",
	"template.Must": "sync.OnceValue", "template.New": "sync.OnceValue", "template.ParseFS": "sync.OnceValue",
	"toml.Unmarshal": "sync.OnceValue", "json.Unmarshal": "sync.OnceValue", "toml.NewDecoder": "sync.OnceValue",
	"sha256.Sum256": "sync.OnceValue", "exec.LookPath": "sync.OnceValue", "os.ReadFile": "sync.OnceValue",
}

// callsAtInit are the calls that a file makes while its package is initialised: those
// in the values of its variables and in its init functions, but not those in function
// literals, which run later or never.
func callsAtInit(file *ast.File) (calls []*ast.CallExpr) {
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && (f.Name.Name != "init" || f.Recv != nil) {
			continue
		}
		ast.Inspect(d, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				calls = append(calls, call)
			}
			_, literal := n.(*ast.FuncLit)
			return !literal
		})
	}
	return calls
}

func called(call *ast.CallExpr) string {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	pkg, _ := f.X.(*ast.Ident)
	if pkg == nil {
		return ""
	}
	return pkg.Name + "." + f.Sel.Name
}

func TestPackagesCompileNothingAtInit(t *testing.T) {
	patterns := 0
	for _, s := range sources(t) {
		if s.isTest() || !isProduct(s) {
			continue
		}
		for _, call := range callsAtInit(s.file) {
			name := called(call)
			if instead := costly[name]; instead != "" {
				t.Errorf("%s calls %s while its package is initialised, before every command: put it off with %s", s.set.Position(call.Pos()), name, instead)
			}
			if name != "text.Pattern" {
				continue
			}
			patterns++
			literal, ok := call.Args[0].(*ast.BasicLit)
			if !ok {
				continue
			}
			expr, err := strconv.Unquote(literal.Value)
			if err == nil {
				_, err = regexp.Compile(expr)
			}
			if err != nil {
				t.Errorf("%s: %v", s.set.Position(call.Pos()), err)
			}
		}
	}
	if patterns < 20 {
		t.Errorf("%d patterns were looked at: the test does not see them", patterns)
	}
}

// isProduct reports whether a file is part of what users run.
func isProduct(s source) bool {
	return !s.below("app/e2e", "assets", "providers/practice", "providers/faultkit") && !strings.HasSuffix(s.dir(), "test")
}
