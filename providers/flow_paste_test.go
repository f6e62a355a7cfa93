package providers

import (
	"errors"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

func TestAPastedRedirectEndsTheFlowAndAWrongOneDoesNot(t *testing.T) {
	w := newFlowWorld(t)
	f := w.begin(AuthorizeOptions{Mode: URLOnly})
	for _, pasted := range []string{
		"c-1", f.URL(), redirect(t, f, "code", "c-1", "state", "x"), redirect(t, f),
		strings.Replace(redirect(t, f, "code", "c-1"), "/callback", "/", 1),
	} {
		var mistake *PasteError
		if err := f.Paste(t.Context(), pasted); !errors.As(err, &mistake) {
			t.Errorf("%q: %v", pasted, err)
		}
		stillPending(t, f)
	}
	w.nothingSent()
	if err := f.Paste(t.Context(), redirect(t, f, "code", "c-1")+"\n"); err != nil {
		t.Fatal(err)
	}
	if r, err := w.wait(f); err != nil || r.Answer.AccessToken != "at-1" {
		t.Errorf("%+v, %v", r, err)
	}
	var mistake *PasteError
	if err := f.Paste(t.Context(), redirect(t, f, "code", "c-2")); !errors.As(err, &mistake) || len(w.sent("/token")) != 1 {
		t.Errorf("a used state was good again: %v", err)
	}
}

func TestAPastedDenialSaysSo(t *testing.T) {
	w := newFlowWorld(t)
	f := w.begin(AuthorizeOptions{Mode: URLOnly})
	if err := f.Paste(t.Context(), redirect(t, f, "error", "access_denied")); !errors.Is(err, ErrDenied) {
		t.Error(err)
	}
	if err := f.Paste(t.Context(), redirect(t, f, "code", "c-1")); !errors.Is(err, ErrDenied) {
		t.Errorf("a paste after the end says %v", err)
	}
	w.nothingSent()
}

func TestAPastedAnswerOfAnotherIssuerSendsNothing(t *testing.T) {
	w := newFlowWorld(t)
	f := w.begin(AuthorizeOptions{Mode: URLOnly})
	var failure *refusal.Failure
	if err := f.Paste(t.Context(), redirect(t, f, "code", "c-1", "iss", "https://evil.example")); !errors.As(err, &failure) || failure.Code != "wrong_issuer" {
		t.Error(err)
	}
	w.nothingSent()
}

func TestAnHTTPSOnlyProviderIsConnectedByPasteWithoutAListener(t *testing.T) {
	w := newFlowWorld(t)
	w.entry.Redirect = catalog.RedirectRules{Host: "https_only", URL: "https://app.example/done"}
	f := w.begin(AuthorizeOptions{Mode: Browser})
	if f.RedirectURI() != "https://app.example/done" || asked(t, f).Get("redirect_uri") != f.RedirectURI() {
		t.Errorf("redirect URI %s", f.RedirectURI())
	}
	if err := f.Paste(t.Context(), redirect(t, f, "code", "c-1")); err != nil {
		t.Fatal(err)
	}
	if got := w.sent("/token")[0].Get("redirect_uri"); got != "https://app.example/done" {
		t.Errorf("the token request says %s", got)
	}
}
