package providers

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
)

// pcloud is a provider that keeps each account at one of its hosts.
func pcloud(t *testing.T, change ...func(*catalog.Connection, *ClientOptions)) *Client {
	t.Helper()
	e := testEntry("https://api.acme.example")
	e.Tokens.KeepCallback = []string{"hostname"}
	e.Tokens.HostFrom, e.Tokens.Hosts = "hostname", []string{"api.acme.example", "eapi.acme.example"}
	return testClient(t, e, change...)
}

func TestTokenEndpointIsAtTheAccountsHost(t *testing.T) {
	var asked []string
	c := pcloud(t, func(_ *catalog.Connection, o *ClientOptions) {
		o.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			asked = append(asked, r.URL.Host)
			return respond(r, 200, goodAnswer), nil
		})
	})
	for _, tt := range []struct{ name, query, host string }{
		{"named", "hostname=eapi.acme.example", "eapi.acme.example"},
		{"not named", "", "api.acme.example"},
		{"somebody else's", "hostname=evil.example", ""},
		{"with a port", "hostname=eapi.acme.example:444", ""},
		{"with a user", "hostname=eapi.acme.example@evil.example", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked = nil
			binding := bindingOf(t, c)
			a, err := c.exchange(t.Context(), "code", "verifier", "http://127.0.0.1/", "", c.callbackMembers(tt.query))
			if tt.host == "" {
				if f := failureOf(t, err); f.Code != "foreign_host" || len(asked) > 0 || strings.Contains(f.Detail, "evil") {
					t.Errorf("%+v, asked %v", f, asked)
				}
				return
			}
			if err == nil {
				_, err = c.Refresh(t.Context(), RefreshRequest{RefreshToken: "rt", Binding: binding, Extra: a.Extra})
			}
			if err != nil || len(asked) != 2 || asked[0] != tt.host || asked[1] != tt.host {
				t.Errorf("%v, asked %v, want %s", err, asked, tt.host)
			}
		})
	}
}

// A value of the provider's in the middle of a URL must not move its host either.
func TestMemberInAHostMustNameAHostOfTheAPI(t *testing.T) {
	e := testEntry("https://acme.example")
	e.Tokens.Keep = []string{"region"}
	e.API = catalog.APIRules{Base: "https://{region}/v1", Hosts: []string{"*.acme.example"}}
	c := testClient(t, e)
	for region, want := range map[string]bool{"eu.acme.example": true, "evil.example": false, "acme.example": false, "": false} {
		t.Run(region, func(t *testing.T) {
			u, err := c.API("/x", map[string]json.RawMessage{"region": json.RawMessage(`"` + region + `"`)})
			if (err == nil) != want {
				t.Errorf("%v %v", u, err)
			}
		})
	}
}
