package catalog

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTheCatalogueOfTheProgramHasNoFault(t *testing.T) {
	c, errs := LoadCatalogue("")
	if len(errs) > 0 {
		t.Error(errs)
	}
	for id := range ourIDs() {
		if e, ok := c.Entry(id); !ok || e.ID != id {
			t.Errorf("the file of %s holds the entry %q", id, e.ID)
		}
	}
	for _, err := range c.loader.errs {
		t.Error(err)
	}
	for _, e := range c.List() {
		if e.Notes == "" || len(e.Sources) == 0 && e.ID != "practice" {
			t.Errorf("%s has no notes or no sources", e.ID)
		}
	}
}

// A rule that ends a grant, or keeps it against the standard's word, is only as
// good as its source.
func TestNoRuleAboutAGrantsEndIsWithoutASource(t *testing.T) {
	c, _ := LoadCatalogue("")
	for _, e := range c.List() {
		for field, has := range map[string]bool{"errors.reconnect": len(e.Errors.Reconnect) > 0, "errors.refused": len(e.Errors.Refused) > 0} {
			sourced := e.Sources[field] != "" || e.Sources["errors"] != "" && field != "errors.refused"
			if has && (!sourced || slices.Contains(e.Unverified, "errors") || slices.Contains(e.Unverified, field)) {
				t.Errorf("%s: %s has no source", e.ID, field)
			}
		}
	}
}

// A refresh that is repeated within a grace that is not there ends the grant at a
// provider that detects reuse.
func TestNoGraceIsWithoutASource(t *testing.T) {
	c, _ := LoadCatalogue("")
	for _, e := range c.List() {
		if e.Tokens.Grace != "" && (!sourced(e, "tokens.grace") || covered("tokens.grace", e.Unverified)) {
			t.Errorf("%s: tokens.grace has no source", e.ID)
		}
	}
}

func TestARefusedRuleSaysWhatIsRefused(t *testing.T) {
	for rule, want := range map[string]string{
		`{ rule = "400 limited", refuses = "so many renewals" }`: "",
		`{ rule = "400 limited" }`:                               "errors.refused: must say what is refused",
		`{ rule = "limited", refuses = "so many renewals" }`:     "errors.refused: rule \"limited\" must begin with a status",
		`{ rule = "400 limited", refuses = "x", says = "x" }`:    "errors.refused.says: there is no such field",
		`"400 limited"`: "errors.refused: must be a table",
	} {
		t.Run(rule, func(t *testing.T) {
			dir := userFolder(t, map[string]string{"a.toml": "id = \"a\"\nname = \"A\"\ntoken = \"https://a.example/token\"\nerrors.refused = [" + rule + "]\n"})
			_, errs := LoadCatalogue(dir)
			if want == "" && len(errs) > 0 || want != "" && (len(errs) != 1 || !strings.Contains(errs[0].Error(), want)) {
				t.Errorf("%v, want %s", errs, want)
			}
		})
	}
}

func TestSourcesAndUnverifiedNameFieldsAndSteps(t *testing.T) {
	for path, ok := range map[string]bool{"token": true, "client.auth": true, "steps": true, "steps.1": true, "steps.2": true, "steps.3": false, "steps.0": false, "steps.01": false, "steps.-1": false, "steps.x": false, "steps.1.x": false, "tokn": false} {
		for _, line := range []string{"unverified = [\"" + path + "\"]\n", "sources.\"" + path + "\" = \"a page\"\n"} {
			t.Run(line, func(t *testing.T) {
				dir := userFolder(t, map[string]string{"a.toml": "id = \"a\"\nname = \"A\"\ntoken = \"https://a.example/token\"\nsteps = [\"One.\", \"Two.\"]\n" + line})
				_, errs := LoadCatalogue(dir)
				if ok && len(errs) > 0 || !ok && (len(errs) != 1 || !strings.Contains(errs[0].Error(), "is not a field of an entry, nor the number of a step")) {
					t.Error(errs)
				}
			})
		}
	}
}

