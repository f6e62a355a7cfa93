//go:build desktop && linux

package window

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/tools/mcp/mcptest"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
)

// open starts an agent and the window, with a browser that only writes down what it
// is to open.
func open(t *testing.T, name string, env ...string) (s *screen, p programs, asked func() []string) {
	p = build(t)
	s = newScreen(t)
	s.shots = pictures(t, name)
	file, browser := filepath.Join(s.home, "asked"), filepath.Join(s.home, "browser")
	write(t, browser, "#!/bin/sh\nprintf '%s\\n' \"$1\" >> "+file+"\n")
	s.env = append(append(s.env, "BROWSER="+browser, "FYNE_THEME=light"), env...)
	s.run(exec.Command("openbox"))
	s.run(exec.Command(p.authtray, "run", "--no-tray", "--store=memory"))
	s.until("the agent answers", func() bool { _, err := s.tries(p.authtray, "status"); return err == nil })
	s.does(p.authtray, "open")
	s.the(title)
	return s, p, func() []string {
		data, _ := os.ReadFile(file)
		return strings.Fields(string(data))
	}
}

// form opens the form of the provider that comes first for what is typed.
func (s *screen) form(typed string) {
	s.keys("ctrl+n")
	s.calm()
	s.types(typed)
	s.calm()
	s.keys("Return")
	s.calm()
}

// signIn is the address at the provider that the browser is sent to.
func signIn(s *screen, asked func() []string) string {
	s.until("the browser is asked to open the page", func() bool { return len(asked()) == 1 })
	led := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	first, err := led.Get(asked()[0])
	if err != nil {
		s.Fatal(err)
	}
	first.Body.Close()
	return first.Header.Get("Location")
}

// TestAddStories adds what people add most in the real window, with the keyboard and,
// for the host, the mouse.
func TestAddStories(t *testing.T) {
	t.Run("GitHub", func(t *testing.T) {
		t.Parallel()
		s, _, asked := open(t, "add-github")
		s.form("github")
		s.types("draft-id")
		s.shot("01-draft")
		s.keys("Escape") // beside the field that Enter is pressed in
		s.form("github")
		s.shot("02-draft-again")
		s.keys("Return") // the client ID is there still; what is missing is asked for
		s.calm()
		s.types("s3cret")
		s.keys("Return")
		if page := signIn(s, asked); !strings.HasPrefix(page, "https://github.com/login/oauth/authorize?") || !strings.Contains(page, "client_id=draft-id") {
			t.Errorf("the browser is sent to %s", page)
		}
		s.shot("03-waiting")
	})
	t.Run("GitLab self-hosted", func(t *testing.T) {
		t.Parallel()
		s, _, asked := open(t, "add-gitlab")
		s.form("gitlab")
		s.types("id-1")
		s.keys("Tab")
		s.types("s3cret")
		window := s.the(title)
		s.does("xdotool", "mousemove", "--sync", "--window", window, "500", "300", "click", "--repeat", "60", "--delay", "5", "4")
		s.calm()
		s.does("xdotool", "mousemove", "--sync", "--window", window, "400", "188", "click", "1") // the first field
		s.keys("ctrl+a")
		s.types("git.example.org")
		s.shot("01-filled")
		s.keys("Return")
		if page := signIn(s, asked); !strings.HasPrefix(page, "https://git.example.org/oauth/authorize?") || !strings.Contains(page, "client_id=id-1") {
			t.Errorf("the browser is sent to %s", page)
		}
	})
	for _, name := range []string{"oidc", "mcp"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			provider := practicetest.Start(t, server.Options{})
			address := provider.Issuer
			if name == "mcp" {
				address = mcptest.Start(t, provider.Issuer)
			}
			s, p, asked := open(t, "add-"+name)
			s.form(name)
			s.types(address) // the one field
			s.shot("01-form")
			s.keys("Return")
			s.until("the browser is asked to open the page", func() bool { return len(asked()) == 1 })
			agree(t, asked()[0], "ada")
			s.until("it is connected", func() bool { return s.state(p, name) == "connected" })
			s.shot("02-connected")
			if s.does(p.authtray, "token", name) == "" {
				t.Error("authtray token gives nothing")
			}
		})
	}
}

