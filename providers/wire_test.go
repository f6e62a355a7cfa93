package providers

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
)

var update = flag.Bool("update", false, "write testdata/wire anew")

// sampleVars are values for the variables that have no default.
var sampleVars = map[string]map[string]string{
	"oidc":      {"issuer": "https://id.example.org"},
	"authentik": {"host": "id.example.org", "app": "authtray"},
	"zitadel":   {"host": "id.example.org"},
	"kanidm":    {"host": "id.example.org"},
	"authelia":  {"host": "id.example.org"},
	"dex":       {"issuer": "https://id.example.org"},
	"ory":       {"issuer": "https://id.example.org"},
	"pingone":   {"environment": "env-1"},
	"cognito":   {"region": "eu-central-1", "pool": "eu-central-1_pool"},

	"entra-external-id": {"tenant": "contoso"},

	"ghe-com":   {"subdomain": "acme"},
	"snowflake": {"account": "acme-main"},

	"bitbucket-dc":  {"host": "git.example.org/bitbucket"},
	"jira-dc":       {"host": "jira.example.org"},
	"confluence-dc": {"host": "wiki.example.org"},

	"github-enterprise": {"host": "git.example.org"},

	"gitea":       {"host": "codeberg.org"},
	"okta":        {"domain": "example.okta.com"},
	"okta-custom": {"domain": "example.okta.com"},
	"auth0":       {"domain": "example.eu.auth0.com"},
	"keycloak":    {"host": "id.example.org", "realm": "example"},
}

// metadata of the two issuers that are discovered here.
func metadata(issuer string) string {
	return strings.ReplaceAll(`{"issuer":"ISSUER","authorization_endpoint":"ISSUER/authorize","token_endpoint":"ISSUER/token",
"revocation_endpoint":"ISSUER/revoke","userinfo_endpoint":"ISSUER/userinfo","scopes_supported":["openid","offline_access"]}`, "ISSUER", issuer)
}

// wire writes down every request that leaves, byte for byte, and answers it.
type wire struct{ out bytes.Buffer }

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := `{"access_token":"ACCESS2","expires_in":3600}`
	switch {
	case strings.Contains(r.URL.Path, "/.well-known/oauth-protected-resource"):
		return respond(r, 200, `{"resource":"https://mcp.example.org/mcp","authorization_servers":["https://id.example.org"]}`), nil
	case strings.Contains(r.URL.Path, "/.well-known/") && (r.URL.Host == "id.example.org" || catalog.IsLoopbackHost(r.URL.Hostname())):
		return respond(r, 200, metadata(r.URL.Scheme+"://"+r.URL.Host)), nil
	case strings.HasPrefix(r.URL.Path, "/.well-known/oauth-authorization-server/") && (strings.HasPrefix(r.URL.Host, "cognito-idp.") || r.URL.Host == "auth.pingone.com"):
		return respond(r, 200, metadata("https://"+r.URL.Host+strings.TrimPrefix(r.URL.Path, "/.well-known/oauth-authorization-server"))), nil
	case strings.Contains(r.URL.Path, "/.well-known/"):
		return respond(r, 404, ""), nil
	case r.URL.Host == "api.xero.com" && r.URL.Path == "/connections":
		answer = `[{"tenantId":"tenant-1","tenantName":"Demo Company"}]`
	case strings.Contains(r.URL.Path, "accessible-resources"):
		answer = `[{"id":"cloud-1","url":"https://example.atlassian.net"}]`
	}
	fmt.Fprintf(&w.out, "%s %s\n", r.Method, r.URL)
	for _, name := range slices.Sorted(mapKeys(r.Header)) {
		if name == "Accept-Encoding" {
			continue // the same in all of them: TestPackedAnswersAreRead
		}
		fmt.Fprintf(&w.out, "%s: %s\n", name, r.Header.Get(name))
	}
	if r.Body != nil {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(&w.out, "\n%s\n", body)
	}
	return respond(r, 200, answer), nil
}

func respond(r *http.Request, status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}
}

func mapKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// For every entry: the authorization URL, and the token, refresh and revocation
// requests as they go over the wire, with and without a client secret. Run with
// -update to write the files anew, and read the difference.
func TestWhatEachProviderIsSent(t *testing.T) {
	catalogue, errs := catalog.LoadCatalogue("")
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	for _, e := range catalogue.List() {
		got := conversation(t, catalogue, e, "")
		if e.Client.Secret != "none" && e.Client.Secret != "" {
			got += "\n" + conversation(t, catalogue, e, "sec/ret")
		}
		file := filepath.Join("testdata", "wire", e.ID+".txt")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
		}
		if got != string(want) {
			t.Errorf("%s differs from %s: run this test with -update, and read what git diff says", e.ID, file)
		}
	}
}

