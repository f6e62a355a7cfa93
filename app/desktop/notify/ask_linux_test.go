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
func asks(ctx context.Context, n *Notifier) <-chan answer { return asksFor(ctx, n, mayItRead) }

func asksFor(ctx context.Context, n *Notifier, q Question) <-chan answer {
	got := make(chan answer, 1)
	go func() {
		key, err := n.Ask(ctx, q)
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

// ofWork is mayItRead as the gate asks it.
func ofWork() Question {
	q := mayItRead
	q.About, q.English = "work", q.Title
	return q
}

func TestDesktopAQuestionAboutAConnectionIsAnsweredElsewhereToo(t *testing.T) {
	s := startFakeServer(t, bustest.Start(t, false), 7, "actions")
	n, _ := onBus(t)
	changed := make(chan string, 9)
	n.OnAsked(func(connection string) { changed <- connection })
	for i, c := range []struct {
		name   string
		before func(shown received)
	}{
		{"its notification is on the screen", func(received) {}},
		{"it has gone by", func(shown received) { s.emit("NotificationClosed", shown.ID, uint32(1)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := asksFor(t.Context(), n, ofWork())
			shown := s.nth(t, i+1)
			if about := <-changed; about != "work" {
				t.Errorf("told of %q", about)
			}
			list := n.Questions()
			if len(list) != 1 || list[0].About != "work" || list[0].English != mayItRead.Title || len(list[0].Answers) != 3 {
				t.Fatalf("%+v", list)
			}
			c.before(shown)
			n.Answer(list[0].ID, "default") // which is none of its answers
			n.Answer("0", "once")           // nor is that the question
			n.Answer(list[0].ID, "always")
			if a := <-got; a != (answer{"always", nil}) {
				t.Errorf("%+v", a)
			}
			s.sawClosed(t, shown.ID)
			if <-changed; len(n.Questions()) != 0 {
				t.Errorf("it is still asked: %+v", n.Questions())
			}
			n.Answer(list[0].ID, "deny")
		})
	}
	if len(changed) != 0 {
		t.Errorf("told once too often, of %q", <-changed)
	}
}

// TestDesktopAQuestionThatGoesByIsANoWhereNothingElseAsksIt: it is listed nowhere.
func TestDesktopAQuestionThatGoesByIsANoWhereNothingElseAsksIt(t *testing.T) {
	s := startFakeServer(t, bustest.Start(t, false), 7, "actions")
	n, _ := onBus(t)
	n.OnAsked(func(connection string) { t.Errorf("told of %q", connection) })
	got := asks(t.Context(), n)
	shown := s.nth(t, 1)
	if list := n.Questions(); len(list) != 0 {
		t.Errorf("%+v", list)
	}
	s.emit("NotificationClosed", shown.ID, uint32(1))
	if a := <-got; a != (answer{}) {
		t.Errorf("%+v", a)
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
		n.OnAsked(func(connection string) { t.Errorf("told of %q", connection) })
		if _, err := n.Ask(t.Context(), ofWork()); err != ErrCannotAsk {
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
