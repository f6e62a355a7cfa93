package catalog

import (
	"strings"
	"testing"
)

func TestFindKnowsWhatPeopleCallAProvider(t *testing.T) {
	c, _ := LoadCatalogue("")
	all := c.Names()
	for typed, want := range map[string]string{
		"github": "github", "GitHub": "github", "jira": "atlassian", "confluence": "confluence", "gmail": "gmail", "outlook": "outlook-mail",
		"codeberg": "gitea", "forgejo": "gitea", "ado": "azure-devops", "entra": "microsoft", "ghe": "github-enterprise", "twitter": "x",
		"gcal": "google-calendar", "hf": "huggingface", "osm": "openstreetmap", "authelia": "authelia", "casdoor": "oidc", "hydra": "ory", "ping": "pingone", "quickbooks": "intuit", "stash": "bitbucket-dc", "ciam": "entra-external-id",
		// nearly so
		"gitlba": "gitlab", "githup": "github", "spotfy": "spotify", "bitbuket": "bitbucket", "keyclaok": "keycloak", "salesforse": "salesforce",
		// a part, and several words
		"hugging": "huggingface", "open street": "openstreetmap", "google cal": "google-calendar", "enterprise server": "github-enterprise",
	} {
		t.Run(typed, func(t *testing.T) {
			found, _ := Find(typed, all)
			if len(found) == 0 || found[0].ID != want {
				t.Errorf("%v, want %s first", found, want)
			}
		})
	}
	for _, typed := range []string{"nosuchprovider", "zzz", "github nosuchword"} {
		t.Run(typed, func(t *testing.T) {
			if found, near := Find(typed, all); len(found) > 0 || near {
				t.Errorf("%v", found)
			}
		})
	}
	for _, typed := range []string{"gihtub", "githup", "gitlba"} { // GitHub is a word of other names, too
		t.Run(typed+" is one", func(t *testing.T) {
			if found, near := Find(typed, all); len(found) != 1 || !near {
				t.Errorf("%v", found)
			}
		})
	}
	if found, _ := Find("", all); len(found) != len(all) {
		t.Errorf("without a word: %d of %d", len(found), len(all))
	}
}

func TestNoTwoEntriesAreCalledTheSame(t *testing.T) {
	c, _ := LoadCatalogue("")
	owner := map[string]string{}
	for _, n := range c.Names() {
		for _, word := range append([]string{n.ID}, n.Aliases...) {
			if owner[word] != "" {
				t.Errorf("%s is a word for %s and for %s", word, owner[word], n.ID)
			}
			owner[word] = n.ID
		}
	}
}

