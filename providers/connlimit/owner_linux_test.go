package connlimit

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// The role of another user runs in a process of this test's binary.
func TestMain(m *testing.M) {
	if address := os.Getenv("CONNLIMIT_TEST_VISIT"); address != "" {
		c, err := net.Dial("tcp", address)
		if err == nil {
			io.WriteString(c, whole)
			var b []byte
			b, err = io.ReadAll(io.LimitReader(c, 8))
			fmt.Printf("read %q", b)
		}
		if err != nil && !errors.Is(err, syscall.ECONNRESET) {
			fmt.Print(err)
		}
		return
	}
	os.Exit(m.Run())
}

// Root becomes another user, as it does in continuous integration. Whoever cannot
// is the other user of a server that takes itself for somebody else.
func TestServeDropsAnotherUserUnread(t *testing.T) {
	self, as := os.Getuid(), (*syscall.Credential)(nil)
	if self == 0 {
		as = &syscall.Credential{Uid: 12345, Gid: 12345}
	} else {
		self++
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request was read") })}
	go serveAs(self, s, l, 4)
	defer s.Close()
	cmd := exec.Command("/proc/self/exe")
	cmd.Dir, cmd.Env = "/", []string{"CONNLIMIT_TEST_VISIT=" + l.Addr().String()}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), `read ""`) {
		t.Errorf("another user: %s (%v)", out, err)
	}
}

func TestOwnerKnowsThisUsersConnections(t *testing.T) {
	for _, on := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(on, func(t *testing.T) {
			l, err := net.Listen("tcp", on)
			if err != nil {
				t.Skipf("TestOwnerKnowsThisUsersConnections has another row: %v", err)
			}
			defer l.Close()
			c := dial(t, l.Addr().String(), "")
			from, to := c.LocalAddr().(*net.TCPAddr).AddrPort(), l.Addr().(*net.TCPAddr).AddrPort()
			if uid, known := Owner(from, to); uid != os.Getuid() || !known {
				t.Errorf("%d %v", uid, known)
			}
			if _, known := Owner(to, to); known {
				t.Error("a connection that there is not is known: the listener is taken for it")
			}
		})
	}
}

func TestOwnersAskAgainAfterAnAnswerThatDidNotCome(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := dial(t, l.Addr().String(), "")
	from, to := c.LocalAddr().(*net.TCPAddr).AddrPort(), l.Addr().(*net.TCPAddr).AddrPort()
	var o owners
	defer o.close()
	for range 3 {
		if uid, known := o.of(from, to); uid != os.Getuid() || !known {
			t.Fatalf("%d %v", uid, known)
		}
	}
	fd := o.fd
	o.fd = -1 // it fails
	if _, known := o.of(from, to); known {
		t.Error("known without an answer")
	}
	syscall.Close(fd)
	if uid, known := o.of(from, to); uid != os.Getuid() || !known {
		t.Errorf("a new socket says %d %v", uid, known)
	}
}

func FuzzOwnerIn(f *testing.F) {
	a := (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}).AddrPort()
	f.Add(ownerRequest(a, a))
	f.Fuzz(func(t *testing.T, b []byte) { ownerIn(b, a, a) })
}
