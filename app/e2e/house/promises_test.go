package house

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestThePromisesOfTheThreatModelAreHeldByTests: each test that SECURITY.md names is
// in the source.
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
			text, err = os.ReadFile(path)
			source.Write(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	_, table, _ := strings.Cut(string(page), "| promise | tests |")
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| promise") {
			continue
		}
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
