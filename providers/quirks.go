package providers

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
)

// quirks are the behaviours that an entry's data cannot carry. An entry names
// the ones that apply.
var quirks = map[string]string{
	"meta_exchange":       "a long-lived access token is exchanged for another one; there is no refresh token",
	"mcp_bootstrap":       "the issuer is asked of the MCP server, and every request names the server (RFC 9728, RFC 8707)",
	"atlassian_resources": "the sites that the token opens are asked for, and kept as cloud_id, site_url and resources",
}

func (e Entry) hasQuirk(name string) bool { return slices.Contains(e.Quirks, name) }

// RefreshesAccessToken says that a grant is renewed with its access token:
// it can be refreshed though it has no refresh token.
func (e Entry) RefreshesAccessToken() bool { return e.hasQuirk("meta_exchange") }

// metaExchange is Meta's own grant: a token for a longer-lived one.
func metaExchange(accessToken string) url.Values {
	return url.Values{"grant_type": {"fb_exchange_token"}, "fb_exchange_token": {accessToken}}
}

// atlassianSites is where Atlassian says which sites a token opens: the API's
// URLs hold the site's id.
const atlassianSites = "https://api.atlassian.com/oauth/token/accessible-resources"

// afterExchange adds what a provider tells only when asked. Its failure costs
// the answer nothing.
func (c *Client) afterExchange(ctx context.Context, a Answer) Answer {
	if c.entry.hasQuirk("atlassian_resources") {
		req, _ := http.NewRequest(http.MethodGet, atlassianSites, nil)
		req.Header.Set("Authorization", "Bearer "+a.AccessToken)
		if status, _, body, err := c.send(ctx, req); err == nil && status == http.StatusOK {
			a.Extra = mergeExtra(a.Extra, atlassianExtra(body, c.conn.Vars["site"]))
		}
	}
	return a
}

// atlassianExtra takes the site that the connection names (its host name), or
// the first one, and the whole list for those who want another.
func atlassianExtra(body []byte, site string) map[string]json.RawMessage {
	list, ok := parseBody(body).([]any)
	if !ok || len(list) == 0 {
		return nil
	}
	chosen := list[0]
	for _, s := range list {
		if u, err := url.Parse(memberValue(s, "url")); err == nil && site != "" && u.Host == site {
			chosen = s
		}
	}
	return keepAs(map[string]any{"cloud_id": lookup(chosen, "id"), "site_url": lookup(chosen, "url"), "resources": list})
}

func keepAs(members map[string]any) map[string]json.RawMessage {
	extra := make(map[string]json.RawMessage, len(members))
	for k, v := range members {
		if raw, err := json.Marshal(v); err == nil && v != nil {
			extra[k] = raw
		}
	}
	return extra
}
