package providers

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	"github.com/authtray/authtray/providers/catalog"
)

// Refresh renews a grant. A provider that gives no new refresh token leaves
// Answer.RefreshToken empty: the old one stays. The error is a *Failure, or
// ErrBindingChanged, and then nothing was sent.
//
// Where the entry knows how long the provider accepts a used refresh token again
// (tokens.grace), silence is waited for only so long that the request can be
// repeated meanwhile; else for RequestTimeout.
func (c *Client) Refresh(ctx context.Context, r RefreshRequest) (Answer, error) {
	if err := c.checkIdentity(r.Binding); err != nil {
		return Answer{}, err
	}
	ep, err := c.tokenEndpoints(ctx)
	if err != nil {
		return Answer{}, err
	}
	endpoint, err := c.accountEndpoint(ep.Refresh, r.Extra)
	if err != nil {
		return Answer{}, err
	}
	if err := c.mayUse(r.Binding, ep, ep.Token, endpoint); err != nil {
		return Answer{}, err
	}
	ctx, cancel := untilSilent(ctx, patience(catalog.Span(c.entry.Tokens.Grace)))
	defer cancel()
	answer, err := c.tokenRequest(ctx, endpoint, c.refreshForm(r))
	if err != nil {
		return Answer{}, err
	}
	if r.RefreshToken != "" {
		answer = answer.renewable()
	}
	answer.Extra = mergeExtra(r.Extra, answer.Extra)
	return answer, nil
}

// Of a grace that is shorter than shortGrace, leastPatience leaves too little for
// another request.
const (
	shortGrace    = 12 * time.Second
	leastPatience = 8 * time.Second
)

// patience is how long a provider with that grace may be silent, counted from the
// sending of the request: a third of it, so that the second request is sent inside
// it even if the network takes its time. 0: there is no early end.
func patience(grace time.Duration) time.Duration {
	if grace < shortGrace {
		return 0
	}
	return max(grace/3, leastPatience)
}

// untilSilent gives ctx up so long after a request has been sent with it, whatever
// part of the answer has come by then. after 0: it does not.
func untilSilent(ctx context.Context, after time.Duration) (context.Context, context.CancelFunc) {
	ctx, giveUp := context.WithCancelCause(ctx)
	if after > 0 {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() {
			go func() {
				select {
				case <-ctx.Done():
				case <-time.After(after):
					giveUp(context.DeadlineExceeded)
				}
			}()
		}})
	}
	return ctx, func() { giveUp(nil) }
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
	for name, values := range form {
		if values[0] == catalog.RedirectURIParam {
			form.Set(name, c.entry.RedirectURI())
		}
	}
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