func conversation(t *testing.T, catalogue *catalog.Catalogue, e catalog.Entry, secret string) string {
	t.Helper()
	w := &wire{}
	conn := catalog.Connection{Name: "work", Provider: e.ID, ClientID: "client:id", Vars: sampleVars[e.ID]}
	if e.HasQuirk("mcp_bootstrap") {
		conn.MCP = "https://mcp.example.org/mcp"
	}
	opts := ClientOptions{Version: "1", Transport: w}
	withSecret(secret)(&conn, &opts)
	c, err := NewClient(catalogue, conn, opts)
	if err != nil {
		t.Fatal(err)
	}
	if secret == "" {
		fmt.Fprintf(&w.out, "## authorize\n")
		fmt.Fprintln(&w.out, authorizeFor(t, c, false))
		fmt.Fprintf(&w.out, "\n## authorize as another account\n%s\n\n", authorizeFor(t, c, true))
	}
	fmt.Fprintf(&w.out, "# %s\n", map[bool]string{true: "without a client secret", false: "with a client secret"}[secret == ""])
	binding := bindingOf(t, c)
	fmt.Fprintf(&w.out, "\n## exchange\n")
	_, err = c.exchange(t.Context(), "CODE", "VERIFIER", c.entry.RedirectURI(), "", nil)
	note(w, err)
	extra := extraOf(map[string]any{"instance_url": "https://example.my.salesforce.com"})
	fmt.Fprintf(&w.out, "\n## refresh\n")
	_, err = c.Refresh(t.Context(), RefreshRequest{RefreshToken: "REFRESH+/=", AccessToken: "ACCESS", Binding: binding, Extra: extra})
	note(w, err)
	fmt.Fprintf(&w.out, "\n## revoke\n")
	note(w, c.Revoke(t.Context(), Revocation{RefreshToken: "REFRESH+/=", AccessToken: "ACCESS", Binding: binding, Extra: extra}))
	if secret == "" {
		fmt.Fprintf(&w.out, "\n## whoami\n")
		_, err = c.Whoami(t.Context(), Answer{AccessToken: "ACCESS", Extra: extra})
		note(w, err)
	}
	return w.out.String()
}

func note(w *wire, err error) {
	if err != nil {
		fmt.Fprintf(&w.out, "! %v\n", err)
	}
}

// authorizeFor shows the URL with its parameters one a line.
func authorizeFor(t *testing.T, c *Client, another bool) string {
	t.Helper()
	ep, err := c.endpoints(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	hint := "ada"
	if another {
		hint = ""
	}
	raw := c.authorizeURL(ep.Authorize, authorizeParams{State: "STATE", Challenge: "CHALLENGE", RedirectURI: c.entry.RedirectURI(), LoginHint: hint, SwitchAccount: another})
	u, err := url.Parse(raw)
	if err != nil || !catalog.Speakable(u) {
		t.Fatalf("%s: %v", raw, err)
	}
	return strings.ReplaceAll(strings.Replace(raw, "?", "\n  ", 1), "&", "\n  ")
}

func TestASampleAnswerIsReadForEachProvider(t *testing.T) {
	catalogue, _ := catalog.LoadCatalogue("")
	for _, e := range catalogue.List() {
		a, ok := readAnswer(e, 200, []byte(`{"ok":true,"access_token":"a","refresh_token":"r","scope":"x,y"}`), testNow)
		if !ok || a.RefreshToken != "r" || len(a.Scopes) != 2 || a.Never != (e.Tokens.DefaultExpiresIn == 0) {
			t.Errorf("%s: %v %+v", e.ID, ok, a)
		}
		if _, err := json.Marshal(e); err != nil {
			t.Errorf("%s: %v", e.ID, err)
		}
	}
}

func TestPKCEIsOffOnlyWithASource(t *testing.T) {
	catalogue, _ := catalog.LoadCatalogue("")
	for _, e := range catalogue.List() {
		if e.AuthorizeOpts.PKCE == "off" && e.Sources["authorize_opts.pkce"] == "" {
			t.Errorf("%s", e.ID)
		}
	}
}
