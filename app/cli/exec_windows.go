package cli

import (
	"errors"
	"os"
	"os/exec"
	"strings"
)

func sameVariable(a, b string) bool { return strings.EqualFold(a, b) }

// become runs a program and ends with its exit code: on Windows no program takes
// the place of another. It returns only if it cannot.
func become(path string, args, env []string) error {
	cmd := exec.Command(path, args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Env = os.Stdin, os.Stdout, os.Stderr, env
	err := cmd.Run()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		os.Exit(ended.ExitCode())
	}
	if err == nil {
		os.Exit(0)
	}
	return err
}
