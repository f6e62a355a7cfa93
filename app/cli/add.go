package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

// adding is what the add command was told.
type adding struct {
	conn   catalog.Connection // as far as flags say
	issuer *string            // nil: not told
	sets   []string
	api    string // base of the API
	like   string // the connection to take all but the account from
	host   string // to guess the provider from
}

func (s *shell) addCommand() *cobra.Command {
	var told adding
	var issuer string
	c := &cobra.Command{
		Use:   "add [NAME --provider ID | --mcp URL | --like NAME]",
		Short: "Add a connection, or change one",
		Long: `Add a connection under a NAME of your choice, or change one: what is not named
stays as it is. Without arguments, at a terminal, it asks for everything.

--set FIELD=VALUE overrides a field of the provider's entry, nested as there
(authtray providers ID shows it; a list is written with commas), and
--set vars.NAME=VALUE fills in one of its template variables.

--mcp URL asks the server, without a token and for a few seconds, whether it is
there; if not, what was told is kept all the same, and what is wrong is said.`,
		Example: `  authtray add work --provider github --client-id Iv1.0123456789abcdef --scope repo --scope read:org
  authtray add home --provider gitlab --client-id 1234 --set vars.host=git.example.org
  authtray add sso --provider oidc --issuer https://login.example.org --client-id cli --set redirect.port=any
  authtray add git --for https://gitlab.example.org --client-id 1234
  authtray add files --mcp https://mcp.example.org/mcp
  authtray add sso --api https://api.example.org
  authtray add sso-bob --like sso`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 && c.Flags().NFlag() == 0 && isTerminal(s.in) {
				return nil
			}
			return named(c, args)
		},
	}
	f := c.Flags()
	f.StringVar(&told.conn.Provider, "provider", "", "who issues the tokens: an ID of authtray providers")
	f.StringVar(&told.conn.MCP, "mcp", "", "the URL of an MCP server: who issues its tokens is asked of the server")
	f.StringVar(&told.host, "for", "", "a host or URL: guess the provider from it, and fill in the host")
	f.StringVar(&told.conn.ClientID, "client-id", "", "the id of the app that you registered there")
	f.StringArrayVar(&told.conn.Scopes, "scope", nil, "what to ask for, instead of the provider's default (may be repeated)")
	f.StringVar(&issuer, "issuer", "", "the issuer's URL, where it is discovered (oidc)")
	f.StringArrayVar(&told.sets, "set", nil, "FIELD=VALUE of the provider's entry, or vars.NAME=VALUE (may be repeated)")
	f.StringArrayVar(&told.conn.Hosts, "host", nil, "a host that this connection answers for (may be repeated)")
	f.StringVar(&told.conn.CAFile, "ca-file", "", "a file of certificates to trust besides the system's")
	f.StringVar(&told.conn.Refresh, "refresh", "", "timer, or on-demand: renew only when asked")
	f.StringVar(&told.conn.Resource, "resource", "", "the resource to ask tokens for (RFC 8707)")
	f.StringVar(&told.api, "api", "", "the base URL of the API that its tokens are for")
	f.StringVar(&told.like, "like", "", "take all but the account from this connection, its secret too")
	c.RunE = s.do(func(ctx context.Context, args []string) error {
		if len(args) == 0 {
			return s.addAsking(ctx)
		}
		if f.Changed("issuer") {
			told.issuer = &issuer
		}
		return s.addTold(ctx, args[0], told)
	})
	return c
}

func (s *shell) addTold(ctx context.Context, name string, told adding) error {
	needs := withFiles
	if told.like != "" {
		needs = withKeychain
	}
	var done addition
	err := s.here(ctx, needs, func(a client.Agent) (err error) {
		done, err = s.add(ctx, a, name, told)
		return err
	})
	if err != nil {
		return err
	}
	return s.tellAdded(ctx, done)
}

// addition is a connection that was added or changed.
type addition struct {
	told      adding
	was, conn catalog.Connection
	now       api.Connection
}

