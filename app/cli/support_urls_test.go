package cli

import "testing"

func TestPathsOfURLsAreLeftOutOfTheBundle(t *testing.T) {
	for text, want := range map[string]string{
		`{"mcp":"https://host.example/s/SECRET/mcp"}`:               `{"mcp":"https://host.example/…"}`,
		`{"mcp":"https://host.example?api_key=SECRET","a":"b/c"}`:   `{"mcp":"https://host.example/…","a":"b/c"}`,
		`{"issuer":"http://127.0.0.1:8080","scopes":["a/b","c?d"]}`: `{"issuer":"http://127.0.0.1:8080","scopes":["a/b","c?d"]}`,
	} {
		if got := pathOfURL().ReplaceAllString(text, "$1/…"); got != want {
			t.Errorf("%s became %s", text, got)
		}
	}
}
