package setup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// command is a step that a tool's own program makes.
type command struct {
	argv []string
	// have says whether it has been made already; nil: to make it again changes
	// nothing, and it is.
	have func(context.Context) (bool, error)
}

func (c command) Lines() []string { return []string{words(c.argv)} }

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
		return out.String(), fmt.Errorf("%s does not work: %w: %s", words(argv), err, short(said.String()))
	}
	return out.String(), nil
}

// short is the beginning of what a program said, on one line.
func short(said string) string {
	line := []rune(strings.Join(strings.Fields(said), " "))
	if len(line) > 200 {
		return string(line[:200]) + "…"
	}
	return string(line)
}
