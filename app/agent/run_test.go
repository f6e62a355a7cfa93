package agent

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/api/apitest"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/window/raise"
	"github.com/authtray/authtray/tokens/client"
)

// bare is a machine with no desktop at all, and what an agent on it says.
type bare struct {
	t     *testing.T
	paths config.Paths
	mu    sync.Mutex
	said  bytes.Buffer
}

func newBare(t *testing.T) *bare {
	t.Helper()
	dir, err := os.MkdirTemp("", "at")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, v := range []string{"DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME"} {
		t.Setenv(v, "")
	}
	t.Setenv("HOME", dir)
	t.Setenv("USERPROFILE", dir)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(dir, "no-bus"))
	return &bare{t: t, paths: config.Paths{
		Config: filepath.Join(dir, "config"), State: filepath.Join(dir, "state"), Socket: apitest.Address(dir),
	}}
}

func (b *bare) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.said.Write(p)
}

func (b *bare) text() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.said.String()
}

// run starts an agent's process and gives its end.
func (b *bare) run(o RunOptions) <-chan error {
	o.Paths, o.Stderr, o.Version = b.paths, b, "test"
	over := make(chan error, 1)
	go func() { over <- RunAgent(context.Background(), o) }()
	return over
}

// health waits for an agent and asks it.
func (b *bare) health() (h api.Health) {
	b.t.Helper()
	eventually(b.t, "an agent answers", func() bool {
		return client.At(b.paths.Socket).Do(b.t.Context(), "GET", "/v1/health", nil, &h) == nil
	})
	return h
}

func (b *bare) quit(over <-chan error) {
	b.t.Helper()
	b.quitAt(b.paths.Socket, over)
}

func (b *bare) quitAt(address string, over <-chan error) {
	b.t.Helper()
	if err := client.At(address).Do(b.t.Context(), "POST", "/v1/quit", nil, nil); err != nil {
		b.t.Error(err)
	}
	if err := <-over; err != nil {
		b.t.Errorf("the agent ended with: %v", err)
	}
}

func TestWithNoDesktopAtAllTheAgentServesAndSaysWhatIsMissing(t *testing.T) {
	b := newBare(t)
	over := b.run(RunOptions{Store: "memory"}) // with a tray, which has nowhere to be
	h := b.health()
	if h.Store != "memory" || h.Tray == "registered" || h.PID != os.Getpid() || h.Version != "test" {
		t.Errorf("health is %+v", h)
	}
	if !strings.Contains(strings.Join(h.Notes, " "), "in memory only") {
		t.Errorf("notes are %q", h.Notes)
	}
	err := postTo(t.Context(), b.paths, "/v1/window")
	if runtime.GOOS == "linux" && (err == nil || !strings.Contains(err.Error(), "no display")) {
		t.Errorf("the window without a display: %v", err)
	}
	b.quit(over)
}

func TestASecondAgentRaisesTheFirstAndEndsWell(t *testing.T) {
	b := newBare(t)
	first := b.run(RunOptions{NoTray: true, Store: "memory"})
	b.health()
	door, err := raise.Listen(raise.Address(b.paths.Socket)) // the first one's window is open
	if err != nil {
		t.Fatal(err)
	}
	defer door.Close()
	if err := <-b.run(RunOptions{NoTray: true, Store: "memory"}); err != nil {
		t.Errorf("the second agent: %v", err)
	}
	<-door.Knocks()
	if !strings.Contains(b.text(), "running already") {
		t.Errorf("said: %s", b.text())
	}
	b.quit(first)
}

func TestReplaceTakesOver(t *testing.T) {
	b := newBare(t)
	first := b.run(RunOptions{NoTray: true, Store: "memory"})
	b.health()
	second := b.run(RunOptions{NoTray: true, Store: "memory", Replace: true})
	if err := <-first; err != nil {
		t.Errorf("the first agent: %v", err)
	}
	b.health()
	b.quit(second)
	if _, err := os.Stat(b.paths.Socket); err == nil {
		t.Error("the socket is left behind")
	}
}

