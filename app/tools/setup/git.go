package setup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"github.com/authtray/authtray/app/shellquote"
	"github.com/authtray/authtray/app/tools/dialect"
	"github.com/authtray/authtray/providers/text"
)

// command is a step that a tool's own program makes.
type command struct {
	argv []string
	// have says whether it has been made already; nil: to make it again changes
	// nothing, and it is.
	have func(context.Context) (bool, error)
}

func (c command) Lines() []string { return typedLines(shellquote.Local(), c.argv...) }

func (c command) Write(ctx context.Context) (bool, error) {
	if c.have != nil {
		if done, err := c.have(ctx); done || err != nil {
			return false, err
		}
	}
	_, err := output(ctx, c.argv...)
	return err == nil, err
}

// output runs a tool. What it says is in the error: it has seen no secret.
func output(ctx context.Context, argv ...string) (string, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("%s is not installed, or not in PATH", argv[0])
	}
	if err != nil {
		return out.String(), fmt.Errorf("%s does not work: %w: %s", typed(argv...), err, short(said.String()))
	}
	return out.String(), nil
}

// short is the beginning of what a program said, on one line.
func short(said string) string { return text.Line(said, 200) }

// Git has git ask authtray, and nobody else, for the hosts: a helper that keeps
// what it is given would keep tokens that are long over.
func Git(p Plan) []Step {
	var steps []Step
	for _, pattern := range p.Hosts {
		key := "credential." + p.origin(hostOf(pattern))
		steps = append(steps, gitHelper{key + ".helper", p.gitHelper()})
		if hostOf(pattern) != pattern {
			steps = append(steps, command{argv: []string{"git", "config", "--global", key + ".useHttpPath", "true"}})
		}
	}
	return steps
}

// GitWSL is Git for the git of a Linux that runs beside Windows (WSL): it calls
// program, which is at a path of Windows, through WSL's interop. The lines are typed
// there, and nothing can be written from here.
func GitWSL(p Plan, program string) ([]Step, error) {
	path, err := wslPath(program)
	if err != nil {
		return nil, err
	}
	p.Program = path
	var lines shown
	for _, pattern := range p.Hosts {
		key := "credential." + p.origin(hostOf(pattern))
		for _, argv := range (gitHelper{key + ".helper", "!" + words(p.argv("helper", "git"))}).commands() {
			lines = append(lines, words(argv))
		}
		if hostOf(pattern) != pattern {
			lines = append(lines, words([]string{"git", "config", "--global", key + ".useHttpPath", "true"}))
		}
	}
	return []Step{lines}, nil
}

// wslPath is where WSL has a file of a drive of Windows, unless its /etc/wsl.conf
// says otherwise.
func wslPath(path string) (string, error) {
	if len(path) < 3 || path[1] != ':' || path[2] != '\\' {
		return "", fmt.Errorf("%s is not on a drive, so WSL does not see it", path)
	}
	return "/mnt/" + strings.ToLower(path[:1]) + strings.ReplaceAll(path[2:], `\`, "/"), nil
}

// origin: this machine is spoken to without TLS, unless the connection is.
func (p Plan) origin(host string) string {
	if !p.HTTPS && dialect.Secure("http", host) {
		return "http://" + host
	}
	return "https://" + host
}

// gitHelper is short where git finds the helper by its name.
func (p Plan) gitHelper() string {
	if _, err := exec.LookPath("git-credential-authtray"); err == nil {
		return "authtray"
	}
	return "!" + words(p.argv("helper", "git"))
}

// gitHelper are the two lines for one host: forget the helpers that are asked
// for every host, and ask authtray.
type gitHelper struct{ key, helper string }

func (g gitHelper) commands() [2][]string {
	return [2][]string{{"git", "config", "--global", g.key, ""}, {"git", "config", "--global", "--add", g.key, g.helper}}
}

func (g gitHelper) Lines() []string {
	c := g.commands()
	return append(typedLines(shellquote.Local(), c[0]...), typedLines(shellquote.Local(), c[1]...)...)
}

func (g gitHelper) Write(ctx context.Context) (bool, error) {
	out, err := output(ctx, "git", "config", "--global", "--get-all", g.key)
	if err != nil && out == "" {
		if _, missing := exec.LookPath("git"); missing != nil {
			return false, err
		}
	}
	have := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if slices.Contains(have, g.helper) {
		return false, nil
	}
	if i := slices.IndexFunc(have, func(h string) bool { return h != "" }); i >= 0 {
		return false, clash("git asks %q at %s already; to have it ask authtray, run this first: %s", have[i], g.key, typed("git", "config", "--global", "--unset-all", g.key))
	}
	for _, argv := range g.commands() {
		if _, err := output(ctx, argv...); err != nil {
			return false, err
		}
	}
	return true, nil
}
