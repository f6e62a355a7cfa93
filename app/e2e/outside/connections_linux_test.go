package outside

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

// What tools open and leave, as they do it: silent, half a request, an answer
// that is read, one that is not, changes that nobody follows any more, and a body
// for the API that stops.
var leavings = []struct {
	sent  string
	reads bool
}{
	{sent: ""},
	{sent: "GET /v1/conn"},
	{sent: request("GET /v1/connections/work/token"), reads: true},
	{sent: strings.Replace(request("GET /v1/connections/work/token"), "Connection: close\r\n", "", 1)},
	{sent: request("GET /v1/events")},
	{sent: request("GET /v1/log?follow=true")},
	{sent: request("POST /v1/connections/work/rejected", "Content-Length: 100") + `{"access_token":"`},
	{sent: request("POST /v1/connections/work/api/echo", "Content-Length: 100") + "x"},
	{sent: request("GET /v1/connections/work/api/whoami"), reads: true},
	{sent: request("GET /v1/connections/work/api/whoami")},
}

// Ten thousand connections, ten at a time, leave the agent with the file
// descriptors, threads and goroutines that it had, and about the memory. It is
// the agent as it is shipped, which records each read.
func TestTenThousandConnectionsLeaveTheAgentAsItWas(t *testing.T) {
	fresh := newLeftAgent(t)
	fresh.leave(10)
	fresh.settled(holdings{})
	few := fresh.goroutines()

	w := newLeftAgent(t)
	w.leave(1000) // what is made once and kept
	before := w.settled(holdings{})
	w.leave(10_000)
	after := w.settled(before)
	w.must("", "token", "work")
	many := w.goroutines()
	t.Logf("before %+v, after %+v; %d goroutines after 10, %d after 11 000", before, after, few, many)
	if many > few+5 {
		t.Errorf("%d goroutines are left, where a fresh agent has %d", many, few)
	}
	if after.threads > before.threads+10 { // the runtime makes one where a call into the kernel takes long, and keeps it
		t.Errorf("%d threads became %d", before.threads, after.threads)
	}
	if grown := after.rss - before.rss; grown > 16<<10 { // a goroutine each, with its buffers, would be a hundred MB
		t.Errorf("the agent grew by %d KB", grown)
	}
}

func newLeftAgent(t *testing.T) *smallWorld {
	w := newSmallWorld(t, "GOTRACEBACK=all", "AUTHTRAY_LOG=info")
	w.start("", "--no-tray", "--store=memory")
	w.connectWork()
	return w
}

// leave opens n connections, some at a time.
func (w *smallWorld) leave(n int) {
	w.t.Helper()
	var open []net.Conn
	for i := range n {
		how := leavings[i%len(leavings)]
		c, err := net.Dial("unix", w.socket())
		if err != nil {
			w.t.Fatalf("connection %d: %v", i, err)
		}
		open = append(open, c)
		io.WriteString(c, how.sent)
		if how.reads {
			if answer, _ := io.ReadAll(c); !good(string(answer)) {
				w.t.Fatalf("connection %d is answered %.40q", i, answer)
			}
		}
		if len(open) == len(leavings) {
			for _, c := range open {
				c.Close()
			}
			open = nil
		}
	}
	for _, c := range open {
		c.Close()
	}
}

// holdings are what a process has in use. Its files are shown to root only: 0
// where this is not root.
type holdings struct {
	files, threads, rss int // RSS in KB
}

func holdingsOf(t *testing.T, pid int) (h holdings) {
	t.Helper()
	if fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid)); err == nil {
		h.files = len(fds)
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		fmt.Sscanf(line, "VmRSS: %d kB", &h.rss)
		fmt.Sscanf(line, "Threads: %d", &h.threads)
	}
	return h
}

// settled are the agent's holdings when it has let go of what was left: no more
// files than it had, or than stay the same for a while where that is not known.
func (w *smallWorld) settled(had holdings) (now holdings) {
	w.t.Helper()
	pid, same := w.agent.Process.Pid, 0
	eventually(w.t, func() string { return fmt.Sprintf("had %+v, and has %+v", had, now) }, func() bool {
		last := now
		if now = holdingsOf(w.t, pid); now.files == last.files {
			same++
		} else {
			same = 0
		}
		return same > 200 && (had.files == 0 || now.files <= had.files)
	})
	return now
}

// goroutines ends the agent with a dump, and counts them in it.
func (w *smallWorld) goroutines() int {
	w.t.Helper()
	w.agent.Process.Signal(syscall.SIGQUIT)
	<-w.ended
	n := strings.Count(w.said(), "\ngoroutine ")
	if n == 0 {
		w.t.Fatal("there is no goroutine dump")
	}
	return n
}

// Followers of events and of the record of reads that never read anything: their
// number times what the agent keeps for one, and no more as time goes by.
func TestFollowersThatNeverReadCostBoundedMemory(t *testing.T) {
	const readers, records, each = 400, 2000, 128 // KB each, at most
	w := newSmallWorld(t, "AUTHTRAY_LOG=info")
	w.start("", "--no-tray", "--store=memory")
	w.connectWork()
	read := func(n int) {
		for range n {
			if answer := w.own().say(t, request("GET /v1/connections/work/token"), hangTime); !good(answer) {
				t.Fatal("no token beside readers that never read")
			}
		}
	}
	read(records)
	before := peakMemory(t, w.agent.Process.Pid)
	for i := range readers {
		c, err := net.Dial("unix", w.socket())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, request([]string{"GET /v1/log?n=10000&follow=true", "GET /v1/events"}[i%2]))
	}
	read(records)
	after := peakMemory(t, w.agent.Process.Pid)
	t.Logf("%d readers took %d KB", readers, after-before)
	if after-before > readers*each {
		t.Errorf("%d readers that never read took %d KB, more than %d KB each", readers, after-before, each)
	}
}
