//go:build desktop && linux

package window

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
)

const title = `(\([0-9]+\) )?Authtray`

// programs are built once, as they are shipped: the small one, and the one with the window.
type programs struct{ authtray, window string }

var buildFolder string // "" before there is one

var built = sync.OnceValues(func() (programs, error) {
	dir, err := os.MkdirTemp("", "authtray-window")
	if err != nil {
		return programs{}, err
	}
	buildFolder = dir
	p := programs{filepath.Join(dir, "authtray"), filepath.Join(dir, "authtray-window")}
	out, err := exec.Command("make", "-s", "-C", "../../..", "OUT="+dir, p.authtray, "window").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("make: %w\n%s", err, out)
	}
	return p, err
})

func build(t *testing.T) programs {
	t.Helper()
	p, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestMain(m *testing.M) {
	code := m.Run()
	os.RemoveAll(buildFolder)
	os.Exit(code)
}

func pictures(t *testing.T, theme string) string {
	t.Helper()
	if dir := os.Getenv("SCREENSHOTS"); dir != "" {
		return filepath.Join(dir, "window-"+theme)
	}
	dir, err := filepath.Abs(filepath.Join("..", "..", "..", "build", "screenshots", "window-"+theme))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestAddAndConnectStory is what a new user does, with the keyboard alone.
func TestAddAndConnectStory(t *testing.T) {
	p := build(t)
	for _, theme := range []string{"dark", "light"} {
		t.Run(theme, func(t *testing.T) {
			t.Parallel() // each has a screen of its own, and waits most of the time
			walk(t, p, theme)
		})
	}
}

func walk(t *testing.T, p programs, theme string) {
	provider := practicetest.Start(t, server.Options{})
	s := newScreen(t)
	s.shots = pictures(t, theme)
	asked := filepath.Join(s.home, "asked")
	browser := filepath.Join(s.home, "browser")
	write(t, browser, "#!/bin/sh\nprintf '%s\\n' \"$1\" >> "+asked+"\n")
	s.env = append(s.env, "BROWSER="+browser, "FYNE_THEME="+theme)
	s.run(exec.Command("openbox"))
	agent := exec.Command(p.authtray, "run", "--no-tray", "--store=memory")
	agent.Env = s.env
	s.run(agent)
	s.until("the agent answers", func() bool { _, err := s.tries(p.authtray, "status"); return err == nil })

	s.does(p.authtray, "open")
	s.the(title)
	s.shot("01-welcome")
	s.does("xdotool", "windowminimize", s.the(title))
	s.until("it is out of sight", func() bool { return len(s.windows(title)) == 0 })
	s.does(p.authtray, "open")
	s.the(title) // the same one: a second would make two

	s.keys("ctrl+n")
	s.shot("02-providers")
	s.types("pract")
	s.shot("03-search")
	s.keys("Return")
	s.shot("04-form")
	s.keys("shift+Tab", "shift+Tab", "shift+Tab") // Cancel, More settings, the port
	s.types(provider.Issuer[strings.LastIndex(provider.Issuer, ":")+1:])
	s.shot("05-form-filled")
	s.keys("Return")
	page := ""
	s.until("the browser is asked to open the page", func() bool {
		data, _ := os.ReadFile(asked)
		page = strings.TrimSpace(string(data))
		return page != ""
	})
	s.shot("06-waiting")
	s.idle("while it waits for the browser")
	agree(t, page, "ada")
	s.until("it is connected", func() bool { return s.state(p, "practice") == "connected" })
	s.shot("07-connected")
	s.keys("Return")
	s.shot("08-connections")
	s.takes("after a sign-in, while the last minute of a token is counted down", 0.05)
	if token := s.does(p.authtray, "token", "practice"); token == "" {
		t.Fatal("authtray token gives nothing")
	}

	if provider.Revoke("ada") == 0 {
		t.Fatal("there was nothing to revoke")
	}
	s.tries(p.authtray, "refresh", "practice")
	s.until("it needs its user", func() bool { return s.state(p, "practice") == "reconnect_required" })
	s.until("the title counts it", func() bool { return len(s.windows(`\(1\) Authtray`)) == 1 })
	s.shot("09-reconnect")
	again := func(times int) {
		s.keys("Return") // the list has the focus: Enter does what the connection needs
		s.until("the browser is asked again", func() bool {
			data, _ := os.ReadFile(asked)
			lines := strings.Fields(string(data))
			page = lines[len(lines)-1]
			return len(lines) == times
		})
	}
	again(2)
	s.until("it waits for the browser", func() bool { return s.state(p, "practice") == "connecting" })
	s.keys("Escape")
	s.until("the sign-in is cancelled", func() bool { return s.state(p, "practice") == "reconnect_required" })
	s.idle("after a cancelled sign-in")
	again(3)
	agree(t, page, "ada")
	s.until("it is connected again", func() bool { return s.state(p, "practice") == "connected" })
	s.keys("Return")

	s.keys("ctrl+2")
	s.shot("10-activity")
	s.idle("with Activity open")
	s.keys("ctrl+3")
	s.shot("11-settings")
	s.idle("with Settings open")
	s.keys("ctrl+1", "F1")
	s.shot("12-shortcuts")
	s.idle("behind a dialog")
	s.keys("Escape", "ctrl+e")
	s.shot("13-edit")
	s.keys("Escape")
	tour(s)
	forms(s)

	running := s.pidOf(s.the(title))
	t.Logf("window: %s resident", memory(t, running))
	agent.Process.Kill()
	s.until("the banner can be seen", func() bool { _, err := s.tries(p.authtray, "status"); return err != nil })
	s.shot("30-agent-gone")
	s.does("xdotool", "mousemove", "--window", s.the(title), "930", "87", "click", "1")
	s.until("the agent is asked to start", func() bool { return exists(filepath.Join(s.home, "state", "authtray", "agent.log")) })
	s.shot("31-agent-cannot-start") // there is no keychain here, and the window says so
	s.keys("ctrl+w")
	s.until("the window is gone", func() bool { return len(s.windows(title)) == 0 })
}

// tour shows a crowd of connections, as files that the agent takes up.
func tour(s *screen) {
	dir := filepath.Join(s.home, "config", "authtray", "connections")
	for i := range 60 {
		provider := []string{"github", "gitlab", "google", "slack", "spotify"}[i%5]
		write(s.T, filepath.Join(dir, "tool-"+strconv.Itoa(i)+".toml"), "provider = \""+provider+"\"\nclient_id = \"x\"\n")
	}
	write(s.T, filepath.Join(dir, "a-connection-with-a-name-that-is-as-long-as-names-are-allowed-64.toml"), "provider = \"github\"\nclient_id = \"x\"\n")
	s.until("the agent has taken them up", func() bool { return len(s.windows(title)) == 1 && s.listed() >= 62 })
	s.shot("14-many")
}

// forms shows what the providers that most people look for ask for.
func forms(s *screen) {
	for i, typed := range []string{"github", "gitlab", "google", "oidc", "mcp"} {
		s.keys("ctrl+n")
		s.types(typed)
		s.keys("Return")
		s.shot(strconv.Itoa(15+i) + "-form-" + typed)
	}
	s.idle("with a form open")
	s.keys("ctrl+1")
}

func (s *screen) listed() int {
	c := &http.Client{Transport: socketTransport(filepath.Join(s.home, "authtray", "agent.sock"))}
	res, err := c.Get("http://authtray/v1/connections")
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	var a struct{ Connections []any }
	_ = json.NewDecoder(res.Body).Decode(&a)
	return len(a.Connections)
}

func (s *screen) state(p programs, name string) string {
	out, err := s.tries(p.authtray, "status", name, "--json")
	if err != nil {
		return ""
	}
	var c struct{ State string }
	_ = json.Unmarshal([]byte(out), &c)
	return c.State
}

func (s *screen) pidOf(window string) int {
	s.Helper()
	pid, err := strconv.Atoi(s.does("xdotool", "getwindowpid", window))
	if err != nil {
		s.Fatal(err)
	}
	return pid
}

// agree is the person at the provider's page, and the browser that comes back.
func agree(t *testing.T, page, user string) {
	t.Helper()
	led := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	first, err := led.Get(page) // what is on a browser's command line leads to the provider's page
	if err != nil {
		t.Fatal(err)
	}
	first.Body.Close()
	redirect, err := practicetest.Consent(context.Background(), first.Header.Get("Location"), user)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Get(redirect)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(text, "#!") {
		if err := os.Chmod(file, 0o700); err != nil {
			t.Fatal(err)
		}
	}
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// TestScalesAndLanguages leaves pictures at 150 and 200 percent, and in German.
func TestScalesAndLanguages(t *testing.T) {
	p := build(t)
	for name, env := range map[string][]string{
		"150-percent": {"FYNE_SCALE=1.5", "FYNE_THEME=light"},
		"200-percent": {"FYNE_SCALE=2", "FYNE_THEME=dark"},
		"german":      {"LANG=de_DE.UTF-8", "FYNE_THEME=light"},
		"german-dark": {"LANG=de_DE.UTF-8", "FYNE_THEME=dark"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScreen(t, "-screen", "0", "2200x1500x24")
			s.shots = pictures(t, name)
			s.run(exec.Command("openbox"))
			for _, c := range []string{"github", "gitlab", "microsoft"} {
				write(t, filepath.Join(s.home, "config", "authtray", "connections", c+".toml"), "provider = \""+c+"\"\nclient_id = \"x\"\n")
			}
			s.run(exec.Command(p.authtray, "run", "--no-tray", "--store=memory"))
			s.until("the agent answers", func() bool { return s.listed() == 3 })
			window := exec.Command(p.window, "window")
			window.Env = append(slices.Clone(s.env), env...)
			s.run(window)
			s.the(title)
			s.shot("connections")
			s.keys("ctrl+3")
			s.shot("settings")
			s.keys("ctrl+n")
			s.shot("providers")
			s.types("gitlab")
			s.keys("Return")
			s.shot("form")
		})
	}
}

func TestDisplayWithoutGLIsOneSentence(t *testing.T) {
	p := build(t)
	s := newScreen(t, "-extension", "GLX")
	for name, display := range map[string]string{"no GL": s.display, "nobody there": ":9999", "none": ""} {
		cmd := exec.Command(p.window, "window")
		cmd.Env = slices.DeleteFunc(slices.Clone(s.env), func(e string) bool { return strings.HasPrefix(e, "DISPLAY=") })
		if display != "" {
			cmd.Env = append(cmd.Env, "DISPLAY="+display)
		}
		out, _ := cmd.CombinedOutput()
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		if cmd.ProcessState.ExitCode() != 1 || len(lines) != 1 || !strings.HasPrefix(lines[0], "authtray: ") {
			t.Errorf("%s: exit code %d, said %q", name, cmd.ProcessState.ExitCode(), out)
		}
	}
}
