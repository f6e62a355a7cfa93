package outside

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/providers/faultkit"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
)

// How the measurement goes. No time here is a limit, but the ratio is.
const (
	samples    = 100             // at a stretch
	slow       = 3 * time.Second // what the provider takes for the refresh meanwhile
	halfOpen   = 32
	givenUp    = 8 * time.Second // an answer that takes longer is not waited for
	enoughTime = 2 * givenUp     // for all samples of a stretch
	most       = 2.0             // times the median of an idle agent's answers
)

// BenchmarkCachedAnswers measures, from a new connection to the end of the
// answer, a token that is good and in memory: while nothing else happens, while
// a refresh of the same connection takes three seconds, while 32 clients hold
// half-sent requests, and while both are so. The kinds take turns, so that what
// else the machine does meets them all. It fails where a median is more than
// twice that of the idle ones. oidc-agent is asked the same over its own socket,
// where it is installed, and not judged.
//
//	go test ./app/e2e/outside -run '^$' -bench CachedAnswers -benchtime 1x
func BenchmarkCachedAnswers(b *testing.B) {
	b.Run("authtray", func(b *testing.B) {
		for name, ratio := range benchmark(b, newSelf(b), 4) {
			if ratio > most {
				b.Fatalf("%s: the median is %.2f times that of an idle agent, more than %v", name, ratio, most)
			}
		}
	})
	b.Run("oidc-agent", func(b *testing.B) { benchmark(b, newRival(b), 1) })
}

// agentUnderTest is something that serves tokens over a Unix socket.
type agentUnderTest interface {
	address() string
	request() string // for a token
	whole(answer []byte) bool
	refresh() (wait func()) // renews, in the background
	provider() *faultkit.Kit
}

// benchmark lets the kinds take turns with idleness, and returns the ratios of
// their medians to that of the idle ones.
func benchmark(b *testing.B, a agentUnderTest, turns int) map[string]float64 {
	times := map[string][]time.Duration{}
	take := func(kind string, over <-chan struct{}) { times[kind] = append(times[kind], measure(b, a, over)...) }
	for range b.N * turns {
		over := startRefresh(b, a)
		take("refreshing", over)
		<-over
		take("idle", nil)
		leave := holdHalves(b, a)
		take("half-sent", nil)
		leave()
		take("idle", nil)
		over, leave = startRefresh(b, a), holdHalves(b, a)
		take("both", over)
		leave()
		<-over
		take("idle", nil)
	}
	b.ReportMetric(0, "ns/op")
	ratios := map[string]float64{}
	for kind, got := range times {
		if ratio := report(b, kind, got, times["idle"]); kind != "idle" {
			ratios[kind] = ratio
		}
	}
	return ratios
}

// startRefresh has the provider renew slowly; over is closed when it has.
func startRefresh(b *testing.B, a agentUnderTest) (over <-chan struct{}) {
	a.provider().Script(faultkit.SlowHeaders(slow))
	matched := a.provider().Matched()
	wait := a.refresh()
	eventually(b, func() string { return "no refresh" }, func() bool { return a.provider().Matched() > matched })
	ended := make(chan struct{})
	go func() { wait(); close(ended) }()
	return ended
}

func report(b *testing.B, name string, got, idle []time.Duration) (ratio float64) {
	slices.Sort(got)
	slices.Sort(idle)
	middle, base := got[len(got)/2], idle[len(idle)/2]
	ratio = float64(middle) / float64(base)
	b.ReportMetric(float64(middle.Microseconds()), name+"-p50-µs")
	b.ReportMetric(float64(got[len(got)-1].Microseconds())/1000, name+"-max-ms")
	if name != "idle" {
		b.ReportMetric(ratio, name+"-x-idle")
	}
	return ratio
}

// measure asks again and again, at most until over.
func measure(b *testing.B, a agentUnderTest, over <-chan struct{}) (times []time.Duration) {
	b.Helper()
	for sum := time.Duration(0); len(times) < samples && sum < enoughTime; sum += times[len(times)-1] {
		select {
		case <-over:
			return times
		default:
		}
		times = append(times, ask(b, a))
	}
	return times
}

// ask is one question on a connection of its own. One that is not answered in
// givenUp, or not even let in, took that long.
func ask(b *testing.B, a agentUnderTest) time.Duration {
	b.Helper()
	begun := time.Now()
	conn, err := net.Dial("unix", a.address())
	if errors.Is(err, syscall.EAGAIN) {
		return givenUp
	}
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(begun.Add(givenUp))
	io.WriteString(conn, a.request())
	var answer []byte
	for buf := make([]byte, 16<<10); err == nil && !a.whole(answer); {
		var n int
		n, err = conn.Read(buf)
		answer = append(answer, buf[:n]...)
	}
	if len(answer) > 0 && !strings.Contains(string(answer), "access_token") {
		b.Fatal("the answer is no token")
	}
	return time.Since(begun)
}

