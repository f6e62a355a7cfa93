package providers

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"strings"
)

// Refresh renews a grant. A provider that gives no new refresh token leaves
// Answer.RefreshToken empty: the old one stays. The error is a *Failure, or
// ErrBindingChanged, and then nothing was sent.
func (c *Client) Refresh(ctx context.Context, r RefreshRequest) (Answer, error) {
	if err := c.checkIdentity(r.Binding); err != nil {
		return Answer{}, err
	}
	ep, err := c.tokenEndpoints(ctx)
	if err != nil {
		return Answer{}, err
	}
	if err := errors.Join(r.Binding.checkIssuer(ep.Issuer), r.Binding.covers(ep.Token, ep.Refresh)); err != nil {
		return Answer{}, err
	}
	answer, err := c.tokenRequest(ctx, ep.Refresh, c.refreshForm(r))
	if err != nil {
		return Answer{}, err
	}
	if r.RefreshToken != "" {
		answer = answer.renewable()
	}
	answer.Extra = mergeExtra(r.Extra, answer.Extra)
	return answer, nil
}

func (c *Client) refreshForm(r RefreshRequest) url.Values {
	o := c.entry.AuthorizeOpts
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {r.RefreshToken}}
	if c.entry.HasQuirk("meta_exchange") {
		form = metaExchange(r.AccessToken)
	}
	set(form, "scope", strings.Join(r.Scopes, cmp.Or(o.ScopeSep, " ")))
	set(form, "resource", cmp.Or(r.Resource, c.resource()))
	setAll(form, o.RefreshParams)
	return form
}

// mergeExtra: what an answer does not repeat stays as it was.
func mergeExtra(old, new map[string]json.RawMessage) map[string]json.RawMessage {
	if len(old) == 0 {
		return new
	}
	merged := maps.Clone(old)
	maps.Copy(merged, new)
	return merged
}
