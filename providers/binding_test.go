package providers

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

func TestAGrantIsSentOnlyWhereItWasMade(t *testing.T) {
	home, elsewhere := newRecord(t, answers(200, goodAnswer)), newRecord(t, answers(200, goodAnswer))
	e := testEntry(home.URL)
	e.Revoke.URL = home.URL + "/revoke"
	made := bindingOf(t, testClient(t, e))
	for name, change := range map[string]func(*catalog.Entry, *catalog.Connection){
		"token endpoint":   func(e *catalog.Entry, _ *catalog.Connection) { e.Token = elsewhere.URL + "/token" },
		"refresh endpoint": func(e *catalog.Entry, _ *catalog.Connection) { e.Refresh = elsewhere.URL + "/token" },
		"client id":        func(_ *catalog.Entry, c *catalog.Connection) { c.ClientID = "another" },
		"issuer":           func(e *catalog.Entry, _ *catalog.Connection) { e.Issuer = elsewhere.URL },
	} {
		changed := e.Clone()
		c := testClient(t, changed, func(c *catalog.Connection, _ *ClientOptions) { change(&changed, c) })
		c.entry = &changed
		if _, err := c.Refresh(t.Context(), RefreshRequest{RefreshToken: "r", Binding: made}); !errors.Is(err, refusal.ErrBindingChanged) {
			t.Errorf("%s: refresh: %v", name, err)
		}
	}
	moved := e.Clone()
	moved.Revoke.URL = elsewhere.URL + "/revoke"
	if err := testClient(t, moved).Revoke(t.Context(), Revocation{RefreshToken: "r", Binding: made}); !errors.Is(err, refusal.ErrBindingChanged) {
		t.Errorf("revoke: %v", err)
	}
	if _, err := testClient(t, e).Refresh(t.Context(), RefreshRequest{RefreshToken: "r"}); !errors.Is(err, refusal.ErrBindingChanged) {
		t.Errorf("a grant bound to nothing: %v", err)
	}
	if n := len(home.requests()) + len(elsewhere.requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	if _, err := testClient(t, e).Refresh(t.Context(), RefreshRequest{RefreshToken: "r", Binding: made}); err != nil {
		t.Errorf("unchanged: %v", err)
	}
}

func TestABindingIsTheSameHoweverAnOriginIsSpelled(t *testing.T) {
	a := catalog.Entry{Token: "https://Acme.Example:443/a", Revoke: catalog.RevokeRules{URL: "https://api.acme.example/revoke"}}
	b := catalog.Entry{Token: "https://acme.example/b", Refresh: "https://acme.example/c", Revoke: catalog.RevokeRules{URL: "https://api.acme.example:443/r"}}
	x, y := bindingOf(t, testClient(t, a)), bindingOf(t, testClient(t, b))
	if len(x.Origins) != 2 || x.Origins[0] != y.Origins[0] || x.Origins[1] != y.Origins[1] || x.Origins[0] != "https://acme.example:443" {
		t.Errorf("%v %v", x, y)
	}
}

// Before there is a grant there is no binding. A document that somebody changed
// must all the same not bring the client secret to a host of theirs.
func TestTheSecretIsNotPushedWhereOnlyDiscoverySaysSo(t *testing.T) {
	for _, tt := range []struct {
		name, document string // members beside issuer, authorization and token endpoint; AWAY stands for another origin
		mode           Mode
		secret         string
		own            func(e *catalog.Entry, away string)
		starts, told   bool
	}{
		{"PAR offered elsewhere", `"pushed_authorization_request_endpoint":"AWAY/par"`, Browser, "s3cr3t", nil, true, false},
		{"PAR required elsewhere", `"pushed_authorization_request_endpoint":"AWAY/par","require_pushed_authorization_requests":true`, Browser, "s3cr3t", nil, false, false},
		{"PAR elsewhere, and no secret", `"pushed_authorization_request_endpoint":"AWAY/par"`, Browser, "", nil, true, true},
		{"PAR elsewhere, by the entry", `"x":1`, Browser, "s3cr3t", func(e *catalog.Entry, away string) { e.PAR = away + "/par" }, true, true},
		{"a device endpoint elsewhere", `"device_authorization_endpoint":"AWAY/device"`, Device, "s3cr3t", nil, false, false},
		{"a device endpoint elsewhere, and no secret", `"device_authorization_endpoint":"AWAY/device"`, Device, "", nil, true, true},
		{"a device endpoint elsewhere, by the entry", `"x":1`, Device, "s3cr3t", func(e *catalog.Entry, away string) { e.Device = away + "/device" }, true, true},
		{"a device endpoint beside the token endpoint", `"token_endpoint":"AWAY/token","device_authorization_endpoint":"AWAY/device"`, Device, "s3cr3t", nil, true, true},
	} {
		away := newRecord(t, answers(201, `{"request_uri":"urn:x","device_code":"d","user_code":"A","verification_uri":"https://op.example/device"}`))
		home := newRecord(t, nil)
		document := fmt.Sprintf(`{"issuer":%[1]q,"authorization_endpoint":"%[1]s/a","token_endpoint":"%[1]s/token",`, home.URL)
		home.answer = answers(200, document+strings.ReplaceAll(tt.document, "AWAY", away.URL)+"}")
		e := catalog.Entry{ID: "acme", Name: "Acme", Issuer: home.URL, Client: catalog.ClientRules{Auth: "post", Secret: "optional"}}
		if tt.own != nil {
			tt.own(&e, away.URL)
		}
		flow, err := testClient(t, e, withSecret(tt.secret)).Authorize(t.Context(), AuthorizeOptions{Mode: tt.mode, AcceptHost: "op.example"})
		if err == nil {
			flow.Cancel()
			flow.leave()
		} else if f := failureOf(t, err); f.Code != "foreign_host" || !strings.Contains(f.Detail, "the client secret was not sent there") {
			t.Errorf("%s: %+v", tt.name, f)
		}
		if (err == nil) != tt.starts || (len(away.requests()) > 0) != tt.told {
			t.Errorf("%s: started %v, %d requests elsewhere", tt.name, err == nil, len(away.requests()))
		}
	}
}