func (s *shell) add(ctx context.Context, a client.Agent, name string, told adding) (done addition, err error) {
	conn, err := s.existing(ctx, a, name)
	if err != nil {
		return done, err
	}
	if told.host != "" {
		if err := s.guessInto(&told); err != nil {
			return done, err
		}
	}
	was := conn
	fresh := conn.Provider == "" && conn.MCP == ""
	if told.like != "" {
		if conn, err = s.likeness(ctx, a, name, told.like, fresh); err != nil {
			return done, err
		}
	}
	if err := s.whichProvider(ctx, a, &told, conn, fresh); err != nil {
		return done, err
	}
	if err := told.apply(&conn); err != nil {
		return done, err
	}
	if told.namesIssuer() {
		if err := s.oneIssuer(ctx, a, told, &conn); err != nil {
			return done, err
		}
	}
	if told.issuer != nil && conn.MCP != "" {
		if err := s.confirmIssuer(ctx, conn, strings.TrimSpace(*told.issuer)); err != nil {
			return done, err
		}
	}
	var now api.Connection
	if err := a.Do(ctx, http.MethodPut, connection(name), conn, &now); err != nil {
		return done, s.explain(ctx, a, conn.Provider, err)
	}
	if told.like != "" {
		if err := a.Do(ctx, http.MethodPut, connection(name, "secret"), api.Secret{Like: told.like}, nil); err != nil {
			return done, err
		}
	}
	return addition{told, was, conn, now}, nil
}

// tellAdded says what became of a connection, and what to do next. It holds no lock:
// an agent may start while an MCP server is asked.
func (s *shell) tellAdded(ctx context.Context, done addition) error {
	told, was, conn, now := done.told, done.was, done.conn, done.now
	fresh := was.Provider == "" && was.MCP == ""
	verb := "changed"
	if fresh {
		verb = "added"
	}
	if err := s.print("%s is %s.", now.Name, verb); err != nil {
		return err
	}
	if told.conn.MCP != "" && !s.seesServer(ctx, done) {
		return nil // nothing else is to be done before its URL is right
	}
	if err := s.ledOn(now, conn, fresh); err != nil {
		return err
	}
	if told.like != "" {
		s.say("%s", s.otherAccount(conn))
	}
	if aimedAt := cmp.Or(conn.Resource, conn.MCP); !fresh && now.State == tokens.Connected && aimedAt != cmp.Or(was.Resource, was.MCP) {
		s.say("Sign in again for tokens for %s: authtray connect %s", oneLine(aimedAt), now.Name)
	}
	return nil
}

