package house

import (
	"fmt"
	"go/ast"
	"testing"
)

const (
	maxFile     = 400 // lines
	maxFunction = 60
)

var longFiles = exceptions{}

// TestFilesAndFunctionsAreReadAtOnce: tests may be longer, which are read one
// function at a time.
func TestFilesAndFunctionsAreReadAtOnce(t *testing.T) {
	long := map[string]string{}
	for _, s := range sources(t) {
		if s.isTest() {
			continue
		}
		if lines := s.set.File(s.file.Pos()).LineCount(); lines > maxFile {
			long[s.path] = fmt.Sprintf("it has %d lines, more than %d", lines, maxFile)
		}
		for _, declared := range s.file.Decls {
			f, ok := declared.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if lines := s.set.Position(f.End()).Line - s.set.Position(f.Pos()).Line + 1; lines > maxFunction {
				t.Errorf("%s: %s has %d lines, more than %d", s.set.Position(f.Pos()), f.Name.Name, lines, maxFunction)
			}
		}
	}
	longFiles.check(t, long)
}
