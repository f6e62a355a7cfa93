package providers

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

// CodeNoRevocation is the Failure.Code of a provider that cannot be told: the
// grant is to be erased here, and Detail says where the user removes access.
const CodeNoRevocation = "no_revocation"

// Revoke gives a grant back. What the provider no longer knows counts as given
// back. The error is a *Failure, or ErrBindingChanged, and then nothing was sent.
func (c *Client) Revoke(ctx context.Context, r Revocation) error {
	if err := c.checkIdentity(r.Binding); err != nil {
		return err
	}
	ep, err := c.revokeEndpoints(ctx)
	if err != nil {
		return err
	}
	where := ep.Revoke
	if where == "" {
		return c.noRevocation()
	}
	if err := c.mayUse(r.Binding, ep, where); err != nil {
		return err
	}
	switch c.entry.Revoke.Style {
	case "bearer_post":
		return c.revokeByBearer(ctx, http.MethodPost, where, r)
	case "delete":
		return c.revokeByBearer(ctx, http.MethodDelete, where, r)
	case "github_app":
		return c.revokeAtGitHub(ctx, where, r)
	}
	return c.revokeStandard(ctx, where, r)
}

// revokeEndpoints has the entry's revocation URL, or the discovery document's
// where the token endpoint is the document's as well: a grant is bound to what
// one source says of both.
func (c *Client) revokeEndpoints(ctx context.Context) (endpoints, error) {
	ep, err := c.tokenEndpoints(ctx)
	if c.entry.Revoke.Style == "none" {
		ep.Revoke = ""
	}
	return ep, err
}

func (c *Client) noRevocation() error {
	f := c.misconfigured(CodeNoRevocation, "%s offers Authtray no way to revoke access.", c.entry.Name)
	if page := c.UserRevokeURL(); page != "" {
		f.Detail = "To end access at " + c.entry.Name + " as well, remove it at " + page
	}
	return f
}

// UserRevokeURL is the page where the user removes access; "" where none is known.
func (c *Client) UserRevokeURL() string {
	page := strings.ReplaceAll(c.entry.Links.UserRevoke, "{client_id}", url.PathEscape(c.clientID()))
	if catalog.Placeholder().MatchString(page) {
		return ""
	}
	return page
}

// revokeStandard is RFC 7009.
func (c *Client) revokeStandard(ctx context.Context, where string, r Revocation) error {
	for _, t := range c.tokensToRevoke(r) {
		if err := c.revokeOne(ctx, where, t, r); err != nil {
			return err
		}
	}
	return nil
}

type hintedToken struct{ token, hint string }

func (c *Client) tokensToRevoke(r Revocation) []hintedToken {
	refresh, access := hintedToken{r.RefreshToken, "refresh_token"}, hintedToken{r.AccessToken, "access_token"}
	list := []hintedToken{refresh, access}
	switch {
	case c.entry.Revoke.Token == "access", c.entry.Revoke.Token != "both" && r.RefreshToken == "":
		list = []hintedToken{access}
	case c.entry.Revoke.Token != "both":
		list = []hintedToken{refresh}
	}
	return slices.DeleteFunc(list, func(t hintedToken) bool { return t.token == "" })
}

func (c *Client) revokeOne(ctx context.Context, where string, t hintedToken, r Revocation) error {
	req, err := c.revokeRequest(ctx, where, url.Values{"token": {t.token}, "token_type_hint": {t.hint}})
	if err != nil {
		return err
	}
	if c.entry.Revoke.Auth == "bearer" {
		req.Header.Set("Authorization", "Bearer "+r.AccessToken)
	}
	return c.sendRevocation(ctx, req)
}

func (c *Client) revokeRequest(ctx context.Context, where string, form url.Values) (*http.Request, error) {
	if cmp.Or(c.entry.Revoke.Auth, "client") == "client" {
		return c.clientRequest(ctx, where, form)
	}
	body, contentType := encodeForm(form, c.entry.Client.Body)
	req, err := http.NewRequest(http.MethodPost, where, strings.NewReader(string(body)))
	if err != nil {
		return nil, c.misconfigured("bad_url", "%s has a revocation URL that is not one.", c.entry.Name)
	}
	req.Header.Set("Content-Type", contentType)
	return req, nil
}

// revokeByBearer is for providers that take the access token itself for the
// wish to end it (Dropbox, Strava, Slack; Meta and HubSpot with DELETE).
func (c *Client) revokeByBearer(ctx context.Context, method, where string, r Revocation) error {
	if r.AccessToken == "" {
		return c.noRevocation()
	}
	where = strings.ReplaceAll(where, "{refresh_token}", url.PathEscape(r.RefreshToken))
	req, err := c.bearerRequest(method, where, "", r.AccessToken, r.Extra)
	if err != nil {
		return err
	}
	for k, v := range c.entry.Whoami.Headers { // API versions (Heroku, Notion)
		req.Header.Set(k, v)
	}
	return c.sendRevocation(ctx, req)
}

// revokeAtGitHub deletes one token of the app with the app's own credentials.
// Without a client secret there is only the user's settings page: GitHub's other
// API takes tokens as leaked ones, and writes to their owner so.
func (c *Client) revokeAtGitHub(ctx context.Context, where string, r Revocation) error {
	secret, err := c.secret(ctx)
	if err != nil {
		return err
	}
	if secret == "" {
		return c.noRevocation()
	}
	body, _ := json.Marshal(map[string]string{"access_token": r.AccessToken}) // a string always marshals
	req, err := c.bearerRequest(http.MethodDelete, where, string(body), "", nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", basic(c.clientID(), secret))
	req.Header.Set("Accept", "application/vnd.github+json")
	return c.sendRevocation(ctx, req)
}

func (c *Client) sendRevocation(ctx context.Context, req *http.Request) error {
	a, err := c.say(ctx, req)
	if err != nil {
		return err
	}
	return c.revocationFailure(a)
}

// revocationFailure reads the answer to a revocation. A 2xx is done, unless the
// entry's ok_field or an error says otherwise (Slack, GitHub). "Unknown token" in
// any of its forms is done as well.
func (c *Client) revocationFailure(a answered) error {
	if refusal.TokenGone(c.entry.Errors, a.status, a.body) {
		return nil
	}
	f := c.classify(c.entry.Errors, a)
	if f.Class != refusal.Transient || a.status == http.StatusUnauthorized || a.status == http.StatusForbidden {
		f.Detail = fmt.Sprintf("The provider did not take the grant back (HTTP %d, %s), so it may still be good there.", a.status, f.Code)
		if page := c.UserRevokeURL(); page != "" {
			f.Detail += " Remove access at " + page
		}
	}
	return refusal.Named(f, c.entry.Name)
}
