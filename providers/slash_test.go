package providers

import (
	"net/http"
	"net/url"
	"testing"
)

func TestOnlyASlashAtTheSameServerIsFollowed(t *testing.T) {
	for _, tt := range []struct {
		asked    string
		status   int
		location string
		want     string // "": it is not followed
	}{
		{"https://a.example/mcp", 307, "https://a.example/mcp/", "https://a.example/mcp/"},
		{"https://a.example/mcp", 308, "/mcp/", "https://a.example/mcp/"},
		{"https://a.example/mcp", 301, "mcp/", "https://a.example/mcp/"},
		{"https://a.example/mcp", 302, "http://a.example/mcp/", "https://a.example/mcp/"}, // behind a proxy that ends TLS
		{"https://a.example/mcp", 307, "http://A.example:8000/mcp/", "https://a.example/mcp/"},
		{"https://a.example/mcp?x=1", 307, "/mcp/?x=1", "https://a.example/mcp/?x=1"},
		{"https://a.example/a%2Fb", 307, "/a%2Fb/", "https://a.example/a%2Fb/"},
		{"https://a.example", 307, "/", "https://a.example/"},
		{"https://a.example/mcp", 303, "/mcp/", ""},
		{"https://a.example/mcp", 401, "/mcp/", ""},
		{"https://a.example/mcp", 307, "", ""},
		{"https://a.example/mcp", 307, "::", ""},
		{"https://a.example/mcp", 307, "/login/", ""},
		{"https://a.example/mcp", 307, "/mcp//", ""},
		{"https://a.example/mcp", 307, "/mcp/?x=1", ""},
		{"https://a.example/mcp", 307, "https://evil.example/mcp/", ""},
		{"https://a.example/mcp/", 307, "/mcp//", ""},
		{"https://a.example/mcp/", 307, "/mcp", ""},
	} {
		asked, err := url.Parse(tt.asked)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if u := WithSlash(asked, tt.status, http.Header{"Location": {tt.location}}); u != nil {
			got = u.String()
		}
		if got != tt.want || asked.String() != tt.asked {
			t.Errorf("%s: %d to %q: %q; want %q", tt.asked, tt.status, tt.location, got, tt.want)
		}
	}
}

func FuzzWithSlash(f *testing.F) {
	f.Add("https://a.example/mcp", 307, "/mcp/")
	f.Add("https://a.example/a%2Fb?x=1", 308, "http://A.example/a%2Fb/?x=1")
	f.Add("https://a.example", 301, "//evil.example/")
	f.Fuzz(func(t *testing.T, raw string, status int, location string) {
		asked, err := url.Parse(raw)
		if err != nil {
			return
		}
		at := WithSlash(asked, status, http.Header{"Location": {location}})
		if at == nil {
			return
		}
		if at.Scheme != asked.Scheme || at.Host != asked.Host || at.User != asked.User || at.RawQuery != asked.RawQuery || at.Path != asked.Path+"/" {
			t.Errorf("%q: %d to %q: %q", raw, status, location, at)
		}
	})
}
