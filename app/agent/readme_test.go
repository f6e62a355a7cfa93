package agent

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// The README's examples are copied by people, so they are run.
func TestTheExamplesOfTheReadmeGetTheToken(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for program, example := range map[string]*regexp.Regexp{
		"python3": regexp.MustCompile("(?s)```python\n(.*?)```"),
		"bash":    regexp.MustCompile(`(?m)^    (curl -s --unix-socket .*)$`),
	} {
		t.Run(program, func(t *testing.T) {
			found := example.FindSubmatch(text)
			if found == nil {
				t.Fatal("the README has no such example any more")
			}
			if _, err := exec.LookPath(program); err != nil || runtime.GOOS == "windows" {
				if os.Getenv("CI") != "" {
					t.Fatalf("%s is not installed", program)
				}
				t.Skipf("%s is not installed", program)
			}
			w := newWorld(t)
			w.add("github")
			w.connect("github", "ada")
			runtimeDir := t.TempDir()
			if err := os.Symlink(filepath.Dir(w.paths.Socket), filepath.Join(runtimeDir, "authtray")); err != nil {
				t.Fatal(err)
			}
			c := exec.Command(program, "-c", string(found[1]))
			c.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+runtimeDir)
			out, err := c.Output()
			if want := w.call("GET", "/connections/github/token", nil).token().AccessToken; err != nil || strings.TrimSpace(string(out)) != want {
				t.Errorf("it printed %d bytes, not the token (%v)", len(out), err)
			}
		})
	}
}
