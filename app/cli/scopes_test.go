package cli

import (
	"strings"
	"testing"
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

// The hint of a refused sign-in is typed as it stands.
func TestHintOfRefusedScopesMendsThem(t *testing.T) {
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
