package cli

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A shell of su has another XDG_RUNTIME_DIR than the agent, or none.
func TestEveryCommandFindsTheAgentOfAnotherShell(t *testing.T) {
	w := newWorld(t, nil)
	w.types("authtray add work --provider practice --set vars.port=" + w.provider.Issuer[strings.LastIndex(w.provider.Issuer, ":")+1:])
	w.types("authtray connect work")
	here := w.paths.Socket
	for name, set := range map[string]func(t *testing.T){
		"another runtime folder": func(t *testing.T) { t.Setenv("XDG_RUNTIME_DIR", t.TempDir()) },
		"no runtime folder":      func(t *testing.T) { t.Setenv("XDG_RUNTIME_DIR", ""); os.Unsetenv("XDG_RUNTIME_DIR") },
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			set(t)
			t.Setenv("AUTHTRAY_SOCKET", "")
			os.Unsetenv("AUTHTRAY_SOCKET")
			for _, line := range []string{"authtray token work", "authtray status", "authtray request work /whoami", "authtray refresh work"} {
				w.types(line)
			}
			if _, out, _ := w.command("doctor"); strings.Contains(out, "No agent is running") {
				t.Errorf("doctor says\n%s", out)
			}
			if exit, _, errs := w.command("run", "--no-tray", "--store=memory"); exit != 0 || !strings.Contains(errs, "running already") || strings.Contains(errs, "no agent") {
				t.Errorf("run: exit %d: %s", exit, errs)
			}
		})
	}
	t.Run("AUTHTRAY_SOCKET is never second-guessed", func(t *testing.T) {
		w.t = t
		t.Setenv("AUTHTRAY_SOCKET", filepath.Join(filepath.Dir(here), "none.sock"))
		if exit, _, errs := w.command("token", "work"); exit != exitNoAgent {
			t.Errorf("exit %d: %s", exit, errs)
		}
	})
	t.Run("a path that is too long is said", func(t *testing.T) {
		if runtime.GOOS == "windows" {
			t.Skip("a pipe's name has no such limit")
		}
		w.t = t
		t.Setenv("AUTHTRAY_SOCKET", "/"+strings.Repeat("long/", 30)+"agent.sock")
		if exit, _, errs := w.command("token", "work"); exit == 0 || !strings.Contains(errs, "too long") || !strings.Contains(errs, "AUTHTRAY_SOCKET") {
			t.Errorf("exit %d: %s", exit, errs)
		}
	})
}
