package cli

import (
	"slices"
	"strings"
	"testing"
	"time"
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

func TestTimesAreSaidInTheirLargestUnit(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for d, want := range map[time.Duration]string{
		45 * time.Second:      "in 45 s",
		59 * time.Minute:      "in 59 min",
		-90 * time.Minute:     "90 min ago",
		7 * time.Hour:         "in 7 h",
		3 * 24 * time.Hour:    "in 3 days",
		0:                     "0 s ago",
		-100 * 24 * time.Hour: "100 days ago",
	} {
		if got := until(now.Add(d), now); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