func TestForHostGuessesTheProvider(t *testing.T) {
	c, _ := LoadCatalogue("")
	for raw, want := range map[string]string{
		"github.com": "github", "https://github.com/authtray/authtray": "github", "https://api.github.com/user": "github",
		"GitHub.COM.": "github", "github.com:443": "github", "gist.github.com": "github",
		"gitlab.com": "gitlab", "gitlab.example.org": "gitlab host=gitlab.example.org", "https://gitlab.example.org:8443/group/project": "gitlab host=gitlab.example.org:8443",
		"https://example.org/gitlab/group": "gitlab host=example.org/gitlab", "https://codeberg.org/ada": "gitea host=codeberg.org", "forgejo.example.org": "gitea host=forgejo.example.org",
		"https://acme.ghe.com": "ghe-com subdomain=acme", "api.acme.ghe.com": "ghe-com subdomain=acme", "https://dev.azure.com/acme": "azure-devops",
		"example.okta.com": "okta domain=example.okta.com", "https://example.eu.auth0.com/": "auth0 domain=example.eu.auth0.com",
		"https://keycloak.example.org/realms/x": "keycloak host=keycloak.example.org", "bitbucket.org": "bitbucket", "huggingface.co": "huggingface",
		"https://mcp.sentry.dev/mcp": "mcp-sentry", "https://mcp.example.org/v1/mcp": "mcp https://mcp.example.org/v1/mcp",
		"https://acme.atlassian.net/jira/projects": "atlassian site=acme.atlassian.net", "acme.atlassian.net/wiki": "confluence site=acme.atlassian.net", "https://acme.atlassian.net/wikis/x": "atlassian site=acme.atlassian.net",
		"https://acme.slack.com/archives/C1": "slack", "https://www.notion.so/acme/x": "notion", "https://acme.my.salesforce.com": "salesforce", "https://acme.sharepoint.com/sites/x": "microsoft",
		"https://mail.google.com/mail/u/0": "gmail", "https://docs.google.com/document/d/x": "google-drive", "https://calendar.google.com": "google-calendar", "https://outlook.office.com/mail": "outlook-mail",
		"atlassian.net": "", "https://atlassian.net.example.org/wiki": "",
		"github.example.org": "github-enterprise host=github.example.org",
		"git.example.org":    "gitea host=git.example.org", "example.org": "", "https://www.example.org/wiki": "", "[::1]:3000": "", "10.0.0.1": "",
	} {
		t.Run(raw, func(t *testing.T) {
			found, err := c.ForHost(raw)
			got := ""
			if len(found) > 0 {
				got = found[0].Provider
				for name, value := range found[0].Vars {
					got += " " + name + "=" + value
				}
				got = strings.TrimSpace(got + " " + found[0].MCP)
			}
			if err != nil || got != want {
				t.Errorf("%v %q, want %q (%v)", err, got, want, found)
			}
		})
	}
}

// A guess has to be a connection that can be made, with nothing else to fill in
// but what the host cannot tell.
func TestWhatForHostFillsInIsTaken(t *testing.T) {
	c, _ := LoadCatalogue("")
	for _, raw := range []string{"gitlab.example.org", "example.org/gitlab", "codeberg.org", "git.example.org", "acme.ghe.com", "example.okta.com", "mcp.example.org", "acme.atlassian.net", "acme.atlassian.net/wiki", "acme.slack.com"} {
		t.Run(raw, func(t *testing.T) {
			found, err := c.ForHost(raw)
			if err != nil || len(found) == 0 {
				t.Fatal(err, found)
			}
			for _, conn := range found {
				if _, err := c.Resolve(conn); err != nil {
					t.Errorf("%+v: %v", conn, err)
				}
			}
		})
	}
}

func TestForHostSaysWhatIsWrongWithAHost(t *testing.T) {
	c, _ := LoadCatalogue("")
	for raw, want := range map[string]string{
		"": "write a host", " ": "write a host", "https://": "write a host", "ssh://git@github.com/x": "write a host", "ftp://github.com": "write a host",
		"https://user:pw@github.com": "leave the user name", "münchen.example": "ASCII form", "https://bücher.example/x": "ASCII form",
		"a b": "write a host", "a..b": "write a host", "https://github.com:x/": "write a host", "-x.example": "write a host", "github.com\nX": "write a host",
	} {
		t.Run(raw, func(t *testing.T) {
			_, err := c.ForHost(raw)
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "pw") {
				t.Errorf("%v, want %q", err, want)
			}
		})
	}
}

func FuzzForHost(f *testing.F) {
	for _, seed := range []string{"github.com", "https://git.example.org:8443/a/b", "[::1]:80", "x.ghe.com", "https://u@h", "münchen"} {
		f.Add(seed)
	}
	c, _ := LoadCatalogue("")
	f.Fuzz(func(t *testing.T, raw string) {
		found, err := c.ForHost(raw)
		if err != nil && len(found) > 0 {
			t.Fatal("a guess and an error")
		}
		for _, conn := range found {
			if err := conn.Check(); err != nil {
				t.Fatalf("%q: %+v: %v", raw, conn, err)
			}
		}
	})
}
