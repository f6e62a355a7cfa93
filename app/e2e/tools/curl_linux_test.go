package tools

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCurlRecipes runs what the README and `authtray setup curl` tell, with bash.
func TestCurlRecipes(t *testing.T) {
	need(t, "curl", "curl")
	w := start(t)
	socket := filepath.Join(w.home, "run", "authtray", "agent.sock")
	api := w.provider.Issuer + "/api/whoami"
	for _, line := range []string{
		"curl -sS -f -H @<(authtray token work --format header) " + api,
		`curl -sS -f -H "$(authtray token work --format header)" ` + api,
		`eval "$(authtray token work --format env)"; curl -sS -f -H "Authorization: Bearer $ACCESS_TOKEN" ` + api,
		"curl -sS -f --unix-socket " + socket + " http://authtray/v1/connections/work/api/whoami",
		"curl -sS -f -H \"Authorization: Bearer $(curl -sS -f --unix-socket " + socket + " -H 'Accept: text/plain' http://authtray/v1/connections/work/token)\" " + api,
		"authtray request work " + api,
	} {
		if out := w.run("bash", "-c", line); !strings.Contains(out, `"sub":"ada"`) {
			t.Errorf("%s: %q", line, out)
		}
	}
	shown := w.run("authtray", "setup", "curl", "work")
	if !strings.Contains(shown, "curl --unix-socket "+socket+" http://authtray/v1/connections/work/api/PATH") ||
		!strings.Contains(shown, "curl -H @<(authtray token work --format header)") {
		t.Errorf("%s", shown)
	}
	if _, _, errs := w.fails("", "authtray", "setup", "curl", "work", "--write"); !strings.Contains(errs, "nothing that could be written") {
		t.Errorf("%q", errs)
	}
}

// basicServer takes tokens as passwords, and says who came.
func (w *world) basicServer(h http.Handler) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		if !w.opens(password) {
			rw.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			http.Error(rw, "who are you?", http.StatusUnauthorized)
			return
		}
		h.ServeHTTP(rw, r)
	}))
	w.Cleanup(s.Close)
	return s
}

func TestCurlReadsTheNetrc(t *testing.T) {
	need(t, "curl", "curl")
	w := start(t)
	s := w.basicServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		user, _, _ := r.BasicAuth()
		rw.Write([]byte("hello " + user))
	}))
	w.answersFor("work", strings.TrimPrefix(s.URL, "http://"))
	out := w.run("bash", "-c", "curl -sS -f --netrc-file <(authtray helper netrc work) "+s.URL)
	if out != "hello ada" {
		t.Errorf("%q", out)
	}
	if files, _ := filepath.Glob(w.home + "/.netrc*"); len(files) > 0 {
		t.Errorf("%v", files)
	}
	if _, err := os.Stat(w.home + "/_netrc"); err == nil {
		t.Error("a file with the token was left")
	}
}