// TestWheelDragAndFocus: the wheel scrolls a form wherever the pointer is, its bar can
// be dragged, and Tab shows where it has come to.
func TestWheelDragAndFocus(t *testing.T) {
	t.Parallel()
	s, _, _ := open(t, "wheel")
	s.form("gitlab")
	window := s.the(title)
	s.does("xdotool", "windowsize", "--sync", window, "1000", "600")
	point := func(x, y string) { s.does("xdotool", "mousemove", "--sync", "--window", window, x, y) }
	turn := func(button string) { s.does("xdotool", "click", "--repeat", "60", "--delay", "5", button) }
	rest := func() []byte { // what is seen while the pointer is out of the way
		s.does("xdotool", "mousemove", "1279", "899")
		return s.calm()
	}
	top := rest()
	point("40", "300") // beside the form
	turn("5")
	bottom := rest()
	s.shot("01-bottom")
	if bytes.Equal(top, bottom) {
		t.Fatal("beside the form the wheel scrolls nothing")
	}
	point("40", "300")
	turn("4")
	if !bytes.Equal(rest(), top) {
		t.Error("the wheel does not scroll back to the top")
	}
	for _, y := range []string{"150", "250", "350", "450"} {
		point("500", y) // over the form: fields come below the pointer
		turn("5")
		if !bytes.Equal(rest(), bottom) {
			t.Errorf("at height %s the wheel does not scroll to the end", y)
		}
		point("500", y)
		turn("4")
	}
	point("996", "120")
	s.does("xdotool", "mousedown", "1")
	for _, y := range []string{"160", "220", "300", "400", "520"} {
		point("996", y)
	}
	s.does("xdotool", "mouseup", "1")
	if bytes.Equal(rest(), top) {
		t.Error("the bar cannot be dragged")
	}
	s.shot("02-dragged")
	s.keys("Escape")
	s.form("gitlab")
	seen := [][]byte{rest()}
	for i := range 7 {
		s.keys("Tab")
		now := rest()
		for _, before := range seen {
			if bytes.Equal(now, before) {
				t.Errorf("after %d times Tab it cannot be seen where the focus is", i+1)
			}
		}
		seen = append(seen, now)
	}
}

// TestPanesCanBeDragged: the bar between the list and the details follows the mouse,
// there and back.
func TestPanesCanBeDragged(t *testing.T) {
	t.Parallel()
	s, _, _ := open(t, "panes")
	for _, name := range []string{"work", "a-connection-with-a-name-that-is-as-long-as-names-are-allowed-64"} {
		write(t, filepath.Join(s.home, "config", "authtray", "connections", name+".toml"), "provider = \"github\"\nclient_id = \"x\"\n")
	}
	s.until("the agent has taken them up", func() bool { return s.listed() == 2 })
	window := s.the(title)
	s.does("xdotool", "windowsize", "--sync", window, "1000", "680")
	point := func(x, y string) { s.does("xdotool", "mousemove", "--sync", "--window", window, x, y) }
	rest := func() []byte {
		s.does("xdotool", "mousemove", "1279", "899")
		return s.calm()
	}
	drag := func(from string, to ...string) []byte {
		point(from, "500")
		s.does("xdotool", "mousedown", "1")
		for _, x := range to {
			point(x, "500")
		}
		s.does("xdotool", "mouseup", "1")
		return rest()
	}
	before := drag("380", "400", "380") // a click on it takes the focus from the list
	s.shot("01-before")
	wide := drag("380", "400", "450", "520")
	s.shot("02-wide")
	if bytes.Equal(before, wide) {
		t.Fatal("the bar does not move")
	}
	if back := drag("520", "450", "400", "380"); !bytes.Equal(back, before) {
		s.shot("03-back")
		t.Error("the bar does not move back")
	}
}

// TestEveryViewIsIdle: no view uses the processor while nothing happens in it.
func TestEveryViewIsIdle(t *testing.T) {
	s, _, _ := open(t, "idle")
	s.idle("without connections")
	for i := range 10 {
		write(t, filepath.Join(s.home, "config", "authtray", "connections", "tool-"+strconv.Itoa(i)+".toml"), "provider = \"github\"\nclient_id = \"x\"\n")
	}
	s.until("the agent has taken them up", func() bool { return s.listed() == 10 })
	s.idle("with ten connections")
	for _, view := range []struct {
		name string
		keys []string
	}{
		{"with the filter in use", []string{"ctrl+f"}},
		{"with Activity open", []string{"ctrl+2"}},
		{"with Settings open", []string{"ctrl+3"}},
		{"behind the dialog of shortcuts", []string{"F1"}},
		{"with the search open", []string{"Escape", "ctrl+n"}},
		{"with a form open", []string{"Return"}},
		{"behind a dialog over a form", []string{"F1"}},
	} {
		for _, key := range view.keys {
			s.keys(key)
			s.calm()
		}
		s.idle(view.name)
	}
	s.keys("Escape", "ctrl+1")
	s.calm()
	s.keys("Return")
	s.calm()
	s.idle("while it waits for the browser")
}
