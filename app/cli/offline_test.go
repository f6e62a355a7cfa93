package cli

import (
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

// Commands speak to the agent over its socket. Only the files that start one
// import its package.
func TestOnlyTheFilesThatStartAnAgentImportItsPackage(t *testing.T) {
	starts := map[string]bool{"run.go": true, "offline.go": true}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := file.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range parsed.Imports {
			if i.Path.Value == `"github.com/authtray/authtray/app/agent"` && !starts[name] {
				t.Errorf("%s imports the agent", name)
			}
		}
	}
}
