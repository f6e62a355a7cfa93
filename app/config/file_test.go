package config

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens"
)

func TestAWriteIsWholePrivateAndLeavesNothingBeside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "work.toml")
	for _, text := range []string{"one", "two"} {
		if err := Write(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(path); err != nil || string(got) != text {
			t.Errorf("read %q, %v", got, err)
		}
	}
	entries, _ := os.ReadDir(filepath.Dir(path))
	if len(entries) != 1 {
		t.Errorf("%d files beside, want one in all", len(entries)-1)
	}
	for p, want := range map[string]fs.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if info, err := os.Stat(p); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != want {
			t.Errorf("%s: %v %v, want %o", p, info.Mode(), err, want)
		}
	}
}

func TestAWriteFollowsALink(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("symbolic links take a privilege on Windows")
	}
	dir := t.TempDir()
	real, link := filepath.Join(dir, "dotfiles", "work.toml"), filepath.Join(dir, "work.toml")
	if err := Write(real, []byte("old")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	if err := Write(link, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(real); string(got) != "new" {
		t.Errorf("what the link leads to holds %q", got)
	}
}

func TestAFailedWriteLeavesTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "work.toml")
	if err := os.MkdirAll(filepath.Join(path, "full"), 0o700); err != nil { // a rename onto it fails
		t.Fatal(err)
	}
	if err := Write(path, []byte("new")); err == nil {
		t.Fatal("a folder was replaced")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%d entries, want the old one only", len(entries))
	}
}

func TestWhatOthersMayWriteIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	for what, spoil := range map[string]func(dir, path string) error{
		"a file for the group": func(_, path string) error { return os.Chmod(path, 0o660) },
		"a file for all":       func(_, path string) error { return os.Chmod(path, 0o606) },
		"a folder for all":     func(dir, _ string) error { return os.Chmod(dir, 0o777) },
	} {
		dir := filepath.Join(t.TempDir(), "d")
		path := filepath.Join(dir, "work.toml")
		if err := Write(path, []byte("x")); err != nil {
			t.Fatal(err)
		}
		if err := spoil(dir, path); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); !errors.Is(err, ErrWritable) || !strings.Contains(err.Error(), "chmod go-w") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestABrokenConnectionCostsNoOther(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"good.toml":   "provider = \"github\"\n",
		"broken.toml": "provider = \"github\"\n\nscopes = [",
		"secret.toml": "provider = \"github\"\nclient_secret = \"hush\"\n",
		"UPPER.toml":  "provider = \"github\"\n",
		".new-123":    "half a wr",
		".x.toml":     "an editor's",
		"notes.txt":   "mine",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found, err := Connections(dir)
	if err != nil || len(found) != 4 {
		t.Fatalf("found %d, %v", len(found), err)
	}
	if f := found["good"]; f.Err != nil || f.Connection.Provider != "github" || f.Connection.Name != "good" {
		t.Errorf("good: %+v", f)
	}
	if err := found["broken"].Err; err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "broken.toml")+":3") {
		t.Errorf("broken: %v, want the path and line 3", err)
	}
	if err := found["secret"].Err; err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("secret: %v", err)
	}
	if err := found["UPPER"].Err; !errors.Is(err, errName) {
		t.Errorf("UPPER: %v", err)
	}
}

func TestAConnectionSurvivesItsFile(t *testing.T) {
	dir := t.TempDir()
	c := catalog.Connection{
		Name: "work", Provider: "gitlab", ClientID: "abc", Scopes: []string{"read_user"},
		Vars: map[string]string{"host": "git.example.org"}, Hosts: []string{"git.example.org"},
		Override: map[string]any{"token": "https://git.example.org/oauth/token", "tokens": map[string]any{"default_expires_in": int64(3600)}},
	}
	if err := WriteConnection(dir, c); err != nil {
		t.Fatal(err)
	}
	f, err := Connection(dir, "work")
	if err != nil || f.Connection.Vars["host"] != "git.example.org" || f.Connection.Override["token"] != c.Override["token"] {
		t.Fatalf("read back %+v, %v", f.Connection, err)
	}
	if err := RemoveConnection(dir, "work"); err != nil {
		t.Fatal(err)
	}
	if err := RemoveConnection(dir, "work"); err != nil {
		t.Errorf("removing it twice: %v", err)
	}
	c.Provider = ""
	if err := WriteConnection(dir, c); err == nil {
		t.Error("a connection without a provider was written")
	}
}

func TestSettingsKeepTheUsersLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings.toml")
	if s, err := ReadSettings(path); err != nil || s != DefaultSettings() {
		t.Fatalf("without a file: %+v, %v", s, err)
	}
	os.WriteFile(path, []byte("# mine\nnotifications=false # too loud"), 0o600)
	if _, err := WriteSettings(path, Settings{Notifications: true, Reminders: true}); err != nil {
		t.Fatal(err)
	}
	got, _ := os.ReadFile(path)
	if want := "# mine\nnotifications=true # too loud\nreminders = true\n"; string(got) != want {
		t.Errorf("the file is %q, want %q", got, want)
	}
	if s, err := ReadSettings(path); err != nil || !s.Notifications || !s.Reminders {
		t.Errorf("read back %+v, %v", s, err)
	}
}

