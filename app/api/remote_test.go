package api

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// TestTheForwardedSocketSeesTheNameThatTheRoutesSee: whatever way it is written.
func TestTheForwardedSocketSeesTheNameThatTheRoutesSee(t *testing.T) {
	for _, c := range []struct {
		method, target string
		want           int
	}{
		{"GET", "/v1/connections/open/token", 200},
		{"GET", "/v1/connections/%6Fpen/token", 200},
		{"POST", "/v1/connections/open/rejected", 200},
		{"GET", "/v1/connections/open/api", 200},
		{"GET", "/v1/connections/open/api/a%2Fb", 200},
		{"GET", "/v1/connections/open%2Fapi", 403},
		{"PUT", "/v1/connections/open%2Fapi", 403},
		{"DELETE", "/v1/connections/open%2Fapi%2Fx", 403},
		{"GET", "/v1/connections/open%2Fapi/token", 403},
		{"GET", "/v1/connections/open%2Ftoken", 403},
		{"GET", "/v1/connections/closed%2F..%2Fopen/token", 403},
		{"GET", "/v1/connections/closed/token", 403},
		{"GET", "/v1/connections/closed/api/open", 403},
		{"GET", "/v1/connections//token", 403},
		{"POST", "/v1/connections/open/token", 403},
		{"GET", "/v1/connections/open/rejected", 403},
		{"POST", "/v1/connections/open/connect", 403},
		{"GET", "/v1/connections/open", 403},
		{"GET", "/v1/connections", 403},
		{"GET", "/v1/hosts/open", 403},
		{"POST", "/v1/quit", 403},
	} {
		f := newFake()
		r := httptest.NewRequest(c.method, "http://agent/", strings.NewReader(`{"access_token":"at-1"}`))
		u, err := url.ParseRequestURI(c.target)
		if err != nil {
			t.Fatal(err)
		}
		r.URL = u
		w := httptest.NewRecorder()
		NewRemoteServer(f, func(name string) bool { return name == "open" }, quiet).ServeHTTP(w, r)
		if w.Code != c.want || f.quits != 0 {
			t.Errorf("%s %s: answered %d %s, want %d", c.method, c.target, w.Code, w.Body, c.want)
		}
	}
}
