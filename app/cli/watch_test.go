package cli

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestEventsAreReadUntilTheStreamEnds(t *testing.T) {
	serveAgent(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "event: connection\ndata: {\"name\":\"a\",\"state\":\"connected\",\"account\":\"x\\u001b[2Jy\",\"expires_at\":\"2026-11-23T12:00:45Z\",\"config_error\":\"work.toml:1: no\\u001b[2J\"}\n\n"+
			": a comment\n\nevent: removed\ndata: {\"name\":\"a\"}\n\nevent: connection\ndata: {\"cut")
	})
	var out, errs bytes.Buffer
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := &shell{out: &out, err: &errs, now: func() time.Time { return now }}
	if exit := s.main(t.Context(), []string{"watch"}); exit != exitNoAgent || errs.String() != "authtray: the agent has ended; run: authtray run\n" {
		t.Errorf("exit %d, %s", exit, &errs)
	}
	clock := now.Local().Format(time.TimeOnly)
	want := clock + "  a  ● connected as x[2Jy, expires in 45 s; work.toml:1: no[2J\n" + clock + "  a  removed\n"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

// TestWatchPrintsAStateOncePerChange: the agent also tells of what the line does not say,
// such as that the user has been told, that the token reached the keychain, or that a
// file was saved as it was.
func TestWatchPrintsAStateOncePerChange(t *testing.T) {
	const (
		fresh   = `"state":"connected","expires_at":"2026-11-23T12:01:00Z","refreshed_at":"2026-11-23T12:00:00Z"`
		unsaved = fresh + `,"unsaved":true,"detail":"It is not saved."`
		dead    = `"state":"reconnect_required","reason":"revoked","detail":"Access was revoked."`
		again   = `"state":"connected","expires_at":"2026-11-23T12:01:00Z","refreshed_at":"2026-11-23T12:00:01Z"`
	)
	events := func(states ...string) (all string) {
		for _, s := range states {
			event := "connection"
			if s == "removed" {
				event, s = s, `"state":""`
			}
			all += fmt.Sprintf("event: %s\ndata: {\"name\":\"a\",%s}\n\n", event, s)
		}
		return all
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name        string
		states      []string
		lines, json int // printed
	}{
		{"the user was told of a dead grant", []string{fresh, dead, dead}, 2, 2},
		{"the token reached the keychain", []string{fresh, unsaved, fresh}, 1, 3},
		{"it was renewed, for as long", []string{fresh, again}, 2, 2},
		{"it died, was connected and died again", []string{dead, fresh, dead}, 3, 3},
		{"the user is asked about it", []string{fresh, fresh + `,"question":"gh: allow the token of a?"`, fresh}, 3, 3},
		{"it was removed and added", []string{dead, "removed", dead}, 3, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			serveAgent(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, events(tt.states...)) })
			for args, want := range map[string]int{"watch": tt.lines, "watch --json": tt.json} {
				var out, errs bytes.Buffer
				s := &shell{out: &out, err: &errs, now: func() time.Time { return now }}
				s.main(t.Context(), strings.Fields(args))
				if got := strings.Count(out.String(), "\n"); got != want {
					t.Errorf("%s printed %d lines, want %d:\n%s", args, got, want, &out)
				}
			}
		})
	}
}
