package catalog

import (
	"cmp"
	"net/url"
	"strconv"
)

// RedirectRules is what redirect URI the provider accepts (RFC 8252 §7.3).
type RedirectRules struct {
	Host string `toml:"host,omitempty" json:"host,omitempty"` // 127.0.0.1 | localhost | any | https_only ["127.0.0.1"]
	Port string `toml:"port,omitempty" json:"port,omitempty"` // any | fixed | exact | a number ["any"]; fixed and exact mean FixedPort
	Path string `toml:"path,omitempty" json:"path,omitempty"` // ["/callback"]
	URL  string `toml:"url,omitempty" json:"url,omitempty"`   // https_only: the registered https URL, used by paste-back
}

// FixedPort is the loopback port of providers that want an exact redirect URI.
// The number is unassigned at IANA; `--set redirect.port=N` takes another.
const FixedPort = 47811

// RedirectRule is the entry's redirect fields with their defaults in place.
func (e Entry) RedirectRule() RedirectRule {
	r := RedirectRule{Host: e.Redirect.Host, Path: cmp.Or(e.Redirect.Path, "/callback")}
	switch e.Redirect.Host {
	case "https_only":
		return RedirectRule{URL: e.Redirect.URL, Paste: true}
	case "", "any":
		r.Host = "127.0.0.1"
	}
	switch e.Redirect.Port {
	case "", "any":
	case "fixed", "exact":
		r.Port = FixedPort
	default:
		r.Port, _ = strconv.Atoi(e.Redirect.Port) // checked when loaded
	}
	return r
}

// RedirectURI is what to register at the provider, exactly; without a port where
// the provider takes any.
func (e Entry) RedirectURI() string {
	r := e.RedirectRule()
	if r.Paste {
		return e.fill(e.sampleValues()).Redirect.URL
	}
	u := url.URL{Scheme: "http", Host: r.Host, Path: r.Path}
	if r.Port != 0 {
		u.Host += ":" + strconv.Itoa(r.Port)
	}
	return u.String()
}

// RedirectRule is what redirect URI the provider takes.
type RedirectRule struct {
	Host  string // "127.0.0.1" or "localhost": what stands in the redirect URI
	Port  int    // 0: any free one
	Path  string
	URL   string // the registered https URL; set where only paste-back works
	Paste bool   // no loopback redirect is accepted
}
