//go:build !windows

package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestOpenStateOpensRegularFilesOfOursOnly(t *testing.T) {
	for name, plant := range map[string]func(path, precious string) error{
		"a link to a file":   func(path, precious string) error { return os.Symlink(precious, path) },
		"a link to nothing":  func(path, precious string) error { return os.Symlink(precious+".new", path) },
		"a link to a device": func(path, _ string) error { return os.Symlink("/dev/zero", path) },
		"a named pipe":       func(path, _ string) error { return syscall.Mkfifo(path, 0o600) },
		"a folder":           func(path, _ string) error { return os.Mkdir(path, 0o700) },
		"a file that others may write": func(path, _ string) error {
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Chmod(path, 0o666))
		},
	} {
		for flags, flag := range map[string]int{"read": os.O_RDONLY, "append": os.O_RDWR | os.O_APPEND | os.O_CREATE, "truncate": os.O_RDWR | os.O_TRUNC | os.O_CREATE} {
			t.Run(name+"/"+flags, func(t *testing.T) {
				dir := t.TempDir()
				path, precious := filepath.Join(dir, "audit.jsonl"), filepath.Join(dir, "precious")
				if err := errors.Join(os.WriteFile(precious, []byte("precious"), 0o600), plant(path, precious)); err != nil {
					t.Fatal(err)
				}
				f, err := OpenState(path, flag)
				if err == nil {
					f.Close()
					t.Error("it was opened")
				} else if !strings.Contains(err.Error(), path) {
					t.Errorf("the error does not name it: %v", err)
				}
				if data, _ := os.ReadFile(precious); string(data) != "precious" {
					t.Errorf("the other file holds %q", data)
				}
				if _, err := os.Lstat(precious + ".new"); err == nil {
					t.Error("another file was made")
				}
			})
		}
	}
}

func TestOpenStateMakesAndTruncates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "window.log")
	for _, text := range []string{"long before", "short"} {
		f, err := OpenState(path, os.O_RDWR|os.O_TRUNC|os.O_CREATE)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text); err != nil {
			t.Error(err)
		}
		f.Close()
		if data, _ := os.ReadFile(path); string(data) != text {
			t.Errorf("it holds %q", data)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestCheckFoldersRefusesWhatOthersMayWrite(t *testing.T) {
	for name, mode := range map[string]os.FileMode{"the group": 0o770, "everybody": 0o777, "nobody else": 0o755} {
		for _, which := range []string{"config", "state"} {
			t.Run(name+"/"+which, func(t *testing.T) {
				dir := t.TempDir()
				p := Paths{Config: filepath.Join(dir, "config"), State: filepath.Join(dir, "state")}
				if err := p.CheckFolders(); err != nil {
					t.Fatalf("folders that are not there: %v", err)
				}
				open := filepath.Join(dir, which)
				if err := errors.Join(os.Mkdir(open, 0o700), os.Chmod(open, mode)); err != nil {
					t.Fatal(err)
				}
				err := p.CheckFolders()
				if bad := mode&0o022 != 0; bad != errors.Is(err, ErrWritable) {
					t.Errorf("%v", err)
				} else if bad && !strings.Contains(err.Error(), "chmod go-w '"+open) {
					t.Errorf("the sentence does not say what to do: %v", err)
				}
			})
		}
	}
}
