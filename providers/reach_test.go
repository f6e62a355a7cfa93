package providers

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/catalog"
)

func TestReachSendsNothingThatIsOurs(t *testing.T) {
	var got *http.Request
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		w.Header().Set("Date", "Mon, 23 Nov 2026 12:00:00 GMT")
		w.WriteHeader(http.StatusMethodNotAllowed)
	}))
	defer there.Close()
	entry := catalog.Entry{ID: "p", Name: "P", Token: there.URL + "/token"}
	c, err := newClient(entry, catalog.Connection{ClientID: "the-client"}, ClientOptions{
		Secret: func(context.Context) (string, error) { t.Error("the secret was asked for"); return "s", nil }})
	if err != nil {
		t.Fatal(err)
	}
	reached, err := c.Reach(t.Context())
	if err != nil || reached.Origin != there.URL || !reached.Date.Equal(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v %v", reached, err)
	}
	if got.Method != http.MethodHead || got.URL.String() != "/token" || got.Header.Get("Authorization") != "" || got.ContentLength != 0 {
		t.Errorf("sent %s %s %v", got.Method, got.URL, got.Header)
	}
	there.Close()
	if _, err := c.Reach(t.Context()); err == nil {
		t.Error("nobody was there")
	}
}
