//go:build !windows && !darwin

package autostart

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// home gives the test a configuration folder of its own.
func home(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	return filepath.Join(dir, "autostart")
}

func TestStartAtLoginIsOffUntilTurnedOnAndOffAgain(t *testing.T) {
	dir := home(t)
	e := Entry{}
	for _, on := range []bool{false, true, true, false, false} {
		if err := e.Set(on); err != nil {
			t.Fatal(err)
		}
		if got, err := e.On(); got != on || err != nil {
			t.Errorf("after Set(%v): %v, %v", on, got, err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestEntryThatIsALinkStaysOne(t *testing.T) {
	dir, kept := home(t), filepath.Join(t.TempDir(), "authtray.desktop") // where dotfiles are kept
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(kept, filepath.Join(dir, "authtray.desktop")); err != nil {
		t.Fatal(err)
	}
	for range 2 { // where the link leads to nothing, and where it leads to a file
		if err := (Entry{}).Set(true); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Lstat(filepath.Join(dir, "authtray.desktop")); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Errorf("the link is now %v, %v", info.Mode(), err)
		}
		if text, err := os.ReadFile(kept); !strings.Contains(string(text), "[Desktop Entry]") {
			t.Errorf("%q, %v", text, err)
		}
	}
}

func TestProfilesHaveEntriesOfTheirOwn(t *testing.T) {
	home(t)
	if err := (Entry{Profile: "work"}).Set(true); err != nil {
		t.Fatal(err)
	}
	if on, _ := (Entry{}).On(); on {
		t.Error("the default profile is on too")
	}
	if on, _ := (Entry{Profile: "work"}).On(); !on {
		t.Error("the profile is off")
	}
}

func TestEntryFollowsAProgramThatMoved(t *testing.T) {
	dir := home(t)
	old, moved := filepath.Join(t.TempDir(), "authtray"), filepath.Join(t.TempDir(), "authtray")
	for _, p := range []string{old, moved} {
		if err := os.WriteFile(p, nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := (Entry{Program: old}).Set(true); err != nil {
		t.Fatal(err)
	}
	if wrote, err := (Entry{Program: moved}).Follow(); wrote || err != nil {
		t.Errorf("a program that is still there was replaced: %v, %v", wrote, err)
	}
	os.Remove(old)
	if wrote, err := (Entry{Program: moved}).Follow(); !wrote || err != nil {
		t.Errorf("did not follow: %v, %v", wrote, err)
	}
	text, _ := os.ReadFile(filepath.Join(dir, "authtray.desktop"))
	if !strings.Contains(string(text), moved) || strings.Contains(string(text), old) {
		t.Errorf("written:\n%s", text)
	}
}

func TestFollowTurnsNothingOn(t *testing.T) {
	home(t)
	if wrote, err := (Entry{}).Follow(); wrote || err != nil {
		t.Errorf("%v, %v", wrote, err)
	}
	if on, _ := (Entry{}).On(); on {
		t.Error("on")
	}
}

func TestAnUnreadablePlaceIsSaidInASentence(t *testing.T) {
	dir := home(t)
	if err := os.WriteFile(dir, nil, 0o600); err != nil { // a file where the folder should be
		t.Fatal(err)
	}
	if err := (Entry{}).Set(true); err == nil || !strings.HasPrefix(err.Error(), "start at login could not be turned on") {
		t.Errorf("got %v", err)
	}
}

func TestAnEntryThatIsNoFileIsNotWaitedFor(t *testing.T) {
	home(t)
	path, _, err := Entry{}.file()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), syscall.Mkfifo(path, 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := (Entry{}).On(); err == nil || !strings.Contains(err.Error(), path+" is not a regular file; move it away") {
		t.Errorf("got %v", err)
	}
}
