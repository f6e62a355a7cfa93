package cli

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/tokens"
)

// companyServer is the issuer in the README and in the help.
const companyServer = "https://login.example.org"

// signIn does what a person does in the browser. Where it fails the sign-in never
// ends, and its command gives up.
func signIn(ctx context.Context, log *slog.Logger, at string) {
	redirect, err := practicetest.Consent(ctx, at, "ada")
	if err != nil {
		log.Error("the sign-in failed", "err", err)
		return
	}
	if resp, err := http.Get(redirect); err == nil {
		resp.Body.Close()
	}
}

// types runs a line as it is printed for people, with the practice provider for
// the company's server.
func (w *world) types(line string) (out string) {
	w.t.Helper()
	words := strings.Fields(strings.ReplaceAll(line, companyServer, w.provider.Issuer))
	if words[0] != "authtray" {
		w.t.Fatalf("%q is no command of ours", line)
	}
	exit, out, errs := w.command(words[1:]...)
	if exit != 0 {
		w.t.Fatalf("%s: exit %d: %s", line, exit, errs)
	}
	return out
}

// works signs in by the command, and wants a token that the provider takes.
func (w *world) works(name string) {
	w.t.Helper()
	w.types("authtray connect " + name)
	w.givesToken(name)
}

func (w *world) givesToken(name string) {
	w.t.Helper()
	token := strings.TrimSpace(w.types("authtray token " + name))
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.provider.Issuer+"/api/whoami", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		w.t.Errorf("the provider answers the token of %s with %s", name, resp.Status)
	}
}

// hasOneIssuer wants issuer once in the connection's file, and no other.
func (w *world) hasOneIssuer(name, issuer string, others ...string) {
	w.t.Helper()
	text := w.read(name)
	if strings.Count(text, "'"+issuer+"'")+strings.Count(text, `"`+issuer+`"`) != 1 || strings.Count(text, "issuer") > 1 {
		w.t.Errorf("not one issuer:\n%s", text)
	}
	for _, other := range others {
		if strings.Contains(text, other) {
			w.t.Errorf("%s is still in the file:\n%s", other, text)
		}
	}
}

func TestTheHelpsExampleOfAnIssuerWorks(t *testing.T) {
	found := 0
	add, _, err := Commands().Find([]string{"add"})
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(add.Example) {
		if !strings.Contains(line, "--issuer") {
			continue
		}
		found++
		t.Run(fmt.Sprint(found), func(t *testing.T) {
			w := newWorld(t, nil)
			w.types(line)
			name := strings.Fields(line)[2]
			w.hasOneIssuer(name, w.provider.Issuer)
			w.works(name)
		})
	}
	if found == 0 {
		t.Error("the help of add shows no example with --issuer")
	}
}

// ownIssuers are entries of the user's own with a variable for the issuer.
var ownIssuers = map[string]string{
	"corp.toml": "id = \"corp\"\nname = \"Corp\"\nextends = \"oidc\"\nissuer = \"{server}\"\n[vars.server]\nlabel = \"the server\"\npattern = \"url\"\n",
	"bare.toml": "id = \"bare\"\nname = \"Bare\"\nauthorize = \"{issuer}/authorize\"\ntoken = \"{issuer}/token\"\n[vars.issuer]\npattern = \"url\"\n" +
		"[client]\nauth = \"none\"\nsecret = \"none\"\n[authorize_opts]\nscopes = [\"openid\", \"offline_access\"]\n",
}

func TestAProvidersOwnLineWithAnIssuerWorks(t *testing.T) {
	w := newWorld(t, ownIssuers)
	catalogue, faults := catalog.LoadCatalogue(w.paths.Providers())
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	tried := map[string]bool{}
	for _, e := range catalogue.List() {
		if e.IssuerVar() == "" {
			continue
		}
		tried[e.ID] = true
		t.Run(e.ID, func(t *testing.T) {
			w.t = t
			shown := w.types("authtray providers " + e.ID)
			_, line, ok := strings.Cut(shown, "Then here, with a NAME of your choice:\n")
			line, _, _ = strings.Cut(strings.TrimSpace(line), "\n")
			if !ok || !strings.Contains(line, "--issuer URL") || strings.Contains(shown, "vars.") || !strings.Contains(shown, "\n--issuer ") {
				t.Fatalf("it does not say how to give the issuer:\n%s", shown)
			}
			w.types(strings.NewReplacer("NAME", "my-"+e.ID, "URL", companyServer).Replace(line))
			w.works("my-" + e.ID)
		})
	}
	w.t = t
	for _, id := range []string{"oidc", "corp", "bare"} {
		if !tried[id] {
			t.Errorf("%s has no variable for its issuer", id)
		}
	}
}

