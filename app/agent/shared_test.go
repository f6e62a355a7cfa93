package agent

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/tokens"
)

// addSingle adds a connection to a provider that keeps one grant for each user
// and app, as far as its entry says.
func (w *world) addSingle(name string) {
	w.t.Helper()
	conn := w.practice()
	conn["override"] = map[string]any{"tokens": map[string]any{"single_grant": true}}
	w.call("PUT", "/connections/"+name, conn).ok()
}

func TestOneAccountUnderTwoNamesIsSaidWhereThereIsOneGrantForBoth(t *testing.T) {
	w := newWorld(t)
	w.addSingle("first")
	w.addSingle("second")
	w.addSingle("third")
	w.connect("first", "ada")
	w.connect("third", "grace")
	if note := w.call("GET", "/connections/first", nil).connection().Note; note != "" {
		t.Errorf("alone it is told: %s", note)
	}
	at, end := w.waiting("second", nil)
	w.consent(at, "ada")
	if c := (<-end).connection(); !strings.Contains(c.Note, "first is the same account at Practice provider") {
		t.Errorf("connecting tells %q", c.Note)
	}
	eventually(t, "a warning is shown", func() bool { return strings.Contains(w.notes.text(), "Authtray: second: first is the same account") })
	if strings.Contains(w.notes.text(), "Authtray: first:") {
		t.Error("both are warned of")
	}
	for name, want := range map[string]string{"first": "second", "second": "first", "third": ""} {
		note := w.call("GET", "/connections/"+name, nil).connection().Note
		if want == "" && note != "" || want != "" && !strings.HasPrefix(note, want+" is") {
			t.Errorf("%s is told %q", name, note)
		}
	}

	// Disconnecting one says what happens to the other, and looks.
	w.provider.Revoke("ada") // as a provider with one grant does
	var removed api.Removed
	w.call("DELETE", "/connections/second/grant", nil).ok().into(&removed)
	if !removed.Revoked || !strings.Contains(removed.Detail, "first is the same account") || strings.Contains(removed.Detail, "third") {
		t.Errorf("disconnecting tells %+v", removed)
	}
	eventually(t, "the other one's end is seen", func() bool {
		return w.call("GET", "/connections/first", nil).connection().State == tokens.ReconnectRequired
	})
	if st := w.call("GET", "/connections/third", nil).connection().State; st != tokens.Connected {
		t.Errorf("somebody else's connection is %s", st)
	}
}

func TestOneAccountUnderTwoNamesIsNobodysTroubleWhereEachHasItsGrant(t *testing.T) {
	w := newWorld(t)
	w.add("first")
	w.add("second")
	w.connect("first", "ada")
	if c := w.connect("second", "ada"); c.Note != "" {
		t.Errorf("told %q", c.Note)
	}
	var removed api.Removed
	w.call("DELETE", "/connections/second/grant", nil).ok().into(&removed)
	if removed.Detail != "" {
		t.Errorf("told %q", removed.Detail)
	}
}

// cable is a network that can be cut.
type cable struct{ cut *atomic.Bool }

func (c *cable) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.cut.Load() {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("no route to host")}
	}
	return http.DefaultTransport.RoundTrip(r)
}

func TestWhatIsSaidWhereTheProviderWasNotTold(t *testing.T) {
	var cut atomic.Bool
	w := newWorld(t, func(o *Options) { o.Transport = &cable{cut: &cut} })
	conn := w.practice()
	conn["override"] = map[string]any{"links": map[string]any{"user_revoke": "https://practice.example/account"}}
	w.call("PUT", "/connections/work", conn).ok()
	conn["override"] = map[string]any{"revoke": map[string]any{"style": "none"}}
	w.call("PUT", "/connections/none", conn).ok()
	w.connect("work", "ada")
	w.connect("none", "grace")
	cut.Store(true)
	var removed api.Removed
	w.call("DELETE", "/connections/work/grant", nil).ok().into(&removed)
	if removed.Revoked || !strings.Contains(removed.Detail, "erased here") || !strings.Contains(removed.Detail, "could not be reached") ||
		!strings.Contains(removed.Detail, "https://practice.example/account") {
		t.Errorf("out of reach: %+v", removed)
	}
	w.call("DELETE", "/connections/none/grant", nil).ok().into(&removed)
	if removed.Revoked || strings.Contains(removed.Detail, "was not told") || !strings.Contains(removed.Detail, "remove it at http://127.0.0.1") {
		t.Errorf("no way to tell: %+v", removed)
	}
	for _, name := range []string{"work", "none"} {
		if st := w.call("GET", "/connections/"+name, nil).connection().State; st != tokens.Disconnected {
			t.Errorf("%s is %s", name, st)
		}
	}
}
