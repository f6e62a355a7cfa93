package house

import (
	"bytes"
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
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

// maxCore is how many lines decide about people's grants: what the life of a grant,
// the stores and the meaning of a provider's answer take, folders below included,
// but not their tests and the packages for tools and for tests. It is what is there
// now, and a little more for repairs: a new rule is to pay for itself with what it
// makes unnecessary. Lower it with each simplification; raise it only for what the
// commit's body says could not be had for less.
const maxCore = 7208

func TestTheCoreGrowsNoFurther(t *testing.T) {
	lines := map[string]int{}
	sum := 0
	for _, s := range sources(t) {
		if s.isTest() || !s.below("tokens", "providers/refusal") || s.below("tokens/client", "tokens/store/storetest") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(top, s.path))
		if err != nil {
			t.Fatal(err)
		}
		n := bytes.Count(text, []byte("\n"))
		lines[s.dir()] += n
		sum += n
	}
	if sum > maxCore {
		t.Errorf("%d lines, more than %d: %v", sum, maxCore, lines)
	}
	t.Log(sum, lines)
}
