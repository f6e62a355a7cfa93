package setup

import (
	"context"
	"fmt"
	"strings"

	"github.com/authtray/authtray/app/shellquote"
)

// Plan is what a configuration is made for.
type Plan struct {
	Program string   // how tools are to call authtray: its name where that is in PATH, else its path
	Name    string   // the connection
	Hosts   []string // the hosts that tools are to ask it for, as in a connection's file
	User    string   // the user name that goes with a token, where a tool wants one in its configuration
	HTTPS   bool     // this machine's own hosts are spoken to over https
	Home    string   // the user's home
	Env     func(string) string
}

// Step is one piece of configuration.
type Step interface {
	// Lines are for people, who may type them or copy them into a file; what is
	// no configuration is a comment.
	Lines() []string
	// Write makes it so. changed is false where it was so already. The error is a
	// *Clash where something else of the user's is in the way.
	Write(ctx context.Context) (changed bool, err error)
}

// Clash says that the user has configured something else.
type Clash struct{ Sentence string }

func (c *Clash) Error() string { return c.Sentence }

func clash(format string, args ...any) error { return &Clash{fmt.Sprintf(format, args...)} }

// note is a step that only people can do.
type note []string

func (n note) Lines() []string {
	var lines []string
	for _, line := range n {
		lines = append(lines, "# "+line)
	}
	return lines
}

func (note) Write(context.Context) (bool, error) { return false, nil }

// env is a variable, or what stands for it where it is not set.
func (p Plan) env(name, otherwise string) string {
	if v := p.Env(name); v != "" {
		return v
	}
	return otherwise
}

// argv is a command of authtray's, as one word each.
func (p Plan) argv(args ...string) []string { return append([]string{p.Program}, args...) }

// words is a command for the POSIX shell that a tool hands it to.
func words(argv []string) string { return shellquote.Command(shellquote.POSIX, argv...) }

// typed is a command for a person to type.
func typed(argv ...string) string { return shellquote.Command(shellquote.Local(), argv...) }

// typedLines is typed for a step of its own. On Windows nothing tells which shell
// the person types into, so cmd.exe's way is a comment where it is another one.
func typedLines(sh shellquote.Shell, argv ...string) []string {
	lines := []string{shellquote.Command(sh, argv...)}
	if cmd := shellquote.Command(shellquote.Cmd, argv...); sh == shellquote.PowerShell && cmd != lines[0] {
		lines = append(lines, "# in cmd.exe:  "+cmd)
	}
	return lines
}

// hostOf is a host without the path that a connection's file may give it.
func hostOf(pattern string) string {
	host, _, _ := strings.Cut(pattern, "/")
	return host
}

// shown is a step that stands in a file of the user's own work, which is not
// written.
type shown []string

func (s shown) Lines() []string                   { return s }
func (shown) Write(context.Context) (bool, error) { return false, nil }

// Writable says whether there is anything to write among steps.
func Writable(steps []Step) bool {
	for _, s := range steps {
		switch s.(type) {
		case note, shown:
		default:
			return true
		}
	}
	return false
}
