package cli

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/desktop/browser"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens/client"
)

// interview asks a person at a terminal for a new connection, one thing after the
// other, as `authtray add` does without arguments.
type interview struct {
	*shell
	ctx    context.Context
	agent  client.Agent
	p      api.Provider
	conn   catalog.Connection
	secret string
	chosen bool // the scopes
}

func (s *shell) addAsking(ctx context.Context) error {
	if err := s.ensureAgent(ctx); err != nil {
		return err
	}
	i := &interview{shell: s, ctx: ctx, agent: s.agent()}
	for _, ask := range []func() error{i.provider, i.variables, i.name, i.scopesFirst, i.register, i.clientID, i.clientSecret, i.scopes, i.api, i.hosts, i.save, i.signIn} {
		if err := ask(); err != nil {
			return err
		}
	}
	return nil
}

func (i *interview) provider() error {
	all, err := i.providers(i.ctx, i.agent)
	if err != nil {
		return err
	}
	p := &picker{question: "Provider (type to search, or a server's URL): "}
	for _, one := range all {
		p.all = append(p.all, choice{id: one.ID, name: one.Name})
	}
	chosen, err := i.pick(p)
	if err != nil {
		return err
	}
	i.conn.Provider = chosen.id
	if err := i.agent.Do(i.ctx, http.MethodGet, "/v1/providers/"+escape(chosen.id), nil, &i.p); err != nil {
		return err
	}
	switch {
	case chosen.url == "":
	case chosen.id == "mcp":
		i.conn.MCP = chosen.url
	default:
		return i.conn.SetIssuer(i.p.Entry, chosen.url)
	}
	return nil
}