// confirmIssuer shows an issuer that is named for an MCP server beside the one that
// the server names itself, and asks at a terminal whether it is meant: whoever issues
// tokens is told who signs in.
func (s *shell) confirmIssuer(ctx context.Context, conn catalog.Connection, issuer string) error {
	conn.Override = maps.Clone(conn.Override)
	delete(conn.Override, "issuer")
	client, err := s.resolve(conn)
	if err != nil {
		return nil // what is wrong is said when it is written
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	named, err := client.NamedIssuer(ctx)
	if err != nil || strings.TrimSuffix(named, "/") == strings.TrimSuffix(issuer, "/") {
		return nil
	}
	s.say("%s names %s as the issuer of its tokens; %s is used instead.", conn.MCP, oneLine(named), issuer)
	if !isTerminal(s.in) {
		return nil
	}
	fmt.Fprint(s.err, "Is that what you want? [y/N] ")
	line, _ := within(ctx, s.typedLine)
	if answer := strings.ToLower(line); answer != "y" && answer != "yes" {
		return failed("", "%s stays as it was", conn.Name)
	}
	return nil
}

// likeness is a new connection with the configuration of another one.
func (s *shell) likeness(ctx context.Context, a client.Agent, name, like string, fresh bool) (catalog.Connection, error) {
	if !fresh {
		return catalog.Connection{}, failed("authtray remove "+name, "%s is there already, and --like is for a new connection: choose another name, or remove it first", name)
	}
	conn, err := s.existing(ctx, a, like)
	if err == nil && conn.Provider == "" && conn.MCP == "" {
		if err = s.mustExist(ctx, like); err == nil {
			err = failed("authtray status", "there is no connection named %q", oneLine(like))
		}
	}
	conn.Name = name
	return conn, err
}

// whichProvider sees that there is one, and that it is not changed. What was told
// for it is set to its id.
func (s *shell) whichProvider(ctx context.Context, a client.Agent, told *adding, conn catalog.Connection, fresh bool) error {
	if told.conn.MCP != "" && told.conn.Provider == "" && conn.Provider == "" {
		told.conn.Provider = "mcp"
	}
	if told.conn.Provider != "" {
		all, err := s.providers(ctx, a)
		if err != nil {
			return err
		}
		told.conn.Provider = providerID(all, told.conn.Provider)
	}
	switch {
	case fresh && told.like == "" && told.conn.Provider == "":
		return usage("which provider? authtray add %s --provider ID; the ids: authtray providers", conn.Name)
	case conn.Provider != "" && told.conn.Provider != "" && told.conn.Provider != conn.Provider:
		return failed("authtray remove "+conn.Name, "%s is a connection to %s already: choose another name, or remove it first", conn.Name, conn.Provider)
	}
	return nil
}

// existing is the connection as its file says now, or as the agent knows it; the
// zero value where there is none. A file that is broken is not written over.
func (s *shell) existing(ctx context.Context, a client.Agent, name string) (catalog.Connection, error) {
	file, err := config.Connection(s.paths.Connections(), name)
	if err == nil {
		return file.Connection, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return catalog.Connection{}, failed("", "the file of %s cannot be used and is left as it is: %v", name, err)
	}
	var now struct {
		Config catalog.Connection `json:"config"`
	}
	err = a.Do(ctx, http.MethodGet, connection(name), nil, &now)
	if isCode(err, tokens.CodeUnknownConnection) {
		return catalog.Connection{Name: name}, nil
	}
	return now.Config, err
}

// apply puts what was told over what is there.
func (t adding) apply(conn *catalog.Connection) error {
	for _, f := range []struct {
		to   *string
		from string
	}{
		{&conn.Provider, t.conn.Provider}, {&conn.ClientID, credential(t.conn.ClientID)},
		{&conn.Refresh, t.conn.Refresh}, {&conn.Resource, t.conn.Resource}, {&conn.MCP, pastedURL(t.conn.MCP)},
	} {
		if f.from != "" {
			*f.to = f.from
		}
	}
	if t.conn.CAFile != "" {
		var err error
		if conn.CAFile, err = filepath.Abs(t.conn.CAFile); err != nil {
			return usage("--ca-file: %v", err)
		}
	}
	if t.conn.Scopes != nil {
		conn.Scopes = t.conn.Scopes
	}
	if t.conn.Hosts != nil {
		conn.Hosts = t.conn.Hosts
	}
	sets := t.sets
	if t.api != "" {
		sets = append(slices.Clone(sets), "api.base="+pastedURL(t.api))
	}
	return setAll(conn, sets)
}

// explain helps with a provider's id that does not exist.
func (s *shell) explain(ctx context.Context, a client.Agent, provider string, err error) error {
	all, unknown := s.providers(ctx, a)
	if unknown != nil || slices.ContainsFunc(all, func(p api.Brief) bool { return p.ID == provider }) {
		return err
	}
	found, _ := catalog.Find(provider, all)
	var meant []string
	for _, p := range found[:min(len(found), 3)] {
		meant = append(meant, p.ID)
	}
	if len(meant) > 0 {
		return failed("", "there is no provider %q; did you mean %s? The others: authtray providers", provider, text.OrList(meant))
	}
	return failed("authtray providers", "there is no provider %q", provider)
}

// otherAccount says how a sign-in comes to be another account's.
func (s *shell) otherAccount(conn catalog.Connection) string {
	said := "The browser may still be signed in to the other account; "
	if client, err := s.resolve(conn); err == nil && len(client.Entry().AuthorizeOpts.SwitchAccount) > 0 {
		return said + "with --switch-account the provider asks which one."
	}
	return said + "sign out at the provider first."
}

// ledOn says what to do next.
func (s *shell) ledOn(now api.Connection, conn catalog.Connection, fresh bool) error {
	if len(now.NotYetAsked()) > 0 && len(now.Scopes) > 0 {
		s.say("It asks for %s from the next sign-in on: authtray connect %s", oneLine(strings.Join(now.Asked, " ")), now.Name)
	}
	if !fresh && now.State != tokens.Disconnected {
		return nil
	}
	client, err := s.resolve(conn)
	if err != nil {
		return err
	}
	lines := nextSteps(client.Entry(), conn)
	if !fresh && !registers(client.Entry(), conn) {
		lines = lines[len(lines)-1:] // the others were told when it was added
	}
	for _, line := range lines {
		s.say("%s", line)
	}
	return nil
}
