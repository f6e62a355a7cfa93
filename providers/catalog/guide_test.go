package catalog

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

func ours(t *testing.T, id string) Entry {
	t.Helper()
	c, errs := LoadCatalogue("")
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	e, ok := c.Entry(id)
	if !ok {
		t.Fatalf("no entry %s", id)
	}
	return e
}

func TestGuideFillsInWhatIsKnown(t *testing.T) {
	e := Entry{
		ID: "acme", Name: "Acme", Token: "https://{host}/token", Links: Links{Register: "https://{host}/apps"},
		Vars:          map[string]Var{"host": {Pattern: "hostname"}, "realm": {Default: "main"}},
		AuthorizeOpts: AuthorizeRules{Scopes: []string{"a", "b"}}, Redirect: RedirectRules{Port: "fixed"},
		Steps: []string{"{host} {realm} {redirect_uri} {scopes} {name} {client_id}"},
	}
	for _, tt := range []struct {
		name     string
		conn     Connection
		want     string
		register string
	}{
		{"nothing known", Connection{}, "HOST main http://127.0.0.1:47811/callback a, b NAME CLIENT_ID", "https://HOST/apps"},
		{"all known", Connection{Name: "work", ClientID: "c1", Scopes: []string{"x"}, Vars: map[string]string{"host": "acme.example", "realm": "r"}},
			"acme.example r http://127.0.0.1:47811/callback x work c1", "https://acme.example/apps"},
		{"an override", Connection{Override: map[string]any{"redirect": map[string]any{"port": "8080"}}},
			"HOST main http://127.0.0.1:8080/callback a, b NAME CLIENT_ID", "https://HOST/apps"},
		{"an override that cannot be laid over it", Connection{Override: map[string]any{"redirct": "x"}},
			"HOST main http://127.0.0.1:47811/callback a, b NAME CLIENT_ID", "https://HOST/apps"},
		{"a value that looks like a placeholder", Connection{Vars: map[string]string{"host": "{realm}"}},
			"{realm} main http://127.0.0.1:47811/callback a, b NAME CLIENT_ID", "https://{realm}/apps"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := e.Guide(tt.conn)
			if g.Steps[0] != tt.want || g.Register != tt.register {
				t.Errorf("%q at %s\nwant %q at %s", g.Steps[0], g.Register, tt.want, tt.register)
			}
		})
	}
	if e.Steps[0] != "{host} {realm} {redirect_uri} {scopes} {name} {client_id}" {
		t.Error("Guide changed the entry")
	}
}

// A person looks in vain for offline_access among the scopes of a console.
func TestGuideLeavesOutTheScopesForARefreshToken(t *testing.T) {
	for _, tt := range []struct {
		id     string
		scopes []string
		want   string
	}{
		{"atlassian", nil, "tick read:me, read:jira-work, Save"},
		{"atlassian", []string{"read:me", "read:jira-work", "offline_access"}, "tick read:me, read:jira-work, Save"},
		{"atlassian", []string{"offline_access"}, "tick those that you need, Save"},
		{"gitlab", []string{"read_user", "offline_access"}, "read_user, offline_access."}, // not GitLab's
	} {
		t.Run(tt.id+" "+strings.Join(tt.scopes, " "), func(t *testing.T) {
			g := ours(t, tt.id).Guide(Connection{Scopes: tt.scopes})
			if !strings.Contains(strings.Join(g.Steps, "\n"), tt.want) {
				t.Errorf("%q is not in %q", tt.want, g.Steps)
			}
		})
	}
}

func TestGuideNamesTheFixedPortOnlyOnceForAll(t *testing.T) {
	e := Entry{ID: "acme", Name: "Acme", Token: "https://acme.example/token", Steps: []string{"{redirect_uri} or {fixed_redirect_uri}"}}
	if got := e.Guide(Connection{}).Steps[0]; got != "http://127.0.0.1/callback or http://127.0.0.1:47811/callback" {
		t.Errorf("%q", got)
	}
	c, _ := LoadCatalogue("")
	for _, e := range c.List() {
		if text := strings.Join(append(e.Steps, e.Notes), "\n"); strings.Contains(text, strconv.Itoa(FixedPort)) {
			t.Errorf("%s writes the port out", e.ID)
		}
	}
}

