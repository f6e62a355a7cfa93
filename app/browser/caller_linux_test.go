package browser

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// asNobody has this program ask for an address as another user.
const asNobody = "AUTHTRAY_TEST_VISIT"

func TestMain(m *testing.M) {
	if address := os.Getenv(asNobody); address != "" {
		answer, err := http.Get(address)
		if err != nil {
			panic(err)
		}
		fmt.Print(answer.StatusCode)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestAnotherUserIsNotLedToAHiddenURL(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can be another user")
	}
	elsewhere := "http://127.0.0.1:1/"
	h := hiding(t, elsewhere)
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
	cmd := exec.Command(program.Name())
	cmd.Dir, cmd.Env = "/", []string{asNobody + "=" + h.address()}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil || string(out) != "403" {
		t.Errorf("another user is answered %s, %v", out, err)
	}
	if status, to := visit(t, h.address()); status != 303 || to != elsewhere {
		t.Errorf("then this user is answered %d, and led to %q", status, to)
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
	mapped, err := dialMapped(l.Addr().(*net.TCPAddr).Port)
	if err != nil {
		t.Skipf("there is no IPv6 here: %v", err)
	}
	if got := ask(mapped); got != want {
		t.Errorf("over IPv6 it is %s, not %s", got, want)
	}
}

func dialMapped(port int) (net.Conn, error) {
	fd, err := syscall.Socket(syscall.AF_INET6, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "mapped")
	defer f.Close()
	to := &syscall.SockaddrInet6{Port: port}
	copy(to.Addr[10:], []byte{0xff, 0xff, 127, 0, 0, 1})
	if err := syscall.Connect(fd, to); err != nil {
		return nil, err
	}
	return net.FileConn(f)
}

func TestLinesOfOtherConnectionsAreNotTaken(t *testing.T) {
	file := t.TempDir() + "/tcp"
	lines := []string{
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
		"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0",
		"   1: 0100007F:C001 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1001        0 1 1 0",
		"   2: 0100007F:1F90 0100007F:C000 01 00000000:00000000 00:00000000 00000000  1002        0 1 1 0",
		"   3: 0100007F:C000 0100007F:1F91 01 00000000:00000000 00:00000000 00000000  1003        0 1 1 0",
		"   4: 0100007F:C000 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1004        0 1 1 0",
	}
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if uid, ok := ownerIn(file, "0100007F:C000", "x", ":1F90"); uid != 1004 || !ok {
		t.Errorf("found %d, %v", uid, ok)
	}
	if _, ok := ownerIn(file, "0100007F:C002", "x", ":1F90"); ok {
		t.Error("found what is not there")
	}
}
