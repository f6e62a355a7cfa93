package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/tools/dialect"
)

func (s *shell) netrcHelper() *cobra.Command {
	var host string
	c := &cobra.Command{
		Use:   "netrc NAME",
		Short: "A .netrc, for those that read one",
		Long: `A .netrc with an entry for each host of the connection, or for --host alone. It
holds the token: hand it over without a file, as below, or it stays on the disk.`,
		Example: `  curl --netrc-file <(authtray helper netrc work) https://git.example.org/api/v4/user`,
		Args:    named,
	}
	c.Flags().StringVar(&host, "host", "", "for this host alone")
	c.RunE = s.do(func(ctx context.Context, args []string) error {
		names, places := []string{host}, []string(nil)
		if host == "" { // else it is the user's word where the token goes
			var err error
			if names, err = s.plainHosts(ctx, args[0]); err != nil {
				return err
			}
			for _, name := range names {
				places = append(places, api.WebPlace(name, ""))
			}
		}
		l, _, err := s.login(ctx, args[0], "", places...)
		if err != nil {
			return err
		}
		return s.put(netrc(names, l))
	})
	return c
}

func netrc(names []string, l dialect.Login) (string, error) {
	var all strings.Builder
	for _, name := range names {
		entry, err := dialect.Netrc(name, l)
		if err != nil {
			return "", err
		}
		if !strings.Contains(all.String(), entry) {
			all.WriteString(entry)
		}
	}
	return all.String(), nil
}

// plainHosts are the hosts of a connection, without patterns and paths.
func (s *shell) plainHosts(ctx context.Context, name string) ([]string, error) {
	client, err := s.provider(ctx, name)
	if err != nil {
		return nil, err
	}
	names := withoutPatterns(client.Hosts())
	if len(names) == 0 {
		return nil, usage("the hosts of %s are not known; tell them: authtray add %s --host HOST", name, name)
	}
	return names, nil
}

func withoutPatterns(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(h string) bool { return strings.ContainsAny(h, "*/") })
}

func (s *shell) xoauth2Helper() *cobra.Command {
	var user string
	c := &cobra.Command{
		Use:   "xoauth2 NAME --user ADDRESS",
		Short: "The SASL string of XOAUTH2, for mail programs that want it whole",
		Example: `  authtray helper xoauth2 mail --user ada@example.org
  authtray token mail                # most mail programs want the bare token`,
		Args: named,
	}
	c.Flags().StringVar(&user, "user", "", "the mailbox's address (the account's)")
	c.RunE = s.do(func(ctx context.Context, args []string) error {
		user, token, err := s.mailbox(ctx, args[0], user)
		if err != nil {
			return err
		}
		return s.putLine(dialect.XOAuth2(user, token))
	})
	return c
}

func (s *shell) oauthbearerHelper() *cobra.Command {
	var user, host string
	var port int
	c := &cobra.Command{
		Use:     "oauthbearer NAME --user ADDRESS",
		Short:   "The SASL string of OAUTHBEARER (RFC 7628)",
		Example: `  authtray helper oauthbearer mail --user ada@example.org --host imap.example.org --port 993`,
		Args:    named,
	}
	c.Flags().StringVar(&user, "user", "", "the mailbox's address (the account's)")
	c.Flags().StringVar(&host, "host", "", "the server's name, where it wants it")
	c.Flags().IntVar(&port, "port", 0, "the server's port, where it wants it")
	c.RunE = s.do(func(ctx context.Context, args []string) error {
		user, token, err := s.mailbox(ctx, args[0], user)
		if err != nil {
			return err
		}
		return s.putLine(dialect.OAuthBearer(user, host, port, token))
	})
	return c
}

// mailbox is whose mail it is, and the token that opens it.
func (s *shell) mailbox(ctx context.Context, name, user string) (address, token string, err error) {
	t, _, err := s.token(ctx, name)
	if err != nil {
		return "", "", err
	}
	if user == "" {
		user = t.Account
	}
	if user == "" {
		return "", "", usage("say whose mailbox: --user ADDRESS")
	}
	return user, t.AccessToken, nil
}

func (s *shell) putLine(answer string, err error) error { return s.put(answer+"\n", err) }
