package setup

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// link gives authtray the name under which a tool looks for its helper in PATH.
type link struct {
	name string // docker-credential-authtray
	self string // the program's path
	dirs []string
}

// linked is the step for a name, or none where PATH has it.
func (p Plan) linked(name string) []Step {
	if _, err := exec.LookPath(name); err == nil {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		self = p.Program
	}
	return []Step{link{name, self, []string{filepath.Dir(self), filepath.Join(p.Home, ".local", "bin")}}}
}

func (l link) Lines() []string {
	if runtime.GOOS == "windows" {
		return []string{fmt.Sprintf(`copy "%s" "%s.exe"`, l.self, filepath.Join(l.dirs[0], l.name))}
	}
	return []string{"ln -s " + quote(l.self) + " " + quote(filepath.Join(l.dirs[0], l.name))}
}

// Write makes the link in the first folder that is in PATH and can be written.
func (l link) Write(context.Context) (bool, error) {
	for _, dir := range l.dirs {
		if !inPath(dir) {
			continue
		}
		if os.Symlink(l.self, filepath.Join(dir, l.name)) == nil {
			return true, nil
		}
	}
	return false, clash("%s must be in a folder of PATH, and could not be put into one; do it by hand: %s", l.name, l.Lines()[0])
}

func inPath(dir string) bool {
	for _, d := range filepath.SplitList(os.Getenv("PATH")) {
		if filepath.Clean(d) == filepath.Clean(dir) {
			return true
		}
	}
	return false
}
