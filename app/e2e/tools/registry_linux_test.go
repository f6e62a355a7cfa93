package tools

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// npmRegistry has the package hello, for those with a token.
func (w *world) npmRegistry() *httptest.Server {
	var packet bytes.Buffer
	z := gzip.NewWriter(&packet)
	a := tar.NewWriter(z)
	const manifest = `{"name":"hello","version":"1.0.0"}`
	a.WriteHeader(&tar.Header{Name: "package/package.json", Mode: 0o644, Size: int64(len(manifest))})
	a.Write([]byte(manifest))
	a.Close()
	z.Close()
	sum := sha1.Sum(packet.Bytes())
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		switch {
		case !ok || !w.opens(token):
			http.Error(rw, `{"error":"who are you?"}`, http.StatusUnauthorized)
		case r.URL.Path == "/npm/hello":
			fmt.Fprintf(rw, `{"name":"hello","dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":{"name":"hello","version":"1.0.0","dist":{"shasum":%q,"tarball":"%s/npm/hello.tgz"}}}}`,
				hex.EncodeToString(sum[:]), s.URL)
		case r.URL.Path == "/npm/hello.tgz":
			rw.Write(packet.Bytes())
		default:
			http.NotFound(rw, r)
		}
	}))
	w.Cleanup(s.Close)
	return s
}

func TestNpmInstallsWithTheToken(t *testing.T) {
	need(t, "npm", "npm")
	w := start(t).with("npm_config_update_notifier=false", "npm_config_audit=false", "npm_config_fund=false", "npm_config_fetch_retries=0")
	s := w.npmRegistry()
	w.file(".npmrc", "registry="+s.URL+"/npm/\n")
	w.dir("app")
	install := []string{"--prefix", "app", "install", "hello"}
	if _, _, errs := w.fails("", "npm", install...); !strings.Contains(errs, "E401") {
		t.Fatalf("the registry gives packages to everyone: %q", errs)
	}
	for range 2 {
		w.run("authtray", "setup", "npm", "work", "--registry", s.URL+"/npm", "--write")
	}
	if got, want := w.read(".npmrc"), "registry="+s.URL+"/npm/\n"+strings.TrimPrefix(s.URL, "http:")+"/npm/:_authToken=${NPM_TOKEN}\n"; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	w.run("authtray", append([]string{"exec", "work", "--var", "NPM_TOKEN", "--", "npm"}, install...)...)
	if !strings.Contains(w.read("app/node_modules/hello/package.json"), "1.0.0") {
		t.Error("it is not installed")
	}
	w.file(".npmrc", strings.TrimPrefix(s.URL, "http:")+"/npm/:_authToken=mine\n")
	_, _, errs := w.fails("", "authtray", "setup", "npm", "work", "--registry", s.URL+"/npm", "--write")
	if w.read(".npmrc") != strings.TrimPrefix(s.URL, "http:")+"/npm/:_authToken=mine\n" {
		t.Error("the user's own token is overwritten")
	}
	w.oneSentence(errs)
	if strings.Contains(errs, "mine") {
		t.Errorf("it shows the user's token: %q", errs)
	}
}

// wheel is the package hello, as pip installs it.
func wheel(w *world) []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, f := range [][2]string{
		{"hello.py", "x = 1\n"}, {"hello-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: hello\nVersion: 1.0\n"},
		{"hello-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
		{"hello-1.0.dist-info/RECORD", "hello.py,,\nhello-1.0.dist-info/METADATA,,\nhello-1.0.dist-info/WHEEL,,\nhello-1.0.dist-info/RECORD,,\n"},
	} {
		p, err := z.Create(f[0])
		if err == nil {
			_, err = p.Write([]byte(f[1]))
		}
		if err != nil {
			w.Error(err)
		}
	}
	z.Close()
	return out.Bytes()
}

func TestPipInstallsWithTheToken(t *testing.T) {
	need(t, "python3", "python3-pip")
	w := start(t).with("PIP_DISABLE_PIP_VERSION_CHECK=1", "PIP_NO_INPUT=1", "PIP_RETRIES=0", "PIP_NO_CACHE_DIR=1")
	if _, errs, err := w.try("", "python3", "-m", "pip", "--version"); err != nil {
		need(t, "pip", "python3-pip")
		t.Fatal(errs)
	}
	s := w.basicServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/simple/hello/":
			rw.Header().Set("Content-Type", "text/html")
			fmt.Fprint(rw, `<a href="/hello-1.0-py3-none-any.whl">hello-1.0-py3-none-any.whl</a>`)
		case "/hello-1.0-py3-none-any.whl":
			rw.Write(wheel(w))
		default:
			http.NotFound(rw, r)
		}
	}))
	shown := w.run("authtray", "setup", "pip", "work", "--index", s.URL+"/simple")
	line := strings.Split(shown, "\n")[1]
	if want := "--index-url http://ada:${PIP_TOKEN}@" + strings.TrimPrefix(s.URL, "http://") + "/simple"; line != want {
		t.Fatalf("%q, want %q", line, want)
	}
	w.file("requirements.txt", line+"\nhello\n")
	out := w.run("authtray", "exec", "work", "--var", "PIP_TOKEN", "--", "python3", "-m", "pip", "install", "--target", "site", "-r", "requirements.txt")
	if w.read("site/hello.py") != "x = 1\n" || strings.Contains(out, w.token("work")) {
		t.Errorf("%d bytes", len(out))
	}
	w.dead("ada")
	if code, _, errs := w.fails("", "authtray", "exec", "work", "--var", "PIP_TOKEN", "--", "python3", "-m", "pip", "install", "hello"); code != 3 {
		t.Errorf("%d, %q", code, errs)
	}
}
