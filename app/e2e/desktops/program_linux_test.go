package desktops

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/app/e2e/desktop"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
)

// programFolder is the variable that names the folder with the built programs.
const programFolder = "AUTHTRAY_TEST_PROGRAMS"

// ordinary is bustest.Unprivileged for a test of authtray, and of its window
// where window is true.
func ordinary(t *testing.T, window bool) bool {
	t.Helper()
	return bustest.Unprivileged(t, func(dir string) []string { return programs(t, dir, window) })
}

// programs builds authtray in dir, and puts beside it what is installed with it.
func programs(t *testing.T, dir string, window bool) (env []string) {
	t.Helper()
	build(t, filepath.Join(dir, "authtray"), "CGO_ENABLED=0", "release")
	if window {
		bustest.Need(t, "gcc", "pkg-config")
		if exec.Command("pkg-config", "--exists", "wayland-client", "xkbcommon").Run() != nil {
			bustest.Lacks(t, "Wayland's headers, without which the window is built for X11 alone")
		}
		build(t, filepath.Join(dir, "authtray-window"), "CGO_ENABLED=1", "release,migrated_fynedo,no_animations")
	}
	share(t, dir)
	return []string{programFolder + "=" + dir}
}

// share puts the menu entry and the icon where an installed program has them.
func share(t *testing.T, dir string) {
	t.Helper()
	for from, to := range map[string]string{"authtray.desktop": "applications/authtray.desktop", "icons/app-128.png": "icons/hicolor/128x128/apps/authtray.png"} {
		text, err := os.ReadFile(filepath.Join("../../../assets", from))
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "share", to)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// builds is a folder for what was built once for all tests of this process.
var builds string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if builds, err = os.MkdirTemp("", "builds"); err != nil {
			panic(err)
		}
		defer os.RemoveAll(builds)
		return m.Run()
	}())
}

func build(t *testing.T, to, cgo, tags string) {
	t.Helper()
	built := filepath.Join(builds, filepath.Base(to))
	if _, err := os.Stat(built); err != nil {
		cmd := exec.Command("go", "build", "-tags", tags, "-o", built, "github.com/authtray/authtray")
		cmd.Env = append(os.Environ(), cgo)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go build: %v\n%s", err, out)
		}
	}
	if err := os.Link(built, to); err != nil {
		t.Fatal(err)
	}
}

// world is a session with an agent and a provider in it.
type world struct {
	*testing.T
	d        *desktop.Desktop
	provider *practicetest.Provider
	agent    *exec.Cmd
	browser  string // the file that the URLs are written to which the browser was given
	log      string // what agents said
}

func newWorld(t *testing.T, d *desktop.Desktop, provider ...func(http.Handler) http.Handler) *world {
	t.Helper()
	w := &world{T: t, d: d, provider: practicetest.Start(t, server.Options{Lifetime: time.Hour}, provider...)}
	w.browser, w.log = filepath.Join(d.Home(), "opened"), filepath.Join(d.Home(), "agent.log")
	browser := filepath.Join(d.Home(), "browser")
	if err := os.WriteFile(browser, []byte("#!/bin/sh\nprintf '%s\\n' \"$1\" >>'"+w.browser+"'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("BROWSER", browser)
	t.Cleanup(func() {
		if text, err := os.ReadFile(w.log); err == nil && t.Failed() {
			t.Logf("the agent said:\n%s", text)
		}
	})
	return w
}

// run starts the agent, and waits until it answers.
func (w *world) run(args ...string) {
	w.Helper()
	w.start(args...)
	bustest.Eventually(w, bustest.Said("the agent does not answer"), func() bool { return w.command("status").Run() == nil })
}

func (w *world) start(args ...string) {
	w.Helper()
	log, err := os.OpenFile(w.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		w.Fatal(err)
	}
	defer log.Close()
	w.agent = w.command(append([]string{"run"}, args...)...)
	w.agent.Stderr = log
	w.d.Run(w.agent)
}

// stop ends the agent as a logout does.
func (w *world) stop() {
	w.Helper()
	w.agent.Process.Signal(os.Interrupt)
	w.agent.Wait()
}

func (w *world) command(args ...string) *exec.Cmd {
	return exec.Command(filepath.Join(os.Getenv(programFolder), "authtray"), args...)
}

// do runs a command that must work, and returns what it prints.
func (w *world) do(args ...string) string {
	w.Helper()
	cmd := w.command(args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		w.Fatalf("authtray %s: %v: %s", strings.Join(args, " "), err, said.String())
	}
	return strings.TrimSuffix(string(out), "\n")
}

// connect adds a connection and signs in.
func (w *world) connect(name string) {
	w.Helper()
	w.add(name)
	cmd := w.command("connect", name)
	w.d.Run(cmd)
	w.agree(w.awaitBrowser(1))
	w.awaitState(name, "connected")
}

func (w *world) add(name string) {
	w.Helper()
	w.do("add", name, "--provider", "practice", "--set", "vars.port="+w.provider.Issuer[strings.LastIndex(w.provider.Issuer, ":")+1:])
}

// awaitBrowser waits until the browser was given this many URLs, and returns the last.
func (w *world) awaitBrowser(times int) string {
	w.Helper()
	var urls []string
	bustest.Eventually(w, bustest.Said("the browser was not asked to open a page"), func() bool {
		text, _ := os.ReadFile(w.browser)
		urls = strings.Fields(string(text))
		return len(urls) >= times
	})
	return urls[len(urls)-1]
}

// agree is the person at the provider's page, and the browser that comes back.
func (w *world) agree(page string) {
	w.Helper()
	led := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	first, err := led.Get(page) // what the browser is given leads to the provider's page
	if err != nil {
		w.Fatal(err)
	}
	first.Body.Close()
	redirect, err := practicetest.Consent(context.Background(), first.Header.Get("Location"), "ada")
	if err != nil {
		w.Fatal(err)
	}
	done, err := http.Get(redirect)
	if err != nil {
		w.Fatal(err)
	}
	done.Body.Close()
}

// revoke ends the grant at the provider, and lets the agent find out.
func (w *world) revoke(name string) {
	w.Helper()
	if w.provider.Revoke("ada") == 0 {
		w.Fatal("there was nothing to revoke")
	}
	w.command("refresh", name).Run() // says so
	w.awaitState(name, "reconnect_required")
}

type status struct{ State, Reason, Detail string }

func (w *world) status(name string) (s status) {
	out, _ := w.command("status", name, "--json").Output()
	json.Unmarshal(out, &s)
	return s
}

func (w *world) awaitState(name, want string) {
	w.Helper()
	var got status
	bustest.Eventually(w, func() string { return fmt.Sprintf("%s is %+v, not %s", name, got, want) }, func() bool {
		got = w.status(name)
		return got.State == want
	})
}

func (w *world) awaitReason(name, want string) {
	w.Helper()
	var got status
	bustest.Eventually(w, func() string { return fmt.Sprintf("%s is %+v, not for %s", name, got, want) }, func() bool {
		got = w.status(name)
		return got.Reason == want
	})
}

// awaitOutput waits until a program of the desktop says what is wanted, and
// returns it.
func awaitOutput(t *testing.T, want string, command ...string) string {
	t.Helper()
	var got []byte
	bustest.Eventually(t, func() string { return fmt.Sprintf("%v says %s, not %q", command, got, want) }, func() bool {
		got, _ = exec.Command(command[0], command[1:]...).CombinedOutput()
		return strings.Contains(string(got), want)
	})
	return string(got)
}
