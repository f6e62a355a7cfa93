package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/tools/dialect"
	"github.com/authtray/authtray/app/tools/hosts"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

func (s *shell) gitHelper() *cobra.Command {
	return &cobra.Command{
		Use:   "git get|store|erase",
		Short: "git's credential helper",
		Long: `git's credential helper; git runs it as git-credential-authtray too.

get answers with the token of the connection whose hosts hold the one that git
asks for, over https or to this machine only, and says nothing for other hosts.
store does nothing: authtray keeps its tokens itself. erase, which git does after
a server refused a token, has the token renewed.`,
		Example: `  git config --global credential.https://github.com.helper authtray
  authtray setup git work --write`,
		Args: cobra.ExactArgs(1),
		RunE: s.do(func(ctx context.Context, args []string) error {
			switch args[0] {
			case "get":
				return s.gitGet(ctx)
			case "erase":
				return s.gitErase(ctx)
			case "capability":
				return s.put(dialect.GitCapabilities, nil)
			}
			return nil // as gitcredentials(7) wants it of what a helper does not know
		}),
	}
}

// gitGet tells git to stop (quit) only where the host is a connection's own, and
// nobody else could know better.
func (s *shell) gitGet(ctx context.Context) error {
	said, err := dialect.ReadGitText(s.in)
	if err != nil {
		return err
	}
	if asked, err := dialect.ReadGit(strings.NewReader(said)); err != nil || !dialect.Secure(asked.Protocol, asked.Host) {
		return err
	}
	answer, err := s.askHelper(ctx, "git", said)
	if err != nil && !others(err) {
		return errors.Join(s.put(dialect.GitQuit, nil), err)
	}
	return s.put(answer, err)
}

// others says whether another helper, or the user, may have what we have not.
func others(err error) bool {
	var p *client.Problem
	return errors.Is(err, client.ErrNoAgent) || errors.As(err, &p) && p.Reason == string(hosts.OtherUser)
}

// gitErase tells the agent of a token that was refused. Where git no longer
// knows whose it was, all that may have given it are told: one that did not is
// none the worse for it.
func (s *shell) gitErase(ctx context.Context) error {
	asked, err := dialect.ReadGit(s.in)
	if err != nil || asked.Secret == "" || !dialect.Secure(asked.Protocol, asked.Host) {
		return err
	}
	names, err := s.gaveGit(ctx, asked)
	for _, name := range names {
		t, _, refusal := s.reject(ctx, name, asked.Secret)
		if refusal == nil && t.AccessToken != asked.Secret && len(names) == 1 {
			s.say("authtray: %s refused the token of %s; there is a new one now, so try again", oneLine(asked.Host), name)
		}
		err = errors.Join(err, refusal)
	}
	return err
}

// gaveGit are the connections that may have answered before: the one in git's
// state, the one that would answer now, or else all that the host could mean.
func (s *shell) gaveGit(ctx context.Context, asked dialect.GitRequest) ([]string, error) {
	if config.CheckName(asked.Connection) == nil {
		return []string{asked.Connection}, nil
	}
	name, err := s.forHost(ctx, asked.Host, asked.Path, asked.Username)
	switch {
	case err == nil:
		return []string{name}, nil
	case nobodys(err):
		return nil, nil
	case hasCode(err, api.CodeUnclearHost):
		return s.allFor(ctx, asked.Host, asked.Path)
	}
	return nil, err
}

// allFor are all connections that may answer for a host: each is found by its
// own name for a user name.
func (s *shell) allFor(ctx context.Context, host, path string) (names []string, err error) {
	var all struct{ Connections []tokens.Status }
	if err := s.get(ctx, "/v1/connections", &all); err != nil {
		return nil, err
	}
	for _, c := range all.Connections {
		if name, err := s.forHost(ctx, host, path, c.Name); err == nil && name == c.Name {
			names = append(names, name)
		}
	}
	return names, nil
}
