package cli

import (
	"runtime"
	"testing"

	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/tokens/client/address"
)

// TestToolsLookWhereTheAgentListens holds the two readings of one rule together:
// config's, and the one that package address makes with hardly an import.
func TestToolsLookWhereTheAgentListens(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Setenv("USERPROFILE", t.TempDir())
	}
	variables := []string{"AUTHTRAY_SOCKET", "AUTHTRAY_PROFILE", "AUTHTRAY_STATE", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "TMPDIR"}
	for _, env := range []map[string]string{
		{},
		{"AUTHTRAY_SOCKET": "/s"},
		{"XDG_RUNTIME_DIR": "/run/me", "TMPDIR": "/tmp/me/"},
		{"XDG_RUNTIME_DIR": "relative", "TMPDIR": "relative"},
		{"XDG_RUNTIME_DIR": "/run/me", "TMPDIR": "/tmp/me", "AUTHTRAY_PROFILE": "work"},
		{"XDG_STATE_HOME": "/state"},
		{"XDG_STATE_HOME": "relative", "AUTHTRAY_PROFILE": "work"},
		{"AUTHTRAY_STATE": "/state", "AUTHTRAY_PROFILE": "work"},
	} {
		for _, name := range variables {
			t.Setenv(name, env[name])
		}
		paths, err := config.Find()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := address.Agent(); got != paths.Socket || err != nil {
			t.Errorf("%v: tools ask at %q (%v), the agent listens at %q", env, got, err, paths.Socket)
		}
	}
}

func TestProfilesThatLeadElsewhereAreRefusedByBoth(t *testing.T) {
	for _, profile := range []string{"../x", "a/b", "A", "-a", ".", "a b"} {
		t.Setenv("AUTHTRAY_PROFILE", profile)
		_, err := config.Find()
		if _, other := address.Agent(); err == nil || other == nil {
			t.Errorf("%q: %v, %v", profile, err, other)
		}
	}
}
