package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authtray/authtray/tokens"
)

// TestALinkToNothing: a folder of dotfiles was moved, or is not there yet.
func TestALinkToNothing(t *testing.T) {
	w := newWorld(t, nil)
	w.put("work", map[string]any{"provider": "github", "client_id": "x"})
	target := filepath.Join(t.TempDir(), "dotfiles", "work.toml")
	if err := os.Remove(w.file("work")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, w.file("work")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is said", func() bool { return strings.Contains(w.seen("work").ConfigError, "link to nothing") })
	_, out, _ := w.command("status", "work")
	if !strings.Contains(out, "link to nothing") || !strings.Contains(out, w.file("work")) {
		t.Errorf("status says %s", out)
	}
	if exit, _, errs := w.command("add", "work", "--scope", "repo"); exit != 0 {
		t.Fatalf("add: %s", errs)
	}
	if data, err := os.ReadFile(target); err != nil || !strings.Contains(string(data), "repo") {
		t.Errorf("what the link stands for is %q, %v", data, err)
	}
	if to, err := os.Readlink(w.file("work")); err != nil || to != target {
		t.Errorf("the link is gone: %q, %v", to, err)
	}
	eventually(t, "it can be used again", func() bool { return w.seen("work").ConfigError == "" })
}

// TestAReadOnlyFile: the folder may be written, so the file is replaced, as an editor
// does; what was in it stays.
func TestAReadOnlyFile(t *testing.T) {
	w := newWorld(t, nil)
	w.edit("work", "# mine\nprovider = \"github\"\nclient_id = \"x\"\n")
	eventually(t, "it is read", func() bool { return w.seen("work").State == tokens.Disconnected })
	if err := os.Chmod(w.file("work"), 0o400); err != nil {
		t.Fatal(err)
	}
	if exit, _, errs := w.command("add", "work", "--scope", "repo"); exit != 0 {
		t.Fatalf("add: %s", errs)
	}
	if got := w.read("work"); !strings.Contains(got, "# mine") || !strings.Contains(got, "repo") {
		t.Errorf("the file is %s", got)
	}
}
