//go:build !windows && !darwin

package clipboard

import (
	"crypto/sha256"
	"os"
	"os/exec"
)

// known are the tools, by the variable that says that their display is there.
// The first that is installed is used.
var known = []struct {
	display string
	tool
}{
	{"WAYLAND_DISPLAY", tool{
		put: []string{"wl-copy", "--type", "text/plain"}, get: []string{"wl-paste", "--no-newline"}, empty: []string{"wl-copy", "--clear"}}},
	{"DISPLAY", tool{
		put:   []string{"xclip", "-selection", "clipboard", "-in"},
		get:   []string{"xclip", "-selection", "clipboard", "-out"},
		empty: []string{"xclip", "-selection", "clipboard", "-in", "/dev/null"}}},
	{"DISPLAY", tool{
		put:   []string{"xsel", "--clipboard", "--input"},
		get:   []string{"xsel", "--clipboard", "--output"},
		empty: []string{"xsel", "--clipboard", "--clear"}}},
}

func system() board {
	for _, k := range known {
		if os.Getenv(k.display) == "" {
			continue
		}
		if _, err := exec.LookPath(k.put[0]); err == nil {
			return tools{k.tool, new([sha256.Size]byte)}
		}
	}
	return nil
}
