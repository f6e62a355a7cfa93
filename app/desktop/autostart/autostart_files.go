//go:build !windows

package autostart

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// file is where the entry is kept, and its text: launchd's folder on macOS, which
// it reads at the next login, and elsewhere autostart in $XDG_CONFIG_HOME, else
// in ~/.config.
func (e Entry) file() (path, text string, err error) {
	place := os.UserConfigDir
	if runtime.GOOS == "darwin" {
		place = os.UserHomeDir
	}
	dir, err := place()
	if err != nil {
		return "", "", fmt.Errorf("start at login has no place to be kept: %w", err)
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(dir, "Library", "LaunchAgents", e.label()+".plist"), e.plist(), nil
	}
	return filepath.Join(dir, "autostart", e.id()+".desktop"), e.desktopFile(), nil
}

func parse(text []byte) (entry, error) {
	if runtime.GOOS == "darwin" {
		return readPlist(text)
	}
	return readDesktopFile(string(text)), nil
}

func (e Entry) write() error {
	path, text, err := e.file()
	if err != nil {
		return err
	}
	if err := replace(path, text); err != nil {
		return fmt.Errorf("start at login could not be turned on: %w", err)
	}
	return nil
}

func (e Entry) remove() error {
	path, _, err := e.file()
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("start at login could not be turned off: %w", err)
	}
	return nil
}

func (e Entry) read() (entry, error) {
	path, _, err := e.file()
	if err != nil {
		return entry{}, err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return entry{}, nil
	}
	if err != nil {
		return entry{}, fmt.Errorf("whether start at login is on cannot be read: %w", err)
	}
	return parse(text)
}

// replace writes a file whole or not at all.
func replace(path, text string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".authtray-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(text)
	if err := errors.Join(err, tmp.Chmod(0o644), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
