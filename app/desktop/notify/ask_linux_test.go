package notify

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/e2e/bustest"
)

var mayItRead = Question{Title: "gh: allow the token of work?", Body: "/usr/bin/<b>gh</b> wants it.",
	Answers: []Answer{{"once", "Allow once"}, {"always", "Always"}, {"deny", "Deny"}}}

// asks asks in the background.
func asks(ctx context.Context, n *Notifier) <-chan answer {
	got := make(chan answer, 1)
	go func() {
		key, err := n.Ask(ctx, mayItRead)
		got <- answer{key, err}
	}()
	return got
}

func TestDesktopAQuestionIsAnsweredByItsButtonOrByPuttingItAway(t *testing.T) {
	address := bustest.Start(t, false)
	s := startFakeServer(t, address, 7, "actions", "body-markup")
	n, _ := onBus(t)
	for i, c := range []struct {
		what string
		do   func(id uint32)
		want answer
	}{
		{"a button", func(id uint32) { s.emit("ActionInvoked", id, "always") }, answer{"always", nil}},
		{"closed before the button is told", func(id uint32) {
			s.emit("NotificationClosed", id, uint32(2))
			s.emit("ActionInvoked", id, "once")
		}, answer{"once", nil}},
		{"put away", func(id uint32) { s.emit("NotificationClosed", id, uint32(2)) }, answer{"", nil}},
		{"a button that it has not", func(id uint32) {
			s.emit("ActionInvoked", id, "default")
			s.emit("ActionInvoked", id, "deny")
		}, answer{"deny", nil}},
	} {
		got := asks(t.Context(), n)
		shown := s.nth(t, i+1)
		if shown.Expires != 0 || len(shown.Actions) != 6 || shown.Body != "/usr/bin/&lt;b&gt;gh&lt;/b&gt; wants it." {
			t.Errorf("%s: shown %+v", c.what, shown)
		}
		c.do(shown.ID)
		if a := <-got; a != c.want {
			t.Errorf("%s: %+v", c.what, a)
		}
	}
}

func TestDesktopAQuestionThatNobodyWaitsForIsWithdrawn(t *testing.T) {
	address := bustest.Start(t, false)
	s := startFakeServer(t, address, 7, "actions")
	n, _ := onBus(t)
	ctx, leave := context.WithCancel(t.Context())
	got := asks(ctx, n)
	shown := s.nth(t, 1)
	leave()
	if a := <-got; !errors.Is(a.err, context.Canceled) {
		t.Errorf("%+v", a)
	}
	s.sawClosed(t, shown.ID)

	got = asks(t.Context(), n) // and with the agent
	shown = s.nth(t, 2)
	n.Close()
	if a := <-got; a.err == nil {
		t.Errorf("%+v", a)
	}
	s.sawClosed(t, shown.ID)
}

func TestDesktopWithoutButtonsNobodyIsAsked(t *testing.T) {
	t.Run("no bus", func(t *testing.T) {
		t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
		n, _ := onBus(t)
		if _, err := n.Ask(t.Context(), mayItRead); err != ErrCannotAsk {
			t.Error(err)
		}
	})
	t.Run("no server", func(t *testing.T) {
		bustest.Start(t, false)
		n, _ := onBus(t)
		if _, err := n.Ask(t.Context(), mayItRead); err != ErrCannotAsk {
			t.Error(err)
		}
	})
	t.Run("a server without actions", func(t *testing.T) {
		startFakeServer(t, bustest.Start(t, false), 1, "body")
		n, _ := onBus(t)
		if _, err := n.Ask(t.Context(), mayItRead); err != ErrCannotAsk {
			t.Error(err)
		}
	})
	t.Run("a server that leaves", func(t *testing.T) {
		s := startFakeServer(t, bustest.Start(t, false), 1, "actions")
		n, _ := onBus(t)
		got := asks(t.Context(), n)
		s.nth(t, 1)
		s.conn.Close()
		if a := <-got; a.err != ErrCannotAsk {
			t.Errorf("%+v", a)
		}
	})
}

// dunst shows a menu of a notification's buttons through the program that it is
// told to take for dmenu; this one chooses by the label.
func TestDesktopDunstTakesTheAnswer(t *testing.T) {
	bustest.Need(t, "dunst", "dunstctl")
	bustest.Home(t)
	bustest.Screen(t)
	bustest.Start(t, false)
	dir := t.TempDir()
	menu := filepath.Join(dir, "menu")
	if err := os.WriteFile(menu, []byte("#!/bin/sh\ngrep -m1 Always\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "dunstrc")
	if err := os.WriteFile(config, []byte("[global]\ndmenu = "+menu+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	bustest.Run(t, exec.Command("dunst", "-conf", config))
	bustest.Eventually(t, bustest.Said("dunst does not answer"), func() bool {
		return exec.Command("dunstctl", "count", "displayed").Run() == nil
	})
	n := New(Options{Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(n.Close)
	awaitHealth(t, n, api.NotificationActions)
	got := asks(t.Context(), n)
	displayed(t, "1")
	bustest.Screenshot(t, "question")
	dunstctl(t, "context")
	if a := <-got; a != (answer{"always", nil}) {
		t.Errorf("%+v", a)
	}
	displayed(t, "0")
}
