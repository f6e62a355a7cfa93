package api

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func TestLockIsHeldByOneAgentForLife(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "agent.lock")
	unlock, err := Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(path); !errors.Is(err, ErrRunning) {
		t.Errorf("a second lock: %v", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	again, err := Lock(path)
	if err != nil {
		t.Errorf("after the first is gone: %v", err)
	}
	again()
}

func TestLockTellsWhoHoldsIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.lock")
	wantNobody := func(when string) {
		t.Helper()
		if h, ok := ReadHolder(path); ok {
			t.Errorf("%s: %+v", when, h)
		}
	}
	wantNobody("before the first lock")
	for _, socket := range []string{
		"/run/user/1000/authtray/agent.sock", "", "/x", "/tmp/a folder\nof two lines/ä.sock", `\\.\pipe\authtray-S-1-5-21-7`,
	} {
		t.Run(socket, func(t *testing.T) {
			unlock, err := LockFor(path, socket)
			if err != nil {
				t.Fatal(err)
			}
			here, _ := os.Hostname()
			want := Holder{PID: os.Getpid(), Socket: socket, Host: here}
			if h, ok := ReadHolder(path); !ok || h != want {
				t.Errorf("while it is held: %+v, %v, want %+v", h, ok, want)
			}
			if _, err := LockFor(path, "/elsewhere"); !errors.Is(err, ErrRunning) {
				t.Errorf("a second lock: %v", err)
			}
			if h, _ := ReadHolder(path); h != want {
				t.Errorf("after a second one was refused: %+v", h)
			}
			unlock()
			wantNobody("after the end")
		})
	}
	unlock, err := Lock(path) // a command, which answers nowhere
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if h, ok := ReadHolder(path); !ok || h.PID != os.Getpid() || h.Socket != "" {
		t.Errorf("while a command holds it: %+v, %v", h, ok)
	}
}

func TestReadHolderOfAnyFileNamesNobody(t *testing.T) {
	for _, text := range []string{
		"", " ", "\x00", "{}", " {}\n", " {\"pid\":-1}\n", " {\"pid\":0,\"socket\":\"/x\"}\n", " {\"pid\":\"7\"}\n", " {\"pid\":7", " []\n", " 7\n", " null\n",
		strings.Repeat("{", 1<<20),
	} {
		path := filepath.Join(t.TempDir(), "agent.lock")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if h, ok := ReadHolder(path); ok {
			t.Errorf("%.20q: %+v", text, h)
		}
	}
}

func TestLockWritesIntoNoFileBehindALink(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege there")
	}
	dir := t.TempDir()
	other, path := filepath.Join(dir, "other"), filepath.Join(dir, "state", "agent.lock")
	if err := errors.Join(os.WriteFile(other, []byte("mine"), 0o600), os.Mkdir(filepath.Dir(path), 0o700), os.Symlink(other, path)); err != nil {
		t.Fatal(err)
	}
	unlock, err := Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	if got, err := os.ReadFile(other); string(got) != "mine" || err != nil {
		t.Errorf("the file behind the link: %q, %v", got, err)
	}
}

func TestFolderWithoutLocksSaysWhereTheStateCanBe(t *testing.T) {
	for _, none := range []error{syscall.ENOLCK, syscall.EOPNOTSUPP, syscall.ENOSYS} {
		t.Run(none.Error(), func(t *testing.T) {
			err := lockError("/home/ada/.local/state/authtray", &fs.PathError{Op: "flock", Err: none})
			if !errors.Is(err, none) || !strings.Contains(err.Error(), "AUTHTRAY_STATE") || !strings.Contains(err.Error(), "/home/ada/") {
				t.Error(err)
			}
		})
	}
	if err := lockError("/s", fs.ErrPermission); strings.Contains(err.Error(), "AUTHTRAY_STATE") {
		t.Error(err)
	}
}

func TestHolderOnAnotherComputerIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.lock")
	unlock, err := LockFor(path, "/run/user/1000/authtray/agent.sock")
	if err != nil {
		t.Fatal(err)
	}
	if err := OnAnotherComputer(path); err != nil {
		t.Errorf("held by this process: %v", err)
	}
	writeHolder(path, Holder{PID: 7, Socket: "/run/user/1000/authtray/agent.sock", Host: "the other computer"})
	if err := OnAnotherComputer(path); err == nil || !strings.Contains(err.Error(), `"the other computer"`) || !strings.Contains(err.Error(), "AUTHTRAY_PROFILE") {
		t.Errorf("held there: %v", err)
	}
	unlock()
	if err := OnAnotherComputer(path); err != nil {
		t.Errorf("held by nobody: %v", err)
	}
}
