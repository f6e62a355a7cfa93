//go:build !windows

package api

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func listen(t *testing.T, address string) (net.Listener, error) {
	t.Helper()
	l, err := Listen(address, quiet)
	if err == nil {
		t.Cleanup(func() { l.Close() })
	}
	return l, err
}

func TestSocketAndFolderAreClosedToOthers(t *testing.T) {
	address := tempAddress(t)
	if _, err := listen(t, address); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{address: 0o600, filepath.Dir(address): 0o700} {
		info, err := os.Lstat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %o", path, info.Mode(), err, want)
		}
	}
}

func TestAFolderThatIsNotOursAloneIsRefused(t *testing.T) {
	for what, spoil := range map[string]func(dir string) error{
		"open to others": func(dir string) error { return os.Mkdir(dir, 0o755) },
		"a link": func(dir string) error {
			os.Mkdir(dir+"-real", 0o700)
			return os.Symlink(dir+"-real", dir)
		},
		"a file": func(dir string) error { return os.WriteFile(dir, nil, 0o600) },
		"of another user": func(dir string) error {
			if os.Getuid() != 0 {
				return os.Mkdir(dir, 0o755) // cannot give it away; refused for its mode
			}
			return errors.Join(os.Mkdir(dir, 0o700), os.Chown(dir, 65534, 65534))
		},
	} {
		address := tempAddress(t)
		if err := spoil(filepath.Dir(address)); err != nil {
			t.Fatal(err)
		}
		if _, err := listen(t, address); err == nil || !strings.Contains(err.Error(), filepath.Dir(address)) {
			t.Errorf("a folder that is %s: %v", what, err)
		}
	}
}

func TestAStaleSocketIsRemovedAndALiveOneIsNot(t *testing.T) {
	address := tempAddress(t)
	os.MkdirAll(filepath.Dir(address), 0o700)
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: address})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	dead.Close()
	if _, err := listen(t, address); err != nil {
		t.Fatalf("at a stale socket: %v", err)
	}
	if _, err := listen(t, address); !errors.Is(err, ErrRunning) {
		t.Errorf("at a live socket: %v", err)
	}
}

func TestAnotherFileInTheSocketsPlaceIsLeftAlone(t *testing.T) {
	address := tempAddress(t)
	os.MkdirAll(filepath.Dir(address), 0o700)
	os.WriteFile(address, []byte("precious"), 0o600)
	if _, err := listen(t, address); err == nil {
		t.Error("listened in the place of a file")
	}
	if data, _ := os.ReadFile(address); string(data) != "precious" {
		t.Error("the file is gone")
	}
}

func TestAPathThatIsTooLongSaysWhatToDo(t *testing.T) {
	_, err := listen(t, "/tmp/"+strings.Repeat("x", 120)+"/agent.sock")
	if err == nil || !strings.Contains(err.Error(), "AUTHTRAY_SOCKET") {
		t.Errorf("err = %v", err)
	}
}

func TestTheCallerIsKnownByItsConnection(t *testing.T) {
	f := newFake()
	resp, err := httpClient(listening(t, f)).Get("http://agent/v1/connections/work/token")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	exe, _ := os.Executable()
	want := Peer{UID: os.Getuid(), PID: os.Getpid(), Exe: exe}
	if f.peer != want {
		t.Errorf("peer is %+v, want %+v", f.peer, want)
	}
}

// The role that needs another user runs in a process of this test's binary.
func TestMain(m *testing.M) {
	if address := os.Getenv("SOCKET_TEST_STRANGER"); address != "" {
		stranger(address)
		return
	}
	os.Exit(m.Run())
}

// stranger connects as another user and asks for a token.
func stranger(address string) {
	c, err := net.Dial("unix", address)
	if err != nil {
		fmt.Println("cannot connect:", err)
		return
	}
	fmt.Fprint(c, "GET /v1/connections/work/token HTTP/1.1\r\nHost: x\r\n\r\n")
	buf := make([]byte, 512)
	n, err := c.Read(buf)
	fmt.Printf("read %q: %v\n", buf[:n], err)
}

func asNobody(t *testing.T, address string) *exec.Cmd {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can become another user")
	}
	cmd := exec.Command("/proc/self/exe") // its folder may be closed to others
	cmd.Env = []string{"SOCKET_TEST_STRANGER=" + address}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	return cmd
}

func TestAnotherUserIsRefusedEvenWhereTheFolderIsOpen(t *testing.T) {
	f := newFake()
	address := listening(t, f)
	for dir := filepath.Dir(address); dir != os.TempDir(); dir = filepath.Dir(dir) {
		os.Chmod(dir, 0o755) // somebody spoiled it after the start
	}
	os.Chmod(address, 0o666)
	out, err := asNobody(t, address).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if s := string(out); !strings.HasPrefix(s, `read ""`) {
		t.Errorf("another user: %s", s)
	}
	if f.peer != (Peer{}) {
		t.Error("the request reached the agent")
	}
}
