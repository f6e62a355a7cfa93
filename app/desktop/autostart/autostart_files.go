//go:build !windows

package autostart

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens/store/atomicfile"
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
	if err := atomicfile.Write(path, []byte(text), atomicfile.Options{Mode: 0o644, FollowLink: true, MakeFolder: true}); err != nil {
		return fmt.Errorf("start at login could not be turned on: %w", err)
	}
	if systemd() {
		return e.writeUnit(path)
	}
	return nil
}

func (e Entry) remove() error {
	path, _, err := e.file()
	if err != nil {
		return err
	}
	if err := atomicfile.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("start at login could not be turned off: %w", err)
	}
	_ = os.Remove(filepath.Dir(path)) // where it is empty, as the first entry makes it
	return e.removeUnit()
}

func (e Entry) read() (entry, error) {
	path, _, err := e.file()
	if err != nil {
		return entry{}, err
	}
	text, err := catalog.ReadRegular(path, nil)
	if errors.Is(err, os.ErrNotExist) {
		return entry{}, nil
	}
	if errors.Is(err, catalog.ErrNotRegular) || errors.Is(err, catalog.ErrTooLarge) {
		err = fmt.Errorf("%s %w; move it away", path, err)
	}
	if err != nil {
		return entry{}, fmt.Errorf("whether start at login is on cannot be read: %w", err)
	}
	return parse(text)
}
