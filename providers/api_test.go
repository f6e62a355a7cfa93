package providers

import (
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
)

func TestWhereATokenMayBeSent(t *testing.T) {
	e := testEntry("https://acme.example")
	e.API = catalog.APIRules{Base: "https://api.acme.example/v1/", Hosts: []string{"api.acme.example", "*.cdn.acme.example", "odd.acme.example:8443"}}
	c := testClient(t, e)
	for path, want := range map[string]string{
		"/user":                              "https://api.acme.example/v1/user",
		"user":                               "https://api.acme.example/v1/user",
		"user?q=a%2Fb&x=%20":                 "https://api.acme.example/v1/user?q=a%2Fb&x=%20",
		"/a%2Fb/c":                           "https://api.acme.example/v1/a%2Fb/c",
		"/time/12:30":                        "https://api.acme.example/v1/time/12:30",
		"":                                   "https://api.acme.example/v1/",
		"/...":                               "https://api.acme.example/v1/...",
		"https://api.acme.example/v2/x":      "https://api.acme.example/v2/x",
		"https://API.acme.example:443/x":     "https://API.acme.example:443/x",
		"https://eu.cdn.acme.example/x":      "https://eu.cdn.acme.example/x",
		"https://odd.acme.example:8443/x":    "https://odd.acme.example:8443/x",
		"https://api.acme.example./v2":       "https://api.acme.example./v2",
		"//evil.example/x":                   "https://api.acme.example/v1//evil.example/x",
		"https://api.acme.example/a?b=../..": "https://api.acme.example/a?b=../..",
	} {
		if u, err := c.API(path, nil); err != nil || u.String() != want {
			t.Errorf("%s: %v %v, want %s", path, u, err, want)
		}
	}
	for _, path := range []string{
		"https://evil.example/", "https://api.acme.example.evil.example/", "https://evil.example#api.acme.example", "https://api.acme.example@evil.example/",
		"https://cdn.acme.example/", "https://xcdn.acme.example/", "https://api.acme.example:8443/", "https://odd.acme.example/", "http://api.acme.example/",
		"https://u:p@api.acme.example/", "https://api.acme.example/#f", "/../admin", "/a/../b", "/./a", "/%2e%2e/a", "/a/%2E./b", "/a%2f..%2fb", "/%252e%252e/a",
		"/..;x/a", "/a\\..\\b", "javascript:alert(1)", "file:///etc/passwd", "mailto:a@b", "https:api.acme.example", "https://\x7f/", "/a\nb", "data:,x",
	} {
		if u, err := c.API(path, nil); err == nil {
			t.Errorf("%q taken: %s", path, u)
		}
	}
}

func TestTheHostOfTheBaseIsAnAPIHost(t *testing.T) {
	e := testEntry("http://127.0.0.1:47820")
	e.API.Base = "http://127.0.0.1:47820/api"
	c := testClient(t, e)
	if u, err := c.API("http://127.0.0.1:47820/other", nil); err != nil {
		t.Errorf("%v %v", u, err)
	}
	for _, other := range []string{"http://127.0.0.1:47821/", "http://127.0.0.1/", "https://127.0.0.1:47820.evil.example/", "http://localhost:47820/"} {
		if _, err := c.API(other, nil); err == nil {
			t.Errorf("%s taken", other)
		}
	}
	if _, err := testClient(t, testEntry("https://acme.example")).API("/x", nil); err == nil {
		t.Error("a path without a base")
	}
}

func TestWhichHostsAConnectionAnswersFor(t *testing.T) {
	catalogue, err := catalog.LoadCatalogue("")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		conn catalog.Connection
		want string
	}{
		{catalog.Connection{Provider: "gitlab", ClientID: "x", Vars: map[string]string{"host": "git.example.org:8443"}}, "git.example.org:8443"},
		{catalog.Connection{Provider: "gitlab", ClientID: "x"}, "gitlab.com"},
		{catalog.Connection{Provider: "bitbucket", ClientID: "x"}, "api.bitbucket.org bitbucket.org"},
		{catalog.Connection{Provider: "bitbucket", ClientID: "x", Hosts: []string{"bitbucket.org/acme", "*.b.example"}}, "bitbucket.org/acme *.b.example"},
		{catalog.Connection{Provider: "practice"}, "127.0.0.1:47820"},
		{catalog.Connection{Provider: "salesforce", ClientID: "x"}, "*.cloudforce.com *.force.com *.salesforce.com *.salesforce.mil"},
	} {
		client, err := NewClient(catalogue, c.conn, ClientOptions{})
		if err != nil {
			t.Fatal(err)
		}
		got := client.Hosts()
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", c.conn.Provider, got, c.want)
		}
	}
}

func TestWhichAnswersMustBeReadToTellARejection(t *testing.T) {
	for _, c := range []struct {
		dead   []string
		status int
		want   bool
	}{
		{nil, 200, false},
		{nil, 401, false},
		{[]string{"401"}, 401, false},
		{[]string{"401", "200 ok=false error=token_expired"}, 200, true},
		{[]string{"401", "200 ok=false error=token_expired"}, 401, false},
		{[]string{"401", "200 ok=false error=token_expired"}, 206, false},
		{[]string{"403 err=Token expired"}, 403, true},
		{[]string{"* token_expired"}, 204, true},
		{[]string{"4xx"}, 404, false},
	} {
		e := testEntry("https://acme.example")
		e.API.Dead = c.dead
		if got := testClient(t, e).RejectedNeedsBody(c.status); got != c.want {
			t.Errorf("%q, %d: %t", c.dead, c.status, got)
		}
	}
}
