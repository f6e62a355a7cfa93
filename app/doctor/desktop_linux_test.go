package doctor

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/app/e2e/desktop"
	"github.com/authtray/authtray/tokens/store"
)

func patient(t *testing.T, s store.Store) Input {
	t.Helper()
	dir := t.TempDir()
	t.Cleanup(func() { s.Close() })
	return Input{Store: s, Tray: true, Paths: config.Paths{
		Config: filepath.Join(dir, "config"), State: filepath.Join(dir, "state"), Socket: filepath.Join(dir, "run", "agent.sock")}}
}

// report is a mark and the id of each check, a line each.
func report(t *testing.T, p Input) string {
	t.Helper()
	var b strings.Builder
	for _, c := range Run(t.Context(), p) {
		mark := "✔ "
		if !c.OK {
			mark = "✖ "
		}
		b.WriteString(mark + c.ID + "\n")
		t.Logf("%s%s: %s [%s]", mark, c.ID, c.Detail, c.Hint)
		if c.OK != (c.Hint == "") || !strings.HasSuffix(c.Detail, ".") {
			t.Errorf("%s: a sentence, and a hint where it is amiss: %+v", c.ID, c)
		}
	}
	return b.String()
}

func TestDesktopAHealthyMachineAndWhatIsTakenFromIt(t *testing.T) {
	d := desktop.Start(t) // a bus, a screen and an open keychain
	d.StartNotices()
	panel := d.StartPanel()
	t.Setenv("BROWSER", "true")
	p := patient(t, store.Keychain("authtray-doctor", slog.New(slog.DiscardHandler)))
	healthy := "✔ socket\n✔ bus\n✔ keychain\n✔ notifications\n✔ tray\n✔ browser\n✔ loopback\n✔ proxy\n✔ config\n"
	if got := report(t, p); got != healthy {
		t.Errorf("a healthy machine:\n%s", got)
	}
	if out, _ := exec.Command("secret-tool", "search", "--all", "service", "authtray-doctor").Output(); bytes.Contains(out, []byte("doctor")) {
		t.Errorf("the probe stayed in the keychain: %s", out)
	}
	panel.Kill()
	if got := report(t, p); got != strings.Replace(healthy, "✔ tray", "✖ tray", 1) {
		t.Errorf("without a tray host:\n%s", got)
	}
}

func TestAMachineWithoutADesktop(t *testing.T) {
	bustest.Home(t)
	for _, name := range []string{"DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "XDG_CURRENT_DESKTOP"} {
		t.Setenv(name, "")
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
	p := patient(t, store.Keychain("authtray-doctor", slog.New(slog.DiscardHandler)))
	os.Mkdir(filepath.Dir(p.Paths.Socket), 0o755)
	want := "✖ socket\n✖ bus\n✖ keychain\n✖ notifications\n✖ tray\n✖ browser\n✔ loopback\n✔ proxy\n✔ config\n"
	if got := report(t, p); got != want {
		t.Errorf("got:\n%s", got)
	}
}

// What stands in the way of the socket is taken away by the hint, as it is typed.
func TestHintsAboutTheSocketsPlaceHelp(t *testing.T) {
	for name, c := range map[string]struct{ file, says string }{
		"a file where the folder belongs": {"it's run", "is not a folder"},
		"a file where the socket belongs": {"it's run/agent.sock", "is not a socket"},
	} {
		t.Run(name, func(t *testing.T) {
			p := patient(t, store.Memory())
			dir := t.TempDir()
			p.Paths.Socket = filepath.Join(dir, "it's run", "agent.sock")
			file := filepath.Join(dir, c.file)
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, nil, 0o600)); err != nil {
				t.Fatal(err)
			}
			bad := socketCheck(t.Context(), p)
			if bad.OK || !strings.Contains(bad.Detail, c.says) {
				t.Fatalf("%+v", bad)
			}
			if out, err := exec.Command("sh", "-c", bad.Hint).CombinedOutput(); err != nil {
				t.Fatalf("%s: %v: %s", bad.Hint, err, out)
			}
			if good := socketCheck(t.Context(), p); !good.OK {
				t.Errorf("%s left %+v", bad.Hint, good)
			}
		})
	}
}

