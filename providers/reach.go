package providers

import (
	"context"
	"net/http"
	"time"
)

// Reached is what a provider's token endpoint said of itself.
type Reached struct {
	Origin string    // where it is
	Date   time.Time // the provider's clock; zero where it did not say
}

// Reach sees whether the token endpoint can be reached as a refresh would reach
// it: discovery, proxy, certificate. It sends no token, no secret and no client
// id. Any answer will do. The error is a *Failure.
func (c *Client) Reach(ctx context.Context) (Reached, error) {
	e, err := c.tokenEndpoints(ctx)
	if err != nil {
		return Reached{}, err
	}
	req, err := http.NewRequest(http.MethodHead, e.Token, nil)
	if err != nil {
		return Reached{}, c.misconfigured("bad_url", "The token endpoint %s is not a URL; correct it.", e.Token)
	}
	_, header, err := c.ask(ctx, req)
	if err != nil {
		return Reached{Origin: origin(e.Token)}, err
	}
	date, _ := http.ParseTime(header.Get("Date"))
	return Reached{Origin: origin(e.Token), Date: date}, nil
}