// Entries whose issuer is made of a host or a realm keep the variables for the
// rest, and the issuer is overridden.
func TestIssuerIsOverriddenWhereNoVariableHoldsIt(t *testing.T) {
	w := newWorld(t, nil)
	catalogue, _ := catalog.LoadCatalogue("")
	tried := 0
	for _, e := range catalogue.List() {
		if e.Issuer == "" || e.IssuerVar() != "" {
			continue
		}
		tried++
		t.Run(e.ID, func(t *testing.T) {
			w.t = t
			line := "authtray add " + e.ID + " --provider " + e.ID + " --client-id ID"
			for name, v := range e.Vars {
				if v.Default == "" {
					line += " --set vars." + name + "=a.example"
				}
			}
			for _, issuer := range []string{"https://one.example", "https://two.example/x/"} {
				w.types(line + " --issuer " + issuer)
				w.hasOneIssuer(e.ID, issuer)
				conn := w.seen(e.ID).Config
				if got, err := catalogue.Resolve(*conn); err != nil || got.Issuer != issuer || conn.Override["issuer"] != issuer {
					t.Errorf("resolved to %q, %v; the override is %v", got.Issuer, err, conn.Override)
				}
			}
		})
	}
	if tried < 6 {
		t.Errorf("only %d entries were tried", tried)
	}
}

func TestIssuerOfAConnectionThatIsThereIsReplaced(t *testing.T) {
	const old = "https://old.example"
	head := "provider = \"oidc\"\nclient_id = \"authtray\"\nscopes = [\"openid\", \"offline_access\"]\n"
	w := newWorld(t, ownIssuers)
	for i, tt := range []struct{ form, file string }{
		{"in the variable", head + "[vars]\nissuer = \"OLD\"\n"},
		{"in an override", head + "[override]\nissuer = \"OLD\"\n"},
		{"in both", head + "[vars]\nissuer = \"OLD\"\n[override]\nissuer = \"OLD/other\"\n"},
		{"in an inline table", head + "vars = { issuer = \"OLD\" }\noverride = { issuer = \"OLD\" }\n"},
		{"in the variable's default", head + "[override.vars.issuer]\ndefault = \"OLD\"\n"},
		{"in everything", head + "[vars]\nissuer = \"OLD\"\n[override]\nissuer = \"OLD\"\nvars = { issuer = { default = \"OLD\" } }\n"},
		{"of an own entry, in its variable", strings.Replace(head, "oidc", "corp", 1) + "[vars]\nserver = \"OLD\"\n"},
		{"of an own entry, in both", strings.Replace(head, "oidc", "corp", 1) + "[vars]\nserver = \"OLD\"\n[override]\nissuer = \"OLD\"\n"},
		{"of an own entry, in the variable that it had", strings.Replace(head, "oidc", "corp", 1) + "[vars]\nissuer = \"OLD\"\n[override]\nissuer = \"OLD\"\n"},
		{"nowhere", head},
	} {
		t.Run(tt.form, func(t *testing.T) {
			w.t = t
			name := fmt.Sprint("c", i)
			if err := os.MkdirAll(w.paths.Connections(), 0o700); err != nil {
				t.Fatal(err)
			}
			w.edit(name, strings.ReplaceAll(tt.file, "OLD", old))
			w.types("authtray add " + name + " --issuer " + companyServer)
			w.hasOneIssuer(name, w.provider.Issuer, old)
			w.works(name)
			w.types("authtray add " + name + " --issuer " + companyServer) // the same again changes nothing
			w.givesToken(name)
		})
	}
}

