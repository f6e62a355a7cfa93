package cli

import (
	"strings"
	"testing"
)

func TestForeignTextCannotSteerATerminal(t *testing.T) {
	if got := oneLine("\x1b]0;title\x07two\nlines" + strings.Repeat(" long", 200)); got != "]0;titletwo lines"+strings.Repeat(" long", 200) {
		t.Errorf("%q", got)
	}
}

func TestPastedURLHasAScheme(t *testing.T) {
	for typed, want := range map[string]string{
		"": "", "http:": "http:", "https:/": "https:/", "login.example.org": "https://login.example.org", "localhost:9777": "http://localhost:9777",
		"https://x.example.org": "https://x.example.org", " x.example.org ": "https://x.example.org",
	} {
		t.Run(typed, func(t *testing.T) {
			if got := pastedURL(typed); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}
