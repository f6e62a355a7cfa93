package tools

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/docker/docker-credential-helpers/client"
	"github.com/docker/docker-credential-helpers/credentials"
)

// registry is as much of one as `docker manifest inspect` needs, behind a door
// that takes tokens as passwords.
func (w *world) registry() (host string, users func() []string) {
	const manifest = `{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",` +
		`"config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":2,"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},"layers":[]}`
	var seen []string
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if !w.opens(password) {
			rw.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			http.Error(rw, `{"errors":[{"code":"UNAUTHORIZED","message":"who are you?"}]}`, http.StatusUnauthorized)
			return
		}
		seen = append(seen, user)
		switch {
		case r.URL.Path == "/v2/":
		case strings.Contains(r.URL.Path, "/manifests/"):
			rw.Header().Set("Content-Type", "application/vnd.docker.distribution.manifest.v2+json")
			rw.Write([]byte(manifest))
		case strings.Contains(r.URL.Path, "/blobs/"):
			rw.Write([]byte(`{}`))
		default:
			http.NotFound(rw, r)
		}
	}))
	w.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://"), func() []string { return seen }
}

// TestDockerLogsInWithTheToken asks a registry with docker's own program, which
// needs no engine for that. It is not in Debian, so that the test below asks as
// docker does where there is none.
func TestDockerLogsInWithTheToken(t *testing.T) {
	if _, err := exec.LookPath("docker"); err != nil {
		t.Skip("docker's command line is not installed; TestDockerHelperSpeaksToDockersClient asks with its library")
	}
	w := start(t)
	host, users := w.registry()
	w.answersFor("work", host)
	w.file(".docker/config.json", `{"credHelpers":{"`+host+`":"authtray"}}`)
	out := w.run("docker", "manifest", "inspect", "--insecure", host+"/acme/x:1")
	if !strings.Contains(out, "vnd.docker.distribution.manifest.v2+json") || len(users()) == 0 || users()[0] != "ada" {
		t.Errorf("docker got %q, as %v", out, users())
	}
	w.dead("ada")
	_, out, errs := w.fails("", "docker", "manifest", "inspect", "--insecure", host+"/acme/y:1")
	if !strings.Contains(errs, "authtray connect work") {
		t.Errorf("docker says %q, %q", out, errs)
	}
}

// asDocker is the helper, as docker's client library runs it.
func (w *world) asDocker() client.ProgramFunc {
	return func(args ...string) client.Program {
		return &dockerProgram{cmd: w.command("docker-credential-authtray", args...)}
	}
}

type dockerProgram struct{ cmd *exec.Cmd }

func (p *dockerProgram) Output() ([]byte, error) { return p.cmd.Output() }
func (p *dockerProgram) Input(in io.Reader) {
	p.cmd.Stdin = in
}

func TestDockerHelperSpeaksToDockersClient(t *testing.T) {
	w := start(t, `hosts = ["ghcr.example", "*.registry.example", "other.example/acme"]`)
	helper := w.asDocker()
	for _, server := range []string{"ghcr.example", "https://ghcr.example/v1/", "eu.registry.example"} {
		got, err := client.Get(helper, server)
		if err != nil || got.Username != "ada" || got.Secret != w.token("work") || got.ServerURL != server {
			t.Errorf("%s: %q at %q, %v", server, got.Username, got.ServerURL, err)
		}
	}
	for _, server := range []string{"elsewhere.example", "http://ghcr.example", "https://index.docker.io/v1/", "?", "a b"} {
		if _, err := client.Get(helper, server); !credentials.IsErrCredentialsNotFound(err) {
			t.Errorf("%s: %v", server, err)
		}
	}
	if list, err := client.List(helper); err != nil || len(list) != 1 || list["ghcr.example"] != "ada" {
		t.Errorf("%v, %v", list, err)
	}
	mine := &credentials.Credentials{ServerURL: "ghcr.example", Username: "ada", Secret: w.token("work")}
	if err := client.Store(helper, mine); err != nil {
		t.Errorf("a login with what docker got from here: %v", err)
	}
	for _, c := range []credentials.Credentials{{ServerURL: "ghcr.example", Username: "ada", Secret: "s3cret"}, {ServerURL: "elsewhere.example", Username: "ada", Secret: "s3cret"}} {
		if err := client.Store(helper, &c); err == nil || !strings.Contains(err.Error(), "keeps no passwords") || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: a password would be lost: %v", c.ServerURL, err)
		}
	}
	if err := client.Erase(helper, "ghcr.example"); err == nil || !strings.Contains(err.Error(), "authtray disconnect work") {
		t.Errorf("a logout that is none: %v", err)
	}
	if err := client.Erase(helper, "elsewhere.example"); err != nil {
		t.Errorf("%v", err)
	}
}

// TestDockerIsToldOfADeadGrantInItsForm: on stdout, and for people on stderr.
func TestDockerIsToldOfADeadGrantInItsForm(t *testing.T) {
	w := start(t, `hosts = ["ghcr.example"]`)
	w.dead("ada")
	if _, err := client.Get(w.asDocker(), "ghcr.example"); err == nil || credentials.IsErrCredentialsNotFound(err) || !strings.Contains(err.Error(), "authtray connect work") {
		t.Errorf("%v", err)
	}
	code, out, errs := w.fails("ghcr.example", "docker-credential-authtray", "get")
	if code != 3 || out != errs {
		t.Errorf("%d, %q, %q", code, out, errs)
	}
	w.oneSentence(errs)
}
