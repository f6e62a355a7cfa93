package server_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
)

func TestStateOutlivesARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	before := practicetest.Start(t, server.Options{State: file})
	a := connect(t, before, "ada")
	b := refresh(t, before, a.RefreshToken)
	after := practicetest.Start(t, server.Options{State: file})
	wantStatus(t, api(t, after, "/api/notes", b.AccessToken), 200)
	if got := after.Grants()[0].Hits; got != 1 {
		t.Errorf("%d hits after the restart, want 1", got)
	}
	if c := refresh(t, after, b.RefreshToken); c.Status != 200 {
		t.Errorf("refreshing after the restart is answered %d %q", c.Status, c.Error)
	}
	wantInvalidGrant(t, refresh(t, after, a.RefreshToken))
	raw, err := os.ReadFile(file)
	if err != nil || bytes.Contains(raw, []byte(a.RefreshToken)) || bytes.Contains(raw, []byte(b.AccessToken)) {
		t.Errorf("the state file holds a token, or cannot be read (%v)", err)
	}
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the state file's mode is %v (%v)", info.Mode(), err)
	}
}

func TestDamagedStateIsNamed(t *testing.T) {
	for _, content := range []string{"{", `{"version":9}`, `{"version":1}`} {
		file := filepath.Join(t.TempDir(), "state.json")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := server.New(server.Options{Issuer: "http://127.0.0.1:1", State: file})
		if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "move it away") {
			t.Errorf("%s: error is %v", content, err)
		}
	}
}

func TestPlaceThatCannotBeWrittenIsNamedAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "missing", "state.json")
	_, err := server.New(server.Options{Issuer: "http://127.0.0.1:1", State: file})
	if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "another place") {
		t.Errorf("error is %v", err)
	}
}

func TestLogHoldsNoSecret(t *testing.T) {
	var log bytes.Buffer
	p := practicetest.Start(t, server.Options{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	a := connect(t, p, "ada")
	b := refresh(t, p, a.RefreshToken)
	refresh(t, p, a.RefreshToken)
	if !strings.Contains(log.String(), "access granted") || !strings.Contains(log.String(), "used twice") {
		t.Fatal("the log says nothing")
	}
	for _, secret := range []string{a.AccessToken, a.RefreshToken, a.IDToken, b.AccessToken, b.RefreshToken, "test-state"} {
		if strings.Contains(log.String(), secret) {
			t.Error("the log holds a secret")
		}
	}
}
