package providers

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

// Probe asks whoami whether an access token still works. Only the entry's own
// "dead" answer is DeadToken, and even that is not a verdict: some providers say
// so of good tokens.
func (c *Client) Probe(ctx context.Context, accessToken string, extra map[string]json.RawMessage) Liveness {
	if c.entry.Whoami.URL == "" && c.conn.MCP != "" {
		return c.probeMCP(ctx, accessToken)
	}
	if !c.mayProbe(ctx) {
		return Unclear
	}
	a, err := c.askWhoami(ctx, accessToken, extra)
	switch {
	case err != nil || a.status == 0:
		return Unclear
	case c.isDead(c.entry.Whoami.Dead, a.status, a.body):
		return DeadToken
	case a.status >= 200 && a.status < 300 && refusal.ParseBody(a.body) != nil && !c.entry.Errors.Failed(refusal.ParseBody(a.body)):
		return Alive
	}
	return Unclear
}

// mayProbe keeps a token that was given before from a host that discovery names
// now: what the entry says is asked, and else the issuer's own host only.
func (c *Client) mayProbe(ctx context.Context) bool {
	if c.entry.Whoami.URL != "" || !c.canDiscover() {
		return true
	}
	ep, err := c.endpoints(ctx)
	return err == nil && catalog.Origin(ep.Userinfo) == catalog.Origin(ep.Issuer)
}

// isDead applies rules of what a rejected token looks like; by default a 401.
func (c *Client) isDead(rules []string, status int, body []byte) bool {
	if len(rules) == 0 {
		return status == http.StatusUnauthorized
	}
	return c.entry.Errors.AnyRule(rules, status, body)
}

// probeMCP asks the MCP server itself whether it still takes its token: it is
// the one whose word counts, and its issuer seldom has anybody else to ask. Which
// methods it knows does not matter; a token is looked at before that.
//
//	401                                 dead
//	2xx, 400, 404, 405, 406, 415, 422   alive: it was let through
//	anything else                       unclear
func (c *Client) probeMCP(ctx context.Context, accessToken string) Liveness {
	req, err := http.NewRequest(http.MethodGet, c.conn.MCP, nil)
	if err != nil {
		return Unclear
	}
	req.Header.Set("Accept", "application/json, text/event-stream")
	req.Header.Set("Authorization", "Bearer "+accessToken)
	status, _, err := c.sendForHeaders(ctx, req)
	if err != nil {
		return Unclear
	}
	switch status {
	case http.StatusUnauthorized:
		return DeadToken
	case http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotAcceptable,
		http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return Alive
	}
	if status >= 200 && status < 300 {
		return Alive
	}
	return Unclear
}

// Whoami says whose grant an answer is, with at most one request. An account
// that cannot be told is empty, not an error; the error is a *Failure of the
// request.
func (c *Client) Whoami(ctx context.Context, a Answer) (Account, error) {
	account := c.account(extraMembers(a.Extra))
	if c.entry.Whoami.FromIDToken {
		account = account.or(c.account(idClaims(a.IDToken)))
	}
	if account.ID != "" && account.Label != "" {
		return account, nil
	}
	said, err := c.askWhoami(ctx, a.AccessToken, a.Extra)
	if err != nil || said.status == 0 {
		return account.or(c.serverAccount()), err
	}
	if said.status != http.StatusOK || c.isDead(c.entry.Whoami.Dead, said.status, said.body) {
		return account.or(c.serverAccount()), refusal.Named(c.classify(refusal.ErrorRules{}, said), c.entry.Name)
	}
	return c.account(refusal.ParseBody(said.body)).or(account).or(c.serverAccount()), nil
}

// serverAccount: an MCP server seldom says whose token it is; its own name is
// better than none. It is no account, so it has no id.
func (c *Client) serverAccount() Account {
	if u, err := url.Parse(c.conn.MCP); err == nil {
		return Account{Label: u.Host}
	}
	return Account{}
}

// NamesServer reports whether an account's label is only the name of its server, as
// that of an MCP server is which says nobody's. A user may well be called "hub" at GitHub.
func NamesServer(provider, label string) bool {
	return label != "" && (provider == label || strings.HasSuffix(provider, " "+label))
}

// or fills what is missing.
func (a Account) or(b Account) Account {
	return Account{ID: cmp.Or(a.ID, b.ID), Label: cmp.Or(a.Label, b.Label)}
}

// account reads the id and the label at the entry's paths; for OpenID Connect
// the usual claims where the entry says nothing.
func (c *Client) account(members any) Account {
	a := Account{ID: refusal.TextAt(members, cmp.Or(c.entry.Whoami.AccountID, "sub"))}
	labels := c.entry.Whoami.Label
	if len(labels) == 0 {
		labels = []string{"email", "preferred_username", "name", "sub"}
	}
	for _, path := range labels {
		if a.Label = refusal.TextAt(members, path); a.Label != "" {
			break
		}
	}
	return a
}

// askWhoami makes the entry's whoami request. Status 0 without an error: there
// is nothing to ask.
func (c *Client) askWhoami(ctx context.Context, accessToken string, extra map[string]json.RawMessage) (answered, error) {
	where, err := c.whoamiURL(ctx)
	if err != nil || where == "" {
		return answered{}, err
	}
	req, err := c.bearerRequest(c.entry.Whoami.Method, where, c.entry.Whoami.Body, accessToken, extra)
	if err != nil {
		return answered{}, err
	}
	for k, v := range c.entry.Whoami.Headers {
		req.Header.Set(k, v)
	}
	c.AddAPIHeaders(req, extra) // where it is one of the API's own requests
	return c.say(ctx, req)
}

func (c *Client) whoamiURL(ctx context.Context) (string, error) {
	if c.entry.Whoami.URL != "" || !c.canDiscover() {
		return c.entry.Whoami.URL, nil
	}
	ep, err := c.endpoints(ctx)
	return ep.Userinfo, err
}

// idClaims reads an ID token's claims. Its signature is not looked at: it came
// over TLS from the token endpoint (OpenID Connect Core §3.1.3.7, 6), and only
// names the account for people.
func idClaims(idToken string) any {
	parts := strings.Split(idToken, ".")
	if len(parts) != 3 {
		return nil
	}
	claims, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return nil
	}
	return refusal.ParseJSON(claims)
}

func extraMembers(extra map[string]json.RawMessage) any {
	m := make(map[string]any, len(extra))
	for k, raw := range extra {
		m[k] = refusal.ParseJSON(raw)
	}
	return m
}
