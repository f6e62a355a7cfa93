//go:build !windows

package clipboard

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/authtray/authtray/app/desktop/browser"
)

// tool is a clipboard behind three commands: one takes the text on stdin, one
// writes it to stdout, one empties the clipboard.
type tool struct {
	put, get, empty []string
}

// tools is a clipboard kept by a tool. It remembers only a hash of what was put.
type tools struct {
	tool
	sum *[sha256.Size]byte
}

func (t tools) put(ctx context.Context, text string) error {
	*t.sum = sha256.Sum256([]byte(text))
	return run(ctx, t.tool.put, strings.NewReader(text), nil)
}

func (t tools) clear(ctx context.Context) error {
	var now bytes.Buffer
	if err := run(ctx, t.get, nil, &now); err != nil {
		return nil // empty, or not text: not ours any more
	}
	sum := sha256.Sum256(now.Bytes())
	if subtle.ConstantTimeCompare(sum[:], t.sum[:]) != 1 {
		return nil
	}
	return run(ctx, t.empty, nil, nil)
}

// run runs a command. Those that put something on the clipboard leave a child
// behind that serves it; such a child must not inherit a pipe of ours, or we
// would wait for it.
func run(ctx context.Context, command []string, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, toolTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = browser.Environ(os.Environ())
	cmd.Stdin, cmd.Stdout = in, out
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("the clipboard did not take the text (%s: %s)", command[0], exit.ProcessState)
	}
	if err != nil {
		return fmt.Errorf("the clipboard cannot be reached through %s: %w", command[0], err)
	}
	return nil
}

// known are the tools elsewhere, by the variable that says that their display is there.
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

// macs are the tools of macOS.
var macs = tool{put: []string{"/usr/bin/pbcopy"}, get: []string{"/usr/bin/pbpaste"}, empty: []string{"/usr/bin/pbcopy"}}

func system() board {
	if runtime.GOOS == "darwin" {
		return tools{macs, new([sha256.Size]byte)}
	}
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
