package window

import (
	"bytes"
	"log"
	"log/slog"
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
