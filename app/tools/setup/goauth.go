package setup

import (
	"context"
	"os/exec"
	"strings"

	"github.com/authtray/authtray/app/shellquote"
)

// GoAuth adds authtray to what the go command asks before it fetches modules,
// after what it asks already.
func GoAuth(p Plan) []Step {
	steps := []Step{goAuth{p.goCommand()}}
	for _, host := range p.Hosts {
		steps = append(steps, note{"modules of your own are not asked of a public proxy with:  go env -w GOPRIVATE=" + hostOf(host)})
	}
	return steps
}

// goCommand: GOAUTH is cut at blanks, and quotes keep a word whole.
func (p Plan) goCommand() string {
	return strings.ReplaceAll(words(p.argv("helper", "goauth")), `'\''`, "")
}

type goAuth struct{ command string }

func (g goAuth) Lines() []string {
	return typedLines(shellquote.Local(), "go", "env", "-w", "GOAUTH="+g.withAuthtray(context.Background()))
}

// withAuthtray is GOAUTH with authtray in it.
func (g goAuth) withAuthtray(ctx context.Context) string {
	if _, err := exec.LookPath("go"); err == nil {
		if has, err := output(ctx, "go", "env", "GOAUTH"); err == nil {
			return added(strings.TrimSpace(has), g.command)
		}
	}
	return added("", g.command)
}

// added keeps what is there; netrc is Go's default.
func added(has, command string) string {
	switch {
	case has == "":
		has = "netrc"
	case hasCommand(has, command):
		return has
	}
	return has + "; " + command
}

func hasCommand(list, command string) bool {
	for c := range strings.SplitSeq(list, ";") {
		if strings.TrimSpace(c) == command {
			return true
		}
	}
	return false
}

func (g goAuth) Write(ctx context.Context) (bool, error) {
	has, err := output(ctx, "go", "env", "GOAUTH")
	if err != nil {
		return false, err
	}
	switch has = strings.TrimSpace(has); {
	case has == "off":
		return false, clash("GOAUTH is off, which goes with nothing else; to have the go command ask, run this first: go env -u GOAUTH")
	case hasCommand(has, g.command):
		return false, nil
	}
	_, err = output(ctx, "go", "env", "-w", "GOAUTH="+added(has, g.command))
	return err == nil, err
}
