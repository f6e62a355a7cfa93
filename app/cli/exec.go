package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/providers/text"
)

// Exit codes of a command that could not be started, as env(1) has them.
const (
	exitNotRun   = 126
	exitNotFound = 127
)

// defaultVariable holds the token where neither --var nor the provider's entry
// (api.env) names another.
const defaultVariable = "ACCESS_TOKEN"

var variableName = text.Pattern(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (s *shell) execCommand() *cobra.Command {
	var variable string
	c := &cobra.Command{
		Use:   "exec NAME [--] command [args…]",
		Short: "Run a command with the token in one variable of its environment",
		Long: `Run a command with the current access token in one variable of its environment:
that of the provider's own tools (GITHUB_TOKEN, HF_TOKEN…) where the provider's
entry names one, else ACCESS_TOKEN. Nothing else gets the token, and it is in no
list of processes; but what the command starts inherits it.

The command takes authtray's place, and its exit code is the one to be seen. It
is given the token as it is at the start: one that outlives the token must ask
again by itself.`,
		Example: `  authtray exec work -- gh api /user
  authtray exec work --var NPM_TOKEN -- npm publish
  authtray exec work --var TOKEN -- sh -c 'curl -H "Authorization: Bearer $TOKEN" https://api.example.org/'`,
		Args: execArgs,
	}
	c.Flags().StringVar(&variable, "var", "", "the variable (the provider's, or ACCESS_TOKEN)")
	c.RunE = s.do(func(ctx context.Context, args []string) error { return s.exec(ctx, args[0], variable, args[1:]) })
	return c
}

func execArgs(c *cobra.Command, args []string) error {
	if c.ArgsLenAtDash() != 1 || len(args) < 2 {
		return fmt.Errorf("it is: authtray exec NAME -- command [args…]")
	}
	return config.CheckName(args[0])
}

// withDash is a command line in which -- stands before the command that exec is to
// run, where it was left out: what begins with a dash from there on is the command's.
func withDash(args []string) []string {
	if len(args) == 0 || args[0] != "exec" || slices.Contains(args, "--") {
		return args
	}
	plain := 0
	for i := 1; i < len(args); i++ {
		switch {
		case args[i] == "--var":
			i++
		case !strings.HasPrefix(args[i], "-"):
			if plain++; plain == 2 { // the first is NAME
				return slices.Insert(slices.Clone(args), i, "--")
			}
		}
	}
	return args
}

// exec looks for the command first: where there is none, no token is read.
func (s *shell) exec(ctx context.Context, name, variable string, command []string) error {
	if variable != "" && !variableName().MatchString(variable) {
		return usage("--var %q is not the name of a variable: letters, digits and underscores", variable)
	}
	path, err := exec.LookPath(command[0])
	if err != nil {
		return &trouble{exit: exitNotFound, sentence: fmt.Sprintf("there is no program %s to run: %v", command[0], err)}
	}
	if variable == "" {
		api, err := s.apiOf(ctx, name)
		if err != nil {
			return err
		}
		if variable = api.Env; variable == "" {
			variable = defaultVariable
		}
	}
	t, _, err := s.token(ctx, name)
	if err != nil {
		return err
	}
	if strings.ContainsRune(t.AccessToken, 0) {
		return failed("", "the token holds a character that a variable cannot carry")
	}
	err = become(path, command, withVariable(os.Environ(), variable, t.AccessToken))
	return &trouble{exit: exitNotRun, sentence: fmt.Sprintf("%s cannot be run: %v", command[0], err)}
}

// withVariable is an environment in which name stands once.
func withVariable(env []string, name, value string) []string {
	var all []string
	for _, v := range env {
		if key, _, _ := strings.Cut(v, "="); !sameVariable(key, name) {
			all = append(all, v)
		}
	}
	return append(all, name+"="+value)
}
