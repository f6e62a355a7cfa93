package app

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/dialect"
	"github.com/authtray/authtray/app/setup"
)

// setupAsked is what the setup commands were told.
type setupAsked struct {
	write bool
	hosts []string // --host
	url   string   // --registry, --index
	mail  setup.Mailbox
	id    bool
	aws   awsAsked
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
  authtray setup docker work --host ghcr.io --write`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return fmt.Errorf("it is: authtray setup %s NAME", orList(setupNames()))
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
	var a setupAsked
	c := &cobra.Command{Use: tool.name + " NAME", Short: tool.short, Example: tool.example, Args: named}
	c.Flags().BoolVar(&a.write, "write", false, "write it, instead of showing it")
	if tool.flags != nil {
		tool.flags(c, &a)
	}
	c.RunE = s.do(func(ctx context.Context, args []string) error {
		p, err := s.plan(args[0])
		if err != nil {
			return err
		}
		steps, err := tool.steps(s, ctx, p, &a)
		switch {
		case err != nil:
			return err
		case a.write:
			return s.writeSteps(ctx, tool.name, steps)
		}
		return s.showSteps(steps)
	})
	return c
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

// setupHosts are the hosts that a tool is to ask for: those of --host, else those
// that the connection's file names, else those that the provider's entry names
// for git where git says so.
func (s *shell) setupHosts(ctx context.Context, name string, a *setupAsked, git bool) ([]string, error) {
	client, err := s.provider(ctx, name)
	if err != nil {
		return nil, err
	}
	found := a.hosts
	if len(found) == 0 {
		found = client.Connection().Hosts
	}
	if len(found) == 0 && git {
		found = client.Entry().API.Git
	}
	if len(found) == 0 {
		return nil, usage("say for which host: --host HOST (and write it into the file of %s: hosts = [\"HOST\"])", name)
	}
	for _, pattern := range a.hosts {
		host, path, _ := strings.Cut(pattern, "/")
		if by, err := s.forHost(ctx, host, path, name); err != nil || by != name {
			s.say("authtray: %s does not answer for %s yet; write it into its file: hosts = [%q]", name, oneLine(pattern), pattern)
		}
	}
	return found, nil
}

// webAddress checks --registry and --index, to which a token is sent.
func webAddress(flag, raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || !dialect.Secure(u.Scheme, u.Host) {
		return usage("--%s is the https URL of one, not %q", flag, raw)
	}
	return nil
}