func TestStepsOfItsOwnHaveNoSourceFromTheEntryThatIsExtended(t *testing.T) {
	const first = "id = \"a\"\nname = \"A\"\ntoken = \"https://a.example/token\"\nsteps = [\"One.\", \"Two.\"]\nunverified = [\"steps.2\", \"revoke\"]\nsources.\"steps.1\" = \"a page\"\nsources.token = \"a page\"\n"
	for name, tt := range map[string]struct {
		steps   string
		sources int
		open    int
	}{
		"its own steps":         {"steps = [\"Another.\"]\n", 1, 1},
		"the steps of that one": {"", 2, 2},
	} {
		t.Run(name, func(t *testing.T) {
			c, errs := LoadCatalogue(userFolder(t, map[string]string{"a.toml": first, "b.toml": "id = \"b\"\nname = \"B\"\nextends = \"a\"\n" + tt.steps}))
			e, _ := c.Entry("b")
			if len(errs) > 0 || len(e.Sources) != tt.sources || len(e.Unverified) != tt.open {
				t.Errorf("%v: sources %v, unverified %v", errs, e.Sources, e.Unverified)
			}
			if a, _ := c.Entry("a"); len(a.Sources) != 2 || len(a.Unverified) != 2 {
				t.Errorf("a has lost its own: %v, %v", a.Sources, a.Unverified)
			}
		})
	}
}

// A variable may be in no field's braces, and be used all the same.
func TestVariableThatChoosesATenantIsUsed(t *testing.T) {
	c, errs := LoadCatalogue(userFolder(t, map[string]string{"mine.toml": "id = \"mine\"\nname = \"Mine\"\nextends = \"atlassian\"\n"}))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	for _, id := range []string{"atlassian", "xero", "confluence", "mine"} {
		t.Run(id, func(t *testing.T) {
			e, _ := c.Entry(id)
			if _, ok := e.VarsFor(nil)[e.Tenants.Var]; !ok {
				t.Errorf("%s is not among %v", e.Tenants.Var, e.VarsFor(nil))
			}
		})
	}
	if e, err := c.Resolve(Connection{Name: "a", Provider: "confluence", Vars: map[string]string{"site": "acme.atlassian.net"}}); err != nil || e.Name == "" {
		t.Error(err)
	}
}

func userFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAFaultInAnEntryNamesFileAndLine(t *testing.T) {
	const head = "id = \"acme\"\nname = \"Acme\"\ntoken = \"https://acme.example/token\"\n"
	for _, tt := range []struct{ name, content, want string }{
		{"syntax", head + "authorize = \n", "acme.toml:4: this is not TOML"},
		{"unknown field", head + "autorize = \"https://x.example\"\n", "acme.toml:4: autorize: there is no such field; did you mean authorize?"},
		{"unknown field in a table", head + "[client]\nsecret = \"none\"\nautth = \"none\"\n", "acme.toml:6: client.autth: there is no such field; did you mean auth?"},
		{"unknown field in an inline table", head + "client = { secret = \"none\", nix = 1 }\n", "acme.toml:4: client.nix: there is no such field; there are id, auth"},
		{"a table where a value belongs", head + "[authorize]\nx = 1\n", "acme.toml:4: authorize: must be a single value"},
		{"a value where a list belongs", head + "[authorize_opts]\nscopes = 1\n", "acme.toml:5: authorize_opts.scopes: must be a list"},
		{"a list where a value belongs", head + "authorize = [\"https://acme.example/\"]\n", "acme.toml:4: authorize: must be a single value"},
		{"a word where a flag belongs", head + "par_required = \"maybe\"\n", "acme.toml:4: par_required: must be true or false"},
		{"a word where a number belongs", head + "[tokens]\ndefault_expires_in = \"soon\"\n", "acme.toml:5: tokens.default_expires_in: must be a whole number"},
		{"a value where a table belongs", head + "client = \"none\"\n", "acme.toml:4: client: must be a table"},
		{"a number for an endpoint", head + "authorize = 5\n", "acme.toml:4: authorize: is not a URL"},
		{"a default that is a variable", head + "[vars.a]\ndefault = \"{a}\"\n", "acme.toml:5: vars.a.default: is not a slug"},
		{"a default that is another variable", head + "[vars.a]\npattern = \"url\"\ndefault = \"https://{b}/\"\n[vars.b]\ndefault = \"x\"\n", "acme.toml:6: vars.a.default: is not a URL"},
		{"plain http", head + "authorize = \"http://acme.example/\"\n", "acme.toml:4: authorize: must be https"},
		{"http to a name", head + "authorize = \"http://acme.example/\"\n", "acme.toml:4: authorize: must be https"},
		{"no URL", head + "authorize = \"acme\"\n", "acme.toml:4: authorize: is not a URL"},
		{"password in a URL", head + "authorize = \"https://u:p@acme.example/\"\n", "acme.toml:4: authorize: must not hold a user name or password"},
		{"unknown variable", head + "authorize = \"https://{hsot}/\"\n", "acme.toml:4: authorize: uses {hsot}, which is neither declared"},
		{"unknown pattern", head + "[vars.host]\npattern = \"any\"\n", "acme.toml:5: vars.host.pattern: must be one of hostname, hostpath, path, port, slug, url"},
		{"default off the pattern", head + "[vars.host]\npattern = \"hostname\"\ndefault = \"a/b\"\n", "acme.toml:6: vars.host.default: is not a hostname"},
		{"default that is no choice", head + "[vars.region]\nchoices = [\"eu\", \"us\"]\ndefault = \"de\"\n", "acme.toml:6: vars.region.default: must be one of eu, us"},
		{"a choice off the pattern", head + "[vars.region]\nchoices = [\"eu\", \"u/s\"]\n", "acme.toml:5: vars.region.choices: must each be a slug"},
		{"tenants without a URL", head + "[tenants]\nkeep = { site = \"id\" }\n", "acme.toml:4: tenants: needs both a url and what is kept"},
		{"tenants without what is kept", head + "[tenants]\nurl = \"https://acme.example/sites\"\n", "acme.toml:4: tenants: needs both a url and what is kept"},
		{"tenants chosen by nothing", head + "[tenants]\nurl = \"https://acme.example/sites\"\nkeep = { site = \"id\" }\nvar = \"site\"\n", "acme.toml:7: tenants.var: must be declared under [vars]"},
		{"tenants over plain http", head + "[tenants]\nurl = \"http://acme.example/sites\"\nkeep = { site = \"id\" }\n", "acme.toml:5: tenants.url: must be https"},
		{"a token in a header", head + "[api.headers]\nX-Acme = \"{access_token}\"\n", "acme.toml:5: api.headers.X-Acme: must not hold a token"},
		{"a credential among the API's headers", head + "[api.headers]\nPrivate-Token = \"s3cr3t\"\n", "acme.toml:5: api.headers.Private-Token: is a credential"},
		{"a header of the API that is not known", head + "[api.headers]\nX-Acme = \"{tenant}\"\n", "acme.toml:5: api.headers.X-Acme: uses {tenant}, which is neither declared"},
		{"a redirect URI that differs each time", head + "[authorize_opts]\nrefresh_params = { redirect_uri = \"{redirect_uri}\" }\n", "acme.toml:5: authorize_opts.refresh_params.redirect_uri: uses {redirect_uri}, which is neither declared"},
		{"a redirect URI where it is sent anyway", head + "[redirect]\nport = \"fixed\"\n[authorize_opts]\ntoken_params = { redirect_uri = \"{redirect_uri}\" }\n", "acme.toml:7: authorize_opts.token_params.redirect_uri: uses {redirect_uri}, which is neither declared"},
		{"a token host from nowhere", head + "[tokens]\nhost_from = \"hostname\"\nhosts = [\"a.example\"]\n", "acme.toml:5: tokens.host_from: must be a kept member"},
		{"a token host without its hosts", head + "[tokens]\nkeep_callback = [\"hostname\"]\nhost_from = \"hostname\"\n", "acme.toml:6: tokens.host_from: must be a kept member"},
		{"unknown quirk", head + "quirks = [\"magic\"]\n", "acme.toml:4: quirks: there is no quirk \"magic\""},
		{"bad enum", head + "[client]\nauth = \"bearer\"\n", "acme.toml:5: client.auth: must be one of none, post, basic, basic_empty"},
		{"plain PKCE", head + "[authorize_opts]\npkce = \"plain\"\n", "acme.toml:5: authorize_opts.pkce: must be one of S256, off"},
		{"bad rule", head + "[errors]\nreconnect = [\"invalid_grant\"]\n", "acme.toml:5: errors.reconnect: rule \"invalid_grant\" must begin with a status"},
		{"a rule for everything", head + "[errors]\nreconnect = [\"*\"]\n", "acme.toml:5: errors.reconnect: rule \"*\" would match every answer"},
		{"bad port", head + "[redirect]\nport = \"8o80\"\n", "acme.toml:5: redirect.port: must be any, fixed, exact or a port number"},
		{"bad duration", head + "[tokens]\nrefresh_idle = \"3 months\"\n", "acme.toml:5: tokens.refresh_idle: must be a duration"},
		{"unverified what", head + "unverified = [\"whoami.labels\"]\n", "acme.toml:4: unverified: \"whoami.labels\" is not a field"},
		{"credential header", head + "[client.headers]\nAuthorization = \"Basic Zm9v\"\n", "acme.toml:5: client.headers.Authorization: is a credential; secrets do not belong into files"},
		{"credential parameter", head + "[authorize_opts.token_params]\nclient_secret = \"s3cr3t\"\n", "acme.toml:5: authorize_opts.token_params.client_secret: is a credential"},
		{"header splitting", head + "[whoami.headers]\nX-A = \"a\\r\\nX-B: b\"\n", "acme.toml:5: whoami.headers.X-A: is not a header"},
		{"no id", "name = \"Acme\"\n", "acme.toml: id: is missing"},
		{"capital id", "id = \"Acme\"\nname = \"Acme\"\n", "acme.toml:1: id: is missing, or not up to 64 of a-z"},
		{"no token", "id = \"acme\"\nname = \"Acme\"\n", "acme.toml: token: is missing"},
		{"extends nothing", head + "extends = \"acmee\"\n", "acme.toml:4: extends: there is no entry acmee"},
		{"extends itself", head + "extends = \"acme\"\n", "acme.toml:4: extends: goes round in a circle"},
		{"id taken from ours", "id = \"gitlab\"\nname = \"x\"\n", "acme.toml: token: is missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := userFolder(t, map[string]string{"acme.toml": tt.content, "good.toml": "id = \"good\"\nname = \"Good\"\ntoken = \"https://good.example/token\"\n"})
			c, errs := LoadCatalogue(dir)
			if len(errs) != 1 || !strings.HasPrefix(errs[0].Error(), filepath.Join(dir, tt.want)) {
				t.Fatalf("%v\nwant %s", errs, tt.want)
			}
			if strings.Contains(errs[0].Error(), "s3cr3t") || strings.Contains(errs[0].Error(), "Zm9v") {
				t.Error("the error repeats the secret")
			}
			if _, ok := c.Entry("acme"); ok {
				t.Error("the entry is there all the same")
			}
			if _, ok := c.Entry("good"); !ok {
				t.Error("hides another file's entry")
			}
		})
	}
}

