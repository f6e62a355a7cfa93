package tools

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/app/tools/dialect"
)

// cluster is a Kubernetes API server as far as its version, behind a door that
// takes bearers, over TLS with a certificate of its own.
func (w *world) cluster() *httptest.Server {
	s := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		rw.Header().Set("Content-Type", "application/json")
		if !ok || !w.opens(token) {
			rw.WriteHeader(http.StatusUnauthorized)
			rw.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}`))
			return
		}
		rw.Write([]byte(`{"major":"1","minor":"32","gitVersion":"v1.32.0"}`))
	}))
	w.Cleanup(s.Close)
	return s
}

func certificate(s *httptest.Server) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
}

// kubeconfig is one whose context wants a user that is not there yet.
func (w *world) kubeconfig(s *httptest.Server, users string) string {
	return w.file(".kube/config", `apiVersion: v1
kind: Config
current-context: test
clusters:
- name: test
  cluster: {server: "`+s.URL+`", certificate-authority-data: `+base64.StdEncoding.EncodeToString([]byte(certificate(s)))+`}
contexts:
- name: test
  context: {cluster: test, user: authtray-work}
users:
- name: other
  user: {token: abc}
`+users)
}

// consumer builds one of the programs in testdata/consumers, whose libraries are
// required in testdata/consumers.mod: client-go's forty others are not in authtray's
// go.mod, and there is no second module.
func consumer(t *testing.T, name string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), name)
	cmd := exec.Command("go", "build", "-modfile=testdata/consumers.mod", "-o", to, "./testdata/consumers/"+name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build ./%s: %v\n%s", name, err, out)
	}
	return to
}

// TestClientGoIsGivenTheToken: client-go's authenticator is the code that kubectl
// runs, in both versions of the API.
func TestClientGoIsGivenTheToken(t *testing.T) {
	kubeget := consumer(t, "kubeget")
	w := start(t)
	s := w.cluster()
	for _, version := range []string{"v1", "v1beta1"} {
		config := w.kubeconfig(s, `- name: authtray-work
  user:
    exec: {apiVersion: client.authentication.k8s.io/`+version+`, command: authtray, args: [helper, kubectl, work], interactiveMode: Never}
`)
		out := w.run(kubeget, config, "/version", "/version")
		if strings.Count(out, "200 ") != 2 || !strings.Contains(out, "v1.32.0") {
			t.Errorf("%s: %s", version, out)
		}
	}
	w.dead("ada")
	_, _, errs := w.fails("", kubeget, w.home+"/.kube/config", "/version")
	if !strings.Contains(errs, "authtray connect work") || !strings.Contains(errs, "exit code 3") {
		t.Errorf("client-go says %q", errs)
	}
}

// kubectls are the one in PATH, and Debian's where it had to be unpacked because
// another has its place.
func kubectls(t *testing.T) []string {
	found, _ := filepath.Glob("../../../build/debian/usr/bin/kubectl")
	if path, err := exec.LookPath("kubectl"); err == nil {
		found = append(found, path)
	}
	if len(found) == 0 {
		need(t, "kubectl", "kubernetes-client")
	}
	return found
}

func TestKubectlIsGivenTheToken(t *testing.T) {
	for _, kubectl := range kubectls(t) {
		w := start(t)
		w.kubeconfig(w.cluster(), `- name: authtray-work
  user:
    exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: authtray, args: [helper, kubectl, work]}
