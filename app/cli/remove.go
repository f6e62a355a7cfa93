package cli

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/tools/setup"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

func (s *shell) removeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME…",
		Short: "Disconnect a connection and forget it",
		Long: `Revoke the grant at the provider, erase it and the client secret from the
keychain, and remove the connection's file.`,
		Example: `  authtray remove work mail`,
		Args: func(c *cobra.Command, args []string) error {
			for _, name := range args[min(len(args), 1):] {
				if err := config.CheckName(name); err != nil {
					return err
				}
			}
			return named(c, args[:min(len(args), 1)])
		},
		RunE: s.do(func(ctx context.Context, args []string) error {
			return s.here(ctx, withKeychain, func(a client.Agent) error {
				var failed error
				for _, name := range args {
					hosts := s.hostsOf(ctx, name)
					if err := s.giveBack(ctx, a, connection(name), name+" is removed."); err != nil && failed == nil {
						failed = err // the others are removed all the same
					} else if err == nil {
						s.sayPointing(name, pointingTo(ctx, a, name, hosts))
					}
				}
				return failed
			})
		}),
	}
}

// hostsOf are the hosts that a connection answers for; nil where that is not known.
func (s *shell) hostsOf(ctx context.Context, name string) []string {
	if client, err := s.provider(ctx, name); err == nil {
		return client.Hosts()
	}
	return nil
}

// pointingTo is which tools still ask for a connection that was removed, as far as their
// files say. For a host that another one answers for they are set up rightly.
func pointingTo(ctx context.Context, a client.Agent, name string, hosts []string) []setup.Mention {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil
	}
	p := setup.Plan{Program: "authtray", Name: name, Home: home, Env: os.Getenv}
	for _, pattern := range hosts {
		host, path, _ := strings.Cut(pattern, "/")
		err := a.Do(ctx, http.MethodGet, "/v1/hosts/"+escape(strings.TrimPrefix(host, "*."))+"?"+url.Values{"path": {path}}.Encode(), nil, &api.HostMatch{})
		if isCode(err, tokens.CodeUnknownConnection) {
			p.Hosts = append(p.Hosts, pattern)
		}
	}
	return setup.Mentions(p)
}

// sayPointing names them: they would ask for a connection that is gone.
func (s *shell) sayPointing(name string, found []setup.Mention) {
	if len(found) == 0 {
		return
	}
	var all []string
	for _, m := range found {
		all = append(all, m.Tool+" ("+oneLine(m.Path)+")")
	}
	s.say("Still set up to ask for %s: %s. Take that out of the file where you do not need it any more.", name, strings.Join(all, ", "))
}

func (s *shell) disconnectCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "disconnect NAME",
		Short: "Give a connection's grant back, and keep its configuration",
		Long: `Revoke the grant at the provider and erase it from the keychain. The
connection stays, to be connected again.`,
		Example: `  authtray disconnect work`,
		Args:    named,
		RunE: s.do(func(ctx context.Context, args []string) error {
			return s.giveBack(ctx, s.agent(), connection(args[0], "grant"), args[0]+" is disconnected.")
		}),
	}
}

// giveBack says what was done, and what could not be.
func (s *shell) giveBack(ctx context.Context, a client.Agent, path, done string) error {
	var r api.Removed
	if err := a.Do(ctx, http.MethodDelete, path, nil, &r); err != nil {
		return err
	}
	if r.Revoked {
		done += " The provider took the grant back."
	}
	if r.Detail != "" {
		done += " " + oneLine(r.Detail)
	}
	return s.print("%s", done)
}

func (s *shell) refreshCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "refresh NAME",
		Short: "Renew a connection's token now",
		Long: `Renew a connection's token now, whatever it has left. Tools need not do this: the
agent renews in time.`,
		Example: `  authtray refresh work`,
		Args:    named,
		RunE: s.do(func(ctx context.Context, args []string) error {
			var now tokens.Status
			if err := s.agent().Do(ctx, http.MethodPost, connection(args[0], "refresh"), nil, &now); err != nil {
				return err
			}
			if now.State != tokens.Connected {
				t := stateTrouble(now)
				if t.hint == "" {
					t.hint = "authtray status " + now.Name
				}
				return t
			}
			return s.print("%s is renewed%s.", now.Name, s.validity(now))
		}),
	}
}

// validity is "; the token is good until …", as far as it is known.
func (s *shell) validity(st tokens.Status) string {
	if st.ExpiresAt == nil {
		return ""
	}
	return "; the token is good until " + st.ExpiresAt.Local().Format(time.TimeOnly) + ", " + text.When(*st.ExpiresAt, s.now())
}
