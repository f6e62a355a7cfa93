package bustest

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// nobody is the user that a test is given where it runs as root.
const nobody = 65534

// asUser is set in the process that Unprivileged starts.
const asUser = "AUTHTRAY_TEST_AS_USER"

// Unprivileged says whether this is an ordinary user's process. Where it is
// root's, the test is run again in a process of an ordinary user, whose verdict
// counts, and the caller returns: some desktops refuse root, and nobody has one
// as root. prepare makes what that user has no means to make, such as programs,
// in a folder that the user can read; it returns variables for the test.
func Unprivileged(t *testing.T, prepare func(dir string) (env []string)) bool {
	t.Helper()
	if os.Getenv(asUser) != "" {
		return true
	}
	dir, env := prepared(t, prepare)
	if os.Getuid() != 0 {
		for _, kv := range env {
			name, value, _ := strings.Cut(kv, "=")
			t.Setenv(name, value)
		}
		return true
	}
	again(t, dir, env, &syscall.Credential{Uid: nobody, Gid: nobody}, "/proc/self/exe") // its folder may be closed to others
	return false
}

// outside makes a machine for the command that it is given: one of its own to look
// at, that systemd has started, with a control group that the ordinary user may
// divide, and which ends with the command.
const outside = `set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system
for group in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
  [ -e "$group/cgroup.procs" ] || continue
  mkdir -p "$group/$GROUP/session"
  chown -R NOBODY:NOBODY "$group/$GROUP"
  echo $$ >"$group/$GROUP/session/cgroup.procs"
done
exec setpriv --reuid=NOBODY --regid=NOBODY --clear-groups "$@"`

// WithSystemd is Unprivileged where the ordinary user can run a systemd of its own,
// as pam_systemd does at login. Only root can make such a place.
func WithSystemd(t *testing.T, prepare func(dir string) (env []string)) bool {
	t.Helper()
	if os.Getenv(asUser) != "" {
		return true
	}
	Need(t, "systemctl", "systemd-run", "unshare", "setpriv")
	if os.Getuid() != 0 {
		Lacks(t, "root's right to start a systemd for another user")
	}
	dir, env := prepared(t, prepare)
	program, err := os.ReadFile("/proc/self/exe")
	self := filepath.Join(dir, "test")
	if err == nil {
		err = os.WriteFile(self, program, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	group := filepath.Base(dir)
	t.Cleanup(func() { dissolve(group) })
	again(t, dir, append(env, "GROUP="+group), nil, "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
		"sh", "-c", strings.ReplaceAll(outside, "NOBODY", strconv.Itoa(nobody)), "sh", self)
	return false
}

// dissolve removes the empty control groups of a test.
func dissolve(group string) {
	for _, top := range []string{"/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"} {
		var folders []string
		filepath.WalkDir(filepath.Join(top, group), func(path string, d os.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				folders = append(folders, path)
			}
			return nil
		})
		for _, folder := range slices.Backward(folders) {
			os.Remove(folder)
		}
	}
}

func prepared(t *testing.T, prepare func(dir string) (env []string)) (dir string, env []string) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "as") // short: a socket's name has its limit
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir, prepare(dir)
}

// again runs this test in another process, by a command that ends with this program
// and has its arguments added.
func again(t *testing.T, dir string, env []string, user *syscall.Credential, command ...string) {
	t.Helper()
	shots := filepath.Join(dir, "shots")
	if err := os.Mkdir(shots, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, shots} {
		if err := os.Chown(path, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(command[0], append(command[1:], "-test.run", "^"+t.Name()+"$", "-test.v", "-test.timeout", "10m")...)
	cmd.Dir = "/"
	cmd.Env = append(append(os.Environ(), asUser+"=1", "TMPDIR="+dir, "HOME="+dir, "USER=nobody", "LOGNAME=nobody", "SCREENSHOTS="+shots), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Credential: user}
	out, err := cmd.CombinedOutput()
	keep(t, shots)
	switch said := string(out); {
	case err != nil:
		t.Fatalf("as an ordinary user: %v\n%s", err, said)
	case strings.Contains(said, "--- SKIP: "+t.Name()):
		t.Skip(said)
	case !strings.Contains(said, "--- PASS: "+t.Name()):
		t.Fatalf("as an ordinary user it did not run:\n%s", said)
	default:
		t.Log(said)
	}
}

// keep copies the screenshots in dir to where they are wanted.
func keep(t *testing.T, dir string) {
	t.Helper()
	to := os.Getenv("SCREENSHOTS")
	files, _ := filepath.Glob(filepath.Join(dir, "*.png"))
	for _, file := range files {
		if to == "" {
			return
		}
		in, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		out, err := os.Create(filepath.Join(to, filepath.Base(file)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(out, in); err != nil {
			t.Fatal(err)
		}
		if err := out.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
