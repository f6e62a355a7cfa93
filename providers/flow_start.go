package providers

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
)

// Authorize starts a flow (RFC 8252, RFC 8628). ctx bounds the start alone; the
// flow lives until it ends by itself, or by Cancel. The error is a *Failure, or
// says what in the entry or connection must be mended.
func (c *Client) Authorize(ctx context.Context, o AuthorizeOptions) (*Flow, error) {
	f := newFlow(ctx, c, o)
	if err := f.start(ctx, o); err != nil {
		f.end(Result{}, err)
		return nil, err
	}
	return f, nil
}

func (f *Flow) start(ctx context.Context, o AuthorizeOptions) error {
	switch o.Mode {
	case Browser, URLOnly:
		return f.startCode(ctx, o)
	case Device:
		return f.startDevice(ctx, o)
	}
	return fmt.Errorf("there is no way to connect called %q; use browser, url or device", o.Mode)
}

// randomText returns n random bytes in base64url.
func randomText(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails; it crashes the program instead
	return base64.RawURLEncoding.EncodeToString(b)
}
