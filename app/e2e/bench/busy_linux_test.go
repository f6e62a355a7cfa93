package bench

import (
	"io"
	"net"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/providers/faultkit"
)

const (
	slowRefresh = 3 * time.Second
	halfOpen    = 32
	opened      = 10_000
	openedIn    = 2 * time.Second
)

// busy measures cached answers while the agent, or somebody else, is busy with
// something, each stretch between two idle ones.
func busy(t *testing.T, s *sheet) {
	kit := faultkit.New(faultkit.Options{})
	a := newAuthtray(t)
	a.write("bench", practice(t, kit.Wrap))
	a.run("--no-tray", "--store=memory")
	a.signIn("bench")
	stretches(t, s, "authtray", ourSocket(a), kit, func() *exec.Cmd { return a.command("refresh", "bench") }, true)

	rivalKit := faultkit.New(faultkit.Options{})
	if o := newOIDCAgent(t, rivalKit.Wrap); o != nil {
		stretches(t, s, "oidc-agent", rivalSocket(o), rivalKit, func() *exec.Cmd {
			cmd := exec.Command("oidc-token", "--force-new", "bench")
			cmd.Env = o.env
			return cmd
		}, false)
	}
}

// stretches asks a server while it is idle and while it is not. Only what is judged is
// asked with half requests and floods: oidc-agent answers nobody meanwhile.
func stretches(t *testing.T, s *sheet, name string, asked endpoint, kit *faultkit.Kit, refresh func() *exec.Cmd, judged bool) {
	kinds := []struct {
		name  string
		begin func() (over <-chan struct{}, end func())
	}{
		{"while a refresh takes 3 s", func() (<-chan struct{}, func()) { return slowly(t, kit, refresh()) }},
		{"while 32 half requests hang", func() (<-chan struct{}, func()) { return nil, halves(t, asked) }},
		{"while 10 000 connections are opened in 2 s", func() (<-chan struct{}, func()) { return flood(t, asked) }},
	}
	if !judged {
		kinds = kinds[:1]
	}
	to := s.table("A token over a new connection, "+name, "µs")
	for _, kind := range kinds {
		var idle, busy series
		for range 4 {
			idle = append(idle, stretch(t, asked, nil)...)
			over, end := kind.begin()
			busy = append(busy, stretch(t, asked, over)...)
			end()
		}
		s.add(to, "idle", idle, "", nil)
		s.add(to, kind.name, busy, "", nil)
		if judged {
			s.atMost("token "+kind.name+", beside idle", "×", busy.median()/idle.median(), 2)
		} else {
			s.report("token "+kind.name+", oidc-agent, the longest", "ms", busy.at(100)/1000)
		}
	}
}

// stretch asks until it has enough, or over is closed.
func stretch(t *testing.T, asked endpoint, over <-chan struct{}) (got series) {
	t.Helper()
	for range max(n()/4, 20) {
		select {
		case <-over:
			return got
		default:
		}
		took, err := asked.fresh()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, took)
	}
	return got
}

// slowly begins a refresh that the provider takes its time for.
func slowly(t *testing.T, kit *faultkit.Kit, cmd *exec.Cmd) (over <-chan struct{}, end func()) {
	t.Helper()
	kit.Script(faultkit.SlowHeaders(slowRefresh))
	matched := kit.Matched()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	bustest.Eventually(t, bustest.Said("no refresh"), func() bool { return kit.Matched() > matched })
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	return ended, func() { <-ended }
}

// halves opens connections that stop in the middle of a request.
func halves(t *testing.T, asked endpoint) (end func()) {
	t.Helper()
	var open []net.Conn
	for range halfOpen {
		conn, err := net.Dial("unix", asked.path)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, asked.request[:len(asked.request)/2])
		open = append(open, conn)
	}
	return func() {
		for _, c := range open {
			c.Close()
		}
	}
}

// flood opens connections evenly, sends nothing and closes them.
func flood(t *testing.T, asked endpoint) (over <-chan struct{}, end func()) {
	t.Helper()
	ended := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(ended)
		began := time.Now()
		for i := range opened {
			time.Sleep(time.Until(began.Add(openedIn * time.Duration(i) / opened)))
			if c, err := net.Dial("unix", asked.path); err == nil {
				c.Close()
			}
		}
	})
	return ended, wg.Wait
}
