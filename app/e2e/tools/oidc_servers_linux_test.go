package tools

import (
	"bufio"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/app/e2e/bustest"
)

// oidcServer is an OpenID Connect server that nobody here wrote, and what it can do.
type oidcServer struct {
	issuer           string // its path
	device, register bool
	revokes          bool // its discovery document has a revocation endpoint
	start            func(w *world, dir string, port string) *exec.Cmd
}

var oidcServers = map[string]oidcServer{
	"node oidc-provider": {device: true, register: true, revokes: true, start: func(w *world, dir, port string) *exec.Cmd {
		script := filepath.Join(dir, "provider.mjs") // beside its node_modules
		text, err := os.ReadFile(filepath.Join("testdata", "oidc-servers", "provider.mjs"))
		if err == nil {
			err = os.WriteFile(script, text, 0o600)
		}
		if err != nil {
			w.Fatal(err)
		}
		return w.command("node", script, port)
	}},
	"django-oauth-toolkit": {issuer: "/o", start: func(w *world, _, port string) *exec.Cmd {
		here, err := filepath.Abs(filepath.Join("testdata", "oidc-servers", "toolkit.py"))
		if err != nil {
			w.Fatal(err)
		}
		return w.command("/usr/bin/python3", here, port, w.dir("toolkit"))
	}},
}

// TestOIDCServersThatNobodyHereWrote takes the generic entry through a server's life:
// signing in, renewing twice (each server here lets a refresh token be used once), what
// the server says of the tokens before and after they are revoked, a grant that the
// server forgets, the device flow and a client that registers itself.
func TestOIDCServersThatNobodyHereWrote(t *testing.T) {
	dir := os.Getenv("OIDC_SERVERS")
	if dir == "" {
		t.Skip("OIDC_SERVERS names no folder of servers; see make oidc-servers")
	}
	for name, server := range oidcServers {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			issuer := w.oidcServer(server, dir)
			w.run("authtray", "add", "sso", "--provider", "oidc", "--issuer", issuer, "--client-id", "authtray")
			w.walk("sso")
			w.livesAt(issuer, "sso")
			w.renews(issuer, "sso")
			w.leaves(issuer, "sso", server.revokes)
			w.isForgotten(issuer, "sso")
			if server.device {
				w.walk("sso", "--device")
				w.livesAt(issuer, "sso")
				w.renews(issuer, "sso")
			}
			if server.register {
				w.run("authtray", "add", "own", "--provider", "oidc", "--issuer", issuer)
				w.walk("own")
				w.renews(issuer, "own")
			}
			said := map[bool]string{true: "ok", false: "not offered"}
			t.Logf("%-20s | sign-in ok | two refreshes ok | revocation %s | forgotten grant ok | device %s | registration %s", name, said[server.revokes], said[server.device], said[server.register])
		})
	}
}

// oidcServer starts a server and waits until it answers.
func (w *world) oidcServer(s oidcServer, dir string) (issuer string) {
	w.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.Fatal(err)
	}
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	l.Close()
	cmd := s.start(w, dir, port)
	said := &strings.Builder{}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if w.Failed() {
			w.Logf("the server said:\n%s", said)
		}
	})
	base := "http://127.0.0.1:" + port
	bustest.Eventually(w, bustest.Said("the server does not answer"), func() bool {
		answer, err := http.Get(base + s.issuer + "/.well-known/openid-configuration")
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
	return base + s.issuer
}

// walk connects as a person with a browser who fills in whatever forms they meet.
func (w *world) walk(name string, flags ...string) {
	w.Helper()
	if len(flags) == 0 {
		flags = []string{"--no-browser"}
	}
	cmd := w.command("authtray", append([]string{"connect", name, "--timeout", "1m"}, flags...)...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		w.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.Fatal(err)
	}
	var said strings.Builder
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if strings.HasPrefix(lines.Text(), "http") {
			if err := fillForms(lines.Text()); err != nil {
				w.Error(err)
			}
		}
	}
	if err := cmd.Wait(); err != nil {
		w.Fatalf("connect %s %v: %v\n%s", name, flags, err, said.String())
	}
}