// TestReplaceTakesOverFromAnotherAddress: a shell of another XDG_RUNTIME_DIR or
// AUTHTRAY_SOCKET has another address for the same profile.
func TestReplaceTakesOverFromAnotherAddress(t *testing.T) {
	for name, set := range map[string]bool{"by the environment": false, "AUTHTRAY_SOCKET": true} {
		t.Run(name, func(t *testing.T) {
			b := newBare(t)
			first := b.run(RunOptions{NoTray: true, Store: "memory"})
			b.health()
			before := b.paths.Socket
			b.paths.Socket = apitest.Address(filepath.Join(b.paths.State, "else"))
			if set {
				t.Setenv("AUTHTRAY_SOCKET", b.paths.Socket)
			}
			began := time.Now()
			second := b.run(RunOptions{NoTray: true, Store: "memory", Replace: true})
			select {
			case err := <-first:
				if err != nil {
					t.Errorf("the first agent: %v", err)
				}
			case err := <-second:
				b.quitAt(before, first)
				t.Fatalf("the second agent ended after %v: %v", time.Since(began).Round(time.Second), err)
			}
			b.health()
			for _, address := range []string{before, api.RemoteAddress(before)} {
				if _, err := client.Dial(t.Context(), address); !errors.Is(err, client.ErrNoAgent) {
					t.Errorf("at %s, where nobody is served any more: %v", address, err)
				}
			}
			b.quit(second)
		})
	}
}

func TestWithoutAKeychainTheAgentSaysSoPlainly(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("macOS and Windows always have one")
	}
	b := newBare(t)
	err := <-b.run(RunOptions{NoTray: true})
	if !errors.Is(err, ErrNoKeychain) || !strings.Contains(err.Error(), "--store=memory") {
		t.Errorf("err = %v", err)
	}
	for _, o := range []RunOptions{{Store: "cloud"}, {Store: "file"}} {
		if err := <-b.run(o); !errors.Is(err, ErrStore) {
			t.Errorf("%s: %v", o.Store, err)
		}
	}
	if _, err := client.Dial(t.Context(), b.paths.Socket); !errors.Is(err, client.ErrNoAgent) {
		t.Errorf("something answers: %v", err)
	}
}

func TestTheFileStoreAsksForItsPassphraseOnce(t *testing.T) {
	b := newBare(t)
	asked := 0
	over := b.run(RunOptions{NoTray: true, Store: "file", Passphrase: func(context.Context, bool) (string, error) {
		asked++
		return "correct horse", nil
	}})
	if h := b.health(); h.Store != "file" || asked != 1 {
		t.Errorf("store %s, asked %d times", h.Store, asked)
	}
	b.quit(over)
}

func TestDebugIsForThoseWhoAsk(t *testing.T) {
	for level, want := range map[string]bool{"": false, "debug": true, "nonsense": false} {
		t.Setenv("AUTHTRAY_LOG", level)
		var out bytes.Buffer
		config.NewLog(&out).Debug("x")
		if got := out.Len() > 0; got != want {
			t.Errorf("AUTHTRAY_LOG=%q: debug lines %t", level, got)
		}
	}
}

// A home folder that computers share has one agent, whose socket only one of them has.
func TestRunNamesTheComputerThatTheAgentIsOn(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the test writes into a file that is locked")
	}
	for _, o := range []RunOptions{{}, {Replace: true}, {AtLogin: true}} {
		b := newBare(t)
		unlock, err := api.LockFor(b.paths.Lock(), b.paths.Socket)
		if err != nil {
			t.Fatal(err)
		}
		defer unlock()
		held, err := os.ReadFile(b.paths.Lock())
		if err != nil {
			t.Fatal(err)
		}
		here, _ := os.Hostname()
		there := bytes.Replace(held, []byte(`"host":"`+here+`"`), []byte(`"host":"the other one"`), 1)
		if err := os.WriteFile(b.paths.Lock(), there, 0o600); err != nil {
			t.Fatal(err)
		}
		o.NoTray, o.Store = true, "memory"
		if err := <-b.run(o); err == nil || !strings.Contains(err.Error(), `computer "the other one"`) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
