package proxy

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
)

func TestHeadersOfTheEntryReachTheAPI(t *testing.T) {
	var got http.Header
	api := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Clone() }))
	defer api.Close()
	catalogue, _ := catalog.LoadCatalogue("")
	client, err := providers.NewClient(catalogue, catalog.Connection{Provider: "practice", ClientID: "c-1", Override: map[string]any{"api": map[string]any{
		"base": api.URL, "headers": map[string]any{"Acme-Version": "2026-11-28", "Acme-Client": "{client_id}"},
	}}}, providers.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for name, own := range map[string]string{"as the entry says": "", "the tool's own": "2020-01-01"} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/x", nil)
			want := "2026-11-28"
			if own != "" {
				r.Header.Set("Acme-Version", own)
				want = own
			}
			if err := Forward(httptest.NewRecorder(), r, "x", client, &numbered{current: 1}); err != nil {
				t.Fatal(err)
			}
			if got.Get("Acme-Version") != want || got.Get("Acme-Client") != "c-1" || got.Get("Authorization") == "" {
				t.Errorf("%v", got)
			}
		})
	}
}
