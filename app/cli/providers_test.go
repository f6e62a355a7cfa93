package cli

import (
	"os"
	"path/filepath"
	"reflect"
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
		{"github", []string{"At GitHub, once:", "  1. Sign in to GitHub", "exactly http://127.0.0.1/callback", "Then here, with a NAME of your choice:", "authtray add NAME --provider github --client-id ID", "authtray secret set NAME", "authtray connect NAME", "authtray request NAME user", "repositories"}},
		{"spotify", []string{"Needs: The owner of the app needs a Premium subscription", "At Spotify, once:", "authtray request NAME me"}},
		{"slack", []string{"http://localhost:47811/callback", "authtray connect NAME\n", "authtray request NAME auth.test"}},
		{"slack-web", []string{"https://localhost/callback", "authtray secret set NAME", "authtray connect NAME --paste"}},
		{"mcp-github", []string{"authtray add NAME --provider mcp-github --client-id ID", "of the app that you register: --client-id\n"}},
		{"todoist", []string{"authtray add NAME --provider todoist\n", "registered by itself"}},
		{"cognito", []string{"--client-id ID --set vars.pool=… --set vars.region=…", "of the app that you register: --client-id\n"}},
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
				if name := catalog.Placeholder().FindString(line); name != "" {
					t.Errorf("%s in %q", name, line)
				}
			}
		})
	}
	w.t = t
}

func TestProvidersFindsByWhatPeopleCallThem(t *testing.T) {
	w := newWorld(t, nil)
	for typed, want := range map[string]string{
		"jira": "Atlassian (Jira) (atlassian)", "Codeberg": "Gitea, Forgejo or Codeberg (gitea)",
		"enterprise": "github-enterprise ", "google": "Google (google)", "drive": "Google Drive (google-drive)", "mcp-": "mcp-sentry ",
	} {
		t.Run(typed, func(t *testing.T) {
			w.t = t
			if shown := w.types("authtray providers " + typed); !strings.Contains(shown, want) {
				t.Errorf("%q is not in:\n%s", want, shown)
			}
		})
	}
	w.t = t
}

func TestProvidersForGuessesFromAHost(t *testing.T) {
	w := newWorld(t, nil)
	for host, want := range map[string]string{
		"https://github.com/x/y":          "authtray add NAME --provider github --client-id ID",
		"gitlab.example.org":              "authtray add NAME --provider gitlab --client-id ID --set vars.host=gitlab.example.org",
		"https://acme.ghe.com":            "authtray add NAME --provider ghe-com --client-id ID --set vars.subdomain=acme",
		"https://mcp.sentry.dev/mcp":      "authtray add NAME --provider mcp-sentry",
		"https://mcp.example.org/mcp":     "authtray add NAME --mcp https://mcp.example.org/mcp",
		"https://keycloak.example.org":    "--set vars.host=keycloak.example.org --set vars.realm=…",
		"https://example.org/gitlab/team": "--set vars.host=example.org/gitlab",
	} {
		t.Run(host, func(t *testing.T) {
			w.t = t
			if shown := w.types("authtray providers --for " + host); !strings.Contains(shown, want) {
				t.Errorf("%q is not in:\n%s", want, shown)
			}
		})
	}
	w.t = t
}

func TestAddForFillsInProviderAndHost(t *testing.T) {
	catalogue, _ := catalog.LoadCatalogue("")
	for _, tt := range []struct{ name, host, provider, want, wrong string }{
		{"one provider", "https://gitlab.example.org/x", "", "gitlab vars.host=gitlab.example.org", ""},
		{"a preset beside it", "example.okta.com", "", "okta vars.domain=example.okta.com", ""},
		{"the preset, named", "example.okta.com", "okta-custom", "okta-custom vars.domain=example.okta.com", ""},
		{"several", "git.example.org", "", "", "may be gitea, gitlab, bitbucket-dc or github-enterprise"},
		{"several, one named", "git.example.org", "gitlab", "gitlab vars.host=git.example.org", ""},
		{"another named", "github.com", "gitlab", "", "github.com is no host of gitlab"},
		{"unknown", "example.org", "", "", "does not tell who issues its tokens"},
		{"not a host", "a b", "", "", "write a host or its URL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &shell{}
			told := adding{host: tt.host, conn: catalog.Connection{Provider: tt.provider}}
			err := s.guessInto(&told)
			got := strings.TrimSpace(told.conn.Provider + " " + strings.Join(told.sets, " "))
			if tt.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wrong) {
					t.Errorf("%v, want %q", err, tt.wrong)
				}
				return
			}
			if _, ok := catalogue.Entry(told.conn.Provider); err != nil || got != tt.want || !ok {
				t.Errorf("%v %q, want %q", err, got, tt.want)
			}
		})
	}
}

// What is exported is a file that loads, and means what the entry meant.
func TestExportedEntryLoadsAsAFileOfOnesOwn(t *testing.T) {
	w := newWorld(t, nil)
	catalogue, _ := catalog.LoadCatalogue("")
	for _, e := range catalogue.List() {
		t.Run(e.ID, func(t *testing.T) {
			w.t = t
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "own.toml"), []byte(w.types("authtray providers export "+e.ID)), 0o600); err != nil {
				t.Fatal(err)
			}
			own, faults := catalog.LoadCatalogue(dir)
			if len(faults) > 0 {
				t.Fatal(faults)
			}
			got, _ := own.Entry(e.ID)
			if !got.Replaces || got.Origin == "" {
				t.Error("it is not said to replace the program's")
			}
			e.Extends, got.Origin, got.Replaces = "", "", false
			if !reflect.DeepEqual(got, e) {
				t.Errorf("%+v\nwant %+v", got, e)
			}
		})
	}
	w.t = t
}

