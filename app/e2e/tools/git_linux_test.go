package tools

import (
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// gitServer is git's own server (git-http-backend) with the repository acme/x,
// behind a door that takes tokens as passwords, or as bearers. users collects
// the user names that came with good ones.
type gitServer struct {
	*httptest.Server
	users []string
}

func (w *world) gitServer() *gitServer {
	w.Helper()
	repos := w.dir("repos")
	for _, line := range []string{
		"git init -q --bare -b main " + repos + "/acme/x.git", "git init -q -b main seed", "git -C seed commit -q --allow-empty -m first",
		"git -C seed push -q " + repos + "/acme/x.git main", "git -C " + repos + "/acme/x.git config http.receivepack true",
	} {
		args := strings.Fields(line)
		w.with("GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@x", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@x").run(args[0], args[1:]...)
	}
	path, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		w.Fatal(err)
	}
	backend := &cgi.Handler{Path: filepath.Join(strings.TrimSpace(string(path)), "git-http-backend"), Dir: repos,
		Env: []string{"GIT_PROJECT_ROOT=" + repos, "GIT_HTTP_EXPORT_ALL=1"}}
	g := &gitServer{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if !w.opens(password) {
			rw.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(rw, "who are you?", http.StatusUnauthorized)
			return
		}
		g.users = append(g.users, user)
		backend.ServeHTTP(rw, r)
	}))
	w.Cleanup(g.Close)
	return g
}

func (g *gitServer) host() string { return strings.TrimPrefix(g.URL, "http://") }

// as is the repository's address with a user name in it.
func (g *gitServer) as(user string) string {
	u := url.URL{Scheme: "http", Host: g.host(), Path: "/acme/x.git"}
	if user != "" {
		u.User = url.User(user)
	}
	return u.String()
}

