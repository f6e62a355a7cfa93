package api

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// panickingAgent panics when its settings are asked for.
type panickingAgent struct {
	*fake
	fault func()
}

func (a panickingAgent) Settings() Settings { a.fault(); return Settings{} }

// TestServerLogsAPanicWithoutItsText: but for what the runtime itself says. The
// answer breaks off, and the next request is served.
func TestServerLogsAPanicWithoutItsText(t *testing.T) {
	var none map[string]int
	var nobody Agent
	for name, c := range map[string]struct {
		fault func()
		says  string // what the log holds of it
	}{
		"an index":             {func() { _ = make([]int, len(none))[3] }, "index out of range [3] with length 0"},
		"a nil map":            {func() { none["x"]++ }, "assignment to entry in nil map"},
		"a nil interface":      {func() { nobody.Quit() }, "nil pointer dereference"},
		"a conversion":         {func() { _ = any(nobody).(fakeError) }, "interface conversion"},
		"a text":               {func() { panic("hunter2") }, "kind=string"},
		"an error":             {func() { panic(errors.New("runtime error: hunter2")) }, "kind=*errors.errorString"},
		"a text like a stack":  {func() { panic("oops:\ngoroutine 1 [running]:\nhunter2") }, "kind=string"},
		"an answer broken off": {func() { panic(http.ErrAbortHandler) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			s := NewServer(panickingAgent{newFake(), c.fault}, slog.New(slog.NewTextHandler(&b, nil)))
			server := httptest.NewUnstartedServer(nil)
			server.Config = s.http
			server.Start()
			if answer, err := http.Get(server.URL + "/v1/settings"); err == nil {
				t.Errorf("answered %s", answer.Status)
			}
			if answer, err := http.Get(server.URL + "/v1/health"); err != nil || answer.StatusCode != 200 {
				t.Errorf("the next request: %v %v", answer, err)
			}
			server.Close()
			got := b.String()
			if strings.Contains(got, "hunter2") || !strings.Contains(got, c.says) || (c.says == "") != (got == "") {
				t.Errorf("logged: %s", got)
			}
			if c.says != "" && (!strings.Contains(got, "panic serving a request") || !strings.Contains(got, "panickingAgent.Settings")) {
				t.Errorf("it is not logged where the panic was: %s", got)
			}
		})
	}
}

type fakeError struct{ error }
