package app

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/authtray/authtray/app/socket"
)

// sshTo starts an sshd of this user's own on loopback, and returns ssh's
// arguments that lead to it.
func sshTo(t *testing.T, dir string) []string {
	t.Helper()
	for _, key := range []string{"host", "user"} {
		run(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, key))
	}
	public, err := os.ReadFile(filepath.Join(dir, "user.pub"))
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(freePort(t))
	keys, conf := filepath.Join(dir, "keys"), filepath.Join(dir, "sshd_config")
	write(t, keys, string(public))
	write(t, conf, fmt.Sprintf(`ListenAddress 127.0.0.1
Port %s
HostKey %s
AuthorizedKeysFile %s
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
`, port, filepath.Join(dir, "host"), keys))
	if os.Getuid() == 0 {
		os.MkdirAll("/run/sshd", 0o755) // where sshd locks its unprivileged half in
	}
	sshd, _ := exec.LookPath("sshd") // which wants to be called by its whole path
	daemon := exec.Command(sshd, "-D", "-e", "-f", conf)
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { daemon.Process.Kill(); daemon.Wait() })
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return []string{"-p", port, "-i", filepath.Join(dir, "user"), "-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
		"-o", "ConnectionAttempts=20", "-o", "ExitOnForwardFailure=yes", "-o", "BatchMode=yes", me.Username + "@127.0.0.1"}
}

func run(t *testing.T, program string, args ...string) {
	t.Helper()
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", program, err, out)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTheSocketForwardedBySSHGivesTokensAndNoManagement(t *testing.T) {
	for _, program := range []string{"sshd", "ssh", "ssh-keygen"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("%s is not installed (openssh-server, openssh-client)", program)
			}
			t.Skipf("%s is not installed (openssh-server, openssh-client)", program)
		}
	}
	w := newWorld(t)
	open := w.practice()
	open["remote"] = true
	w.call("PUT", "/connections/open", open).ok()
	w.connect("open", "ada")
	dir, err := os.MkdirTemp("", "ssh")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	there := filepath.Join(dir, "there.sock")
	args := append([]string{"-N", "-R", there + ":" + socket.RemoteAddress(w.paths.Socket)}, sshTo(t, dir)...)
	ssh := exec.Command("ssh", args...)
	if err := ssh.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ssh.Process.Kill(); ssh.Wait() })
	eventually(t, "the socket is forwarded", func() bool { _, err := os.Stat(there); return err == nil })

	client := socket.Client(there) // which also wants the other end to be this user
	defer client.CloseIdleConnections()
	for path, want := range map[string]int{"/connections/open/token": 200, "/connections/open/api/whoami": 200, "/connections": 403, "/health": 403} {
		answer, err := client.Get("http://agent/v1" + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%s: answered %d, want %d", path, answer.StatusCode, want)
		}
	}
	answer, err := client.Post("http://agent/v1/quit", "application/json", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Body.Close(); answer.StatusCode != http.StatusForbidden {
		t.Errorf("quit was answered %d", answer.StatusCode)
	}
}
