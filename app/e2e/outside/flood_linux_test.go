package outside

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
)

var (
	floodSize    = flag.Int("flood", 0, "run TestFlood with so many half-open connections, as root (25000)")
	floodProgram = flag.String("flood-program", "", "measure this authtray instead of the one in the tree")
)

// What a flood may cost, on a machine that does nothing else.
const (
	floodSignIn = 3 * time.Second
	floodToken  = 200 * time.Millisecond // of 99 in 100
	floodMemory = 100 << 10              // kB
)

// TestFlood keeps half-open connections coming to the port that a sign-in waits at
// and to the one that hides its URL from others, and measures what a person and
// tools meet: a sign-in, a second one (Reconnect), tokens, and the agent's memory. It
// is a benchmark, so that `make test` leaves it out:
//
//	go test ./app/e2e/outside -run TestFlood -flood 25000 -v
func TestFlood(t *testing.T) {
	if *floodSize == 0 {
		t.Skip("only with -flood N")
	}
	if os.Getuid() != 0 {
		t.Skip("only root can be two users")
	}
	for _, files := range []int{1024, 20000} {
		for name, uid := range map[string]int{"another user": 65534, "somebody unknown": 0} { // who is not told apart is met as this user is
			t.Run(fmt.Sprintf("%s, ulimit -n %d", name, files), func(t *testing.T) { flood(t, uid, files) })
		}
	}
}

func flood(t *testing.T, uid, files int) {
	asked := filepath.Join(t.TempDir(), "browser")
	if err := os.WriteFile(asked, []byte("#!/bin/sh\nprintf '%s\\n' \"$1\" >> "+asked+".urls\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	w := newProgram(t, "BROWSER="+asked)
	if *floodProgram != "" {
		w.path = *floodProgram
	}
	p := practicetest.Start(t, server.Options{Lifetime: time.Hour})
	agent := exec.Command("/bin/sh", "-c", fmt.Sprintf(`ulimit -n %d; exec "$0" run --no-tray --store=memory`, files), w.path)
	agent.Env, agent.Dir = w.env, w.home
	w.run(agent)
	port := freePort(t)
	w.must("", "add", "work", "--provider", "practice", "--set", "vars.port="+p.Issuer[strings.LastIndexByte(p.Issuer, ':')+1:], "--set", "redirect.port="+port)

	var attackers []*attacker
	signIn := func(what string) time.Duration {
		begun := time.Now()
		took := time.Duration(0)
		r := w.connect(func(ctx context.Context, _ string) (string, error) {
			hidden := lastLine(t, asked+".urls")
			u, err := url.Parse(hidden)
			if err != nil {
				return "", err
			}
			for _, at := range []string{"127.0.0.1:" + port, u.Host} {
				attackers = append(attackers, attack(t, at, uid, *floodSize/2))
			}
			begun = time.Now()
			err = arriveAt(ctx, hidden)
			took = time.Since(begun)
			return "", err
		}, "work")
		if r.code != 0 {
			t.Errorf("%s failed: %s", what, r.err)
		}
		t.Logf("%s: %v from the click to the page, %v until the command ended", what, took.Round(time.Millisecond), time.Since(begun).Round(time.Millisecond))
		return took
	}
	if took := max(signIn("sign-in"), signIn("reconnect")); took > floodSignIn {
		t.Errorf("a sign-in takes %v, more than %v", took, floodSignIn)
	}
	waiting := w.command("connect", "work", "--no-browser") // nobody answers: its listener stays
	if err := waiting.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { waiting.Process.Kill(); waiting.Wait() }()
	var times []time.Duration
	for range 200 {
		begun := time.Now()
		if err := w.command("token", "work").Run(); err != nil {
			t.Errorf("token: %v", err)
		}
		times = append(times, time.Since(begun))
	}
	slices.Sort(times)
	tries := 0
	for _, a := range attackers {
		tries += int(a.tries.Load())
	}
	peak := peakMemory(t, agent.Process.Pid)
	p99 := times[len(times)*99/100]
	t.Logf("token: median %v, 99 %% %v, worst %v; the agent's peak %d MB; %d connections were opened", times[len(times)/2], p99, times[len(times)-1], peak>>10, tries)
	if p99 > floodToken {
		t.Errorf("a token takes %v, more than %v", p99, floodToken)
	}
	if peak > floodMemory {
		t.Errorf("the agent takes %d MB", peak>>10)
	}
}

// arriveAt is a browser that opens a URL, whose person consents.
func arriveAt(ctx context.Context, hidden string) error {
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	get := func(at string) (*http.Response, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
		if err != nil {
			return nil, err
		}
		answer, err := browser.Do(r)
		if err == nil {
			answer.Body.Close()
		}
		return answer, err
	}
	answer, err := get(hidden)
	if err != nil {
		return err
	}
	back, err := practicetest.Consent(ctx, answer.Header.Get("Location"), "ada")
	if err != nil {
		return err
	}
	if answer, err = get(back); err != nil {
		return err
	}
	page, err := answer.Location()
	if err != nil {
		return err
	}
	answer, err = get(page.String())
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("the page answers %s", answer.Status)
	}
	return err
}

// attacker is a process that keeps connections coming.
type attacker struct{ tries atomic.Int64 }

// flooding names what the test's own program floods: "127.0.0.1:1234 12500".
const flooding = "AUTHTRAY_TEST_FLOODS"

// attack floods an address until the test ends, and returns once each of n
// connections has been tried.
func attack(t *testing.T, address string, uid, n int) *attacker {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Dir = "/"
	cmd.Env = []string{flooding + "=" + address + " " + strconv.Itoa(n)}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}, Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	a, all := &attacker{}, make(chan struct{})
	go func() {
		lines, told := bufio.NewScanner(out), false
		for lines.Scan() {
			tries, _ := strconv.ParseInt(lines.Text(), 10, 64)
			if a.tries.Store(tries); tries >= int64(n) && !told {
				told = true
				close(all)
			}
		}
	}()
	select {
	case <-all:
	case <-time.After(time.Minute):
		t.Errorf("after a minute %d of %d connections to %s were tried", a.tries.Load(), n, address)
	}
	return a
}

// floods is the attacking process. Each of its connections sends half a request, and
// is made anew ten seconds after it was hung up on.
func floods(what string) {
	address, size, _ := strings.Cut(what, " ")
	n, err := strconv.Atoi(size)
	if err != nil {
		panic(err)
	}
	var tries atomic.Int64
	for i := range n {
		from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(i%200+1))}, Timeout: 5 * time.Second}
		go func() {
			for {
				c, err := from.Dial("tcp", address)
				if tries.Add(1); err == nil {
					io.WriteString(c, "GET /callback HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
					io.Copy(io.Discard, c)
					c.Close()
				}
				time.Sleep(10 * time.Second)
			}
		}()
	}
	for {
		time.Sleep(50 * time.Millisecond)
		fmt.Println(tries.Load())
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// lastLine waits for the browser to be opened, and is what it was told.
func lastLine(t *testing.T, path string) (line string) {
	eventually(t, func() string { return "the browser was not opened" }, func() bool {
		text, _ := os.ReadFile(path)
		lines := strings.Fields(string(text))
		if len(lines) > 0 {
			line = lines[len(lines)-1]
			os.Remove(path)
		}
		return line != ""
	})
	return line
}

// peakMemory is the most that a process had, in kB.
func peakMemory(t *testing.T, pid int) (kb int) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ = strconv.Atoi(strings.Fields(rest)[0])
		}
	}
	return kb
}
