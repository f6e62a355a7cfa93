package socket

import (
	"context"
	"net"
	"net/http"
)

// Client is an HTTP client whose every request goes to the agent at address,
// whatever host its URL names: "http://agent/v1/…".
func Client(address string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext:        func(ctx context.Context, _, _ string) (net.Conn, error) { return Dial(ctx, address) },
		DisableCompression: true,
	}}
}