func TestUserEntriesAddExtendAndReplace(t *testing.T) {
	dir := userFolder(t, map[string]string{
		"work.toml":   "id = \"work\"\nname = \"GitLab at work\"\nextends = \"gitlab\"\n[vars.host]\ndefault = \"git.work.example\"\n[authorize_opts]\nscopes = [\"api\"]\n",
		"sub.toml":    "id = \"sub\"\nname = \"Sub\"\nextends = \"work\"\n",
		"google.toml": "id = \"google\"\nname = \"Google\"\nextends = \"google\"\n[redirect]\nport = 8123\n",
		"github.toml": "id = \"github\"\nname = \"Own\"\ntoken = \"https://own.example/token\"\n",
		"notes.txt":   "not an entry",
	})
	c, errs := LoadCatalogue(dir)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	work, _ := c.Entry("work")
	if work.Token != "https://{host}/oauth/token" || work.Vars["host"].Default != "git.work.example" || work.Vars["host"].Pattern != "hostpath" || strings.Join(work.AuthorizeOpts.Scopes, " ") != "api" {
		t.Errorf("%+v", work)
	}
	if ours, _ := c.Entry("gitlab"); ours.Vars["host"].Default != "gitlab.com" {
		t.Error("extending an entry changed it")
	}
	if sub, _ := c.Entry("sub"); sub.Vars["host"].Default != "git.work.example" {
		t.Error("an entry that extends an extending one")
	}
	if google, _ := c.Entry("google"); google.Redirect.Port != "8123" || google.Device == "" {
		t.Errorf("%+v", google.Redirect)
	}
	if own, _ := c.Entry("github"); own.Authorize != "" || own.Name != "Own" {
		t.Error("an entry of the same id does not take ours' place whole")
	}
}

func TestACircleOfEntriesIsFound(t *testing.T) {
	_, errs := LoadCatalogue(userFolder(t, map[string]string{
		"a.toml": "id = \"a\"\nname = \"A\"\nextends = \"b\"\n",
		"b.toml": "id = \"b\"\nname = \"B\"\nextends = \"a\"\n",
	}))
	if len(errs) != 2 || !strings.Contains(errs[0].Error(), "a → b → a") {
		t.Error(errs)
	}
}

func TestTwoUserFilesOfOneID(t *testing.T) {
	const entry = "id = \"a\"\nname = \"A\"\ntoken = \"https://a.example/token\"\n"
	c, errs := LoadCatalogue(userFolder(t, map[string]string{"a.toml": entry, "b.toml": entry}))
	if _, ok := c.Entry("a"); !ok || len(errs) != 1 || !strings.Contains(errs[0].Error(), "b.toml:1: id: is also the id of") {
		t.Error(errs)
	}
}

