package providers

import (
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
