package providers

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

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
		return account.or(c.serverAccount()), named(c.classify(ErrorRules{}, said), c.entry.Name)
	}
	return c.account(parseBody(said.body)).or(account).or(c.serverAccount()), nil
}

// serverAccount: an MCP server seldom says whose token it is; its own name is
// better than none. It is no account, so it has no id.
func (c *Client) serverAccount() Account {
	if u, err := url.Parse(c.conn.MCP); err == nil {
		return Account{Label: u.Host}
	}
	return Account{}
}

// or fills what is missing.
func (a Account) or(b Account) Account {
	return Account{ID: first(a.ID, b.ID), Label: first(a.Label, b.Label)}
}

// account reads the id and the label at the entry's paths; for OpenID Connect
// the usual claims where the entry says nothing.
func (c *Client) account(members any) Account {
	a := Account{ID: memberValue(members, first(c.entry.Whoami.AccountID, "sub"))}
	labels := c.entry.Whoami.Label
	if len(labels) == 0 {
		labels = []string{"email", "preferred_username", "name", "sub"}
	}
	for _, path := range labels {
		if a.Label = memberValue(members, path); a.Label != "" {
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
	return parseJSON(claims)
}

func extraMembers(extra map[string]json.RawMessage) any {
	m := make(map[string]any, len(extra))
	for k, raw := range extra {
		m[k] = parseJSON(raw)
	}
	return m
}
