package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestEventsAreReadUntilTheStreamEnds(t *testing.T) {
	stream := "event: connection\ndata: {\"name\":\"a\",\"state\":\"connected\",\"account\":\"x\\u001b[2Jy\",\"expires_at\":\"2026-11-23T12:00:45Z\"}\n\n" +
		": a comment\n\nevent: removed\ndata: {\"name\":\"a\"}\n\nevent: connection\ndata: {\"cut"
	var out bytes.Buffer
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := &shell{out: &out, now: func() time.Time { return now }}
	if err := events(strings.NewReader(stream), s.showEvent); err != nil {
		t.Fatal(err)
	}
	clock := now.Local().Format(time.TimeOnly)
	want := clock + "  a  ● connected as x[2Jy, expires in 45 s\n" + clock + "  a  removed\n"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
