package agent

import (
	"context"
	"errors"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens"
)

func TestATokenIsGivenForPlacesThatTheConnectionLeadsToAlone(t *testing.T) {
	w, u := withAPI(t)
	conn := w.practice()
	conn["override"] = map[string]any{"api": map[string]any{"base": u.URL + "/v4", "hosts": []string{"api.example.org"}}}
	conn["hosts"] = []string{"git.example.org/acme", "registry.example.org:5000"}
	w.call("PUT", "/connections/me", conn).ok()
	for at, given := range map[string]bool{
		u.URL + "/v4/user":                           true,
		"https://api.example.org/x":                  true,
		"https://git.example.org/acme/x.git":         true,
		"https://registry.example.org:5000/":         true,
		"https://git.example.org/other/x.git":        false,
		"https://git.example.org/acme/../other":      false,
		"https://registry.example.org/":              false,
		"https://evil.example.org/":                  false,
		"http://git.example.org/acme/x.git":          false,
		"https://api.example.org.evil.example/x":     false,
		"https://api.example.org@evil.example/x":     false,
		"https://ada@git.example.org/acme/x.git":     false,
		"api.example.org":                            false,
		"":                                           false,
		"https://":                                   false,
		"https://api.example.org\\@evil.example/x":   false,
		"https://git.example.org/acme/%2e%2e/other/": false,
	} {
		t.Run(at, func(t *testing.T) {
			for _, path := range []string{"token", "rejected"} {
				method, body := "GET", any(nil)
				if path == "rejected" {
					method, body = "POST", api.Rejected{AccessToken: "another"}
				}
				answer := w.call(method, "/connections/me/"+path+"?url="+url.QueryEscape(at), body)
				if given {
					answer.ok()
				} else {
					answer.problem(api.CodeOtherPlace, 409)
				}
			}
		})
	}
	q := url.Values{"url": {"https://api.example.org/x", "https://evil.example.org/"}}
	w.call("GET", "/connections/me/token?"+q.Encode(), nil).problem(api.CodeOtherPlace, 409)
	w.call("GET", "/connections/me/token?mcp="+url.QueryEscape("https://api.example.org/x"), nil).problem(api.CodeOtherPlace, 409)
}

// changingTokens has the configuration changed, and another sign-in made, while its
// token is waited for.
type changingTokens struct {
	change func()
	times  int
}

func (c *changingTokens) Token(context.Context, string, tokens.Want) (tokens.Token, error) {
	if c.times++; c.times == 1 {
		c.change()
	}
	return tokens.Token{AccessToken: "t"}, nil
}

func (c *changingTokens) Rejected(ctx context.Context, name, _ string) (tokens.Token, error) {
	return c.Token(ctx, name, tokens.Want{})
}

func TestATokenIsNotSentWhereTheConnectionLedBeforeAChange(t *testing.T) {
	const before, after = "https://old.example.org/mcp", "https://new.example.org/mcp"
	for name, tt := range map[string]struct {
		ask  func(a *tokenAccess, ctx context.Context) error
		code tokens.Code
		at   api.Place
	}{
		"a token for an MCP server": {func(a *tokenAccess, ctx context.Context) error {
			_, err := a.token(ctx, "work", tokens.Want{})
			return err
		}, api.CodeOtherPlace, api.Place{MCP: before}},
		"another one for a rejected token": {func(a *tokenAccess, ctx context.Context) error {
			_, err := a.rejected(ctx, "work", "old")
			return err
		}, api.CodeOtherPlace, api.Place{MCP: before}},
		"a token for an address": {func(a *tokenAccess, ctx context.Context) error {
			_, err := a.token(ctx, "work", tokens.Want{})
			return err
		}, api.CodeOtherPlace, api.Place{URLs: []string{before}}},
		"a request through the agent": {func(a *tokenAccess, ctx context.Context) error {
			return a.forward(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/v1/connections/work/api/", nil), "work", "")
		}, tokens.CodeTemporarilyUnavailable, api.Place{}},
		"one whose token the server rejected": {func(a *tokenAccess, ctx context.Context) error {
			_, err := apiTokens{a, "work", a.configuration.client("work")}.Rejected(ctx, "old")
			return err
		}, tokens.CodeTemporarilyUnavailable, api.Place{}},
	} {
		t.Run(name, func(t *testing.T) {
			c, _, _, _ := newTestConfiguration(t)
			lead := func(to string) {
				if err := c.write(catalog.Connection{Name: "work", Provider: "mcp", MCP: to}); err != nil {
					t.Fatal(err)
				}
			}
			lead(before)
			source := &changingTokens{change: func() { lead(after) }}
			a := &tokenAccess{manager: source, configuration: c, audit: noAuditor{}}
			var e *tokens.Error
			if err := tt.ask(a, api.WithPlace(t.Context(), tt.at)); !errors.As(err, &e) || e.Code != tt.code {
				t.Errorf("%v, want the code %s", err, tt.code)
			}
		})
	}
}

// FuzzPlace asks for a token for any address: none is given for a host that is not the
// connection's, as the one that sends it would read the address.
func FuzzPlace(f *testing.F) {
	catalogue, _ := catalog.LoadCatalogue("")
	conn := catalog.Connection{Name: "work", Provider: "mcp", MCP: "https://mcp.example.org/mcp", Hosts: []string{"git.example.org/acme", "*.wild.example.org"}}
	client, err := providers.NewClient(catalogue, conn, providers.ClientOptions{})
	if err != nil {
		f.Fatal(err)
	}
	for _, at := range []string{"https://mcp.example.org/mcp", "https://git.example.org/acme/x.git", "https://a.wild.example.org/", "https://mcp.example.org@evil.example/",
		"https://mcp.example.org\\@evil.example", "https://MCP.example.org./mcp", "http://mcp.example.org/", "https:mcp.example.org", "//mcp.example.org/", "https://mcp.example.org:443:80/",
		"https://git.example.org/acme/%2e%2e/x", "https://evil.example/?https://mcp.example.org", "https://mcp.example.org#@evil.example", "https://[::1%25mcp.example.org]/", "mcp.example.org/x", "/x"} {
		f.Add(at)
	}
	f.Fuzz(func(t *testing.T, at string) {
		if !leadsTo(client, at, tokens.Token{}) {
			return
		}
		u, err := url.Parse(at)
		if err != nil {
			t.Fatalf("%q is no address", at)
		}
		host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
		if u.Scheme != "https" || u.User != nil || host != "mcp.example.org" && host != "git.example.org" && !strings.HasSuffix(host, ".wild.example.org") {
			t.Errorf("a token is given for %q", at)
		}
	})
}