`)
		w.only(kubectl)
		if out := w.run("kubectl", "get", "--raw", "/version"); !strings.Contains(out, "v1.32.0") {
			t.Errorf("%s: %s", kubectl, out)
		}
		w.dead("ada")
		_, _, errs := w.fails("", "kubectl", "get", "--raw", "/version")
		if !strings.Contains(errs, "authtray connect work") {
			t.Errorf("%s says %q", kubectl, errs)
		}
	}
}

// TestKubectlIsSetUp also has the kubectl that cannot write its own
// configuration: that of Debian 12 crashes, and then everything stays as it was.
func TestKubectlIsSetUp(t *testing.T) {
	for _, kubectl := range kubectls(t) {
		w := start(t)
		w.kubeconfig(w.cluster(), "")
		w.only(kubectl)
		before := w.read(".kube/config")
		if _, errs, err := w.try("", "authtray", "setup", "kubectl", "work", "--write"); err != nil {
			w.oneSentence(errs)
			if w.read(".kube/config") != before || !strings.Contains(errs, "panic: runtime error") {
				t.Errorf("%s: %q", kubectl, errs)
			}
			continue
		}
		once := w.read(".kube/config")
		w.run("authtray", "setup", "kubectl", "work", "--write")
		if twice := w.read(".kube/config"); twice != once || !strings.Contains(twice, "token: abc") {
			t.Errorf("setup is to change one user only:\n%s\n%s", once, twice)
		}
		if out := w.run("kubectl", "get", "--raw", "/version"); !strings.Contains(out, "v1.32.0") {
			t.Errorf("%s: %s", kubectl, out)
		}
	}
}

func TestKubectlsUserIsTakenBackAndNothingElse(t *testing.T) {
	for _, kubectl := range kubectls(t) {
		w := start(t)
		w.only(kubectl)
		if out, _, err := w.try("", "authtray", "setup", "kubectl", "work", "--remove"); err != nil || out != "" {
			t.Errorf("%s: there was nothing to take back: %q, %v", kubectl, out, err)
		}
		if _, err := os.Stat(filepath.Join(w.home, ".kube")); !os.IsNotExist(err) {
			t.Errorf("%s: a folder is left where there was none: %v", kubectl, err)
		}
		w.kubeconfig(w.cluster(), `- name: authtray-work
  user:
    exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: authtray, args: [helper, kubectl, work]}
`)
		w.run("authtray", "setup", "kubectl", "work", "--remove")
		if left := w.read(".kube/config"); strings.Contains(left, "helper") || !strings.Contains(left, "token: abc") {
			t.Errorf("%s: left is\n%s", kubectl, left)
		}
	}
}

// only makes one program the first of its name.
func (w *world) only(program string) {
	w.Helper()
	path, err := filepath.Abs(program)
	if err == nil {
		err = os.Symlink(path, filepath.Join(w.dir("bin"), filepath.Base(program)))
	}
	if err != nil {
		w.Fatal(err)
	}
	w.path(filepath.Join(w.home, "bin") + ":" + os.Getenv("PATH"))
}

func TestKubectlHelperNeedsAnIDTokenToBeKept(t *testing.T) {
	w := start(t)
	code, out, errs := w.fails("", "authtray", "helper", "kubectl", "work", "--id-token")
	if code != 1 || out != "" || !strings.Contains(errs, "keep_id_token = true") {
		t.Errorf("%d, %q, %q", code, out, errs)
	}
	w.oneSentence(errs)
	code, _, errs = w.with(`KUBERNETES_EXEC_INFO={"apiVersion":"client.authentication.k8s.io/v1alpha1"}`).fails("", "authtray", "helper", "kubectl", "work")
	if code != 1 || !strings.Contains(errs, "v1beta1") {
		t.Errorf("%d, %q", code, errs)
	}
	w.oneSentence(errs)
}

func TestKubectlIsGivenTheIDToken(t *testing.T) {
	w := start(t, "keep_id_token = true")
	out := w.with(`KUBERNETES_EXEC_INFO={"apiVersion":"client.authentication.k8s.io/v1"}`).run("authtray", "helper", "kubectl", "work", "--id-token")
	var given struct {
		APIVersion string
		Status     struct {
			Token               string
			ExpirationTimestamp time.Time
		}
	}
	if err := json.Unmarshal([]byte(out), &given); err != nil {
		t.Fatal(err)
	}
	ends, err := dialect.IDTokenEnds(given.Status.Token)
	if err != nil || !ends.Equal(given.Status.ExpirationTimestamp) || given.APIVersion != "client.authentication.k8s.io/v1" {
		t.Errorf("%s, %v, %v, %v", given.APIVersion, ends, given.Status.ExpirationTimestamp, err)
	}
}
