package app

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/setup"
)

func hostFlag(c *cobra.Command, a *setupAsked) {
	c.Flags().StringArrayVar(&a.hosts, "host", nil, "for this host (may be repeated; those of the connection)")
}

// setupTools are the tools that can be set up, in the order of the help.
var setupTools = []setupTool{
	{"git", "git asks for the hosts of the connection", "  authtray setup git work\n  authtray setup git work --write", hostFlag,
		func(s *shell, ctx context.Context, p setup.Plan, a *setupAsked) (_ []setup.Step, err error) {
			p.Hosts, err = s.setupHosts(ctx, p.Name, a, true)
			return setup.Git(p), err
		}},
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
