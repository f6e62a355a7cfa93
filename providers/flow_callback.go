package providers

import (
	"crypto/subtle"
	"errors"
	"net/url"
	"strings"

	"github.com/authtray/authtray/providers/refusal"
)

// callback is an authorization answer (RFC 6749 §4.1.2) as the browser brings
// it. It holds a state, and either a code or an error.
type callback struct {
	state     string
	code      string
	errorCode string // through SafeCode
	words     string // error_description as it came: hostile, see said
	iss       string
	hasIss    bool
	rawQuery  string // the whole of it
}

// Why a callback's query is not an authorization answer. Shown to people, so
// each says what to do.
var (
	errCallbackShape = errors.New("it is damaged; copy it whole")
	errCallbackState = errors.New("it has no state; copy it whole")
	errCallbackTwice = errors.New("it says something twice; copy it as the browser shows it")
	errCallbackEmpty = errors.New("it has neither a code nor an error; copy it whole")
)

// parseCallback reads the query of a redirect. RFC 6749 §3.1: no parameter may
// come twice.
func parseCallback(rawQuery string) (callback, error) {
	q, err := url.ParseQuery(rawQuery)
	if err != nil {
		return callback{}, errCallbackShape
	}
	for _, name := range []string{"state", "code", "error", "iss"} {
		if len(q[name]) > 1 {
			return callback{}, errCallbackTwice
		}
	}
	if q.Get("state") == "" {
		return callback{}, errCallbackState
	}
	if (q.Get("code") == "") == (q.Get("error") == "") {
		return callback{}, errCallbackEmpty
	}
	return callback{
		state: q.Get("state"), code: q.Get("code"), iss: q.Get("iss"), hasIss: q.Has("iss"),
		errorCode: safeCallbackError(q.Get("error")), rawQuery: rawQuery, words: q.Get("error_description"),
	}, nil
}

func safeCallbackError(code string) string {
	if code == "" {
		return ""
	}
	return refusal.SafeCode(code)
}

// sameSecret compares in constant time. An empty secret is the same as none.
func sameSecret(a, b string) bool {
	return a != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

// issuerRule is which iss (RFC 9207) a flow takes.
type issuerRule struct {
	issuer   string   // the one that the request went to; "": unknown
	match    string   // Client.issuerMatch
	required bool     // the metadata announce that iss always comes
	hosts    []string // without an issuer: hosts of the authorization and token endpoints
}

// allows says whether an answer with that iss may be acted on:
//
//	iss      issuer known          issuer unknown
//	absent   unless announced      yes
//	present  only if it matches    only on a host of the endpoints, or above or below one
func (r issuerRule) allows(iss string, present bool) bool {
	switch {
	case !present:
		return !r.required
	case r.issuer == "":
		return r.onOwnHost(iss)
	}
	return issuerMatches(r.match, r.issuer, iss)
}

func (r issuerRule) onOwnHost(iss string) bool {
	u, err := url.Parse(iss)
	if err != nil || u.Hostname() == "" {
		return false
	}
	for _, host := range r.hosts {
		if underOrAbove(host, lowerHost(u)) {
			return true
		}
	}
	return false
}

func lowerHost(u *url.URL) string { return strings.ToLower(u.Hostname()) }

// underOrAbove: www.example.com and example.com, but never a bare "com".
func underOrAbove(a, b string) bool {
	if a == b {
		return true
	}
	long, short := a, b
	if len(a) < len(b) {
		long, short = b, a
	}
	return strings.Contains(short, ".") && strings.HasSuffix(long, "."+short)
}

// issuerRule is which iss a flow at these endpoints takes.
func (c *Client) issuerRule(e endpoints) issuerRule {
	return issuerRule{
		issuer:   e.Issuer,
		match:    c.issuerMatch(e.Issuer),
		required: e.IssParamSupported,
		hosts:    hostsOf(e.Authorize, e.Token),
	}
}

// hostsOf the endpoints, in lower case.
func hostsOf(endpoints ...string) []string {
	var hosts []string
	for _, raw := range endpoints {
		if u, err := url.Parse(raw); err == nil && u.Hostname() != "" {
			hosts = append(hosts, lowerHost(u))
		}
	}
	return hosts
}
