package bustest

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
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
	dir, err := os.MkdirTemp("/tmp", "as") // short: a socket's name has its limit
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	env := prepare(dir)
	if os.Getuid() != 0 {
		for _, kv := range env {
			name, value, _ := strings.Cut(kv, "=")
			t.Setenv(name, value)
		}
		return true
	}
	shots := filepath.Join(dir, "shots")
	if err := os.Mkdir(shots, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, shots} {
		if err := os.Chown(path, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("/proc/self/exe", "-test.run", "^"+t.Name()+"$", "-test.v", "-test.timeout", "10m") // its folder may be closed to others
	cmd.Dir = "/"
	cmd.Env = append(append(os.Environ(), asUser+"=1", "TMPDIR="+dir, "HOME="+dir, "USER=nobody", "LOGNAME=nobody", "SCREENSHOTS="+shots), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
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
	return false
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