func TestSetOfTheIssuerTakesThePlaceOfTheOtherForm(t *testing.T) {
	const old = "https://old.example"
	w := newWorld(t, nil)
	for _, tt := range []struct{ name, before, set string }{
		{"variable", "--set issuer=" + old, "--set vars.issuer=" + companyServer},
		{"override", "--set vars.issuer=" + old, "--set issuer=" + companyServer},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.t = t
			w.types("authtray add " + tt.name + " --provider oidc --client-id authtray --scope openid " + tt.before)
			w.types("authtray add " + tt.name + " " + tt.set)
			w.hasOneIssuer(tt.name, w.provider.Issuer, old)
			w.works(tt.name)
		})
	}
}

func TestOverriddenIssuerNeedsNoVariable(t *testing.T) {
	w := newWorld(t, nil)
	issuer := w.provider.Issuer
	overrides := map[string]map[string]any{
		"issuer":    {"issuer": issuer},
		"endpoints": {"issuer": "", "authorize": issuer + "/authorize", "token": issuer + "/token"},
	}
	ways := map[string]func(name string, override map[string]any){
		"set": func(name string, override map[string]any) {
			args := []string{"add", name, "--provider", "oidc", "--client-id", "authtray", "--scope", "openid"}
			for field, value := range override {
				args = append(args, "--set", fmt.Sprint(field, "=", value))
			}
			if exit, _, errs := w.command(args...); exit != 0 {
				w.t.Fatalf("exit %d: %s", exit, errs)
			}
		},
		"file": func(name string, override map[string]any) {
			text := "provider = \"oidc\"\nclient_id = \"authtray\"\nscopes = [\"openid\"]\n[override]\n"
			for field, value := range override {
				text += fmt.Sprintf("%s = %q\n", field, value)
			}
			w.edit(name, text)
			eventually(w.t, "the file is taken up", func() bool { return w.seen(name).Name == name })
		},
		"put": func(name string, override map[string]any) {
			w.put(name, map[string]any{"provider": "oidc", "client_id": "authtray", "scopes": []string{"openid"}, "override": override})
		},
	}
	for what, override := range overrides {
		for way, add := range ways {
			t.Run(what+" by "+way, func(t *testing.T) {
				w.t = t
				if err := os.MkdirAll(w.paths.Connections(), 0o700); err != nil {
					t.Fatal(err)
				}
				name := what + "-" + way
				add(name, override)
				if c := w.seen(name); c.State != tokens.Disconnected || c.ConfigError != "" {
					t.Fatalf("it is %s: %s %s", c.State, c.Detail, c.ConfigError)
				}
				w.works(name)
			})
		}
	}
}

func TestBadIssuerIsOneSentenceAndWritesNothing(t *testing.T) {
	w := newWorld(t, ownIssuers)
	w.types("authtray add old --provider oidc --client-id authtray --issuer " + companyServer)
	before := w.read("old")
	for _, tt := range []struct{ name, args, want string }{
		{"no scheme", "--provider oidc --issuer login.example.org", "the issuer has no scheme: did you mean https://login.example.org?"},
		{"no scheme, with a port", "--provider oidc --issuer localhost:8080", "the issuer has no scheme: did you mean http://localhost:8080?"},
		{"no scheme, of an override", "--provider google --issuer accounts.example.org", "the issuer has no scheme: did you mean https://accounts.example.org?"},
		{"no scheme, by --set", "--provider oidc --set vars.issuer=login.example.org", "vars.issuer: must begin with https://"},
		{"plain http", "--provider oidc --issuer http://login.example.org", "the issuer must be https, or http to this machine (localhost, 127.0.0.1 or [::1])"},
		{"a password", "--provider oidc --issuer https://u:s3cr3t@login.example.org", "the issuer must not hold a user name or password"},
		{"empty", "--provider oidc --issuer=", "the issuer is empty: give its URL, such as https://login.example.org"},
		{"with the variable", "--provider oidc --issuer https://a.example --set vars.issuer=https://b.example", "--issuer and --set vars.issuer both name the issuer: give one of them"},
		{"with the variable, the same", "--provider oidc --set vars.issuer=https://a.example --issuer https://a.example", "--issuer and --set vars.issuer both name the issuer: give one of them"},
		{"with the override", "--provider oidc --issuer https://a.example --set issuer=https://b.example", "--issuer and --set issuer both name the issuer: give one of them"},
		{"with the variable's default", "--provider oidc --issuer https://a.example --set vars.issuer.default=https://b.example", "--issuer and --set vars.issuer.default both name the issuer: give one of them"},
		{"with an own entry's variable", "--provider corp --issuer https://a.example --set vars.server=https://b.example", "--issuer and --set vars.server both name the issuer: give one of them"},
		{"with a variable that is not there", "--provider google --issuer https://a.example --set vars.issuer=https://b.example", "--issuer and --set vars.issuer both name the issuer: give one of them"},
		{"no issuer", "--provider github --issuer https://login.example.org", "GitHub (github) has no issuer: leave --issuer out, or use --provider oidc for a server that has a discovery document"},
		{"no provider", "--provider oidcc --issuer https://login.example.org", `there is no provider "oidcc"; did you mean oidc? The others: authtray providers`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.t = t
			exit, out, errs := w.command(append([]string{"add", "new", "--client-id", "authtray"}, strings.Fields(tt.args)...)...)
			if errs != "authtray: "+tt.want+"\n" || out != "" || exit == 0 {
				t.Errorf("exit %d, %q\n%s", exit, out, errs)
			}
			if _, err := os.Stat(w.file("new")); err == nil {
				t.Error("the connection was added all the same")
			}
			if strings.Contains(tt.args, "--provider oidc ") {
				exit, _, errs = w.command(append([]string{"add", "old"}, strings.Fields(tt.args)...)...)
				if errs != "authtray: "+tt.want+"\n" || exit != exitUsage || w.read("old") != before {
					t.Errorf("over a connection that is there: exit %d: %s\n%s", exit, errs, w.read("old"))
				}
			}
		})
	}
}

