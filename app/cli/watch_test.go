package cli

import (
	"bytes"
	"io"
	"net/http"
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