func TestGuideOfSlackMakesTheAppWithTheScopesAskedFor(t *testing.T) {
	g := ours(t, "slack").Guide(Connection{Scopes: []string{"chat:write", "users:read"}})
	_, query, _ := strings.Cut(g.Steps[0], "manifest_json=")
	manifest, err := url.QueryUnescape(query)
	var got struct {
		OAuth struct {
			Redirects []string            `json:"redirect_urls"`
			Scopes    map[string][]string `json:"scopes"`
			PKCE      bool                `json:"pkce_enabled"`
		} `json:"oauth_config"`
	}
	if err == nil {
		err = json.Unmarshal([]byte(manifest), &got)
	}
	if err != nil || strings.Join(got.OAuth.Scopes["user"], " ") != "chat:write users:read" || len(got.OAuth.Redirects) != 1 || got.OAuth.Redirects[0] != g.RedirectURI || !got.OAuth.PKCE {
		t.Errorf("%v in %s", err, manifest)
	}
}

func TestGuideOfEachEntryLeavesNothingToFillIn(t *testing.T) {
	c, _ := LoadCatalogue("")
	for _, e := range c.List() {
		t.Run(e.ID, func(t *testing.T) {
			g := e.Guide(Connection{})
			for _, text := range append(g.Steps, g.Register, g.RedirectURI) {
				if name := Placeholder().FindString(text); name != "" {
					t.Errorf("%s stays in %q", name, text)
				}
			}
		})
	}
}

// TestEachEntryLeadsAFirstTimer looks for what a person would be stuck without.
func TestEachEntryLeadsAFirstTimer(t *testing.T) {
	c, _ := LoadCatalogue("")
	for _, e := range c.List() {
		t.Run(e.ID, func(t *testing.T) {
			text := strings.Join(e.Steps, "\n")
			secret := e.Client.Secret == "" || e.Client.Secret == "required" || e.Client.Secret == "web_only"
			for _, tt := range []struct {
				wants bool
				word  string
			}{
				{secret, "secret set {name}"},
				{e.Client.ID == "" && e.Registration == "" && e.MCP == "" && e.ID != "google" && e.Extends != "google" && e.ID != "keycloak" && e.ID != "strava", "{redirect_uri}"},
				{e.Device != "" && e.ID != "gitlab" && e.ID != "huggingface" && e.ID != "vercel", "--device"}, // those need nothing ticked
			} {
				if tt.wants && !strings.Contains(text, tt.word) {
					t.Errorf("its steps do not say %q", tt.word)
				}
			}
		})
	}
}

func TestFaultsInTheTextForPeopleAreNamed(t *testing.T) {
	const head = "id = \"acme\"\nname = \"Acme\"\ntoken = \"https://acme.example/token\"\n"
	for _, tt := range []struct{ name, content, want string }{
		{"unknown placeholder", "steps = [\"see {hsot}\"]\n", "steps: uses {hsot}, which is neither declared under [vars]"},
		{"empty step", "steps = [\" \"]\n", "steps: must not hold an empty step"},
		{"capital alias", "aliases = [\"Jira\"]\n", "aliases: must be words in lower case"},
		{"no day", "verified_on = \"last week\"\n", "verified_on: must be a day, such as 2026-11-28"},
		{"a set without scopes", "[[scope_sets]]\nname = \"x\"\nabout = \"y\"\n", "scope_sets: the set x must say what it opens"},
		{"a set without a text", "[[scope_sets]]\nname = \"x\"\nscopes = [\"a\"]\n", "scope_sets: the set x must say what it opens"},
		{"a scope with a blank", "[[scope_sets]]\nname = \"x\"\nabout = \"y\"\nscopes = [\"a b\"]\n", "scope_sets: the set x must say what it opens"},
		{"a set's name", "[[scope_sets]]\nname = \"x y\"\nabout = \"y\"\nscopes = [\"a\"]\n", "scope_sets.name: must be a word"},
		{"two sets of a name", strings.Repeat("[[scope_sets]]\nname = \"x\"\nabout = \"y\"\nscopes = [\"a\"]\n", 2), "scope_sets.name: must be a word, and another for each set"},
		{"four sets", "scope_sets = [{ name = \"a\", about = \"a\", scopes = [\"a\"] }, { name = \"b\", about = \"a\", scopes = [\"a\"] }, { name = \"c\", about = \"a\", scopes = [\"a\"] }, { name = \"d\", about = \"a\", scopes = [\"a\"] }]\n", "scope_sets: must be at most 3"},
		{"unknown member of a set", "[[scope_sets]]\nnaem = \"x\"\n", "scope_sets.naem: there is no such field; did you mean name?"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, errs := LoadCatalogue(userFolder(t, map[string]string{"acme.toml": head + tt.content}))
			if len(errs) != 1 || !strings.Contains(errs[0].Error(), tt.want) {
				t.Errorf("%v\nwant %s", errs, tt.want)
			}
		})
	}
}