func TestProvidersSaysWhichEntriesAreOnesOwn(t *testing.T) {
	w := newWorld(t, map[string]string{
		"a.toml": "id = \"gitlab\"\nname = \"GitLab\"\nextends = \"gitlab\"\n",
		"b.toml": "id = \"corp\"\nname = \"Corp\"\ntoken = \"https://corp.example/token\"\n",
	})
	for typed, want := range map[string]string{
		"providers": "GitLab (your own entry, in place of the one that comes with Authtray)\n", "providers gitlab": "in place of the one that comes with Authtray: " + filepath.Join(w.paths.Providers(), "a.toml"),
		"providers corp": "This is your own entry: " + filepath.Join(w.paths.Providers(), "b.toml"),
	} {
		t.Run(typed, func(t *testing.T) {
			w.t = t
			if shown := w.types("authtray " + typed); !strings.Contains(shown, want) {
				t.Errorf("%q is not in:\n%s", want, shown)
			}
		})
	}
	w.t = t
	if shown := w.types("authtray providers"); !strings.Contains(shown, "Corp (your own entry)\n") || strings.Count(shown, "your own entry") != 2 {
		t.Errorf("which entries are the user's own is not in:\n%s", shown)
	}
	if shown := w.types("authtray providers github"); strings.Contains(shown, "your own entry") {
		t.Error("the program's own entry is said to be the user's")
	}
}

func TestAddTakesAnotherNameOfAProvider(t *testing.T) {
	w := newWorld(t, nil)
	for alias, id := range map[string]string{"codeberg": "gitea", "Jira": "atlassian", "github": "github", "demo": "practice"} {
		t.Run(alias, func(t *testing.T) {
			w.t = t
			name := strings.ToLower(alias)
			w.types("authtray add " + name + " --provider " + alias + " --client-id c" + map[bool]string{true: " --set vars.host=codeberg.org"}[id == "gitea"])
			if file, err := os.ReadFile(filepath.Join(w.paths.Connections(), name+".toml")); err != nil || !strings.Contains(string(file), "provider = '"+id+"'") {
				t.Errorf("%v %s", err, file)
			}
		})
	}
	w.t = t
}

// What Tab offers for --provider: ids, and the other names once one is begun.
func TestProviderIsCompletedByItsOtherNames(t *testing.T) {
	w := newWorld(t, nil)
	for typed, want := range map[string]string{
		"gith": "github\tGitHub", "jir": "jira\tAtlassian (Jira)", "code": "codeberg\tGitea, Forgejo or Codeberg", "outl": "outlook-mail\tOutlook mail (IMAP and SMTP)", "ado": "ado\tAzure DevOps", "entr": "entra\tMicrosoft",
	} {
		t.Run(typed, func(t *testing.T) {
			w.t = t
			if shown := "\n" + w.types("authtray __complete add work --provider "+typed); !strings.Contains(shown, "\n"+want+"\n") {
				t.Errorf("%q is not in:\n%s", want, shown)
			}
		})
	}
	w.t = t
}

func TestFlagsOfAddThatHoldNoFileAreNotCompletedWithFiles(t *testing.T) {
	w := newWorld(t, nil)
	for flag, want := range map[string]string{"for": ":4\n", "mcp": ":4\n", "client-id": ":4\n", "scope": ":4\n", "like": "work\tPractice provider", "ca-file": ":0\n"} {
		t.Run(flag, func(t *testing.T) {
			w.t = t
			if flag == "like" {
				w.types("authtray add work --provider practice")
			}
			if shown := w.types("authtray __complete add other --" + flag + " w"); !strings.HasPrefix(shown, want) {
				t.Errorf("%q, want %q", shown, want)
			}
		})
	}
	w.t = t
}

func TestProvidersCheckComparesAnEntryWithItsServersDocuments(t *testing.T) {
	w := newWorld(t, map[string]string{"off.toml": "id = \"off\"\nname = \"Off\"\nextends = \"oidc\"\ntoken = \"https://elsewhere.example/token\"\n"})
	at := " --set vars.issuer=" + w.provider.Issuer
	for line, want := range map[string]struct {
		exit  int
		shown []string
	}{
		"providers oidc --check" + at:           {0, []string{"issuer", "agrees", "jwks_uri"}},
		"providers OpenID-Connect --check" + at: {0, []string{"issuer", "agrees"}},
		"providers oidc --check --json" + at:    {0, []string{`"comparisons"`, `"field": "issuer"`}},
		"providers off --check" + at:            {exitFailed, []string{"token", "DIFFERS", "https://elsewhere.example/token here", "override them in a connection"}},
	} {
		t.Run(line, func(t *testing.T) {
			w.t = t
			exit, out, errs := w.command(strings.Fields(line)...)
			rest := out + errs
			for _, part := range want.shown {
				_, after, ok := strings.Cut(rest, part)
				if !ok {
					t.Fatalf("%q is missing, or stands too early, in:\n%s%s", part, out, errs)
				}
				rest = after
			}
			if exit != want.exit {
				t.Errorf("exit %d, want %d", exit, want.exit)
			}
		})
	}
	w.t = t
}

func TestExportTakesAnotherNameOfAProvider(t *testing.T) {
	w := newWorld(t, nil)
	if shown := w.types("authtray providers export codeberg"); !strings.Contains(shown, "id = 'gitea'") {
		t.Errorf("it is\n%s", shown)
	}
}
