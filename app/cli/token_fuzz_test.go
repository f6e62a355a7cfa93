package cli

import (
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/cli/internal/quick"
)

// FuzzTokenArguments: whatever command line the shortcut takes, the ordinary
// command takes too, asks the agent for the same, and prints the bare token.
func FuzzTokenArguments(f *testing.F) {
	for _, seed := range []string{
		"work", "work\n--min-valid\n60s", "--min-valid=0s\nwork", "work\n--min-valid\n-5s", "work\n--min-valid=1h30m", "work\n--min-valid",
		"work\n--min-valid=5s\n--min-valid\n9h", "work\n--format\nraw", "work\n--format=json\n--min-valid=0s", "--format\nwork",
		"work\n--scope\nread\n--scope=write", "work\n--resource=", "work\n--\nplay", "nul", "com1.x", "company", "work\n-h", "--min-valid=000s\na.b-c_9",
		"work\n--min-valid=999999h", "help", "work\n", "\nwork", "work\n--min-valid=60s\n--format", "--min-valid\n--format\nraw\nwork",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		args := append([]string{"token"}, strings.Split(line, "\n")...)
		target, accept, ok := quick.Target(append([]string{"authtray"}, args...))
		if !ok {
			return
		}
		ordinary, format, err := ordinaryTarget(args)
		if want := map[string]string{"raw": "text/plain", "json": "application/json"}[format]; err != nil || ordinary != target || accept != want {
			t.Errorf("%q: the shortcut asks for %s as %s, the command for %s as %s, %v", args, target, accept, ordinary, format, err)
		}
	})
}

// TestShortcutTakesTheFlagsThatHaveAPlainForm: the fuzz test says nothing of what
// is left to the ordinary command.
func TestShortcutTakesTheFlagsThatHaveAPlainForm(t *testing.T) {
	for _, args := range [][]string{{"token", "work"}, {"token", "work", "--min-valid=0s"}, {"token", "--format", "raw", "work", "--min-valid", "5m"}} {
		if target, _, ok := quick.Target(append([]string{"authtray"}, args...)); !ok {
			t.Errorf("%q is left to the ordinary command", args)
		} else if ordinary, _, err := ordinaryTarget(args); err != nil || ordinary != target {
			t.Errorf("%q: %s, %s, %v", args, target, ordinary, err)
		}
	}
}

// ordinaryTarget parses a command line as the program does, and says what the token
// command would ask for.
func ordinaryTarget(args []string) (target, format string, err error) {
	root := (&shell{in: strings.NewReader(""), out: io.Discard, err: io.Discard}).root()
	c, _, err := root.Find([]string{"token"})
	if err != nil {
		return "", "", err
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		target, format = tokenTarget(c, args[0]), c.Flag("format").Value.String()
		return nil
	}
	root.SetArgs(args)
	root.SetOut(io.Discard)
	root.SetErr(io.Discard)
	return target, format, root.Execute()
}