var (
	formTag   = regexp.MustCompile(`(?is)<form\b[^>]*>.*?</form>`)
	inputTag  = regexp.MustCompile(`(?is)<(?:input|button)\b[^>]*>`)
	attribute = regexp.MustCompile(`(?is)([a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')`)
)

func attributes(tag string) map[string]string {
	all := map[string]string{}
	for _, m := range attribute.FindAllStringSubmatch(tag, -1) {
		all[strings.ToLower(m[1])] = html.UnescapeString(m[2] + m[3])
	}
	return all
}

// fillForms opens an address and sends the first form of each page that has one, until
// a page has none.
func fillForms(address string) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	browser := &http.Client{Jar: jar, Timeout: 30 * time.Second}
	answer, err := browser.Get(address)
	for range 8 {
		if err != nil {
			return err
		}
		page, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			return err
		}
		form := formTag.Find(page)
		if answer.StatusCode >= 400 {
			return fmt.Errorf("%s is answered %s: %s", answer.Request.URL.Path, answer.Status, page)
		}
		if form == nil {
			return nil
		}
		fields := url.Values{}
		for _, tag := range inputTag.FindAll(form, -1) {
			a := attributes(string(tag))
			switch known := map[string]string{"login": "ada", "username": "ada", "password": "ada"}[a["name"]]; {
			case a["name"] == "" || a["type"] == "submit" && a["name"] != "allow":
			case known != "":
				fields.Set(a["name"], known)
			default:
				fields.Set(a["name"], a["value"])
			}
		}
		action, err := answer.Request.URL.Parse(attributes(regexp.MustCompile(`(?is)<form\b[^>]*>`).FindString(string(form)))["action"])
		if err != nil {
			return err
		}
		answer, err = browser.PostForm(action.String(), fields)
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("%s asks without end", address)
}

// userinfo is the status with which the server answers a token.
func (w *world) userinfo(issuer, token string) int {
	w.Helper()
	var doc struct {
		Userinfo string `json:"userinfo_endpoint"`
	}
	found, err := http.Get(issuer + "/.well-known/openid-configuration")
	if err == nil {
		err = json.NewDecoder(found.Body).Decode(&doc)
		found.Body.Close()
	}
	if err != nil {
		w.Fatal(err)
	}
	r, err := http.NewRequestWithContext(w.Context(), http.MethodGet, doc.Userinfo, nil)
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

func (w *world) livesAt(issuer, name string) {
	w.Helper()
	if got := w.userinfo(issuer, w.token(name)); got != http.StatusOK {
		w.Errorf("the token of %s is answered %d", name, got)
	}
}

// renews refreshes twice: the second time with what the first one brought.
func (w *world) renews(issuer, name string) {
	w.Helper()
	for range 2 {
		before := w.token(name)
		w.run("authtray", "refresh", name)
		if w.token(name) == before {
			w.Errorf("the refresh of %s brought no new token", name)
		}
		w.livesAt(issuer, name)
	}
}

// leaves disconnects: the token is dead at a server that can be told.
func (w *world) leaves(issuer, name string, revokes bool) {
	w.Helper()
	token := w.token(name)
	w.run("authtray", "disconnect", name)
	if got := w.userinfo(issuer, token); revokes && got != http.StatusUnauthorized {
		w.Errorf("after disconnecting %s its token is answered %d", name, got)
	}
	w.walk(name)
}

// isForgotten has the server end the grant: one refresh finds out.
func (w *world) isForgotten(issuer, name string) {
	w.Helper()
	forget, err := url.Parse(issuer)
	if err != nil {
		w.Fatal(err)
	}
	forget.Path = "/forget"
	answer, err := http.Post(forget.String(), "", nil)
	if err != nil {
		w.Fatal(err)
	}
	answer.Body.Close()
	if code, _, errs := w.fails("", "authtray", "refresh", name); code != 3 {
		w.Errorf("a forgotten grant: exit %d, %s", code, errs)
	}
	w.walk(name)
	w.livesAt(issuer, name)
}
