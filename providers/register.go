package providers

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// Registration is a client that a provider made for us (RFC 7591 §3.2.1). The
// id belongs into the connection's file, the secret into the keychain.
type Registration struct {
	ClientID     string
	ClientSecret string    // "" for a public client
	SecretUntil  time.Time // zero: it does not expire
}

// Register asks the provider for a client of our own: a native app without a
// secret, or with one where the entry wants it. The error is a *Failure.
func (c *Client) Register(ctx context.Context, redirectURIs []string) (Registration, error) {
	ep, err := c.endpoints(ctx)
	if err != nil {
		return Registration{}, err
	}
	if ep.Registration == "" {
		return Registration{}, c.misconfigured("no_registration", "%s does not register clients by itself; register an app there and set client_id.", c.entry.Name)
	}
	body, _ := json.Marshal(c.clientMetadata(redirectURIs)) // strings always marshal
	req, err := http.NewRequest(http.MethodPost, ep.Registration, bytes.NewReader(body))
	if err != nil {
		return Registration{}, c.misconfigured("bad_url", "%s has a registration URL that is not one.", c.entry.Name)
	}
	req.Header.Set("Content-Type", "application/json")
	status, header, answer, err := c.send(ctx, req)
	if err != nil {
		return Registration{}, err
	}
	return c.readRegistration(status, header, answer)
}

func (c *Client) clientMetadata(redirectURIs []string) map[string]any {
	m := map[string]any{
		"client_name":                "Authtray",
		"application_type":           "native",
		"redirect_uris":              redirectURIs,
		"grant_types":                []string{"authorization_code", "refresh_token"},
		"response_types":             []string{"code"},
		"token_endpoint_auth_method": map[string]string{"basic": "client_secret_basic", "post": "client_secret_post"}[c.entry.Client.Auth],
	}
	if m["token_endpoint_auth_method"] == "" {
		m["token_endpoint_auth_method"] = "none"
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
