package agent

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/authtray/authtray/app/api"
)

// The agent of an unprivileged user whose configuration folder is not theirs to
// write: root may write everywhere, so this runs in a process of its own.
func TestUnwritableConfigurationIsOneSentenceAndLosesNothing(t *testing.T) {
	if os.Getenv("AUTHTRAY_TEST_UNPRIVILEGED") != "" {
		unwritable(t)
		return
	}
	if os.Getuid() != 0 {
		unwritable(t)
		return
	}
	run := exec.Command("/proc/self/exe", // its folder may be closed to others
		"-test.run", "^"+t.Name()+"$", "-test.v")
	run.Dir = "/"
	run.Env = append(os.Environ(), "AUTHTRAY_TEST_UNPRIVILEGED=1", "TMPDIR=/tmp", "HOME=/nonexistent")
	run.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := run.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Fatalf("%v\n%s", err, out)
	}
}

func unwritable(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	w.connect("work", "ada")
	before := w.read("work")
	if err := os.Chmod(w.paths.Connections(), 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(w.paths.Connections(), 0o700)
	p := w.call("PUT", "/connections/more", w.practice()).problem(api.CodeFailed, 500)
	if !strings.Contains(p.Detail, "cannot be written") || !strings.Contains(p.Detail, "permission denied") {
		t.Errorf("told as %q", p.Detail)
	}
	changed := w.practice()
	changed["scopes"] = []string{"openid"}
	w.call("PUT", "/connections/work", changed).problem(api.CodeFailed, 500)
	if w.read("work") != before {
		t.Error("the file changed")
	}
	w.call("DELETE", "/connections/work", nil).problem(api.CodeFailed, 500)
	w.call("GET", "/connections/work/token", nil).token() // neither forgotten nor disconnected
}
