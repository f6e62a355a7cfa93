package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/tools/dialect"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens"
)

func (s *shell) dockerHelper() *cobra.Command {
	return &cobra.Command{
		Use:   "docker get|list|store|erase",
		Short: "Docker's credential helper",
		Long: `Docker's credential helper; Docker runs it as docker-credential-authtray.

get answers with the token of the connection whose hosts hold the registry. list
names the registries that connections' files name under hosts. store and erase
keep and drop nothing: authtray's tokens come and go with their connections.`,
		Example: `  authtray setup docker work --host ghcr.io --write
  echo ghcr.io | authtray helper docker get`,
		Args: cobra.ExactArgs(1),
		RunE: s.do(func(ctx context.Context, args []string) error {
			act, ok := map[string]func(context.Context) error{"get": s.dockerGet, "list": s.dockerList, "store": s.dockerStore, "erase": s.dockerErase}[args[0]]
			if !ok {
				return usage("it is: authtray helper docker get, list, store or erase")
			}
			return s.dockerError(act(ctx))
		}),
	}
}

// errNoLogin means that Docker is to go on without a login: nothing is said on
// stderr then.
var errNoLogin = errors.New(dialect.DockerNotFound)

// dockerError says on stdout, where Docker looks for it, what went wrong.
func (s *shell) dockerError(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, errNoLogin) {
		return errors.Join(s.put(dialect.DockerNotFound+"\n", nil), silent(exitFailed))
	}
	return errors.Join(s.put("authtray: "+asTrouble(err).line()+"\n", nil), err)
}

func (s *shell) dockerGet(ctx context.Context) error {
	server, err := dialect.ReadDockerServer(s.in)
	if err != nil {
		return err
	}
	if _, ok := dialect.DockerHost(server); !ok {
		return errNoLogin
	}
	answer, err := s.askHelper(ctx, "docker", server)
	if nobodys(err) {
		return errNoLogin
	}
	return s.put(answer, err)
}

// forServer is the connection that answers for a registry.
func (s *shell) forServer(ctx context.Context, server string) (string, error) {
	host, ok := dialect.DockerHost(server)
	if !ok {
		return "", errNoLogin
	}
	name, err := s.forHost(ctx, host, "", "")
	if nobodys(err) {
		return "", errNoLogin
	}
	return name, err
}

// dockerList names the hosts that the user wrote down only: Docker gets the
// token of each it is told, for every build.
func (s *shell) dockerList(ctx context.Context) error {
	var all struct{ Connections []tokens.Status }
	if err := s.get(ctx, "/v1/connections", &all); err != nil {
		return err
	}
	users := map[string]string{}
	for _, c := range all.Connections {
		var now struct{ Config *catalog.Connection }
		if err := s.get(ctx, connection(c.Name), &now); err != nil || now.Config == nil {
			continue // it was removed meanwhile
		}
		for _, host := range withoutPatterns(now.Config.Hosts) {
			if name, err := s.forServer(ctx, host); err == nil && name == c.Name {
				users[host] = dialect.UserName("", "", c.Account)
			}
		}
	}
	return s.putBytes(dialect.DockerList(users))
}

// dockerStore takes back what Docker got from here, which is how a login ends,
// and refuses anything else aloud: it would be lost.
func (s *shell) dockerStore(ctx context.Context) error {
	given, err := dialect.ReadDockerCredential(s.in)
	if err != nil {
		return fmt.Errorf("what docker stores cannot be read: %w", err)
	}
	name, err := s.forServer(ctx, given.ServerURL)
	if err == nil {
		var l dialect.Login
		if l, _, err = s.login(ctx, name, ""); err == nil && l.Token == given.Secret {
			return nil
		}
	}
	return failed("", "authtray keeps no passwords: it gives docker the tokens of its own connections. For %s take \"authtray\" out of credHelpers in docker's config.json, and log in again", given.ServerURL)
}

func (s *shell) dockerErase(ctx context.Context) error {
	server, err := dialect.ReadDockerServer(s.in)
	if err != nil {
		return err
	}
	name, err := s.forServer(ctx, server)
	if errors.Is(err, errNoLogin) {
		return nil
	}
	if err != nil {
		return err
	}
	return failed("", "docker stays logged in at %s, with the token of %s; to end that, run: authtray disconnect %s", server, name, name)
}
