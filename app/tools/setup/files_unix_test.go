//go:build !windows

package setup

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Each kind of step that changes a file of another program's leaves alone what is no
// file, whether it writes or removes.
func TestWhatIsNoFileIsLeftAloneAndWaitedForByNobody(t *testing.T) {
	steps := map[string]func(path string) Step{
		"docker": func(path string) Step { return credHelper{path, "example.org"} },
		"block": func(path string) Step {
			return block{path: path, lines: []string{"a"}, about: "a", mine: func(l string) bool { return l == "a" }}
		},
		"JSON": func(path string) Step {
			return jsonMember{path: path, object: "servers", name: "a", value: map[string]any{"command": "a"}}
		},
		"goose": func(path string) Step { return gooseExtension{path, "a", "authtray"} },
	}
	for kind, make := range map[string]struct {
		made func(path string) error
		says string
	}{
		"a named pipe":      {func(path string) error { return syscall.Mkfifo(path, 0o600) }, "is not a regular file"},
		"a folder":          {func(path string) error { return os.Mkdir(path, 0o700) }, "is not a regular file"},
		"a device":          {func(path string) error { return os.Symlink("/dev/zero", path) }, "is not a regular file"},
		"a link to nothing": {func(path string) error { return os.Symlink(path+".gone", path) }, "is a link to nothing"},
		"2 MB":              {func(path string) error { return os.WriteFile(path, []byte(strings.Repeat(" ", 2<<20)), 0o600) }, "is larger than 1 MB"},
	} {
		for name, step := range steps {
			t.Run(name+"/"+kind, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "config")
				if err := make.made(path); err != nil {
					t.Fatal(err)
				}
				before, _ := os.Lstat(path)
				changed, err := step(path).Write(t.Context())
				if changed || !isClash(err) || !strings.Contains(err.Error(), path+" "+make.says) {
					t.Errorf("writing: %t, %v", changed, err)
				}
				if r, ok := step(path).(interface{ remove() (bool, error) }); ok {
					if changed, err := r.remove(); changed || !isClash(err) || !strings.Contains(err.Error(), path+" "+make.says) {
						t.Errorf("removing: %t, %v", changed, err)
					}
				}
				after, _ := os.Lstat(path)
				if _, err := os.Lstat(path + ".gone"); err == nil || before.Mode() != after.Mode() || before.Size() != after.Size() {
					t.Error("it was changed")
				}
			})
		}
	}
}
