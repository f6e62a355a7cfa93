package providers

import (
	"net/http"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
)

func entryOf(t *testing.T, id string) catalog.Entry {
	t.Helper()
	catalogue, _ := catalog.LoadCatalogue("")
	e, ok := catalogue.Entry(id)
	if !ok {
		t.Fatalf("no entry %s", id)
	}
	return e
}

func TestEveryQuirkIsUsed(t *testing.T) {
	used := map[string]bool{}
	catalogue, _ := catalog.LoadCatalogue("")
	for _, e := range catalogue.List() {
		for _, q := range e.Quirks {
			used[q] = true
		}
	}
	for q := range catalog.Quirks {
		if !used[q] {
			t.Errorf("no entry has the quirk %s", q)
		}
	}
}

func TestTenantOfAConnectionIsKeptBesideTheToken(t *testing.T) {
	const sites = `[{"id":"1324a887-45db-1bf4-1e99-ef0ff456d421","name":"Site one","url":"https://one.atlassian.net","scopes":["read:jira-work"],"avatarUrl":"x"},
{"id":"2","name":"Two","url":"https://two.atlassian.net","scopes":[]}]`
	rules := entryOf(t, "atlassian").Tenants
	for site, want := range map[string]string{
		"": `"1324a887-45db-1bf4-1e99-ef0ff456d421"`, "first": `"1324a887-45db-1bf4-1e99-ef0ff456d421"`,
		"two.atlassian.net": `"2"`, "TWO.atlassian.net": `"2"`, "https://two.atlassian.net": `"2"`, "three.atlassian.net": "",
	} {
		t.Run(site, func(t *testing.T) {
			extra := tenantMembers(rules, []byte(sites), site)
			if string(extra["cloud_id"]) != want || len(extra["resources"]) == 0 {
				t.Errorf("%s, want %s", extra["cloud_id"], want)
			}
		})
	}
	for _, body := range []string{"", "[]", "{}", "<html>", `[7]`, `[{}]`} {
		if id := tenantMembers(rules, []byte(body), "")["cloud_id"]; id != nil {
			t.Errorf("%s: %s", body, id)
		}
	}
	nested := catalog.TenantRules{List: "data.sites", Keep: map[string]string{"site": "ref.id"}}
	if got := tenantMembers(nested, []byte(`{"data":{"sites":[{"ref":{"id":7}}]}}`), ""); string(got["site"]) != "7" {
		t.Errorf("a list inside the answer: %v", got)
	}
	c := testClient(t, entryOf(t, "atlassian"))
	if u, err := c.API("/rest/api/3/myself", tenantMembers(rules, []byte(sites), "")); err != nil || u.String() != "https://api.atlassian.com/ex/jira/1324a887-45db-1bf4-1e99-ef0ff456d421/rest/api/3/myself" {
		t.Errorf("%v %v", u, err)
	}
	if _, err := c.API("/rest", nil); err == nil {
		t.Error("a path without the site's id")
	}
}

func TestAtlassianSitesOutOfReachCostNoToken(t *testing.T) {
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/oauth/token" {
			return respond(r, 200, goodAnswer), nil
		}
		return respond(r, 500, ""), nil
	})
	c := testClient(t, entryOf(t, "atlassian"), withSecret("s"), func(_ *catalog.Connection, o *ClientOptions) { o.Transport = transport })
	a, err := c.exchange(t.Context(), "code", "verifier", "http://localhost/", "", nil)
	if err != nil || a.AccessToken != "new-access" || a.RefreshToken != "new-refresh" {
		t.Errorf("%v %+v", err, a)
	}
}

func TestMetaExchangesTheAccessTokenItself(t *testing.T) {
	e := entryOf(t, "facebook")
	if !e.RefreshesAccessToken() || entryOf(t, "google").RefreshesAccessToken() {
		t.Error("RefreshesAccessToken")
	}
	form := testClient(t, e).refreshForm(RefreshRequest{AccessToken: "old"})
	if form.Get("grant_type") != "fb_exchange_token" || form.Get("fb_exchange_token") != "old" || form.Has("refresh_token") {
		t.Errorf("%v", form)
	}
	a, ok := readAnswer(e, 200, []byte(`{"access_token":"long","token_type":"bearer"}`), testNow)
	if !ok || a.ExpiresIn.Hours() != 60*24 {
		t.Errorf("%+v", a)
	}
}

func TestSlackNestsTheUserToken(t *testing.T) {
	a, ok := readAnswer(entryOf(t, "slack"), 200, []byte(`{"ok":true,"app_id":"A1","authed_user":{"id":"U1","scope":"users:read,chat:write","access_token":"xoxe.xoxp-1","token_type":"user","refresh_token":"xoxe-1","expires_in":43200},"team":{"id":"T1","name":"Acme"}}`), testNow)
	if !ok || a.AccessToken != "xoxe.xoxp-1" || a.RefreshToken != "xoxe-1" || a.ExpiresIn.Hours() != 12 || len(a.Scopes) != 2 || a.TokenType != "Bearer" || string(a.Extra["team.name"]) != `"Acme"` {
		t.Errorf("%v %+v", ok, a)
	}
}

func TestSalesforceNamesItsInstance(t *testing.T) {
	e := entryOf(t, "salesforce")
	a, ok := readAnswer(e, 200, []byte(`{"access_token":"00D!x","instance_url":"https://acme.my.salesforce.com","id":"https://login.salesforce.com/id/1/2","token_type":"Bearer","issued_at":"1278448832702","signature":"s"}`), testNow)
	if !ok || a.ExpiresIn.Seconds() != 3600 {
		t.Fatalf("%+v", a)
	}
	if u, err := testClient(t, e).API("/services/data", a.Extra); err != nil || u.String() != "https://acme.my.salesforce.com/services/data" {
		t.Errorf("%v %v", u, err)
	}
}
