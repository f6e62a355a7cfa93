package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/practice/server"
)

func TestCredentialIsTakenOutOfWhatWasPasted(t *testing.T) {
	for pasted, want := range map[string]string{
		" Iv1.0123\n": "Iv1.0123", "Client ID: Iv1.0123": "Iv1.0123", "client_secret = s3": "s3", "CLIENT SECRET:s3": "s3", `"quoted"`: "quoted",
		"Application (client) ID": "Application (client) ID", "oauth client id: x": "x", "Secret: 'a b'": "a b", "key:": "", "GOCSPX-a:b=c": "GOCSPX-a:b=c",
		"https://app.example.org/client.json": "https://app.example.org/client.json", "": "",
	} {
		t.Run(pasted, func(t *testing.T) {
			if got := credential(pasted); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestServersAreTakenAsTheyAreTyped(t *testing.T) {
	for typed, want := range map[string]string{
		"login.example.org": "https://login.example.org", " https://a.example/x ": "https://a.example/x", "localhost:8080/realms/x": "http://localhost:8080/realms/x",
		"127.0.0.1": "http://127.0.0.1", "[::1]:80": "http://[::1]:80", "git.localhost": "http://git.localhost", "": "",
	} {
		t.Run(typed, func(t *testing.T) {
			if got := pastedURL(typed); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
	for typed, want := range map[string]string{"https://git.example.org/group/": "git.example.org", "git.example.org:8443": "git.example.org:8443", "http://localhost:3000": "localhost:3000"} {
		t.Run("host "+typed, func(t *testing.T) {
			if got := variable(catalog.Var{Pattern: "hostname"}, typed); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// Each of these was typed by somebody tired, and either works or says what to type.
func TestWhatATiredPersonTypes(t *testing.T) {
	w := newWorld(t, nil)
	for _, tt := range []struct {
		name string
		args []string
		want string // of stderr; "": it works
	}{
		{"a name with capitals", []string{"add", "Work", "--provider", "practice"}, "did you mean work?"},
		{"a name with a blank", []string{"connect", "My Work"}, "did you mean my-work?"},
		{"the provider's name for people", []string{"add", "a", "--provider", "Practice provider"}, ""},
		{"a provider's id in capitals", []string{"add", "b", "--provider", "GitHub", "--client-id", "x"}, ""},
		{"another name of a provider", []string{"add", "c", "--provider", "Jira"}, ""},
		{"a part of a provider's name", []string{"add", "c2", "--provider", "practic"}, "did you mean practice"},
		{"an issuer without scheme", []string{"add", "d", "--provider", "oidc", "--issuer", "login.example.org"}, "did you mean https://login.example.org?"},
		{"an issuer with a blank at its end", []string{"add", "e", "--provider", "oidc", "--issuer", "https://login.example.org "}, ""},
		{"a client id with its label", []string{"add", "f", "--provider", "github", "--client-id", "Client ID: Iv1.01"}, ""},
		{"a client id with a newline", []string{"add", "g", "--provider", "github", "--client-id", "Iv1.01\n"}, ""},
		{"a client id in two words", []string{"add", "h", "--provider", "github", "--client-id", "Iv1.01 x"}, "must not hold spaces"},
		{"a host as a URL", []string{"add", "i", "--provider", "gitea", "--set", "vars.host=https://git.example.org/"}, "is not a host, such as git.example.org"},
		{"no such provider", []string{"add", "j", "--provider", "gihtub"}, "did you mean github"},
		{"like nothing", []string{"add", "k", "--like", "nobody"}, `There is no connection named "nobody"`},
		{"an API without scheme", []string{"add", "l", "--provider", "practice", "--api", "api.example.org"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			exit, _, errs := w.command(tt.args...)
			if tt.want == "" && exit != 0 || tt.want != "" && (exit == 0 || !strings.Contains(errs, tt.want)) {
				t.Errorf("exit %d: %s", exit, errs)
			}
		})
	}
	if c := w.seen("f").Config; c.ClientID != "Iv1.01" {
		t.Errorf("the client id is %q", c.ClientID)
	}
}

func TestAPIOfAGenericConnectionIsToldOnce(t *testing.T) {
	w := newWorld(t, nil)
	w.types("authtray add work --provider oidc --client-id authtray --issuer " + companyServer)
	w.types("authtray connect work")
	for _, target := range []string{"/whoami", w.provider.Issuer + "/api/whoami"} {
		exit, _, errs := w.command("request", "work", target)
		if exit == 0 || !strings.Contains(errs, "authtray add work --api ") {
			t.Errorf("%s: exit %d: %s", target, exit, errs)
		}
	}
	w.types("authtray add work --api " + companyServer + "/api")
	for _, target := range []string{"/whoami", companyServer + "/api/whoami"} {
		if out := w.types("authtray request work " + target); !strings.Contains(out, "ada") {
			t.Errorf("%s: %q", target, out)
		}
	}
}

func TestConnectionLikeAnotherTakesAllButTheAccount(t *testing.T) {
	w := newWorld(t, nil)
	w.types("authtray add work --provider oidc --client-id authtray --issuer " + companyServer + " --scope openid --scope offline_access --api " + companyServer + "/api --host git.example.org")
	w.works("work")
	w.types("authtray add work-bob --like work")
	a, b := w.seen("work").Config, w.seen("work-bob")
	if c := b.Config; c.Name != "work-bob" || c.ClientID != a.ClientID || strings.Join(c.Scopes, " ") != strings.Join(a.Scopes, " ") || c.Vars["issuer"] != a.Vars["issuer"] || b.Account != "" {
		t.Errorf("%+v", c)
	}
	w.types("authtray connect work-bob --switch-account")
	w.givesToken("work-bob")
	if out := w.types("authtray request work-bob /whoami"); !strings.Contains(out, "ada") {
		t.Errorf("the API answers %q", out)
	}
	if exit, _, errs := w.command("add", "work-bob", "--like", "work"); exit == 0 || !strings.Contains(errs, "is there already") {
		t.Errorf("exit %d: %s", exit, errs)
	}
}

// TestHowAnotherAccountIsHadIsTrueOfTheProvider: most have no way to be asked for the choice.
func TestHowAnotherAccountIsHadIsTrueOfTheProvider(t *testing.T) {
	w := newWorld(t, nil)
	for provider, want := range map[string]string{"github": "with --switch-account the provider asks which one.", "gitlab": "sign out at the provider first."} {
		w.put(provider, map[string]any{"provider": provider, "client_id": "abc"})
		if exit, _, errs := w.command("add", provider+"-bob", "--like", provider); exit != 0 || !strings.Contains(errs, want) {
			t.Errorf("%s: exit %d: %s", provider, exit, errs)
		}
	}
}

// An MCP server whose issuer's document is of another one.
func TestIssuerNamedForAnMCPServerIsShownBesideTheServersOwn(t *testing.T) {
	w := newWorld(t, nil)
	const named = "https://192.0.2.1"
	site := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.well-known/oauth-protected-resource/mcp" {
			http.NotFound(rw, r)
			return
		}
		fmt.Fprintf(rw, `{"resource":"http://%s/mcp","authorization_servers":[%q]}`, r.Host, named)
	}))
	t.Cleanup(site.Close)
	line := []string{"add", "files", "--mcp", site.URL + "/mcp", "--client-id", "authtray", "--issuer", w.provider.Issuer}
	both := site.URL + "/mcp names " + named + " as the issuer of its tokens; " + w.provider.Issuer + " is used instead."
	t.Run("no terminal", func(t *testing.T) {
		if exit, _, errs := w.command(line...); exit != 0 || !strings.Contains(errs, both) {
			t.Errorf("exit %d: %s", exit, errs)
		}
	})
	w.types("authtray remove files")
	for answer, exit := range map[string]int{"": exitFailed, "y": exitDone} {
		t.Run("answered "+answer, func(t *testing.T) {
			p := w.at(line...)
			p.sees(both)
			p.answers("Is that what you want? [y/N] ", answer)
			p.ends(exit)
			if added := w.seen("files").Name != ""; added != (exit == exitDone) {
				t.Errorf("added: %v", added)
			}
		})
		w.command("remove", "files")
	}
}

func TestConnectionLikeAnotherTakesItsSecret(t *testing.T) {
	w := newWorld(t, nil)
	w.types("authtray add work --provider oidc --client-id " + server.ConfidentialClient + " --issuer " + companyServer + " --scope openid")
	var errs strings.Builder
	s := &shell{in: strings.NewReader("Client secret: " + server.ConfidentialSecret + "\n"), out: io.Discard, err: &errs, now: time.Now}
	if exit := s.main(t.Context(), []string{"secret", "set", "work"}); exit != exitDone {
		t.Fatalf("exit %d: %s", exit, errs.String())
	}
	w.works("work")
	w.types("authtray add work-bob --like work")
	w.works("work-bob")
	if text := w.read("work-bob"); strings.Contains(text, server.ConfidentialSecret) {
		t.Error("the secret stands in the file")
	}
}
