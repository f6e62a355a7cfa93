package agent

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

// A part that held the agent could not be read or tested without it.
func TestAgentIsAFieldOfNoPart(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := file.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			fields, ok := n.(*ast.StructType)
			if !ok {
				return true
			}
			ast.Inspect(fields, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok && id.Name == "Agent" {
					t.Errorf("%s: a struct holds an Agent", name)
				}
				_, qualified := n.(*ast.SelectorExpr) // api.Agent, which anybody may serve
				return !qualified
			})
			return true
		})
	}
}
