package cli

import (
	"slices"
	"strings"
	"testing"
)

func TestForeignTextCannotSteerATerminal(t *testing.T) {
	if got := oneLine("\x1b]0;title\x07two\nlines" + strings.Repeat(" long", 200)); got != "]0;titletwo lines"+strings.Repeat(" long", 200) {
		t.Errorf("%q", got)
	}
}

func TestNearFindsWhatWasMeant(t *testing.T) {
	all := []string{"github", "github-app", "gitlab", "google", "microsoft", "practice"}
	for word, want := range map[string][]string{
		"githup":     {"github"},
		"practis":    {"practice"},
		"git":        {"github", "github-app", "gitlab"},
		"mircosoft":  {"microsoft"},
		"app":        {"github-app"},
		"zzzzzzzzzz": nil,
	} {
		if got := near(word, all); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
}
