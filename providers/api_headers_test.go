package providers

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
)

func TestHeadersOfTheEntryAreSentToItsAPI(t *testing.T) {
	e := testEntry("https://acme.example")
	e.API = catalog.APIRules{Base: "https://api.acme.example", Headers: map[string]string{
		"Acme-Version": "7", "Acme-Client": "{client_id}", "Acme-Tenant": "{tenant}",
	}}
	e.Tokens.Keep = []string{"tenant"}
	c := testClient(t, e)
	for _, tt := range []struct {
		name, url, own string
		extra          map[string]json.RawMessage
		want           string
	}{
		{"all known", "https://api.acme.example/x", "", extraOf(map[string]any{"tenant": "t-1"}), "7 " + c.clientID() + " t-1"},
		{"a member that is not there", "https://api.acme.example/x", "", nil, "7 " + c.clientID() + " "},
		{"a member that would split the header", "https://api.acme.example/x", "", extraOf(map[string]any{"tenant": "t\r\nX: y"}), "7 " + c.clientID() + " "},
		{"a member beyond ASCII", "https://api.acme.example/x", "", extraOf(map[string]any{"tenant": "ü"}), "7 " + c.clientID() + " "},
		{"the tool's own header stays", "https://api.acme.example/x", "8", nil, "8 " + c.clientID() + " "},
		{"another host", "https://elsewhere.example/x", "", extraOf(map[string]any{"tenant": "t-1"}), "  "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := http.NewRequest(http.MethodGet, tt.url, nil)
			if err != nil {
				t.Fatal(err)
			}
			if tt.own != "" {
				r.Header.Set("acme-version", tt.own)
			}
			c.AddAPIHeaders(r, tt.extra)
			if got := r.Header.Get("Acme-Version") + " " + r.Header.Get("Acme-Client") + " " + r.Header.Get("Acme-Tenant"); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestParametersOfTheRedirectAreKeptWithTheGrant(t *testing.T) {
	e := testEntry("https://acme.example")
	e.Tokens.KeepCallback = []string{"realmId", "region"}
	c := testClient(t, e)
	for _, tt := range []struct{ name, query, want string }{
		{"as the entry says", "code=c&state=s&realmId=123&region=eu&other=x", `"123" "eu"`},
		{"one is missing", "realmId=123", `"123" `},
		{"one comes twice", "realmId=1&realmId=2&region=eu", ` "eu"`},
		{"an empty one", "realmId=&region=eu", ` "eu"`},
		{"one with control characters", "realmId=1%0d%0aX&region=eu", ` "eu"`},
		{"one that is too long", "region=eu&realmId=" + strings.Repeat("1", maxCallbackMember+1), ` "eu"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := c.callbackMembers(tt.query)
			if s := string(got["realmId"]) + " " + string(got["region"]); s != tt.want || got["other"] != nil || got["code"] != nil {
				t.Errorf("%q, want %q", s, tt.want)
			}
		})
	}
}

func TestAServerUnderAPathIsSpokenToThere(t *testing.T) {
	catalogue, _ := catalog.LoadCatalogue("")
	conn := catalog.Connection{Name: "work", Provider: "gitlab", ClientID: "id", Vars: map[string]string{"host": "example.org/gitlab"}}
	c, err := NewClient(catalogue, conn, ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if c.entry.Token != "https://example.org/gitlab/oauth/token" {
		t.Error(c.entry.Token)
	}
	u, err := c.API("/user", nil)
	if err != nil || u.String() != "https://example.org/gitlab/api/v4/user" {
		t.Errorf("%v %v", u, err)
	}
	if hosts := c.Hosts(); len(hosts) != 1 || hosts[0] != "example.org/gitlab" {
		t.Errorf("it answers for %v", hosts)
	}
	for _, bad := range []string{"example.org/", "/gitlab", "example.org//x", "example.org/../x", "example.org/x?y", "https://example.org/x", "u@example.org/x", "example.org/x#y"} {
		t.Run(bad, func(t *testing.T) {
			conn.Vars["host"] = bad
			if _, err := NewClient(catalogue, conn, ClientOptions{}); err == nil {
				t.Error("it is taken")
			}
		})
	}
}
