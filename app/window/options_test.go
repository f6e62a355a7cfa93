package window

import (
	"bytes"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestToolkitsMessagesStayOffStderr(t *testing.T) {
	var stderr bytes.Buffer
	says := &toolkit{log: slog.New(slog.DiscardHandler), stderr: &stderr}
	before := log.Writer()
	restore := says.listen()
	log.Println("Fyne error:  something small")
	restore()
	if stderr.Len() != 0 || says.blind.Load() {
		t.Fatalf("said %q", stderr.String())
	}
	if log.Writer() != before {
		t.Error("the standard logger, which the program silences, is given another output")
	}
}

func TestWindowThatCannotBeMadeIsOneSentence(t *testing.T) {
	for running, want := range map[bool]string{false: "", true: "authtray: " + errNoGraphics.Error() + "\n"} {
		var stderr bytes.Buffer
		says := &toolkit{log: slog.New(slog.DiscardHandler), stderr: &stderr}
		says.running.Store(running)
		for range 2 {
			says.Write([]byte("Fyne error:  window creation error\n"))
		}
		if !says.blind.Load() || stderr.String() != want {
			t.Errorf("running %v: said %q; want %q", running, stderr.String(), want)
		}
	}
}

func TestNoDisplayIsToldBeforeTheToolkitIsTouched(t *testing.T) {
	env := map[string]string{}
	get := func(k string) string { return env[k] }
	if err := checkDisplay("linux", get); err != errNoDisplay {
		t.Fatalf("err = %v", err)
	}
	if err := checkDisplay("windows", get); err != nil {
		t.Fatalf("Windows always has one: %v", err)
	}
	for _, k := range []string{"DISPLAY", "WAYLAND_DISPLAY"} {
		env = map[string]string{k: ":0"}
		if err := checkDisplay("linux", get); err != nil {
			t.Errorf("%s is enough: %v", k, err)
		}
	}
}

// GNOME and Plasma look for a desktop file of the name that a window on Wayland
// says it is of, and show a stranger where there is none.
func TestApplicationIDNamesTheDesktopFile(t *testing.T) {
	if _, err := os.Stat(filepath.Join("..", "..", "assets", appID("linux")+".desktop")); err != nil {
		t.Error(err)
	}
	packaged, err := os.ReadFile(filepath.Join("..", "..", "FyneApp.toml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, goos := range []string{"windows", "darwin"} {
		if !strings.Contains(string(packaged), "\nID = \""+appID(goos)+"\"\n") {
			t.Errorf("FyneApp.toml has another ID than %s on %s", appID(goos), goos)
		}
	}
}
