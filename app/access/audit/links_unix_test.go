//go:build !windows

package audit

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestLogWritesIntoNoOtherFile: whatever stands in the place of its own.
func TestLogWritesIntoNoOtherFile(t *testing.T) {
	for name, plant := range map[string]func(path, precious string) error{
		"a link":       func(path, precious string) error { return os.Symlink(precious, path) },
		"a named pipe": func(path, _ string) error { return syscall.Mkfifo(path, 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			precious := filepath.Join(dir, "precious")
			if err := errors.Join(os.WriteFile(precious, []byte("precious"), 0o600), plant(Path(dir), precious)); err != nil {
				t.Fatal(err)
			}
			l := Open(dir, slog.New(slog.DiscardHandler))
			l.Add(Record{Time: time.Now(), Connection: "work"})
			l.settle()
			if l.Trouble() == "" {
				t.Error("it tells of no trouble")
			}
			l.Close()
			if _, err := Tail(dir, 10); err == nil {
				t.Error("what is no file of ours was read")
			}
			if data, _ := os.ReadFile(precious); string(data) != "precious" {
				t.Errorf("the other file holds %q", data)
			}
		})
	}
}
