package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
)

// numbered are an entry's steps as a person sees them.
func numbered(e catalog.Entry, name string) (lines []string) {
	for i, step := range e.Guide(catalog.Connection{Name: name}).Steps {
		lines = append(lines, fmt.Sprintf("%3d. %s", i+1, oneLine(step)))
	}
	return lines
}

func TestStepsAreTheSameInProvidersAndInAdd(t *testing.T) {
	w := newWorld(t, nil)
	catalogue, _ := catalog.LoadCatalogue("")
	for _, id := range []string{"github", "google", "slack", "figma", "salesforce", "mcp-github", "todoist"} {
		t.Run(id, func(t *testing.T) {
			w.t = t
			e, _ := catalogue.Entry(id)
			exit, _, added := w.command("add", "for-"+id, "--provider", id)
			if exit != 0 {
				t.Fatalf("exit %d: %s", exit, added)
			}
			for shown, name := range map[string]string{w.types("authtray providers " + id): "", added: "for-" + id} {
				rest := shown
				for _, line := range append([]string{"At " + e.Name + ", once:"}, numbered(e, name)...) {
					_, after, ok := strings.Cut(rest, line+"\n")
					if !ok {
						t.Fatalf("%q is missing, or stands too early, in:\n%s", line, shown)
					}
					rest = after
				}
				if tells := "Then tell the app's client id: authtray add for-" + id + " --client-id ID\n"; name != "" && strings.Contains(rest, tells) != e.NeedsApp() {
					t.Errorf("%q, or not, in:\n%s", tells, rest)
				}
				if e.Cost != "" && !strings.Contains(shown, "Needs: "+e.Cost) {
					t.Errorf("what it needs is not in:\n%s", shown)
				}
			}
		})
	}
	w.t = t
}

func TestAddNamesNoStepsOfAnAppThatIsThere(t *testing.T) {
	w := newWorld(t, nil)
	for name, args := range map[string][]string{
		"its id is told":                    {"add", "work", "--provider", "github", "--client-id", "Iv1.0123"},
		"the server's issuer registers one": {"add", "files", "--mcp", "https://mcp.example.org/mcp"},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			if exit, _, errs := w.command(args...); exit != 0 || strings.Contains(errs, "once:") || !strings.Contains(errs, "Then sign in: ") {
				t.Errorf("exit %d: %s", exit, errs)
			}
		})
	}
	w.t = t
}

// The commands for more scopes are typed as they stand.
func TestAddNamesTheReadyChoicesOfScopes(t *testing.T) {
	w := newWorld(t, nil)
	_, _, errs := w.command("add", "work", "--provider", "figma", "--client-id", "x")
	_, line, _ := strings.Cut(errs, "Or ask for other scopes (read files and comments): ")
	line, _, ok := strings.Cut(line, "\n")
	if !ok {
		t.Fatalf("no ready choice in:\n%s", errs)
	}
	w.types(line)
	want := []string{"current_user:read", "file_content:read", "file_comments:read", "file_metadata:read"}
	if got := w.seen("work").Config.Scopes; !slices.Equal(got, want) {
		t.Errorf("it asks for %q", got)
	}
	if _, _, errs := w.command("add", "other", "--provider", "figma", "--scope", "current_user:read"); strings.Contains(errs, "other scopes") {
		t.Errorf("scopes were named, and it offers others:\n%s", errs)
	}
}

func TestAddAsksWithTheStepsAndTheReadyChoices(t *testing.T) {
	w := newWorld(t, nil)
	catalogue, _ := catalog.LoadCatalogue("")
	e, _ := catalogue.Entry("google")
	p := w.at("add")
	p.answers("Provider (", "google")
	p.answers("A name for this connection [google]: ", "mail")
	p.sees("Needs: " + e.Cost)
	p.sees("At Google, once:")
	for _, line := range numbered(e, "mail") {
		p.sees(line)
	}
	p.answers("Enter opens that page, s and Enter does not: ", "s")
	p.answers("Client id: ", "1.apps.googleusercontent.com")
	p.answers("not shown: ", "s3cr3t")
	for n, set := range e.ScopeSets {
		p.sees(fmt.Sprintf("%3d. %s", n+1, set.About))
	}
	p.answers("Scopes [", "2")
	p.answers("Hosts that git", "")
	p.answers("Sign in now? [Y/n] ", "n")
	p.ends(0)
	if got := w.seen("mail").Config.Scopes; !slices.Equal(got, e.ScopeSets[1].Scopes) {
		t.Errorf("it asks for %q, want %q", got, e.ScopeSets[1].Scopes)
	}
}

func TestAddSaysWhereAnAppIsRegisteredWithoutSteps(t *testing.T) {
	w := newWorld(t, map[string]string{"corp.toml": "id = \"corp\"\nname = \"Corp\"\nauthorize = \"https://corp.example/authorize\"\ntoken = \"https://corp.example/token\"\n[links]\nregister = \"https://corp.example/apps\"\n"})
	want := "Register an app at https://corp.example/apps (redirect URI http://127.0.0.1/callback), and tell its id: authtray add work --client-id ID\n"
	if exit, _, errs := w.command("add", "work", "--provider", "corp"); exit != 0 || !strings.HasPrefix(errs, want) {
		t.Errorf("exit %d: %s", exit, errs)
	}
}
