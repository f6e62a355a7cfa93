package providers

import (
	"errors"
	"testing"
)

func TestAGrantIsSentOnlyWhereItWasMade(t *testing.T) {
	home, elsewhere := newRecord(t, answers(200, goodAnswer)), newRecord(t, answers(200, goodAnswer))
	e := testEntry(home.URL)
	e.Revoke.URL = home.URL + "/revoke"
	made := bindingOf(t, testClient(t, e))
	for name, change := range map[string]func(*Entry, *Connection){
		"token endpoint":   func(e *Entry, _ *Connection) { e.Token = elsewhere.URL + "/token" },
		"refresh endpoint": func(e *Entry, _ *Connection) { e.Refresh = elsewhere.URL + "/token" },
		"client id":        func(_ *Entry, c *Connection) { c.ClientID = "another" },
		"issuer":           func(e *Entry, _ *Connection) { e.Issuer = elsewhere.URL },
	} {
		changed := e.clone()
		c := testClient(t, changed, func(c *Connection, _ *ClientOptions) { change(&changed, c) })
		c.entry = changed
		if _, err := c.Refresh(t.Context(), RefreshRequest{RefreshToken: "r", Binding: made}); !errors.Is(err, ErrBindingChanged) {
			t.Errorf("%s: refresh: %v", name, err)
		}
	}
	moved := e.clone()
	moved.Revoke.URL = elsewhere.URL + "/revoke"
	if err := testClient(t, moved).Revoke(t.Context(), Revocation{RefreshToken: "r", Binding: made}); !errors.Is(err, ErrBindingChanged) {
		t.Errorf("revoke: %v", err)
	}
	if _, err := testClient(t, e).Refresh(t.Context(), RefreshRequest{RefreshToken: "r"}); !errors.Is(err, ErrBindingChanged) {
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
	a := Entry{Token: "https://Acme.Example:443/a", Revoke: RevokeRules{URL: "https://api.acme.example/revoke"}}
	b := Entry{Token: "https://acme.example/b", Refresh: "https://acme.example/c", Revoke: RevokeRules{URL: "https://api.acme.example:443/r"}}
	x, y := bindingOf(t, testClient(t, a)), bindingOf(t, testClient(t, b))
	if len(x.Origins) != 2 || x.Origins[0] != y.Origins[0] || x.Origins[1] != y.Origins[1] || x.Origins[0] != "https://acme.example:443" {
		t.Errorf("%v %v", x, y)
	}
}