func TestAnAbsentUserFolderIsNoFault(t *testing.T) {
	if _, errs := LoadCatalogue(filepath.Join(t.TempDir(), "absent")); len(errs) > 0 {
		t.Error(errs)
	}
}

func TestVariablesCannotSmuggle(t *testing.T) {
	for pattern, values := range map[string][]string{
		"hostname": {"a/b", "https://a", "u@a", "a?b", "a#b", "a b", "", ".a", "-a", "a..b", "a:123456", "a\nb", "a%2fb", "{x}", "a:b"},
		"hostpath": {"a/", "/a", "a//b", "a/../b", "a/b?c", "https://a/b", "u@a/b", "a/b#c", "a b", "", "a/%2e"},
		"slug":     {"a/b", "..", ".", "a@b", "a?b", "a%2f", "", "a b"},
		"path":     {"/a", "a/", "a//b", "a/../b", "..", "a?b", "a@b"},
		"port":     {"0", "080", "123456", "-1", "8o"},
		"url":      {"ftp://a", "http://a.example", "https://u:p@a", "https://", "https://a#b", "javascript:x", "https://a/{b}", "a.example", "https://münchen.example/x"},
	} {
		for _, v := range values {
			if (Var{Pattern: pattern}).Takes(v) {
				t.Errorf("%s takes %q", pattern, v)
			}
		}
	}
	for pattern, values := range map[string][]string{
		"hostname": {"git.example.org", "git.example.org:8443", "localhost", "10.0.0.1", "[::1]:80"},
		"slug":     {"common", "contoso.onmicrosoft.com", "72f988bf-86f1"}, "path": {"master", "a/b.c"}, "port": {"1", "47820"},
		"url": {"https://id.example.org/realms/x", "http://127.0.0.1:8080", "http://[::1]/x", "https://a.example/?x=y", "https://xn--mnchen-3ya.example/ü"},
	} {
		for _, v := range values {
			if !(Var{Pattern: pattern}).Takes(v) {
				t.Errorf("%s refuses %q", pattern, v)
			}
		}
	}
}

func FuzzCatalogueFile(f *testing.F) {
	for _, name := range []string{"oidc", "gitlab", "github", "microsoft"} {
		data, err := builtin.ReadFile("entries/" + name + ".toml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("id = \"a\"\nname = \"A\"\nvars = { x = { pattern = \"url\" } }\ntoken = \"{x}\"\n[override]\n"))
	f.Add([]byte("[[client]]\nid = 1\n\"a.b\".c = {}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := readTOML("x.toml", data)
		if err != nil {
			return
		}
		var e Entry
		if overlay(&e, file.table) != nil || len(e.check()) > 0 {
			return
		}
		for path, u := range e.fill(e.sampleValues()).urls() {
			if u != "" && !strings.HasPrefix(u, "{") && urlProblem(Placeholder().ReplaceAllString(u, "x")) != "" {
				t.Fatalf("%s = %q passed", path, u)
			}
		}
	})
}

// TestFileErrorKeepsItsCause: its sentence is for people, and errors.Is for code.
func TestFileErrorKeepsItsCause(t *testing.T) {
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "a.toml"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, errs := LoadCatalogue(folder)
	if len(errs) != 1 || !errors.Is(errs[0], ErrNotRegular) {
		t.Errorf("a folder in an entry's place: %v", errs)
	}
	_, err := ParseConnection("work", []byte("provider = \"x\"\nclient_id = \"a b\"\n"))
	if FieldOf(err) != "client_id" {
		t.Errorf("the field of %v is %q", err, FieldOf(err))
	}
}

func TestOnlyEntriesThatAreAskedForAreParsed(t *testing.T) {
	c, _ := LoadCatalogue(userFolder(t, map[string]string{"mine.toml": "id = \"mine\"\nname = \"Mine\"\nextends = \"gitlab\"\n"}))
	c.IDs()
	if _, ok := c.Entry("github"); !ok {
		t.Error("there is no GitHub")
	}
	parsed := slices.Sorted(maps.Keys(c.loader.done))
	if want := []string{"github", "gitlab", "mine"}; !slices.Equal(parsed, want) {
		t.Errorf("parsed are %q, want %q", parsed, want)
	}
	if len(c.List()) != len(c.IDs()) || len(c.IDs()) != len(ourIDs())+1 {
		t.Errorf("%d entries of %d", len(c.List()), len(c.IDs()))
	}
}
