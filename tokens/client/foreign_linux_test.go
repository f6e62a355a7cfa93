package client

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

const foreign = "AUTHTRAY_TEST_FOREIGN"

// TestMain is also the foreign server: this program, run as somebody else.
func TestMain(m *testing.M) {
	if path := os.Getenv(foreign); path != "" {
		l, err := net.Listen("unix", path)
		if err != nil {
			panic(err)
		}
		println("listening")
		conn, err := l.Accept()
		if err != nil {
			panic(err)
		}
		io.Copy(os.Stdout, conn)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// serveAs listens in a process of another user. heard waits for its end, and
// says what it was sent.
func serveAs(t *testing.T, uid uint32) (path string, heard func() string) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "authtray") // others must be able to enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	os.Chmod(dir, 0o777)
	path = filepath.Join(dir, "s")
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{foreign + "=" + path}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	stdout, _ := cmd.StdoutPipe()
	stderr, _ := cmd.StderrPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stderr).ReadString('\n'); line != "listening\n" {
		t.Fatalf("%q, %v", line, err)
	}
	return path, func() string {
		sent, _ := io.ReadAll(stdout)
		cmd.Wait()
		return string(sent)
	}
}

func TestServerOfAnotherUserIsToldNothing(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to serve as another user")
	}
	path, heard := serveAs(t, 65534)
	t.Setenv("AUTHTRAY_SOCKET", path)
	if err := (Agent{}).Do(t.Context(), "GET", "/secret", nil, nil); !errors.Is(err, ErrForeign) {
		t.Errorf("%v", err)
	}
	if got := heard(); got != "" {
		t.Errorf("it was told %q", got)
	}
}
