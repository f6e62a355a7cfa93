package tools

import (
	"archive/zip"
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// modules is a module proxy with example.test/m@v1.0.0, over TLS with a
// certificate of its own, for those with a token.
func (w *world) modules() *httptest.Server {
	s := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		token, sent := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		switch path, _ := strings.CutPrefix(r.URL.Path, "/example.test/m/@v/"); {
		case !sent:
			rw.Header().Set("WWW-Authenticate", `Bearer realm="modules"`)
			http.Error(rw, "who are you?", http.StatusUnauthorized)
		case !w.opens(token):
			rw.Header().Set("WWW-Authenticate", `Bearer realm="modules", error="invalid_token"`)
			http.Error(rw, "not any more", http.StatusUnauthorized)
		case path == "v1.0.0.info":
			fmt.Fprint(rw, `{"Version":"v1.0.0","Time":"2026-01-01T00:00:00Z"}`)
		case path == "v1.0.0.mod":
			fmt.Fprint(rw, "module example.test/m\n")
		case path == "v1.0.0.zip":
			rw.Write(moduleZip(w))
		default:
			http.NotFound(rw, r)
		}
	}))
	w.Cleanup(s.Close)
	return s
}

func moduleZip(w *world) []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, text := range map[string]string{"go.mod": "module example.test/m\n", "m.go": "package m\n"} {
		f, err := z.Create("example.test/m@v1.0.0/" + name)
		if err == nil {
			_, err = f.Write([]byte(text))
		}
		if err != nil {
			w.Error(err)
		}
	}
	z.Close()
	return out.Bytes()
}

// goWorld is the user, with a go command that knows that proxy only.
func (w *world) goWorld(s *httptest.Server) *world {
	w.Helper()
	return w.with("SSL_CERT_FILE="+w.file("ca.pem", certificate(s)), "GOPROXY="+s.URL, "GOSUMDB=off", "GOFLAGS=-mod=mod", "GOTOOLCHAIN=local",
		"GOMODCACHE="+filepath.Join(w.home, "modules"), "GOCACHE="+filepath.Join(w.home, "cache"))
}

func TestGoFetchesModulesWithTheToken(t *testing.T) {
	need(t, "go", "golang")
	w := start(t)
	s := w.modules()
	g := w.goWorld(s)
	w.answersFor("work", strings.TrimPrefix(s.URL, "https://"))
	if _, _, errs := g.fails("", "go", "mod", "download", "example.test/m@v1.0.0"); !strings.Contains(errs, "401 Unauthorized") {
		t.Fatalf("the proxy gives modules to everyone: %q", errs)
	}
	g.run("authtray", "setup", "goauth", "work", "--write")
	g.run("authtray", "setup", "goauth", "work", "--write")
	if has := g.run("go", "env", "GOAUTH"); has != "netrc; authtray helper goauth\n" {
		t.Errorf("GOAUTH is %q", has)
	}
	if out := g.run("go", "mod", "download", "-json", "example.test/m@v1.0.0"); !strings.Contains(out, `"Zip":`) {
		t.Errorf("%s", out)
	}
	if env, _ := os.ReadFile(w.home + "/.config/go/env"); strings.Contains(string(env), w.token("work")) {
		t.Error("the token was written down")
	}

	w.dead("ada")
	g = g.with("GOMODCACHE=" + filepath.Join(w.home, "modules2"))
	_, _, errs := g.fails("", "go", "mod", "download", "-x", "example.test/m@v1.0.0")
	if !strings.Contains(errs, "authtray connect work") || !strings.Contains(errs, "401 Unauthorized") {
		t.Errorf("go says %q", errs)
	}
}

// TestGoRefusedTokenIsRenewed hands the helper what the go command does when a
// server no longer takes the token.
func TestGoRefusedTokenIsRenewed(t *testing.T) {
	t.Parallel()
	w := start(t, `hosts = ["go.example", "other.example/acme"]`)
	w.aged()
	old := w.token("work")
	const missing = "HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Bearer realm=\"x\"\n\n"
	if out := w.given(missing, "authtray", "helper", "goauth", "https://go.example/m/@v/list"); out != "https://go.example/\n\nAuthorization: Bearer "+old+"\n\n" {
		t.Errorf("%d bytes", len(out))
	}
	const refused = "HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Bearer realm=\"x\", error=\"invalid_token\"\n\n"
	out := w.given(refused, "authtray", "helper", "goauth", "https://other.example/acme/m?go-get=1")
	if fresh := w.token("work"); fresh == old || out != "https://other.example/acme/\n\nAuthorization: Bearer "+fresh+"\n\n" {
		t.Errorf("renewed: %v, %d bytes", fresh != old, len(out))
	}
	for _, args := range [][]string{{}, {"https://elsewhere.example/m"}, {"https://other.example/evil/m"}} {
		if out := w.run("authtray", append([]string{"helper", "goauth"}, args...)...); out != "" {
			t.Errorf("%q: %q", args, out)
		}
	}
	if code, _, _ := w.fails("", "authtray", "helper", "goauth", "http://go.example/m"); code != 2 {
		t.Errorf("plain http: exit code %d", code)
	}
}

func TestGoIsSetUpBesideWhatItAsksAlready(t *testing.T) {
	need(t, "go", "golang")
	w := start(t, `hosts = ["go.example"]`)
	w.run("go", "env", "-w", "GOAUTH=git /tmp; my helper")
	if shown := w.run("authtray", "setup", "goauth", "work"); !strings.HasPrefix(shown, "go env -w 'GOAUTH=git /tmp; my helper; authtray helper goauth'\n") {
		t.Errorf("%s", shown)
	}
	w.run("authtray", "setup", "goauth", "work", "--write")
	if has := w.run("go", "env", "GOAUTH"); has != "git /tmp; my helper; authtray helper goauth\n" {
		t.Errorf("%q", has)
	}
	w.run("go", "env", "-w", "GOAUTH=off")
	_, _, errs := w.fails("", "authtray", "setup", "goauth", "work", "--write")
	if !strings.Contains(errs, "GOAUTH is off") || w.run("go", "env", "GOAUTH") != "off\n" {
		t.Errorf("%q", errs)
	}
	w.oneSentence(errs)
}
