package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/tools/dialect"
	"github.com/authtray/authtray/app/tools/setup"
	"github.com/authtray/authtray/providers/text"
)

// setupAsked is what the setup commands were told.
type setupAsked struct {
	tool  string
	write bool
	undo  bool     // --remove
	hosts []string // --host
	url   string   // --registry, --index
	mail  setup.Mailbox
	id    bool
	aws   awsAsked
	mcp   string // --client
	wsl   bool
}

// setupTool is a tool that can be set up.
type setupTool struct {
	name, short, example string
	flags                func(c *cobra.Command, a *setupAsked)
	steps                func(s *shell, ctx context.Context, p setup.Plan, a *setupAsked) ([]setup.Step, error)
}

func (s *shell) setupCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "setup TOOL NAME",
		Short: "Show, or write, the configuration that has a tool ask for tokens",
		Long: `Show exactly the lines of configuration that have a tool ask authtray for the
token of a connection; with --write, write them. What you have configured
otherwise is never overwritten, and to write twice changes nothing.`,
		Example: `  authtray setup git work
  authtray setup docker work --host ghcr.io --write
  authtray setup git work --remove`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return fmt.Errorf("it is: authtray setup %s NAME", text.OrList(setupNames()))
		},
	}
	for _, tool := range setupTools {
		c.AddCommand(s.setupOne(tool))
	}
	return c
}

func setupNames() (names []string) {
	for _, tool := range setupTools {
		names = append(names, tool.name)
	}
	return names
}

func (s *shell) setupOne(tool setupTool) *cobra.Command {
	a := setupAsked{tool: tool.name}
	c := &cobra.Command{Use: tool.name + " NAME", Short: tool.short, Example: tool.example, Args: named}
	c.Flags().BoolVar(&a.write, "write", false, "write it, instead of showing it")
	c.Flags().BoolVar(&a.undo, "remove", false, "take back what --write wrote")
	c.MarkFlagsMutuallyExclusive("write", "remove")
	if tool.flags != nil {
		tool.flags(c, &a)
	}
	c.RunE = s.do(func(ctx context.Context, args []string) error {
		if !a.undo {
			if err := s.mustExist(ctx, args[0]); err != nil {
				return err
			}
		}
		p, err := s.plan(args[0])
		if err != nil {
			return err
		}
		steps, err := tool.steps(s, ctx, p, &a)
		asks := cmp.Or(a.mcp, tool.name) // an AI client, or the tool itself
		switch {
		case err != nil:
			return err
		case a.undo:
			return s.removeSteps(ctx, asks, args[0], steps)
		case a.write:
			err = s.writeSteps(ctx, asks, steps)
		default:
			err = s.showSteps(steps)
		}
		if tool.name == "git" && !a.wsl {
			for _, rival := range setup.GitRivals(ctx, s.gitPlan(ctx, p, &a)) {
				s.say("authtray: %s", oneLine(rival))
			}
		}
		return err
	})
	return c
}

// removeSteps says what was taken back.
func (s *shell) removeSteps(ctx context.Context, tool, name string, steps []setup.Step) error {
	removed, err := setup.Remove(ctx, steps)
	var c *setup.Clash
	switch {
	case errors.As(err, &c):
		return failed("", "%s", c.Sentence)
	case err != nil:
		return err
	case removed == 0:
		s.say("authtray: %s is not set up for %s", tool, name)
		return nil
	}
	return s.print("%s does not ask for %s any more.", tool, name)
}

// plan says how tools call this program.
func (s *shell) plan(name string) (setup.Plan, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return setup.Plan{}, err
	}
	p := setup.Plan{Program: "authtray", Name: name, Home: home, Env: os.Getenv}
	self, err := os.Executable()
	if err != nil {
		return p, err
	}
	if found, err := exec.LookPath("authtray"); err != nil || !sameFile(found, self) {
		p.Program = self
	}
	if s.paths.Profile != "" {
		s.say("authtray: tools find this profile only where AUTHTRAY_PROFILE=%s is in their environment too", s.paths.Profile)
	}
	return p, nil
}

