package providers

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Registration is a client that a provider made for us (RFC 7591 §3.2.1). It is
// good at its issuer alone, and as long as that knows it; the id is no secret,
// and the secret belongs into the keychain.
type Registration struct {
	Issuer       string    `json:"issuer,omitempty"`
	ClientID     string    `json:"client_id"`
	ClientSecret string    `json:"-"`                      // "" for a public client
	SecretUntil  time.Time `json:"secret_until,omitzero"`  // zero: it does not expire
	Auth         string    `json:"auth,omitempty"`         // none | post | basic, as in ClientRules
	RedirectURI  string    `json:"redirect_uri,omitempty"` // the one that was registered, with its port
}

// Register asks the provider for a client of our own: a native app without a
// secret, or with one where the entry or the provider wants it. The error is a
// *Failure.
func (c *Client) Register(ctx context.Context, redirectURIs []string) (Registration, error) {
	ep, err := c.endpoints(ctx)
	if err != nil {
		return Registration{}, err
	}
	if ep.Registration == "" {
		return Registration{}, c.misconfigured("no_registration", "%s does not register clients by itself; register an app there and set client_id.", c.entry.Name)
	}
	method := c.registrationAuth(ep.AuthMethods)
	body, _ := json.Marshal(c.clientMetadata(redirectURIs, method)) // strings always marshal
	req, err := http.NewRequest(http.MethodPost, ep.Registration, bytes.NewReader(body))
	if err != nil {
		return Registration{}, c.misconfigured("bad_url", "%s has a registration URL that is not one.", c.entry.Name)
	}
	req.Header.Set("Content-Type", "application/json")
	status, header, answer, err := c.send(ctx, req)
	if err != nil {
		return Registration{}, err
	}
	r, err := c.readRegistration(status, header, answer)
	if err != nil {
		return Registration{}, err
	}
	r.Issuer, r.Auth = ep.Issuer, registeredAuth(memberValue(parseBody(answer), "token_endpoint_auth_method"), method, r.ClientSecret != "", ep.AuthMethods)
	if len(redirectURIs) > 0 {
		r.RedirectURI = redirectURIs[0]
	}
	return r, nil
}

// registrationAuth is how the new client will say who it is: as the entry wants,
// else without a secret, unless the provider announces that it takes no such
// clients.
func (c *Client) registrationAuth(announced []string) string {
	usual := map[string]string{"basic": "client_secret_basic", "post": "client_secret_post"}[c.entry.Client.Auth]
	if usual == "" {
		usual = "none"
	}
	if len(announced) == 0 || slices.Contains(announced, usual) {
		return usual
	}
	for _, other := range []string{"none", "client_secret_basic", "client_secret_post"} {
		if slices.Contains(announced, other) {
			return other
		}
	}
	return usual
}

// registeredAuth is what the provider made of it (RFC 7591 §3.2.1: it may change
// what was asked for), in the words of ClientRules. A client without a secret
// has nothing to prove itself with; one that was given a secret unasked, and not
// told that it needs none, had better use it: basic is what saying nothing means
// (RFC 7591 §2).
func registeredAuth(answered, asked string, hasSecret bool, announced []string) string {
	switch is := first(answered, asked); {
	case !hasSecret, answered == "none":
		return "none"
	case is == "client_secret_post":
		return "post"
	case is == "none" && slices.Contains(announced, "client_secret_post") && !slices.Contains(announced, "client_secret_basic"):
		return "post"
	}
	return "basic"
}

func (c *Client) clientMetadata(redirectURIs []string, method string) map[string]any {
	m := map[string]any{
		"client_name":                "Authtray",
		"application_type":           "native",
		"redirect_uris":              redirectURIs,
		"grant_types":                []string{"authorization_code", "refresh_token"},
		"response_types":             []string{"code"},
		"token_endpoint_auth_method": method,
	}
	if scopes := c.scopes(nil); len(scopes) > 0 {
		m["scope"] = strings.Join(scopes, " ")
	}
	return m
}

func (c *Client) readRegistration(status int, header http.Header, body []byte) (Registration, error) {
	m := parseBody(body)
	r := Registration{ClientID: memberValue(m, "client_id"), ClientSecret: memberValue(m, "client_secret")}
	if status < 200 || status > 299 || r.ClientID == "" {
		f := Classify(ErrorRules{}, status, header, body, c.now())
		if f.Class != Transient {
			f.Class, f.Detail = Misconfigured, "The provider did not register a client for Authtray ("+f.Code+"); register an app there and set client_id."
		}
		return Registration{}, named(f, c.entry.Name)
	}
	if at, ok := moment(lookup(m, "client_secret_expires_at")); ok {
		r.SecretUntil = at
	}
	return r, nil
}
