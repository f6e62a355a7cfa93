package outside

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers/faultkit"
	"github.com/authtray/authtray/providers/practice/server"
	"github.com/authtray/authtray/tokens"
)

// netVariable says that this process has a network of its own.
const netVariable = "AUTHTRAY_TEST_NETWORK"

// The network is lost after a refresh was sent. The provider ends a grant whose
// refresh token comes again after its grace, as strict ones do.
func TestTheNetworkIsLostAfterARefreshWasSent(t *testing.T) {
	for _, tt := range []struct {
		name     string
		provider time.Duration // its grace
		known    string        // what the connection knows of it
		story    func(w *lostWorld)
	}{
		{"for 12 seconds, no grace", 0, "", func(w *lostWorld) { w.lostFor12Seconds("1") }},
		{"for 12 seconds, a grace", 30 * time.Second, "30s", func(w *lostWorld) { w.lostFor12Seconds("2") }},
		{"for 12 seconds with its address", 30 * time.Second, "30s", (*lostWorld).addressLost},
		{"for good, the provider has acted", time.Hour, "24s", (*lostWorld).lostForGood},
		{"for good, the request never came", 0, "24s", (*lostWorld).requestLost},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if ownNetwork(t) {
				tt.story(newLostWorld(t, tt.provider, tt.known))
			}
		})
	}
}

