package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/tools/setup"
	"github.com/authtray/authtray/providers/catalog"
)

// completionTime bounds what a person who pressed Tab waits for.
const completionTime = 2 * time.Second

// shells are those for which there is a completion script.
var shells = map[string]func(root *cobra.Command, w io.Writer) error{
	"bash":       func(r *cobra.Command, w io.Writer) error { return r.GenBashCompletionV2(w, true) },
	"zsh":        func(r *cobra.Command, w io.Writer) error { return r.GenZshCompletion(w) },
	"fish":       func(r *cobra.Command, w io.Writer) error { return r.GenFishCompletion(w, true) },
	"powershell": func(r *cobra.Command, w io.Writer) error { return r.GenPowerShellCompletionWithDesc(w) },
}

func (s *shell) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print the completion script of a shell",
		Long: `Print the script with which a shell completes commands, flags, the names of
connections and the ids of providers.`,
		Example: `  authtray completion bash > ~/.local/share/bash-completion/completions/authtray
  authtray completion zsh > "${fpath[1]}/_authtray"
  authtray completion fish > ~/.config/fish/completions/authtray.fish
  authtray completion powershell >> $PROFILE`,
		ValidArgs: sortedKeys(shells),
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		RunE: func(c *cobra.Command, args []string) error {
			s.parsed = true
			return shells[args[0]](c.Root(), s.out)
		},
	}
}

// addCompletion gives every command what makes it easy to type: completion of names,
// and a help that shows an example of itself.
func (s *shell) addCompletion(root *cobra.Command) {
	root.CompletionOptions.DisableDefaultCmd = true // ours has examples
	root.SetHelpCommand(helpCommand(root))
	s.complete(root)
}

func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:     "help [command]",
		Short:   "Show the help of a command",
		Example: `  authtray help connect`,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			var names []cobra.Completion
			for _, c := range root.Commands() {
				if c.IsAvailableCommand() {
					names = append(names, cobra.CompletionWithDesc(c.Name(), c.Short))
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return fmt.Errorf("there is no command %q", strings.Join(args, " "))
			}
			c.InitDefaultHelpFlag()
			return c.Help()
		},
	}
}

// choices are the values of flags that take one of a few words.
var choices = map[string][]string{
	"format": {"raw", "json", "header", "env", "mcp-headers"},
	"store":  {"keychain", "memory", "file"},
	"client": setup.MCPClients(),
}

// complete completes what a command's own usage names: NAME is a connection, ID
// a provider. A command that completes by itself is left alone.
func (s *shell) complete(c *cobra.Command) {
	first, _, _ := strings.Cut(strings.TrimPrefix(c.Use, c.Name()+" "), " ")
	switch {
	case c.ValidArgsFunction != nil || c.ValidArgs != nil:
	case c.Name() == "autostart":
		c.ValidArgsFunction = cobra.FixedCompletions([]cobra.Completion{"on", "off", "status"}, cobra.ShellCompDirectiveNoFileComp)
	case c.Name() == "add", first != "NAME" && first != "[NAME]" && first != "[ID]":
		c.ValidArgsFunction = cobra.NoFileCompletions
	case first == "[ID]":
		c.ValidArgsFunction = onlyFirst(s.providerIDs)
	default:
		c.ValidArgsFunction = onlyFirst(s.connectionNames)
	}
	flag := func(name string, f cobra.CompletionFunc) {
		if c.Flags().Lookup(name) != nil {
			_ = c.RegisterFlagCompletionFunc(name, f) // it fails only where the flag has one
		}
	}
	flag("provider", s.providerIDs)
	flag("connection", s.connectionNames)
	flag("like", s.connectionNames)
	for _, free := range []string{"for", "mcp", "client-id", "scope", "issuer", "set", "host", "resource", "api"} {
		flag(free, cobra.NoFileCompletions)
	}
	for name, words := range choices {
		flag(name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	}
	for _, sub := range c.Commands() {
		s.complete(sub)
	}
}

// onlyFirst completes the first argument. What follows is no name: a PROGRAM or
// a PATH, which the shell completes.
func onlyFirst(f cobra.CompletionFunc) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		switch {
		case len(args) == 0:
			return f(c, args, typed)
		case len(args) == 1 && c.Name() == "allow":
			return nil, cobra.ShellCompDirectiveDefault
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}

// connectionNames asks the agent, and reads the folder where none answers.
func (s *shell) connectionNames(c *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var all struct {
		Connections []api.Connection `json:"connections"`
	}
	var words []cobra.Completion
	if s.askQuickly(c, "/v1/connections", &all) {
		for _, st := range all.Connections {
			words = add(words, typed, st.Name, api.Cell(st.ProviderName, st.Provider)+", "+st.State.Word())
		}
	} else if found, err := config.Connections(s.paths.Connections()); err == nil {
		for _, name := range sortedKeys(found) {
			words = add(words, typed, name, found[name].Connection.Provider)
		}
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

// providerIDs asks the agent, and reads the catalogue where none answers.
func (s *shell) providerIDs(c *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var all struct {
		Providers []api.Brief `json:"providers"`
	}
	if !s.askQuickly(c, "/v1/providers", &all) {
		catalogue, _ := catalog.LoadCatalogue(s.paths.Providers())
		all.Providers = catalogue.Names()
	}
	var words []cobra.Completion
	for _, p := range all.Providers {
		words = add(words, typed, p.ID, api.Cell(p.Name, ""))
		for _, alias := range p.Aliases {
			if typed != "" { // all of them would be too many
				words = add(words, typed, alias, api.Cell(p.Name, ""))
			}
		}
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

func (s *shell) askQuickly(c *cobra.Command, path string, out any) bool {
	var err error
	if s.paths, err = config.Find(); err != nil {
		return false
	}
	ctx := c.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, completionTime)
	defer cancel()
	return s.get(ctx, path, out) == nil
}

// add adds a word that begins as what was typed, once.
func add(words []cobra.Completion, typed, word, about string) []cobra.Completion {
	w := cobra.CompletionWithDesc(word, about)
	if !strings.HasPrefix(word, typed) || slices.Contains(words, w) {
		return words
	}
	return append(words, w)
}

// Commands is the command line, for what describes it: the man pages.
func Commands() *cobra.Command {
	s := &shell{in: strings.NewReader(""), out: io.Discard, err: io.Discard, now: time.Now}
	return s.root()
}