func sameFile(a, b string) bool {
	one, err1 := os.Stat(a)
	two, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(one, two)
}

func (s *shell) showSteps(steps []setup.Step) error {
	for _, step := range steps {
		for _, line := range step.Lines() {
			if err := s.print("%s", line); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeSteps says of each step what became of it; notes are what is left to do.
func (s *shell) writeSteps(ctx context.Context, tool string, steps []setup.Step) error {
	if !setup.Writable(steps) {
		return usage("there is nothing that could be written for %s: leave --write out, and put the lines where you want them", tool)
	}
	written := 0
	for _, step := range steps {
		changed, err := step.Write(ctx)
		if err != nil {
			var c *setup.Clash
			if errors.As(err, &c) {
				return failed("", "%s", c.Sentence)
			}
			return err
		}
		if changed {
			written++
		}
	}
	if written == 0 {
		s.say("authtray: %s is set up already", tool)
	} else {
		s.say("authtray: %s is set up", tool)
	}
	for _, step := range steps {
		if !setup.Writable([]setup.Step{step}) {
			if err := s.showSteps([]setup.Step{step}); err != nil {
				return err
			}
		}
	}
	return nil
}

// webAddress checks --registry and --index, to which a token is sent.
func webAddress(flag, raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || !dialect.Secure(u.Scheme, u.Host) {
		return usage("--%s is the https URL of one, not %q", flag, raw)
	}
	return nil
}

// setupTools are the tools that can be set up, in the order of the help.
var setupTools = []setupTool{
	{"git", "git asks for the hosts of the connection", "  authtray setup git work\n  authtray setup git work --write", gitFlags, setupGit},
	{"docker", "docker, podman and friends ask for a registry", "  authtray setup docker work --host ghcr.io --write", hostFlag,
		func(s *shell, ctx context.Context, p setup.Plan, a *setupAsked) (_ []setup.Step, err error) {
			p.Hosts, err = s.setupHosts(ctx, p.Name, a, false)
			return setup.Docker(p), err
		}},
	{"kubectl", "a user of kubectl's, authtray-NAME", "  authtray setup kubectl work --write\n  kubectl config set-context --current --user=authtray-work",
		func(c *cobra.Command, a *setupAsked) {
			c.Flags().BoolVar(&a.id, "id-token", false, "the cluster trusts an OpenID provider by itself, and wants the ID token")
		},
		func(s *shell, ctx context.Context, p setup.Plan, a *setupAsked) ([]setup.Step, error) {
			return setup.Kubectl(p, a.id), nil
		}},
	{"goauth", "the go command asks, after what it asks already", "  authtray setup goauth work --write", hostFlag,
		func(s *shell, ctx context.Context, p setup.Plan, a *setupAsked) (_ []setup.Step, err error) {
			p.Hosts, err = s.setupHosts(ctx, p.Name, a, true)
			return setup.GoAuth(p), err
		}},
	{"aws", "a profile of AWS's, authtray-NAME", "  authtray setup aws work --role-arn arn:aws:iam::123456789012:role/Dev --write",
		func(c *cobra.Command, a *setupAsked) { a.aws.flags(c) },
		func(s *shell, ctx context.Context, p setup.Plan, a *setupAsked) ([]setup.Step, error) {
			args := a.aws.args()
			if _, err := a.aws.check(p.Name); err != nil {
				return nil, err
			}
			return setup.AWS(p, args), nil
		}},
	{"npm", "npm takes the token of a registry from exec", "  authtray setup npm work --registry https://npm.pkg.github.com --write\n  authtray exec work --var NPM_TOKEN -- npm install",
		func(c *cobra.Command, a *setupAsked) {
			c.Flags().StringVar(&a.url, "registry", "https://registry.npmjs.org", "the registry's URL")
		},
		func(s *shell, ctx context.Context, p setup.Plan, a *setupAsked) ([]setup.Step, error) {
			if err := webAddress("registry", a.url); err != nil {
				return nil, err
			}
			return setup.Npm(p, a.url), nil
		}},
	{"pip", "pip takes the token of an index from exec", "  authtray setup pip work --index https://pip.example.org/simple",
		func(c *cobra.Command, a *setupAsked) { c.Flags().StringVar(&a.url, "index", "", "the index's URL") }, setupPip},
	{"msmtp", "an account of msmtp's, authtray-NAME, to send mail", "  authtray setup msmtp mail --user ada@example.org --host smtp.example.org --write", mailFlags(587), setupMail(setup.Msmtp)},
	{"mbsync", "an account of mbsync's, authtray-NAME, to fetch mail", "  authtray setup mbsync mail --user ada@example.org --host imap.example.org --write", mailFlags(993), setupMail(setup.Mbsync)},
	{"neomutt", "the lines for neomutt", "  authtray setup neomutt mail --user ada@example.org --host imap.example.org", mailFlags(993), setupMail(setup.Neomutt)},
	{"mcp", "an AI client starts the bridge to an MCP server", "  authtray setup mcp notion --client claude-code\n  authtray setup mcp notion --client cursor --write", mcpFlags, setupMCP},
	{"curl", "the ways to use curl", "  authtray setup curl work", hostFlag,
		func(s *shell, ctx context.Context, p setup.Plan, a *setupAsked) ([]setup.Step, error) {
			host := "api.example.org"
			if client, err := s.provider(ctx, p.Name); err == nil && len(client.Entry().API.Hosts) > 0 {
				host = client.Entry().API.Hosts[0]
			}
			if len(a.hosts) > 0 {
				host = a.hosts[0]
			}
			return setup.Curl(p, s.paths.Socket, host), nil
		}},
}

func setupPip(s *shell, ctx context.Context, p setup.Plan, a *setupAsked) ([]setup.Step, error) {
	if err := webAddress("index", a.url); err != nil {
		return nil, err
	}
	l, _, err := s.login(ctx, p.Name, "")
	if err != nil {
		return nil, err
	}
	p.User = l.User
	return setup.Pip(p, a.url), nil
}

func mailFlags(port int) func(*cobra.Command, *setupAsked) {
	return func(c *cobra.Command, a *setupAsked) {
		f := c.Flags()
		f.StringVar(&a.mail.Address, "user", "", "the mailbox's address")
		f.StringVar(&a.mail.Host, "host", "", "the server's name")
		f.IntVar(&a.mail.Port, "port", port, "the server's port")
		f.StringVar(&a.mail.Auth, "auth", "xoauth2", "xoauth2 (Google, Microsoft) or oauthbearer (Fastmail and others)")
	}
}

func setupMail(make func(setup.Plan, setup.Mailbox) []setup.Step) func(*shell, context.Context, setup.Plan, *setupAsked) ([]setup.Step, error) {
	return func(s *shell, _ context.Context, p setup.Plan, a *setupAsked) ([]setup.Step, error) {
		switch {
		case a.mail.Address == "" || a.mail.Host == "":
			return nil, usage("say whose mailbox at which server: --user ADDRESS --host SERVER")
		case !oneWord(a.mail.Address) || !oneWord(a.mail.Host):
			return nil, usage("--user and --host are one word each, without quotes")
		case a.mail.Auth != "xoauth2" && a.mail.Auth != "oauthbearer":
			return nil, usage("--auth is xoauth2 or oauthbearer, not %q", a.mail.Auth)
		}
		return make(p, a.mail), nil
	}
}

// oneWord fits into the configuration of every mail program as it is.
func oneWord(s string) bool {
	for _, r := range s {
		if r <= ' ' || r == '"' || r == '\'' || r == '\\' || r == '`' || r == '$' || r == 0x7f {
			return false
		}
	}
	return true
}
