package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// everyCommand calls f with each command, hidden ones too.
func everyCommand(c *cobra.Command, f func(*cobra.Command)) {
	f(c)
	for _, sub := range c.Commands() {
		everyCommand(sub, f)
	}
}

func TestEveryCommandSaysWhatItDoesAndShowsAnExample(t *testing.T) {
	root := Commands()
	root.InitDefaultHelpCmd()
	seen := 0
	everyCommand(root, func(c *cobra.Command) {
		seen++
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: what it does is said as %q", c.CommandPath(), c.Short)
		}
		if !strings.Contains(c.Example, "authtray") {
			t.Errorf("%s shows no example", c.CommandPath())
		}
		for line := range strings.Lines(c.Example) {
			if !strings.HasPrefix(line, "  ") {
				t.Errorf("%s: an example is not indented: %q", c.CommandPath(), line)
			}
		}
	})
	if seen < 20 {
		t.Errorf("only %d commands were seen", seen)
	}
}

// An example that names a flag or a command that is not there would be worse
// than none.
func TestExamplesNameOnlyWhatIsThere(t *testing.T) {
	root := Commands()
	root.InitDefaultHelpCmd()
	everyCommand(root, func(c *cobra.Command) {
		for line := range strings.Lines(c.Example) {
			_, call, ok := strings.Cut(line, "authtray ")
			if !ok {
				continue
			}
			words := strings.FieldsFunc(call, func(r rune) bool { return strings.ContainsRune(" \n\"();", r) })
			found, _, err := root.Find(words[:1])
			if err != nil || found == root {
				t.Errorf("%s: %q is no command", c.CommandPath(), words[0])
			}
		}
	})
}

func TestNamesAreCompletedWhereverACommandTakesOne(t *testing.T) {
	everyCommand(Commands(), func(c *cobra.Command) {
		if c.HasSubCommands() || c.Name() == "add" {
			return
		}
		takes := strings.Contains(c.Use, "NAME")
		if takes && c.ValidArgsFunction == nil {
			t.Errorf("%s completes no NAME", c.CommandPath())
		}
	})
}

// TestACommandAloneHasTheHelpThatItHasAmongAll: it is made alone where it is the one
// that runs.
func TestACommandAloneHasTheHelpThatItHasAmongAll(t *testing.T) {
	help := func(root *cobra.Command, args ...string) string {
		var out strings.Builder
		root.SetOut(&out)
		root.SetErr(&out)
		root.SetArgs(args)
		if err := root.Execute(); err != nil {
			t.Errorf("%v: %v", args, err)
		}
		return out.String()
	}
	s := &shell{}
	for _, group := range s.commandGroups() {
		for _, c := range group.commands {
			cobra.EnableCommandSorting = true // as in a process of its own
			alone := help(s.rootFor([]string{c.name, "--help"}), c.name, "--help")
			if all := help(s.root(), "help", c.name); alone != all {
				t.Errorf("authtray %s --help says\n%s\nand authtray help %s\n%s", c.name, alone, c.name, all)
			}
		}
	}
}

// TestExplorerMayStartTheAgent: cobra's mousetrap would end it, at each login to Windows too.
func TestExplorerMayStartTheAgent(t *testing.T) {
	for name, args := range map[string][]string{"all commands": nil, "one": {"run"}} {
		t.Run(name, func(t *testing.T) {
			cobra.MousetrapHelpText = "as in a process of its own"
			new(shell).rootFor(args)
			if cobra.MousetrapHelpText != "" {
				t.Error("the mousetrap is set")
			}
		})
	}
}
