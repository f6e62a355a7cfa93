package mcp

import (
	"net/http"
	"strings"
	"testing"
)

// FastMCP below another application answers 307 to the path without a slash.
func TestServerThatWantsASlashBehindItsPathIsSpokenToThere(t *testing.T) {
	w := newWorld(t, stateful(notes()))
	w.answer(func(rw http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/") {
			return false
		}
		rw.Header().Set("Location", "http://"+strings.Split(r.Host, ":")[0]+r.URL.Path+"/") // behind a proxy: another port
		rw.WriteHeader(http.StatusTemporaryRedirect)
		return true
	})
	r := w.start(w.bridge())
	if l := r.begin(); l.Error != nil {
		t.Fatal(l.text)
	}
	for id := range 3 {
		if l := r.call(id, "tools/call", `{"name":"echo","arguments":{"text":"well said"}}`); l.Error != nil || !strings.Contains(l.text, "well said") {
			t.Error(l.text)
		}
	}
	if n := w.seen(func(r *http.Request) bool { return r.Method == http.MethodPost && !strings.HasSuffix(r.URL.Path, "/") }); n > 2 {
		t.Errorf("%d requests went the long way round", n)
	}
}
