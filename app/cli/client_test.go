package cli

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/api/apitest"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/version"
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

func TestRunAtLoginWritesToTheAgentsLogWhereTheSessionKeepsNone(t *testing.T) {
	for goos, want := range map[string]bool{"linux": false, "freebsd": false, "darwin": true, "windows": true} {
		if loginHasNoLog(goos) != want {
			t.Errorf("%s: %t", goos, !want)
		}
	}
	s := &shell{err: io.Discard}
	s.paths.State = filepath.Join(t.TempDir(), "state")
	if err := s.logToFile(); err != nil {
		t.Fatal(err)
	}
	defer debug.SetCrashOutput(nil, debug.CrashOptions{})
	defer s.err.(*os.File).Close()
	s.say("the keychain is locked")
	if text, err := os.ReadFile(filepath.Join(s.paths.State, "agent.log")); string(text) != "the keychain is locked\n" {
		t.Errorf("%q, %v", text, err)
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
	setHome(t, t.TempDir())
	lines := map[string]string{
		"request": "request dcos /me", "exec": "exec dcos -- " + os.Args[0], "allow": "allow dcos", "add": "add new --like dcos", "mcp": "mcp dcos",
		"helper aws": "helper aws dcos --role-arn arn:aws:iam::123456789012:role/Dev", "setup mcp": "setup mcp dcos --client cursor",
	}
	notNamed := []string{ // they take no connection's name, or another one is right
		"authtray", "run", "open", "quit", "unlock", "doctor", "autostart", "completion", "version", "window", "watch", "log", "providers", "purge", "support", "setup", "helper",
		"helper git", "helper docker", "helper kubectl", "helper goauth", "help", "secret", "providers export", "register",
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

// An agent that hangs, or another program at its socket, takes the connection and
// says nothing.
func TestEveryCommandEndsWhereTheAgentNeverAnswers(t *testing.T) {
	dir := t.TempDir()
	socket := apitest.Address(dir)
	l, err := apitest.Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	for name, value := range map[string]string{"AUTHTRAY_SOCKET": socket, "AUTHTRAY_CONFIG": dir + "/config", "AUTHTRAY_STATE": dir + "/state", "HOME": dir} {
		t.Setenv(name, value)
	}
	lines := map[string]string{
		"request": "request work /me", "exec": "exec work -- " + os.Args[0], "add": "add work --provider practice", "setup mcp": "setup mcp work --client cursor",
		"helper aws": "helper aws work --role-arn arn:aws:iam::123456789012:role/Dev", "setup msmtp": "setup msmtp work --user a@example.org --host x.example.org",
		"helper git": "helper git get", "helper docker": "helper docker get", "helper kubectl": "helper kubectl work", "helper goauth": "helper goauth https://x.example.org",
		"secret set": "secret set work", "providers export": "providers export github", "autostart": "autostart status", "purge": "purge --yes",
	}
	local := []string{ // they ask no agent, or their group alone is named
		"authtray", "run", "version", "window", "completion", "help", "setup", "helper", "secret", "mcp", "setup pip", "support", "register",
	}
	stdin := "protocol=https\nhost=git.example.org\n\n"
	everyCommand(Commands(), func(c *cobra.Command) {
		path := strings.TrimPrefix(c.CommandPath(), "authtray ")
		if slices.Contains(local, path) || strings.HasPrefix(path, "completion ") {
			return
		}
		line, own := lines[path]
		if !own {
			line = path
			if strings.Contains(c.Use, "NAME") && !strings.Contains(c.Use, "[NAME") {
				line += " work"
			}
		}
		t.Run(path, func(t *testing.T) {
			var out, errs strings.Builder
			s := &shell{in: strings.NewReader(stdin), out: &out, err: &errs, now: time.Now, build: version.Build{Version: "test"}, atMost: 50 * time.Millisecond}
			ended := make(chan int, 1)
			go func() { ended <- s.main(t.Context(), strings.Fields(line)) }()
			select {
			case exit := <-ended:
				if said := out.String() + errs.String(); exit == exitUsage || exit == 0 && path != "autostart" || !strings.Contains(said, "in time") && exit != 0 && path != "helper docker" { // whose protocol has one sentence
					t.Errorf("exit %d: %s", exit, said)
				}
			case <-time.After(time.Minute):
				t.Errorf("it does not end")
			}
		})
	})
}
