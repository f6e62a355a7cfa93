package house

import (
	"go/build/constraint"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestThePromisesOfTheThreatModelAreHeldByTests: each test that SECURITY.md names is
// in the source, where `make test` runs it on Linux.
func TestThePromisesOfTheThreatModelAreHeldByTests(t *testing.T) {
	const root = "../../.."
	page, err := os.ReadFile(filepath.Join(root, "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, "_test.go") {
			var text []byte
			if text, err = os.ReadFile(path); isRun(path, text) {
				source.Write(text)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	_, rest, _ := strings.Cut(string(page), "| promise | tests |\n|---|---|\n")
	table, after, _ := strings.Cut(rest, "\n\n")
	if strings.Contains(after, "\n| ") {
		t.Error("rows stand outside the table, where they are not shown as rows")
	}
	for line := range strings.Lines(table) {
		rows++
		tests := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(line, -1)
		if len(tests) == 0 {
			t.Errorf("no test holds this: %s", line)
		}
		for _, test := range tests {
			if !strings.Contains(source.String(), "func "+test[1]+"(t *testing.T)") {
				t.Errorf("there is no %s", test[1])
			}
		}
	}
	if rows == 0 {
		t.Error("there is no table of promises")
	}
}

// isRun reports whether a test file is built by one of the runs of `make test` on Linux:
// of everything, with the tag ci, and of the real window, with desktop.
func isRun(path string, text []byte) bool {
	name := strings.TrimSuffix(path, "_test.go")
	if strings.HasSuffix(name, "_windows") || strings.HasSuffix(name, "_darwin") {
		return false
	}
	for line := range strings.Lines(string(text)) {
		if expr, err := constraint.Parse(strings.TrimSpace(line)); err == nil {
			return expr.Eval(func(tag string) bool { return slices.Contains([]string{"linux", "unix", "ci", "desktop"}, tag) })
		}
	}
	return true
}
