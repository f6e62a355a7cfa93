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

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
)

var (
	floodSize    = flag.Int("flood", 0, "run TestFlood with so many half-open connections, as root (25000), and hold it to its limits")
	floodPause   = flag.Duration("flood-pause", time.Second, "after which a connection that was hung up on is made anew")
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
// tools meet: a sign-in, the Reconnect button of a real notification, tokens, and the
// agent's memory. `make test` sends a small one, and wants all of it to be done; how
// fast is a benchmark:
//
//	go test ./app/e2e/outside -run TestFlood -flood 25000 -v
func TestFlood(t *testing.T) {
	limits, size := []int{1024, 20000}, *floodSize
	if size == 0 {
		limits, size = []int{1024}, 800
	}
	users := map[string]int{"somebody unknown": os.Getuid()} // who is not told apart is met as this user is
	if os.Getuid() == 0 {
		users["another user"] = 65534
	}
	for _, files := range limits {
		for name, uid := range users {
			t.Run(fmt.Sprintf("%s, ulimit -n %d", name, files), func(t *testing.T) { flood(t, uid, files, size) })
		}
	}
}

func flood(t *testing.T, uid, files, size int) {
	bus := bustest.Start(t, false)
	bustest.Screen(t)
	startDunst(t)
	asked := filepath.Join(t.TempDir(), "browser")
	if err := os.WriteFile(asked, []byte("#!/bin/sh\nprintf '%s\\n' \"$1\" >> "+asked+".urls\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	w := newProgram(t, "BROWSER="+asked, "DBUS_SESSION_BUS_ADDRESS="+bus)
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
	// arrive has both ports flooded as soon as the browser is opened, and then a person
	// sign in. It is how long both took, beside the flood's own beginning.
	arrive := func(ctx context.Context) (time.Duration, error) {
		clicked := time.Now()
		hidden := lastLine(t, asked+".urls")
		opened := time.Since(clicked)
		u, err := url.Parse(hidden)
		if err != nil {
			return 0, err
		}
		for _, at := range []string{"127.0.0.1:" + port, u.Host} {
			attackers = append(attackers, attack(t, at, uid, size/2))
		}
		begun := time.Now()
		err = arriveAt(ctx, hidden)
		return opened + time.Since(begun), err
	}
	var signIn time.Duration
	if r := w.connect(func(ctx context.Context, _ string) (_ string, err error) {
		signIn, err = arrive(ctx)
		return "", err
	}, "work"); r.code != 0 {
		t.Fatalf("the sign-in failed: %s", r.err)
	}
	reconnect := w.clicksReconnect(p, arrive)
	t.Logf("from the click to the page: sign-in %v, reconnect %v", signIn.Round(time.Millisecond), reconnect.Round(time.Millisecond))
	held := *floodSize > 0
	if took := max(signIn, reconnect); held && took > floodSignIn {
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
	if held && p99 > floodToken {
		t.Errorf("a token takes %v, more than %v", p99, floodToken)
	}
	if held && peak > floodMemory {
		t.Errorf("the agent takes %d MB", peak>>10)
	}
}

// clicksReconnect ends the grant at its provider, presses the button of the
// notification that says so, and waits until the sign-in that follows is done. It is
// how long that took beside the flood's own beginning.
func (p *program) clicksReconnect(provider *practicetest.Provider, arrive func(context.Context) (time.Duration, error)) time.Duration {
	p.t.Helper()
	provider.Revoke("ada")
	if r := p.do(nil, "", "refresh", "work"); r.code != 3 {
		p.t.Fatalf("refresh of a dead grant ended with %d: %s", r.code, r.err)
	}
	bustest.Eventually(p.t, bustest.Said("no notification is shown"), func() bool {
		shown, _ := exec.Command("dunstctl", "count", "displayed").Output()
		return strings.TrimSpace(string(shown)) == "1"
	})
	if out, err := exec.Command("dunstctl", "action", "0").CombinedOutput(); err != nil {
		p.t.Fatalf("the button cannot be pressed: %v %s", err, out)
	}
	took, err := arrive(p.t.Context())
	if err != nil {
		p.t.Fatalf("the person at the browser: %v", withoutURL(err))
	}
	arrived := time.Now()
	eventually(p.t, func() string { return "it is not connected after the click" }, func() bool {
		return strings.Contains(p.do(nil, "", "status", "work", "--json").out, `"connected"`)
	})
	return took + time.Since(arrived)
}

// startDunst is a real notification server on the test's bus and screen.
func startDunst(t *testing.T) {
	t.Helper()
	bustest.Need(t, "dunst", "dunstctl")
	config := filepath.Join(t.TempDir(), "dunstrc")
	if err := os.WriteFile(config, []byte("[global]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	bustest.Run(t, exec.Command("dunst", "-conf", config))
	bustest.Eventually(t, bustest.Said("dunst does not answer"), func() bool {
		return exec.Command("dunstctl", "count", "displayed").Run() == nil
	})
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

// flooding names what the test's own program floods, and how: "127.0.0.1:1234 12500 1s".
const flooding = "AUTHTRAY_TEST_FLOODS"

// attack floods an address until the test ends, and returns once each of n
// connections has been tried.
func attack(t *testing.T, address string, uid, n int) *attacker {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Dir = "/"
	cmd.Env = []string{flooding + "=" + strings.Join([]string{address, strconv.Itoa(n), floodPause.String()}, " ")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if uid != os.Getuid() {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}
	}
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
// is made anew some time after it was hung up on.
func floods(what string) {
	var address, every string
	var n int
	if _, err := fmt.Sscan(what, &address, &n, &every); err != nil {
		panic(err)
	}
	pause, err := time.ParseDuration(every)
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
				time.Sleep(pause)
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