// A server that the bus offers and that does not start is not one that is missing.
func TestANotificationServerThatDoesNotStartIsToldFromNone(t *testing.T) {
	for name, c := range map[string]struct {
		offered bool
		says    string
	}{
		"the bus would start one": {true, "would start a notification server when it is needed, but it does not start now"},
		"there is none":           {false, "No notification server is running"},
	} {
		t.Run(name, func(t *testing.T) {
			bustest.Home(t)
			services := filepath.Join(os.Getenv("XDG_DATA_HOME"), "dbus-1", "services")
			if err := os.MkdirAll(services, 0o700); err != nil {
				t.Fatal(err)
			}
			const service = "[D-BUS Service]\nName=" + noticesName + "\nExec=/bin/false\n"
			if err := os.WriteFile(filepath.Join(services, "notices.service"), []byte(service), 0o600); err != nil {
				t.Fatal(err)
			}
			bustest.Start(t, c.offered)
			got := noticesCheck(t.Context(), Input{})
			if got.OK || got.Hint == "" || !strings.Contains(got.Detail, c.says) {
				t.Errorf("%+v", got)
			}
		})
	}
}

// faulty is a keychain that does one thing wrong.
type faulty struct {
	store.Store
	check, set error
	other      bool // gives back something else
}

func (faulty) Kind() store.Kind              { return store.KindKeychain }
func (f faulty) Check(context.Context) error { return f.check }
func (f faulty) Set(ctx context.Context, key string, value []byte) error {
	if f.other {
		value = value[1:]
	}
	return errors.Join(f.set, f.Store.Set(ctx, key, value))
}

func TestWhatIsWrongWithAKeychainIsSaid(t *testing.T) {
	for _, c := range []struct {
		store store.Store
		says  string
	}{
		{faulty{Store: store.Memory()}, "were written, read and deleted"},
		{faulty{Store: store.Memory(), check: store.ErrLocked}, "is locked"},
		{faulty{Store: store.Memory(), check: store.ErrUnavailable}, "cannot be reached"},
		{faulty{Store: store.Memory(), set: errors.New("it is full")}, "it is full"},
		{faulty{Store: store.Memory(), other: true}, "something else than was written"},
		{store.Memory(), "in memory only"},
	} {
		if got := keychainCheck(t.Context(), Input{Store: c.store}); !strings.Contains(got.Detail, c.says) {
			t.Errorf("%+v, want %q", got, c.says)
		}
	}
}

func TestMemoryLeadsToWhatLastsHere(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
	if got := keychainCheck(t.Context(), Input{Store: store.Memory()}); got.Hint != "authtray run --replace --store=file" {
		t.Errorf("without a bus the keychain is proposed, where there can be none: %+v", got)
	}
}

func TestAClockMayBeAMinuteOff(t *testing.T) {
	for ahead, want := range map[time.Duration]string{
		0: "", time.Minute: "", -time.Minute: "", 61 * time.Second: "1m1s ahead of that", -2 * time.Hour: "2h0m0s behind that",
	} {
		c := clockCheck(ahead, "example.org")
		if c.OK != (want == "") || !strings.Contains(c.Detail, want) {
			t.Errorf("%v: %+v", ahead, c)
		}
	}
}

func TestACheckThatHangsHoldsNobodyUpForEver(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	hang := make(chan bool)
	defer close(hang)
	got := bounded(ctx, "x", func(context.Context, Input) []Check { <-hang; return nil }, Input{})
	if len(got) != 1 || got[0].OK || got[0].ID != "x" {
		t.Errorf("%+v", got)
	}
}