// holdHalves opens connections that stop in the middle of a request, as many as
// are let in.
func holdHalves(b *testing.B, a agentUnderTest) (leave func()) {
	b.Helper()
	var conns []net.Conn
	for range halfOpen {
		conn, err := net.Dial("unix", a.address())
		if errors.Is(err, syscall.EAGAIN) {
			b.Logf("only %d half-sent requests were let in", len(conns))
			break
		}
		if err != nil {
			b.Fatal(err)
		}
		io.WriteString(conn, a.request()[:len(a.request())/2])
		conns = append(conns, conn)
	}
	return func() {
		for _, c := range conns {
			c.Close()
		}
	}
}

// self is the program under test.
type self struct {
	*program
	kit *faultkit.Kit
}

func newSelf(b *testing.B) *self {
	s := &self{program: newProgram(b), kit: faultkit.New(faultkit.Options{})}
	p := practicetest.Start(b, server.Options{Lifetime: time.Hour}, s.kit.Wrap)
	s.start("", "--no-tray", "--store=memory")
	s.must("", "add", "work", "--provider", "practice", "--set", "vars.port="+p.Issuer[strings.LastIndexByte(p.Issuer, ':')+1:])
	if r := s.connect(allows, "work", "--no-browser"); r.code != 0 {
		b.Fatalf("connect ended with %d", r.code)
	}
	return s
}

func (s *self) address() string         { return s.socket() }
func (s *self) provider() *faultkit.Kit { return s.kit }
func (s *self) whole([]byte) bool       { return false } // the agent hangs up after it
func (s *self) request() string {
	return "GET /v1/connections/work/token HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
}

func (s *self) refresh() (wait func()) {
	cmd := s.command("refresh", "work")
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	return func() { cmd.Wait() }
}

// rival is oidc-agent.
type rival struct {
	*program
	b      *testing.B
	kit    *faultkit.Kit
	socket string
}

func (r *rival) address() string         { return r.socket }
func (r *rival) provider() *faultkit.Kit { return r.kit }
func (r *rival) whole(answer []byte) bool {
	return json.Valid(answer)
}
func (r *rival) request() string {
	return `{"request":"access_token","account":"work","min_valid_period":0,"application_hint":"benchmark"}`
}

func (r *rival) refresh() (wait func()) {
	cmd := exec.Command("oidc-token", "--force-new", "work")
	cmd.Env, cmd.Dir = r.env, r.home
	if err := cmd.Start(); err != nil {
		r.b.Fatal(err)
	}
	return func() { cmd.Wait() }
}

// tool runs one of its programs, which must work.
func (r *rival) tool(name string, args ...string) {
	r.b.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env, cmd.Dir = r.env, r.home
	if text, err := cmd.CombinedOutput(); err != nil {
		r.b.Fatalf("%s: %v: %s", name, err, text)
	}
}

func newRival(b *testing.B) *rival {
	bustest.Need(b, "oidc-agent", "oidc-gen", "oidc-token")
	r := &rival{b: b, kit: faultkit.New(faultkit.Options{}), program: newProgram(b)}
	p := practicetest.Start(b, server.Options{Lifetime: time.Hour, NoRotation: true}, r.kit.Wrap)
	answer, err := p.Connect(b.Context(), "ada")
	if err != nil {
		b.Fatal(err)
	}
	r.socket = r.home + "/rival.sock"
	agent := exec.Command("oidc-agent", "--console", "-a", r.socket)
	agent.Env, agent.Dir = r.env, r.home
	bustest.Run(b, agent)
	eventually(b, func() string { return "oidc-agent makes no socket" }, func() bool { _, err := os.Stat(r.socket); return err == nil })
	r.env = append(r.env, "OIDC_SOCK="+r.socket, "OIDC_REFRESH_TOKEN="+answer.RefreshToken)
	r.tool("oidc-gen", "work", "--iss="+p.Issuer, "--client-id="+server.PublicClient, "--client-secret=", "--manual", "--rt-env",
		"--scope=openid offline_access", "--redirect-uri=http://localhost:4242", "--no-save", "--confirm-default", "--prompt=none", "--pw-cmd=echo pw")
	r.tool("oidc-token", "work")
	return r
}
