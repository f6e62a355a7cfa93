package agent

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

func TestWhatAPanicInARequestSaysIsNotLogged(t *testing.T) {
	const stack = "\ngoroutine 12 [running]:\nnet/http.(*conn).serve.func1()\n"
	for _, c := range []struct {
		said  string
		shown bool
	}{
		{"runtime error: index out of range [3] with length 2", true},
		{"assignment to entry in nil map", true},
		{"interface conversion: interface {} is nil, not string", true},
		{"the answer was hunter2", false},
		{"hunter2", false},
		{"", false},
		{"hunter2: runtime error: x", false},
		{"oops:\ngoroutine 1 [running]:\nhunter2", false},
		{"oops\nhunter2: runtime error: x", false},
	} {
		var b bytes.Buffer
		log := withoutPanicValues(slog.New(slog.NewTextHandler(&b, nil))).With("a", 1)
		slog.NewLogLogger(log.Handler(), slog.LevelWarn).Print("http: panic serving @: " + c.said + stack)
		got := b.String()
		if strings.Contains(got, "hunter2") || c.shown != strings.Contains(got, c.said) && c.said != "" {
			t.Errorf("%q is logged as %s", c.said, got)
		}
		if !strings.Contains(got, "panic serving") || !strings.Contains(got, "conn).serve.func1") || !strings.Contains(got, "a=1") {
			t.Errorf("%q is logged without what matters: %s", c.said, got)
		}
	}
	var b bytes.Buffer
	withoutPanicValues(slog.New(slog.NewTextHandler(&b, nil))).WithGroup("g").Info("ready", "x", 1)
	if got := b.String(); !strings.Contains(got, "msg=ready g.x=1") {
		t.Errorf("other lines are logged as %s", got)
	}
}
