package browser

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
)

// asNobody has this program ask for an address as another user, in one of these ways.
const (
	asNobody = "AUTHTRAY_TEST_VISIT"
	inTheWay = "AUTHTRAY_TEST_VISIT_HOW"

	plainly    = "plainly"
	withADecoy = "with a decoy" // from the port of a closed connection to our port at another address
	halfClosed = "half closed"  // says that it will say no more
	mappedOnly = "through an IPv6 socket"
)

func TestMain(m *testing.M) {
	if address := os.Getenv(asNobody); address != "" {
		status, err := ask(address, os.Getenv(inTheWay))
		if err != nil {
			panic(err)
		}
		fmt.Print(status)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// dropped stands for the status of a connection that was closed unread.
const dropped = 0

// ask is another user's program.
func ask(address, how string) (status int, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return 0, err
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		return 0, err
	}
	var c net.Conn
	switch how {
	case plainly, halfClosed:
		c, err = net.Dial("tcp4", u.Host)
	case mappedOnly:
		c, err = dialMapped(port, 0)
	case withADecoy:
		var from int
		if from, err = leaveDecoy(port); err == nil {
			c, err = dialMapped(port, from)
		}
	}
	if err != nil {
		return 0, err
	}
	defer c.Close()
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", u.Path, u.Host)
	if how == halfClosed {
		fmt.Fprint(c, "X-Padding: x\r\n\r\n")
		if err := c.(*net.TCPConn).CloseWrite(); err != nil {
			return dropped, nil
		}
	} else {
		fmt.Fprint(c, "\r\n")
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return dropped, nil
	}
	return answer.StatusCode, nil
}

// leaveDecoy leaves a connection in TIME_WAIT, and returns the port that it was from.
func leaveDecoy(port int) (from int, err error) {
	l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.2:%d", port))
	if err != nil {
		return 0, err
	}
	defer l.Close()
	again := func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1) })
	}
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, Control: again}
	c, err := d.Dial("tcp4", l.Addr().String())
	if err != nil {
		return 0, err
	}
	other, err := l.Accept()
	if err != nil {
		return 0, err
	}
	defer other.Close()
	c.Close()
	_, err = other.Read(make([]byte, 1)) // its end has come
	if err != io.EOF {
		return 0, fmt.Errorf("the decoy is not closed: %v", err)
	}
	return c.LocalAddr().(*net.TCPAddr).Port, nil
}

func TestAnotherUserIsNotLedToAHiddenURL(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can be another user")
	}
	self, err := os.ReadFile("/proc/self/exe") // nobody may not look into the folder that it is in
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.CreateTemp("/tmp", "visit")
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(program.Name())
	if _, err := program.Write(self); err != nil {
		t.Fatal(err)
	}
	if err := program.Chmod(0o755); err != nil {
		t.Fatal(err)
	}
	program.Close()
	for _, how := range []string{plainly, mappedOnly, withADecoy, halfClosed} {
		elsewhere := "http://127.0.0.1:1/"
		h := hiding(t, elsewhere)
		cmd := exec.Command(program.Name())
		cmd.Dir, cmd.Env = "/", []string{asNobody + "=" + h.address(), inTheWay + "=" + how}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		out, err := cmd.CombinedOutput()
		if err != nil || string(out) != "403" && string(out) != "0" {
			t.Errorf("another user, %s, is answered %s, %v", how, out, err)
		}
		if status, to := visit(t, h.address()); status != 303 || to != elsewhere {
			t.Errorf("then this user is answered %d, and led to %q", status, to)
		}
	}
}

// A browser may speak IPv4 through an IPv6 socket.
func TestTheCallerIsKnownOverBothKindsOfSockets(t *testing.T) {
	known := make(chan string, 1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		uid, ok := callerOf(r)
		known <- fmt.Sprint(uid, ok)
	})}
	go srv.Serve(l)
	defer srv.Close()
	want := fmt.Sprint(os.Getuid(), true)
	ask := func(c net.Conn) string {
		defer c.Close()
		fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		return <-known
	}
	plain, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(plain); got != want {
		t.Errorf("over IPv4 it is %s, not %s", got, want)
	}
	mapped, err := dialMapped(l.Addr().(*net.TCPAddr).Port, 0)
	if err != nil {
		t.Skipf("there is no IPv6 here; TestTheCallerIsKnownOverBothKindsOfSockets has seen IPv4: %v", err)
	}
	if got := ask(mapped); got != want {
		t.Errorf("over IPv6 it is %s, not %s", got, want)
	}
}

// dialMapped connects to 127.0.0.1 through an IPv6 socket; from may be 0.
func dialMapped(port, from int) (net.Conn, error) {
	fd, err := syscall.Socket(syscall.AF_INET6, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "mapped")
	defer f.Close()
	loopback := [16]byte{10: 0xff, 0xff, 127, 0, 0, 1}
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return nil, err
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet6{Port: from, Addr: loopback}); err != nil {
		return nil, err
	}
	if err := syscall.Connect(fd, &syscall.SockaddrInet6{Port: port, Addr: loopback}); err != nil {
		return nil, err
	}
	return net.FileConn(f)
}
