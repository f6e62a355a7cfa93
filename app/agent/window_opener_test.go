package agent

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/window/raise"
)

// script makes authtray-window a program that does what the test says.
func script(t *testing.T, body string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "authtray-window"), []byte("#!/bin/sh\n"+body), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	t.Setenv("DISPLAY", ":77")
}

func TestAWindowThatCannotStartSaysWhy(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("a shell script")
	}
	w := newWorld(t)
	script(t, "echo 'noise' >&2; echo 'authtray: OpenGL is not to be had here.' >&2; exit 1\n")
	if p := w.call("POST", "/window", nil).problem(api.CodeFailed, 500); p.Detail != "OpenGL is not to be had here." {
		t.Errorf("told as %q", p.Detail)
	}
	t.Setenv("PATH", "/nowhere")
	if p := w.call("POST", "/window", nil).problem(api.CodeFailed, 500); !strings.Contains(p.Detail, "authtray-window") {
		t.Errorf("told as %q", p.Detail)
	}
}

func TestTheWindowIsStartedOnceAndThenRaised(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("a shell script")
	}
	w := newWorld(t)
	started := filepath.Join(t.TempDir(), "started")
	script(t, "echo $1 $AUTHTRAY_SOCKET >> "+started+"; exec sleep 600\n")
	answer := make(chan reply, 1)
	go func() { answer <- w.call("POST", "/window", nil) }()
	eventually(t, "the program runs", func() bool { _, err := os.Stat(started); return err == nil })
	door, err := raise.Listen(raise.Address(w.paths.Socket)) // as the program would
	if err != nil {
		t.Fatal(err)
	}
	defer door.Close()
	(<-answer).ok()
	w.call("POST", "/window", nil).ok()
	said, _ := os.ReadFile(started)
	if string(said) != "window "+w.paths.Socket+"\n" {
		t.Errorf("started with %q", said)
	}
}

func TestWindowOpenerSaysThatThereIsNoDisplay(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("other systems have one")
	}
	o := folders(t)
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	w := &windowOpener{socket: o.Paths.Socket, state: o.Paths.State, carried: true}
	if err := w.openWindow(t.Context(), ""); !errors.Is(err, errNoDisplay) {
		t.Errorf("%v", err)
	}
}
