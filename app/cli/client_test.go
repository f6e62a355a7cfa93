package cli

import (
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

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

func TestMistypedConnectionIsSuggestedByEveryCommand(t *testing.T) {
	w := newWorld(t, nil)
	w.put("docs", map[string]any{"provider": "practice"})
	w.put("other", map[string]any{"provider": "practice"})
	t.Setenv("HOME", t.TempDir())
	lines := map[string]string{
		"request": "request dcos /me", "exec": "exec dcos -- true", "allow": "allow dcos", "add": "add new --like dcos", "mcp": "mcp dcos",
		"helper aws": "helper aws dcos --role-arn arn:aws:iam::123456789012:role/Dev", "setup mcp": "setup mcp dcos --client cursor",
	}
	notNamed := []string{ // they take no connection's name, or another one is right
		"authtray", "run", "open", "quit", "unlock", "doctor", "autostart", "completion", "version", "window", "watch", "log", "providers", "purge", "setup", "helper",
		"helper git", "helper docker", "helper kubectl", "helper goauth", "help", "secret", "providers export",
	}
	root := Commands()
	everyCommand(root, func(c *cobra.Command) {
		path := strings.TrimPrefix(c.CommandPath(), "authtray ")
		if slices.Contains(notNamed, path) || strings.HasPrefix(path, "completion ") {
			return
		}
		line := lines[path]
		if line == "" {
			line = path + " dcos"
		}
		t.Run(path, func(t *testing.T) {
			w.t = t
			exit, out, errs := w.typed("s3cret-value\n", strings.Fields(line)...)
			if exit == 0 || out != "" || !strings.Contains(errs, "did you mean docs? Run: authtray status") || strings.Contains(errs, "other") {
				t.Errorf("exit %d: %s%s", exit, out, errs)
			}
		})
	})
}
