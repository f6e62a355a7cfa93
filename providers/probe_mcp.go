package providers

import (
	"context"
	"net/http"
)

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
	status, _, err := c.ask(ctx, req)
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
