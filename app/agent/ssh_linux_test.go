package agent

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

// sshTo starts an sshd of this user's own on loopback, and returns ssh's
// arguments that lead to an account there.
func sshTo(t *testing.T, dir, account string) []string {
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
	os.Chmod(keys, 0o644) // sshd reads it as the account's user
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
	return []string{"-p", port, "-i", filepath.Join(dir, "user"), "-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
		"-o", "ConnectionAttempts=20", "-o", "ExitOnForwardFailure=yes", "-o", "BatchMode=yes", account + "@127.0.0.1"}
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

func needSSH(t *testing.T) {
	t.Helper()
	for _, program := range []string{"sshd", "ssh", "ssh-keygen"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("%s is not installed (openssh-server, openssh-client)", program)
			}
			t.Skipf("%s is not installed (openssh-server, openssh-client)", program)
		}
	}
}

// forwarded is an agent with a connection that is open to elsewhere and one that
// is not, and where its socket is in another account of this machine.
func forwarded(t *testing.T, account string) (w *world, there string) {
	t.Helper()
	needSSH(t)
	w = newWorld(t)
	open := w.practice()
	open["remote"] = true
	w.call("PUT", "/connections/open", open).ok()
	w.add("closed")
	w.connect("open", "ada")
	w.connect("closed", "grace")
	dir, err := os.MkdirTemp("/tmp", "ssh")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	folder := filepath.Join(dir, "there")
	if err := errors.Join(os.Mkdir(folder, 0o700), os.Chmod(dir, 0o711), os.Chmod(folder, 0o777)); err != nil {
		t.Fatal(err)
	}
	there = filepath.Join(folder, "agent.sock")
	ssh := exec.Command("ssh", append([]string{"-N", "-R", there + ":" + api.RemoteAddress(w.paths.Socket)}, sshTo(t, dir, account)...)...)
	if err := ssh.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ssh.Process.Kill(); ssh.Wait() })
	eventually(t, "the socket is forwarded", func() bool { // it is there a moment before it is listened to
		conn, err := net.Dial("unix", there)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return w, there
}

func TestTheSocketForwardedBySSHGivesTokensAndNoManagement(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	w, there := forwarded(t, me.Username)
	t.Setenv("AUTHTRAY_SOCKET", there)
	overThere(t)
	got, err := client.TokenSource("open").Token()
	if err != nil || got.AccessToken != w.call("GET", "/connections/open/token", nil).token().AccessToken {
		t.Errorf("it is not the token (%v)", err)
	}
	if st := w.call("GET", "/connections/open", nil).connection(); st.State != tokens.Connected {
		t.Errorf("the connection is %s", st.State)
	}
}

// TestTheSocketForwardedIntoAnotherAccount: there the other end of the socket is
// sshd, as that account's user, and tools want it to be.
func TestTheSocketForwardedIntoAnotherAccount(t *testing.T) {
	if os.Getenv("AUTHTRAY_TEST_THERE") != "" {
		overThere(t)
		return
	}
	if os.Getuid() != 0 {
		t.Skip("needs root, to log in as another user")
	}
	_, there := forwarded(t, "nobody")
	run := exec.Command("/proc/self/exe", // its folder may be closed to others
		"-test.run", "^"+t.Name()+"$", "-test.v")
	run.Dir = "/"
	run.Env = append(os.Environ(), "AUTHTRAY_TEST_THERE=1", "AUTHTRAY_SOCKET="+there, "TMPDIR=/tmp", "HOME=/nonexistent")
	run.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := run.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Fatalf("%v\n%s", err, out)
	}
}

// overThere is a tool that knows AUTHTRAY_SOCKET, which is forwarded.
func overThere(t *testing.T) {
	if token, err := client.TokenSource("open").Token(); err != nil || token.AccessToken == "" || token.Extra("account") != "ada" {
		t.Errorf("no token: %v", err)
	}
	var there client.Agent
	if err := there.Do(t.Context(), "GET", "/v1/connections/open/api/whoami", nil, nil); err != nil {
		t.Errorf("no API: %v", err)
	}
	for _, r := range []struct{ method, path string }{
		{"GET", "/v1/connections/closed/token"}, {"GET", "/v1/connections/closed/api/whoami"},
		{"GET", "/v1/connections"}, {"GET", "/v1/connections/closed"}, {"GET", "/v1/health"},
		{"GET", "/v1/log"}, {"DELETE", "/v1/connections/open/grant"}, {"DELETE", "/v1/connections/open"},
		{"POST", "/v1/connections/open/refresh"}, {"POST", "/v1/quit"},
	} {
		err := there.Do(t.Context(), r.method, r.path, nil, nil)
		var p *client.Problem
		if !errors.As(err, &p) || p.Code != string(tokens.CodeNotAllowed) {
			t.Errorf("%s %s: %v", r.method, r.path, err)
		}
	}
}