// ownNetwork runs the test again in a process with a network of its own, beside
// others, and reports whether this is that process.
func ownNetwork(t *testing.T) bool {
	t.Helper()
	if os.Getenv(netVariable) != "" {
		return true
	}
	t.Parallel()
	cannot := t.Skipf
	if os.Getenv("CI") != "" {
		cannot = t.Fatalf
	}
	if _, err := exec.LookPath("ip"); err != nil {
		cannot("ip is not installed (iproute2)")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.v", "-test.timeout=5m", "-test.run=^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$")
	cmd.Env = append(os.Environ(), netVariable+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	switch {
	case cmd.Process == nil:
		cannot("a network of its own takes root: %v", err)
	case err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()+" "):
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

// lostWorld is the program here, a strict provider in a network of its own, and
// the line between them.
type lostWorld struct {
	*program
	t        *testing.T
	far      chan func() // what is to be done in the provider's network
	provider *server.Server
	kit      *faultkit.Kit
	port     int
}

const near, far = "10.77.0.1", "10.77.0.2"

func newLostWorld(t *testing.T, grace time.Duration, known string) *lostWorld {
	w := &lostWorld{t: t, far: make(chan func()), kit: faultkit.New(faultkit.Options{})}
	thread := make(chan int)
	go func() {
		runtime.LockOSThread() // for good: the thread keeps that network
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			panic(err)
		}
		thread <- unix.Gettid()
		for do := range w.far {
			do()
		}
	}()
	w.ip("link set lo up")
	w.ip(fmt.Sprintf("link add near type veth peer name far netns %d", <-thread))
	w.ip("addr add " + near + "/24 dev near")
	w.ip("link set near up")
	w.there("addr add " + far + "/24 dev far")
	w.there("link set far up")

	var l net.Listener
	var err error
	w.inFar(func() { l, err = net.Listen("tcp", far+":0") })
	if err != nil {
		t.Fatal(err)
	}
	w.port = l.Addr().(*net.TCPAddr).Port
	w.provider, err = server.New(server.Options{Issuer: "https://" + l.Addr().String(), Grace: grace, Lifetime: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	front := w.kit.StartTLSOn(t, l, w.kit.Wrap(w.provider.Handler()))
	t.Setenv("SSL_CERT_FILE", front.CAFile) // for the person at the browser
	w.program = newProgram(t, "SSL_CERT_FILE="+front.CAFile, "AUTHTRAY_LOG=debug")
	w.start("", "--no-tray", "--store=memory")
	add := []string{"add", "work", "--provider", "oidc", "--issuer", front.URL, "--client-id", server.PublicClient, "--scope", "openid", "--scope", "offline_access"}
	if known != "" {
		add = append(add, "--set", "tokens.grace="+known)
	}
	w.must("", add...)
	if r := w.connect(allows, "work", "--no-browser"); r.code != 0 {
		t.Fatalf("connect ended with %d: %s", r.code, r.err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the agent's log:\n%s", w.said())
		}
	})
	return w
}

func (w *lostWorld) inFar(do func()) {
	done := make(chan struct{})
	w.far <- func() { defer close(done); do() }
	<-done
}

func (w *lostWorld) ip(args string) {
	if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
		w.t.Errorf("ip %s: %v: %s", args, err, out)
	}
}

// there is ip in the provider's network.
func (w *lostWorld) there(args string) { w.inFar(func() { w.ip(args) }) }

func (w *lostWorld) cut()    { w.there("link set far down") }
func (w *lostWorld) repair() { w.there("link set far up") }

// sendsRefresh has the provider act on a refresh, whose answer is kept back until
// lose has been called. The command's end is sent.
func (w *lostWorld) sendsRefresh(lose func()) (ended <-chan error) {
	held, release := make(chan struct{}), make(chan struct{})
	w.kit.Script(faultkit.Hold(held, release))
	ended = w.refreshing()
	<-held
	lose()
	close(release)
	return ended
}

func (w *lostWorld) refreshing() <-chan error {
	ended := make(chan error, 1)
	cmd := w.command("refresh", "work")
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	go func() { ended <- cmd.Wait() }()
	return ended
}

func (w *lostWorld) lostFor12Seconds(requests string) {
	w.sendsRefresh(w.cut)
	time.Sleep(12 * time.Second) // so long is the network away
	w.repair()
	w.lives(requests)
}

func (w *lostWorld) addressLost() {
	w.sendsRefresh(func() { w.ip("addr del " + near + "/24 dev near") })
	w.retrying()
	time.Sleep(12 * time.Second)
	w.ip("addr add " + near + "/24 dev near")
	w.lives("2")
}

func (w *lostWorld) lostForGood() {
	w.sendsRefresh(w.cut)
	sent := time.Now()
	w.retrying()
	if waited := time.Since(sent); waited < 7*time.Second || waited > 24*time.Second {
		w.t.Errorf("given up after %s, not at a third of the 24 s of grace", waited)
	}
	w.repair()
	w.must("", "refresh", "work")
	w.lives("2")
}

// requestLost: the request goes over a connection whose network is gone already.
func (w *lostWorld) requestLost() {
	w.must("", "refresh", "work") // the connection stays for a while
	w.ip("link set near down")    // at this end, or the request would wait for the other's hardware address
	w.refreshing()
	w.retrying()
	w.nothingIsLeftToDeliver()
	w.ip("link set near up")
	w.must("", "refresh", "work")
	w.lives("2")
}

func (w *lostWorld) status() (s api.Connection) {
	w.t.Helper()
	r := w.must("", "status", "work", "--json")
	if err := json.Unmarshal([]byte(r.out), &s); err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *lostWorld) retrying() {
	w.t.Helper()
	eventually(w.t, func() string { return "the connection is not retried" }, func() bool { return w.status().State == tokens.Retrying })
}

// lives: the grant is connected again, after so many requests, and works.
func (w *lostWorld) lives(requests string) {
	w.t.Helper()
	eventually(w.t, func() string { return "the connection is " + string(w.status().State) }, func() bool {
		g := w.provider.Grants()[0]
		if !g.Alive() {
			w.t.Fatalf("the provider ended the grant: %s", g.Ended)
		}
		return w.status().State == tokens.Connected && g.Rotated && fmt.Sprint(g.Hits) == requests
	})
	w.must("", "refresh", "work") // with the newest refresh token, or the grant would end
	if g := w.provider.Grants()[0]; !g.Alive() {
		w.t.Errorf("the provider ended the grant: %s", g.Ended)
	}
}

// nothingIsLeftToDeliver: no connection to the provider that was closed still has
// something to send, which would come once the network is back.
func (w *lostWorld) nothingIsLeftToDeliver() {
	w.t.Helper()
	table, err := os.ReadFile("/proc/self/net/tcp")
	if err != nil {
		w.t.Fatal(err)
	}
	const finWait1, lastAck, closing = "04", "09", "0B"
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if strings.HasSuffix(f[2], fmt.Sprintf(":%04X", w.port)) && (f[3] == finWait1 || f[3] == lastAck || f[3] == closing) {
			w.t.Errorf("something is left to deliver: %s", line)
		}
	}
}