func TestIssuerIsTakenAsPeoplePasteIt(t *testing.T) {
	for _, end := range []string{"/", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration/"} {
		t.Run(end, func(t *testing.T) {
			w := newWorld(t, nil)
			w.types("authtray add work --provider oidc --client-id authtray --scope openid --issuer " + companyServer + end)
			w.works("work")
		})
	}
}

func TestIssuerOfAnMCPServerIsOverridden(t *testing.T) {
	w := newWorld(t, nil)
	w.types("authtray add files --mcp " + w.provider.Issuer + "/mcp --client-id authtray --issuer " + companyServer)
	if c := w.seen("files").Config; c.Override["issuer"] != w.provider.Issuer || len(c.Vars) > 0 {
		t.Errorf("%+v", c)
	}
	if u, err := url.Parse(w.provider.Issuer); err != nil || w.seen("files").ProviderName != "MCP server "+u.Host {
		t.Errorf("it is called %q", w.seen("files").ProviderName)
	}
}

func TestFileThatCannotBeReadIsNotWrittenOver(t *testing.T) {
	w := newWorld(t, nil)
	if err := os.MkdirAll(w.paths.Connections(), 0o700); err != nil {
		t.Fatal(err)
	}
	text := "provider = \"oidc\"\nissuer = \"https://old.example\"\n"
	w.edit("work", text)
	exit, _, errs := w.command("add", "work", "--issuer", w.provider.Issuer)
	if exit == 0 || !strings.Contains(errs, "cannot be used and is left as it is") || w.read("work") != text {
		t.Errorf("exit %d: %s\n%s", exit, errs, w.read("work"))
	}
}

func TestChangedConnectionThatWasNeverConnectedIsLedOn(t *testing.T) {
	w := newWorld(t, nil)
	changed := func(args ...string) string {
		_, out, errs := w.command(append([]string{"add"}, args...)...)
		if out != args[0]+" is changed.\n" {
			t.Errorf("%q, %q", out, errs)
		}
		return errs
	}
	w.types("authtray add gitlab --provider gitlab")
	if errs := changed("gitlab", "--host", "gitlab.com"); !strings.Contains(errs, "authtray add gitlab --client-id ID") {
		t.Errorf("without a client id it says %q", errs)
	}
	if errs := changed("gitlab", "--client-id", "abc"); errs != "Then sign in: authtray connect gitlab\n" {
		t.Errorf("with everything told it says %q", errs)
	}
	w.types("authtray add work --provider oidc --client-id authtray --issuer " + companyServer + " --scope openid --scope offline_access")
	w.works("work")
	if errs := changed("work", "--host", "api.example.com"); errs != "" {
		t.Errorf("of one that is connected it says %q", errs)
	}
}