// variables asks for what stands in the entry's URLs.
func (i *interview) variables() (err error) {
	if i.p.ID == "mcp" {
		if err := i.server(); err != nil {
			return err
		}
	}
	for _, name := range sortedKeys(i.p.VarsFor(i.conn.Override)) {
		v := i.p.Vars[name]
		if i.conn.Vars[name] != "" {
			continue
		}
		value, err := i.prompt(text.Capitalize(cmp.Or(v.Label, name)), v.Default, func(s string) (string, error) {
			value, err := needed(variable(v, s))
			if err != nil {
				return "", err
			}
			return value, i.trial(func(c *catalog.Connection) error {
				if name == i.p.IssuerVar() {
					return c.SetIssuer(i.p.Entry, value)
				}
				return c.SetOverride("vars."+name, value)
			}, name)
		})
		if err != nil {
			return err
		}
		if name == i.p.IssuerVar() {
			err = i.conn.SetIssuer(i.p.Entry, value)
		} else if value != v.Default {
			err = i.conn.SetOverride("vars."+name, value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// trial says what is wrong with a connection that was changed so, as far as it is
// about the variable.
func (i *interview) trial(change func(*catalog.Connection) error, variable string) error {
	conn := i.conn
	conn.Vars = map[string]string{}
	for k, v := range i.conn.Vars {
		conn.Vars[k] = v
	}
	if err := change(&conn); err != nil {
		return err
	}
	if _, err := i.resolve(conn); err != nil && strings.HasPrefix(err.Error(), "vars."+variable+":") {
		return fmt.Errorf("%s", strings.TrimSpace(strings.TrimPrefix(err.Error(), "vars."+variable+":")))
	}
	return nil
}

func (i *interview) name() (err error) {
	suggested := i.p.ID
	if _, server, ok := strings.Cut(cmp.Or(i.conn.MCP, i.conn.Vars["issuer"]), "://"); ok && i.p.AnyServer() {
		if host := strings.ToLower(hostOf(server)); net.ParseIP(host) == nil {
			suggested = host
		}
	}
	if config.CheckName(suggested) != nil || i.exists(suggested) {
		suggested = ""
	}
	i.conn.Name, err = i.prompt("A name for this connection", suggested, func(s string) (string, error) {
		if meant := lowerName(s); meant != "" {
			s = meant
		}
		if err := config.CheckName(s); err != nil {
			return "", err
		}
		if i.exists(s) {
			return "", fmt.Errorf("there is a connection of that name already")
		}
		return s, nil
	})
	return err
}

func (i *interview) exists(name string) bool {
	conn, err := i.existing(i.ctx, i.agent, name)
	return err != nil || conn.Provider != "" || conn.MCP != ""
}

// register leads to an app of the user's own, where one is needed.
func (i *interview) register() error {
	g := i.p.Guide(i.conn)
	if registers(i.p.Entry, i.conn) {
		i.say("\nRegister an app at %s. What it asks for:", cmp.Or(g.Register, oneLine(i.p.Name)))
		i.say("  redirect URI   %s", g.RedirectURI)
		if len(g.Scopes) > 0 {
			i.say("  scopes         %s", oneLine(strings.Join(g.Scopes, " ")))
		}
	}
	if needsGuide(i.p.Entry, i.conn) {
		for _, line := range guideLines(i.p.Entry, g) {
			i.say("%s", line)
		}
	}
	if g.Register == "" || !registers(i.p.Entry, i.conn) {
		return nil
	}
	answer, err := i.line("Enter opens that page, s and Enter does not: ")
	if err != nil || strings.HasPrefix(strings.ToLower(answer), "s") {
		return err
	}
	if err := browser.Open(i.ctx, slog.New(slog.DiscardHandler), g.Register); err != nil {
		i.say("%s", text.Capitalize(err.Error()))
	}
	return nil
}

func (i *interview) clientID() (err error) {
	if i.p.Client.ID != "" {
		return nil
	}
	question, needs := "Client id", registers(i.p.Entry, i.conn)
	if !needs {
		question = "Client id (Enter: the server registers one by itself, where it can)"
	}
	i.conn.ClientID, err = i.prompt(question, "", func(s string) (string, error) {
		s = credential(s)
		switch {
		case s == "" && needs:
			return "", fmt.Errorf("paste the client id that %s shows for your app", oneLine(i.p.Name))
		case strings.ContainsAny(s, " \t"):
			return "", fmt.Errorf("a client id holds no blanks: paste it alone")
		}
		return s, nil
	})
	return err
}

func (i *interview) clientSecret() (err error) {
	if i.p.Client.Secret == "none" || i.conn.ClientID == "" {
		return nil
	}
	question := "Client secret (Enter: it has none)"
	if wantsSecret(i.p.Entry) {
		question = "Client secret"
		if i.p.Client.Secret == "web_only" && i.p.Device != "" {
			question = "Client secret (Enter: without one, signing in by a code on this or another device)"
		}
	}
	for {
		if i.secret, err = i.hidden(i.ctx, question+", not shown: "); err != nil {
			return err
		}
		i.secret = credential(i.secret)
		if i.secret != "" || !wantsSecret(i.p.Entry) || i.p.Client.Secret == "web_only" && i.p.Device != "" {
			return nil
		}
		i.say("%s does not sign in without the secret: paste what it shows for your app.", oneLine(i.p.Name))
	}
}

// api asks what the tokens are for, where the entry does not say it.
func (i *interview) api() error {
	if i.p.API.Base != "" || i.conn.MCP != "" {
		return nil
	}
	base, err := i.prompt("Base URL of the API to call with it (Enter: none)", "", func(s string) (string, error) {
		s = pastedURL(s)
		if s == "" {
			return "", nil
		}
		trial := i.conn
		return s, trial.SetOverride("api.base", s)
	})
	if err != nil || base == "" {
		return err
	}
	return i.conn.SetOverride("api.base", base)
}

// hosts asks which hosts git, docker and others are to take its tokens to, where the
// entry does not say it.
func (i *interview) hosts() error {
	if len(i.p.API.Git) > 0 || i.conn.MCP != "" {
		return nil
	}
	_, err := i.prompt("Hosts that git, docker and other tools use it for, such as git.example.org (Enter: none)", "", func(s string) (string, error) {
		i.conn.Hosts = nil
		for _, word := range splitWords(s) {
			i.conn.Hosts = append(i.conn.Hosts, pastedHost(word))
		}
		if _, err := i.resolve(i.conn); err != nil && strings.HasPrefix(err.Error(), "hosts:") {
			return "", fmt.Errorf("hosts %s", strings.TrimSpace(strings.TrimPrefix(err.Error(), "hosts:")))
		}
		return s, nil
	})
	return err
}

// pastedHost is a host as it was pasted, perhaps as the URL of a page there.
func pastedHost(s string) string {
	_, rest, isURL := strings.Cut(s, "://")
	if !isURL {
		return strings.ToLower(s)
	}
	host, _, _ := strings.Cut(rest, "/")
	return strings.ToLower(host)
}

func (i *interview) save() error {
	var now api.Connection
	if err := i.agent.Do(i.ctx, http.MethodPut, connection(i.conn.Name), i.conn, &now); err != nil {
		return err
	}
	if i.secret != "" {
		if err := i.agent.Do(i.ctx, http.MethodPut, connection(i.conn.Name, "secret"), api.Secret{ClientSecret: i.secret}, nil); err != nil {
			return err
		}
	}
	return i.print("%s is added.", i.conn.Name)
}

func (i *interview) signIn() error {
	run := &connecting{shell: i.shell, name: i.conn.Name, timeout: 5 * time.Minute, paste: i.p.Redirect.Host == "https_only"}
	run.device = i.secret == "" && i.p.Client.Secret == "web_only"
	line := "authtray connect " + run.name
	if run.device {
		line += " --device"
	}
	if run.paste {
		line += " --paste"
	}
	answer, err := i.line("Sign in now? [Y/n] ")
	if err != nil {
		return err
	}
	if strings.HasPrefix(strings.ToLower(answer), "n") {
		i.say("Then later: %s", line)
		return nil
	}
	if err := run.mode(); err != nil {
		return err
	}
	if err := run.connect(i.ctx); err != nil {
		return err
	}
	i.say("A token: authtray token %s", run.name)
	return nil
}

// prompt asks until check takes the answer; Enter alone stands for usual.
func (i *interview) prompt(question, usual string, check func(string) (string, error)) (string, error) {
	if usual != "" {
		question += " [" + oneLine(usual) + "]"
	}
	for {
		line, err := i.line(question + ": ")
		if err != nil {
			return "", err
		}
		answer, err := check(cmp.Or(strings.TrimSpace(line), usual))
		if err == nil {
			return answer, nil
		}
		i.say("%s", text.Sentence(err.Error()))
	}
}

// line asks for a line of the terminal.
func (i *interview) line(question string) (string, error) {
	fmt.Fprint(i.err, question)
	return within(i.ctx, i.typedLine)
}

func needed(s string) (string, error) {
	if s == "" {
		return "", fmt.Errorf("it cannot be left out")
	}
	return s, nil
}

func splitWords(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' })
}
