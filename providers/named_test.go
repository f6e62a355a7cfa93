package providers

import (
	"net/http"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
)

type roundTrips func(*http.Request) (*http.Response, error)

func (f roundTrips) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Servers of Power BI and Fabric name the issuer of all tenants, whose document does not
// repeat its name.
func TestIssuerOfAllTenantsMayAnswerAsOne(t *testing.T) {
	const host, document = "https://login.microsoftonline.com/", "https://login.microsoftonline.com/{tenantid}/v2.0"
	for _, tt := range []struct {
		rule, issuer, said string
		taken              bool
	}{
		{"", host + "organizations/v2.0", document, true},
		{"", host + "common/v2.0", document, true},
		{"", host + "consumers/v2.0", host + "9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", true},
		{"", host + "common/v2.0", "https://evil.example/{tenantid}/v2.0", false},
		{"exact", host + "common/v2.0", document, false},
		{"", host + "11111111-2222-3333-4444-555555555555/v2.0", document, false},
		{"", "https://login.microsoftonline.com.evil.example/common/v2.0", "https://login.microsoftonline.com.evil.example/{tenantid}/v2.0", false},
		{"", "https://id.example/common/v2.0", "https://id.example/{tenantid}/v2.0", false},
	} {
		e := catalog.Entry{ID: "acme", Name: "Acme", Issuer: tt.issuer, IssuerMatch: tt.rule}
		c := testClient(t, e, func(_ *catalog.Connection, o *ClientOptions) {
			o.Transport = roundTrips(func(r *http.Request) (*http.Response, error) {
				return respond(r, 200, `{"issuer":"`+tt.said+`","authorization_endpoint":"https://192.0.2.1/a","token_endpoint":"https://192.0.2.1/t"}`), nil
			})
		})
		ep, err := c.endpoints(t.Context())
		if (err == nil) != tt.taken || tt.taken && ep.Issuer != tt.issuer {
			t.Errorf("%s says %s: issuer %q, %v", tt.issuer, tt.said, ep.Issuer, err)
		}
	}
}