func TestWriteSettingsLeavesAFileThatCanBeRead(t *testing.T) {
	const text = "api_listen = \"127.0.0.1:1\"\n"
	for name, tt := range map[string]struct{ old, want string }{
		"no file":           {"", "notifications = false\nreminders = true\n"},
		"bare keys":         {text + "notifications = true\n\treminders\t=\tfalse\n", text + "notifications = false\n\treminders\t=\ttrue\n"},
		"quoted keys":       {text + "\"notifications\" = true\n'reminders'=false # no\n", text + "\"notifications\" = false\n'reminders'=true # no\n"},
		"one of them":       {"'reminders' = false", "'reminders' = true\nnotifications = false\n"},
		"a comment of it":   {"# notifications = true\n", "# notifications = true\nnotifications = false\nreminders = true\n"},
		"Windows lines":     {"notifications = true\r\nreminders = false\r\n", "notifications = false\r\nreminders = true\r\n"},
		"an escape":         {"\"notific\\u0061tions\" = true\n", "\"notific\\u0061tions\" = true\n"},
		"a key in a string": {"api_listen = \"\"\"\nreminders = false\n\"\"\"\n", "api_listen = \"\"\"\nreminders = false\n\"\"\"\n"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "settings.toml")
			if tt.old != "" {
				os.WriteFile(path, []byte(tt.old), 0o600)
			}
			before, err := ReadSettings(path)
			if err != nil {
				t.Fatal(err)
			}
			undo, err := WriteSettings(path, Settings{Reminders: true})
			if changed := tt.want != tt.old; changed != (err == nil) {
				t.Errorf("written: %v", err)
			}
			if got, _ := os.ReadFile(path); string(got) != tt.want {
				t.Errorf("the file is %q, want %q", got, tt.want)
			}
			now, readable := ReadSettings(path)
			if readable != nil || err == nil && (now.Notifications || !now.Reminders) || now.APIListen != before.APIListen {
				t.Errorf("read back %+v, %v", now, readable)
			}
			if err != nil {
				return
			}
			if err := undo(); err != nil {
				t.Fatal(err)
			}
			if got, _ := os.ReadFile(path); string(got) != tt.old {
				t.Errorf("undone, the file is %q", got)
			}
			if _, err := os.Stat(path); os.IsNotExist(err) != (tt.old == "") {
				t.Errorf("undone: %v", err)
			}
		})
	}
}

