package browser

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestOpenersInOrder(t *testing.T) {
	for _, c := range []struct {
		name string
		env  map[string]string
		want [][]string
	}{
		{"no display, no hint", nil, nil},
		{"a desktop", map[string]string{"DISPLAY": ":0"}, [][]string{{"xdg-open", page}}},
		{"BROWSER comes first, also without a display", map[string]string{"BROWSER": "firefox --new-tab:absent:lynx -dump %s"},
			[][]string{{"firefox", "--new-tab", page}, {"lynx", "-dump", page}}},
		{"inside WSL", map[string]string{"WSL_DISTRO_NAME": "Debian", "WAYLAND_DISPLAY": "wayland-0"},
			[][]string{{"wslview", page}, {"xdg-open", page}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := func(k string) string { return c.env[k] }
			found := func(p string) bool { return p != "absent" && p != "x-www-browser" }
			if got := openers(page, env, found); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// withOpener makes PATH hold one xdg-open, which is this script.
func withOpener(t *testing.T, script string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "xdg-open"), []byte("#!/bin/sh\ncd '"+dir+"'\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	t.Setenv("DISPLAY", ":0")
	t.Setenv("BROWSER", "")
	t.Setenv("WSL_DISTRO_NAME", "")
	t.Setenv("GH_TOKEN", "hush")
	return dir
}

func TestOpenHandsOverTheURLAsItIsAndNoSecrets(t *testing.T) {
	dir := withOpener(t, `printf %s "$1" > url; env > env; echo $$ > pid`)
	if err := Open(t.Context(), slog.New(slog.DiscardHandler), page); err != nil {
		t.Fatal(err)
	}
	address := content(t, dir, "url")
	if Check(address) != nil || strings.Contains(address, "touch") {
		t.Errorf("opened %q", address)
	}
	if status, to := visit(t, address); status != 303 || to != page {
		t.Errorf("which is answered %d, and leads to %q", status, to)
	}
	if env := content(t, dir, "env"); strings.Contains(env, "hush") || !strings.Contains(env, "DISPLAY=:0") {
		t.Errorf("inherited:\n%s", env)
	}
	if _, err := os.Stat("/proc/" + strings.TrimSpace(content(t, dir, "pid"))); err == nil {
		t.Error("a zombie is left")
	}
}

func TestOpenSaysThatTheOpenerFailedWithoutNamingTheURL(t *testing.T) {
	withOpener(t, "exit 3")
	t.Setenv("PATH", strings.SplitN(os.Getenv("PATH"), ":", 2)[0]) // no x-www-browser
	err := Open(t.Context(), slog.New(slog.DiscardHandler), page)
	if err == nil || !strings.Contains(err.Error(), "xdg-open: exit status 3") || !strings.Contains(err.Error(), "copy the link") {
		t.Errorf("got %v", err)
	}
	if strings.Contains(fmt.Sprint(err), "example.org") {
		t.Errorf("the error names the URL: %v", err)
	}
}

func TestOpenDoesNotWaitForABrowserThatStays(t *testing.T) {
	old := settle
	settle = time.Millisecond
	defer func() { settle = old }()
	dir := withOpener(t, "mkfifo gate; : > ready; read line < gate")
	if err := Open(t.Context(), slog.New(slog.DiscardHandler), page); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(dir, "ready")); err == nil {
			break
		}
	}
	gate, err := os.OpenFile(filepath.Join(dir, "gate"), os.O_RDWR, 0) // lets it end
	if err != nil {
		t.Fatal(err)
	}
	defer gate.Close()
	if _, err := gate.WriteString("go\n"); err != nil {
		t.Fatal(err)
	}
}

// lines receives what a logger writes, a line at a time.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

func TestOpenWritesALateFailureToTheLogThatItIsGiven(t *testing.T) {
	old := settle
	settle = time.Millisecond
	defer func() { settle = old }()
	dir := withOpener(t, "read line < gate; exit 3")
	if err := syscall.Mkfifo(filepath.Join(dir, "gate"), 0o600); err != nil {
		t.Fatal(err)
	}
	said := make(lines, 1)
	if err := Open(t.Context(), slog.New(slog.NewTextHandler(said, nil)), page); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "gate"), []byte("go\n"), 0o600); err != nil { // lets it end
		t.Fatal(err)
	}
	if line := <-said; !strings.Contains(line, "exit status 3") || strings.Contains(line, "example.org") {
		t.Errorf("said %q", line)
	}
}

func TestOpenWithoutADisplaySaysSo(t *testing.T) {
	withOpener(t, "")
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	if err := Open(t.Context(), slog.New(slog.DiscardHandler), page); !errors.Is(err, ErrNoDisplay) {
		t.Errorf("got %v", err)
	}
}

func TestOpenRefusesOtherSchemes(t *testing.T) {
	dir := withOpener(t, ": > ran")
	if err := Open(t.Context(), slog.New(slog.DiscardHandler), "file:///etc/passwd"); err == nil {
		t.Error("opened")
	}
	if _, err := os.Stat(filepath.Join(dir, "ran")); err == nil {
		t.Error("the opener was run")
	}
}

func content(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFolderIsOpenedAndNothingElse(t *testing.T) {
	dir := withOpener(t, `printf %s "$1" > url`)
	if err := OpenFolder(t.Context(), slog.New(slog.DiscardHandler), dir); err != nil || content(t, dir, "url") != dir {
		t.Errorf("%v, opened %q", err, content(t, dir, "url"))
	}
	for name, path := range map[string]string{"a file": filepath.Join(dir, "url"), "nothing": filepath.Join(dir, "absent"), "a relative path": ".", "an option": "--help"} {
		t.Run(name, func(t *testing.T) {
			if OpenFolder(t.Context(), slog.New(slog.DiscardHandler), path) == nil {
				t.Error("it is opened")
			}
		})
	}
	withOpener(t, "exit 3")
	if err := OpenFolder(t.Context(), slog.New(slog.DiscardHandler), dir); err == nil || strings.Contains(err.Error(), "browser") {
		t.Errorf("a file manager that fails: %v", err)
	}
}
