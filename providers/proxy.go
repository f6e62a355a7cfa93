package providers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"

	"github.com/authtray/authtray/providers/catalog"
)

// proxyFor is the proxy of HTTPS_PROXY and friends, which is never asked for this
// machine.
func proxyFor(r *http.Request) (*url.URL, error) {
	if catalog.IsLoopbackHost(r.URL.Hostname()) {
		return nil, nil
	}
	if host, variable := Proxy(); host == "" && variable != "" { // which net/http would leave out without a word
		return nil, &proxyError{why: "is no proxy's address"}
	}
	return http.ProxyFromEnvironment(r)
}

// Proxy is the host of the proxy through which https requests go, and the variable
// of this process that says so; "" where they go without one. A password that
// stands there is not part of it.
func Proxy() (host, variable string) {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		value := os.Getenv(name)
		if value == "" {
			continue
		}
		u, err := url.Parse(value)
		if err != nil || u.Host == "" {
			u, err = url.Parse("http://" + value)
		}
		if err != nil || u.Host == "" {
			return "", name
		}
		return u.Host, name
	}
	return "", ""
}

// proxyError is a request that ended at the proxy: what came, came not from the
// provider.
type proxyError struct {
	host string // and port; "" where the variable holds no address
	why  string // continues "the proxy HOST"
	err  error
}

func (e *proxyError) Error() string { return "the proxy " + e.host + " " + e.why }
func (e *proxyError) Unwrap() error { return e.err }

func (e *proxyError) sentence() string {
	_, variable := Proxy()
	variable = cmp.Or(variable, "HTTPS_PROXY")
	if e.host == "" {
		return "What " + variable + " holds in the agent's environment " + e.why + "; correct it and start the agent again."
	}
	return fmt.Sprintf("The proxy %s, which %s names in the agent's environment, %s.", e.host, variable, e.why)
}

// refusedByProxy reads what a proxy answered to CONNECT.
func refusedByProxy(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
	switch answer.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusProxyAuthRequired:
		return &proxyError{host: proxy.Host, why: "wants a user name and password (HTTP 407); put them there: http://USER:PASSWORD@" + proxy.Host}
	}
	return &proxyError{host: proxy.Host, why: fmt.Sprintf("does not connect us to the provider (HTTP %d)", answer.StatusCode)}
}

// ofProxy is err, with the proxy's name where it could not be connected to.
func ofProxy(r *http.Request, err error) error {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "proxyconnect" {
		return err
	}
	proxy, failed := proxyFor(r)
	if failed != nil || proxy == nil {
		return err
	}
	why := "could not be reached"
	if errors.As(err, new(*net.DNSError)) {
		why = "cannot be found: its name does not resolve"
	}
	return &proxyError{host: proxy.Host, why: why, err: op.Err}
}