func TestBrokenSettingsNameFileAndLineAndAreNotWrittenOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings.toml")
	for text, want := range map[string]string{
		"\nnotification = true":   path + `:2: "notification" is not a setting`,
		"notifications = \"yes\"": path + ":1:",
		"notifications":           path + ":1:",
		"[a]\nb = 1":              path + ":1:",
	} {
		os.WriteFile(path, []byte(text), 0o600)
		if _, err := ReadSettings(path); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
		if _, err := WriteSettings(path, DefaultSettings()); err == nil {
			t.Errorf("%q was written over", text)
		}
		if got, _ := os.ReadFile(path); string(got) != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestNotesOutliveTheProcessAndDamageIsNoAbsence(t *testing.T) {
	dir := t.TempDir()
	n := Notes(dir)
	if got, err := n.Load("work"); got != nil || err != nil {
		t.Errorf("at first: %v, %v", got, err)
	}
	if err := n.Clear("work"); err != nil {
		t.Errorf("clearing none: %v", err)
	}
	want := tokens.Note{Time: time.Date(2026, 11, 23, 10, 0, 0, 7, time.UTC)}
	if err := n.Save("work", want); err != nil {
		t.Fatal(err)
	}
	if got, err := Notes(dir).Load("work"); err != nil || *got != want {
		t.Errorf("loaded %+v, %v", got, err)
	}
	if names := NoteNames(dir); len(names) != 1 || names[0] != "work" {
		t.Errorf("the names are %q", names)
	}
	for _, text := range []string{"", "{", "{}", "[]", "null", `{"time":7}`, `{"time":"yesterday"}`} {
		os.WriteFile(filepath.Join(dir, "notes", "work.json"), []byte(text), 0o600)
		if got, err := n.Load("work"); err == nil {
			t.Errorf("the damaged note %q reads as %+v", text, got)
		}
	}
	if err := n.Clear("work"); err != nil {
		t.Fatal(err)
	}
	if got, err := n.Load("work"); got != nil || err != nil {
		t.Errorf("after clearing: %v, %v", got, err)
	}
	if err := n.Save("../work", want); !errors.Is(err, errName) {
		t.Errorf("a name that leads elsewhere: %v", err)
	}
}

func TestVerdictsOfTheFirstVersionsAreReadAndDamageIsNoAbsence(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "verdicts", "work.json")
	os.Mkdir(filepath.Dir(file), 0o700)
	n := Notes(dir)
	for _, text := range []string{"", "{", "{}", "[]", "null", `{"reason":"revoked"}`, `{"reason":"revoked","generation":0}`, `{"generation":"7"}`, `{"generation":-1}`} {
		os.WriteFile(file, []byte(text), 0o600)
		if got, err := n.Load("work"); err == nil {
			t.Errorf("the damaged verdict %q reads as %+v", text, got)
		}
	}
	for _, text := range []string{`{"all":true}`, `{"reason":"not_kept","generation":0}`, `{"reason":"","generation":0,"time":"2026-11-23T10:00:00Z"}`,
		`{"reason":"verdict_damaged","generation":0}`, `{"reason":"record_damaged","generation":0,"told":true}`} {
		os.WriteFile(file, []byte(text), 0o600)
		if got, err := n.Load("work"); err != nil || got.Old == nil {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	os.WriteFile(filepath.Join(dir, "verdicts", "work.sent"), []byte("7"), 0o600)
	if _, err := n.Load("work"); err != nil {
		t.Fatal(err)
	}
	if err := n.Clear("work"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Dir(file)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is left behind (%v)", err)
	}
}

func TestANoteBehindALinkToNothingIsNoAbsence(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("symbolic links take a privilege on Windows")
	}
	for _, link := range []string{"notes", "notes/work.json", "verdicts", "verdicts/work.json"} {
		t.Run(link, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, link)
			os.MkdirAll(filepath.Dir(path), 0o700)
			if err := os.Symlink(filepath.Join(dir, "gone"), path); err != nil {
				t.Skip("no symbolic links here")
			}
			if got, err := Notes(dir).Load("work"); err == nil {
				t.Errorf("%s leads to nothing, and reads as %v", link, got)
			}
		})
	}
}

func TestWatchTellsOfEveryKindOfChange(t *testing.T) {
	later := filepath.Join(t.TempDir(), "connections") // not there yet
	path := filepath.Join(later, "work.toml")
	changes := []func() error{
		func() error { return os.Mkdir(later, 0o700) },
		func() error { return Write(path, []byte("one")) },
		func() error { return os.WriteFile(path, []byte("two"), 0o600) },
		func() error { return os.Remove(path) },
	}
	if runtime.GOOS != "windows" { // which has no such modes
		changes = slices.Insert(changes, 3, func() error { return os.Chmod(path, 0o640) })
	}
	wantHints(t, later, changes...)
}

func TestWatchTellsOfAFolderThatIsRemovedAndMadeAgain(t *testing.T) {
	later := filepath.Join(t.TempDir(), "connections")
	wantHints(t, later,
		func() error { return os.Mkdir(later, 0o700) },
		func() error { return os.RemoveAll(later) },
		func() error { return os.Mkdir(later, 0o700) },
		func() error { return os.WriteFile(filepath.Join(later, "work.toml"), []byte("again"), 0o600) },
	)
}

func TestWatchTellsOfChangesBehindALink(t *testing.T) {
	kept, folder := t.TempDir(), filepath.Join(t.TempDir(), "connections")
	target, link := filepath.Join(kept, "work.toml"), filepath.Join(folder, "work.toml")
	if err := errors.Join(os.Mkdir(folder, 0o700), os.WriteFile(target, []byte("one"), 0o600)); err != nil {
		t.Fatal(err)
	}
	switch err := os.Symlink(target, link); {
	case err != nil && runtime.GOOS == "windows":
		t.Skip("symbolic links take a privilege on Windows")
	case err != nil:
		t.Fatal(err)
	}
	edit := func() error { return os.WriteFile(target, []byte("two"), 0o600) }
	replace := func() error {
		return errors.Join(os.WriteFile(target+"~", []byte("three"), 0o600), os.Rename(target+"~", target))
	}
	t.Run("that was there", func(t *testing.T) { wantHints(t, folder, edit, replace, edit) })
	t.Run("that is made", func(t *testing.T) {
		if err := os.Remove(link); err != nil {
			t.Fatal(err)
		}
		wantHints(t, folder, func() error { return os.Symlink(target, link) }, edit, replace)
	})
}

// wantHints watches a folder and the one that holds it, and wants a hint of each change.
func wantHints(t *testing.T, folder string, changes ...func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	hints := Watch(ctx, slog.New(slog.DiscardHandler), filepath.Dir(folder), folder)
	for i, change := range changes {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-hints:
		case <-time.After(3 * time.Minute):
			t.Fatalf("change %d was not told", i)
		}
	}
}
