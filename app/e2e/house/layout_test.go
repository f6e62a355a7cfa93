package house

import (
	"encoding/json"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// atTop is what may stand at the top of the tree.
var atTop = []string{
	"app", "tokens", "providers", "assets", "main.go", "window.go", "go.mod", "go.sum",
	"Makefile", "FyneApp.toml", ".ci", ".github", ".gitignore",
	"README.md", "LICENSE", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "ARCHITECTURE.md", "RELEASING.md",
}

// TestTopHoldsNothingElse reads what is committed: whatever else a person keeps
// there is theirs.
func TestTopHoldsNothingElse(t *testing.T) {
	cmd := exec.Command("git", "-c", "safe.directory=*", "ls-files")
	cmd.Dir = top
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("this is no checkout, in which make check runs it: %v", err)
	}
	seen := map[string]bool{}
	for file := range strings.Lines(string(out)) {
		name, _, _ := strings.Cut(strings.TrimSpace(file), "/")
		if !seen[name] && !slices.Contains(atTop, name) {
			t.Errorf("%s stands at the top", name)
		}
		seen[name] = true
	}
}

// TestTopHasWhatAContributorLooksFor: licence, and how to build, test, report and find one's way.
func TestTopHasWhatAContributorLooksFor(t *testing.T) {
	for name, says := range map[string]string{
		"LICENSE":                  "The Authtray authors",
		"CONTRIBUTING.md":          "make check",
		"SECURITY.md":              "vulnerability",
		"CHANGELOG.md":             "## ",
		"ARCHITECTURE.md":          "tokens/machine.go",
		".github/workflows/ci.yml": ".ci/run",
	} {
		if !strings.Contains(read(t, name), says) {
			t.Errorf("%s does not say %q", name, says)
		}
	}
	readme := read(t, "README.md")
	for _, page := range []string{"LICENSE", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "ARCHITECTURE.md"} {
		if !strings.Contains(readme, "]("+page+")") {
			t.Errorf("README.md has no link to %s", page)
		}
	}
}

// TestThereIsOneModuleThatInstalls: `go install …@latest` refuses a go.mod with
// replace or exclude lines, and tools there are requirements of every importer.
func TestThereIsOneModuleThatInstalls(t *testing.T) {
	var mod struct{ Replace, Exclude, Tool []any }
	cmd := exec.Command("go", "mod", "edit", "-json")
	cmd.Dir = top
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	if mod.Replace != nil || mod.Exclude != nil || mod.Tool != nil {
		t.Errorf("go.mod has replace %v, exclude %v, tool %v", mod.Replace, mod.Exclude, mod.Tool)
	}
	walk(t, func(name string) {
		if base := path.Base(name); name != base && (base == "go.mod" || base == "go.work") {
			t.Errorf("%s makes a second module", name)
		}
	})
}

// TestTreeInAppsCommentIsTheTree: app/doc.go draws the folders of app, and each is there.
func TestTreeInAppsCommentIsTheTree(t *testing.T) {
	drawn := map[string]bool{}
	for _, line := range regexp.MustCompile(`(?m)^//\t([\w/]+)/ `).FindAllStringSubmatch(read(t, "app/doc.go"), -1) {
		drawn[line[1]] = true
	}
	for _, s := range sources(t) {
		if dir, ok := strings.CutPrefix(s.dir(), "app/"); ok && !drawn[dir] {
			t.Errorf("app/doc.go does not say what belongs in %s/", dir)
			drawn[dir] = true
		}
	}
	for dir := range drawn {
		if info, err := os.Stat(filepath.Join(top, "app", dir)); err != nil || !info.IsDir() {
			t.Errorf("app/doc.go draws %s/, which is no folder of app", dir)
		}
	}
}

// named finds paths of the tree in a text; they end before a shell's or make's variables.
var named = regexp.MustCompile(`(?:^|[^\w/.~$-])(?:\./)?((?:app|tokens|providers|assets|\.ci)/[\w./*-]*[\w*])(-?[$%{]?)`)

// pages are what people and scripts are told about the tree, beside comments.
var pages = []string{
	"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "ARCHITECTURE.md", "RELEASING.md", ".github/workflows/ci.yml",
	"Makefile", ".ci/run", ".ci/fuzz", ".ci/packages", "providers/practice/run",
}

// TestPathsThatAreWrittenDownExist reads the pages, and the comments of all Go files.
func TestPathsThatAreWrittenDownExist(t *testing.T) {
	texts := map[string]string{}
	for _, name := range pages {
		texts[name] = read(t, name)
	}
	for _, s := range sources(t) {
		for _, comment := range s.file.Comments {
			texts[s.path] += comment.Text() + "\n"
		}
	}
	for name, text := range texts {
		for _, found := range named.FindAllStringSubmatch(text, -1) {
			pattern := strings.TrimSuffix(found[1], "/...")
			if len(found[2]) > 0 && found[2] != "-" {
				pattern += "*"
			}
			if files, _ := filepath.Glob(filepath.Join(top, pattern)); files == nil {
				t.Errorf("%s names %s, which is not there", name, found[1])
			}
		}
	}
}
