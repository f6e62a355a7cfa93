package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/shellquote"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens"
)

func TestChangedScopesAreAskedForFromTheNextSignInOn(t *testing.T) {
	w := newWorld(t, nil)
	w.types("authtray add work --provider oidc --client-id authtray --issuer " + companyServer + " --scope openid --scope offline_access")
	w.works("work")
	_, out, errs := w.command("add", "work", "--scope", "openid", "--scope", "offline_access", "--scope", "notes.read")
	if out != "work is changed.\n" || errs != "It asks for openid offline_access notes.read from the next sign-in on: authtray connect work\n" {
		t.Errorf("%q, %q", out, errs)
	}
	if out := w.types("authtray status work"); !strings.Contains(out, "not granted yet: notes.read") || !strings.Contains(out, "authtray connect work") {
		t.Errorf("the status is\n%s", out)
	}
	w.works("work")
	if out := w.types("authtray status work"); !strings.Contains(out, "notes.read") || strings.Contains(out, "not granted") {
		t.Errorf("after the sign-in the status is\n%s", out)
	}
}

// withholding passes on to a token endpoint, and leaves scopes out of its answers' scope
// (RFC 6749 section 3.3).
func withholding(t *testing.T, issuer string, scopes ...string) string {
	t.Helper()
	to, err := url.Parse(issuer)
	if err != nil {
		t.Fatal(err)
	}
	p := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to); r.Out.Header.Del("Accept-Encoding") },
		ModifyResponse: func(r *http.Response) error {
			var answer map[string]any
			if err := json.NewDecoder(r.Body).Decode(&answer); err != nil {
				return err
			}
			granted, _ := answer["scope"].(string)
			answer["scope"] = strings.Join(slices.DeleteFunc(strings.Fields(granted), func(s string) bool { return slices.Contains(scopes, s) }), " ")
			body, err := json.Marshal(answer)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			r.Header.Del("Content-Length")
			return err
		},
	})
	t.Cleanup(p.Close)
	return p.URL + "/token"
}

// What a sign-in asked for in vain is told as that: to connect again would not help.
func TestScopesThatTheProviderDoesNotGrantAreToldAsThat(t *testing.T) {
	w := newWorld(t, nil)
	token := withholding(t, w.provider.Issuer, "profile", "email")
	w.types("authtray add work --provider oidc --client-id authtray --issuer " + companyServer + " --set token=" + token +
		" --scope openid --scope notes.read --scope profile --scope email --scope offline_access")
	w.works("work")
	const sentence = "the provider did not grant: profile email. To ask for the others only, run: "
	out := w.types("authtray status work")
	_, hint, told := strings.Cut(out, sentence)
	if !told || strings.Contains(out, "not granted yet") || strings.Contains(out, "authtray connect") {
		t.Fatalf("the status is\n%s", out)
	}
	if _, _, errs := w.command("add", "work", "--host", "git.example.org"); strings.Contains(errs, "authtray connect") {
		t.Errorf("another change says %s", errs)
	}
	w.types("authtray add work --scope openid --scope notes.read --scope notes.write --scope profile --scope offline_access")
	if out := w.types("authtray status work"); !strings.Contains(out, "not granted yet: notes.write. To ask, run: authtray connect work; the provider did not grant: profile. ") {
		t.Errorf("with one more the status is\n%s", out)
	}
	hint, _, _ = strings.Cut(hint, "\n")
	w.types(hint)
	if out := w.types("authtray status work"); strings.Contains(out, "grant") {
		t.Errorf("%s left\n%s", hint, out)
	}
	w.types("authtray remove work")
}

// The hint of a refused sign-in is typed as it stands.
func TestHintOfRefusedScopesHelps(t *testing.T) {
	w := newWorld(t, nil)
	w.types("authtray add work --provider oidc --client-id authtray --issuer " + companyServer + " --scope openid --scope admin")
	exit, _, errs := w.command("connect", "work")
	_, hint, ok := strings.Cut(strings.TrimSpace(errs), "; run: ")
	if exit == 0 || !ok || !strings.Contains(errs, "(openid admin)") {
		t.Fatalf("exit %d: %s", exit, errs)
	}
	w.types(hint)
	w.works("work")
}

// What a provider said of a refusal stands beside our sentence on stderr.
func TestProvidersWordsStandBesideOurs(t *testing.T) {
	w := newWorld(t, nil)
	w.types("authtray add work --provider oidc --client-id authtray --scope openid --scope admin --issuer " + companyServer)
	exit, _, errs := w.command("connect", "work")
	if exit == 0 || !strings.Contains(errs, `(it said "`) || strings.Count(strings.TrimSpace(errs), "\n") > 2 {
		t.Errorf("exit %d: %s", exit, errs)
	}
}

func TestStatusNamesACommandForTheOtherScopesWhereThereAreAny(t *testing.T) {
	st := api.Connection{Status: tokens.Status{Name: "work", Scopes: []string{"public"}}, Asked: []string{"repo", "mail read"}, Withheld: []string{"repo"}}
	if got := askedFor(st); !strings.HasSuffix(got, "the provider did not grant: repo. To ask for the others only, run: authtray add work --scope "+shellquote.Word(shellquote.Local(), "mail read")) {
		t.Errorf("one of two: %q", got)
	}
	st.Withheld = st.Asked
	if got := askedFor(st); !strings.HasSuffix(got, "the provider did not grant: repo mail read") {
		t.Errorf("none: %q", got)
	}
}

func TestNextStepsSayWhatToRegisterWhereOnlyTheCostIsKnown(t *testing.T) {
	e := catalog.Entry{ID: "own", Name: "Own", Cost: "A paid account.", Authorize: "https://own.example/authorize", Token: "https://own.example/token"}
	said := strings.Join(nextSteps(e, catalog.Connection{Name: "work"}), "\n")
	if !strings.Contains(said, "A paid account.") || !strings.Contains(said, "redirect URI http") {
		t.Errorf("said:\n%s", said)
	}
}
