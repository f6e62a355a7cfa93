package cli

import (
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
)

// A person reads from top to bottom: what it needs, what to do there, what to do
// here, with every command that it takes.
func TestProvidersIDLeadsFromTheConsoleToTheFirstCall(t *testing.T) {
	w := newWorld(t, nil)
	for _, tt := range []struct {
		id   string
		want []string
	}{
		{"github", []string{"At GitHub, once:", "  1. Sign in to GitHub", "exactly http://127.0.0.1/callback", "Then here:", "authtray add NAME --provider github --client-id ID", "authtray secret set NAME", "authtray connect NAME", "authtray request NAME user", "repositories"}},
		{"spotify", []string{"Needs: The owner of the app needs a Premium subscription", "At Spotify, once:", "authtray request NAME me"}},
		{"slack", []string{"http://localhost:47811/callback", "authtray connect NAME\n", "authtray request NAME auth.test"}},
		{"slack-web", []string{"https://localhost/callback", "authtray secret set NAME", "authtray connect NAME --paste"}},
		{"gitea", []string{"https://HOST/user/settings/applications", "--set vars.host=…"}},
	} {
		t.Run(tt.id, func(t *testing.T) {
			w.t = t
			rest := w.types("authtray providers " + tt.id)
			for _, part := range tt.want {
				_, after, ok := strings.Cut(rest, part)
				if !ok {
					t.Fatalf("%q is missing, or stands too early, in:\n%s", part, rest)
				}
				rest = after
			}
		})
	}
	w.t = t
}

func TestProvidersIDLeavesNoPlaceholder(t *testing.T) {
	w := newWorld(t, nil)
	catalogue, _ := catalog.LoadCatalogue("")
	for _, e := range catalogue.List() {
		t.Run(e.ID, func(t *testing.T) {
			w.t = t
			shown := w.types("authtray providers " + e.ID)
			for _, line := range strings.Split(shown, "\n") {
				if name := catalog.Placeholder.FindString(line); name != "" {
					t.Errorf("%s in %q", name, line)
				}
			}
		})
	}
	w.t = t
}