func TestGitClonesAndPushes(t *testing.T) {
	need(t, "git", "git")
	w := start(t, `hosts = ["127.0.0.1:1"]`)
	g := w.gitServer()
	w.answersFor("work", g.host())
	w.run("git", "config", "--global", "credential.helper", "authtray")

	w.run("git", "clone", "-q", g.as(""), "clone")
	w.with("GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@x", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@x").
		run("git", "-C", "clone", "commit", "-q", "--allow-empty", "-m", "second")
	w.run("git", "-C", "clone", "push", "-q")
	if log := w.run("git", "-C", "repos/acme/x.git", "log", "--format=%s", "main"); log != "second\nfirst\n" {
		t.Errorf("%q", log)
	}
	for _, user := range g.users {
		if user != "ada" {
			t.Errorf("git was the user %q, and the account is ada", user)
		}
	}
	if config := w.read("clone/.git/config") + w.read(".gitconfig"); strings.Contains(config, w.token("work")) {
		t.Error("git wrote the token down")
	}
}

// TestGitGoesOnAfterARefusedToken: the server refuses the token, git says so to
// the helper (erase), the agent renews it, and git works again.
func TestGitGoesOnAfterARefusedToken(t *testing.T) {
	need(t, "git", "git")
	t.Parallel()
	w := start(t)
	g := w.gitServer()
	w.answersFor("work", g.host())
	w.run("git", "config", "--global", "credential.helper", "authtray")
	w.run("git", "ls-remote", g.as(""))

	w.aged()
	old := w.token("work")
	w.provider.RejectAccess(old)
	_, _, errs := w.fails("", "git", "ls-remote", g.as(""))
	if !strings.Contains(errs, "refused the token of work; there is a new one now") || !strings.Contains(errs, "Authentication failed") {
		t.Errorf("git says %q", errs)
	}
	if w.token("work") == old {
		t.Error("the token is the one that was refused")
	}
	w.run("git", "ls-remote", g.as(""))

	// A server that refuses the new one too makes nobody renew for ever.
	w.provider.RejectAccess(w.token("work"))
	asked := w.provider.TokenHits()
	for range 5 {
		_, _, errs = w.fails("", "git", "ls-remote", g.as(""))
	}
	if again := w.provider.TokenHits() - asked; again > 1 || !strings.Contains(errs, "authtray: ") {
		t.Errorf("renewed %d times; git says %q", again, errs)
	}
}

func TestGitIsToldToStopWhereAGrantIsDead(t *testing.T) {
	need(t, "git", "git")
	w := start(t)
	g := w.gitServer()
	w.answersFor("work", g.host())
	w.run("git", "config", "--global", "credential.helper", "authtray")
	w.dead("ada")
	_, _, errs := w.fails("", "git", "ls-remote", g.as(""))
	if !strings.Contains(errs, "authtray connect work") || !strings.Contains(errs, "told us to quit") {
		t.Errorf("git says %q", errs)
	}
}

// TestGitChoosesByUserName: two accounts at one host.
func TestGitChoosesByUserName(t *testing.T) {
	need(t, "git", "git")
	w := start(t)
	w.connect("play", "grace")
	g := w.gitServer()
	w.answersFor("work", g.host())
	w.answersFor("play", g.host())
	w.run("git", "config", "--global", "credential.helper", "authtray")
	for user, want := range map[string]string{"ada": "ada", "grace": "grace", "play": "grace"} {
		g.users = nil
		w.run("git", "ls-remote", g.as(user))
		if len(g.users) == 0 || g.users[0] != want {
			t.Errorf("%s@: git was %q", user, g.users)
		}
	}
	_, _, errs := w.fails("", "git", "ls-remote", g.as(""))
	if !strings.Contains(errs, "play and work both answer for "+g.host()) {
		t.Errorf("git says %q", errs)
	}
}

// TestGitErasesWhereItNoLongerKnowsWhose: two connections answer, and git sends
// a user name that names neither.
func TestGitErasesWhereItNoLongerKnowsWhose(t *testing.T) {
	need(t, "git", "git")
	t.Parallel()
	w := start(t, `hosts = ["git.example"]`)
	w.connect("play", "grace", `hosts = ["git.example"]`)
	w.aged()
	work, play := w.token("work"), w.token("play")
	w.given("protocol=https\nhost=git.example\nusername=oauth2\npassword="+play+"\n", "git-credential-authtray", "erase")
	if w.token("work") != work || w.token("play") == play {
		t.Error("the refused token is to be renewed, and the other not")
	}
	// Newer gits give back whose it was, and the token as credential.
	w.given("capability[]=authtype\ncapability[]=state\nauthtype=Bearer\ncredential="+work+"\nephemeral=1\nprotocol=https\nhost=git.example\nstate[]=authtray:work\n",
		"authtray", "helper", "git", "erase")
	if w.token("work") == work {
		t.Error("the refused token is to be renewed")
	}
}

func TestGitHelperSaysNothingForOthers(t *testing.T) {
	w := start(t, `hosts = ["git.example"]`)
	for _, asked := range []string{
		"protocol=https\nhost=elsewhere.example\n", "protocol=http\nhost=git.example\n", "protocol=ssh\nhost=git.example\n",
		"protocol=https\nhost=\n", "protocol=https\nhost=../../v1/quit\n", "protocol=https\nhost=%2e%2e\x01\xff\n", "host=git.example\n", "", "\n", "=\n",
	} {
		if out, errs, err := w.try(asked, "git-credential-authtray", "get"); out != "" || errs != "" || err != nil {
			t.Errorf("%q: %q, %q, %v", asked, out, errs, err)
		}
	}
	for _, act := range []string{"store", "something-new"} {
		if out, errs, err := w.try("protocol=https\nhost=git.example\npassword=x\n", "git-credential-authtray", act); out != "" || errs != "" || err != nil {
			t.Errorf("%s: %q, %q, %v", act, out, errs, err)
		}
	}
	got := w.given("protocol=https\nhost=git.example\n", "git-credential-authtray", "get")
	if !strings.HasPrefix(got, "username=ada\npassword="+w.token("work")+"\npassword_expiry_utc=") {
		t.Errorf("%d bytes for its own host", len(got))
	}
}

// TestGitGoesOnWithoutAnAgent: others may know the host.
func TestGitGoesOnWithoutAnAgent(t *testing.T) {
	w := start(t).with("AUTHTRAY_SOCKET=/nonexistent/agent.sock")
	code, out, errs := w.fails("protocol=https\nhost=git.example\n", "git-credential-authtray", "get")
	if code != 5 || out != "" {
		t.Errorf("%d, %q", code, out)
	}
	w.oneSentence(errs)
}

// answersFor has a connection answer for a host, and waits until it does.
func (w *world) answersFor(name, host string) {
	w.Helper()
	path := ".config/authtray/connections/" + name + ".toml"
	var kept []string
	for line := range strings.Lines(w.read(path)) {
		if !strings.HasPrefix(line, "hosts") {
			kept = append(kept, line)
		}
	}
	w.file(path, strings.Join(kept, "")+`hosts = ["`+host+"\"]\n")
	w.takenUp(name, host)
}
