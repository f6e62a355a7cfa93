package providers

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// WithSlash is the address that was asked with a slash behind its path, where that is
// where the answer sends the request, as the routers of Starlette (FastMCP) and Django
// do; nil for any other answer. It is an address of the same server, whatever scheme a
// proxy made of it, so that a token may go there.
func WithSlash(asked *url.URL, status int, header http.Header) *url.URL {
	redirects := []int{http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect}
	at, err := asked.Parse(header.Get("Location"))
	if err != nil || !slices.Contains(redirects, status) || strings.HasSuffix(asked.Path, "/") || at.EscapedPath() != asked.EscapedPath()+"/" ||
		!strings.EqualFold(at.Hostname(), asked.Hostname()) || at.RawQuery != asked.RawQuery {
		return nil
	}
	same := *asked
	if same.Path += "/"; same.RawPath != "" {
		same.RawPath += "/"
	}
	return &same
}
