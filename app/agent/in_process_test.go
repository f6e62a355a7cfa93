package agent

import (
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/api/apitest"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/tokens/client"
	"github.com/authtray/authtray/tokens/store"
)

// folders are Options with folders of the test's own, and with no desktop.
func folders(t *testing.T) Options {
	dir := t.TempDir()
	return Options{
		Paths: config.Paths{Config: filepath.Join(dir, "config"), State: filepath.Join(dir, "state"), Socket: apitest.Address(dir)},
		Store: store.Memory(), Log: slog.New(slog.DiscardHandler), Version: "test",
	}
}

func TestInProcessServesTheConfigurationAndReturnsWhatTheCommandDoes(t *testing.T) {
	o := folders(t)
	if err := config.Write(filepath.Join(o.Paths.Connections(), "work.toml"), []byte("provider = \"github\"\nclient_id = \"abc\"\n")); err != nil {
		t.Fatal(err)
	}
	failed := errors.New("failed")
	err := InProcess(t.Context(), o, func(a client.Agent) error {
		var work api.Connection
		if err := a.Do(t.Context(), http.MethodGet, "/v1/connections/work", nil, &work); err != nil || work.Provider != "github" {
			t.Errorf("answered %+v, %v", work, err)
		}
		return failed
	})
	if err != failed {
		t.Errorf("ended with %v", err)
	}
	if conn, err := client.Dial(t.Context(), o.Paths.Socket); err == nil {
		conn.Close()
		t.Error("others can reach it")
	}
}

func TestExamineLooksAtTheConfigurationOfAnAgentThatDoesNotRun(t *testing.T) {
	o := folders(t)
	if err := config.Write(filepath.Join(o.Paths.Connections(), "work.toml"), []byte("provider = \n")); err != nil {
		t.Fatal(err)
	}
	checks := RunChecks(t.Context(), o)
	if !slices.ContainsFunc(checks, func(c api.Check) bool { return !c.OK && strings.Contains(c.Detail, "work.toml") }) {
		t.Errorf("found %+v", checks)
	}
}
