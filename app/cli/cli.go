package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/authtray/authtray/app/cli/internal/quick"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/version"
	"github.com/authtray/authtray/providers/text"
)

// RunCommands runs the command line in os.Args and returns its exit code. window
// shows the window; it is nil in a build without one.
//
// Go's standard logger is silenced for the whole process: net/http writes there
// what arrives on a connection that waits for nothing, and that may be an answer
// with tokens in it, sent twice. What we have to say ourselves goes to a logger
// that was handed on.
func RunCommands(b version.Build, window func() error) int {
	log.SetOutput(io.Discard) // slog.SetDefault would hand the text on
	if len(os.Args) > 1 && os.Args[1] == "mcp" {
		beSmall()
	}
	s := &shell{window: window, in: os.Stdin, out: os.Stdout, err: os.Stderr, now: time.Now, build: b}
	if read := quick.Stdin(); len(read) > 0 {
		s.in = io.MultiReader(bytes.NewReader(read), os.Stdin)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return s.main(ctx, arguments(os.Args))
}

// shell is what commands read from and write to.
type shell struct {
	in       io.Reader
	out, err io.Writer
	now      func() time.Time
	build    version.Build
	window   func() error // shows the window; nil in a build without one
	paths    config.Paths
	patience time.Duration // how long the agent may take to answer; 0: answerTime
	atMost   time.Duration // …whatever a command says; 0: no less than that
	parsed   bool          // the command line was understood; what fails now is no wrong usage
}

func (s *shell) main(ctx context.Context, args []string) int {
	root := s.rootFor(args)
	root.SetArgs(withDash(args))
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	c, err := root.ExecuteContextC(ctx)
	if err != nil && !s.parsed {
		err = usage("%v%s; see: %s --help", err, nearCommands(root, err.Error()), c.CommandPath())
	}
	return s.tell(err)
}

var unknownCommand = text.Pattern(`^unknown command "([^"]*)" for "([^"]*)"$`)

// nearCommands continues the sentence of a command that does not exist with those
// that were probably meant; "" where there are none.
func nearCommands(root *cobra.Command, sentence string) string {
	found := unknownCommand().FindStringSubmatch(sentence)
	if found == nil {
		return ""
	}
	under, _, err := root.Find(strings.Fields(found[2])[1:])
	if err != nil {
		return ""
	}
	var names []string
	for _, c := range under.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	return meant(found[1], names)
}

// meant are the words of all that were probably meant; "" where there are none.
func meant(word string, all []string) string {
	if near := text.Near(word, all); len(near) > 0 {
		return "; did you mean " + text.OrList(near) + "?"
	}
	return ""
}

// commandGroup are commands under a title of their own in the help, in this order.
type commandGroup struct {
	title    string
	commands []command
}

// command is a command that is made when it is needed: to make all of them takes
// longer than most take to run.
type command struct {
	name string
	make func() *cobra.Command
}

func (s *shell) commandGroups() []commandGroup {
	return []commandGroup{
		{"Connections:", []command{{"add", s.addCommand}, {"secret", s.secretCommand}, {"connect", s.connectCommand}, {"status", s.statusCommand},
			{"watch", s.watchCommand}, {"refresh", s.refreshCommand}, {"disconnect", s.disconnectCommand}, {"remove", s.removeCommand}, {"providers", s.providersCommand}}},
		{"Tokens:", []command{{"token", s.tokenCommand}, {"rejected", s.rejectedCommand}, {"request", s.requestCommand}, {"log", s.logCommand}, {"allow", s.allowCommand}}},
		{"Tools:", []command{{"setup", s.setupCommand}, {"helper", s.helperCommand}, {"exec", s.execCommand}, {"mcp", s.mcpCommand}}},
		{"The agent:", []command{{"run", func() *cobra.Command { return s.runCommand("run") }}, {"open", s.openCommand}, {"quit", s.quitCommand}, {"unlock", s.unlockCommand},
			{"doctor", s.doctorCommand}, {"support", s.supportCommand}, {"autostart", s.autostartCommand}, {"completion", s.completionCommand},
			{"version", s.versionCommand}, {"purge", s.purgeCommand}}},
		{"", []command{{"window", s.windowCommand}}},
	}
}

// root is the command line with all commands.
func (s *shell) root() *cobra.Command {
	root := s.runCommand("authtray")
	root.Short = "Keeps your OAuth connections alive and serves their tokens to local tools"
	root.Long = root.Short + ".\n\nWithout a command it runs the agent, like: authtray run.\n\n" + exitHelp()
	root.Example = `  authtray run &
  authtray add work --provider github --client-id Iv1.0123456789abcdef
  authtray connect work --device
  curl -H "Authorization: Bearer $(authtray token work)" https://api.github.com/user`
	root.SilenceErrors, root.SilenceUsage = true, true
	setUpCobra()
	for _, group := range s.commandGroups() {
		if group.title != "" {
			root.AddGroup(&cobra.Group{ID: group.title, Title: group.title})
		}
		for _, c := range group.commands {
			made := c.make()
			made.GroupID = group.title
			root.AddCommand(made)
		}
	}
	root.AddCommand(s.systemCommands()...)
	s.addCompletion(root)
	root.SetHelpCommandGroupID("The agent:")
	return root
}

// setUpCobra sets what cobra keeps for all commands. Its mousetrap ends a program that
// Windows' Explorer started, which starts those of the Start menu and of a login.
func setUpCobra() { cobra.EnableCommandSorting, cobra.MousetrapHelpText = false, "" }

// rootFor is the command line with what args need of it: the one command that they
// begin with, or all of them.
func (s *shell) rootFor(args []string) *cobra.Command {
	for _, group := range s.commandGroups() {
		for _, c := range group.commands {
			if len(args) > 0 && args[0] == c.name && c.name != "completion" {
				root := &cobra.Command{Use: "authtray", SilenceErrors: true, SilenceUsage: true}
				root.CompletionOptions.DisableDefaultCmd = true
				setUpCobra()
				root.AddCommand(c.make())
				return root
			}
		}
	}
	return s.root()
}

// action is what a command does once its line has been understood.
type action func(ctx context.Context, args []string) error

// do makes a command's RunE of its action.
func (s *shell) do(act action) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		s.parsed = true
		var err error
		if s.paths, err = config.Find(); err != nil {
			return usage("%v", err)
		}
		return act(c.Context(), args)
	}
}

// named wants exactly one argument, a connection's NAME.
func named(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("%s wants the NAME of a connection", c.CommandPath())
	}
	return namedAnd(0)(c, args)
}

// namedAnd wants NAME and n more.
func namedAnd(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n+1 {
			return fmt.Errorf("%s wants %d argument(s) and got %d: %s", c.CommandPath(), n+1, len(args), c.UseLine())
		}
		if meant := lowerName(args[0]); meant != "" {
			return fmt.Errorf("a name is lower case, without blanks: did you mean %s?", meant)
		}
		return config.CheckName(args[0])
	}
}

// atMostNamed wants no argument, or a connection's NAME.
func atMostNamed(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return named(c, args)
}

// isTerminal says whether a person sits at f.
func isTerminal(f any) bool {
	file, ok := f.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// say writes a line for people to stderr, where it is not in the way of what a
// command prints.
func (s *shell) say(format string, args ...any) { fmt.Fprintf(s.err, format+"\n", args...) }

// print writes a line of a command's result.
func (s *shell) print(format string, args ...any) error {
	_, err := fmt.Fprintf(s.out, format+"\n", args...)
	return err
}
