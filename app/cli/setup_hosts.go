package cli

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/tools/setup"
	"github.com/authtray/authtray/providers"
)

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
		return nil, usage("the hosts of %s are not known; say which: authtray setup %s %s --host HOST", name, a.tool, name)
	}
	return found, s.answerFor(ctx, client, a)
}

// answerFor enters the hosts of --host into the connection, where it does not answer
// for them yet; without --write it says the command that does.
func (s *shell) answerFor(ctx context.Context, client *providers.Client, a *setupAsked) error {
	conn := client.Connection()
	hosts := client.Hosts() // a list in the file takes the place of the entry's
	var missing []string
	for _, pattern := range a.hosts {
		if host, path, _ := strings.Cut(pattern, "/"); !slices.Contains(hosts, pattern) {
			if by, err := s.forHost(ctx, host, path, conn.Name); err != nil || by != conn.Name {
				missing = append(missing, pattern)
			}
		}
	}
	all := slices.Concat(hosts, missing)
	switch {
	case len(missing) == 0:
		return nil
	case a.undo:
		return nil
	case !a.write:
		s.say("authtray: %s does not answer for %s yet; --write enters that too, or: authtray add %s --host %s", conn.Name, oneLine(strings.Join(missing, ", ")), conn.Name, oneLine(strings.Join(all, " --host ")))
		return nil
	}
	conn.Hosts = all
	if err := s.agent().Do(ctx, http.MethodPut, connection(conn.Name), conn, nil); err != nil {
		return err
	}
	s.say("authtray: %s answers for %s now", conn.Name, oneLine(strings.Join(missing, ", ")))
	return nil
}

func hostFlag(c *cobra.Command, a *setupAsked) {
	c.Flags().StringArrayVar(&a.hosts, "host", nil, "for this host (may be repeated; those of the connection)")
}

func gitFlags(c *cobra.Command, a *setupAsked) {
	hostFlag(c, a)
	c.Flags().BoolVar(&a.wsl, "wsl", false, "for the git in WSL, which asks the authtray.exe of Windows")
	c.MarkFlagsMutuallyExclusive("wsl", "write")
	c.MarkFlagsMutuallyExclusive("wsl", "remove")
}

func setupGit(s *shell, ctx context.Context, p setup.Plan, a *setupAsked) ([]setup.Step, error) {
	if a.wsl && runtime.GOOS != "windows" {
		return nil, usage("--wsl is for the authtray.exe of Windows; in WSL: authtray.exe setup git %s --wsl", p.Name)
	}
	if _, err := s.setupHosts(ctx, p.Name, a, true); err != nil {
		return nil, err
	}
	p = s.gitPlan(ctx, p, a)
	if !a.wsl {
		return setup.Git(p), nil
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return setup.GitWSL(p, self)
}

// gitPlan is a plan with the hosts that git is to ask for.
func (s *shell) gitPlan(ctx context.Context, p setup.Plan, a *setupAsked) setup.Plan {
	quiet := *s
	quiet.err = io.Discard
	client, err := s.provider(ctx, p.Name)
	if err != nil {
		return p
	}
	p.HTTPS = strings.HasPrefix(cmp.Or(client.Entry().API.Base, client.Entry().Token, client.Entry().Issuer), "https://")
	p.Hosts, _ = quiet.setupHosts(ctx, p.Name, &setupAsked{hosts: a.hosts}, true)
	return p
}
